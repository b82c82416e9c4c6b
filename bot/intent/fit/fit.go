// Package fit finds the numbers of an intent.Model from sets of entries and
// questions: the weights of the ranker by a listwise loss, the calibration by
// logistic regression, the prior over characters by counting. It is
// deterministic: the same sets give the same model.
package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"faqbot/bot/intent"
	"faqbot/bot/intent/measure"
)

// Set is one field's knowledge, ready to be asked, with its questions.
type Set struct {
	Name      string
	Questions []measure.Question
	// Weight is how much the set counts; 1 is usual, noisy labels deserve less.
	Weight float64
	// Matcher is over the set's entries, with any model.
	Matcher *intent.Matcher
	// At is when the questions are asked.
	At time.Time
}

// example is a question with what is to be learned from it.
type example struct {
	entries [][][]float64 // features of each wording of each recalled entry
	right   int           // place of the right entry among them, -1 if it is not there
	signals []float64     // of the best candidate
	correct bool          // the best candidate is the right one
	weight  float64
	rich    float64 // richness of the set
}

// Fit returns start with a ranker and calibration fitted on the sets.
func Fit(ctx context.Context, start *intent.Model, sets []Set, progress func(string)) (*intent.Model, error) {
	if len(sets) == 0 {
		return nil, errors.New("fit: no sets")
	}
	examples, err := collect(ctx, start, sets)
	if err != nil {
		return nil, err
	}
	x, loss := listwise(examples, len(intent.FeatureNames()))
	progress(fmt.Sprintf("ranker: %d questions, listwise loss %.4f", len(examples), loss))
	model, err := start.WithRanker(pairs(x))
	if err != nil {
		return nil, err
	}
	if examples, err = collect(ctx, model, sets); err != nil {
		return nil, err
	}
	weights, bias, loss := logistic(examples)
	progress(fmt.Sprintf("calibration: %d questions, loss %.4f", len(examples), loss))
	return model.WithCalibration(weights, bias)
}

// pairs turns the optimised numbers, first all plain weights and then all that
// grow with richness, into weights.
func pairs(x []float64) []intent.Weight {
	weights := make([]intent.Weight, len(x)/2)
	for i := range weights {
		weights[i] = intent.Weight{x[i], x[len(weights)+i]}
	}
	return weights
}

// collect ranks every question of every set. Each set weighs the same in all,
// times its own weight.
func collect(ctx context.Context, model *intent.Model, sets []Set) ([]example, error) {
	var all []example
	for _, set := range sets {
		m := set.Matcher.WithModel(model)
		weight := set.Weight * 1000 / float64(len(set.Questions))
		for _, q := range set.Questions {
			r, compared, err := m.Rank(ctx, intent.Query{Text: q.Text, At: set.At})
			if err != nil {
				return nil, fmt.Errorf("rank %q of %s: %w", q.Text, set.Name, err)
			}
			if len(compared) > 0 {
				e := newExample(q, r, compared)
				e.weight, e.rich = weight, m.Richness()
				all = append(all, e)
			}
		}
	}
	return all, nil
}

func newExample(q measure.Question, r intent.Ranking, compared []intent.Compared) example {
	e := example{right: -1, signals: slices.Clone(r.Signals[:])}
	e.correct = q.Kind == measure.In && r.Ranked[0].Entry.ID == q.ID
	places := map[string]int{}
	for i := range compared {
		id := compared[i].Entry.ID
		at, seen := places[id]
		if !seen {
			at = len(e.entries)
			places[id] = at
			e.entries = append(e.entries, nil)
		}
		e.entries[at] = append(e.entries[at], slices.Clone(compared[i].Features[:]))
		if q.Kind == measure.In && id == q.ID {
			e.right = at
		}
	}
	return e
}

// Strength of the pull towards zero, and steps of the optimiser.
const (
	rankerDecay      = 2e-4
	calibrationDecay = 2e-3
	steps            = 1000
)

// listwise minimises the mean of -log softmax(right) over the in-scope
// questions whose right entry was recalled. The first n numbers are the plain
// weights, the next n those that grow with richness.
func listwise(examples []example, n int) (x []float64, loss float64) {
	o := newAdam(2 * n)
	var total float64
	for _, e := range examples {
		if e.right >= 0 {
			total += e.weight
		}
	}
	for range steps {
		gradient := make([]float64, 2*n)
		loss = 0
		for i := range examples {
			if examples[i].right >= 0 {
				loss += softmaxGradient(&examples[i], o.x, gradient) / total
			}
		}
		for i := range gradient {
			gradient[i] = gradient[i]/total + 2*rankerDecay*o.x[i]
		}
		o.step(gradient)
		keepCeilings(o.x)
	}
	return o.x, loss
}

