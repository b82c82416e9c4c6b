package richtext

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
)

// maxPasses bounds how often HTML is cleaned until cleaning changes nothing.
const maxPasses = 4

// Renderer turns stored text into safe HTML. It is safe for concurrent use.
type Renderer struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
	tag      *regexp.Regexp // what only HTML has
	block    *regexp.Regexp // what breaks lines by itself
	address  *regexp.Regexp // what becomes a link
	item     *regexp.Regexp // what begins an item of a list

	mu    sync.Mutex        // guards known
	known map[string]string // what texts have become
}

// Answers are asked for again and again, so that some are remembered; longer ones
// are not.
const (
	remembered   = 1000
	rememberSize = 8 << 10
)

// New returns a Renderer.
func New() *Renderer {
	return &Renderer{
		known:    map[string]string{},
		markdown: newMarkdown(),
		policy:   newPolicy(),
		tag: regexp.MustCompile(`(?i)</?(?:a|abbr|address|article|aside|audio|b|base|big|blockquote|body|br|button|center|code|dd|del|details|div|dl|dt|em|embed|` +
			`font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|image|img|input|ins|isindex|kbd|label|li|link|main|mark|marquee|math|meta|nav|` +
			`noscript|object|ol|option|p|param|picture|pre|q|s|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|` +
			`tbody|td|template|textarea|tfoot|th|thead|title|tr|track|tt|u|ul|video|xml|xmp)(?:[\s/][^<>]*)?>|<!--|<!doctype`),
		item:    regexp.MustCompile(`^ {0,3}(?:[-*+]|[0-9]{1,9}[.)])[ \t]`),
		block:   regexp.MustCompile(`(?i)<(?:p|br|div|ul|ol|li|table|tr|h[1-6]|pre|blockquote|hr|section|article)[\s/>]`),
		address: regexp.MustCompile(`(?:https?://|www\.)[-A-Za-z0-9@:%._+~#=/?&!$'()*,;]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`),
	}
}

// HTML returns the text as HTML in which only harmless elements are left. To do
// it again with the outcome changes nothing.
func (r *Renderer) HTML(text string) string {
	r.mu.Lock()
	html, ok := r.known[text]
	r.mu.Unlock()
	if ok {
		return html
	}
	html = r.render(text)
	if len(text) <= rememberSize {
		r.remember(text, html)
	}
	return html
}

// remember keeps what a text has become, and forgets all when there are too many.
func (r *Renderer) remember(text, html string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= remembered {
		clear(r.known)
	}
	r.known[text] = html
}

func (r *Renderer) render(text string) string {
	text = strings.ReplaceAll(text, "\x00", "") // HTML readers drop it or not as they like
	if strings.TrimSpace(text) == "" {
		return ""
	}
	source := r.source(text)
	for range maxPasses {
		cleaned := r.clean(source)
		if cleaned == source {
			return cleaned
		}
		source = cleaned
	}
	// Nothing that people write comes here. Shown as it stands it is safe.
	return asText(text)
}

// source returns the text as HTML that is not safe yet.
func (r *Renderer) source(text string) string {
	switch {
	case !r.tag.MatchString(text):
		var out bytes.Buffer
		if err := r.markdown.Convert([]byte(r.endLists(text)), &out); err != nil {
			return html.EscapeString(text) // a buffer does not fail
		}
		return out.String()
	case !r.block.MatchString(text):
		return strings.ReplaceAll(text, "\n", "<br>\n")
	default:
		return text
	}
}

// endLists parts a line that follows a list from its last item. Markdown would
// take it for more of that item; people write it as what comes after the list.
// Between two items it is left where it is.
func (r *Renderer) endLists(text string) string {
	lines := strings.Split(text, "\n")
	follows := r.itemsFollow(lines)
	inList := false
	var out []string
	for i, line := range lines {
		switch {
		case strings.TrimSpace(line) == "":
			inList = false
		case r.item.MatchString(line):
			inList = true
		case inList && line[0] != ' ' && line[0] != '\t' && !follows[i]:
			out, inList = append(out, ""), false
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// itemsFollow says of each line whether an item of a list comes after it, before
// the next empty line.
func (r *Renderer) itemsFollow(lines []string) []bool {
	follows := make([]bool, len(lines))
	for i := len(lines) - 2; i >= 0; i-- {
		next := lines[i+1]
		follows[i] = strings.TrimSpace(next) != "" && (follows[i+1] || r.item.MatchString(next))
	}
	return follows
}

// clean removes what is not allowed, closes what is open, and makes links of
// addresses.
func (r *Renderer) clean(source string) string {
	return r.finish(r.policy.Sanitize(source))
}
