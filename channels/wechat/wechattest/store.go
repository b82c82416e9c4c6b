// Package wechattest helps to test what uses or implements wechat.Store: a fake
// with real behaviour, and the conformance suite that every store must pass.
package wechattest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"faqbot/channels/wechat"
)

// Store is a wechat.Store in memory. It keeps every promise of the interface except
// that of outliving the process, is safe for concurrent use, and passes the suite.
// It needs no clock: callers say what time it is.
type Store struct {
	mu        sync.Mutex // protects the fields below
	accounts  map[string]wechat.Account
	callbacks map[key]wechat.Callback
	followers map[key]wechat.Follower
	parts     map[partKey]part
	open      map[partKey]bool // those of the parts that are open
	places    map[string]int   // of the conversations that have parts
	tokens    map[string]token
	media     map[key]wechat.Media
	failures  []wechat.Failure
}

var _ wechat.Store = (*Store)(nil)

// key names something in an account.
type key struct{ account, id string }

// token is a token and the lease on it. Version 0 means that there is only that.
type token struct {
	wechat.Token
	node        string
	leasedUntil time.Time
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		accounts: map[string]wechat.Account{}, callbacks: map[key]wechat.Callback{}, followers: map[key]wechat.Follower{},
		parts: map[partKey]part{}, open: map[partKey]bool{}, places: map[string]int{},
		tokens: map[string]token{}, media: map[key]wechat.Media{},
	}
}

// begin takes the store for one call, which must unlock it if there is no error.
// None is taken whose context has ended or that found something wrong before.
func (s *Store) begin(ctx context.Context, doing string, wrong ...error) error {
	for _, err := range append(wrong, ctx.Err()) {
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	s.mu.Lock()
	return nil
}

// millis is the time as stores keep it.
func millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// clone copies all that a value holds, as JSON does.
func clone[T any](v T) (copied T) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		panic(err) // the types have nothing that JSON cannot say
	}
	return copied
}

// first returns at most limit of them.
func first[T any](found []T, limit int) []T { return found[:min(len(found), max(limit, 0))] }

func found[T any](doing string, v T, ok bool) (T, error) {
	if !ok {
		return v, fmt.Errorf("%s: %w", doing, wechat.ErrNotFound)
	}
	return v, nil
}

func copyAccount(a wechat.Account) wechat.Account {
	a.Events, a.Menu, a.UpdatedAt = clone(a.Events), clone(a.Menu), millis(a.UpdatedAt)
	return a
}

// Accounts returns all accounts, in order of their ids.
func (s *Store) Accounts(ctx context.Context) (all []wechat.Account, err error) {
	if err := s.begin(ctx, "read the accounts"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		all = append(all, copyAccount(s.accounts[id]))
	}
	return all, nil
}

// PutAccount adds an account whose Version is 0, or replaces the one that has this
// Version; else wechat.ErrConflict.
func (s *Store) PutAccount(ctx context.Context, a wechat.Account) error {
	const doing = "store an account"
	err := s.begin(ctx, doing, wechat.CheckKeys(a.ID),
		wechat.CheckTexts(a.Name, string(a.Kind), a.AppID, string(a.Mode), a.Region, a.Level))
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.accounts[a.ID].Version != a.Version {
		return fmt.Errorf("%s: %w", doing, wechat.ErrConflict)
	}
	a.Version++
	s.accounts[a.ID] = copyAccount(a)
	return nil
}

// DropAccount removes an account with its token, media and failures, or returns
// wechat.ErrNotFound.
func (s *Store) DropAccount(ctx context.Context, id string) error {
	const doing = "remove an account"
	if err := s.begin(ctx, doing); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if _, ok := s.accounts[id]; !ok {
		return fmt.Errorf("%s: %w", doing, wechat.ErrNotFound)
	}
	delete(s.accounts, id)
	delete(s.tokens, id)
	maps.DeleteFunc(s.media, func(k key, _ wechat.Media) bool { return k.account == id })
	s.failures = slices.DeleteFunc(s.failures, func(f wechat.Failure) bool { return f.Account == id })
	return nil
}

// Token returns the token of an account, or wechat.ErrNotFound.
func (s *Store) Token(ctx context.Context, account string) (wechat.Token, error) {
	const doing = "read a token"
	if err := s.begin(ctx, doing); err != nil {
		return wechat.Token{}, err
	}
	defer s.mu.Unlock()
	t := s.tokens[account].Token
	return found(doing, t, t.Version > 0)
}

// Lease reports whether the node is the one to fetch a new token, until the time.
func (s *Store) Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error) {
	if err := s.begin(ctx, "lease a token", wechat.CheckKeys(account), wechat.CheckTexts(node)); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	t := s.tokens[account]
	if t.node != node && t.leasedUntil.After(millis(now)) {
		return false, nil
	}
	t.node, t.leasedUntil = node, millis(until)
	s.tokens[account] = t
	return true, nil
}

// PutToken stores a token, whose Version is one more than that of the last, and
// ends the lease.
func (s *Store) PutToken(ctx context.Context, t wechat.Token) error {
	if err := s.begin(ctx, "store a token", wechat.CheckKeys(t.Account)); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t.Version, t.Until = s.tokens[t.Account].Version+1, millis(t.Until)
	s.tokens[t.Account] = token{Token: t}
	return nil
}

// Media returns what was uploaded of a picture, or wechat.ErrNotFound.
func (s *Store) Media(ctx context.Context, account, hash string) (wechat.Media, error) {
	const doing = "read a picture's id"
	if err := s.begin(ctx, doing); err != nil {
		return wechat.Media{}, err
	}
	defer s.mu.Unlock()
	m, ok := s.media[key{account, hash}]
	return found(doing, m, ok)
}

// PutMedia stores what was uploaded, in place of what was before.
func (s *Store) PutMedia(ctx context.Context, m wechat.Media) error {
	if err := s.begin(ctx, "store a picture's id", wechat.CheckKeys(m.Account, m.Hash), wechat.CheckTexts(m.ID)); err != nil {
		return err
	}
	defer s.mu.Unlock()
	m.Until = millis(m.Until)
	s.media[key{m.Account, m.Hash}] = m
	return nil
}

// keptFailures is how many are kept of each account.
const keptFailures = 1000

// AddFailure adds one, unless it is there, and drops all but the last thousand of
// the account.
func (s *Store) AddFailure(ctx context.Context, f wechat.Failure) error {
	err := s.begin(ctx, "record an error of the platform", wechat.CheckKeys(f.ID, f.Account), wechat.CheckTexts(f.API, f.Text))
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.failures, func(other wechat.Failure) bool { return other.ID == f.ID }) {
		return nil
	}
	f.At = millis(f.At)
	s.failures = append(s.failures, f)
	slices.SortFunc(s.failures, latestFirst)
	kept := 0
	s.failures = slices.DeleteFunc(s.failures, func(other wechat.Failure) bool {
		if other.Account == f.Account {
			kept++
		}
		return other.Account == f.Account && kept > keptFailures
	})
	return nil
}

func latestFirst(a, b wechat.Failure) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) }

// Failures returns the latest first.
func (s *Store) Failures(ctx context.Context, account string, limit int) (all []wechat.Failure, err error) {
	if err := s.begin(ctx, "read the errors of the platform"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, f := range s.failures {
		if f.Account == account {
			all = append(all, f)
		}
	}
	return first(all, limit), nil
}
