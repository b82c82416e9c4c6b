package botsql_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/knowledge"
)

// raceRounds is how many rounds TestDeskRaces plays on each database.
var raceRounds = flag.Int("races", 400, "rounds of races at the desk")

// raceWorkers is how many rounds are played at the same time, each by a visitor
// and two agents of its own.
const raceWorkers = 16

// TestDeskRaces has two do what only one can: one wins, and the other is told.
func TestDeskRaces(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, _ := d.store(t)
		desk := newDesk(t, store)
		var all sync.WaitGroup
		for w := range raceWorkers {
			all.Go(func() {
				r := &racer{T: t, desk: desk, store: store, name: fmt.Sprint("w", w)}
				for _, a := range []bot.Actor{r.agent("a"), r.agent("b")} {
					if _, err := desk.Sit(context.Background(), a); err != nil {
						t.Error(err)
					}
					if _, err := desk.Sign(context.Background(), a, a.ID, bot.Online); err != nil {
						t.Error(err)
					}
				}
				for n := w; n < *raceRounds && !t.Failed(); n += raceWorkers {
					r.round(n)
				}
			})
		}
		all.Wait()
	})
}

func newDesk(t *testing.T, store *botsql.Store) *bot.Desk {
	t.Helper()
	rules, err := bot.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	engine := bot.NewEngine(bot.EngineConfig{
		Store: store, Bus: bot.NewLocalBus(), Rules: rules, Log: zap.NewNop(), Zone: time.UTC, Now: time.Now, NewID: knowledge.NewID,
	})
	return bot.NewDesk(bot.DeskConfig{Engine: engine, Store: store, Customers: store, Blocked: store})
}

// racer plays rounds with one visitor and two agents.
type racer struct {
	*testing.T
	desk  *bot.Desk
	store *botsql.Store
	name  string
}

func (r *racer) agent(which string) bot.Actor {
	id := r.name + which
	return bot.Actor{ID: id, Nick: id}
}

func (r *racer) visitor() bot.Visitor { return bot.Visitor{Channel: "web", ID: r.name} }

// says is what the visitor does with a button.
func (r *racer) says(kind bot.MessageKind) error {
	_, err := r.desk.Engine.Receive(context.Background(), bot.Inbound{Visitor: r.visitor(), Kind: kind, ClientID: knowledge.NewID()})
	return err
}

// both does two things at the same time.
func both(one, two func() error) (first, second error) {
	var all sync.WaitGroup
	start := make(chan struct{})
	all.Go(func() { <-start; first = one() })
	all.Go(func() { <-start; second = two() })
	close(start)
	all.Wait()
	return first, second
}

// round plays one of the races, from a visitor who waits to the end.
func (r *racer) round(n int) {
	ctx := context.Background()
	if err := r.says(bot.KindHandoff); err != nil {
		r.Errorf("ask for a human: %v", err)
		return
	}
	c, err := r.store.Current(ctx, r.visitor())
	if err != nil || c.Service.Phase != bot.InQueue {
		r.Errorf("the visitor does not wait: %v, %+v", err, c.Service)
		return
	}
	switch n % 4 {
	case 0:
		r.acceptTwice(ctx, c.ID)
	case 1:
		r.acceptWhileLeaving(ctx, c.ID, bot.KindUnqueue)
	case 2:
		r.acceptWhileLeaving(ctx, c.ID, bot.KindClose)
	case 3:
		r.transferWhileClosing(ctx, c.ID)
	}
	if err := r.says(bot.KindClose); err != nil && !errors.Is(err, bot.ErrNotFound) {
		r.Errorf("end: %v", err)
	}
	r.checkNumbers(ctx, c.ID)
}

// told checks that the one who lost was told who has the conversation.
func (r *racer) told(err error, owner string) {
	var taken *bot.TakenError
	if !errors.As(err, &taken) || taken.Agent != owner {
		r.Errorf("the one who lost was told %v, but %q has it", err, owner)
	}
}

func (r *racer) acceptTwice(ctx context.Context, id string) {
	a, b := r.agent("a"), r.agent("b")
	accept := func(who bot.Actor) func() error {
		return func() error { _, err := r.desk.Accept(ctx, who, id); return err }
	}
	errA, errB := both(accept(a), accept(b))
	winner, lost := a.ID, errB
	if errA != nil {
		winner, lost = b.ID, errA
	}
	c, err := r.store.Conversation(ctx, id)
	if err != nil || (errA == nil) == (errB == nil) || c.Service.Owner != winner {
		r.Errorf("accepted with %v and %v, the owner is %q, %v", errA, errB, c.Service.Owner, err)
	}
	r.told(lost, winner)
}

func (r *racer) acceptWhileLeaving(ctx context.Context, id string, leave bot.MessageKind) {
	a := r.agent("a")
	errAccept, errLeave := both(func() error { _, err := r.desk.Accept(ctx, a, id); return err }, func() error { return r.says(leave) })
	c, err := r.store.Conversation(ctx, id)
	if err != nil {
		r.Error(err)
		return
	}
	served := c.State == bot.StateOpen && c.Service.Phase == bot.WithAgent
	var late *bot.LateError
	switch {
	case errAccept != nil:
		r.told(errAccept, "")
		if errLeave != nil || served {
			r.Errorf("the visitor left with %v, and is served: %v", errLeave, served)
		}
	case leave == bot.KindUnqueue && (!errors.As(errLeave, &late) || !served):
		r.Errorf("accepted, but leaving the queue gave %v, and the visitor is served: %v", errLeave, served)
	case leave == bot.KindClose && (errLeave != nil || served):
		r.Errorf("the conversation was ended after it was accepted: %v, and is served: %v", errLeave, served)
	}
}

func (r *racer) transferWhileClosing(ctx context.Context, id string) {
	a, b := r.agent("a"), r.agent("b")
	if _, err := r.desk.Accept(ctx, a, id); err != nil {
		r.Errorf("accept: %v", err)
		return
	}
	errTransfer, errClose := both(
		func() error { return r.desk.Transfer(ctx, a, id, bot.Target{Agent: b.ID}, "") },
		func() error { return r.desk.Close(ctx, a, id, bot.Summary{}) },
	)
	c, err := r.store.Conversation(ctx, id)
	switch {
	case err != nil || (errTransfer == nil) == (errClose == nil):
		r.Errorf("transferred with %v and closed with %v; %v", errTransfer, errClose, err)
	case errTransfer == nil && (c.State != bot.StateOpen || c.Service.Owner != b.ID):
		r.Errorf("transferred, but it is %s with %q", c.State, c.Service.Owner)
	case errClose == nil && c.State != bot.StateClosed:
		r.Error("closed, but it is open")
	}
	if errTransfer != nil {
		r.told(errTransfer, "")
	}
}

// checkNumbers checks that messages are numbered without a gap and that owners
// follow each other.
func (r *racer) checkNumbers(ctx context.Context, id string) {
	messages, err := r.store.After(ctx, id, 0, 1000)
	if err != nil {
		r.Error(err)
	}
	for i, m := range messages {
		if m.Seq != int64(i)+1 {
			r.Errorf("message %d has the number %d", i+1, m.Seq)
		}
	}
}
