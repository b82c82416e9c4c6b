package bottest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/bot"
)

// waitLimit bounds how long the suite waits for a store that hangs.
const waitLimit = time.Minute

// all is a limit that nothing in the suite reaches.
const all = 1 << 30

// TestStore checks that a store keeps every promise of bot.Store. open returns an
// empty store; it is called once for each test.
func TestStore(t *testing.T, open func(t *testing.T) bot.Store) {
	for _, group := range []struct {
		name  string
		tests []storeTest
	}{
		{"Conversation", conversationTests},
		{"Conflict", conflictTests},
		{"Message", messageTests},
		{"Beside", besideTests},
		{"Mistake", mistakeTests},
	} {
		t.Run(group.name, func(t *testing.T) { run(t, group.tests, open) })
	}
	t.Run("Concurrency", func(t *testing.T) { TestConcurrency(t, open) })
	t.Run("Model", func(t *testing.T) {
		store := open(t)
		TestModel(t, store, OneByOne(store))
	})
}

// TestConcurrency is the part of TestStore in which many use the store at once.
func TestConcurrency(t *testing.T, open func(t *testing.T) bot.Store) {
	run(t, concurrencyTests, open)
}

type storeTest struct {
	name string
	run  func(f *fixture)
}

func run(t *testing.T, tests []storeTest, open func(t *testing.T) bot.Store) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(newFixture(t, open(t))) })
	}
}

// besideTest is a test of a store that stands beside the conversations.
type besideTest[S any] struct {
	name string
	run  func(f *fixture, s S)
}

func runBeside[S any](t *testing.T, tests []besideTest[S], open func(t *testing.T) S) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			store, _ := any(s).(bot.Store) // not all of the tests need one
			test.run(newFixture(t, store), s)
		})
	}
}

// fixture is an empty store with what the tests do to it all the time. Its
// methods fail the test where they cannot return what was asked for; they must be
// called from the test's own goroutine.
type fixture struct {
	*testing.T
	ctx   context.Context
	store bot.Store
}

func newFixture(t *testing.T, store bot.Store) *fixture {
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	t.Cleanup(cancel)
	return &fixture{T: t, ctx: ctx, store: store}
}

// day is a moment without a fraction of a millisecond.
var day = time.Date(2026, 3, 1, 8, 30, 0, int(250*time.Millisecond), time.UTC)

// minute is that many minutes later.
func minute(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }

func visitor(id string) bot.Visitor { return bot.Visitor{Channel: "web", Account: "店", ID: id} }

// opening returns the turn that opens a conversation: a message of the visitor,
// whose client id is that of the conversation, and a reply.
func opening(id string, v bot.Visitor, at time.Time) bot.Turn {
	c := bot.Conversation{ID: id, Visitor: v, State: bot.StateOpen, OpenedAt: at, UpdatedAt: at}
	return after(c, at, asked(id+"-1", "怎么安装热水器？"), replied("请预约师傅上门。"))
}

// after returns the turn that adds the messages to the conversation.
func after(c bot.Conversation, at time.Time, messages ...bot.Message) bot.Turn {
	t := bot.Turn{Conversation: c, Was: c.Seq}
	for _, m := range messages {
		t.Conversation.Seq++
		m.Conversation, m.Seq, m.At = c.ID, t.Conversation.Seq, at
		t.Messages = append(t.Messages, m)
	}
	t.Conversation.UpdatedAt = at
	return t
}

func closing(c bot.Conversation, at time.Time) bot.Turn {
	t := after(c, at, bot.Message{Author: bot.FromSystem, Kind: bot.KindClosed})
	t.Conversation.State, t.Conversation.ClosedAt, t.Conversation.CloseReason = bot.StateClosed, at, "idle"
	return t
}

func asked(clientID, text string) bot.Message {
	return bot.Message{ClientID: clientID, Author: bot.FromVisitor, Kind: bot.KindText, Text: text}
}

func replied(text string) bot.Message {
	return bot.Message{Author: bot.FromBot, Kind: bot.KindAnswer, Text: text}
}

// commit stores the turns and returns the conversation of the last as it is then.
func (f *fixture) commit(turns ...bot.Turn) bot.Conversation {
	f.Helper()
	if err := f.store.Commit(f.ctx, turns...); err != nil {
		f.Fatalf("Commit: %v", err)
	}
	return f.conversation(turns[len(turns)-1].Conversation.ID)
}

func (f *fixture) conversation(id string) bot.Conversation {
	f.Helper()
	c, err := f.store.Conversation(f.ctx, id)
	if err != nil {
		f.Fatalf("Conversation(%q): %v", id, err)
	}
	return c
}

// messages returns all messages of a conversation.
func (f *fixture) messages(id string) []bot.Message {
	f.Helper()
	messages, err := f.store.After(f.ctx, id, 0, all)
	if err != nil {
		f.Fatalf("After(%q): %v", id, err)
	}
	return messages
}

