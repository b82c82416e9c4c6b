package webchat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"faqbot/bot"
)

// TestModel drives a client that does what the protocol asks of it, and is
// dropped, sends twice and out of order, over a bus that loses and mixes hints.
// In the end it shows exactly what the server holds.
func TestModel(t *testing.T) {
	bus := &wild{LocalBus: bot.NewLocalBus()}
	s := startOn(t, bus, unlimited)
	rapid.Check(t, func(rt *rapid.T) {
		bus.mu.Lock()
		bus.late = nil
		chance := rapid.SliceOfN(rapid.IntRange(0, 5), 64, 64).Draw(rt, "bus")
		next := 0
		bus.draw = func(n int) int { next++; return chance[next%len(chance)] % n }
		bus.mu.Unlock()
		c := &model{t: rt, s: s, who: s.session("")}
		defer c.drop()
		rt.Repeat(map[string]func(*rapid.T){
			"say":     func(*rapid.T) { c.say() },
			"resend":  func(rt *rapid.T) { c.resend(rapid.IntRange(0, 1000).Draw(rt, "which")) },
			"burst":   func(*rapid.T) { c.burst() },
			"drop":    func(*rapid.T) { c.drop() },
			"close":   func(*rapid.T) { c.close() },
			"resume":  func(*rapid.T) { c.resume() },
			"restart": func(*rapid.T) { c.forget() },
			"":        func(*rapid.T) { c.check() },
		})
		c.finish()
	})
}

// model is a client with its own idea of the conversation.
type model struct {
	t            *rapid.T
	s            *server
	who          session
	conn         *websocket.Conn
	ids          []string // of all messages said
	acks         map[string]int64
	conversation string
	shown        []message
}

