package console

import (
	"context"
	"net/http"
	"time"

	"faqbot/bot/staff"
)

// Account is somebody of the staff. Times are Unix milliseconds, 0 for never.
type Account struct {
	ID         string        `json:"id"`
	Name       string        `json:"name" doc:"用户名，登录用"`
	Nick       string        `json:"nick" doc:"显示给顾客和同事的名字"`
	Roles      []staff.Role  `json:"roles" nullable:"false"`
	Extra      []staff.Right `json:"extra" nullable:"false" doc:"角色之外的权限"`
	Disabled   bool          `json:"disabled"`
	MustChange bool          `json:"must_change" doc:"必须先修改密码"`
	TOTP       bool          `json:"totp" doc:"已开启动态验证码"`
	CreatedAt  int64         `json:"created_at"`
	UpdatedAt  int64         `json:"updated_at"`
	SeenAt     int64         `json:"seen_at" doc:"上次登录"`
}

func accountOf(a staff.Account) Account {
	return Account{
		ID: a.ID, Name: a.Name, Nick: a.Nick, Roles: notNil(a.Roles), Extra: notNil(a.Extra),
		Disabled: a.Disabled, MustChange: a.MustChange, TOTP: a.TOTP,
		CreatedAt: millis(a.CreatedAt), UpdatedAt: millis(a.UpdatedAt), SeenAt: millis(a.SeenAt),
	}
}

// Me is who is signed in, and what that one may do.
type Me struct {
	Account Account       `json:"account"`
	Rights  []staff.Right `json:"rights" nullable:"false"`
	Until   int64         `json:"until" doc:"登录到此时自动失效"`
	CSRF    string        `json:"csrf" doc:"写请求要在 X-CSRF-Token 里带上，直到下次登录"`
}

func meOf(id staff.Identity, csrf string) Me {
	return Me{Account: accountOf(id.Account), Rights: notNil(id.Account.Rights()), Until: millis(id.Until), CSRF: csrf}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// body is an answer without anything but a body.
type body[T any] struct{ Body T }

// none is an input or an answer without anything.
type none struct{}

func (c *Console) addSession() {
	add(c, operation{id: "setUp", method: http.MethodPost, path: "/setup", who: anyone(), summary: "首次设置：建立第一个管理员", status: http.StatusCreated}, c.setUp)
	add(c, operation{id: "signIn", method: http.MethodPost, path: "/session", who: anyone(), summary: "登录"}, c.signIn)
	add(c, operation{id: "signOut", method: http.MethodDelete, path: "/session", who: beforeChange(), summary: "退出登录"}, c.signOut)
	add(c, operation{id: "me", method: http.MethodGet, path: "/me", who: beforeChange(), summary: "当前登录的人"}, c.me)
}

type setUpInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"200"`
		Name     string `json:"name" maxLength:"100"`
		Nick     string `json:"nick" maxLength:"100"`
		Password string `json:"password" maxLength:"1000"`
	}
}

func (c *Console) setUp(ctx context.Context, who call, in *setUpInput) (*body[Account], error) {
	if wait := c.wait(who); wait != nil {
		return nil, wait
	}
	b := in.Body
	made, err := c.staff.SetUp(ctx, b.Token, b.Name, b.Nick, b.Password, who.from)
	return &body[Account]{accountOf(made)}, err
}

type signInInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"100"`
		Password string `json:"password" maxLength:"1000"`
		Code     string `json:"code,omitempty" maxLength:"20" doc:"动态验证码"`
	}
}

type signInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// signIn begins a session, always a new one. Each network may try so often, over
// all names; the lock of one name is a matter of the staff.
func (c *Console) signIn(ctx context.Context, who call, in *signInInput) (*signInOutput, error) {
	if wait := c.wait(who); wait != nil {
		return nil, wait
	}
	secret, id, err := c.staff.SignIn(ctx, in.Body.Name, in.Body.Password, in.Body.Code, who.from)
	if err != nil {
		return nil, err
	}
	return &signInOutput{SetCookie: *c.cookie(secret), Body: meOf(id, csrfToken(secret))}, nil
}

// wait counts a try of the caller's network. It returns nil if it may go on.
func (c *Console) wait(who call) error {
	wait := c.signIns.Take(who.network)
	if wait == 0 {
		return nil
	}
	return newProblem(http.StatusTooManyRequests, "rate", "操作太频繁，请稍后再试").after(wait)
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (c *Console) signOut(ctx context.Context, who call, _ *none) (*signOutOutput, error) {
	if err := c.staff.SignOut(ctx, who.Identity, who.from); err != nil {
		return nil, err
	}
	return &signOutOutput{SetCookie: *c.noCookie()}, nil
}

func (c *Console) me(_ context.Context, who call, _ *none) (*body[Me], error) {
	return &body[Me]{meOf(who.Identity, who.csrf)}, nil
}
