package visitor

import "faqbot/bot"

// Message is a message as the server sends it.
type Message struct {
	Conversation string          `json:"conversation"`
	Seq          int64           `json:"seq"`
	ID           string          `json:"id"`
	Author       bot.Author      `json:"author"`
	Kind         bot.MessageKind `json:"kind"`
	Text         string          `json:"text"`
	Card         *Card           `json:"card"`
}

// Card is what of a message's card a visitor can react to.
type Card struct {
	Of      int64        `json:"of"`
	Options []bot.Option `json:"options"`
}

// Outgoing is something a visitor does.
type Outgoing struct {
	Kind         bot.MessageKind `json:"kind"`
	Text         string          `json:"text,omitempty"`
	Entry        string          `json:"entry,omitempty"`
	Of           int64           `json:"of,omitempty"`
	Yes          *bool           `json:"yes,omitempty"`
	Stars        int             `json:"stars,omitempty"`
	Name         string          `json:"name,omitempty"`
	Contact      string          `json:"contact,omitempty"`
	Conversation string          `json:"conversation,omitempty"`
}

// sendFrame is an Outgoing on its way.
type sendFrame struct {
	T  string `json:"t"`
	ID string `json:"id"`
	Outgoing
}

// Other frames of the client.
type (
	helloFrame struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
		After        int64  `json:"after"`
	}
	historyFrame struct {
		T            string `json:"t"`
		N            int64  `json:"n"`
		Conversation string `json:"conversation"`
		Before       int64  `json:"before"`
	}
	readFrame struct {
		T            string `json:"t"`
		Seq          int64  `json:"seq"`
		Conversation string `json:"conversation"`
	}
	plainFrame struct {
		T string `json:"t"`
	}
)

// frame is what the server sends; each kind uses some of the fields.
type frame struct {
	T            string    `json:"t"`
	Conversation string    `json:"conversation"`
	Seq          int64     `json:"seq"`
	Reset        bool      `json:"reset"`
	Messages     []Message `json:"messages"`
	Message      *Message  `json:"message"`
	More         bool      `json:"more"`
	ID           string    `json:"id"`
	N            int64     `json:"n"`
	Ahead        int       `json:"ahead"`
	Code         int       `json:"code"`
	Text         string    `json:"text"`
	RetryAfter   float64   `json:"retry_after"`
}

// session is the reply to the request for one.
type session struct {
	Token   string `json:"token"`
	Ticket  string `json:"ticket"`
	Visitor string `json:"visitor"`
}
