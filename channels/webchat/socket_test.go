package webchat_test

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/channels/webchat"
)

func TestDialogue(t *testing.T) {
	s := start(t, nil)
	v := s.open("")
	v.say("client-0001", "怎么退款")
	var ack frame
	var shown []message
	for ack.T == "" || len(shown) < 2 {
		f, err := v.read()
		if err != nil {
			t.Fatal(err)
		}
		switch f.T {
		case "ack":
			ack = f
		case "message":
			shown = append(shown, f.Message)
		}
	}
	if ack.ID != "client-0001" || ack.Seq != 1 || ack.Conversation == "" || ack.At == 0 {
		t.Errorf("ack = %+v", ack)
	}
	if shown[0].Text != "怎么退款" || shown[0].ID != "client-0001" || shown[0].HTML != "" {
		t.Errorf("own message = %+v", shown[0])
	}
	if shown[1].Text != "答：怎么退款" || shown[1].HTML != "<p>答：怎么退款</p>" || shown[1].Author != "bot" {
		t.Errorf("answer = %+v", shown[1])
	}
	if _, leaked := shown[1].Card["confidence"]; leaked {
		t.Error("the confidence is for nobody outside")
	}
	v.send(`{"t":"suggest","n":3,"text":"退款"}`)
	if f := v.expect("suggestions"); f.N != 3 || len(f.Options) != 1 || f.Options[0].Question != "退款怎么办" {
		t.Errorf("suggestions = %+v", f)
	}
	v.send(`{"t":"read","seq":2}`)
	v.send(`{"t":"ping"}`)
	v.expect("pong")
	if again := s.engine.visitors; len(again) != 1 {
		t.Errorf("%d visitors", len(again))
	}
}

func TestTwoTabs(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	one, two, stranger := s.open(who.Token), s.open(who.Token), s.open("")
	one.say("client-0001", "甲")
	two.say("client-0002", "乙")
	a, b := one.expectSeqs(1, 4), two.expectSeqs(1, 4)
	for i := range a {
		if a[i].Text != b[i].Text || a[i].Seq != b[i].Seq {
			t.Errorf("tabs differ at %d: %q, %q", i, a[i].Text, b[i].Text)
		}
	}
	one.send(`{"t":"send","id":"client-0003","kind":"close"}`)
	one.expectSeqs(5, 6)
	two.expectSeqs(5, 6)
	two.say("client-0004", "新的")
	one.expectSeqs(1, 2)
	two.expectSeqs(1, 2)
	stranger.send(`{"t":"ping"}`)
	if f, err := stranger.read(); err != nil || f.T != "pong" {
		t.Errorf("a stranger got %+v, %v", f, err)
	}
}

// TestResume drops the connection at every position.
func TestResume(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	for i := range 5 {
		v.say(fmt.Sprintf("client-%04d", i), "问")
	}
	conversation := v.expectSeqs(1, 10)[0].Conversation
	for after := range int64(11) {
		again := s.dial(s.session(who.Token).Ticket)
		again.send(`{"t":"hello","conversation":%q,"after":%d}`, conversation, after)
		ready := again.expect("ready")
		if ready.Reset || ready.Seq != 10 || ready.Conversation != conversation || int64(len(ready.Messages)) != 10-after {
			t.Fatalf("after %d: %+v", after, ready)
		}
		for i, m := range ready.Messages {
			if m.Seq != after+1+int64(i) {
				t.Fatalf("after %d message %d has seq %d", after, i, m.Seq)
			}
		}
		again.send(`{"t":"resume","conversation":%q,"after":%d}`, conversation, after)
		if f := again.expect("messages"); int64(len(f.Messages)) != 10-after {
			t.Fatalf("resume after %d: %d messages", after, len(f.Messages))
		}
		again.Close()
	}
	v.send(`{"t":"history","n":4,"conversation":%q,"before":6}`, conversation)
	if f := v.expect("history"); f.N != 4 || len(f.Messages) != 5 || f.More {
		t.Errorf("history = %+v", f)
	}
}

func TestResumeIsWhole(t *testing.T) {
	s := start(t, unlimited)
	who := s.session("")
	long := s.open(who.Token)
	for i := range 8 {
		long.say(fmt.Sprintf("client-%04d", i), "长")
	}
	conversation := long.expectSeqs(1, 16)[0].Conversation
	long.send(`{"t":"resume","conversation":%q,"after":0}`, conversation)
	var got []message
	for len(got) < 16 {
		got = append(got, long.expect("messages").Messages...)
	}
	for i, m := range got {
		if m.Seq != int64(i+1) || m.Kind == "answer" && m.Text != longAnswer {
			t.Fatalf("message %d has seq %d and %d bytes", i, m.Seq, len(m.Text))
		}
	}
}

