package botsql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/bottest"
	"faqbot/bot/staff"
)

// staff returns a store of the staff on an empty database, and its other end.
func (d database) staff(t testing.TB) (store *botsql.Staff, db *sql.DB, dsn string) {
	t.Helper()
	db, dsn = d.open(t)
	if err := botsql.Migrate(t.Context(), db, d.dialect); err != nil {
		t.Fatal(err)
	}
	return botsql.NewStaff(db), db, dsn
}

func TestStaff(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestStaff(t, func(t *testing.T) (one, two staff.Store) {
			store, _, dsn := d.staff(t)
			return store, botsql.NewStaff(d.reopen(t, dsn))
		})
	})
}

// TestAuditTampering changes the log behind the program's back.
func TestAuditTampering(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		for name, c := range map[string]struct {
			statement string
			n         int64 // the first record that is wrong
		}{
			"nothing":        {`SELECT 1`, 0},
			"who":            {`UPDATE staff_audit SET account = 'else' WHERE n = 7`, 7},
			"when":           {`UPDATE staff_audit SET at = at + 1 WHERE n = 7`, 7},
			"what":           {`UPDATE staff_audit SET what = 'x' WHERE n = 1`, 1},
			"the result":     {`UPDATE staff_audit SET ok = NOT ok WHERE n = 10`, 10},
			"moved text":     {`UPDATE staff_audit SET network = network || 'b', browser = 'rowser' WHERE n = 3`, 3},
			"the hash":       {`UPDATE staff_audit SET hash = 'x' WHERE n = 4`, 4},
			"removed":        {`DELETE FROM staff_audit WHERE n = 5`, 5},
			"removed first":  {`DELETE FROM staff_audit WHERE n < 3`, 1},
			"removed last":   {`DELETE FROM staff_audit WHERE n > 8`, 9},
			"removed all":    {`DELETE FROM staff_audit`, 1},
			"another number": {`UPDATE staff_audit SET n = 11 WHERE n = 10`, 10},
			"added": {`INSERT INTO staff_audit (n, at, account, name, network, browser, what, object, state_before, state_after, ok, why, hash)
				SELECT 11, at, account, name, network, browser, what, object, state_before, state_after, ok, why, hash
				FROM staff_audit WHERE n = 10`, 11},
			"the head": {`UPDATE staff_audit_head SET hash = 'x'`, 10},
		} {
			t.Run(name, func(t *testing.T) {
				store, db, _ := d.staff(t)
				service := staff.NewService(staff.Config{Store: store})
				for i := range 10 {
					act := staff.Act{What: fmt.Sprint("act", i), Object: "o", OK: true}
					if err := service.Record(t.Context(), staff.Identity{}, act, staff.Origin{Network: "n", Browser: "browser"}); err != nil {
						t.Fatal(err)
					}
				}
				execute(t, db, c.statement)
				checked, err := service.VerifyAudit(t.Context())
				var broken *staff.BrokenError
				switch {
				case c.n == 0 && (err != nil || checked != 10):
					t.Errorf("%d records are good, error %v", checked, err)
				case c.n != 0 && (!errors.As(err, &broken) || broken.N != c.n || checked != c.n-1):
					t.Errorf("%d records are good, error %v, want record %d", checked, err, c.n)
				}
			})
		}
	})
}

// TestAuditWithoutHead checks that nothing is recorded, and so nothing done, when
// nobody knows where the log ends.
func TestAuditWithoutHead(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db, _ := d.staff(t)
		service := staff.NewService(staff.Config{Store: store})
		execute(t, db, `DELETE FROM staff_audit_head`)
		if err := service.Record(t.Context(), staff.Identity{}, staff.Act{What: "x"}, staff.Origin{}); err == nil {
			t.Error("recorded without a head")
		}
		if _, err := service.VerifyAudit(t.Context()); err == nil {
			t.Error("verified without a head")
		}
	})
}

// TestStaffWaits checks that the store waits for another writer, but not for ever.
func TestStaffWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db, dsn := d.staff(t)
		other, err := d.reopen(t, dsn).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Rollback() }()
		if _, err := other.ExecContext(t.Context(), `UPDATE staff_audit_head SET n = n`); err != nil {
			t.Fatal(err)
		}
		record := func(store *botsql.Staff) error {
			service := staff.NewService(staff.Config{Store: store})
			return service.Record(t.Context(), staff.Identity{}, staff.Act{What: "x"}, staff.Origin{})
		}
		if err := record(botsql.NewStaffWith(db, 50*time.Millisecond)); !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("gave up with %v", err)
		}
		done := make(chan error)
		go func() { done <- record(store) }()
		if err := other.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("after the other was done: %v", err)
		}
	})
}
