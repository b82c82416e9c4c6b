package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"faqbot/knowledge"
)

// floor is the desk at a moment: who waits, who serves, who is there.
type floor struct {
	now     time.Time
	groups  []Group
	seats   []Seat
	waiting []Conversation // in the order of the queue
	served  []Conversation
	load    map[string]int // conversations and open offers, by agent
}

// look reads the floor.
func (d *Desk) look(ctx context.Context) (f *floor, err error) {
	if f, err = d.seating(ctx); err != nil {
		return nil, err
	}
	f.load = map[string]int{}
	if f.waiting, err = d.Store.Waiting(ctx); err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	if f.served, err = d.Store.Served(ctx, ""); err != nil {
		return nil, fmt.Errorf("read what is served: %w", err)
	}
	for i := range f.served {
		f.load[f.served[i].Service.Owner]++
	}
	for i := range f.waiting {
		if to := f.waiting[i].Service.OfferedTo; to != "" {
			f.load[to]++
		}
	}
	return f, nil
}

func (f *floor) group(id string) Group {
	i := slices.IndexFunc(f.groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{ID: id}
	}
	return f.groups[i]
}

// Place returns where a visitor who asks for a human now would be, or for a
// conversation that waits, where it is.
func (d *Desk) Place(ctx context.Context, c *Conversation, category knowledge.Path) (Place, error) {
	f, err := d.glance(ctx)
	if err != nil {
		return Place{}, err
	}
	p := Place{Group: c.Service.Group}
	if c.Service.Phase == InQueue {
		p.Ahead, err = d.Store.Ahead(ctx, p.Group, c.Service.Rank, c.Service.QueuedAt, c.ID)
	} else {
		p.Group = route(f.groups, c.Visitor, category)
		p.Rank, p.Ahead, err = d.atTheEnd(ctx, f, c.Visitor, p.Group)
		p.State = f.state(p)
	}
	if err != nil {
		return Place{}, fmt.Errorf("count who is ahead: %w", err)
	}
	p.Low, p.High = d.estimate(f, p.Group, p.Ahead)
	return p, nil
}

// glance reads the floor without the conversations, which may be thousands: those
// that are served are counted.
func (d *Desk) glance(ctx context.Context) (f *floor, err error) {
	if f, err = d.seating(ctx); err != nil {
		return nil, err
	}
	if f.load, err = d.Store.Loads(ctx); err != nil {
		return nil, fmt.Errorf("count what is served: %w", err)
	}
	return f, nil
}

// seating reads the groups and who is there.
func (d *Desk) seating(ctx context.Context) (f *floor, err error) {
	f = &floor{now: d.Engine.moment()}
	if f.groups, err = d.Store.Groups(ctx); err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	if f.seats, err = d.Store.Seats(ctx); err != nil {
		return nil, fmt.Errorf("read the seats: %w", err)
	}
	return f, nil
}

// atTheEnd returns what the customer's level is worth, and how many would be
// before one who comes now.
func (d *Desk) atTheEnd(ctx context.Context, f *floor, v Visitor, group string) (rank, ahead int, err error) {
	if rank, err = d.level(ctx, v); err != nil {
		return 0, 0, err
	}
	ahead, err = d.Store.Ahead(ctx, group, rank, f.now.Add(time.Millisecond), "")
	return rank, ahead, err
}

// state says whether one more may wait.
func (f *floor) state(p Place) PlaceState {
	most := f.group(p.Group).MaxQueue
	switch {
	case !f.anybody(p.Group):
		return PlaceNobody
	case most > 0 && p.Ahead >= most:
		return PlaceFull
	}
	return PlaceOpen
}

// level is what the customer's level is worth in the queue.
func (d *Desk) level(ctx context.Context, v Visitor) (int, error) {
	c, err := d.Customers.CustomerOf(ctx, v)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for the customer: %w", err)
	}
	return c.Level, nil
}

// route returns the group for a visitor and what the talk is about: the one that
// claims most of it. A group that claims something else is out; of equals the
// first counts.
func route(groups []Group, v Visitor, category knowledge.Path) string {
	best, most := "", -1
	for _, g := range groups {
		claims := 0
		if len(g.Channels) > 0 {
			if !slices.Contains(g.Channels, v.Channel) && !slices.Contains(g.Channels, v.Channel+"/"+v.Account) {
				continue
			}
			claims++
		}
		if len(g.Categories) > 0 {
			if !within(category, g.Categories) {
				continue
			}
			claims += 2 // what it is about says more than where
		}
		if claims > most {
			best, most = g.ID, claims
		}
	}
	return best
}

