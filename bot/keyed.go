package bot

import "sync"

// keyedLock is a mutex for each key. Keys nobody holds take no memory. The zero
// value is ready.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]*keyHolder
}

type keyHolder struct {
	mu      sync.Mutex
	waiting int // how many hold it or want it
}

// lock waits for the key and returns what gives it back.
func (l *keyedLock) lock(key string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*keyHolder{}
	}
	h, ok := l.held[key]
	if !ok {
		h = &keyHolder{}
		l.held[key] = h
	}
	h.waiting++
	l.mu.Unlock()
	h.mu.Lock()
	return func() {
		h.mu.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(l.held, key)
		}
	}
}
