package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
)

const (
	tickEvery = time.Second
	// stepPause is the least time between two steps: with thousands who wait each
	// reads a lot, and everything that happens asks for one.
	stepPause = 250 * time.Millisecond
	// blink is how long a visitor may have no page open, as when one is loaded
	// again, before that counts.
	blink = 15 * time.Second
)

// Run offers conversations to agents and keeps all deadlines until ctx ends. It
// may run on every node: each step is a turn, which only one of them can store.
func (d *Desk) Run(ctx context.Context) {
	cancel := d.Engine.Bus.Subscribe(func(h Hint) {
		if h.Service != nil {
			d.Kick()
		}
	})
	defer cancel()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.kicks:
		}
		if err := d.Step(ctx); err != nil && ctx.Err() == nil {
			d.Engine.Log.Error("the desk cannot go on now", zap.Error(err))
		}
		pause.Reset(stepPause)
	}
}

// Kick has Run look at once.
func (d *Desk) Kick() {
	select {
	case d.kicks <- struct{}{}:
	default: // it will look anyway
	}
}

// Step does everything that is due now. What fails for one conversation does not
// keep it from the others.
func (d *Desk) Step(ctx context.Context) error {
	f, err := d.look(ctx)
	if err != nil {
		return err
	}
	errs := []error{d.measure(ctx, f.now), d.readBlocks(ctx, f.now), d.dismiss(ctx, f), d.noteAbsent(ctx, f)}
	for i := range f.served {
		errs = append(errs, d.attend(ctx, f, &f.served[i]))
	}
	for i := range f.waiting {
		errs = append(errs, d.forward(ctx, f, &f.waiting[i]))
	}
	errs = append(errs, d.shareLeaves(ctx, f))
	d.tellPlaces(f)
	return errors.Join(errs...)
}

// late reports whether the deadline has passed; a zero time has none.
func (f *floor) late(since time.Time, after time.Duration) bool {
	return !since.IsZero() && f.now.Sub(since) >= after
}

// gentle does an act of the desk itself. That somebody else was faster is no
// failure: the next step sees what became of it.
func (d *Desk) gentle(ctx context.Context, c *Conversation, do func(t *turn)) error {
	_, err := d.try(ctx, c.ID, func(t *turn) error {
		if t.Conversation.Seq == c.Seq {
			do(t)
		}
		return nil
	})
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// dismiss signs off the agents whose browsers gave no sign of life for too long.
func (d *Desk) dismiss(ctx context.Context, f *floor) error {
	lost := d.Engine.Rules.For("", "").Seat.Lost
	for i, s := range f.seats {
		if s.Presence == Offline || !f.late(s.SeenAt, lost) {
			continue
		}
		err := d.Store.SetPresence(ctx, PresenceChange{Agent: s.Agent, From: s.Presence, To: Offline, At: f.now})
		if err != nil && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("sign off %q: %w", s.Agent, err)
		}
		if err := d.returnLeaves(ctx, s.Agent, f.now); err != nil {
			return err
		}
		f.seats[i].Presence = Offline
	}
	return nil
}

// present reports whether the agent is there in any state.
func (f *floor) present(agent string) bool {
	return slices.ContainsFunc(f.seats, func(s Seat) bool { return s.Agent == agent && s.Presence != Offline })
}

// attend keeps the deadlines of a conversation with an agent.
func (d *Desk) attend(ctx context.Context, f *floor, c *Conversation) error {
	s, rules := &c.Service, d.Engine.Rules.For(c.Visitor.Channel, c.Visitor.Account).Seat
	reply := rules.Reply
	if s.AnsweredAt.IsZero() {
		reply = rules.FirstReply
	}
	switch {
	case !f.present(s.Owner) && f.late(s.lastSeen(), rules.Lost):
		return d.gentle(ctx, c, (*turn).lostAgent)
	case f.late(s.AskedAt, reply) && s.Reminded.IsZero():
		return d.gentle(ctx, c, (*turn).remind)
	case f.late(s.Warned, rules.CloseAfter):
		return d.gentle(ctx, c, func(t *turn) { t.end("silent", "closed_silent") })
	case f.late(s.SpokenAt, rules.WarnAfter) && s.Leave != "":
		return d.putAside(ctx, c)
	case f.late(s.SpokenAt, rules.WarnAfter) && s.Warned.IsZero():
		return d.gentle(ctx, c, (*turn).warn)
	}
	return nil
}

