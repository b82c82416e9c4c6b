package webchat

import (
	"net/netip"
	"time"

	"faqbot/channels/httpapi"
)

// Limits bound what visitors may do; what is zero gets the default of
// DefaultLimits.
type Limits struct {
	// Sessions, Connects, Messages, Suggests, Feedbacks, Uploads and Downloads are
	// counted for each visitor, for each address, and in total.
	Sessions  Limit
	Connects  Limit
	Messages  Limit
	Suggests  Limit
	Feedbacks Limit
	Uploads   Limit
	Downloads Limit
	// UploadsAtOnce bounds how many files are read at a time: each is in memory.
	UploadsAtOnce int
	// PerVisitor, PerNetwork and Total bound the connections that are open at a
	// time; polls count too.
	PerVisitor int
	PerNetwork int
	Total      int
	// Frames is how fast one socket may send frames of any kind.
	Frames httpapi.Rate
	// BadFrames closes a socket that sends more bad frames in a minute.
	BadFrames int
	// Keys bounds how many visitors and addresses are told apart.
	Keys int
}

// Limit is a rate for each visitor, for each address, and for all together.
type Limit struct {
	Visitor, Network, Total httpapi.Rate
}

// DefaultLimits are generous to people, of whom many may share an address, and
// strict to programs.
func DefaultLimits() Limits {
	r := func(perSecond float64, burst int) httpapi.Rate {
		return httpapi.Rate{PerSecond: perSecond, Burst: burst}
	}
	return Limits{
		Sessions:  Limit{r(0.5, 20), r(5, 200), r(500, 5000)},
		Connects:  Limit{r(0.5, 20), r(5, 200), r(1000, 10000)},
		Messages:  Limit{r(1, 10), r(20, 200), r(2000, 10000)},
		Suggests:  Limit{r(5, 20), r(50, 400), r(2000, 10000)},
		Feedbacks: Limit{r(1, 10), r(20, 200), r(1000, 5000)},
		Uploads:   Limit{r(0.5, 10), r(5, 50), r(50, 200)},
		Downloads: Limit{r(5, 60), r(50, 300), r(500, 2000)},

		UploadsAtOnce: 32,

		PerVisitor: 10,
		PerNetwork: 500,
		Total:      100_000,
		Frames:     r(20, 100),
		BadFrames:  20,
		Keys:       100_000,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, pair := range []struct{ have, standard *Limit }{
		{&l.Sessions, &d.Sessions}, {&l.Connects, &d.Connects}, {&l.Messages, &d.Messages},
		{&l.Suggests, &d.Suggests}, {&l.Feedbacks, &d.Feedbacks},
		{&l.Uploads, &d.Uploads}, {&l.Downloads, &d.Downloads},
	} {
		if *pair.have == (Limit{}) {
			*pair.have = *pair.standard
		}
	}
	for _, pair := range []struct {
		have     *int
		standard int
	}{
		{&l.PerVisitor, d.PerVisitor}, {&l.PerNetwork, d.PerNetwork}, {&l.Total, d.Total},
		{&l.BadFrames, d.BadFrames}, {&l.Keys, d.Keys}, {&l.UploadsAtOnce, d.UploadsAtOnce},
	} {
		if *pair.have <= 0 {
			*pair.have = pair.standard
		}
	}
	if l.Frames == (httpapi.Rate{}) {
		l.Frames = d.Frames
	}
	return l
}

// gate counts one kind of action in all three ways.
type gate struct {
	visitors *httpapi.Buckets[string]
	networks *httpapi.Buckets[netip.Prefix]
	total    *httpapi.Buckets[struct{}]
}

func newGate(l Limit, keys int) *gate {
	return &gate{
		visitors: httpapi.NewBuckets[string](l.Visitor, keys),
		networks: httpapi.NewBuckets[netip.Prefix](l.Network, keys),
		total:    httpapi.NewBuckets[struct{}](l.Total, 1),
	}
}

// take counts an action, or says how long to wait. An empty visitor is one that
// is not known yet.
func (g *gate) take(visitor string, network netip.Prefix) time.Duration {
	if visitor != "" {
		if wait := g.visitors.Take(visitor); wait > 0 {
			return wait
		}
	}
	if wait := g.networks.Take(network); wait > 0 {
		return wait
	}
	return g.total.Take(struct{}{})
}

// gates are all of them.
type gates struct{ sessions, connects, messages, suggests, feedbacks, uploads, downloads *gate }

func newGates(l Limits) gates {
	return gates{
		sessions:  newGate(l.Sessions, l.Keys),
		connects:  newGate(l.Connects, l.Keys),
		messages:  newGate(l.Messages, l.Keys),
		suggests:  newGate(l.Suggests, l.Keys),
		feedbacks: newGate(l.Feedbacks, l.Keys),
		uploads:   newGate(l.Uploads, l.Keys),
		downloads: newGate(l.Downloads, l.Keys),
	}
}

// meter is a small token bucket, for one goroutine and one connection.
type meter struct {
	used float32 // of the burst
	last int64   // unix milliseconds
}

// take counts one event and reports whether it is within the rate.
func (m *meter) take(r httpapi.Rate, now time.Time) bool {
	at := now.UnixMilli()
	rested := float64(at-m.last) / 1000 * r.PerSecond
	m.used = float32(max(0, float64(m.used)-rested)) + 1
	m.last = at
	return r.Unlimited() || m.used <= float32(r.Burst)
}
