package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	apiToken = "stable_token"

	// early is how long before its end a token is renewed. In its last five minutes
	// the platform gives a new one and lets the old one live on; before, it would
	// give the same again.
	early = 5*time.Minute - 10*time.Second
	// leased is how long a node may take to renew it: longer than a call takes.
	leased = 30 * time.Second
	// patience is how long a call may be held up by a renewal that has time yet, and
	// pause how long it is left alone if that did not work.
	patience = 3 * time.Second
	pause    = 30 * time.Second
	// glance is how often a node that has no token looks whether another has got it.
	glance = 50 * time.Millisecond
	// forcedEvery is how far apart forced renewals must be.
	forcedEvery = 30 * time.Second
)

// Token is the platform's word that we may use its API. Version counts the tokens
// of an account.
type Token struct {
	Account string
	Value   string
	Until   time.Time
	Version int64
}

// Tokens shares the tokens among nodes.
type Tokens interface {
	// Token returns the account's token, or the zero Token.
	Token(ctx context.Context, account string) (Token, error)
	// Lease reports whether the node may fetch a new token, until that time; it may
	// not while the lease of another holds. A lease until now ends it.
	Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error)
	// PutToken stores a token with the next Version and ends the lease.
	PutToken(ctx context.Context, t Token) error
}

// tokens gives out an account's token: from memory, from other nodes, or a new one.
type tokens struct {
	config Config
	fetch  func(ctx context.Context, force bool) (value string, life time.Duration, err error)
	turn   chan struct{} // who puts something in may renew

	mu       sync.Mutex // guards all below
	current  Token
	bad      int64     // tokens up to this Version were refused
	refusals int       // in a row
	forced   time.Time // when it was renewed by force
	tried    time.Time // when it was tried to renew it ahead of time
}

// get returns a token that is good as far as we know.
func (s *tokens) get(ctx context.Context) (Token, error) {
	if t := s.cached(); s.good(t, 0) {
		if !s.good(t, early) {
			t = s.ahead(ctx, t)
		}
		return t, nil
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return Token{}, fmt.Errorf("wait for a token: %w", ctx.Err())
	}
	defer func() { <-s.turn }()
	for {
		if t, err := s.renew(ctx); err != nil || s.good(t, 0) {
			return t, err
		}
		select { // another node is fetching it
		case <-time.After(glance):
		case <-ctx.Done():
			return Token{}, fmt.Errorf("wait for another node's token: %w", ctx.Err())
		}
	}
}

// ahead renews a token that is still good, unless somebody does already. If it
// cannot be done now, the old one it is.
func (s *tokens) ahead(ctx context.Context, old Token) Token {
	if !s.due() {
		return old
	}
	select {
	case s.turn <- struct{}{}:
	default:
		return old
	}
	defer func() { <-s.turn }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t, err := s.renew(ctx)
	if err != nil {
		s.config.Log.Warn("the token cannot be renewed yet", zap.String("account", s.config.Account), zap.Error(err))
	}
	if err != nil || !s.good(t, 0) {
		return old
	}
	return t
}

// due reports, once in a while, that a renewal may be tried.
func (s *tokens) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	if now.Sub(s.tried) < pause {
		return false
	}
	s.tried = now
	return true
}

// renew returns a token that lasts: another's, or a new one if no other node is
// about to fetch it. If one is, it returns what there is, which may not be good.
func (s *tokens) renew(ctx context.Context) (Token, error) {
	if t := s.cached(); s.good(t, early) {
		return t, nil
	}
	t := s.shared(ctx)
	if s.good(t, early) {
		return t, nil
	}
	now := s.config.Now()
	switch mine, err := s.config.Tokens.Lease(ctx, s.config.Account, s.config.Node, now, now.Add(leased)); {
	case err != nil:
		return Token{}, fmt.Errorf("lease the token: %w", err)
	case !mine:
		return t, nil
	default:
		return s.replace(ctx)
	}
}

// replace fetches and shares a new token, unless somebody did so before the lease
// was ours.
func (s *tokens) replace(ctx context.Context) (Token, error) {
	t := s.shared(ctx)
	if s.good(t, early) {
		s.release(ctx)
		return t, nil
	}
	now := s.config.Now()
	value, life, err := s.fetch(ctx, s.force(now))
	if err != nil {
		s.release(ctx)
		return Token{}, err
	}
	t = s.adopt(Token{Account: s.config.Account, Value: value, Until: now.Add(life), Version: s.next(t)})
	if err := s.config.Tokens.PutToken(ctx, t); err != nil { // it is good all the same
		s.config.Log.Error("the token cannot be shared", zap.String("account", t.Account), zap.Error(err))
		s.release(ctx)
	}
	return t, nil
}

// shared returns the token that nodes share. One that cannot be read is none: a new
// one takes its place.
func (s *tokens) shared(ctx context.Context) Token {
	t, err := s.config.Tokens.Token(ctx, s.config.Account)
	if err != nil {
		s.config.Log.Error("the token cannot be read", zap.String("account", s.config.Account), zap.Error(err))
		return Token{}
	}
	if s.good(t, 0) {
		s.adopt(t)
	}
	return t
}

// release ends the lease, so that others need not wait for its end.
func (s *tokens) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	now := s.config.Now()
	if _, err := s.config.Tokens.Lease(ctx, s.config.Account, s.config.Node, now, now); err != nil {
		s.config.Log.Warn("the lease of a token cannot be ended", zap.String("account", s.config.Account), zap.Error(err))
	}
}

// cached returns the token in memory.
func (s *tokens) cached() Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

func (s *tokens) adopt(t Token) Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = t
	return t
}

// good reports whether a token was not refused and is good for so long yet.
func (s *tokens) good(t Token, rest time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.Value != "" && t.Version > s.bad && s.config.Now().Add(rest).Before(t.Until)
}

// next returns the Version of the token after this one, beyond all that were refused.
func (s *tokens) next(t Token) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(t.Version, s.bad) + 1
}

// refused notes that the platform did not take a token.
func (s *tokens) refused(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Version > s.bad {
		s.bad = t.Version
		s.refusals++
	}
}

// accepted notes that the platform took a token.
func (s *tokens) accepted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = 0
}

// force reports whether the platform must be made to give another token: it refused
// two in a row, the second of which was to replace the first.
func (s *tokens) force(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusals < 2 || now.Sub(s.forced) < forcedEvery {
		return false
	}
	s.forced = now
	return true
}

// fetch asks the platform for a token and how long it lives.
func (c *Client) fetch(ctx context.Context, force bool) (string, time.Duration, error) {
	r, err := post(apiToken, map[string]any{
		"grant_type": "client_credential", "appid": c.config.AppID, "secret": c.config.Secret, "force_refresh": force,
	})
	if err != nil {
		return "", 0, err
	}
	a, err := c.send(ctx, r, "")
	if err != nil {
		return "", 0, err
	}
	var granted struct {
		Value string `json:"access_token"`
		Life  int64  `json:"expires_in"` // in seconds
	}
	if err := json.Unmarshal(a.body, &granted); err != nil || granted.Value == "" || granted.Life <= 0 {
		return "", 0, c.failed(ctx, apiToken, &Error{API: apiToken, Text: "no token in the answer"})
	}
	return granted.Value, time.Duration(granted.Life) * time.Second, nil
}
