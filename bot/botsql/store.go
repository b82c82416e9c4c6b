// Package botsql stores conversations in SQLite and PostgreSQL, with one set of
// queries for both.
//
// A conversation goes on by compare-and-set: a turn says at which number it found
// the conversation, and is refused if that is not its number any more. So turns
// get their numbers without a gap, and no two writers store the same turn.
//
// PostgreSQL stores each commit in a transaction of its own, many at a time.
// SQLite has one writer, and each of its transactions waits for the disk. There
// one goroutine stores the commits, all that wait in one transaction: those that
// arrive while the disk is busy with a group are the next one. A commit returns
// when its group is on the disk, and commits that must be refused are told apart
// before anything is written, so that they cost the others nothing. What else is
// written (groups, seats, phrases, customers, files, and by Write the tables of
// other packages) goes through the same goroutine and into the same transactions,
// each change behind a savepoint of its own: nobody waits for a lock that the
// goroutine would take again at once, nor alone for the disk.
//
// The package imports no driver; cmd/internal/database opens the connections. A
// SQLite connection must begin its transactions with BEGIN IMMEDIATE.
package botsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// maxWait bounds how long the store waits for what others hold: another
// process's writer, a connection of the pool, an answer of the database.
const maxWait = 10 * time.Second

var errClosed = fmt.Errorf("%w: the store is closed", bot.ErrUnavailable)

// Store is a bot.Store, and all that the desk needs beside it, on SQL. It is safe
// for concurrent use, and must be closed.
type Store struct {
	db      *sql.DB
	dialect sqldb.Dialect
	wait    time.Duration // maxWait, but in tests

	statements sync.Map // *sql.Stmt of the queries, by text

	closing sync.RWMutex // held for reading while something is handed in
	closed  bool
	running sync.WaitGroup
	jobs    chan *job // to the goroutine that stores them, on SQLite
}

var _ bot.Store = (*Store)(nil)

// New returns a store on a database that Migrate has prepared.
func New(db *sql.DB, dialect sqldb.Dialect) *Store { return newStore(db, dialect, maxWait, maxGroup) }

func newStore(db *sql.DB, dialect sqldb.Dialect, wait time.Duration, group int) *Store {
	s := &Store{db: db, dialect: dialect, wait: wait}
	if dialect == sqldb.SQLite {
		s.jobs = make(chan *job, group)
		c := &committer{session: session{db: db, keep: true}, jobs: s.jobs, wait: wait, group: group}
		s.running.Go(c.run)
	}
	return s
}

// Close stores what was handed in and ends the work of the store. Commits that
// come later are refused with bot.ErrUnavailable. The database stays open.
func (s *Store) Close() error {
	s.closing.Lock()
	if !s.closed && s.jobs != nil {
		close(s.jobs)
	}
	s.closed = true
	s.closing.Unlock()
	s.running.Wait()
	s.statements.Range(func(query, statement any) bool {
		_ = statement.(*sql.Stmt).Close() // nothing hangs on it
		s.statements.Delete(query)
		return true
	})
	return nil
}

// failure says what was being done when err came, and what it means for callers.
func failure(ctx context.Context, doing string, err error) error {
	known := errors.Is(err, bot.ErrConflict) || errors.Is(err, bot.ErrNotFound) || errors.Is(err, bot.ErrUnavailable)
	switch {
	case err == nil:
		return nil
	case known:
		return fmt.Errorf("%s: %w", doing, err)
	case ended(ctx) != nil:
		return fmt.Errorf("%s: %w", doing, ended(ctx))
	case sqldb.Unavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, bot.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// ended is the context's error. Drivers see a deadline for themselves, and may be
// a moment ahead of the context.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}
