package wechattest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"faqbot/channels/wechat"
)

func copyCallback(c wechat.Callback) wechat.Callback {
	c.Raw, c.Reply, c.At = bytes.Clone(c.Raw), bytes.Clone(c.Reply), millis(c.At)
	return c
}

// Take stores a callback, or returns the one with its key and false.
func (s *Store) Take(ctx context.Context, c wechat.Callback) (wechat.Callback, bool, error) {
	err := s.begin(ctx, "store a callback",
		wechat.CheckKeys(c.Account, c.Key, c.OpenID), wechat.CheckTexts(string(c.State), c.Reason))
	if err != nil {
		return wechat.Callback{}, false, err
	}
	defer s.mu.Unlock()
	at := key{c.Account, c.Key}
	if kept, ok := s.callbacks[at]; ok {
		return copyCallback(kept), false, nil
	}
	s.callbacks[at] = copyCallback(c)
	return copyCallback(c), true, nil
}

// Callback returns one by its key, or wechat.ErrNotFound.
func (s *Store) Callback(ctx context.Context, account, id string) (wechat.Callback, error) {
	const doing = "read a callback"
	if err := s.begin(ctx, doing); err != nil {
		return wechat.Callback{}, err
	}
	defer s.mu.Unlock()
	c, ok := s.callbacks[key{account, id}]
	return found(doing, copyCallback(c), ok)
}

// Finish sets State, Reason and Reply, or returns wechat.ErrNotFound.
func (s *Store) Finish(ctx context.Context, c wechat.Callback) error {
	const doing = "finish a callback"
	if err := s.begin(ctx, doing, wechat.CheckTexts(string(c.State), c.Reason)); err != nil {
		return err
	}
	defer s.mu.Unlock()
	at := key{c.Account, c.Key}
	kept, ok := s.callbacks[at]
	if !ok {
		return fmt.Errorf("%s: %w", doing, wechat.ErrNotFound)
	}
	kept.State, kept.Reason, kept.Reply = c.State, c.Reason, bytes.Clone(c.Reply)
	s.callbacks[at] = kept
	return nil
}

// Unfinished returns those taken before that time and not dealt with, the oldest
// first.
func (s *Store) Unfinished(ctx context.Context, before time.Time, limit int) ([]wechat.Callback, error) {
	all, err := s.callbacksBefore(ctx, "read unfinished callbacks", before, func(c wechat.Callback) bool { return c.State == wechat.Taken })
	return first(all, limit), err
}

// BrokenCallbacks returns those that could not be understood, the latest first, of
// those before that time.
func (s *Store) BrokenCallbacks(ctx context.Context, account string, before time.Time, limit int) ([]wechat.Callback, error) {
	all, err := s.callbacksBefore(ctx, "read broken callbacks", before, func(c wechat.Callback) bool {
		return c.State == wechat.Broken && c.Account == account
	})
	slices.Reverse(all)
	return first(all, limit), err
}

// callbacksBefore returns those of one kind before a time, the oldest first.
func (s *Store) callbacksBefore(ctx context.Context, doing string, before time.Time, is func(wechat.Callback) bool) (all []wechat.Callback, err error) {
	if err := s.begin(ctx, doing); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, c := range s.callbacks {
		if is(c) && c.At.Before(millis(before)) {
			all = append(all, copyCallback(c))
		}
	}
	slices.SortFunc(all, func(a, b wechat.Callback) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key))
	})
	return all, nil
}

// Forget removes callbacks and closed parts that are older.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	if err := s.begin(ctx, "forget what is old"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	maps.DeleteFunc(s.callbacks, func(_ key, c wechat.Callback) bool { return c.At.Before(millis(before)) })
	maps.DeleteFunc(s.parts, func(k partKey, p part) bool { return !s.open[k] && p.ChangedAt.Before(millis(before)) })
	clear(s.places)
	for at, p := range s.parts {
		s.places[at.conversation] = p.place
	}
	return nil
}
