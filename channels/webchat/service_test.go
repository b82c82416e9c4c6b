package webchat_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/webchat"
)

// secret stands in every field that visitors may not see.
const secret = "SECRET"

func internalCard() bot.Card {
	yes := true
	return bot.Card{
		Of: 77, Entry: secret, Question: secret, Options: []bot.Option{{Entry: secret, Question: secret}}, Actions: []bot.Action{secret},
		Yes: &yes, Stars: 3, Tags: []string{secret}, Name: secret, Contact: secret, Until: 77, File: &bot.File{ID: secret, Name: secret},
		Agent: secret, Nick: secret, To: secret, Group: secret, Note: secret, Reason: secret, Place: 77, Low: 77, High: 77, Waited: 77,
	}
}

// service is what happens between a handoff and its end, with all that is not for
// the visitor.
func service() []bot.Message {
	hidden := bot.Card{Agent: secret, To: secret, Group: secret, Note: secret, Reason: secret, Waited: 77}
	with := func(change func(c *bot.Card)) bot.Card {
		c := hidden
		change(&c)
		return c
	}
	nick := func(c *bot.Card) { c.Nick = "小李" }
	all := []bot.Message{
		{Author: bot.FromSystem, Kind: bot.KindQueued, Text: "排队", Card: with(func(c *bot.Card) { c.Place, c.Low, c.High = 3, 60, 180 })},
		{Author: bot.FromSystem, Kind: bot.KindAccepted, Text: "接入", Card: with(nick)},
		{Author: bot.FromAgent, Kind: bot.KindText, ClientID: "agent-0001", Text: "<b>您好</b>", Card: with(nick)},
		{Author: bot.FromAgent, Kind: bot.KindAnswer, ClientID: "agent-0002", Text: "<strong>您好</strong><script>x</script>", Card: with(nick)},
		{Author: bot.FromSystem, Kind: bot.KindTransferred, Text: "转接", Card: with(nick)},
		{Author: bot.FromSystem, Kind: bot.KindRequeued, Text: "重排", Card: with(nick)},
		{Author: bot.FromSystem, Kind: bot.KindTakenOver, Text: "接管", Card: with(nick)},
		{Author: bot.FromSystem, Kind: bot.KindReturned, Text: "还给机器人", Card: bot.Card{Agent: secret, Nick: "小李", Reason: "agent"}},
	}
	for _, kind := range []bot.MessageKind{
		bot.KindOffered, bot.KindPassed, bot.KindReminded, bot.KindWhisper, bot.KindNote, bot.KindSummary,
	} {
		all = append(all, bot.Message{Author: bot.FromAgent, Kind: kind, ClientID: secret + "-id", Text: secret, Card: internalCard()})
	}
	return append(all, bot.Message{Author: bot.FromAgent, Kind: bot.KindText, Text: "完", Card: with(nick)})
}

// raw reads a frame as it came. An ack may come at any time, and is passed over.
func (v *visit) raw() string {
	v.t.Helper()
	for {
		v.SetReadDeadline(time.Now().Add(patience))
		_, data, err := v.ReadMessage()
		if err != nil {
			v.t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), `{"t":"ack"`) {
			return string(data)
		}
	}
}

// TestNothingLeaks looks on every way that messages take to the visitor for what
// is not theirs.
func TestNothingLeaks(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = patience })
	who := s.session("")
	v := s.open(who.Token)
	v.say("client-0001", "问")
	conversation := v.expectSeqs(1, 2)[0].Conversation
	messages := service()
	s.engine.tell(who.visitor(), messages...)
	last := int64(2 + len(messages))

	ways := map[string][]string{}
	for range messages {
		ways["message"] = append(ways["message"], v.raw())
	}
	v.send(`{"t":"resume","conversation":%q,"after":2}`, conversation)
	ways["messages"] = []string{v.raw()}
	v.send(`{"t":"history","n":1,"conversation":%q,"before":%d}`, conversation, last+1)
	ways["history"] = []string{v.raw()}
	again := s.dial(s.session(who.Token).Ticket)
	again.send(`{"t":"hello","conversation":%q,"after":2}`, conversation)
	ways["ready"] = []string{again.raw()}
	_, body := s.request("GET", "/chat/poll?conversation="+conversation+"&after=2", who.Token, nil)
	ways["poll"] = []string{string(body)}
	for way, frames := range ways {
		checkSeen(t, way, strings.Join(frames, "\n"), messages)
	}
}

