package webchat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/richtext"
	"faqbot/channels/ws"
)

// Config is what the chat must be told. What is zero gets a default, but for
// Keys and Files.
type Config struct {
	// Prefix is the path below which the chat lives; /chat.
	Prefix string
	// Files holds widget.js, frame.html, demo.html and assets/.
	Files fs.FS
	// Keys sign tokens and tickets, 32 bytes at least each. The first one signs, all
	// are believed.
	Keys [][]byte
	// Sites are the origins of the pages that may show the widget, such as
	// https://shop.example or https://*.shop.example.
	Sites []string
	// PublicOrigins are the server's own origins. Without any, the origin whose
	// host is that of the request is its own.
	PublicOrigins []string
	// Origins are those of other pages that may use the requests and the socket.
	Origins []string
	// Proxies are believed about where a request comes from.
	Proxies httpapi.Proxies
	// TextLimit is how long a text may be, in characters; 500.
	TextLimit int
	// PollWait is how long a poll waits; 25 s.
	PollWait time.Duration
	// Linger is how long after their last connection a visitor counts as gone; 10 s.
	// Who polls, or goes to another page, is away for a moment.
	Linger time.Duration
	// Demo shows a page with the widget at /.
	Demo    bool
	Limits  Limits
	Socket  ws.Options
	Metrics Metrics
}

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "/chat"
	}
	if c.TextLimit <= 0 {
		c.TextLimit = 500
	}
	if c.PollWait <= 0 {
		c.PollWait = 25 * time.Second
	}
	if c.Linger <= 0 {
		c.Linger = 10 * time.Second
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	c.Limits = c.Limits.withDefaults()
	c.Socket.ReadLimit = maxFrame
	return c
}

// Chat serves the web chat. It is an http.Handler and must be stopped with
// Shutdown.
type Chat struct {
	http.Handler

	config  Config
	engine  Engine
	bus     bot.Bus
	log     *zap.Logger
	metrics Metrics
	encode  encoder
	signer  signer
	spent   spent
	gates   gates
	origins origins
	hub     *hub
	sockets *ws.Hub
	guests  *guests
	uploads chan struct{} // holds a token for each file that is being read

	ctx    context.Context // ends with Shutdown
	cancel context.CancelFunc
	leave  func() // the bus

	mu      sync.Mutex // guards stopped, and work against a Wait that has begun
	stopped bool
	work    sync.WaitGroup // of what runs beside the requests
}

// New returns the chat of an engine, whose hints come over the bus.
func New(config Config, engine Engine, bus bot.Bus, log *zap.Logger) (*Chat, error) {
	config = config.withDefaults()
	signer, err := newSigner(config.Keys)
	if err != nil {
		return nil, err
	}
	origins, err := newOrigins(config)
	if err != nil {
		return nil, err
	}
	files, err := newFiles(config)
	if err != nil {
		return nil, fmt.Errorf("files of the chat: %w", err)
	}
	e := encoder{richtext.New()}
	c := &Chat{
		config: config, engine: engine, bus: bus, log: log, metrics: config.Metrics,
		encode: e, signer: signer, spent: spent{nonces: map[string]int64{}}, gates: newGates(config.Limits),
		origins: origins, hub: newHub(config.Limits, e), sockets: ws.NewHub(config.Socket),
		guests: newGuests(), uploads: make(chan struct{}, config.Limits.UploadsAtOnce),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.leave = bus.Subscribe(c.hub.receive)
	c.Handler = httpapi.Trace(log, config.Proxies, fail(codeBroken), c.routes(files))
	return c, nil
}

// Sockets returns the number of open sockets.
func (c *Chat) Sockets() int { return c.sockets.Len() }

// Listeners returns the number of clients that wait for messages, in polls too.
func (c *Chat) Listeners() int { return c.hub.len() }

// Shutdown sends the clients away, spread over a time, and ends the polls. It
// returns when nothing runs any more, or when the context ends.
func (c *Chat) Shutdown(ctx context.Context, spread time.Duration) error {
	err := c.sockets.Shutdown(ctx, spread)
	c.leave()
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.guests.forget()
	c.cancel()
	c.work.Wait()
	if err != nil {
		return fmt.Errorf("close the sockets: %w", err)
	}
	return nil
}

// Close is Shutdown without patience.
func (c *Chat) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Shutdown(ctx, 0); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// start runs do beside the requests, until Shutdown.
func (c *Chat) start(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.work.Go(func() {
		defer c.recovered()
		do()
	})
}

// recovered keeps a panic from ending the program.
func (c *Chat) recovered() {
	if value := recover(); value != nil {
		httpapi.LogPanic(c.log, value)
		c.metrics.Error(codeBroken)
	}
}

// listen returns a listener for a visitor that sends to out.
func (c *Chat) listen(out outlet, who identity, network netip.Prefix) *listener {
	v := who.visitor()
	return &listener{chat: c, out: out, visitor: v, key: v.Key(), network: network}
}

func (c *Chat) network(r *http.Request) netip.Prefix {
	return httpapi.Network(c.config.Proxies.ClientIP(r))
}

// refuse answers a request with an error.
func (c *Chat) refuse(w http.ResponseWriter, told *httpapi.Error) {
	c.metrics.Error(told.Code)
	httpapi.WriteError(w, told)
}

// routes returns everything the chat serves.
func (c *Chat) routes(f *files) http.Handler {
	mux := http.NewServeMux()
	data := func(method, path string, needOrigin bool, serve http.HandlerFunc) {
		mux.Handle(c.config.Prefix+path, httpapi.Secure(httpapi.DataPolicy(), c.config.Proxies, c.checked(method, needOrigin, serve)))
	}
	data(http.MethodPost, "/session", false, c.serveSession)
	data(http.MethodGet, "/socket", true, c.serveSocket)
	data(http.MethodPost, "/send", false, c.serveSend)
	data(http.MethodGet, "/poll", false, c.servePoll)
	data(http.MethodPost, "/upload", false, c.serveUpload)
	data(http.MethodGet, "/file/{id}", false, c.serveFile)
	f.routes(mux, c.config)
	return mux
}
