package ws_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"faqbot/channels/ws"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo sends every frame back, and knows what it closed with.
type echo struct {
	conn   *ws.Conn
	closed chan ws.Code
}

func (e *echo) Frame(frame []byte)  { e.conn.Send(bytes.Clone(frame)) }
func (e *echo) Closed(code ws.Code) { e.closed <- code }

// open returns a hub and one connection of it, from both sides.
func open(t *testing.T, o ws.Options) (*ws.Hub, *echo, *websocket.Conn) {
	t.Helper()
	hub := ws.NewHub(o)
	opened := make(chan *echo, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.Upgrade(w, r, func(c *ws.Conn) ws.Handler {
			e := &echo{c, make(chan ws.Code, 2)}
			opened <- e
			return e
		})
	}))
	client, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	client.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() {
		client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := hub.Shutdown(ctx, 0); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Close()
	})
	return hub, <-opened, client
}

func wait(t *testing.T, closed <-chan ws.Code, want ws.Code) {
	t.Helper()
	select {
	case got := <-closed:
		if got != want {
			t.Errorf("closed with %d, want %d", got, want)
		}
	case <-time.After(patience):
		t.Fatal("not closed")
	}
}

func TestEchoInOrder(t *testing.T) {
	_, _, client := open(t, ws.Options{})
	for i := range 100 {
		if err := client.WriteMessage(websocket.TextMessage, []byte{'a' + byte(i%26)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		_, got, err := client.ReadMessage()
		if err != nil || string(got) != string([]byte{'a' + byte(i%26)}) {
			t.Fatalf("frame %d is %q, %v", i, got, err)
		}
	}
}

// TestOneGoroutine checks that an idle connection has the reader and nothing
// else.
func TestOneGoroutine(t *testing.T) {
	_, conn, client := open(t, ws.Options{})
	conn.conn.Send([]byte("x"))
	if _, _, err := client.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	stacks := func() string {
		buffer := make([]byte, 1<<20)
		return string(buffer[:runtime.Stack(buffer, true)])
	}
	deadline := time.Now().Add(patience)
	for strings.Contains(stacks(), "(*Conn).write(") {
		if time.Now().After(deadline) {
			t.Fatal("the writer does not end")
		}
		runtime.Gosched()
	}
	if n := strings.Count(stacks(), "faqbot/channels/ws.(*Conn)."); n == 0 || strings.Count(stacks(), "ws.(*Conn).read(") != 1 {
		t.Errorf("goroutines:\n%s", stacks())
	}
}

// TestSlowReader never reads: the sender goes on at once, and the connection is
// closed with the number.
func TestSlowReader(t *testing.T) {
	_, conn, _ := open(t, ws.Options{QueueLimit: 64 << 10, WriteTimeout: 200 * time.Millisecond, Linger: 100 * time.Millisecond})
	frame := make([]byte, 32<<10)
	start := time.Now()
	sent := 0
	for conn.conn.Send(frame) {
		if sent++; sent > 10000 {
			t.Fatal("the queue has no bound")
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the sender waited %v", took)
	}
	wait(t, conn.closed, ws.CodeTooSlow)
}

func TestWaitForRoom(t *testing.T) {
	_, conn, client := open(t, ws.Options{QueueLimit: 64 << 10})
	const frames = 500 // 16 MB, through a queue of 64 KB
	done := make(chan error, 1)
	go func() {
		frame := make([]byte, 32<<10)
		for range frames {
			if err := conn.conn.Wait(context.Background(), len(frame)); err != nil {
				done <- err
				return
			}
			conn.conn.Send(frame)
		}
		done <- nil
	}()
	for range frames {
		if _, _, err := client.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestWaitEnds fills the queue and waits: closing and the context end it.
func TestWaitEnds(t *testing.T) {
	_, conn, _ := open(t, ws.Options{QueueLimit: 64 << 10, WriteTimeout: 500 * time.Millisecond, Linger: 100 * time.Millisecond})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	frame := make([]byte, 48<<10)
	var err error
	for err == nil {
		if err = conn.conn.Wait(ctx, len(frame)); err == nil {
			conn.conn.Send(frame)
		}
	}
	if !errors.Is(err, ws.ErrClosed) {
		t.Errorf("Wait on a dead connection: %v", err)
	}
	gone, cancelled := context.WithCancel(context.Background())
	cancelled()
	if err := conn.conn.Wait(gone, 1); err == nil {
		t.Error("Wait has room on a closed connection")
	}
}

func TestCloseSendsWhatWaits(t *testing.T) {
	_, conn, client := open(t, ws.Options{})
	for range 50 {
		conn.conn.Send(make([]byte, 1000))
	}
	conn.conn.Close(3101, "why")
	conn.conn.Close(3301, "later")
	if conn.conn.Send([]byte("late")) {
		t.Error("a closed connection takes frames")
	}
	for range 50 {
		if _, _, err := client.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := client.ReadMessage()
	if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != 3101 || closed.Text != "why" {
		t.Errorf("closed with %v", err)
	}
	wait(t, conn.closed, 3101)
}

func TestClosedByClient(t *testing.T) {
	hub, conn, client := open(t, ws.Options{})
	client.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	wait(t, conn.closed, ws.CodeNormal)
	for deadline := time.Now().Add(patience); hub.Len() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the hub still has it")
		}
	}
}

func TestSilent(t *testing.T) {
	_, conn, client := open(t, ws.Options{PingInterval: 100 * time.Millisecond})
	client.SetPingHandler(func(string) error { return nil })
	start := time.Now()
	client.ReadMessage()
	wait(t, conn.closed, ws.CodeNoPong)
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v to find out, want two intervals", took)
	}
}

// TestShutdownSpreads checks that not all are sent away at once.
func TestShutdownSpreads(t *testing.T) {
	hub := ws.NewHub(ws.Options{})
	times := make(chan time.Time, 5)
	opened := make(chan struct{}, cap(times))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.Upgrade(w, r, func(c *ws.Conn) ws.Handler {
			opened <- struct{}{}
			return &echo{c, make(chan ws.Code, 2)}
		})
	}))
	defer server.Close()
	for range cap(times) {
		client, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		go func() {
			_, _, err := client.ReadMessage()
			if !websocket.IsCloseError(err, int(ws.CodeGoingAway)) {
				t.Errorf("closed with %v", err)
			}
			times <- time.Now()
		}()
	}
	for range cap(times) {
		<-opened // what comes later is sent away at once
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := hub.Shutdown(ctx, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	first := <-times
	last := first
	for range cap(times) - 1 {
		last = <-times
	}
	if spread := last.Sub(first); spread < 200*time.Millisecond {
		t.Errorf("all were sent away within %v", spread)
	}
}

func TestAdvice(t *testing.T) {
	for code, want := range map[ws.Code]ws.Advice{
		1000: ws.Return, 1001: ws.Return, 1006: ws.Return, 3001: ws.Return, 3002: ws.Return, 4999: ws.Return,
		3101: ws.Renew, 3199: ws.Renew, 3201: ws.Wait, 3202: ws.Wait, 1003: ws.Stay, 1007: ws.Stay, 1009: ws.Stay, 3301: ws.Stay,
	} {
		if got := code.Advice(); got != want {
			t.Errorf("%d advises %d, want %d", code, got, want)
		}
	}
}
