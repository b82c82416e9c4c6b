package ws

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// ErrStopping says that the hub takes no more connections.
var ErrStopping = errors.New("the hub is stopping")

// Options are the limits of the connections of a hub. What is zero gets a
// default.
type Options struct {
	// ReadLimit is the size of the largest frame that is accepted; 16 KiB.
	ReadLimit int64
	// QueueLimit bounds the bytes that wait to be written; 256 KiB.
	QueueLimit int
	// WriteTimeout bounds the writing of one frame; 10 s.
	WriteTimeout time.Duration
	// PingInterval is the time between two pings; 20 s. A connection from which
	// nothing was heard between two pings is dead, so it takes at most two
	// intervals to find out.
	PingInterval time.Duration
	// Linger bounds the wait for the answer to a close frame; 3 s.
	Linger time.Duration
}

func (o Options) withDefaults() Options {
	setDefault(&o.ReadLimit, 16<<10)
	setDefault(&o.QueueLimit, 256<<10)
	setDefault(&o.WriteTimeout, 10*time.Second)
	setDefault(&o.PingInterval, 20*time.Second)
	setDefault(&o.Linger, 3*time.Second)
	return o
}

func setDefault[T int | int64 | time.Duration](value *T, standard T) {
	if *value <= 0 {
		*value = standard
	}
}

const (
	readBufferSize  = 512  // frames of clients are small, and every connection has one
	writeBufferSize = 4096 // shared through a pool
	handshakeLimit  = 10 * time.Second
	// slots is the number of ticks in a ping interval; at each tick one slot of
	// the connections gets its ping.
	slots = 20
)

// Handler is told what happens on one connection. Frame is called for one frame
// after the other, Closed once after the last.
type Handler interface {
	// Frame takes a frame, which is valid UTF-8 and must not be kept. The next one
	// is not read before it returns.
	Frame(frame []byte)
	// Closed is told the code that the connection closed with.
	Closed(Code)
}

// Hub holds connections and keeps them alive.
type Hub struct {
	options  Options
	upgrader websocket.Upgrader
	buffers  sync.Pool // of *bytes.Buffer, for the frames that come in
	stop     context.CancelFunc
	stopped  chan struct{} // closed when the ticker has ended

	mu       sync.Mutex // guards all below
	stopping bool
	slots    [slots][]*Conn
	next     int           // the slot of the next connection
	count    int           // of connections
	empty    chan struct{} // closed when the last connection of a stopping hub is gone
}

// NewHub returns a hub, which must be stopped with Shutdown.
func NewHub(o Options) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hub{
		options: o.withDefaults(),
		upgrader: websocket.Upgrader{
			HandshakeTimeout: handshakeLimit,
			ReadBufferSize:   readBufferSize,
			WriteBufferSize:  writeBufferSize,
			WriteBufferPool:  &sync.Pool{},
			// The caller has checked the origin by its own list.
			CheckOrigin: func(*http.Request) bool { return true },
		},
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
		stop:    cancel,
		stopped: make(chan struct{}),
		empty:   make(chan struct{}),
	}
	go h.tick(ctx)
	return h
}

// Upgrade turns a request into a connection, whose handler open returns. It
// returns when the connection runs; if it fails it has answered the request. The
// caller has checked the origin.
func (h *Hub) Upgrade(w http.ResponseWriter, r *http.Request, open func(*Conn) Handler) error {
	if h.Stopping() {
		http.Error(w, ErrStopping.Error(), http.StatusServiceUnavailable)
		return ErrStopping
	}
	socket, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return err
	}
	h.add(socket, open)
	return nil
}

func (h *Hub) add(socket *websocket.Conn, open func(*Conn) Handler) {
	c := &Conn{hub: h, socket: socket}
	c.heard.Store(true)
	socket.SetPongHandler(c.pong)
	if !h.register(c) {
		goingAway := websocket.FormatCloseMessage(int(CodeGoingAway), "")
		_ = socket.WriteControl(websocket.CloseMessage, goingAway, time.Now().Add(h.options.WriteTimeout))
		_ = socket.Close() // the client comes back elsewhere
		return
	}
	c.handler = open(c)
	go c.read()
}

// register gives the connection its place, or reports that it is too late.
func (h *Hub) register(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return false
	}
	c.slot = h.next
	h.next = (h.next + 1) % slots
	c.place = len(h.slots[c.slot])
	h.slots[c.slot] = append(h.slots[c.slot], c)
	h.count++
	return true
}

// remove takes a connection out; the last one of its slot takes its place.
func (h *Hub) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot := h.slots[c.slot]
	last := len(slot) - 1
	slot[c.place] = slot[last]
	slot[c.place].place = c.place
	slot[last] = nil
	h.slots[c.slot] = slot[:last]
	h.count--
	h.checkEmpty()
}

// checkEmpty tells Shutdown that there are no connections left. The caller holds
// the lock.
func (h *Hub) checkEmpty() {
	if h.stopping && h.count == 0 {
		select {
		case <-h.empty:
		default:
			close(h.empty)
		}
	}
}

// Len returns the number of connections.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// Stopping reports whether Shutdown was called.
func (h *Hub) Stopping() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopping
}

// tick visits one slot after the other until the context ends.
func (h *Hub) tick(ctx context.Context) {
	defer close(h.stopped)
	ticker := time.NewTicker(max(h.options.PingInterval/slots, time.Millisecond))
	defer ticker.Stop()
	for slot := 0; ; slot = (slot + 1) % slots {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, c := range h.inSlot(slot) {
				c.check()
			}
		}
	}
}

func (h *Hub) inSlot(slot int) []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*Conn(nil), h.slots[slot]...)
}

// Shutdown sends all clients away, one after the other over the time of spread,
// so that they do not all come back at once. It returns when all are gone, or
// with an error when the context ends, having cut those that were left.
func (h *Hub) Shutdown(ctx context.Context, spread time.Duration) error {
	conns := h.beginStop()
	defer func() {
		h.stop()
		<-h.stopped
	}()
	h.sendAway(ctx, conns, spread)
	select {
	case <-h.empty:
		return nil
	case <-ctx.Done():
		for _, c := range h.all() {
			_ = c.socket.Close() // the reader ends by it
		}
		<-h.empty
		return ctx.Err()
	}
}

func (h *Hub) beginStop() []*Conn {
	h.mu.Lock()
	h.stopping = true
	h.checkEmpty()
	h.mu.Unlock()
	return h.all()
}

func (h *Hub) all() (conns []*Conn) {
	for slot := range slots {
		conns = append(conns, h.inSlot(slot)...)
	}
	return conns
}

// sendAway closes the connections evenly over the time of spread.
func (h *Hub) sendAway(ctx context.Context, conns []*Conn, spread time.Duration) {
	if len(conns) == 0 {
		return
	}
	start := time.Now()
	for i, c := range conns {
		due := start.Add(spread * time.Duration(i) / time.Duration(len(conns)))
		wait(ctx, time.Until(due))
		c.Close(CodeGoingAway, "")
	}
}

// wait returns after the time, or when the context ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 || ctx.Err() != nil {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
