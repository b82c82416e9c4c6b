// Package history holds what simulated visitors did and saw, and checks it
// against what the database holds in the end. It is pure: the same events and
// the same log always give the same verdict.
package history

import (
	"sync"
	"time"

	"faqbot/bot"
)

// Kind says what an event is.
type Kind string

// What clients do and see, and what happens to the server.
const (
	Invoke  Kind = "invoke"  // a message leaves the client, for the first time or again
	OK      Kind = "ok"      // it was acknowledged
	Fail    Kind = "fail"    // it was refused for good
	Unknown Kind = "unknown" // the socket ended before there was a reply
	Show    Kind = "show"    // a message is shown below all others
	Older   Kind = "older"   // a message is shown that the visitor scrolled up to
	Reset   Kind = "reset"   // the client forgot what it showed, because it was told to
	Breach  Kind = "breach"  // the server did what the protocol does not allow
	Gone    Kind = "gone"    // the client went away for good and need not see the end
	Server  Kind = "server"  // the server was killed, or is back
)

// Event is one thing that happened. Which fields it has, its kind says.
type Event struct {
	At      time.Duration // since the recorder was made
	Visitor string        // the person; ids of messages are unique for all persons
	Client  string        // the tab
	Kind    Kind

	ClientID     string
	Conversation string
	Seq          int64
	Author       bot.Author
	Type         bot.MessageKind
	Text         string // of the message; of a fail, breach or server: what happened
}

// Recorder takes events from many goroutines, in one order.
type Recorder struct {
	start time.Time

	mu     sync.Mutex
	events []Event
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder { return &Recorder{start: time.Now()} }

// Add notes an event; it sets its time.
func (r *Recorder) Add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.At = time.Since(r.start)
	r.events = append(r.events, e)
}

// Events returns what was noted so far.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

// Log is what the database holds in the end.
type Log struct {
	Talks  []Talk
	Leaves []bot.Leave
	// Revision is the newest state of the knowledge.
	Revision int64
}

// Talk is one conversation with all that belongs to it.
type Talk struct {
	Conversation bot.Conversation
	Messages     []bot.Message
	Traces       []bot.TurnTrace
}

// Messages returns how many messages there are.
func (l *Log) Messages() int {
	n := 0
	for _, t := range l.Talks {
		n += len(t.Messages)
	}
	return n
}

// Outcomes counts the messages that were sent by what their senders know of them.
type Outcomes struct{ OK, Unknown, Failed, Resent int }

// Count returns the outcomes of all sends.
func Count(events []Event) Outcomes {
	var o Outcomes
	for _, s := range sendsOf(events) {
		switch {
		case s.ok != nil:
			o.OK++
		case s.fail != nil:
			o.Failed++
		default:
			o.Unknown++
		}
		o.Resent += s.invoked - 1
	}
	return o
}
