package bot

import (
	"errors"
	"time"

	"faqbot/knowledge"
)

// Visitor is a customer as a channel knows them.
type Visitor struct {
	Channel string // web, wechat
	Account string // which site or official account; may be empty
	ID      string // the channel's own id, unique within the account
}

// Key is one text for the visitor, unique over all channels.
func (v Visitor) Key() string { return v.Channel + "/" + v.Account + "/" + v.ID }

// Profile is what a channel knows about a visitor beyond the id. Everything in
// it comes from outside and may be a lie.
type Profile struct {
	Name     string `json:"name,omitempty"`
	Page     string `json:"page,omitempty"`  // address of the page the visitor is on
	Title    string `json:"title,omitempty"` // of that page
	Referrer string `json:"referrer,omitempty"`
	Agent    string `json:"agent,omitempty"` // the browser
	Language string `json:"language,omitempty"`
	Region   string `json:"region,omitempty"`
	Level    string `json:"level,omitempty"`
}

// State says whether a conversation goes on.
type State string

// The states of a conversation.
const (
	StateOpen   State = "open"
	StateClosed State = "closed"
)

// Conversation is one visitor's continuous contact in one channel (会话). A
// visitor has at most one open conversation.
type Conversation struct {
	ID      string
	Visitor Visitor
	Profile Profile
	State   State
	// Seq is the number of the last message; messages are numbered 1, 2, 3 …
	// without a gap.
	Seq int64
	// Read is the number of the last message the visitor has seen.
	Read      int64
	Dialogue  Dialogue
	Service   Service
	OpenedAt  time.Time
	UpdatedAt time.Time
	ClosedAt  time.Time // zero while open
	// CloseReason is visitor, idle, agent or silent (the visitor said nothing more to
	// an agent).
	CloseReason string
}

// Dialogue is what the bot remembers from one turn to the next.
type Dialogue struct {
	// Misses counts the questions in a row that the bot could not answer.
	Misses int `json:"misses,omitempty"`
	// Offered is the last list; a number picks from it. OfferedAt is the number of
	// the message that showed it.
	Offered   []Option `json:"offered,omitempty"`
	OfferedAt int64    `json:"offered_at,omitempty"`
	// Asked is the normalised last question, Repeats how often it came in a row.
	Asked   string `json:"asked,omitempty"`
	Repeats int    `json:"repeats,omitempty"`
	// FormAt is the number of the form for a leave-message that is not filled in yet.
	FormAt int64 `json:"form_at,omitempty"`
	// Answers counts the answers so far; About is the category of the last one.
	Answers int            `json:"answers,omitempty"`
	About   knowledge.Path `json:"about,omitempty"`
	// Handoff is the rule that offered a human last, SeatAt the number of the offer.
	Handoff string `json:"handoff,omitempty"`
	SeatAt  int64  `json:"seat_at,omitempty"`
	// Forms counts the forms filled in so far: they are no first words.
	Forms int64 `json:"forms,omitempty"`
}

// Author says who wrote a message.
type Author string

// The authors of messages.
const (
	FromVisitor Author = "visitor"
	FromBot     Author = "bot"
	FromAgent   Author = "agent"
	FromSystem  Author = "system"
)

// MessageKind says what a message is.
type MessageKind string

// What visitors send. Everything a visitor does to the conversation is a
// message, so that it has a number, is stored once, and reaches all tabs.
const (
	KindText     MessageKind = "text"     // a question in the visitor's own words
	KindPick     MessageKind = "pick"     // Text is the question chosen, Card.Entry its entry
	KindHandoff  MessageKind = "handoff"  // the button 转人工
	KindFeedback MessageKind = "feedback" // Card.Of is the answer, Card.Yes useful or not, Text the reason
	KindSolved   MessageKind = "solved"   // Card.Of is the question 解决了吗, Card.Yes the reply
	KindLeave    MessageKind = "leave"    // a leave-message: Text, Card.Name, Card.Contact
	KindRating   MessageKind = "rating"   // the survey filled in: Card.Yes solved, Card.Stars, Card.Tags, Text
	KindClose    MessageKind = "close"    // the visitor ends the conversation
	KindUnqueue  MessageKind = "unqueue"  // the visitor does not want to wait any more
	KindForm     MessageKind = "form"     // the form before a conversation: Card.Fields, Card.Reason the PreChat.Agreement
)

// What visitors and agents send.
const (
	KindImage MessageKind = "image" // Card.File
	KindFile  MessageKind = "file"  // Card.File
)

// What the bot and the system send.
const (
	KindAnswer    MessageKind = "answer"     // Text is the answer, Card.Entry, Question, Confidence, Options the related questions
	KindOffer     MessageKind = "offer"      // 您是不是想问: Card.Options
	KindRefusal   MessageKind = "refusal"    // does not know; Card.Actions may offer a human
	KindNotice    MessageKind = "notice"     // any other line; Card.Actions may offer a human
	KindLeaveForm MessageKind = "leave_form" // asks for a leave-message
	KindAskSolved MessageKind = "ask_solved" // 解决了吗: Card.Of is the answer asked about
	KindSurvey    MessageKind = "survey"     // asks for a rating until Card.Until
	KindClosed    MessageKind = "closed"     // the conversation ended
)

