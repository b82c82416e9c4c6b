package wechat_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/wechattest"
)

// inTime runs a test on a clock that moves by itself.
func inTime(t *testing.T, change func(*wechat.Account), test func(t *testing.T, s *stage)) {
	inTimeOn(t, setup{}, change, test)
}

func inTimeOn(t *testing.T, on setup, change func(*wechat.Account), test func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := newStageOn(t, on, time.Now, nil, change)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		channel := s.Channel // a test may go on with another one
		running.Go(func() { channel.Run(ctx) })
		defer running.Wait()
		defer cancel()
		test(t, s)
	})
}

// attempt is one of the platform's: it hangs up after five seconds.
func (s *stage) attempt(m envelope.Message) (answer string, took time.Duration) {
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/wechat/shop?"+s.query(s.now()).Encode(), strings.NewReader(string(envelope.Build(m))))
	w := httptest.NewRecorder()
	began := time.Now()
	s.ServeHTTP(w, r)
	if ctx.Err() != nil {
		return "", time.Since(began)
	}
	return w.Body.String(), time.Since(began)
}

// TestWT8Stalled answers in time although the engine does not, and sends the reply
// later, once.
func TestWT8Stalled(t *testing.T) {
	inTime(t, nil, func(t *testing.T, s *stage) {
		s.engine.set(10*time.Second, nil)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		answer, took := s.attempt(m)
		if answer != "success" || took > 4500*time.Millisecond {
			t.Errorf("%q after %v", answer, took)
		}
		time.Sleep(time.Minute)
		sent := s.api.sent()
		if len(sent) != 1 || sent[0].To != "ann" || !strings.Contains(sent[0].Text, "在订单页") {
			t.Errorf("sent %+v", sent)
		}
		if s.api.typing != 1 {
			t.Errorf("told %d times that a reply is being written", s.api.typing)
		}
		if again, _ := s.attempt(m); again != "success" {
			t.Errorf("again: %q", again)
		}
		time.Sleep(time.Minute)
		if n := len(s.api.sent()); n != 1 {
			t.Errorf("%d were sent", n)
		}
	})
}

// TestStalledForRetry gives the reply to whom the platform sends again.
func TestStalledForRetry(t *testing.T) {
	inTime(t, func(a *wechat.Account) { a.Sends = false }, func(t *testing.T, s *stage) {
		s.engine.set(7*time.Second, nil)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		if answer, took := s.attempt(m); answer != "" || took != 5*time.Second {
			t.Errorf("the first attempt: %q after %v", answer, took)
		}
		answer, took := s.attempt(m)
		if took != 2*time.Second {
			t.Errorf("the second attempt took %v", took)
		}
		has(t, answer, "在订单页")
		if len(s.said("ann", bot.KindText)) != 1 || len(s.api.sent()) != 0 {
			t.Errorf("turns %q, sent %+v", s.said("ann", bot.KindText), s.api.sent())
		}
	})
}

// TestStalledForLong tells who cannot be written to how to get the reply.
func TestStalledForLong(t *testing.T) {
	inTime(t, func(a *wechat.Account) { a.Sends = false }, func(t *testing.T, s *stage) {
		s.engine.set(18*time.Second, nil)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		s.attempt(m)
		s.attempt(m)
		answer, took := s.attempt(m)
		if took > 4500*time.Millisecond {
			t.Errorf("the third attempt took %v", took)
		}
		has(t, answer, "继续")
		time.Sleep(10 * time.Second)
		s.engine.set(0, nil)
		has(t, s.say("ann", "继续"), "在订单页")
		if got := s.say("ann", "继续"); strings.Contains(got, "在订单页") {
			t.Errorf("twice: %q", got)
		}
		if got := s.said("ann", bot.KindText); len(got) != 1 || len(s.api.sent()) != 0 {
			t.Errorf("turns %q, sent %+v", got, s.api.sent())
		}
	})
}

// TestBetweenAttempts gives the retry a reply that came while nobody asked.
func TestBetweenAttempts(t *testing.T) {
	inTime(t, func(a *wechat.Account) { a.Sends = false }, func(t *testing.T, s *stage) {
		s.engine.set(6*time.Second, nil)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		s.attempt(m)
		time.Sleep(2 * time.Second)
		answer, _ := s.attempt(m)
		has(t, answer, "在订单页")
	})
}

// TestStalledStore does not hold up the platform for longer than it waits.
func TestStalledStore(t *testing.T) {
	slow := setup{store: &slowStore{Store: wechattest.NewStore(), delay: 6 * time.Second}}
	inTimeOn(t, slow, nil, func(t *testing.T, s *stage) {
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		if answer, took := s.attempt(m); answer != "success" || took > 4500*time.Millisecond {
			t.Errorf("%q after %v", answer, took)
		}
		time.Sleep(time.Minute)
		if sent := s.api.sent(); len(sent) != 1 || !strings.Contains(sent[0].Text, "在订单页") {
			t.Errorf("sent %+v", sent)
		}
	})
}

