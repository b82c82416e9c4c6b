package webchat

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faqbot/channels/ws"
)

// Metrics counts what happens.
type Metrics interface {
	Connections(change int)
	Frame(kind string)
	Error(code int)
	// Ack is told how long it took to store a message and its answer.
	Ack(time.Duration)
	// Closed is told the number a socket closed with.
	Closed(code int)
}

type noMetrics struct{}

func (noMetrics) Connections(int)   {}
func (noMetrics) Frame(string)      {}
func (noMetrics) Error(int)         {}
func (noMetrics) Ack(time.Duration) {}
func (noMetrics) Closed(int)        {}

type prometheusMetrics struct {
	connections prometheus.Gauge
	frames      *prometheus.CounterVec
	errors      *prometheus.CounterVec
	acks        prometheus.Histogram
	closed      *prometheus.CounterVec
	slow        prometheus.Counter
}

// NewMetrics returns metrics for Prometheus, registered with reg.
func NewMetrics(reg prometheus.Registerer) (Metrics, error) {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faqbot_webchat_" + name, Help: help}, []string{label})
	}
	m := prometheusMetrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faqbot_webchat_connections", Help: "Open sockets."}),
		frames:      counter("frames_total", "Frames of clients by kind.", "kind"),
		errors:      counter("errors_total", "Errors told to clients by code.", "code"),
		closed:      counter("closed_total", "Closed sockets by code.", "code"),
		slow:        prometheus.NewCounter(prometheus.CounterOpts{Name: "faqbot_webchat_slow_total", Help: "Sockets closed because the client read too slowly."}),
		acks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "faqbot_webchat_ack_seconds", Help: "Time to store a message and its answer.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
		}),
	}
	for _, c := range []prometheus.Collector{m.connections, m.frames, m.errors, m.closed, m.slow, m.acks} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m prometheusMetrics) Connections(change int) { m.connections.Add(float64(change)) }
func (m prometheusMetrics) Frame(kind string)      { m.frames.WithLabelValues(kind).Inc() }
func (m prometheusMetrics) Error(code int)         { m.errors.WithLabelValues(strconv.Itoa(code)).Inc() }
func (m prometheusMetrics) Ack(d time.Duration)    { m.acks.Observe(d.Seconds()) }

func (m prometheusMetrics) Closed(code int) {
	if ws.Code(code) == ws.CodeTooSlow {
		m.slow.Inc()
	}
	m.closed.WithLabelValues(closeLabel(ws.Code(code))).Inc()
}

// closeLabel keeps clients from inventing labels: what is not a number of ours
// is "other".
func closeLabel(code ws.Code) string {
	switch code {
	case ws.CodeNormal, ws.CodeGoingAway, ws.CodeBinary, ws.CodeNotUTF8, ws.CodeTooLarge, ws.CodeNoPong, ws.CodeTooSlow,
		closeFrames, closeBadFrames:
		return strconv.Itoa(int(code))
	}
	return "other"
}