// anybody reports whether an agent of the group is there, if only on a break.
func (f *floor) anybody(group string) bool {
	return slices.ContainsFunc(f.seats, func(s Seat) bool { return s.serves(group) && s.Presence != Offline })
}

// pace is how long conversations with agents take, as seen lately.
type pace struct {
	at      time.Time // when it was measured
	mean    time.Duration
	samples int
}

const (
	paceEvery   = time.Minute
	paceSamples = 50
	// fewSamples is how many conversations it takes to say anything about the next.
	fewSamples = 5
)

// estimate says how long a wait may be, in seconds: half and one and a half times
// what the mean promises. It says nothing, 0 and 0, while too little is known.
func (d *Desk) estimate(f *floor, group string, ahead int) (low, high int) {
	d.mu.Lock()
	p := d.pace
	d.mu.Unlock()
	slots, busy := 0, 0
	for _, s := range f.seats {
		if s.Presence == Online && s.serves(group) {
			slots += s.Most
			busy += min(f.load[s.Agent], s.Most)
		}
	}
	switch {
	case slots == 0:
		return 0, 0
	case ahead < slots-busy:
		return 1, 60
	case p.samples < fewSamples:
		return 0, 0
	}
	wait := p.mean * time.Duration(ahead+1-(slots-busy)) / time.Duration(slots)
	return int((wait / 2).Seconds()), max(60, int((wait * 3 / 2).Seconds()))
}

// measure brings the pace up to date.
func (d *Desk) measure(ctx context.Context, now time.Time) error {
	d.mu.Lock()
	fresh := now.Sub(d.pace.at) < paceEvery
	d.mu.Unlock()
	if fresh {
		return nil
	}
	done, err := d.Store.Done(ctx, "", now, paceSamples)
	if err != nil {
		return fmt.Errorf("read what was served: %w", err)
	}
	p := pace{at: now}
	for _, c := range done {
		if took := c.ClosedAt.Sub(c.Service.AcceptedAt); took > 0 && !c.Service.AcceptedAt.IsZero() {
			p.mean += took
			p.samples++
		}
	}
	if p.samples > 0 {
		p.mean /= time.Duration(p.samples)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pace = p
	return nil
}

// lastConversations is how far back the last agent of a visitor is looked for.
const lastConversations = 5

// pick returns the agent to offer a conversation to, or nothing: the one who
// served the visitor last, else the one with the most room, and of equals the one
// whose state is oldest.
func (d *Desk) pick(ctx context.Context, f *floor, c *Conversation) (Seat, bool, error) {
	var free []Seat
	for _, s := range f.seats {
		if s.Presence == Online && s.serves(c.Service.Group) && f.load[s.Agent] < s.Most && !slices.Contains(c.Service.Passed, s.Agent) {
			free = append(free, s)
		}
	}
	if len(free) == 0 {
		return Seat{}, false, nil
	}
	last, err := d.lastOwner(ctx, c)
	if err != nil {
		return Seat{}, false, err
	}
	best := slices.MinFunc(free, func(a, b Seat) int {
		known := func(s Seat) int {
			if s.Agent == last {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(known(a), known(b)),
			cmp.Compare(f.load[a.Agent]*b.Most, f.load[b.Agent]*a.Most), a.Since.Compare(b.Since), cmp.Compare(a.Agent, b.Agent))
	})
	return best, true, nil
}

// lastOwner returns the agent who served the visitor last.
func (d *Desk) lastOwner(ctx context.Context, c *Conversation) (string, error) {
	if c.Service.Owner != "" {
		return c.Service.Owner, nil
	}
	earlier, err := d.Store.Of(ctx, c.Visitor, lastConversations)
	if err != nil {
		return "", fmt.Errorf("read earlier conversations: %w", err)
	}
	for _, e := range earlier {
		if e.Service.Owner != "" {
			return e.Service.Owner, nil
		}
	}
	return "", nil
}
