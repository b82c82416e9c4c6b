package botsql

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"faqbot/bot/staff"
	"faqbot/knowledge/sqldb"
)

// staffReader reads what is known of the staff, in a transaction or outside.
type staffReader struct {
	q    querier
	wait time.Duration // maxWait, but in tests
}

// read runs a query and calls scan for each row. It waits a bounded time.
func (r staffReader) read(ctx context.Context, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	limited, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	rows, err := r.q.QueryContext(limited, query, args...)
	if err == nil {
		err = sqldb.ScanAll(rows, scan)
	}
	return failure(ctx, doing, err)
}

const accountColumns = `a.id, a.name, a.nick, a.roles, a.extra, a.disabled, a.must_change,
	a.password, a.factor, a.pending, a.step, a.created_at, a.updated_at, a.seen_at`

// accountRow is an account as the columns have it.
type accountRow struct {
	staff.Stored
	roles, extra, factor, pending string
	created, updated, seen        int64
}

// columns are where to scan accountColumns to.
func (a *accountRow) columns() []any {
	return []any{
		&a.ID, &a.Name, &a.Nick, &a.roles, &a.extra, &a.Disabled, &a.MustChange,
		&a.Password, &a.factor, &a.pending, &a.Step, &a.created, &a.updated, &a.seen,
	}
}

// account is the way back from accountArgs.
func (a *accountRow) account() (_ staff.Stored, err error) {
	if err := json.Unmarshal([]byte(a.roles), &a.Roles); err != nil {
		return staff.Stored{}, fmt.Errorf("roles of account %q: %w", a.ID, err)
	}
	if err := json.Unmarshal([]byte(a.extra), &a.Extra); err != nil {
		return staff.Stored{}, fmt.Errorf("rights of account %q: %w", a.ID, err)
	}
	if a.Factor, err = sealed(a.factor); err != nil {
		return staff.Stored{}, fmt.Errorf("second factor of account %q: %w", a.ID, err)
	}
	if a.Pending, err = sealed(a.pending); err != nil {
		return staff.Stored{}, fmt.Errorf("second factor of account %q: %w", a.ID, err)
	}
	a.TOTP = a.Factor != nil
	a.CreatedAt, a.UpdatedAt, a.SeenAt = sqldb.Time(a.created), sqldb.Time(a.updated), sqldb.Time(a.seen)
	return a.Stored, nil
}

func sealed(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return base64.StdEncoding.DecodeString(text)
}

// accountArgs are the values of putAccount.
func accountArgs(a staff.Stored) ([]any, error) {
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return nil, fmt.Errorf("encode the roles: %w", err)
	}
	extra, err := json.Marshal(a.Extra)
	if err != nil {
		return nil, fmt.Errorf("encode the rights: %w", err)
	}
	encode := base64.StdEncoding.EncodeToString
	return []any{
		a.ID, a.Name, staff.Fold(a.Name), a.Nick, string(roles), string(extra), a.Disabled, a.MustChange,
		a.Password, encode(a.Factor), encode(a.Pending), a.Step,
		sqldb.Millis(a.CreatedAt), sqldb.Millis(a.UpdatedAt), sqldb.Millis(a.SeenAt),
	}, nil
}

func (r staffReader) accounts(ctx context.Context, doing, rest string, args ...any) (found []staff.Stored, err error) {
	err = r.read(ctx, doing, func(rows *sql.Rows) error {
		var row accountRow
		if err := rows.Scan(row.columns()...); err != nil {
			return err
		}
		a, err := row.account()
		found = append(found, a)
		return err
	}, `SELECT `+accountColumns+` FROM staff_account a`+rest, args...)
	return found, err
}

// Accounts returns all accounts in the order of their names.
func (r staffReader) Accounts(ctx context.Context) ([]staff.Stored, error) {
	return r.accounts(ctx, "read the accounts", ` ORDER BY a.folded`)
}

// Account returns the account with the id, or staff.ErrNotFound.
func (r staffReader) Account(ctx context.Context, id string) (staff.Stored, error) {
	return r.account(ctx, ` WHERE a.id = $1`, id)
}

// AccountNamed returns the account with the folded name, or staff.ErrNotFound.
func (r staffReader) AccountNamed(ctx context.Context, folded string) (staff.Stored, error) {
	return r.account(ctx, ` WHERE a.folded = $1`, folded)
}

func (r staffReader) account(ctx context.Context, where, key string) (staff.Stored, error) {
	if !storable(key) {
		return staff.Stored{}, staff.ErrNotFound
	}
	found, err := r.accounts(ctx, "read an account", where, key)
	if err == nil && len(found) == 0 {
		err = staff.ErrNotFound
	}
	if err != nil {
		return staff.Stored{}, err
	}
	return found[0], nil
}

