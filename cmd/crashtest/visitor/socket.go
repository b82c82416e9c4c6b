package visitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/cmd/crashtest/history"
)

const (
	pingEvery = 15 * time.Second
	deadAfter = 45 * time.Second // without a word of the server
	writeTime = 10 * time.Second
	retryTime = time.Second // after a provisional answer
	shortest  = 10 * time.Millisecond
	maxReply  = 1 << 20
)

// Run visits the chat again and again until ctx ends.
func (v *Visitor) Run(ctx context.Context) {
	for ctx.Err() == nil {
		pause := v.visit(ctx)
		v.lost()
		v.rest(ctx, pause)
	}
}

// Leave notes that the visitor goes away for good; Run must end then.
func (v *Visitor) Leave() { v.note(history.Event{Kind: history.Gone}) }

// rest waits the pause that the server asked for and a random one.
func (v *Visitor) rest(ctx context.Context, pause time.Duration) {
	v.mu.Lock()
	longest := min(v.c.LongestPause, v.c.FirstPause<<min(v.tries, 16))
	v.tries++
	pause += time.Duration(v.c.Rand.Int64N(int64(longest) + 1))
	v.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

// visit is one connection from its session to its end. It returns how long the
// server wants to be left alone.
func (v *Visitor) visit(ctx context.Context) (pause time.Duration) {
	s, pause, err := v.session(ctx)
	if err != nil {
		return pause
	}
	conn, pause, err := v.dial(ctx, s)
	if err != nil {
		return pause
	}
	l := &line{v: v, conn: conn, frames: make(chan frame), pushed: map[string]int64{}}
	return l.run(ctx)
}

// session asks who we are and for a ticket.
func (v *Visitor) session(ctx context.Context) (s session, pause time.Duration, err error) {
	v.mu.Lock()
	body, _ := json.Marshal(map[string]string{"token": v.token, "page": v.c.URL + "/"}) // cannot fail
	v.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.c.URL+"/chat/session", bytes.NewReader(body))
	if err != nil {
		return s, 0, fmt.Errorf("ask for a session: %w", err)
	}
	request.Header = v.header()
	request.Header.Set("Content-Type", "application/json")
	reply, err := v.c.HTTP.Do(request)
	if err != nil {
		return s, 0, fmt.Errorf("ask for a session: %w", err)
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(io.LimitReader(reply.Body, maxReply))
	if err != nil {
		return s, 0, fmt.Errorf("read the session: %w", err)
	}
	if reply.StatusCode != http.StatusOK {
		return s, v.refused("session", reply), fmt.Errorf("ask for a session: %s", reply.Status)
	}
	if err := json.Unmarshal(data, &s); err != nil || s.Ticket == "" {
		v.breach("a session without a ticket: %.200s", data)
		return s, 0, errors.New("the session has no ticket")
	}
	v.known(s)
	return s, 0, nil
}

// known keeps the token. A token that the server once gave must stay good.
func (v *Visitor) known(s session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.self != "" && v.self != s.Visitor {
		v.breach("the visitor %s became %s with the same token", v.self, s.Visitor)
	}
	v.token, v.self = s.Token, s.Visitor
}

func (v *Visitor) header() http.Header {
	h := http.Header{"Origin": {v.c.URL}}
	if v.c.Address != "" {
		h.Set("X-Forwarded-For", v.c.Address)
	}
	return h
}

// refused reads from an error of HTTP how long to wait.
func (v *Visitor) refused(what string, reply *http.Response) time.Duration {
	if s := reply.StatusCode; s != http.StatusServiceUnavailable && s != http.StatusTooManyRequests {
		v.breach("%s: %s", what, reply.Status)
	}
	seconds, err := strconv.ParseFloat(reply.Header.Get("Retry-After"), 64)
	if err != nil {
		return 0
	}
	return v.patient(seconds)
}

// patient is how long we wait when the server asks for so many seconds.
func (v *Visitor) patient(seconds float64) time.Duration {
	return time.Duration(seconds * v.c.Patience * float64(time.Second))
}

func (v *Visitor) dial(ctx context.Context, s session) (*websocket.Conn, time.Duration, error) {
	address := "ws" + strings.TrimPrefix(v.c.URL, "http") + "/chat/socket?ticket=" + url.QueryEscape(s.Ticket)
	conn, reply, err := v.c.Dialer.DialContext(ctx, address, v.header())
	if err == nil {
		return conn, 0, nil
	}
	var pause time.Duration
	if reply != nil && reply.StatusCode != http.StatusSwitchingProtocols {
		pause = v.refused("socket", reply)
	}
	return nil, pause, fmt.Errorf("open a socket: %w", err)
}

// line is one open socket.
type line struct {
	v      *Visitor
	conn   *websocket.Conn
	frames chan frame
	ended  error // why there are no more frames
	// pushed is the last message that came by itself, by conversation.
	pushed  map[string]int64
	greeted bool
	resumed bool // asked for what is missing, no answer yet
	retry   <-chan time.Time
	read    int64
}

// run speaks until the socket ends.
func (l *line) run(ctx context.Context) (pause time.Duration) {
	defer l.conn.Close()
	stop := make(chan struct{})
	defer close(stop)
	go l.receive(stop)
	l.hello()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case f, ok := <-l.frames:
			if !ok {
				return l.end()
			}
			l.take(f)
		case <-l.v.wake:
		case <-l.retry:
			l.retry = nil
		case <-ping.C:
			l.write(plainFrame{"ping"})
		case <-ctx.Done():
			return 0
		}
		l.flush()
	}
}

