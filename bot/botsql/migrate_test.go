package botsql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/knowledge/sqldb"
)

func TestMigrateAtOnceAndAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		var all sync.WaitGroup
		for range 6 {
			other := d.reopen(t, dsn)
			all.Go(func() {
				if err := botsql.Migrate(t.Context(), other, d.dialect); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		checkMigrated(t, d, db)
		if err := botsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("again: %v", err)
		}
		checkMigrated(t, d, db)
	})
}

// checkMigrated checks that each migration is recorded once and the store works.
func checkMigrated(t *testing.T, d database, db *sql.DB) {
	t.Helper()
	var rows, versions int
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*), COUNT(DISTINCT version_id) FROM bot_schema`).Scan(&rows, &versions)
	if err != nil || rows != versions || versions < 2 {
		t.Errorf("%d records of %d versions, error %v", rows, versions, err)
	}
	store := botsql.New(db, d.dialect)
	defer func() { _ = store.Close() }()
	name := fmt.Sprint("works-", len(dump(t, store).Conversations))
	if err := store.Commit(t.Context(), opening(name)); err != nil {
		t.Errorf("the store does not work: %v", err)
	}
}

func TestMigrateNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		if err := store.Commit(t.Context(), opening("a")); err != nil {
			t.Fatal(err)
		}
		before := dump(t, store)
		execute(t, db, `INSERT INTO bot_schema (version_id, is_applied) VALUES (90000, TRUE)`)
		err := botsql.Migrate(t.Context(), db, d.dialect)
		if !errors.Is(err, bot.ErrNewerSchema) || !strings.Contains(err.Error(), "90000") {
			t.Errorf("got %v, want ErrNewerSchema with the version", err)
		}
		if diff := cmp.Diff(before, dump(t, store)); diff != "" {
			t.Errorf("it was changed (-before +after):\n%s", diff)
		}
	})
}

// migrations returns the embedded files with one more step.
func migrations(t *testing.T, statements string) fs.FS {
	t.Helper()
	const first = "00001_conversations.sql"
	text, err := os.ReadFile("migrations/" + first)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		first:            {Data: text},
		"90001_more.sql": {Data: []byte("-- +goose Up\n" + statements)},
	}
}

func TestMigrateKeepsData(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		if err := store.Commit(t.Context(), opening("a", "二", "三")); err != nil {
			t.Fatal(err)
		}
		want := dump(t, store)
		want.Messages["a"][0].Text += "x"
		want.Sent[0].Text += "x"
		next := migrations(t, `UPDATE bot_message SET text = text || 'x' WHERE seq = 1;`)
		var all sync.WaitGroup
		for range 4 { // at once: the step must be taken exactly once
			all.Go(func() {
				if err := botsql.MigrateFiles(t.Context(), db, d.dialect, next); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff(want, dump(t, store)); diff != "" {
			t.Errorf("after the migration (-want +got):\n%s", diff)
		}
	})
}

func TestMigrateFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		_, db := d.store(t)
		broken := migrations(t, "CREATE TABLE bot_half (id TEXT);\nINSERT INTO bot_nowhere VALUES (1);")
		err := botsql.MigrateFiles(t.Context(), db, d.dialect, broken)
		if err == nil || !strings.Contains(err.Error(), "bot_nowhere") {
			t.Errorf("got %v, want the statement's error", err)
		}
		if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM bot_half`); err == nil {
			t.Error("the broken migration left its table behind")
		}
		checkMigrated(t, d, db)
	})
}

func TestMigrateDown(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		_, db := d.store(t)
		dialect := goose.DialectSQLite3
		if d.dialect == sqldb.PostgreSQL {
			dialect = goose.DialectPostgres
		}
		provider, err := goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithTableName("bot_schema"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM bot_message`); err == nil {
			t.Error("the table is still there")
		}
		if err := botsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("up again: %v", err)
		}
		checkMigrated(t, d, db)
	})
}
