package intent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// lookupEntries are some that may answer at noon, and some that may not.
func lookupEntries() []knowledge.Entry {
	gone, late, soon := entry("expired", "宽带旧活动"), entry("off", "宽带停用"), entry("future", "宽带新活动")
	gone.ExpiresAt, soon.EffectiveFrom, late.Enabled = noon, noon.Add(time.Second), false
	south := entry("south", "宽带南方资费")
	south.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Region: "南方"}, Texts: []string{"南方的答案"}}}
	all := entry("all", "宽带全部答案")
	all.Answers, all.ReplyAll = []knowledge.Answer{{Texts: []string{"一", "二"}}}, true
	install := entry("install", "怎么办理宽带", "装宽带", "宽带办理")
	install.Related = []string{"fee", "expired", "nobody", "off", "south", "install2", "future"}
	install.CounterExamples = []string{"！！", "办理电视"}
	return []knowledge.Entry{
		install, entry("install2", "宽带安装进度"), entry("fee", "安装宽带的费用", "宽带费用"),
		entry("twin1", "甲的退订", "退订那个"), entry("twin2", "乙的退订", "退订那个"),
		gone, late, soon, south, all,
	}
}

func TestChoose(t *testing.T) {
	m := newMatcher(t, lookupEntries()...)
	for _, tt := range []struct {
		id, region string
		kind       intent.Kind
		rule       string
		texts      []string
	}{
		{"install", "", intent.Answer, "chosen", []string{"答案 install"}},
		{"all", "", intent.Answer, "chosen", []string{"一", "二"}},
		{"south", "南方", intent.Answer, "chosen", []string{"南方的答案"}},
		{"south", "北方", intent.Refuse, "barred", nil},
		{"south", "", intent.Refuse, "barred", nil},
		{"expired", "", intent.Refuse, "barred", nil},
		{"future", "", intent.Refuse, "barred", nil},
		{"off", "", intent.Refuse, "barred", nil},
		{"nobody", "", intent.Refuse, "chosen", nil},
		{"", "", intent.Refuse, "chosen", nil},
	} {
		// What is typed does not count: not even a counter-example.
		d := m.Choose(intent.Query{Text: "办理电视", At: noon, Dimension: knowledge.Dimension{Region: tt.region}}, tt.id)
		if d.Kind != tt.kind || d.Trace.Rule != tt.rule || !cmp.Equal(d.Texts, tt.texts) || d.Reason == "" || d.Trace.Text != "办理电视" || d.Trace.Model == "" {
			t.Errorf("Choose(%s, %s) = %+v", tt.id, tt.region, d)
		}
		if answered := tt.kind == intent.Answer; (d.Entry.ID == tt.id && answered) != answered || (d.Confidence == 1) != answered {
			t.Errorf("Choose(%s): entry %q, confidence %v", tt.id, d.Entry.ID, d.Confidence)
		}
	}
}

func TestRelated(t *testing.T) {
	m := newMatcher(t, lookupEntries()...)
	for _, tt := range []struct {
		id, region string
		want       []string
	}{
		{"install", "", []string{"fee", "install2"}},
		{"install", "南方", []string{"fee", "south", "install2"}},
		{"fee", "", nil},
		{"nobody", "", nil},
	} {
		got := ids(m.Related(tt.id, intent.Query{At: noon, Dimension: knowledge.Dimension{Region: tt.region}}))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Related(%s, %s) (-want +got):\n%s", tt.id, tt.region, diff)
		}
	}
}

func TestHot(t *testing.T) {
	entries := lookupEntries()
	for i := range entries {
		entries[i].Hot = entries[i].ID != "fee"
		entries[i].Category = knowledge.Path{"乙"}
	}
	entries[1].Category = knowledge.Path{"乙", "丙"}
	entries[3].Category = nil
	entries[4].Category = knowledge.Path{"丙"}
	m := newMatcher(t, entries...)
	want := []string{"twin1", "twin2", "all", "install", "install2"}
	for range 20 { // the order of maps must not show
		if diff := cmp.Diff(want, ids(m.Hot(intent.Query{At: noon}))); diff != "" {
			t.Fatalf("Hot (-want +got):\n%s", diff)
		}
	}
	if got := newMatcher(t, lookupEntries()...).Hot(intent.Query{At: noon}); len(got) != 0 {
		t.Errorf("nothing is hot, but %v", got)
	}
}

