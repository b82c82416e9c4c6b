package wechat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"faqbot/bot"
)

// Window returns what may still be sent to a visitor unasked, and how many parts
// are on their way. It returns ErrNotFound for who is no follower of an account.
func (c *Channel) Window(ctx context.Context, v bot.Visitor) (Allowance, int, error) {
	f, waiting, err := c.window(ctx, v)
	return f.Allowance.At(c.now()), waiting, err
}

func (c *Channel) window(ctx context.Context, v bot.Visitor) (f Follower, waiting int, err error) {
	if v.Channel != channelName {
		return f, 0, fmt.Errorf("visitor %q: %w", v.Key(), ErrNotFound)
	}
	if f, err = c.store.Follower(ctx, v.Account, v.ID); err != nil {
		return f, 0, fmt.Errorf("read a follower: %w", err)
	}
	open, err := c.store.Open(ctx, v.Account, v.ID)
	if err != nil {
		return f, 0, fmt.Errorf("read what is on its way: %w", err)
	}
	return f, len(open), nil
}

// Admit says why an agent's line would not reach a visitor: a *bot.InvalidError.
// Visitors of other channels are always reached. An account that may send nothing
// unasked keeps the line for the visitor's next message.
func (c *Channel) Admit(ctx context.Context, v bot.Visitor) error {
	if v.Channel != channelName {
		return nil
	}
	a, err := c.accounts.account(ctx, v.Account, c.now())
	if errors.Is(err, ErrNotFound) || err == nil && a.Disabled {
		return refused("这个公众号已停用，消息发不出去")
	}
	if err != nil {
		return err
	}
	f, err := c.store.Follower(ctx, v.Account, v.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read a follower: %w", err)
	}
	allowance := f.Allowance.At(c.now())
	switch {
	case f.Gone:
		return refused("顾客已取消关注公众号，消息发不出去")
	case !a.Sends || allowance.Left > 0:
		return nil
	case allowance.Granted == "":
		return refused("顾客还没有发过消息，微信不允许先发")
	case !c.now().Before(allowance.Until):
		return refused(over(allowance.Granted) + "，微信不允许再发，请等顾客再发来消息")
	}
	return refused(fmt.Sprintf("微信允许的 %d 条已经用完，请等顾客再发来消息", allowance.Of))
}

// over says what is over.
func over(granted string) string {
	if granted == byMessage {
		return "顾客发来消息已超过 48 小时"
	}
	return "顾客只是点了菜单或扫了码，已超过 1 分钟"
}

func refused(reason string) error { return &bot.InvalidError{Field: "quota", Reason: reason} }

// Reach returns what may still be sent to a visitor unasked, for the desk. It is
// zero for an account that never sends, and for who never wrote to it.
func (c *Channel) Reach(ctx context.Context, v bot.Visitor) (bot.Reach, error) {
	a, err := c.accounts.account(ctx, v.Account, c.now())
	if err == nil && a.means().sends {
		allowance, waiting, err := c.Window(ctx, v)
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return bot.Reach{Left: allowance.Left, Of: allowance.Of, Until: allowance.Until, Waiting: waiting}, err
	}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return bot.Reach{}, err
}

// Fates returns what became of messages of a conversation, in order; nothing for
// those that are not on their way.
func (c *Channel) Fates(ctx context.Context, conversation string, from, to int64) ([]bot.Fate, error) {
	parts, err := c.store.Parts(ctx, conversation, from, to)
	if err != nil {
		return nil, fmt.Errorf("read what became of messages: %w", err)
	}
	var fates []bot.Fate
	for _, p := range parts {
		fate := bot.Fate{Seq: p.Seq, State: fateOf(p.State), Code: p.Code, Reason: p.Reason}
		switch n := len(fates); {
		case n == 0 || fates[n-1].Seq != fate.Seq:
			fates = append(fates, fate)
		case gravity(fate.State) > gravity(fates[n-1].State):
			fates[n-1] = fate
		}
	}
	return fates, nil
}

// fateOf is a state in the words of the desk.
func fateOf(s OutgoingState) string {
	switch s {
	case Waiting, Sending:
		return bot.FateWaiting
	case Kept:
		return bot.FateKept
	case Failed:
		return bot.FateFailed
	case Uncertain:
		return bot.FateUnknown
	case Refused:
		return bot.FateRefused
	}
	return bot.FateSent
}

// gravity puts the fates of the parts of a message in order: the message has that
// of the worst.
func gravity(state string) int {
	return slices.Index([]string{bot.FateSent, bot.FateKept, bot.FateWaiting, bot.FateUnknown, bot.FateRefused, bot.FateFailed}, state)
}
