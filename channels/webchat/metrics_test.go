package webchat_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"faqbot/channels/webchat"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := webchat.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *webchat.Config) { c.Metrics = metrics })
	v := s.open("")
	v.say("client-0001", "x")
	v.expect("ack")
	v.send(`{"t":"invented"}`)
	for {
		if f, err := v.read(); err != nil || f.T == "error" {
			break
		}
	}
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"faqbot_webchat_connections": 1, "faqbot_webchat_frames_total send": 1, "faqbot_webchat_frames_total hello": 1,
		"faqbot_webchat_frames_total bad": 1, "faqbot_webchat_errors_total 4001": 1, "faqbot_webchat_ack_seconds": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v: %v", name, got[name], want, got)
		}
	}
	if _, err := webchat.NewMetrics(registry); err == nil {
		t.Error("the same metrics are registered twice")
	}
}