// storable reports whether text can be stored, and asked for: PostgreSQL refuses
// other text, which then cannot be anybody's key.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// Session returns the session with the id and its account, or staff.ErrSession.
func (r staffReader) Session(ctx context.Context, id string) (staff.Session, staff.Stored, error) {
	return r.session(ctx, `s.id`, id)
}

// SessionOf returns the session with the proof and its account, or
// staff.ErrSession.
func (r staffReader) SessionOf(ctx context.Context, proof string) (staff.Session, staff.Stored, error) {
	return r.session(ctx, `s.proof`, proof)
}

func (r staffReader) session(ctx context.Context, column, key string) (s staff.Session, a staff.Stored, err error) {
	if !storable(key) {
		return s, a, staff.ErrSession
	}
	found := false
	err = r.read(ctx, "read a session", func(rows *sql.Rows) error {
		var row accountRow
		var begun, used int64
		columns := append([]any{&s.ID, &s.Account, &s.Proof, &begun, &used, &s.Network, &s.Browser}, row.columns()...)
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		found = true
		s.BegunAt, s.UsedAt = sqldb.Time(begun), sqldb.Time(used)
		a, err = row.account()
		return err
	}, `SELECT s.id, s.account, s.proof, s.begun_at, s.used_at, s.network, s.browser, `+accountColumns+`
		FROM staff_session s JOIN staff_account a ON a.id = s.account WHERE `+column+` = $1`, key)
	if err == nil && !found {
		err = staff.ErrSession
	}
	return s, a, err
}

// Throttle returns the counter of the key.
func (r staffReader) Throttle(ctx context.Context, key string) (staff.Throttle, error) {
	c := staff.Throttle{Key: key}
	err := r.read(ctx, "read a counter of failures", func(rows *sql.Rows) error {
		var last, until int64
		err := rows.Scan(&c.Failures, &c.Locks, &last, &until)
		c.LastAt, c.Until = sqldb.Time(last), sqldb.Time(until)
		return err
	}, `SELECT failures, locks, last_at, until_at FROM staff_throttle WHERE id = $1`, key)
	return c, err
}

// Invitation returns the invitation.
func (r staffReader) Invitation(ctx context.Context) (i staff.Invitation, err error) {
	err = r.read(ctx, "read the invitation", func(rows *sql.Rows) error {
		var until int64
		err := rows.Scan(&i.Proof, &until)
		i.Until = sqldb.Time(until)
		return err
	}, `SELECT proof, until_at FROM staff_invitation WHERE id = 1`)
	return i, err
}

// AuditHead returns number and hash of the last record.
func (r staffReader) AuditHead(ctx context.Context) (n int64, hash string, err error) {
	const doing = "read the head of the log"
	found := false
	err = r.read(ctx, doing, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(&n, &hash)
	}, `SELECT n, hash FROM staff_audit_head WHERE id = 1`)
	if err == nil && !found {
		err = fmt.Errorf("%s: it is gone", doing)
	}
	return n, hash, err
}

const auditColumns = `n, at, account, name, network, browser, what, object, state_before, state_after, ok, why, hash`

func (r staffReader) records(ctx context.Context, rest string, args ...any) (found []staff.Record, err error) {
	err = r.read(ctx, "read the log", func(rows *sql.Rows) error {
		var one staff.Record
		var at int64
		err := rows.Scan(&one.N, &at, &one.Account, &one.Name, &one.Network, &one.Browser, &one.What, &one.Object,
			&one.Before, &one.After, &one.OK, &one.Why, &one.Hash)
		one.At = sqldb.Time(at)
		found = append(found, one)
		return err
	}, `SELECT `+auditColumns+` FROM staff_audit`+rest, args...)
	return found, err
}

// AuditAfter returns records from the first on.
func (s *Staff) AuditAfter(ctx context.Context, after int64, limit int) ([]staff.Record, error) {
	return s.records(ctx, ` WHERE n > $1 ORDER BY n LIMIT $2`, after, limit)
}

// Audit returns the records that the filter chooses, from the last on.
func (s *Staff) Audit(ctx context.Context, f staff.AuditFilter, before int64, limit int) ([]staff.Record, error) {
	where, args := ` WHERE n < $1`, []any{before}
	and := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(` AND %s $%d`, condition, len(args))
	}
	if f.Account != "" {
		and(`account =`, f.Account)
	}
	if f.What != "" {
		and(`what >=`, f.What)
		and(`what <`, f.What+string(utf8.MaxRune)) // after everything that begins so
	}
	if f.Object != "" {
		and(`object =`, f.Object)
	}
	if !f.Since.IsZero() {
		and(`at >=`, sqldb.Millis(f.Since))
	}
	if !f.Until.IsZero() {
		and(`at <`, sqldb.Millis(f.Until))
	}
	args = append(args, limit)
	return s.records(ctx, fmt.Sprintf(`%s ORDER BY n DESC LIMIT $%d`, where, len(args)), args...)
}
