package staff

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What this package records by itself.
const (
	ActSetUp       = "staff.set_up"       // the first account was made
	ActSignIn      = "session.begin"      // signed in, or failed to
	ActLock        = "session.lock"       // too many failures
	ActSignOut     = "session.end"        // signed out
	ActPassword    = "password.change"    // of the own account
	ActFactorOn    = "totp.enable"        // of the own account
	ActFactorOff   = "totp.disable"       // of the own account
	ActCreate      = "staff.create"       // an account
	ActUpdate      = "staff.update"       // an account
	ActReset       = "staff.reset"        // somebody else's password and second factor
	ActEndSessions = "staff.end_sessions" // of an account
)

// Act is something privileged that somebody did, or tried and was refused.
type Act struct {
	What          string // a verb like conversation.take_over
	Object        string // the id of what it was done to
	Before, After any    // what changed, to be stored as JSON; nil for nothing
	OK            bool
	Why           string // the reason given, or why it was refused
}

// Record is an act in the log (操作日志). Nothing changes or deletes a record.
type Record struct {
	N                int64 // 1, 2, 3 … without a gap
	At               time.Time
	Account, Name    string // who; empty if nobody was signed in
	Network, Browser string
	What, Object     string
	Before, After    string // JSON, or ""
	OK               bool
	Why              string
	Hash             string // of all fields and the hash before
}

// AuditFilter chooses records; what is zero does not restrict.
type AuditFilter struct {
	Account      string
	What         string // what it begins with
	Object       string
	Since, Until time.Time // from, and before
}

// BrokenError says that the log was changed: record N is not what was written, or
// is missing.
type BrokenError struct{ N int64 }

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the log was changed at record %d", e.N)
}

// Lengths of what others send, in characters.
const (
	maxNetwork = 64
	maxText    = 512
)

// Pages of the log.
const (
	maxPage    = 500
	verifyPage = 1000
)

// Record adds to the log what somebody did or is about to do. If that fails, the
// act must not take place. by is zero for what the system does by itself.
func (s *Service) Record(ctx context.Context, by Identity, act Act, from Origin) error {
	err := s.store.Change(ctx, func(ctx context.Context, tx Tx) error {
		return s.append(ctx, tx, by.Account, act, from)
	})
	return wrap("record "+act.What, err)
}

// append adds a record in the transaction.
func (s *Service) append(ctx context.Context, tx Tx, who Account, act Act, from Origin) error {
	before, err := jsonOf(act.Before)
	if err != nil {
		return err
	}
	after, err := jsonOf(act.After)
	if err != nil {
		return err
	}
	n, hash, err := tx.AuditHead(ctx)
	if err != nil {
		return err
	}
	from = cleanOrigin(from)
	r := Record{
		N: n + 1, At: s.now(), Account: who.ID, Name: who.Name, Network: from.Network, Browser: from.Browser,
		What: clean(act.What, maxText), Object: clean(act.Object, maxText), Before: before, After: after,
		OK: act.OK, Why: clean(act.Why, maxText),
	}
	r.Hash = r.follow(hash)
	return tx.AppendAudit(ctx, r)
}

// follow returns the hash of a record after one with the hash before. Each field
// goes in with its length, so that nothing can move from one to the next.
func (r *Record) follow(before string) string {
	sum := sha256.New()
	for _, field := range []string{
		before, strconv.FormatInt(r.N, 10), strconv.FormatInt(r.At.UnixMilli(), 10), r.Account, r.Name, r.Network,
		r.Browser, r.What, r.Object, r.Before, r.After, strconv.FormatBool(r.OK), r.Why,
	} {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field)))) // never fails
		sum.Write([]byte(field))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Audit returns at most limit records with numbers below before, the newest
// first; before 0 begins with the last. It needs ReadAudit.
func (s *Service) Audit(ctx context.Context, by Identity, f AuditFilter, before int64, limit int) ([]Record, error) {
	if err := s.allowed(ctx, by, ReadAudit); err != nil {
		return nil, err
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	f.Account, f.What, f.Object = clean(f.Account, maxText), clean(f.What, maxText), clean(f.Object, maxText)
	records, err := s.store.Audit(ctx, f, before, min(max(limit, 1), maxPage))
	return records, wrap("read the log", err)
}

// VerifyAudit reads the whole log and returns how many records it has, or the
// *BrokenError of the first that was changed or is missing. Somebody who can
// write the database and knows this program can make up a whole new log, so its
// last hash should be kept elsewhere from time to time.
func (s *Service) VerifyAudit(ctx context.Context) (checked int64, err error) {
	end, endHash, err := s.store.AuditHead(ctx)
	if err != nil {
		return 0, wrap("verify the log", err)
	}
	hash := ""
	for {
		records, err := s.store.AuditAfter(ctx, checked, verifyPage)
		if err != nil {
			return checked, wrap("verify the log", err)
		}
		for _, r := range records {
			if r.N != checked+1 || r.Hash != r.follow(hash) || r.N == end && r.Hash != endHash {
				return checked, &BrokenError{checked + 1}
			}
			checked, hash = r.N, r.Hash
		}
		if len(records) < verifyPage {
			break
		}
	}
	if checked < end {
		return checked, &BrokenError{checked + 1}
	}
	return checked, nil
}

func jsonOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode for the log: %w", err)
	}
	return string(text), nil
}

func cleanOrigin(from Origin) Origin {
	return Origin{Network: clean(from.Network, maxNetwork), Browser: clean(from.Browser, maxText)}
}

// clean makes text of others fit to be stored and shown on one line.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r // what was no UTF-8 comes as U+FFFD
	}, text)
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}
	return text
}

// wrap says what was being done when err came.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
