package wechat

import (
	"context"
	"errors"
	"fmt"

	"faqbot/bot"
	"faqbot/channels/wechat/api"
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

// PublishMenu puts the menu of an account below its conversations.
func (c *Channel) PublishMenu(ctx context.Context, account string) error {
	a, err := c.accounts.account(ctx, account, c.now())
	if err != nil {
		return err
	}
	if err := c.accounts.client(a).PublishMenu(ctx, buttons(a.Menu)); err != nil {
		return fmt.Errorf("publish the menu of account %q: %w", account, err)
	}
	return nil
}

func buttons(menu []Button) []api.Button {
	var all []api.Button
	for _, b := range menu {
		all = append(all, api.Button{Name: b.Name, Key: b.Key, URL: b.URL, Buttons: buttons(b.Buttons)})
	}
	return all
}
