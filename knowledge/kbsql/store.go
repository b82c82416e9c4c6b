// Package kbsql stores knowledge bases in SQLite and PostgreSQL, with one set of
// queries for both.
//
// Every write begins with an UPDATE of the counter row in kb_revision. That row
// stays locked until the transaction ends, which makes the writers of all
// processes take turns: what a write has checked stays true until it commits,
// and changes become visible in the order of their numbers, so that a reader of
// the change cursor can never step over one.
//
// The package imports no driver; cmd/internal/database opens the connections. A
// SQLite connection must begin its transactions with BEGIN IMMEDIATE and check
// foreign keys.
package kbsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/sqldb"
)

// Dialect names the kind of database.
type Dialect = sqldb.Dialect

// The databases that are supported.
const (
	SQLite     = sqldb.SQLite
	PostgreSQL = sqldb.PostgreSQL
)

const (
	// maxAttempts bounds how often a write is tried that the database gave up for
	// the sake of another transaction.
	maxAttempts = 5
	// maxWait bounds how long a write waits for another process's writer, which
	// may be busy with a large import.
	maxWait = time.Minute
)

// Store is a knowledge.Store on SQL. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	dialect Dialect
	key     func(string) string
	// turn holds one token, taken by the writer of this process. Waiting here
	// instead of in the database costs no connection and ends with the context.
	turn chan struct{}
}

var _ knowledge.Store = (*Store)(nil)

// New returns a store on a database that Migrate has prepared. Questions with
// the same key are the same question.
func New(db *sql.DB, dialect Dialect, key func(string) string) *Store {
	return &Store{db: db, dialect: dialect, key: key, turn: make(chan struct{}, 1)}
}

// Revision returns the number of the last change.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	revision, _, err := counters(ctx, s.db)
	return revision, err
}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// counters returns the number of the last change, and that of the last change of
// the tree or the lexicon.
func counters(ctx context.Context, q querier) (revision, base int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT value, base FROM kb_revision WHERE id = 1`).Scan(&revision, &base)
	if err != nil {
		return 0, 0, fmt.Errorf("read the revision: %w", err)
	}
	return revision, base, nil
}

// draw takes n numbers from the counter and returns the last of them. It locks
// the counter until the transaction ends, also with n = 0.
func draw(ctx context.Context, tx *sql.Tx, n int) (last int64, err error) {
	err = tx.QueryRowContext(ctx,
		`UPDATE kb_revision SET value = value + $1 WHERE id = 1 RETURNING value`, n).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("draw a revision: %w", err)
	}
	return last, nil
}

// drawBase takes one number for a change of the tree or the lexicon.
func drawBase(ctx context.Context, tx *sql.Tx) (revision int64, err error) {
	err = tx.QueryRowContext(ctx,
		`UPDATE kb_revision SET value = value + 1, base = value + 1 WHERE id = 1 RETURNING value`).Scan(&revision)
	if err != nil {
		return 0, fmt.Errorf("draw a revision: %w", err)
	}
	return revision, nil
}

// read runs do in a transaction that sees one moment of the database.
func (s *Store) read(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return do(tx)
}

// write runs do in a transaction when this process's writers before it are done.
// It may run do again if the database gave the transaction up, so do must set
// what it returns from scratch.
func (s *Store) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wait for other writers: %w", ctx.Err())
	}
	deadline := time.Now().Add(maxWait)
	for attempt := 1; ; attempt++ {
		err := s.writeOnce(ctx, do)
		again := sqldb.GaveUp(err) && attempt < maxAttempts || sqldb.Busy(err) && time.Now().Before(deadline)
		if !again || ctx.Err() != nil {
			return err
		}
	}
}

// writeOnce is one attempt of write. A commit that was interrupted on its way
// would leave open whether it happened. The SQLite driver does not do that, and
// may have to wait at the beginning. The PostgreSQL driver does, so there only
// the statements follow the context.
func (s *Store) writeOnce(ctx context.Context, do func(tx *sql.Tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close() }() // goes back to the pool
	txCtx := ctx
	if s.dialect == PostgreSQL {
		txCtx = context.WithoutCancel(ctx)
	}
	tx, err := conn.BeginTx(txCtx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin writing: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	if err := do(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
