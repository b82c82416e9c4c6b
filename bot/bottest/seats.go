package bottest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"faqbot/bot"
)

// desk is what the humans need beside the conversations.
type desk struct {
	groups     map[string]bot.Group
	seats      map[string]bot.Seat
	presence   []bot.PresenceChange
	phrases    map[string]bot.Phrase
	favourites map[favouriteKey]bot.Favourite
	customers  map[string]bot.Customer
	links      map[string]link // by key of the visitor
	files      map[string]storedFile
}

func newDesk() desk {
	return desk{
		groups: map[string]bot.Group{}, seats: map[string]bot.Seat{}, phrases: map[string]bot.Phrase{}, favourites: map[favouriteKey]bot.Favourite{},
		customers: map[string]bot.Customer{}, links: map[string]link{}, files: map[string]storedFile{},
	}
}

var _ bot.SeatStore = (*Store)(nil)

// change runs do, which writes all or fails and writes nothing.
func (s *Store) change(ctx context.Context, doing string, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = do()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// drop removes the element with the key, or returns bot.ErrNotFound.
func drop[K comparable, V any](m map[K]V, key K) error {
	if _, ok := m[key]; !ok {
		return bot.ErrNotFound
	}
	delete(m, key)
	return nil
}

// sorted returns the elements that are kept, in order, at most limit.
func sorted[K comparable, V any](m map[K]V, limit int, keep func(V) bool, order func(a, b V) int) []V {
	found := slices.DeleteFunc(slices.Collect(maps.Values(m)), func(v V) bool { return !keep(v) })
	slices.SortFunc(found, order)
	return found[:min(max(limit, 0), len(found))]
}

func every[V any](V) bool { return true }

// Waiting returns the conversations in the queue: the highest rank first, then
// those that wait longest, then by id.
func (s *Store) Waiting(ctx context.Context) ([]bot.Conversation, error) {
	return read(ctx, s, func() []bot.Conversation {
		return sorted(s.conversations, all, func(c bot.Conversation) bool {
			return c.State == bot.StateOpen && c.Service.Phase == bot.InQueue
		}, inQueue)
	})
}

// inQueue is the order of the queue.
func inQueue(a, b bot.Conversation) int {
	return cmp.Or(cmp.Compare(b.Service.Rank, a.Service.Rank),
		millisecond(a.Service.QueuedAt).Compare(millisecond(b.Service.QueuedAt)), cmp.Compare(a.ID, b.ID))
}

// Served returns the open conversations that the agent owns, or all that any
// agent owns if it is empty, in order of their ids.
func (s *Store) Served(ctx context.Context, agent string) ([]bot.Conversation, error) {
	return read(ctx, s, func() []bot.Conversation {
		return sorted(s.conversations, all, func(c bot.Conversation) bool {
			return c.State == bot.StateOpen && c.Service.Phase == bot.WithAgent && (agent == "" || c.Service.Owner == agent)
		}, func(a, b bot.Conversation) int { return cmp.Compare(a.ID, b.ID) })
	})
}

// Done returns the closed conversations that an agent owned, those closed last
// first, at most limit, those before the moment; any agent if it is empty. The
// zero moment sets no bound.
func (s *Store) Done(ctx context.Context, agent string, before time.Time, limit int) ([]bot.Conversation, error) {
	return read(ctx, s, func() []bot.Conversation {
		return sorted(s.conversations, limit, func(c bot.Conversation) bool {
			return c.State == bot.StateClosed && c.Service.Owner != "" && (agent == "" || c.Service.Owner == agent) &&
				(before.IsZero() || c.ClosedAt.Before(millisecond(before)))
		}, func(a, b bot.Conversation) int {
			return cmp.Or(b.ClosedAt.Compare(a.ClosedAt), cmp.Compare(b.ID, a.ID))
		})
	})
}

// Ahead counts those who wait in the group before one of the rank that came at the
// moment with the id.
func (s *Store) Ahead(ctx context.Context, group string, rank int, since time.Time, id string) (int, error) {
	one := bot.Conversation{ID: id, Service: bot.Service{Rank: rank, QueuedAt: millisecond(since)}}
	return read(ctx, s, func() int {
		n := 0
		for _, c := range s.conversations {
			if c.Service.Phase == bot.InQueue && c.Service.Group == group && inQueue(c, one) < 0 {
				n++
			}
		}
		return n
	})
}

// Loads counts the open conversations that agents own, by agent.
func (s *Store) Loads(ctx context.Context) (map[string]int, error) {
	return read(ctx, s, func() map[string]int {
		loads := map[string]int{}
		for _, c := range s.conversations {
			if c.Service.Phase == bot.WithAgent && c.State == bot.StateOpen {
				loads[c.Service.Owner]++
			}
		}
		return loads
	})
}

// BadRatings returns the ratings from the moment on that say that nothing was
// solved, or that give two stars at most, of conversations that an agent had; the
// last ones first, at most limit.
func (s *Store) BadRatings(ctx context.Context, since time.Time, limit int) ([]bot.Rating, error) {
	return read(ctx, s, func() []bot.Rating {
		return sorted(s.ratings, limit, func(r bot.Rating) bool {
			bad := r.Stars == 1 || r.Stars == 2 || r.Solved != nil && !*r.Solved
			return bad && !r.At.Before(millisecond(since)) && s.conversations[r.Conversation].Service.Owner != ""
		}, func(a, b bot.Rating) int {
			return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Conversation, a.Conversation))
		})
	})
}

