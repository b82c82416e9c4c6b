package visitor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/crashtest/visitor"
)

// stage is a fake server with visitors, and the history.
type stage struct {
	t        *testing.T
	chat     *fakeChat
	url      string
	recorder *history.Recorder
	ctx      context.Context
	visitors []*visitor.Visitor
}

func newStage(t *testing.T, f fault) *stage {
	chat, server := newFake(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	return &stage{t: t, chat: chat, url: server.URL, recorder: history.NewRecorder(), ctx: ctx}
}

// enter lets a visitor in.
func (s *stage) enter(person, client, token string) *visitor.Visitor {
	v := visitor.New(visitor.Config{
		URL: s.url, Person: person, Client: client, Token: token, HTTP: http.DefaultClient, Dialer: websocket.DefaultDialer,
		Note: s.recorder.Add, Rand: rand.New(rand.NewPCG(1, uint64(len(s.visitors)))),
		FirstPause: time.Millisecond, LongestPause: 5 * time.Millisecond, Window: 2, Patience: 1,
	})
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	go func() { defer close(done); v.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	s.visitors = append(s.visitors, v)
	s.wait(v, func(st visitor.State) bool { return st.Connected })
	return v
}

func (s *stage) wait(v *visitor.Visitor, ok func(visitor.State) bool) visitor.State {
	s.t.Helper()
	state, err := v.Wait(s.ctx, ok)
	if err != nil {
		s.t.Fatalf("%v\n%+v\n%v", err, state, s.recorder.Events())
	}
	return state
}

// ask sends questions and waits for their acks.
func (s *stage) ask(v *visitor.Visitor, questions ...string) {
	s.t.Helper()
	for _, q := range questions {
		v.Send(visitor.Outgoing{Kind: bot.KindText, Text: q})
	}
	s.wait(v, func(st visitor.State) bool { return st.Unsent == 0 })
}

// crash crashes the fake and waits until all are back.
func (s *stage) crash() {
	var before []int
	for _, v := range s.visitors {
		before = append(before, v.State().Connects)
	}
	s.chat.crash()
	for i, v := range s.visitors {
		s.wait(v, func(st visitor.State) bool { return st.Connects > before[i] && st.Connected })
	}
}

// finish lets all see everything and checks the history.
func (s *stage) finish() []history.Violation {
	s.crash() // all come back, and get what they lack
	for _, v := range s.visitors {
		v.ScrollUp()
		s.wait(v, func(st visitor.State) bool { return st.AtTop && st.Unsent == 0 })
	}
	return history.Check(s.recorder.Events(), s.chat.log())
}

// TestFaults lets the checker find each bug, and nothing where there is none.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault fault
		rule  history.Rule
	}{
		{none, ""},
		{losesAcked, history.Kept},
		{stalesSeq, history.Numbers},
		{duplicates, history.Once},
		{reorders, history.True},
		{renumbers, history.Numbers},
		{acksEarly, history.Kept},
		{acksAnother, history.Kept},
		{storesRefused, history.Refused},
		{answersTwice, history.Answered},
		{forgetsReply, history.Answered},
		{noRevision, history.Sourced},
		{goesBack, history.Sourced},
		{pushesTwice, history.Protocol},
		{pushesWrong, history.True},
		{swallowsLeave, history.LeaveKept},
		{swapsVisitors, history.Invented},
		{newStranger, history.Protocol},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			t.Parallel()
			found := play(newStage(t, c.fault))
			if c.rule == "" {
				if len(found) > 0 {
					t.Errorf("a faultless server:\n%s", rules(found))
				}
				return
			}
			if !slices.ContainsFunc(found, func(v history.Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("want %q broken, found:\n%s", c.rule, rules(found))
			}
		})
	}
}

