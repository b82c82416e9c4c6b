package console

import (
	"context"
	"net/http"
	"time"

	"faqbot/bot/staff"
)

func (c *Console) addStaff() {
	manage := needs(staff.ManageStaff)
	add(c, operation{id: "listStaff", method: http.MethodGet, path: "/staff", who: manage, summary: "员工列表"}, c.listStaff)
	add(c, operation{id: "createStaff", method: http.MethodPost, path: "/staff", who: manage, summary: "新建员工", status: http.StatusCreated}, c.createStaff)
	add(c, operation{id: "updateStaff", method: http.MethodPut, path: "/staff/{id}", who: manage, summary: "修改员工"}, c.updateStaff)
	add(c, operation{id: "resetPassword", method: http.MethodPost, path: "/staff/{id}/password", who: manage, summary: "重置密码"}, c.resetPassword)
	add(c, operation{id: "endSessions", method: http.MethodDelete, path: "/staff/{id}/sessions", who: manage, summary: "强制下线"}, c.endSessions)
	add(c, operation{id: "listColleagues", method: http.MethodGet, path: "/colleagues", who: signedIn(), summary: "同事名单"}, c.listColleagues)
}

// StaffList is all accounts, and what the roles mean.
type StaffList struct {
	Accounts []Account  `json:"accounts" nullable:"false"`
	Roles    []RoleInfo `json:"roles" nullable:"false"`
}

// RoleInfo is a role and its rights.
type RoleInfo struct {
	Role   staff.Role    `json:"role"`
	Rights []staff.Right `json:"rights" nullable:"false"`
}

func (c *Console) listStaff(ctx context.Context, who call, _ *none) (*body[StaffList], error) {
	accounts, err := c.staff.Accounts(ctx, who.Identity)
	if err != nil {
		return nil, err
	}
	list := StaffList{Accounts: []Account{}}
	for _, a := range accounts {
		list.Accounts = append(list.Accounts, accountOf(a))
	}
	for _, r := range staff.Roles() {
		list.Roles = append(list.Roles, RoleInfo{r, notNil(r.Rights())})
	}
	return &body[StaffList]{list}, nil
}

// AccountDraft is an account that is to be.
type AccountDraft struct {
	Name  string        `json:"name" maxLength:"100"`
	Nick  string        `json:"nick" maxLength:"100"`
	Roles []staff.Role  `json:"roles" nullable:"false" maxItems:"20"`
	Extra []staff.Right `json:"extra" nullable:"false" maxItems:"50"`
}

// AccountChange is all that can be set of an account.
type AccountChange struct {
	Nick      string        `json:"nick" maxLength:"100"`
	Roles     []staff.Role  `json:"roles" nullable:"false" maxItems:"20"`
	Extra     []staff.Right `json:"extra" nullable:"false" maxItems:"50"`
	Disabled  bool          `json:"disabled"`
	UpdatedAt int64         `json:"updated_at" doc:"修改前看到的 updated_at，防止覆盖别人的修改"`
}

// NewAccount is an account with the password that is shown this once.
type NewAccount struct {
	Account  Account `json:"account"`
	Password string  `json:"password" doc:"一次性密码，只显示这一次"`
}

func (c *Console) createStaff(ctx context.Context, who call, in *body[AccountDraft]) (*body[NewAccount], error) {
	d := in.Body
	draft := staff.Account{Name: d.Name, Nick: d.Nick, Roles: d.Roles, Extra: d.Extra}
	made, password, err := c.staff.Create(ctx, who.Identity, draft, who.from)
	return &body[NewAccount]{NewAccount{accountOf(made), password}}, err
}

type accountPath struct {
	ID string `path:"id" maxLength:"64"`
}

type updateStaffInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body AccountChange
}

func (c *Console) updateStaff(ctx context.Context, who call, in *updateStaffInput) (*body[Account], error) {
	b := in.Body
	changed, err := c.staff.Update(ctx, who.Identity, staff.Account{
		ID: in.ID, Nick: b.Nick, Roles: b.Roles, Extra: b.Extra,
		Disabled: b.Disabled, UpdatedAt: time.UnixMilli(b.UpdatedAt),
	}, who.from)
	return &body[Account]{accountOf(changed)}, err
}

// NewPassword is shown this once.
type NewPassword struct {
	Password string `json:"password" doc:"一次性密码，只显示这一次"`
}

func (c *Console) resetPassword(ctx context.Context, who call, in *accountPath) (*body[NewPassword], error) {
	password, err := c.staff.ResetPassword(ctx, who.Identity, in.ID, who.from)
	return &body[NewPassword]{NewPassword{password}}, err
}

func (c *Console) endSessions(ctx context.Context, who call, in *accountPath) (*none, error) {
	return &none{}, c.staff.EndSessions(ctx, who.Identity, in.ID, who.from)
}

// Colleague is what everyone of the staff may know of another.
type Colleague struct {
	ID   string `json:"id"`
	Nick string `json:"nick"`
}

// Colleagues are those who work here.
type Colleagues struct {
	Colleagues []Colleague `json:"colleagues" nullable:"false"`
}

func (c *Console) listColleagues(ctx context.Context, _ call, _ *none) (*body[Colleagues], error) {
	accounts, err := c.staff.Colleagues(ctx)
	list := Colleagues{Colleagues: []Colleague{}}
	for _, a := range accounts {
		list.Colleagues = append(list.Colleagues, Colleague{a.ID, a.Nick})
	}
	return &body[Colleagues]{list}, err
}
