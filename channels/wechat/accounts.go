package wechat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"faqbot/channels/wechat/envelope"
)

// accountsAge is how long accounts are believed to be as they were read.
const accountsAge = 3 * time.Second

// accounts remembers the accounts for a moment, and the client of each.
type accounts struct {
	store AccountStore
	api   func(Account) API

	mu      sync.Mutex // guards all below; who reads, reads for all
	read    []Account
	at      time.Time
	clients map[string]client
}

// client is the API of an account as it was at a version.
type client struct {
	API
	version int64
}

// account returns an account, or ErrNotFound.
func (a *accounts) account(ctx context.Context, id string, now time.Time) (Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if age := now.Sub(a.at); a.at.IsZero() || age >= accountsAge || age < 0 {
		read, err := a.store.Accounts(ctx)
		if err != nil {
			return Account{}, fmt.Errorf("read the accounts: %w", err)
		}
		a.read, a.at = read, now
	}
	i := slices.IndexFunc(a.read, func(one Account) bool { return one.ID == id })
	if i < 0 {
		return Account{}, fmt.Errorf("account %q: %w", id, ErrNotFound)
	}
	return a.read[i], nil
}

// client returns the API of an account.
func (a *accounts) client(of Account) API {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.clients[of.ID]
	if !ok || c.version != of.Version {
		c = client{a.api(of), of.Version}
		a.clients[of.ID] = c
	}
	return c
}

// menuless notes that the platform does not take menus to tap from the account.
// Somebody who changes the account meanwhile has the last word.
func (a *accounts) menuless(ctx context.Context, of Account) error {
	of.Menus = false
	err := a.store.PutAccount(ctx, of)
	a.forget()
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("switch the menus of account %q off: %w", of.ID, err)
	}
	return nil
}

// forget has the next one who asks read the accounts anew.
func (a *accounts) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = time.Time{}
}

// means are what the account may do.
func (a Account) means() means { return means{sends: a.Sends && !a.Disabled, menus: a.Menus} }

func (a Account) keys() envelope.Keys {
	return envelope.Keys{AppID: a.AppID, Token: a.Token, AESKey: a.AESKey}
}
