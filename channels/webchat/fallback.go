package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

// basket is the outlet of a request: it collects the frames of the reply.
type basket struct {
	mu     sync.Mutex // guards frames
	frames []json.RawMessage
	filled chan struct{} // holds one token when there are frames
}

func newBasket() *basket { return &basket{filled: make(chan struct{}, 1)} }

// Send puts a frame into the reply.
func (b *basket) Send(frame []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames = append(b.frames, frame)
	select {
	case b.filled <- struct{}{}:
	default:
	}
	return true
}

// Wait says that there is always room.
func (b *basket) Wait(ctx context.Context, _ int) error { return ctx.Err() }

// take returns the frames. What comes later is lost; the client asks for it.
func (b *basket) take() []json.RawMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.frames == nil {
		return []json.RawMessage{}
	}
	return b.frames
}

func (b *basket) reply(w http.ResponseWriter) {
	httpapi.WriteJSON(w, http.StatusOK, map[string]any{"frames": b.take()})
}

// serveSend answers one frame.
func (c *Chat) serveSend(w http.ResponseWriter, r *http.Request) {
	who, ok := c.bearer(r)
	if !ok {
		c.refuse(w, fail(codeNotSignedIn))
		return
	}
	data, err := httpapi.ReadBody(w, r, maxFrame)
	if err != nil {
		c.refuse(w, bodyError(err))
		return
	}
	out := newBasket()
	guest := client{listener: c.listen(out, who, c.network(r)), profile: profileOf(r, who)}
	guest.greeted = !isHello(data)
	guest.answer(data)
	out.reply(w)
}

// isHello reports whether the frame says hello, which the fallback may do at any
// time.
func isHello(data []byte) bool {
	f, _ := decodeFrame(data)
	return f.T == "hello"
}

func profileOf(r *http.Request, who identity) bot.Profile {
	return bot.Profile{Agent: cut(bot.CleanText(r.UserAgent()), maxWords), Language: who.Language}
}

// servePoll waits for messages after those that the client has. It is a short
// life of what a socket does.
func (c *Chat) servePoll(w http.ResponseWriter, r *http.Request) {
	who, ok := c.bearer(r)
	if !ok {
		c.refuse(w, fail(codeNotSignedIn))
		return
	}
	conversation := r.URL.Query().Get("conversation")
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if r.URL.Query().Get("after") == "" {
		after, err = 0, nil
	}
	if err != nil || after < 0 || len(conversation) > maxID {
		c.refuse(w, fail(codeBadValue))
		return
	}
	network := c.network(r)
	if wait := c.gates.connects.take(who.visitor().Key(), network); wait > 0 {
		c.refuse(w, failAfter(codeTooFast, wait))
		return
	}
	out := newBasket()
	l := c.listen(out, who, network)
	if c.enter(l) != roomLeft {
		c.refuse(w, failAfter(codeTooMany, comeBackAfter*time.Second))
		return
	}
	defer c.exit(l)
	if err := c.poll(r.Context(), w, l, out, conversation, after); err != nil {
		c.refuse(w, c.told(err, "poll"))
		return
	}
	out.reply(w)
}

// poll returns when there is a frame, or when it has waited long enough.
func (c *Chat) poll(ctx context.Context, w http.ResponseWriter, l *listener, out *basket, conversation string, after int64) error {
	// A server that bounds the time of an answer must leave it to this one; where
	// it cannot be said, there is no bound.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(c.config.PollWait + frameLimit))
	l.start(conversation, after)
	if err := l.catchUp(ctx, true); err != nil {
		return err
	}
	timer := time.NewTimer(c.config.PollWait)
	defer timer.Stop()
	select {
	case <-out.filled:
	case <-timer.C:
	case <-ctx.Done():
		return nil
	case <-c.ctx.Done():
		return nil
	}
	l.tellPlace(ctx) // what changed between two polls
	return nil
}

// bearer returns whose token the request carries.
func (c *Chat) bearer(r *http.Request) (identity, bool) {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var who identity
	return who, found && c.signer.verify(purposeToken, token, &who)
}

func bodyError(err error) *httpapi.Error {
	if errors.Is(err, httpapi.ErrTooLarge) {
		return fail(codeFrameSize)
	}
	return fail(codeNotAFrame)
}
