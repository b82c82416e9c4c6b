package intent_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"faqbot/bot/intent"
	"faqbot/knowledge"
)

func FuzzDecide(f *testing.F) {
	for _, seed := range []string{
		"怎么办理宽带", "想办个宽带啊", "取消流量包多少钱", "", " ", "？！", "😀", "卡", "123", "59元套餐和159元套餐", "请问",
		"怎麼辦理寬帶", "ｗｉｆｉ", "\xff\xfe", "a\x00b", "\u202e带宽", "\u0301", "e\u0301", strings.Repeat("宽带", 200), "𠮷𠮷宽带",
		"不不不不", "https://example.com 宽带", "一百五十九元", "1,000.5", "Ⅷ㊙️⑤", "\u2028", "<b>&",
	} {
		f.Add(seed)
	}
	odd := entry("odd", "𠮷野家怎么走", "？", "", strings.Repeat("长", 600))
	odd.CounterExamples = []string{"", "？", "𠮷野家"}
	all := append(shop(30), odd, knowledge.Entry{ID: "bare", Question: "什么都没有的知识点", Enabled: true})
	m := newMatcher(f, all...)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := m.Decide(context.Background(), intent.Query{Text: text, At: noon})
		if err != nil {
			t.Fatalf("Decide: %v", err)
		}
		checkDecision(t, d)
		if _, err := json.Marshal(d.Trace); err != nil {
			t.Errorf("the trace is no JSON: %v", err)
		}
	})
}

// checkDecision checks what holds of every decision.
func checkDecision(t *testing.T, d intent.Decision) {
	t.Helper()
	if !(d.Confidence >= 0 && d.Confidence <= 1) {
		t.Errorf("confidence %v", d.Confidence)
	}
	if len(d.Candidates) > intent.MaxCandidates {
		t.Errorf("%d candidates", len(d.Candidates))
	}
	if !hasChinese(d.Reason) || !utf8.ValidString(d.Reason) || strings.Contains(d.Reason, "%!") {
		t.Errorf("reason %q", d.Reason)
	}
	if d.Trace.Rule == "" || d.Trace.Candidates == nil || d.Trace.Tokens == nil || !utf8.ValidString(d.Trace.Text) {
		t.Errorf("the trace lacks something: %+v", d.Trace)
	}
	for _, c := range d.Candidates {
		if !(c.Confidence >= 0 && c.Confidence <= 1) || c.Entry == "" || c.Question == "" {
			t.Errorf("candidate %+v", c)
		}
	}
	switch d.Kind {
	case intent.Answer:
		if d.Entry.ID == "" {
			t.Error("an answer without an entry")
		}
	case intent.Suggest:
		if len(d.Candidates) == 0 {
			t.Error("suggests nothing")
		}
	case intent.Clarify:
		if len(d.Candidates) < 2 {
			t.Error("asks which of one is meant")
		}
	case intent.Refuse:
		if len(d.Candidates) > 0 {
			t.Error("refuses and offers")
		}
	default:
		t.Errorf("kind %q", d.Kind)
	}
	if d.Kind != intent.Answer && (d.Entry.ID != "" || d.Texts != nil) {
		t.Errorf("%s with the entry %q and the texts %q", d.Kind, d.Entry.ID, d.Texts)
	}
}