// checkSeen checks what the visitor sees of the messages, however it came.
func checkSeen(t *testing.T, way, seen string, sent []bot.Message) {
	t.Helper()
	for _, hidden := range []string{secret, ":77", `"waited"`, `"agent":`, `"to"`, `"group"`, `"note"`, "confidence"} {
		if at := strings.Index(seen, hidden); at >= 0 {
			t.Errorf("%s shows %s: …%s…", way, hidden, seen[max(0, at-80):min(len(seen), at+80)])
		}
	}
	for i, m := range sent {
		want := fmt.Sprintf(`"seq":%d,`, i+3)
		switch {
		case !strings.Contains(seen, want):
			t.Errorf("%s lacks message %d, %s", way, i+3, m.Kind)
		case m.Kind.Internal() && !strings.Contains(seen, want+`"author":"system","kind":"event","text":""}`):
			t.Errorf("%s shows more of %s than that it is there", way, m.Kind)
		}
	}
	for _, shown := range []string{`"place":3,"low":60,"high":180`, `"nick":"小李"`, `"reason":"agent"`, `"kind":"taken_over"`} {
		if !strings.Contains(seen, shown) {
			t.Errorf("%s lacks %s", way, shown)
		}
	}
}

// TestAgentsText checks that what an agent types is text, and that an answer taken
// from the knowledge is sanitised.
func TestAgentsText(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	v.say("client-0001", "问")
	v.expectSeqs(1, 2)
	s.engine.tell(who.visitor(), service()...)
	got := v.expectSeqs(3, 6)
	if typed := got[2]; typed.Text != "<b>您好</b>" || typed.HTML != "" || typed.Author != "agent" {
		t.Errorf("typed: %+v", typed)
	}
	if answer := got[3]; !strings.Contains(answer.HTML, "<strong>您好</strong>") || strings.Contains(answer.HTML, "<script") {
		t.Errorf("answer: %+v", answer)
	}
}

// TestQueue waits with a socket: the place comes after ready and on every change,
// and only for what the client sees.
func TestQueue(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	v.send(`{"t":"send","id":"client-0001","kind":"handoff"}`)
	conversation := v.expectSeqs(1, 3)[0].Conversation
	publish := func(conversation string, p bot.Place) {
		s.bus.Publish(bot.Hint{Visitor: who.visitor().Key(), Conversation: conversation, Queue: &p})
	}
	publish("another", bot.Place{Ahead: 9})
	publish(conversation, bot.Place{Ahead: 1, Low: 30, High: 90, Group: secret, Rank: 5})
	if got := v.raw(); got != `{"t":"queue","conversation":"`+conversation+`","ahead":1,"low":30,"high":90}` {
		t.Errorf("pushed: %s", got)
	}
	publish(conversation, bot.Place{State: bot.PlaceNobody})
	if got := v.expect("queue"); got.State != "nobody" || got.Ahead != 0 || got.High != 0 {
		t.Errorf("pushed: %+v", got)
	}
	again := s.dial(s.session(who.Token).Ticket)
	again.send(`{"t":"hello","conversation":%q,"after":3}`, conversation)
	again.expect("ready")
	if got := again.expect("queue"); got.Conversation != conversation || got.Ahead != 2 || got.Low != 60 || got.High != 180 {
		t.Errorf("after ready: %+v", got)
	}
	v.send(`{"t":"send","id":"client-0002","kind":"unqueue"}`)
	v.expect("ack")
	after := s.dial(s.session(who.Token).Ticket)
	after.send(`{"t":"hello"}`)
	after.expect("ready")
	after.send(`{"t":"ping"}`)
	if got := after.raw(); got != `{"t":"pong"}` {
		t.Errorf("who waits no more gets %s", got)
	}
}

// TestPollQueue waits without a socket.
func TestPollQueue(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.PollWait = 20 * time.Millisecond })
	who := s.session("")
	conversation := s.post(who.Token, `{"t":"send","id":"client-0001","kind":"handoff"}`)[0].Conversation
	got := s.poll(who.Token, conversation, 1)
	if len(got) != 3 || got[1].Message.Kind != "event" || got[2].T != "queue" || got[2].Ahead != 2 {
		t.Fatalf("the first poll: %+v", got)
	}
	s.engine.set(func(e *fakeEngine) { e.waiting[who.visitor().Key()] = bot.Place{Ahead: 1} })
	if got := s.poll(who.Token, conversation, 3); len(got) != 1 || got[0].T != "queue" || got[0].Ahead != 1 {
		t.Errorf("the next poll: %+v", got)
	}
	if got := s.post(who.Token, `{"t":"hello"}`); len(got) != 2 || got[1].T != "queue" {
		t.Errorf("hello: %+v", got)
	}
	s.engine.set(func(e *fakeEngine) { clear(e.waiting) })
	if got := s.poll(who.Token, conversation, 3); len(got) != 0 {
		t.Errorf("who waits no more gets %+v", got)
	}
}

