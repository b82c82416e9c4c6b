package bot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

// wrapped is a store that a test meddles with.
type wrapped struct {
	houseStore
	commit func(ctx context.Context, turns []bot.Turn) error
}

func (w *wrapped) Commit(ctx context.Context, turns ...bot.Turn) error { return w.commit(ctx, turns) }

// checkWhole fails if a conversation is not as promised: gap-free, each client id
// once, and every message of a visitor followed by its replies.
func checkWhole(t *testing.T, s bot.Store, conversation string) (ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	messages := all(t, s, conversation)
	for i, m := range messages {
		if m.Seq != int64(i+1) {
			t.Fatalf("%s: message %d has the number %d", conversation, i+1, m.Seq)
		}
		if m.Author != bot.FromVisitor {
			continue
		}
		if ids[m.ClientID] {
			t.Errorf("%s: client id %q is there twice", conversation, m.ClientID)
		}
		ids[m.ClientID] = true
		if i+1 == len(messages) || messages[i+1].Author == bot.FromVisitor || messages[i+1].Text != echo(m.Text) {
			t.Errorf("%s: no reply follows message %d, %s", conversation, m.Seq, m.Text)
		}
	}
	return ids
}

// questions have answers that tell which they are of.
var questions = []string{"甲套餐怎么退", "乙套餐怎么退", "丙套餐怎么退", "丁套餐怎么退"}

func echo(question string) string {
	for i, q := range questions {
		if q == question {
			return "答案 hand-" + string(rune('a'+i))
		}
	}
	return "no such question"
}

