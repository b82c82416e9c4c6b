package bottest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/bot"
)

// TestModel does random things to a store and to the fake and compares everything
// that can be read of them. commit stores commits, one after the other or as a
// group that must come out the same, and returns what became of each.
func TestModel(t *testing.T, store bot.Store, commit func(ctx context.Context, commits [][]bot.Turn) []error) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++ // the store is not emptied between the runs: each has names of its own
		m := &model{T: rt, run: fmt.Sprintf("%04d-", run), fake: NewStore(), store: store, commit: commit}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			m.step()
		}
		m.compare()
	})
}

// OneByOne is for TestModel.
func OneByOne(store bot.Store) func(ctx context.Context, commits [][]bot.Turn) []error {
	return func(ctx context.Context, commits [][]bot.Turn) []error {
		errs := make([]error, len(commits))
		for i, turns := range commits {
			errs[i] = store.Commit(ctx, turns...)
		}
		return errs
	}
}

type model struct {
	*rapid.T
	run    string
	fake   *Store
	store  bot.Store
	commit func(ctx context.Context, commits [][]bot.Turn) []error
	leaves int
}

// step does one thing to both stores, which must agree on what is wrong with it.
func (m *model) step() {
	ctx := context.Background()
	if rapid.IntRange(0, 5).Draw(m.T, "step") == 0 {
		id, seq := m.id(), rapid.Int64Range(-1, 12).Draw(m.T, "mark")
		m.agree(m.fake.MarkRead(ctx, id, seq), m.store.MarkRead(ctx, id, seq))
		return
	}
	commits := make([][]bot.Turn, rapid.IntRange(1, 6).Draw(m.T, "commits"))
	want := make([]error, len(commits))
	for i := range commits {
		commits[i] = make([]bot.Turn, rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3}).Draw(m.T, "turns"))
		for n := range commits[i] {
			commits[i][n] = m.turn(commits[i][:n])
		}
		want[i] = m.fake.Commit(ctx, commits[i]...)
	}
	for i, got := range m.commit(ctx, commits) {
		m.agree(want[i], got)
	}
}

func (m *model) agree(want, got error) {
	for _, sentinel := range []error{nil, bot.ErrConflict, bot.ErrNotFound} {
		if errors.Is(want, sentinel) != errors.Is(got, sentinel) {
			m.Fatalf("the fake says %v, the store says %v", want, got)
		}
	}
}

func (m *model) id() string {
	return m.run + rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(m.T, "conversation")
}

// turn makes a turn that fits mostly what is stored and the turns before it.
func (m *model) turn(before []bot.Turn) bot.Turn {
	id := m.id()
	c, _ := m.fake.Conversation(context.Background(), id) // empty if there is none
	for _, t := range before {
		if t.Conversation.ID == id {
			c = t.Conversation
		}
	}
	if c.ID == "" {
		c = bot.Conversation{ID: id, OpenedAt: minute(rapid.IntRange(0, 3).Draw(m.T, "opened"))}
	}
	if c.Visitor.ID == "" || rapid.IntRange(0, 19).Draw(m.T, "another") == 0 {
		c.Visitor = visitor(m.run + rapid.SampledFrom([]string{"甲", "乙"}).Draw(m.T, "visitor"))
	}
	if rapid.IntRange(0, 9).Draw(m.T, "stale") == 0 {
		c.Seq = rapid.Int64Range(0, 6).Draw(m.T, "was")
	}
	c.State = rapid.SampledFrom([]bot.State{bot.StateOpen, bot.StateOpen, bot.StateClosed}).Draw(m.T, "state")
	c.Read = rapid.Int64Range(0, 8).Draw(m.T, "read")
	c.Profile.Title = rapid.SampledFrom(unusual[:12]).Draw(m.T, "title")
	c.Dialogue = bot.Dialogue{Misses: rapid.IntRange(0, 2).Draw(m.T, "misses")}
	if rapid.IntRange(0, 2).Draw(m.T, "service") == 0 {
		c.Service = m.service()
	}
	messages := []bot.Message{asked(m.clientID(), "问"), replied("答"), m.spoken()}
	t := after(c, minute(rapid.IntRange(0, 60).Draw(m.T, "at")), messages[:rapid.IntRange(1, 3).Draw(m.T, "messages")]...)
	m.beside(&t)
	return t
}

