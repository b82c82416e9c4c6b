package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"faqbot/bot"
	"faqbot/bot/bottest"
	"faqbot/bot/intent"
	"faqbot/knowledge"
)

func TestReceiveStoresTheTurn(t *testing.T) {
	h := fakeHouse(t)
	in := bot.Inbound{
		Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: "  怎么办理\u202e宽带\r\n",
		Profile: bot.Profile{Name: " 安\n安 ", Page: strings.Repeat("x", 1000)},
		Card:    bot.Card{Entry: "telecom-001", Options: []bot.Option{{Entry: "x"}}, Until: 7},
	}
	m, replies := h.send(t, in)
	want := bot.Message{
		Conversation: "id-00000001", Seq: 1, ClientID: "client-1", Author: bot.FromVisitor, Kind: bot.KindText, Text: "怎么办理宽带", At: morning,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	wantKinds(t, replies, "answer")
	if a := replies[0]; a.Seq != 2 || a.Author != bot.FromBot || a.Card.Entry != "telecom-055" || a.Card.Question != "怎么办理宽带" || a.Card.Confidence != 1 || len(a.Card.Options) != 2 {
		t.Errorf("answer is %+v", a)
	}
	if diff := cmp.Diff(append([]bot.Message{m}, replies...), all(t, h.store, m.Conversation)); diff != "" {
		t.Errorf("stored, not published as such (-want +got):\n%s", diff)
	}
	c, err := h.store.Current(context.Background(), ann)
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != m.Conversation || c.Seq != 2 || c.Profile.Name != "安 安" || len(c.Profile.Page) != 500 || !c.OpenedAt.Equal(morning) || c.State != bot.StateOpen {
		t.Errorf("conversation is %+v", c)
	}
}

func TestProfileGrows(t *testing.T) {
	h := fakeHouse(t)
	send := func(p bot.Profile) bot.Profile {
		m, _ := h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindText, Text: "你好", Profile: p})
		c, err := h.store.Conversation(context.Background(), m.Conversation)
		if err != nil {
			t.Fatal(err)
		}
		return c.Profile
	}
	send(bot.Profile{Name: "安", Level: "vip"})
	got := send(bot.Profile{Page: "/a", Level: "gold"})
	if want := (bot.Profile{Name: "安", Page: "/a", Level: "gold"}); got != want {
		t.Errorf("profile is %+v, want %+v", got, want)
	}
}

func TestResendIsTheSameMessage(t *testing.T) {
	h := fakeHouse(t)
	in := bot.Inbound{Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: "怎么办理宽带"}
	first, _ := h.send(t, in)
	in.Text = "something else" // the id counts
	h.clock.move(48 * time.Hour)
	again, err := h.Receive(context.Background(), in)
	if err != nil || !again.Again {
		t.Fatalf("resend: %+v, %v", again, err)
	}
	if diff := cmp.Diff(first, again.Message); diff != "" {
		t.Errorf("resend (-want +got):\n%s", diff)
	}
	if n := len(all(t, h.store, first.Conversation)); n != 2 {
		t.Errorf("%d messages are stored, want 2", n)
	}
	other, err := h.Receive(context.Background(), bot.Inbound{Visitor: visitor("bob"), ClientID: "client-1", Kind: bot.KindText, Text: "你好"})
	if err != nil || other.Again {
		t.Errorf("the same id of another visitor: %+v, %v", other, err)
	}
}

func TestReceiveRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("长", 4001)
	tags := make([]string, 11)
	for _, tt := range []struct {
		field string
		in    bot.Inbound
	}{
		{"id", bot.Inbound{ClientID: "short", Kind: bot.KindText, Text: "你好"}},
		{"id", bot.Inbound{ClientID: "has a blank", Kind: bot.KindText, Text: "你好"}},
		{"id", bot.Inbound{ClientID: strings.Repeat("x", 65), Kind: bot.KindText, Text: "你好"}},
		{"text", bot.Inbound{Kind: bot.KindText}},
		{"text", bot.Inbound{Kind: bot.KindText, Text: " \x00\n"}},
		{"text", bot.Inbound{Kind: bot.KindText, Text: long}},
		{"kind", bot.Inbound{Kind: bot.KindAnswer, Text: "我是机器人"}},
		{"kind", bot.Inbound{}},
		{"entry", bot.Inbound{Kind: bot.KindPick, Text: "题"}},
		{"entry", bot.Inbound{Kind: bot.KindPick, Text: "题", Card: bot.Card{Entry: "\x00"}}},
		{"entry", bot.Inbound{Kind: bot.KindPick, Text: "题", Card: bot.Card{Entry: long}}},
		{"text", bot.Inbound{Kind: bot.KindPick, Card: bot.Card{Entry: "telecom-001"}}},
		{"of", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Yes: yes()}}},
		{"of", bot.Inbound{Kind: bot.KindSolved, Card: bot.Card{Of: -1, Yes: yes()}}},
		{"yes", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Of: 2}}},
		{"text", bot.Inbound{Kind: bot.KindLeave, Card: bot.Card{Name: "安", Contact: "1"}}},
		{"name", bot.Inbound{Kind: bot.KindLeave, Text: "问", Card: bot.Card{Name: strings.Repeat("安", 51)}}},
		{"contact", bot.Inbound{Kind: bot.KindLeave, Text: "问", Card: bot.Card{Contact: strings.Repeat("1", 101)}}},
		{"of", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Stars: 5}}},
		{"stars", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Of: 3, Stars: 6}}},
		{"stars", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Of: 3}}},
		{"tags", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Of: 3, Stars: 5, Tags: tags}}},
		{"tags", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Of: 3, Stars: 5, Tags: []string{strings.Repeat("好", 31)}}}},
	} {
		h := fakeHouse(t)
		tt.in.Visitor = ann
		_, _, err := h.try(tt.in)
		var invalid *bot.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != tt.field || invalid.Reason == "" {
			t.Errorf("%s %.20q: %v, want invalid %s", tt.in.Kind, tt.in.Text, err, tt.field)
		}
		if _, err := h.store.Previous(context.Background(), ann, ""); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("%s %.20q left something: %v", tt.in.Kind, tt.in.Text, err)
		}
	}
}

func TestFeedbackIsStoredWithTheAnswer(t *testing.T) {
	h := fakeHouse(t)
	m, replies := h.say(t, ann, "家里没网了怎么办")
	answer := replies[0]
	wantKinds(t, replies, "answer")
	feedback := func(yes *bool, reason string) {
		h.clock.move(time.Minute)
		h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindFeedback, Text: reason, Card: bot.Card{Of: answer.Seq, Yes: yes}})
	}
	want := bot.Verdict{
		Conversation: m.Conversation, Seq: answer.Seq, Kind: bot.Useful, Reason: "太长",
		Entry: answer.Card.Entry, Question: answer.Card.Question, Confidence: answer.Card.Confidence, At: morning.Add(time.Minute),
	}
	feedback(no(), "太长")
	wantVerdicts(t, h.store, m.Conversation, want)
	feedback(yes(), "") // the last word stands
	want.Yes, want.Reason, want.At = true, "", morning.Add(2*time.Minute)
	wantVerdicts(t, h.store, m.Conversation, want)
	if want.Entry == "" || want.Confidence <= 0 || want.Confidence >= 1 {
		t.Errorf("the verdict knows too little: %+v", want)
	}
}

func wantVerdicts(t *testing.T, s bot.Store, conversation string, want ...bot.Verdict) {
	t.Helper()
	got, err := s.Verdicts(context.Background(), conversation)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestFeedbackOnWhatIsNoAnswerOfTheVisitor(t *testing.T) {
	h := fakeHouse(t)
	bobs, _ := h.say(t, visitor("bob"), "怎么办理宽带")
	m, _ := h.say(t, ann, "退那个套餐") // 2 is an offer
	for _, tt := range []struct {
		name string
		in   bot.Inbound
	}{
		{"own question", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Of: 1}}},
		{"an offer", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Of: 2}}},
		{"the feedback itself", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Of: 3}}},
		{"beyond the end", bot.Inbound{Kind: bot.KindFeedback, Card: bot.Card{Of: 99}}},
		{"an answer to another visitor", bot.Inbound{Kind: bot.KindFeedback, Conversation: bobs.Conversation, Card: bot.Card{Of: 2}}},
		{"an unknown conversation", bot.Inbound{Kind: bot.KindFeedback, Conversation: "nobody", Card: bot.Card{Of: 2}}},
		{"an impossible conversation", bot.Inbound{Kind: bot.KindFeedback, Conversation: "\x00", Card: bot.Card{Of: 2}}},
		{"no question 解决了吗", bot.Inbound{Kind: bot.KindSolved, Card: bot.Card{Of: 2}}},
		{"no survey", bot.Inbound{Kind: bot.KindRating, Card: bot.Card{Of: 2, Stars: 5}}},
		{"a rating of another visitor's", bot.Inbound{Kind: bot.KindRating, Conversation: bobs.Conversation, Card: bot.Card{Of: 2, Stars: 5}}},
	} {
		tt.in.Visitor, tt.in.Card.Yes = ann, no()
		if _, _, err := h.try(tt.in); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("%s: %v, want %v", tt.name, err, bot.ErrNotFound)
		}
	}
	if _, _, err := h.try(bot.Inbound{Visitor: visitor("new"), Kind: bot.KindFeedback, Card: bot.Card{Of: 1, Yes: no()}}); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("feedback without a conversation: %v", err)
	}
	wantKinds(t, all(t, h.store, m.Conversation), "text offer")
	wantKinds(t, all(t, h.store, bobs.Conversation), "text answer")
}

