package bottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faqbot/bot/staff"
)

// TestStaff checks a staff.Store, and staff.Service on it. open returns the same
// empty database twice, as two processes see it.
func TestStaff(t *testing.T, open func(t *testing.T) (one, two staff.Store)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, o *office)
	}{
		{"SetUp", testSetUp},
		{"SetUpRefuses", testSetUpRefuses},
		{"SetUpAtOnce", testSetUpAtOnce},
		{"SignIn", testSignIn},
		{"SignInRefuses", testSignInRefuses},
		{"UnknownNames", testUnknownNames},
		{"Lock", testLock},
		{"LockAddress", testLockAddress},
		{"GuessAtOnce", testGuessAtOnce},
		{"SignInWhileChanged", testSignInWhileChanged},
		{"SessionEnds", testSessionEnds},
		{"SessionIsUsed", testSessionIsUsed},
		{"SignOut", testSignOut},
		{"Ticket", testTicket},
		{"TicketAtOnce", testTicketAtOnce},
		{"ChangePassword", testChangePassword},
		{"ChangePasswordRefuses", testChangePasswordRefuses},
		{"MustChange", testMustChange},
		{"SecondFactor", testSecondFactor},
		{"SecondFactorRefuses", testSecondFactorRefuses},
		{"SecondFactorIsSealed", testSecondFactorIsSealed},
		{"Create", testCreate},
		{"CreateAtOnce", testCreateAtOnce},
		{"Update", testUpdate},
		{"UpdateIgnores", testUpdateIgnores},
		{"UpdateRefuses", testUpdateRefuses},
		{"DisableEachOther", testDisableEachOther},
		{"SessionsEndByOthers", testSessionsEndByOthers},
		{"Forbidden", testForbidden},
		{"StrangeText", testStrangeText},
		{"Audit", testAudit},
		{"AuditOfChanges", testAuditOfChanges},
		{"AuditAtOnce", testAuditAtOnce},
		{"AuditFails", testAuditFails},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			one, two := open(t)
			test.run(t, newOffice(t, one, two))
		})
	}
}

// clock is a clock that stands still until it is told to go on.
type clock struct {
	mu  sync.Mutex // protects the field below
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// office is two nodes on one database.
type office struct {
	t        *testing.T
	clock    *clock
	store    staff.Store // of the first node
	other    staff.Store // of the second
	one, two *staff.Service
}

// The password of everybody, and another one.
const (
	password = "correct horse 电池"
	another  = "一个完全不同的口令 2026"
)

// home is where everybody signs in from.
var home = staff.Origin{Network: "192.0.2.7", Browser: "Mozilla/5.0"}

func sealKey() []byte { return []byte("0123456789abcdef0123456789abcdef") }

func newOffice(t *testing.T, one, two staff.Store) *office {
	o := &office{t: t, store: one, other: two, clock: &clock{now: time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)}}
	o.one, o.two = o.node(one), o.node(two)
	return o
}

func (o *office) node(store staff.Store) *staff.Service {
	return staff.NewService(staff.Config{Store: store, Now: o.clock.Now, Key: sealKey()})
}

// must ends the test if there is an error.
func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// want checks that an error is the wanted one, which is nil for none.
func (o *office) want(doing string, err, want error) {
	o.t.Helper()
	if !errors.Is(err, want) {
		o.t.Errorf("%s: error %v, want %v", doing, err, want)
	}
}

// wantInvalid checks that the error is about the field.
func (o *office) wantInvalid(doing string, err error, field string) {
	o.t.Helper()
	var invalid *staff.InvalidError
	if !errors.As(err, &invalid) || invalid.Field != field || invalid.Reason == "" {
		o.t.Errorf("%s: error %v, want one about %s", doing, err, field)
	}
}

// wantLocked checks that the error is a lock of that length.
func (o *office) wantLocked(doing string, err error, rest time.Duration) {
	o.t.Helper()
	var locked *staff.LockedError
	if !errors.As(err, &locked) {
		o.t.Errorf("%s: error %v, want a lock", doing, err)
	} else if got := locked.Until.Sub(o.clock.Now()); got != rest {
		o.t.Errorf("%s: locked for %v, want %v", doing, got, rest)
	}
}