// receive reads frames until the socket ends.
func (l *line) receive(stop <-chan struct{}) {
	defer close(l.frames)
	for {
		_ = l.conn.SetReadDeadline(time.Now().Add(deadAfter)) // fails only on a closed one
		kind, data, err := l.conn.ReadMessage()
		if err != nil {
			l.ended = err
			return
		}
		var f frame
		if err := json.Unmarshal(data, &f); kind != websocket.TextMessage || err != nil {
			f = frame{T: fmt.Sprintf("%.100q", data)}
		}
		select {
		case l.frames <- f:
		case <-stop:
			return
		}
	}
}

// end reads from the number of the close how long to stay away.
func (l *line) end() time.Duration {
	var closed *websocket.CloseError
	if !errors.As(l.ended, &closed) {
		return 0
	}
	switch c := closed.Code; {
	case c == websocket.CloseUnsupportedData, c == websocket.CloseInvalidFramePayloadData, c == websocket.CloseMessageTooBig,
		c >= 3300 && c < 3400:
		l.v.breach("closed for a fault of ours: %v", closed)
	case c >= 3200 && c < 3300:
		var seconds float64
		if _, err := fmt.Sscanf(closed.Text, "retry_after=%f", &seconds); err != nil {
			l.v.breach("closed without saying for how long: %v", closed)
		}
		return l.v.patient(seconds)
	}
	return 0
}

func (l *line) write(frame any) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(writeTime)) // fails only on a closed one
	_ = l.conn.WriteJSON(frame)                            // the reader notices
}

func (l *line) hello() {
	l.v.mu.Lock()
	defer l.v.mu.Unlock()
	l.write(helloFrame{"hello", l.v.state.Conversation, l.v.state.Last})
}

// take handles one frame of the server.
func (l *line) take(f frame) {
	l.v.mu.Lock()
	defer l.v.mu.Unlock()
	if !l.greeted && f.T != "ready" && f.T != "error" {
		l.v.breach("%s before ready", f.T)
	}
	switch f.T {
	case "ready":
		l.ready(f)
	case "ack":
		l.ack(f)
	case "message":
		l.message(f)
	case "messages":
		l.messages(f)
	case "history":
		l.history(f)
	case "provisional":
		l.postpone(f.ID, retryTime)
	case "error":
		l.error(f)
	case "queue":
		if l.v.c.Placed != nil {
			l.v.c.Placed(f.Conversation, f.Ahead)
		}
	case "suggestions", "typing", "seen", "pong":
	default:
		l.v.breach("an unknown frame: %s", f.T)
	}
}

// ready takes over what the server says we lack.
func (l *line) ready(f frame) {
	v := l.v
	l.greeted = true
	if f.Reset {
		v.forget()
	} else if v.state.Conversation != "" && f.Conversation != v.state.Conversation {
		v.breach("ready for %s without reset", f.Conversation)
		v.forget()
	}
	if v.state.Conversation == "" && f.Conversation != "" {
		after := f.Seq
		if len(f.Messages) > 0 {
			after = f.Messages[0].Seq - 1
		}
		v.begin(f.Conversation, after)
	}
	for _, m := range f.Messages {
		if m.Conversation != v.state.Conversation || m.Seq != v.state.Last+1 {
			v.breach("ready with #%d after #%d", m.Seq, v.state.Last)
		}
		v.arrive(m)
	}
	if f.Conversation != "" && v.state.Last < f.Seq {
		v.breach("ready says #%d and brings messages up to #%d", f.Seq, v.state.Last)
	}
	l.pushed[f.Conversation] = f.Seq
	v.state.Connected = true
	v.state.Connects++
	v.tries = 0
	v.change()
}

