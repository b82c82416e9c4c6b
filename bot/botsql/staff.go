package botsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"faqbot/bot/staff"
	"faqbot/knowledge/sqldb"
)

// changePause bounds the pause before a change is tried again that another one
// was in the way of.
const changePause = 20 * time.Millisecond

// Staff is a staff.Store on SQL. It is safe for concurrent use and need not be
// closed.
type Staff struct {
	staffReader
	db *sql.DB
}

var _ staff.Store = (*Staff)(nil)

// NewStaff returns a store of the staff on a database that Migrate has prepared.
func NewStaff(db *sql.DB) *Staff { return newStaff(db, maxWait) }

func newStaff(db *sql.DB, wait time.Duration) *Staff { return &Staff{staffReader{db, wait}, db} }

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// lockHead waits for other changes and keeps further ones waiting. On SQLite the
// transaction has done so when it began.
const lockHead = `UPDATE staff_audit_head SET n = n WHERE id = 1`

// Change runs do in a transaction that is the only one on the staff.
func (s *Staff) Change(ctx context.Context, do func(ctx context.Context, tx staff.Tx) error) error {
	return s.patiently(ctx, "change the staff", func(ctx context.Context) error {
		one := session{db: s.db}
		defer one.release()
		return one.transact(ctx, s.wait, func() error {
			if _, err := one.tx.ExecContext(ctx, lockHead); err != nil {
				return fmt.Errorf("lock the head of the log: %w", err)
			}
			return do(ctx, &staffTx{staffReader{one.tx, s.wait}})
		})
	})
}

// UseSession notes when a session was used.
func (s *Staff) UseSession(ctx context.Context, id string, at time.Time) error {
	return s.patiently(ctx, "use a session", func(ctx context.Context) error {
		_, err := s.db.ExecContext(ctx, `UPDATE staff_session SET used_at = $2 WHERE id = $1 AND used_at < $2`, id, sqldb.Millis(at))
		return err
	})
}

// PutTicket stores a ticket and sweeps out those that are over.
func (s *Staff) PutTicket(ctx context.Context, t staff.Ticket, now time.Time) error {
	return s.patiently(ctx, "store a ticket", func(ctx context.Context) error {
		if _, err := s.db.ExecContext(ctx, `DELETE FROM staff_tickets WHERE until_at <= $1`, sqldb.Millis(now)); err != nil {
			return err
		}
		_, err := s.db.ExecContext(ctx, `INSERT INTO staff_tickets (proof, session, until_at) VALUES ($1, $2, $3)`,
			t.Proof, t.Session, sqldb.Millis(t.Until))
		return err
	})
}

// TakeTicket deletes a ticket and returns what it was, or staff.ErrTicket.
func (s *Staff) TakeTicket(ctx context.Context, proof string) (t staff.Ticket, err error) {
	err = s.patiently(ctx, "take a ticket", func(ctx context.Context) error {
		t = staff.Ticket{} // an attempt before may have got so far
		rows, err := s.db.QueryContext(ctx, `DELETE FROM staff_tickets WHERE proof = $1 RETURNING proof, session, until_at`, proof)
		if err != nil {
			return err
		}
		return sqldb.ScanAll(rows, func(rows *sql.Rows) error {
			var until int64
			err := rows.Scan(&t.Proof, &t.Session, &until)
			t.Until = sqldb.Time(until)
			return err
		})
	})
	if err == nil && t.Proof == "" {
		err = staff.ErrTicket
	}
	return t, err
}

// patiently runs do, and again if another writer was in its way, for a while.
func (s *Staff) patiently(ctx context.Context, doing string, do func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	for {
		err := do(limited)
		if !sqldb.Busy(err) && !sqldb.GaveUp(err) || pause(limited) != nil {
			return failure(ctx, doing, err)
		}
	}
}

// pause waits a moment, of random length so that those who wait do not meet again.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(changePause)):
		return nil
	}
}

// staffTx changes what staffReader reads, in a transaction.
type staffTx struct{ staffReader }

var _ staff.Tx = (*staffTx)(nil)