// admin sets up the first account, signed in.
func (o *office) admin() staff.Identity {
	o.t.Helper()
	token, err := o.one.Invite(o.t.Context())
	o.must(err)
	_, err = o.one.SetUp(o.t.Context(), token, "Boss", "老板", password, home)
	o.must(err)
	return o.signIn(o.one, "boss")
}

// signIn signs in with the password of everybody.
func (o *office) signIn(node *staff.Service, name string) staff.Identity {
	o.t.Helper()
	_, id := o.enter(node, name, password)
	return id
}

func (o *office) enter(node *staff.Service, name, password string) (secret string, id staff.Identity) {
	o.t.Helper()
	secret, id, err := node.SignIn(o.t.Context(), name, password, "", home)
	o.must(err)
	return secret, id
}

// hire makes an account whose password is that of everybody, signed in.
func (o *office) hire(by staff.Identity, name string, roles ...staff.Role) staff.Identity {
	o.t.Helper()
	_, first, err := o.one.Create(o.t.Context(), by, staff.Account{Name: name, Nick: name, Roles: roles}, home)
	o.must(err)
	_, id := o.enter(o.one, name, first)
	o.must(o.one.ChangePassword(o.t.Context(), id, first, password, home))
	return o.signIn(o.one, name)
}

// account reads an account as it is stored.
func (o *office) account(id string) staff.Stored {
	o.t.Helper()
	a, err := o.store.Account(o.t.Context(), id)
	o.must(err)
	return a
}

// log returns the whole log, which must be in order.
func (o *office) log() []staff.Record {
	o.t.Helper()
	n, err := o.two.VerifyAudit(o.t.Context())
	o.must(err)
	records, err := o.store.AuditAfter(o.t.Context(), 0, 10_000)
	o.must(err)
	if int(n) != len(records) {
		o.t.Errorf("%d records were checked of %d", n, len(records))
	}
	return records
}

// acts returns the records of one kind.
func (o *office) acts(what string) (found []staff.Record) {
	o.t.Helper()
	for _, r := range o.log() {
		if r.What == what {
			found = append(found, r)
		}
	}
	return found
}

// last returns the last record.
func (o *office) last() staff.Record {
	o.t.Helper()
	records := o.log()
	if len(records) == 0 {
		o.t.Fatal("the log is empty")
	}
	return records[len(records)-1]
}

// atOnce runs do n times at once, on both nodes in turn, and returns the errors.
func (o *office) atOnce(n int, do func(ctx context.Context, node *staff.Service, i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(o.t.Context(), []*staff.Service{o.one, o.two}[i%2], i) })
	}
	all.Wait()
	return errs
}

// gate is a store on which nothing changes before so many want to: whatever they
// have read until then is the same.
type gate struct {
	staff.Store
	missing *atomic.Int64
	open    chan struct{}
}

func (g gate) Change(ctx context.Context, do func(context.Context, staff.Tx) error) error {
	if g.missing.Add(-1) == 0 {
		close(g.open)
	}
	select {
	case <-g.open:
		return g.Store.Change(ctx, do)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gated lets the nodes change nothing before n want to. It gives up after a while.
func (o *office) gated(n int, do func(ctx context.Context, node *staff.Service, i int) error) []error {
	ctx, cancel := context.WithTimeout(o.t.Context(), time.Minute)
	defer cancel()
	missing, open := &atomic.Int64{}, make(chan struct{})
	missing.Store(int64(n))
	nodes := []*staff.Service{o.node(gate{o.store, missing, open}), o.node(gate{o.other, missing, open})}
	return o.atOnce(n, func(_ context.Context, _ *staff.Service, i int) error { return do(ctx, nodes[i%2], i) })
}

// tally counts errors by what they are.
func (o *office) tally(errs []error, kinds ...error) map[error]int {
	o.t.Helper()
	count := map[error]int{}
next:
	for _, err := range errs {
		for _, kind := range append(kinds, nil) {
			if errors.Is(err, kind) {
				count[kind]++
				continue next
			}
		}
		o.t.Errorf("unexpected error %v", err)
	}
	return count
}

// strange are texts that a database may choke on.
func strange() []string {
	return []string{"", "a\x00b", "\xff\xfe", "' OR 1=1 --", "😀", fmt.Sprintf("%05000d", 1), "%", "$1"}
}
