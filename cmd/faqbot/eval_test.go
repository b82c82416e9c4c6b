package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const questions = `{"text":"怎么办理宽带？","id":"net-1","kind":"in"}
{"text":"宽带要怎么装","id":"net-1","kind":"in"}
{"text":"能开电子发票吗","id":"inv-1","kind":"in"}
{"text":"怎么取消流量包啊","id":"flow-1","kind":"in"}
{"text":"宽带是谁发明的","kind":"near"}
{"text":"今天天气怎么样","kind":"far"}
{"text":"？","kind":"far"}
`

func TestEvalJSON(t *testing.T) {
	r := ok(t, "eval", "--json", "--kb", fileOf(t, "kb.jsonl", fiveEntries), "--queries", fileOf(t, "q.jsonl", questions))
	got := decode[map[string]any](t, r.out)
	for key, want := range map[string][]string{
		"":   {"ece", "entries", "far", "in", "index_seconds", "latency_ms", "near", "questions", "right_at_p90"},
		"in": {"answered", "answered_right", "mrr", "n", "top1", "top5"}, "near": {"answered", "auroc", "n"},
		"far": {"answered", "auroc", "n"}, "latency_ms": {"p50", "p99"},
	} {
		group := got
		if key != "" {
			group, _ = got[key].(map[string]any)
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(group))); diff != "" {
			t.Errorf("keys of %q (-want +got):\n%s", key, diff)
		}
	}
	f := decode[struct {
		Entries, Questions int
		In                 struct{ N, Top1, Top5, MRR, Answered, Answered_right float64 }
		Near, Far          struct{ N, Answered, AUROC float64 }
		Right_at_p90       float64
		ECE                float64
		Latency_ms         struct{ P50, P99 float64 }
		Index_seconds      float64
	}](t, r.out)
	if f.Entries != 5 || f.Questions != 7 || f.In.N != 4 || f.Near.N != 1 || f.Far.N != 2 {
		t.Errorf("counts: %+v", f)
	}
	if f.In.Top1 < 0.99 || f.In.Top5 < f.In.Top1 || f.In.MRR < f.In.Top1 || f.In.Answered < 0.5 || f.In.Answered_right > f.In.Answered {
		t.Errorf("in scope: %+v", f.In)
	}
	if f.Far.Answered != 0 || f.Far.AUROC < 0.99 || f.Near.AUROC < 0.99 {
		t.Errorf("out of scope: near %+v, far %+v", f.Near, f.Far)
	}
	if f.Right_at_p90 < 0.5 || f.Right_at_p90 > 1 || f.ECE < 0 || f.ECE > 1 || f.Index_seconds <= 0 || f.Latency_ms.P50 > f.Latency_ms.P99 || f.Latency_ms.P99 <= 0 {
		t.Errorf("figures: %+v", f)
	}
}

// Knowledge without answers, as evaluation files have it.
func TestEvalForPeople(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", `{"id":"1","question":"怎么办理宽带","variants":[]}`+"\n"+`{"id":"2","question":"怎么开发票","variants":[]}`+"\n")
	q := fileOf(t, "q.jsonl", `{"text":"怎么办理宽带","id":"1","kind":"in"}`+"\n"+`{"text":"怎么开发票","id":"1","kind":"in"}`+"\n"+`{"text":"怎么开发票！","id":null,"kind":"near"}`)
	r := ok(t, "eval", "--misses", "--kb", kb, "--queries", q)
	for _, want := range []string{"知识点 2 个，问题 3 个", "首选正确 50.0%", "误答 100.0%", "[in] 怎么开发票（应为 1）", "[near] 怎么开发票！"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if strings.Contains(ok(t, "eval", "--kb", kb, "--queries", q).out, "[in]") {
		t.Error("misses are listed without being asked for")
	}
}

func TestEvalFails(t *testing.T) {
	kb, q := fileOf(t, "kb.jsonl", fiveEntries), fileOf(t, "q.jsonl", questions)
	missing := filepath.Join(t.TempDir(), "missing.jsonl")
	for _, tt := range []struct{ name, kb, queries, want string }{
		{"missing knowledge", missing, q, "missing.jsonl"}, {"missing questions", kb, missing, "missing.jsonl"},
		{"knowledge is a directory", t.TempDir(), q, "知识文件"},
		{"bad question", kb, fileOf(t, "bad.jsonl", questions+"{\n"), "第 8 行"},
		{"bad knowledge", fileOf(t, "badkb.jsonl", `{"answer":"x"}`), q, "badkb.jsonl"},
		{"questions about entries that are not there", kb, fileOf(t, "other.jsonl", `{"text":"a","id":"nobody","kind":"in"}`), "nobody"},
	} {
		r := faqbot("eval", "--kb", tt.kb, "--queries", tt.queries)
		if r.code != exitFailure || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: exit code %d: %.200s %s", tt.name, r.code, r.out, r.err)
		}
	}
}
