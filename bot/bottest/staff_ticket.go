package bottest

import (
	"context"
	"testing"
	"time"

	"faqbot/bot/staff"
)

func testTicket(t *testing.T, o *office) {
	here := o.admin()
	there := o.signIn(o.two, "boss")
	ticket := func() string {
		t.Helper()
		ticket, err := o.one.Ticket(t.Context(), here)
		o.must(err)
		return ticket
	}
	redeem := func(doing string, id staff.Identity, ticket string, want error) {
		t.Helper()
		o.want(doing, o.two.Redeem(t.Context(), id, ticket), want)
	}
	first, second := ticket(), ticket()
	if len(first) < 22 || first == second { // 128 bits, six in each character
		t.Errorf("tickets %q and %q", first, second)
	}
	redeem("the second", here, second, nil)
	redeem("the first", here, first, nil)
	redeem("the first again", here, first, staff.ErrTicket)

	shown := ticket()
	redeem("as another session of the same account", there, shown, staff.ErrTicket)
	redeem("after another session has shown it", here, shown, staff.ErrTicket)
	for _, wrong := range append(strange(), first[1:], here.Session) {
		redeem("one that is none", here, wrong, staff.ErrTicket)
	}

	last := ticket()
	o.clock.pass(30*time.Second - time.Millisecond)
	redeem("in the last moment", here, last, nil)
	over := ticket()
	o.clock.pass(30 * time.Second)
	redeem("when it is over", here, over, staff.ErrTicket)

	o.sweeps()
}

// sweeps checks that tickets that are over do not stay, and the others do.
func (o *office) sweeps() {
	o.t.Helper()
	now := o.clock.Now()
	put := func(proof string, until time.Time) staff.Ticket {
		o.t.Helper()
		t := staff.Ticket{Proof: proof, Session: "session", Until: until}
		o.must(o.store.PutTicket(o.t.Context(), t, now))
		return t
	}
	old, next := put("old", now.Add(time.Second)), put("next", now.Add(time.Second+time.Millisecond))
	now = old.Until
	put("new", now.Add(time.Minute))
	_, err := o.other.TakeTicket(o.t.Context(), old.Proof)
	o.want("take one that is over", err, staff.ErrTicket)
	got, err := o.other.TakeTicket(o.t.Context(), next.Proof)
	o.must(err)
	if got.Proof != next.Proof || got.Session != next.Session || !got.Until.Equal(next.Until) {
		o.t.Errorf("took %+v, want %+v", got, next)
	}
}

// testTicketAtOnce has many use the same ticket on both nodes: one may.
func testTicketAtOnce(t *testing.T, o *office) {
	const users, rounds = 16, 10
	boss := o.admin()
	for range rounds {
		ticket, err := o.one.Ticket(t.Context(), boss)
		o.must(err)
		errs := o.atOnce(users, func(ctx context.Context, node *staff.Service, _ int) error { return node.Redeem(ctx, boss, ticket) })
		if n := o.tally(errs, staff.ErrTicket)[nil]; n != 1 {
			t.Errorf("%d of %d may use a ticket", n, users)
		}
	}
}
