package console_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"faqbot/bot"
	"faqbot/bot/bottest"
	"faqbot/bot/intent"
	"faqbot/bot/staff"
	"faqbot/channels/console"
	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

// patience bounds the wait for what must come.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := answersDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

var answersDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "console-test-") })

// answers is what all desks know. To open it takes a moment.
var answers = sync.OnceValues(func() (*bot.Answerer, error) {
	entry := func(id, question string, category ...string) knowledge.Entry {
		return knowledge.Entry{
			ID: id, Question: question, Category: category, Enabled: true,
			Answers: []knowledge.Answer{{Texts: []string{"**" + question + "**：请到营业厅办理。"}}},
		}
	}
	wechat := entry("wechat", "公众号里怎么缴费", "缴费") // has an answer for that channel only
	wechat.Answers[0].Dimension.Channel = "wechat"
	dir, err := answersDir()
	if err != nil {
		return nil, err
	}
	n, err := normalize.New()
	if err != nil {
		return nil, err
	}
	model, err := intent.DefaultModel()
	if err != nil {
		return nil, err
	}
	return bot.Open(context.Background(), bot.Config{
		Source: &bot.Fixed{Entries: []knowledge.Entry{
			entry("move", "宽带怎么移机", "宽带", "办理"), entry("fee", "宽带资费是多少", "宽带"), entry("card", "怎么补办手机卡", "手机"), wechat,
		}},
		IndexDir: filepath.Join(dir, "index"), Model: model, Normalizer: n, Log: zap.NewNop(),
	})
})

// deskSite is a console on a real port with a real desk over a store in memory.
type deskSite struct {
	*httptest.Server
	console *console.Console
	t       testing.TB
	staff   *fake
	desk    *bot.Desk
	engine  *bot.Engine
	store   *heardStore
	bus     *bot.LocalBus
	logs    *observer.ObservedLogs
	secrets map[string]string // of sessions that are not called by who has them
	ids     atomic.Int64
}

// heardStore tells of signs of life.
type heardStore struct {
	*bottest.Store
	seen   chan []string
	broken atomic.Bool
}

func (s *heardStore) Conversation(ctx context.Context, id string) (bot.Conversation, error) {
	if s.broken.Load() {
		return bot.Conversation{}, errBroken
	}
	return s.Store.Conversation(ctx, id)
}

func (s *heardStore) Seen(ctx context.Context, at time.Time, agents ...string) error {
	select {
	case s.seen <- agents:
	default:
	}
	return s.Store.Seen(ctx, at, agents...)
}

// secret is that of somebody's session.
func (s *deskSite) secret(name string) string { return cmp.Or(s.secrets[name], "secret-"+name) }