// lastSeen is the last thing the owner did, before which their absence does not
// count.
func (s *Service) lastSeen() time.Time {
	if s.SpokenAt.After(s.AcceptedAt) {
		return s.SpokenAt
	}
	return s.AcceptedAt
}

// lostAgent puts the conversation back to the front of the queue.
func (t *turn) lostAgent() {
	s := &t.Conversation.Service
	t.add(FromSystem, KindRequeued, t.text("requeued"), Card{Agent: s.Owner, Nick: s.Nick, Group: s.Group})
	t.back(s.Group, s.Owner)
	t.Conversation.Service.Passed = nil // may come back
}

func (t *turn) remind() {
	s := &t.Conversation.Service
	s.Reminded = t.now
	t.add(FromSystem, KindReminded, "", Card{Agent: s.Owner})
}

func (t *turn) warn() {
	t.Conversation.Service.Warned = t.now
	t.add(FromSystem, KindNotice, t.text("silent_warning"), Card{})
}

// forward brings a conversation that waits a step further.
func (d *Desk) forward(ctx context.Context, f *floor, c *Conversation) error {
	s, rules := &c.Service, d.Engine.Rules.For(c.Visitor.Channel, c.Visitor.Account).Seat
	switch {
	case f.late(s.GoneAt, rules.Gone):
		return d.gentle(ctx, c, func(t *turn) { t.returnToBot("gone", "queue_gone") })
	case !f.anybody(s.Group):
		return d.gentle(ctx, c, (*turn).nobodyLeft)
	case s.OfferedTo != "" && !f.late(s.OfferedUntil, 0) && f.online(s.OfferedTo):
		return nil // the agent still has time
	case s.OfferedTo != "":
		return d.withdraw(ctx, f, c)
	case f.group(s.Group).Manual || !s.GoneAt.IsZero():
		return nil
	}
	return d.offer(ctx, f, c, rules.Accept)
}

func (f *floor) online(agent string) bool {
	return slices.ContainsFunc(f.seats, func(s Seat) bool { return s.Agent == agent && s.Presence == Online })
}

// nobodyLeft ends the wait of one for whom no agent is there any more.
func (t *turn) nobodyLeft() {
	t.returnToBot("nobody", "queue_nobody")
	t.Conversation.Dialogue.FormAt = t.say(KindLeaveForm, t.text("handoff"), Card{})
}

// mostLapses is how many offers in a row an agent may let lie before they are
// taken to be away.
const mostLapses = 2

// noteLapse counts the offers that an agent let lie, from none again once they
// did something about one.
func (d *Desk) noteLapse(agent string, lapsed bool) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !lapsed {
		delete(d.lapsed, agent)
		return 0
	}
	d.lapsed[agent]++
	return d.lapsed[agent]
}

// withdraw ends an offer that was not taken. Who lets offers lie gets no more
// until they say that they are there.
func (d *Desk) withdraw(ctx context.Context, f *floor, c *Conversation) error {
	agent, reason := c.Service.OfferedTo, "late"
	if !f.online(agent) {
		reason = "gone"
	}
	if err := d.gentle(ctx, c, func(t *turn) { t.pass(reason) }); err != nil {
		return err
	}
	d.Kick() // on to the next
	if reason != "late" || d.noteLapse(agent, true) < mostLapses {
		return nil
	}
	d.noteLapse(agent, false)
	err := d.Store.SetPresence(ctx, PresenceChange{Agent: agent, From: Online, To: Away, At: f.now})
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("set %q to away: %w", agent, err)
	}
	return nil
}

