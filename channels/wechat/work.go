package wechat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
)

const (
	// workTimeout bounds the work on one callback.
	workTimeout = time.Minute
	// deadAfter is when a callback that another node has taken is done here: that
	// node would have answered, and to do it twice is harmless.
	deadAfter = 6 * time.Second
	lookEvery = 200 * time.Millisecond
	// How long to wait before a callback that did not work is tried again.
	shortestPause = 500 * time.Millisecond
	longestPause  = 8 * time.Second
	// stepAttempts is how often a step of a follower is begun again because another
	// node went on meanwhile.
	stepAttempts = 20
	// maxHot is how many hot questions a welcome shows.
	maxHot = 6
)

// job is the work on a callback.
type job struct {
	request
	who      follower
	callback Callback
	meaning  meaning
	ours     []piece // lines of the channel itself
	// again says that it may have been done before, in part.
	again bool
	// heard reports whether somebody waits for a passive reply.
	heard func() bool
	// leaves says that something is left on its way, which a look would find.
	leaves bool
}

// batch names what went with the passive reply.
func (j *job) batch() string { return "reply-" + j.clientID() }

func (j *job) clientID() string { return ClientID(j.account.ID, j.callback.Key) }

// ClientID is the id of the turn that a callback becomes, by the ID of the account
// and the key of the message.
func ClientID(account, key string) string {
	sum := sha256.Sum256([]byte(account + "\n" + key))
	return "wx-" + hex.EncodeToString(sum[:20])
}

// fly takes a callback and does what is to be done about it, for all who wait.
func (c *Channel) fly(ctx context.Context, fl *flight, q request) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	var o outcome
	ended := false
	defer func() { // who waits must hear of a panic too
		if !ended {
			fl.end(o)
		}
	}()
	j, done, err := c.begin(ctx, fl, q)
	if err != nil || done {
		o = outcome{j.callback.Reply, err}
		return
	}
	if o.reply, err = c.insist(ctx, j); err != nil {
		c.log.Error("a callback has to wait", zap.String("account", q.account.ID), zap.Error(err))
	}
	ended = true
	if heard := fl.end(o); !heard && len(o.reply) > 0 {
		if err := c.unheard(ctx, j); err != nil {
			c.log.Error("a reply that nobody waited for is lost", zap.String("account", q.account.ID), zap.Error(err))
		}
	}
	if j.leaves {
		c.goOn(j.who)
	}
}

// begin stores the callback. It is done if it was dealt with before, by whomever.
func (c *Channel) begin(ctx context.Context, fl *flight, q request) (j *job, done bool, err error) {
	j = &job{request: q, who: follower{q.account.ID, q.message.From}, heard: fl.heard, callback: Callback{
		Account: q.account.ID, Key: q.message.Key(), OpenID: q.message.From, Raw: q.raw, State: Taken, At: c.now(),
	}}
	kept, fresh, err := c.store.Take(ctx, j.callback)
	if err != nil {
		return j, false, fmt.Errorf("store a callback: %w", err)
	}
	fl.begun(kept.At)
	if fresh {
		return j, false, nil
	}
	j.again = true
	j.callback, err = c.elsewhere(ctx, kept)
	// An account that may not send has its late reply picked up by the next attempt.
	return j, j.callback.State == Broken || j.callback.State == Done && (q.account.Sends || len(j.callback.Reply) > 0), err
}

// elsewhere waits for a callback that another node has taken, until that node must
// have died.
func (c *Channel) elsewhere(ctx context.Context, cb Callback) (Callback, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for cb.State == Taken && c.now().Sub(cb.At) < deadAfter {
		select {
		case <-ctx.Done():
			return cb, fmt.Errorf("wait for another node: %w", ctx.Err())
		case <-tick.C:
		}
		var err error
		if cb, err = c.store.Callback(ctx, cb.Account, cb.Key); err != nil {
			return cb, fmt.Errorf("look for the callback: %w", err)
		}
	}
	return cb, nil
}

// insist deals with a callback, and tries again for some seconds if that does not
// work. What is not done then is an orphan.
func (c *Channel) insist(ctx context.Context, j *job) (reply []byte, err error) {
	for pause := shortestPause; ; pause *= 2 {
		if reply, err = c.deal(ctx, j); err == nil || pause > longestPause {
			return reply, err
		}
		c.log.Warn("a callback did not work yet", zap.String("account", j.account.ID), zap.Error(err))
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
		j.again, j.ours = true, nil
	}
}

// deal does what a callback means and returns the passive reply.
func (c *Channel) deal(ctx context.Context, j *job) (reply []byte, err error) {
	if j.callback.State == Taken {
		if err := c.understand(ctx, j); err != nil {
			return nil, err
		}
		if err := c.do(ctx, j); err != nil {
			return nil, err
		}
	}
	if !j.meaning.silent || j.meaning.gone {
		if reply, err = c.settle(ctx, j); err != nil {
			return nil, err
		}
	}
	j.callback.State, j.callback.Reply = Done, reply
	if err := c.store.Finish(ctx, j.callback); err != nil {
		return nil, fmt.Errorf("finish a callback: %w", err)
	}
	return reply, nil
}

// understand finds out what the callback means.
func (c *Channel) understand(ctx context.Context, j *job) error {
	f, err := c.follower(ctx, j.who)
	if err != nil {
		return err
	}
	s := situation{account: j.account, choices: f.Choices, now: j.callback.At}
	m, text := j.message, strings.TrimSpace(j.message.Content)
	if m.Type == "text" && text == more {
		open, err := c.store.Open(ctx, j.who.account, j.who.openID)
		if err != nil {
			return fmt.Errorf("look for what is kept: %w", err)
		}
		s.keeps = len(open) > 0
	}
	if m.Type != "event" && m.Type != "image" && (m.Type != "text" || text == more) {
		view, err := c.engine.Look(ctx, j.who.visitor(), "", 0)
		if err != nil {
			return fmt.Errorf("look at the conversation: %w", err)
		}
		s.human = withHuman(view)
	}
	s.asks = leaving(s.choices, s.now) && c.asks(ctx, j)
	j.meaning = meaningOf(m, s)
	return nil
}

// call is how long a text is at most, in characters, that only calls for a human.
const call = 8

// asks reports whether what somebody says after a form is no leave-message: the bot
// knows the answer, or it asks for a human again. Whoever says how to be reached
// leaves one.
func (c *Channel) asks(ctx context.Context, j *job) bool {
	text := strings.TrimSpace(cmp.Or(j.message.Content, j.message.Recognition))
	if text == "" || contact(text) != "" {
		return false
	}
	replies, err := c.engine.Provisional(ctx, bot.Inbound{
		Visitor: j.who.visitor(), ClientID: j.clientID(), Kind: bot.KindText, Text: text,
		Profile: bot.Profile{Region: j.account.Region, Level: j.account.Level},
	})
	if err != nil {
		c.log.Warn("cannot tell a question from a leave-message", zap.String("account", j.account.ID), zap.Error(err))
	}
	return slices.ContainsFunc(replies, func(m bot.Message) bool {
		return m.Kind == bot.KindAnswer || m.Kind == bot.KindLeaveForm && utf8.RuneCountInString(text) <= call
	})
}

// do hands to the engine what is for it, and gathers what the channel says itself.
func (c *Channel) do(ctx context.Context, j *job) error {
	m := &j.meaning
	if m.media != "" {
		file, err := c.fetch(ctx, j)
		if err != nil {
			return c.apologise(j, err)
		}
		m.in.Card.File = &file
	}
	if m.in.Kind != "" {
		in := m.in
		in.Visitor, in.ClientID = j.who.visitor(), j.clientID()
		in.Profile = bot.Profile{Region: j.account.Region, Level: j.account.Level}
		if _, err := c.engine.Receive(ctx, in); err != nil {
			return c.apologise(j, err)
		}
	}
	if m.welcome {
		return c.welcome(ctx, j)
	}
	if m.say != "" {
		j.ours = append(j.ours, line(m.say))
	}
	return nil
}

