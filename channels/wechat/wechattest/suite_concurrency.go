package wechattest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"faqbot/channels/wechat"
	"faqbot/knowledge/kbtest"
)

// racers is how many do the same thing at once.
const racers = 24

var concurrencyTests = []test{
	{"many take one key", testTakeRace},
	{"many take keys of their own", testTakeApart},
	{"many step from one version", testStepRace},
	{"many step on and on", testStepOn},
	{"many lease", testLeaseRace},
	{"many put an account", testPutAccountRace},
	{"many put tokens", testTokenRace},
	{"contexts end at all moments", testCancelRace},
}

// each checks that the racers had no errors.
func (f *fixture) each(errs []error) {
	f.Helper()
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
}

// many does something n times, many at once.
func (f *fixture) many(n int, do func(i int) error) {
	f.Helper()
	f.each(kbtest.Race(racers, func(racer int) error {
		for i := racer; i < n; i += racers {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}))
}

func testTakeRace(f *fixture) {
	const rounds = 5
	for n := range rounds {
		key := fmt.Sprint("m:", n)
		fresh, seen := make([]bool, racers), make([]string, racers)
		f.each(kbtest.Race(racers, func(i int) error {
			c := callback("店", key, minute(0))
			c.Raw = fmt.Appendf(nil, "try %d", i)
			kept, is, err := f.store.Take(f.ctx, c)
			fresh[i], seen[i] = is, string(kept.Raw)
			return err
		}))
		winner := slices.Index(fresh, true)
		if winner < 0 || slices.Contains(fresh[winner+1:], true) {
			f.Fatalf("fresh for %v, want exactly one", fresh)
		}
		want := fmt.Sprint("try ", winner)
		if slices.ContainsFunc(seen, func(raw string) bool { return raw != want }) {
			f.Errorf("seen %q, want %q", seen, want)
		}
	}
}

// testTakeApart has some keys in common over accounts.
func testTakeApart(f *fixture) {
	const rounds = 10
	f.each(kbtest.Race(racers, func(i int) error {
		for n := range rounds {
			c := callback(fmt.Sprint("店", i), fmt.Sprint("m:", n), minute(n))
			_, fresh, err := f.store.Take(f.ctx, c)
			if err != nil || !fresh {
				return fmt.Errorf("take %d of %d: fresh %v, %w", n, i, fresh, err)
			}
			c.State, c.Reply = wechat.Done, fmt.Append(nil, i)
			if err := f.store.Finish(f.ctx, c); err != nil {
				return err
			}
		}
		return nil
	}))
	same[[]wechat.Callback](f, "Unfinished", nil)(f.store.Unfinished(f.ctx, minute(99), all))
	c, err := f.store.Callback(f.ctx, "店7", "m:3")
	if err != nil || string(c.Reply) != "7" {
		f.Errorf("the answer to 7 is %q, error %v", c.Reply, err)
	}
}

// only returns the racer without an error; all others must have got ErrConflict.
func (f *fixture) only(errs []error) int {
	f.Helper()
	winner := slices.Index(errs, nil)
	for i, err := range errs {
		if i != winner && !errors.Is(err, wechat.ErrConflict) {
			f.Fatalf("racer %d of %v: got error %v, want ErrConflict", i, winner, err)
		}
	}
	if winner < 0 {
		f.Fatalf("nobody won: %v", errs)
	}
	return winner
}

func testStepRace(f *fixture) {
	for version := range int64(4) {
		winner := f.only(kbtest.Race(racers, func(i int) error {
			w := follower("店", "o")
			w.Version, w.Seq = version, int64(i)
			add := []wechat.Outgoing{outgoing(fmt.Sprint("c", version), int64(i), wechat.Waiting, minute(i)),
				outgoing(fmt.Sprint("c", version), int64(i)+racers, wechat.Kept, minute(i))}
			return f.store.Step(f.ctx, w, add, nil)
		}))
		got, err := f.store.Follower(f.ctx, "店", "o")
		if err != nil || got.Version != version+1 || got.Seq != int64(winner) {
			f.Errorf("the follower has %+v, error %v; racer %d won version %d", got, err, winner, version)
		}
		same(f, "Parts", []wechat.Outgoing{
			outgoing(fmt.Sprint("c", version), int64(winner), wechat.Waiting, minute(winner)),
			outgoing(fmt.Sprint("c", version), int64(winner)+racers, wechat.Kept, minute(winner)),
		})(f.store.Parts(f.ctx, fmt.Sprint("c", version), 0, all))
	}
}

// testStepOn has each racer go on with the follower until it succeeded a few
// times. Each step closes the part of the one before and adds one: no step is lost.
func testStepOn(f *fixture) {
	const rounds = 3
	f.step(follower("店", "o"), outgoing("c", 1, wechat.Waiting, minute(0)))
	f.each(kbtest.Race(racers/2, func(int) error {
		for done := 0; done < rounds; {
			w, err := f.store.Follower(f.ctx, "店", "o")
			if err != nil {
				return err
			}
			err = f.store.Step(f.ctx, w, []wechat.Outgoing{outgoing("c", w.Version+1, wechat.Waiting, minute(0))},
				[]wechat.Outgoing{outgoing("c", w.Version, wechat.Sent, minute(0))})
			if err == nil {
				done++
			} else if !errors.Is(err, wechat.ErrConflict) {
				return err
			}
		}
		return nil
	}))
	const last = racers/2*rounds + 1
	var want []wechat.Outgoing
	for seq := range int64(last - 1) {
		want = append(want, outgoing("c", seq+1, wechat.Sent, minute(0)))
	}
	open := outgoing("c", last, wechat.Waiting, minute(0))
	same(f, "Parts", append(want, open))(f.store.Parts(f.ctx, "c", 0, all))
	same(f, "Open", []wechat.Outgoing{open})(f.store.Open(f.ctx, "店", "o"))
}

func testLeaseRace(f *fixture) {
	for n := range 5 {
		at := minute(n * 5) // when the lease of the round before has ended
		got := make([]bool, racers)
		f.each(kbtest.Race(racers, func(i int) (err error) {
			got[i], err = f.store.Lease(f.ctx, "店", fmt.Sprintf("%d-%d", n, i), at, at.Add(5*time.Minute))
			return err
		}))
		winner := slices.Index(got, true)
		if winner < 0 || slices.Contains(got[winner+1:], true) {
			f.Errorf("leased to %v, want exactly one", got)
		}
	}
}

func testPutAccountRace(f *fixture) {
	for version := range int64(3) {
		winner := f.only(kbtest.Race(racers, func(i int) error {
			a := account("店")
			a.Version, a.Secret = version, fmt.Sprint("secret ", i)
			return f.store.PutAccount(f.ctx, a)
		}))
		want := account("店")
		want.Version, want.Secret = version+1, fmt.Sprint("secret ", winner)
		same(f, "Accounts", []wechat.Account{want})(f.store.Accounts(f.ctx))
	}
}

func testTokenRace(f *fixture) {
	f.each(kbtest.Race(racers, func(i int) error {
		return f.store.PutToken(f.ctx, wechat.Token{Account: "店", Value: fmt.Sprint(i)})
	}))
	if t, err := f.store.Token(f.ctx, "店"); err != nil || t.Version != racers {
		f.Errorf("version %d after %d tokens, error %v", t.Version, racers, err)
	}
}

// testCancelRace ends contexts at all moments of a step. One that returned an error
// may have happened, but not by half; one that returned nil has.
func testCancelRace(f *fixture) {
	const rounds = 6
	errs := make([][rounds]error, racers)
	part := func(i, n int, seq int64) wechat.Outgoing {
		p := outgoing(fmt.Sprintf("c%d-%d", i, n), seq, wechat.Waiting, minute(0))
		p.OpenID = fmt.Sprintf("o%d-%d", i, n)
		return p
	}
	f.each(kbtest.Race(racers, func(i int) error {
		for n := range rounds {
			ctx, cancel := context.WithTimeout(f.ctx, time.Duration(i*n)*100*time.Microsecond)
			p := part(i, n, 1)
			errs[i][n] = f.store.Step(ctx, follower("店", p.OpenID), []wechat.Outgoing{p, part(i, n, 2)}, nil)
			cancel()
		}
		return nil
	}))
	f.step(follower("店", "last")) // after all that may still happen
	for i := range errs {
		for n, err := range errs[i] {
			parts, readErr := f.store.Open(f.ctx, "店", part(i, n, 1).OpenID)
			f.done("Open", readErr)
			if len(parts) == 1 || err == nil && len(parts) != 2 || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				f.Errorf("step %d-%d: %d of 2 parts stored, error %v", i, n, len(parts), err)
			}
		}
	}
}
