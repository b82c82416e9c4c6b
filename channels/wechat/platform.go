package wechat

import (
	"context"
	"errors"
	"time"

	"faqbot/channels/wechat/api"
)

// Platform returns what makes the clients of accounts, which share their tokens and
// note their failures in the store. What all of them have in common is in c.
func Platform(c api.Config, store Store) func(Account) API {
	return func(a Account) API {
		c := c
		c.Account, c.AppID, c.Secret = a.ID, a.AppID, a.Secret
		c.Tokens, c.Failures = sharedTokens{store}, notedFailures{store}
		return api.New(c)
	}
}

// sharedTokens is a TokenStore as clients see it.
type sharedTokens struct{ store TokenStore }

func (s sharedTokens) Token(ctx context.Context, account string) (api.Token, error) {
	t, err := s.store.Token(ctx, account)
	if errors.Is(err, ErrNotFound) {
		return api.Token{}, nil
	}
	return api.Token(t), err
}

func (s sharedTokens) Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error) {
	return s.store.Lease(ctx, account, node, now, until)
}

func (s sharedTokens) PutToken(ctx context.Context, t api.Token) error {
	return s.store.PutToken(ctx, Token(t))
}

// notedFailures is a FailureStore as clients see it.
type notedFailures struct{ store FailureStore }

func (s notedFailures) AddFailure(ctx context.Context, f api.Failure) error {
	return s.store.AddFailure(ctx, Failure(f))
}
