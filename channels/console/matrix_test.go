package console_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"faqbot/bot/staff"
	"faqbot/channels/console"
)

// TestPermissionMatrix asks for every operation as everybody: each role, each
// single right, nobody, somebody disabled, somebody who has to change the
// password first, and with a cookie that proves nothing. What is declared is what
// happens, and what is refused changes nothing.
func TestPermissionMatrix(t *testing.T) {
	s := newSite(t)
	type person struct {
		staff.Account
		secret string
	}
	people := []person{{staff.Account{}, ""}, {staff.Account{}, "forged"}}
	join := func(a staff.Account) {
		people = append(people, person{a, s.staff.join(a)})
	}
	for _, r := range staff.Roles() {
		join(staff.Account{Name: string(r), Roles: []staff.Role{r}})
		join(staff.Account{Name: "off-" + string(r), Roles: []staff.Role{r}, Disabled: true})
		join(staff.Account{Name: "must-" + string(r), Roles: []staff.Role{r}, MustChange: true})
	}
	for _, r := range staff.Rights() {
		join(staff.Account{Name: string(r), Extra: []staff.Right{r}})
	}
	join(staff.Account{Name: "nothing"})
	asked := 0
	for _, op := range s.Operations() {
		for _, p := range people {
			before := len(s.staff.changes)
			w := s.try(op, p.Name, p.secret)
			want := expected(op, p.Account)
			if want == 0 && (w.Code < 200 || w.Code > 299) && !atDesk(op, w.Code) || want != 0 && w.Code != want {
				t.Errorf("%s as %q %q: %d, want %d: %s", op.ID, p.Name, p.secret, w.Code, want, w.Body)
			}
			if want != 0 && len(s.staff.changes) != before {
				t.Errorf("%s as %q is refused and done: %v", op.ID, p.Name, s.staff.changes[before:])
			}
			asked++
		}
	}
	if len(s.Operations()) < 15 || asked < 15*len(people) {
		t.Errorf("%d operations, %d questions", len(s.Operations()), asked)
	}
}

// expected is the status for somebody, or 0 for success.
func expected(op console.Operation, a staff.Account) int {
	switch {
	case op.Anyone:
		return 0
	case a.Name == "" || a.Disabled:
		return http.StatusUnauthorized
	case a.MustChange && !op.BeforeChange:
		return http.StatusForbidden
	case op.Right != "" && !slices.Contains(a.Rights(), op.Right) && !slices.Contains(a.Rights(), op.Or):
		return http.StatusForbidden
	}
	return 0
}

// TestDeclaredRights is the list that a reviewer reads: whoever opens something
// wider has to change it here too.
func TestDeclaredRights(t *testing.T) {
	want := map[string]string{
		"setUp": "anyone", "signIn": "anyone", "reportPolicy": "anyone",
		"me": "before change", "signOut": "before change", "changePassword": "before change",
		"enrollTOTP": "", "confirmTOTP": "", "dropTOTP": "", "listColleagues": "",
		"listStaff": "staff.manage", "createStaff": "staff.manage", "updateStaff": "staff.manage",
		"resetPassword": "staff.manage", "endSessions": "staff.manage",
		"listOfficial": "settings.manage", "putOfficial": "settings.manage", "dropOfficial": "settings.manage",
		"probeOfficial": "settings.manage", "publishOfficialMenu": "settings.manage", "officialTrouble": "settings.manage",
		"listAudit": "audit.read", "verifyAudit": "audit.read", "exportAudit": "audit.read",
	}
	maps.Copy(want, deskRights())
	for _, op := range newSite(t).Operations() {
		got := strings.TrimSuffix(string(op.Right+"|"+op.Or), "|")
		switch {
		case op.Anyone:
			got = "anyone"
		case op.BeforeChange:
			got = "before change"
		}
		if w, ok := want[op.ID]; !ok || w != got {
			t.Errorf("%s %s is for %q, want %q", op.Method, op.Path, got, w)
		}
		delete(want, op.ID)
	}
	for id := range want {
		t.Errorf("there is no %s", id)
	}
}
