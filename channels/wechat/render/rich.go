package render

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// rich turns safe HTML, as package richtext makes it, into texts and pictures in
// their order.
func rich(source string, base *url.URL) []Part {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(source), body)
	if err != nil {
		return texts(source) // nested too deep, which richtext does not let through
	}
	w := writer{base: base}
	for _, n := range nodes {
		w.node(n)
	}
	w.flush()
	return w.parts
}

// texts returns a text as parts.
func texts(text string) (parts []Part) {
	for _, piece := range Split(plain(text)) {
		parts = append(parts, Part{Text: piece})
	}
	return parts
}

// writer walks through HTML and writes texts and pictures.
type writer struct {
	base   *url.URL // of relative addresses; may be nil
	inline bool     // line ends are spaces, and pictures stand aside
	parts  []Part

	text   strings.Builder
	space  bool   // before the next words
	bullet string // before the next words, on a line of its own
	breaks int    // by <br>
	gap    int    // lines that the blocks since the last words want between
	tight  bool   // one of them wants no more than one
	depth  int    // of lists
	pre    bool
}

func (w *writer) node(n *html.Node) {
	if n.Type == html.TextNode {
		w.write(n.Data)
		return
	}
	switch n.DataAtom {
	case atom.A:
		w.link(n)
	case atom.Img:
		w.image(n)
	case atom.Br:
		w.breaks++
	case atom.Ul, atom.Ol:
		w.list(n)
	case atom.Tr:
		w.row(n)
	case atom.Pre:
		w.block(1, false)
		w.pre = true
		w.children(n)
		w.pre = false
		w.block(1, false)
	default:
		w.plainElement(n)
	}
}

func (w *writer) plainElement(n *html.Node) {
	switch n.DataAtom {
	case atom.P:
		w.block(2, false)
		defer w.block(2, false)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.block(2, false)
		defer w.block(1, true)
	case atom.Table, atom.Li:
		w.block(1, true)
		defer w.block(1, true)
	case atom.Div, atom.Blockquote, atom.Hr:
		w.block(1, false)
		defer w.block(1, false)
	}
	w.children(n)
}

func (w *writer) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

// block ends a line; gap 2 asks for an empty one, which tight forbids.
func (w *writer) block(gap int, tight bool) {
	w.gap, w.tight = max(w.gap, gap), w.tight || tight
}

// write writes words; white space between them is one space, unless it is preformatted.
func (w *writer) write(text string) {
	text = escape(clean(text))
	if w.pre {
		for i, l := range strings.Split(text, "\n") {
			if i > 0 {
				w.breaks++
			}
			w.put(l)
		}
		return
	}
	words := strings.FieldsFunc(text, isBlank)
	w.space = w.space || text != "" && isBlank(rune(text[0]))
	for _, word := range words {
		w.put(word)
		w.space = true
	}
	if len(words) > 0 {
		w.space = isBlank(rune(text[len(text)-1]))
	}
}

func isBlank(r rune) bool { return r == ' ' || r == '\n' || r == '\f' }

// put writes a word, after what has to stand before it.
func (w *writer) put(word string) {
	if word == "" {
		return
	}
	lines := w.breaks + w.gap
	if w.tight {
		lines = w.breaks + min(w.gap, 1)
	}
	switch {
	case w.text.Len() == 0:
	case lines > 0 && !w.inline:
		w.text.WriteString("\n\n"[:min(lines, 2)])
	case lines > 0 || w.space:
		w.text.WriteByte(' ')
	}
	w.text.WriteString(w.bullet)
	w.text.WriteString(word)
	w.space, w.bullet, w.breaks, w.gap, w.tight = false, "", 0, 0, false
}

// flush makes parts of the text so far.
func (w *writer) flush() {
	for _, piece := range Split(w.text.String()) {
		w.parts = append(w.parts, Part{Text: piece})
	}
	w.text.Reset()
	w.space, w.breaks, w.gap, w.tight = false, 0, 0, false
}

// add adds a picture; text goes on below.
func (w *writer) add(p Part) {
	if !w.inline {
		w.flush()
	}
	w.parts = append(w.parts, p)
}

