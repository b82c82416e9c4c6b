package webchat_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"faqbot/channels/httpapi"
	"faqbot/channels/webchat"
)

// TestBadFrames sends everything that no client of ours sends.
func TestBadFrames(t *testing.T) {
	s := start(t, nil)
	text := func(kind, rest string) string {
		return `{"t":"send","id":"client-0001","kind":"` + kind + `"` + rest + `}`
	}
	for _, tt := range []struct {
		name, frame string
		code        int
	}{
		{"empty", ``, 4000},
		{"not JSON", `{"t":`, 4000},
		{"two values", `{"t":"ping"}{"t":"ping"}`, 4000},
		{"array", `["ping"]`, 4000},
		{"string", `"ping"`, 4000},
		{"number", `1`, 4000},
		{"null", `null`, 4000},
		{"no kind", `{}`, 4000},
		{"kind is a number", `{"t":1}`, 4002},
		{"kind is null", `{"t":null}`, 4001},
		{"unknown kind", `{"t":"admin"}`, 4001},
		{"frame of the server", `{"t":"ack","id":"client-0001"}`, 4001},
		{"kind in capitals", `{"t":"PING"}`, 4001},
		{"unknown field", `{"t":"ping","x":1}`, 4002},
		{"field of another kind", `{"t":"ping","id":"client-0001"}`, 4002},
		{"field in capitals", `{"t":"send","ID":"client-0001","kind":"text","text":"x"}`, 4002},
		{"unknown field inside", `{"t":"hello","profile":{"admin":true}}`, 4002},
		{"text is a number", text("text", `,"text":1`), 4002},
		{"seq is a text", `{"t":"read","seq":"1"}`, 4002},
		{"seq is broken", `{"t":"read","seq":1.5}`, 4002},
		{"seq is endless", `{"t":"read","seq":1e400}`, 4002},
		{"seq is beyond 64 bits", `{"t":"read","seq":9223372036854775808}`, 4002},
		{"seq is negative", `{"t":"read","seq":-1}`, 4003},
		{"after is negative", `{"t":"resume","conversation":"c1","after":-1}`, 4003},
		{"resume without conversation", `{"t":"resume","after":1}`, 4003},
		{"history without conversation", `{"t":"history","n":1,"before":1}`, 4003},
		{"conversation is long", `{"t":"resume","conversation":"` + strings.Repeat("c", 65) + `"}`, 4003},
		{"no id", `{"t":"send","kind":"text","text":"x"}`, 4003},
		{"short id", `{"t":"send","id":"1234567","kind":"text","text":"x"}`, 4003},
		{"long id", `{"t":"send","id":"` + strings.Repeat("x", 65) + `","kind":"text","text":"x"}`, 4003},
		{"id with a space", `{"t":"send","id":"client 0001","kind":"text","text":"x"}`, 4003},
		{"message kind of the bot", text("answer", `,"text":"x"`), 4003},
		{"no message kind", `{"t":"send","id":"client-0001","text":"x"}`, 4003},
		{"tags is a text", text("rating", `,"tags":"x"`), 4002},
		{"yes is a text", text("feedback", `,"of":1,"yes":"yes"`), 4002},
		{"nothing said", text("text", `,"text":""`), 4003},
		{"nothing but NUL", text("text", `,"text":"\u0000"`), 4003},
		{"feedback of nothing", text("feedback", `,"of":99,"yes":true`), 4040},
		{"text too long", text("text", `,"text":"`+strings.Repeat("长", 501)+`"`), 4131},
		{"nested 9 deep", `{"t":"hello","profile":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`, 4005},
		{"nested 8000 deep", strings.Repeat(`{"t":`, 2700), 4005},
		{"hello twice", `{"t":"hello"}`, 4004},
		{"resume of a stranger", `{"t":"resume","conversation":"c1","after":0}`, 4040},
		{"history of a stranger", `{"t":"history","n":1,"conversation":"c1","before":9}`, 4040},
		{"read of a stranger", `{"t":"read","seq":1,"conversation":"c1"}`, 4040},
		{"resume of what never was", `{"t":"resume","conversation":"nothing","after":0}`, 4040},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stranger := s.session("")
			owner := s.open(stranger.Token)
			owner.say("stranger-0001", "秘密") // conversation c1, the first time
			owner.expect("ack")
			defer owner.Close()
			v := s.open("")
			defer v.Close()
			v.send("%s", tt.frame)
			f, err := v.read()
			if err != nil || f.T != "error" || f.Code != tt.code || f.Text == "" {
				t.Fatalf("got %+v, %v, want error %d", f, err, tt.code)
			}
			v.send(`{"t":"ping"}`)
			v.expect("pong") // it goes on
		})
	}
}

