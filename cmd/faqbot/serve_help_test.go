package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/cmd/internal/database"
)

// patience bounds every wait of these tests. A machine under load is slow.
const patience = 60 * time.Second

// served is the program while it serves.
type served struct {
	t          testing.TB
	url, admin string
	out, log   *stream
	cancel     context.CancelFunc
	done       chan struct{}
	code       int // once it is done
}

// serve runs the program on a free port until the test ends. Settings are given
// as in the environment.
func serve(t testing.TB, db string, settings map[string]string, flags ...string) *served {
	t.Helper()
	s := launch(t, db, settings, flags...)
	out := s.out.await(t, "知识 ", s.done)
	s.url = strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(out), "/")
	s.admin, _, _ = strings.Cut(regexp.MustCompile(`http://\S+/metrics`).FindString(out), "/metrics")
	return s
}

// launch starts the program and does not wait for it.
func launch(t testing.TB, db string, settings map[string]string, flags ...string) *served {
	t.Helper()
	env := map[string]string{
		"FAQBOT_LISTEN": "127.0.0.1:0", "FAQBOT_ADMIN_LISTEN": "127.0.0.1:0", "FAQBOT_DATABASE": db, "FAQBOT_LOG_LEVEL": "debug",
		"FAQBOT_INDEX_DIR": t.TempDir(),
	}
	if strings.HasPrefix(db, "postgres") { // all servers of a test have the same key
		env["FAQBOT_SECRETS_KEY"] = filepath.Join(filepath.Dir(t.TempDir()), "secrets.key")
	}
	for key, value := range settings {
		env[key] = value
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{t: t, out: newStream(), log: newStream(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		getenv := func(key string) string { return env[key] }
		s.code = run(ctx, append([]string{"serve"}, flags...), getenv, strings.NewReader(""), s.out, s.log)
	}()
	t.Cleanup(func() {
		cancel()
		s.exitCode() // its files are removed next
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.log)
		}
	})
	return s
}

// onEachBus runs a test without a bus between servers, and with one if there is a
// NATS server to test with.
func onEachBus(t *testing.T, test func(t *testing.T, bus string)) {
	for name, bus := range map[string]string{"no bus": "", "NATS": os.Getenv("FAQBOT_TEST_NATS")} {
		if name == "NATS" && bus == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bus)
		})
	}
}

// stop ends the program as a signal does; it must end cleanly.
func (s *served) stop() {
	s.t.Helper()
	s.cancel()
	if code := s.exitCode(); code != exitOK {
		s.t.Fatalf("the server ended with exit code %d\n%s", code, s.log)
	}
}

func (s *served) exitCode() int {
	s.t.Helper()
	select {
	case <-s.done:
		return s.code
	case <-time.After(patience):
		s.t.Fatalf("the server does not end\n%s", s.log)
		return -1
	}
}

// stream is what a program writes, to be read while it does.
type stream struct {
	mu      sync.Mutex // guards all below
	text    bytes.Buffer
	changed chan struct{}
}

func newStream() *stream { return &stream{changed: make(chan struct{})} }

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(p)
}

func (s *stream) String() string {
	text, _ := s.look()
	return text
}

func (s *stream) look() (text string, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.changed
}

// await returns the text once it has the part, unless the program ends before.
func (s *stream) await(t testing.TB, part string, ended <-chan struct{}) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		text, changed := s.look()
		if strings.Contains(text, part) && strings.HasSuffix(text, "\n") {
			return text
		}
		select {
		case <-changed:
		case <-ended:
			t.Fatalf("the program ended before it wrote %q", part)
		case <-deadline:
			t.Fatalf("the program wrote %q, but not %q", text, part)
		}
	}
}

// knowledgeOf returns a new database with the lines as knowledge.
func knowledgeOf(t testing.TB, lines string) string {
	t.Helper()
	db := newDB(t)
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", lines))
	return db
}

// get returns the status and the body of a page.
func get(t testing.TB, address string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}

// eventually tries again until there is no error.
func eventually(t testing.TB, try func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

// conversations opens the conversations of a database, beside the program.
func conversations(t testing.TB, dsn string) *botsql.Store {
	t.Helper()
	db, dialect, err := database.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	store := botsql.New(db, dialect)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		_ = db.Close() // nothing is left to do
	})
	return store
}