func (t *staffTx) exec(ctx context.Context, doing, query string, args ...any) error {
	if _, err := t.q.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

const putAccount = `INSERT INTO staff_account (id, name, folded, nick, roles, extra, disabled, must_change,
	password, factor, pending, step, created_at, updated_at, seen_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, folded = excluded.folded, nick = excluded.nick,
	roles = excluded.roles, extra = excluded.extra, disabled = excluded.disabled, must_change = excluded.must_change,
	password = excluded.password, factor = excluded.factor, pending = excluded.pending, step = excluded.step,
	created_at = excluded.created_at, updated_at = excluded.updated_at, seen_at = excluded.seen_at`

// PutAccount stores the account, or returns staff.ErrTaken.
func (t *staffTx) PutAccount(ctx context.Context, a staff.Stored) error {
	args, err := accountArgs(a)
	if err != nil {
		return err
	}
	other, err := t.AccountNamed(ctx, staff.Fold(a.Name))
	switch {
	case err == nil && other.ID != a.ID:
		return staff.ErrTaken
	case err != nil && !errors.Is(err, staff.ErrNotFound):
		return err
	}
	return t.exec(ctx, "store an account", putAccount, args...)
}

// PutSession stores a session.
func (t *staffTx) PutSession(ctx context.Context, s staff.Session) error {
	return t.exec(ctx, "store a session", `INSERT INTO staff_session (id, account, proof, begun_at, used_at, network, browser)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.ID, s.Account, s.Proof, sqldb.Millis(s.BegunAt), sqldb.Millis(s.UsedAt), s.Network, s.Browser)
}

// EndSession ends one session.
func (t *staffTx) EndSession(ctx context.Context, id string) error {
	return t.exec(ctx, "end a session", `DELETE FROM staff_session WHERE id = $1`, id)
}

// EndSessions ends those of the account, except one.
func (t *staffTx) EndSessions(ctx context.Context, account, except string) error {
	return t.exec(ctx, "end sessions", `DELETE FROM staff_session WHERE account = $1 AND id <> $2`, account, except)
}

// EndStale ends the sessions that are over.
func (t *staffTx) EndStale(ctx context.Context, begun, used time.Time) error {
	return t.exec(ctx, "end stale sessions", `DELETE FROM staff_session WHERE begun_at <= $1 OR used_at <= $2`,
		sqldb.Millis(begun), sqldb.Millis(used))
}

// PutThrottle stores a counter.
func (t *staffTx) PutThrottle(ctx context.Context, c staff.Throttle) error {
	return t.exec(ctx, "count a failure", `INSERT INTO staff_throttle (id, failures, locks, last_at, until_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET failures = excluded.failures, locks = excluded.locks,
		last_at = excluded.last_at, until_at = excluded.until_at`,
		c.Key, c.Failures, c.Locks, sqldb.Millis(c.LastAt), sqldb.Millis(c.Until))
}

// ForgetThrottles deletes old counters.
func (t *staffTx) ForgetThrottles(ctx context.Context, before time.Time) error {
	return t.exec(ctx, "forget failures", `DELETE FROM staff_throttle WHERE last_at < $1`, sqldb.Millis(before))
}

// PutInvitation replaces the invitation.
func (t *staffTx) PutInvitation(ctx context.Context, i staff.Invitation) error {
	return t.exec(ctx, "store the invitation", `UPDATE staff_invitation SET proof = $1, until_at = $2 WHERE id = 1`,
		i.Proof, sqldb.Millis(i.Until))
}

// AppendAudit adds a record and makes it the head.
func (t *staffTx) AppendAudit(ctx context.Context, r staff.Record) error {
	err := t.exec(ctx, "add to the log", `INSERT INTO staff_audit (`+auditColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		r.N, sqldb.Millis(r.At), r.Account, r.Name, r.Network, r.Browser, r.What, r.Object, r.Before, r.After, r.OK, r.Why, r.Hash)
	if err != nil {
		return err
	}
	return t.exec(ctx, "move the head of the log", `UPDATE staff_audit_head SET n = $1, hash = $2 WHERE id = 1`, r.N, r.Hash)
}