// TestSlowDisk does not say success of what is not stored, nor comes too late
// because the accounts could not be read at once.
func TestSlowDisk(t *testing.T) {
	store := &lateStore{Store: wechattest.NewStore()}
	inTimeOn(t, setup{store: store}, nil, func(t *testing.T, s *stage) {
		time.Sleep(time.Minute) // so that the accounts are read again
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		store.accounts.Store(int64(3 * time.Second))
		store.take.Store(int64(4 * time.Second))
		if answer, took := s.attempt(m); answer == "success" || took > 4500*time.Millisecond {
			t.Errorf("%q after %v", answer, took)
		}
		if answer, took := s.attempt(m); !strings.Contains(answer, "在订单页") || took > 4500*time.Millisecond {
			t.Errorf("the second time %q after %v", answer, took)
		}
	})
}

// lateStore reads accounts and takes a callback late, once each.
type lateStore struct {
	wechat.Store
	accounts, take atomic.Int64 // by how much
}

func (s *lateStore) Accounts(ctx context.Context) ([]wechat.Account, error) {
	time.Sleep(time.Duration(s.accounts.Swap(0)))
	return s.Store.Accounts(ctx)
}

func (s *lateStore) Take(ctx context.Context, c wechat.Callback) (wechat.Callback, bool, error) {
	time.Sleep(time.Duration(s.take.Swap(0)))
	return s.Store.Take(ctx, c)
}

// slowStore finishes late.
type slowStore struct {
	wechat.Store
	delay time.Duration
}

func (s *slowStore) Finish(ctx context.Context, c wechat.Callback) error {
	time.Sleep(s.delay)
	return s.Store.Finish(ctx, c)
}

// TestOrphan does a callback again whose node has died, and sends the reply.
func TestOrphan(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	taken := wechat.Callback{Account: "shop", Key: m.Key(), OpenID: "ann", Raw: envelope.Build(m), State: wechat.Taken, At: s.now()}
	if _, _, err := s.store.Take(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	s.pass(30 * time.Second)
	if n := len(s.api.sent()); n != 0 {
		t.Fatalf("%d were sent while the node may live", n)
	}
	s.pass(time.Minute)
	if sent := s.api.sent(); len(sent) != 1 || !strings.Contains(sent[0].Text, "在订单页") {
		t.Errorf("sent %+v", sent)
	}
	if got, err := s.store.Callback(t.Context(), "shop", m.Key()); err != nil || got.State != wechat.Done {
		t.Errorf("the callback is %+v, %v", got, err)
	}
}

// TestRetryOfDead has a retry do what its node did not finish.
func TestRetryOfDead(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	taken := wechat.Callback{Account: "shop", Key: m.Key(), OpenID: "ann", Raw: envelope.Build(m), State: wechat.Taken, At: s.now()}
	if _, _, err := s.store.Take(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	s.clock.move(7 * time.Second)
	has(t, replied(t, s.post(m)), "在订单页")
}

// TestPoison gives up what never works, and shows it.
func TestPoison(t *testing.T) {
	inTime(t, nil, func(t *testing.T, s *stage) {
		s.engine.set(0, bot.ErrUnavailable)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		if answer, took := s.attempt(m); answer != "success" || took > 4500*time.Millisecond {
			t.Errorf("%q after %v", answer, took)
		}
		time.Sleep(5 * time.Minute)
		if got, err := s.store.Callback(t.Context(), "shop", m.Key()); err != nil || got.State != wechat.Taken {
			t.Errorf("five minutes later it is %+v, %v", got, err)
		}
		time.Sleep(15 * time.Minute)
		broken, err := s.store.BrokenCallbacks(t.Context(), "shop", s.now().Add(time.Hour), 9)
		if err != nil || len(broken) != 1 {
			t.Errorf("broken %+v, %v", broken, err)
		}
	})
}

// TestUnstored lets the platform send again what could not be stored.
func TestUnstored(t *testing.T) {
	s := newStage(t, nil)
	c, err := wechat.New(wechat.Config{API: func(wechat.Account) wechat.API { return s.api }, Now: s.now}, s.engine, s.bus, brokenStore{s.store}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Shutdown(context.Background()) })
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	if w := s.do(c, http.MethodPost, s.query(s.now()), string(envelope.Build(m))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	if s.engine.turns != 0 {
		t.Error("there was a turn")
	}
}

type brokenStore struct{ wechat.Store }

func (brokenStore) Take(context.Context, wechat.Callback) (wechat.Callback, bool, error) {
	return wechat.Callback{}, false, errors.New("the disk is full")
}

// TestUncertain never sends again what may have arrived.
func TestUncertain(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.api.fail("send", api.ErrUnknown)
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Minute)
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
	parts, err := s.store.Parts(t.Context(), talk, 1, 100)
	if err != nil || parts[len(parts)-1].State != wechat.Uncertain {
		t.Errorf("parts %+v, %v", parts, err)
	}
}

// TestStuck takes what a dead node was sending for uncertain, and goes on.
func TestStuck(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.step()
	f, err := s.store.Follower(t.Context(), "shop", "ann")
	open, err2 := s.store.Open(t.Context(), "shop", "ann")
	if err := errors.Join(err, err2); err != nil || len(open) != 1 {
		t.Fatal(open, err)
	}
	open[0].State, open[0].ChangedAt = wechat.Sending, s.now()
	if err := s.store.Step(t.Context(), f, nil, open); err != nil {
		t.Fatal(err)
	}
	if err := s.agent(talk, "请问有什么可以帮您"); err != nil {
		t.Fatal(err)
	}
	s.pass(30 * time.Second)
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent although one is being sent", n)
	}
	s.pass(2 * time.Minute)
	if got := s.api.text(); got != "请问有什么可以帮您" {
		t.Errorf("sent %q", got)
	}
}

