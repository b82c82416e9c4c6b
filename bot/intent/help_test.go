package intent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
	"faqbot/knowledge/segment"
)

// noon is when questions are asked unless a test says otherwise.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// stopWords are those of the matchers that newMatcher makes.
var stopWords = []string{"请问", "你好", "啊", "呢"}

// plain analyses without a lexicon; its dictionary takes a while to load.
var plain = sync.OnceValues(func() (*segment.Analyzer, error) { return analyzerOf(knowledge.Lexicon{}) })

func analyzerOf(lexicon knowledge.Lexicon) (*segment.Analyzer, error) {
	norm, err := normalize.New()
	if err != nil {
		return nil, err
	}
	return segment.NewAnalyzer(norm, lexicon)
}

func newAnalyzer(t testing.TB, lexicon knowledge.Lexicon) *segment.Analyzer {
	t.Helper()
	a, err := analyzerOf(lexicon)
	if err != nil {
		t.Fatalf("build the analyzer: %v", err)
	}
	return a
}

func plainAnalyzer(t testing.TB) *segment.Analyzer {
	t.Helper()
	a, err := plain()
	if err != nil {
		t.Fatalf("build the analyzer: %v", err)
	}
	return a
}

// everything recalls all wordings of all entries it knows, in their order.
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

// fixedHits recalls the same for every question.
type fixedHits []intent.Hit

func (h fixedHits) Recall(context.Context, segment.Form, int) ([]intent.Hit, error) { return h, nil }

// failing recalls nothing but its error.
type failing struct{ err error }

func (f failing) Recall(context.Context, segment.Form, int) ([]intent.Hit, error) { return nil, f.err }

// weights are what a test's model is made of; names that are missing weigh 0.
type weights struct {
	Ranker     map[string]float64
	Bias       float64
	Signals    map[string]float64
	Thresholds intent.Thresholds
}

// clearWeights rank by likeness and punish contradiction; the confidence grows
// with the likeness of the best candidate, half sure at a cosine of one half.
func clearWeights() weights {
	return weights{
		Ranker: map[string]float64{
			"cosine": 4, "cover_query": 2, "cover_wording": 1, "bigram_query": 1, "subsequence": 1, "edit": 1,
			"opposed": -3, "opposed_weak": -1, "number_conflict": -3, "negation": -2, "asks_conflict": -1,
		},
		Bias:       -5,
		Signals:    map[string]float64{"cosine": 10, "conflict": -2},
		Thresholds: intent.Thresholds{Answer: 0.7, Suggest: 0.2, Margin: 0.15},
	}
}

func (w weights) json(t testing.TB) []byte {
	t.Helper()
	m := intent.Model{
		FittedOn: "test", Thresholds: w.Thresholds, Bias: intent.Weight{w.Bias},
		Ranker: map[string]intent.Weight{}, Signals: map[string]intent.Weight{},
	}
	for _, name := range intent.FeatureNames() {
		m.Ranker[name] = intent.Weight{w.Ranker[name]}
	}
	for _, name := range intent.SignalNames() {
		m.Signals[name] = intent.Weight{w.Signals[name]}
	}
	for name := range w.Ranker {
		if !slices.Contains(intent.FeatureNames(), name) {
			t.Fatalf("the test weighs the feature %q, which there is not", name)
		}
	}
	for name := range w.Signals {
		if !slices.Contains(intent.SignalNames(), name) {
			t.Fatalf("the test weighs the signal %q, which there is not", name)
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatalf("encode the model: %v", err)
	}
	return data
}

func (w weights) model(t testing.TB) *intent.Model {
	t.Helper()
	m, err := intent.ParseModel(w.json(t))
	if err != nil {
		t.Fatalf("ParseModel: %v", err)
	}
	return m
}

func defaultModel(t testing.TB) *intent.Model {
	t.Helper()
	m, err := intent.DefaultModel()
	if err != nil {
		t.Fatalf("DefaultModel: %v", err)
	}
	return m
}

// newMatcher matches with the clear weights and the plain analyzer.
func newMatcher(t testing.TB, entries ...knowledge.Entry) *intent.Matcher {
	t.Helper()
	return intent.New(clearWeights().model(t), plainAnalyzer(t), everything(entries), stopWords, entries)
}

// entry returns an entry that may answer, with an answer that names it.
func entry(id, question string, variants ...string) knowledge.Entry {
	return knowledge.Entry{
		ID: id, Question: question, Variants: variants, Enabled: true, Version: 1,
		Answers: []knowledge.Answer{{Texts: []string{"答案 " + id}}},
	}
}

func ask(t testing.TB, m *intent.Matcher, text string) intent.Decision {
	t.Helper()
	return decide(t, m, intent.Query{Text: text, At: noon})
}

func decide(t testing.TB, m *intent.Matcher, q intent.Query) intent.Decision {
	t.Helper()
	d, err := m.Decide(context.Background(), q)
	if err != nil {
		t.Fatalf("Decide(%.40q): %v", q.Text, err)
	}
	return d
}

// ids of the candidates on offer.
func ids(candidates []intent.Candidate) []string {
	var out []string
	for _, c := range candidates {
		out = append(out, c.Entry)
	}
	return out
}

// best names the entry on top of what was compared.
func best(t testing.TB, m *intent.Matcher, text string) string {
	t.Helper()
	r, _, err := m.Rank(context.Background(), intent.Query{Text: text, At: noon})
	if err != nil {
		t.Fatalf("Rank(%q): %v", text, err)
	}
	if len(r.Ranked) == 0 {
		return ""
	}
	return r.Ranked[0].Entry.ID
}

// shop makes n entries that look somewhat alike.
func shop(n int) []knowledge.Entry {
	things := []string{"宽带", "流量", "话费", "套餐", "积分", "发票", "手机卡", "路由器", "会员", "密码"}
	actions := []string{"办理", "取消", "查询", "修改", "续费", "转让", "退订", "激活", "补办", "升级"}
	asks := []string{"怎么%s%s", "%s%s要多少钱", "%s%s需要什么证件", "多久能%s%s", "为什么不能%s%s", "在哪里%s%s", "%s%s有什么条件", "可以帮别人%s%s吗", "%s%s以后多久生效", "网上怎么%s%s"}
	entries := make([]knowledge.Entry, n)
	for i := range entries {
		thing, action := things[i%10], actions[i/10%10]
		question := fmt.Sprintf(asks[i/100%10], action, thing)
		entries[i] = entry(fmt.Sprintf("e%04d", i), question, "我想"+question, thing+action+fmt.Sprint(i))
	}
	return entries
}
