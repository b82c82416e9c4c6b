package webchat

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"faqbot/bot"
)

// guests remembers the visitors who left a moment ago and may be back at once.
type guests struct {
	// telling keeps the calls for one visitor in order; several visitors share one.
	telling [64]sync.Mutex
	seed    maphash.Seed

	mu   sync.Mutex // guards left
	left map[string]*time.Timer
}

func newGuests() *guests {
	return &guests{seed: maphash.MakeSeed(), left: map[string]*time.Timer{}}
}

// order returns what keeps the calls for a visitor in order.
func (g *guests) order(key string) *sync.Mutex {
	return &g.telling[maphash.String(g.seed, key)%uint64(len(g.telling))]
}

// returned forgets that a visitor left, and reports whether they had.
func (g *guests) returned(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	timer, left := g.left[key]
	if left {
		timer.Stop()
		delete(g.left, key)
	}
	return left
}

// leaves calls gone after a while, unless the visitor returns.
func (g *guests) leaves(key string, after time.Duration, gone func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if timer, left := g.left[key]; left {
		timer.Stop()
	}
	var timer *time.Timer
	timer = time.AfterFunc(after, func() {
		g.mu.Lock()
		current := g.left[key] == timer
		if current {
			delete(g.left, key)
		}
		g.mu.Unlock()
		if current {
			gone()
		}
	})
	g.left[key] = timer
}

// forget stops all timers.
func (g *guests) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, timer := range g.left {
		timer.Stop()
		delete(g.left, key)
	}
}

// lingers reports whether the visitor left a moment ago.
func (g *guests) lingers(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left[key] != nil
}

// enter lets a listener in, if there is room, and tells the engine when it is the
// first of its visitor.
func (c *Chat) enter(l *listener) crowd {
	was := c.hub.here(l.key)
	room := c.hub.add(l)
	if room == roomLeft && !c.guests.returned(l.key) && !was {
		c.start(func() { c.tellPresence(l.visitor) })
	}
	return room
}

// exit forgets a listener that was let in, and tells the engine after a while if
// it was the last of its visitor.
func (c *Chat) exit(l *listener) {
	c.hub.remove(l)
	// Those who are sent away come back to another node, or to this one soon.
	if c.hub.here(l.key) || c.sockets.Stopping() {
		return
	}
	c.guests.leaves(l.key, c.config.Linger, func() {
		c.start(func() { c.tellPresence(l.visitor) })
	})
}

// tellPresence tells the engine whether a visitor is here now, which may differ
// from when this was begun: the last call tells the truth.
func (c *Chat) tellPresence(v bot.Visitor) {
	key := v.Key()
	order := c.guests.order(key)
	order.Lock()
	defer order.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, frameLimit)
	defer cancel()
	c.engine.Presence(ctx, v, c.hub.here(key) || c.guests.lingers(key))
}
