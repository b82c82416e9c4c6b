package wechat

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what happens.
type Metrics interface {
	// Callback is told how a request ended: replied, success, later, again, broken,
	// forbidden, failed; and how long it took.
	Callback(outcome string, took time.Duration)
	// Sent is told what became of a message that was sent unasked.
	Sent(state OutgoingState)
}

type noMetrics struct{}

func (noMetrics) Callback(string, time.Duration) {}
func (noMetrics) Sent(OutgoingState)             {}

type prometheusMetrics struct {
	callbacks *prometheus.HistogramVec
	sent      *prometheus.CounterVec
}

// NewMetrics returns metrics for Prometheus, registered with reg.
func NewMetrics(reg prometheus.Registerer) (Metrics, error) {
	m := prometheusMetrics{
		callbacks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "faqbot_wechat_callback_seconds", Help: "Time to answer a callback, by outcome.",
			Buckets: []float64{.005, .01, .02, .05, .1, .2, .3, .5, 1, 2, 4, 4.5, 5, 10},
		}, []string{"outcome"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faqbot_wechat_sent_total", Help: "Messages sent unasked, by what became of them.",
		}, []string{"state"}),
	}
	for _, c := range []prometheus.Collector{m.callbacks, m.sent} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m prometheusMetrics) Callback(outcome string, took time.Duration) {
	m.callbacks.WithLabelValues(outcome).Observe(took.Seconds())
}

func (m prometheusMetrics) Sent(state OutgoingState) { m.sent.WithLabelValues(string(state)).Inc() }
