package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/render"
)

const (
	// sendTimeout bounds a message with its picture.
	sendTimeout = 30 * time.Second
	// How long to wait before something is sent again that the platform could not
	// take.
	shortestWait = 5 * time.Second
	longestWait  = 5 * time.Minute
	// codeNoMenu says that the account may not send menus to tap.
	codeNoMenu = 40200
	// renewed is how long before its end a picture is uploaded anew.
	renewed = time.Hour
)

// apiSend is the API that sends messages.
const apiSend = "message/custom/send"

// codesNoRight say that the account has no right to send anything unasked, whatever
// is set.
var codesNoRight = []int{48001, 48004, 50001, 50002}

// serve sends a follower what is due, one message after the other, until there is
// no more.
func (c *Channel) serve(ctx context.Context, who follower) error {
	a, err := c.accounts.account(ctx, who.account, c.now())
	if errors.Is(err, ErrNotFound) {
		a, err = Account{ID: who.account}, nil // which may do nothing
	}
	if err != nil {
		return err
	}
	for {
		b, err := c.nextBatch(ctx, a, who)
		if err != nil || b == nil {
			return err
		}
		sent := c.send(ctx, a, who, b)
		if err := c.sent(context.WithoutCancel(ctx), &a, who, b, sent); err != nil {
			return err
		}
	}
}

// batch is what is sent as one message.
type batch struct {
	pieces  []piece
	message render.Part
	was     []time.Time // when the pieces began to wait
	spent   Allowance
}

// nextBatch takes what is to be sent next, or nothing.
func (c *Channel) nextBatch(ctx context.Context, a Account, who follower) (b *batch, err error) {
	defer c.locks.Lock(who)()
	for range stepAttempts {
		if b, err = c.tryNext(ctx, a, who); !errors.Is(err, ErrConflict) {
			return b, err
		}
	}
	return nil, err
}

func (c *Channel) tryNext(ctx context.Context, a Account, who follower) (*batch, error) {
	f, pieces, err := c.load(ctx, who)
	if err != nil {
		return nil, err
	}
	now := c.now()
	stuck := filter(pieces, func(p piece) bool { return p.State == Sending && now.Sub(p.ChangedAt) >= stuckAfter })
	if len(stuck) > 0 {
		mark(stuck, now, func(p *piece) { p.State, p.Reason = Uncertain, "发送时程序中断，可能已送达" })
		return &batch{}, c.step(ctx, f, stuck)
	}
	p := decide(now, f.Allowance.At(now).Left, a.means(), pieces)
	switch {
	case len(p.keep) > 0:
		mark(p.keep, now, func(p *piece) { p.State = Kept })
		return nil, c.step(ctx, f, p.keep)
	case len(p.later) > 0:
		return nil, c.step(ctx, f, p.later)
	case len(p.send) == 0:
		return nil, nil
	}
	b := &batch{pieces: p.send, message: p.message}
	for _, one := range b.pieces {
		b.was = append(b.was, one.ChangedAt)
	}
	id := c.config.NewID()
	mark(b.pieces, now, func(p *piece) { p.State, p.Batch = Sending, id })
	f.Allowance = spend(f.Allowance)
	b.spent = f.Allowance
	f.Choices = shown(f.Choices, b.pieces, f.HeardAt, p.message.Menu != nil)
	return b, c.step(ctx, f, b.pieces)
}

// mark changes pieces.
func mark(pieces []piece, now time.Time, change func(*piece)) {
	for i := range pieces {
		pieces[i].ChangedAt = now
		change(&pieces[i])
	}
}

// step stores the follower with pieces that have changed.
func (c *Channel) step(ctx context.Context, f Follower, pieces []piece) error {
	if err := c.store.Step(ctx, f, nil, outgoing(pieces)); err != nil {
		return fmt.Errorf("go on with a follower: %w", err)
	}
	return nil
}

// send hands a batch to the platform.
func (c *Channel) send(ctx context.Context, a Account, who follower, b *batch) error {
	if len(b.pieces) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	m := api.Message{Text: b.message.Text, News: b.message.News, Menu: b.message.Menu}
	if b.message.Image != nil {
		var err error
		if m.Image, err = c.picture(ctx, a, who, b.message.Image.File); err != nil {
			return fmt.Errorf("bring a picture to the platform: %w", err)
		}
	}
	return c.accounts.client(a).Send(ctx, who.openID, m)
}

