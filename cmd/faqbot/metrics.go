package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"faqbot/bot"
)

// metrics counts what the program does, for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	turns    *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		turns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faqbot_turns_total", Help: "What visitors did, by channel, kind of message and what was decided.",
		}, []string{"channel", "kind", "decision"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "faqbot_turn_seconds", Help: "Time from a visitor's message to its reply being on the disk.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"channel"}),
	}
	m.registry.MustRegister(m.turns, m.took,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// turn counts one turn.
func (m *metrics) turn(o bot.Observation) {
	m.turns.WithLabelValues(o.Channel, string(o.Kind), o.Decision).Inc()
	m.took.WithLabelValues(o.Channel).Observe(o.Took.Seconds())
}

// knowledge shows what is answered from.
func (m *metrics) knowledge(answers *bot.Answerer) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("faqbot_knowledge_entries", "Entries that answers come from.", func() float64 {
		entries, _ := answers.Len()
		return float64(entries)
	})
	gauge("faqbot_knowledge_wordings", "Wordings of these entries.", func() float64 {
		_, wordings := answers.Len()
		return float64(wordings)
	})
	gauge("faqbot_knowledge_revision", "State of the knowledge in force.", func() float64 { return float64(answers.Revision()) })
}
