package evalset_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/bot/intent"
	"faqbot/bot/intent/measure"
	"faqbot/cmd/internal/evalset"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/segment"
)

func TestReadQuestions(t *testing.T) {
	got, err := evalset.ReadQuestions("q.jsonl", []byte("{\"text\":\"怎么装宽带\",\"id\":\"a\",\"kind\":\"in\"}\r\n\n  \n"+
		`{"text":"宽带史","kind":"near","id":null}`+"\n"+`{"kind":"far","text":"天气","note":"unknown fields are fine"}`))
	if err != nil {
		t.Fatalf("ReadQuestions: %v", err)
	}
	want := []measure.Question{{Text: "怎么装宽带", ID: "a", Kind: measure.In}, {Text: "宽带史", Kind: measure.Near}, {Text: "天气", Kind: measure.Far}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestReadQuestionsRefuses(t *testing.T) {
	const good = `{"text":"a","kind":"far"}` + "\n"
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "一个问题也没有"},
		{"blank lines", "\n \n\r\n", "一个问题也没有"},
		{"no JSON", good + "怎么装宽带", "第 2 行"},
		{"broken JSON", good + good + `{"text":"a","kind":"far"`, "第 3 行"},
		{"an array", `[{"text":"a","kind":"far"}]`, "第 1 行"},
		{"null", good + "\nnull", "第 3 行"},
		{"a number for the text", `{"text":1,"kind":"far"}`, "第 1 行"},
		{"no kind", good + `{"text":"a","id":"x"}`, "第 2 行"},
		{"unknown kind", good + `{"text":"a","kind":"out"}`, `第 2 行：kind 是 "out"`},
		{"in without id", good + `{"text":"a","kind":"in"}`, "第 2 行：kind 为 in"},
		{"a line of two megabytes", good + `{"text":"` + strings.Repeat("长", 2<<20/3) + `","kind":"far"}`, "第 2 行"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := evalset.ReadQuestions("q.jsonl", []byte(tt.data))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "q.jsonl") {
				t.Errorf("error %.200v, want one with the file and %q", err, tt.want)
			}
		})
	}
}

// Editors on Windows save text with a byte order mark.
func TestReadQuestionsWithMark(t *testing.T) {
	got, err := evalset.ReadQuestions("q.jsonl", []byte("\ufeff"+`{"text":"a","kind":"far"}`))
	if err != nil || len(got) != 1 {
		t.Errorf("ReadQuestions: %v, %v", got, err)
	}
}

func TestReadKnowledge(t *testing.T) {
	data := `{"question":"怎么装宽带","variants":["装宽带"]}` + "\n" +
		`{"id":"x","question":"怎么退订","answer":"回复 TD","enabled":false}` + "\n" +
		`{"word_class":{"name":"宽带","words":["宽带","网线"]}}`
	got, err := evalset.ReadKnowledge(context.Background(), "kb.jsonl", []byte(data), kbfile.Options{})
	if err != nil {
		t.Fatalf("ReadKnowledge: %v", err)
	}
	want := []knowledge.Entry{
		{ID: "000001", Question: "怎么装宽带", Variants: []string{"装宽带"}, Enabled: true},
		{ID: "x", Question: "怎么退订", Answers: []knowledge.Answer{{Texts: []string{"回复 TD"}}}},
	}
	if diff := cmp.Diff(want, got.Entries, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if len(got.Words.WordClasses) != 1 {
		t.Errorf("lexicon = %+v", got.Words)
	}
}

func TestReadKnowledgeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "kb.jsonl"},
		{"a row without question", `{"question":"a"}` + "\n" + `{"answer":"b"}`, "第 2 行"},
		{"two entries with one id", `{"id":"a","question":"一"}` + "\n" + `{"id":"a","question":"二"}`, "a"},
		{"an id like those that are made up", `{"question":"一"}` + "\n" + `{"id":"000001","question":"二"}`, "000001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := evalset.ReadKnowledge(context.Background(), "kb.jsonl", []byte(tt.data), kbfile.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("entries %+v, error %v, want one with %q", got, err, tt.want)
			}
		})
	}
}

