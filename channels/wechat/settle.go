package wechat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
)

const (
	// grace is how long the bot's replies wait for the passive reply that somebody,
	// somewhere, may be making of them.
	grace = 6 * time.Second
	// uploadWithin is how long a picture may take that is to go with a passive reply,
	// for which somebody waits.
	uploadWithin = 3 * time.Second
	// skew is how far the clocks of nodes may lie apart.
	skew = time.Minute
	// behind is how long what follows a passive reply waits for that to be shown.
	behind = time.Second
	// lookBack is how many messages are read at once that have not become Outgoing,
	// and mostMissed how many at all.
	lookBack   = 100
	mostMissed = 1000
)

// follower returns one, or a new one.
func (c *Channel) follower(ctx context.Context, who follower) (Follower, error) {
	f, err := c.store.Follower(ctx, who.account, who.openID)
	if errors.Is(err, ErrNotFound) {
		return Follower{Account: who.account, OpenID: who.openID}, nil
	}
	if err != nil {
		return f, fmt.Errorf("read a follower: %w", err)
	}
	return f, nil
}

// load returns a follower, and what is on its way to them.
func (c *Channel) load(ctx context.Context, who follower) (Follower, []piece, error) {
	f, err := c.follower(ctx, who)
	if err != nil || f.Version == 0 {
		return f, nil, err
	}
	open, err := c.store.Open(ctx, who.account, who.openID)
	if err != nil {
		return f, nil, fmt.Errorf("read what is on its way: %w", err)
	}
	pieces, err := piecesOf(open)
	return f, pieces, err
}