// keepCeilings moves weights that are too large to intent.FeatureCeilings, at
// both ends of richness.
func keepCeilings(x []float64) {
	n := len(x) / 2
	for i, ceiling := range intent.FeatureCeilings() {
		x[i] = min(x[i], ceiling)
		x[n+i] = min(x[n+i], ceiling-x[i])
	}
}

// softmaxGradient adds the gradient of one question and returns its loss. An
// entry scores as its best wording.
func softmaxGradient(e *example, x, gradient []float64) float64 {
	n := len(x) / 2
	w := make([]float64, n)
	for i := range w {
		w[i] = x[i] + e.rich*x[n+i]
	}
	probabilities, best := softmax(e, w)
	for i, f := range best {
		p := probabilities[i]
		if i == e.right {
			p--
		}
		for j, value := range f {
			gradient[j] += e.weight * p * value
			gradient[n+j] += e.weight * p * value * e.rich
		}
	}
	return -e.weight * math.Log(max(1e-12, probabilities[e.right]))
}

// softmax returns the probability of each entry and the features of its best
// wording.
func softmax(e *example, w []float64) (probabilities []float64, best [][]float64) {
	probabilities = make([]float64, len(e.entries))
	best = make([][]float64, len(e.entries))
	highest := math.Inf(-1)
	for i, wordings := range e.entries {
		probabilities[i] = math.Inf(-1)
		for _, f := range wordings {
			if s := dot(w, f); s > probabilities[i] {
				probabilities[i], best[i] = s, f
			}
		}
		highest = max(highest, probabilities[i])
	}
	var sum float64
	for i := range probabilities {
		probabilities[i] = math.Exp(probabilities[i] - highest)
		sum += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= sum
	}
	return probabilities, best
}

// logistic fits the probability that the best candidate is right.
func logistic(examples []example) (weights []intent.Weight, bias intent.Weight, loss float64) {
	n := len(examples[0].signals)
	mean, deviation := moments(examples)
	rows := make([][]float64, len(examples))
	var total float64
	for i, e := range examples {
		rows[i] = logisticRow(e, mean, deviation)
		total += e.weight
	}
	o := newAdam(2 * (n + 1))
	for range steps {
		gradient := make([]float64, len(o.x))
		loss = 0
		for i, e := range examples {
			p, y := 1/(1+math.Exp(-dot(o.x, rows[i]))), 0.0
			if e.correct {
				y = 1
			}
			loss -= e.weight / total * math.Log(max(1e-12, 1-math.Abs(p-y)))
			for j, x := range rows[i] {
				gradient[j] += e.weight / total * (p - y) * x
			}
		}
		for j := range gradient {
			gradient[j] += 2 * calibrationDecay * o.x[j]
		}
		o.step(gradient)
	}
	all := pairs(o.x)
	weights, bias = all[:n], all[n]
	for i := range weights {
		for k := range weights[i] {
			weights[i][k] /= deviation[i]
			bias[k] -= weights[i][k] * mean[i]
		}
	}
	return weights, bias, loss
}

// logisticRow is the standardised signals and a one, then the same times the
// richness.
func logisticRow(e example, mean, deviation []float64) []float64 {
	row := make([]float64, 0, 2*len(mean)+2)
	for i, s := range e.signals {
		row = append(row, (s-mean[i])/deviation[i])
	}
	row = append(row, 1)
	for _, x := range row {
		row = append(row, x*e.rich)
	}
	return row
}

// moments returns mean and standard deviation of each signal.
func moments(examples []example) (mean, deviation []float64) {
	n := len(examples[0].signals)
	mean, deviation = make([]float64, n), make([]float64, n)
	for _, e := range examples {
		for i, s := range e.signals {
			mean[i] += s / float64(len(examples))
		}
	}
	for _, e := range examples {
		for i, s := range e.signals {
			deviation[i] += (s - mean[i]) * (s - mean[i]) / float64(len(examples))
		}
	}
	for i := range deviation {
		deviation[i] = max(1e-6, math.Sqrt(deviation[i]))
	}
	return mean, deviation
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// adam is the optimiser of Kingma and Ba (2015) with its usual constants.
type adam struct {
	x, m, v []float64
	t       int
}

func newAdam(n int) *adam {
	return &adam{x: make([]float64, n), m: make([]float64, n), v: make([]float64, n)}
}

func (o *adam) step(gradient []float64) {
	const rate, b1, b2, epsilon = 0.03, 0.9, 0.999, 1e-8
	o.t++
	c1, c2 := 1-math.Pow(b1, float64(o.t)), 1-math.Pow(b2, float64(o.t))
	for i, g := range gradient {
		o.m[i] = b1*o.m[i] + (1-b1)*g
		o.v[i] = b2*o.v[i] + (1-b2)*g*g
		o.x[i] -= rate * (o.m[i] / c1) / (math.Sqrt(o.v[i]/c2) + epsilon)
	}
}
