package webchat

import (
	"encoding/json"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/richtext"
)

// The frames of the server.
type (
	readyFrame struct {
		T            string        `json:"t"`
		Conversation string        `json:"conversation"`
		Seq          int64         `json:"seq"`
		Read         int64         `json:"read"`
		Reset        bool          `json:"reset"`
		Messages     []wireMessage `json:"messages"`
		More         bool          `json:"more"`
	}
	ackFrame struct {
		T            string `json:"t"`
		ID           string `json:"id"`
		Conversation string `json:"conversation"`
		Seq          int64  `json:"seq"`
		At           int64  `json:"at"`
	}
	messageFrame struct {
		T            string      `json:"t"`
		Conversation string      `json:"conversation"`
		Message      wireMessage `json:"message"`
	}
	messagesFrame struct {
		T            string        `json:"t"`
		Conversation string        `json:"conversation"`
		Messages     []wireMessage `json:"messages"`
	}
	historyFrame struct {
		T            string        `json:"t"`
		N            int64         `json:"n"`
		Conversation string        `json:"conversation"`
		Messages     []wireMessage `json:"messages"`
		More         bool          `json:"more"`
	}
	suggestionsFrame struct {
		T       string       `json:"t"`
		N       int64        `json:"n"`
		Options []bot.Option `json:"options"`
	}
	typingFrame struct {
		T      string     `json:"t"`
		Author bot.Author `json:"author"`
	}
	queueFrame struct {
		T            string         `json:"t"`
		Conversation string         `json:"conversation"`
		State        bot.PlaceState `json:"state,omitempty"`
		Ahead        int            `json:"ahead"`
		Low          int            `json:"low"`
		High         int            `json:"high"`
	}
	seenFrame struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
		Seq          int64  `json:"seq"`
	}
	provisionalFrame struct {
		T        string        `json:"t"`
		ID       string        `json:"id"`
		Messages []wireMessage `json:"messages"`
	}
	errorFrame struct {
		T          string  `json:"t"`
		Code       int     `json:"code"`
		Text       string  `json:"text"`
		ID         string  `json:"id,omitempty"`
		N          int64   `json:"n,omitempty"`
		RetryAfter float64 `json:"retry_after,omitempty"`
	}
	pongFrame struct {
		T string `json:"t"`
	}
)

// wireMessage is a message as clients see it.
type wireMessage struct {
	Conversation string          `json:"conversation"`
	Seq          int64           `json:"seq"`
	ID           string          `json:"id,omitempty"`
	Author       bot.Author      `json:"author"`
	Kind         bot.MessageKind `json:"kind"`
	Text         string          `json:"text"`
	HTML         string          `json:"html,omitempty"`
	At           int64           `json:"at,omitempty"`
	Card         *wireCard       `json:"card,omitempty"`
}

// kindEvent stands for all messages that visitors may not see.
const kindEvent bot.MessageKind = "event"

// wireCard is a card without what is not for visitors: the confidence, and who of
// the agents did what why.
type wireCard struct {
	Of       int64        `json:"of,omitempty"`
	Entry    string       `json:"entry,omitempty"`
	Question string       `json:"question,omitempty"`
	Options  []bot.Option `json:"options,omitempty"`
	Actions  []bot.Action `json:"actions,omitempty"`
	Yes      *bool        `json:"yes,omitempty"`
	Stars    int          `json:"stars,omitempty"`
	Tags     []string     `json:"tags,omitempty"`
	Name     string       `json:"name,omitempty"`
	Contact  string       `json:"contact,omitempty"`
	Until    int64        `json:"until,omitempty"`
	File     *bot.File    `json:"file,omitempty"`
	Nick     string       `json:"nick,omitempty"`
	Place    int          `json:"place,omitempty"`
	Low      int          `json:"low,omitempty"`
	High     int          `json:"high,omitempty"`
	Reason   string       `json:"reason,omitempty"`

	Fields map[string]string `json:"fields,omitempty"`
}

// encoder turns what the engine says into frames.
type encoder struct{ rich *richtext.Renderer }

// message returns what visitors see of a message. Of what is not for them they see
// that there is a number.
func (e encoder) message(m bot.Message) wireMessage {
	if m.Kind.Internal() {
		return wireMessage{Conversation: m.Conversation, Seq: m.Seq, Author: bot.FromSystem, Kind: kindEvent}
	}
	w := wireMessage{
		Conversation: m.Conversation, Seq: m.Seq, ID: m.ClientID,
		Author: m.Author, Kind: m.Kind, Text: m.Text, At: millis(m.At), Card: cardOf(m),
	}
	if isRich(m) {
		w.HTML = e.rich.HTML(m.Text)
	}
	return w
}

// isRich reports whether the text may hold markup. What visitors write never
// does.
func isRich(m bot.Message) bool {
	if m.Author == bot.FromVisitor || m.Text == "" {
		return false
	}
	switch m.Kind {
	case bot.KindAnswer, bot.KindNotice, bot.KindRefusal:
		return true
	}
	return false
}

func (e encoder) messages(messages []bot.Message) []wireMessage {
	wire := make([]wireMessage, len(messages))
	for i, m := range messages {
		wire[i] = e.message(m)
	}
	return wire
}

// push returns the frame that brings one message.
func (e encoder) push(m bot.Message) []byte {
	return encode(messageFrame{"message", m.Conversation, e.message(m)})
}

func cardOf(m bot.Message) *wireCard {
	c := m.Card
	w := wireCard{
		Of: c.Of, Entry: c.Entry, Question: c.Question, Options: c.Options, Actions: c.Actions,
		Yes: c.Yes, Stars: c.Stars, Tags: c.Tags, Name: c.Name, Contact: c.Contact, Until: c.Until,
		File: c.File, Nick: c.Nick, Place: c.Place, Low: c.Low, High: c.High,
		Fields: c.Fields,
	}
	if m.Kind == bot.KindReturned { // the other reasons are names of rules
		w.Reason = c.Reason
	}
	if w.empty() {
		return nil
	}
	return &w
}

// empty reports whether nothing is set.
func (w *wireCard) empty() bool {
	return w.Of == 0 && w.Entry == "" && w.Question == "" && w.Options == nil && w.Actions == nil && w.Yes == nil &&
		w.Stars == 0 && w.Tags == nil && w.Name == "" && w.Contact == "" && w.Until == 0 &&
		w.File == nil && w.Nick == "" && w.Place == 0 && w.Low == 0 && w.High == 0 && w.Reason == "" && len(w.Fields) == 0
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// encode returns the JSON of a frame. The frames hold nothing that has none.
func encode(frame any) []byte {
	data, err := json.Marshal(frame)
	if err != nil {
		return encodeError(fail(codeBroken), "", 0)
	}
	return data
}

func encodeError(e *httpapi.Error, id string, n int64) []byte {
	data, _ := json.Marshal(errorFrame{"error", e.Code, e.Text, id, n, e.Seconds()}) // has nothing that fails
	return data
}
