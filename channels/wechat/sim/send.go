package sim

import (
	"encoding/json"
	"regexp"
	"time"
)

// customMessage is a 客服消息 in JSON.
type customMessage struct {
	ToUser  string `json:"touser"`
	MsgType string `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Image struct {
		MediaID string `json:"media_id"`
	} `json:"image"`
	News struct {
		Articles []struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			URL         string `json:"url"`
			Picture     string `json:"picurl"`
		} `json:"articles"`
	} `json:"news"`
	Menu struct {
		Head string `json:"head_content"`
		List []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
}

// escapes finds characters that JSON need not escape, and escaped backslashes, so
// that those are not taken for one.
var escapes = regexp.MustCompile(`\\\\|\\u00(?:3[cCeE]|26)`)

// unread leaves <, > and & as they were escaped: the platform was seen to show
// \u003c as it stands, which spoils the links of those whose JSON has it.
func unread(body []byte) []byte {
	return escapes.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[1] == '\\' {
			return found
		}
		return append([]byte(`\`), found...)
	})
}

// send delivers a 客服消息. What is refused costs nothing.
func (a *Account) send(q *request, now time.Time) (reply, int) {
	var m customMessage
	if err := json.Unmarshal(unread(q.body), &m); err != nil {
		return nil, codeJSON
	}
	q.openID = m.ToUser
	u, code := a.addressee(m.ToUser)
	if code != 0 {
		return nil, code
	}
	shown, code := a.composed(m, now)
	if code != 0 {
		return nil, code
	}
	if code := u.spend(now); code != 0 {
		return nil, code
	}
	shown.At, shown.From = now, Customer
	u.contactAt, u.typingTo = now, time.Time{}
	u.show(shown)
	return nil, 0
}

// addressee finds whom something is sent to, if the account may send at all.
func (a *Account) addressee(openID string) (*User, int) {
	u := a.users[openID]
	switch {
	case a.config.NoSends:
		return nil, codeRight
	case u == nil:
		return nil, codeOpenID
	case !u.following:
		return nil, codeNotFollower
	}
	return u, 0
}

// composed checks a message and returns what is shown of it.
func (a *Account) composed(m customMessage, now time.Time) (Shown, int) {
	switch m.MsgType {
	case "text":
		return Shown{Kind: "text", Text: m.Text.Content}, textCode(m.Text.Content)
	case "image":
		if a.stored(m.Image.MediaID, "image", now) == nil {
			return Shown{}, codeMedia
		}
		return Shown{Kind: "image", MediaID: m.Image.MediaID}, 0
	case "news":
		return m.news()
	case "msgmenu":
		return a.composedMenu(m)
	}
	return Shown{}, codeMsgType
}

func textCode(text string) int {
	switch {
	case text == "":
		return codeEmpty
	case len(text) > maxText:
		return codeTooLong
	}
	return 0
}

// news is one card.
func (m customMessage) news() (Shown, int) {
	s := Shown{Kind: "news"}
	for _, article := range m.News.Articles {
		s.Cards = append(s.Cards, Card(article))
	}
	switch {
	case len(s.Cards) == 0 || s.Cards[0].Title == "" || s.Cards[0].URL == "":
		return s, codeEmpty
	case len(s.Cards) > 1:
		return s, codeArticles
	}
	return s, 0
}

// composedMenu is a menu to tap, which only some accounts may send.
func (a *Account) composedMenu(m customMessage) (Shown, int) {
	if a.config.Kind != Service {
		return Shown{}, codeAccountType
	}
	menu := &Menu{Head: m.Menu.Head, Tail: m.Menu.Tail}
	for _, item := range m.Menu.List {
		if item.ID == "" || item.Content == "" {
			return Shown{}, codeEmpty
		}
		menu.Items = append(menu.Items, Item{ID: item.ID, Label: item.Content})
	}
	if len(menu.Items) == 0 {
		return Shown{}, codeEmpty
	}
	text := menu.text()
	return Shown{Kind: "msgmenu", Text: text, Menu: menu}, textCode(text)
}

// What is known about the sign that somebody is typing.
const (
	typingWindow = 30 * time.Second // since the last message
	typingTime   = 15 * time.Second // it goes out by itself
)

// typing shows, or ends, that the account is typing.
func (a *Account) typing(q *request, now time.Time) (reply, int) {
	var m struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, codeJSON
	}
	q.openID = m.ToUser
	u, code := a.addressee(m.ToUser)
	switch {
	case code != 0:
		return nil, code
	case m.Command == "CancelTyping":
		u.typingTo = time.Time{}
	case m.Command != "Typing":
		return nil, codeCommand
	case u.contactAt.IsZero() || now.Sub(u.contactAt) > typingWindow:
		return nil, codeNoExchange
	case now.Before(u.typingTo):
		return nil, codeTyping
	default:
		u.typingTo = now.Add(typingTime)
	}
	return nil, 0
}
