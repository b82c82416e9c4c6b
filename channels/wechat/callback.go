package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/wechat/envelope"
)

const (
	// answerWithin is how long the platform waits for us at most; it would wait for
	// platformPatience, three times.
	answerWithin     = 4 * time.Second
	platformPatience = 5 * time.Second
	attempts         = 3
	// keptOfLarge is how much is kept of a body that is too large.
	keptOfLarge = 1 << 10
)

// success is the answer that asks for no more.
const success = "success"

// ServeHTTP takes callbacks; the last element of the path is the ID of the account.
func (c *Channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	account, err := c.accounts.account(r.Context(), r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], c.now())
	switch {
	case errors.Is(err, ErrNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		c.log.Error("cannot take a callback", zap.Error(err))
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	q := envelope.QueryOf(r.URL.Query())
	if err := account.keys().Check(q, c.now(), c.config.Window); err != nil {
		if errors.Is(err, envelope.ErrStale) {
			c.alarm(r.Context(), account, "callback", "回调里的时间和本机的时间差得太多，没有受理，请检查本机的时钟")
		}
		c.forbid(w, account, err, arrived)
		return
	}
	switch r.Method {
	case http.MethodGet:
		write(w, []byte(q.Echo), "text/plain; charset=utf-8")
	case http.MethodPost:
		c.take(w, r, account, q, arrived)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

// forbid refuses what the platform did not send.
func (c *Channel) forbid(w http.ResponseWriter, a Account, err error, arrived time.Time) {
	c.metrics.Callback("forbidden", time.Since(arrived))
	c.log.Warn("refused a callback", zap.String("account", a.ID), zap.Error(err))
	http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
}

func write(w http.ResponseWriter, body []byte, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // who left does not hear it
}

// take reads a callback that is signed.
func (c *Channel) take(w http.ResponseWriter, r *http.Request, a Account, q envelope.Query, arrived time.Time) {
	body, err := io.ReadAll(io.LimitReader(r.Body, envelope.MaxBody+1))
	switch {
	case err != nil: // the platform has given up, and comes again
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	case len(body) > envelope.MaxBody:
		c.broken(w, r, a, body[:keptOfLarge], "内容超过 64 KB", arrived)
		return
	}
	raw, sealed, err := a.keys().Open(q, body)
	if err == nil && a.Mode == Safe && !sealed {
		err = fmt.Errorf("%w: not sealed", envelope.ErrSignature) // nobody signed the body
	}
	switch {
	case errors.Is(err, envelope.ErrAppID):
		c.alarm(r.Context(), a, "callback", "回调是为另一个 AppID 加密的，请检查公众号的配置")
		c.forbid(w, a, err, arrived)
		return
	case errors.Is(err, envelope.ErrSignature):
		c.forbid(w, a, err, arrived)
		return
	case err != nil:
		c.broken(w, r, a, body, reasonOf(err), arrived)
		return
	}
	m, err := envelope.Parse(raw)
	if err == nil {
		err = CheckKeys(m.From, m.Key())
	}
	if err != nil {
		c.broken(w, r, a, raw, reasonOf(err), arrived)
		return
	}
	if a.Disabled {
		write(w, []byte(success), "text/plain; charset=utf-8")
		return
	}
	c.answer(w, r, request{account: a, message: m, raw: raw, sealed: sealed}, arrived)
}

// reasonOf says in words for the administrator why a callback cannot be understood.
func reasonOf(err error) string {
	if errors.Is(err, envelope.ErrSealed) {
		return "解不开加密的内容，请核对 EncodingAESKey"
	}
	return "内容不完整，或者不是微信的格式"
}

// broken keeps a callback that cannot be understood, for the administrator. The
// platform need not send it again.
func (c *Channel) broken(w http.ResponseWriter, r *http.Request, a Account, raw []byte, reason string, arrived time.Time) {
	sum := sha256.Sum256(raw)
	_, _, err := c.store.Take(r.Context(), Callback{
		Account: a.ID, Key: "b:" + hex.EncodeToString(sum[:16]), Raw: bytes.Clone(raw), State: Broken, Reason: bot.CleanText(reason), At: c.now(),
	})
	if err != nil {
		c.unable(w, a, fmt.Errorf("store a broken callback: %w", err), arrived)
		return
	}
	c.metrics.Callback("broken", time.Since(arrived))
	c.log.Warn("a callback cannot be understood", zap.String("account", a.ID), zap.String("reason", reason))
	write(w, []byte(success), "text/plain; charset=utf-8")
}

// unable answers so that the platform sends it again: nothing was stored.
func (c *Channel) unable(w http.ResponseWriter, a Account, err error, arrived time.Time) {
	c.metrics.Callback("failed", time.Since(arrived))
	c.log.Error("cannot take a callback", zap.String("account", a.ID), zap.Error(err))
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// alarmEvery is how often the same alarm is noted: whoever sends a callback again
// and again must not push out all other failures.
const alarmEvery = time.Minute

// alarm notes something that the administrator must see.
func (c *Channel) alarm(ctx context.Context, a Account, what, text string) {
	now, id := c.now(), a.ID+"\n"+text
	c.mu.Lock()
	age := now.Sub(c.alarmed[id])
	noted := age >= 0 && age < alarmEvery
	if !noted {
		c.alarmed[id] = now
	}
	c.mu.Unlock()
	if noted {
		return
	}
	err := c.store.AddFailure(ctx, Failure{ID: c.config.NewID(), Account: a.ID, API: what, Text: text, At: c.now()})
	if err != nil {
		c.log.Error("cannot note a failure", zap.String("account", a.ID), zap.String("text", text), zap.Error(err))
	}
}

// request is a callback that was understood.
type request struct {
	account Account
	message envelope.Message
	raw     []byte
	sealed  bool
}

// answer waits for what the work on the callback leads to, as long as it may.
func (c *Channel) answer(w http.ResponseWriter, r *http.Request, q request, arrived time.Time) {
	fl, first := c.flights.join(q.account.ID, q.message.Key())
	if first && !c.start(func(ctx context.Context) { c.fly(ctx, fl, q) }) {
		fl.end(outcome{err: errStopped})
	}
	o, how := c.await(r.Context(), fl, q, arrived)
	if o.err != nil {
		c.unable(w, q.account, o.err, arrived)
		return
	}
	body, kind := []byte(success), "text/plain; charset=utf-8"
	if len(o.reply) > 0 {
		body, kind = o.reply, "text/xml; charset=utf-8"
		if q.sealed {
			var err error
			if body, err = q.account.keys().Seal(o.reply, c.now(), rand.Text()[:10]); err != nil {
				c.unable(w, q.account, err, arrived)
				return
			}
		}
	}
	c.metrics.Callback(how, time.Since(arrived))
	write(w, body, kind)
}

var (
	errStopped = errors.New("the channel has stopped")
	errSlow    = errors.New("it is not stored in time")
)

// await returns what to answer, and how that came about. An account that may not
// send lets the platform ask three times; the last time the follower is told how to
// get the reply. What is not on the disk in time is left to its next attempt.
func (c *Channel) await(ctx context.Context, fl *flight, q request, arrived time.Time) (o outcome, how string) {
	came := c.now()
	over, last := fl.wait(ctx, answerWithin-time.Since(arrived)), false
	if !over && !q.account.Sends {
		if last = fl.attempt(came) >= attempts; !last {
			fl.wait(ctx, platformPatience) // until the platform has hung up
		}
	}
	switch o, over = fl.leave(); {
	case over && len(o.reply) > 0:
		return o, "replied"
	case !over && !fl.stored():
		return outcome{err: errSlow}, ""
	case !over && last:
		return outcome{reply: envelope.TextReply(q.message.From, q.message.To, sayLater, c.now())}, "later"
	case !over && q.account.Sends && q.message.Type != "event":
		c.start(func(ctx context.Context) { c.showWriting(ctx, q.account, q.message.From) })
	}
	return o, "success"
}

// showWriting shows a follower that something is being written to them, if that is
// possible: it is no more than polite.
func (c *Channel) showWriting(ctx context.Context, a Account, to string) {
	ctx, cancel := context.WithTimeout(ctx, platformPatience)
	defer cancel()
	if err := c.accounts.client(a).Typing(ctx, to, true); err != nil {
		c.log.Info("cannot show that a reply is being written", zap.String("account", a.ID), zap.Error(err))
	}
}

// typingLasts is how long the platform shows that somebody is writing, and a little
// less.
const typingLasts = 12 * time.Second

// agentTypes shows a follower that the agent is writing, once in a while.
func (c *Channel) agentTypes(who follower) {
	now := c.now()
	c.mu.Lock()
	age := now.Sub(c.typed[who])
	shown := age >= 0 && age < typingLasts
	if !shown {
		if len(c.typed) >= maxKnown {
			clear(c.typed)
		}
		c.typed[who] = now
	}
	c.mu.Unlock()
	if shown {
		return
	}
	c.start(func(ctx context.Context) {
		if a, err := c.accounts.account(ctx, who.account, now); err == nil && a.means().sends {
			c.showWriting(ctx, a, who.openID)
		}
	})
}