// TestWait sends later what the platform cannot take now.
func TestWait(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	busy := &api.Error{API: "message/custom/send", Code: -1, Text: "system error"}
	s.api.fail("send", busy, errors.New("connection refused"))
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	if got := s.api.text(); got != "您好" {
		t.Errorf("sent %q", got)
	}
	if a, _, err := s.Window(t.Context(), visitor("ann")); err != nil || a.Left != 4 {
		t.Errorf("the allowance is %+v, %v", a, err)
	}
}

// TestOverruled believes the platform that nothing is left, and gives what could
// not be sent with the next reply.
func TestOverruled(t *testing.T) {
	for _, code := range []int{45047, 45015} {
		s := newStage(t, nil)
		talk := s.served("ann")
		s.api.fail("send", &api.Error{API: "message/custom/send", Code: code, Text: "out of response count limit"})
		if err := s.agent(talk, "您好"); err != nil {
			t.Fatal(err)
		}
		s.pass(10 * time.Second)
		var invalid *bot.InvalidError
		if err := s.agent(talk, "在吗"); !errors.As(err, &invalid) {
			t.Errorf("%d: the next line: %v", code, err)
		}
		if got := s.say("ann", "好的"); got != "您好" {
			t.Errorf("%d: with the next reply came %q", code, got)
		}
		if n := len(s.api.sent()); n != 0 {
			t.Errorf("%d: %d were sent", code, n)
		}
	}
}

// TestRefusedForGood does not try again what will never work.
func TestRefusedForGood(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.api.fail("send", &api.Error{API: "message/custom/send", Code: 40003, Text: "invalid openid"})
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	parts, err := s.store.Parts(t.Context(), talk, 1, 100)
	if last := parts[len(parts)-1]; err != nil || last.State != wechat.Failed || last.Code != 40003 {
		t.Errorf("parts %+v, %v", parts, err)
	}
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

// TestNoRight gives with the next reply what the account turns out to have no right
// to send.
func TestNoRight(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.api.fail("send", &api.Error{API: "message/custom/send", Code: 48001, Text: "api unauthorized"})
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	if got := s.say("ann", "在吗"); got != "您好" {
		t.Errorf("with the next reply came %q", got)
	}
}

// TestRedoGrants grants nothing twice for one message.
func TestRedoGrants(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.clock.move(time.Second)
	m := s.message("ann", "text")
	m.Content = "有人吗"
	if got := replied(t, s.post(m)); got != "" {
		t.Errorf("answered %q", got)
	}
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.pass(10 * time.Second)
	cb, err := s.store.Callback(t.Context(), "shop", m.Key())
	if err != nil {
		t.Fatal(err)
	}
	cb.State = wechat.Taken
	if err := s.store.Finish(t.Context(), cb); err != nil {
		t.Fatal(err)
	}
	s.pass(90 * time.Second)
	if a, _, err := s.Window(t.Context(), visitor("ann")); err != nil || a.Left != 4 {
		t.Errorf("the allowance is %+v, %v", a, err)
	}
	if got := s.api.text(); got != "您好" {
		t.Errorf("sent %q", got)
	}
	if cb, err = s.store.Callback(t.Context(), "shop", m.Key()); err != nil || cb.State != wechat.Done {
		t.Errorf("the callback is %+v, %v", cb, err)
	}
}

// TestUnheard brings an agent's line that was written while nobody listened: the
// process that took it died before it told the others.
func TestUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStageOn(t, setup{}, time.Now, nil, nil)
		talk := s.served("ann")
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := len(s.api.sent())
		if err := s.agent(talk, "您好，我还在"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second) // longer than any look goes back
		s.Channel = s.newChannel()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx)
		}()
		time.Sleep(time.Minute)
		cancel()
		<-done
		if all := s.api.sent()[sent:]; len(all) != 1 || all[0].Text != "您好，我还在" {
			t.Errorf("sent %+v", all)
		}
	})
}
