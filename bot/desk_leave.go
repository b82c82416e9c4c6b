package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// leavesAtOnce is how many leave-messages an agent is given at a time.
	leavesAtOnce = 5
	// leavesLooked is how many of the oldest are looked at in one step.
	leavesLooked = 50
	// quoted is how much of a leave-message is repeated to the visitor, in characters.
	quoted = 200
)

// shareLeaves gives the leave-messages nobody has to agents who are online: each
// to the one of its group who has the fewest.
func (d *Desk) shareLeaves(ctx context.Context, f *floor) error {
	open, err := d.Store.OpenLeaves(ctx, leavesLooked)
	if err != nil {
		return fmt.Errorf("read leave-messages: %w", err)
	}
	if len(open) == 0 {
		return nil
	}
	has := map[string]int{}
	for _, s := range f.seats {
		if s.Presence != Online {
			continue
		}
		tasks, err := d.Store.LeavesOf(ctx, s.Agent)
		if err != nil {
			return fmt.Errorf("read the leave-messages of %q: %w", s.Agent, err)
		}
		has[s.Agent] = len(tasks)
	}
	for _, l := range open {
		to := f.fewest(has, route(f.groups, l.Visitor, nil))
		if to == "" {
			continue
		}
		if err := d.Store.TakeLeave(ctx, l.ID, "", to, f.now); err != nil && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("give leave-message %q: %w", l.ID, err)
		}
		has[to]++
	}
	return nil
}

// fewest returns who of the group has the fewest, and room for one more.
func (f *floor) fewest(has map[string]int, group string) string {
	best := ""
	for _, s := range f.seats {
		n, online := has[s.Agent]
		if online && s.serves(group) && n < leavesAtOnce && (best == "" || n < has[best]) {
			best = s.Agent
		}
	}
	return best
}

// returnLeaves takes the leave-messages of an agent who has gone back.
func (d *Desk) returnLeaves(ctx context.Context, agent string, at time.Time) error {
	tasks, err := d.Store.LeavesOf(ctx, agent)
	if err != nil {
		return fmt.Errorf("read the leave-messages of %q: %w", agent, err)
	}
	for _, l := range tasks {
		if err := d.Store.TakeLeave(ctx, l.ID, agent, "", at); err != nil && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("take leave-message %q back: %w", l.ID, err)
		}
	}
	return nil
}

// Leaves returns the leave-messages of the actor, and for supervisors those that
// nobody has.
func (d *Desk) Leaves(ctx context.Context, a Actor) ([]LeaveTask, error) {
	tasks, err := d.Store.LeavesOf(ctx, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the leave-messages of %q: %w", a.ID, err)
	}
	if !a.Supervisor {
		return tasks, nil
	}
	open, err := d.Store.OpenLeaves(ctx, leavesLooked)
	if err != nil {
		return nil, fmt.Errorf("read leave-messages: %w", err)
	}
	return append(tasks, open...), nil
}

// AnswerLeave brings the actor to the visitor of one of their leave-messages: into
// the conversation that goes on, or else into a new one in the same thread.
func (d *Desk) AnswerLeave(ctx context.Context, a Actor, id string) (Conversation, error) {
	task, err := d.leave(ctx, a, id)
	if err != nil {
		return Conversation{}, err
	}
	for range maxAttempts {
		c, err := d.answerLeave(ctx, a, task)
		if !errors.Is(err, ErrConflict) {
			return c, err
		}
	}
	return Conversation{}, fmt.Errorf("answer leave-message %q: %w", id, ErrUnavailable)
}

// leave returns a leave-message of the actor's; supervisors take those that nobody
// has.
func (d *Desk) leave(ctx context.Context, a Actor, id string) (LeaveTask, error) {
	tasks, err := d.Leaves(ctx, a)
	if err != nil {
		return LeaveTask{}, err
	}
	for _, task := range tasks {
		if task.ID != id {
			continue
		}
		if task.Agent == "" {
			if err := d.Store.TakeLeave(ctx, id, "", a.ID, d.Engine.moment()); err != nil {
				return LeaveTask{}, fmt.Errorf("take leave-message %q: %w", id, err)
			}
		}
		return task, nil
	}
	return LeaveTask{}, fmt.Errorf("leave-message %q of %q: %w", id, a.ID, ErrNotFound)
}

func (d *Desk) answerLeave(ctx context.Context, a Actor, task LeaveTask) (Conversation, error) {
	t := d.Engine.turn(Inbound{Visitor: task.Visitor})
	c, err := d.Engine.Store.Current(ctx, task.Visitor)
	switch {
	case errors.Is(err, ErrNotFound):
		t.start(d.Engine.opening(t.in, t.now))
	case err != nil:
		return Conversation{}, fmt.Errorf("find the conversation: %w", err)
	case c.Service.Phase == WithAgent && c.Service.Owner == a.ID:
		return c, nil
	case c.Service.Phase == WithAgent:
		return Conversation{}, d.taken(ctx, a, &c)
	default:
		t.start(c)
	}
	s := &t.Conversation.Service
	s.own(a.ID, a.Nick, t.now)
	s.Leave = task.ID
	t.add(FromSystem, KindAccepted, strings.ReplaceAll(t.text("leave_answered"), "{agent}", a.Nick),
		Card{Agent: a.ID, Nick: a.Nick, Question: cut(task.Text, quoted)})
	return t.Conversation, d.Engine.commit(ctx, t)
}

// putAside ends a conversation that was about a leave-message when the visitor
// said nothing: the answer stands in the thread.
func (d *Desk) putAside(ctx context.Context, c *Conversation) error {
	if err := d.gentle(ctx, c, func(t *turn) { t.close("silent", "closed_agent") }); err != nil {
		return err
	}
	return d.finishLeave(ctx, c)
}

// finishLeave notes that the leave-message of a conversation is answered, if it
// was about one.
func (d *Desk) finishLeave(ctx context.Context, c *Conversation) error {
	if c.Service.Leave == "" {
		return nil
	}
	err := d.Store.FinishLeave(ctx, c.Service.Leave, c.Service.Owner, d.Engine.moment())
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("finish leave-message %q: %w", c.Service.Leave, err)
	}
	return nil
}
