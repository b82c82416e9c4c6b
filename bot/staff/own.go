package staff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// issuer is what the application with the codes shows beside the name.
const issuer = "faqbot"

// period is how long a code is shown; the one before and the next count too,
// because clocks differ.
const period = 30 * time.Second

// ChangePassword sets the own password and ends all other sessions. A wrong old
// one is counted as when signing in.
func (s *Service) ChangePassword(ctx context.Context, id Identity, old, new string, from Origin) error {
	if err := checkPassword(new, id.Account.Name, s.policy.MinPassword); err != nil {
		return err
	}
	if old == new {
		return &InvalidError{"password", "新密码不能与旧密码相同"}
	}
	return s.proven(ctx, id, old, ActPassword, from, func(ctx context.Context) (change, error) {
		hash, err := s.hash(ctx, new)
		return func(ctx context.Context, tx Tx, me Stored) error {
			me.Password, me.MustChange = hash, false
			if err := tx.EndSessions(ctx, me.ID, id.Session); err != nil {
				return err
			}
			return tx.PutAccount(ctx, me)
		}, err
	})
}

// change is what is done to the own account.
type change func(ctx context.Context, tx Tx, me Stored) error

// proven does something to the own account for who knows its password. What takes
// time is prepared before, when the password is known to be right.
func (s *Service) proven(ctx context.Context, id Identity, password, what string, from Origin,
	prepare func(ctx context.Context) (change, error)) error {
	t, err := s.try(ctx, id.Account.Name, password, from)
	if err != nil {
		return wrap(what, err)
	}
	var do change
	if t.right {
		if do, err = prepare(ctx); err != nil {
			return wrap(what, err)
		}
	}
	var refused error
	err = s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		me, err := s.actor(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, refused, err = s.judge(ctx, tx, t); err != nil || refused != nil {
			return err
		}
		if err := do(ctx, tx, me); err != nil {
			return err
		}
		return s.append(ctx, tx, me.Account, Act{What: what, Object: me.ID, OK: true}, from)
	})
	return wrap(what, cmp.Or(err, refused))
}

// EnrollTOTP makes the secret of a second factor and returns it as an otpauth URI,
// to be shown as a QR code. It is not asked for before ConfirmTOTP. An account
// that has a second factor must drop it first.
func (s *Service) EnrollTOTP(ctx context.Context, id Identity) (uri string, err error) {
	const doing = "begin a second factor"
	if s.keyErr != nil {
		return "", wrap(doing, s.keyErr)
	}
	err = s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		me, err := s.actor(ctx, tx, id)
		if err != nil {
			return err
		}
		if me.Factor != nil {
			return &InvalidError{"totp", "已开启两步验证，请先关闭再重新绑定"}
		}
		key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: me.Name})
		if err != nil {
			return fmt.Errorf("make the key: %w", err)
		}
		uri = key.URL()
		me.Pending = s.sealer.Seal([]byte(key.Secret()), factorOf(me))
		return tx.PutAccount(ctx, me)
	})
	if err != nil {
		return "", wrap(doing, err)
	}
	return uri, nil
}

// ConfirmTOTP turns the second factor on for who can show a code of it, or returns
// ErrCode.
func (s *Service) ConfirmTOTP(ctx context.Context, id Identity, code string, from Origin) error {
	return s.own(ctx, id, ActFactorOn, from, func(ctx context.Context, tx Tx, me Stored) error {
		if me.Pending == nil {
			return &InvalidError{"totp", "请先扫描二维码绑定"}
		}
		me.Step = 0 // that of a secret before
		step, err := s.codeStep(me, me.Pending, code)
		if err != nil {
			return err
		}
		if step == 0 {
			return ErrCode
		}
		me.Factor, me.Pending, me.Step = me.Pending, nil, step
		return tx.PutAccount(ctx, me)
	})
}

// DropTOTP turns the second factor off for who knows the password. A wrong one is
// counted as when signing in.
func (s *Service) DropTOTP(ctx context.Context, id Identity, password string, from Origin) error {
	return s.proven(ctx, id, password, ActFactorOff, from, func(context.Context) (change, error) {
		return func(ctx context.Context, tx Tx, me Stored) error {
			me.Factor, me.Pending, me.Step = nil, nil, 0
			return tx.PutAccount(ctx, me)
		}, nil
	})
}

// codeStep returns the number of the period that the code belongs to, or 0 if it is
// wrong. Each code is good once: none of an earlier period counts after it.
func (s *Service) codeStep(account Stored, sealed []byte, code string) (int64, error) {
	if s.keyErr != nil {
		return 0, s.keyErr
	}
	secret, err := s.sealer.Open(sealed, factorOf(account))
	if err != nil {
		return 0, fmt.Errorf("open the second factor of %s: %w", account.ID, err)
	}
	options := totp.ValidateOpts{Period: uint(period.Seconds()), Digits: otp.DigitsSix}
	for _, drift := range []time.Duration{0, -period, period} {
		at := s.now().Add(drift)
		right, err := totp.ValidateCustom(code, string(secret), at, options)
		if err != nil && !errors.Is(err, otp.ErrValidateInputInvalidLength) {
			return 0, fmt.Errorf("check a code: %w", err)
		}
		if step := at.Unix() / int64(period.Seconds()); right && step > account.Step {
			return step, nil
		}
	}
	return 0, nil
}

// factorOf is the context that the secret of a second factor is sealed with.
func factorOf(account Stored) string { return "staff/totp/" + account.ID }
