package webchat

import (
	"net/netip"
	"sync"

	"faqbot/bot"
)

// hub knows which visitors are listening on this node and passes hints on to
// them.
type hub struct {
	limits Limits
	encode encoder

	mu       sync.RWMutex // guards all below
	visitors map[string][]*listener
	networks map[netip.Prefix]int
	total    int
}

func newHub(limits Limits, e encoder) *hub {
	return &hub{limits: limits, encode: e, visitors: map[string][]*listener{}, networks: map[netip.Prefix]int{}}
}

// crowd says why one more listener is one too many.
type crowd int

const (
	roomLeft crowd = iota
	tooManyOfVisitor
	tooManyInTotal
)

// add begins to pass hints to the listener, if there are not too many.
func (h *hub) add(l *listener) crowd {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.total >= h.limits.Total:
		return tooManyInTotal
	case len(h.visitors[l.key]) >= h.limits.PerVisitor, h.networks[l.network] >= h.limits.PerNetwork:
		return tooManyOfVisitor
	}
	h.visitors[l.key] = append(h.visitors[l.key], l)
	h.networks[l.network]++
	h.total++
	return roomLeft
}

// remove undoes an add that found room.
func (h *hub) remove(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	listeners := h.visitors[l.key]
	kept := make([]*listener, 0, len(listeners))
	for _, other := range listeners {
		if other != l {
			kept = append(kept, other)
		}
	}
	if h.visitors[l.key] = kept; len(kept) == 0 {
		delete(h.visitors, l.key)
	}
	if h.networks[l.network]--; h.networks[l.network] == 0 {
		delete(h.networks, l.network)
	}
	h.total--
}

// here reports whether the visitor listens on this node.
func (h *hub) here(key string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.visitors[key]) > 0
}

// len returns the number of listeners.
func (h *hub) len() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.total
}

// receive passes a hint to the listeners of its visitor. It does not wait for
// them.
func (h *hub) receive(hint bot.Hint) {
	h.mu.RLock()
	listeners := append([]*listener(nil), h.visitors[hint.Visitor]...)
	h.mu.RUnlock()
	if len(listeners) == 0 {
		return
	}
	news := &news{hint: hint, encode: h.encode}
	for _, l := range listeners {
		l.tell(news)
	}
}

// news is a hint with its messages as frames, made once for all listeners.
type news struct {
	hint   bot.Hint
	encode encoder
	once   sync.Once
	frames [][]byte
}

// frame returns the frame of one of the messages.
func (n *news) frame(i int) []byte {
	n.once.Do(func() {
		n.frames = make([][]byte, len(n.hint.Messages))
		for i, m := range n.hint.Messages {
			n.frames[i] = n.encode.push(m)
		}
	})
	return n.frames[i]
}