// sent writes down what became of a batch.
func (c *Channel) sent(ctx context.Context, a *Account, who follower, b *batch, err error) error {
	if len(b.pieces) == 0 {
		return nil
	}
	fate := judge(err, b.message.Menu != nil)
	if fate.menuless {
		a.Menus = false
		if err := c.accounts.menuless(ctx, *a); err != nil {
			c.log.Warn("cannot switch menus off", zap.String("account", a.ID), zap.Error(err))
		}
	}
	if err != nil {
		c.log.Warn("a message was not sent", zap.String("account", a.ID), zap.String("state", string(fate.state)), zap.Error(err))
	}
	c.metrics.Sent(fate.state)
	defer c.locks.Lock(who)()
	for range stepAttempts {
		f, err := c.follower(ctx, who)
		if err != nil {
			return err
		}
		if err := c.step(ctx, fate.follower(f, b.spent, c.now()), fate.pieces(b, c.now())); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("write down what became of a message: %w", ErrConflict)
}

// fate is what became of a message.
type fate struct {
	state    OutgoingState
	code     int
	reason   string
	quota    bool // nothing is left, whatever we counted
	menuless bool // it must not be a menu
}

// judge says what an error means for the message.
func judge(err error, menu bool) fate {
	var refused *api.Error
	switch {
	case err == nil:
		return fate{state: Sent}
	case errors.Is(err, api.ErrUnknown):
		return fate{state: Uncertain, reason: "发送后没有收到微信的回应，可能已送达"}
	case errors.Is(err, bot.ErrNotFound):
		return fate{state: Failed, reason: "图片已不存在"}
	case errors.Is(err, api.ErrTooLarge):
		return fate{state: Failed, reason: "图片太大，微信最多 2 MB"}
	case !errors.As(err, &refused): // it was not sent
		return fate{state: Waiting, reason: "暂时连不上微信"}
	}
	f := fate{code: refused.Code, reason: refused.Text}
	switch class := refused.Class(); {
	case refused.Code == codeNoMenu && menu:
		f.state, f.menuless = Waiting, true
	case class == api.Quota:
		f.state, f.quota = Kept, true
	case class == api.Alarm, refused.API == apiSend && slices.Contains(codesNoRight, refused.Code): // a reply can bring it still
		f.state = Kept
	case class == api.Never:
		f.state = Failed
	default:
		f.state = Waiting
	}
	return f
}

// follower is the follower after that: what was not taken costs nothing.
func (x fate) follower(f Follower, spent Allowance, now time.Time) Follower {
	switch {
	case x.quota:
		f.Allowance = overrule(f.Allowance, x.code, now)
	case x.state != Sent && x.state != Uncertain:
		f.Allowance = refund(f.Allowance, spent)
	case !f.Allowance.Until.Equal(spent.Until): // it may count for the new one
		f.Allowance = spend(f.Allowance)
	}
	return f
}

// pieces are those of the batch after that.
func (x fate) pieces(b *batch, now time.Time) []piece {
	pieces := append([]piece(nil), b.pieces...)
	for i := range pieces {
		p := &pieces[i]
		p.State, p.Code, p.Reason, p.ChangedAt = x.state, x.code, x.reason, now
		if x.state != Waiting {
			continue
		}
		p.ChangedAt, p.Due, p.Batch = b.was[i], now, ""
		if !x.menuless {
			p.Due = now.Add(min(max(now.Sub(b.was[i])/2, shortestWait), longestWait))
		}
	}
	return pieces
}

// picture returns the platform's id of a picture of the conversation, which it
// keeps for some days.
func (c *Channel) picture(ctx context.Context, a Account, who follower, file string) (id string, err error) {
	f, content, err := c.engine.Download(ctx, who.visitor(), file)
	if err != nil {
		return "", fmt.Errorf("read a picture: %w", err)
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	known, err := c.store.Media(ctx, a.ID, hash)
	if err == nil && c.now().Add(renewed).Before(known.Until) {
		return known.ID, nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", fmt.Errorf("look for a picture: %w", err)
	}
	media := Media{Account: a.ID, Hash: hash}
	if media.ID, media.Until, err = c.accounts.client(a).UploadImage(ctx, f.Name, content); err != nil {
		return "", fmt.Errorf("upload a picture: %w", err)
	}
	if err := c.store.PutMedia(ctx, media); err != nil {
		return "", fmt.Errorf("remember a picture: %w", err)
	}
	return media.ID, nil
}