// Of returns the conversations of a visitor, those opened last first.
func (s *Store) Of(ctx context.Context, v bot.Visitor, limit int) ([]bot.Conversation, error) {
	return read(ctx, s, func() []bot.Conversation {
		return sorted(s.conversations, limit, func(c bot.Conversation) bool { return c.Visitor.Key() == v.Key() },
			func(a, b bot.Conversation) int { return byOpening(b, a) })
	})
}

// Groups returns all groups in order of their ids.
func (s *Store) Groups(ctx context.Context) ([]bot.Group, error) {
	return read(ctx, s, func() []bot.Group {
		return sorted(s.groups, all, every, func(a, b bot.Group) int { return cmp.Compare(a.ID, b.ID) })
	})
}

// unchanged returns bot.ErrConflict if the one that is there is not as it was at
// UpdatedAt was, or if there is one that should be new.
func unchanged(there bool, updated, was time.Time) error {
	if there == was.IsZero() || there && !updated.Equal(millisecond(was)) {
		return bot.ErrConflict
	}
	return nil
}

// PutGroup stores a group that is new, for which was is zero, or that is still as
// it was at UpdatedAt was; else it fails with bot.ErrConflict.
func (s *Store) PutGroup(ctx context.Context, g bot.Group, was time.Time) error {
	return s.change(ctx, "store a skill group", func() error {
		if err := g.Validate(); err != nil {
			return err
		}
		old, there := s.groups[g.ID]
		if err := unchanged(there, old.UpdatedAt, was); err != nil {
			return err
		}
		g = clone(g)
		g.UpdatedAt = millisecond(g.UpdatedAt)
		s.groups[g.ID] = g
		return nil
	})
}

// DropGroup removes a group, or returns bot.ErrNotFound.
func (s *Store) DropGroup(ctx context.Context, id string) error {
	return s.change(ctx, "remove a skill group", func() error { return drop(s.groups, id) })
}

// Seats returns all seats in order of their agents.
func (s *Store) Seats(ctx context.Context) ([]bot.Seat, error) {
	return read(ctx, s, func() []bot.Seat {
		return sorted(s.seats, all, every, func(a, b bot.Seat) int { return cmp.Compare(a.Agent, b.Agent) })
	})
}

// PutSeat sets up a seat: nick, groups and Most; the presence stays. The first
// time it is offline, since UpdatedAt.
func (s *Store) PutSeat(ctx context.Context, seat bot.Seat) error {
	return s.change(ctx, "store a seat", func() error {
		if err := seat.Validate(); err != nil {
			return err
		}
		seat = clone(seat)
		seat.UpdatedAt = millisecond(seat.UpdatedAt)
		if old, there := s.seats[seat.Agent]; there {
			seat.Presence, seat.Since, seat.SeenAt = old.Presence, old.Since, old.SeenAt
		} else {
			seat.Presence, seat.Since, seat.SeenAt = bot.Offline, seat.UpdatedAt, time.Time{}
		}
		s.seats[seat.Agent] = seat
		return nil
	})
}

// SetPresence changes the state of an agent and writes it to the log, if it is
// still From; else it fails with bot.ErrConflict.
func (s *Store) SetPresence(ctx context.Context, c bot.PresenceChange) error {
	return s.change(ctx, "change the state of an agent", func() error {
		if err := c.Validate(); err != nil {
			return err
		}
		seat, there := s.seats[c.Agent]
		if !there || seat.Presence != c.From {
			return bot.ErrConflict
		}
		c.At = millisecond(c.At)
		seat.Presence, seat.Since = c.To, c.At
		s.seats[c.Agent] = seat
		s.presence = append(s.presence, c)
		return nil
	})
}

// Seen records signs of life of agents; it never goes back.
func (s *Store) Seen(ctx context.Context, at time.Time, agents ...string) error {
	return s.change(ctx, "record who is there", func() error {
		for _, agent := range agents {
			if seat, there := s.seats[agent]; there && seat.SeenAt.Before(millisecond(at)) {
				seat.SeenAt = millisecond(at)
				s.seats[agent] = seat
			}
		}
		return nil
	})
}

// PresenceLog returns the changes of an agent from since to before until, in the
// order in which they were made.
func (s *Store) PresenceLog(ctx context.Context, agent string, since, until time.Time) ([]bot.PresenceChange, error) {
	return read(ctx, s, func() (log []bot.PresenceChange) {
		for _, c := range s.presence {
			if c.Agent == agent && !c.At.Before(millisecond(since)) && c.At.Before(millisecond(until)) {
				log = append(log, c)
			}
		}
		return log
	})
}