// connect opens a socket if there is none, and says what it has.
func (c *model) connect() {
	if c.conn != nil {
		return
	}
	conn, _, err := c.s.tryDial(c.s.session(c.who.Token).Ticket, c.s.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	c.conn = conn
	c.write(`{"t":"hello","conversation":%q,"after":%d}`, c.conversation, c.last())
	c.until("ready")
}

func (c *model) write(format string, args ...any) {
	if err := c.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

// until takes frames until one of the kind came.
func (c *model) until(kind string) {
	for {
		v := visit{Conn: c.conn}
		f, err := v.read()
		if err != nil {
			c.t.Fatalf("no %s: %v", kind, err)
		}
		c.take(f)
		if f.T == kind {
			return
		}
	}
}

// take does with a frame what the protocol asks for.
func (c *model) take(f frame) {
	switch f.T {
	case "error":
		c.t.Fatalf("error %d", f.Code)
	case "ready":
		if f.Conversation != c.conversation || f.Reset {
			c.conversation, c.shown = f.Conversation, nil
		}
		c.add(f.Messages)
	case "message":
		if f.Conversation != c.conversation {
			if f.Message.Seq != 1 {
				c.t.Fatalf("%s begins with %d", f.Conversation, f.Message.Seq)
			}
			c.conversation, c.shown = f.Conversation, nil
		}
		if f.Message.Seq > c.last()+1 {
			c.t.Fatalf("a gap: %d after %d", f.Message.Seq, c.last())
		}
		c.add([]message{f.Message})
	case "messages":
		if f.Conversation == c.conversation {
			c.add(f.Messages)
		}
	case "ack":
		if seq, again := c.acks[f.ID]; again && seq != f.Seq {
			c.t.Fatalf("%s is %d and %d", f.ID, seq, f.Seq)
		}
		if c.acks == nil {
			c.acks = map[string]int64{}
		}
		c.acks[f.ID] = f.Seq
	}
}

// last returns the number of the last message that is shown.
func (c *model) last() int64 {
	if len(c.shown) == 0 {
		return 0
	}
	return c.shown[len(c.shown)-1].Seq
}

// add shows messages, each once.
func (c *model) add(messages []message) {
	for _, m := range messages {
		if len(c.shown) > 0 && m.Seq <= c.last() {
			continue
		}
		if len(c.shown) > 0 && m.Seq != c.last()+1 {
			c.t.Fatalf("%d follows %d", m.Seq, c.last())
		}
		c.shown = append(c.shown, m)
	}
}

func (c *model) say() {
	c.connect()
	c.ids = append(c.ids, fmt.Sprintf("client-%05d", len(c.ids)))
	c.resend(len(c.ids) - 1)
}

func (c *model) resend(which int) {
	if len(c.ids) == 0 {
		return
	}
	c.connect()
	id := c.ids[which%len(c.ids)]
	c.write(`{"t":"send","id":%q,"kind":"text","text":"问"}`, id)
	c.until("ack")
}

// burst sends two messages, waits for neither, and is gone.
func (c *model) burst() {
	c.connect()
	for range 2 {
		c.ids = append(c.ids, fmt.Sprintf("client-%05d", len(c.ids)))
		c.write(`{"t":"send","id":%q,"kind":"text","text":"问"}`, c.ids[len(c.ids)-1])
	}
	c.drop()
}

func (c *model) drop() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *model) close() {
	c.connect()
	c.ids = append(c.ids, fmt.Sprintf("client-%05d", len(c.ids)))
	c.write(`{"t":"send","id":%q,"kind":"close"}`, c.ids[len(c.ids)-1])
	c.until("ack")
}

func (c *model) resume() {
	c.connect()
	if c.conversation != "" {
		c.write(`{"t":"resume","conversation":%q,"after":%d}`, c.conversation, c.last())
		c.until("messages")
	}
}

func (c *model) forget() {
	c.drop()
	c.conversation, c.shown = "", nil
}

func (c *model) check() {
	for i, m := range c.shown {
		if m.Seq != c.shown[0].Seq+int64(i) || m.Conversation != c.conversation {
			c.t.Fatalf("place %d shows %d of %s, not of %s", i, m.Seq, m.Conversation, c.conversation)
		}
	}
}

// finish resends everything that was not acknowledged, comes back, and compares.
func (c *model) finish() {
	for i, id := range c.ids {
		if _, done := c.acks[id]; !done {
			c.resend(i)
		}
	}
	c.drop()
	c.connect()
	all := c.s.engine.log(c.who.visitor())
	seen := map[string]int{}
	var current []bot.Message
	for _, m := range all {
		if m.ClientID != "" {
			seen[m.ClientID]++
		}
		if m.Conversation == c.conversation {
			current = append(current, m)
		}
	}
	for _, id := range c.ids {
		if seen[id] != 1 {
			c.t.Fatalf("%s is there %d times", id, seen[id])
		}
	}
	c.compare(current)
}

func (c *model) compare(want []bot.Message) {
	if n := len(want) - len(c.shown); n > 0 && len(c.shown) >= 30 {
		want = want[n:] // the client began with the last ones, by a reset
	}
	if len(c.shown) != len(want) {
		c.t.Fatalf("%d messages are shown, the server has %d", len(c.shown), len(want))
	}
	for i, m := range want {
		got := c.shown[i]
		if got.Seq != m.Seq || got.Text != m.Text || got.ID != m.ClientID {
			c.t.Fatalf("message %d is shown as %+v", m.Seq, got)
		}
	}
}

// TestPushesHeal lets every hint be lost but the visitor's own acks: the tab that
// wrote gets its answers all the same.
func TestPushesHeal(t *testing.T) {
	bus := &wild{LocalBus: bot.NewLocalBus(), draw: func(int) int { return 0 }}
	s := startOn(t, bus, nil)
	v := s.open("")
	v.say("client-0001", "问")
	v.expectSeqs(1, 2)
	v.say("client-0002", "问")
	v.expectSeqs(3, 4)
	v.SetReadDeadline(time.Time{})
}
