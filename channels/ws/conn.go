package ws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// ErrClosed says that the connection takes no more frames.
var ErrClosed = errors.New("the connection is closed")

// Conn is one connection. Its methods are safe for concurrent use and, but for
// Wait, never wait for the other side.
type Conn struct {
	hub     *Hub
	socket  *websocket.Conn
	handler Handler
	slot    int         // in the hub, with place guarded by the hub's lock
	place   int         // within the slot
	heard   atomic.Bool // something came in since the last ping

	mu      sync.Mutex // guards all below
	queue   [][]byte
	queued  int           // bytes in queue and being written
	writing bool          // a goroutine is writing
	ping    bool          // a ping is due
	closing Code          // not zero when Close was called
	reason  string        // of closing
	done    bool          // nothing may be written any more
	room    chan struct{} // closed when the queue has room again; nil if no one waits
}

// Send puts a frame into the queue and reports whether it went there. If there
// is no room the connection closes with CodeTooSlow. The frame must not change
// afterwards.
func (c *Conn) Send(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != 0 {
		return false
	}
	if !c.fits(len(frame)) {
		c.queue = nil // the other side comes back and asks for what it lacks
		c.close(CodeTooSlow, "")
		return false
	}
	c.push(frame)
	return true
}

// Wait returns when there is room for a frame of the size, with half of the
// queue kept for what cannot wait.
func (c *Conn) Wait(ctx context.Context, size int) error {
	for {
		room, err := c.roomFor(size)
		if room == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-room:
		}
	}
}

// roomFor returns what to wait for if there is no room.
func (c *Conn) roomFor(size int) (room <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing != 0:
		return nil, ErrClosed
	case c.fits(size) && c.queued <= c.hub.options.QueueLimit/2:
		return nil, nil
	case c.room == nil:
		c.room = make(chan struct{})
	}
	return c.room, nil
}

// fits reports whether the queue takes a frame; an empty one takes any.
func (c *Conn) fits(size int) bool {
	return c.queued == 0 || c.queued+size <= c.hub.options.QueueLimit
}

func (c *Conn) push(frame []byte) {
	c.queue = append(c.queue, frame)
	c.queued += len(frame)
	c.startWriting()
}

// Close closes the connection after what is in the queue was written. Only the
// first call counts.
func (c *Conn) Close(code Code, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == 0 {
		c.close(code, reason)
	}
}

func (c *Conn) close(code Code, reason string) {
	c.closing, c.reason = code, reason
	c.wake()
	c.startWriting()
}

// wake lets those go on who wait for room.
func (c *Conn) wake() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// startWriting sees to it that a goroutine writes. It ends when there is nothing
// left to write, so that an idle connection has none.
func (c *Conn) startWriting() {
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

func (c *Conn) write() {
	for step := c.nextStep(); step != nil; step = c.nextStep() {
		if err := step(); err != nil {
			c.abandon()
		}
	}
}

// nextStep returns what is to be written next, or nil if there is nothing; then
// the goroutine must end.
func (c *Conn) nextStep() func() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.done:
		return nil // writing stays true: no goroutine starts any more
	case len(c.queue) > 0:
		frame := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		return func() error { return c.writeFrame(frame) }
	case c.closing != 0:
		return c.writeClose
	case c.ping:
		c.ping = false
		return c.writePing
	default:
		c.queue = nil
		c.writing = false
		return nil
	}
}

// abandon ends the connection without a goodbye.
func (c *Conn) abandon() {
	_ = c.socket.Close() // the reader ends by it
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.queue = true, nil
	if c.closing == 0 {
		c.closing = codeLost
	}
	c.wake()
}

func (c *Conn) writeFrame(frame []byte) error {
	_ = c.socket.SetWriteDeadline(time.Now().Add(c.hub.options.WriteTimeout)) // never fails
	if err := c.socket.WriteMessage(websocket.TextMessage, frame); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued -= len(frame)
	if c.queued <= c.hub.options.QueueLimit/2 {
		c.wake()
	}
	return nil
}

func (c *Conn) writePing() error {
	return c.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.hub.options.WriteTimeout))
}

// writeClose says goodbye, the last that is written, and leaves the other side a
// short time to answer.
func (c *Conn) writeClose() error {
	c.mu.Lock()
	c.done = true
	data := websocket.FormatCloseMessage(int(c.closing), c.reason)
	c.mu.Unlock()
	end := time.Now().Add(c.hub.options.Linger)
	err := c.socket.WriteControl(websocket.CloseMessage, data, end)
	if err != nil && !errors.Is(err, websocket.ErrCloseSent) {
		return err
	}
	_ = c.socket.SetReadDeadline(end) // on failure the reader has ended
	return nil
}

// pong notes that the other side is alive.
func (c *Conn) pong(string) error {
	c.heard.Store(true)
	return nil
}

// check sends a ping, or closes the connection if nothing was heard since the
// last one.
func (c *Conn) check() {
	if !c.heard.Swap(false) {
		c.Close(CodeNoPong, "")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == 0 {
		c.ping = true
		c.startWriting()
	}
}

// read waits for one frame and hands it to the handler. The next one is read by
// a new goroutine: the stack that the handler may have grown goes, and an idle
// connection keeps a small one.
func (c *Conn) read() {
	if err := c.readFrame(); err != nil {
		c.end(err)
		return
	}
	go c.read()
}

// end takes the connection out after its last frame.
func (c *Conn) end(err error) {
	c.abandon()
	c.mu.Lock()
	code := c.closing
	c.mu.Unlock()
	if theirs := (*websocket.CloseError)(nil); code == codeLost && errors.As(err, &theirs) {
		code = Code(theirs.Code)
	}
	c.handler.Closed(code)
	c.hub.remove(c)
}

// readFrame waits for one frame and handles it.
func (c *Conn) readFrame() error {
	kind, r, err := c.socket.NextReader()
	if err != nil {
		return err
	}
	c.heard.Store(true)
	if c.isClosing() {
		return nil // discarded; the read deadline ends this
	}
	if kind != websocket.TextMessage {
		c.Close(CodeBinary, "")
		return nil
	}
	buffer := c.hub.buffers.Get().(*bytes.Buffer)
	defer c.hub.buffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(io.LimitReader(r, c.hub.options.ReadLimit+1)); err != nil {
		return err
	}
	c.handle(buffer.Bytes())
	return nil
}

func (c *Conn) handle(frame []byte) {
	switch {
	case int64(len(frame)) > c.hub.options.ReadLimit:
		c.Close(CodeTooLarge, "")
	case !utf8.Valid(frame):
		c.Close(CodeNotUTF8, "")
	default:
		c.handler.Frame(frame)
	}
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != 0
}