// newDeskSite has the agents li and wang in the group 宽带, zhao in 手机, and the
// supervisor chen, all online.
func newDeskSite(t testing.TB, beat time.Duration, set ...func(*console.Config)) *deskSite {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	s := &deskSite{
		t: t, staff: newFake(), store: &heardStore{Store: bottest.NewStore(), seen: make(chan []string, 1)}, bus: bot.NewLocalBus(),
		logs: logs, secrets: map[string]string{},
	}
	known, err := answers()
	if err != nil {
		t.Fatalf("open the answers: %v", err)
	}
	rules, err := bot.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	s.engine = bot.NewEngine(bot.EngineConfig{
		Store: s.store, Knowledge: known, Bus: s.bus, Rules: rules, Log: zap.NewNop(), Zone: time.UTC,
		Now: s.now, NewID: s.newID, Files: s.store,
	})
	s.desk = bot.NewDesk(bot.DeskConfig{Engine: s.engine, Store: s.store, Customers: s.store, Blocked: s.store})
	phrases := bot.NewPhrases(bot.PhraseConfig{Store: s.store, Desk: s.desk})
	favourites := bot.NewFavourites(bot.FavouriteConfig{Store: s.store, Desk: s.desk})
	config := console.Config{
		Staff: s.staff, Now: s.now, Files: fstest.MapFS{"index.html": {}},
		Desk: &console.DeskConfig{Desk: s.desk, Phrases: phrases, Favourites: favourites, Beat: beat},
	}
	for _, change := range set {
		change(&config)
	}
	s.console, err = console.New(config, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(s.console)
	t.Cleanup(func() {
		if err := s.console.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		s.Server.Close()
	})
	for _, id := range []string{"宽带", "手机"} {
		if err := s.store.PutGroup(t.Context(), bot.Group{ID: id, Name: id, Channels: []string{"web/" + id}, UpdatedAt: s.now()}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	s.join("li", staff.Agent, "宽带")
	s.join("wang", staff.Agent, "宽带")
	s.join("zhao", staff.Agent, "手机")
	s.join("chen", staff.Supervisor)
	return s
}

// now goes on by a millisecond each time.
func (s *deskSite) now() time.Time { return noon().Add(time.Duration(s.ids.Add(1)) * time.Millisecond) }

func (s *deskSite) newID() string { return fmt.Sprintf("id-%08d", s.ids.Add(1)) }

// join gives somebody an account and a seat.
func (s *deskSite) join(name string, role staff.Role, groups ...string) {
	s.t.Helper()
	s.staff.join(staff.Account{Name: name, Roles: []staff.Role{role}})
	err := s.desk.SaveSeat(s.t.Context(), bot.Seat{Agent: "id-" + name, Nick: "同事" + name, Groups: groups, Most: 5})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.desk.Sign(s.t.Context(), actor(name), "id-"+name, bot.Online); err != nil {
		s.t.Fatal(err)
	}
}

func actor(name string) bot.Actor {
	return bot.Actor{ID: "id-" + name, Nick: "同事" + name, Supervisor: name == "chen"}
}

// visitor is one whose conversations go to the group 宽带.
func visitor(id string) bot.Visitor { return bot.Visitor{Channel: "web", Account: "宽带", ID: id} }

func (s *deskSite) receive(in bot.Inbound) bot.Message {
	s.t.Helper()
	in.ClientID = "client-" + s.newID()
	r, err := s.engine.Receive(s.t.Context(), in)
	if err != nil {
		s.t.Fatalf("receive %s: %v", in.Kind, err)
	}
	return r.Message
}

func (s *deskSite) say(v bot.Visitor, text string) bot.Message {
	s.t.Helper()
	return s.receive(bot.Inbound{Visitor: v, Kind: bot.KindText, Text: text})
}

// queued returns a conversation that waits.
func (s *deskSite) queued(id string) string {
	s.t.Helper()
	return s.receive(bot.Inbound{Visitor: visitor(id), Kind: bot.KindHandoff}).Conversation
}

// served returns a conversation that the agent has.
func (s *deskSite) served(id, agent string) string {
	s.t.Helper()
	conversation := s.queued(id)
	if _, err := s.desk.Accept(s.t.Context(), actor(agent), conversation); err != nil {
		s.t.Fatal(err)
	}
	return conversation
}

// reply is what a request was answered with.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

// ask asks below /console/api as somebody. A body that is no string goes as JSON.
func (s *deskSite) ask(name, method, path string, body any) reply {
	s.t.Helper()
	return s.send(name, console.CSRFToken(s.secret(name)), method, path, body)
}

// send is ask with any token.
func (s *deskSite) send(name, token, method, path string, body any) reply {
	s.t.Helper()
	var content io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case io.Reader:
		content = b
	case []byte:
		content = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+"/console/api"+path, content)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Origin", s.URL)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(csrfHeader, token)
	r.AddCookie(&http.Cookie{Name: "faqbot", Value: s.secret(name)})
	resp, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, text}
}

// want asks and fails unless the answer has the status; it returns the body.
func want[T any](s *deskSite, status int, name, method, path string, body any) T {
	s.t.Helper()
	r := s.ask(name, method, path, body)
	if r.code != status {
		s.t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, name, r.code, status, r.body)
	}
	var v T
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &v); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, r.body)
		}
	}
	return v
}

