package main

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
)

// relay passes connections on to servers, in turn. It stands for what lies
// between the parts: a balancer, or the way to the database, where it can hold
// transactions.
type relay struct {
	listener net.Listener
	ended    chan struct{} // closed when the test ends

	mu    sync.Mutex // guards all below
	to    []string   // addresses of the servers
	turn  int
	open  map[net.Conn]string // connections to the servers, with their addresses
	traps []*trap
	fence *trap
	heard bool // a client has sent the words of the fence
}

// trap holds clients of PostgreSQL at the begin or the commit of a transaction.
type trap struct {
	words  []string
	caught chan struct{} // closed when somebody is held
	free   chan struct{} // closed when all may go on
}

func newTrap(words []string) *trap {
	return &trap{words: words, caught: make(chan struct{}), free: make(chan struct{})}
}

// fits reports whether a text has all the words.
func (t *trap) fits(text []byte) bool {
	return !slices.ContainsFunc(t.words, func(word string) bool { return !bytes.Contains(text, []byte(word)) })
}

// newRelay listens at an address until the test ends.
func newRelay(t *testing.T, address string, to ...string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, ended: make(chan struct{}), to: to, open: map[net.Conn]string{}}
	var running sync.WaitGroup
	running.Go(func() {
		for client, err := l.Accept(); err == nil; client, err = l.Accept() {
			running.Go(func() { r.pass(client) })
		}
	})
	t.Cleanup(func() {
		close(r.ended)
		_ = l.Close() // nobody comes any more
		r.drop(r.servers()...)
		running.Wait()
	})
	return r
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) servers() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.to)
}

// pass serves one connection.
func (r *relay) pass(client net.Conn) {
	defer client.Close()
	server := r.dial()
	if server == nil {
		return
	}
	defer r.hangUp(server)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server) // its end ends both ways
		_ = client.Close()
	})
	_, _ = io.Copy(&gate{relay: r, server: server}, client)
	_ = server.Close()
	back.Wait()
}

// dial connects to the server whose turn it is, or to none.
func (r *relay) dial() net.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.to) == 0 {
		return nil
	}
	r.turn++
	to := r.to[r.turn%len(r.to)]
	server, err := net.Dial("tcp", to)
	if err != nil {
		return nil
	}
	r.open[server] = to
	return server
}

func (r *relay) hangUp(server net.Conn) {
	_ = server.Close() // it may be closed
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, server)
}

// add has the next connections go to a server too.
func (r *relay) add(server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = append(r.to, server)
}

// drop sends nobody to the servers any more, and ends what goes there, as a
// balancer does with a server that gives no sign of life.
func (r *relay) drop(servers ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = slices.DeleteFunc(r.to, func(to string) bool { return slices.Contains(servers, to) })
	for server, to := range r.open {
		if slices.Contains(servers, to) {
			_ = server.Close() // both ways end by it
		}
	}
}

// holdCommit returns a trap for the first transaction in which a client sends all
// the words; it is held at its commit.
func (r *relay) holdCommit(words ...string) *trap {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := newTrap(words)
	r.traps = append(r.traps, t)
	return t
}

// holdBegin returns a trap for all transactions that begin after a client has sent
// the words.
func (r *relay) holdBegin(words ...string) *trap {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fence = newTrap(words)
	return r.fence
}

// begins returns the trap for a transaction that begins, or nil.
func (r *relay) begins() *trap {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.heard {
		return nil
	}
	select {
	case <-r.fence.caught:
	default:
		close(r.fence.caught)
	}
	return r.fence
}

// commits returns the trap for a transaction that is to be committed, or nil.
func (r *relay) commits(transaction []byte) *trap {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.traps, func(t *trap) bool { return t.fits(transaction) })
	if i < 0 {
		return nil
	}
	t := r.traps[i]
	r.traps = slices.Delete(r.traps, i, i+1)
	close(t.caught)
	return t
}

// hears notes what a client sends.
func (r *relay) hears(text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = r.heard || r.fence != nil && r.fence.fits(text)
}

// gate is the way of one connection to the server.
type gate struct {
	relay       *relay
	server      net.Conn
	transaction []byte // what was sent since the last one began
}

// Write sends on, once it may. The driver sends begin and commit by themselves.
func (g *gate) Write(p []byte) (int, error) {
	var held *trap
	switch {
	case bytes.Contains(p, []byte("begin")):
		g.transaction = nil
		held = g.relay.begins()
	case bytes.Contains(p, []byte("commit\x00")):
		held = g.relay.commits(g.transaction)
	default:
		g.transaction = append(g.transaction, p...)
		g.relay.hears(p)
	}
	if held != nil {
		select {
		case <-held.free:
		case <-g.relay.ended:
		}
	}
	return g.server.Write(p)
}
