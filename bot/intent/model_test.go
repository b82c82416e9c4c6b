package intent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/intent"
)

func TestParseModelRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		edit       func(*weights, *string)
	}{
		{"empty", "parse model", func(_ *weights, data *string) { *data = "" }},
		{"no JSON", "parse model", func(_ *weights, data *string) { *data = "ranker: 1" }},
		{"nothing in it", "no weight", func(_ *weights, data *string) { *data = "{}" }},
		{"feature missing", `no weight for feature "cosine"`, func(_ *weights, data *string) { *data = strings.Replace(*data, `"cosine"`, `"cosinus"`, 1) }},
		{"signal missing", `no weight for signal "log_share"`, func(_ *weights, data *string) { *data = strings.Replace(*data, `"log_share"`, `"share_log"`, 1) }},
		{"weight is text", "parse model", func(_ *weights, data *string) { *data = strings.Replace(*data, `"cosine":[`, `"cosine":["x",`, 1) }},
		{"suggest is zero", "thresholds", func(w *weights, _ *string) { w.Thresholds.Suggest = 0 }},
		{"suggest is negative", "thresholds", func(w *weights, _ *string) { w.Thresholds.Suggest = -0.1 }},
		{"suggest above answer", "thresholds", func(w *weights, _ *string) { w.Thresholds.Suggest = 0.8 }},
		{"answer above one", "thresholds", func(w *weights, _ *string) { w.Thresholds.Answer = 1.01 }},
		{"margin is negative", "thresholds", func(w *weights, _ *string) { w.Thresholds.Margin = -0.01 }},
		{"margin above one", "thresholds", func(w *weights, _ *string) { w.Thresholds.Margin = 1.01 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := clearWeights()
			var data string
			tt.edit(&w, &data)
			data = string(w.json(t))
			tt.edit(&w, &data)
			if _, err := intent.ParseModel([]byte(data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseModel: %v, want an error with %q", err, tt.want)
			}
		})
	}
	if _, err := intent.ParseModel(clearWeights().json(t)); err != nil {
		t.Errorf("the model that nothing was done to: %v", err)
	}
}

func TestDefaultModel(t *testing.T) {
	m := defaultModel(t)
	data, err := m.Encode()
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	again, err := intent.ParseModel(data)
	if err != nil {
		t.Fatalf("ParseModel of what Encode wrote: %v", err)
	}
	reencoded, err := again.Encode()
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	if diff := cmp.Diff(string(data), string(reencoded)); diff != "" {
		t.Errorf("encoded twice (-first +second):\n%s", diff)
	}
	if len(m.Prior) < 1000 {
		t.Errorf("the prior knows %d characters", len(m.Prior))
	}
	for r, share := range m.Prior {
		if !(share > 0 && share <= 1) {
			t.Errorf("the share of %q is %v", r, share)
		}
	}
}

func TestFingerprintNamesTheNumbers(t *testing.T) {
	w := clearWeights()
	one := w.model(t).Fingerprint()
	if again := clearWeights().model(t).Fingerprint(); again != one {
		t.Errorf("the same model has the fingerprints %s and %s", one, again)
	}
	w.Bias += 0.5
	if other := w.model(t).Fingerprint(); other == one {
		t.Errorf("another bias, the same fingerprint %s", other)
	}
}

func TestWithThresholds(t *testing.T) {
	m := clearWeights().model(t) // 0.7, 0.2, 0.15
	for _, tt := range []struct{ give, want intent.Thresholds }{
		{intent.Thresholds{}, intent.Thresholds{Answer: 0.7, Suggest: 0.2, Margin: 0.15}},
		{intent.Thresholds{Answer: 0.9}, intent.Thresholds{Answer: 0.9, Suggest: 0.2, Margin: 0.15}},
		{intent.Thresholds{Answer: 0.1}, intent.Thresholds{Answer: 0.1, Suggest: 0.1, Margin: 0.15}},
		{intent.Thresholds{Suggest: 0.5, Margin: 0.3}, intent.Thresholds{Answer: 0.7, Suggest: 0.5, Margin: 0.3}},
	} {
		got, err := m.WithThresholds(tt.give)
		if err != nil {
			t.Errorf("WithThresholds(%+v): %v", tt.give, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got.Thresholds); diff != "" {
			t.Errorf("WithThresholds(%+v) (-want +got):\n%s", tt.give, diff)
		}
	}
	if _, err := m.WithThresholds(intent.Thresholds{Answer: 1.5}); err == nil {
		t.Error("a threshold of 1.5 is accepted")
	}
	if m.Thresholds.Answer != 0.7 {
		t.Errorf("the model itself changed: %+v", m.Thresholds)
	}
}
