package bottest

import (
	"context"
	"slices"
	"testing"
	"time"

	"faqbot/bot/staff"
)

func testSetUp(t *testing.T, o *office) {
	first, err := o.one.Invite(t.Context())
	o.must(err)
	token, err := o.two.Invite(t.Context())
	o.must(err)
	if len(token) < 22 || token == first {
		t.Fatalf("the tokens are %q and %q", first, token)
	}
	stored, err := o.store.Invitation(t.Context())
	if err != nil || stored.Proof == token {
		t.Errorf("the token itself is stored: %v, error %v", stored, err)
	}
	_, err = o.one.SetUp(t.Context(), first, "boss", "", password, home)
	o.want("set up with the token before", err, staff.ErrSetUp)
	made, err := o.one.SetUp(t.Context(), token, "王.Boss", "", password, home)
	o.must(err)
	if made.Name != "王.Boss" || made.Nick != "王.Boss" || !slices.Equal(made.Roles, []staff.Role{staff.Admin}) || made.MustChange {
		t.Errorf("made %+v", made)
	}
	if r := o.last(); r.What != staff.ActSetUp || r.Account != made.ID || r.Network != home.Network || !r.OK {
		t.Errorf("recorded %+v", r)
	}
	_, err = o.two.SetUp(t.Context(), token, "second", "", password, home)
	o.want("set up again", err, staff.ErrSetUp)
	o.must(o.store.Change(t.Context(), func(ctx context.Context, tx staff.Tx) error { return tx.PutInvitation(ctx, stored) }))
	_, err = o.two.SetUp(t.Context(), token, "second", "", password, home)
	o.want("set up with a link that came back from a backup", err, staff.ErrSetUp)
	if again, err := o.two.Invite(t.Context()); err != nil || again != "" {
		t.Errorf("invited %q with an account there, error %v", again, err)
	}
	if _, id, err := o.two.SignIn(t.Context(), "王.boss", password, "", home); err != nil || id.Account.ID != made.ID {
		t.Errorf("signed in as %+v, error %v", id, err)
	}
}

func testSetUpRefuses(t *testing.T, o *office) {
	_, err := o.one.SetUp(t.Context(), "", "boss", "", password, home)
	o.want("set up without an invitation", err, staff.ErrSetUp)
	token, err := o.one.Invite(t.Context())
	o.must(err)
	for _, c := range []struct{ name, nick, password, field string }{
		{"x", "", password, "name"},
		{"two words", "", password, "name"},
		{"boss", "\u202e老板", password, "nick"},
		{"boss", "", "short", "password"},
		{"boss", "", "qwer1234qwer", "password"},
	} {
		_, err := o.one.SetUp(t.Context(), token, c.name, c.nick, c.password, home)
		o.wantInvalid("set up "+c.name+" "+c.password, err, c.field)
	}
	for _, wrong := range append(strange(), token+"x", token[1:]) {
		_, err := o.one.SetUp(t.Context(), wrong, "boss", "", password, home)
		o.want("set up with a wrong token", err, staff.ErrSetUp)
	}
	o.clock.pass(24*time.Hour - time.Millisecond)
	_, err = o.one.SetUp(t.Context(), token, "x", "", password, home)
	o.wantInvalid("set up just in time", err, "name")
	o.clock.pass(time.Millisecond)
	_, err = o.one.SetUp(t.Context(), token, "boss", "", password, home)
	o.want("set up too late", err, staff.ErrSetUp)
}

func testSetUpAtOnce(t *testing.T, o *office) {
	token, err := o.one.Invite(t.Context())
	o.must(err)
	names := []string{"boss", "BOSS", "chief"}
	count := o.tally(o.gated(50, func(ctx context.Context, node *staff.Service, i int) error {
		_, err := node.SetUp(ctx, token, names[i%len(names)], "", password, home)
		return err
	}), staff.ErrSetUp)
	accounts, err := o.store.Accounts(t.Context())
	o.must(err)
	if count[nil] != 1 || count[staff.ErrSetUp] != 49 || len(accounts) != 1 || len(o.acts(staff.ActSetUp)) != 1 {
		t.Errorf("%v, made %d accounts", count, len(accounts))
	}
}
