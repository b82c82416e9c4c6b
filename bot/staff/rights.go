package staff

import (
	"slices"
	"strings"
)

// Roles returns all roles.
func Roles() []Role { return []Role{Admin, Editor, Reviewer, Agent, Supervisor, Auditor} }

// Rights returns all rights.
func Rights() []Right {
	return []Right{
		ManageStaff, ManageSettings, ReadAudit, ServeDesk, SuperviseDesk, SharePhrases,
		ReadKnowledge, EditKnowledge, ReviewKnowledge, ReadPersonal,
	}
}

// Rights returns what a role brings, sorted; nothing for a role that does not
// exist. Who manages the accounts does not read the log of it: that takes another
// role, given visibly. Agents see personal data with masks unless the account has
// the right besides.
func (r Role) Rights() []Right {
	var rights []Right
	switch r {
	case Admin:
		rights = []Right{ManageStaff, ManageSettings, SharePhrases, ReadKnowledge}
	case Editor:
		rights = []Right{ReadKnowledge, EditKnowledge}
	case Reviewer:
		rights = []Right{ReadKnowledge, ReviewKnowledge}
	case Agent:
		rights = []Right{ServeDesk, ReadKnowledge}
	case Supervisor:
		rights = []Right{ServeDesk, SuperviseDesk, SharePhrases, ReadKnowledge, ReadPersonal}
	case Auditor:
		rights = []Right{ReadAudit}
	}
	slices.Sort(rights)
	return rights
}

// Rights returns the rights of the roles and the extra ones, sorted, each once.
// It does not ask whether the account may use them; May does.
func (a *Account) Rights() []Right {
	rights := slices.Clone(a.Extra)
	for _, role := range a.Roles {
		rights = append(rights, role.Rights()...)
	}
	slices.Sort(rights)
	return slices.Compact(rights)
}

// checkAccount checks what people write about an account and returns it in order:
// without spaces around the nick, roles and rights sorted and each once.
func checkAccount(a Account) (Account, error) {
	a.Nick = strings.TrimSpace(a.Nick)
	a.Roles, a.Extra = ordered(a.Roles), ordered(a.Extra)
	switch {
	case !goodNick(a.Nick):
		return a, &InvalidError{"nick", "昵称须为 1–32 个字，不能含换行等控制字符"}
	case len(a.Roles) == 0:
		return a, &InvalidError{"roles", "请至少选择一个角色"}
	case !known(a.Roles, Roles()):
		return a, &InvalidError{"roles", "没有这个角色"}
	case !known(a.Extra, Rights()):
		return a, &InvalidError{"extra", "没有这个权限"}
	}
	return a, nil
}

func ordered[T ~string](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// known reports whether all of list are among those that exist.
func known[T comparable](list, exist []T) bool {
	return !slices.ContainsFunc(list, func(one T) bool { return !slices.Contains(exist, one) })
}
