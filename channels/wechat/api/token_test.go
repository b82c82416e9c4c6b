package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faqbot/channels/wechat/api"
)

var hello = api.Message{Text: "你好"}

// TestOneTokenForAll is WT10: nodes share tokens for three lifetimes.
func TestOneTokenForAll(t *testing.T) {
	const (
		nodes     = 5
		lifetimes = 3
		step      = 20 * time.Second
	)
	w := newWorld(t)
	var clients []*api.Client
	for i := range nodes {
		clients = append(clients, w.client(string(rune('a'+i))))
	}
	steps := int(lifetimes * 2 * time.Hour / step)
	for i := range steps {
		var all sync.WaitGroup
		for n, c := range clients {
			all.Go(func() {
				if i%(n+1) != 0 { // some are busier than others
					return
				}
				if err := c.Typing(t.Context(), follower, true); err != nil {
					t.Errorf("step %d, node %d: %v", i, n, err)
				}
			})
		}
		all.Wait()
		w.clock.pass(step)
	}
	asked, calls, strays := w.seen()
	if len(asked) > lifetimes+2 || slices.Contains(asked, true) {
		t.Errorf("tokens were asked for %v (forced?), want at most %d", asked, lifetimes+2)
	}
	if strays != 0 || len(calls) < steps {
		t.Errorf("%d calls of %d steps, %d with a bad token", len(calls), steps, strays)
	}
}

// TestAllAtOnce: many who have no token fetch one.
func TestAllAtOnce(t *testing.T) {
	w := newWorld(t)
	clients := []*api.Client{w.client("a"), w.client("b")}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := clients[i%2].Send(t.Context(), follower, hello); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked, calls, _ := w.seen(); len(asked) != 1 || len(calls) != 40 {
		t.Errorf("%d tokens, %d messages", len(asked), len(calls))
	}
}

// TestInvalidated is WT9.
func TestInvalidated(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if err := c.Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	w.void()
	if err := c.Send(t.Context(), follower, api.Message{Text: "once"}); err != nil {
		t.Fatal(err)
	}
	asked, calls, strays := w.seen()
	if len(asked) != 2 || strays != 1 || len(calls) != 2 {
		t.Errorf("%d tokens, %d refused calls, messages %q", len(asked), strays, calls)
	}
	if got := w.codes(); !slices.Equal(got, []int{40001}) {
		t.Errorf("failures %v", got)
	}
}

