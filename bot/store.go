package bot

import (
	"context"
	"time"
)

// Store keeps conversations. Implementations are safe for concurrent use; their
// contract is the suite in bottest.
type Store interface {
	// Current returns the open conversation of the visitor, or ErrNotFound.
	Current(ctx context.Context, v Visitor) (Conversation, error)
	// Conversation returns the conversation with the id, or ErrNotFound.
	Conversation(ctx context.Context, id string) (Conversation, error)
	// Previous returns the visitor's conversation that was opened last before the
	// one with the id, or ErrNotFound. An empty id means any: the last of all.
	Previous(ctx context.Context, v Visitor, id string) (Conversation, error)
	// Sent returns the message with the client id of that sender, which is
	// Visitor.Key or AgentKey, in whichever conversation, or ErrNotFound.
	Sent(ctx context.Context, sender, clientID string) (Message, error)
	// After returns the first messages after the one with the number, in order, at
	// most limit.
	After(ctx context.Context, conversation string, seq int64, limit int) ([]Message, error)
	// Before returns the last messages before the one with the number, in order,
	// at most limit.
	Before(ctx context.Context, conversation string, seq int64, limit int) ([]Message, error)
	// Commit stores the turns, all of them or none, in their order. When it returns
	// nil they are on the disk. It fails with ErrConflict if a conversation is not at
	// Turn.Was any more or is another visitor's, if the visitor has another open
	// conversation, if one of the client ids is in use, or if there is a rating, a
	// trace of that message or a leave-message of that id; and with ErrUnavailable if
	// the database cannot store now. If the context ends while it waits, the turns
	// may be stored nevertheless; Sent tells.
	Commit(ctx context.Context, turns ...Turn) error
	// MarkRead records that the visitor has seen the messages up to seq, or all if
	// there are not so many; it never goes back. It fails with ErrNotFound.
	MarkRead(ctx context.Context, conversation string, seq int64) error
	// Changed returns the key of the visitor, the id and the Seq of the
	// conversations whose UpdatedAt is that moment or later. A turn becomes visible
	// a little after the time it bears, so who polls should look back a little.
	Changed(ctx context.Context, since time.Time) ([]Hint, error)
	// Conversations visits all conversations in order of their ids.
	Conversations(ctx context.Context, visit func(Conversation) error) error
	// Leaves returns the leave-messages in the order they came, those after the
	// one with the id, at most limit; an empty id begins at the first, an unknown
	// one is ErrNotFound.
	Leaves(ctx context.Context, after string, limit int) ([]Leave, error)
	// Traces returns what led to the replies of a conversation, in order.
	Traces(ctx context.Context, conversation string) ([]TurnTrace, error)
	// Verdicts returns what the visitor said about the answers of a conversation,
	// by number of the answer.
	Verdicts(ctx context.Context, conversation string) ([]Verdict, error)
	// Rating returns the visitor's rating of a conversation, or ErrNotFound.
	Rating(ctx context.Context, conversation string) (Rating, error)
}

// Turn is one step of a conversation: what came in, what was replied, and what
// follows from it.
type Turn struct {
	// Conversation is the state after the turn; its Seq is that of the last of
	// Messages.
	Conversation Conversation
	// Was is the Seq before the turn; zero means a new conversation.
	Was int64
	// Messages are numbered Was+1, Was+2 …; there is at least one.
	Messages []Message
	// What follows is stored beside the messages; nil if there is none.
	Trace   *TurnTrace
	Verdict *Verdict
	Leave   *Leave
	Rating  *Rating
}

// TurnTrace is what led to a reply (依据), stored so that it can be replayed.
type TurnTrace struct {
	Conversation string
	Seq          int64 // of the visitor's message
	Reply        int64 // of the first reply
	// Text is what was matched, which is not the message when a number was sent.
	Text       string
	Decision   string // intent.Kind, or the name of the rule that came before matching
	Rule       string
	Entry      string
	Question   string
	Confidence float64
	Revision   int64  // state of the knowledge
	Model      string // fingerprint
	Trace      string // JSON of intent.Trace; empty if the matcher was not asked
	At         time.Time
}

// VerdictKind says what a visitor was asked about an answer.
type VerdictKind string

// The kinds of verdicts.
const (
	Useful VerdictKind = "useful" // 有用 / 没用
	Solved VerdictKind = "solved" // 解决了吗
)

// Verdict is what a visitor says about an answer. The last one of a kind stands.
type Verdict struct {
	Conversation string
	Seq          int64 // of the answer
	Kind         VerdictKind
	Yes          bool
	Reason       string
	Entry        string // of the answer, with the question and its confidence
	Question     string
	Confidence   float64
	At           time.Time
}

// Leave is a leave-message (留言): a question left when no agent is there.
type Leave struct {
	ID           string
	Conversation string
	Seq          int64
	Visitor      Visitor
	Name         string
	Contact      string
	Text         string
	At           time.Time
}

// Rating is how a visitor rates a conversation when it ends.
type Rating struct {
	Conversation string
	Seq          int64
	Solved       *bool
	Stars        int
	Tags         []string
	Comment      string
	At           time.Time
}
