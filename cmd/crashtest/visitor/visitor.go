package visitor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/cmd/crashtest/history"
)

// Config says who a visitor is and where the chat is.
type Config struct {
	URL     string // of the server, without a path
	Person  string // ids of messages begin with it; letters and digits
	Client  string // the tab; one person may have several
	Address string // where the visitor seems to come from, as a proxy would say; may be empty
	HTTP    *http.Client
	Dialer  *websocket.Dialer
	// Note takes the history; Seen, if not nil, every message when it is shown, and
	// Placed how many come before in the queue whenever that is told.
	Note   func(history.Event)
	Seen   func(Message)
	Placed func(conversation string, ahead int)
	Rand   *rand.Rand // for this visitor alone
	// FirstPause and LongestPause bound the random pause before coming back, which
	// doubles with every attempt that fails.
	FirstPause, LongestPause time.Duration
	// Patience is the part kept of the pauses that the server asks for: 1 for a
	// browser, less to have more happen in a short time.
	Patience float64
	// Window is how many messages may be on their way at once.
	Window int
	// Token is that of another tab of the person; empty for somebody new.
	Token string
}

// Visitor is one tab with the chat. It is safe for concurrent use.
type Visitor struct {
	c    Config
	wake chan struct{} // holds one token if there may be something to send

	mu      sync.Mutex // guards all below
	changed chan struct{}
	state   State
	token   string
	self    string // how the server names the person
	queue   []*unsent
	sent    int // number of the last id
	seen    map[spot]bool
	first   int64             // the first shown message of the current conversation
	left    map[string]bool   // conversations before the current one
	waiting map[int64]Message // came too early
	scroll  *scroll
	tries   int
}

// State is what there is to know about a visitor from outside.
type State struct {
	Connected    bool // and greeted
	Connects     int
	Conversation string
	Last         int64 // the last message shown
	Unsent       int
	// LastMessage is the last one shown, LastAcked the last place an ack named.
	LastMessage Message
	LastAcked   int64
	AtTop       bool // scrolled up to the very first message
	Token       string
}

// spot is where a message lies.
type spot struct {
	conversation string
	seq          int64
}

// unsent is a message that was not acknowledged yet.
type unsent struct {
	id       string
	what     Outgoing
	flying   bool
	notUntil time.Time // the server asked for patience
	giveUp   bool      // when the socket ends before the reply
}

// scroll is on the way up to the first message of all.
type scroll struct {
	asked bool
	n     int64
	top   spot
}

// New returns a visitor who does nothing until Run.
func New(c Config) *Visitor {
	return &Visitor{
		c: c, wake: make(chan struct{}, 1), changed: make(chan struct{}), token: c.Token,
		seen: map[spot]bool{}, left: map[string]bool{}, waiting: map[int64]Message{},
	}
}

// Send hands over something to do and returns its id. It is done when there is a
// connection, and again until there is an answer.
func (v *Visitor) Send(what Outgoing) string { return v.send(what, false) }

// SendOnce is Send, but if the connection ends before the answer the visitor
// does not care any more.
func (v *Visitor) SendOnce(what Outgoing) string { return v.send(what, true) }

func (v *Visitor) send(what Outgoing, giveUp bool) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent++
	u := &unsent{id: fmt.Sprintf("%s-%s-%06d", v.c.Person, v.c.Client, v.sent), what: what, giveUp: giveUp}
	v.queue = append(v.queue, u)
	v.change()
	v.poke()
	return u.id
}

// ScrollUp begins to read everything up to the first message.
func (v *Visitor) ScrollUp() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll, v.state.AtTop = &scroll{top: spot{v.state.Conversation, v.first}}, false
	v.poke()
}

// State returns how things are.
func (v *Visitor) State() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.view()
}

func (v *Visitor) view() State {
	s := v.state
	s.Unsent, s.Token = len(v.queue), v.token
	return s
}

