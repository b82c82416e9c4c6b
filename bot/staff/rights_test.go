package staff_test

import (
	"slices"
	"testing"

	"faqbot/bot/staff"
)

// TestRights is the table of role × right.
func TestRights(t *testing.T) {
	table := map[staff.Role][]staff.Right{
		staff.Admin:      {staff.ReadKnowledge, staff.SharePhrases, staff.ManageSettings, staff.ManageStaff},
		staff.Editor:     {staff.ReadKnowledge, staff.EditKnowledge},
		staff.Reviewer:   {staff.ReadKnowledge, staff.ReviewKnowledge},
		staff.Agent:      {staff.ReadKnowledge, staff.ServeDesk},
		staff.Supervisor: {staff.ReadKnowledge, staff.ServeDesk, staff.SuperviseDesk, staff.SharePhrases, staff.ReadPersonal},
		staff.Auditor:    {staff.ReadAudit},
		"root":           nil,
		"":               nil,
	}
	for _, role := range staff.Roles() {
		if len(table[role]) == 0 {
			t.Errorf("the table has no %s", role)
		}
	}
	given := map[staff.Right]bool{}
	for role, want := range table {
		account := staff.Account{Roles: []staff.Role{role}}
		if rights := role.Rights(); !slices.IsSorted(rights) || !slices.Equal(rights, account.Rights()) {
			t.Errorf("%s has %v, an account of it %v", role, rights, account.Rights())
		}
		for _, right := range staff.Rights() {
			if got := account.May(right); got != slices.Contains(want, right) {
				t.Errorf("%s × %s = %v", role, right, got)
			}
			given[right] = given[right] || account.May(right)
		}
	}
	for _, right := range staff.Rights() {
		if !given[right] {
			t.Errorf("no role brings %s", right)
		}
	}
}

func TestRightsOfAccount(t *testing.T) {
	a := staff.Account{
		Roles: []staff.Role{staff.Supervisor, staff.Agent, staff.Auditor},
		Extra: []staff.Right{staff.ServeDesk, staff.EditKnowledge},
	}
	want := []staff.Right{
		staff.ReadAudit, staff.ServeDesk, staff.SuperviseDesk, staff.EditKnowledge, staff.ReadKnowledge,
		staff.ReadPersonal, staff.SharePhrases,
	}
	if got := a.Rights(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if a.Extra[0] != staff.ServeDesk {
		t.Error("the extra rights were put in order where they are")
	}
	for name, change := range map[string]func(*staff.Account){
		"disabled":    func(a *staff.Account) { a.Disabled = true },
		"must change": func(a *staff.Account) { a.MustChange = true },
	} {
		one := a
		change(&one)
		if one.May(staff.ServeDesk) || !a.May(staff.ServeDesk) {
			t.Errorf("%s: may %v", name, one.May(staff.ServeDesk))
		}
	}
}
