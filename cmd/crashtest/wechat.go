package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/sim"
)

// weChatOptions are the flags of the measurement of an official account. For how
// long it goes on, deskOptions say.
type weChatOptions struct {
	on        bool
	rate      float64
	followers int
	twice     float64
}

func (w *weChatOptions) flags(flags *flag.FlagSet) {
	flags.BoolVar(&w.on, "wechat", false, "instead: measure how fast an official account answers its followers")
	flags.Float64Var(&w.rate, "rate", 500, "with -wechat: how many messages come in a second")
	flags.IntVar(&w.followers, "followers", 5000, "with -wechat: how many followers write them")
	flags.Float64Var(&w.twice, "twice", 5, "with -wechat: so many percent of the callbacks are sent twice, one half at once and one half when the first is answered")
}

// wrong reports whether the flags make no sense.
func (w *weChatOptions) wrong() bool {
	return w.rate <= 0 || w.followers < 1 || w.twice < 0 || w.twice > 100
}

// What is promised: so soon a callback is answered, p99 and the longest one.
const (
	callbackTarget = 300 * time.Millisecond
	callbackLimit  = 4500 * time.Millisecond
)

// The official account, as the console and the platform know it.
const (
	weChatAccount = "shop"
	weChatAppID   = "wx0123456789abcdef"
	weChatSecret  = "0123456789abcdef0123456789abcdef"
	weChatToken   = "crashtest"
	weChatAESKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	firstMsgID    = 24_900_000_000_000_000
)

// followers are those who write to the official account, and what came of it.
type followers struct {
	*hall
	account *sim.Account
	rand    *rand.Rand
	idle    chan *sim.User // who wait for no answer
	working sync.WaitGroup

	mu       sync.Mutex // guards all below
	letters  letters
	took     times // from when a callback was due until it was answered
	repeats  times // the same for those that were sent again
	attempts times // single ones of the platform
	late     times // how much later than due they were sent
	silent   []unanswered
	faults   []string
	ended    time.Time // when the last one was answered
	failed   error
}

// unanswered is a callback that was answered with success.
type unanswered struct {
	user *sim.User
	at   time.Time // of the attempt that was
}

// runWeChat lets followers write to an official account of the simulated platform,
// and measures how soon their callbacks are answered.
func (o *options) runWeChat(ctx context.Context, out io.Writer) (err error) {
	fmt.Fprintln(out, "again:", o.command)
	var asked []string
	if o.entries > 0 {
		if asked, err = o.importKnowledge(ctx, out); err != nil {
			return err
		}
	}
	if err := o.prepareAdmin(ctx); err != nil {
		return err
	}
	platform, address, leave, err := openPlatform()
	if err != nil {
		return err
	}
	defer leave()
	h, err := o.openHall(ctx, out, "FAQBOT_WECHAT_API="+address)
	if err != nil {
		return err
	}
	defer h.server.close()
	if asked != nil {
		h.crowd.questions = asked
	}
	f, err := h.openAccount(ctx, platform)
	if err != nil {
		return err
	}
	if err := f.measure(ctx); err != nil {
		return err
	}
	return f.verify(ctx)
}