// TestLostHints plays with a bus that may lose, repeat, strip or delay each hint.
// What is not lost for ever arrives in order, each once.
func TestLostHints(t *testing.T) {
	for seed := range int64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bus := &wild{LocalBus: bot.NewLocalBus(), draw: rand.New(rand.NewSource(seed)).Intn}
			s := startOn(t, bus, unlimited)
			who := s.session("")
			writer, reader := s.open(who.Token), s.open(who.Token)
			const turns = 20
			for i := range turns {
				writer.say(fmt.Sprintf("client-%04d", i), "问")
				writer.expect("ack")
			}
			log := s.engine.log(who.visitor())
			last := log[len(log)-1]
			// What other nodes find when they look into the store.
			bus.LocalBus.Publish(bot.Hint{Visitor: who.visitor().Key(), Conversation: last.Conversation, Seq: last.Seq})
			reader.expectSeqs(1, 2*turns)
		})
	}
}

// TestSaidDuringHello has a message come after the engine was asked what there is
// and before the listener knows it.
func TestSaidDuringHello(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := start(t, nil)
		who := s.session("")
		one := s.open(who.Token)
		seen := int64(0)
		if !first {
			one.say("client-0001", "甲")
			one.expectSeqs(1, 2)
			seen = 2
		}
		s.engine.set(func(e *fakeEngine) {
			e.looked = func() { one.say("client-0002", "乙"); one.expectSeqs(seen+1, seen+2) }
		})
		two := s.dial(s.session(who.Token).Ticket)
		two.send(`{"t":"hello"}`)
		if ready := two.expect("ready"); ready.Seq != seen {
			t.Fatalf("ready = %+v", ready)
		}
		two.expectSeqs(seen+1, seen+2)
	}
}

func TestSlowReader(t *testing.T) {
	s := start(t, func(c *webchat.Config) {
		unlimited(c)
		c.Socket.WriteTimeout = time.Minute
	})
	who := s.session("")
	slow := s.open(who.Token)
	v := s.open(who.Token)
	const turns = 100 // 11 MB, more than the kernel's buffers take
	for i := range int64(turns) {
		v.say(fmt.Sprintf("client-%04d", i), "长")
		v.expectSeqs(2*i+1, 2*i+2)
	}
	// It reads what was on its way, then the number.
	seen, conversation := int64(0), ""
	for {
		f, err := slow.read()
		if err != nil {
			if !websocket.IsCloseError(err, 3002) {
				t.Fatalf("closed with %v, want 3002", err)
			}
			break
		}
		if f.T == "message" {
			if f.Message.Seq != seen+1 {
				t.Fatalf("message %d after %d", f.Message.Seq, seen)
			}
			seen, conversation = f.Message.Seq, f.Conversation
		}
	}
	if seen >= 2*turns {
		t.Fatalf("the slow reader got all %d messages", seen)
	}
	again := s.dial(s.session(who.Token).Ticket)
	again.send(`{"t":"hello","conversation":%q,"after":%d}`, conversation, seen)
	if ready := again.expect("ready"); ready.Messages[0].Seq != seen+1 || int64(len(ready.Messages)) != 2*turns-seen {
		t.Errorf("healed with %d messages, want %d", len(ready.Messages), 2*turns-seen)
	}
}

func TestNoPong(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Socket.PingInterval = 100 * time.Millisecond })
	alive, dead := s.open(""), s.open("")
	pings := make(chan struct{}, 100)
	dead.SetPingHandler(func(string) error { pings <- struct{}{}; return nil }) // no pong
	done := make(chan struct{})
	go func() {
		defer close(done)
		alive.SetReadDeadline(time.Now().Add(patience))
		alive.ReadMessage() // answers pings until it is closed
	}()
	dead.expectClose(3001)
	if len(pings) == 0 {
		t.Error("no ping came")
	}
	select {
	case <-done:
		t.Error("the one that answers was closed too")
	default:
	}
	alive.Close()
	<-done
}

