package wechat

import (
	"context"
	"sync"
	"time"
)

// flights are the callbacks that are being dealt with on this node, by account and
// key.
type flights struct {
	mu  sync.Mutex
	all map[[2]string]*flight
}

// flight is the work on one callback, on which all attempts of the platform wait.
type flight struct {
	at      time.Time // when the platform sent it first; zero until that is known
	waiting int
	over    bool
	reply   outcome
	done    chan struct{}
	flights *flights
	key     [2]string
}

// outcome is what the work on a callback led to.
type outcome struct {
	reply []byte // the passive reply; nothing is success
	err   error  // it could not even be stored
}

// join waits on the callback's work. The first who does has to do it.
func (f *flights) join(account, key string) (fl *flight, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := [2]string{account, key}
	if fl = f.all[id]; fl == nil {
		fl, first = &flight{done: make(chan struct{}), flights: f, key: id}, true
		if f.all == nil {
			f.all = map[[2]string]*flight{}
		}
		f.all[id] = fl
	}
	fl.waiting++
	return fl, first
}

// wait returns when the work is over, which it reports, or after a time, or when the
// context ends.
func (fl *flight) wait(ctx context.Context, long time.Duration) (over bool) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-fl.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// leave waits no more. If the work is over it returns what it led to, which the
// caller has to answer: it was counted on.
func (fl *flight) leave() (reply outcome, over bool) {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	if fl.over {
		return fl.reply, true
	}
	fl.waiting--
	return outcome{}, false
}

// heard reports whether anybody waits for a reply.
func (fl *flight) heard() bool {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	return fl.waiting > 0
}

// end gives the outcome to those who wait and reports whether there was anybody.
func (fl *flight) end(o outcome) (heard bool) {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	fl.over, fl.reply = true, o
	delete(fl.flights.all, fl.key)
	close(fl.done)
	return fl.waiting > 0
}

// begun notes when the platform sent the callback first.
func (fl *flight) begun(at time.Time) {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	fl.at = at
}

// stored reports whether the callback is on the disk, as far as is known.
func (fl *flight) stored() bool {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	return !fl.at.IsZero()
}

// attempt is which one of the platform's attempts arrived then, from 1.
func (fl *flight) attempt(arrived time.Time) int {
	fl.flights.mu.Lock()
	defer fl.flights.mu.Unlock()
	if fl.at.IsZero() {
		return 1
	}
	return 1 + int((arrived.Sub(fl.at)+platformPatience/2)/platformPatience)
}
