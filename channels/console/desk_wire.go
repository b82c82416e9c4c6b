package console

import (
	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/channels/richtext"
)

// Item is a conversation in a list. Times are Unix milliseconds, 0 for none.
type Item struct {
	ID           string `json:"id"`
	Channel      string `json:"channel"`
	Account      string `json:"account"`
	VisitorName  string `json:"visitor_name" doc:"渠道给的名字，可能为空"`
	Phase        string `json:"phase" doc:"空：机器人；queued：排队；agent：坐席"`
	State        string `json:"state" doc:"open 或 closed"`
	Group        string `json:"group"`
	Owner        string `json:"owner" doc:"谁在接待，或最后由谁接待"`
	Nick         string `json:"nick"`
	OfferedTo    string `json:"offered_to"`
	OfferedUntil int64  `json:"offered_until"`
	Seq          int64  `json:"seq"`
	Read         int64  `json:"read" doc:"访客看到第几条"`
	AgentRead    int64  `json:"agent_read" doc:"坐席看到第几条"`
	Rank         int    `json:"rank"`
	Reason       string `json:"reason" doc:"为什么转人工"`
	QueuedAt     int64  `json:"queued_at"`
	AcceptedAt   int64  `json:"accepted_at"`
	AskedAt      int64  `json:"asked_at" doc:"访客从何时起在等回复"`
	SpokenAt     int64  `json:"spoken_at"`
	GoneAt       int64  `json:"gone_at" doc:"访客从何时起不在"`
	OpenedAt     int64  `json:"opened_at"`
	UpdatedAt    int64  `json:"updated_at"`
	ClosedAt     int64  `json:"closed_at"`
	CloseReason  string `json:"close_reason"`
	Leave        string `json:"leave" doc:"为哪条留言而开"`
	Place        int    `json:"place" doc:"排第几；只在列表里有"`
	Last         *Last  `json:"last,omitempty"`
}

