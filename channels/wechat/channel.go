package wechat

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/keyed"
	"faqbot/channels/httpapi"
	"faqbot/channels/richtext"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/render"
)

// Engine is what the channel needs of the bot; *bot.Engine is one.
type Engine interface {
	// Receive takes what the visitor does. It returns when that and the bot's reply
	// are on the disk. Errors: *bot.InvalidError, *bot.LateError, bot.ErrNotFound,
	// bot.ErrUnavailable, others.
	Receive(ctx context.Context, in bot.Inbound) (bot.Receipt, error)
	// Look returns the visitor's current conversation for one who has the messages up
	// to after of the named one.
	Look(ctx context.Context, v bot.Visitor, conversation string, after int64) (bot.View, error)
	// Earlier returns the last messages before the one with the number, going on in
	// the visitor's earlier conversations, and whether there are more still.
	Earlier(ctx context.Context, v bot.Visitor, conversation string, before int64, limit int) (messages []bot.Message, more bool, err error)
	// Upload keeps a file for a message to come. Errors: *bot.InvalidError,
	// bot.ErrUnavailable, others.
	Upload(ctx context.Context, v bot.Visitor, name string, content []byte) (bot.File, error)
	// Download returns a file of one of the visitor's own conversations, or
	// bot.ErrNotFound.
	Download(ctx context.Context, v bot.Visitor, id string) (bot.File, []byte, error)
	// Greeting returns texts and hot questions for visitors of an account.
	Greeting(ctx context.Context, channel, account, language string) (bot.Greeting, error)
	// Provisional returns what the bot would reply to a text that opens a
	// conversation; nothing is kept.
	Provisional(ctx context.Context, in bot.Inbound) ([]bot.Message, error)
	// Changed returns hints of the conversations that were written since then.
	Changed(ctx context.Context, since time.Time) ([]bot.Hint, error)
	// MarkRead records what the visitor has seen.
	MarkRead(ctx context.Context, v bot.Visitor, conversation string, seq int64) error
}

// API is what the channel needs of the platform; *api.Client is one. Errors are
// *api.Error, api.ErrUnknown, others: then nothing was sent.
type API interface {
	Send(ctx context.Context, to string, m api.Message) error
	Typing(ctx context.Context, to string, on bool) error
	UploadImage(ctx context.Context, name string, content []byte) (id string, until time.Time, err error)
	Download(ctx context.Context, mediaID string) (content []byte, contentType string, err error)
	PublishMenu(ctx context.Context, buttons []api.Button) error
	DropMenu(ctx context.Context) error
	// Probe reports whether the platform lets us use the account.
	Probe(ctx context.Context) error
}

// Config says how a Channel works. API is needed.
type Config struct {
	// API makes the client of an account.
	API func(Account) API
	// Links is the address that relative links in answers belong to.
	Links string
	// Window is how old a callback may be; 10 minutes if it is zero.
	Window time.Duration
	// Keep is how long callbacks are kept; a week if it is zero.
	Keep time.Duration

	Now       func() time.Time
	NewID     func() string
	NewMenuID func() int64
	Metrics   Metrics
}

func (c Config) withDefaults() (Config, error) {
	if c.API == nil {
		return c, errors.New("the WeChat channel needs the platform's API")
	}
	if c.Window == 0 {
		c.Window = 10 * time.Minute
	}
	if c.Keep == 0 {
		c.Keep = 7 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	if c.NewMenuID == nil {
		c.NewMenuID = newMenuID
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	return c, nil
}

// newMenuID returns a random number that every program can hold: 53 bits.
func newMenuID() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:])>>12) + 1
}

// Channel serves official accounts. It is an http.Handler for callbacks, does what
// is due while Run runs, and must be stopped with Shutdown.
type Channel struct {
	config   Config
	engine   Engine
	store    Store
	log      *zap.Logger
	metrics  Metrics
	rich     *richtext.Renderer
	accounts accounts
	flights  flights
	// locks has those who go on with a follower take turns.
	locks keyed.Lock[follower]
	leave func() // the bus

	hinted chan struct{} // wakes Run

	ctx    context.Context // ends with Shutdown
	cancel context.CancelFunc

	mu      sync.Mutex // guards all below
	stopped bool
	work    sync.WaitGroup
	grown   map[follower]bool      // of whom the bus told since
	known   map[follower]Follower  // how far some are: a hint that tells no news costs nothing
	busy    map[follower]bool      // to whom something is being sent
	typed   map[follower]time.Time // when some were shown that an agent is writing
	alarmed map[string]time.Time   // when alarms were noted
	redoing map[string]bool        // callbacks that are being dealt with again
	forgot  time.Time              // when old callbacks were removed last
}

// follower names one, over all accounts.
type follower struct{ account, openID string }

func (f follower) visitor() bot.Visitor {
	return bot.Visitor{Channel: channelName, Account: f.account, ID: f.openID}
}

const channelName = "wechat"

// New returns the channel of an engine, whose hints come over the bus.
func New(config Config, engine Engine, bus bot.Bus, store Store, log *zap.Logger) (*Channel, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Channel{
		config: config, engine: engine, store: store, log: log, metrics: config.Metrics, rich: richtext.New(),
		accounts: accounts{store: store, api: config.API, clients: map[string]client{}},
		hinted:   make(chan struct{}, 1), grown: map[follower]bool{}, known: map[follower]Follower{}, busy: map[follower]bool{}, typed: map[follower]time.Time{}, alarmed: map[string]time.Time{}, redoing: map[string]bool{},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.leave = bus.Subscribe(c.receive)
	return c, nil
}

// Shutdown waits until what was begun is done, or until the context ends, and takes
// no more.
func (c *Channel) Shutdown(ctx context.Context) error {
	c.leave()
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	done := make(chan struct{})
	go func() {
		c.work.Wait()
		close(done)
	}()
	defer func() {
		c.cancel()
		<-done
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the WeChat channel: %w", ctx.Err())
	}
}

// start runs do beside the callers, unless the channel has stopped.
func (c *Channel) start(do func(ctx context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	c.work.Go(func() {
		defer c.recovered()
		do(c.ctx)
	})
	return true
}

// recovered keeps a panic from ending the program.
func (c *Channel) recovered() {
	if value := recover(); value != nil {
		httpapi.LogPanic(c.log, value)
	}
}

// now is the time as it is stored: in UTC, to the millisecond.
func (c *Channel) now() time.Time { return c.config.Now().UTC().Truncate(time.Millisecond) }

func (c *Channel) render(m bot.Message) []render.Part {
	return render.Message(m, render.Options{Rich: c.rich, Links: c.config.Links})
}

func (c *Channel) absorber(sends bool, grace time.Duration) absorber {
	return absorber{render: c.render, newMenu: c.config.NewMenuID, now: c.now(), grace: grace, sends: sends}
}
