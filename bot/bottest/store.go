// Package bottest helps to test what uses or implements bot.Store and the stores
// beside it: a fake of all of them with real behaviour, and the conformance suites
// that every store must pass.
package bottest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"faqbot/bot"
)

// Store is a bot.Store, and all the others, in memory. It keeps every promise of
// the interfaces except that of outliving the process, and passes the suites.
type Store struct {
	mu sync.Mutex // protects the fields below
	state
	desk
}

// state is all that is stored.
type state struct {
	undo          []func() // takes back the turns that are being stored, last first
	conversations map[string]bot.Conversation
	messages      map[string][]bot.Message // by conversation, in order
	sent          map[sent]place
	traces        map[place]bot.TurnTrace
	verdicts      map[verdictKey]bot.Verdict
	leaves        []bot.LeaveTask
	ratings       map[string]bot.Rating
	blocks        map[string]bot.Block // by visitor
}

type sent struct{ sender, clientID string }

type place struct {
	conversation string
	seq          int64
}

type verdictKey struct {
	place
	kind bot.VerdictKind
}

var _ bot.Store = (*Store)(nil)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{state: state{
		conversations: map[string]bot.Conversation{}, messages: map[string][]bot.Message{}, sent: map[sent]place{},
		traces: map[place]bot.TurnTrace{}, verdicts: map[verdictKey]bot.Verdict{}, ratings: map[string]bot.Rating{}, blocks: map[string]bot.Block{},
	}, desk: newDesk()}
}

// set sets an element of a map of the state, so that back can take it back.
func set[K comparable, V any](s *state, m map[K]V, key K, value V) {
	old, was := m[key]
	s.undo = append(s.undo, func() {
		if was {
			m[key] = old
		} else {
			delete(m, key)
		}
	})
	m[key] = value
}

// back takes back what was set since the last success.
func (s *state) back() {
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
}

