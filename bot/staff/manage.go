package staff

import (
	"context"
	"slices"
	"time"
)

// view is what the log says of an account.
type view struct {
	Name     string  `json:"name"`
	Nick     string  `json:"nick"`
	Roles    []Role  `json:"roles"`
	Extra    []Right `json:"extra,omitempty"`
	Disabled bool    `json:"disabled,omitempty"`
}

func viewOf(a Account) view { return view{a.Name, a.Nick, a.Roles, a.Extra, a.Disabled} }

// Accounts returns all accounts in the order of their names. It needs ManageStaff.
func (s *Service) Accounts(ctx context.Context, by Identity) ([]Account, error) {
	if err := s.allowed(ctx, by, ManageStaff); err != nil {
		return nil, err
	}
	stored, err := s.store.Accounts(ctx)
	accounts := make([]Account, len(stored))
	for i := range stored {
		accounts[i] = stored[i].Account
	}
	return accounts, wrap("read the accounts", err)
}

// Colleagues returns the accounts that are not disabled, in the order of their
// names: who they are and what they may do, nothing of how they sign in.
func (s *Service) Colleagues(ctx context.Context) ([]Account, error) {
	stored, err := s.store.Accounts(ctx)
	var colleagues []Account
	for _, a := range stored {
		if !a.Disabled {
			colleagues = append(colleagues, Account{ID: a.ID, Name: a.Name, Nick: a.Nick, Roles: a.Roles, Extra: a.Extra})
		}
	}
	return colleagues, wrap("read the accounts", err)
}

// Create makes an account of name, nick, roles and extra rights; nothing else of a
// counts. It returns a password to hand over, which must be changed at once. It
// needs ManageStaff, and gives ErrTaken or an *InvalidError if it cannot.
func (s *Service) Create(ctx context.Context, by Identity, a Account, from Origin) (made Account, password string, err error) {
	fresh, err := s.newAccount(a)
	if err != nil {
		return Account{}, "", wrap(ActCreate, err)
	}
	password = oneTime()
	fresh.MustChange = true
	if fresh.Password, err = s.hash(ctx, password); err != nil {
		return Account{}, "", wrap(ActCreate, err)
	}
	act := Act{What: ActCreate, Object: fresh.ID, After: viewOf(fresh.Account)}
	err = s.privileged(ctx, by, ManageStaff, act, from, func(ctx context.Context, tx Tx, _ *Act) error {
		return tx.PutAccount(ctx, fresh)
	})
	if err != nil {
		return Account{}, "", err
	}
	return fresh.Account, password, nil
}

// Update sets nick, roles, extra rights and whether the account is disabled;
// nothing else of a counts. a.UpdatedAt must be that of the account, or else
// somebody changed it meanwhile: ErrConflict. Disabling an account or changing its
// rights ends its sessions, except the one this is done in. Nobody disables
// themselves or gives away their own ManageStaff, so that somebody always has it.
// It needs ManageStaff.
func (s *Service) Update(ctx context.Context, by Identity, a Account, from Origin) (updated Account, err error) {
	checked, err := checkAccount(a)
	if err != nil {
		return Account{}, wrap(ActUpdate, err)
	}
	act := Act{What: ActUpdate, Object: a.ID}
	err = s.privileged(ctx, by, ManageStaff, act, from, func(ctx context.Context, tx Tx, act *Act) error {
		old, err := tx.Account(ctx, a.ID)
		if err != nil {
			return err
		}
		if !a.UpdatedAt.Equal(old.UpdatedAt) {
			return ErrConflict
		}
		next := old
		next.Nick, next.Roles, next.Extra, next.Disabled = checked.Nick, checked.Roles, checked.Extra, checked.Disabled
		next.UpdatedAt = s.after(old.UpdatedAt)
		if a.ID == by.Account.ID {
			if err := checkOwn(next.Account); err != nil {
				return err
			}
		}
		act.Before, act.After = viewOf(old.Account), viewOf(next.Account)
		updated = next.Account
		if err := tx.PutAccount(ctx, next); err != nil {
			return err
		}
		if next.Disabled || !slices.Equal(old.Rights(), next.Rights()) {
			return tx.EndSessions(ctx, a.ID, by.Session)
		}
		return nil
	})
	if err != nil {
		return Account{}, err
	}
	return updated, nil
}

// after is now, or a moment after the time if the clock has not moved on: two
// changes never carry the same time.
func (s *Service) after(t time.Time) time.Time {
	if now := s.now(); now.After(t) {
		return now
	}
	return t.Add(time.Millisecond)
}

// checkOwn refuses what would lock its author out.
func checkOwn(next Account) error {
	switch {
	case next.Disabled:
		return &InvalidError{"disabled", "不能停用自己的账号"}
	case !slices.Contains(next.Rights(), ManageStaff):
		return &InvalidError{"roles", "不能去掉自己的账号管理权限，请由其他管理员操作"}
	}
	return nil
}

// ResetPassword sets a password that must be changed at once, and returns it to be
// handed over. It ends the sessions of the account and takes away its second
// factor and its lock, for somebody who cannot sign in any more. It needs
// ManageStaff; one's own password is changed with ChangePassword.
func (s *Service) ResetPassword(ctx context.Context, by Identity, account string, from Origin) (password string, err error) {
	if account == by.Account.ID {
		return "", wrap(ActReset, &InvalidError{"account", "自己的密码请用“修改密码”更改"})
	}
	password = oneTime()
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", wrap(ActReset, err)
	}
	act := Act{What: ActReset, Object: account}
	err = s.privileged(ctx, by, ManageStaff, act, from, func(ctx context.Context, tx Tx, _ *Act) error {
		reset, err := tx.Account(ctx, account)
		if err != nil {
			return err
		}
		reset.Password, reset.MustChange = hash, true
		reset.Factor, reset.Pending, reset.Step = nil, nil, 0
		if err := tx.PutAccount(ctx, reset); err != nil {
			return err
		}
		if err := tx.PutThrottle(ctx, Throttle{Key: nameKey(Fold(reset.Name))}); err != nil {
			return err
		}
		return tx.EndSessions(ctx, account, "")
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// EndSessions signs the account out everywhere. It needs ManageStaff.
func (s *Service) EndSessions(ctx context.Context, by Identity, account string, from Origin) error {
	act := Act{What: ActEndSessions, Object: account}
	return s.privileged(ctx, by, ManageStaff, act, from, func(ctx context.Context, tx Tx, _ *Act) error {
		if _, err := tx.Account(ctx, account); err != nil {
			return err
		}
		return tx.EndSessions(ctx, account, "")
	})
}
