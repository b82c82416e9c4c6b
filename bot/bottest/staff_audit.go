package bottest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/staff"
)

func testAudit(t *testing.T, o *office) {
	boss := o.admin()
	auditor := o.hire(boss, "auditor", staff.Auditor)
	base := o.last().N
	start := o.clock.Now()
	for i := range 20 {
		o.clock.pass(time.Minute)
		act := staff.Act{What: []string{"test.take", "test.taken", "testing"}[i%3], Object: fmt.Sprint("o", i%4), OK: i%2 == 0, Why: "说明"}
		act.Before, act.After = map[string]int{"n": i}, []int{i, i + 1}
		who := []staff.Identity{boss, {}}[i%2]
		o.must(o.one.Record(t.Context(), who, act, staff.Origin{Network: "192.0.2.9", Browser: "a\x1b[31mb\nc"}))
	}
	read := func(f staff.AuditFilter, before int64, limit int) (numbers []int64) {
		t.Helper()
		records, err := o.two.Audit(t.Context(), auditor, f, before, limit)
		o.must(err)
		for _, r := range records {
			numbers = append(numbers, r.N-base)
		}
		return numbers
	}
	for _, c := range []struct {
		name   string
		filter staff.AuditFilter
		before int64
		limit  int
		want   []int64
	}{
		{"the last", staff.AuditFilter{}, 0, 3, []int64{20, 19, 18}},
		{"the next page", staff.AuditFilter{}, base + 18, 3, []int64{17, 16, 15}},
		{"a limit that is none", staff.AuditFilter{}, 0, -1, []int64{20}},
		{"by object", staff.AuditFilter{Object: "o3"}, 0, 9, []int64{20, 16, 12, 8, 4}},
		{"by what", staff.AuditFilter{What: "test.taken"}, 0, 3, []int64{20, 17, 14}},
		{"by what it begins with", staff.AuditFilter{What: "test."}, 0, 4, []int64{20, 19, 17, 16}},
		{"by a prefix that is none", staff.AuditFilter{What: "test_"}, 0, 4, nil},
		{"by account", staff.AuditFilter{Account: boss.Account.ID, What: "test"}, 0, 3, []int64{19, 17, 15}},
		{"since", staff.AuditFilter{Since: start.Add(19 * time.Minute)}, 0, 9, []int64{20, 19}},
		{"until", staff.AuditFilter{Until: start.Add(3 * time.Minute), What: "test"}, 0, 9, []int64{2, 1}},
		{"all of them", staff.AuditFilter{Object: "o1", What: "testing", Since: start, Until: start.Add(time.Hour)}, 0, 9, []int64{18, 6}},
		{"strange", staff.AuditFilter{Object: "a\x00\xff", What: "' OR 1=1 --"}, 0, 9, nil},
	} {
		if diff := cmp.Diff(c.want, read(c.filter, c.before, c.limit)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	r := o.log()[base]
	want := staff.Record{
		N: base + 1, At: start.Add(time.Minute), Account: boss.Account.ID, Name: "Boss", Network: "192.0.2.9",
		Browser: "a [31mb c", What: "test.take", Object: "o0", Before: `{"n":0}`, After: `[0,1]`, OK: true, Why: "说明", Hash: r.Hash,
	}
	if diff := cmp.Diff(want, r); diff != "" || len(r.Hash) != 64 {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// testAuditOfChanges checks that the log never holds a password, a hash of one or
// the secret of a session.
func testAuditOfChanges(t *testing.T, o *office) {
	boss := o.admin()
	secret, id := o.enter(o.one, "boss", password)
	o.must(o.one.ChangePassword(t.Context(), id, password, another, home))
	_, _, err := o.one.SignIn(t.Context(), "typed-in-wrong-field", password, "", home)
	o.want("sign in", err, staff.ErrCredentials)
	for _, r := range o.log() {
		text := fmt.Sprintf("%+v", r)
		for _, never := range []string{password, another, secret, "argon2", "typed-in", o.account(boss.Account.ID).Password} {
			if strings.Contains(text, never) {
				t.Errorf("%q is in the log: %s", never, text)
			}
		}
	}
}

func testAuditAtOnce(t *testing.T, o *office) {
	boss := o.admin()
	base := len(o.log())
	count := o.tally(o.atOnce(100, func(ctx context.Context, node *staff.Service, i int) error {
		return node.Record(ctx, boss, staff.Act{What: "test.at_once", Object: fmt.Sprint(i), OK: true}, home)
	}))
	objects := map[string]bool{}
	for _, r := range o.acts("test.at_once") {
		objects[r.Object] = true
	}
	if count[nil] != 100 || len(objects) != 100 || len(o.log()) != base+100 {
		t.Errorf("%v, found %d of 100", count, len(objects))
	}
}

// deaf is a store whose log cannot be written.
type deaf struct {
	staff.Store
	fail func() error
}

type deafTx struct {
	staff.Tx
	fail func() error
}

func (d deaf) Change(ctx context.Context, do func(context.Context, staff.Tx) error) error {
	return d.Store.Change(ctx, func(ctx context.Context, tx staff.Tx) error { return do(ctx, deafTx{tx, d.fail}) })
}

func (d deafTx) AppendAudit(context.Context, staff.Record) error { return d.fail() }

// testAuditFails checks that nothing happens that cannot be recorded.
func testAuditFails(t *testing.T, o *office) {
	boss := o.admin()
	agent := o.hire(boss, "agent", staff.Agent)
	uri, err := o.one.EnrollTOTP(t.Context(), agent)
	o.must(err)
	secret := uri[strings.Index(uri, "secret=")+7:]
	secret, _, _ = strings.Cut(secret, "&")
	ctx := t.Context()
	acts := map[string]func(s *staff.Service) error{
		"sign in": func(s *staff.Service) error {
			_, _, err := s.SignIn(ctx, "agent", password, "", home)
			return err
		},
		"sign out":        func(s *staff.Service) error { return s.SignOut(ctx, agent, home) },
		"change password": func(s *staff.Service) error { return s.ChangePassword(ctx, agent, password, another, home) },
		"confirm":         func(s *staff.Service) error { return s.ConfirmTOTP(ctx, agent, o.code(secret, 0), home) },
		"create": func(s *staff.Service) error {
			_, _, err := s.Create(ctx, boss, staff.Account{Name: "made", Nick: "x", Roles: []staff.Role{staff.Agent}}, home)
			return err
		},
		"update": func(s *staff.Service) error {
			a := o.account(agent.Account.ID).Account
			a.Disabled = true
			_, err := s.Update(ctx, boss, a, home)
			return err
		},
		"reset": func(s *staff.Service) error {
			_, err := s.ResetPassword(ctx, boss, agent.Account.ID, home)
			return err
		},
		"end":    func(s *staff.Service) error { return s.EndSessions(ctx, boss, agent.Account.ID, home) },
		"record": func(s *staff.Service) error { return s.Record(ctx, boss, staff.Act{What: "x"}, home) },
	}
	before := o.everything()
	broken := errors.New("the log is broken")
	fails := o.node(deaf{o.store, func() error { return broken }})
	panics := o.node(deaf{o.store, func() error { panic(broken) }})
	for name, act := range acts {
		o.want(name, act(fails), broken)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			_ = act(panics)
		}()
		o.ends(name, false, boss, agent)
		if diff := cmp.Diff(before, o.everything()); diff != "" {
			t.Errorf("%s happened (-before +after):\n%s", name, diff)
		}
	}
}

// everything is what is stored of accounts and the log.
func (o *office) everything() (all struct {
	Accounts []staff.Stored
	Log      []staff.Record
}) {
	o.t.Helper()
	var err error
	all.Accounts, err = o.store.Accounts(o.t.Context())
	o.must(err)
	all.Log = o.log()
	return all
}
