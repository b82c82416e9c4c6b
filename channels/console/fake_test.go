package console_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"faqbot/bot/staff"
)

// errBroken is what goes wrong inside and must not be seen outside.
var errBroken = errors.New("pq: relation staff does not exist at 10.0.0.7")

// fake is a staff of which every account's password is its name, and whose
// sessions are named by it.
type fake struct {
	mu       sync.Mutex
	accounts map[string]staff.Account // by name
	sessions map[string]string        // secret → name
	tickets  map[string]string        // ticket → session
	serial   int
	changes  []string // of all that writes
	records  []staff.Record
	acts     []staff.Act // of which the records are
	fail     error       // of everything
	failLog  error       // of noting
	from     staff.Origin
}

func newFake() *fake {
	f := &fake{accounts: map[string]staff.Account{}, sessions: map[string]string{}, tickets: map[string]string{}}
	for _, r := range staff.Roles() {
		f.join(staff.Account{Name: string(r), Roles: []staff.Role{r}})
	}
	return f
}

// join adds an account and returns the secret of its session.
func (f *fake) join(a staff.Account) string {
	a.ID, a.Nick = "id-"+a.Name, "同事"+a.Name
	f.accounts[a.Name] = a
	f.sessions["secret-"+a.Name] = a.Name
	return "secret-" + a.Name
}

// changed notes a write.
func (f *fake) changed(what string, from staff.Origin) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.changes, f.from = append(f.changes, what), from
	return nil
}

func (f *fake) SetUp(_ context.Context, token, name, nick, _ string, from staff.Origin) (staff.Account, error) {
	if token != "token" {
		return staff.Account{}, staff.ErrSetUp
	}
	return staff.Account{ID: "id-" + name, Name: name, Nick: nick}, f.changed("SetUp", from)
}

func (f *fake) SignIn(_ context.Context, name, password, code string, from staff.Origin) (string, staff.Identity, error) {
	f.mu.Lock()
	a, known := f.accounts[name]
	f.serial++
	secret := "fresh-" + strconv.Itoa(f.serial)
	f.mu.Unlock()
	switch {
	case name == "locked":
		return "", staff.Identity{}, &staff.LockedError{Until: noon().Add(90 * time.Second)}
	case !known || password != name:
		return "", staff.Identity{}, staff.ErrCredentials
	case a.TOTP && code != "123456":
		return "", staff.Identity{}, staff.ErrCode
	}
	f.mu.Lock()
	f.sessions[secret] = name
	f.mu.Unlock()
	return secret, staff.Identity{Account: a, Session: "s-" + name}, f.changed("SignIn", from)
}

func (f *fake) Authenticate(_ context.Context, secret string) (staff.Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ok := f.sessions[secret]
	if !ok {
		return staff.Identity{}, staff.ErrSession
	}
	return staff.Identity{Account: f.accounts[name], Session: "s-" + name}, nil
}

func (f *fake) SignOut(_ context.Context, _ staff.Identity, from staff.Origin) error {
	return f.changed("SignOut", from)
}

func (f *fake) ChangePassword(_ context.Context, id staff.Identity, old, _ string, from staff.Origin) error {
	if old != id.Account.Name {
		return staff.ErrCredentials
	}
	return f.changed("ChangePassword", from)
}

func (f *fake) EnrollTOTP(context.Context, staff.Identity) (string, error) {
	return "otpauth://totp/faqbot:x?secret=AAAA", f.changed("EnrollTOTP", staff.Origin{})
}

func (f *fake) ConfirmTOTP(_ context.Context, _ staff.Identity, code string, from staff.Origin) error {
	if code != "123456" {
		return staff.ErrCode
	}
	return f.changed("ConfirmTOTP", from)
}

func (f *fake) DropTOTP(_ context.Context, id staff.Identity, password string, from staff.Origin) error {
	if password != id.Account.Name {
		return staff.ErrCredentials
	}
	return f.changed("DropTOTP", from)
}

func (f *fake) Accounts(context.Context, staff.Identity) ([]staff.Account, error) {
	return f.Colleagues(context.Background())
}

func (f *fake) Colleagues(context.Context) ([]staff.Account, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []staff.Account
	for _, a := range f.accounts {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b staff.Account) int { return len(a.Name) - len(b.Name) })
	return all, f.fail
}

func (f *fake) Create(_ context.Context, _ staff.Identity, a staff.Account, from staff.Origin) (staff.Account, string, error) {
	switch a.Name {
	case "taken":
		return a, "", staff.ErrTaken
	case "":
		return a, "", &staff.InvalidError{Field: "name", Reason: "请填写用户名"}
	}
	a.ID = "id-" + a.Name
	return a, "einmal", f.changed("Create", from)
}

func (f *fake) Update(_ context.Context, _ staff.Identity, a staff.Account, from staff.Origin) (staff.Account, error) {
	switch a.ID {
	case "id-gone":
		return a, staff.ErrNotFound
	case "id-conflict":
		return a, staff.ErrConflict
	}
	return a, f.changed("Update", from)
}

func (f *fake) ResetPassword(_ context.Context, _ staff.Identity, _ string, from staff.Origin) (string, error) {
	return "einmal", f.changed("ResetPassword", from)
}

func (f *fake) EndSessions(_ context.Context, _ staff.Identity, _ string, from staff.Origin) error {
	return f.changed("EndSessions", from)
}

func (f *fake) Record(_ context.Context, by staff.Identity, act staff.Act, from staff.Origin) error {
	if err := cmp.Or(f.failLog, f.changed("Record "+act.What+" "+act.Why, from)); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acts = append(f.acts, act)
	f.records = append(f.records, staff.Record{N: int64(len(f.records) + 1), At: noon(), Name: by.Account.Name, What: act.What, Why: act.Why, OK: act.OK})
	return nil
}

func (f *fake) Audit(_ context.Context, _ staff.Identity, _ staff.AuditFilter, before int64, limit int) ([]staff.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var page []staff.Record
	for _, r := range slices.Backward(f.records) {
		if (before == 0 || r.N < before) && len(page) < limit {
			page = append(page, r)
		}
	}
	return page, f.fail
}

func (f *fake) VerifyAudit(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.records {
		if r.Hash == "changed" {
			return r.N - 1, &staff.BrokenError{N: r.N}
		}
	}
	return int64(len(f.records)), f.fail
}

func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }
