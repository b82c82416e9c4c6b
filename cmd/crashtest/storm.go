package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/crashtest/visitor"
)

// The pauses of a page in a browser.
const (
	browserFirst   = 500 * time.Millisecond
	browserLongest = 30 * time.Second
)

const (
	stormSockets = 5000
	stormAskers  = 10
	askEvery     = 1200 * time.Millisecond // what the server allows a visitor
	calmTime     = 5 * time.Second
	gatherTime   = 5 * time.Minute
	lookSlowly   = 20 * time.Millisecond
)

// hall is a server with many visitors who keep their connections.
type hall struct {
	*options
	out      io.Writer
	recorder *history.Recorder
	server   *server
	crowd    *crowd
	guests   []*asker
}

// asker is a visitor whose answers are waited for.
type asker struct {
	tab
	mu       sync.Mutex // guards waiting
	waiting  bool       // its question is shown, the reply is not
	answered chan time.Time
}

// openHall starts a server, with more in its environment; close ends everything.
func (o *options) openHall(ctx context.Context, out io.Writer, env ...string) (h *hall, err error) {
	recorder := history.NewRecorder()
	s, err := newServer(o.binary, o.db, o.dir, recorder.Add)
	if err != nil {
		return nil, err
	}
	s.env = env
	asked, err := questions()
	if err != nil {
		return nil, err
	}
	h = &hall{options: o, out: out, recorder: recorder, server: s, crowd: newCrowd(s.url(), o.seed, asked, recorder.Add)}
	begun := time.Now()
	if err = s.start(""); err == nil {
		err = s.ready(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	fmt.Fprintf(out, "seed %d; the server is ready after %v\n", o.seed, time.Since(begun).Round(time.Millisecond))
	return h, nil
}

// admit lets visitors in who come back like a page in a browser, or without a
// pause if they are in a hurry.
func (h *hall) admit(ctx context.Context, count int, hurry bool) []*asker {
	admitted := make([]*asker, count)
	for i := range admitted {
		a := &asker{answered: make(chan time.Time, 1)}
		s := h.crowd.settings(h.crowd.number(), "a")
		s.Seen = a.seen
		if hurry {
			s.HTTP = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}} // no queue within this process
		} else {
			s.FirstPause, s.LongestPause, s.Patience = browserFirst, browserLongest, 1
		}
		a.tab = h.crowd.open(ctx, s)
		admitted[i] = a
	}
	h.guests = append(h.guests, admitted...)
	return admitted
}

// seen tells when the first reply after the own question is shown.
func (a *asker) seen(m visitor.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case m.Author == bot.FromVisitor:
		a.waiting = true
	case a.waiting:
		a.waiting = false
		select {
		case a.answered <- time.Now():
		default: // of a question nobody waits for any more
		}
	}
}

