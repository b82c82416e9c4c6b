package bottest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"faqbot/bot"
)

var _ bot.BlockStore = (*Store)(nil)

// PutBlock keeps a visitor from writing; the last one counts.
func (s *Store) PutBlock(ctx context.Context, b bot.Block) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("block a visitor: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Until, b.At = millisecond(b.Until), millisecond(b.At)
	s.blocks[b.Visitor] = b
	return nil
}

// DropBlock lets a visitor write again, or returns bot.ErrNotFound.
func (s *Store) DropBlock(_ context.Context, visitor string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.blocks[visitor]; !there {
		return fmt.Errorf("unblock %q: %w", visitor, bot.ErrNotFound)
	}
	delete(s.blocks, visitor)
	return nil
}

// Blocks returns those that are in force at the moment, the last ones first.
func (s *Store) Blocks(ctx context.Context, at time.Time) ([]bot.Block, error) {
	return read(ctx, s, func() []bot.Block {
		return sorted(s.blocks, all, func(b bot.Block) bool { return b.Until.After(millisecond(at)) },
			func(a, b bot.Block) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Visitor, b.Visitor)) })
	})
}
