package wechat_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/bottest"
	"faqbot/bot/intent"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/wechattest"
	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

// sharedDir holds the index of the answerer that all tests share.
var sharedDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "wechat-test-") })

func TestMain(m *testing.M) {
	if _, err := answers(); err != nil { // before any bubble
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if a, err := answers(); err == nil {
		a.Close()
	}
	if dir, err := sharedDir(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// longAnswer takes more than one message.
var longAnswer = strings.Repeat("请先打开设置，再点账号与安全，然后按提示一步一步操作。", 40)

func entry(id, question, answer string, variants ...string) knowledge.Entry {
	return knowledge.Entry{ID: id, Question: question, Variants: variants, Enabled: true, Answers: []knowledge.Answer{{Texts: []string{answer}}}}
}

// answers is what the bot knows.
var answers = sync.OnceValues(func() (*bot.Answerer, error) {
	related := entry("related", "怎么办理宽带", "带身份证到营业厅办理。", "装宽带")
	related.Related = []string{"invoice", "card"}
	hot := entry("card", "手机卡丢了怎么补办", "带身份证补办。", "补卡")
	hot.Hot = true
	source := &bot.Fixed{Entries: []knowledge.Entry{
		entry("invoice", "怎么开发票", "在订单页点开发票。", "发票怎么开"), related, hot,
		entry("long", "账号怎么注销", longAnswer),
		entry("a", "甲套餐怎么退", "甲：营业厅。", "退那个套餐"), entry("b", "乙套餐怎么退", "乙：网上。", "退那个套餐"),
		entry("c", "红色手机多少钱", "红：一千。", "手机那个价格"), entry("d", "蓝色手机多少钱", "蓝：两千。", "手机那个价格"),
	}}
	dir, err := sharedDir()
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
		Source: source, IndexDir: filepath.Join(dir, "index"), Model: model, Normalizer: n, Log: zap.NewNop(),
	})
})

// morning is when everything begins: a Tuesday, 10:00 in Shanghai.
var morning = time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time        { return time.UnixMilli(c.now.Load()).UTC() }
func (c *clock) move(by time.Duration) { c.now.Add(by.Milliseconds()) }
func newClock(at time.Time) (c *clock) { c = new(clock); c.now.Store(at.UnixMilli()); return c }
func newID(prefix string) func() string {
	n := new(atomic.Int64)
	return func() string { return fmt.Sprintf("%s-%08d", prefix, n.Add(1)) }
}

// keys of the account that most tests have.
const (
	token  = "token-of-ours"
	appID  = "wx0123456789abcdef"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

func service() wechat.Account {
	return wechat.Account{ID: "shop", Name: "小店", Kind: wechat.Service, AppID: appID, Secret: "secret", Token: token, Mode: wechat.Plain, Sends: true}
}

// stage is a channel on an engine with a desk, without a platform.
type stage struct {
	testing.TB
	*wechat.Channel
	setup
	api    *fakeAPI
	engine *stalling
	desk   *bot.Desk
	bus    *bot.LocalBus
	clock  *clock
	now    func() time.Time
	ids    func() string
}

// newStage returns a stage with an account; change may alter it.
func newStage(t testing.TB, change func(*wechat.Account)) *stage {
	t.Helper()
	c := newClock(morning)
	return newStageOn(t, setup{}, c.Now, c, change)
}

// setup is what a stage stands on; what it lacks is a fake.
type setup struct {
	store wechat.Store
	talks talkStore
	// client is the platform.
	client func(wechat.Account) wechat.API
}

// talkStore keeps conversations and all about them.
type talkStore interface {
	bot.Store
	bot.SeatStore
	bot.CustomerStore
	bot.FileStore
	bot.BlockStore
}

func newStageOn(t testing.TB, on setup, now func() time.Time, c *clock, change func(*wechat.Account)) *stage {
	t.Helper()
	s := &stage{
		TB: t, setup: on, bus: bot.NewLocalBus(), clock: c, now: now, ids: newID("id"),
		api: &fakeAPI{errs: map[string][]error{}, now: now},
	}
	if s.store == nil {
		s.store = wechattest.NewStore()
	}
	if s.talks == nil {
		s.talks = bottest.NewStore()
	}
	if s.client == nil {
		s.client = func(wechat.Account) wechat.API { return s.api }
	}
	a := service()
	if change != nil {
		change(&a)
	}
	if err := s.store.PutAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	s.engine = &stalling{Engine: s.newEngine()}
	s.desk = bot.NewDesk(bot.DeskConfig{Engine: s.engine.Engine, Store: s.talks, Customers: s.talks, Blocked: s.talks})
	s.Channel = s.newChannel()
	return s
}

func (s *stage) newEngine() *bot.Engine {
	rules, err := bot.DefaultRules()
	if err != nil {
		s.Fatal(err)
	}
	knows, err := answers()
	if err != nil {
		s.Fatal(err)
	}
	return bot.NewEngine(bot.EngineConfig{
		Store: s.talks, Knowledge: knows, Bus: s.bus, Rules: rules, Log: zap.NewNop(), Zone: time.FixedZone("CST", 8*3600),
		Now: s.now, NewID: s.ids, Files: s.talks,
	})
}

// newChannel returns a channel of another node, on the same stores.
func (s *stage) newChannel() *wechat.Channel {
	s.Helper()
	menu := new(atomic.Int64)
	menu.Store(int64(s.ids()[3]) * 1000)
	c, err := wechat.New(wechat.Config{
		API: s.client, Now: s.now, NewID: s.ids,
		NewMenuID: func() int64 { return menu.Add(1) },
	}, s.engine, s.bus, s.store, zap.NewNop())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			s.Errorf("Shutdown: %v", err)
		}
	})
	return c
}

