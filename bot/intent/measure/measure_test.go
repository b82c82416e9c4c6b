package measure_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/bot/intent/measure"
)

func TestSummarize(t *testing.T) {
	in := func(place int, answered bool, confidence float64) measure.Outcome {
		return measure.Outcome{Kind: measure.In, Place: place, Answered: answered, Confidence: confidence, Latency: 2 * time.Millisecond}
	}
	got := measure.Summarize([]measure.Outcome{
		in(1, true, 0.95), in(1, true, 0.85), in(2, true, 0.65), in(0, false, 0.05),
		{Kind: measure.Near, Answered: true, Confidence: 0.75, Latency: time.Millisecond},
		{Kind: measure.Near, Confidence: 0.15, Latency: time.Millisecond},
		{Kind: measure.Far, Confidence: 0.05, Latency: 9 * time.Millisecond},
	})
	want := measure.Figures{
		Questions:  7,
		In:         measure.InScope{N: 4, Top1: 0.5, Top5: 0.75, MRR: 0.625, Answered: 0.75, AnsweredRight: 0.5},
		Near:       measure.Out{N: 2, Answered: 0.5, AUROC: 1},
		Far:        measure.Out{N: 1, Answered: 0, AUROC: 1},
		RightAtP90: 0.5,
		// (0.05 + 0.15 + 0.75 + 0.65 + 0.05 + 0.15) / 6: each bin's |confidence - truth|.
		ECE:     1.8 / 6,
		Latency: measure.Latency{P50: 2, P99: 9},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("Summarize (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(measure.Figures{}, measure.Summarize(nil)); diff != "" {
		t.Errorf("Summarize of nothing (-want +got):\n%s", diff)
	}
}

func TestRightAt(t *testing.T) {
	right, wrong := func(c float64) measure.Outcome { return measure.Outcome{Kind: measure.In, Place: 1, Confidence: c} },
		func(c float64) measure.Outcome { return measure.Outcome{Kind: measure.In, Place: 2, Confidence: c} }
	near := func(c float64) measure.Outcome { return measure.Outcome{Kind: measure.Near, Confidence: c} }
	for _, tt := range []struct {
		name     string
		outcomes []measure.Outcome
		want     float64
	}{
		{"nothing", nil, 0},
		{"all right", []measure.Outcome{right(0.3), right(0.2)}, 1},
		{"a wrong one at the top spoils all", []measure.Outcome{wrong(0.9), right(0.3), right(0.2)}, 0},
		{"the tail is cut", []measure.Outcome{right(0.9), right(0.8), wrong(0.1), wrong(0.1)}, 0.5},
		{"a near question counts as wrong", []measure.Outcome{near(0.95), right(0.9), right(0.8)}, 0},
		{"a tie is taken or left as a whole", []measure.Outcome{right(0.9), right(0.5), wrong(0.5)}, 1. / 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := measure.RightAt(tt.outcomes, 0.9); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("RightAt = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAUROC(t *testing.T) {
	for _, tt := range []struct {
		name         string
		above, below []float64
		want         float64
	}{
		{"none", nil, []float64{1}, 0},
		{"apart", []float64{3, 2}, []float64{1, 0}, 1},
		{"reversed", []float64{0}, []float64{1, 2}, 0},
		{"ties count half", []float64{1, 1}, []float64{1, 1}, 0.5},
		{"mixed", []float64{1, 3}, []float64{2, 3}, 0.375},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := measure.AUROC(tt.above, tt.below); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("AUROC = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	sorted := []float64{1, 2, 3, 4}
	for _, tt := range []struct{ q, want float64 }{{0, 1}, {0.5, 2}, {0.75, 3}, {0.99, 4}, {1, 4}} {
		if got := measure.Quantile(sorted, tt.q); got != tt.want {
			t.Errorf("Quantile(%v) = %v, want %v", tt.q, got, tt.want)
		}
	}
}