// prepareAdmin stores the account of an administrator, before the server starts.
func (o *options) prepareAdmin(ctx context.Context) (err error) {
	db, _, err := o.openTables(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	o.desk.agents = 0 // nobody serves
	_, err = o.makeStaff(ctx, botsql.NewStaff(db))
	return err
}

// openPlatform starts the simulated platform, and returns the address of its API.
func openPlatform() (platform *sim.Platform, address string, leave func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, fmt.Errorf("open the platform: %w", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 1024}
	platform = sim.New(sim.Config{Client: &http.Client{Transport: transport}})
	server := &http.Server{Handler: platform, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // until it is closed
	}()
	return platform, "http://" + listener.Addr().String(), func() {
		_ = server.Close() // nobody listens any more
		<-ended
		transport.CloseIdleConnections()
	}, nil
}

// openAccount sets an official account up, in the console and on the platform, that
// has followers already. Lists come numbered, with the passive reply.
func (h *hall) openAccount(ctx context.Context, platform *sim.Platform) (*followers, error) {
	admin := &agent{floor: newFloor(ctx, h), name: "admin", address: "10.200.0.1"}
	if err := admin.signIn(ctx); err != nil {
		return nil, err
	}
	if err := admin.call(ctx, http.MethodPut, "/official/accounts/"+weChatAccount, map[string]any{
		"name": "小店", "kind": "service", "app_id": weChatAppID, "mode": "safe", "sends": true, "menus": false,
		"region": "", "level": "", "events": []any{}, "menu": []any{}, "disabled": false, "version": 0,
		"secret": weChatSecret, "token": weChatToken, "aes_key": weChatAESKey,
	}, nil); err != nil {
		return nil, err
	}
	account, err := platform.Add(sim.AccountConfig{
		AppID: weChatAppID, Secret: weChatSecret, Token: weChatToken, AESKey: weChatAESKey, Mode: sim.Safe,
		Callback: h.server.url() + "/wechat/" + weChatAccount,
	})
	if err != nil {
		return nil, err
	}
	if err := account.Verify(ctx); err != nil {
		return nil, err
	}
	f := &followers{
		hall: h, account: account, rand: h.crowd.random(0, "followers"),
		idle: make(chan *sim.User, h.weChat.followers), letters: letters{},
	}
	for n := range h.weChat.followers {
		f.idle <- account.Follower(fmt.Sprintf("o-%05d", n))
	}
	return f, nil
}

// measure has followers write for a while and prints how long everything took.
func (f *followers) measure(ctx context.Context) error {
	begun, next := time.Now(), int64(firstMsgID)
	used, err := f.metered(func() {
		f.arrivals(ctx, f.rand, f.weChat.rate, func(due time.Time) {
			next++
			id, question, again := next, f.pick(f.rand), f.rand.Float64()*100
			f.working.Go(func() { f.write(ctx, id, question, again, due) })
		})
		f.working.Wait()
	})
	if err := cmp.Or(err, ctx.Err(), f.failed); err != nil {
		return err
	}
	f.report(begun)
	fmt.Fprintln(f.out, used)
	return nil
}

// write has the follower who waits longest write, and the platform send that a
// second time if again is small enough.
func (f *followers) write(ctx context.Context, id int64, text string, again float64, due time.Time) {
	late := time.Since(due)
	u := <-f.idle
	m := envelope.Message{
		To: f.account.Config().Original, From: u.OpenID(), ID: strconv.FormatInt(id, 10), Type: "text", Content: text, CreatedAt: time.Now(),
	}
	var copies sync.WaitGroup
	if again < f.weChat.twice/2 {
		copies.Go(func() { f.repeat(ctx, u, m, due) })
	}
	u.NextID(id)
	e, err := u.Say(ctx, text)
	f.answered(u, m, e, err, late, due)
	if again >= f.weChat.twice/2 && again < f.weChat.twice {
		f.repeat(ctx, u, m, time.Now())
	}
	copies.Wait()
	f.idle <- u
}

// answered notes what came of a callback.
func (f *followers) answered(u *sim.User, m envelope.Message, e sim.Exchange, err error, late time.Duration, due time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = time.Now()
	f.failed = cmp.Or(f.failed, err)
	f.letters[wechat.ClientID(weChatAccount, m.Key())] = letter{m.From, m.Content, e.Fault == ""}
	f.late.add(late)
	f.took.add(f.ended.Sub(due))
	f.note(e)
	if e.Fault == "" && len(e.Reply) == 0 {
		f.silent = append(f.silent, unanswered{u, e.Attempts[len(e.Attempts)-1].At})
	}
}

// repeat has the platform send a message that it sends, or has sent, by itself.
func (f *followers) repeat(ctx context.Context, u *sim.User, m envelope.Message, due time.Time) {
	e, err := u.Post(ctx, envelope.Build(m))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = cmp.Or(f.failed, err)
	f.repeats.add(time.Since(due))
	f.note(e)
}

// note takes the attempts of a callback down. The caller holds mu.
func (f *followers) note(e sim.Exchange) {
	for _, a := range e.Attempts {
		f.attempts.add(a.Took)
	}
	if e.Fault != "" {
		f.faults = append(f.faults, fmt.Sprintf("%s was told that the account is out of order: %s", e.OpenID, e.Fault))
	}
}

// report prints the figures beside what is promised.
func (f *followers) report(begun time.Time) {
	f.took.print(f.out, "callback to answer", callbackTarget)
	if len(f.repeats) > 0 {
		f.repeats.print(f.out, "sent again to answer", 0)
	}
	verdict := "kept"
	if f.attempts.part(1) > callbackLimit {
		verdict = "MISSED"
	}
	fmt.Fprintf(f.out, "the longest attempt of the platform took %v; shall be %v: %s\n", f.attempts.short(1), callbackLimit, verdict)
	fmt.Fprintf(f.out, "%.1f a second were sent and %.1f answered; %d with success, %d attempts were repeated by the platform, %d faults\n",
		float64(len(f.took))/f.desk.time.Seconds(), float64(len(f.took))/f.ended.Sub(begun).Seconds(),
		len(f.silent), len(f.attempts)-len(f.took)-len(f.repeats), len(f.faults))
	f.printLateness(f.late)
}