func TestHelloFirst(t *testing.T) {
	s := start(t, nil)
	v := s.dial(s.session("").Ticket)
	v.say("client-0001", "x")
	if f, err := v.read(); err != nil || f.Code != 4004 || f.ID != "client-0001" {
		t.Fatalf("got %+v, %v", f, err)
	}
	v.send(`{"t":"hello"}`)
	v.expect("ready")
}

// TestForeignHello names the conversation of somebody else.
func TestForeignHello(t *testing.T) {
	s := start(t, nil)
	owner := s.open("")
	owner.say("client-0001", "秘密")
	conversation := owner.expect("ack").Conversation
	v := s.dial(s.session("").Ticket)
	v.send(`{"t":"hello","conversation":%q,"after":0}`, conversation)
	if f := v.expect("ready"); !f.Reset || f.Conversation != "" || len(f.Messages) > 0 {
		t.Fatalf("ready = %+v", f)
	}
	owner.say("client-0002", "还有一个秘密")
	owner.expect("ack")
	v.send(`{"t":"ping"}`)
	if f, err := v.read(); err != nil || f.T != "pong" {
		t.Errorf("a stranger got %+v, %v", f, err)
	}
}

// TestOddTexts sends texts that are taken, cleaned.
func TestOddTexts(t *testing.T) {
	s := start(t, nil)
	v := s.open("")
	for i, tt := range []struct{ json, want string }{
		{`退\u0000款`, "退款"},
		{`付款\u202egpj.exe`, "付款gpj.exe"},
		{`a\ud800b`, "a\ufffdb"},
		{`\udc00\ud800`, "\ufffd\ufffd"},
		{`a\r\nb`, "a\nb"},
		{`<img src=x onerror=alert(1)>`, "<img src=x onerror=alert(1)>"},
		{`e` + strings.Repeat(`\u0301`, 40), "e\u0301\u0301\u0301\u0301"},
		{`👨\u200d👩\u200d👧`, "👨\u200d👩\u200d👧"},
	} {
		v.send(`{"t":"send","id":"client-%04d","kind":"text","text":"%s"}`, i, tt.json)
		got := v.expectSeqs(int64(2*i+1), int64(2*i+2))
		if got[0].Text != tt.want || got[0].HTML != "" {
			t.Errorf("%s came back as %+q, %q", tt.json, got[0].Text, got[0].HTML)
		}
		if strings.Contains(got[1].HTML, "onerror") {
			t.Errorf("the answer runs what was sent: %q", got[1].HTML)
		}
	}
}

func TestReplayedIDs(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	for _, id := range []string{"client-0002", "client-0001", "client-0002", "client-0002"} {
		v.say(id, "问"+id)
	}
	acks := map[string][]int64{}
	for range 4 {
		f := v.expect("ack")
		acks[f.ID] = append(acks[f.ID], f.Seq)
	}
	if fmt.Sprint(acks) != "map[client-0001:[3] client-0002:[1 1 1]]" {
		t.Errorf("acks = %v", acks)
	}
	if n := len(s.engine.log(who.visitor())); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

func TestBadTransport(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind int
		data []byte
		code int
	}{
		{"binary", websocket.BinaryMessage, []byte(`{"t":"ping"}`), 1003},
		{"not UTF-8", websocket.TextMessage, []byte("{\"t\":\"p\xffing\"}"), 1007},
		{"surrogate in UTF-8", websocket.TextMessage, []byte("{\"t\":\"\xed\xa0\x80\"}"), 1007},
		{"16385 bytes", websocket.TextMessage, []byte(strings.Repeat(" ", 16385)), 1009},
		{"1 MB", websocket.TextMessage, []byte(strings.Repeat("x", 1<<20)), 1009},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, nil)
			v := s.open("")
			if err := v.WriteMessage(tt.kind, tt.data); err != nil {
				t.Fatal(err)
			}
			v.expectClose(tt.code)
		})
	}
	t.Run("16384 bytes", func(t *testing.T) {
		v := start(t, nil).open("")
		v.send("%s", `{"t":"ping"}`+strings.Repeat(" ", 16384-12))
		v.expect("pong")
	})
}

func TestFloods(t *testing.T) {
	t.Run("frames", func(t *testing.T) {
		v := start(t, func(c *webchat.Config) { c.Limits.Frames = httpapi.Rate{PerSecond: 1, Burst: 30} }).open("")
		for range 40 {
			if v.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping"}`)) != nil {
				break
			}
		}
		v.expectClose(3201)
	})
	t.Run("bad frames", func(t *testing.T) {
		v := start(t, nil).open("")
		for range 22 {
			if v.WriteMessage(websocket.TextMessage, []byte(`{}`)) != nil {
				break
			}
		}
		v.expectClose(3301)
	})
	t.Run("messages", func(t *testing.T) {
		v := start(t, func(c *webchat.Config) { c.Limits.Messages.Visitor = httpapi.Rate{PerSecond: 1, Burst: 3} }).open("")
		for i := range 4 {
			v.say(fmt.Sprintf("client-%04d", i), "x")
		}
		for {
			f, err := v.read()
			if err != nil {
				t.Fatal(err)
			}
			if f.T != "error" {
				continue
			}
			if f.Code != 4290 || f.RetryAfter <= 0 || f.ID != "client-0003" {
				t.Errorf("got %+v", f)
			}
			return
		}
	})
	t.Run("sessions", func(t *testing.T) {
		s := start(t, func(c *webchat.Config) { c.Limits.Sessions.Network = httpapi.Rate{PerSecond: .1, Burst: 3} })
		for range 3 {
			s.session("")
		}
		if reply, body := s.request("POST", "/chat/session", "", nil); reply.StatusCode != 429 || reply.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "4290") {
			t.Errorf("got %d %s", reply.StatusCode, body)
		}
	})
}

