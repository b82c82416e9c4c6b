package bot_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/bottest"
	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/testdata"
)

// sharedDir holds what tests share: the index of talkative.
var sharedDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "bot-test-") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := sharedDir(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// talkative answers from the telecom sample, the small talk and handMade. To open
// it takes a second.
var talkative = sync.OnceValues(func() (*bot.Answerer, error) {
	source, err := talkSource()
	if err != nil {
		return nil, err
	}
	dir, err := sharedDir()
	if err != nil {
		return nil, err
	}
	n, err := normalizer()
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

func mustTalkative(t testing.TB) *bot.Answerer {
	t.Helper()
	a, err := talkative()
	if err != nil {
		t.Fatalf("open the answerer: %v", err)
	}
	return a
}

// talkSource reads the samples; their related questions become ids.
func talkSource() (*bot.Fixed, error) {
	source := &bot.Fixed{}
	for _, name := range testdata.KnowledgeFiles("telecom") {
		data, err := testdata.FS.ReadFile(name)
		if err != nil {
			return nil, err
		}
		d, err := kbfile.Read(context.Background(), name, data, kbfile.Options{})
		if err != nil {
			return nil, err
		}
		for _, row := range d.Rows {
			row.Entry.Enabled = true
			row.Entry.Related = row.Related
			source.Entries = append(source.Entries, row.Entry)
		}
		if d.Lexicon != nil && name == "telecom.kb.jsonl" {
			source.Words = *d.Lexicon
		}
	}
	ids := map[string]string{}
	for _, e := range source.Entries {
		ids[e.Question] = e.ID
	}
	for i := range source.Entries {
		for j, question := range source.Entries[i].Related {
			source.Entries[i].Related[j] = ids[question]
		}
	}
	source.Entries = append(source.Entries, handMade()...)
	return source, nil
}

// morning is when dialogues begin: a Tuesday, 10:00 in Shanghai.
var morning = time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)

var shanghai = time.FixedZone("CST", 8*3600)

// handMade are entries that tests need exactly so.
func handMade() []knowledge.Entry {
	mute := entry("hand-mute", "哑巴知识点没有答案")
	mute.Answers = nil
	soon := entry("hand-soon", "今日限时秒杀怎么参加", "秒杀规则")
	soon.ExpiresAt = morning.Add(time.Hour)
	vip := entry("hand-vip", "贵宾厅休息区怎么进")
	vip.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Level: "vip"}, Texts: []string{"出示会员码"}}}
	both := entry("hand-both", "双份答案测试问")
	both.Answers, both.ReplyAll = []knowledge.Answer{{Texts: []string{"第一份", "第二份"}}}, true
	return []knowledge.Entry{
		entry("hand-hours", "人工客服几点上班"),
		// The same wording in four entries: to clarify, three of them are offered.
		entry("hand-a", "甲套餐怎么退", "退那个套餐"), entry("hand-b", "乙套餐怎么退", "退那个套餐"),
		entry("hand-c", "丙套餐怎么退", "退那个套餐"), entry("hand-d", "丁套餐怎么退", "退那个套餐"),
		entry("hand-e", "秒杀订单在哪看", "秒杀规则"),
		mute, soon, vip, both,
	}
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// house is an engine with all that it stands on.
type house struct {
	*bot.Engine
	desk  *bot.Desk
	store houseStore
	bus   *bot.LocalBus
	clock *clock
	ids   *atomic.Int64
}

// newHouse returns an engine over a store, with rules in YAML over the default ones.
func newHouse(t testing.TB, store houseStore, rules string) *house {
	t.Helper()
	r, err := bot.ParseRules([]byte(rules))
	if err != nil {
		t.Fatalf("ParseRules: %v", err)
	}
	h := &house{store: store, bus: bot.NewLocalBus(), clock: &clock{now: morning}, ids: new(atomic.Int64)}
	h.Engine = bot.NewEngine(bot.EngineConfig{
		Store: store, Knowledge: mustTalkative(t), Bus: h.bus, Rules: r, Log: zap.NewNop(), Zone: shanghai,
		Now: h.clock.Now, NewID: h.newID, Files: store,
	})
	h.desk = bot.NewDesk(bot.DeskConfig{Engine: h.Engine, Store: store, Customers: store, Blocked: store})
	return h
}

// houseStore is all that a house keeps.
type houseStore interface {
	bot.Store
	bot.SeatStore
	bot.CustomerStore
	bot.FileStore
	bot.BlockStore
}

func (h *house) newID() string { return fmt.Sprintf("id-%08d", h.ids.Add(1)) }

func fakeHouse(t testing.TB) *house { return newHouse(t, bottest.NewStore(), "") }

func visitor(id string) bot.Visitor { return bot.Visitor{Channel: "web", ID: id} }

var ann = visitor("ann")

func yes() *bool { b := true; return &b }
func no() *bool  { return new(bool) }

// send hands the engine a message with a new client id, which must succeed, and
// returns what was replied.
func (h *house) send(t testing.TB, in bot.Inbound) (bot.Message, []bot.Message) {
	t.Helper()
	m, replies, err := h.try(in)
	if err != nil {
		t.Fatalf("Receive(%s %q): %v", in.Kind, in.Text, err)
	}
	return m, replies
}

func (h *house) try(in bot.Inbound) (bot.Message, []bot.Message, error) {
	if in.ClientID == "" {
		in.ClientID = "client-" + h.newID()
	}
	var mu sync.Mutex
	var replies []bot.Message
	defer h.bus.Subscribe(func(hint bot.Hint) {
		mu.Lock()
		defer mu.Unlock()
		replies = append(replies, hint.Messages...)
	})()
	r, err := h.Receive(context.Background(), in)
	for i, m := range replies {
		if m.ClientID == in.ClientID {
			return r.Message, append(replies[:i:i], replies[i+1:]...), err
		}
	}
	return r.Message, replies, err
}

func (h *house) say(t testing.TB, v bot.Visitor, text string) (bot.Message, []bot.Message) {
	t.Helper()
	return h.send(t, bot.Inbound{Visitor: v, Kind: bot.KindText, Text: text})
}

// all returns the messages of a conversation.
func all(t testing.TB, s bot.Store, conversation string) []bot.Message {
	t.Helper()
	messages, err := s.After(context.Background(), conversation, 0, 100000)
	if err != nil {
		t.Fatalf("After: %v", err)
	}
	return messages
}

func kinds(messages []bot.Message) string {
	names := make([]string, len(messages))
	for i, m := range messages {
		names[i] = string(m.Kind)
	}
	return strings.Join(names, " ")
}

func wantKinds(t testing.TB, messages []bot.Message, want string) {
	t.Helper()
	if got := kinds(messages); got != want {
		t.Errorf("replies are %q, want %q", got, want)
	}
}

func wantIs(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}
