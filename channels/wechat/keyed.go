package wechat

import "sync"

// keyedLock is a mutex for each follower. Those nobody holds take no memory. The
// zero value is ready.
type keyedLock struct {
	mu   sync.Mutex
	held map[follower]*holder
}

type holder struct {
	mu      sync.Mutex
	waiting int // how many hold it or want it
}

// lock waits for the follower and returns what gives them back.
func (l *keyedLock) lock(key follower) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[follower]*holder{}
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
