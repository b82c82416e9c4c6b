package bottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/kbtest"
)

// racers is how many goroutines the races have.
const racers = 16

var concurrencyTests = []storeTest{
	{"one of 16 opens the first conversation", testOpenRace},
	{"one of 16 goes on from a number", testGoOnRace},
	{"16 writers of one conversation lose nothing", testWriterRace},
	{"one of 16 sends a client id", testSentRace},
	{"one of 16 rates", testRatingRace},
	{"16 readers of the marks", testMarkRace},
	{"a reader of leave-messages misses none", testLeaveRace},
	{"losers take no others with them", testMixedRace},
	{"a reader sees commits whole", testWholeRace},
	{"cancelled or not, all or nothing", testCancelRace},
}

// oneWins checks that one of the racers succeeded and the others got ErrConflict.
func (f *fixture) oneWins(what string, errs []error) {
	f.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, bot.ErrConflict):
			f.Errorf("%s: a loser got %v, want ErrConflict", what, err)
		}
	}
	if won != 1 {
		f.Errorf("%s: %d won, want one", what, won)
	}
}

// gapFree checks that the conversation has the messages 1 to n, and nothing twice.
func (f *fixture) gapFree(id string, n int64) {
	f.Helper()
	if c := f.conversation(id); c.Seq != n {
		f.Errorf("conversation %q is at %d, want %d", id, c.Seq, n)
	}
	messages, clientIDs := f.messages(id), map[string]bool{}
	if int64(len(messages)) != n {
		f.Errorf("conversation %q has %d messages, want %d", id, len(messages), n)
	}
	for i, m := range messages {
		if m.Seq != int64(i)+1 || m.ClientID != "" && clientIDs[m.ClientID] {
			f.Errorf("conversation %q: message %d of client %q at place %d", id, m.Seq, m.ClientID, i+1)
		}
		clientIDs[m.ClientID] = true
	}
}

func testOpenRace(f *fixture) {
	v := visitor("a")
	f.oneWins("with different ids", kbtest.Race(racers, func(i int) error {
		return f.store.Commit(f.ctx, opening(fmt.Sprint("c", i), v, minute(i)))
	}))
	if d := f.dump(); len(d.Conversations) != 1 || len(d.Messages[d.Conversations[0].ID]) != 2 {
		f.Errorf("stored: %+v", d)
	}
	f.oneWins("with one id", kbtest.Race(racers, func(i int) error {
		return f.store.Commit(f.ctx, opening("d", visitor(fmt.Sprint("d", i)), minute(i)))
	}))
	f.gapFree("d", 2)
}

func testGoOnRace(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	for round := range int64(5) {
		f.oneWins(fmt.Sprint("round ", round), kbtest.Race(racers, func(i int) error {
			return f.store.Commit(f.ctx, after(c, minute(i), asked(fmt.Sprint(round, "-", i), "问"), replied("答")))
		}))
		c = f.conversation("c")
		f.gapFree("c", 4+2*round)
	}
}

