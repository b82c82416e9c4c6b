package fit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/intent"
	"faqbot/bot/intent/fit"
	"faqbot/bot/intent/measure"
	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
	"faqbot/knowledge/segment"
)

// start is a model that ranks by nothing but how alike the lengths are.
func start(t *testing.T) *intent.Model {
	t.Helper()
	m := intent.Model{
		FittedOn: "nothing", Ranker: map[string]intent.Weight{}, Signals: map[string]intent.Weight{},
		Thresholds: intent.Thresholds{Answer: 0.7, Suggest: 0.2, Margin: 0.1},
	}
	for _, name := range intent.FeatureNames() {
		m.Ranker[name] = intent.Weight{}
	}
	m.Ranker["length"] = intent.Weight{1}
	for _, name := range intent.SignalNames() {
		m.Signals[name] = intent.Weight{}
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := intent.ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// everything recalls every wording.
type everything []knowledge.Entry

func (all everything) Recall(ctx context.Context, _ segment.Form, _ int) ([]intent.Hit, error) {
	var hits []intent.Hit
	for _, e := range all {
		for i := range e.Questions() {
			hits = append(hits, intent.Hit{Entry: e.ID, Wording: i})
		}
	}
	return hits, ctx.Err()
}

// set is a small field of knowledge with questions of each kind.
func set(t *testing.T) fit.Set {
	t.Helper()
	norm, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	analyzer, err := segment.NewAnalyzer(norm, knowledge.Lexicon{})
	if err != nil {
		t.Fatal(err)
	}
	var entries []knowledge.Entry
	var questions []measure.Question
	for _, thing := range []string{"宽带", "流量包", "会员", "积分"} {
		for _, action := range []string{"办理", "取消", "查询", "转让"} {
			id := fmt.Sprintf("e%02d", len(entries))
			entries = append(entries, knowledge.Entry{ID: id, Question: "怎么" + action + thing, Variants: []string{thing + action}, Enabled: true})
			questions = append(questions,
				measure.Question{Text: "我想" + action + thing, ID: id, Kind: measure.In},
				measure.Question{Text: thing + "要怎么" + action + "呢", ID: id, Kind: measure.In})
		}
	}
	for _, text := range []string{"宽带会被雷击吗", "会员日是哪天", "流量包是谁发明的", "积分的英文怎么说"} {
		questions = append(questions, measure.Question{Text: text, Kind: measure.Near})
	}
	for _, text := range []string{"今天天气怎么样", "晚饭吃什么", "讲个笑话", "世界杯谁赢了"} {
		questions = append(questions, measure.Question{Text: text, Kind: measure.Far})
	}
	return fit.Set{
		Name: "test", Questions: questions, Weight: 1, At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Matcher: intent.New(start(t), analyzer, everything(entries), nil, entries),
	}
}

func fitted(t *testing.T, sets ...fit.Set) *intent.Model {
	t.Helper()
	m, err := fit.Fit(context.Background(), start(t), sets, func(string) {})
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

// top1 is the share of in-scope questions whose entry comes first.
func top1(t *testing.T, s fit.Set, model *intent.Model) float64 {
	t.Helper()
	m := s.Matcher.WithModel(model)
	right, n := 0, 0
	for _, q := range s.Questions {
		if q.Kind != measure.In {
			continue
		}
		r, _, err := m.Rank(context.Background(), intent.Query{Text: q.Text, At: s.At})
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.Ranked[0].Entry.ID == q.ID {
			right++
		}
	}
	return float64(right) / float64(n)
}

func TestFitLearnsToRankAndToDoubt(t *testing.T) {
	s := set(t)
	model := fitted(t, s)
	before, after := top1(t, s, start(t)), top1(t, s, model)
	if before > 0.7 || after < 0.95 || after <= before {
		t.Errorf("right at first place: %.2f before, %.2f after", before, after)
	}

	m := s.Matcher.WithModel(model)
	confidence := map[measure.Kind]float64{}
	count := map[measure.Kind]float64{}
	for _, q := range s.Questions {
		d, err := m.Decide(context.Background(), intent.Query{Text: q.Text, At: s.At})
		if err != nil {
			t.Fatal(err)
		}
		confidence[q.Kind] += d.Confidence
		count[q.Kind]++
	}
	in, near, far := confidence[measure.In]/count[measure.In], confidence[measure.Near]/count[measure.Near], confidence[measure.Far]/count[measure.Far]
	if in < 0.75 || near > 0.45 || far > 0.3 {
		t.Errorf("mean confidence: in %.2f, near %.2f, far %.2f", in, near, far)
	}
	share := count[measure.In] / (count[measure.In] + count[measure.Near] + count[measure.Far])
	all := (confidence[measure.In] + confidence[measure.Near] + confidence[measure.Far]) / (count[measure.In] + count[measure.Near] + count[measure.Far])
	if math.Abs(all-share*after) > 0.1 {
		t.Errorf("mean confidence %.2f, but %.2f of the questions are got right", all, share*after)
	}
	if diff := cmp.Diff(start(t).Thresholds, model.Thresholds); diff != "" {
		t.Errorf("thresholds changed (-before +after):\n%s", diff)
	}
}

func TestFitIsDeterministic(t *testing.T) {
	s := set(t)
	s.Questions = append(s.Questions[:6:6], s.Questions[len(s.Questions)-4:]...)
	var encoded [2][]byte
	for i := range encoded {
		var err error
		if encoded[i], err = fitted(t, s).Encode(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(encoded[0], encoded[1]) {
		t.Errorf("two fits differ:\n%s", cmp.Diff(string(encoded[0]), string(encoded[1])))
	}
}

func TestFitReportsProgress(t *testing.T) {
	s := set(t)
	s.Questions = s.Questions[:4]
	var lines []string
	if _, err := fit.Fit(context.Background(), start(t), []fit.Set{s}, func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "ranker") || !strings.Contains(text, "calibration") {
		t.Errorf("progress: %q", text)
	}
}

func TestFitFails(t *testing.T) {
	if _, err := fit.Fit(context.Background(), start(t), nil, func(string) {}); err == nil {
		t.Error("no sets are no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fit.Fit(ctx, start(t), []fit.Set{set(t)}, func(string) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit after cancel: %v", err)
	}
}

// A set with questions of which none finds anything has nothing to teach; that
// is an error, not a panic.
func TestFitOfNothingRecalled(t *testing.T) {
	s := set(t)
	s.Questions = nil
	if _, err := fit.Fit(context.Background(), start(t), []fit.Set{s}, func(string) {}); err == nil {
		t.Error("no questions are no error")
	}
}

func TestCountPrior(t *testing.T) {
	got := fit.CountPrior([][]string{{"宽带宽带", "宽", "流量", "宽量"}}, 3)
	want := intent.Prior{"宽": 0.75, "量": 0.5, "带": 0.25} // 流 is as common as 带 and comes after it
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CountPrior (-want +got):\n%s", diff)
	}
	// Both fields count the same, though one has three times the texts.
	got = fit.CountPrior([][]string{{"甲", "甲", "甲"}, {"乙"}}, 100)
	if diff := cmp.Diff(intent.Prior{"甲": 0.5, "乙": 0.5}, got); diff != "" {
		t.Errorf("CountPrior of two fields (-want +got):\n%s", diff)
	}
	for _, none := range [][][]string{nil, {}, {nil}, {{""}}} {
		if got := fit.CountPrior(none, 3); len(got) != 0 {
			t.Errorf("CountPrior(%q) = %v", none, got)
		}
	}
}