// same checks that what was read is what is wanted. Empty lists are no lists.
func same[T any](f *fixture, what string, want T) func(got T, err error) {
	return func(got T, err error) {
		f.Helper()
		if err != nil {
			f.Errorf("%s: %v", what, err)
			return
		}
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			f.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// missing checks that the error is bot.ErrNotFound.
func missing[T any](f *fixture, what string) func(got T, err error) {
	return func(got T, err error) {
		f.Helper()
		if !errors.Is(err, bot.ErrNotFound) {
			f.Errorf("%s: got %+v and error %v, want ErrNotFound", what, got, err)
		}
	}
}

// done checks that there was no error.
func (f *fixture) done(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

// conflicts checks that the error is bot.ErrConflict.
func (f *fixture) conflicts(what string, err error) {
	f.Helper()
	if !errors.Is(err, bot.ErrConflict) {
		f.Errorf("%s: got error %v, want ErrConflict", what, err)
	}
}

// absent checks that the error is bot.ErrNotFound.
func (f *fixture) absent(what string, err error) {
	f.Helper()
	if !errors.Is(err, bot.ErrNotFound) {
		f.Errorf("%s: got error %v, want ErrNotFound", what, err)
	}
}

// mistaken checks that the error says what the caller did wrong.
func (f *fixture) mistaken(what string, err error) {
	f.Helper()
	if err == nil || errors.Is(err, bot.ErrConflict) || errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrNotFound) {
		f.Errorf("%s: got error %v, want one that says so", what, err)
	}
}

// refused checks that the turns are refused with ErrConflict and leave nothing
// behind.
func (f *fixture) refused(what string, turns ...bot.Turn) {
	f.Helper()
	before := f.dump()
	if err := f.store.Commit(f.ctx, turns...); !errors.Is(err, bot.ErrConflict) {
		f.Errorf("%s: got error %v, want ErrConflict", what, err)
	}
	same(f, what+": what it left behind", before)(f.dump(), nil)
}

// Dump is everything a store holds, in a form that two stores can be compared by.
type Dump struct {
	Conversations []bot.Conversation
	Messages      map[string][]bot.Message
	Sent          []bot.Message
	Traces        map[string][]bot.TurnTrace
	Verdicts      map[string][]bot.Verdict
	Ratings       map[string]bot.Rating
	Current       map[string]string
	Previous      map[string]string
	Changed       []bot.Hint
	Leaves        []bot.Leave
}

// DumpOf reads all of the store.
func DumpOf(ctx context.Context, store bot.Store) (d Dump, err error) {
	d = Dump{Messages: map[string][]bot.Message{}, Traces: map[string][]bot.TurnTrace{}, Verdicts: map[string][]bot.Verdict{},
		Ratings: map[string]bot.Rating{}, Current: map[string]string{}, Previous: map[string]string{}}
	err = store.Conversations(ctx, func(c bot.Conversation) error {
		d.Conversations = append(d.Conversations, c)
		return nil
	})
	if err != nil {
		return d, err
	}
	for _, c := range d.Conversations {
		if err := d.add(ctx, store, c); err != nil {
			return d, fmt.Errorf("conversation %q: %w", c.ID, err)
		}
	}
	if d.Changed, err = store.Changed(ctx, time.Time{}); err != nil {
		return d, err
	}
	d.Leaves, err = store.Leaves(ctx, "", all)
	return d, err
}

// add reads what belongs to the conversation.
func (d *Dump) add(ctx context.Context, store bot.Store, c bot.Conversation) (err error) {
	if d.Messages[c.ID], err = store.After(ctx, c.ID, 0, all); err != nil {
		return err
	}
	for _, m := range d.Messages[c.ID] {
		if m.ClientID == "" {
			continue
		}
		sent, err := store.Sent(ctx, m.Sender(c.Visitor), m.ClientID)
		if err != nil {
			return fmt.Errorf("sent %q: %w", m.ClientID, err)
		}
		d.Sent = append(d.Sent, sent)
	}
	if d.Traces[c.ID], err = store.Traces(ctx, c.ID); err != nil {
		return err
	}
	if d.Verdicts[c.ID], err = store.Verdicts(ctx, c.ID); err != nil {
		return err
	}
	if r, err := store.Rating(ctx, c.ID); err == nil {
		d.Ratings[c.ID] = r
	} else if !errors.Is(err, bot.ErrNotFound) {
		return err
	}
	if now, err := store.Current(ctx, c.Visitor); err == nil {
		d.Current[c.Visitor.Key()] = now.ID
	} else if !errors.Is(err, bot.ErrNotFound) {
		return err
	}
	before, err := store.Previous(ctx, c.Visitor, c.ID)
	if d.Previous[c.ID] = before.ID; errors.Is(err, bot.ErrNotFound) {
		err = nil
	}
	return err
}

func (f *fixture) dump() Dump {
	f.Helper()
	d, err := DumpOf(f.ctx, f.store)
	if err != nil {
		f.Fatalf("dump: %v", err)
	}
	return d
}