// TestInvalidatedForMany: one new token is enough for all nodes and calls, and each
// message arrives once.
func TestInvalidatedForMany(t *testing.T) {
	w := newWorld(t)
	clients := []*api.Client{w.client("a"), w.client("b"), w.client("c")}
	for _, c := range clients {
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
	}
	w.void()
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			if err := clients[i%3].Send(t.Context(), follower, api.Message{Text: strings.Repeat("x", i+1)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	asked, calls, _ := w.seen()
	if len(asked) != 2 {
		t.Errorf("%d tokens, want 2", len(asked))
	}
	if slices.Sort(calls); len(slices.Compact(calls)) != 31 || len(calls) != 33 {
		t.Errorf("%d calls: %q", len(calls), calls)
	}
}

func TestExpired(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	for range 3 {
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(3 * time.Hour)
	}
	if asked, _, strays := w.seen(); len(asked) != 3 || strays != 0 {
		t.Errorf("%d tokens, %d refused", len(asked), strays)
	}
}

// TestRefusedTwice: a platform that gives a token it does not take is made to give
// another, the next time.
func TestRefusedTwice(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if err := c.Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	w.void()
	w.stuck = true
	err := w.note(c.Send(t.Context(), follower, hello))
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Class() != api.Refresh || e.Code != 40001 {
		t.Fatalf("error %v", err)
	}
	if asked, _, strays := w.seen(); !slices.Equal(asked, []bool{false, false}) || strays != 2 {
		t.Errorf("tokens asked %v, %d refused", asked, strays)
	}
	if err := c.Send(t.Context(), follower, hello); err != nil {
		t.Errorf("after a forced renewal: %v", err)
	}
	if asked, calls, _ := w.seen(); !slices.Equal(asked, []bool{false, false, true}) || len(calls) != 2 {
		t.Errorf("tokens asked %v, messages %v", asked, calls)
	}
}

// TestForcedRarely: the platform allows that every 30 seconds.
func TestForcedRarely(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	w.answer = func(rw http.ResponseWriter, _ *http.Request) { say(rw, 40014, "invalid access_token") }
	for range 10 {
		if err := c.Send(t.Context(), follower, hello); err == nil {
			t.Fatal("sent")
		}
	}
	forced := func() (n int) {
		asked, _, _ := w.seen()
		for _, f := range asked {
			if f {
				n++
			}
		}
		return n
	}
	if n := forced(); n != 1 {
		t.Errorf("%d forced renewals at once", n)
	}
	w.clock.pass(30 * time.Second)
	if err := c.Send(t.Context(), follower, hello); err == nil || forced() != 2 {
		t.Errorf("%d forced renewals after 30 s, %v", forced(), err)
	}
}

// TestNoToken: the account is refused; that is for the administrator, whatever the
// code, and the next node need not wait for the lease to end.
func TestNoToken(t *testing.T) {
	for code, class := range map[int]api.Class{40164: api.Alarm, 40001: api.Alarm, 40243: api.Alarm, 45009: api.Wait, -1: api.Wait} {
		w := newWorld(t)
		w.refuse = func(rw http.ResponseWriter, _ *http.Request) { say(rw, code, "no "+secret+" for you") }
		err := w.note(w.client("a").Send(t.Context(), follower, hello))
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != code || e.Class() != class || e.API != "stable_token" {
			t.Errorf("code %d: error %v", code, err)
		}
		if asked, calls, _ := w.seen(); len(asked) != 1 || len(calls) != 0 || !slices.Equal(w.codes(), []int{code}) {
			t.Errorf("code %d: %d tokens asked, calls %v, failures %v", code, len(asked), calls, w.codes())
		}
		w.refuse = nil
		if err := w.client("b").Send(t.Context(), follower, hello); err != nil {
			t.Errorf("code %d: the next node: %v", code, err)
		}
	}
}

func TestBadTokenAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no token":  `{"expires_in":7200}`,
		"no time":   `{"access_token":"TOKEN-x"}`,
		"wrong":     `{"access_token":7,"expires_in":"x"}`,
		"not JSON":  `<html>TOKEN-x</html>`,
		"cut short": `{"access_token":"TOKEN-x","exp`,
	} {
		w := newWorld(t)
		w.refuse = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) }
		err := w.note(w.client("a").Send(t.Context(), follower, hello))
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != 0 || e.Class() != api.Wait || errors.Is(err, api.ErrUnknown) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestRenewedAhead: in its last minutes a token is renewed; while that does not
// work the old one does.
func TestRenewedAhead(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	send := func() {
		t.Helper()
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
	}
	send()
	w.clock.pass(2*time.Hour - 6*time.Minute)
	send()
	if asked, _, _ := w.seen(); len(asked) != 1 {
		t.Errorf("renewed too early, when the platform gives the same: %v", asked)
	}
	w.refuse = func(rw http.ResponseWriter, _ *http.Request) { say(rw, -1, "system error") }
	w.clock.pass(2 * time.Minute)
	for range 10 {
		send()
	}
	if asked, _, _ := w.seen(); len(asked) != 2 {
		t.Errorf("%d tokens asked: one try at a time is enough", len(asked))
	}
	w.refuse = nil
	w.clock.pass(time.Minute)
	send()
	w.clock.pass(10 * time.Minute)
	send()
	if asked, _, strays := w.seen(); len(asked) != 3 || strays != 0 {
		t.Errorf("%d tokens asked, %d refused", len(asked), strays)
	}
}

// TestOtherRenewsAhead: while another node has the lease, the old token does.
func TestOtherRenewsAhead(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if err := c.Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(2*time.Hour - time.Minute)
	if ok, _ := w.Lease(t.Context(), "a1", "b", w.clock.now(), w.clock.now().Add(time.Minute)); !ok {
		t.Fatal("no lease")
	}
	if err := c.Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	if asked, calls, _ := w.seen(); len(asked) != 1 || len(calls) != 2 {
		t.Errorf("%d tokens asked, %d calls", len(asked), len(calls))
	}
}

