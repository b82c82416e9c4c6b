package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may happen: Burst at once, then PerSecond. The
// zero Rate sets no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Unlimited reports whether the rate sets no limit.
func (r Rate) Unlimited() bool { return r.PerSecond <= 0 || r.Burst <= 0 }

// Buckets limits a rate for every key on its own. It keeps a bounded number of
// keys: those that have rested so long that nothing is counted against them are
// dropped, and if there are still too many, the new ones share one bucket.
type Buckets[K comparable] struct {
	rate Rate
	size int
	now  func() time.Time

	mu      sync.Mutex // guards all below
	buckets map[K]*rate.Limiter
	shared  *rate.Limiter
	swept   time.Time
}

// NewBuckets returns buckets for at most size keys.
func NewBuckets[K comparable](r Rate, size int) *Buckets[K] {
	return &Buckets[K]{
		rate: r, size: size, now: time.Now,
		buckets: map[K]*rate.Limiter{},
		shared:  newLimiter(r),
	}
}

func newLimiter(r Rate) *rate.Limiter {
	if r.Unlimited() {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
}

// Take counts one event for the key. It returns zero if the event may happen,
// else how long to wait.
func (b *Buckets[K]) Take(key K) time.Duration {
	if b.rate.Unlimited() {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return take(b.bucket(key, now), now)
}

// take counts an event, or returns how long to wait.
func take(l *rate.Limiter, now time.Time) time.Duration {
	r := l.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay > 0 {
		r.CancelAt(now)
	}
	return delay
}

func (b *Buckets[K]) bucket(key K, now time.Time) *rate.Limiter {
	if l := b.buckets[key]; l != nil {
		return l
	}
	b.sweep(now)
	if len(b.buckets) >= b.size {
		return b.shared
	}
	l := newLimiter(b.rate)
	b.buckets[key] = l
	return l
}

// sweep drops the buckets that are full again; not more often than a bucket
// takes to fill.
func (b *Buckets[K]) sweep(now time.Time) {
	fill := time.Duration(float64(b.rate.Burst) / b.rate.PerSecond * float64(time.Second))
	if now.Sub(b.swept) < min(max(fill, time.Second), time.Minute) {
		return
	}
	b.swept = now
	for key, l := range b.buckets {
		if l.TokensAt(now) >= float64(b.rate.Burst) {
			delete(b.buckets, key)
		}
	}
}

// Len returns the number of keys that are kept.
func (b *Buckets[K]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.buckets)
}