// Last is the last message of a conversation, for a line of preview.
type Last struct {
	Author string    `json:"author"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	At     int64     `json:"at"`
	File   *bot.File `json:"file,omitempty"`
}

// itemOf returns a conversation as a line of a list.
func itemOf(c *bot.Conversation) Item {
	s := &c.Service
	return Item{
		ID: c.ID, Channel: c.Visitor.Channel, Account: c.Visitor.Account, VisitorName: c.Profile.Name,
		Phase: string(s.Phase), State: string(c.State), Group: s.Group, Owner: s.Owner, Nick: s.Nick,
		OfferedTo: s.OfferedTo, OfferedUntil: millis(s.OfferedUntil), Seq: c.Seq, Read: c.Read, AgentRead: s.AgentRead,
		Rank: s.Rank, Reason: s.Reason, QueuedAt: millis(s.QueuedAt), AcceptedAt: millis(s.AcceptedAt),
		AskedAt: millis(s.AskedAt), SpokenAt: millis(s.SpokenAt), GoneAt: millis(s.GoneAt), OpenedAt: millis(c.OpenedAt),
		UpdatedAt: millis(c.UpdatedAt), ClosedAt: millis(c.ClosedAt), CloseReason: c.CloseReason, Leave: s.Leave,
	}
}

// lineOf is itemOf with the preview, as the actor may see it.
func lineOf(supervisor bool, i *bot.Item) Item {
	item := itemOf(&i.Conversation)
	item.Place = i.Place
	if i.Last.Seq > 0 {
		m := shownTo(supervisor, i.Last)
		item.Last = &Last{Author: string(m.Author), Kind: string(m.Kind), Text: m.Text, At: millis(m.At), File: m.Card.File}
	}
	return item
}

// shownTo returns a message without what is only for supervisors: what a visitor
// says of an agent goes past the agent.
func shownTo(supervisor bool, m bot.Message) bot.Message {
	if m.Kind == bot.KindRating && !supervisor {
		m.Text, m.Card = "", bot.Card{}
	}
	return m
}

// Message is one line of a conversation.
type Message struct {
	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
	ID           string `json:"id,omitempty" doc:"发送者给的编号"`
	Author       string `json:"author"`
	Kind         string `json:"kind"`
	Text         string `json:"text"`
	HTML         string `json:"html,omitempty" doc:"带格式的内容，已经过滤，可以直接显示"`
	At           int64  `json:"at"`
	Card         Card   `json:"card"`
}

// Card is what a message holds beside its text: bot.Card, field by field.
type Card struct {
	Of         int64        `json:"of,omitempty"`
	Entry      string       `json:"entry,omitempty"`
	Question   string       `json:"question,omitempty"`
	Confidence float64      `json:"confidence,omitempty"`
	Options    []bot.Option `json:"options,omitempty" nullable:"false"`
	Actions    []bot.Action `json:"actions,omitempty" nullable:"false"`
	Yes        *bool        `json:"yes,omitempty"`
	Stars      int          `json:"stars,omitempty"`
	Tags       []string     `json:"tags,omitempty" nullable:"false"`
	Name       string       `json:"name,omitempty"`
	Contact    string       `json:"contact,omitempty"`
	Until      int64        `json:"until,omitempty"`
	File       *bot.File    `json:"file,omitempty"`

	Fields map[string]string `json:"fields,omitempty" doc:"访客填写的资料，按客户资料的栏目名"`

	Agent  string `json:"agent,omitempty"`
	Nick   string `json:"nick,omitempty"`
	To     string `json:"to,omitempty"`
	Group  string `json:"group,omitempty"`
	Note   string `json:"note,omitempty"`
	Reason string `json:"reason,omitempty"`
	Place  int    `json:"place,omitempty"`
	Low    int    `json:"low,omitempty"`
	High   int    `json:"high,omitempty"`
	Waited int64  `json:"waited,omitempty"`
}

func messageOf(rich *richtext.Renderer, m bot.Message) Message {
	w := Message{
		Conversation: m.Conversation, Seq: m.Seq, ID: m.ClientID, Author: string(m.Author), Kind: string(m.Kind),
		Text: m.Text, At: millis(m.At), Card: Card(m.Card),
	}
	if isRich(m) {
		w.HTML = rich.HTML(m.Text)
	}
	return w
}

// isRich reports whether the text may hold markup. What visitors write never
// does.
func isRich(m bot.Message) bool {
	if m.Author == bot.FromVisitor || m.Text == "" {
		return false
	}
	return m.Kind == bot.KindAnswer || m.Kind == bot.KindNotice || m.Kind == bot.KindRefusal
}

func (d *desk) messages(list []bot.Message) []Message {
	wire := make([]Message, len(list))
	for i, m := range list {
		wire[i] = messageOf(d.rich, m)
	}
	return wire
}

// Seat is an agent's place at the desk.
type Seat struct {
	Agent    string   `json:"agent"`
	Nick     string   `json:"nick"`
	Groups   []string `json:"groups" nullable:"false"`
	Most     int      `json:"most" doc:"同时接待的上限"`
	Presence string   `json:"presence" enum:"online,resting,away,offline"`
	Since    int64    `json:"since"`
	SeenAt   int64    `json:"seen_at"`
}

func seatOf(s bot.Seat) Seat {
	return Seat{
		Agent: s.Agent, Nick: s.Nick, Groups: notNil(s.Groups), Most: s.Most,
		Presence: string(s.Presence), Since: millis(s.Since), SeenAt: millis(s.SeenAt),
	}
}

// Group is a skill group.
type Group struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Channels   []string `json:"channels" nullable:"false"`
	Categories []string `json:"categories" nullable:"false"`
	Manual     bool     `json:"manual" doc:"由坐席自己领取"`
	Direct     bool     `json:"direct" doc:"分配后不用确认"`
	MaxQueue   int      `json:"max_queue" doc:"排队人数上限，0 不限"`
	UpdatedAt  int64    `json:"updated_at"`
}

func groupOf(g bot.Group) Group {
	return Group{
		ID: g.ID, Name: g.Name, Channels: notNil(g.Channels), Categories: notNil(g.Categories),
		Manual: g.Manual, Direct: g.Direct, MaxQueue: g.MaxQueue, UpdatedAt: millis(g.UpdatedAt),
	}
}

// Customer is what is known about a person.
type Customer struct {
	ID        string            `json:"id" doc:"还没有保存过则为空"`
	Fields    map[string]string `json:"fields"`
	Tags      []string          `json:"tags" nullable:"false"`
	Notes     []CustomerNote    `json:"notes" nullable:"false"`
	Level     int               `json:"level"`
	UpdatedAt int64             `json:"updated_at"`
}

// CustomerNote is a line of an agent about a customer.
type CustomerNote struct {
	Agent string `json:"agent"`
	Nick  string `json:"nick"`
	Text  string `json:"text"`
	At    int64  `json:"at"`
}

func customerOf(c bot.Customer) Customer {
	w := Customer{
		ID: c.ID, Fields: c.Fields, Tags: notNil(c.Tags), Notes: []CustomerNote{}, Level: c.Level, UpdatedAt: millis(c.UpdatedAt),
	}
	if w.Fields == nil {
		w.Fields = map[string]string{}
	}
	for _, n := range c.Notes {
		w.Notes = append(w.Notes, CustomerNote{n.Agent, n.Nick, n.Text, millis(n.At)})
	}
	return w
}

// Candidate is an entry of the knowledge that may be meant.
type Candidate struct {
	Entry      string  `json:"entry"`
	Question   string  `json:"question"`
	Confidence float64 `json:"confidence"`
}

func candidatesOf(list []intent.Candidate) []Candidate {
	wire := make([]Candidate, len(list))
	for i, c := range list {
		wire[i] = Candidate(c)
	}
	return wire
}