func TestShutdown(t *testing.T) {
	s := start(t, nil)
	one, two := s.open(""), s.open("")
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- s.chat.Shutdown(ctx, 50*time.Millisecond)
	}()
	one.expectClose(1001)
	two.expectClose(1001)
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if reply, _ := s.request("POST", "/chat/session", "", nil); reply.StatusCode != 503 || reply.Header.Get("Retry-After") == "" {
		t.Errorf("session while stopping: %d", reply.StatusCode)
	}
	if _, reply, err := s.tryDial("x", s.URL); err == nil || reply.StatusCode != 503 {
		t.Errorf("socket while stopping: %v", err)
	}
}

func TestProvisional(t *testing.T) {
	s := start(t, nil)
	v := s.open("")
	s.engine.set(func(e *fakeEngine) { e.down = true })
	v.say("client-0001", "怎么退款")
	if f, err := v.read(); err != nil || f.T != "error" || f.Code != 5031 || f.ID != "client-0001" || f.RetryAfter == 0 {
		t.Fatalf("got %+v, %v", f, err)
	}
	if f := v.expect("provisional"); f.ID != "client-0001" || len(f.Messages) != 1 || f.Messages[0].Seq != 0 || f.Messages[0].HTML == "" {
		t.Fatalf("provisional = %+v", f)
	}
	s.engine.set(func(e *fakeEngine) { e.down = false })
	v.say("client-0001", "怎么退款")
	if f := v.expect("ack"); f.Seq != 1 {
		t.Errorf("ack = %+v", f)
	}
}

func TestPanic(t *testing.T) {
	s := start(t, nil)
	v := s.open("")
	s.engine.set(func(e *fakeEngine) { e.panics = true })
	v.say("client-0001", "x")
	if f, err := v.read(); err != nil || f.Code != 5000 {
		t.Fatalf("got %+v, %v", f, err)
	}
	s.engine.set(func(e *fakeEngine) { e.panics = false })
	v.say("client-0001", "x")
	v.expect("ack")
}

func TestTyping(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	hints := make(chan bot.Hint, 10)
	v.say("client-0001", "x")
	conversation := v.expectSeqs(1, 2)[0].Conversation
	defer s.bus.Subscribe(func(h bot.Hint) {
		if h.Typing == bot.FromVisitor {
			hints <- h
		}
	})()
	for range 3 {
		v.send(`{"t":"typing"}`)
	}
	v.send(`{"t":"ping"}`)
	if f, err := v.read(); err != nil || f.T != "pong" {
		t.Fatalf("typing is answered with %+v, %v", f, err)
	}
	if len(hints) != 1 {
		t.Errorf("%d hints, want 1 of 3 s", len(hints))
	}
	s.bus.Publish(bot.Hint{Visitor: who.visitor().Key(), Conversation: conversation, Typing: bot.FromAgent})
	if f := v.expect("typing"); f.Author != "agent" {
		t.Errorf("typing = %+v", f)
	}
}

func TestOrigin(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Origins = []string{"https://app.example"} })
	for _, tt := range []struct {
		origin string
		ok     bool
	}{
		{s.URL, true}, {strings.Replace(s.URL, "http:", "https:", 1), true}, {"https://app.example", true}, {"https://APP.example", true},
		{"", false}, {"null", false}, {"https://evil.example", false}, {"https://app.example.evil.example", false},
		{"http://app.example", false}, {s.URL + ".evil.example", false}, {"file://" + strings.TrimPrefix(s.URL, "http://"), false},
	} {
		conn, reply, err := s.tryDial(s.session("").Ticket, tt.origin)
		if tt.ok != (err == nil) {
			t.Errorf("origin %q: %v", tt.origin, err)
		}
		if err == nil {
			conn.Close()
		} else if reply.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: status %d", tt.origin, reply.StatusCode)
		}
	}
}

func TestTickets(t *testing.T) {
	s := start(t, nil)
	used := s.session("").Ticket
	s.dial(used)
	other := start(t, func(c *webchat.Config) { c.Keys = [][]byte{[]byte(strings.Repeat("o", 32))} })
	who := s.session("")
	for name, ticket := range map[string]string{
		"used":          used,
		"none":          "",
		"token":         who.Token,
		"of other keys": other.session("").Ticket,
		"changed":       "A" + who.Ticket,
		"unsigned":      strings.SplitN(who.Ticket, ".", 2)[0] + ".",
		"huge":          strings.Repeat("A", 3000),
	} {
		t.Run(name, func(t *testing.T) { s.dial(ticket).expectClose(3101) })
	}
}

func TestCrowd(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Limits.PerVisitor = 2 })
	who := s.session("")
	one := s.open(who.Token)
	s.open(who.Token)
	s.dial(s.session(who.Token).Ticket).expectClose(3202)
	one.Close()
	s.open("")
}
