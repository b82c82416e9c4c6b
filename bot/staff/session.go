package staff

import (
	"context"
	"time"
)

// useEvery is how often at most the use of a session is stored.
const useEvery = time.Minute

// Authenticate returns who holds the secret of a session, as the account is now,
// and notes that the session is used. It returns ErrSession if there is no such
// session any more.
func (s *Service) Authenticate(ctx context.Context, secret string) (Identity, error) {
	session, account, err := s.store.SessionOf(ctx, proofOf(secret))
	return s.admit(ctx, session, account, err, true)
}

// Use is Authenticate by the id of a session, for what somebody does on a socket
// that the session has opened.
func (s *Service) Use(ctx context.Context, session string) (Identity, error) {
	found, account, err := s.store.Session(ctx, session)
	return s.admit(ctx, found, account, err, true)
}

// Check is Use without use, for sockets that ask every few seconds whether they
// may stay open: a browser that is merely open does not keep the session.
func (s *Service) Check(ctx context.Context, session string) (Identity, error) {
	found, account, err := s.store.Session(ctx, session)
	return s.admit(ctx, found, account, err, false)
}

// admit returns who is behind a session that was found, or not.
func (s *Service) admit(ctx context.Context, session Session, account Stored, err error, use bool) (Identity, error) {
	const doing = "look for the session"
	if err != nil {
		return Identity{}, wrap(doing, err)
	}
	if !s.lives(session, account) {
		return Identity{}, wrap(doing, ErrSession)
	}
	if now := s.now(); use && now.Sub(session.UsedAt) >= min(useEvery, s.policy.Idle/2) {
		if err := s.store.UseSession(ctx, session.ID, now); err != nil {
			return Identity{}, wrap("use the session", err)
		}
		session.UsedAt = now
	}
	return s.identity(session, account), nil
}

// lives reports whether a session is good.
func (s *Service) lives(session Session, account Stored) bool {
	return !account.Disabled && s.now().Before(s.until(session))
}

// until is when the session ends by itself.
func (s *Service) until(session Session) time.Time {
	idle, absolute := session.UsedAt.Add(s.policy.Idle), session.BegunAt.Add(s.policy.Absolute)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

func (s *Service) identity(session Session, account Stored) Identity {
	return Identity{Account: account.Account, Session: session.ID, Until: s.until(session)}
}

// SignOut ends the session. One that has ended already gives ErrSession.
func (s *Service) SignOut(ctx context.Context, id Identity, from Origin) error {
	return s.own(ctx, id, ActSignOut, from, func(ctx context.Context, tx Tx, _ Stored) error {
		return tx.EndSession(ctx, id.Session)
	})
}
