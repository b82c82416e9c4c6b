package botsql_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/bottest"
	"faqbot/knowledge/sqldb"
)

func TestSeats(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestSeats(t, func(t *testing.T) bottest.DeskStore {
			store, _ := d.store(t)
			return store
		})
	})
}

func TestPhrases(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestPhrases(t, func(t *testing.T) bot.PhraseStore {
			store, _ := d.store(t)
			return store
		})
	})
}

func TestFavourites(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestFavourites(t, func(t *testing.T) bot.FavouriteStore {
			store, _ := d.store(t)
			return store
		})
	})
}

func TestBlocks(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestBlocks(t, func(t *testing.T) bot.BlockStore {
			store, _ := d.store(t)
			return store
		})
	})
}

func TestCustomers(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestCustomers(t, func(t *testing.T) bot.CustomerStore {
			store, _ := d.store(t)
			return store
		})
	})
}

func TestFiles(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestFiles(t, func(t *testing.T) bot.FileStore {
			store, _ := d.store(t)
			return store
		})
	})
}

// deskNodes is several stores on one database, as in several processes. Each
// write goes to the next one.
type deskNodes struct {
	bottest.DeskStore
	nodes
}

func (n deskNodes) Commit(ctx context.Context, turns ...bot.Turn) error {
	return n.nodes.Commit(ctx, turns...)
}

func (n deskNodes) MarkRead(ctx context.Context, conversation string, seq int64) error {
	return n.nodes.MarkRead(ctx, conversation, seq)
}

func (n deskNodes) PutGroup(ctx context.Context, g bot.Group, was time.Time) error {
	return n.next().PutGroup(ctx, g, was)
}

func (n deskNodes) PutSeat(ctx context.Context, s bot.Seat) error { return n.next().PutSeat(ctx, s) }

func (n deskNodes) SetPresence(ctx context.Context, c bot.PresenceChange) error {
	return n.next().SetPresence(ctx, c)
}

func (n deskNodes) Seen(ctx context.Context, at time.Time, agents ...string) error {
	return n.next().Seen(ctx, at, agents...)
}

func (n deskNodes) TakeLeave(ctx context.Context, id, from, to string, at time.Time) error {
	return n.next().TakeLeave(ctx, id, from, to, at)
}

func (n deskNodes) FinishLeave(ctx context.Context, id, agent string, at time.Time) error {
	return n.next().FinishLeave(ctx, id, agent, at)
}

func TestSeatsOfSeveralNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestSeatConcurrency(t, func(t *testing.T) bottest.DeskStore {
			db, dsn := d.open(t)
			first := d.storeOn(t, db)
			n := deskNodes{first, nodes{Store: first, calls: new(atomic.Uint32)}}
			for range 3 {
				n.others = append(n.others, d.another(t, d.reopen(t, dsn)))
			}
			return n
		})
	})
}

// TestPlainTurnsLeaveIndexesAlone checks that turns of a conversation which only
// the bot has write no column that the lists of the desk are made of.
func TestPlainTurnsLeaveIndexesAlone(t *testing.T) {
	store, db := sqlite.store(t)
	a := opening("a")
	if err := store.Commit(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `CREATE TRIGGER watch AFTER UPDATE OF state, phase, skill_group, owner, rank, queued_at, closed_at, service
		ON bot_conversation BEGIN SELECT RAISE(ABORT, 'written'); END`)
	next := goOn(a.Conversation, "再问")
	if err := store.Commit(t.Context(), next); err != nil {
		t.Errorf("a plain turn: %v", err)
	}
	queued := goOn(next.Conversation, "转人工")
	queued.Conversation.Service.Phase = bot.InQueue
	if err := store.Commit(t.Context(), queued); err == nil || !strings.Contains(err.Error(), "written") {
		t.Errorf("a turn to the queue: got %v, want the error of the trigger", err)
	}
}

// TestListsUseIndexes checks that no list of the desk reads conversations that it
// does not show, and that nothing else is counted.
func TestListsUseIndexes(t *testing.T) {
	ctx := t.Context()
	_, db := sqlite.store(t)
	for _, list := range []struct {
		index string
		read  func(s *botsql.Store) error
	}{
		{"bot_conversation_waiting ", func(s *botsql.Store) error { _, err := s.Waiting(ctx); return err }},
		{"bot_conversation_waiting ", func(s *botsql.Store) error { _, err := s.Ahead(ctx, "", 0, time.Now(), "a"); return err }},
		{"bot_conversation_served ", func(s *botsql.Store) error { _, err := s.Loads(ctx); return err }},
		{"bot_conversation_served ", func(s *botsql.Store) error { _, err := s.Served(ctx, "小红"); return err }},
		{"bot_conversation_served ", func(s *botsql.Store) error { _, err := s.Served(ctx, ""); return err }},
		{"bot_conversation_done ", func(s *botsql.Store) error { _, err := s.Done(ctx, "小红", time.Now(), 9); return err }},
		{"bot_conversation_done_by_any ", func(s *botsql.Store) error { _, err := s.Done(ctx, "", time.Now(), 9); return err }},
		{"bot_conversation_visitor ", func(s *botsql.Store) error { _, err := s.Of(ctx, bot.Visitor{}, 9); return err }},
		{"bot_leave_open ", func(s *botsql.Store) error { _, err := s.OpenLeaves(ctx, 9); return err }},
		{"bot_leave_taken ", func(s *botsql.Store) error { _, err := s.LeavesOf(ctx, "小红"); return err }},
	} {
		store := sqlite.another(t, db)
		if err := list.read(store); err != nil {
			t.Fatal(err)
		}
		for _, query := range botsql.Queries(store) {
			if plan := explain(t, db, query); !strings.Contains(plan, list.index) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s\ndoes not use %s: %s", query, list.index, plan)
			}
		}
	}
}

