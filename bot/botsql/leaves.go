package botsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

const (
	leaveColumns = `SELECT id, conversation, seq, channel, account, visitor_id, name, contact, text, at,
		agent, taken_at, finished_at FROM bot_leave`
	takeLeave   = `UPDATE bot_leave SET agent = $3, taken_at = $4 WHERE id = $1 AND agent = $2 AND finished_at = 0`
	finishLeave = `UPDATE bot_leave SET finished_at = $3 WHERE id = $1 AND agent = $2 AND agent <> '' AND finished_at = 0`
	findLeave   = `SELECT id FROM bot_leave WHERE id = $1`
)

// leaves returns the leave-messages with those who answer them.
func (s *Store) leaves(ctx context.Context, doing, where string, args ...any) (found []bot.LeaveTask, err error) {
	err = s.read(ctx, doing, func(rows *sql.Rows) error {
		l, err := scanLeave(rows)
		found = append(found, l)
		return err
	}, leaveColumns+where, args...)
	return found, err
}

func scanLeave(rows *sql.Rows) (l bot.LeaveTask, err error) {
	var at, taken, finished int64
	err = rows.Scan(&l.ID, &l.Conversation, &l.Seq, &l.Visitor.Channel, &l.Visitor.Account, &l.Visitor.ID,
		&l.Name, &l.Contact, &l.Text, &at, &l.Agent, &taken, &finished)
	l.At, l.TakenAt, l.FinishedAt = sqldb.Time(at), sqldb.Time(taken), sqldb.Time(finished)
	return l, err
}

// OpenLeaves returns the leave-messages that nobody has taken, in the order they
// came, at most limit.
func (s *Store) OpenLeaves(ctx context.Context, limit int) ([]bot.LeaveTask, error) {
	return s.leaves(ctx, "read the open leave-messages",
		` WHERE agent = '' AND finished_at = 0 ORDER BY position LIMIT $1`, max(limit, 0))
}

// LeavesOf returns the leave-messages that an agent has taken and not finished,
// in the order they came.
func (s *Store) LeavesOf(ctx context.Context, agent string) ([]bot.LeaveTask, error) {
	return s.leaves(ctx, "read the leave-messages of an agent",
		` WHERE agent = $1 AND agent <> '' AND finished_at = 0 ORDER BY position`, agent)
}

// TakeLeave gives a leave-message that from has, or nobody if that is empty, to
// another agent, or back if to is empty. It fails with bot.ErrConflict if it is
// another's or finished.
func (s *Store) TakeLeave(ctx context.Context, id, from, to string, at time.Time) error {
	const doing = "take a leave-message"
	if err := bot.ValidateTaker(id, to); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if to == "" {
		at = time.Time{}
	}
	return s.changeLeave(ctx, doing, takeLeave, id, from, to, sqldb.Millis(at))
}

// FinishLeave records that the agent who has a leave-message has answered it. It
// fails with bot.ErrConflict if it is another's or finished.
func (s *Store) FinishLeave(ctx context.Context, id, agent string, at time.Time) error {
	return s.changeLeave(ctx, "finish a leave-message", finishLeave, id, agent, sqldb.Millis(at))
}

// changeLeave runs a statement that must write the leave-message with the id.
func (s *Store) changeLeave(ctx context.Context, doing, query, id string, args ...any) error {
	args = append([]any{id}, args...)
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error {
		n, err := tx.exec(ctx, statement{before: query}, args)
		if err != nil || n == 1 {
			return err
		}
		there := false
		err = tx.query(ctx, statement{before: findLeave}, []any{id}, func(*sql.Rows) error {
			there = true
			return nil
		})
		switch {
		case err != nil:
			return err
		case !there:
			return bot.ErrNotFound
		}
		return bot.ErrConflict
	})
}