// Commit stores the turns, all of them or none, in their order.
func (s *Store) Commit(ctx context.Context, turns ...bot.Turn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for i := range turns {
		if err := turns[i].Validate(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	s.undo = nil
	for i := range turns {
		if err := s.apply(stored(turns[i])); err != nil {
			s.back()
			return fmt.Errorf("commit: %w", err)
		}
	}
	return nil
}

// apply does the turn, or part of it if it fails.
func (s *state) apply(t bot.Turn) error {
	c, visitor := t.Conversation, t.Conversation.Visitor.Key()
	old, exists := s.conversations[c.ID]
	if exists != (t.Was > 0) || exists && (old.Seq != t.Was || old.Visitor.Key() != visitor) {
		return fmt.Errorf("conversation %q is at %d, not at %d: %w", c.ID, old.Seq, t.Was, bot.ErrConflict)
	}
	if c.State == bot.StateOpen {
		if current, ok := s.current(visitor); ok && current.ID != c.ID {
			return fmt.Errorf("visitor %q has the open conversation %q: %w", visitor, current.ID, bot.ErrConflict)
		}
	}
	c.Read = max(0, old.Read, min(c.Read, c.Seq))
	if exists {
		c.Visitor, c.OpenedAt = old.Visitor, old.OpenedAt
	}
	set(s, s.conversations, c.ID, c)
	for _, m := range t.Messages {
		if m.ClientID == "" {
			continue
		}
		key := sent{m.Sender(c.Visitor), m.ClientID}
		if _, taken := s.sent[key]; taken {
			return fmt.Errorf("client id %q is in use: %w", m.ClientID, bot.ErrConflict)
		}
		set(s, s.sent, key, place{c.ID, m.Seq})
	}
	set(s, s.messages, c.ID, append(s.messages[c.ID], t.Messages...))
	return s.applyRest(t)
}

// applyRest stores what is beside the messages.
func (s *state) applyRest(t bot.Turn) error {
	if t.Trace != nil {
		at := place{t.Trace.Conversation, t.Trace.Seq}
		if _, taken := s.traces[at]; taken {
			return fmt.Errorf("message %d has a trace: %w", at.seq, bot.ErrConflict)
		}
		set(s, s.traces, at, *t.Trace)
	}
	if v := t.Verdict; v != nil {
		set(s, s.verdicts, verdictKey{place{v.Conversation, v.Seq}, v.Kind}, *v)
	}
	if t.Leave != nil {
		if s.leave(t.Leave.ID) >= 0 {
			return fmt.Errorf("leave-message %q is there: %w", t.Leave.ID, bot.ErrConflict)
		}
		before := s.leaves
		s.undo = append(s.undo, func() { s.leaves = before })
		s.leaves = append(s.leaves, bot.LeaveTask{Leave: *t.Leave})
	}
	if t.Rating != nil {
		if _, rated := s.ratings[t.Rating.Conversation]; rated {
			return fmt.Errorf("conversation %q is rated: %w", t.Rating.Conversation, bot.ErrConflict)
		}
		set(s, s.ratings, t.Rating.Conversation, *t.Rating)
	}
	return nil
}

func (s *state) current(visitor string) (bot.Conversation, bool) {
	for _, c := range s.conversations {
		if c.State == bot.StateOpen && c.Visitor.Key() == visitor {
			return c, true
		}
	}
	return bot.Conversation{}, false
}

func (s *state) leave(id string) int {
	return slices.IndexFunc(s.leaves, func(l bot.LeaveTask) bool { return l.ID == id })
}

// MarkRead records that the visitor has seen the messages up to seq, or all if
// there are not so many; it never goes back.
func (s *Store) MarkRead(ctx context.Context, conversation string, seq int64) error {
	c, err := s.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c = s.conversations[c.ID]
	c.Read = max(c.Read, min(seq, c.Seq))
	s.conversations[c.ID] = c
	return nil
}

// read runs find, which looks at what is stored.
func read[T any](ctx context.Context, s *Store, find func() T) (T, error) {
	if err := ctx.Err(); err != nil {
		return *new(T), fmt.Errorf("read: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return clone(find()), nil
}

// lookup is read for what may not be there.
func lookup[T any](ctx context.Context, s *Store, find func() (T, bool)) (T, error) {
	ok := false
	found, err := read(ctx, s, func() (found T) {
		found, ok = find()
		return found
	})
	if err == nil && !ok {
		err = fmt.Errorf("read: %w", bot.ErrNotFound)
	}
	return found, err
}

// Current returns the open conversation of the visitor, or bot.ErrNotFound.
func (s *Store) Current(ctx context.Context, v bot.Visitor) (bot.Conversation, error) {
	return lookup(ctx, s, func() (bot.Conversation, bool) { return s.current(v.Key()) })
}

// Conversation returns the conversation with the id, or bot.ErrNotFound.
func (s *Store) Conversation(ctx context.Context, id string) (bot.Conversation, error) {
	return lookup(ctx, s, func() (bot.Conversation, bool) {
		c, ok := s.conversations[id]
		return c, ok
	})
}

// byOpening orders conversations by when they were opened.
func byOpening(a, b bot.Conversation) int {
	return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
}

// Previous returns the visitor's conversation that was opened last before the
// one with the id, or of all if the id is empty, or bot.ErrNotFound.
func (s *Store) Previous(ctx context.Context, v bot.Visitor, id string) (bot.Conversation, error) {
	return lookup(ctx, s, func() (last bot.Conversation, ok bool) {
		limit, known := s.conversations[id]
		if id != "" && (!known || limit.Visitor.Key() != v.Key()) {
			return last, false
		}
		for _, c := range s.conversations {
			if c.Visitor.Key() != v.Key() || id != "" && byOpening(c, limit) >= 0 {
				continue
			}
			if !ok || byOpening(c, last) > 0 {
				last, ok = c, true
			}
		}
		return last, ok
	})
}

// Sent returns the message that the sender, a bot.Visitor.Key or bot.AgentKey,
// sent with the client id, in whichever conversation, or bot.ErrNotFound.
func (s *Store) Sent(ctx context.Context, sender, clientID string) (bot.Message, error) {
	return lookup(ctx, s, func() (bot.Message, bool) {
		at, ok := s.sent[sent{sender, clientID}]
		if !ok {
			return bot.Message{}, false
		}
		return s.messages[at.conversation][at.seq-1], true
	})
}

// After returns the first messages after the one with the number, in order, at
// most limit.
func (s *Store) After(ctx context.Context, conversation string, seq int64, limit int) ([]bot.Message, error) {
	return read(ctx, s, func() []bot.Message {
		all := s.messages[conversation]
		from := min(max(0, seq), int64(len(all)))
		return all[from:min(from+int64(max(limit, 0)), int64(len(all)))]
	})
}

// Before returns the last messages before the one with the number, in order, at
// most limit.
func (s *Store) Before(ctx context.Context, conversation string, seq int64, limit int) ([]bot.Message, error) {
	return read(ctx, s, func() []bot.Message {
		all := s.messages[conversation]
		to := max(0, min(seq-1, int64(len(all))))
		return all[max(0, to-int64(max(limit, 0))):to]
	})
}

// Changed returns the conversations that were written at the moment or later, by
// the clock of those who wrote them, the oldest first.
func (s *Store) Changed(ctx context.Context, since time.Time) ([]bot.Hint, error) {
	return read(ctx, s, func() (hints []bot.Hint) {
		changed := slices.SortedFunc(maps.Values(s.conversations), func(a, b bot.Conversation) int {
			return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.ID, b.ID))
		})
		for _, c := range changed {
			if !c.UpdatedAt.Before(millisecond(since)) {
				hints = append(hints, bot.Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Seq: c.Seq})
			}
		}
		return hints
	})
}

// Conversations visits all conversations in order of their ids.
func (s *Store) Conversations(ctx context.Context, visit func(bot.Conversation) error) error {
	all, err := read(ctx, s, func() []bot.Conversation {
		return slices.SortedFunc(maps.Values(s.conversations), func(a, b bot.Conversation) int { return cmp.Compare(a.ID, b.ID) })
	})
	for _, c := range all {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			break
		}
		err = visit(c)
	}
	if err != nil {
		return fmt.Errorf("read all conversations: %w", err)
	}
	return nil
}

