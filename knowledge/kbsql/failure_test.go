package kbsql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/kbtest"
)

func batch(n int) knowledge.Batch {
	var b knowledge.Batch
	for i := range n {
		b.Puts = append(b.Puts, knowledge.Entry{
			ID: fmt.Sprintf("e%d", i), Category: knowledge.Path{"甲", "乙"}, Question: fmt.Sprintf("第 %d 个问题", i),
			Answers: []knowledge.Answer{{Texts: []string{strings.Repeat("答", 200)}}},
		})
	}
	return b
}

func dump(t *testing.T, store knowledge.Store) kbtest.Dump {
	t.Helper()
	d, err := kbtest.DumpOf(context.Background(), store)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDiskTrouble lets SQLite refuse writes in the middle of a batch.
func TestDiskTrouble(t *testing.T) {
	for name, c := range map[string]struct{ break_, want, repair string }{
		"full":      {`PRAGMA max_page_count = 60`, "full", `PRAGMA max_page_count = 1000000`},
		"read-only": {`PRAGMA query_only = ON`, "readonly", `PRAGMA query_only = OFF`},
	} {
		t.Run(name, func(t *testing.T) {
			store, db := sqlite.store(t)
			db.SetMaxOpenConns(1) // the settings are the connection's
			if _, err := store.Apply(t.Context(), batch(20)); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), c.break_); err != nil {
				t.Fatal(err)
			}
			before := dump(t, store)
			more := batch(1000)
			for i := range more.Puts {
				more.Puts[i].ID, more.Puts[i].Question = "x"+more.Puts[i].ID, "再问 "+more.Puts[i].Question
			}
			if _, err := store.Apply(t.Context(), more); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if diff := cmp.Diff(before, dump(t, store)); diff != "" {
				t.Errorf("the failed batch left something behind (-before +after):\n%s", diff)
			}
			if _, err := db.ExecContext(t.Context(), c.repair); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Apply(t.Context(), more); err != nil {
				t.Errorf("after the repair: %v", err)
			}
		})
	}
}

// TestConstraints checks that the database itself refuses what Apply
// prevents: a number drawn twice, a question twice.
func TestConstraints(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		if _, err := store.Apply(t.Context(), batch(2)); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			`UPDATE kb_entry SET rev = 1`,
			`UPDATE kb_entry SET question_key = 'k'`,
			`UPDATE kb_entry SET category_id = 'nowhere'`,
			`UPDATE kb_category SET path_key = 'k'`,
			`DELETE FROM kb_category WHERE name = '乙'`,
			`INSERT INTO kb_revision (id, value, base) VALUES (2, 0, 0)`,
		} {
			if _, err := db.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s: no error", statement)
			}
		}
	})
}

// TestWaitingEndsWithContext blocks a writer by another process's transaction.
func TestWaitingEndsWithContext(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		if err := kbsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Fatal(err)
		}
		store := kbsql.New(db, d.dialect, kbtest.Key)
		other, err := d.reopen(t, dsn).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.ExecContext(t.Context(), `UPDATE kb_revision SET value = value WHERE id = 1`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		started := time.Now()
		failed := make(chan error)
		for range 2 { // one waits for the database, one for its turn
			go func() {
				_, err := store.Apply(ctx, batch(1))
				failed <- err
			}()
		}
		for range 2 {
			if err := <-failed; err == nil {
				t.Error("a blocked writer succeeded")
			}
		}
		if waited := time.Since(started); waited > 5*time.Second {
			t.Errorf("the writers gave up after %v, their context after 300ms", waited)
		}
		if err := other.Rollback(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Apply(t.Context(), batch(1)); err != nil {
			t.Errorf("after the other process was done: %v", err)
		}
	})
}

// TestGivenUpTransaction lets another transaction provoke a deadlock; the store
// must try again.
func TestGivenUpTransaction(t *testing.T) {
	store, db := postgresql.store(t)
	if _, err := store.Apply(t.Context(), batch(1)); err != nil {
		t.Fatal(err)
	}
	trigger := `CREATE SEQUENCE kb_tries;
		CREATE FUNCTION give_up() RETURNS trigger AS $$ BEGIN
			IF nextval('kb_tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN NEW;
		END $$ LANGUAGE plpgsql;
		CREATE TRIGGER give_up BEFORE UPDATE ON kb_entry FOR EACH ROW EXECUTE FUNCTION give_up();`
	if _, err := db.ExecContext(t.Context(), trigger); err != nil {
		t.Fatal(err)
	}
	before := dump(t, store)
	edit := before.Entries[0]
	edit.Hot = true
	revision, err := store.Apply(t.Context(), knowledge.Batch{Puts: []knowledge.Entry{edit}})
	if err != nil || revision != before.Revision+1 {
		t.Errorf("revision %d after %d, error %v", revision, before.Revision, err)
	}
	if got, err := store.Entry(t.Context(), edit.ID); err != nil || !got.Hot || got.Version != edit.Version+1 {
		t.Errorf("stored %+v, error %v", got, err)
	}
}

func TestClosedDatabase(t *testing.T) {
	ctx := context.Background()
	for name, do := range map[string]func(*kbsql.Store) error{
		"Entry":          func(s *kbsql.Store) error { _, err := s.Entry(ctx, "e"); return err },
		"Snapshot":       func(s *kbsql.Store) error { _, err := s.Snapshot(ctx, nil); return err },
		"Changes":        func(s *kbsql.Store) error { _, err := s.Changes(ctx, 0, 1); return err },
		"Revision":       func(s *kbsql.Store) error { _, err := s.Revision(ctx); return err },
		"Apply":          func(s *kbsql.Store) error { _, err := s.Apply(ctx, batch(1)); return err },
		"Lexicon":        func(s *kbsql.Store) error { _, err := s.Lexicon(ctx); return err },
		"Categories":     func(s *kbsql.Store) error { _, err := s.Categories(ctx); return err },
		"CreateCategory": func(s *kbsql.Store) error { _, err := s.CreateCategory(ctx, knowledge.Path{"甲"}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			store, db := sqlite.store(t)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if err := do(store); err == nil || errors.Is(err, knowledge.ErrNotFound) {
				t.Errorf("got %v, want the database's error", err)
			}
		})
	}
}

// TestDamagedRow checks that a row someone else has spoiled gives an error that
// names it.
func TestDamagedRow(t *testing.T) {
	for column, value := range map[string]string{
		"variants": `["`, "answers": `[{"texts":"]}`, "related": "", "counter_examples": "{}",
	} {
		store, db := sqlite.store(t)
		if _, err := store.Apply(t.Context(), batch(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `UPDATE kb_entry SET `+column+` = $1`, value); err != nil {
			t.Fatal(err)
		}
		if e, err := store.Entry(t.Context(), "e0"); err == nil || !strings.Contains(err.Error(), `"e0"`) {
			t.Errorf("%s = %q: got %+v and error %v", column, value, e, err)
		}
	}
}
