package bot

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Block keeps a visitor from writing for a while (黑名单).
type Block struct {
	Visitor string // Visitor.Key
	Until   time.Time
	Reason  string
	Agent   string // who did it
	At      time.Time
}

// Validate returns what no store would take.
func (b *Block) Validate() error {
	if b.Visitor == "" || len(b.Visitor) > maxKey {
		return fmt.Errorf("block of %.100q: no visitor has this key", b.Visitor)
	}
	for _, text := range []string{b.Visitor, b.Reason, b.Agent} {
		if err := checkStorable(text); err != nil {
			return fmt.Errorf("block of %.100q: a text %w", b.Visitor, err)
		}
	}
	return nil
}

// BlockStore keeps who may not write. The errors are those of Store.
type BlockStore interface {
	// PutBlock keeps a visitor from writing; the last one counts. DropBlock lets them
	// write again, or returns ErrNotFound. Blocks returns those in force at the
	// moment, the last ones first.
	PutBlock(ctx context.Context, b Block) error
	DropBlock(ctx context.Context, visitor string) error
	Blocks(ctx context.Context, at time.Time) ([]Block, error)
}

// longestBlock bounds how long a visitor may be kept from writing.
const longestBlock = 365 * 24 * time.Hour

// Block keeps the visitor of a conversation from writing, and ends it. The owner
// and supervisors may do so.
func (d *Desk) Block(ctx context.Context, a Actor, conversation string, long time.Duration, reason string) error {
	if long < time.Minute || long > longestBlock {
		return &InvalidError{"hours", "时长要在 1 分钟到 1 年之间"}
	}
	reason = cut(strings.TrimSpace(CleanText(reason)), maxNote)
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	if !a.Supervisor && c.Service.Owner != a.ID {
		return d.hidden(a, &c, nil)
	}
	now := d.Engine.moment()
	block := Block{Visitor: c.Visitor.Key(), Until: now.Add(long), Reason: reason, Agent: a.ID, At: now}
	if err := d.Blocked.PutBlock(ctx, block); err != nil {
		return fmt.Errorf("block a visitor: %w", err)
	}
	if err := d.readBlocks(ctx, now); err != nil {
		return err
	}
	_, err = d.act(ctx, conversation, func(t *turn) error {
		if t.Conversation.State == StateOpen {
			t.close("blocked", "closed")
		}
		return nil
	})
	return err
}

// Unblock lets a visitor write again, for supervisors.
func (d *Desk) Unblock(ctx context.Context, a Actor, visitor string) error {
	if !a.Supervisor {
		return fmt.Errorf("unblock: %w", ErrForbidden)
	}
	if err := d.Blocked.DropBlock(ctx, visitor); err != nil {
		return fmt.Errorf("unblock %q: %w", visitor, err)
	}
	return d.readBlocks(ctx, d.Engine.moment())
}

// Blocks returns who may not write now, for supervisors.
func (d *Desk) Blocks(ctx context.Context, a Actor) ([]Block, error) {
	if !a.Supervisor {
		return nil, fmt.Errorf("see who is blocked: %w", ErrForbidden)
	}
	blocks, err := d.Blocked.Blocks(ctx, d.Engine.moment())
	if err != nil {
		return nil, fmt.Errorf("read who is blocked: %w", err)
	}
	return blocks, nil
}

// readBlocks brings what BlockedUntil knows up to date. Each step does so, for
// what other nodes were told.
func (d *Desk) readBlocks(ctx context.Context, now time.Time) error {
	blocks, err := d.Blocked.Blocks(ctx, now)
	if err != nil {
		return fmt.Errorf("read who is blocked: %w", err)
	}
	until := make(map[string]time.Time, len(blocks))
	for _, b := range blocks {
		until[b.Visitor] = b.Until
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blocked = until
	return nil
}

// BlockedUntil returns until when a visitor may not write; the zero time if they
// may.
func (d *Desk) BlockedUntil(v Visitor) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.blocked[v.Key()]
}

// blocked fails if the visitor may not write now.
func (e *Engine) blocked(v Visitor) error {
	if e.Seats == nil {
		return nil
	}
	until := e.Seats.BlockedUntil(v)
	if !e.Now().Before(until) {
		return nil
	}
	return &LateError{"您暂时不能发送消息，" + until.In(e.Zone).Format("1 月 2 日 15:04") + " 以后可以再来"}
}
