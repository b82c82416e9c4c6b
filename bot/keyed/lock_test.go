package keyed

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	const keys, users, times = 5, 20, 50
	var l Lock[string]
	var inside [keys]int // the race detector watches it too
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			for i := range times {
				key := (u + i) % keys
				unlock := l.Lock(fmt.Sprint(key))
				inside[key]++
				if inside[key] != 1 {
					t.Errorf("%d hold key %d", inside[key], key)
				}
				inside[key]--
				unlock()
			}
		})
	}
	wg.Wait()
	if len(l.held) != 0 {
		t.Errorf("%d keys are left", len(l.held))
	}
}

func TestLockOfOtherKeysIsFree(t *testing.T) {
	var l Lock[string]
	defer l.Lock("a")()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Lock("b")()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("b waits for a")
	}
	if len(l.held) != 1 {
		t.Errorf("%d keys are held, want 1", len(l.held))
	}
}
