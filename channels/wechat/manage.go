package wechat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"faqbot/channels/wechat/api"
)

// Accounts returns all accounts, with their secrets.
func (c *Channel) Accounts(ctx context.Context) ([]Account, error) {
	all, err := c.store.Accounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	return all, nil
}

// PutAccount adds an account whose Version is 0, or replaces the one that has this
// Version; secrets that are empty stay as they are. Errors: ErrConflict, ErrNotFound
// for one that is gone.
func (c *Channel) PutAccount(ctx context.Context, a Account) error {
	all, err := c.Accounts(ctx)
	if err != nil {
		return err
	}
	var was Account
	if i := slices.IndexFunc(all, func(one Account) bool { return one.ID == a.ID }); i >= 0 {
		was = all[i]
	} else if a.Version != 0 {
		return fmt.Errorf("account %q: %w", a.ID, ErrNotFound)
	}
	a.Secret, a.Token, a.AESKey = cmp.Or(a.Secret, was.Secret), cmp.Or(a.Token, was.Token), cmp.Or(a.AESKey, was.AESKey)
	a.UpdatedAt = c.now()
	if err := c.store.PutAccount(ctx, a); err != nil {
		return fmt.Errorf("store account %q: %w", a.ID, err)
	}
	c.accounts.forget()
	if was.AppID != "" && (was.AppID != a.AppID || was.Secret != a.Secret) {
		return c.voidToken(ctx, a.ID)
	}
	return nil
}

// voidToken has the next call fetch a token: the one that is shared belongs to
// another AppID or secret.
func (c *Channel) voidToken(ctx context.Context, account string) error {
	if err := c.store.PutToken(ctx, Token{Account: account, Until: c.now()}); err != nil {
		return fmt.Errorf("void the token of account %q: %w", account, err)
	}
	return nil
}

// DropAccount removes an account, or returns ErrNotFound. What was said stays.
func (c *Channel) DropAccount(ctx context.Context, id string) error {
	if err := c.store.DropAccount(ctx, id); err != nil {
		return fmt.Errorf("remove account %q: %w", id, err)
	}
	c.accounts.forget()
	return nil
}

// Probe asks the platform whether we may use the account.
func (c *Channel) Probe(ctx context.Context, account string) error {
	client, _, err := c.clientOf(ctx, account)
	if err != nil {
		return err
	}
	if err := client.Probe(ctx); err != nil {
		return fmt.Errorf("try account %q: %w", account, err)
	}
	return nil
}

// PublishMenu puts the menu of an account below its conversations; one without
// buttons takes away what is there.
func (c *Channel) PublishMenu(ctx context.Context, account string) error {
	client, a, err := c.clientOf(ctx, account)
	if err != nil {
		return err
	}
	if len(a.Menu) == 0 {
		err = client.DropMenu(ctx)
	} else {
		err = client.PublishMenu(ctx, buttons(a.Menu))
	}
	if err != nil {
		return fmt.Errorf("publish the menu of account %q: %w", account, err)
	}
	return nil
}

func buttons(menu []Button) []api.Button {
	var all []api.Button
	for _, b := range menu {
		all = append(all, api.Button{Name: b.Name, Key: b.Key, URL: b.URL, Buttons: buttons(b.Buttons)})
	}
	return all
}

// clientOf returns an account as it is now, whatever this node remembers.
func (c *Channel) clientOf(ctx context.Context, account string) (API, Account, error) {
	c.accounts.forget()
	a, err := c.accounts.account(ctx, account, c.now())
	if err != nil {
		return nil, Account{}, err
	}
	return c.accounts.client(a), a, nil
}

// Failures returns the last errors of the platform's API, the latest first.
func (c *Channel) Failures(ctx context.Context, account string, limit int) ([]Failure, error) {
	failures, err := c.store.Failures(ctx, account, limit)
	if err != nil {
		return nil, fmt.Errorf("read the failures of account %q: %w", account, err)
	}
	return failures, nil
}

// Broken returns the last callbacks that could not be understood, the latest first.
func (c *Channel) Broken(ctx context.Context, account string, limit int) ([]Callback, error) {
	broken, err := c.store.BrokenCallbacks(ctx, account, c.now().Add(time.Hour), limit)
	if err != nil {
		return nil, fmt.Errorf("read the broken callbacks of account %q: %w", account, err)
	}
	return broken, nil
}