// explain returns the plan of SQLite for a query.
func explain(t *testing.T, db *sql.DB, query string) (plan string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, 1, 2, 3, 4)
	if err == nil {
		err = sqldb.ScanAll(rows, func(rows *sql.Rows) error {
			var id, parent, unused int
			var line string
			err := rows.Scan(&id, &parent, &unused, &line)
			plan += line + " \n"
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestMigrateOldConversations brings what was stored before there were agents to
// the tables of today.
func TestMigrateOldConversations(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, _ := d.open(t)
		old := fstest.MapFS{}
		for _, name := range []string{"00001_conversations.sql", "00002_secrets.sql"} {
			text, err := os.ReadFile("migrations/" + name)
			if err != nil {
				t.Fatal(err)
			}
			old[name] = &fstest.MapFile{Data: text}
		}
		if err := botsql.MigrateFiles(t.Context(), db, d.dialect, old); err != nil {
			t.Fatal(err)
		}
		execute(t, db, `INSERT INTO bot_conversation (id, visitor, channel, account, visitor_id, profile, state, seq, read_seq, dialogue,
			opened_at, updated_at, closed_at, close_reason) VALUES ('a', 'web//v', 'web', '', 'v', '{}', 'open', 2, 0, '{}', 1, 1, 0, '')`)
		execute(t, db, `INSERT INTO bot_leave (id, position, conversation, seq, channel, account, visitor_id, name, contact, text, at)
			VALUES ('l', 1, 'a', 2, 'web', '', 'v', '王', '138', '请回电', 5)`)
		store := d.storeOn(t, db)
		c, err := store.Conversation(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		want := bot.Conversation{ID: "a", Visitor: bot.Visitor{Channel: "web", ID: "v"}, State: bot.StateOpen, Seq: 2,
			OpenedAt: sqldb.Time(1), UpdatedAt: sqldb.Time(1)}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("the conversation (-want +got):\n%s", diff)
		}
		next := goOn(c, "转人工")
		next.Conversation.Service.Phase = bot.InQueue
		if err := store.Commit(t.Context(), next); err != nil {
			t.Error(err)
		}
		waiting, err := store.Waiting(t.Context())
		if err != nil || len(waiting) != 1 || waiting[0].Seq != 3 {
			t.Errorf("Waiting: %+v, error %v", waiting, err)
		}
		leaves, err := store.OpenLeaves(t.Context(), 9)
		if err != nil || len(leaves) != 1 || leaves[0].Text != "请回电" || !leaves[0].TakenAt.IsZero() {
			t.Errorf("OpenLeaves: %+v, error %v", leaves, err)
		}
	})
}

// TestChangeWaitsForOtherWriter holds the lock of SQLite, as another process does.
func TestChangeWaitsForOtherWriter(t *testing.T) {
	db, dsn := sqlite.open(t)
	patient := sqlite.storeOn(t, db)
	hasty := botsql.NewWith(db, sqlite.dialect, 100*time.Millisecond, botsql.MaxGroup)
	defer func() { _ = hasty.Close() }()
	other, err := sqlite.reopen(t, dsn).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	phrase := bot.Phrase{ID: "p", Text: "您好"}
	if err := hasty.PutPhrase(t.Context(), phrase); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := patient.DropPhrase(ctx, "p"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	waited := make(chan error)
	go func() { waited <- patient.PutPhrase(t.Context(), phrase) }()
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("after the other was done: %v", err)
	}
	if got, err := hasty.Phrase(t.Context(), "p"); err != nil || got != phrase {
		t.Errorf("Phrase: %+v, error %v", got, err)
	}
}

// TestGivenUpChange lets PostgreSQL give up transactions; the store must try again,
// all of it.
func TestGivenUpChange(t *testing.T) {
	store, db := postgresql.store(t)
	if err := store.PutSeat(t.Context(), bot.Seat{Agent: "a"}); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `CREATE SEQUENCE tries;
		CREATE FUNCTION give_up() RETURNS trigger AS $$ BEGIN
			IF nextval('tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN NEW;
		END $$ LANGUAGE plpgsql;
		CREATE TRIGGER give_up BEFORE INSERT ON bot_presence FOR EACH ROW EXECUTE FUNCTION give_up();`)
	err := store.SetPresence(t.Context(), bot.PresenceChange{Agent: "a", From: bot.Offline, To: bot.Online, At: time.UnixMilli(9)})
	if err != nil {
		t.Error(err)
	}
	if log, err := store.PresenceLog(t.Context(), "a", time.Time{}, time.UnixMilli(99)); err != nil || len(log) != 1 {
		t.Errorf("log: %+v, error %v; want one change", log, err)
	}
}

