package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
)

const (
	tickEvery = time.Second
	// dueAtOnce and orphansAtOnce bound what one look finds.
	dueAtOnce     = 200
	orphansAtOnce = 16
	// orphaned is when nobody deals with a callback any more that was taken;
	// giveUpAfter, when it will never work.
	orphaned    = workTimeout + 10*time.Second
	giveUpAfter = 15 * time.Minute
	forgetEvery = time.Hour
	// beforeRun is how far Run looks back for what was written while nobody listened.
	beforeRun = time.Hour
)

// Run does what is due until ctx ends: it sends what waits, and takes up what dead
// nodes have left. It may run on every node.
func (c *Channel) Run(ctx context.Context) {
	since, caughtUp := c.now().Add(-beforeRun), false
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.hinted:
			c.absorbGrown(ctx, c.start)
		case <-tick.C:
			caughtUp = caughtUp || c.catchUp(ctx, since)
			if err := c.stepBy(ctx, c.start); err != nil && ctx.Err() == nil {
				c.log.Error("the WeChat channel cannot go on now", zap.Error(err))
			}
		}
	}
}

// catchUp takes note of what was written since then: the hints of a process that
// died, or was being stopped, reached nobody. It reports whether that worked.
func (c *Channel) catchUp(ctx context.Context, since time.Time) bool {
	hints, err := c.engine.Changed(ctx, since)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("the WeChat channel cannot see what was written before it began", zap.Error(err))
		}
		return false
	}
	for _, h := range hints {
		c.receive(h)
	}
	return true
}

// Step does everything that is due now, and returns when it is done.
func (c *Channel) Step(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	return c.stepBy(ctx, func(do func(context.Context)) bool {
		work.Go(func() { do(ctx) })
		return true
	})
}

// starter runs something beside the caller.
type starter func(do func(context.Context)) bool

// inline has the caller do it.
func inline(ctx context.Context) starter {
	return func(do func(context.Context)) bool {
		do(ctx)
		return true
	}
}

// stepBy starts everything that is due.
func (c *Channel) stepBy(ctx context.Context, start starter) error {
	c.absorbGrown(ctx, start)
	return errors.Join(c.sendDue(ctx, start), c.redoOrphans(ctx, start), c.forget(ctx))
}

// receive notes that a conversation has grown. What a follower said themselves is
// dealt with by the callback that brought it.
func (c *Channel) receive(h bot.Hint) {
	who, ok := followerOf(h.Visitor)
	if ok && h.Typing == bot.FromAgent {
		c.agentTypes(who)
		return
	}
	if !ok || h.Conversation == "" || h.Seq == 0 || len(h.Messages) > 0 && h.Messages[0].Author == bot.FromVisitor {
		return
	}
	c.mu.Lock()
	known := c.known[who]
	news := known.Conversation != h.Conversation || known.Seq < h.Seq
	if news {
		c.grown[who] = true
	}
	c.mu.Unlock()
	if !news {
		return
	}
	select {
	case c.hinted <- struct{}{}:
	default: // somebody looks anyway
	}
}

// maxKnown bounds how many followers are known.
const maxKnown = 10_000

// reached notes how far a follower is.
func (c *Channel) reached(f Follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[follower{f.Account, f.OpenID}] = Follower{Conversation: f.Conversation, Seq: f.Seq}
}

// followerOf reads the key of a visitor.
func followerOf(key string) (follower, bool) {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) < 3 || parts[0] != channelName {
		return follower{}, false
	}
	return follower{parts[1], parts[2]}, true
}

// absorbGrown brings what was said in conversations on its way.
func (c *Channel) absorbGrown(ctx context.Context, start starter) {
	c.mu.Lock()
	grown := c.grown
	c.grown = map[follower]bool{}
	c.mu.Unlock()
	for who := range grown {
		c.attend(start, who, func(ctx context.Context) error { return c.absorb(ctx, who) })
	}
}

// sendDue sends what waits and is due.
func (c *Channel) sendDue(ctx context.Context, start starter) error {
	now := c.now()
	due, err := c.store.DueFollowers(ctx, now, now.Add(-stuckAfter), dueAtOnce)
	if err != nil {
		return fmt.Errorf("look for what is due: %w", err)
	}
	for _, f := range due {
		c.attend(start, follower{f.Account, f.OpenID}, nil)
	}
	return nil
}

// goOn sends a follower what is due, beside the caller.
func (c *Channel) goOn(who follower) { c.attend(c.start, who, nil) }

// attend does something for a follower, and sends what is due then. Who is being
// attended to is not attended to twice: what comes meanwhile is found by the next
// look.
func (c *Channel) attend(start starter, who follower, first func(context.Context) error) {
	c.mu.Lock()
	busy := c.busy[who]
	c.busy[who] = true
	if busy && first != nil {
		c.grown[who] = true
	}
	c.mu.Unlock()
	if busy {
		return
	}
	free := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.busy, who)
	}
	started := start(func(ctx context.Context) {
		defer free()
		var err error
		if first != nil {
			err = first(ctx)
		}
		if err == nil {
			err = c.serve(ctx, who)
		}
		if err != nil && ctx.Err() == nil {
			c.log.Error("cannot write to a follower now", zap.String("account", who.account), zap.Error(err))
		}
	})
	if !started {
		free()
	}
}

// absorb turns what was said since into parts on their way.
func (c *Channel) absorb(ctx context.Context, who follower) error {
	a, err := c.accounts.account(ctx, who.account, c.now())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	defer c.locks.Lock(who)()
	for range stepAttempts {
		if err = c.tryAbsorb(ctx, a, who); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return err
}

func (c *Channel) tryAbsorb(ctx context.Context, a Account, who follower) error {
	f, err := c.follower(ctx, who)
	if err != nil || f.Version == 0 { // the callback that brings them is on its way
		return err
	}
	messages, err := c.news(ctx, who.visitor(), f)
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		c.reached(f)
		return nil
	}
	f, fresh := c.absorber(a.means().sends, grace).absorb(f, messages)
	if err := c.store.Step(ctx, f, outgoing(fresh), nil); err != nil {
		return fmt.Errorf("go on with a follower: %w", err)
	}
	c.reached(f)
	return nil
}

// redoOrphans takes up callbacks whose node has died.
func (c *Channel) redoOrphans(ctx context.Context, start starter) error {
	orphans, err := c.store.Unfinished(ctx, c.now().Add(-orphaned), orphansAtOnce)
	if err != nil {
		return fmt.Errorf("look for callbacks that were left: %w", err)
	}
	for _, cb := range orphans {
		id := cb.Account + "\n" + cb.Key
		c.mu.Lock()
		busy := c.redoing[id]
		c.redoing[id] = true
		c.mu.Unlock()
		if busy {
			continue
		}
		start(func(ctx context.Context) {
			defer func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				delete(c.redoing, id)
			}()
			ctx, cancel := context.WithTimeout(ctx, workTimeout)
			defer cancel()
			if err := c.redo(ctx, cb); err != nil && ctx.Err() == nil {
				c.log.Error("cannot do a callback that was left", zap.String("account", cb.Account), zap.Error(err))
			}
		})
	}
	return nil
}

// forget removes what is old, now and then.
func (c *Channel) forget(ctx context.Context) error {
	now := c.now()
	c.mu.Lock()
	due := now.Sub(c.forgot) >= forgetEvery
	if due {
		c.forgot = now
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	if err := c.store.Forget(ctx, now.Add(-c.config.Keep)); err != nil {
		return fmt.Errorf("forget old callbacks: %w", err)
	}
	return nil
}
