package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faqbot/bot/intent"
)

// writeSet writes a small field of knowledge with questions.
func writeSet(t *testing.T, dir, name, knowledge, questions string) {
	t.Helper()
	for path, text := range map[string]string{name + knowledgeSuffix: knowledge, name + questionsSuffix: questions} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	shopKnowledge = `{"id":"a","question":"怎么开发票","variants":["发票在哪里开"]}
{"id":"b","question":"怎么退货","variants":["买错了想退"]}
{"id":"c","question":"几点关门","variants":["晚上开到几点"]}
`
	shopQuestions = `{"text":"开发票怎么弄","id":"a","kind":"in"}
{"text":"我要退货","id":"b","kind":"in"}
{"text":"你们几点关门啊","id":"c","kind":"in"}
{"text":"能不能分期","id":"","kind":"near"}
{"text":"讲个笑话","id":"","kind":"far"}
`
)

func TestRunFitsMeasuresAndWrites(t *testing.T) {
	dir := t.TempDir()
	writeSet(t, dir, "one", shopKnowledge, shopQuestions)
	writeSet(t, dir, "two", shopKnowledge, shopQuestions)
	writeSet(t, dir, "aside", shopKnowledge, shopQuestions)
	path := filepath.Join(dir, "model.json")
	var out strings.Builder
	args := []string{"--data", dir, "--skip", "aside", "--weight", "two=0.5", "--leave", "--note", "a test", "--out", path}
	if err := run(context.Background(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fitted on all sets", "each set with a model that never saw it", "one ", "two "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "aside") {
		t.Errorf("a skipped set is in the report:\n%s", out.String())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := intent.ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.FittedOn != "a test" || m.Prior["么"] == 0 {
		t.Errorf("fitted on %q, prior of 么 %v", m.FittedOn, m.Prior["么"])
	}
}

func TestRunFails(t *testing.T) {
	empty, broken, stray := t.TempDir(), t.TempDir(), t.TempDir()
	writeSet(t, broken, "x", shopKnowledge, "{\n")
	writeSet(t, stray, "x", shopKnowledge, `{"text":"a","id":"nobody","kind":"in"}`)
	for _, tt := range []struct{ dir, want string }{
		{empty, "no sets"}, {broken, "x.queries.jsonl"}, {stray, "nobody"}, {filepath.Join(empty, "missing"), "missing"},
	} {
		err := run(context.Background(), []string{"--data", tt.dir}, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.dir, err, tt.want)
		}
	}
}