// stalling is an engine that can be held up.
type stalling struct {
	*bot.Engine
	mu    sync.Mutex
	delay time.Duration
	err   error
	turns int
	hot   []bot.Option // what others ask, if it is not what they do
}

func (e *stalling) Greeting(ctx context.Context, channel, account, language string) (bot.Greeting, error) {
	g, err := e.Engine.Greeting(ctx, channel, account, language)
	if e.hot != nil {
		g.Hot = e.hot
	}
	return g, err
}

func (e *stalling) Receive(ctx context.Context, in bot.Inbound) (bot.Receipt, error) {
	e.mu.Lock()
	delay, err := e.delay, e.err
	e.turns++
	e.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return bot.Receipt{}, ctx.Err()
		}
	}
	if err != nil {
		return bot.Receipt{}, err
	}
	return e.Engine.Receive(ctx, in)
}

func (e *stalling) set(delay time.Duration, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.delay, e.err = delay, err
}

// fakeAPI takes down what is sent.
type fakeAPI struct {
	now  func() time.Time
	mu   sync.Mutex
	all  []sentMessage
	errs map[string][]error // what the next calls of an API return
	// files are what can be downloaded; uploads what was uploaded.
	files   map[string][]byte
	uploads [][]byte
	typing  int
	buttons []api.Button
}

type sentMessage struct {
	To string
	api.Message
}

func (f *fakeAPI) fail(name string, errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs[name] = append(f.errs[name], errs...)
}

// next returns the next error of an API. The caller holds mu.
func (f *fakeAPI) next(name string) error {
	if len(f.errs[name]) == 0 {
		return nil
	}
	err := f.errs[name][0]
	f.errs[name] = f.errs[name][1:]
	return err
}

func (f *fakeAPI) Send(_ context.Context, to string, m api.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.next("send"); err != nil {
		return err
	}
	f.all = append(f.all, sentMessage{to, m})
	return nil
}

func (f *fakeAPI) sent() []sentMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sentMessage(nil), f.all...)
}

// text is all texts that were sent, in order.
func (f *fakeAPI) text() string {
	var texts []string
	for _, m := range f.sent() {
		texts = append(texts, m.Text)
	}
	return strings.Join(texts, "\n")
}

func (f *fakeAPI) Typing(context.Context, string, bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.typing++
	return f.next("typing")
}

func (f *fakeAPI) UploadImage(_ context.Context, _ string, content []byte) (string, time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.next("upload"); err != nil {
		return "", time.Time{}, err
	}
	f.uploads = append(f.uploads, content)
	return fmt.Sprint("media-", len(f.uploads)), f.now().Add(71 * time.Hour), nil
}

func (f *fakeAPI) Download(_ context.Context, id string) ([]byte, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.next("download"); err != nil {
		return nil, "", err
	}
	content, ok := f.files[id]
	if !ok {
		return nil, "", &api.Error{API: "media/get", Code: 40007, Text: "invalid media_id"}
	}
	return content, "image/png", nil
}

func (f *fakeAPI) PublishMenu(_ context.Context, buttons []api.Button) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buttons = buttons
	return f.next("menu")
}

func (f *fakeAPI) DropMenu(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buttons = nil
	return f.next("menu")
}

func (f *fakeAPI) Probe(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next("probe")
}

// query signs an address.
func (s *stage) query(at time.Time) url.Values {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return url.Values{"timestamp": {timestamp}, "nonce": {"123"}, "signature": {envelope.Keys{Token: token}.Sign(timestamp, "123")}}
}