func TestFeedbackAfterTheEnd(t *testing.T) {
	h := fakeHouse(t)
	m, _ := h.say(t, ann, "怎么办理宽带")
	h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindClose})
	newer, _ := h.say(t, ann, "你好")
	f, replies := h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindFeedback, Conversation: m.Conversation, Card: bot.Card{Of: 2, Yes: no()}})
	if f.Conversation != m.Conversation || len(replies) != 0 {
		t.Errorf("feedback went to %q, replies %s", f.Conversation, kinds(replies))
	}
	if got, err := h.store.Verdicts(context.Background(), m.Conversation); err != nil || len(got) != 1 {
		t.Errorf("verdicts are %v, %v", got, err)
	}
	if c, err := h.store.Current(context.Background(), ann); err != nil || c.ID != newer.Conversation {
		t.Errorf("the open conversation is %q, %v", c.ID, err)
	}
}

func TestSolvedIsStoredWithTheAnswer(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), "{ask_solved_every: 1}")
	m, replies := h.say(t, ann, "双份答案测试问")
	wantKinds(t, replies, "answer answer ask_solved")
	if of := replies[2].Card.Of; of != replies[1].Seq {
		t.Errorf("asks about message %d, want %d", of, replies[1].Seq)
	}
	h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindSolved, Card: bot.Card{Of: replies[2].Seq, Yes: yes()}})
	wantVerdicts(t, h.store, m.Conversation, bot.Verdict{
		Conversation: m.Conversation, Seq: replies[1].Seq, Kind: bot.Solved, Yes: true,
		Entry: "hand-both", Question: "双份答案测试问", Confidence: 1, At: morning,
	})
}

func TestLeaveIsStored(t *testing.T) {
	h := fakeHouse(t)
	m, replies := h.send(t, bot.Inbound{
		Visitor: ann, Kind: bot.KindLeave, Text: "宽带\n装不上", Card: bot.Card{Name: " 安 安 ", Contact: "138\x00 0000", Stars: 5},
	})
	wantKinds(t, replies, "notice")
	leaves, err := h.store.Leaves(context.Background(), "", 10)
	if err != nil || len(leaves) != 1 {
		t.Fatalf("leave-messages are %v, %v", leaves, err)
	}
	want := bot.Leave{
		ID: leaves[0].ID, Conversation: m.Conversation, Seq: 1, Visitor: ann, Name: "安 安", Contact: "138 0000", Text: "宽带\n装不上", At: morning,
	}
	if diff := cmp.Diff(want, leaves[0]); diff != "" || want.ID == "" {
		t.Errorf("leave-message (-want +got):\n%s", diff)
	}
	if m.Card.Stars != 0 {
		t.Errorf("a leave-message keeps %+v", m.Card)
	}
}

