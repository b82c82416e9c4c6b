package wechattest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"faqbot/channels/wechat"
)

// partKey names a part.
type partKey struct {
	conversation string
	seq          int64
	part         int
}

// part is an Outgoing with the place of its conversation among those of the
// follower.
type part struct {
	wechat.Outgoing
	place int
}

func keyOf(p wechat.Outgoing) partKey { return partKey{p.Conversation, p.Seq, p.Part} }

func isOpen(p wechat.Outgoing) bool {
	return p.State == wechat.Waiting || p.State == wechat.Sending || p.State == wechat.Kept
}

func copyFollower(f wechat.Follower) wechat.Follower {
	f.Choices, f.HeardAt, f.Allowance.Until = clone(f.Choices), millis(f.HeardAt), millis(f.Allowance.Until)
	return f
}

func copyPart(p wechat.Outgoing) wechat.Outgoing {
	p.Content, p.Due, p.ChangedAt = bytes.Clone(p.Content), millis(p.Due), millis(p.ChangedAt)
	return p
}

// Follower returns one, or wechat.ErrNotFound.
func (s *Store) Follower(ctx context.Context, account, openID string) (wechat.Follower, error) {
	const doing = "read a follower"
	if err := s.begin(ctx, doing); err != nil {
		return wechat.Follower{}, err
	}
	defer s.mu.Unlock()
	f, ok := s.followers[key{account, openID}]
	return found(doing, copyFollower(f), ok)
}

// Step stores the follower with the next Version, adds parts and changes parts, or
// returns wechat.ErrConflict and does nothing.
func (s *Store) Step(ctx context.Context, f wechat.Follower, add, change []wechat.Outgoing) error {
	const doing = "go on with a follower"
	if err := s.begin(ctx, doing, wechat.CheckStep(f, add...), wechat.CheckStep(f, change...)); err != nil {
		return err
	}
	defer s.mu.Unlock()
	at := key{f.Account, f.OpenID}
	if s.followers[at].Version != f.Version {
		return fmt.Errorf("%s: %w", doing, wechat.ErrConflict)
	}
	next, ok := s.next(add, change)
	if !ok {
		return fmt.Errorf("%s: %w", doing, wechat.ErrConflict)
	}
	f.Version++
	s.followers[at] = copyFollower(f)
	for _, p := range next {
		s.put(p)
	}
	return nil
}

// next returns the parts as they will be, or false if one to add is there or one
// to change is not.
func (s *Store) next(add, change []wechat.Outgoing) (next []part, ok bool) {
	coming := map[partKey]part{}
	for _, p := range add {
		_, there := s.parts[keyOf(p)]
		_, twice := coming[keyOf(p)]
		if there || twice {
			return nil, false
		}
		coming[keyOf(p)] = part{Outgoing: copyPart(p)} // put gives it its place
		next = append(next, coming[keyOf(p)])
	}
	for _, p := range change {
		old, there := s.parts[keyOf(p)]
		if !there {
			old, there = coming[keyOf(p)]
		}
		if !there || old.Account != p.Account || old.OpenID != p.OpenID {
			return nil, false
		}
		next = append(next, part{copyPart(p), old.place})
	}
	return next, true
}

// put stores a part.
func (s *Store) put(p part) {
	if p.place == 0 {
		p.place = s.placeOf(p.Outgoing)
	}
	at := keyOf(p.Outgoing)
	s.parts[at], s.places[p.Conversation] = p, p.place
	if isOpen(p.Outgoing) {
		s.open[at] = true
	} else {
		delete(s.open, at)
	}
}

// placeOf returns the place of the part's conversation, or the one after those that
// are open.
func (s *Store) placeOf(p wechat.Outgoing) int {
	if place, ok := s.places[p.Conversation]; ok {
		return place
	}
	last := 0
	for at := range s.open {
		if other := s.parts[at]; other.Account == p.Account && other.OpenID == p.OpenID {
			last = max(last, other.place)
		}
	}
	return last + 1
}

// Open returns a follower's parts that are open, in order of Conversation as
// added, Seq, Part.
func (s *Store) Open(ctx context.Context, account, openID string) ([]wechat.Outgoing, error) {
	if err := s.begin(ctx, "read the open parts"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []part
	for at := range s.open {
		if p := s.parts[at]; p.Account == account && p.OpenID == openID {
			all = append(all, p)
		}
	}
	return inOrder(all), nil
}

func inOrder(parts []part) []wechat.Outgoing {
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Part, b.Part))
	})
	ordered := make([]wechat.Outgoing, len(parts))
	for i, p := range parts {
		ordered[i] = copyPart(p.Outgoing)
	}
	return ordered
}

// Parts returns all parts of the messages of a conversation from one to another,
// both with it, in order.
func (s *Store) Parts(ctx context.Context, conversation string, from, to int64) ([]wechat.Outgoing, error) {
	if err := s.begin(ctx, "read parts"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []part
	for at, p := range s.parts {
		if at.conversation == conversation && from <= at.seq && at.seq <= to {
			all = append(all, p)
		}
	}
	return inOrder(all), nil
}

// DueFollowers returns Account and OpenID of followers with parts that are Waiting
// and due, or Sending since before stuck; those with the oldest first.
func (s *Store) DueFollowers(ctx context.Context, now, stuck time.Time, limit int) ([]wechat.Follower, error) {
	if err := s.begin(ctx, "look for followers with due parts"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	since := map[key]time.Time{}
	for at := range s.open {
		p := s.parts[at]
		begun := p.Due
		switch {
		case p.State == wechat.Waiting && !p.Due.After(millis(now)):
		case p.State == wechat.Sending && p.ChangedAt.Before(millis(stuck)):
			begun = p.ChangedAt
		default:
			continue
		}
		who := key{p.Account, p.OpenID}
		if earlier, ok := since[who]; !ok || begun.Before(earlier) {
			since[who] = begun
		}
	}
	return first(oldestFirst(since), limit), nil
}

func oldestFirst(since map[key]time.Time) (followers []wechat.Follower) {
	for who := range since {
		followers = append(followers, wechat.Follower{Account: who.account, OpenID: who.id})
	}
	slices.SortFunc(followers, func(a, b wechat.Follower) int {
		return cmp.Or(since[key{a.Account, a.OpenID}].Compare(since[key{b.Account, b.OpenID}]),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.OpenID, b.OpenID))
	})
	return followers
}
