package bot

import (
	"context"
	"time"
)

// Phase says who has a conversation.
type Phase string

// The phases of an open conversation.
const (
	WithBot   Phase = ""       // the bot answers
	InQueue   Phase = "queued" // it waits for an agent (排队)
	WithAgent Phase = "agent"  // an agent owns it
)

// Service is how a conversation stands with the humans. It changes only together
// with a message, so that the number of the conversation guards it: of two who
// want the same conversation one is too late. A store keeps all of it at every
// turn; turns with a zero Service are the cheapest.
type Service struct {
	Phase Phase `json:"phase,omitempty"`
	// Group is the skill group (技能组) it waits for or was accepted in.
	Group string `json:"group,omitempty"`
	// Owner is the agent who has it, or in another phase who had it last.
	Owner string `json:"owner,omitempty"`
	Nick  string `json:"nick,omitempty"` // of the owner, as it was
	// Rank puts some before others in the queue; the higher comes first.
	Rank int `json:"rank,omitempty"`
	// QueuedAt is since when it waits. It stays what it was when the conversation
	// comes back from an agent who was lost, and so does the place.
	QueuedAt time.Time `json:"queued_at,omitzero"`
	// OfferedTo is the agent who is asked to take it, until OfferedUntil. Passed are
	// those who let an offer pass.
	OfferedTo    string    `json:"offered_to,omitempty"`
	OfferedUntil time.Time `json:"offered_until,omitzero"`
	Passed       []string  `json:"passed,omitempty"`
	// Reason is the rule that led to the handoff, At the number of the message it
	// was about.
	Reason string `json:"reason,omitempty"`
	At     int64  `json:"at,omitempty"`
	// AcceptedAt is when the owner took it, Waited how long that had taken.
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	// AnsweredAt is the first answer of the owner; zero until then.
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	// AskedAt is since when the visitor waits for an answer of the owner, SpokenAt
	// when the owner spoke last; zero if that is not so.
	AskedAt  time.Time `json:"asked_at,omitzero"`
	SpokenAt time.Time `json:"spoken_at,omitzero"`
	// Reminded is when the owner was reminded of AskedAt, Warned when the visitor was
	// told that the conversation will end.
	Reminded time.Time `json:"reminded,omitzero"`
	Warned   time.Time `json:"warned,omitzero"`
	// AgentRead is the number of the last message the owner has seen.
	AgentRead int64 `json:"agent_read,omitempty"`
	// GoneAt is since when the visitor is away; zero if that is not so.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// Noted says that the visitor in the queue was told that words are kept.
	Noted bool `json:"noted,omitempty"`
	// Leave is the id of the leave-message that the conversation was taken up for.
	Leave string `json:"leave,omitempty"`
}

// PlaceState says what becomes of a visitor who asks for a human now.
type PlaceState string

// The states of the queue, as one who comes finds it.
const (
	PlaceOpen   PlaceState = ""       // waits, or is served at once
	PlaceNobody PlaceState = "nobody" // no agent is there
	PlaceClosed PlaceState = "closed" // it is not the time of day
	PlaceFull   PlaceState = "full"   // too many wait
)

// Place is a place in the queue.
type Place struct {
	State PlaceState
	Group string
	// Ahead is how many come before.
	Ahead int
	// Low and High bound the wait, in seconds; both are 0 if nobody can say.
	Low, High int
	// Rank is what the customer's level is worth in the queue.
	Rank int
}