func TestRatingIsStoredOnce(t *testing.T) {
	h := fakeHouse(t)
	m, _ := h.say(t, ann, "怎么办理宽带")
	_, replies := h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindClose})
	survey := replies[0]
	if survey.Card.Until != morning.Add(24*time.Hour).UnixMilli() || len(survey.Card.Tags) == 0 {
		t.Errorf("survey is %+v", survey.Card)
	}
	in := bot.Inbound{
		Visitor: ann, ClientID: "rating-1", Kind: bot.KindRating, Conversation: m.Conversation, Text: "还行",
		Card: bot.Card{Of: survey.Seq, Yes: no(), Stars: 3, Tags: []string{"响应\n很快"}},
	}
	rated, _ := h.send(t, in)
	want := bot.Rating{Conversation: m.Conversation, Seq: rated.Seq, Solved: no(), Stars: 3, Tags: []string{"响应 很快"}, Comment: "还行", At: morning}
	check := func() {
		t.Helper()
		got, err := h.store.Rating(context.Background(), m.Conversation)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("rating: %v (-want +got):\n%s", err, diff)
		}
	}
	check()
	in.Card.Stars = 1
	if r, err := h.Receive(context.Background(), in); err != nil || !r.Again {
		t.Errorf("the same rating again: %+v, %v", r, err)
	}
	in.ClientID = "rating-2"
	var late *bot.LateError
	if _, err := h.Receive(context.Background(), in); !errors.As(err, &late) {
		t.Errorf("another rating: %v", err)
	}
	check()
	if c, err := h.store.Conversation(context.Background(), m.Conversation); err != nil || c.State != bot.StateClosed || c.CloseReason != "visitor" || !c.ClosedAt.Equal(morning) {
		t.Errorf("conversation is %+v, %v", c, err)
	}
	in.ClientID, in.Conversation = "rating-3", ""
	if _, err := h.Receive(context.Background(), in); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("a rating of the open conversation when there is none: %v", err)
	}
}

func TestIdleConversationIsClosedByItsOwnTurn(t *testing.T) {
	h := fakeHouse(t)
	old, _ := h.say(t, ann, "怎么办理宽带")
	h.clock.move(24 * time.Hour) // not longer than that: the same one
	if m, _ := h.say(t, ann, "你好"); m.Conversation != old.Conversation {
		t.Error("a conversation ends too soon")
	}
	h.clock.move(24*time.Hour + time.Millisecond)
	var hints []bot.Hint
	defer h.bus.Subscribe(func(hint bot.Hint) { hints = append(hints, hint) })()
	m, _ := h.say(t, ann, "怎么充话费")
	if m.Conversation == old.Conversation || m.Seq != 1 {
		t.Errorf("the message is %d of %q", m.Seq, m.Conversation)
	}
	wantKinds(t, all(t, h.store, old.Conversation), "text answer text answer closed")
	wantKinds(t, all(t, h.store, m.Conversation), "text answer")
	c, err := h.store.Conversation(context.Background(), old.Conversation)
	if err != nil || c.State != bot.StateClosed || c.CloseReason != "idle" || !c.ClosedAt.Equal(m.At) || c.Dialogue.Asked != "" {
		t.Errorf("the old conversation is %+v, %v", c, err)
	}
	if len(hints) != 2 || hints[0].Conversation != old.Conversation || hints[0].Seq != 5 || hints[1].Conversation != m.Conversation || hints[1].Visitor != ann.Key() {
		t.Errorf("hints are %+v", hints)
	}
}

func TestTimeNeverRunsBackwards(t *testing.T) {
	h := fakeHouse(t)
	h.say(t, ann, "你好")
	h.clock.move(-time.Hour) // another node with a clock behind
	if m, _ := h.say(t, ann, "在吗"); !m.At.Equal(morning) {
		t.Errorf("the second message is of %v, before the first", m.At)
	}
}

// TestTracesReplay asks the same Answerer again what the traces say was asked.
func TestTracesReplay(t *testing.T) {
	h := fakeHouse(t)
	for _, text := range []string{"怎么办理宽带", "家里没网了怎么办", "副卡", "2", "量子力学是什么", "😀", "退那个套餐", "3", "秒杀规则", "你真笨"} {
		h.say(t, ann, text)
	}
	m, _ := h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindPick, Text: "怎么充话费", Card: bot.Card{Entry: "telecom-022"}})
	traces, err := h.store.Traces(context.Background(), m.Conversation)
	if err != nil || len(traces) != 11 {
		t.Fatalf("%d traces, %v", len(traces), err)
	}
	rules := map[string]bool{}
	for _, trace := range traces {
		rules[trace.Rule] = true
		var stored intent.Trace
		if err := json.Unmarshal([]byte(trace.Trace), &stored); err != nil {
			t.Fatalf("trace of %q: %v", trace.Text, err)
		}
		q := intent.Query{Text: trace.Text, At: trace.At, Dimension: knowledge.Dimension{Channel: ann.Channel}}
		d, err := mustTalkative(t).Decide(context.Background(), q)
		if trace.Rule == "chosen" {
			d = mustTalkative(t).Choose(q, trace.Entry)
		}
		if err != nil {
			t.Fatal(err)
		}
		if string(d.Kind) != trace.Decision || d.Entry.ID != trace.Entry || d.Confidence != trace.Confidence || d.Trace.Rule != trace.Rule {
			t.Errorf("%q: was %s %s %v, is %s %s %v", trace.Text, trace.Decision, trace.Entry, trace.Confidence, d.Kind, d.Entry.ID, d.Confidence)
		}
		d.Trace.Compact()
		if diff := cmp.Diff(roundTrip(t, d.Trace), stored); diff != "" {
			t.Errorf("%q (-replayed +stored):\n%s", trace.Text, diff)
		}
		if trace.Revision != mustTalkative(t).Revision() || trace.Model == "" || trace.Reply != trace.Seq+1 {
			t.Errorf("trace of %q is %+v", trace.Text, trace)
		}
	}
	for _, rule := range []string{"exact", "threshold", "chosen", "empty"} {
		if !rules[rule] {
			t.Errorf("no trace is of rule %s: %v", rule, rules)
		}
	}
}

