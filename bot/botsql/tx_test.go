package botsql_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/botsql"
)

var errNo = errors.New("no")

// doing is what callers of Write do.
type doing = func(ctx context.Context, tx botsql.Tx) error

// beside returns a store and a table beside its own, into which note writes.
func (d database) beside(t *testing.T) *botsql.Store {
	t.Helper()
	store, db := d.store(t)
	execute(t, db, `CREATE TABLE beside (id BIGINT PRIMARY KEY)`)
	return store
}

// note adds rows to the table and ends with the error.
func note(err error, ids ...int) doing {
	return func(ctx context.Context, tx botsql.Tx) error {
		for _, id := range ids {
			if n, err := tx.Exec(ctx, `INSERT INTO beside (id) VALUES ($1)`, id); err != nil || n != 1 {
				return err
			}
		}
		return err
	}
}

func readIDs(rows func(scan func(*sql.Rows) error) error) (ids []int, err error) {
	err = rows(func(rows *sql.Rows) error {
		ids = append(ids, 0)
		return rows.Scan(&ids[len(ids)-1])
	})
	return ids, err
}

// noted checks which rows are in the table.
func noted(t *testing.T, store *botsql.Store, want ...int) {
	t.Helper()
	got, err := readIDs(func(scan func(*sql.Rows) error) error {
		return store.Read(t.Context(), "read", scan, `SELECT id FROM beside ORDER BY id`)
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("beside (-want +got):\n%serror %v", diff, err)
	}
}

func TestWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store := d.beside(t)
		if err := store.Write(t.Context(), "note", note(nil, 1, 2)); err != nil {
			t.Error(err)
		}
		for name, do := range map[string]doing{"its own error": note(errNo, 3, 4), "a statement's": note(nil, 5, 1)} {
			err := store.Write(t.Context(), "note", do)
			if err == nil || !strings.HasPrefix(err.Error(), "note: ") || name == "its own error" && !errors.Is(err, errNo) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		noted(t, store, 1, 2)
		err := store.Write(t.Context(), "change", func(ctx context.Context, tx botsql.Tx) error {
			if n, err := tx.Exec(ctx, `UPDATE beside SET id = id + 10 WHERE id >= $1`, 1); n != 2 || err != nil {
				t.Errorf("%d rows are written, error %v", n, err)
			}
			ids, err := readIDs(func(scan func(*sql.Rows) error) error {
				return tx.Query(ctx, scan, `SELECT id FROM beside WHERE id < $1`, 12)
			})
			if len(ids) != 1 || ids[0] != 11 {
				t.Errorf("the transaction reads %v of what it wrote", ids)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		noted(t, store, 11, 12)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := store.Write(ctx, "note", note(nil, 3)); !errors.Is(err, context.Canceled) {
			t.Errorf("for one who is gone: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Write(t.Context(), "note", note(nil, 3)); !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestWritesInGroup checks that turns and writes go into one transaction, and that
// those which fail cost the others nothing.
func TestWritesInGroup(t *testing.T) {
	store := sqlite.beside(t)
	good, stale := opening("a"), goOn(opening("b").Conversation, "晚了")
	errs, err := botsql.WriteAtOnce(t.Context(), store, [][]bot.Turn{{good}, {stale}},
		note(nil, 1), note(errNo, 2, 3), note(nil, 4, 1), note(bot.ErrConflict), note(nil, 2))
	if err != nil {
		t.Fatalf("the group was lost: %v", err)
	}
	for i, fails := range []bool{false, true, false, true, true, true, false} {
		if (errs[i] != nil) != fails {
			t.Errorf("%d: got %v, want an error: %v", i, errs[i], fails)
		}
	}
	if !errors.Is(errs[1], bot.ErrConflict) || !errors.Is(errs[3], errNo) || !errors.Is(errs[5], bot.ErrConflict) {
		t.Errorf("the errors are %v", errs)
	}
	noted(t, store, 1, 2)
	if d := dump(t, store); len(d.Conversations) != 1 {
		t.Errorf("%d conversations, want one", len(d.Conversations))
	}
}

// TestLostGroup puts a turn that the database does not take, and a write that ends
// the transaction, into groups: the others are stored once nevertheless.
func TestLostGroup(t *testing.T) {
	store, db := sqlite.store(t)
	execute(t, db, `CREATE TABLE beside (id BIGINT PRIMARY KEY)`)
	execute(t, db, `CREATE TRIGGER poison AFTER INSERT ON bot_message WHEN NEW.text LIKE '毒%'
		BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
	end := func(ctx context.Context, tx botsql.Tx) error {
		if err := note(nil, 3)(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT OR ROLLBACK INTO beside (id) VALUES (3)`)
		return err
	}
	errs := botsql.WriteGroup(t.Context(), store, [][]bot.Turn{{opening("a")}, {opening("bad", "毒药")}}, note(nil, 1), note(errNo, 4), note(nil, 2))
	errs = append(errs, botsql.WriteGroup(t.Context(), store, [][]bot.Turn{{opening("b")}}, note(nil, 5), end, note(nil, 6))...)
	for i, fails := range []bool{false, true, false, true, false, false, false, true, false} {
		if (errs[i] != nil) != fails {
			t.Errorf("%d: got %v, want an error: %v", i, errs[i], fails)
		}
	}
	noted(t, store, 1, 2, 5, 6)
	if d := dump(t, store); len(d.Conversations) != 2 {
		t.Errorf("%d conversations, want two", len(d.Conversations))
	}
	if err := store.Write(t.Context(), "note", note(nil, 7)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestGivenUpWritePostgreSQL lets PostgreSQL give up a transaction; the write is done again.
func TestGivenUpWritePostgreSQL(t *testing.T) {
	store := postgresql.beside(t)
	tries := 0
	err := store.Write(t.Context(), "note", func(ctx context.Context, tx botsql.Tx) error {
		if err := note(nil, 1)(ctx, tx); err != nil {
			return err
		}
		if tries++; tries < 3 {
			_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END $$`)
			return err
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("after %d tries: %v", tries, err)
	}
	noted(t, store, 1)
}