// Leaves returns the leave-messages in the order they came, those after the one
// with the id, at most limit; an empty id begins at the first, an unknown one is
// bot.ErrNotFound.
func (s *Store) Leaves(ctx context.Context, after string, limit int) ([]bot.Leave, error) {
	return lookup(ctx, s, func() (leaves []bot.Leave, ok bool) {
		from := 0
		if after != "" {
			from = s.leave(after) + 1
		}
		for _, l := range s.leaves[from:min(from+max(limit, 0), len(s.leaves))] {
			leaves = append(leaves, l.Leave)
		}
		return leaves, after == "" || from > 0
	})
}

// Traces returns what led to the replies of a conversation, in order.
func (s *Store) Traces(ctx context.Context, conversation string) ([]bot.TurnTrace, error) {
	return read(ctx, s, func() (traces []bot.TurnTrace) {
		for at, t := range s.traces {
			if at.conversation == conversation {
				traces = append(traces, t)
			}
		}
		slices.SortFunc(traces, func(a, b bot.TurnTrace) int { return cmp.Compare(a.Seq, b.Seq) })
		return traces
	})
}

// Verdicts returns what the visitor said about the answers of a conversation, by
// number of the answer.
func (s *Store) Verdicts(ctx context.Context, conversation string) ([]bot.Verdict, error) {
	return read(ctx, s, func() (verdicts []bot.Verdict) {
		for at, v := range s.verdicts {
			if at.conversation == conversation {
				verdicts = append(verdicts, v)
			}
		}
		slices.SortFunc(verdicts, func(a, b bot.Verdict) int {
			return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Kind, b.Kind))
		})
		return verdicts
	})
}

// Rating returns the visitor's rating of a conversation, or bot.ErrNotFound.
func (s *Store) Rating(ctx context.Context, conversation string) (bot.Rating, error) {
	return lookup(ctx, s, func() (bot.Rating, bool) {
		r, ok := s.ratings[conversation]
		return r, ok
	})
}

// clone returns a copy that shares nothing, as it comes back from a database:
// empty lists are no lists.
func clone[T any](v T) (copied T) {
	text, err := json.Marshal(v)
	if err = errors.Join(err, json.Unmarshal(text, &copied)); err != nil {
		panic(err) // all that is stored can be encoded
	}
	return copied
}

// stored returns the turn as a store keeps it: of its own, and with times in
// milliseconds.
func stored(t bot.Turn) bot.Turn {
	t = clone(t)
	times := []*time.Time{&t.Conversation.OpenedAt, &t.Conversation.UpdatedAt, &t.Conversation.ClosedAt}
	for i := range t.Messages {
		times = append(times, &t.Messages[i].At)
	}
	if t.Trace != nil {
		times = append(times, &t.Trace.At)
	}
	if t.Verdict != nil {
		times = append(times, &t.Verdict.At)
	}
	if t.Leave != nil {
		times = append(times, &t.Leave.At)
	}
	if t.Rating != nil {
		times = append(times, &t.Rating.At)
	}
	for _, at := range times {
		*at = millisecond(*at)
	}
	return t
}

func millisecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
