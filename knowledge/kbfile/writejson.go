package kbfile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// jsonEntry is an entry in our JSON.
type jsonEntry struct {
	ID              string       `json:"id,omitempty"`
	Category        string       `json:"category,omitempty"`
	Question        string       `json:"question"`
	Variants        []string     `json:"variants,omitempty"`
	CounterExamples []string     `json:"counter_examples,omitempty"`
	Answers         []jsonAnswer `json:"answers"`
	ReplyAll        bool         `json:"reply_all,omitempty"`
	Related         []string     `json:"related,omitempty"`
	EffectiveFrom   string       `json:"effective_from,omitempty"`
	ExpiresAt       string       `json:"expires_at,omitempty"`
	Enabled         bool         `json:"enabled"`
	Hot             bool         `json:"hot,omitempty"`
	Threshold       float64      `json:"threshold,omitempty"`
	Owner           string       `json:"owner,omitempty"`
}

type jsonAnswer struct {
	knowledge.Dimension
	Texts []string `json:"texts"`
}

type jsonClass struct {
	Name     string   `json:"name"`
	Words    []string `json:"words"`
	Includes []string `json:"includes,omitempty"`
}

// wechatEntry is a question in WeChat's JSON v2.
type wechatEntry struct {
	Skill     string   `json:"skill"`
	Intent    string   `json:"intent"`
	Threshold string   `json:"threshold,omitempty"`
	Disable   bool     `json:"disable"`
	Questions []string `json:"questions"`
	Answers   []string `json:"answers"`
}

// weknoraEntry is a question in WeKnora's JSON.
type weknoraEntry struct {
	Tag       string   `json:"tag_name"`
	Question  string   `json:"standard_question"`
	Similar   []string `json:"similar_questions"`
	Negative  []string `json:"negative_questions"`
	Answers   []string `json:"answers"`
	Strategy  string   `json:"answer_strategy"`
	Enabled   bool     `json:"is_enabled"`
	Recommend bool     `json:"is_recommended"`
}

func writeJSON(ctx context.Context, w io.Writer, kind sheet.Kind, layout Layout, kb Content) error {
	before, after := "[\n", "\n]\n"
	var element func(knowledge.Entry) any
	switch {
	case layout == LayoutOwn:
		questions := kb.questions()
		element = func(e knowledge.Entry) any { return ownElement(e, questions, kb.zone()) }
	case layout == LayoutWeChat && kind == sheet.KindJSON:
		before, after = "{\"mode\":0,\"data\":[\n", "\n]}\n"
		element = wechatElement
	case layout == LayoutWeKnora && kind == sheet.KindJSON:
		element = weknoraElement
	default:
		return fmt.Errorf("layout %q cannot be written as %s", layout, kind)
	}
	separator := ",\n"
	if kind == sheet.KindJSONL {
		before, separator, after = "", "\n", "\n"
	}
	out := &listWriter{w: bufio.NewWriter(w), before: before, separator: separator}
	for i, e := range kb.Entries {
		if i%512 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		out.add(element(e))
	}
	if layout == LayoutOwn {
		for _, v := range lexiconElements(kb.Lexicon) {
			out.add(v)
		}
	}
	if err := out.close(after); err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	return nil
}

// listWriter writes JSON values with separators; the first error sticks.
type listWriter struct {
	w                 *bufio.Writer
	before, separator string
	n                 int
	err               error
}

func (l *listWriter) add(v any) {
	if l.err != nil {
		return
	}
	text, err := marshal(v)
	if err != nil {
		l.err = err
		return
	}
	l.raw(text)
}

// raw adds a value that is JSON already.
func (l *listWriter) raw(text string) {
	lead := l.separator
	if l.n == 0 {
		lead = l.before
	}
	l.n++
	if _, err := l.w.WriteString(lead + text); err != nil && l.err == nil {
		l.err = err
	}
}

func (l *listWriter) close(after string) error {
	if l.n == 0 {
		after = l.before + after
	}
	if _, err := l.w.WriteString(after); err != nil && l.err == nil {
		l.err = err
	}
	if err := l.w.Flush(); err != nil && l.err == nil {
		l.err = err
	}
	return l.err
}

func ownElement(e knowledge.Entry, questions map[string]string, zone *time.Location) any {
	out := jsonEntry{
		ID: e.ID, Category: formatCategory(e.Category), Question: e.Question, Variants: e.Variants,
		CounterExamples: e.CounterExamples, Answers: []jsonAnswer{}, ReplyAll: e.ReplyAll, Related: relatedNames(e, questions),
		EffectiveFrom: formatRFC3339(e.EffectiveFrom, zone), ExpiresAt: formatRFC3339(e.ExpiresAt, zone),
		Enabled: e.Enabled, Hot: e.Hot, Threshold: e.Threshold, Owner: e.Owner,
	}
	for _, a := range e.Answers {
		out.Answers = append(out.Answers, jsonAnswer{a.Dimension, a.Texts})
	}
	return out
}

func formatRFC3339(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02T15:04:05.999Z07:00")
}

func lexiconElements(lex knowledge.Lexicon) []any {
	var out []any
	for _, c := range lex.WordClasses {
		out = append(out, map[string]any{keyClass: jsonClass(c)})
	}
	for _, list := range []struct {
		key   string
		words []string
	}{{keyUserWords, lex.UserWords}, {keyStop, lex.StopWords}, {keySensitive, lex.SensitiveWords}} {
		if len(list.words) > 0 {
			out = append(out, map[string]any{list.key: list.words})
		}
	}
	return out
}

// wechatElement loses what wechatRow loses, but keeps entries that are disabled.
func wechatElement(e knowledge.Entry) any {
	return wechatEntry{
		Skill: formatCategory(e.Category), Intent: e.Question, Threshold: formatThreshold(e.Threshold), Disable: !e.Enabled,
		Questions: notNil(e.Variants), Answers: notNil(wechatTexts(e)),
	}
}

// weknoraElement loses what weknoraRow loses.
func weknoraElement(e knowledge.Entry) any {
	strategy := "random"
	if e.ReplyAll {
		strategy = "all"
	}
	return weknoraEntry{
		Tag: formatCategory(e.Category), Question: e.Question, Similar: notNil(e.Variants), Negative: notNil(e.CounterExamples),
		Answers: notNil(defaultTexts(e)), Strategy: strategy, Enabled: e.Enabled, Recommend: true,
	}
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
