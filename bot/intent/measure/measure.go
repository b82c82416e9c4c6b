// Package measure turns decisions about questions with known answers into the
// figures by which a matcher is judged.
package measure

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Kind says what should happen to a question.
type Kind string

// The kinds of questions.
const (
	In   Kind = "in"   // its entry is known and must be found
	Near Kind = "near" // the same field, but no entry answers it
	Far  Kind = "far"  // another world
)

// Question is a question with what should become of it.
type Question struct {
	Text string `json:"text"`
	ID   string `json:"id"` // the right entry; empty unless Kind is In
	Kind Kind   `json:"kind"`
}

// Outcome is what became of one question.
type Outcome struct {
	Kind Kind
	// Place of the right entry among the candidates, from 1; 0 if it is not there.
	Place int
	// Answered reports an automatic answer, not a suggestion.
	Answered   bool
	Confidence float64
	Latency    time.Duration
}

func (o Outcome) right() bool { return o.Kind == In && o.Place == 1 }

// Figures are the results over one set of questions. Shares and areas lie
// between 0 and 1.
type Figures struct {
	Entries   int     `json:"entries"`
	Questions int     `json:"questions"`
	In        InScope `json:"in"`
	Near      Out     `json:"near"`
	Far       Out     `json:"far"`
	// RightAtP90 is the largest share of in-scope questions that are answered right
	// at one threshold at which nine in ten automatic answers, near questions
	// included, are right.
	RightAtP90 float64 `json:"right_at_p90"`
	// ECE is the expected calibration error over in-scope and near questions, in
	// ten bins of equal width.
	ECE          float64 `json:"ece"`
	Latency      Latency `json:"latency_ms"`
	IndexSeconds float64 `json:"index_seconds"`
}

// InScope are the figures of questions that have an answer.
type InScope struct {
	N        int     `json:"n"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5"`
	MRR      float64 `json:"mrr"`
	Answered float64 `json:"answered"`
	// AnsweredRight is the share of all in-scope questions that were answered, and
	// answered right.
	AnsweredRight float64 `json:"answered_right"`
}

// Out are the figures of questions that must not be answered.
type Out struct {
	N        int     `json:"n"`
	Answered float64 `json:"answered"`
	// AUROC is the probability that a right in-scope answer has more confidence
	// than a question of this kind; ties count half.
	AUROC float64 `json:"auroc"`
}

// Latency are times per question in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Summarize computes the figures of the outcomes. Entries and IndexSeconds are
// left to the caller.
func Summarize(outcomes []Outcome) Figures {
	f := Figures{
		Questions:  len(outcomes),
		In:         inScope(ofKind(outcomes, In)),
		Near:       outOfScope(outcomes, Near),
		Far:        outOfScope(outcomes, Far),
		RightAtP90: RightAt(outcomes, 0.9),
		ECE:        calibrationError(outcomes),
	}
	latencies := make([]float64, len(outcomes))
	for i, o := range outcomes {
		latencies[i] = float64(o.Latency.Microseconds()) / 1000
	}
	slices.Sort(latencies)
	f.Latency = Latency{P50: Quantile(latencies, 0.5), P99: Quantile(latencies, 0.99)}
	return f
}

func ofKind(outcomes []Outcome, kind Kind) []Outcome {
	var out []Outcome
	for _, o := range outcomes {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

func inScope(outcomes []Outcome) InScope {
	var top1, top5, answered, right int
	var reciprocal float64
	for _, o := range outcomes {
		top1 += count(o.Place == 1)
		top5 += count(o.Place >= 1 && o.Place <= 5)
		answered += count(o.Answered)
		right += count(o.Answered && o.Place == 1)
		if o.Place > 0 {
			reciprocal += 1 / float64(o.Place)
		}
	}
	n := len(outcomes)
	return InScope{
		N: n, Top1: share(top1, n), Top5: share(top5, n), MRR: reciprocal / float64(max(1, n)),
		Answered: share(answered, n), AnsweredRight: share(right, n),
	}
}

func count(counts bool) int {
	if counts {
		return 1
	}
	return 0
}

func share(part, n int) float64 { return float64(part) / float64(max(1, n)) }

func outOfScope(outcomes []Outcome, kind Kind) Out {
	these := ofKind(outcomes, kind)
	answered := 0
	var right, wrong []float64
	for _, o := range these {
		answered += count(o.Answered)
		wrong = append(wrong, o.Confidence)
	}
	for _, o := range outcomes {
		if o.right() {
			right = append(right, o.Confidence)
		}
	}
	return Out{N: len(these), Answered: share(answered, len(these)), AUROC: AUROC(right, wrong)}
}

// AUROC returns the probability that a value of above is greater than one of
// below, ties counting half; 0 if either is empty.
func AUROC(above, below []float64) float64 {
	if len(above) == 0 || len(below) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(below))
	var wins float64
	for _, a := range above {
		less, _ := slices.BinarySearch(sorted, a)
		greater, _ := slices.BinarySearchFunc(sorted, a, func(x, a float64) int {
			if x <= a {
				return -1
			}
			return 1
		})
		wins += float64(less) + float64(greater-less)/2
	}
	return wins / float64(len(above)) / float64(len(below))
}

// RightAt returns the largest share of in-scope questions answered right at one
// threshold with at least the precision among all automatic answers to in-scope
// and near questions.
func RightAt(outcomes []Outcome, precision float64) float64 {
	var all []Outcome
	inScope := 0
	for _, o := range outcomes {
		if o.Kind == In {
			inScope++
		}
		if o.Kind != Far && o.Confidence > 0 {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Outcome) int { return cmp.Compare(b.Confidence, a.Confidence) })
	right, best := 0, 0
	for i, o := range all {
		if o.right() {
			right++
		}
		lastOfTie := i+1 == len(all) || all[i+1].Confidence < o.Confidence
		if lastOfTie && float64(right) >= precision*float64(i+1) {
			best = max(best, right)
		}
	}
	if inScope == 0 {
		return 0
	}
	return float64(best) / float64(inScope)
}

// calibrationError compares confidence and truth in ten bins.
func calibrationError(outcomes []Outcome) float64 {
	const bins = 10
	var sure, right, n [bins]float64
	total := 0.0
	for _, o := range outcomes {
		if o.Kind == Far {
			continue
		}
		b := min(bins-1, int(o.Confidence*bins))
		sure[b] += o.Confidence
		n[b]++
		total++
		if o.right() {
			right[b]++
		}
	}
	var ece float64
	for b := range bins {
		if n[b] > 0 {
			ece += math.Abs(sure[b]-right[b]) / total
		}
	}
	return ece
}

// Quantile returns the q-quantile of sorted values (nearest rank), 0 if there
// are none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}
