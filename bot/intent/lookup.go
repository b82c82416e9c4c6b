package intent

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"faqbot/knowledge"
)

// ruleChosen is the rule of an entry that the visitor chose by themselves.
const ruleChosen = "chosen"

// unasked is the key of no question: no counter-example is meant.
const unasked = "\x00"

// Choose decides about an entry that the visitor chose from a list: nothing is
// compared. It refuses if the entry is gone or may not answer now.
func (m *Matcher) Choose(q Query, id string) Decision {
	d := Decision{Trace: m.begin(q, m.analyzer.Analyze(q.Text))}
	e, ok := m.entries[id]
	if !ok {
		d.refuse(ruleChosen, "访客选择的知识点已经不存在。")
		return d
	}
	if why := m.excluded(e, unasked, q); why != "" {
		d.refuse(ruleBarred, "访客选择了知识点「"+e.Question+"」，但它不能回答："+why+"。")
		return d
	}
	d.Trace.Rule, d.Confidence = ruleChosen, 1
	d.answer(e, q)
	d.Reason = "访客选择了知识点「" + e.Question + "」。"
	return d
}

// Related returns what an entry wants to be offered after it, as far as it may
// answer the visitor now.
func (m *Matcher) Related(id string, q Query) []Candidate {
	e, ok := m.entries[id]
	if !ok {
		return nil
	}
	var related []Candidate
	for _, other := range e.Related {
		if r, ok := m.entries[other]; ok && m.excluded(r, unasked, q) == "" {
			related = append(related, r.candidate())
		}
	}
	return related
}

// Hot returns the hot questions (热点问题) that may be answered now, in order of
// category and question.
func (m *Matcher) Hot(q Query) []Candidate {
	var hot []*entry
	for _, e := range m.entries {
		if e.Hot && m.excluded(e, unasked, q) == "" {
			hot = append(hot, e)
		}
	}
	slices.SortFunc(hot, func(a, b *entry) int {
		return cmp.Or(slices.Compare(a.Category, b.Category), strings.Compare(a.Question, b.Question), strings.Compare(a.ID, b.ID))
	})
	candidates := make([]Candidate, len(hot))
	for i, e := range hot {
		candidates[i] = e.candidate()
	}
	return candidates
}

// Named returns the entry whose wording a text is, if exactly one may answer.
func (m *Matcher) Named(q Query) (Candidate, bool) {
	hits, _ := m.exactHits(m.analyzer.Analyze(q.Text), q)
	if len(hits) != 1 {
		return Candidate{}, false
	}
	return hits[0].entry.candidate(), true
}

// Complete returns the questions that somebody may be about to type: those with
// a wording that begins with the text, then those that contain it, then the
// nearest of the others.
func (m *Matcher) Complete(ctx context.Context, q Query, limit int) ([]Candidate, error) {
	form := m.analyzer.Analyze(q.Text)
	if len(form.Key) == 0 {
		return nil, nil
	}
	ranking, _, err := m.recallAndRank(ctx, form, q)
	if err != nil {
		return nil, err
	}
	usable := ranking.Ranked[:ranking.usable]
	confidences := m.confidences(usable, ranking.Signals)
	place := make(map[*entry]int, len(usable))
	var likely []*entry
	for i := range usable {
		e := usable[i].entry
		place[e] = e.completes(form.Key)
		if place[e] < farther || confidences[i] >= m.model.Thresholds.Suggest {
			likely = append(likely, e)
		}
	}
	slices.SortStableFunc(likely, func(a, b *entry) int { return cmp.Compare(place[a], place[b]) })
	likely = likely[:min(limit, len(likely))]
	candidates := make([]Candidate, len(likely))
	for i, e := range likely {
		candidates[i] = e.candidate()
	}
	return candidates, nil
}

// farther is the place of an entry that does not contain what was typed.
const farther = 3

// completes says how what was typed stands in the wordings: 0 the standard
// question begins with it, 1 another wording does, 2 one contains it.
func (e *entry) completes(key string) int {
	best := farther
	for i, keys := range e.keys {
		for _, k := range keys {
			switch {
			case strings.HasPrefix(k, key):
				best = min(best, min(i, 1))
			case strings.Contains(k, key):
				best = min(best, 2)
			}
		}
	}
	return best
}

func (e *entry) candidate() Candidate {
	return Candidate{Entry: e.ID, Question: e.Question, Confidence: 1}
}

// Compact drops what can be told from the model: labels and the features that
// count nothing. What is left is worth storing with each turn.
func (t *Trace) Compact() {
	t.Signals = compact(t.Signals)
	for i := range t.Candidates {
		c := &t.Candidates[i]
		c.Features = compact(c.Features)
	}
}

// compact keeps what counts, in place.
func compact(all []Contribution) []Contribution {
	kept := all[:0]
	for _, c := range all {
		if c.counts() {
			kept = append(kept, Contribution{Name: c.Name, Value: c.Value, Weight: c.Weight})
		}
	}
	return kept
}

func (c *Contribution) counts() bool { return c.Value != 0 && c.Weight != 0 }

// Find returns the entry with the id.
func (m *Matcher) Find(id string) (knowledge.Entry, bool) {
	e, ok := m.entries[id]
	if !ok {
		return knowledge.Entry{}, false
	}
	return e.Entry, true
}