func roundTrip(t *testing.T, trace intent.Trace) (out intent.Trace) {
	t.Helper()
	text, err := json.Marshal(trace)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRulesBeforeMatchingAreTraced(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), "{limits: {question: 20}}")
	var conversation string
	for _, text := range []string{"转人工", "代开发票吗", strings.Repeat("很长", 11), "退那个套餐", "7"} {
		m, _ := h.say(t, ann, text)
		conversation = m.Conversation
	}
	traces, err := h.store.Traces(context.Background(), conversation)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, trace := range traces {
		got = append(got, trace.Decision)
	}
	if diff := cmp.Diff([]string{"words", "sensitive", "too_long", "clarify", "bad_number"}, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

// brokenKnowledge cannot decide.
type brokenKnowledge struct{ bot.Knowledge }

func (brokenKnowledge) Decide(context.Context, intent.Query) (intent.Decision, error) {
	return intent.Decision{}, errors.New("the index is gone")
}

func TestBrokenKnowledge(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	h := fakeHouse(t)
	h.Knowledge, h.Log = brokenKnowledge{mustTalkative(t)}, zap.New(core)
	_, replies := h.say(t, ann, "怎么办理宽带")
	if len(replies) != 1 || !strings.Contains(shown(replies[0]), "出了点问题") || len(replies[0].Card.Actions) != 1 {
		t.Errorf("replies are %v", replies)
	}
	if logs.Len() != 1 {
		t.Errorf("logs are %v", logs.All())
	}
	c, err := h.store.Current(context.Background(), ann)
	if err != nil || c.Dialogue.Misses != 0 {
		t.Errorf("that counts as a miss: %+v, %v", c.Dialogue, err)
	}
}

func TestProvisional(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), "{ask_solved_every: 1}")
	in := bot.Inbound{Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: "怎么办理宽带"}
	replies, err := h.Provisional(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	wantKinds(t, replies, "answer")
	if a := replies[0]; a.Seq != 0 || a.Conversation != "" || a.Card.Entry != "telecom-055" {
		t.Errorf("answer is %+v", a)
	}
	in.Kind, in.Card.Entry = bot.KindPick, "telecom-022"
	if replies, err = h.Provisional(context.Background(), in); err != nil || len(replies) != 1 || replies[0].Card.Entry != "telecom-022" {
		t.Errorf("a pick: %v, %v", replies, err)
	}
	in.Kind = bot.KindHandoff
	if replies, err = h.Provisional(context.Background(), in); err != nil || replies != nil {
		t.Errorf("a handoff: %v, %v", replies, err)
	}
	in.Kind, in.Text = bot.KindText, ""
	var invalid *bot.InvalidError
	if _, err = h.Provisional(context.Background(), in); !errors.As(err, &invalid) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := h.store.Previous(context.Background(), ann, ""); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("something was kept: %v", err)
	}
}

func TestObserve(t *testing.T) {
	var seen []bot.Observation
	h := fakeHouse(t)
	h.EngineConfig.Observe = func(o bot.Observation) { seen = append(seen, o) }
	h.say(t, ann, "怎么办理宽带")
	h.send(t, bot.Inbound{Visitor: ann, ClientID: "handoff-1", Kind: bot.KindHandoff})
	h.try(bot.Inbound{Visitor: ann, ClientID: "handoff-1", Kind: bot.KindHandoff})
	h.try(bot.Inbound{Visitor: ann, Kind: bot.KindText})
	want := []bot.Observation{{Channel: "web", Kind: bot.KindText, Decision: "answer"}, {Channel: "web", Kind: bot.KindHandoff}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("observations (-want +got):\n%s", diff)
	}
}
