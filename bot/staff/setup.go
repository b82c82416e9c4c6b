package staff

import (
	"context"
	"crypto/subtle"
	"time"
)

// invitationLife is how long the link to make the first account works.
const invitationLife = 24 * time.Hour

// Invite returns the token of a link that makes the first account, for 24 hours
// and once. The one before works no more. It returns "" if there is an account.
func (s *Service) Invite(ctx context.Context) (token string, err error) {
	err = s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		token = ""
		accounts, err := tx.Accounts(ctx)
		if err != nil || len(accounts) > 0 {
			return err
		}
		var proof string
		token, proof = newSecret()
		return tx.PutInvitation(ctx, Invitation{Proof: proof, Until: s.now().Add(invitationLife)})
	})
	if err != nil {
		return "", wrap("invite the first administrator", err)
	}
	return token, nil
}

// SetUp makes the first account, an Admin, for who has the token. It returns
// ErrSetUp if there is an account or the token is not that of the last Invite any
// more, and an *InvalidError if a value is bad, after which the token still works.
func (s *Service) SetUp(ctx context.Context, token string, name, nick, password string, from Origin) (Account, error) {
	const doing = "set up the first administrator"
	if err := s.invited(ctx, s.store, token); err != nil {
		return Account{}, wrap(doing, err)
	}
	if nick == "" {
		nick = name
	}
	first, err := s.newAccount(Account{Name: name, Nick: nick, Roles: []Role{Admin}})
	if err == nil {
		err = checkPassword(password, name, s.policy.MinPassword)
	}
	if err == nil {
		first.Password, err = s.hash(ctx, password)
	}
	if err != nil {
		return Account{}, wrap(doing, err)
	}
	err = s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		if err := s.invited(ctx, tx, token); err != nil {
			return err
		}
		if err := tx.PutInvitation(ctx, Invitation{}); err != nil {
			return err
		}
		if err := tx.PutAccount(ctx, first); err != nil {
			return err
		}
		act := Act{What: ActSetUp, Object: first.ID, After: viewOf(first.Account), OK: true}
		return s.append(ctx, tx, first.Account, act, from)
	})
	if err != nil {
		return Account{}, wrap(doing, err)
	}
	return first.Account, nil
}

// invited checks that the token is the one, and that there is no account.
func (s *Service) invited(ctx context.Context, r Reader, token string) error {
	invitation, err := r.Invitation(ctx)
	if err != nil {
		return err
	}
	same := subtle.ConstantTimeCompare([]byte(invitation.Proof), []byte(proofOf(token))) == 1
	if !same || !s.now().Before(invitation.Until) {
		return ErrSetUp
	}
	accounts, err := r.Accounts(ctx)
	if err == nil && len(accounts) > 0 {
		err = ErrSetUp
	}
	return err
}

// newAccount checks what was written about an account and completes it, but for
// the password.
func (s *Service) newAccount(a Account) (Stored, error) {
	a, err := checkAccount(a)
	if err == nil {
		err = checkName(a.Name)
	}
	now := s.now()
	return Stored{Account: Account{
		ID: s.newID(), Name: a.Name, Nick: a.Nick, Roles: a.Roles, Extra: a.Extra, CreatedAt: now, UpdatedAt: now,
	}}, err
}
