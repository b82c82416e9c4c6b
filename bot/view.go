package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

const (
	// lookBack is how many messages a client gets that has none.
	lookBack = 30
	// catchUp is how many messages a client may lack and still be completed.
	catchUp = 200
	// maxOptions bounds what is offered while typing.
	maxOptions = 6
	// maxTyped is how much of what is being typed is looked at, in characters.
	maxTyped = 60
	maxHot   = 20
)

// Look returns the visitor's current conversation, or the last one if none is
// open, for a client that has the messages up to after of the named one.
func (e *Engine) Look(ctx context.Context, v Visitor, conversation string, after int64) (View, error) {
	c, err := e.Store.Current(ctx, v)
	if errors.Is(err, ErrNotFound) {
		c, err = e.Store.Previous(ctx, v, "")
	}
	if errors.Is(err, ErrNotFound) {
		return View{Reset: conversation != ""}, nil
	}
	if err != nil {
		return View{}, fmt.Errorf("find the conversation: %w", err)
	}
	view := View{Conversation: c.ID, Seq: c.Seq, Read: c.Read, Waits: c.Service.Phase == InQueue}
	if conversation == c.ID && after >= 0 && after <= c.Seq && c.Seq-after <= catchUp {
		view.Messages, err = e.upTo(ctx, c, after)
		view.More = true // older ones are what the client has already
		return view, err
	}
	view.Reset = conversation != ""
	if view.Messages, err = e.Store.Before(ctx, c.ID, c.Seq+1, lookBack); err != nil {
		return View{}, fmt.Errorf("read messages: %w", err)
	}
	view.More = len(view.Messages) > 0 && view.Messages[0].Seq > 1
	if !view.More {
		_, err = e.Store.Previous(ctx, v, c.ID)
		view.More = err == nil
	}
	return view, nil
}

func (e *Engine) upTo(ctx context.Context, c Conversation, after int64) ([]Message, error) {
	if after == c.Seq {
		return nil, nil
	}
	messages, err := e.Store.After(ctx, c.ID, after, int(c.Seq-after))
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return messages, nil
}

// After returns messages of a conversation of the visitor's own in order.
func (e *Engine) After(ctx context.Context, v Visitor, conversation string, after int64, limit int) ([]Message, error) {
	if _, err := e.own(ctx, v, conversation); err != nil {
		return nil, err
	}
	messages, err := e.Store.After(ctx, conversation, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return messages, nil
}

// Earlier returns the last messages before the one with the number, going on in
// the visitor's earlier conversations, in order, and whether there are more.
func (e *Engine) Earlier(ctx context.Context, v Visitor, conversation string, before int64, limit int) (messages []Message, more bool, err error) {
	c, err := e.own(ctx, v, conversation)
	if err != nil {
		return nil, false, err
	}
	for {
		part, err := e.Store.Before(ctx, c.ID, before, limit+1-len(messages))
		if err != nil {
			return nil, false, fmt.Errorf("read messages: %w", err)
		}
		messages = slices.Concat(part, messages)
		if len(messages) > limit {
			return messages[len(messages)-limit:], true, nil
		}
		c, err = e.Store.Previous(ctx, v, c.ID)
		if errors.Is(err, ErrNotFound) {
			return messages, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("find the conversation before: %w", err)
		}
		before = c.Seq + 1
	}
}

// MarkRead records what the visitor has seen.
func (e *Engine) MarkRead(ctx context.Context, v Visitor, conversation string, seq int64) error {
	c, err := e.own(ctx, v, conversation)
	if err != nil {
		return err
	}
	if seq = min(seq, c.Seq); seq <= c.Read {
		return nil
	}
	if err := e.Store.MarkRead(ctx, conversation, seq); err != nil {
		return fmt.Errorf("mark as read: %w", err)
	}
	if c.Service.Phase == WithAgent {
		e.Bus.Publish(Hint{Visitor: v.Key(), Conversation: c.ID, Read: seq})
	}
	return nil
}

// Suggest returns questions that somebody may be about to type.
func (e *Engine) Suggest(ctx context.Context, v Visitor, p Profile, text string) ([]Option, error) {
	text = cut(oneLine(text), maxTyped)
	found, err := e.Knowledge.Complete(ctx, e.query(v, p.tidy(), text, e.Now()), maxOptions)
	if err != nil {
		return nil, fmt.Errorf("complete a question: %w", err)
	}
	return options(found), nil
}

// Greeting returns the texts, hot questions and form of an account; no texts if the
// visitor reads another language than they are in.
func (e *Engine) Greeting(_ context.Context, channel, account, language string) (Greeting, error) {
	speech := e.Rules.For(channel, account)
	g := Greeting{Texts: map[string]string{}, Form: speech.form()}
	if speaks(language) {
		for _, name := range []string{"title", "subtitle", "welcome", "placeholder"} {
			g.Texts[name] = speech.text(name, "")
		}
	}
	v := Visitor{Channel: channel, Account: account}
	matcher := e.Knowledge.Matcher()
	for _, question := range speech.Hot {
		if c, ok := matcher.Named(e.query(v, Profile{}, question, e.Now())); ok {
			g.Hot = append(g.Hot, Option{Entry: c.Entry, Question: question})
		}
	}
	if len(speech.Hot) == 0 {
		g.Hot = options(matcher.Hot(e.query(v, Profile{}, "", e.Now())))
	}
	g.Hot = g.Hot[:min(maxHot, len(g.Hot))]
	return g, nil
}

// speaks reports whether the texts of the rules are in the language: they are in
// simplified Chinese. Clients have words of their own for others.
func speaks(language string) bool {
	switch strings.ToLower(language) {
	case "", "zh", "zh-cn", "zh-hans", "zh-hans-cn", "zh-sg":
		return true
	}
	return false
}

// Ready reports whether questions can be answered.
func (e *Engine) Ready() bool { return true }

// Watch looks now and then for what other processes wrote, in case their hints
// were lost, and publishes it on to, until ctx ends. A look that failed is made up
// for by the next one.
func (e *Engine) Watch(ctx context.Context, every time.Duration, to Bus) {
	seen := e.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			seen = e.look(ctx, seen, every, to)
		}
	}
}

// clockSkew is how far the clocks of processes may lie apart.
const clockSkew = 5 * time.Second

// Changed returns hints of the conversations that were written since then, for
// those who were not there to be told.
func (e *Engine) Changed(ctx context.Context, since time.Time) ([]Hint, error) {
	hints, err := e.Store.Changed(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("look for what was written: %w", err)
	}
	return hints, nil
}

// look publishes hints of what was written since then, or a little before, and
// returns since when the next look must.
func (e *Engine) look(ctx context.Context, since time.Time, every time.Duration, to Bus) time.Time {
	now := e.Now()
	if now.Before(since) { // the clock was set back
		since = now
	}
	hints, err := e.Store.Changed(ctx, since.Add(-every-clockSkew))
	if err != nil {
		e.Log.Warn("cannot look for new messages", zap.Error(err))
		return since
	}
	for _, h := range hints {
		to.Publish(h)
	}
	return now
}