// play is a scene that gives every fault its chance.
func play(s *stage) []history.Violation {
	b := s.enter("b", "b1", "")
	s.ask(b, "谁在")
	a := s.enter("a", "a1", "")
	s.ask(a, "一")
	s.ask(a, "二")
	s.ask(a, "三")
	s.ask(a, "") // refused
	a.Send(visitor.Outgoing{Kind: bot.KindLeave, Text: "请回电"})
	s.wait(a, func(st visitor.State) bool { return st.Unsent == 0 })
	s.ask(a, "四")
	s.crash()
	s.chat.set(func() { s.chat.swallow = 1 })
	s.ask(a, "五") // stored, and the socket ends before the ack
	s.ask(a, "六")
	return s.finish()
}

// TestGap has the visitor notice that a message is missing, and ask for it.
func TestGap(t *testing.T) {
	s := newStage(t, neverPushes)
	v := s.enter("a", "a1", "")
	s.ask(v, "一", "二", "三", "四")
	s.wait(v, func(st visitor.State) bool { return st.Last == 8 })
	if st := v.State(); st.Connects != 1 {
		t.Errorf("connected %d times, want to mend the gap on the same socket", st.Connects)
	}
	if found := s.finish(); len(found) > 0 {
		t.Errorf("broken:\n%s", rules(found))
	}
}

// TestNotWhole has the checker find a client that never sees the last message.
func TestNotWhole(t *testing.T) {
	s := newStage(t, neverPushes)
	v := s.enter("a", "a1", "")
	s.ask(v, "一", "二", "三")
	found := history.Check(s.recorder.Events(), s.chat.log())
	if len(found) != 1 || found[0].Rule != history.Whole || found[0].Seq != 5 {
		t.Errorf("want one client that has not seen #5, found:\n%s", rules(found))
	}
}

// TestTabs has two tabs of one person show the same, and one of them leave.
func TestTabs(t *testing.T) {
	s := newStage(t, none)
	one := s.enter("a", "a1", "")
	two := s.enter("a", "a2", one.State().Token)
	s.ask(one, "一", "二")
	s.wait(two, func(st visitor.State) bool { return st.Last == 4 })
	s.ask(two, "三")
	s.wait(one, func(st visitor.State) bool { return st.Last == 6 })
	late := s.enter("a", "a3", one.State().Token)
	if st := late.State(); st.Last != 6 {
		t.Errorf("a new tab is at %d, want 6", st.Last)
	}
	if found := s.finish(); len(found) > 0 {
		t.Errorf("broken:\n%s", rules(found))
	}
}

// TestOutcomes counts what becomes of messages on a bad line.
func TestOutcomes(t *testing.T) {
	s := newStage(t, none)
	v := s.enter("a", "a1", "")
	s.chat.set(func() { s.chat.busy = 3 })
	s.ask(v, "一", "二", "")
	s.chat.set(func() { s.chat.swallow = 1 })
	v.SendOnce(visitor.Outgoing{Kind: bot.KindText, Text: "三"})
	s.wait(v, func(st visitor.State) bool { return st.Unsent == 0 })
	if found := s.finish(); len(found) > 0 {
		t.Errorf("broken:\n%s", rules(found))
	}
	got := history.Count(s.recorder.Events())
	if want := (history.Outcomes{OK: 2, Unknown: 1, Failed: 1, Resent: 3}); got != want {
		t.Errorf("outcomes %+v, want %+v", got, want)
	}
}

// TestStory has the report tell what happened around a violation.
func TestStory(t *testing.T) {
	s := newStage(t, losesAcked)
	found := play(s)
	i := slices.IndexFunc(found, func(v history.Violation) bool { return v.Rule == history.Kept })
	if i < 0 {
		t.Fatalf("nothing was lost:\n%s", rules(found))
	}
	story := history.Around(s.recorder.Events(), found[i], 100)
	for _, word := range []string{"invoke", "ok", found[i].ClientID, fmt.Sprintf("#%d", found[i].Seq)} {
		if !strings.Contains(story, word) {
			t.Errorf("the story lacks %q:\n%s", word, story)
		}
	}
}
