package webchat_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/webchat"
)

// post sends a frame by the fallback.
func (s *server) post(token, format string, args ...any) []frame {
	s.t.Helper()
	reply, body := s.request("POST", "/chat/send", token, fmt.Appendf(nil, format, args...))
	return s.frames(reply.StatusCode, body)
}

func (s *server) poll(token, conversation string, after int64) []frame {
	s.t.Helper()
	reply, body := s.request("GET", fmt.Sprintf("/chat/poll?conversation=%s&after=%d", conversation, after), token, nil)
	return s.frames(reply.StatusCode, body)
}

func (s *server) frames(status int, body []byte) []frame {
	s.t.Helper()
	var got struct{ Frames []frame }
	if err := json.Unmarshal(body, &got); err != nil || status != 200 || got.Frames == nil {
		s.t.Fatalf("got %d %s", status, body)
	}
	return got.Frames
}

// TestFallback has the dialogue of TestDialogue without a socket.
func TestFallback(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = 50 * time.Millisecond })
	token := s.session("").Token
	if got := s.post(token, `{"t":"hello","conversation":"","after":0,"profile":{"page":"https://a.example"}}`); len(got) != 1 || got[0].T != "ready" {
		t.Fatalf("hello: %+v", got)
	}
	if got := s.poll(token, "", 0); len(got) != 0 {
		t.Errorf("poll of nothing: %+v", got)
	}
	got := s.post(token, `{"t":"send","id":"client-0001","kind":"text","text":"怎么退款"}`)
	if len(got) != 1 || got[0].T != "ack" || got[0].Seq != 1 {
		t.Fatalf("send: %+v", got)
	}
	conversation := got[0].Conversation
	if again := s.post(token, `{"t":"send","id":"client-0001","kind":"text","text":"怎么退款"}`); again[0].Seq != 1 {
		t.Errorf("again: %+v", again)
	}
	for after := range int64(2) {
		from := ""
		if after > 0 {
			from = conversation
		}
		got := s.poll(token, from, after)
		if int64(len(got)) != 2-after || got[0].T != "message" || got[0].Message.Seq != after+1 {
			t.Fatalf("poll after %d: %+v", after, got)
		}
	}
	for _, tt := range []struct {
		frame, kind string
		code        int
	}{
		{`{"t":"resume","conversation":"` + conversation + `","after":1}`, "messages", 0},
		{`{"t":"history","n":4,"conversation":"` + conversation + `","before":2}`, "history", 0},
		{`{"t":"suggest","n":5,"text":"退"}`, "suggestions", 0},
		{`{"t":"ping"}`, "pong", 0},
		{`{"t":"hello","conversation":"` + conversation + `","after":1}`, "ready", 0},
		{`{"t":"nothing"}`, "error", 4001},
		{`not JSON`, "error", 4000},
		{`{"t":"resume","conversation":"strange","after":1}`, "error", 4040},
	} {
		if got := s.post(token, "%s", tt.frame); len(got) != 1 || got[0].T != tt.kind || got[0].Code != tt.code {
			t.Errorf("%s: %+v", tt.frame, got)
		}
	}
	if got := s.post(token, `{"t":"read","seq":2}`); len(got) != 0 {
		t.Errorf("read: %+v", got)
	}
	if ready := s.post(token, `{"t":"hello"}`); ready[0].Read != 2 {
		t.Errorf("read up to %d, want 2", ready[0].Read)
	}
}

// TestPollWakes waits before anything is said, and sees a new conversation.
func TestPollWakes(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = patience })
	who := s.session("")
	socket := s.open(who.Token)
	socket.say("client-0001", "甲")
	conversation := socket.expectSeqs(1, 2)[0].Conversation
	polled := make(chan []frame)
	go func() { polled <- s.poll(who.Token, conversation, 2) }()
	for i := 2; ; i++ { // until one comes after the poll began
		socket.say(fmt.Sprintf("client-%04d", i), "乙")
		select {
		case got := <-polled:
			if len(got) == 0 || got[0].Message.Seq != 3 {
				t.Fatalf("poll = %+v", got)
			}
			socket.send(`{"t":"send","id":"client-last","kind":"close"}`)
			socket.say("client-next", "丙")
			next := s.post(who.Token, `{"t":"hello"}`)[0].Conversation
			all := s.poll(who.Token, conversation, 2)
			if last := all[len(all)-1]; last.Conversation == conversation && next != conversation {
				t.Errorf("the poll does not go on to %s: %+v", next, last)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestPollEndsAtShutdown(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = time.Hour })
	who := s.session("")
	polled, looked := make(chan []frame), make(chan struct{})
	s.engine.set(func(e *fakeEngine) { e.looked = func() { close(looked) } })
	go func() { polled <- s.poll(who.Token, "", 0) }()
	<-looked
	if err := s.chat.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-polled; len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestFallbackIsolation asks for the conversation of somebody else.
func TestFallbackIsolation(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = 30 * time.Millisecond })
	owner, stranger := s.session(""), s.session("")
	conversation := s.post(owner.Token, `{"t":"send","id":"client-0001","kind":"text","text":"秘密"}`)[0].Conversation
	if got := s.poll(stranger.Token, "", 0); len(got) != 0 {
		t.Errorf("a stranger polls %+v", got)
	}
	for _, f := range []string{`{"t":"resume","conversation":%q,"after":0}`, `{"t":"history","n":1,"conversation":%q,"before":9}`, `{"t":"read","seq":1,"conversation":%q}`} {
		if got := s.post(stranger.Token, f, conversation); len(got) != 1 || got[0].Code != 4040 {
			t.Errorf("%s: %+v", f, got)
		}
	}
	if v := (bot.Visitor{Channel: "web", ID: stranger.Visitor}); len(s.engine.log(v)) != 0 {
		t.Error("the stranger has messages")
	}
}