// testWriterRace has each writer add its messages, reading again after each
// conflict.
func testWriterRace(f *fixture) {
	const each = 4
	f.commit(opening("c", visitor("a"), minute(0)))
	errs := kbtest.Race(racers, func(i int) error {
		for n := range each {
			for {
				c, err := f.store.Conversation(f.ctx, "c")
				if err != nil {
					return err
				}
				err = f.store.Commit(f.ctx, after(c, minute(n), asked(fmt.Sprint(i, "-", n), "问")))
				if err == nil {
					break
				}
				if !errors.Is(err, bot.ErrConflict) {
					return err
				}
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.gapFree("c", 2+racers*each)
}

func testSentRace(f *fixture) {
	v := visitor("a")
	var closed []bot.Conversation
	for i := range racers {
		c := f.commit(opening(fmt.Sprint("c", i), v, minute(i)))
		closed = append(closed, f.commit(closing(c, minute(i))))
	}
	f.oneWins("in different conversations", kbtest.Race(racers, func(i int) error {
		return f.store.Commit(f.ctx, after(closed[i], minute(99), asked("same", fmt.Sprint(i))))
	}))
	if m, err := f.store.Sent(f.ctx, v.Key(), "same"); err != nil || m.Seq != 4 {
		f.Errorf("Sent: %+v, error %v", m, err)
	}
}

func testRatingRace(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	f.oneWins("rating", kbtest.Race(racers, func(i int) error {
		t := after(c, minute(1), asked(fmt.Sprint(i), "评价"))
		t.Rating = &bot.Rating{Conversation: "c", Seq: 3, Stars: i%5 + 1}
		return f.store.Commit(f.ctx, t)
	}))
	f.gapFree("c", 3)
}

func testMarkRace(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	var more []bot.Message
	for range 30 {
		more = append(more, replied("答"))
	}
	f.commit(after(c, minute(1), more...))
	errs := kbtest.Race(racers, func(i int) error {
		for n := range 4 {
			if err := f.store.MarkRead(f.ctx, "c", int64(i*2-n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Error(err)
	}
	if got := f.conversation("c").Read; got != 2*racers-2 {
		f.Errorf("read up to %d, want %d", got, 2*racers-2)
	}
}

// testLeaveRace follows the leave-messages while 16 write them.
func testLeaveRace(f *fixture) {
	const each = 5
	done := make(chan struct{})
	var seen []bot.Leave
	var readErr error
	var reader sync.WaitGroup
	reader.Go(func() { seen, readErr = followLeaves(f.ctx, f.store, done) })
	errs := kbtest.Race(racers, func(i int) error {
		for n := range each {
			id := fmt.Sprintf("c%d-%d", i, n)
			t := opening(id, visitor(id), minute(n))
			t.Leave = &bot.Leave{ID: "leave-" + id, Conversation: id, Seq: 1, Visitor: t.Conversation.Visitor, At: minute(racers - i)}
			if err := f.store.Commit(f.ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	close(done)
	reader.Wait()
	if err := errors.Join(append(errs, readErr)...); err != nil {
		f.Fatal(err)
	}
	same(f, "what the reader saw", seen)(f.store.Leaves(f.ctx, "", all))
	if len(seen) != racers*each {
		f.Errorf("%d leave-messages, want %d", len(seen), racers*each)
	}
}

// followLeaves reads pages until done is closed and nothing new comes.
func followLeaves(ctx context.Context, store bot.Store, done <-chan struct{}) (seen []bot.Leave, err error) {
	after := ""
	for last := false; ; {
		page, err := store.Leaves(ctx, after, 3)
		if err != nil || len(page) == 0 && last {
			return seen, err
		}
		if seen = append(seen, page...); len(page) > 0 {
			after = page[len(page)-1].ID
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}

// testMixedRace has some go on well, while others use stale numbers, client ids
// that are in use, and open a second conversation.
func testMixedRace(f *fixture) {
	const rounds = 10
	for i := range racers {
		f.commit(opening(fmt.Sprint("c", i), visitor(fmt.Sprint(i)), minute(0)))
	}
	errs := kbtest.Race(2*racers, func(i int) error {
		id, v := fmt.Sprint("c", i%racers), visitor(fmt.Sprint(i%racers))
		c := opening(id, v, minute(0)).Conversation
		for round := range rounds {
			if i < racers {
				t := after(c, minute(round), asked(fmt.Sprint("m", round), "问"), replied("答"))
				if err := f.store.Commit(f.ctx, t); err != nil {
					return fmt.Errorf("writer %d, round %d: %w", i, round, err)
				}
				c = t.Conversation
				continue
			}
			bad := []bot.Turn{
				after(c, minute(round), asked("c"+fmt.Sprint(i%racers)+"-1", "又发")), // a client id in use, and a stale number soon
				opening(fmt.Sprint("second", i, round), v, minute(round)),
				opening(id, v, minute(round)),
			}[round%3]
			if err := f.store.Commit(f.ctx, bad); !errors.Is(err, bot.ErrConflict) {
				return fmt.Errorf("loser %d, round %d: got %v, want ErrConflict", i, round, err)
			}
		}
		return nil
	})
	for _, err := range errs {
		if err != nil {
			f.Error(err)
		}
	}
	for i := range racers {
		f.gapFree(fmt.Sprint("c", i), 2+2*rounds)
	}
	if d := f.dump(); len(d.Conversations) != racers {
		f.Errorf("%d conversations, want %d", len(d.Conversations), racers)
	}
}

// testWholeRace commits two turns at a time; a reader must see both or none. The
// one it looks at first is the one written last.
func testWholeRace(f *fixture) {
	a, b := f.commit(opening("a", visitor("a"), minute(0))), f.commit(opening("b", visitor("b"), minute(0)))
	done := make(chan struct{})
	var writer sync.WaitGroup
	var writeErr error
	writer.Go(func() {
		defer close(done)
		for n := range 50 {
			ta, tb := after(a, minute(n), asked(fmt.Sprint("n", n), "问")), after(b, minute(n), asked(fmt.Sprint("n", n), "问"))
			if writeErr = f.store.Commit(f.ctx, ta, tb); writeErr != nil {
				return
			}
			a, b = ta.Conversation, tb.Conversation
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		second := f.conversation("b").Seq
		if first := f.conversation("a").Seq; first < second {
			f.Errorf("b was at %d when a was at %d", second, first)
			break
		}
		if n := int64(len(f.messages("b"))); n < second {
			f.Errorf("b was at %d with %d messages", second, n)
			break
		}
	}
	writer.Wait()
	if writeErr != nil {
		f.Fatal(writeErr)
	}
}

// testCancelRace ends contexts at all moments of a commit. A commit that returned
// an error may have happened, but not by half; one that returned nil has.
func testCancelRace(f *fixture) {
	const rounds = 6
	errs := make([][rounds]error, racers)
	kbtest.Race(racers, func(i int) error {
		for n := range rounds {
			ctx, cancel := context.WithTimeout(f.ctx, time.Duration(i*n)*100*time.Microsecond)
			x, y := fmt.Sprintf("x%d-%d", i, n), fmt.Sprintf("y%d-%d", i, n)
			errs[i][n] = f.store.Commit(ctx, opening(x, visitor(x), minute(0)), opening(y, visitor(y), minute(0)))
			cancel()
		}
		return nil
	})
	f.commit(opening("last", visitor("last"), minute(0))) // after all that may still happen
	d := f.dump()
	stored := map[string]int{}
	for _, c := range d.Conversations {
		if c.ID != "last" {
			stored[c.ID[1:]]++
			f.gapFree(c.ID, 2)
		}
	}
	for i := range errs {
		for n, err := range errs[i] {
			got := stored[fmt.Sprintf("%d-%d", i, n)]
			if got == 1 || err == nil && got != 2 || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				f.Errorf("commit %d-%d: %d of 2 turns stored, error %v", i, n, got, err)
			}
		}
	}
}
