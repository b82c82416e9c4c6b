package botsql

import (
	"context"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// job is what one caller wants stored: turns, or how far a visitor has read, or
// anything else.
type job struct {
	ctx    context.Context
	since  time.Time
	turns  []*turn
	read   *read
	change change
	done   chan error // takes the answer, once
}

type read struct {
	conversation string
	seq          int64
}

// change writes in a transaction, and what it wrote is taken back if it fails. It
// may be called again, if the transaction was given up, and when its caller is gone;
// so it shares nothing with them that changes.
type change func(ctx context.Context, tx *session) error

// change has the change made and says what was being done if that fails.
func (s *Store) change(ctx context.Context, doing string, do change) error {
	return failure(ctx, doing, s.store(ctx, &job{ctx: ctx, change: do}))
}

// put runs a statement that must write one row; if it does not, that is
// bot.ErrConflict.
func (s *Store) put(ctx context.Context, doing, query string, args []any) error {
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error { return tx.execOne(ctx, query, args) })
}

// drop runs a statement that removes the row with the key. If there is none, that
// is bot.ErrNotFound.
func (s *Store) drop(ctx context.Context, doing, query string, key ...any) error {
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error {
		n, err := tx.exec(ctx, statement{before: query}, key)
		if err == nil && n == 0 {
			return bot.ErrNotFound
		}
		return err
	})
}

// Commit stores the turns, all of them or none, in their order. When it returns
// nil they are on the disk. If the context ends while Commit waits, it returns
// the context's error, and the turns may be stored nevertheless; so they may if
// the connection to PostgreSQL breaks while it answers. Client ids tell.
func (s *Store) Commit(ctx context.Context, turns ...bot.Turn) error {
	const doing = "commit"
	j := &job{ctx: ctx, turns: make([]*turn, len(turns))}
	for i := range turns {
		if err := turns[i].Validate(); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		var err error
		if j.turns[i], err = encode(&turns[i]); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	if len(turns) == 0 {
		return nil
	}
	return failure(ctx, doing, s.store(ctx, j))
}

// MarkRead records that the visitor has seen the messages up to seq, or all if
// there are not so many; it never goes back.
func (s *Store) MarkRead(ctx context.Context, conversation string, seq int64) error {
	c, err := s.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	if min(seq, c.Seq) <= c.Read {
		return nil
	}
	j := &job{ctx: ctx, read: &read{conversation: conversation, seq: min(seq, c.Seq)}}
	return failure(ctx, "mark as read", s.store(ctx, j))
}

// store hands the job to the one who stores it and waits for the answer.
func (s *Store) store(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.closing.RLock()
	if s.closed {
		s.closing.RUnlock()
		return errClosed
	}
	j.since = time.Now()
	if s.dialect == sqldb.PostgreSQL {
		s.running.Add(1)
		s.closing.RUnlock()
		defer s.running.Done()
		return s.storeNow(ctx, j)
	}
	j.done = make(chan error, 1)
	select {
	case s.jobs <- j:
		s.closing.RUnlock()
	case <-ctx.Done():
		s.closing.RUnlock()
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// storeNow stores the job in a transaction of its own, and tries again if the
// database gave that up for the sake of another one.
func (s *Store) storeNow(ctx context.Context, j *job) error {
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	for {
		one := session{db: s.db}
		err := one.storeOne(ctx, s.wait, j)
		one.release()
		if !sqldb.GaveUp(err) || ctx.Err() != nil {
			return err
		}
	}
}

// storeOne stores the job in a transaction of its own.
func (s *session) storeOne(ctx context.Context, wait time.Duration, j *job) error {
	if j.change != nil {
		return s.transact(ctx, wait, func() error { return j.change(ctx, s) })
	}
	refused, err := s.store(ctx, wait, []*job{j})
	if err == nil {
		err = refused[j]
	}
	return err
}
