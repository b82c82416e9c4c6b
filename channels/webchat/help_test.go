package webchat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/webchat"
)

// patience bounds the wait for what must come.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if serveIdle() {
		return
	}
	goleak.VerifyTestMain(m)
}

var testFiles = fstest.MapFS{
	"widget.js":           {Data: []byte("/* widget */")},
	"frame.html":          {Data: []byte(`<meta name="sites" content="__FAQBOT_SITES__">`)},
	"demo.html":           {Data: []byte(`<script src="chat/widget.js">`)},
	"assets/app-12345.js": {Data: []byte("/* app */")},
}

// server is a chat on a real port.
type server struct {
	*httptest.Server
	t      testing.TB
	chat   *webchat.Chat
	engine *fakeEngine
	bus    bot.Bus
}

func testConfig() webchat.Config {
	return webchat.Config{Files: testFiles, Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Demo: true}
}

// start returns a running server; change may alter its settings.
func start(t testing.TB, change func(*webchat.Config)) *server {
	return startOn(t, bot.NewLocalBus(), change)
}

func startOn(t testing.TB, bus bot.Bus, change func(*webchat.Config)) *server {
	t.Helper()
	config := testConfig()
	if change != nil {
		change(&config)
	}
	engine := newFakeEngine(bus)
	chat, err := webchat.New(config, engine, bus, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Server: httptest.NewServer(chat), t: t, chat: chat, engine: engine, bus: bus}
	t.Cleanup(func() {
		if err := chat.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		s.Server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// unlimited lets a test be as fast as it likes.
func unlimited(c *webchat.Config) {
	fast := httpapi.Rate{PerSecond: 1e6, Burst: 1e6}
	all := webchat.Limit{Visitor: fast, Network: fast, Total: fast}
	c.Limits = webchat.Limits{Sessions: all, Connects: all, Messages: all, Suggests: all, Feedbacks: all, Frames: fast}
}

type session struct {
	Token, Ticket, Visitor string
	ExpiresIn              int `json:"expires_in"`
	Texts                  map[string]string
	Hot                    []bot.Option
	Limits                 struct{ Text, Frame int }
}

func (s session) visitor() bot.Visitor { return bot.Visitor{Channel: "web", ID: s.Visitor} }

// post sends JSON and returns the status and the body.
func (s *server) request(method, path, token string, body any) (*http.Response, []byte) {
	s.t.Helper()
	data, ok := body.([]byte)
	if !ok {
		data, _ = json.Marshal(body)
	}
	r, err := http.NewRequest(method, s.URL+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	content, err := io.ReadAll(reply.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply, content
}

func (s *server) session(token string) session {
	s.t.Helper()
	reply, body := s.request("POST", "/chat/session", "", map[string]string{"token": token})
	var got session
	if err := json.Unmarshal(body, &got); err != nil || reply.StatusCode != 200 {
		s.t.Fatalf("session: %d %s", reply.StatusCode, body)
	}
	return got
}

// frame is any frame of the server.
type frame struct {
	T, ID, Conversation, Text, Author string
	Code                              int
	Seq, Read, N, At                  int64
	State                             string
	Ahead, Low, High                  int
	Reset, More                       bool
	RetryAfter                        float64 `json:"retry_after"`
	Message                           message
	Messages                          []message
	Options                           []bot.Option
}

type message struct {
	Conversation, ID, Author, Kind, Text, HTML string
	Seq, At                                    int64
	Card                                       map[string]any
}

// visit is a socket of a visitor.
type visit struct {
	*websocket.Conn
	t testing.TB
}

// dial opens a socket with a ticket.
func (s *server) dial(ticket string) *visit {
	s.t.Helper()
	conn, reply, err := s.tryDial(ticket, s.URL)
	if err != nil {
		s.t.Fatalf("dial: %v %v", err, reply)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &visit{conn, s.t}
}

func (s *server) tryDial(ticket, origin string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return websocket.DefaultDialer.DialContext(ctx,
		strings.Replace(s.URL, "http", "ws", 1)+"/chat/socket?ticket="+url.QueryEscape(ticket), header)
}

// open opens a socket for a visitor and says hello with nothing.
func (s *server) open(token string) *visit {
	s.t.Helper()
	v := s.dial(s.session(token).Ticket)
	v.send(`{"t":"hello"}`)
	v.expect("ready")
	return v
}

// send writes a frame, which is text or marshalled.
func (v *visit) send(format string, args ...any) {
	v.t.Helper()
	if err := v.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		v.t.Fatalf("write: %v", err)
	}
}

func (v *visit) say(id, text string) {
	v.t.Helper()
	v.send(`{"t":"send","id":%q,"kind":"text","text":%q}`, id, text)
}

// read returns the next frame.
func (v *visit) read() (frame, error) {
	v.SetReadDeadline(time.Now().Add(patience))
	_, data, err := v.ReadMessage()
	var f frame
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	return f, err
}

// expect reads frames until one of the kind comes.
func (v *visit) expect(kind string) frame {
	v.t.Helper()
	for {
		f, err := v.read()
		if err != nil {
			v.t.Fatalf("no %s came: %v", kind, err)
		}
		if f.T == kind {
			return f
		}
		if f.T == "error" {
			v.t.Fatalf("error %d came, not %s", f.Code, kind)
		}
	}
}

// expectSeqs reads until messages with the numbers came, each once and in order.
func (v *visit) expectSeqs(from, to int64) (got []message) {
	v.t.Helper()
	for seq := from; seq <= to; seq++ {
		m := v.expect("message").Message
		if m.Seq != seq {
			v.t.Fatalf("message %d came, want %d", m.Seq, seq)
		}
		got = append(got, m)
	}
	return got
}

// expectClose reads until the socket closes and checks its number.
func (v *visit) expectClose(code int) {
	v.t.Helper()
	for {
		if _, err := v.read(); err != nil {
			if !websocket.IsCloseError(err, code) {
				v.t.Fatalf("closed with %v, want %d", err, code)
			}
			return
		}
	}
}