func (m *model) service() bot.Service {
	s := bot.Service{
		Phase: rapid.SampledFrom([]bot.Phase{bot.WithBot, bot.WithBot, bot.InQueue, bot.WithAgent}).Draw(m.T, "phase"),
		Owner: rapid.SampledFrom([]string{"", "小红", "小明"}).Draw(m.T, "owner"),
		Rank:  rapid.IntRange(-1, 1).Draw(m.T, "rank"),
	}
	switch s.Phase {
	case bot.InQueue:
		s.QueuedAt = minute(rapid.IntRange(0, 3).Draw(m.T, "queued"))
	case bot.WithAgent:
		s.Owner = cmp.Or(s.Owner, "小刚")
	}
	return s
}

// spoken is a message of the visitor or of an agent.
func (m *model) spoken() bot.Message {
	said := asked(m.clientID(), "再问")
	if rapid.Bool().Draw(m.T, "by an agent") {
		said.Author, said.Card.Agent = bot.FromAgent, m.run+"小红"
	}
	return said
}

func (m *model) clientID() string {
	return rapid.SampledFrom([]string{"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}).Draw(m.T, "client id")
}

// beside adds what is stored beside the messages.
func (m *model) beside(t *bot.Turn) {
	id, seq := t.Conversation.ID, t.Conversation.Seq
	of := rapid.Int64Range(1, seq).Draw(m.T, "of")
	switch rapid.IntRange(0, 9).Draw(m.T, "beside") {
	case 0, 1, 2:
		t.Trace = &bot.TurnTrace{Conversation: id, Seq: of, Reply: seq, Trace: `{}`}
	case 3, 4:
		kind := rapid.SampledFrom([]bot.VerdictKind{bot.Useful, bot.Solved}).Draw(m.T, "kind")
		t.Verdict = &bot.Verdict{Conversation: id, Seq: of, Kind: kind, Yes: rapid.Bool().Draw(m.T, "yes")}
	case 5:
		t.Rating = &bot.Rating{Conversation: id, Seq: seq, Stars: rapid.IntRange(1, 5).Draw(m.T, "stars")}
	case 6:
		m.leaves += rapid.IntRange(0, 1).Draw(m.T, "new leave")
		t.Leave = &bot.Leave{ID: fmt.Sprint(m.run, "leave", m.leaves), Conversation: id, Seq: seq, Visitor: t.Conversation.Visitor}
	}
}

// compare compares what the stores hold of this run.
func (m *model) compare() {
	ctx := context.Background()
	want, err := DumpOf(ctx, m.fake)
	if err != nil {
		m.Fatal(err)
	}
	got, err := DumpOf(ctx, only{m.store, m.run})
	if err != nil {
		m.Fatal(err)
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		m.Fatalf("the stores differ (-fake +store):\n%s", diff)
	}
	if desk, ok := m.store.(bot.SeatStore); ok {
		m.compareLists(ctx, desk)
	}
}

// compareLists compares who has the conversations of this run.
func (m *model) compareLists(ctx context.Context, desk bot.SeatStore) {
	for name, list := range map[string]func(s bot.SeatStore) ([]bot.Conversation, error){
		"Waiting":        func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Waiting(ctx) },
		"Served by all":  func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Served(ctx, "") },
		"Served by 小红":   func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Served(ctx, "小红") },
		"Done by all":    func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Done(ctx, "", minute(30), all) },
		"Done by 小红":     func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Done(ctx, "小红", time.Time{}, all) },
		"Of one visitor": func(s bot.SeatStore) ([]bot.Conversation, error) { return s.Of(ctx, visitor(m.run+"甲"), all) },
	} {
		want, err := list(m.fake)
		got, err2 := list(desk)
		if err := errors.Join(err, err2); err != nil {
			m.Fatalf("%s: %v", name, err)
		}
		got = slices.DeleteFunc(got, func(c bot.Conversation) bool { return !strings.HasPrefix(c.ID, m.run) })
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			m.Fatalf("%s differs (-fake +store):\n%s", name, diff)
		}
	}
}

// only is the store as far as one run of the model wrote it.
type only struct {
	bot.Store
	run string
}

func (o only) Conversations(ctx context.Context, visit func(bot.Conversation) error) error {
	return o.Store.Conversations(ctx, func(c bot.Conversation) error {
		if !strings.HasPrefix(c.ID, o.run) {
			return nil
		}
		return visit(c)
	})
}

func (o only) Changed(ctx context.Context, since time.Time) ([]bot.Hint, error) {
	hints, err := o.Store.Changed(ctx, since)
	return slices.DeleteFunc(hints, func(h bot.Hint) bool { return !strings.HasPrefix(h.Conversation, o.run) }), err
}

func (o only) Leaves(ctx context.Context, after string, limit int) ([]bot.Leave, error) {
	leaves, err := o.Store.Leaves(ctx, after, limit)
	return slices.DeleteFunc(leaves, func(l bot.Leave) bool { return !strings.HasPrefix(l.ID, o.run) }), err
}
