package staff

import (
	"context"
	"time"
)

// Stored is an account with what proves that one is it. Account.TOTP follows from
// Factor.
type Stored struct {
	Account
	Password string // its hash, in the PHC form
	Factor   []byte // sealed secret of the second factor; nil without one
	Pending  []byte // sealed secret that waits to be confirmed
	Step     int64  // the last period whose code was used
}

// Session is an account that is signed in.
type Session struct {
	ID      string
	Account string
	Proof   string // hash of the secret that the browser holds
	BegunAt time.Time
	UsedAt  time.Time
	Origin
}

// Throttle counts failures to sign in, for one name or one network address.
type Throttle struct {
	Key      string
	Failures int       // since the last success or lock
	Locks    int       // how often it was locked
	LastAt   time.Time // the last failure
	Until    time.Time // no attempt before; zero if never locked
}

// Invitation is the link that makes the first account.
type Invitation struct {
	Proof string // hash of the token; "" if there is none
	Until time.Time
}

// Ticket opens one socket.
type Ticket struct {
	Proof   string // hash of what the browser holds
	Session string // id of the session that it is for
	Until   time.Time
}

// Reader reads what is stored. Times come back in milliseconds and UTC.
type Reader interface {
	// Accounts returns all accounts in the order of their names.
	Accounts(ctx context.Context) ([]Stored, error)
	// Account returns the account with the id, or ErrNotFound.
	Account(ctx context.Context, id string) (Stored, error)
	// AccountNamed returns the account with the folded name, or ErrNotFound.
	AccountNamed(ctx context.Context, folded string) (Stored, error)
	// Session returns the session with the id and its account, or ErrSession.
	Session(ctx context.Context, id string) (Session, Stored, error)
	// SessionOf returns the session with the proof and its account, or ErrSession.
	SessionOf(ctx context.Context, proof string) (Session, Stored, error)
	// Throttle returns the counter; one that was never put is zero but for the key.
	Throttle(ctx context.Context, key string) (Throttle, error)
	// Invitation returns the invitation, zero if there is none.
	Invitation(ctx context.Context) (Invitation, error)
	// AuditHead returns number and hash of the last record; 0 and "" before the
	// first.
	AuditHead(ctx context.Context) (n int64, hash string, err error)
}

// Tx changes what is stored.
type Tx interface {
	Reader
	// PutAccount stores the account with its id in place of what was there, or
	// returns ErrTaken if another one has the name, whatever the case.
	PutAccount(ctx context.Context, a Stored) error
	// PutSession adds a session.
	PutSession(ctx context.Context, s Session) error
	// EndSession ends the session; one that is gone is no error.
	EndSession(ctx context.Context, id string) error
	// EndSessions ends those of the account, except one.
	EndSessions(ctx context.Context, account, except string) error
	// EndStale ends sessions that began, or were used last, at the times or before.
	EndStale(ctx context.Context, begun, used time.Time) error
	// PutThrottle stores the counter in place of what was there.
	PutThrottle(ctx context.Context, t Throttle) error
	// ForgetThrottles forgets those whose last failure was before the time.
	ForgetThrottles(ctx context.Context, before time.Time) error
	// PutInvitation stores the invitation in place of the one before; a zero one
	// takes it back.
	PutInvitation(ctx context.Context, i Invitation) error
	// AppendAudit adds the record, whose number and hash follow the head, and
	// makes it the head.
	AppendAudit(ctx context.Context, r Record) error
}

// Store keeps accounts, sessions and the log. Errors that are not named wrap
// bot.ErrUnavailable if the database cannot do its work at the moment.
type Store interface {
	Reader
	// Change runs do in a transaction that is undone if do returns an error. From
	// its beginning on it is the only one, in all processes that share the
	// database: that keeps the log in one chain, and what do reads stays true
	// until it is done. do may run again from the start.
	Change(ctx context.Context, do func(ctx context.Context, tx Tx) error) error
	// UseSession notes when a session was used, if that is later than what is
	// known; one that is gone is no error.
	UseSession(ctx context.Context, id string, at time.Time) error
	// PutTicket adds a ticket, and forgets those that are over by now.
	PutTicket(ctx context.Context, t Ticket, now time.Time) error
	// TakeTicket takes the ticket with the proof away and returns it, or ErrTicket if
	// there is none. Of many who take the same one, in all processes, one gets it.
	TakeTicket(ctx context.Context, proof string) (Ticket, error)
	// Audit returns at most limit records that the filter chooses with numbers
	// below before, the last first.
	Audit(ctx context.Context, f AuditFilter, before int64, limit int) ([]Record, error)
	// AuditAfter returns at most limit records with numbers above after, the first
	// first.
	AuditAfter(ctx context.Context, after int64, limit int) ([]Record, error)
}
