package bottest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"faqbot/bot/staff"
)

func testSignIn(t *testing.T, o *office) {
	boss := o.admin()
	o.clock.pass(time.Minute)
	secret, id, err := o.two.SignIn(t.Context(), "bOSS", password, "", home)
	o.must(err)
	if id.Account.ID != boss.Account.ID || id.Session == boss.Session || !id.Account.SeenAt.Equal(o.clock.Now()) ||
		!id.Until.Equal(o.clock.Now().Add(2*time.Hour)) {
		t.Errorf("signed in as %+v", id)
	}
	if len(secret) < 43 || secret == id.Session {
		t.Errorf("the secret is %q", secret)
	}
	if _, _, err := o.store.SessionOf(t.Context(), secret); !errors.Is(err, staff.ErrSession) {
		t.Errorf("the secret itself is stored: error %v", err)
	}
	if r := o.last(); r.What != staff.ActSignIn || !r.OK || r.Account != id.Account.ID || r.Object != id.Session ||
		r.Browser != home.Browser || !r.At.Equal(o.clock.Now()) {
		t.Errorf("recorded %+v", r)
	}
	same, err := o.one.Authenticate(t.Context(), secret)
	o.must(err)
	if same.Session != id.Session || same.Account.Name != "Boss" {
		t.Errorf("authenticated %+v", same)
	}
}

func testSignInRefuses(t *testing.T, o *office) {
	boss := o.admin()
	gone := o.hire(boss, "gone", staff.Agent)
	a := o.account(gone.Account.ID).Account
	a.Disabled = true
	_, err := o.one.Update(t.Context(), boss, a, home)
	o.must(err)
	for _, c := range []struct{ name, password, why string }{
		{"boss", password + "x", "password"},
		{"boss", "", "password"},
		{"gone", password, "disabled"},
		{"nobody", password, "unknown"},
		{"boss", o.account(boss.Account.ID).Password, "password"},
	} {
		secret, id, err := o.two.SignIn(t.Context(), c.name, c.password, "", home)
		if !errors.Is(err, staff.ErrCredentials) || err.Error() != "sign in: "+staff.ErrCredentials.Error() {
			t.Errorf("%s: error %v", c.name, err)
		}
		if secret != "" || id.Session != "" {
			t.Errorf("%s: got %q and %+v", c.name, secret, id)
		}
		if r := o.last(); r.What != staff.ActSignIn || r.OK || r.Why != c.why || r.Name == "nobody" {
			t.Errorf("%s: recorded %+v", c.name, r)
		}
	}
}

// testUnknownNames checks that nobody learns which names there are.
func testUnknownNames(t *testing.T, o *office) {
	o.admin()
	for try := range 7 {
		var answers [2]string
		for i, name := range []string{"boss", "nobody"} {
			from := staff.Origin{Network: fmt.Sprintf("198.51.100.%d", i)}
			_, _, err := o.one.SignIn(t.Context(), name, "wrong password", "", from)
			answers[i] = fmt.Sprint(err)
		}
		if answers[0] != answers[1] || answers[0] == "<nil>" {
			t.Errorf("attempt %d: %q and %q", try, answers[0], answers[1])
		}
	}
}

// fail signs in with a wrong password so many times, on both nodes.
func (o *office) fail(name string, times int, from staff.Origin) {
	o.t.Helper()
	for i := range times {
		_, _, err := []*staff.Service{o.one, o.two}[i%2].SignIn(o.t.Context(), name, "wrong password", "", from)
		o.want(fmt.Sprintf("attempt %d as %s", i, name), err, staff.ErrCredentials)
	}
}

