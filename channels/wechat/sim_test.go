package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/seal"
	"faqbot/channels/channeltest"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/sim"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// onSQL returns stores on one database.
func onSQL(t testing.TB, dialect sqldb.Dialect, dsn string) setup {
	t.Helper()
	db := sqltest.Connect(t, dialect, dsn)
	if err := errors.Join(botsql.Migrate(t.Context(), db, dialect), wechatsql.Migrate(t.Context(), db, dialect)); err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	talks := botsql.New(db, dialect)
	t.Cleanup(func() {
		if err := talks.Close(); err != nil {
			t.Error(err)
		}
	})
	return setup{talks: talks, store: wechatsql.New(talks, sealer)}
}

// simulated is a stage on the simulator.
type simulated struct {
	*stage
	account *sim.Account
}

// simulate returns a stage whose platform is the simulator, in safe mode.
func simulate(t testing.TB, on setup, change func(*wechat.Account)) *simulated {
	t.Helper()
	c := newClock(morning)
	platform := sim.New(sim.Config{Now: c.Now, Patience: 30 * time.Second})
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	calls := &http.Client{Timeout: 30 * time.Second}
	t.Cleanup(calls.CloseIdleConnections)
	s := &simulated{}
	on.client = func(a wechat.Account) wechat.API {
		return wechat.Platform(api.Config{Base: server.URL, HTTP: calls, Node: "one", Now: c.Now}, s.store)(a)
	}
	a := service()
	a.Mode, a.AESKey = wechat.Safe, aesKey
	if change != nil {
		change(&a)
	}
	s.stage = newStageOn(t, on, c.Now, c, func(to *wechat.Account) { *to = a })
	us := httptest.NewServer(s.Channel)
	t.Cleanup(us.Close)
	kind := sim.Service
	if a.Kind == wechat.Subscription {
		kind = sim.Subscription
	}
	var err error
	s.account, err = platform.Add(sim.AccountConfig{
		AppID: a.AppID, Secret: a.Secret, Token: a.Token, AESKey: a.AESKey, Mode: sim.Mode(a.Mode), Kind: kind,
		NoSends: !a.Sends, Callback: us.URL + "/wechat/shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.account.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// last is what is shown last to a user, which must not be a fault.
func (s *simulated) last(u *sim.User) sim.Shown {
	s.Helper()
	shown := u.Shown()
	for _, one := range shown {
		if one.From == sim.Fault {
			s.Fatalf("the platform shows a fault: %+v", shown)
		}
	}
	return shown[len(shown)-1]
}

func (s *simulated) must(_ sim.Exchange, err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// TestDialogue begins with the bot, waits, talks to an agent and is rated, on the
// platform's rules and on all stores.
func TestDialogue(t *testing.T) {
	t.Run("Fake", func(t *testing.T) { dialogue(t, setup{}) })
	t.Run("SQLite", func(t *testing.T) {
		dialogue(t, onSQL(t, sqldb.SQLite, sqltest.SQLiteDSN(filepath.Join(t.TempDir(), "bot.db"))))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		if os.Getenv(pgtest.Env) == "" {
			t.Skipf("PostgreSQL is not tested: set %s to the address of a server", pgtest.Env)
		}
		dialogue(t, onSQL(t, sqldb.PostgreSQL, pgtest.DSN(t)))
	})
}

func dialogue(t *testing.T, on setup) {
	s := simulate(t, on, func(a *wechat.Account) { a.Menus = true })
	s.sit()
	anna := s.account.User("o-anna")
	s.must(anna.Follow(t.Context(), ""))
	has(t, s.last(anna).Text, "1. 手机卡丢了怎么补办")
	s.must(anna.Say(t.Context(), "怎么开发票"))
	has(t, s.last(anna).Text, "在订单页")
	s.must(anna.Say(t.Context(), "退那个套餐"))
	s.pass(3 * time.Second)
	offer := s.last(anna)
	if offer.Kind != "msgmenu" || len(offer.Items()) < 2 {
		t.Fatalf("the list is %+v", offer)
	}
	s.must(anna.TapItem(t.Context(), offer.Items()[0]))
	has(t, s.last(anna).Text, "：")

	s.clock.move(time.Second)
	s.must(anna.Say(t.Context(), "转人工"))
	has(t, s.last(anna).Text, "转接人工客服")
	s.must(anna.Say(t.Context(), "发票抬头写错了"))
	c, err := s.talks.Current(t.Context(), visitor("o-anna"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Accept(t.Context(), li, c.ID); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		if err := s.agent(c.ID, fmt.Sprintf("第 %d 步，请照做。", i+1)); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		s.pass(6 * time.Second)
	}
	if window, _, err := s.Window(t.Context(), visitor("o-anna")); err != nil || window.Left != anna.Quota().Left || window.Left == 0 {
		t.Errorf("the window is %+v, the platform's %+v, %v", window, anna.Quota(), err)
	}
	if err := s.desk.Close(t.Context(), li, c.ID, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	s.pass(10 * time.Second)
	survey := s.last(anna)
	has(t, survey.Text, "非常满意")
	s.must(anna.Say(t.Context(), "1"))
	has(t, s.last(anna).Text, "谢谢")
	if r, err := s.talks.Rating(t.Context(), c.ID); err != nil || r.Stars != 5 {
		t.Errorf("rated %+v, %v", r, err)
	}
	all := ""
	for _, call := range s.account.Calls(sim.SendAPI) {
		if call.Code != 0 {
			t.Errorf("refused: %+v", call)
		}
	}
	for _, shown := range anna.Shown() {
		all += shown.Text + "\n"
	}
	for i := range 12 {
		if n := strings.Count(all, fmt.Sprintf("第 %d 步", i+1)); n != 1 {
			t.Errorf("line %d is shown %d times", i+1, n)
		}
	}
}

// TestWT9Token sends a message once although its token is not good any more.
func TestWT9Token(t *testing.T) {
	s := simulate(t, setup{}, nil)
	anna := s.account.Follower("o-anna")
	s.sit()
	s.must(anna.Say(t.Context(), "转人工"))
	c, err := s.talks.Current(t.Context(), visitor("o-anna"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Accept(t.Context(), li, c.ID); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	issued := s.account.Issued()
	s.account.VoidTokens()
	if err := s.agent(c.ID, "您好，我在"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	n := 0
	for _, shown := range anna.Shown() {
		n += strings.Count(shown.Text, "您好，我在")
	}
	if n != 1 || s.account.Issued() != issued+1 {
		t.Errorf("shown %d times, %d new tokens", n, s.account.Issued()-issued)
	}
}

// TestDropped does not send again what the platform took without saying so.
func TestDropped(t *testing.T) {
	s := simulate(t, setup{}, nil)
	anna := s.account.Follower("o-anna")
	s.sit()
	s.must(anna.Say(t.Context(), "转人工"))
	c, err := s.talks.Current(t.Context(), visitor("o-anna"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Accept(t.Context(), li, c.ID); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	s.account.Drop(sim.SendAPI, 1)
	if err := s.agent(c.ID, "您好，我在"); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Minute)
	n := 0
	for _, shown := range anna.Shown() {
		n += strings.Count(shown.Text, "您好，我在")
	}
	if n != 1 {
		t.Errorf("shown %d times", n)
	}
	parts, err := s.store.Parts(t.Context(), c.ID, 1, 100)
	if err != nil || parts[len(parts)-1].State != wechat.Uncertain {
		t.Errorf("parts %+v, %v", parts, err)
	}
}

// TestChannel runs the suite of all channels over the simulator.
func TestChannel(t *testing.T) {
	s := simulate(t, setup{}, nil)
	s.sit()
	people := 0
	channeltest.Test(t, channeltest.Channel{
		Script: channeltest.Script{
			Question: "怎么开发票", Answer: "在订单页点开发票。", Vague: "退那个套餐", Vague2: "手机那个价格",
			Long: "账号怎么注销", LongAnswer: longAnswer,
		},
		Visitor: func(t *testing.T) channeltest.Visitor {
			people++
			p := &person{s: s, openID: fmt.Sprint("o-", people)}
			p.user = s.account.Follower(p.openID)
			p.stop = s.bus.Subscribe(p.hear)
			t.Cleanup(p.stop)
			return p
		},
	})
}

// person is a follower for the suite. What they see is on the simulator's screen;
// of what kind it is, the hints tell.
type person struct {
	s      *simulated
	openID string
	user   *sim.User
	stop   func()
	kinds  []bot.Message // of what will be on the screen
	seen   int           // of the screen
}

func (p *person) hear(h bot.Hint) {
	if h.Visitor != visitor(p.openID).Key() {
		return
	}
	for _, m := range h.Messages {
		if m.Author != bot.FromVisitor && !m.Kind.Internal() {
			p.kinds = append(p.kinds, m)
		}
	}
}

func (p *person) do(_ sim.Exchange, err error) error { p.s.Idle(); return err }

func (p *person) Say(ctx context.Context, text string) error { return p.do(p.user.Say(ctx, text)) }
func (p *person) SayAgain(ctx context.Context) error         { return p.do(p.user.SayAgain(ctx)) }
func (p *person) Tap(ctx context.Context, o bot.Option) error {
	return p.do(p.user.Say(ctx, o.Question)) // numbered lists are not tapped
}
func (p *person) Feedback(context.Context, channeltest.Shown, bool) error {
	return channeltest.ErrCannot
}
func (p *person) Handoff(ctx context.Context) error              { return p.Say(ctx, "转人工") }
func (p *person) Unqueue(ctx context.Context) error              { return p.Say(ctx, "取消排队") }
func (p *person) SendFile(context.Context, string, []byte) error { return channeltest.ErrCannot }
func (p *person) Fetch(context.Context, string) ([]byte, error)  { return nil, channeltest.ErrCannot }
func (p *person) Leave(context.Context) error                    { return channeltest.ErrCannot }
func (p *person) Return(context.Context) error                   { return channeltest.ErrCannot }
func (p *person) SayWhileAway(context.Context, string) error     { return channeltest.ErrCannot }

// Next returns what is shown next. A message of several parts is shown in as many
// pieces.
func (p *person) Next(ctx context.Context) (channeltest.Shown, error) {
	for {
		shown := p.user.Shown()
		if p.seen < len(shown) {
			p.seen++
			if one := shown[p.seen-1]; one.From != sim.FromUser {
				return p.shown(one), nil
			}
			continue
		}
		if err := ctx.Err(); err != nil {
			return channeltest.Shown{}, err
		}
		p.s.pass(time.Second)
	}
}

func (p *person) shown(one sim.Shown) channeltest.Shown {
	out := channeltest.Shown{ID: fmt.Sprint(p.openID, p.seen), Kind: bot.MessageKind(one.From), Text: one.Text}
	if len(p.kinds) > 0 {
		m := p.kinds[0]
		out.Kind, out.Options = m.Kind, m.Card.Options
		if m.Kind != bot.KindAnswer || !strings.HasPrefix(longAnswer, one.Text) {
			p.kinds = p.kinds[1:]
		}
	}
	return out
}
