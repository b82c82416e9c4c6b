package botsql_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// fill commits turns from several callers until each of them is refused, which
// must be with ErrUnavailable, and returns how many were stored.
func fill(t *testing.T, store bot.Store, name string) (stored int) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 1000 {
				err := store.Commit(context.Background(), opening(fmt.Sprint(name, i, "-", n), strings.Repeat("长", 1000)))
				if err != nil {
					if !errors.Is(err, bot.ErrUnavailable) {
						t.Errorf("a full disk gave %v, want ErrUnavailable", err)
					}
					return
				}
				mu.Lock()
				stored++
				mu.Unlock()
			}
			t.Error("the disk was never full")
		})
	}
	all.Wait()
	return stored
}

// TestFullDatabase gives the database no more pages than it has, and then some.
func TestFullDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	roomy := sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(path))
	if err := botsql.Migrate(t.Context(), roomy, sqldb.SQLite); err != nil {
		t.Fatal(err)
	}
	execute(t, roomy, `CREATE TABLE ballast AS SELECT zeroblob(2000000) AS b`)
	var pages int
	if err := roomy.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	store := sqlite.storeOn(t, sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(path, fmt.Sprintf("max_page_count(%d)", pages+60))))
	stored := fill(t, store, "a")
	before := dump(t, store)
	if stored == 0 || len(before.Conversations) != stored {
		t.Errorf("%d conversations are stored, %d commits succeeded", len(before.Conversations), stored)
	}
	if err := store.Commit(t.Context(), opening("big", strings.Repeat("长", 100_000))); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("still full: got %v, want ErrUnavailable", err)
	}
	if diff := cmp.Diff(before, dump(t, store)); diff != "" {
		t.Errorf("the refused commit left something behind (-before +after):\n%s", diff)
	}
	execute(t, roomy, `DROP TABLE ballast`)
	if err := store.Commit(t.Context(), opening("big", strings.Repeat("长", 100_000))); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestReadOnlyDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	writable := sqlite.storeOn(t, sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(path)))
	if err := writable.Commit(t.Context(), opening("a")); err != nil {
		t.Fatal(err)
	}
	db := sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(path, "query_only(ON)"))
	store := botsql.New(db, sqldb.SQLite)
	defer func() { _ = store.Close() }()
	if err := store.Commit(t.Context(), opening("b")); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if n := len(dump(t, store).Conversations); n != 1 {
		t.Errorf("%d conversations can be read, want one", n)
	}
}

// TestOtherWriter holds the lock that a writer needs, as an import does.
func TestOtherWriter(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		patient := d.storeOn(t, db)
		hasty := botsql.NewWith(db, d.dialect, 100*time.Millisecond, botsql.MaxGroup)
		defer func() { _ = hasty.Close() }()
		a := opening("a")
		if err := patient.Commit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		other, err := d.reopen(t, dsn).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.ExecContext(t.Context(), `UPDATE bot_conversation SET seq = seq`); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if err := hasty.Commit(t.Context(), goOn(a.Conversation, "急")); !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := patient.Commit(ctx, opening("b")); d.dialect == sqldb.SQLite && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if err := patient.Commit(ctx, goOn(a.Conversation, "等不及")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("giving up took %v", took)
		}
		waited := make(chan error)
		go func() { waited <- patient.Commit(t.Context(), goOn(a.Conversation, "等")) }()
		if err := other.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Errorf("after the other was done: %v", err)
		}
		if n := len(dump(t, patient).Messages["a"]); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
	})
}

func TestExhaustedPool(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, _ := d.open(t)
		d.storeOn(t, db)
		store := botsql.NewWith(db, d.dialect, 100*time.Millisecond, botsql.MaxGroup)
		defer func() { _ = store.Close() }()
		db.SetMaxOpenConns(1)
		taken, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Commit(t.Context(), opening("a")); !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("Commit: got %v, want ErrUnavailable", err)
		}
		if _, err := store.Conversation(t.Context(), "a"); !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("Conversation: got %v, want ErrUnavailable", err)
		}
		if err := taken.Close(); err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(2)
		if err := store.Commit(t.Context(), opening("a")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestServerAway(t *testing.T) {
	store := botsql.New(sqltest.Connect(t, sqldb.PostgreSQL, "postgres://nobody@127.0.0.1:1/none?sslmode=disable"), sqldb.PostgreSQL)
	if err := store.Commit(t.Context(), opening("a")); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("Commit: got %v, want ErrUnavailable", err)
	}
	if _, err := store.Current(t.Context(), bot.Visitor{}); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("Current: got %v, want ErrUnavailable", err)
	}
}

// TestLostConnections breaks the connections of the pool to PostgreSQL.
func TestLostConnections(t *testing.T) {
	db, dsn := postgresql.open(t)
	db.SetMaxOpenConns(2)
	store := postgresql.storeOn(t, db)
	if err := store.Commit(t.Context(), opening("a")); err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := db.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `LOCK TABLE bot_message`); err != nil {
		t.Fatal(err)
	}
	other := postgresql.reopen(t, dsn)
	failed := make(chan error)
	go func() { failed <- store.Commit(t.Context(), opening("b")) }() // waits for the lock
	for ended := false; !ended; {
		err := other.QueryRowContext(t.Context(), `SELECT COALESCE(bool_or(pg_terminate_backend(pid)), FALSE) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO bot_message%'
			AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'bot_message'::regclass)`).Scan(&ended)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := <-failed; !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := store.Commit(t.Context(), opening("b")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := len(dump(t, store).Conversations); n != 2 {
		t.Errorf("%d conversations, want 2", n)
	}
}

// TestDamagedRow checks that a row someone else has spoiled gives an error that
// names it.
func TestDamagedRow(t *testing.T) {
	for _, statement := range []string{
		`UPDATE bot_conversation SET profile = '{'`, `UPDATE bot_conversation SET dialogue = ''`,
		`UPDATE bot_message SET card = '[]'`,
	} {
		store, db := sqlite.store(t)
		if err := store.Commit(t.Context(), opening("spoiled")); err != nil {
			t.Fatal(err)
		}
		execute(t, db, statement)
		_, err := store.Conversation(t.Context(), "spoiled")
		_, err2 := store.After(t.Context(), "spoiled", 0, 1)
		if err = errors.Join(err, err2); err == nil || !strings.Contains(err.Error(), `"spoiled"`) {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}