// TestWaitsForOther: who has no token waits for the node that is fetching one.
func TestWaitsForOther(t *testing.T) {
	w := newWorld(t)
	now := w.clock.now()
	if ok, _ := w.Lease(t.Context(), "a1", "b", now, now.Add(time.Hour)); !ok {
		t.Fatal("no lease")
	}
	c := w.client("a")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := w.note(c.Send(ctx, follower, hello)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, api.ErrUnknown) {
		t.Errorf("nobody fetched it: %v", err)
	}
	sent := make(chan error)
	go func() { sent <- c.Send(t.Context(), follower, hello) }()
	if err := w.client("b").Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if asked, _, _ := w.seen(); len(asked) != 1 {
		t.Errorf("%d tokens asked", len(asked))
	}
}

// TestDeadNode: the lease of a node that died ends.
func TestDeadNode(t *testing.T) {
	w := newWorld(t)
	now := w.clock.now()
	if ok, _ := w.Lease(t.Context(), "a1", "dead", now, now.Add(30*time.Second)); !ok {
		t.Fatal("no lease")
	}
	sent := make(chan error)
	go func() { sent <- w.client("a").Send(t.Context(), follower, hello) }()
	w.clock.pass(30 * time.Second)
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// TestStoreBroken: a token that cannot be shared is good all the same.
func TestStoreBroken(t *testing.T) {
	w := newWorld(t)
	w.broken = errors.New("disk full")
	c := w.client("a")
	for range 3 {
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
	}
	if asked, calls, _ := w.seen(); len(asked) != 1 || len(calls) != 3 {
		t.Errorf("%d tokens, %d calls", len(asked), len(calls))
	}
	if w.logs.FilterMessage("the token cannot be shared").Len() != 1 {
		t.Errorf("logs %v", w.logs.All())
	}
}

// TestOtherWasFaster: another node has fetched a token between our look and our
// lease.
func TestOtherWasFaster(t *testing.T) {
	w := newWorld(t)
	w.hurry = func() {
		if err := w.client("b").Send(t.Context(), follower, hello); err != nil {
			t.Error(err)
		}
	}
	if err := w.client("a").Send(t.Context(), follower, hello); err != nil {
		t.Fatal(err)
	}
	if asked, calls, _ := w.seen(); len(asked) != 1 || len(calls) != 2 {
		t.Errorf("%d tokens, %d calls", len(asked), len(calls))
	}
	now := w.clock.now()
	if ok, err := w.Lease(t.Context(), "a1", "c", now, now.Add(time.Second)); !ok {
		t.Errorf("the lease still holds, %v", err)
	}
}

// TestRefusedNowAndThen: only two refusals in a row are a reason to use force.
func TestRefusedNowAndThen(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	for range 4 {
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
		w.void()
	}
	if asked, _, _ := w.seen(); !slices.Equal(asked, make([]bool, 4)) {
		t.Errorf("tokens asked %v", asked)
	}
}

// TestGivesLeaseBack: a node whose caller leaves while it fetches a token does not
// keep the others waiting.
func TestGivesLeaseBack(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.refuse = func(rw http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	if err := w.note(w.client("a").Send(ctx, follower, hello)); err == nil || len(w.failures) != 0 {
		t.Fatalf("error %v, failures %v", err, w.failures)
	}
	now := w.clock.now()
	if ok, err := w.Lease(t.Context(), "a1", "b", now, now.Add(time.Second)); !ok {
		t.Errorf("the lease still holds, %v", err)
	}
}

// TestOldVersions: a store that was set back to a backup does not confuse a node.
func TestOldVersions(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	w.PutToken(t.Context(), api.Token{Account: "a1", Value: "old", Until: w.clock.now().Add(time.Hour)})
	w.token.Version = 40
	if err := c.Send(t.Context(), follower, hello); err != nil { // refuses 40, and fetches 41
		t.Fatal(err)
	}
	w.token = api.Token{}
	w.void()
	for range 3 {
		if err := c.Send(t.Context(), follower, hello); err != nil {
			t.Fatal(err)
		}
	}
	if asked, _, _ := w.seen(); len(asked) != 2 {
		t.Errorf("%d tokens", len(asked))
	}
}

func TestProbe(t *testing.T) {
	w := newWorld(t)
	if err := w.client("a").Probe(t.Context()); err != nil || w.token.Value != "" {
		t.Errorf("probe: %v, and token %+v is shared", err, w.token)
	}
	err := w.note(w.client("a", func(c *api.Config) { c.Secret = secret + "-wrong" }).Probe(t.Context()))
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != 40125 || e.Class() != api.Alarm {
		t.Errorf("wrong secret: %v", err)
	}
}
