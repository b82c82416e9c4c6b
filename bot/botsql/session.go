package botsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"faqbot/knowledge/sqldb"
)

// rowSizes are the numbers of rows that go into one statement.
var rowSizes = []int{64, 16, 4, 1}

// session is a connection that stores jobs. One that is kept, which is for SQLite
// only, has prepared statements; the driver for PostgreSQL prepares them by itself.
type session struct {
	db   *sql.DB
	keep bool

	conn       *sql.Conn
	broken     bool // a transaction could not be ended
	tx         *sql.Tx
	statements map[statement]*sql.Stmt
}

// statement is SQL for a number of rows: before, their placeholders, after.
type statement struct {
	before, after string
	rows, columns int
}

// numbered is the text with the placeholders $1, $2 …
func (s statement) numbered() string {
	if s.rows == 0 {
		return s.before
	}
	return s.before + sqldb.Placeholders(s.rows, s.columns) + s.after
}

// plain is the text with ? as placeholders: SQLite need not look up their names,
// which takes time in the square of their number.
func (s statement) plain() string {
	if s.rows == 0 {
		return s.before
	}
	row := "(?" + strings.Repeat(",?", s.columns-1) + ")"
	return s.before + row + strings.Repeat(","+row, s.rows-1) + s.after
}

// connect takes a connection from the pool, if there is none yet.
func (s *session) connect(ctx context.Context, wait time.Duration) (err error) {
	if s.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	s.statements = map[statement]*sql.Stmt{}
	return nil
}

// release gives the connection back to the pool, or has it closed if nobody knows
// what state it is in. The statements end first: the driver for SQLite does not
// survive the end of one whose connection is closed.
func (s *session) release() {
	if s.conn == nil {
		return
	}
	for _, statement := range s.statements {
		_ = statement.Close() // the connection may be broken
	}
	if s.broken {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // that is how to have it closed
	}
	_ = s.conn.Close() // does nothing if it is closed
	s.conn, s.statements, s.broken = nil, nil, false
}

// transact runs do in a transaction. PostgreSQL ends a commit that is interrupted
// on its way without saying how, so only the statements follow the context. The
// commit has as long again as the statements.
func (s *session) transact(ctx context.Context, wait time.Duration, do func() error) (err error) {
	if err := s.connect(ctx, wait); err != nil {
		return err
	}
	whole := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		whole, cancel = context.WithDeadline(whole, deadline.Add(wait))
		defer cancel()
	}
	s.tx, err = s.conn.BeginTx(whole, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			s.rollback()
		}
		s.tx = nil
	}()
	if err := do(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.tx.Commit(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// rollback ends the transaction.
func (s *session) rollback() {
	if err := s.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		s.broken = true
	}
}

// exec runs the statement in the transaction and returns how many rows it wrote.
func (s *session) exec(ctx context.Context, what statement, args []any) (int64, error) {
	var result sql.Result
	prepared, err := s.prepare(ctx, what)
	switch {
	case err != nil:
	case prepared != nil:
		result, err = prepared.ExecContext(ctx, args...)
	default:
		result, err = s.tx.ExecContext(ctx, what.numbered(), args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query runs the statement in the transaction and calls scan for each row.
func (s *session) query(ctx context.Context, what statement, args []any, scan func(*sql.Rows) error) error {
	var rows *sql.Rows
	prepared, err := s.prepare(ctx, what)
	switch {
	case err != nil:
	case prepared != nil:
		rows, err = prepared.QueryContext(ctx, args...)
	default:
		rows, err = s.tx.QueryContext(ctx, what.numbered(), args...)
	}
	if err != nil {
		return err
	}
	return sqldb.ScanAll(rows, scan)
}

// prepare returns the prepared statement, or nil if the driver does that.
func (s *session) prepare(ctx context.Context, what statement) (*sql.Stmt, error) {
	if !s.keep {
		return nil, nil
	}
	if known := s.statements[what]; known != nil {
		return known, nil
	}
	prepared, err := s.conn.PrepareContext(ctx, what.plain())
	if err == nil {
		s.statements[what] = prepared
	}
	return prepared, err
}

// insert runs the statement for all rows, many of them at a time, and returns how
// many it wrote.
func (s *session) insert(ctx context.Context, what statement, rows [][]any) (written int, err error) {
	for from, to := range sqldb.Runs(len(rows), rowSizes) {
		what.rows, what.columns = to-from, len(rows[0])
		args := make([]any, 0, what.rows*what.columns)
		for _, row := range rows[from:to] {
			args = append(args, row...)
		}
		n, err := s.exec(ctx, what, args)
		if err != nil {
			return written, err
		}
		written += int(n)
	}
	return written, nil
}

// find runs the query for all keys, many of them at a time, and calls scan for
// each row.
func (s *session) find(ctx context.Context, what statement, keys []any, scan func(*sql.Rows) error) error {
	each := max(what.columns, 1) // values in a key
	for from, to := range sqldb.Runs(len(keys)/each, rowSizes) {
		what.rows, what.columns = 1, to-from
		if each > 1 {
			what.rows, what.columns = to-from, each
		}
		if err := s.query(ctx, what, keys[from*each:to*each], scan); err != nil {
			return err
		}
	}
	return nil
}