// line is a message as a client gets it.
type line struct {
	Conversation string          `json:"conversation"`
	Seq          int64           `json:"seq"`
	ID           string          `json:"id"`
	Author       bot.Author      `json:"author"`
	Kind         bot.MessageKind `json:"kind"`
	Text         string          `json:"text"`
	HTML         string          `json:"html"`
	Card         struct {
		Of      int64        `json:"of"`
		Entry   string       `json:"entry"`
		Options []bot.Option `json:"options"`
		Actions []bot.Action `json:"actions"`
		File    *bot.File    `json:"file"`
	} `json:"card"`
}

// reply is any frame of the server; each kind uses some of the fields.
type reply struct {
	T            string       `json:"t"`
	ID           string       `json:"id"`
	Conversation string       `json:"conversation"`
	Seq          int64        `json:"seq"`
	Reset        bool         `json:"reset"`
	Message      *line        `json:"message"`
	Messages     []line       `json:"messages"`
	Code         int          `json:"code"`
	Text         string       `json:"text"`
	Options      []bot.Option `json:"options"`
}

// outgoing is what a visitor does.
type outgoing struct {
	T       string          `json:"t"`
	ID      string          `json:"id"`
	Kind    bot.MessageKind `json:"kind"`
	Text    string          `json:"text,omitempty"`
	Entry   string          `json:"entry,omitempty"`
	Of      int64           `json:"of,omitempty"`
	Yes     *bool           `json:"yes,omitempty"`
	Stars   int             `json:"stars,omitempty"`
	Name    string          `json:"name,omitempty"`
	Contact string          `json:"contact,omitempty"`
	File    string          `json:"file,omitempty"`
	// Conversation is the one that Of is a number in; empty means the open one.
	Conversation string `json:"conversation,omitempty"`
}

// hello says what a client has; as "resume" it asks for what follows.
type hello struct {
	T            string            `json:"t"`
	Conversation string            `json:"conversation"`
	After        int64             `json:"after"`
	Profile      map[string]string `json:"profile,omitempty"`
}

// tab is a client of the chat, on a socket or over plain HTTP. It fails the test
// when a message is missing, out of order or there twice.
type tab struct {
	t      testing.TB
	url    string
	plain  bool // no socket
	words  map[string]string
	token  string
	ticket string
	conn   *websocket.Conn
	queue  []reply // of plain HTTP

	conversation string
	lines        []line
	seen         int // lines that until has gone past
	sent         int
	name         string
}

// newTab opens a session and says hello. An empty token is a new visitor.
func newTab(t testing.TB, url, token string, plain bool) *tab {
	t.Helper()
	c := &tab{t: t, url: url, plain: plain, token: token, name: knowledgeID()}
	c.enter(url)
	return c
}

// enter goes to a server, with what the client has.
func (c *tab) enter(url string) {
	c.t.Helper()
	c.url, c.queue = url, nil
	var session struct{ Token, Ticket string }
	body := map[string]string{"token": c.token}
	for key, value := range c.words {
		body[key] = value
	}
	c.post("/chat/session", body, &session)
	c.token, c.ticket = session.Token, session.Ticket
	if !c.plain {
		c.dial()
	}
	c.write(hello{T: "hello", Conversation: c.conversation, After: int64(len(c.lines)), Profile: c.words})
	ready := c.await("ready")
	if c.conversation != "" && ready.Reset {
		c.t.Errorf("the client was told to forget %s", c.conversation)
	}
	c.take(ready.Messages...)
	if ready.Seq != int64(len(c.lines)) {
		c.t.Errorf("the server is at #%d, the client has %d messages", ready.Seq, len(c.lines))
	}
}

func (c *tab) dial() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	address := "ws" + strings.TrimPrefix(c.url, "http") + "/chat/socket?ticket=" + url.QueryEscape(c.ticket)
	conn, reply, err := websocket.DefaultDialer.DialContext(ctx, address, http.Header{"Origin": {c.url}})
	if err != nil {
		c.t.Fatalf("open the socket: %v %v", err, reply)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	c.conn = conn
}

// post sends a request and reads its reply, which must be a good one.
func (c *tab) post(path string, body, into any) {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.request(http.MethodPost, path, bytes.NewReader(data), into)
}

func (c *tab) request(method, path string, body io.Reader, into any) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s %s %v", path, reply.Status, data, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		c.t.Fatalf("%s: %v in %s", path, err, data)
	}
}