// Group is a skill group (技能组): agents who answer the same kind of questions.
type Group struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Channels and Categories say what comes here: channel or channel/account, and
	// names of categories of the knowledge. Empty means everything that no other
	// group claims.
	Channels   []string `json:"channels"`
	Categories []string `json:"categories"`
	// Manual says that agents take conversations themselves; otherwise they are
	// offered one by one.
	Manual bool `json:"manual"`
	// Direct says that an offer needs no yes: the agent has the conversation at once.
	Direct bool `json:"direct"`
	// MaxQueue bounds how many may wait; zero sets no bound.
	MaxQueue  int       `json:"max_queue"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Presence is what an agent says of themselves.
type Presence string

// The states of an agent.
const (
	Online  Presence = "online"  // 在线: takes conversations
	Resting Presence = "resting" // 小休: keeps those there are, takes no more
	Away    Presence = "away"    // 离开: like resting, set when nothing was done for long
	Offline Presence = "offline" // 离线
)

// Seat is an agent's place at the desk (坐席).
type Seat struct {
	// Agent is the id of the account, Nick what customers see.
	Agent  string   `json:"agent"`
	Nick   string   `json:"nick"`
	Groups []string `json:"groups"`
	// Most is how many conversations at a time.
	Most      int       `json:"most"`
	Presence  Presence  `json:"presence"`
	Since     time.Time `json:"since"`   // of the presence
	SeenAt    time.Time `json:"seen_at"` // the last sign of life of the agent's browser
	UpdatedAt time.Time `json:"updated_at"`
}

// PresenceChange is one line of the log of an agent's states.
type PresenceChange struct {
	Agent string
	From  Presence
	To    Presence
	At    time.Time
	// By is who changed it if that was not the agent: a supervisor, or empty for the
	// desk itself.
	By string
}

// Phrase is a quick reply (常用语).
type Phrase struct {
	ID string `json:"id"`
	// Agent is whose it is; empty means everybody's.
	Agent     string    `json:"agent"`
	Folder    string    `json:"folder"`
	Shortcut  string    `json:"shortcut"` // typed after a slash
	Text      string    `json:"text"`
	Position  int       `json:"position"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Customer is what is known about a person (顾客信息库). Several visitors, of