func TestNamed(t *testing.T) {
	classes := knowledge.Lexicon{WordClasses: []knowledge.WordClass{{Name: "退订", Words: []string{"退订", "取消"}}}}
	entries := lookupEntries()
	m := intent.New(clearWeights().model(t), newAnalyzer(t, classes), everything(entries), stopWords, entries)
	for text, want := range map[string]string{
		"怎么办理宽带": "install", "怎麼辦理寬帶？": "install", "装 宽带": "install", "怎么办理宽带呢": "",
		"退订那个": "", "甲的退订": "twin1", "甲的取消": "twin1", "宽带旧活动": "", "宽带停用": "", "宽带南方资费": "", "": "", "！！": "",
	} {
		got, ok := m.Named(intent.Query{Text: text, At: noon})
		if got.Entry != want || ok != (want != "") {
			t.Errorf("Named(%q) = %q, %v, want %q", text, got.Entry, ok, want)
		}
	}
}

func complete(t *testing.T, m *intent.Matcher, text string, limit int) []string {
	t.Helper()
	got, err := m.Complete(context.Background(), intent.Query{Text: text, At: noon}, limit)
	if err != nil {
		t.Fatalf("Complete(%q): %v", text, err)
	}
	return ids(got)
}

func TestComplete(t *testing.T) {
	m := newMatcher(t,
		entry("contains", "安装宽带的费用"), entry("variant", "网络开通", "宽带怎么开"), entry("prefix", "宽带安装进度"),
		entry("near", "家里的网带宽多少"), entry("far", "怎么开发票"),
		func() knowledge.Entry { e := entry("off", "宽带停用"); e.Enabled = false; return e }(),
	)
	got := complete(t, m, "宽带", 10)
	if len(got) < 3 || !cmp.Equal(got[:3], []string{"prefix", "variant", "contains"}) {
		t.Errorf("Complete(宽带) = %v, want prefix, variant, contains", got)
	}
	for _, id := range got {
		if id == "far" || id == "off" {
			t.Errorf("Complete(宽带) = %v", got)
		}
	}
	for range 10 {
		if again := complete(t, m, "寬 帶", 10); !cmp.Equal(got, again) {
			t.Fatalf("once %v, then %v", got, again)
		}
	}
	for limit := range 4 {
		if part := complete(t, m, "宽带", limit); !cmp.Equal(part, got[:limit], cmp.Comparer(sameIDs)) {
			t.Errorf("the first %d are %v", limit, part)
		}
	}
	for _, text := range []string{"", "  ", "😀", "？", "zzzz"} {
		if got := complete(t, m, text, 10); len(got) != 0 {
			t.Errorf("Complete(%q) = %v", text, got)
		}
	}
	if got := complete(t, m, "宽", 2); len(got) != 2 || got[0] != "prefix" {
		t.Errorf("Complete(宽) = %v", got)
	}
}

func sameIDs(a, b []string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// broken recalls nothing.
type broken struct{}

func (broken) Recall(context.Context, segment.Form, int) ([]intent.Hit, error) {
	return nil, errors.New("the index is gone")
}

func TestCompleteNeedsTheIndex(t *testing.T) {
	m := intent.New(clearWeights().model(t), plainAnalyzer(t), broken{}, nil, lookupEntries())
	if got, err := m.Complete(context.Background(), intent.Query{Text: "宽带", At: noon}, 5); err == nil {
		t.Errorf("Complete = %v without an index", got)
	}
}

func TestFind(t *testing.T) {
	m := newMatcher(t, lookupEntries()...)
	if e, ok := m.Find("fee"); !ok || e.Question != "安装宽带的费用" {
		t.Errorf("Find(fee) = %+v, %v", e, ok)
	}
	if _, ok := m.Find("nobody"); ok {
		t.Error("nobody is found")
	}
}

// TestCompactKeepsWhatCounts looks that every term of the scores is left, and
// nothing else is lost.
func TestCompactKeepsWhatCounts(t *testing.T) {
	m := newMatcher(t, lookupEntries()...)
	d, err := m.Decide(context.Background(), intent.Query{Text: "宽带怎么安装", At: noon})
	if err != nil || len(d.Trace.Candidates) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	before, err := json.Marshal(d.Trace)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Decide(context.Background(), intent.Query{Text: "宽带怎么安装", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	small := again.Trace
	small.Compact()
	text, err := json.Marshal(small)
	if err != nil || len(text) > len(before)*2/3 {
		t.Errorf("%d bytes of %d are left, %v", len(text), len(before), err)
	}
	wantTerms(t, "signals", d.Trace.Signals, small.Signals)
	for i, c := range d.Trace.Candidates {
		wantTerms(t, c.Entry, c.Features, small.Candidates[i].Features)
		small.Candidates[i].Features = c.Features
	}
	small.Signals = d.Trace.Signals
	if diff := cmp.Diff(d.Trace, small); diff != "" {
		t.Errorf("lost (-full +compact):\n%s", diff)
	}
}

func wantTerms(t *testing.T, what string, full, small []intent.Contribution) {
	t.Helper()
	var want []intent.Contribution
	for _, c := range full {
		if c.Value*c.Weight != 0 {
			c.Label = ""
			want = append(want, c)
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(small) {
		t.Errorf("%s: terms %v, want %v", what, small, want)
	}
}
