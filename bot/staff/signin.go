package staff

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"time"
)

const (
	// addressFactor is how many more failures a network address has than an
	// account: a whole office may come from one.
	addressFactor = 4
	// longestLock bounds the doubling.
	longestLock = time.Hour
	// Failures and locks are forgotten when nothing failed for so long.
	forgetFailures = time.Hour
	forgetLocks    = 24 * time.Hour
)

// SignIn begins a session and returns the secret that proves it. Without an
// account of that name it does the same work and gives the same answers as with a
// wrong password: ErrCredentials, and *LockedError after too many. ErrCode asks
// for the code of the second factor, and refuses a wrong one, or one that was used
// before.
func (s *Service) SignIn(ctx context.Context, name, password, code string, from Origin) (secret string, id Identity, err error) {
	const doing = "sign in"
	t, err := s.try(ctx, name, password, from)
	if err != nil {
		return "", Identity{}, wrap(doing, err)
	}
	var refused error
	err = s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		var account Stored
		var err error
		if account, refused, err = s.judge(ctx, tx, t); err != nil || refused != nil {
			return err
		}
		if account, refused, err = s.secondFactor(ctx, tx, t, account, code); err != nil || refused != nil {
			return err
		}
		secret, id, err = s.begin(ctx, tx, account, from)
		return err
	})
	if err = cmp.Or(err, refused); err != nil {
		return "", Identity{}, wrap(doing, err)
	}
	return secret, id, nil
}

// trial is an attempt to prove with a password who one is.
type trial struct {
	name    string // folded
	address string // key of its counter
	against string // the hash that the password was checked with
	right   bool
	from    Origin
}

// try does the work of an attempt, unless it is locked. What it finds counts only
// after judge: others may try at the same time.
func (s *Service) try(ctx context.Context, name, password string, from Origin) (trial, error) {
	t := trial{name: Fold(name), address: addressKey(from.Network), against: nobodys(), from: from}
	if checkName(name) != nil {
		t.name = "" // nobody's
	}
	if err := s.locked(ctx, s.store, t); err != nil {
		return t, err
	}
	account, err := s.store.AccountNamed(ctx, t.name)
	switch {
	case err == nil:
		t.against = account.Password
	case !errors.Is(err, ErrNotFound):
		return t, err
	}
	t.right, err = s.matches(ctx, password, t.against)
	return t, err
}

// judge says what an attempt is worth: it returns the account, or counts the
// failure and returns why it is refused. Attempts are judged one after the other,
// so that many at once are not worth more.
func (s *Service) judge(ctx context.Context, tx Tx, t trial) (account Stored, refused, err error) {
	var locked *LockedError
	if err := s.locked(ctx, tx, t); errors.As(err, &locked) {
		return Stored{}, locked, nil
	} else if err != nil {
		return Stored{}, nil, err
	}
	account, err = tx.AccountNamed(ctx, t.name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Stored{}, nil, err
	}
	why := ""
	switch {
	case err != nil:
		why = "unknown"
	case !t.right || account.Password != t.against: // it may have been changed meanwhile
		why = "password"
	case account.Disabled:
		why = "disabled"
	default:
		return account, nil, nil
	}
	return Stored{}, ErrCredentials, s.failed(ctx, tx, t, account.Account, why)
}

// secondFactor checks the code, if the account asks for one. A missing code is no
// failure: nobody knows beforehand that it takes one.
func (s *Service) secondFactor(ctx context.Context, tx Tx, t trial, account Stored, code string) (_ Stored, refused, err error) {
	if account.Factor == nil {
		return account, nil, nil
	}
	if code == "" {
		return account, ErrCode, nil
	}
	step, err := s.codeStep(account, account.Factor, code)
	if err != nil {
		return account, nil, err
	}
	if step == 0 {
		return account, ErrCode, s.failed(ctx, tx, t, account.Account, "code")
	}
	account.Step = step
	return account, nil, nil
}