func TestSession(t *testing.T) {
	s := start(t, nil)
	one := s.session("")
	if one.Visitor == "" || one.Ticket == "" || one.ExpiresIn != 60 || one.Limits.Text != 500 || one.Limits.Frame != 16384 || one.Texts["welcome"] != "您好 " || len(one.Hot) != 1 {
		t.Errorf("session = %+v", one)
	}
	if again := s.session(one.Token); again.Visitor != one.Visitor || again.Token != one.Token || again.Ticket == one.Ticket {
		t.Errorf("again = %+v", again)
	}
	for name, token := range map[string]string{"ticket": one.Ticket, "changed": one.Token + "A", "first letter": "B" + one.Token[1:], "rubbish": "a.b.c"} {
		if got := s.session(token); got.Visitor == one.Visitor {
			t.Errorf("%s passes as a token", name)
		}
	}
	rotated := start(t, func(c *webchat.Config) {
		c.Keys = [][]byte{[]byte(strings.Repeat("n", 32)), []byte(strings.Repeat("k", 32))}
	})
	fresh := rotated.session(one.Token)
	if fresh.Visitor != one.Visitor || fresh.Token == one.Token {
		t.Errorf("after the keys were changed: %+v", fresh)
	}
	last := start(t, func(c *webchat.Config) { c.Keys = [][]byte{[]byte(strings.Repeat("n", 32))} })
	if got := last.session(fresh.Token); got.Visitor != one.Visitor {
		t.Error("the new token is not signed with the new key")
	}
	if got := last.session(one.Token); got.Visitor == one.Visitor {
		t.Error("the old key is still believed")
	}
}

func TestBadRequests(t *testing.T) {
	s := start(t, nil)
	token := s.session("").Token
	for _, tt := range []struct {
		name, method, path, token, body string
		status, code                    int
	}{
		{"session not JSON", "POST", "/chat/session", "", "{", 400, 4000},
		{"session is a list", "POST", "/chat/session", "", "[]", 400, 4000},
		{"session of a wrong type", "POST", "/chat/session", "", `{"token":1}`, 400, 4002},
		{"session of a bad account", "POST", "/chat/session", "", `{"account":"a/b"}`, 400, 4003},
		{"session too large", "POST", "/chat/session", "", `{"page":"` + strings.Repeat("x", 17000) + `"}`, 413, 4130},
		{"session too deep", "POST", "/chat/session", "", strings.Repeat("[", 100), 400, 4005},
		{"session with GET", "GET", "/chat/session", "", "", 405, 4050},
		{"send without token", "POST", "/chat/send", "", `{"t":"ping"}`, 401, 4010},
		{"send with another token", "POST", "/chat/send", token + "x", `{"t":"ping"}`, 401, 4010},
		{"send too large", "POST", "/chat/send", token, strings.Repeat("x", 17000), 413, 4130},
		{"poll without token", "GET", "/chat/poll", "", "", 401, 4010},
		{"poll of a stranger", "GET", "/chat/poll?conversation=c1&after=0", token, "", 404, 4040},
		{"poll after nothing", "GET", "/chat/poll?after=x", token, "", 400, 4003},
		{"poll after less", "GET", "/chat/poll?after=-1", token, "", 400, 4003},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reply, body := s.request(tt.method, tt.path, tt.token, []byte(tt.body))
			if reply.StatusCode != tt.status || !strings.Contains(string(body), fmt.Sprintf(`{"error":{"code":%d,"text":`, tt.code)) {
				t.Errorf("got %d %s, want %d %d", reply.StatusCode, body, tt.status, tt.code)
			}
			if reply.Header.Get("X-Content-Type-Options") != "nosniff" || reply.Header.Get("X-Request-Id") == "" {
				t.Errorf("headers = %v", reply.Header)
			}
		})
	}
	r, _ := http.NewRequest("POST", s.URL+"/chat/session", nil)
	r.Header.Set("Origin", "https://evil.example")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	if reply.StatusCode != 403 {
		t.Errorf("a session from a foreign page: %d", reply.StatusCode)
	}
}