// ask asks and waits for the reply. It returns when that was shown.
func (a *asker) ask(ctx context.Context, question string) (time.Time, error) {
	a.Send(say(question))
	select {
	case at := <-a.answered:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

// gather waits until the part of the visitors is connected and has nothing left
// to say.
func (h *hall) gather(ctx context.Context, who []*asker, part float64) error {
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	for {
		fine := 0
		for _, a := range who {
			if s := a.State(); s.Connected && s.Unsent == 0 {
				fine++
			}
		}
		if float64(fine) >= part*float64(len(who)) {
			return nil
		}
		if err := pause(ctx, lookSlowly); err != nil {
			return fmt.Errorf("wait for the visitors, %d of %d are ready: %w", fine, len(who), err)
		}
	}
}

// greet has everybody ask something and get the reply, a few at a time.
func (h *hall) greet(ctx context.Context, who []*asker) error {
	const atOnce = 50
	todo := make(chan int)
	var working sync.WaitGroup
	for range atOnce {
		working.Go(func() {
			for i := range todo {
				_, _ = who[i].ask(ctx, h.crowd.questions[i%len(h.crowd.questions)]) // gather tells
			}
		})
	}
	for i := range who {
		todo <- i
	}
	close(todo)
	working.Wait()
	return ctx.Err()
}

// runStorm lets all sockets drop at once and measures until all are whole again.
func (o *options) runStorm(ctx context.Context, out io.Writer) error {
	if o.sockets == 0 {
		o.sockets = stormSockets
	}
	h, err := o.openHall(ctx, out)
	if err != nil {
		return err
	}
	defer h.server.close()
	ctx, cancel := context.WithCancel(ctx)
	defer h.crowd.end()
	defer cancel()

	begun := time.Now()
	sitting := h.admit(ctx, o.sockets, false)
	asking := h.admit(ctx, stormAskers, true)
	if err := h.gather(ctx, h.guests, 1); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d sockets are open after %v\n", len(h.guests), time.Since(begun).Round(time.Millisecond))
	if err := h.greet(ctx, h.guests); err != nil {
		return err
	}
	calm := h.watch(ctx, asking)
	if err := pause(ctx, calmTime); err != nil {
		return err
	}
	calm.end()
	storm, err := h.blow(ctx, sitting, asking)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "questions meanwhile: calm %s\n                     storm %s\n", calm, storm)
	return h.verify(ctx, cancel)
}

// blow kills the server and tells how soon everybody is back. It returns how long
// questions took that others asked meanwhile, as soon as they were back.
func (h *hall) blow(ctx context.Context, sitting, asking []*asker) (*watcher, error) {
	if err := h.server.kill("in the storm"); err != nil {
		return nil, err
	}
	killed := time.Now()
	if err := h.server.start(""); err != nil {
		return nil, err
	}
	if err := h.server.ready(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(h.out, "killed; ready again after %v\n", time.Since(killed).Round(time.Millisecond))
	meanwhile := h.watch(ctx, asking)
	for _, part := range []float64{0.5, 0.9, 0.99, 1} {
		if err := h.gather(ctx, sitting, part); err != nil {
			return nil, err
		}
		fmt.Fprintf(h.out, "%4.0f %% whole again after %v\n", part*100, time.Since(killed).Round(time.Millisecond))
	}
	meanwhile.end()
	return meanwhile, nil
}

// verify checks the history when everybody has seen everything.
func (h *hall) verify(ctx context.Context, leave func()) error {
	if err := h.gather(ctx, h.guests, 1); err != nil {
		return err
	}
	if err := h.server.stop(); err != nil {
		return err
	}
	leave()
	h.crowd.end()
	log, err := readLog(context.WithoutCancel(ctx), h.db)
	if err != nil {
		return err
	}
	t := trial{options: h.options, out: h.out, recorder: h.recorder, figures: newFigures()}
	return t.judge(log)
}

// watcher asks questions at fixed times and measures how long answers take.
type watcher struct {
	stop func()
	done sync.WaitGroup
	mu   sync.Mutex // guards the rest
	took times
}

// watch has each of the visitors ask now and then, until it is ended.
func (h *hall) watch(ctx context.Context, who []*asker) *watcher {
	w := &watcher{}
	quiet := make(chan struct{})
	w.stop = sync.OnceFunc(func() { close(quiet) })
	for i, a := range who {
		w.done.Go(func() {
			for n := i; ; n += len(who) {
				if _, err := a.Wait(ctx, func(s visitor.State) bool { return s.Connected }); err != nil {
					return
				}
				begun := time.Now()
				at, err := a.ask(ctx, h.crowd.questions[n%len(h.crowd.questions)])
				if err != nil {
					return
				}
				w.add(at.Sub(begun))
				select {
				case <-quiet:
					return
				case <-time.After(askEvery):
				}
			}
		})
	}
	return w
}

func (w *watcher) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took.add(d)
}

func (w *watcher) end() {
	w.stop()
	w.done.Wait()
}

func (w *watcher) String() string {
	return fmt.Sprintf("%d answered, p50 %v, p99 %v, longest %v", len(w.took),
		w.took.part(0.5).Round(time.Millisecond/10), w.took.part(0.99).Round(time.Millisecond/10), w.took.part(1).Round(time.Millisecond/10))
}