// What happens between the queue and the agents. Card.Agent is who did it or whom
// it concerns, Card.Group the skill group.
const (
	KindQueued      MessageKind = "queued"      // waits now: Card.Place, Low and High; Card.Reason the rule
	KindAccepted    MessageKind = "accepted"    // Card.Agent has it now, after Card.Waited
	KindTransferred MessageKind = "transferred" // Card.Agent gave it to Card.To or to Card.Group; Card.Note why
	KindRequeued    MessageKind = "requeued"    // Card.Agent was lost, it waits again
	KindTakenOver   MessageKind = "taken_over"  // Card.Agent, a supervisor, took it from Card.To
	KindReturned    MessageKind = "returned"    // the bot has it again; Card.Reason: visitor, agent, nobody
)

// What only agents see. For the visitor each is an empty message with a number.
const (
	KindOffered  MessageKind = "offered"  // Card.Agent is asked to take it until Card.Until
	KindPassed   MessageKind = "passed"   // Card.Agent did not; Card.Reason: declined, late, gone
	KindReminded MessageKind = "reminded" // Card.Agent was reminded that the visitor waits
	KindGone     MessageKind = "gone"     // the visitor has closed the page
	KindBack     MessageKind = "back"     // the visitor is there again
	KindWhisper  MessageKind = "whisper"  // a supervisor's word to the owner
	KindNote     MessageKind = "note"     // an agent's remark for colleagues
	KindSummary  MessageKind = "summary"  // 服务小结: Card.Tags the category, Card.Yes solved, Text
)

// Internal reports whether the message is not for the visitor.
func (k MessageKind) Internal() bool {
	switch k {
	case KindOffered, KindPassed, KindReminded, KindGone, KindBack, KindWhisper, KindNote, KindSummary:
		return true
	}
	return false
}

// Option is a question that can be tapped.
type Option struct {
	Entry    string `json:"entry"`
	Question string `json:"question"`
}

// Action is a button below a message.
type Action string

// The actions.
const (
	ActionHandoff Action = "handoff" // asks for a human; as a message it is KindHandoff
	ActionUnqueue Action = "unqueue" // does not wait any more; KindUnqueue
	ActionLeave   Action = "leave"   // shows the form for a leave-message
)

// Card is what a message holds beside its text; which fields, its kind says.
type Card struct {
	Of         int64    `json:"of,omitempty"`
	Entry      string   `json:"entry,omitempty"`
	Question   string   `json:"question,omitempty"`
	Confidence float64  `json:"confidence,omitempty"`
	Options    []Option `json:"options,omitempty"`
	Actions    []Action `json:"actions,omitempty"`
	Yes        *bool    `json:"yes,omitempty"`
	Stars      int      `json:"stars,omitempty"` // 1 to 5
	Tags       []string `json:"tags,omitempty"`
	Name       string   `json:"name,omitempty"`
	Contact    string   `json:"contact,omitempty"`
	Until      int64    `json:"until,omitempty"` // unix milliseconds
	File       *File    `json:"file,omitempty"`
	// Fields are those of a form, by the names of CustomerFields.
	Fields map[string]string `json:"fields,omitempty"`

	// Between the queue and the agents.
	Agent  string `json:"agent,omitempty"`  // id of an account; of an agent's message, who wrote it
	Nick   string `json:"nick,omitempty"`   // of Agent, as it was
	To     string `json:"to,omitempty"`     // id of another account
	Group  string `json:"group,omitempty"`  // id of a skill group
	Note   string `json:"note,omitempty"`   // for colleagues
	Reason string `json:"reason,omitempty"` // why; its kind says which there are
	Place  int    `json:"place,omitempty"`  // in the queue; 1 is next
	Low    int    `json:"low,omitempty"`    // seconds to wait, at least and at most
	High   int    `json:"high,omitempty"`
	Waited int64  `json:"waited,omitempty"` // milliseconds
}

// Message is one line of a conversation (消息).
type Message struct {
	Conversation string
	Seq          int64
	// ClientID is the id that a visitor's or an agent's message came with, unique
	// for who sent it; empty for all others.
	ClientID string
	Author   Author
	Kind     MessageKind
	Text     string
	Card     Card
	At       time.Time
}

// Sender names who gave the message its ClientID, over all visitors and agents:
// the visitor of its conversation, or Card.Agent.
func (m *Message) Sender(v Visitor) string {
	if m.Author == FromAgent {
		return AgentKey(m.Card.Agent)
	}
	return v.Key()
}

// AgentKey is the name of an agent among all who send messages.
func AgentKey(agent string) string { return "agent//" + agent }

// Errors that engine and stores return, to be tested with errors.Is.
var (
	// ErrNotFound says that there is no such conversation, or that it is not this
	// visitor's.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the conversation went on meanwhile; read it again.
	ErrConflict = errors.New("the conversation went on meanwhile")
	// ErrUnavailable says that nothing can be stored at the moment: the disk is
	// full, the database is away. Nothing of the attempt was kept; trying again
	// later is safe.
	ErrUnavailable = errors.New("storage is unavailable")
	// ErrNewerSchema says that a newer program has changed the database.
	ErrNewerSchema = errors.New("the database was changed by a newer program")
)
