package visitor_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/cmd/crashtest/history"
)

// fault is a bug that the fake server can be given.
type fault string

// The planted bugs. Those of a crash happen when the fake is crashed, the others
// once, at the third message.
const (
	none          fault = ""
	losesAcked    fault = "forgets the last acknowledged turn in a crash"
	stalesSeq     fault = "forgets it, but not its number"
	duplicates    fault = "stores a message again that is sent again after a crash"
	reorders      fault = "changes the order of the last turns in a crash"
	renumbers     fault = "counts on after a crash as if there had been more messages"
	acksEarly     fault = "acknowledges a message that it never stores"
	acksAnother   fault = "acknowledges a resend as another message"
	storesRefused fault = "stores a message that it refuses"
	answersTwice  fault = "answers a question twice"
	forgetsReply  fault = "answers nothing"
	noRevision    fault = "does not say what state of the knowledge it answered from"
	goesBack      fault = "answers from an older state of the knowledge"
	neverPushes   fault = "never brings one message"
	pushesTwice   fault = "brings one message twice"
	pushesWrong   fault = "brings another text than it stores"
	swallowsLeave fault = "does not keep a leave-message"
	swapsVisitors fault = "puts a message into another visitor's conversation"
	newStranger   fault = "does not know its visitors again after a crash"
)

// fakeChat speaks just enough of the protocol. Its answers repeat the question.
type fakeChat struct {
	fault   fault
	upgrade websocket.Upgrader

	mu       sync.Mutex // guards all below
	talks    []*history.Talk
	leaves   []bot.Leave
	people   map[string]*fakePerson // by token
	messages int                    // stored so far
	crashes  int
	// swallow ends the socket instead of acknowledging the next messages.
	swallow int
	// busy refuses the next messages for the moment.
	busy int
}

type fakePerson struct {
	talk    *history.Talk
	sockets map[*websocket.Conn]bool
}

