package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Errors of stores, to be tested with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict says that it was changed meanwhile; read it again.
	ErrConflict = errors.New("it was changed meanwhile")
)

// Store keeps what the channel has to remember. Implementations are safe for
// concurrent use by several processes; their contract is the suite in wechattest.
type Store interface {
	AccountStore
	CallbackStore
	FollowerStore
	TokenStore
	MediaStore
	FailureStore
}

// AccountStore keeps the accounts. Their secrets are sealed where they lie.
type AccountStore interface {
	Accounts(ctx context.Context) ([]Account, error)
	// PutAccount adds an account whose Version is 0, or replaces the one that has
	// this Version; else ErrConflict. The stored one has the next Version.
	PutAccount(ctx context.Context, a Account) error
	DropAccount(ctx context.Context, id string) error
}

// CallbackState says how far a callback is.
type CallbackState string

// The states of callbacks.
const (
	Taken  CallbackState = "taken"  // it is on the disk, nothing else
	Done   CallbackState = "done"   // it was dealt with
	Broken CallbackState = "broken" // it could not be understood: Reason
)

// Callback is what the platform sent, once however often it sent it.
type Callback struct {
	Account string
	Key     string // tells it from all others of the account; retries have the same
	OpenID  string // who it came from; empty if broken
	Raw     []byte // as it came, opened if it was sealed
	State   CallbackState
	Reason  string // in Chinese
	// Reply is what was answered, for retries: the passive reply in plain XML, or
	// nothing for success.
	Reply []byte
	At    time.Time
}

// CallbackStore keeps callbacks, for some days.
type CallbackStore interface {
	// Take stores a callback before anything is done about it. If there is one with
	// that key, it returns that one and false.
	Take(ctx context.Context, c Callback) (kept Callback, fresh bool, err error)
	// Callback returns one by its key, or ErrNotFound.
	Callback(ctx context.Context, account, key string) (Callback, error)
	// Finish sets State, Reason and Reply.
	Finish(ctx context.Context, c Callback) error
	// Unfinished returns those taken before that time and not dealt with, the oldest
	// first: their node has died.
	Unfinished(ctx context.Context, before time.Time, limit int) ([]Callback, error)
	// BrokenCallbacks returns those that could not be understood, the latest first,
	// of those before that time.
	BrokenCallbacks(ctx context.Context, account string, before time.Time, limit int) ([]Callback, error)
	// Forget removes callbacks and closed Outgoing that are older.
	Forget(ctx context.Context, before time.Time) error
}

// Allowance is what may still be sent to a follower unasked, as we count it (额度).
// The platform grants it anew with each thing the follower does; it does not add up.
type Allowance struct {
	Left    int       `json:"left"`
	Of      int       `json:"of"`
	Until   time.Time `json:"until,omitzero"`
	Granted string    `json:"granted,omitempty"` // message, click, scan, subscribe, tap
}

// Choice is something that a number, or a tap on a menu, means.
type Choice struct {
	ID    int64           `json:"id"` // of the menu's item: never used twice
	Label string          `json:"label"`
	Act   json.RawMessage `json:"act"` // what the channel does about it
}

// Follower is a visitor of an account, as the platform knows them.
type Follower struct {
	Account string
	OpenID  string
	Version int64 // counts the changes; 0 is not stored yet
	// Gone says that they follow the account no more: nothing reaches them.
	Gone      bool
	Allowance Allowance
	HeardAt   time.Time // when they last did something
	// Conversation and Seq say which messages have become Outgoing: all up to Seq.
	Conversation string
	Seq          int64
	// Choices are the last list that was shown; numbers and taps mean nothing else.
	Choices []Choice
}

// OutgoingState says what became of an Outgoing.
type OutgoingState string

// The states. The first three are open.
const (
	Waiting   OutgoingState = "waiting" // to be sent at Due, or with the next reply
	Sending   OutgoingState = "sending" // a node has handed it to the platform since ChangedAt
	Kept      OutgoingState = "kept"    // cannot be sent; goes with the reply to what the follower says next
	Sent      OutgoingState = "sent"    // the platform took it
	Replied   OutgoingState = "replied" // it went with a passive reply
	Failed    OutgoingState = "failed"  // the platform refused it: Code
	Uncertain OutgoingState = "unknown" // nobody knows; it is not sent again (可能已送达)
	Refused   OutgoingState = "refused" // not sent: Reason
)

// Outgoing is a part of a message on its way to a follower.
type Outgoing struct {
	Account      string
	OpenID       string
	Conversation string
	Seq          int64
	Part         int // from 0
	// Content is the rendered part, as package render writes it.
	Content   json.RawMessage
	Agent     bool // an agent wrote it
	Last      bool // it may use up what is kept back for the end: the survey, a farewell
	State     OutgoingState
	Due       time.Time
	Batch     string // those sent as one message have the same
	Code      int    // of the platform
	Reason    string // in Chinese
	ChangedAt time.Time
}

// FollowerStore keeps followers and what is on its way to them. A follower goes on
// by compare-and-set, together with the parts: of two nodes that do the same thing,
// one is too late.
type FollowerStore interface {
	// Follower returns one, or ErrNotFound.
	Follower(ctx context.Context, account, openID string) (Follower, error)
	// Step stores the follower, whose Version must be the stored one (0: there is
	// none), with Version+1; adds parts, and replaces parts (the same Conversation, Seq
	// and Part) that change. All of it or ErrConflict.
	Step(ctx context.Context, f Follower, add, change []Outgoing) error
	// Open returns a follower's parts that are open, in order of Conversation as
	// added, Seq, Part.
	Open(ctx context.Context, account, openID string) ([]Outgoing, error)
	// Parts returns all parts of some messages of a conversation, in order.
	Parts(ctx context.Context, conversation string, from, to int64) ([]Outgoing, error)
	// DueFollowers returns followers (Account and OpenID are enough) with parts that
	// are Waiting and due, or Sending since before stuck.
	DueFollowers(ctx context.Context, now, stuck time.Time, limit int) ([]Follower, error)
}

// Token is the platform's word that we may use its API.
type Token struct {
	Account string
	Value   string // sealed where it lies
	Until   time.Time
	Version int64
}

// TokenStore shares tokens among the nodes.
type TokenStore interface {
	// Token returns the token, or ErrNotFound.
	Token(ctx context.Context, account string) (Token, error)
	// Lease lets one node fetch a new token: it reports whether the caller is the
	// one, until the time. It fails to be when somebody else's lease holds.
	Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error)
	// PutToken stores a token and ends the lease. Version counts up.
	PutToken(ctx context.Context, t Token) error
}

// Media is a picture that the platform keeps for us for some days.
type Media struct {
	Account string
	Hash    string // SHA-256 of its content, in hex
	ID      string
	Until   time.Time
}

// MediaStore remembers what was uploaded.
type MediaStore interface {
	Media(ctx context.Context, account, hash string) (Media, error) // or ErrNotFound
	PutMedia(ctx context.Context, m Media) error
}

// Failure is an error of the platform's API.
type Failure struct {
	ID      string
	Account string
	API     string
	Code    int // 0: it could not be reached
	Text    string
	At      time.Time
}

// FailureStore keeps the last ones for the administrator.
type FailureStore interface {
	// AddFailure adds one and drops all but the last thousand of the account.
	AddFailure(ctx context.Context, f Failure) error
	// Failures returns the latest first.
	Failures(ctx context.Context, account string, limit int) ([]Failure, error)
}