func (c *tab) write(frame any) {
	c.t.Helper()
	if c.plain {
		var replies struct{ Frames []reply }
		c.post("/chat/send", frame, &replies)
		c.queue = append(c.queue, replies.Frames...)
		return
	}
	if err := c.conn.WriteJSON(frame); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next frame of the server.
func (c *tab) next() reply {
	c.t.Helper()
	if c.plain {
		for len(c.queue) == 0 {
			var replies struct{ Frames []reply }
			c.request(http.MethodGet, fmt.Sprintf("/chat/poll?conversation=%s&after=%d", c.conversation, len(c.lines)), nil, &replies)
			c.queue = replies.Frames
		}
		f := c.queue[0]
		c.queue = c.queue[1:]
		return f
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	var f reply
	if err := c.conn.ReadJSON(&f); err != nil {
		c.t.Fatalf("read a frame: %v", err)
	}
	return f
}

// await reads until a frame of the kind, and takes the messages before it.
func (c *tab) await(kind string) reply {
	c.t.Helper()
	for {
		f := c.next()
		switch {
		case f.T == kind:
			return f
		case f.T == "message":
			c.take(*f.Message)
		case f.T == "error":
			c.t.Fatalf("error %d %s instead of %s", f.Code, f.Text, kind)
		}
	}
}

// hear reads until a frame of the kind, and passes over messages, of whichever
// conversation.
func (c *tab) hear(kind string) reply {
	c.t.Helper()
	for {
		switch f := c.next(); f.T {
		case kind:
			return f
		case "error":
			c.t.Fatalf("error %d %s instead of %s", f.Code, f.Text, kind)
		}
	}
}

// take appends messages, which must be the next ones.
func (c *tab) take(lines ...line) {
	c.t.Helper()
	for _, l := range lines {
		if c.conversation == "" {
			c.conversation = l.Conversation
		}
		if l.Conversation != c.conversation || l.Seq != int64(len(c.lines))+1 {
			c.t.Fatalf("message #%d of %s came after #%d of %s", l.Seq, l.Conversation, len(c.lines), c.conversation)
		}
		c.lines = append(c.lines, l)
	}
}

// upTo waits until there are so many messages.
func (c *tab) upTo(n int) {
	c.t.Helper()
	for len(c.lines) < n {
		c.take(*c.await("message").Message)
	}
}

// do does something; it must be acknowledged, and be replied to with messages of
// these kinds and no others. They are returned.
func (c *tab) do(what outgoing, kinds ...bot.MessageKind) []line {
	c.t.Helper()
	id := c.send(what)
	ack := c.await("ack")
	c.upTo(int(ack.Seq) + len(kinds))
	if own := c.lines[ack.Seq-1]; own.ID != id || ack.ID != id || own.Kind != what.Kind {
		c.t.Errorf("the ack of %s says #%d, which is %+v", id, ack.Seq, own)
	}
	// A pong comes after all that was on its way.
	c.write(map[string]string{"t": "ping"})
	c.await("pong")
	replies := c.lines[ack.Seq:]
	got := make([]bot.MessageKind, len(replies))
	for i, r := range replies {
		got[i] = r.Kind
	}
	if diff := cmp.Diff(kinds, got, cmpopts.EquateEmpty()); diff != "" {
		c.t.Fatalf("replies to %+v (-want +got):\n%s", what, diff)
	}
	return replies
}

// ask is do with a text.
func (c *tab) ask(text string, kinds ...bot.MessageKind) []line {
	c.t.Helper()
	return c.do(outgoing{Kind: bot.KindText, Text: text}, kinds...)
}

// send sends something without waiting, and returns its id.
func (c *tab) send(what outgoing) string {
	c.t.Helper()
	if what.ID == "" {
		c.sent++
		what.ID = fmt.Sprintf("%s-%04d", c.name, c.sent)
	}
	what.T = "send"
	c.write(what)
	return what.ID
}

// closed waits until the server closes the socket, and returns the number; other
// ends give 0.
func (c *tab) closed() int {
	if c.conn == nil {
		return 0
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(patience)) // fails only on a closed one
	for {
		_, _, err := c.conn.ReadMessage()
		var end *websocket.CloseError
		if errors.As(err, &end) {
			return end.Code
		}
		if err != nil {
			return 0
		}
	}
}

// stopWith stops the server while the clients listen, and returns the numbers
// that their sockets were closed with.
func (s *served) stopWith(tabs ...*tab) []int {
	s.t.Helper()
	codes := make([]int, len(tabs))
	var listening sync.WaitGroup
	for i, c := range tabs {
		listening.Go(func() { codes[i] = c.closed() })
	}
	s.stop()
	listening.Wait()
	return codes
}
