package console

import (
	"context"
	"errors"
	"net/http"

	"faqbot/bot/staff"
)

func (c *Console) addSelf() {
	add(c, operation{id: "changePassword", method: http.MethodPost, path: "/me/password", who: beforeChange(), summary: "修改自己的密码"}, c.changePassword)
	add(c, operation{id: "enrollTOTP", method: http.MethodPost, path: "/me/totp", who: signedIn(), summary: "开始设置动态验证码"}, c.enrollTOTP)
	add(c, operation{id: "confirmTOTP", method: http.MethodPost, path: "/me/totp/confirm", who: signedIn(), summary: "确认动态验证码并开启"}, c.confirmTOTP)
	add(c, operation{id: "dropTOTP", method: http.MethodPost, path: "/me/totp/drop", who: signedIn(), summary: "关闭动态验证码"}, c.dropTOTP)
}

type changePasswordInput struct {
	Body struct {
		Old string `json:"old" maxLength:"1000"`
		New string `json:"new" maxLength:"1000"`
	}
}

func (c *Console) changePassword(ctx context.Context, who call, in *changePasswordInput) (*none, error) {
	err := c.staff.ChangePassword(ctx, who.Identity, in.Body.Old, in.Body.New, who.from)
	return &none{}, wrong(err, "old", "原密码不正确")
}

// wrong says which field a wrong password or code stood in: who is signed in
// already knows the name.
func wrong(err error, field, reason string) error {
	if errors.Is(err, staff.ErrCredentials) || errors.Is(err, staff.ErrCode) {
		return wrongField(field, reason)
	}
	return err
}

// Enrollment is a second factor that is not asked for yet.
type Enrollment struct {
	URI string `json:"uri" doc:"otpauth 地址，画成二维码给验证器扫描"`
}

func (c *Console) enrollTOTP(ctx context.Context, who call, _ *none) (*body[Enrollment], error) {
	uri, err := c.staff.EnrollTOTP(ctx, who.Identity)
	return &body[Enrollment]{Enrollment{uri}}, err
}

type confirmTOTPInput struct {
	Body struct {
		Code string `json:"code" maxLength:"20"`
	}
}

func (c *Console) confirmTOTP(ctx context.Context, who call, in *confirmTOTPInput) (*none, error) {
	err := c.staff.ConfirmTOTP(ctx, who.Identity, in.Body.Code, who.from)
	return &none{}, wrong(err, "code", "动态验证码不正确，请看一下手机时间是否准确")
}

type dropTOTPInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

func (c *Console) dropTOTP(ctx context.Context, who call, in *dropTOTPInput) (*none, error) {
	err := c.staff.DropTOTP(ctx, who.Identity, in.Body.Password, who.from)
	return &none{}, wrong(err, "password", "密码不正确")
}
