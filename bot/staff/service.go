package staff

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"faqbot/bot/seal"
	"faqbot/knowledge"
)

// Policy are the rules of signing in.
type Policy struct {
	Idle        time.Duration // a session that is not used ends after this
	Absolute    time.Duration // and every session after this
	Failures    int           // wrong passwords or codes for one account that lock it
	Lock        time.Duration // the first lock; each further one is twice as long, up to an hour
	MinPassword int           // characters
}

// DefaultPolicy returns the rules that hold where nothing else is set up.
func DefaultPolicy() Policy {
	return Policy{Idle: 2 * time.Hour, Absolute: 12 * time.Hour, Failures: 5, Lock: time.Minute, MinPassword: 10}
}

// orDefault fills in what is zero.
func (p Policy) orDefault() Policy {
	d := DefaultPolicy()
	return Policy{
		Idle: cmp.Or(p.Idle, d.Idle), Absolute: cmp.Or(p.Absolute, d.Absolute), Failures: cmp.Or(p.Failures, d.Failures),
		Lock: cmp.Or(p.Lock, d.Lock), MinPassword: cmp.Or(p.MinPassword, d.MinPassword),
	}
}

// Config is what a Service is made of.
type Config struct {
	Store  Store
	Now    func() time.Time // time.Now if nil
	NewID  func() string    // knowledge.NewID if nil
	Key    []byte           // of seal.KeySize bytes, the same on all nodes; seals the secrets of second factors
	Policy Policy           // DefaultPolicy where zero
}

// Service is who works here. It keeps nothing by itself: several on one database
// act as one. It is safe for concurrent use.
type Service struct {
	store   Store
	clock   func() time.Time
	newID   func() string
	policy  Policy
	sealer  *seal.Sealer
	keyErr  error         // why there is no sealer
	hashing chan struct{} // holds one element for each hashing that runs
}

// NewService returns a service. Without a good key it cannot ask for second
// factors and returns errors where it should.
func NewService(c Config) *Service {
	s := &Service{
		store: c.Store, clock: c.Now, newID: c.NewID, policy: c.Policy.orDefault(), hashing: make(chan struct{}, hashings),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.newID == nil {
		s.newID = knowledge.NewID
	}
	s.sealer, s.keyErr = seal.New(c.Key)
	return s
}

// now is the time as it is stored.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// newSecret returns 256 random bits, and proof to know them again by.
func newSecret() (secret, proof string) {
	random := make([]byte, 32)
	rand.Read(random) // never fails
	secret = base64.RawURLEncoding.EncodeToString(random)
	return secret, proofOf(secret)
}

// proofOf is what is stored in place of a secret: who reads the database cannot
// sign in with it.
func proofOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// actor returns the account behind the identity as it is now, or ErrSession.
func (s *Service) actor(ctx context.Context, r Reader, by Identity) (Stored, error) {
	session, account, err := r.Session(ctx, by.Session)
	if err != nil {
		return Stored{}, err
	}
	if account.ID != by.Account.ID || !s.lives(session, account) {
		return Stored{}, ErrSession
	}
	return account, nil
}

// allowed checks that the account has the right, as it is now.
func (s *Service) allowed(ctx context.Context, by Identity, right Right) error {
	actor, err := s.actor(ctx, s.store, by)
	if err != nil {
		return wrap("look for the session", err)
	}
	if !actor.May(right) {
		return ErrForbidden
	}
	return nil
}

// privileged runs do for somebody who needs the right, and records the act in the
// same transaction: one does not happen without the other. That somebody tried
// without the right is recorded too. do completes the act.
func (s *Service) privileged(ctx context.Context, by Identity, right Right, act Act, from Origin,
	do func(ctx context.Context, tx Tx, act *Act) error) error {
	var refused error
	err := s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		refused = nil
		actor, err := s.actor(ctx, tx, by)
		if err != nil {
			return err
		}
		act := act // do may run again
		if act.OK = actor.May(right); !act.OK {
			refused, act.Why = ErrForbidden, "forbidden"
		} else if err := do(ctx, tx, &act); err != nil {
			return err
		}
		return s.append(ctx, tx, actor.Account, act, from)
	})
	return wrap(act.What, cmp.Or(err, refused))
}

// own runs do for the account itself, and records the act in the same
// transaction.
func (s *Service) own(ctx context.Context, by Identity, what string, from Origin,
	do func(ctx context.Context, tx Tx, me Stored) error) error {
	err := s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		me, err := s.actor(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, me); err != nil {
			return err
		}
		return s.append(ctx, tx, me.Account, Act{What: what, Object: me.ID, OK: true}, from)
	})
	return wrap(what, err)
}
