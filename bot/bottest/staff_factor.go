package bottest

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"faqbot/bot/staff"
)

// enroll turns a second factor on and returns its secret.
func (o *office) enroll(id staff.Identity) (secret string) {
	o.t.Helper()
	uri, err := o.one.EnrollTOTP(o.t.Context(), id)
	o.must(err)
	parsed, err := url.Parse(uri)
	o.must(err)
	secret = parsed.Query().Get("secret")
	if parsed.Scheme != "otpauth" || parsed.Host != "totp" || len(secret) < 32 || !strings.Contains(parsed.Path, id.Account.Name) {
		o.t.Fatalf("the URI is %s", uri)
	}
	o.must(o.two.ConfirmTOTP(o.t.Context(), id, o.code(secret, 0), home))
	return secret
}

// code is what the application shows after a while.
func (o *office) code(secret string, later time.Duration) string {
	o.t.Helper()
	code, err := totp.GenerateCode(secret, o.clock.Now().Add(later))
	o.must(err)
	return code
}

func testSecondFactor(t *testing.T, o *office) {
	boss := o.admin()
	secret := o.enroll(boss)
	if r := o.last(); r.What != staff.ActFactorOn || r.Account != boss.Account.ID || !r.OK {
		t.Errorf("recorded %+v", r)
	}
	signIn := func(code string) error {
		_, id, err := o.two.SignIn(t.Context(), "boss", password, code, home)
		if err == nil && !id.Account.TOTP {
			t.Error("the account says that it has no second factor")
		}
		return err
	}
	used := o.code(secret, 0)
	o.want("with the code that confirmed", signIn(used), staff.ErrCode)
	o.clock.pass(30 * time.Second)
	for range 7 { // is no failure
		o.want("without a code", signIn(""), staff.ErrCode)
	}
	for _, drift := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		o.clock.pass(2 * time.Minute)
		code := o.code(secret, drift)
		o.want("with a code "+drift.String()+" off", signIn(code), nil)
		o.want("with the same code", signIn(code), staff.ErrCode)
		o.want("with a code before", signIn(o.code(secret, drift-30*time.Second)), staff.ErrCode)
	}
	o.clock.pass(5 * time.Minute)
	o.want("with a good code", signIn(o.code(secret, 0)), nil)
	o.want("with an old code", signIn(o.code(secret, -time.Minute)), staff.ErrCode)
	o.want("with a later code", signIn(o.code(secret, time.Minute)), staff.ErrCode)
	for _, code := range []string{"123", "abcdef"} {
		o.want("with the code "+code, signIn(code), staff.ErrCode)
	}
	_, _, err := o.two.SignIn(t.Context(), "boss", "wrong password", o.code(secret, 0), home)
	o.want("with a wrong password", err, staff.ErrCredentials)
	_, _, err = o.two.SignIn(t.Context(), "boss", password, o.code(secret, 0), home)
	o.wantLocked("after five failures", err, time.Minute)
}

func testSecondFactorRefuses(t *testing.T, o *office) {
	boss := o.admin()
	o.wantInvalid("confirm nothing", o.one.ConfirmTOTP(t.Context(), boss, "123456", home), "totp")
	_, err := o.one.EnrollTOTP(t.Context(), boss)
	o.must(err)
	o.want("confirm with a wrong code", o.one.ConfirmTOTP(t.Context(), boss, "12345", home), staff.ErrCode)
	o.signIn(o.one, "boss") // is not asked for before it is confirmed
	secret := o.enroll(boss)
	_, err = o.one.EnrollTOTP(t.Context(), boss)
	o.wantInvalid("enroll once more", err, "totp")
	o.want("drop with a wrong password", o.one.DropTOTP(t.Context(), boss, another, home), staff.ErrCredentials)
	o.must(o.one.DropTOTP(t.Context(), boss, password, home))
	if r := o.last(); r.What != staff.ActFactorOff || !r.OK {
		t.Errorf("recorded %+v", r)
	}
	boss = o.signIn(o.two, "boss")

	agent := o.hire(boss, "agent", staff.Agent)
	o.clock.pass(time.Minute)
	o.enroll(agent)
	first, err := o.one.ResetPassword(t.Context(), boss, agent.Account.ID, home)
	o.must(err)
	o.enter(o.two, "agent", first) // who lost the telephone comes in
	for _, r := range o.log() {
		if strings.Contains(r.Before+r.After+r.Why, secret) {
			t.Errorf("the secret is in the log: %+v", r)
		}
	}
}

func testSecondFactorIsSealed(t *testing.T, o *office) {
	boss := o.admin()
	agent := o.hire(boss, "agent", staff.Agent)
	secret, other := o.enroll(boss), o.enroll(agent)
	o.clock.pass(time.Minute)
	a, b := o.account(boss.Account.ID), o.account(agent.Account.ID)
	if bytes.Contains(a.Factor, []byte(secret)) {
		t.Error("the secret lies open in the database")
	}
	a.Factor = b.Factor // as somebody could who writes the database
	o.must(o.store.Change(t.Context(), func(ctx context.Context, tx staff.Tx) error { return tx.PutAccount(ctx, a) }))
	_, _, err := o.one.SignIn(t.Context(), "boss", password, o.code(other, 0), home)
	if err == nil || errors.Is(err, staff.ErrCode) {
		t.Errorf("signed in with somebody else's factor: error %v", err)
	}
	bare := staff.NewService(staff.Config{Store: o.store, Now: o.clock.Now})
	_, _, err = bare.SignIn(t.Context(), "agent", password, o.code(other, 0), home)
	if err == nil {
		t.Error("signed in although nobody could check the code")
	}
	if _, err := bare.EnrollTOTP(t.Context(), boss); err == nil {
		t.Error("made a second factor without a key")
	}
}