func testLock(t *testing.T, o *office) {
	boss := o.admin()
	o.fail("boss", 4, home)
	o.signIn(o.two, "boss") // begins anew
	lock := time.Minute
	for range 7 { // 1, 2, 4 … 32, 60 minutes
		o.fail("BOSS", 5, staff.Origin{Network: "203.0.113.1"})
		_, _, err := o.two.SignIn(t.Context(), "boss", password, "", home)
		o.wantLocked("sign in", err, lock)
		err = o.one.ChangePassword(t.Context(), boss, password, another, home)
		o.wantLocked("change the password", err, lock)
		o.clock.pass(lock - time.Millisecond)
		_, _, err = o.one.SignIn(t.Context(), "boss", password, "", home)
		o.wantLocked("sign in too early", err, time.Millisecond)
		o.clock.pass(time.Millisecond)
		lock = min(2*lock, time.Hour)
	}
	// One more is of the address.
	if locks := o.acts(staff.ActLock); len(locks) != 8 || locks[0].Account != boss.Account.ID || locks[0].Why != "1m0s" {
		t.Errorf("recorded %+v", locks)
	}
	o.signIn(o.one, "boss")
	o.fail("boss", 5, home)
	_, _, err := o.one.SignIn(t.Context(), "boss", password, "", home)
	o.wantLocked("after a success", err, time.Minute)
	o.clock.pass(time.Minute)
	o.fail("boss", 4, home)
	o.clock.pass(time.Hour) // the four are forgotten
	o.fail("boss", 4, home)
	o.signIn(o.one, "boss")
}

func testLockAddress(t *testing.T, o *office) {
	o.admin()
	for i := range 20 {
		o.fail(fmt.Sprint("guess", i), 1, staff.Origin{Network: fmt.Sprintf("2001:db8:1:2::%x", i)})
	}
	_, _, err := o.one.SignIn(t.Context(), "boss", password, "", staff.Origin{Network: "2001:db8:1:2:ffff::1"})
	o.wantLocked("from the same network", err, time.Minute)
	_, _, err = o.one.SignIn(t.Context(), "boss", password, "", staff.Origin{Network: "2001:db8:1:3::1"})
	o.want("from another network", err, nil)
	for i := range 20 {
		o.fail(fmt.Sprint("other", i), 1, staff.Origin{Network: []string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2]})
	}
	_, _, err = o.two.SignIn(t.Context(), "boss", password, "", staff.Origin{Network: "192.0.2.1"})
	o.wantLocked("from the same address", err, time.Minute)
	_, _, err = o.two.SignIn(t.Context(), "boss", password, "", staff.Origin{Network: "192.0.2.2"})
	o.want("from another address", err, nil)
}

// testGuessAtOnce checks that many attempts at once are not worth more than the
// same one after the other.
func testGuessAtOnce(t *testing.T, o *office) {
	o.admin()
	errs := o.gated(30, func(ctx context.Context, node *staff.Service, i int) error {
		_, _, err := node.SignIn(ctx, "boss", fmt.Sprint("guess number ", i), "", home)
		return err
	})
	var wrong, locked int
	for _, err := range errs {
		var lock *staff.LockedError
		switch {
		case errors.Is(err, staff.ErrCredentials):
			wrong++
		case errors.As(err, &lock):
			locked++
		}
	}
	if wrong != 5 || locked != 25 {
		t.Errorf("%d were told that they were wrong and %d that it is locked", wrong, locked)
	}
}

// late is a store on which something happens just before a change.
type late struct {
	staff.Store
	before func()
}

func (l late) Change(ctx context.Context, do func(context.Context, staff.Tx) error) error {
	l.before()
	return l.Store.Change(ctx, do)
}

// testSignInWhileChanged checks that a password that was right when the work
// began, and is not when it ends, lets nobody in.
func testSignInWhileChanged(t *testing.T, o *office) {
	boss := o.admin()
	slow := o.node(late{o.other, func() { o.must(o.one.ChangePassword(t.Context(), boss, password, another, home)) }})
	_, _, err := slow.SignIn(t.Context(), "boss", password, "", home)
	o.want("sign in with a password that is changed meanwhile", err, staff.ErrCredentials)

	agent := o.hire(boss, "agent", staff.Agent)
	slow = o.node(late{o.other, func() {
		a := o.account(agent.Account.ID).Account
		a.Disabled = true
		_, err := o.one.Update(t.Context(), boss, a, home)
		o.must(err)
	}})
	_, _, err = slow.SignIn(t.Context(), "agent", password, "", home)
	o.want("sign in to an account that is disabled meanwhile", err, staff.ErrCredentials)
}