func talk(id, rest string) string { return "/desk/conversations/" + id + rest }

// wire is any frame of the server.
type wire struct {
	T            string          `json:"t"`
	Conversation string          `json:"conversation"`
	Nick         string          `json:"nick"`
	Seq          int64           `json:"seq"`
	Item         console.Item    `json:"item"`
	Message      console.Message `json:"message"`
	Seat         console.Seat    `json:"seat"`
}

// deskSocket is a socket of somebody.
type deskSocket struct {
	*websocket.Conn
	t    testing.TB
	name string
}

// ticket returns a ticket for the session of somebody, or "" for who gets none.
func (s *deskSite) ticket(name string) string {
	s.t.Helper()
	r := s.ask(name, http.MethodPost, "/desk/ticket", nil)
	if r.code != http.StatusOK {
		return ""
	}
	var made console.Ticket
	if err := json.Unmarshal(r.body, &made); err != nil || made.Ticket == "" {
		s.t.Fatalf("the ticket of %s: %s, %v", name, r.body, err)
	}
	return made.Ticket
}

// handshake asks for a socket with a fresh ticket, if there is one to have.
func (s *deskSite) handshake(name, origin string) (*websocket.Conn, *http.Response, error) {
	s.t.Helper()
	return s.dial(name, origin, s.ticket(name))
}

// dial asks for a socket. Without a name there is no cookie.
func (s *deskSite) dial(name, origin, ticket string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{}
	if name != "" {
		header.Set("Cookie", "faqbot="+s.secret(name))
	}
	if origin != "" {
		header.Set("Origin", origin)
	}
	address := "ws" + strings.TrimPrefix(s.URL, "http") + "/console/api/desk/socket"
	if ticket != "" {
		address += "?ticket=" + url.QueryEscape(ticket)
	}
	return websocket.DefaultDialer.DialContext(s.t.Context(), address, header)
}

// open opens a socket that is ready.
func (s *deskSite) open(name string) *deskSocket {
	s.t.Helper()
	conn, resp, err := s.handshake(name, s.URL)
	if err != nil {
		s.t.Fatalf("socket of %s: %v", name, err)
	}
	_ = resp.Body.Close()
	s.t.Cleanup(func() { _ = conn.Close() })
	b := &deskSocket{conn, s.t, name}
	b.next("ready")
	return b
}

func (b *deskSocket) send(frame string) {
	b.t.Helper()
	if err := b.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *deskSocket) read() (wire, error) {
	_ = b.SetReadDeadline(time.Now().Add(patience))
	_, data, err := b.ReadMessage()
	if err != nil {
		return wire{}, err
	}
	var f wire
	return f, json.Unmarshal(data, &f)
}

// next returns the next frame of the kind, passing over others.
func (b *deskSocket) next(kind string) wire {
	b.t.Helper()
	for {
		f, err := b.read()
		if err != nil {
			b.t.Fatalf("%s waits for %s: %v", b.name, kind, err)
		}
		if f.T == kind {
			return f
		}
	}
}

// until returns the next item frame that is as it should be.
func (b *deskSocket) until(is func(console.Item) bool) console.Item {
	b.t.Helper()
	for {
		if f := b.next("item"); is(f.Item) {
			return f.Item
		}
	}
}

// sofar returns the frames that were sent before now.
func (b *deskSocket) sofar() (frames []wire) {
	b.t.Helper()
	b.send(`{"t":"ping"}`)
	for {
		f, err := b.read()
		if err != nil {
			b.t.Fatalf("%s waits for the pong: %v", b.name, err)
		}
		if f.T == "pong" {
			return frames
		}
		frames = append(frames, f)
	}
}

// closed returns the number that the socket closes with.
func (b *deskSocket) closed() int {
	b.t.Helper()
	for {
		_, err := b.read()
		if err == nil {
			continue
		}
		if e, ok := err.(*websocket.CloseError); ok {
			return e.Code
		}
		b.t.Fatalf("%s: %v", b.name, err)
	}
}