// inside returns the text of an element on one line, and its pictures.
func (w *writer) inside(n *html.Node) (text string, pictures []Part) {
	sub := writer{base: w.base, inline: true}
	sub.children(n)
	return strings.TrimSpace(sub.text.String()), sub.parts
}

func (w *writer) list(n *html.Node) {
	number, err := strconv.Atoi(attribute(n, "start"))
	if err != nil {
		number = 1
	}
	w.block(1, true)
	w.depth++
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Li {
			w.block(1, true)
			w.bullet = strings.Repeat("  ", w.depth-1) + "• "
			if n.DataAtom == atom.Ol {
				w.bullet = strings.Repeat("  ", w.depth-1) + strconv.Itoa(number) + ". "
			}
			number++
		}
		w.node(c)
		w.bullet = ""
	}
	w.depth--
	w.block(1, true)
}

// row writes a row of a table as a line, unless the table is there for looks only.
func (w *writer) row(n *html.Node) {
	var cells []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			cells = append(cells, c)
		}
	}
	w.block(1, true)
	defer w.block(1, true)
	if len(cells) == 1 {
		w.children(cells[0])
		return
	}
	var words []string
	var pictures []Part
	for _, c := range cells {
		text, more := w.inside(c)
		if text != "" {
			words = append(words, text)
		}
		pictures = append(pictures, more...)
	}
	w.put(strings.Join(words, " | "))
	for _, p := range pictures {
		w.add(p)
	}
}

// seeMore stands for a link that has no words.
const seeMore = "查看详情"

// link writes a link below the pictures in it, or its words alone where it leads
// nowhere in the platform.
func (w *writer) link(n *html.Node) {
	words, pictures := w.inside(n)
	for _, p := range pictures {
		w.add(p)
	}
	if words == "" && len(pictures) > 0 {
		if words = seeMore; pictures[0].Image.Alt != "" {
			words = pictures[0].Image.Alt
		}
	}
	href := attribute(n, "href")
	address, open := resolve(href, w.base)
	scheme, number, _ := strings.Cut(href, ":")
	number, _, _ = strings.Cut(number, "?")
	tag := `<a href="` + address + `">` + flat(words) + `</a>`
	switch {
	case open && words != "" && fits(tag):
		w.put(tag)
	case (scheme == "tel" || scheme == "mailto") && words != "" && !strings.Contains(words, number):
		w.put(words + "（" + oneLine(number) + "）")
	default:
		w.put(words)
	}
}

// sent is the path of a file of a conversation.
var sent = regexp.MustCompile(`^/chat/file/([A-Za-z0-9_-]{1,64})$`)

// smallest is how wide and high a picture is at least; less is for layout.
const smallest = 4

func (w *writer) image(n *html.Node) {
	for _, side := range []string{"width", "height"} {
		if pixels, err := strconv.Atoi(attribute(n, side)); err == nil && pixels < smallest {
			return
		}
	}
	src, alt := attribute(n, "src"), oneLine(attribute(n, "alt"))
	picture := Image{Alt: alt}
	address, open := resolve(src, w.base)
	switch id := fileOf(src, w.base); {
	case id != "":
		picture.File = id
	case open:
		picture.URL = address
	default:
		w.put("[图片]" + alt)
		return
	}
	w.add(Part{Image: &picture})
}

// fileOf returns the id of a file of ours, if the address is of one.
func fileOf(address string, base *url.URL) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" && (base == nil || u.Host != base.Host) {
		return ""
	}
	if found := sent.FindStringSubmatch(u.Path); found != nil {
		return found[1]
	}
	return ""
}

// resolve returns an address that the platform opens, and whether it is one.
func resolve(address string, base *url.URL) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme == "" && u.Host == "" && u.Path == "" && u.RawQuery == "" {
		return "", false // or a place on a page that is not there
	}
	switch {
	case base != nil:
		u = base.ResolveReference(u)
	case u.Scheme == "" && u.Host != "":
		u.Scheme = "https"
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(u.Host, `"<> `) {
		return "", false
	}
	u.RawQuery = quote(u.RawQuery)
	return quote(u.String()), true
}

// quote writes what would end an address in its other form.
func quote(s string) string {
	return strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E", " ", "%20", "'", "%27").Replace(clean(s))
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