func piecesOf(parts []Outgoing) ([]piece, error) {
	pieces := make([]piece, len(parts))
	for i, o := range parts {
		var err error
		if pieces[i], err = pieceOf(o); err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// news returns the messages that have not become Outgoing, in order, going over
// from one conversation to the next.
func (c *Channel) news(ctx context.Context, v bot.Visitor, f Follower) ([]bot.Message, error) {
	view, err := c.engine.Look(ctx, v, f.Conversation, f.Seq)
	if err != nil {
		return nil, fmt.Errorf("look for new messages: %w", err)
	}
	if !view.Reset || view.Conversation == "" {
		return view.Messages, nil
	}
	var all []bot.Message
	conversation, before := view.Conversation, view.Seq+1
	for len(all) < mostMissed {
		page, more, err := c.engine.Earlier(ctx, v, conversation, before, lookBack)
		if err != nil {
			return nil, fmt.Errorf("look for earlier messages: %w", err)
		}
		last := lastIndex(page, func(m bot.Message) bool { return m.Conversation == f.Conversation && m.Seq <= f.Seq })
		all = append(slices.Clone(page[last+1:]), all...)
		if last >= 0 || !more || len(page) == 0 {
			return all, nil
		}
		conversation, before = page[0].Conversation, page[0].Seq
	}
	c.log.Warn("a follower has missed messages", zap.String("account", f.Account))
	return all, nil
}

func lastIndex[T any](list []T, fits func(T) bool) int {
	for i, one := range slices.Backward(list) {
		if fits(one) {
			return i
		}
	}
	return -1
}

// settle writes down what a callback led to: what the follower allows, the messages
// that came of it, and what of all that is on its way goes with the passive reply,
// which it returns.
func (c *Channel) settle(ctx context.Context, j *job) (reply []byte, err error) {
	defer c.locks.Lock(j.who)()
	for range stepAttempts {
		if reply, err = c.trySettle(ctx, j); !errors.Is(err, ErrConflict) {
			return reply, err
		}
	}
	return nil, err
}

func (c *Channel) trySettle(ctx context.Context, j *job) ([]byte, error) {
	f, open, err := c.load(ctx, j.who)
	if err != nil {
		return nil, err
	}
	back, err := c.taken(ctx, j, f)
	if err != nil {
		return nil, err
	}
	open = append(back, open...)
	c.hear(&f, j)
	messages, err := c.news(ctx, j.who.visitor(), f)
	if err != nil {
		return nil, err
	}
	seen := f
	f.Choices = used(f.Choices, j.meaning.choice)
	f, fresh := c.absorber(j.account.means().sends, 0).absorb(f, messages)
	pieces := slices.Concat(open, fresh, j.ours)
	if j.meaning.votes() && !slices.ContainsFunc(pieces, piece.open) { // about an earlier conversation, where nobody looks
		pieces = append(pieces, line(sayThanks))
	}
	reply := c.ride(ctx, j, &f, pieces)
	c.leftOver(j, f, pieces, len(reply) > 0)
	j.leaves = slices.ContainsFunc(pieces, func(p piece) bool { return !p.ours && p.State == Waiting })
	old, added := pieces[:len(open)], pieces[len(open):len(open)+len(fresh)]
	if err := c.store.Step(ctx, f, outgoing(added), changed(open, old, len(back))); err != nil {
		return nil, fmt.Errorf("go on with a follower: %w", err)
	}
	c.reached(f)
	c.markRead(ctx, j, seen, messages)
	return reply, nil
}

// hear notes what the follower did, once however often the callback is done.
func (c *Channel) hear(f *Follower, j *job) {
	at := j.callback.At
	ahead := f.HeardAt.After(c.now().Add(skew)) // by a clock that was wrong
	known := at.Before(f.HeardAt) && !ahead || j.again && at.Equal(f.HeardAt)
	if known || j.meaning.granted == "" && !j.meaning.gone {
		return
	}
	f.HeardAt, f.Gone = at, j.meaning.gone
	f.Allowance = grant(f.Allowance, j.meaning.granted, at)
	if f.Gone {
		f.Allowance.Left = 0
	}
}

// taken returns what went with a passive reply to this callback that nobody got.
func (c *Channel) taken(ctx context.Context, j *job, f Follower) ([]piece, error) {
	if !j.again || f.Conversation == "" {
		return nil, nil
	}
	parts, err := c.store.Parts(ctx, f.Conversation, max(f.Seq-lookBack, 1), f.Seq)
	if err != nil {
		return nil, fmt.Errorf("read what went with a reply: %w", err)
	}
	pieces, err := piecesOf(slices.DeleteFunc(parts, func(o Outgoing) bool { return o.State != Replied || o.Batch != j.batch() }))
	for i := range pieces {
		pieces[i].State, pieces[i].Batch, pieces[i].Due, pieces[i].ChangedAt = Waiting, "", c.now(), c.now()
	}
	return pieces, err
}

// ride makes the passive reply of as many pieces as it holds, and notes those that
// it does. It returns nothing if there is nothing to be said, or nobody waits.
func (c *Channel) ride(ctx context.Context, j *job, f *Follower, pieces []piece) []byte {
	var live []int
	for i, p := range pieces {
		if p.open() {
			live = append(live, i)
		}
	}
	if len(live) == 0 || j.meaning.silent || f.Gone || !j.heard() {
		return nil
	}
	can := j.account.means()
	tapped := can.sends && can.menus && f.Allowance.At(c.now()).Left > 1
	for ; len(live) > 0; live = live[1:] {
		riders := make([]piece, len(live))
		for n, i := range live {
			riders[n] = pieces[i]
		}
		message, n := bundle(riders, func(p piece) bool { return tapped && p.tap })
		reply, err := c.passive(ctx, j, message, !can.sends && slices.ContainsFunc(riders[n:], func(p piece) bool { return !p.ours }))
		if err != nil {
			c.log.Warn("a picture cannot go with the reply", zap.String("account", j.account.ID), zap.Error(err))
			if passOver(&pieces[live[0]], judge(err, false), can, c.now()) {
				continue
			}
		}
		if reply == nil {
			return nil
		}
		f.Choices = shown(f.Choices, riders[:n], f.HeardAt, false)
		for _, i := range live[:n] {
			p := &pieces[i]
			p.State, p.Batch, p.ChangedAt = Replied, j.batch(), c.now()
		}
		return reply
	}
	return nil
}

// passOver notes what became of a picture that cannot go with the reply, and reports
// whether what is behind it goes now: one that can be sent by itself soon keeps its
// place, any other must not be in the way of all that follows.
func passOver(p *piece, x fate, can means, now time.Time) bool {
	if x.state == Failed {
		p.State, p.Code, p.Reason, p.ChangedAt = x.state, x.code, x.reason, now
	}
	return x.state != Waiting || !can.sends
}

// passive writes a message as a passive reply; nothing, if it cannot be one.
func (c *Channel) passive(ctx context.Context, j *job, message render.Part, unfinished bool) ([]byte, error) {
	to, from, at := j.message.From, j.message.To, c.now()
	switch {
	case message.Text != "" && unfinished: // the limits leave room for the line
		return envelope.TextReply(to, from, message.Text+"\n\n"+sayMore, at), nil
	case message.Text != "":
		return envelope.TextReply(to, from, message.Text, at), nil
	case message.Image != nil:
		ctx, cancel := context.WithTimeout(ctx, uploadWithin)
		defer cancel()
		id, err := c.picture(ctx, j.account, j.who, message.Image.File)
		if err != nil {
			return nil, err
		}
		return envelope.ImageReply(to, from, id, at), nil
	case len(message.News) > 0:
		return envelope.NewsReply(to, from, message.News[:1], at), nil
	}
	return nil, nil
}

// leftOver says when the pieces go that did not go with the passive reply.
func (c *Channel) leftOver(j *job, f Follower, pieces []piece, replied bool) {
	now, can := c.now(), j.account.means()
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.ours || p.State != Waiting && p.State != Kept:
		case f.Gone:
			p.State, p.Reason, p.ChangedAt = Refused, "顾客已取消关注", now
		case !can.sends:
			p.State = Kept
		case p.State == Kept && j.meaning.granted != "":
			p.State, p.Due = Waiting, now
		}
		if soon := now.Add(behind); replied && p.State == Waiting && p.Due.Before(soon) {
			p.Due = soon
		}
	}
}

// changed are those of the pieces that are not as they were; of the first n it is
// known.
func changed(was, pieces []piece, n int) []Outgoing {
	var all []Outgoing
	for i, p := range pieces {
		if o := was[i]; i < n || p.State != o.State || p.Batch != o.Batch || !p.Due.Equal(o.Due) {
			all = append(all, p.Outgoing)
		}
	}
	return all
}

// markRead tells an agent that the follower has seen what was said before: there is
// no other sign of it. Where the bot replies nobody asks.
func (c *Channel) markRead(ctx context.Context, j *job, seen Follower, messages []bot.Message) {
	if len(messages) == 0 || seen.Seq == 0 || messages[len(messages)-1].Author != bot.FromVisitor || messages[0].Conversation != seen.Conversation {
		return
	}
	if err := c.engine.MarkRead(ctx, j.who.visitor(), seen.Conversation, seen.Seq); err != nil {
		c.log.Warn("cannot mark as read", zap.String("account", j.account.ID), zap.Error(err))
	}
}