func newFake(t *testing.T, f fault) (*fakeChat, *httptest.Server) {
	c := &fakeChat{fault: f, people: map[string]*fakePerson{}, upgrade: websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /chat/session", c.session)
	mux.HandleFunc("GET /chat/socket", c.socket)
	s := httptest.NewServer(mux)
	t.Cleanup(func() { c.crash(); s.Close() })
	return c, s
}

func (c *fakeChat) session(w http.ResponseWriter, r *http.Request) {
	var request struct{ Token string }
	if json.NewDecoder(r.Body).Decode(&request) != nil || r.Header.Get("Origin") == "" {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	token := request.Token
	if c.people[token] == nil || c.fault == newStranger && c.crashes > 0 {
		token = fmt.Sprint("person-", len(c.people))
		c.people[token] = &fakePerson{sockets: map[*websocket.Conn]bool{}}
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token, "ticket": token, "visitor": token})
}

func (c *fakeChat) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := c.upgrade.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	c.mu.Lock()
	p := c.people[r.URL.Query().Get("ticket")]
	c.mu.Unlock()
	for {
		var f map[string]any
		if conn.ReadJSON(&f) != nil {
			break
		}
		c.mu.Lock()
		if !c.frame(p, conn, f) {
			conn.Close()
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	delete(p.sockets, conn)
	c.mu.Unlock()
}

type object map[string]any

func say(conn *websocket.Conn, o object) { _ = conn.WriteJSON(o) }

func text(f map[string]any, name string) string { s, _ := f[name].(string); return s }

func number(f map[string]any, name string) int64 { n, _ := f[name].(float64); return int64(n) }

func wire(messages []bot.Message) []object {
	list := []object{}
	for _, m := range messages {
		list = append(list, object{"conversation": m.Conversation, "seq": m.Seq, "id": m.ClientID, "author": m.Author, "kind": m.Kind, "text": m.Text})
	}
	return list
}

// frame handles one frame and reports whether the socket stays open.
func (c *fakeChat) frame(p *fakePerson, conn *websocket.Conn, f map[string]any) bool {
	switch f["t"] {
	case "hello":
		c.hello(p, conn, f)
	case "resume":
		messages := p.talk.Messages[min(number(f, "after"), int64(len(p.talk.Messages))):]
		say(conn, object{"t": "messages", "conversation": p.talk.Conversation.ID, "messages": wire(messages)})
	case "history":
		c.history(p, conn, f)
	case "send":
		return c.send(p, conn, f)
	}
	return true
}

func (c *fakeChat) hello(p *fakePerson, conn *websocket.Conn, f map[string]any) {
	p.sockets[conn] = true
	if p.talk == nil {
		say(conn, object{"t": "ready", "conversation": "", "seq": 0, "reset": text(f, "conversation") != ""})
		return
	}
	id, messages := p.talk.Conversation.ID, p.talk.Messages
	after := number(f, "after")
	reset := text(f, "conversation") != id || after > int64(len(messages))
	if reset {
		after = max(0, int64(len(messages))-3)
	}
	say(conn, object{
		"t": "ready", "conversation": id, "seq": p.talk.Conversation.Seq, "messages": wire(messages[after:]),
		"reset": reset && text(f, "conversation") != "",
	})
}

func (c *fakeChat) history(p *fakePerson, conn *websocket.Conn, f map[string]any) {
	before := number(f, "before") - 1
	from := max(0, before-2)
	say(conn, object{
		"t": "history", "n": f["n"], "conversation": f["conversation"], "messages": wire(p.talk.Messages[from:before]), "more": from > 0,
	})
}

func (c *fakeChat) send(p *fakePerson, conn *websocket.Conn, f map[string]any) bool {
	id, words := text(f, "id"), text(f, "text")
	third := c.messages == 2
	switch {
	case c.busy > 0:
		c.busy--
		say(conn, object{"t": "error", "code": 4290, "id": id, "text": "slowly", "retry_after": 0.02})
		return true
	case words == "":
		say(conn, object{"t": "error", "code": 4003, "id": id, "text": "empty"})
		if c.fault == storesRefused {
			c.store(p, f)
		}
		return true
	}
	m, again := c.stored(p, id)
	switch {
	case again && c.fault == acksAnother:
		m.Seq++
	case again && c.fault == duplicates && c.crashes > 0, !again && !(third && c.fault == acksEarly):
		m = c.store(p, f)
	case !again:
		m = bot.Message{Conversation: p.talk.Conversation.ID, Seq: p.talk.Conversation.Seq + 1}
		c.messages++
	}
	if c.swallow > 0 {
		c.swallow--
		return false
	}
	say(conn, object{"t": "ack", "id": id, "conversation": m.Conversation, "seq": m.Seq})
	return true
}

func (c *fakeChat) stored(p *fakePerson, id string) (bot.Message, bool) {
	if p.talk != nil {
		for _, m := range p.talk.Messages {
			if m.ClientID == id {
				return m, true
			}
		}
	}
	return bot.Message{}, false
}

// store appends a turn and brings it to the sockets of the visitor.
func (c *fakeChat) store(p *fakePerson, f map[string]any) bot.Message {
	third := c.messages == 2
	c.messages++
	if p.talk == nil {
		p.talk = &history.Talk{Conversation: bot.Conversation{ID: fmt.Sprint("talk-", len(c.talks))}}
		c.talks = append(c.talks, p.talk)
	}
	talk := p.talk
	if third && c.fault == swapsVisitors {
		talk = c.talks[0] // of the first who spoke
	}
	from := len(talk.Messages)
	m := c.append(talk, bot.Message{Author: bot.FromVisitor, ClientID: text(f, "id"), Kind: bot.MessageKind(text(f, "kind")), Text: text(f, "text")})
	c.reply(talk, m, third)
	c.push(p, talk.Messages[from:], third)
	return m
}

func (c *fakeChat) append(talk *history.Talk, m bot.Message) bot.Message {
	talk.Conversation.Seq++
	m.Conversation, m.Seq = talk.Conversation.ID, talk.Conversation.Seq
	talk.Messages = append(talk.Messages, m)
	return m
}

func (c *fakeChat) reply(talk *history.Talk, m bot.Message, third bool) {
	switch {
	case m.Kind == bot.KindLeave:
		if c.fault != swallowsLeave {
			c.leaves = append(c.leaves, bot.Leave{Conversation: m.Conversation, Seq: m.Seq})
		}
		return
	case m.Kind != bot.KindText, third && c.fault == forgetsReply:
		return
	}
	trace := bot.TurnTrace{Seq: m.Seq, Reply: m.Seq + 1, Revision: 7, Trace: "{}"}
	switch {
	case third && c.fault == noRevision:
		trace.Revision = 0
	case third && c.fault == goesBack:
		trace.Revision = 6
	}
	talk.Traces = append(talk.Traces, trace)
	c.append(talk, bot.Message{Author: bot.FromBot, Kind: bot.KindAnswer, Text: "答：" + m.Text})
	if third && c.fault == answersTwice {
		c.append(talk, bot.Message{Author: bot.FromBot, Kind: bot.KindAnswer, Text: "答：" + m.Text})
	}
}

func (c *fakeChat) push(p *fakePerson, messages []bot.Message, third bool) {
	frames := wire(messages)
	switch {
	case third && c.fault == neverPushes:
		frames = nil
	case third && c.fault == pushesTwice:
		frames = append(frames, frames[len(frames)-1])
	case third && c.fault == pushesWrong:
		frames[0]["text"] = "something else"
	}
	for conn := range p.sockets {
		for _, f := range frames {
			say(conn, object{"t": "message", "conversation": f["conversation"], "message": f})
		}
	}
}

// crash ends all sockets at once, and does what the fault says.
func (c *fakeChat) crash() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.crashes++
	for _, p := range c.people {
		for conn := range p.sockets {
			conn.Close()
		}
	}
	for _, talk := range c.talks {
		c.damage(talk)
	}
}

func (c *fakeChat) damage(talk *history.Talk) {
	n := len(talk.Messages)
	if n < 4 || c.crashes > 1 {
		return
	}
	switch c.fault {
	case losesAcked, stalesSeq:
		talk.Messages = talk.Messages[:n-2]
		talk.Traces = talk.Traces[:len(talk.Traces)-1]
		if c.fault == losesAcked {
			talk.Conversation.Seq -= 2
		}
	case reorders:
		a, b := talk.Messages[n-4:n-2], talk.Messages[n-2:]
		for i := range a {
			a[i], b[i] = b[i], a[i]
			a[i].Seq, b[i].Seq = b[i].Seq, a[i].Seq
		}
	case renumbers:
		talk.Conversation.Seq += 2
	}
}

// log returns what is stored.
func (c *fakeChat) log() history.Log {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := history.Log{Leaves: c.leaves, Revision: 7}
	for _, t := range c.talks {
		copied := *t
		copied.Messages = append([]bot.Message(nil), t.Messages...)
		log.Talks = append(log.Talks, copied)
	}
	return log
}

// set changes the fake while it runs.
func (c *fakeChat) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// deadline is how long a test waits for what must happen.
const deadline = 10 * time.Second

// rules lists the rules that were broken.
func rules(found []history.Violation) string {
	var all strings.Builder
	for _, v := range found {
		fmt.Fprintln(&all, v)
	}
	return all.String()
}
