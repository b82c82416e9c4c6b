package bottest

import (
	"testing"
	"time"

	"faqbot/bot/staff"
)

func testSessionEnds(t *testing.T, o *office) {
	o.admin()
	secret, id := o.enter(o.one, "boss", password)
	o.clock.pass(2*time.Hour - time.Millisecond)
	_, err := o.two.Check(t.Context(), id.Session) // does not count as use
	o.must(err)
	o.clock.pass(time.Millisecond)
	_, err = o.one.Authenticate(t.Context(), secret)
	o.want("authenticate after the idle time", err, staff.ErrSession)
	_, err = o.two.Check(t.Context(), id.Session)
	o.want("check after the idle time", err, staff.ErrSession)
	_, err = o.one.Accounts(t.Context(), id)
	o.want("act after the idle time", err, staff.ErrSession)
	for _, wrong := range append(strange(), secret[1:], id.Session) {
		_, err = o.one.Authenticate(t.Context(), wrong)
		o.want("authenticate with a wrong secret", err, staff.ErrSession)
	}

	secret, id = o.enter(o.one, "boss", password)
	for range 11 {
		o.clock.pass(time.Hour)
		_, err = o.two.Authenticate(t.Context(), secret)
		o.must(err)
	}
	o.clock.pass(time.Hour - time.Millisecond)
	last, err := o.one.Use(t.Context(), id.Session)
	o.must(err)
	if left := last.Until.Sub(o.clock.Now()); left != time.Millisecond {
		t.Errorf("a session of 12 hours has %v left", left)
	}
	o.clock.pass(time.Millisecond)
	_, err = o.one.Authenticate(t.Context(), secret)
	o.want("authenticate after 12 hours", err, staff.ErrSession)

	o.enter(o.one, "boss", password)
	if _, _, err := o.store.Session(t.Context(), id.Session); err == nil {
		t.Error("a session that is over is kept")
	}
}

func testSessionIsUsed(t *testing.T, o *office) {
	o.admin()
	secret, id := o.enter(o.one, "boss", password)
	used := func(want time.Time) {
		t.Helper()
		s, _, err := o.store.Session(t.Context(), id.Session)
		o.must(err)
		if !s.UsedAt.Equal(want) {
			t.Errorf("used at %v, want %v", s.UsedAt, want)
		}
	}
	begun := o.clock.Now()
	o.clock.pass(59 * time.Second)
	_, err := o.two.Authenticate(t.Context(), secret)
	o.must(err)
	used(begun) // not written again so soon
	o.clock.pass(time.Second)
	_, err = o.two.Check(t.Context(), id.Session)
	o.must(err)
	used(begun)
	_, err = o.two.Use(t.Context(), id.Session)
	o.must(err)
	used(begun.Add(time.Minute))
	o.must(o.store.UseSession(t.Context(), id.Session, begun)) // came late
	used(begun.Add(time.Minute))
	o.must(o.store.UseSession(t.Context(), "gone", begun))
}

func testSignOut(t *testing.T, o *office) {
	stays := o.admin()
	secret, id := o.enter(o.one, "boss", password)
	o.must(o.one.SignOut(t.Context(), id, home))
	_, err := o.two.Authenticate(t.Context(), secret)
	o.want("authenticate after signing out", err, staff.ErrSession)
	o.want("sign out again", o.two.SignOut(t.Context(), id, home), staff.ErrSession)
	if r := o.last(); r.What != staff.ActSignOut || !r.OK || r.Account != id.Account.ID {
		t.Errorf("recorded %+v", r)
	}
	_, err = o.two.Check(t.Context(), stays.Session)
	o.want("check the other session", err, nil)
}

// ends checks which sessions are over, on the other node.
func (o *office) ends(doing string, over bool, ids ...staff.Identity) {
	o.t.Helper()
	for _, id := range ids {
		_, err := o.two.Check(o.t.Context(), id.Session)
		want := error(nil)
		if over {
			want = staff.ErrSession
		}
		o.want(doing+": session of "+id.Account.Name, err, want)
	}
}

func testChangePassword(t *testing.T, o *office) {
	boss := o.admin()
	here, there := o.signIn(o.one, "boss"), o.signIn(o.two, "boss")
	o.must(o.one.ChangePassword(t.Context(), here, password, another, home))
	o.ends("password changed", false, here)
	o.ends("password changed", true, boss, there)
	if r := o.last(); r.What != staff.ActPassword || !r.OK || r.Object != boss.Account.ID || r.Before+r.After != "" {
		t.Errorf("recorded %+v", r)
	}
	_, _, err := o.two.SignIn(t.Context(), "boss", password, "", home)
	o.want("sign in with the old one", err, staff.ErrCredentials)
	o.enter(o.two, "boss", another)
}

func testChangePasswordRefuses(t *testing.T, o *office) {
	boss := o.admin()
	for _, c := range []string{"short", "boss", "Boss-2026!", "aaaaaaaaaaaa", "woaini1314520", password} {
		o.wantInvalid("change to "+c, o.one.ChangePassword(t.Context(), boss, password, c, home), "password")
	}
	for range 5 {
		o.want("wrong old one", o.one.ChangePassword(t.Context(), boss, "wrong password", another, home), staff.ErrCredentials)
	}
	o.wantLocked("after five", o.two.ChangePassword(t.Context(), boss, password, another, home), time.Minute)
	o.clock.pass(time.Minute)
	o.signIn(o.one, "boss")
	o.must(o.one.SignOut(t.Context(), boss, home))
	o.want("signed out", o.one.ChangePassword(t.Context(), boss, password, another, home), staff.ErrSession)
}

func testMustChange(t *testing.T, o *office) {
	boss := o.admin()
	_, first, err := o.one.Create(t.Context(), boss, staff.Account{Name: "new", Nick: "新", Roles: []staff.Role{staff.Admin}}, home)
	o.must(err)
	_, id := o.enter(o.one, "new", first)
	if !id.Account.MustChange || id.Account.May(staff.ManageStaff) {
		t.Errorf("may act with a password that others know: %+v", id.Account)
	}
	_, err = o.one.Accounts(t.Context(), id)
	o.want("act before the change", err, staff.ErrForbidden)
	o.must(o.one.ChangePassword(t.Context(), id, first, another, home))
	_, err = o.two.Accounts(t.Context(), id)
	o.want("act after the change", err, nil)
}
