package bottest

import (
	"context"
	"time"

	"faqbot/bot"
)

// tasks returns the leave-messages that are not finished and that the agent has,
// or nobody if it is empty, in the order they came, at most limit.
func (s *Store) tasks(ctx context.Context, agent string, limit int) ([]bot.LeaveTask, error) {
	return read(ctx, s, func() (found []bot.LeaveTask) {
		for _, l := range s.leaves {
			if l.Agent == agent && l.FinishedAt.IsZero() && len(found) < limit {
				found = append(found, l)
			}
		}
		return found
	})
}

// OpenLeaves returns the leave-messages that nobody has taken, in the order they
// came, at most limit.
func (s *Store) OpenLeaves(ctx context.Context, limit int) ([]bot.LeaveTask, error) {
	return s.tasks(ctx, "", limit)
}

// LeavesOf returns the leave-messages that an agent has taken and not finished,
// in the order they came.
func (s *Store) LeavesOf(ctx context.Context, agent string) ([]bot.LeaveTask, error) {
	if agent == "" {
		return s.tasks(ctx, "", 0)
	}
	return s.tasks(ctx, agent, all)
}

// TakeLeave gives a leave-message that from has, or nobody if that is empty, to
// another agent, or back if to is empty. It fails with bot.ErrConflict if it is
// another's or finished.
func (s *Store) TakeLeave(ctx context.Context, id, from, to string, at time.Time) error {
	return s.changeLeave(ctx, "take a leave-message", id, from, func(l *bot.LeaveTask) error {
		if err := bot.ValidateTaker(id, to); err != nil {
			return err
		}
		if l.Agent, l.TakenAt = to, millisecond(at); to == "" {
			l.TakenAt = time.Time{}
		}
		return nil
	})
}

// FinishLeave records that the agent who has a leave-message has answered it. It
// fails with bot.ErrConflict if it is another's or finished.
func (s *Store) FinishLeave(ctx context.Context, id, agent string, at time.Time) error {
	return s.changeLeave(ctx, "finish a leave-message", id, agent, func(l *bot.LeaveTask) error {
		if agent == "" {
			return bot.ErrConflict
		}
		l.FinishedAt = millisecond(at)
		return nil
	})
}

// changeLeave has do change the leave-message if the agent has it and it is not
// finished.
func (s *Store) changeLeave(ctx context.Context, doing, id, agent string, do func(*bot.LeaveTask) error) error {
	return s.change(ctx, doing, func() error {
		at := s.leave(id)
		if at < 0 {
			return bot.ErrNotFound
		}
		if l := &s.leaves[at]; l.Agent == agent && l.FinishedAt.IsZero() {
			return do(l)
		}
		return bot.ErrConflict
	})
}
