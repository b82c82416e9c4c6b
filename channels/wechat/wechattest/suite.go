package wechattest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/channels/wechat"
)

// waitLimit bounds how long a test waits for a store that hangs.
const waitLimit = 2 * time.Minute

// all is a limit that nothing in the suite reaches.
const all = 1 << 30

// Test checks that a store keeps every promise of wechat.Store. open returns an
// empty store; it is called once for each test.
func Test(t *testing.T, open func(t *testing.T) wechat.Store) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Account", accountTests},
		{"Callback", callbackTests},
		{"Follower", followerTests},
		{"Due", dueTests},
		{"Token", tokenTests},
		{"Media", mediaTests},
		{"Failure", failureTests},
		{"Any", anyTests},
	} {
		t.Run(group.name, func(t *testing.T) { run(t, group.tests, open) })
	}
	t.Run("Concurrency", func(t *testing.T) { TestConcurrency(t, open) })
}

// TestConcurrency is the part of Test in which many use the store at once.
func TestConcurrency(t *testing.T, open func(t *testing.T) wechat.Store) {
	run(t, concurrencyTests, open)
}

type test struct {
	name string
	run  func(f *fixture)
}

func run(t *testing.T, tests []test, open func(t *testing.T) wechat.Store) {
	for _, one := range tests {
		t.Run(one.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
			t.Cleanup(cancel)
			one.run(&fixture{T: t, ctx: ctx, store: open(t)})
		})
	}
}

// fixture is an empty store with what the tests do to it all the time.
type fixture struct {
	*testing.T
	ctx   context.Context
	store wechat.Store
}

// day is a moment with a fraction of a second, but not of a millisecond.
var day = time.Date(2026, 3, 1, 8, 30, 0, int(250*time.Millisecond), time.UTC)

// minute is that many minutes later.
func minute(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }

// finer is a moment as clocks give it, of which stores keep the milliseconds.
func finer(at time.Time) time.Time {
	return at.Add(123456 * time.Nanosecond).In(time.FixedZone("CST", 8*3600))
}

// unusual are texts that keys and all else may be.
var unusual = []string{
	"oABCdef-_123", "O'Reilly \"; DROP TABLE x; --", "%_*?[]", " 前后有空格 ", "微信\u00a0用户👨‍👩‍👧", "a\tb\r\nc\x01\x7f", "e\u0301", "\u00e9", "A", "a", "",
	strings.Repeat("长", 333),
}

// unstorable are texts that no store takes.
var unstorable = map[string]string{"NUL": "a\x00b", "broken UTF-8": "a\xffb", "half a character": "微"[:2]}

// tooLong is a key that no store takes.
var tooLong = strings.Repeat("k", 1001)

// everyByte is size bytes, of all values.
func everyByte(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// same checks that what was read is what is wanted. Empty lists are no lists.
func same[T any](f *fixture, what string, want T) func(got T, err error) {
	return func(got T, err error) {
		f.Helper()
		if err != nil {
			f.Errorf("%s: %v", what, err)
			return
		}
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			f.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// missing checks that the error is wechat.ErrNotFound.
func missing[T any](f *fixture, what string) func(got T, err error) {
	return func(got T, err error) {
		f.Helper()
		f.is(what, err, wechat.ErrNotFound)
	}
}

// done checks that there was no error.
func (f *fixture) done(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

func (f *fixture) is(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// mistaken checks that the error says what the caller did wrong.
func (f *fixture) mistaken(what string, err error) {
	f.Helper()
	if err == nil || errors.Is(err, wechat.ErrConflict) || errors.Is(err, wechat.ErrNotFound) {
		f.Errorf("%s: got error %v, want one that says so", what, err)
	}
}

var anyTests = []test{
	{"a context that has ended", testEnded},
}

// testEnded checks that nothing is done for those who are gone.
func testEnded(f *fixture) {
	gone, cancel := context.WithCancel(f.ctx)
	cancel()
	_, _, take := f.store.Take(gone, callback("店", "k", minute(0)))
	_, accounts := f.store.Accounts(gone)
	_, due := f.store.DueFollowers(gone, day, day, all)
	_, lease := f.store.Lease(gone, "店", "node", minute(0), minute(1))
	for what, err := range map[string]error{
		"Take": take, "Accounts": accounts, "DueFollowers": due, "Lease": lease,
		"Step":       f.store.Step(gone, follower("店", "o"), nil, nil),
		"PutAccount": f.store.PutAccount(gone, account("店")), "Forget": f.store.Forget(gone, day),
	} {
		f.is(what, err, context.Canceled)
	}
	missing[wechat.Callback](f, "Callback")(f.store.Callback(f.ctx, "店", "k"))
	missing[wechat.Follower](f, "Follower")(f.store.Follower(f.ctx, "店", "o"))
	same[[]wechat.Account](f, "Accounts", nil)(f.store.Accounts(f.ctx))
}
