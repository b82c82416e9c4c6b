package render

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"faqbot/bot"
	"faqbot/channels/richtext"
)

// Options say how messages are rendered; the zero value will do.
type Options struct {
	// Rich turns answers into HTML; it remembers what it has done, so one serves
	// all. Nil makes one for this time.
	Rich *richtext.Renderer
	// Links is the address that relative links belong to; empty leaves their words
	// only.
	Links string
	// File returns an address at which the visitor can open a file, or nothing. It
	// may be nil: then there is none.
	File func(bot.File) string
	// Texts returns other words for those of this package, or nothing. It may be
	// nil. The names: related, handoff, unqueue, leave_how, solved, unsolved.
	Texts func(name string) string
}

// maxWords is how long one of the other words may be, in characters.
const maxWords = 100

// words are what is said here; all else the bot says.
func words(name string) string {
	switch name {
	case "related":
		return "您可能还想问："
	case "handoff":
		return "回复“转人工”联系人工客服"
	case "unqueue":
		return "回复“取消排队”不再等候"
	case "leave_how":
		return "请把问题和手机号写在一条消息里发过来，例如：发票还没收到，138××××1234"
	case "solved":
		return "解决了"
	case "unsolved":
		return "没解决"
	}
	return ""
}

func (o *Options) text(name string) string {
	if o.Texts != nil {
		if text := plain(o.Texts(name)); text != "" {
			return shorten(text, maxWords)
		}
	}
	return words(name)
}

// Message returns what a follower gets to see of a message: as few parts as hold
// it, none if it is not for them or their own. Where a text and a menu go together
// the text is the menu's head; it may hold links. Every text, and every menu as
// Numbered shows it, is within the limits.
func Message(m bot.Message, o Options) []Part {
	if m.Author == bot.FromVisitor || m.Kind.Internal() {
		return nil
	}
	switch m.Kind {
	case bot.KindAnswer:
		parts := withCard(o.body(m), m.Card.Question)
		return withMenu(parts, o.text("related"), Picks(m.Card.Options))
	case bot.KindLeaveForm:
		return withLine(o.body(m), o.text("leave_how"))
	case bot.KindAskSolved:
		return withMenu(o.body(m), "", o.verdicts(m.Seq))
	case bot.KindSurvey:
		return withMenu(o.body(m), "", stars(m.Seq))
	case bot.KindAccepted:
		return o.accepted(m)
	case bot.KindImage, bot.KindFile:
		return append(o.file(m), o.body(m)...)
	}
	return o.line(m)
}

// body is the text of a message.
func (o *Options) body(m bot.Message) []Part {
	switch m.Kind {
	case bot.KindAnswer, bot.KindNotice, bot.KindRefusal: // may hold markup
		html := o.Rich
		if html == nil {
			html = richtext.New()
		}
		return rich(html.HTML(m.Text), o.base())
	}
	return texts(m.Text)
}

func (o *Options) base() *url.URL {
	u, err := url.Parse(o.Links)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil
	}
	return u
}

// line is a message with whatever can be done about it: in a menu if there is one
// anyway, else in a word to send, which is a menu less.
func (o *Options) line(m bot.Message) []Part {
	parts := o.body(m)
	if options := Picks(m.Card.Options); len(options) > 0 {
		return withMenu(parts, "", append(options, doings(m.Card.Actions)...))
	}
	if len(parts) == 0 {
		return nil // the rules leave it out
	}
	for _, a := range m.Card.Actions {
		switch {
		case a == bot.ActionHandoff && !strings.Contains(m.Text, "“转人工”"):
			parts = withLine(parts, o.text("handoff"))
		case a == bot.ActionUnqueue && !strings.Contains(m.Text, "“取消排队”"):
			parts = withLine(parts, o.text("unqueue"))
		}
	}
	return parts
}

// withLine adds a line to the last text, if a message holds both.
func withLine(parts []Part, line string) []Part {
	if last := len(parts) - 1; last >= 0 && parts[last].Text != "" && fits(parts[last].Text+"\n"+line) {
		parts[last].Text += "\n" + line
		return parts
	}
	return append(parts, texts(line)...)
}

// quoted is how much of a leave-message is repeated, in characters.
const quoted = 60

// accepted says who the agent is, and which leave-message they answer.
func (o *Options) accepted(m bot.Message) []Part {
	parts := o.line(m)
	if question := oneLine(m.Card.Question); question != "" {
		parts = withLine(parts, "您的留言：“"+shorten(question, quoted)+"”")
	}
	return parts
}

func (o *Options) verdicts(of int64) []Item {
	verdict := func(label string, yes bool) Item {
		return Item{Label: shorten(oneLine(label), maxLabel), Act: Act{Kind: bot.KindSolved, Of: of, Yes: &yes}}
	}
	return []Item{verdict(o.text("solved"), true), verdict(o.text("unsolved"), false)}
}

// stars are the answers to a survey, the best first.
func stars(of int64) []Item {
	labels := []string{"非常满意", "满意", "一般", "不满意", "非常不满意"}
	items := make([]Item, len(labels))
	for i, label := range labels {
		items[i] = Item{Label: label, Act: Act{Kind: bot.KindRating, Of: of, Stars: len(labels) - i}}
	}
	return items
}

// file shows what was sent: an image, or where to open a file.
func (o *Options) file(m bot.Message) []Part {
	f := m.Card.File
	if f == nil {
		return nil
	}
	name := shorten(oneLine(f.Name), maxLabel)
	if m.Kind == bot.KindImage {
		return []Part{{Image: &Image{File: f.ID, Alt: name}}}
	}
	if o.File != nil {
		if address, ok := resolve(o.File(*f), o.base()); ok {
			if link := fmt.Sprintf(`文件：<a href="%s">%s</a>`, address, flat(name)); fits(link) {
				return []Part{{Text: link}}
			}
		}
	}
	return texts("发来了文件“" + name + "”，微信里打不开，请让客服换成文字或图片发给您。")
}

// lone is a text that is nothing but a link.
var lone = regexp.MustCompile(`^<a href="([^"]*)">([^<]*)</a>$`)

// withCard makes a card of an answer that is nothing but a link and a picture.
func withCard(parts []Part, question string) []Part {
	if len(parts) != 2 {
		return parts
	}
	picture, text := parts[0].Image, parts[1].Text
	if picture == nil {
		picture, text = parts[1].Image, parts[0].Text
	}
	link := lone.FindStringSubmatch(text)
	if picture == nil || picture.URL == "" || link == nil {
		return parts
	}
	title := link[2]
	if question = oneLine(question); question != "" && (title == seeMore || title == link[1]) {
		title = question
	}
	return []Part{{News: []Card{{Title: shorten(title, maxLabel), URL: link[1], Picture: picture.URL}}}}
}
