package webchat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/ws"
)

// page is how many messages are read from the engine at once.
const page = 50

// outlet takes the frames for a client: a socket, or the reply of a request.
type outlet interface {
	// Send takes a frame without waiting, or gives the client up.
	Send(frame []byte) bool
	// Wait returns when there is room for a frame of the size.
	Wait(ctx context.Context, size int) error
}

// listener brings a client the messages of its visitor, in order and each once.
// It knows how far the client is; what a hint lacks it reads from the engine.
type listener struct {
	chat    *Chat
	out     outlet
	visitor bot.Visitor
	key     string // of the visitor
	network netip.Prefix

	mu           sync.Mutex // guards all below
	started      bool       // conversation and sent are known
	conversation string     // what the client sees; empty if there is none yet
	sent         int64      // the last message the client got
	reading      bool       // a goroutine reads from the engine
	again        bool       // something came while it was reading
	other        bool       // there may be another conversation
	placed       bool       // the place in the queue was told
}

// start says what the client has. What came in the meantime is read.
func (l *listener) start(conversation string, sent int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conversation, l.sent, l.started = conversation, sent, true
	if l.again {
		l.fetch()
	}
}

// position returns what the client sees, and the last message it got of it.
func (l *listener) position() (conversation string, sent int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conversation, l.sent
}

// tell passes news on: what follows what the client has goes out as it is, and
// everything else is a reason to read from the engine.
func (l *listener) tell(n *news) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case n.hint.Typing != "", n.hint.Queue != nil, n.hint.Seen > 0:
		l.pass(n.hint)
	case !l.started:
		l.again, l.other = true, true
	case n.hint.Conversation != l.conversation:
		l.other = true
		l.fetch()
	default:
		for i, m := range n.hint.Messages {
			if m.Seq == l.sent+1 && l.out.Send(n.frame(i)) {
				l.sent = m.Seq
			}
		}
		if n.hint.Seq > l.sent {
			l.fetch()
		}
	}
}

// pass sends on what is not a message, if it is about what the client sees. The
// caller holds the lock.
func (l *listener) pass(h bot.Hint) {
	switch {
	case !l.started || h.Conversation != l.conversation:
	case h.Queue != nil:
		l.sendPlace(*h.Queue)
	case h.Seen > 0:
		l.out.Send(encode(seenFrame{"seen", h.Conversation, h.Seen}))
	case h.Typing != bot.FromVisitor:
		l.out.Send(encode(typingFrame{"typing", h.Typing}))
	}
}

// sendPlace sends a place in the queue. The caller holds the lock.
func (l *listener) sendPlace(p bot.Place) {
	l.placed = true
	l.out.Send(encode(queueFrame{"queue", l.conversation, p.State, p.Ahead, p.Low, p.High}))
}

// tellPlace sends the visitor's place, if they wait and it was not told yet. A
// client can do without, so that errors are only logged.
func (l *listener) tellPlace(ctx context.Context) {
	l.mu.Lock()
	known := l.placed || l.conversation == ""
	l.mu.Unlock()
	if known {
		return
	}
	place, waits, err := l.chat.engine.Queue(ctx, l.visitor)
	if err != nil {
		l.failed(fmt.Errorf("look for the place in the queue: %w", err))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if waits && !l.placed {
		l.sendPlace(place)
	}
}

// wake makes sure that the client gets what is there, up to the message at
// least.
func (l *listener) wake(conversation string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.started:
		l.again, l.other = true, true
	case conversation != l.conversation:
		l.other = true
		l.fetch()
	case seq > l.sent:
		l.fetch()
	}
}

// fetch sees to it that a goroutine reads. The caller holds the lock.
func (l *listener) fetch() {
	l.again = true
	if !l.reading && l.started {
		l.reading = true
		l.chat.start(l.reader)
	}
}

// reader reads until nothing new has come while it was reading.
func (l *listener) reader() {
	for {
		other, more := l.next()
		if !more {
			return
		}
		if err := l.catchUp(l.chat.ctx, other); err != nil {
			l.failed(err)
		}
	}
}

func (l *listener) next() (other, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	other, more = l.other, l.again
	l.other, l.again = false, false
	l.reading = more
	return other, more
}

// failed gives up for now. The next hint, or the client seeing a gap, begins
// again from the same place.
func (l *listener) failed(err error) {
	if errors.Is(err, ws.ErrClosed) || errors.Is(err, context.Canceled) {
		return
	}
	l.chat.log.Warn("read for a client", zap.Error(err))
}

// catchUp sends what the client lacks of the conversation it sees, and then of
// the one that follows it, if there may be another.
func (l *listener) catchUp(ctx context.Context, other bool) error {
	conversation, _ := l.position()
	if conversation != "" {
		if err := l.drain(ctx); err != nil {
			return err
		}
	}
	if !other {
		return nil
	}
	conversation, sent := l.position()
	view, err := l.chat.engine.Look(ctx, l.visitor, conversation, sent)
	if err != nil {
		return fmt.Errorf("look for the conversation: %w", err)
	}
	if view.Conversation == "" || view.Conversation == conversation && view.Seq <= sent {
		return nil
	}
	l.change(conversation, view.Conversation)
	return l.drain(ctx)
}

// change goes on to another conversation, from its beginning.
func (l *listener) change(from, to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conversation == from && from != to {
		l.conversation, l.sent = to, 0
	}
}

// drain sends page after page of the conversation that the client sees.
func (l *listener) drain(ctx context.Context) error {
	for {
		conversation, sent := l.position()
		messages, err := l.chat.engine.After(ctx, l.visitor, conversation, sent, page)
		if err != nil {
			return fmt.Errorf("read after %d: %w", sent, err)
		}
		for _, m := range messages {
			if err := l.push(ctx, m); err != nil {
				return err
			}
		}
		if len(messages) < page {
			return nil
		}
		if _, now := l.position(); now == sent {
			return fmt.Errorf("message %d of %s is missing", sent+1, conversation)
		}
	}
}

// push sends a message, if it is the next one when there is room for it.
func (l *listener) push(ctx context.Context, m bot.Message) error {
	if _, sent := l.position(); m.Seq <= sent {
		return nil // came as a hint meanwhile
	}
	frame := l.chat.encode.push(m)
	if err := l.out.Wait(ctx, len(frame)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Conversation != l.conversation || m.Seq != l.sent+1 {
		return nil
	}
	if !l.out.Send(frame) {
		return ws.ErrClosed
	}
	l.sent = m.Seq
	return nil
}
