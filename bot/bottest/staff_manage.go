package bottest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/staff"
)

func testCreate(t *testing.T, o *office) {
	boss := o.admin()
	made, first, err := o.one.Create(t.Context(), boss, staff.Account{
		ID: "mine", Name: "Li.Lei", Nick: " 小李 ", Roles: []staff.Role{staff.Editor, staff.Agent, staff.Editor},
		Extra: []staff.Right{staff.ReadPersonal}, Disabled: true, TOTP: true, SeenAt: o.clock.Now(),
	}, home)
	o.must(err)
	want := staff.Account{
		ID: made.ID, Name: "Li.Lei", Nick: "小李", Roles: []staff.Role{staff.Agent, staff.Editor},
		Extra: []staff.Right{staff.ReadPersonal}, MustChange: true, CreatedAt: o.clock.Now(), UpdatedAt: o.clock.Now(),
	}
	if diff := cmp.Diff(want, made); diff != "" || made.ID == "mine" {
		t.Errorf("made %s (-want +got):\n%s", made.ID, diff)
	}
	if diff := cmp.Diff(want, o.account(made.ID).Account); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if r := o.last(); r.What != staff.ActCreate || r.Object != made.ID || r.Account != boss.Account.ID || !r.OK ||
		!strings.Contains(r.After, "小李") || strings.Contains(r.After, first) || strings.Contains(r.After, "argon2") {
		t.Errorf("recorded %+v", r)
	}
	o.enter(o.two, "li.lei", first)
	for _, c := range []struct {
		account staff.Account
		field   string
	}{
		{staff.Account{Name: "a b", Nick: "x", Roles: []staff.Role{staff.Agent}}, "name"},
		{staff.Account{Name: "pаypal", Nick: "x", Roles: []staff.Role{staff.Agent}}, "name"}, // Cyrillic а
		{staff.Account{Name: "new", Nick: " ", Roles: []staff.Role{staff.Agent}}, "nick"},
		{staff.Account{Name: "new", Nick: "x"}, "roles"},
		{staff.Account{Name: "new", Nick: "x", Roles: []staff.Role{"root"}}, "roles"},
		{staff.Account{Name: "new", Nick: "x", Roles: []staff.Role{staff.Agent}, Extra: []staff.Right{"*"}}, "extra"},
	} {
		_, _, err := o.one.Create(t.Context(), boss, c.account, home)
		o.wantInvalid(fmt.Sprintf("create %+v", c.account), err, c.field)
	}
	_, _, err = o.one.Create(t.Context(), boss, staff.Account{Name: "LI.lei", Nick: "x", Roles: []staff.Role{staff.Agent}}, home)
	o.want("create once more", err, staff.ErrTaken)
	all, err := o.two.Accounts(t.Context(), boss)
	o.must(err)
	if len(all) != 2 || all[0].Name != "Boss" || all[1].Name != "Li.Lei" {
		t.Errorf("the accounts are %+v", all)
	}
}

func testCreateAtOnce(t *testing.T, o *office) {
	boss := o.admin()
	count := o.tally(o.atOnce(8, func(ctx context.Context, node *staff.Service, i int) error {
		name := []string{"same", "SAME", "Same"}[i%3]
		_, _, err := node.Create(ctx, boss, staff.Account{Name: name, Nick: "x", Roles: []staff.Role{staff.Agent}}, home)
		return err
	}), staff.ErrTaken)
	if count[nil] != 1 || count[staff.ErrTaken] != 7 || len(o.acts(staff.ActCreate)) != 1 {
		t.Errorf("%v of one name", count)
	}
}

func testUpdate(t *testing.T, o *office) {
	boss := o.admin()
	agent := o.hire(boss, "agent", staff.Agent)
	a := o.account(agent.Account.ID).Account
	a.Nick = "小王"
	updated, err := o.one.Update(t.Context(), boss, a, home)
	o.must(err)
	o.ends("only the nick", false, agent)
	if updated.Nick != "小王" || !updated.UpdatedAt.After(a.UpdatedAt) {
		t.Errorf("updated %+v", updated)
	}
	if diff := cmp.Diff(updated, o.account(a.ID).Account); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	var before, after map[string]any
	r := o.last()
	o.must(errors.Join(json.Unmarshal([]byte(r.Before), &before), json.Unmarshal([]byte(r.After), &after)))
	if r.What != staff.ActUpdate || r.Object != a.ID || before["nick"] != "agent" || after["nick"] != "小王" {
		t.Errorf("recorded %+v", r)
	}
	_, err = o.two.Update(t.Context(), boss, a, home)
	o.want("update what was changed meanwhile", err, staff.ErrConflict)

	updated.Roles = []staff.Role{staff.Agent, staff.Editor}
	updated, err = o.two.Update(t.Context(), boss, updated, home)
	o.must(err)
	o.ends("another role", true, agent)
	agent = o.signIn(o.two, "agent")
	if !agent.Account.May(staff.EditKnowledge) {
		t.Errorf("the new role brings nothing: %+v", agent.Account)
	}
	updated.Disabled = true
	_, err = o.one.Update(t.Context(), boss, updated, home)
	o.must(err)
	o.ends("disabled", true, agent)
	o.ends("disabled somebody else", false, boss)
	if all, err := o.two.Colleagues(t.Context()); err != nil || len(all) != 1 || all[0].Name != "Boss" || !all[0].SeenAt.IsZero() {
		t.Errorf("colleagues are %+v, error %v", all, err)
	}
}

