package botsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/bottest"
)

// opening returns a turn that opens a conversation of a visitor with that name.
func opening(name string, texts ...string) bot.Turn {
	at := time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC)
	t := bot.Turn{Conversation: bot.Conversation{
		ID: name, Visitor: bot.Visitor{Channel: "web", ID: name}, State: bot.StateOpen, OpenedAt: at, UpdatedAt: at,
	}}
	return goOn(t.Conversation, append([]string{"问 " + name}, texts...)...)
}

// goOn returns the turn that adds messages to the conversation.
func goOn(c bot.Conversation, texts ...string) bot.Turn {
	t := bot.Turn{Conversation: c, Was: c.Seq}
	for _, text := range texts {
		t.Conversation.Seq++
		t.Messages = append(t.Messages, bot.Message{Conversation: c.ID, Seq: t.Conversation.Seq, Author: bot.FromVisitor,
			ClientID: fmt.Sprint(c.ID, "-", t.Conversation.Seq), Kind: bot.KindText, Text: text, At: c.UpdatedAt})
	}
	return t
}

func dump(t *testing.T, store bot.Store) bottest.Dump {
	t.Helper()
	d, err := bottest.DumpOf(context.Background(), store)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGroupModel compares groups of commits with the same commits one by one in
// the fake: who else is in the group makes no difference.
func TestGroupModel(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, _ := d.store(t)
		bottest.TestModel(t, store, func(ctx context.Context, commits [][]bot.Turn) []error {
			return botsql.StoreGroup(ctx, store, commits)
		})
	})
}

// TestConflictsInGroup checks that those who lose cost the others nothing: the
// group is stored in one transaction.
func TestConflictsInGroup(t *testing.T) {
	store, _ := sqlite.store(t)
	good, stale, taken := opening("a"), goOn(opening("b").Conversation, "晚了"), opening("a2")
	taken.Conversation.Visitor = good.Conversation.Visitor
	sent := opening("c")
	sent.Conversation.Visitor = good.Conversation.Visitor
	sent.Conversation.State, sent.Messages[0].ClientID = bot.StateClosed, good.Messages[0].ClientID
	after := goOn(good.Conversation, "接着问")
	errs, err := botsql.StoreAtOnce(t.Context(), store,
		[][]bot.Turn{{good}, {stale}, {taken}, {sent}, {opening("d"), stale}, {after}, {opening("e")}})
	if err != nil {
		t.Fatalf("the group was written with a conflict in it: %v", err)
	}
	for i, want := range []error{nil, bot.ErrConflict, bot.ErrConflict, bot.ErrConflict, bot.ErrConflict, nil, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("commit %d: got %v, want %v", i, errs[i], want)
		}
	}
	d := dump(t, store)
	if len(d.Conversations) != 2 || len(d.Messages["a"]) != 2 || len(d.Messages["e"]) != 1 {
		t.Errorf("stored: %+v", d)
	}
}

// execute runs a statement on the database.
func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestPoisonedTurn puts a turn into a group that the database does not take. The
// others are stored, and nothing of it.
func TestPoisonedTurn(t *testing.T) {
	store, db := sqlite.store(t)
	execute(t, db, `CREATE TRIGGER poison AFTER INSERT ON bot_message WHEN NEW.text LIKE '毒%'
		BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
	bad := opening("bad", "毒药")
	errs := botsql.StoreGroup(t.Context(), store, [][]bot.Turn{{opening("a")}, {opening("half"), bad}, {opening("b")}, {bad}, {opening("c")}})
	for i, poisoned := range []bool{false, true, false, true, false} {
		if err := errs[i]; (err != nil) != poisoned || err != nil && !strings.Contains(err.Error(), "poisoned") ||
			errors.Is(err, bot.ErrConflict) || errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("commit %d: got %v, want an error: %v", i, err, poisoned)
		}
	}
	var ids []string
	for _, c := range dump(t, store).Conversations {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, ids); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if err := store.Commit(t.Context(), bad); err == nil {
		t.Error("the poisoned turn was stored alone")
	}
	if err := store.Commit(t.Context(), opening("d")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestGroups lets commits pile up behind another process's writer; all of them
// are stored when it is done, in few transactions.
func TestGroups(t *testing.T) {
	const callers = 100
	db, dsn := sqlite.open(t)
	store := sqlite.storeOn(t, db)
	other, err := sqlite.reopen(t, dsn).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var handedIn atomic.Int32
	ready := make(chan struct{})
	for i := range callers {
		all.Go(func() {
			if handedIn.Add(1) == callers {
				close(ready)
			}
			if err := store.Commit(t.Context(), opening(fmt.Sprint("c", i))); err != nil {
				t.Error(err)
			}
		})
	}
	<-ready
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if n := len(dump(t, store).Conversations); n != callers {
		t.Errorf("%d conversations, want %d", n, callers)
	}
}

// nodes is several stores on one database, as in several processes. Each write
// goes to the next one.
type nodes struct {
	bot.Store
	others []*botsql.Store
	calls  *atomic.Uint32
}

func (n nodes) next() *botsql.Store { return n.others[int(n.calls.Add(1))%len(n.others)] }

func (n nodes) Commit(ctx context.Context, turns ...bot.Turn) error {
	return n.next().Commit(ctx, turns...)
}

func (n nodes) MarkRead(ctx context.Context, conversation string, seq int64) error {
	return n.next().MarkRead(ctx, conversation, seq)
}

func TestStoreOfSeveralNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestConcurrency(t, func(t *testing.T) bot.Store {
			db, dsn := d.open(t)
			n := nodes{Store: d.storeOn(t, db), calls: new(atomic.Uint32)}
			for range 3 {
				n.others = append(n.others, d.another(t, d.reopen(t, dsn)))
			}
			return n
		})
	})
}

// TestClose checks that what was handed in is stored, and that nothing is handed
// in any more.
func TestClose(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, _ := d.store(t)
		const callers = 40
		var all sync.WaitGroup
		var stored atomic.Int32
		first := make(chan struct{}, callers)
		for i := range callers {
			all.Go(func() {
				err := store.Commit(t.Context(), opening(fmt.Sprint("c", i)))
				switch {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, bot.ErrUnavailable):
					t.Errorf("commit %d: %v", i, err)
				}
				first <- struct{}{}
			})
		}
		<-first
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if n := len(dump(t, store).Conversations); n != int(stored.Load()) {
			t.Errorf("%d conversations are stored, %d commits succeeded", n, stored.Load())
		}
		for range 2 {
			if err := store.Commit(t.Context(), opening("late")); !errors.Is(err, bot.ErrUnavailable) {
				t.Errorf("after Close: got %v, want ErrUnavailable", err)
			}
			if err := store.Close(); err != nil {
				t.Errorf("again: %v", err)
			}
		}
	})
}

// TestGivenUpTransaction lets PostgreSQL give up transactions; the store must try
// again.
func TestGivenUpTransaction(t *testing.T) {
	store, db := postgresql.store(t)
	execute(t, db, `CREATE SEQUENCE tries;
		CREATE FUNCTION give_up() RETURNS trigger AS $$ BEGIN
			IF nextval('tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN NEW;
		END $$ LANGUAGE plpgsql;
		CREATE TRIGGER give_up BEFORE INSERT ON bot_message FOR EACH ROW EXECUTE FUNCTION give_up();`)
	if err := store.Commit(t.Context(), opening("a")); err != nil {
		t.Error(err)
	}
	if n := len(dump(t, store).Messages["a"]); n != 1 {
		t.Errorf("%d messages, want one", n)
	}
}