func (s *stage) do(h http.Handler, method string, query url.Values, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/wechat/shop?"+query.Encode(), strings.NewReader(body)).WithContext(s.Context())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// post sends a message as the platform does.
func (s *stage) post(m envelope.Message) *httptest.ResponseRecorder {
	return s.do(s.Channel, http.MethodPost, s.query(s.now()), string(envelope.Build(m)))
}

var lastMessage atomic.Int64

// message is one of a follower, with an id of its own.
func (s *stage) message(from, kind string) envelope.Message {
	return envelope.Message{To: "gh_shop", From: from, Type: kind, ID: strconv.FormatInt(24_700_000_000_000_000+lastMessage.Add(1), 10), CreatedAt: s.now()}
}

// replied is the text of a passive reply; nothing for success.
func replied(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d %s", w.Code, w.Body)
	}
	if w.Body.String() == "success" {
		return ""
	}
	var reply struct{ ToUserName, FromUserName, MsgType, Content string }
	if err := xml.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		t.Fatalf("the reply %q: %v", w.Body, err)
	}
	return reply.Content
}

// say has a follower say something, and returns the passive reply.
func (s *stage) say(from, text string) string {
	s.Helper()
	m := s.message(from, "text")
	m.Content = text
	return replied(s, s.post(m))
}

// tap has a follower tap an item.
func (s *stage) tap(from, label string, id int64) string {
	s.Helper()
	m := s.message(from, "text")
	m.Content, m.MenuID = label, strconv.FormatInt(id, 10)
	return replied(s, s.post(m))
}

func (s *stage) event(from, event, key string) string {
	s.Helper()
	return replied(s, s.post(envelope.Message{To: "gh_shop", From: from, Type: "event", Event: event, EventKey: key, CreatedAt: s.now()}))
}

// step does what is due.
func (s *stage) step() {
	s.Helper()
	s.Idle()
	defer s.Idle()
	if err := s.Step(s.Context()); err != nil {
		s.Fatalf("Step: %v", err)
	}
}

// pass lets time pass, a second at a time, in which everything is done that is due.
func (s *stage) pass(long time.Duration) {
	s.Helper()
	for range long / time.Second {
		s.clock.move(time.Second)
		s.step()
	}
}

func visitor(openID string) bot.Visitor {
	return bot.Visitor{Channel: "wechat", Account: "shop", ID: openID}
}

var li = bot.Actor{ID: "li", Nick: "小李"}

// sit gives the agent a seat.
func (s *stage) sit() {
	s.Helper()
	if err := s.desk.SaveSeat(s.Context(), bot.Seat{Agent: li.ID, Nick: li.Nick, Most: 9}); err != nil {
		s.Fatal(err)
	}
	if _, err := s.desk.Sign(s.Context(), li, li.ID, bot.Online); err != nil {
		s.Fatal(err)
	}
}

// served brings a follower to the agent and returns the conversation. Nothing is
// left to be sent, and the follower has just spoken.
func (s *stage) served(from string) string {
	s.Helper()
	s.sit()
	s.say(from, "转人工")
	c, err := s.talks.Current(s.Context(), visitor(from))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.desk.Accept(s.Context(), li, c.ID); err != nil {
		s.Fatal(err)
	}
	s.step()
	s.say(from, "在吗")
	return c.ID
}

// agent has the agent say something, if that is admitted.
func (s *stage) agent(conversation, text string) error {
	s.Helper()
	c, err := s.talks.Conversation(s.Context(), conversation)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.Admit(s.Context(), c.Visitor); err != nil {
		return err
	}
	if _, err := s.desk.Say(s.Context(), li, conversation, bot.Line{ClientID: "line-" + s.ids(), Kind: bot.KindText, Text: text}); err != nil {
		s.Fatalf("the agent says %q: %v", text, err)
	}
	return nil
}

// picture has the agent send a picture.
func (s *stage) picture(conversation string) {
	s.Helper()
	f, err := s.desk.Upload(s.Context(), li, conversation, "图.png", picture(s))
	if err != nil {
		s.Fatal(err)
	}
	line := bot.Line{ClientID: "line-" + s.ids(), Kind: bot.KindImage, File: f.ID}
	if _, err := s.desk.Say(s.Context(), li, conversation, line); err != nil {
		s.Fatal(err)
	}
}

// said are the messages of a follower's conversations by a kind.
func (s *stage) said(from string, kind bot.MessageKind) (texts []string) {
	s.Helper()
	view, err := s.engine.Look(s.Context(), visitor(from), "", 0)
	if err != nil {
		s.Fatal(err)
	}
	for _, m := range view.Messages {
		if m.Kind == kind {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func has(t testing.TB, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q does not hold %q", text, part)
	}
}

// rows counts the callbacks of the account that are stored.
func (s *stage) rows() int {
	s.Helper()
	later := s.now().Add(time.Hour)
	open, err := s.store.Unfinished(s.Context(), later, 100)
	broken, err2 := s.store.BrokenCallbacks(s.Context(), "shop", later, 100)
	if err := errors.Join(err, err2); err != nil {
		s.Fatal(err)
	}
	return len(open) + len(broken)
}
