package sim

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Source says where something on a screen comes from.
type Source string

// The sources.
const (
	FromUser Source = "user"     // they wrote it
	Passive  Source = "passive"  // the answer to a callback
	Customer Source = "customer" // a 客服消息
	Fault    Source = "fault"    // the platform says that the account is out of order
)

// FaultText is what a user sees when the account gives no valid answer.
const FaultText = "该公众号提供的服务出现故障，请稍后再试"

// Shown is something on a user's screen.
type Shown struct {
	At   time.Time `json:"at"`
	From Source    `json:"from"`
	// Kind is text, image, voice, video, music, news, msgmenu, location or link; what
	// the user sent may be anything.
	Kind string `json:"kind"`
	Text string `json:"text,omitempty"` // of a menu: all its lines
	// Spans are Text as it is shown, links apart; not of what the user wrote.
	Spans   []Span `json:"spans,omitempty"`
	MediaID string `json:"media,omitempty"`
	Cards   []Card `json:"cards,omitempty"`
	Menu    *Menu  `json:"menu,omitempty"`
	MsgID   string `json:"msgid,omitempty"` // of what the user sent
}

// Items are what can be tapped in it: the items of a menu, or links that act as
// such.
func (s Shown) Items() (items []Item) {
	if s.Menu != nil {
		items = append(items, s.Menu.Items...)
	}
	for _, span := range s.Spans {
		if span.Item != nil {
			items = append(items, *span.Item)
		}
	}
	return items
}

// Span is a piece of text: plain, a link, or an item to tap.
type Span struct {
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
	Item *Item  `json:"item,omitempty"`
}

// Item is something to tap that sends its label.
type Item struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// Menu is a list of items.
type Menu struct {
	Head  string `json:"head,omitempty"`
	Items []Item `json:"items"`
	Tail  string `json:"tail,omitempty"`
}

func (m *Menu) text() string {
	var lines []string
	if m.Head != "" {
		lines = append(lines, m.Head)
	}
	for _, item := range m.Items {
		lines = append(lines, item.Label)
	}
	if m.Tail != "" {
		lines = append(lines, m.Tail)
	}
	return strings.Join(lines, "\n")
}

// Card is a picture with a title that opens a page.
type Card struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	Picture     string `json:"picture,omitempty"`
}

// spansOf cuts a text at its links. Apart from <a href> there is no HTML: it is
// shown as it stands, and so are links to what is no address.
func spansOf(text string) (spans []Span) {
	add := func(s Span) {
		if last := len(spans) - 1; last >= 0 && s.URL == "" && s.Item == nil && spans[last].URL == "" && spans[last].Item == nil {
			spans[last].Text += s.Text
		} else if s.Text != "" {
			spans = append(spans, s)
		}
	}
	for text != "" {
		before, span, after := cutLink(text)
		add(Span{Text: before})
		add(span)
		text = after
	}
	return spans
}

// cutLink finds the first whole link in a text.
func cutLink(text string) (before string, link Span, after string) {
	for at := 0; ; {
		start := strings.Index(text[at:], "<a ")
		if start < 0 {
			return text, Span{}, ""
		}
		start += at
		end := strings.Index(text[start:], ">")
		closing := strings.Index(text[start:], "</a>")
		if end < 0 || closing < end {
			return text, Span{}, ""
		}
		inner := text[start+end+1 : start+closing]
		if span, ok := linked(text[start:start+end+1], inner); ok {
			return text[:start], span, text[start+closing+len("</a>"):]
		}
		at = start + end
	}
}

// linked returns what a tag <a …> around a text is.
func linked(tag, text string) (Span, bool) {
	tokens := html.NewTokenizer(strings.NewReader(tag))
	tokens.Next()
	for _, attribute := range tokens.Token().Attr {
		if attribute.Key == "href" {
			return target(attribute.Val, text)
		}
	}
	return Span{}, false
}

// target returns what a link to an address is: one to a page, or an item to tap.
func target(address, text string) (Span, bool) {
	if rest, ok := strings.CutPrefix(address, "weixin://bizmsgmenu?"); ok {
		query, err := url.ParseQuery(rest)
		label := query.Get("msgmenucontent")
		return Span{Text: text, Item: &Item{ID: query.Get("msgmenuid"), Label: label}}, err == nil && label != ""
	}
	u, err := url.Parse(address)
	return Span{Text: text, URL: address}, err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// Screen waits until at least n things are on the screen and returns all of them,
// the oldest first.
func (u *User) Screen(ctx context.Context, n int) ([]Shown, error) {
	return u.Await(ctx, func(shown []Shown) bool { return len(shown) >= n })
}

// Await waits until the screen is as the condition wants it.
func (u *User) Await(ctx context.Context, condition func([]Shown) bool) ([]Shown, error) {
	var shown []Shown
	err := u.account.platform.wait(ctx, func() bool {
		shown = u.screen[:len(u.screen):len(u.screen)]
		return condition(shown)
	})
	if err != nil {
		return shown, fmt.Errorf("wait for the screen of %s, which shows %d things: %w", u.openID, len(shown), err)
	}
	return shown, nil
}

// Shown returns what is on the screen now.
func (u *User) Shown() []Shown {
	u.account.platform.mu.Lock()
	defer u.account.platform.mu.Unlock()
	return append([]Shown(nil), u.screen...)
}

// show puts something on the screen. The caller holds mu.
func (u *User) show(s Shown) {
	if s.From != FromUser && s.Kind == "text" {
		s.Spans = spansOf(s.Text)
	}
	u.screen = append(u.screen, s)
	u.account.platform.touch()
}
