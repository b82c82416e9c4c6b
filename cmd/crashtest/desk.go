package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"time"

	"faqbot/bot"
)

// deskOptions are the flags of the measurement of the desk.
type deskOptions struct {
	on      bool
	agents  int
	talks   int // of each agent at a time
	waiting int
	history int
	asking  int // how many visitors ask for a human at once in the beginning
	time    time.Duration
}

func (d *deskOptions) flags(flags *flag.FlagSet) {
	flags.BoolVar(&d.on, "desk", false, "instead: measure how fast agents and visitors see each other")
	flags.IntVar(&d.agents, "agents", 200, "with -desk: how many agents serve")
	flags.IntVar(&d.talks, "talks", 5, "with -desk: how many visitors each agent has at a time")
	flags.IntVar(&d.waiting, "waiting", 2000, "with -desk: how many visitors wait")
	flags.IntVar(&d.history, "history", 10_000, "with -desk: how many conversations the first agent had before")
	flags.IntVar(&d.asking, "asking", 8, "with -desk: how many visitors ask for a human at once in the beginning")
	flags.DurationVar(&d.time, "time", time.Minute, "with -desk or -wechat: for how long")
}

// wrong reports whether the flags make no sense.
func (d *deskOptions) wrong() bool {
	return d.agents < 1 || d.talks < 1 || d.talks > 50 || d.waiting < 0 || d.history < 0 || d.asking < 1 || d.time <= 0
}

// What is promised for the full numbers.
const (
	acceptTarget = 500 * time.Millisecond // p99, from accepting until the visitor sees it
	lineTarget   = 100 * time.Millisecond // p99, from sending a line until it is there
	usableTarget = 2 * time.Second        // from signing in until the first conversation
)

// lateLimit is how late this program may be itself, p99, in a good measurement.
const lateLimit = lineTarget / 4

// The rates of the load.
const (
	lineEvery   = 10 * time.Second // of one agent
	closesPart  = 3.0 / 200        // conversations that end in a second, for each agent
	settleTime  = 10 * time.Second // between filling up and measuring, so that the queue is at rest
	finishTime  = 30 * time.Second // for what is on its way in the end
	fillTime    = 3 * time.Minute
	usableTimes = 20 // how often somebody signs in
)

// runDesk fills the desk and the queue, and then measures how long it takes until
// the one side sees what the other does.
func (o *options) runDesk(ctx context.Context, out io.Writer) error {
	begun := time.Now()
	if err := o.prepareDesk(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d agents and %d conversations of history are stored after %v\n",
		o.desk.agents, o.desk.history, time.Since(begun).Round(time.Millisecond))
	h, err := o.openHall(ctx, out)
	if err != nil {
		return err
	}
	defer h.server.close()
	ctx, cancel := context.WithCancel(ctx)
	f := newFloor(ctx, h)
	defer f.end()
	defer cancel()
	if err := f.fill(ctx); err != nil {
		return err
	}
	if err := pause(ctx, min(settleTime, o.desk.time)); err != nil {
		return err
	}
	if err := f.measure(ctx); err != nil {
		return err
	}
	if err := f.signInAgain(ctx); err != nil {
		return err
	}
	return f.verify(ctx, cancel)
}

// fill brings the agents to their seats and the visitors to the queue, and waits
// until each agent has as many as they may.
func (f *floor) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fillTime)
	defer cancel()
	begun := time.Now()
	if err := atOnceDo(ctx, signInsAtOnce, f.agents, (*agent).begin); err != nil {
		return err
	}
	fmt.Fprintf(f.out, "%d agents are online after %v\n", len(f.agents), time.Since(begun).Round(time.Millisecond))
	begun = time.Now()
	if err := f.open(ctx, f.desk.agents*f.desk.talks+f.desk.waiting); err != nil {
		return err
	}
	fmt.Fprintf(f.out, "%d visitors are connected after %v\n", len(f.visitors), time.Since(begun).Round(time.Millisecond))
	begun = time.Now()
	if err := atOnceDo(ctx, f.desk.asking, f.visitors, (*customer).ask); err != nil {
		return err
	}
	fmt.Fprintf(f.out, "all have asked for a human after %v, %d at once\n", time.Since(begun).Round(time.Millisecond), f.desk.asking)
	f.asks.print(f.out, "asked to queued", 0)
	if err := f.until(ctx, "the agents are busy", func() bool { return f.serving() == f.desk.agents*f.desk.talks }); err != nil {
		return fmt.Errorf("%w; %s", err, f.describe())
	}
	fmt.Fprintf(f.out, "%d conversations are served after %v, the others wait; %d requests were repeated\n",
		f.serving(), time.Since(begun).Round(time.Millisecond), f.repeats.Load())
	f.printOffers()
	return f.problem()
}

// printOffers tells how offers reached the agents.
func (f *floor) printOffers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aged.print(f.out, "age of a seen offer", 0)
	if f.late+f.dozed > 0 {
		fmt.Fprintf(f.out, "%d offers went on to another agent before they were accepted, %d times an agent was set to away\n", f.late, f.dozed)
	}
}