// offer asks the best agent for the conversation, or gives it to them. When all
// have let it pass, they are asked again.
func (d *Desk) offer(ctx context.Context, f *floor, c *Conversation, accept time.Duration) error {
	seat, found, err := d.pick(ctx, f, c)
	if err != nil {
		return err
	}
	if !found && len(c.Service.Passed) > 0 {
		again := *c
		again.Service.Passed = nil
		if seat, found, err = d.pick(ctx, f, &again); err != nil {
			return err
		}
	}
	if !found {
		return nil
	}
	f.load[seat.Agent]++
	if f.group(c.Service.Group).Direct {
		return d.gentle(ctx, c, func(t *turn) { t.accept(Actor{ID: seat.Agent, Nick: seat.Nick}, "accepted") })
	}
	return d.gentle(ctx, c, func(t *turn) { t.offerTo(seat, accept) })
}

func (t *turn) offerTo(seat Seat, accept time.Duration) {
	s := &t.Conversation.Service
	s.OfferedTo, s.OfferedUntil = seat.Agent, t.now.Add(accept)
	if slices.Contains(s.Passed, seat.Agent) {
		s.Passed = nil
	}
	t.add(FromSystem, KindOffered, "", Card{Agent: seat.Agent, Nick: seat.Nick, Group: s.Group, Until: s.OfferedUntil.UnixMilli()})
}

// tellPlaces tells those who wait where they are, if that has changed.
func (d *Desk) tellPlaces(f *floor) {
	ahead, told := map[string]int{}, make(map[string]Place, len(f.waiting))
	for i := range f.waiting {
		c := &f.waiting[i]
		p := Place{Group: c.Service.Group, Ahead: ahead[c.Service.Group]}
		p.Low, p.High = d.estimate(f, p.Group, p.Ahead)
		ahead[p.Group]++
		told[c.ID] = p
	}
	d.mu.Lock()
	before := d.shown
	d.shown = told
	d.mu.Unlock()
	for i := range f.waiting {
		c := &f.waiting[i]
		p := told[c.ID]
		if last, known := before[c.ID]; !known || last != p {
			d.Engine.Bus.Publish(Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Queue: &p})
		}
	}
}

// Presence is told when the last page of a visitor on this node was closed, and
// when there is one again.
func (d *Desk) Presence(v Visitor, here bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if here {
		d.absent[v.Key()] = time.Time{}
	} else {
		d.absent[v.Key()] = d.Engine.moment()
	}
}

// noteAbsent writes down who of those that have to do with humans has gone or
// come back, and forgets the others.
func (d *Desk) noteAbsent(ctx context.Context, f *floor) error {
	d.mu.Lock()
	absent := d.absent
	d.absent = map[string]time.Time{}
	d.mu.Unlock()
	var errs []error
	for _, list := range [][]Conversation{f.waiting, f.served} {
		for i := range list {
			since, known := absent[list[i].Visitor.Key()]
			if known {
				errs = append(errs, d.noteAbsentOne(ctx, f, &list[i], since))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *Desk) noteAbsentOne(ctx context.Context, f *floor, c *Conversation, since time.Time) error {
	gone := !c.Service.GoneAt.IsZero()
	switch {
	case since.IsZero() && gone:
		return d.gentle(ctx, c, func(t *turn) {
			t.Conversation.Service.GoneAt = time.Time{}
			t.add(FromSystem, KindBack, "", Card{})
		})
	case since.IsZero() || gone:
		return nil
	case !f.late(since, blink):
		d.keepAbsent(c.Visitor, since)
		return nil
	}
	return d.gentle(ctx, c, func(t *turn) {
		t.Conversation.Service.GoneAt = since
		t.add(FromSystem, KindGone, "", Card{})
	})
}

// keepAbsent remembers an absence for the next step, unless there is news.
func (d *Desk) keepAbsent(v Visitor, since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, news := d.absent[v.Key()]; !news {
		d.absent[v.Key()] = since
	}
}