// TestSeen passes on what the agent has read, and that the agent writes.
func TestSeen(t *testing.T) {
	s := start(t, nil)
	who := s.session("")
	v := s.open(who.Token)
	v.say("client-0001", "问")
	conversation := v.expectSeqs(1, 2)[0].Conversation
	key := who.visitor().Key()
	for _, hint := range []bot.Hint{
		{Visitor: key, Conversation: "another", Seen: 9},
		{Visitor: key, Conversation: "another", Typing: bot.FromAgent},
		{Visitor: key, Conversation: conversation, Typing: bot.FromVisitor},
		{Visitor: key, Conversation: conversation, Seen: 2},
		{Visitor: key, Conversation: conversation, Typing: bot.FromAgent},
	} {
		s.bus.Publish(hint)
	}
	for _, want := range []string{`{"t":"seen","conversation":"` + conversation + `","seq":2}`, `{"t":"typing","author":"agent"}`} {
		if got := v.raw(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestFileFrames checks what must and must not be in a message about a file.
func TestFileFrames(t *testing.T) {
	s := start(t, unlimited)
	who := s.session("")
	for _, tt := range []struct {
		fields string
		code   int
	}{
		{`"kind":"image"`, 4003},
		{`"kind":"file","file":""`, 4003},
		{`"kind":"file","file":"../../x"`, 4003},
		{`"kind":"file","file":"` + strings.Repeat("x", 65) + `"`, 4003},
		{`"kind":"text","text":"x","file":"file-0001"`, 4003},
		{`"kind":"file","file":7`, 4002},
		{`"kind":"file","file":"file-9999"`, 4040},
		{`"kind":"queued"`, 4003},
		{`"kind":"whisper","text":"x"`, 4003},
		{`"kind":"unqueue"`, 0},
	} {
		if got := s.post(who.Token, `{"t":"send","id":"client-0001",%s}`, tt.fields); got[0].Code != tt.code {
			t.Errorf("%s: %+v, want %d", tt.fields, got, tt.code)
		}
	}
}

// upload sends a body to the upload request and returns the answer.
func (s *server) upload(token, name string, content io.Reader) (*http.Response, map[string]any) {
	s.t.Helper()
	r, err := http.NewRequest("POST", s.URL+"/chat/upload?name="+name, content)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(reply.Body).Decode(&got); err != nil {
		s.t.Fatal(err)
	}
	return reply, got
}

var dot = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// TestFile sends an image that is a script too, and gets it back as an image.
func TestFile(t *testing.T) {
	s := start(t, unlimited)
	who, stranger := s.session(""), s.session("")
	v := s.open(who.Token)
	v.say("client-0001", "问")
	v.expectSeqs(1, 2)
	content := dot + "<script>alert(1)</script>"
	reply, got := s.upload(who.Token, "%E6%88%AA%E5%9B%BE.html", strings.NewReader(content))
	id, _ := got["id"].(string)
	if reply.StatusCode != 200 || fmt.Sprint(got) != fmt.Sprintf("map[height:1 id:%s name:截图.gif size:%d type:image/gif width:1]", id, len(content)) {
		t.Fatalf("upload: %d %v", reply.StatusCode, got)
	}
	v.send(`{"t":"send","id":"client-0002","kind":"image","file":%q}`, id)
	shown, _ := json.Marshal(v.expectSeqs(3, 3)[0].Card["file"])
	if want, _ := json.Marshal(got); string(shown) != string(want) {
		t.Errorf("shown as %s, want %s", shown, want)
	}
	reply, body := s.request("GET", "/chat/file/"+id, who.Token, nil)
	if reply.StatusCode != 200 || string(body) != content {
		t.Fatalf("file: %d %q", reply.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/gif", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline; filename*=utf-8''%E6%88%AA%E5%9B%BE.gif",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control": "private, max-age=86400, immutable",
	} {
		if got := reply.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for token, code := range map[string]int{"": 401, "nonsense": 401, stranger.Token: 404} {
		if reply, body := s.request("GET", "/chat/file/"+id, token, nil); reply.StatusCode != code {
			t.Errorf("with %.10q: %d %s", token, reply.StatusCode, body)
		}
	}
	for _, path := range []string{"/chat/file/..%2f..%2fx", "/chat/file/", "/chat/file/" + strings.Repeat("x", 65), "/chat/file/" + id + "?token=" + who.Token} {
		token := who.Token
		if strings.Contains(path, "token") {
			token = "" // it does not count in an address
		}
		if reply, _ := s.request("GET", path, token, nil); reply.StatusCode == 200 {
			t.Errorf("%s is found", path)
		}
	}
	plain := s.session("")
	_, got = s.upload(plain.Token, "a.log", strings.NewReader("just text"))
	reply, _ = s.request("GET", "/chat/file/"+got["id"].(string), plain.Token, nil)
	if got := reply.Header.Get("Content-Disposition"); got != "attachment; filename=a.txt" || reply.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("a text is served as %q %q", got, reply.Header.Get("Content-Type"))
	}
}

// endless is a body whose length nobody knows before.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

func TestUploadRefuses(t *testing.T) {
	s := start(t, unlimited)
	who := s.session("")
	for _, tt := range []struct {
		what   string
		token  string
		body   io.Reader
		status int
		code   int
	}{
		{"a stranger", "nonsense", strings.NewReader("x"), 401, 4010},
		{"nothing", who.Token, strings.NewReader(""), 400, 4003},
		{"one byte too many", who.Token, strings.NewReader(strings.Repeat("x", bot.MaxFile+1)), 413, 4132},
		{"far too many, in parts", who.Token, &endless{bot.MaxFile + 1}, 413, 4132},
		{"SVG", who.Token, strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 415, 4150},
		{"HTML", who.Token, strings.NewReader(`<!doctype html><script>`), 415, 4150},
	} {
		reply, got := s.upload(tt.token, "a.png", tt.body)
		told, _ := got["error"].(map[string]any)
		if reply.StatusCode != tt.status || told["code"] != float64(tt.code) || told["text"] == "" {
			t.Errorf("%s: %d %v, want %d", tt.what, reply.StatusCode, got, tt.code)
		}
	}
	s.engine.set(func(e *fakeEngine) { e.down = true })
	if reply, got := s.upload(who.Token, "a.txt", strings.NewReader("x")); reply.StatusCode != 503 || reply.Header.Get("Retry-After") == "" {
		t.Errorf("without storage: %d %v", reply.StatusCode, got)
	}
	if reply, _ := s.request("GET", "/chat/upload", who.Token, nil); reply.StatusCode != 405 {
		t.Errorf("GET: %d", reply.StatusCode)
	}
}

// TestUploadLimits sends files faster than allowed, and more at a time.
func TestUploadLimits(t *testing.T) {
	s := start(t, func(c *webchat.Config) {
		unlimited(c)
		c.Limits.Uploads.Visitor = httpapi.Rate{PerSecond: 0.001, Burst: 2}
		c.Limits.UploadsAtOnce = 1
	})
	who := s.session("")
	slow, write := io.Pipe()
	begun, done := make(chan struct{}), make(chan int)
	go func() {
		// The server asks for the body when it has let the upload in.
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(begun) }})
		r, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/chat/upload?name=a.txt", slow)
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.session("").Token)
		r.Header.Set("Expect", "100-continue")
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
		}
		reply.Body.Close()
		done <- reply.StatusCode
	}()
	<-begun
	if reply, got := s.upload(s.session("").Token, "a.txt", strings.NewReader("x")); reply.StatusCode != 429 {
		t.Errorf("beside another: %d %v", reply.StatusCode, got)
	}
	write.Write([]byte("x"))
	write.Close()
	if status := <-done; status != 200 {
		t.Errorf("the slow one: %d", status)
	}
	for i := range 3 {
		reply, got := s.upload(who.Token, "a.txt", strings.NewReader("x"))
		if refused := reply.StatusCode == 429; refused != (i == 2) || refused && reply.Header.Get("Retry-After") == "" {
			t.Errorf("upload %d: %d %v", i, reply.StatusCode, got)
		}
	}
}

// TestPresence tells the engine who comes and who goes, but not who is away for a
// moment.
func TestPresence(t *testing.T) {
	told := make(chan fakePresence, 100)
	start := func(linger time.Duration) *server {
		s := start(t, func(c *webchat.Config) { unlimited(c); c.Linger, c.PollWait = linger, time.Millisecond })
		s.engine.set(func(e *fakeEngine) { e.presence = told })
		return s
	}
	expect := func(who session, here bool) {
		t.Helper()
		select {
		case got := <-told:
			if want := (fakePresence{who.visitor().Key(), here}); got != want {
				t.Errorf("told %+v, want %+v", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("not told that here is %v", here)
		}
	}

	s := start(time.Millisecond)
	who := s.session("")
	v, second := s.open(who.Token), s.open(who.Token)
	expect(who, true)
	v.Close()
	second.Close()
	expect(who, false)
	s.poll(who.Token, "", 0)
	expect(who, true)
	expect(who, false)

	s = start(time.Hour)
	who = s.session("")
	for range 3 {
		s.poll(who.Token, "", 0)
	}
	expect(who, true)
	if len(told) != 0 {
		t.Errorf("told %+v of one who polls", <-told)
	}
}