// TestManyAtOnce sends from many goroutines, each message twice at the same time,
// through one engine and through two that share a store, as two nodes do.
func TestManyAtOnce(t *testing.T) {
	const senders, each, visitors = 32, 8, 4
	for _, nodes := range []int{1, 2} {
		t.Run(fmt.Sprint(nodes, " nodes"), func(t *testing.T) {
			t.Parallel()
			houses := []*house{newHouse(t, bottest.NewStore(), "")}
			for len(houses) < nodes {
				other := newHouse(t, houses[0].store, "")
				other.ids = houses[0].ids
				houses = append(houses, other)
			}
			var mu sync.Mutex
			receipts := map[string][]bot.Receipt{}
			var wg sync.WaitGroup
			for s := range senders {
				wg.Go(func() {
					for i := range each {
						// Two senders share their ids: each message comes twice.
						in := bot.Inbound{
							Visitor: visitor(fmt.Sprint("v", s/2%visitors)), ClientID: fmt.Sprintf("client-%d-%d", s/2, i),
							Kind: bot.KindText, Text: questions[(s/2+i)%len(questions)],
						}
						r, err := houses[s%nodes].Receive(context.Background(), in)
						if err != nil {
							t.Errorf("Receive: %v", err)
						}
						mu.Lock()
						receipts[in.ClientID] = append(receipts[in.ClientID], r)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			for id, r := range receipts {
				if len(r) != 2 || r[0].Again == r[1].Again || r[0].Message.Seq != r[1].Message.Seq || r[0].Message.ClientID != id {
					t.Errorf("receipts of %s are %+v", id, r)
				}
			}
			stored := 0
			for v := range visitors {
				c, err := houses[0].store.Current(context.Background(), visitor(fmt.Sprint("v", v)))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := houses[0].store.Previous(context.Background(), c.Visitor, c.ID); !errors.Is(err, bot.ErrNotFound) {
					t.Errorf("%s has another conversation: %v", c.Visitor.ID, err)
				}
				stored += len(checkWhole(t, houses[0].store, c.ID))
			}
			if want := senders / 2 * each; stored != want || len(receipts) != want {
				t.Errorf("%d messages are stored, want %d", stored, want)
			}
		})
	}
}

func TestConflictsAreTriedAgain(t *testing.T) {
	store := &wrapped{houseStore: bottest.NewStore()}
	h := newHouse(t, store, "")
	left := 19
	store.commit = func(ctx context.Context, turns []bot.Turn) error {
		if left > 0 {
			left--
			return fmt.Errorf("commit: %w", bot.ErrConflict)
		}
		return store.houseStore.Commit(ctx, turns...)
	}
	m, _ := h.say(t, ann, questions[0])
	checkWhole(t, store, m.Conversation)

	left = 1 << 30
	if _, _, err := h.try(bot.Inbound{Visitor: ann, Kind: bot.KindText, Text: questions[1]}); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("conflicts without end: %v, want %v", err, bot.ErrUnavailable)
	}
}

// TestAnotherNodeWentOn lets another node store a message just before ours.
func TestAnotherNodeWentOn(t *testing.T) {
	store := &wrapped{houseStore: bottest.NewStore()}
	h, other := newHouse(t, store, ""), newHouse(t, store.houseStore, "")
	other.ids = h.ids
	var once sync.Once
	store.commit = func(ctx context.Context, turns []bot.Turn) error {
		once.Do(func() { other.say(t, ann, questions[1]) })
		return store.houseStore.Commit(ctx, turns...)
	}
	m, _ := h.say(t, ann, questions[0])
	if m.Seq != 3 {
		t.Errorf("the message has the number %d, want 3", m.Seq)
	}
	checkWhole(t, store, m.Conversation)
}

func TestUnavailable(t *testing.T) {
	store := &wrapped{houseStore: bottest.NewStore()}
	h := newHouse(t, store, "")
	store.commit = func(context.Context, []bot.Turn) error { return fmt.Errorf("commit: %w", bot.ErrUnavailable) }
	in := bot.Inbound{Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: questions[0]}
	_, published, err := h.try(in)
	wantIs(t, err, bot.ErrUnavailable)
	if len(published) != 0 {
		t.Errorf("published %s", kinds(published))
	}
	replies, err := h.Provisional(context.Background(), in)
	if err != nil || len(replies) != 1 || replies[0].Text != echo(questions[0]) {
		t.Errorf("Provisional: %v, %v", replies, err)
	}
	store.commit = func(ctx context.Context, turns []bot.Turn) error { return store.houseStore.Commit(ctx, turns...) }
	m, _ := h.send(t, in) // the same again, when it can be stored
	checkWhole(t, store, m.Conversation)
}

// TestAnswerOfTheStoreIsLost is a commit that was done and seemed to fail.
func TestAnswerOfTheStoreIsLost(t *testing.T) {
	store := &wrapped{houseStore: bottest.NewStore()}
	h := newHouse(t, store, "")
	store.commit = func(ctx context.Context, turns []bot.Turn) error {
		if err := store.houseStore.Commit(ctx, turns...); err != nil {
			return err
		}
		return fmt.Errorf("the connection broke: %w", bot.ErrUnavailable)
	}
	in := bot.Inbound{Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: questions[0]}
	_, _, err := h.try(in)
	wantIs(t, err, bot.ErrUnavailable)
	r, err := h.Receive(context.Background(), in)
	if err != nil || !r.Again {
		t.Errorf("resend: %+v, %v", r, err)
	}
	if n := len(checkWhole(t, store, r.Message.Conversation)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestCallerThatLeaves(t *testing.T) {
	store := &wrapped{houseStore: bottest.NewStore()}
	h := newHouse(t, store, "")
	ctx, cancel := context.WithCancel(context.Background())
	store.commit = func(inner context.Context, turns []bot.Turn) error {
		cancel() // in the middle of the turn
		return store.houseStore.Commit(inner, turns...)
	}
	in := bot.Inbound{Visitor: ann, ClientID: "client-1", Kind: bot.KindText, Text: questions[0]}
	r, err := h.Receive(ctx, in)
	if err != nil {
		t.Fatalf("Receive: %v", err)
	}
	again, err := h.Receive(context.Background(), in)
	if err != nil || !again.Again || again.Message.Seq != r.Message.Seq {
		t.Errorf("resend: %+v, %v", again, err)
	}
	if n := len(checkWhole(t, store, r.Message.Conversation)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestHintsComeAfterTheCommit(t *testing.T) {
	h := fakeHouse(t)
	hints := 0
	h.bus.Subscribe(func(hint bot.Hint) {
		hints++
		stored := all(t, h.store, hint.Conversation)
		if int64(len(stored)) != hint.Seq || hint.Messages[len(hint.Messages)-1].Seq != hint.Seq {
			t.Errorf("hint of %d when %d messages are stored", hint.Seq, len(stored))
		}
	})
	for _, q := range questions {
		h.say(t, ann, q)
	}
	if hints != len(questions) {
		t.Errorf("%d hints, want %d", hints, len(questions))
	}
}

func TestLocalBus(t *testing.T) {
	bus := bot.NewLocalBus()
	var a, b int
	cancel := bus.Subscribe(func(bot.Hint) { a++ })
	bus.Subscribe(func(bot.Hint) { b++ })
	bus.Publish(bot.Hint{Conversation: "c"})
	cancel()
	cancel() // does no harm
	bus.Publish(bot.Hint{Conversation: "c"})
	if a != 1 || b != 2 {
		t.Errorf("received %d and %d hints, want 1 and 2", a, b)
	}
}