// Wait returns when ok is true of the state, or with the error of the context.
func (v *Visitor) Wait(ctx context.Context, ok func(State) bool) (State, error) {
	for {
		v.mu.Lock()
		s, changed := v.view(), v.changed
		v.mu.Unlock()
		if ok(s) {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, fmt.Errorf("wait for %s: %w", v.c.Client, ctx.Err())
		}
	}
}

// change tells those who wait. The caller holds the lock.
func (v *Visitor) change() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// poke lets the connection look what there is to send.
func (v *Visitor) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// note adds to the history.
func (v *Visitor) note(e history.Event) {
	e.Visitor, e.Client = v.c.Person, v.c.Client
	v.c.Note(e)
}

func (v *Visitor) breach(format string, args ...any) {
	v.note(history.Event{Kind: history.Breach, Text: fmt.Sprintf(format, args...), Conversation: v.state.Conversation, Seq: v.state.Last})
}

// shown notes a message that is shown.
func (v *Visitor) shown(kind history.Kind, m Message) {
	v.seen[spot{m.Conversation, m.Seq}] = true
	v.note(history.Event{
		Kind: kind, ClientID: m.ID, Conversation: m.Conversation, Seq: m.Seq, Author: m.Author, Type: m.Kind, Text: m.Text,
	})
	if v.c.Seen != nil {
		v.c.Seen(m)
	}
}

// forget empties the view.
func (v *Visitor) forget() {
	v.note(history.Event{Kind: history.Reset, Conversation: v.state.Conversation, Seq: v.state.Last})
	v.state.Conversation, v.state.Last, v.first = "", 0, 0
	clear(v.seen)
	clear(v.left)
	clear(v.waiting)
	if v.scroll != nil {
		v.scroll, v.state.AtTop = &scroll{}, false
	}
}

// begin goes on to another conversation, whose first message will be the one
// after the number.
func (v *Visitor) begin(conversation string, after int64) {
	if v.state.Conversation != "" {
		v.left[v.state.Conversation] = true
	}
	clear(v.waiting)
	v.state.Conversation, v.state.Last, v.first = conversation, after, after+1
}

// arrive shows a message, or keeps it until those before it are there. It
// reports whether there is a gap.
func (v *Visitor) arrive(m Message) (gap bool) {
	switch {
	case v.left[m.Conversation]:
		v.older(m)
		return false
	case m.Conversation != v.state.Conversation:
		v.begin(m.Conversation, 0)
	}
	if m.Seq <= v.state.Last {
		return false
	}
	v.waiting[m.Seq] = m
	for {
		next, ok := v.waiting[v.state.Last+1]
		if !ok {
			break
		}
		delete(v.waiting, next.Seq)
		v.state.Last, v.state.LastMessage = next.Seq, next
		v.shown(history.Show, next)
	}
	v.change()
	return len(v.waiting) > 0
}

// older shows a message of before, once.
func (v *Visitor) older(m Message) {
	if !v.seen[spot{m.Conversation, m.Seq}] {
		v.shown(history.Older, m)
	}
}

// settle takes a message out of the queue.
func (v *Visitor) settle(id string) *unsent {
	for i, u := range v.queue {
		if u.id == id {
			v.queue = append(v.queue[:i], v.queue[i+1:]...)
			v.change()
			v.poke()
			return u
		}
	}
	return nil
}

// lost says of everything on its way that nobody knows.
func (v *Visitor) lost() {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := v.queue[:0]
	for _, u := range v.queue {
		if u.flying {
			v.note(history.Event{Kind: history.Unknown, ClientID: u.id})
		}
		if !u.flying || !u.giveUp {
			kept = append(kept, u)
		}
		u.flying = false
	}
	v.queue = kept
	v.state.Connected = false
	if v.scroll != nil {
		v.scroll.asked = false
	}
	v.change()
}

// isFinal reports whether an error of a message will not go away by waiting.
func isFinal(code int) bool { return code < 5000 && code != 4290 && code != 4291 }