// describe tells how the desk stands, when it does not become busy.
func (f *floor) describe() string {
	var all struct {
		Seats []deskSeat `json:"seats"`
	}
	if err := f.agents[0].call(f.life, http.MethodGet, "/desk/colleagues", nil, &all); err != nil {
		return err.Error()
	}
	presence, serving := map[bot.Presence]int{}, 0
	for _, s := range all.Seats {
		presence[s.Presence]++
		serving += s.Serving
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprintf("%d conversations are served, the agents are %v, offers were seen after %s", serving, presence, f.aged.spread())
}

// signInsAtOnce is how many agents sign in at a time.
const signInsAtOnce = 4

// atOnceDo does something for all, a few at a time, and returns the first error.
func atOnceDo[T any](ctx context.Context, most int, all []T, do func(T, context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan T)
	var working sync.WaitGroup
	for range most {
		working.Go(func() {
			for one := range todo {
				if ctx.Err() != nil {
					continue
				}
				if err := do(one, ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, one := range all {
		todo <- one
	}
	close(todo)
	working.Wait()
	return context.Cause(ctx)
}

// measure runs the load and prints how long everything took.
func (f *floor) measure(ctx context.Context) error {
	f.begin()
	used, err := f.metered(func() { f.load(ctx) })
	if err != nil {
		return err
	}
	if err := f.until(ctx, "everything arrives", func() bool { return f.underWay() == 0 }); err != nil && ctx.Err() != nil {
		return err
	}
	f.report()
	fmt.Fprintln(f.out, used)
	if n := f.underWay(); n > 0 {
		return fmt.Errorf("%d never arrived", n)
	}
	return f.problem()
}

// metered does something and tells what was used meanwhile.
func (h *hall) metered(do func()) (string, error) {
	before, err := usageOf(h.server.command.Process.Pid)
	if err != nil {
		return "", err
	}
	own, all, begun := ownTime(), machineTime(), time.Now()
	do()
	took := time.Since(begun)
	after, err := usageOf(h.server.command.Process.Pid)
	if err != nil {
		return "", err
	}
	server := after.cpu - before.cpu
	own, all = ownTime()-own, machineTime()-all
	return fmt.Sprintf("server: %.0f %% of one CPU, %d MiB, at most %d MiB; this program: %.0f %%; others: %.0f %%, of %d CPUs; load average %s",
		share(server, took), after.rss>>20, after.peak>>20, share(own, took), share(max(0, all-server-own), took), runtime.NumCPU(), loadAverage()), nil
}

func share(used, of time.Duration) float64 { return 100 * used.Seconds() / of.Seconds() }

// load sends lines and ends conversations at random times with fixed rates,
// whatever becomes of those before.
func (f *floor) load(ctx context.Context) {
	agents := float64(len(f.agents))
	var running sync.WaitGroup
	running.Go(func() { f.atRate(ctx, "lines", agents/lineEvery.Seconds(), f.line) })
	running.Go(func() { f.atRate(ctx, "closes", agents*closesPart, f.finish) })
	running.Wait()
}

// atRate does something at random times, each in a goroutine that knows when it
// was due.
func (f *floor) atRate(ctx context.Context, what string, rate float64, do func(context.Context, time.Time)) {
	f.arrivals(ctx, f.crowd.random(0, what), rate, func(due time.Time) {
		f.working.Go(func() { do(ctx, due) })
	})
}

// arrivals calls do at random times with the rate, and tells when that was due.
func (h *hall) arrivals(ctx context.Context, r *rand.Rand, rate float64, do func(due time.Time)) {
	due := time.Now()
	for end := due.Add(h.desk.time); ; {
		due = due.Add(time.Duration(r.ExpFloat64() / rate * float64(time.Second)))
		if due.After(end) || pause(ctx, time.Until(due)) != nil {
			return
		}
		do(due)
	}
}

// report prints the figures beside what is promised.
func (f *floor) report() {
	f.accepts.print(f.out, "accept to seen", acceptTarget)
	f.lines.print(f.out, "agent line to visitor", lineTarget)
	f.answers.print(f.out, "visitor line to agent", lineTarget)
	f.news.took.print(f.out, "accept to new place", 0)
	f.offers.print(f.out, "close to next offer", 0)
	f.printOffers()
	var late times
	for _, w := range []*stopwatch{f.accepts, f.lines, f.answers} {
		late = append(late, w.lateness()...)
	}
	f.printLateness(late)
}

// printLateness tells how late this program was itself.
func (h *hall) printLateness(late times) {
	fmt.Fprintf(h.out, "this program was late by %s\n", late.spread())
	if late.part(0.99) > lateLimit {
		fmt.Fprintln(h.out, "which is too much: the machine was busy, and the figures say little about the server")
	}
}

// signInAgain measures how soon the agent with a history can work.
func (f *floor) signInAgain(ctx context.Context) error {
	var all, signIn, first, lists, story times
	for range usableTimes {
		a := f.agents[0].again()
		begun := time.Now()
		steps, err := a.arrive(ctx)
		if err != nil {
			return err
		}
		all.add(time.Since(begun))
		signIn.add(steps[0])
		first.add(steps[1])
		lists.add(steps[2])
		story.add(steps[3])
	}
	verdict := "kept"
	if all.part(1) > usableTarget {
		verdict = "MISSED"
	}
	fmt.Fprintf(f.out, "sign-in to first conversation with %d of history: %s; shall be %v: %s\n", f.desk.history, all.ends(), usableTarget, verdict)
	fmt.Fprintf(f.out, "  session %s; me and desk %s; three lists %s; conversation %s\n",
		signIn.ends(), first.ends(), lists.ends(), story.ends())
	return nil
}

// until waits until something is so.
func (f *floor) until(ctx context.Context, what string, ok func() bool) error {
	limit := time.Now().Add(finishTime)
	if deadline, set := ctx.Deadline(); set {
		limit = deadline
	}
	for !ok() {
		if err := f.problem(); err != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("wait until %s: too long", what)
		}
		if err := pause(ctx, lookSlowly); err != nil {
			return fmt.Errorf("wait until %s: %w", what, err)
		}
	}
	return nil
}

// problem returns what went wrong so far.
func (f *floor) problem() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.failed[:min(shown, len(f.failed))]...)
}
