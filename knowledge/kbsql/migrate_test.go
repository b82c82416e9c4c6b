package kbsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/kbtest"
)

// childDatabase tells a process started by TestMigrateInSeveralProcesses what to
// migrate: dialect, blank, DSN.
const childDatabase = "FAQBOT_TEST_MIGRATE"

func TestMigrateInSeveralProcesses(t *testing.T) {
	if child := os.Getenv(childDatabase); child != "" {
		dialect, dsn, _ := strings.Cut(child, " ")
		d := database{dialect: kbsql.Dialect(dialect)}
		if err := kbsql.Migrate(t.Context(), d.reopen(t, dsn), d.dialect); err != nil {
			t.Fatal(err)
		}
		return
	}
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMigrateInSeveralProcesses$")
				child.Env = append(os.Environ(), childDatabase+"="+string(d.dialect)+" "+dsn)
				if out, err := child.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
		all.Wait()
		checkMigrated(t, d, db)
	})
}

func TestMigrateAtOnceAndAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		var all sync.WaitGroup
		for range 6 {
			other := d.reopen(t, dsn)
			all.Go(func() {
				if err := kbsql.Migrate(t.Context(), other, d.dialect); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		checkMigrated(t, d, db)
		if err := kbsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("again: %v", err)
		}
		checkMigrated(t, d, db)
	})
}

// checkMigrated checks that each migration is recorded once and the store works.
func checkMigrated(t *testing.T, d database, db *sql.DB) {
	t.Helper()
	var rows, versions int
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*), COUNT(DISTINCT version_id) FROM kb_schema`).Scan(&rows, &versions)
	if err != nil || rows != versions || versions < 2 {
		t.Errorf("%d records of %d versions, error %v", rows, versions, err)
	}
	store := kbsql.New(db, d.dialect, kbtest.Key)
	if _, err := kbtest.DumpOf(t.Context(), store); err != nil {
		t.Errorf("the store does not work: %v", err)
	}
}

func TestMigrateNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		_, db := d.store(t)
		if _, err := db.ExecContext(t.Context(), `INSERT INTO kb_schema (version_id, is_applied) VALUES (90000, TRUE)`); err != nil {
			t.Fatal(err)
		}
		err := kbsql.Migrate(t.Context(), db, d.dialect)
		if !errors.Is(err, knowledge.ErrNewerSchema) || !strings.Contains(err.Error(), "90000") {
			t.Errorf("got %v, want ErrNewerSchema with the version", err)
		}
	})
}

// migrations returns the embedded files with more of them, by version.
func migrations(t *testing.T, more map[int]string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	const first = "00001_knowledge.sql"
	text, err := os.ReadFile("migrations/" + first)
	if err != nil {
		t.Fatal(err)
	}
	files[first] = &fstest.MapFile{Data: text}
	for version, statements := range more {
		name := fmt.Sprintf("%05d_more.sql", version)
		files[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements)}
	}
	return files
}

func TestMigrateKeepsData(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		e := knowledge.Entry{ID: "e", Category: knowledge.Path{"分类"}, Question: "问", Enabled: true}
		if _, err := store.Apply(t.Context(), knowledge.Batch{Puts: []knowledge.Entry{e}}); err != nil {
			t.Fatal(err)
		}
		next := migrations(t, map[int]string{90001: `UPDATE kb_entry SET owner = owner || 'x';`})
		var all sync.WaitGroup
		for range 4 { // at once: the step must be taken exactly once
			all.Go(func() {
				if err := kbsql.MigrateFiles(t.Context(), db, d.dialect, next); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := store.Entry(t.Context(), "e")
		if err != nil || got.Owner != "x" {
			t.Errorf("owner %q, error %v; want the migration to have run once", got.Owner, err)
		}
	})
}

func TestMigrateFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		_, db := d.store(t)
		broken := migrations(t, map[int]string{90001: "CREATE TABLE kb_half (id TEXT);\nINSERT INTO kb_nowhere VALUES (1);"})
		err := kbsql.MigrateFiles(t.Context(), db, d.dialect, broken)
		if err == nil || !strings.Contains(err.Error(), "kb_nowhere") {
			t.Errorf("got %v, want the statement's error", err)
		}
		if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM kb_half`); err == nil {
			t.Error("the broken migration left its table behind")
		}
		checkMigrated(t, d, db)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := kbsql.MigrateFiles(ctx, db, d.dialect, broken); err == nil {
			t.Error("a cancelled migration succeeded")
		}
	})
}

func TestMigrateDown(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		_, db := d.store(t)
		dialect := goose.DialectSQLite3
		if d.dialect == kbsql.PostgreSQL {
			dialect = goose.DialectPostgres
		}
		provider, err := goose.NewProvider(dialect, db, migrations(t, nil), goose.WithTableName("kb_schema"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM kb_entry`); err == nil {
			t.Error("the table is still there")
		}
		if err := kbsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("up again: %v", err)
		}
		checkMigrated(t, d, db)
	})
}