// several channels, may be one customer.
type Customer struct {
	ID string `json:"id"`
	// Fields hold the values by name: name, sex, age, phone, address …; see
	// CustomerFields.
	Fields map[string]string `json:"fields"`
	Tags   []string          `json:"tags"`
	Notes  []Note            `json:"notes"`
	// Level puts the customer before others in the queue: 0 is nobody special.
	Level     int       `json:"level"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Note is a line of an agent about a customer.
type Note struct {
	Agent string    `json:"agent"`
	Nick  string    `json:"nick"`
	Text  string    `json:"text"`
	At    time.Time `json:"at"`
}

// File is something a visitor or an agent sent.
type File struct {
	ID string `json:"id"` // 128 random bits
	// Visitor is the key of the visitor whose conversations it belongs to; who may
	// not see those may not see it. Sender is who sent it, as in Message.Sender.
	Visitor string    `json:"-"`
	Sender  string    `json:"-"`
	Name    string    `json:"name"`
	Type    string    `json:"type"` // media type, as found by looking at the content
	Size    int64     `json:"size"`
	Width   int       `json:"width,omitempty"` // of an image
	Height  int       `json:"height,omitempty"`
	At      time.Time `json:"-"`
}

// SeatStore keeps what the desk needs beside the conversations. The errors are
// those of Store; the suite in bottest says what it must do.
type SeatStore interface {
	// Waiting returns the conversations in the queue: the highest rank first, then
	// those that wait longest, then by id.
	Waiting(ctx context.Context) ([]Conversation, error)
	// Ahead counts those who wait in the group before one of the rank that came at the
	// moment with the id.
	Ahead(ctx context.Context, group string, rank int, since time.Time, id string) (int, error)
	// Loads counts the open conversations that agents own, by agent.
	Loads(ctx context.Context) (map[string]int, error)
	// Served returns the open conversations that the agent owns, or all that any
	// agent owns if it is empty, in order of their ids.
	Served(ctx context.Context, agent string) ([]Conversation, error)
	// Done returns the closed conversations that an agent owned, those closed last
	// first, at most limit, those before the moment, which sets no bound if it is
	// zero; any agent if it is empty.
	Done(ctx context.Context, agent string, before time.Time, limit int) ([]Conversation, error)
	// BadRatings returns the ratings from the moment on that say that nothing was
	// solved, or that give two stars at most, of conversations that an agent had; the
	// last ones first, at most limit.
	BadRatings(ctx context.Context, since time.Time, limit int) ([]Rating, error)
	// Of returns the conversations of a visitor, those opened last first.
	Of(ctx context.Context, v Visitor, limit int) ([]Conversation, error)

	// Groups returns all groups in order of their ids. PutGroup stores one that is
	// new, if was is zero, or that is still as it was at UpdatedAt was; else
	// ErrConflict.
	// DropGroup removes it, or returns ErrNotFound.
	Groups(ctx context.Context) ([]Group, error)
	PutGroup(ctx context.Context, g Group, was time.Time) error
	DropGroup(ctx context.Context, id string) error

	// Seats returns all seats in order of their agents. PutSeat sets up a seat:
	// nick, groups and Most; the presence stays. The first time it is offline.
	Seats(ctx context.Context) ([]Seat, error)
	PutSeat(ctx context.Context, s Seat) error
	// SetPresence changes the state of an agent and writes it to the log, if it is
	// still From and there is such a seat; else ErrConflict. Seen records signs of life; it never goes back.
	SetPresence(ctx context.Context, c PresenceChange) error
	Seen(ctx context.Context, at time.Time, agents ...string) error
	// PresenceLog returns the changes of an agent from since on and before until, in
	// the order they were made.
	PresenceLog(ctx context.Context, agent string, since, until time.Time) ([]PresenceChange, error)

	// OpenLeaves returns the leave-messages that nobody has taken, in the order they
	// came, at most limit; LeavesOf those an agent has not finished. TakeLeave gives
	// one from an agent to another, if it is still with the first, else ErrConflict;
	// "" is nobody. What is finished stays finished.
	OpenLeaves(ctx context.Context, limit int) ([]LeaveTask, error)
	LeavesOf(ctx context.Context, agent string) ([]LeaveTask, error)
	TakeLeave(ctx context.Context, id, from, to string, at time.Time) error
	FinishLeave(ctx context.Context, id, agent string, at time.Time) error
}

// LeaveTask is a leave-message on its way to an answer.
type LeaveTask struct {
	Leave
	Agent      string // who has it; empty if nobody
	TakenAt    time.Time
	FinishedAt time.Time
}

// PhraseStore keeps quick replies.
type PhraseStore interface {
	// Phrases returns everybody's and the agent's own, in order of folder, position
	// and id.
	Phrases(ctx context.Context, agent string) ([]Phrase, error)
	PutPhrase(ctx context.Context, p Phrase) error
	DropPhrase(ctx context.Context, id string) error
	Phrase(ctx context.Context, id string) (Phrase, error)
}

// CustomerStore keeps what is known about customers.
type CustomerStore interface {
	// CustomerOf returns what is known about a visitor, or ErrNotFound. PutCustomer
	// stores a customer with the visitor as one of theirs if the customer is new, was
	// being zero and the visitor nobody's, or still as it was at UpdatedAt was; else
	// ErrConflict. Visitors returns all of a customer.
	CustomerOf(ctx context.Context, v Visitor) (Customer, error)
	PutCustomer(ctx context.Context, c Customer, v Visitor, was time.Time) error
	Visitors(ctx context.Context, customer string) ([]Visitor, error)
}

// FileStore keeps what visitors and agents send.
type FileStore interface {
	// PutFile stores a file with its content, unless the id is in use; FileContent
	// returns both.
	PutFile(ctx context.Context, f File, content []byte) error
	FileOf(ctx context.Context, id string) (File, error)
	FileContent(ctx context.Context, id string) (File, []byte, error)
}
