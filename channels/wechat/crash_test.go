package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/sim"
	"faqbot/channels/wechat/wechattest"
)

// dyingStore works until the moment at which its node dies.
type dyingStore struct {
	wechat.Store
	at   string
	dead atomic.Bool
}

var errDied = errors.New("died")

func (s *dyingStore) reach(moment string) error {
	if moment == s.at {
		s.dead.Store(true)
	}
	if s.dead.Load() {
		return errDied
	}
	return nil
}

func (s *dyingStore) Finish(ctx context.Context, c wechat.Callback) error {
	if err := s.reach("finish"); err != nil {
		return err
	}
	return s.Store.Finish(ctx, c)
}

func (s *dyingStore) Step(ctx context.Context, f wechat.Follower, add, change []wechat.Outgoing) error {
	if err := s.reach("step"); err != nil {
		return err
	}
	return s.Store.Step(ctx, f, add, change)
}

func (s *dyingStore) Follower(ctx context.Context, account, openID string) (wechat.Follower, error) {
	if err := s.reach("follower"); err != nil {
		return wechat.Follower{}, err
	}
	return s.Store.Follower(ctx, account, openID)
}

// TestDied has a reply arrive once whatever the moment at which a node dies.
func TestDied(t *testing.T) {
	for _, moment := range []string{"follower", "step", "finish"} {
		for _, retried := range []bool{false, true} {
			t.Run(fmt.Sprint(moment, retried), func(t *testing.T) {
				alive := wechattest.NewStore()
				inTimeOn(t, setup{store: &dyingStore{Store: alive, at: moment}}, nil, func(t *testing.T, s *stage) {
					m := s.message("ann", "text")
					m.Content = "怎么开发票"
					got, _ := s.attempt(m)
					s.store = alive
					s.Channel = s.newChannel()
					time.Sleep(3 * time.Second)
					if retried {
						again, _ := s.attempt(m)
						got += again
					}
					for range 120 {
						time.Sleep(time.Second)
						s.step()
					}
					got += s.api.text()
					if n := strings.Count(got, "在订单页"); n != 1 {
						t.Errorf("the reply came %d times: %q", n, got)
					}
					if turns := s.said("ann", bot.KindText); len(turns) != 1 {
						t.Errorf("turns %q", turns)
					}
				})
			})
		}
	}
}

// TestStumble tries again what did not work at once.
func TestStumble(t *testing.T) {
	inTime(t, nil, func(t *testing.T, s *stage) {
		s.engine.set(0, bot.ErrUnavailable)
		m := s.message("ann", "text")
		m.Content = "怎么开发票"
		time.AfterFunc(time.Second, func() { s.engine.set(0, nil) })
		answer, took := s.attempt(m)
		has(t, answer, "在订单页")
		if took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAnything has two nodes do whatever comes, in any order. What an agent may say
// is shown once and in order, and the platform refuses nothing.
func TestAnything(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := simulate(t, setup{}, func(a *wechat.Account) { a.Menus = seed%2 == 0 })
			nodes := []*wechat.Channel{s.Channel, s.newChannel()}
			anna := s.account.Follower("o-anna")
			random := rand.New(rand.NewPCG(seed, 1))
			talk := s.begin(anna)
			var said []string
			for range 80 {
				switch random.IntN(6) {
				case 0:
					s.must(anna.Say(t.Context(), "好的，请说"))
				case 1, 2, 3:
					text := fmt.Sprintf("〔%d〕", len(said))
					if err := s.agent(talk, text); err == nil {
						said = append(said, text)
					}
				default:
					s.clock.move(time.Duration(random.IntN(60)) * time.Second)
				}
				nodes[0].Idle()
				if err := nodes[random.IntN(2)].Step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for range 9 { // what is left comes with what she says
				s.must(anna.Say(t.Context(), "还有吗"))
				s.pass(time.Minute)
			}
			s.check(anna, said)
		})
	}
}

// begin brings a user to the agent.
func (s *simulated) begin(u *sim.User) (conversation string) {
	s.Helper()
	s.sit()
	s.must(u.Say(s.Context(), "转人工"))
	c, err := s.talks.Current(s.Context(), visitor(u.OpenID()))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.desk.Accept(s.Context(), li, c.ID); err != nil {
		s.Fatal(err)
	}
	return c.ID
}

// check looks at what a user was shown.
func (s *simulated) check(u *sim.User, said []string) {
	s.Helper()
	all := ""
	for _, shown := range u.Shown() {
		if shown.From == sim.Fault {
			s.Errorf("a fault: %+v", shown)
		}
		if shown.From != sim.FromUser {
			all += shown.Text
		}
	}
	at := 0
	for _, text := range said {
		if n := strings.Count(all, text); n != 1 {
			s.Errorf("%s is shown %d times", text, n)
		}
		i := strings.Index(all[at:], text)
		if i < 0 {
			s.Fatalf("%s is out of order: %s", text, all)
		}
		at += i
	}
	for _, call := range s.account.Calls(sim.SendAPI) {
		if call.Code != 0 {
			s.Errorf("refused: %+v", call)
		}
	}
}

// TestLostHint finds what was said although no hint came, once one comes without
// messages.
func TestLostHint(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	lost := s.Channel
	if err := lost.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.Channel = s.newChannel()
	s.pass(time.Minute)
	if n := len(s.api.sent()); n != 0 {
		t.Fatalf("%d were sent", n)
	}
	c, err := s.talks.Conversation(t.Context(), talk)
	if err != nil {
		t.Fatal(err)
	}
	s.bus.Publish(bot.Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Seq: c.Seq}) // as Engine.Watch does
	s.pass(time.Minute)
	if got := s.api.text(); got != "您好" {
		t.Errorf("sent %q", got)
	}
}

// TestStopped takes nothing any more, and says so.
func TestStopped(t *testing.T) {
	s := newStage(t, nil)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := s.message("ann", "text")
	if w := s.do(s.Channel, http.MethodPost, s.query(s.now()), string(envelope.Build(m))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
}
