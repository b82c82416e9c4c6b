// Package evalset reads a knowledge file and a file of questions with known
// answers, and asks the questions.
package evalset

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/bot/intent/measure"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
)

// ReadKnowledge reads entries as they stand in a file; they need no answers.
// Rows that cannot be read are an error here: figures over half a file mislead.
func ReadKnowledge(ctx context.Context, name string, data []byte, opt kbfile.Options) (*bot.Fixed, error) {
	opt.AllowNoAnswer = true
	d, err := kbfile.Read(ctx, name, data, opt)
	if err != nil {
		return nil, err
	}
	if len(d.Problems) > 0 {
		return nil, fmt.Errorf("%s：有 %d 行读不懂，第一处：%w", name, len(d.Problems), d.Problems[0])
	}
	f := &bot.Fixed{}
	ids := map[string]bool{}
	for i, row := range d.Rows {
		e := row.Entry
		if e.ID == "" {
			e.ID = fmt.Sprintf("%06d", i+1)
		}
		if ids[e.ID] {
			return nil, fmt.Errorf("%s：编号 %q 出现了两次", name, e.ID)
		}
		ids[e.ID] = true
		if !row.Has.Has(knowledge.FieldEnabled) {
			e.Enabled = true
		}
		f.Entries = append(f.Entries, e)
	}
	if d.Lexicon != nil {
		f.Words = *d.Lexicon
	}
	return f, nil
}

// maxLine bounds a line of questions in bytes.
const maxLine = 1 << 20

// ReadQuestions reads JSON lines {"text", "id", "kind"}. Every error names the
// line.
func ReadQuestions(name string, data []byte) ([]measure.Question, error) {
	var questions []measure.Question
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		q, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("%s 第 %d 行：%w", name, n, err)
		}
		questions = append(questions, q)
	}
	if len(questions) == 0 {
		return nil, fmt.Errorf("%s：一个问题也没有；每行写 {\"text\":…, \"id\":…, \"kind\":\"in|near|far\"}", name)
	}
	return questions, nil
}

func parse(line []byte) (q measure.Question, err error) {
	if len(line) > maxLine {
		return q, fmt.Errorf("超过 %d 字节", maxLine)
	}
	if err := json.Unmarshal(line, &q); err != nil {
		return q, fmt.Errorf("不是 JSON 对象：%w", err)
	}
	return q, check(q)
}

// CheckIDs finds questions about entries that are not there.
func CheckIDs(entries []knowledge.Entry, questions []measure.Question) error {
	ids := map[string]bool{}
	for _, e := range entries {
		ids[e.ID] = true
	}
	for _, q := range questions {
		if q.Kind == measure.In && !ids[q.ID] {
			return fmt.Errorf("问题「%s」应由知识点 %q 回答，但知识文件里没有它", q.Text, q.ID)
		}
	}
	return nil
}

func check(q measure.Question) error {
	switch q.Kind {
	case measure.In:
		if q.ID == "" {
			return fmt.Errorf("kind 为 in 的问题要写明 id")
		}
	case measure.Near, measure.Far:
	default:
		return fmt.Errorf("kind 是 %q，只能写 in、near 或 far", q.Kind)
	}
	return nil
}

// Result is what became of one question.
type Result struct {
	measure.Question
	measure.Outcome
	Decision intent.Decision
}

// Ask asks all questions in turn, at the time given.
func Ask(ctx context.Context, m *intent.Matcher, questions []measure.Question, at time.Time, progress func(done, total int)) ([]Result, error) {
	results := make([]Result, 0, len(questions))
	for i, q := range questions {
		begin := time.Now()
		d, err := m.Decide(ctx, intent.Query{Text: q.Text, At: at})
		if err != nil {
			return nil, fmt.Errorf("decide about %q: %w", q.Text, err)
		}
		results = append(results, Result{q, outcome(q, d, time.Since(begin)), d})
		progress(i+1, len(questions))
	}
	return results, nil
}

func outcome(q measure.Question, d intent.Decision, latency time.Duration) measure.Outcome {
	o := measure.Outcome{Kind: q.Kind, Answered: d.Kind == intent.Answer, Confidence: d.Confidence, Latency: latency}
	for i, c := range d.Trace.Candidates {
		if q.Kind == measure.In && c.Entry == q.ID {
			o.Place = i + 1
			break
		}
	}
	return o
}

// Outcomes returns what measure.Summarize needs.
func Outcomes(results []Result) []measure.Outcome {
	outcomes := make([]measure.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = r.Outcome
	}
	return outcomes
}