// testUpdateIgnores checks that nothing comes in beside what may be changed.
func testUpdateIgnores(t *testing.T, o *office) {
	boss := o.admin()
	made, _, err := o.one.Create(t.Context(), boss, staff.Account{Name: "agent", Nick: "x", Roles: []staff.Role{staff.Agent}}, home)
	o.must(err)
	before := o.account(made.ID)
	given := made
	given.Name, given.MustChange, given.TOTP = "boss2", false, true
	given.CreatedAt, given.SeenAt = time.Time{}, o.clock.Now()
	_, err = o.one.Update(t.Context(), boss, given, home)
	o.must(err)
	before.UpdatedAt = before.UpdatedAt.Add(time.Millisecond)
	if diff := cmp.Diff(before, o.account(made.ID)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}

func testUpdateRefuses(t *testing.T, o *office) {
	boss := o.admin()
	me := o.account(boss.Account.ID).Account
	with := func(change func(a *staff.Account)) staff.Account {
		a := me
		change(&a)
		return a
	}
	for field, a := range map[string]staff.Account{
		"disabled": with(func(a *staff.Account) { a.Disabled = true }),
		"roles":    with(func(a *staff.Account) { a.Roles = []staff.Role{staff.Agent} }),
		"nick":     with(func(a *staff.Account) { a.Nick = "" }),
		"extra":    with(func(a *staff.Account) { a.Extra = []staff.Right{"everything"} }),
	} {
		_, err := o.one.Update(t.Context(), boss, a, home)
		o.wantInvalid("update oneself", err, field)
	}
	_, err := o.one.Update(t.Context(), boss, with(func(a *staff.Account) { a.ID = "gone" }), home)
	o.want("update nobody", err, staff.ErrNotFound)
	_, err = o.one.ResetPassword(t.Context(), boss, boss.Account.ID, home)
	o.wantInvalid("reset the own password", err, "account")
	more := with(func(a *staff.Account) { a.Roles = []staff.Role{staff.Admin, staff.Auditor} })
	_, err = o.one.Update(t.Context(), boss, more, home)
	o.must(err)
	o.ends("more for oneself", false, boss)
}

// testDisableEachOther checks that somebody is always left to manage the staff.
func testDisableEachOther(t *testing.T, o *office) {
	boss := o.admin()
	ids := []staff.Identity{boss, o.hire(boss, "chief", staff.Admin)}
	errs := o.atOnce(2, func(ctx context.Context, node *staff.Service, i int) error {
		other, err := o.store.Account(ctx, ids[1-i].Account.ID)
		other.Disabled = true
		if err == nil {
			_, err = node.Update(ctx, ids[i], other.Account, home)
		}
		return err
	})
	if count := o.tally(errs, staff.ErrSession, staff.ErrConflict); count[nil] != 1 {
		t.Errorf("both disabled each other: %v", errs)
	}
}

func testSessionsEndByOthers(t *testing.T, o *office) {
	boss := o.admin()
	agent := o.hire(boss, "agent", staff.Agent)
	again := o.signIn(o.two, "agent")
	o.must(o.one.EndSessions(t.Context(), boss, agent.Account.ID, home))
	o.ends("ended", true, agent, again)
	o.ends("ended those of others", false, boss)
	if r := o.last(); r.What != staff.ActEndSessions || r.Object != agent.Account.ID {
		t.Errorf("recorded %+v", r)
	}

	agent = o.signIn(o.one, "agent")
	o.fail("agent", 5, home)
	first, err := o.two.ResetPassword(t.Context(), boss, agent.Account.ID, home)
	o.must(err)
	o.ends("reset", true, agent)
	if r := o.last(); r.What != staff.ActReset || r.Object != agent.Account.ID || strings.Contains(fmt.Sprint(r), first) {
		t.Errorf("recorded %+v", r)
	}
	_, id := o.enter(o.one, "agent", first) // the lock is off
	if !id.Account.MustChange {
		t.Error("a password that others know need not be changed")
	}
	_, _, err = o.one.SignIn(t.Context(), "agent", password, "", home)
	o.want("sign in with the old one", err, staff.ErrCredentials)
}

// testForbidden tries everything as every role that may not, and signed out.
func testForbidden(t *testing.T, o *office) {
	boss := o.admin()
	ids := map[staff.Role]staff.Identity{staff.Admin: boss}
	for _, role := range staff.Roles()[1:] {
		ids[role] = o.hire(boss, string(role), role)
	}
	victim := o.account(o.hire(boss, "victim", staff.Agent).Account.ID)
	out := o.signIn(o.one, "boss")
	o.must(o.one.SignOut(t.Context(), out, home))
	one := func(_ any, err error) error { return err }
	acts := []struct {
		what string // "" if it is only read
		need staff.Right
		try  func(by staff.Identity) error
	}{
		{"", staff.ManageStaff, func(by staff.Identity) error { return one(o.two.Accounts(t.Context(), by)) }},
		{"", staff.ReadAudit, func(by staff.Identity) error { return one(o.two.Audit(t.Context(), by, staff.AuditFilter{}, 0, 10)) }},
		{staff.ActCreate, staff.ManageStaff, func(by staff.Identity) error {
			_, _, err := o.two.Create(t.Context(), by, staff.Account{Name: "made", Nick: "x", Roles: []staff.Role{staff.Admin}}, home)
			return err
		}},
		{staff.ActUpdate, staff.ManageStaff, func(by staff.Identity) error {
			return one(o.two.Update(t.Context(), by, victim.Account, home))
		}},
		{staff.ActReset, staff.ManageStaff, func(by staff.Identity) error {
			return one(o.two.ResetPassword(t.Context(), by, victim.ID, home))
		}},
		{staff.ActEndSessions, staff.ManageStaff, func(by staff.Identity) error {
			return o.two.EndSessions(t.Context(), by, victim.ID, home)
		}},
	}
	for _, act := range acts {
		for role, id := range ids {
			if slices.Contains(role.Rights(), act.need) {
				continue
			}
			id.Account.Roles = staff.Roles() // what the caller claims does not count
			o.want(string(role)+" "+act.what, act.try(id), staff.ErrForbidden)
			if r := o.last(); act.what != "" && (r.What != act.what || r.OK || r.Account != id.Account.ID || r.Why != "forbidden") {
				t.Errorf("%s %s: recorded %+v", role, act.what, r)
			}
		}
		o.want("signed out "+act.what, act.try(out), staff.ErrSession)
		o.want("nobody "+act.what, act.try(staff.Identity{}), staff.ErrSession)
		forged := ids[staff.Agent]
		forged.Account = boss.Account // another's account with the own session
		o.want("forged "+act.what, act.try(forged), staff.ErrSession)
	}
	if diff := cmp.Diff(victim, o.account(victim.ID)); diff != "" {
		t.Errorf("it was changed (-before +after):\n%s", diff)
	}
}

// testStrangeText hands in what a database may choke on.
func testStrangeText(t *testing.T, o *office) {
	boss := o.admin()
	for _, text := range strange() {
		from := staff.Origin{Network: text, Browser: text}
		_, _, err := o.one.SignIn(t.Context(), text, text, text, from)
		o.want("sign in", err, staff.ErrCredentials)
		_, err = o.one.Check(t.Context(), text)
		o.want("check", err, staff.ErrSession)
		_, err = o.one.Update(t.Context(), boss, staff.Account{ID: text, Nick: "x", Roles: []staff.Role{staff.Agent}}, from)
		o.want("update", err, staff.ErrNotFound)
		_, err = o.one.ResetPassword(t.Context(), boss, text, from)
		o.want("reset", err, staff.ErrNotFound)
		o.want("end", o.one.EndSessions(t.Context(), boss, text, from), staff.ErrNotFound)
		act := staff.Act{What: text, Object: text, Before: text, After: map[string]string{text: text}, Why: text}
		o.must(o.one.Record(t.Context(), boss, act, from))
		if strings.ContainsAny(o.last().Browser, "\x00\n") {
			t.Errorf("recorded %q", o.last().Browser)
		}
		o.clock.pass(2 * time.Minute) // names that are none share a lock
		o.must(o.touch(boss))
	}
}

// touch keeps a session.
func (o *office) touch(id staff.Identity) error {
	_, err := o.one.Use(o.t.Context(), id.Session)
	return err
}
