package intent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Model holds everything that was fitted: the weights of the features, the
// calibration and the thresholds. It is small enough to read.
type Model struct {
	// FittedOn says from what data and when, for people.
	FittedOn string `json:"fitted_on"`
	// Ranker weighs the features of a pair of wordings, by name.
	Ranker map[string]Weight `json:"ranker"`
	// Bias and Signals turn the signals of the best candidate into log odds.
	Bias       Weight            `json:"bias"`
	Signals    map[string]Weight `json:"signals"`
	Thresholds Thresholds        `json:"thresholds"`
	// Prior is how common characters are in Chinese questions at large.
	Prior Prior `json:"prior"`

	fingerprint string
}

// Weight is a weight for a knowledge base with one wording an entry, and what is
// added in proportion to its richness: where entries have many wordings, being
// near to one of them means something else.
type Weight [2]float64

// at returns the weight at a richness.
func (w Weight) at(richness float64) float64 { return w[0] + richness*w[1] }

// Thresholds are confidences between 0 and 1.
type Thresholds struct {
	// Answer is needed to answer.
	Answer float64 `json:"answer"`
	// Suggest is needed to offer candidates.
	Suggest float64 `json:"suggest"`
	// Margin is how far the best must be ahead of the next entry; nearer than that
	// the visitor is asked which is meant.
	Margin float64 `json:"margin"`
}

// Prior gives the share of questions that use a character.
type Prior map[string]float64

// share returns the share for r; a character that is not listed is rare.
func (p *Prior) share(r rune) float64 {
	if p == nil {
		return 0
	}
	return (*p)[string(r)]
}

// ParseModel reads a model and checks that its names are those of this program.
func ParseModel(data []byte) (*Model, error) {
	var m Model
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("parse model: %w", err)
	}
	sum := sha256.Sum256(data)
	m.fingerprint = hex.EncodeToString(sum[:6])
	for _, f := range featureNames {
		if _, ok := m.Ranker[f.name]; !ok {
			return nil, fmt.Errorf("parse model: no weight for feature %q", f.name)
		}
	}
	for _, s := range signalNames {
		if _, ok := m.Signals[s.name]; !ok {
			return nil, fmt.Errorf("parse model: no weight for signal %q", s.name)
		}
	}
	return &m, m.Thresholds.validate()
}

func (t Thresholds) validate() error {
	if !(0 < t.Suggest && t.Suggest <= t.Answer && t.Answer <= 1 && 0 <= t.Margin && t.Margin < 1) {
		return fmt.Errorf("parse model: thresholds %+v are not 0 < suggest <= answer <= 1, 0 <= margin < 1", t)
	}
	return nil
}

// Fingerprint names the exact model; it changes with every fitted number.
func (m *Model) Fingerprint() string { return m.fingerprint }

// weights are those of a model for the richness of one knowledge base.
type weights struct {
	ranker  features
	bias    float64
	signals signals
}

// weightsAt returns the weights for a richness.
func (m *Model) weightsAt(richness float64) *weights {
	w := &weights{bias: m.Bias.at(richness)}
	for i, f := range featureNames {
		w.ranker[i] = m.Ranker[f.name].at(richness)
	}
	for i, s := range signalNames {
		w.signals[i] = m.Signals[s.name].at(richness)
	}
	return w
}

// Richness tells how many wordings an entry has on average, on a scale from 0
// (one) to 1 (eight or more).
func Richness(entries, wordings int) float64 {
	if entries == 0 {
		return 0
	}
	return min(1, math.Log2(max(1, float64(wordings)/float64(entries)))/3)
}

// score is the linear score of a pair of wordings.
func (w *weights) score(f *features) float64 {
	var s float64
	for i, x := range f {
		s += x * w.ranker[i]
	}
	return s
}

// confidence is the probability that the best candidate is right.
func (w *weights) confidence(s *signals) float64 {
	z := w.bias
	for i, x := range s {
		z += x * w.signals[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// FeatureNames lists the features in the order of Ranked.Features.
func FeatureNames() []string {
	return names(featureNames[:])
}

// FeatureCeilings tells, in the order of FeatureNames, how much each feature may
// weigh at most, whatever the data of one field say: a contradiction or something
// missing never speaks for a wording, and another number speaks against it.
func FeatureCeilings() []float64 {
	ceilings := make([]float64, numFeatures)
	for i := range ceilings {
		ceilings[i] = math.Inf(1)
	}
	for _, against := range []int{
		fMissQuery, fWordMiss, fAsksConflict, fNegation, fOpposed, fOpposedWeak, fNumberMiss, fNumberExtra,
	} {
		ceilings[against] = 0
	}
	ceilings[fNumberConflict] = -3
	return ceilings
}

// SignalNames lists the signals in the order of Ranking.Signals.
func SignalNames() []string {
	return names(signalNames[:])
}

type named = struct{ name, label string }

func names(all []named) []string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = n.name
	}
	return slices.Clip(out)
}

// WithRanker returns a copy of m with other weights of the features, in the
// order of FeatureNames.
func (m *Model) WithRanker(weights []Weight) (*Model, error) {
	n := *m
	n.Ranker = map[string]Weight{}
	for i, f := range featureNames {
		n.Ranker[f.name] = weights[i].round()
	}
	return n.reparse()
}

// WithCalibration returns a copy of m with another calibration; the weights are
// in the order of SignalNames.
func (m *Model) WithCalibration(weights []Weight, bias Weight) (*Model, error) {
	n := *m
	n.Bias, n.Signals = bias.round(), map[string]Weight{}
	for i, s := range signalNames {
		n.Signals[s.name] = weights[i].round()
	}
	return n.reparse()
}

func (w Weight) round() Weight { return Weight{round(w[0]), round(w[1])} }

// Encode returns the model as ParseModel reads it.
func (m *Model) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return append(data, '\n'), nil
}

func (m *Model) reparse() (*Model, error) {
	data, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return ParseModel(data)
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// WithThresholds returns a copy of m in which the thresholds that are not zero
// replace the fitted ones.
func (m *Model) WithThresholds(t Thresholds) (*Model, error) {
	n := *m
	n.Thresholds.Answer = orDefault(t.Answer, m.Thresholds.Answer)
	n.Thresholds.Suggest = min(orDefault(t.Suggest, m.Thresholds.Suggest), n.Thresholds.Answer)
	n.Thresholds.Margin = orDefault(t.Margin, m.Thresholds.Margin)
	return n.reparse()
}

func orDefault(x, otherwise float64) float64 {
	if x != 0 {
		return x
	}
	return otherwise
}
