// Package keyed has those who work on the same thing take turns.
package keyed

import "sync"

// Lock is a mutex for each key. Keys nobody holds take no memory. The zero
// value is ready.
type Lock[K comparable] struct {
	mu   sync.Mutex
	held map[K]*holder
}

type holder struct {
	mu      sync.Mutex
	waiting int // how many hold it or want it
}

// Lock waits for the key and returns what gives it back.
func (l *Lock[K]) Lock(key K) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[K]*holder{}
	}
	h, ok := l.held[key]
	if !ok {
		h = &holder{}
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
