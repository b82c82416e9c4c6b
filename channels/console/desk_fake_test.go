package console_test

import (
	"context"
	"strconv"

	"faqbot/bot/staff"
)

// Check returns who is behind a session that is still there.
func (f *fake) Check(_ context.Context, session string) (staff.Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return staff.Identity{}, f.fail
	}
	for _, name := range f.sessions {
		if "s-"+name == session && !f.accounts[name].Disabled {
			return staff.Identity{Account: f.accounts[name], Session: session}, nil
		}
	}
	return staff.Identity{}, staff.ErrSession
}

// change changes an account, or ends its session.
func (f *fake) change(name string, change func(*staff.Account)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if change == nil {
		delete(f.sessions, "secret-"+name)
		return
	}
	a := f.accounts[name]
	change(&a)
	f.accounts[name] = a
}

// Ticket returns a ticket that does not end by itself.
func (f *fake) Ticket(_ context.Context, id staff.Identity) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	ticket := "ticket-" + strconv.Itoa(f.serial)
	f.tickets[ticket] = id.Session
	return ticket, f.fail
}

func (f *fake) Redeem(_ context.Context, id staff.Identity, ticket string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	session, ok := f.tickets[ticket]
	if delete(f.tickets, ticket); !ok || session != id.Session {
		return staff.ErrTicket
	}
	return f.fail
}