func (l *line) ack(f frame) {
	v := l.v
	v.note(history.Event{Kind: history.OK, ClientID: f.ID, Conversation: f.Conversation, Seq: f.Seq})
	if v.settle(f.ID) == nil {
		v.breach("an ack for %q, which is not on its way", f.ID)
	}
	if f.Conversation == v.state.Conversation {
		v.state.LastAcked = max(v.state.LastAcked, f.Seq)
	}
}

// message takes one that came by itself: in order, and once on each socket.
func (l *line) message(f frame) {
	if f.Message == nil || f.Message.Seq < 1 || f.Message.Conversation != f.Conversation {
		l.v.breach("a message that is none: %+v", f.Message)
		return
	}
	m := *f.Message
	if before := l.pushed[m.Conversation]; m.Seq <= before {
		l.v.breach("#%d of %s came after #%d", m.Seq, m.Conversation, before)
	}
	l.pushed[m.Conversation] = m.Seq
	if l.v.arrive(m) {
		l.resume()
	}
}

// resume asks for what is missing, once at a time.
func (l *line) resume() {
	if !l.resumed {
		l.resumed = true
		l.write(helloFrame{"resume", l.v.state.Conversation, l.v.state.Last})
	}
}

func (l *line) messages(f frame) {
	l.resumed = false
	gap := false
	for _, m := range f.Messages {
		gap = l.v.arrive(m)
	}
	if gap {
		l.resume()
	}
}

// history takes older messages and asks for those before them.
func (l *line) history(f frame) {
	s := l.v.scroll
	if s == nil || f.N != s.n {
		return // of a scroll that was given up
	}
	for _, m := range f.Messages {
		l.v.older(m)
	}
	s.asked = false
	if len(f.Messages) > 0 {
		s.top = spot{f.Messages[0].Conversation, f.Messages[0].Seq}
	}
	if !f.More {
		l.v.scroll, l.v.state.AtTop = nil, true
		l.v.change()
	} else if len(f.Messages) == 0 {
		l.v.breach("history without messages says that there are more")
		l.v.scroll = nil
	}
}

func (l *line) error(f frame) {
	v := l.v
	switch {
	case f.ID != "" && isFinal(f.Code):
		v.note(history.Event{Kind: history.Fail, ClientID: f.ID, Text: fmt.Sprintf("%d %s", f.Code, f.Text)})
		v.settle(f.ID)
	case f.ID != "":
		l.postpone(f.ID, time.Duration(f.RetryAfter*float64(time.Second)))
	case !l.greeted:
		_ = l.conn.Close() // begin again
	case isFinal(f.Code):
		v.breach("error %d %s", f.Code, f.Text)
	}
}

// postpone keeps a message for a while.
func (l *line) postpone(id string, wait time.Duration) {
	for _, u := range l.v.queue {
		if u.id == id {
			u.flying = false
			if until := time.Now().Add(max(wait, shortest)); until.After(u.notUntil) {
				u.notUntil = until
			}
		}
	}
}

// flush sends what may be sent.
func (l *line) flush() {
	l.v.mu.Lock()
	defer l.v.mu.Unlock()
	if !l.greeted {
		return
	}
	flying := 0
	for _, u := range l.v.queue {
		if flying >= l.v.c.Window {
			break
		}
		if !u.flying && !l.due(u) {
			continue
		}
		flying++
		if !u.flying {
			l.send(u)
		}
	}
	l.ask()
	l.markRead()
}

// due reports whether a message may go, and else sees to it that it will.
func (l *line) due(u *unsent) bool {
	wait := time.Until(u.notUntil)
	if wait > 0 && l.retry == nil {
		l.retry = time.After(wait)
	}
	return wait <= 0
}

func (l *line) send(u *unsent) {
	u.flying = true
	l.v.note(history.Event{Kind: history.Invoke, ClientID: u.id, Type: u.what.Kind, Text: u.what.Text})
	l.write(sendFrame{"send", u.id, u.what})
}

// ask asks for older messages while scrolling.
func (l *line) ask() {
	v, s := l.v, l.v.scroll
	if s == nil || s.asked {
		return
	}
	if v.state.Conversation == "" {
		v.scroll, v.state.AtTop = nil, true
		v.change()
		return
	}
	if s.top.conversation == "" {
		s.top = spot{v.state.Conversation, v.first}
	}
	s.asked = true
	s.n++
	l.write(historyFrame{"history", s.n, s.top.conversation, s.top.seq})
}

// markRead says now and then what was seen.
func (l *line) markRead() {
	const every = 6
	if s := l.v.state; s.Last >= l.read+every {
		l.read = s.Last
		l.write(readFrame{"read", s.Last, s.Conversation})
	}
}
