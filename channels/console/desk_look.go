package console

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/staff"
)

// refresh has the hub read the seats now.
func (h *deskHub) refresh() { wake(h.looks) }

// lookLoop looks, beat for beat, at what no hint tells of.
func (h *deskHub) lookLoop(ctx context.Context) {
	tick := time.NewTicker(h.beat)
	defer tick.Stop()
	for beat := 1; ; {
		select {
		case <-ctx.Done():
			return
		case <-h.looks:
			h.try(ctx, "read the seats", h.lookAtSeats)
		case <-tick.C:
			h.look(ctx, beat)
			beat++
		}
	}
}

// look does what is due at a beat.
func (h *deskHub) look(ctx context.Context, beat int) {
	if beat%forgetEvery == 0 {
		h.mu.Lock()
		h.seen, h.before = map[string]int64{}, h.seen
		h.mu.Unlock()
	}
	clients := h.all()
	if len(clients) == 0 {
		return
	}
	h.try(ctx, "read the seats", h.lookAtSeats)
	if beat%checkEvery == 0 {
		h.try(ctx, "check the sessions", func(ctx context.Context) error { return h.checkSessions(ctx, clients) })
	}
	if beat%aliveEvery == 1 {
		h.try(ctx, "note signs of life", func(ctx context.Context) error { return h.desk.Alive(ctx, agentsOf(clients)...) })
	}
	h.try(ctx, "look for leave-messages", func(ctx context.Context) error { return h.lookAtLeaves(ctx, clients, beat) })
}

// try does something that is done again at a later beat if it fails.
func (h *deskHub) try(ctx context.Context, what string, do func(context.Context) error) {
	limited, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if err := do(limited); err != nil && ctx.Err() == nil {
		h.log.Warn("the desk's sockets cannot go on now", zap.String("what", what), zap.Error(err))
	}
}

func agentsOf(clients []*deskClient) []string {
	var agents []string
	for _, c := range clients {
		agents = append(agents, c.actor.ID)
	}
	slices.Sort(agents)
	return slices.Compact(agents)
}

// lookAtSeats reads the seats, and tells of those that are not as they were:
// everybody of their own, supervisors of all.
func (h *deskHub) lookAtSeats(ctx context.Context) error {
	seats, err := h.desk.Seats(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	first := len(h.seats) == 0 // nobody has read another state before
	for _, s := range seats {
		old, known := h.seats[s.Agent]
		h.seats[s.Agent] = s
		if first || known && sameSeat(&old, &s) {
			continue
		}
		frame := encodeDesk(seatDesk{"seat", seatOf(s)})
		for c := range h.clients {
			if c.actor.Supervisor || c.actor.ID == s.Agent {
				c.conn.Send(frame)
			}
		}
	}
	return nil
}

// sameSeat compares all but the signs of life.
func sameSeat(a, b *bot.Seat) bool {
	return a.Presence == b.Presence && a.Since.Equal(b.Since) && a.Most == b.Most && a.Nick == b.Nick && slices.Equal(a.Groups, b.Groups)
}

// checkSessions closes the sockets of sessions that have ended, and of accounts
// that may do something else than when they came.
func (h *deskHub) checkSessions(ctx context.Context, clients []*deskClient) error {
	checked := map[string]error{} // by session
	var failed error
	for _, c := range clients {
		err, done := checked[c.session]
		if !done {
			err = h.check(ctx, c)
			checked[c.session] = err
		}
		switch {
		case errors.Is(err, staff.ErrSession):
			c.conn.Close(closeSignedOut, "")
		case err != nil:
			failed = err // nothing can be said of it now
		}
	}
	return failed
}

// check returns staff.ErrSession if the client has to come back with another
// session, or with other rights.
func (h *deskHub) check(ctx context.Context, c *deskClient) error {
	id, err := h.staff.Check(ctx, c.session)
	if err != nil {
		return err
	}
	if atDesk().admit(id) != nil || actorOf(id.Account).Supervisor != c.actor.Supervisor {
		return staff.ErrSession
	}
	return nil
}

// lookAtLeaves looks at the leave-messages of some agents, and tells each whose
// list has changed. After leavesEvery beats all have had their turn.
func (h *deskHub) lookAtLeaves(ctx context.Context, clients []*deskClient, beat int) error {
	lists := map[string]string{} // by agent
	for i, agent := range agentsOf(clients) {
		if (i+beat)%leavesEvery == 0 {
			lists[agent] = ""
		}
	}
	for _, c := range clients {
		list, due := lists[c.actor.ID]
		if !due {
			continue
		}
		if list == "" {
			tasks, err := h.desk.Leaves(ctx, c.actor)
			if err != nil {
				return err
			}
			list = listOf(tasks)
			lists[c.actor.ID] = list
		}
		if c.leaves != list { // the first time too: what it has read meanwhile nobody knows
			c.conn.Send(encodeDesk(plainDesk{"leaves"}))
		}
		c.leaves = list
	}
	return nil
}

// listOf is the same for the same leave-messages of the same agents; never empty.
func listOf(tasks []bot.LeaveTask) string {
	var b strings.Builder
	for _, l := range tasks {
		b.WriteString(l.ID + "\t" + l.Agent + "\n")
	}
	return b.String() + "."
}
