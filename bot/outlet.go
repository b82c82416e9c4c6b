package bot

import (
	"context"
	"fmt"
	"time"
)

// Reach is what may still be sent to a visitor unasked (额度), as the channel counts
// it.
type Reach struct {
	// Left of Of messages may be sent until then; nothing after it. An Of of 0 says
	// that this account never sends unasked: what is written is kept for the reply to
	// what the visitor says next.
	Left, Of int
	Until    time.Time
	// Waiting is how many messages are on their way already.
	Waiting int
}

// The states of a Fate.
const (
	FateWaiting = "waiting" // it is to be sent soon, or joined to what comes after it
	FateKept    = "kept"    // it goes with the reply to what the visitor says next
	FateSent    = "sent"    // the platform took it
	FateFailed  = "failed"  // the platform refused it: Code
	FateUnknown = "unknown" // nobody knows; it is not sent again
	FateRefused = "refused" // it was not sent: Reason
)

// Fate is what became of a message on its way through a channel that does not
// bring everything at once.
type Fate struct {
	Seq    int64
	State  string
	Code   int    // of the platform
	Reason string // in Chinese
}

// Outlet is a channel that does not let everything through to its visitors.
// Implementations are safe for concurrent use.
type Outlet interface {
	// Admit returns an *InvalidError with the reason, in words for the agent, if
	// nothing can be sent to the visitor now.
	Admit(ctx context.Context, v Visitor) error
	// Reach returns what may still be sent to the visitor.
	Reach(ctx context.Context, v Visitor) (Reach, error)
	// Fates returns what became of the messages from and to those numbers, in order;
	// nothing for those that were never to be sent.
	Fates(ctx context.Context, conversation string, from, to int64) ([]Fate, error)
}

// Delivery is how a conversation stands with its channel.
type Delivery struct {
	// Reach is nil if the channel has no limits.
	Reach *Reach
	Fates []Fate
}

// Delivery returns what may still be sent in a conversation that the actor may
// see, and what became of its messages from and to those numbers. It is zero for
// channels without limits.
func (d *Desk) Delivery(ctx context.Context, a Actor, conversation string, from, to int64) (Delivery, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return Delivery{}, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return Delivery{}, err
	}
	outlet := d.Outlets[c.Visitor.Channel]
	if outlet == nil {
		return Delivery{}, nil
	}
	reach, err := outlet.Reach(ctx, c.Visitor)
	if err != nil {
		return Delivery{}, fmt.Errorf("read what may be sent in conversation %q: %w", c.ID, err)
	}
	fates, err := outlet.Fates(ctx, c.ID, from, to)
	if err != nil {
		return Delivery{}, fmt.Errorf("read what became of the messages of %q: %w", c.ID, err)
	}
	return Delivery{&reach, fates}, nil
}

// admit fails with the *InvalidError of the channel if it lets nothing through to
// the visitor now.
func (d *Desk) admit(ctx context.Context, v Visitor) error {
	outlet := d.Outlets[v.Channel]
	if outlet == nil {
		return nil
	}
	if err := outlet.Admit(ctx, v); err != nil {
		return fmt.Errorf("send to a visitor of %q: %w", v.Channel, err)
	}
	return nil
}