// TestChangeIsWhole has the second statement of a change fail; nothing of the
// first may stay.
func TestChangeIsWhole(t *testing.T) {
	store, db := sqlite.store(t)
	execute(t, db, `CREATE TRIGGER no_log BEFORE INSERT ON bot_presence BEGIN SELECT RAISE(ABORT, 'no log'); END`)
	execute(t, db, `CREATE TRIGGER no_end BEFORE INSERT ON bot_file_piece WHEN NEW.number = 2 BEGIN SELECT RAISE(ABORT, 'no end'); END`)
	if err := store.PutSeat(t.Context(), bot.Seat{Agent: "a"}); err != nil {
		t.Fatal(err)
	}
	err := store.SetPresence(t.Context(), bot.PresenceChange{Agent: "a", From: bot.Offline, To: bot.Online})
	if err == nil || !strings.Contains(err.Error(), "no log") {
		t.Errorf("SetPresence: got %v", err)
	}
	if seats, err := store.Seats(t.Context()); err != nil || seats[0].Presence != bot.Offline {
		t.Errorf("Seats: %+v, error %v; want it offline", seats, err)
	}
	content := bytes.Repeat([]byte("x"), 1<<20)
	err = store.PutFile(t.Context(), bot.File{ID: "f", Size: 1 << 20}, content)
	if err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("PutFile: got %v", err)
	}
	execute(t, db, `DROP TRIGGER no_end`)
	if err := store.PutFile(t.Context(), bot.File{ID: "f", Size: 1 << 20}, content); err != nil {
		t.Errorf("PutFile again: %v", err)
	}
}

// TestChangesAmongCommits has changes and commits pile up behind another process's
// writer; a change that fails takes no commit with it.
func TestChangesAmongCommits(t *testing.T) {
	const callers = 40
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
			name := fmt.Sprint("c", i)
			if err := store.Commit(t.Context(), opening(name)); err != nil {
				t.Error(err)
			}
			if err := store.PutPhrase(t.Context(), bot.Phrase{ID: name}); err != nil {
				t.Error(err)
			}
			if err := store.DropPhrase(t.Context(), name+"x"); !errors.Is(err, bot.ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
		})
	}
	<-ready
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	phrases, err := store.Phrases(t.Context(), "")
	if err != nil || len(phrases) != callers || len(dump(t, store).Conversations) != callers {
		t.Errorf("%d phrases, error %v; want %d, and as many conversations", len(phrases), err, callers)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := store.PutPhrase(t.Context(), bot.Phrase{ID: "late"}); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("after Close: got %v, want ErrUnavailable", err)
	}
}

// TestDamagedDesk checks that a row someone else has spoiled gives an error that
// names it.
func TestDamagedDesk(t *testing.T) {
	ctx := t.Context()
	store, db := sqlite.store(t)
	v := bot.Visitor{Channel: "web", ID: "spoiled"}
	err := errors.Join(
		store.Commit(ctx, opening("spoiled")),
		store.PutGroup(ctx, bot.Group{ID: "spoiled"}, time.Time{}),
		store.PutSeat(ctx, bot.Seat{Agent: "spoiled"}),
		store.PutCustomer(ctx, bot.Customer{ID: "spoiled"}, v, time.Time{}),
		store.PutFile(ctx, bot.File{ID: "spoiled", Size: 2}, []byte("ab")),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []struct {
		statement string
		read      func() error
	}{
		{`UPDATE bot_conversation SET service = '{'`, func() error { _, err := store.Conversation(ctx, "spoiled"); return err }},
		{`UPDATE bot_group SET categories = '{'`, func() error { _, err := store.Groups(ctx); return err }},
		{`UPDATE bot_group SET channels = ''`, func() error { _, err := store.Groups(ctx); return err }},
		{`UPDATE bot_seat SET skill_groups = '1'`, func() error { _, err := store.Seats(ctx); return err }},
		{`UPDATE bot_customer SET notes = '1'`, func() error { _, err := store.CustomerOf(ctx, v); return err }},
		{`DELETE FROM bot_file_piece`, func() error { _, _, err := store.FileContent(ctx, "spoiled"); return err }},
	} {
		execute(t, db, spoil.statement)
		if err := spoil.read(); err == nil || !strings.Contains(err.Error(), `"spoiled"`) {
			t.Errorf("%s: got %v", spoil.statement, err)
		}
	}
}