// letters analyses without a dictionary: each character is a word.
type letters struct{}

func (letters) Analyze(text string) segment.Form {
	f := segment.Form{Key: text, Plain: text, Text: text}
	for i, r := range text {
		f.Words = append(f.Words, segment.Token{Text: string(r), Start: i, End: i + len(string(r))})
	}
	return f
}

// recaller finds the first wording of each entry, or fails.
type recaller struct {
	entries []knowledge.Entry
	err     error
}

func (r recaller) Recall(context.Context, segment.Form, int) ([]intent.Hit, error) {
	var hits []intent.Hit
	for _, e := range r.entries {
		hits = append(hits, intent.Hit{Entry: e.ID})
	}
	return hits, r.err
}

func newMatcher(t *testing.T, recallError error) *intent.Matcher {
	t.Helper()
	model, err := intent.DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	entries := []knowledge.Entry{
		{ID: "a", Question: "怎么办理宽带", Enabled: true}, {ID: "b", Question: "怎么开发票", Enabled: true},
		{ID: "gone", Question: "春节几点开门", Enabled: true, ExpiresAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
	}
	return intent.New(model, letters{}, recaller{entries, recallError}, nil, entries)
}

func TestAsk(t *testing.T) {
	questions := []measure.Question{
		{Text: "怎么办理宽带", ID: "a", Kind: measure.In}, {Text: "怎么开发票", ID: "a", Kind: measure.In},
		{Text: "办宽带", ID: "a", Kind: measure.In}, {Text: "办宽带", ID: "nobody", Kind: measure.In},
		{Text: "怎么办理宽带", ID: "a", Kind: measure.Near}, {Text: "？", Kind: measure.Far},
		{Text: "春节几点开门", ID: "gone", Kind: measure.In},
	}
	var progress [][2]int
	results, err := evalset.Ask(context.Background(), newMatcher(t, nil), questions, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), func(done, total int) {
		progress = append(progress, [2]int{done, total})
	})
	if err != nil {
		t.Fatalf("Ask: %v", err)
	}
	got := evalset.Outcomes(results)
	want := []measure.Outcome{
		{Kind: measure.In, Place: 1, Answered: true, Confidence: 1},
		{Kind: measure.In, Place: 0, Answered: true, Confidence: 1}, // another entry has the very words
		{Kind: measure.In, Place: 1}, {Kind: measure.In, Place: 0},
		{Kind: measure.Near, Place: 0, Answered: true, Confidence: 1}, // the id of a near question counts for nothing
		{Kind: measure.Far}, {Kind: measure.In, Place: 1, Answered: true, Confidence: 1},
	}
	for _, i := range []int{2, 3} { // what these come to is the model's affair
		want[i].Answered, want[i].Confidence = got[i].Answered, got[i].Confidence
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(measure.Outcome{}, "Latency")); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for i, r := range results {
		if r.Latency <= 0 || r.Text != questions[i].Text || r.Decision.Reason == "" {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if len(progress) != 7 || progress[6] != [2]int{7, 7} || progress[0] != [2]int{1, 7} {
		t.Errorf("progress %v", progress)
	}
}

// The time of asking decides what is in force.
func TestAskAtATime(t *testing.T) {
	questions := []measure.Question{{Text: "春节几点开门", ID: "gone", Kind: measure.In}}
	results, err := evalset.Ask(context.Background(), newMatcher(t, nil), questions, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), func(int, int) {})
	if err != nil {
		t.Fatalf("Ask: %v", err)
	}
	if results[0].Answered {
		t.Error("an expired entry answers")
	}
}

func TestAskFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := evalset.Ask(context.Background(), newMatcher(t, broken), []measure.Question{{Text: "办宽带", Kind: measure.Far}}, time.Now(), func(int, int) {})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "办宽带") {
		t.Errorf("Ask: %v, want the question and the cause", err)
	}
}