// apologise says what a follower has to be told about an error. Any other keeps the
// callback for later.
func (c *Channel) apologise(j *job, err error) error {
	var invalid *bot.InvalidError
	var late *bot.LateError
	var refused *api.Error
	switch {
	case j.meaning.gone && errors.Is(err, bot.ErrNotFound): // there is nothing to close
	case errors.As(err, &invalid):
		j.ours = append(j.ours, line(invalid.Reason))
	case errors.As(err, &late):
		j.ours = append(j.ours, line(late.Reason))
	case errors.Is(err, bot.ErrNotFound):
		j.ours = append(j.ours, line(sayGone))
	case errors.As(err, &refused) && refused.Class() == api.Never, errors.Is(err, api.ErrTooLarge), errors.Is(err, errNoFile):
		j.ours = append(j.ours, line(sayNoFile))
	default:
		return err
	}
	return nil
}

// errNoFile says that what was sent cannot be kept.
var errNoFile = errors.New("no files are kept")

// fetch downloads what a follower sent: the platform keeps it for some days only.
func (c *Channel) fetch(ctx context.Context, j *job) (bot.File, error) {
	content, _, err := c.accounts.client(j.account).Download(ctx, j.meaning.media)
	if err != nil {
		return bot.File{}, fmt.Errorf("download what a follower sent: %w", err)
	}
	file, err := c.engine.Upload(ctx, j.who.visitor(), j.message.Type, content)
	if errors.Is(err, bot.ErrUnavailable) {
		err = errNoFile
	}
	if err != nil {
		return bot.File{}, fmt.Errorf("keep what a follower sent: %w", err)
	}
	return file, nil
}

// welcome says the welcome, and what others ask.
func (c *Channel) welcome(ctx context.Context, j *job) error {
	g, err := c.engine.Greeting(ctx, channelName, j.account.ID, "")
	if err != nil {
		return fmt.Errorf("read the welcome: %w", err)
	}
	text := g.Texts["welcome"]
	menu := render.Menu{Head: text, Items: render.Picks(g.Hot[:min(maxHot, len(g.Hot))])}
	for i := range menu.Items {
		menu.Items[i].ID = c.config.NewMenuID()
	}
	welcome := line(text)
	for ; len(menu.Items) > 0; menu.Items = menu.Items[:len(menu.Items)-1] { // as many as there is room for
		list := render.Part{Menu: &menu}
		if _, fits := render.Join([]render.Part{list}); fits {
			welcome = piece{ours: true, part: list}
			break
		}
	}
	if text != "" || len(menu.Items) > 0 {
		j.ours = append(j.ours, welcome)
	}
	return nil
}

// unheard has what went with a passive reply that nobody waited for go some other
// way.
func (c *Channel) unheard(ctx context.Context, j *job) error {
	j.again, j.heard, j.ours = true, func() bool { return false }, nil
	if _, err := c.settle(ctx, j); err != nil {
		return err
	}
	j.callback.Reply = nil
	if err := c.store.Finish(ctx, j.callback); err != nil {
		return fmt.Errorf("finish a callback: %w", err)
	}
	return nil
}

// redo does a callback whose node has died. Its reply goes unasked.
func (c *Channel) redo(ctx context.Context, cb Callback) error {
	a, err := c.accounts.account(ctx, cb.Account, c.now())
	if errors.Is(err, ErrNotFound) {
		return c.giveUp(ctx, cb, "公众号已删除")
	}
	if err != nil {
		return err
	}
	m, err := envelope.Parse(cb.Raw)
	if err != nil {
		return c.giveUp(ctx, cb, reasonOf(err))
	}
	j := &job{
		request: request{account: a, message: m, raw: cb.Raw}, who: follower{cb.Account, m.From}, callback: cb,
		again: true, heard: func() bool { return false },
	}
	if _, err := c.deal(ctx, j); err != nil {
		if c.now().Sub(cb.At) > giveUpAfter {
			c.log.Error("a callback is given up", zap.String("account", a.ID), zap.Error(err))
			return c.giveUp(ctx, cb, "多次处理失败，已放弃，详情见日志")
		}
		return err
	}
	c.attend(inline(ctx), j.who, nil)
	return nil
}

// giveUp shows a callback to the administrator.
func (c *Channel) giveUp(ctx context.Context, cb Callback, reason string) error {
	cb.State, cb.Reason = Broken, bot.CleanText(reason)
	if err := c.store.Finish(ctx, cb); err != nil {
		return fmt.Errorf("give a callback up: %w", err)
	}
	return nil
}
