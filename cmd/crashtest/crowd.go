package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/crashtest/visitor"
)

const (
	firstPause   = 10 * time.Millisecond
	longestPause = 250 * time.Millisecond
	patience     = 0.1 // rounds are short
	maxUnsent    = 4   // of a visitor who waits before saying more
	window       = 2
	secondTab    = 4   // every so many people have two tabs
	goneOf       = 400 // one step in so many is the last of a visitor
	shortest     = 5 * time.Millisecond
	thinking     = 60 * time.Millisecond
)

// crowd is the people who talk to the server.
type crowd struct {
	url       string
	seed      uint64
	questions []string
	note      func(history.Event)
	http      *http.Client
	dialer    *websocket.Dialer

	talking sync.WaitGroup // those who may say something new
	running sync.WaitGroup // their connections
	quiet   chan struct{}  // closed when nobody shall say anything new

	mu      sync.Mutex // guards what follows
	present map[*visitor.Visitor]bool
	people  int
}

func newCrowd(url string, seed uint64, questions []string, note func(history.Event)) *crowd {
	return &crowd{
		url: url, seed: seed, questions: questions, note: note,
		http:    &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 128, MaxIdleConnsPerHost: 128}},
		dialer:  &websocket.Dialer{HandshakeTimeout: 20 * time.Second, ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{}},
		quiet:   make(chan struct{}),
		present: map[*visitor.Visitor]bool{},
	}
}

// enter lets people in; who goes away is followed by somebody new.
func (c *crowd) enter(ctx context.Context, people int) {
	for range people {
		c.talking.Go(func() {
			for c.person(ctx) {
			}
		})
	}
}

// settings are those of the tab of a person.
func (c *crowd) settings(person int, tab string) visitor.Config {
	name := fmt.Sprintf("v%d", person)
	return visitor.Config{
		URL: c.url, Person: name, Client: name + tab, HTTP: c.http, Dialer: c.dialer, Note: c.note,
		Address: fmt.Sprintf("10.%d.%d.%d", person>>16&255, person>>8&255, person&255),
		Rand:    c.random(person, tab+" pauses"), FirstPause: firstPause, LongestPause: longestPause,
		Patience: patience, Window: window,
	}
}

func (c *crowd) random(person int, what string) *rand.Rand {
	n := uint64(person)
	for _, b := range []byte(what) {
		n = n*257 + uint64(b)
	}
	return rand.New(rand.NewPCG(c.seed, n))
}

func (c *crowd) number() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people++
	return c.people
}

// tab is a visitor with its connection.
type tab struct {
	*visitor.Visitor
	close func() // ends the connection, and waits for that
}

// open opens a tab; it runs until it is closed or ctx ends.
func (c *crowd) open(ctx context.Context, s visitor.Config) tab {
	v := visitor.New(s)
	c.mu.Lock()
	c.present[v] = true
	c.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	c.running.Go(func() {
		defer close(ended)
		defer stop()
		v.Run(ctx)
	})
	return tab{v, func() { stop(); <-ended }}
}

// person is a person from coming to going away for good. It returns false if the
// person is still there when all shall be quiet.
func (c *crowd) person(ctx context.Context) (gone bool) {
	n := c.number()
	tabs := []tab{c.open(ctx, c.settings(n, "a"))}
	if n%secondTab == 0 {
		s := c.settings(n, "b")
		if state, err := tabs[0].Wait(ctx, func(s visitor.State) bool { return s.Token != "" }); err == nil {
			s.Token = state.Token
			tabs = append(tabs, c.open(ctx, s))
		}
	}
	if !c.talk(ctx, tabs, &talker{c.random(n, "words"), c.questions}) {
		return false
	}
	for _, t := range tabs {
		t.close()
		c.goes(t.Visitor)
	}
	return true
}

func (c *crowd) goes(v *visitor.Visitor) {
	v.Leave()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.present, v)
}

// talk says one thing after the other, in any of the tabs. It reports whether
// the person goes away for good.
func (c *crowd) talk(ctx context.Context, tabs []tab, t *talker) (gone bool) {
	for {
		select {
		case <-c.quiet:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(shortest + time.Duration(t.rand.Int64N(int64(thinking)))):
		}
		v := tabs[t.rand.IntN(len(tabs))]
		state := v.State()
		switch {
		case t.rand.IntN(goneOf) == 0:
			return true
		case state.Unsent >= maxUnsent:
		case t.rand.IntN(20) == 0:
			v.SendOnce(t.next(state))
		default:
			v.Send(t.next(state))
		}
	}
}

// hush lets nobody say anything new, and waits until nobody does.
func (c *crowd) hush() {
	close(c.quiet)
	c.talking.Wait()
}

// end waits until all are gone, once their context has ended.
func (c *crowd) end() {
	c.talking.Wait()
	c.running.Wait()
}

// all returns who is there.
func (c *crowd) all() []*visitor.Visitor {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*visitor.Visitor
	for v := range c.present {
		list = append(list, v)
	}
	return list
}

// wait waits until ok is true of the state of the part of the visitors.
func (c *crowd) wait(ctx context.Context, part float64, ok func(visitor.State) bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		fine, all := 0, c.all()
		for _, v := range all {
			if ok(v.State()) {
				fine++
			}
		}
		if len(all) > 0 && float64(fine) >= part*float64(len(all)) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the visitors, %d of %d are ready: %w", fine, len(all), ctx.Err())
		}
	}
}