// begin makes a session, with a new id and secret, and takes away what is over.
func (s *Service) begin(ctx context.Context, tx Tx, account Stored, from Origin) (secret string, id Identity, err error) {
	now := s.now()
	secret, proof := newSecret()
	session := Session{ID: s.newID(), Account: account.ID, Proof: proof, BegunAt: now, UsedAt: now, Origin: cleanOrigin(from)}
	account.SeenAt = now
	if err := tx.EndStale(ctx, now.Add(-s.policy.Absolute), now.Add(-s.policy.Idle)); err != nil {
		return "", Identity{}, err
	}
	if err := tx.PutSession(ctx, session); err != nil {
		return "", Identity{}, err
	}
	if err := tx.PutAccount(ctx, account); err != nil {
		return "", Identity{}, err
	}
	if err := tx.PutThrottle(ctx, Throttle{Key: nameKey(Fold(account.Name))}); err != nil {
		return "", Identity{}, err
	}
	err = s.append(ctx, tx, account.Account, Act{What: ActSignIn, Object: session.ID, OK: true}, from)
	if err != nil {
		return "", Identity{}, err
	}
	return secret, s.identity(session, account), nil
}

// locked returns a *LockedError if the name or the network address is.
func (s *Service) locked(ctx context.Context, r Reader, t trial) error {
	for _, key := range []string{nameKey(t.name), t.address} {
		counter, err := r.Throttle(ctx, key)
		if err != nil {
			return err
		}
		if s.now().Before(counter.Until) {
			return &LockedError{counter.Until}
		}
	}
	return nil
}

// failed counts a failure for the name and the network address, and records it.
func (s *Service) failed(ctx context.Context, tx Tx, t trial, who Account, why string) error {
	if err := s.append(ctx, tx, who, Act{What: ActSignIn, Why: why}, t.from); err != nil {
		return err
	}
	if err := tx.ForgetThrottles(ctx, s.now().Add(-forgetLocks)); err != nil {
		return err
	}
	if err := s.count(ctx, tx, nameKey(t.name), s.policy.Failures, who, t.from); err != nil {
		return err
	}
	return s.count(ctx, tx, t.address, s.policy.Failures*addressFactor, who, t.from)
}

// count adds a failure to a counter, and locks after so many.
func (s *Service) count(ctx context.Context, tx Tx, key string, failures int, who Account, from Origin) error {
	counter, err := tx.Throttle(ctx, key)
	if err != nil {
		return err
	}
	now := s.now()
	if now.Sub(counter.LastAt) >= forgetFailures {
		counter.Failures = 0
	}
	counter.Failures++
	counter.LastAt = now
	if counter.Failures < failures {
		return tx.PutThrottle(ctx, counter)
	}
	lock := longestLock
	if counter.Locks < 16 { // more doublings would overflow, and are longer anyway
		lock = min(longestLock, s.policy.Lock<<counter.Locks)
	}
	counter.Failures, counter.Locks, counter.Until = 0, counter.Locks+1, now.Add(lock)
	if err := tx.PutThrottle(ctx, counter); err != nil {
		return err
	}
	return s.append(ctx, tx, who, Act{What: ActLock, Object: key, OK: true, Why: lock.String()}, from)
}

// nameKey is the key of a name's counter. People type passwords where the name
// goes: only a hash is stored.
func nameKey(folded string) string {
	sum := sha256.Sum256([]byte(folded))
	return "name:" + hex.EncodeToString(sum[:])
}

// addressKey is the key of an address's counter. One customer of a provider has
// 2⁶⁴ addresses of IPv6, so these count together.
func addressKey(network string) string {
	address, err := netip.ParseAddr(network)
	if err != nil {
		return "net:" + clean(network, maxNetwork)
	}
	if address = address.Unmap().WithZone(""); address.Is6() {
		prefix, _ := address.Prefix(64) // never fails for 64
		return "net:" + prefix.String()
	}
	return "net:" + address.String()
}
