package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	mostTalks = 50 // bounds Seat.Most
	// mostGroups bounds how many groups there are, and how many an agent is in.
	mostGroups = 200
)

// Groups returns the skill groups.
func (d *Desk) Groups(ctx context.Context) ([]Group, error) {
	groups, err := d.Store.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the groups: %w", err)
	}
	return groups, nil
}

// SaveGroup stores a group that is new, without an ID, or as it was read.
func (d *Desk) SaveGroup(ctx context.Context, g Group) (Group, error) {
	if g.Name = oneLine(g.Name); g.Name == "" || utf8.RuneCountInString(g.Name) > maxName {
		return Group{}, &InvalidError{"name", fmt.Sprintf("名称要有 1 到 %d 个字", maxName)}
	}
	if g.MaxQueue < 0 {
		return Group{}, &InvalidError{"max_queue", "不能是负数"}
	}
	g.Channels, g.Categories = cleaned(g.Channels), cleaned(g.Categories)
	groups, err := d.Groups(ctx)
	if err != nil {
		return Group{}, err
	}
	if slices.ContainsFunc(groups, func(o Group) bool { return o.Name == g.Name && o.ID != g.ID }) {
		return Group{}, &InvalidError{"name", "已经有叫这个名字的技能组"}
	}
	was := g.UpdatedAt
	if g.ID == "" {
		if len(groups) >= mostGroups {
			return Group{}, &InvalidError{"name", fmt.Sprintf("最多 %d 个技能组", mostGroups)}
		}
		g.ID, was = d.Engine.NewID(), time.Time{}
	}
	g.UpdatedAt = after(was, d.Engine.moment())
	if err := d.Store.PutGroup(ctx, g, was); err != nil {
		return Group{}, fmt.Errorf("store a group: %w", err)
	}
	return g, nil
}

// after returns the moment, or a later one if it is not after the other: what is
// told apart by its time must not have the same twice.
func after(was, now time.Time) time.Time {
	if !now.After(was) {
		return was.Add(time.Millisecond)
	}
	return now
}

// cleaned returns the texts that say something, each on one line.
func cleaned(texts []string) []string {
	kept := []string{}
	for _, text := range texts {
		if text = oneLine(text); text != "" && !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// DropGroup removes a group that nobody waits for.
func (d *Desk) DropGroup(ctx context.Context, id string) error {
	f, err := d.look(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(f.waiting, func(c Conversation) bool { return c.Service.Group == id }) {
		return &InvalidError{"id", "这个技能组里还有人在排队"}
	}
	if err := d.Store.DropGroup(ctx, id); err != nil {
		return fmt.Errorf("drop group %q: %w", id, err)
	}
	return nil
}

// Seats returns the seats of all agents.
func (d *Desk) Seats(ctx context.Context) ([]Seat, error) {
	seats, err := d.Store.Seats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the seats: %w", err)
	}
	return seats, nil
}

// SaveSeat sets up the place of an agent.
func (d *Desk) SaveSeat(ctx context.Context, s Seat) error {
	if s.Most < 1 || s.Most > mostTalks {
		return &InvalidError{"most", fmt.Sprintf("同时接待数要在 1 到 %d 之间", mostTalks)}
	}
	groups, err := d.Groups(ctx)
	if err != nil {
		return err
	}
	for _, id := range s.Groups {
		if !slices.ContainsFunc(groups, func(g Group) bool { return g.ID == id }) {
			return &InvalidError{"groups", "没有这个技能组"}
		}
	}
	s.Nick, s.UpdatedAt = cut(oneLine(s.Nick), maxName), d.Engine.moment()
	if err := d.Store.PutSeat(ctx, s); err != nil {
		return fmt.Errorf("store a seat: %w", err)
	}
	return nil
}

// defaultMost is how many conversations a new seat has at a time.
const defaultMost = 5

// Sit returns the actor's seat, and makes one at the first time: in no group, so
// that it serves whatever no group claims.
func (d *Desk) Sit(ctx context.Context, a Actor) (Seat, error) {
	seat, err := d.seat(ctx, a.ID)
	if err == nil && seat.Nick == a.Nick || err != nil && !errors.Is(err, ErrNotFound) {
		return seat, err
	}
	if err != nil {
		seat = Seat{Agent: a.ID, Groups: []string{}, Most: defaultMost}
	}
	seat.Nick = a.Nick
	if err := d.SaveSeat(ctx, seat); err != nil {
		return Seat{}, err
	}
	return d.seat(ctx, a.ID)
}

// Sign changes the state of an agent. Others than supervisors change their own.
func (d *Desk) Sign(ctx context.Context, a Actor, agent string, to Presence) (Seat, error) {
	if agent != a.ID && !a.Supervisor {
		return Seat{}, fmt.Errorf("change the state of %q: %w", agent, ErrForbidden)
	}
	if !slices.Contains([]Presence{Online, Resting, Away, Offline}, to) {
		return Seat{}, &InvalidError{"presence", "没有这种状态"}
	}
	if agent == a.ID {
		if err := d.Alive(ctx, agent); err != nil {
			return Seat{}, err
		}
	}
	seat, err := d.seat(ctx, agent)
	if err != nil || seat.Presence == to {
		return seat, err
	}
	change := PresenceChange{Agent: agent, From: seat.Presence, To: to, At: d.Engine.moment()}
	if agent != a.ID {
		change.By = a.ID
	}
	if err := d.Store.SetPresence(ctx, change); err != nil {
		return Seat{}, fmt.Errorf("change the state of %q: %w", agent, err)
	}
	if to == Offline {
		err = d.returnLeaves(ctx, agent, change.At)
	}
	d.Kick()
	if err != nil {
		return Seat{}, err
	}
	return d.seat(ctx, agent)
}

// Alive records signs of life of agents.
func (d *Desk) Alive(ctx context.Context, agents ...string) error {
	if len(agents) == 0 {
		return nil
	}
	if err := d.Store.Seen(ctx, d.Engine.moment(), agents...); err != nil {
		return fmt.Errorf("note signs of life: %w", err)
	}
	return nil
}
