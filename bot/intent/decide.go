package intent

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"faqbot/knowledge/segment"
)

// Decide decides about one question. The error is that of the Recaller or of
// the context; a question that cannot be answered is no error.
func (m *Matcher) Decide(ctx context.Context, q Query) (Decision, error) {
	form := m.analyzer.Analyze(q.Text)
	d := Decision{Trace: m.begin(q, form)}
	places, barred := m.exactHits(form, q)
	if len(places) > 0 {
		return m.decideExact(d, q, places), nil
	}
	if rule, reason := m.unanswerable(form); rule != "" {
		if barred != "" {
			rule, reason = ruleBarred, barred
		}
		d.refuse(rule, reason)
		return d, nil
	}
	ranking, _, err := m.recallAndRank(ctx, form, q)
	if err != nil {
		return Decision{}, err
	}
	if barred == "" {
		barred = ranking.overshadowed(q)
	}
	return m.judge(d, q, ranking).barredBy(barred), nil
}

// overshadowed names an entry that is not active and came nearer than all that
// may answer: most likely the visitor means that one.
func (r *Ranking) overshadowed(q Query) string {
	if r.usable == 0 || r.usable == len(r.Ranked) {
		return ""
	}
	nearest := &r.Ranked[r.usable]
	if nearest.Score <= r.Ranked[0].Score || inactive(nearest.entry, q.At) == "" {
		return ""
	}
	return excludedReason(nearest)
}

// ruleBarred is the rule of a question whose own entry may not answer.
const ruleBarred = "barred"

// barredBy keeps anything else from answering a question that is that of an entry
// which may not answer now: it is offered at most.
func (d Decision) barredBy(reason string) Decision {
	if reason == "" {
		return d
	}
	if d.Kind == Refuse && d.Trace.Rule == "threshold" {
		return d // its reason names the entry already
	}
	d.Trace.Rule = ruleBarred
	if d.Kind == Answer {
		offered := append([]Candidate{}, d.Candidates...)
		d = Decision{Kind: Suggest, Candidates: offered, Confidence: d.Confidence, Trace: d.Trace}
	}
	d.Reason = reason
	if d.Kind != Refuse {
		d.Reason += "其他相近的问题只作推荐。"
	}
	return d
}

// Rank compares without deciding; it serves fitting. It also returns all that
// was compared, in the order of recall.
func (m *Matcher) Rank(ctx context.Context, q Query) (Ranking, []Compared, error) {
	return m.recallAndRank(ctx, m.analyzer.Analyze(q.Text), q)
}

func (m *Matcher) recallAndRank(ctx context.Context, form segment.Form, q Query) (Ranking, []Compared, error) {
	hits, err := m.recaller.Recall(ctx, form, recallLimit)
	if err != nil {
		return Ranking{}, nil, fmt.Errorf("recall candidates: %w", err)
	}
	question := newWording(form, m.stop)
	compared := m.compareAll(&question, hits)
	return m.rank(form, &question, compared, q), compared, nil
}

func (m *Matcher) begin(q Query, form segment.Form) Trace {
	t := Trace{
		Text: strings.ToValidUTF8(q.Text, "\uFFFD"), Key: form.Key, Canonical: form.Text,
		AnswerAt: m.model.Thresholds.Answer, SuggestAt: m.model.Thresholds.Suggest,
		Model: m.model.Fingerprint(), Tokens: make([]string, 0, len(form.Words)),
		Candidates: []CandidateTrace{},
	}
	for i, word := range form.Words {
		if i == maxRunes {
			t.Truncated = true
			break
		}
		t.Tokens = append(t.Tokens, word.Text)
	}
	t.Truncated = t.Truncated || utf8.RuneCountInString(form.Key) > maxRunes
	return t
}

// refuse records a refusal by a rule.
func (d *Decision) refuse(rule, reason string) {
	d.Kind, d.Trace.Rule, d.Reason = Refuse, rule, reason
}

// unanswerable returns the rule and reason to refuse a question that says too
// little to be compared.
func (m *Matcher) unanswerable(form segment.Form) (rule, reason string) {
	runes := []rune(form.Key)
	switch {
	case len(runes) == 0:
		return "empty", "内容为空，或只有标点、表情、网址，没有可以理解的文字。"
	case len(runes) == 1:
		return "short", "只有一个字，无法判断想问什么。"
	case onlyDigits(runes):
		return "digits", "只有数字，无法判断想问什么。"
	case m.onlyStopWords(form):
		return "stopwords", "只有停用词，没有实际内容。"
	}
	return "", ""
}

func onlyDigits(runes []rune) bool {
	for _, r := range runes {
		if !unicode.IsDigit(r) && r != '.' && r != ' ' {
			return false
		}
	}
	return true
}

func (m *Matcher) onlyStopWords(form segment.Form) bool {
	return len(m.stop.content(form)) == 0
}

// exactHits returns the usable wordings with the same text, one for each entry,
// in order of their ids: those that are the same as asked, failing these those
// that are the same in words with the same meaning. If there are such wordings
// but none is usable, barred says why.
func (m *Matcher) exactHits(form segment.Form, q Query) (hits []*place, barred string) {
	for _, key := range exactKeys(form) {
		for _, p := range m.placesOf(key) {
			why := m.excluded(p.entry, form.Key, q)
			switch {
			case why == "":
				hits = append(hits, p)
			case barred == "":
				barred = fmt.Sprintf("问的正是知识点「%s」，但它不能回答：%s。", p.entry.Question, why)
			}
		}
		if len(hits) > 0 || barred != "" {
			break
		}
	}
	return hits, barred
}

// placesOf returns the wordings with the key, one for each entry, in order of
// the entries' ids.
func (m *Matcher) placesOf(key string) []*place {
	var places []*place
	for p := m.exact[key]; p != nil; p = p.next {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b *place) int {
		return cmp.Or(strings.Compare(a.entry.ID, b.entry.ID), cmp.Compare(a.wording, b.wording))
	})
	return slices.CompactFunc(places, func(a, b *place) bool { return a.entry == b.entry })
}

func (m *Matcher) decideExact(d Decision, q Query, places []*place) Decision {
	d.Trace.Rule, d.Confidence = "exact", 1/float64(len(places))
	for _, p := range places {
		d.Trace.Candidates = append(d.Trace.Candidates, CandidateTrace{
			Entry: p.entry.ID, Question: p.entry.Question, Wording: p.entry.Questions()[p.wording],
			Confidence: d.Confidence, Features: []Contribution{},
		})
		d.Candidates = append(d.Candidates, Candidate{p.entry.ID, p.entry.Question, d.Confidence})
	}
	if len(places) > 1 {
		d.Kind = Clarify
		d.Candidates = d.Candidates[:min(MaxCandidates, len(d.Candidates))]
		d.Reason = fmt.Sprintf("有 %d 个知识点写着同样的问法，请访客选一个。", len(places))
		return d
	}
	p := places[0]
	d.answer(p.entry, q)
	same := "归一后"
	if p.entry.keys[p.wording][0] != d.Trace.Key {
		same = "替换同义词后"
	}
	d.Reason = fmt.Sprintf("与知识点「%s」的%s「%s」%s完全一致。", p.entry.Question, wordingKind(p.wording), p.entry.Questions()[p.wording], same)
	return d
}

// answer makes e the answer of d.
func (d *Decision) answer(e *entry, q Query) {
	d.Kind, d.Entry = Answer, e.Entry
	d.Candidates = nil
	a, ok := e.AnswerFor(q.Dimension)
	if !ok || len(a.Texts) == 0 {
		return
	}
	if e.ReplyAll {
		d.Texts = a.Texts
		return
	}
	d.Texts = a.Texts[pick(d.Trace.Key, len(a.Texts)):][:1]
}

// pick chooses one of n alternatives; the same question gets the same one.
func pick(key string, n int) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % uint32(n))
}

// judge turns a ranking into a decision.
func (m *Matcher) judge(d Decision, q Query, r Ranking) Decision {
	usable := r.Ranked[:r.usable]
	confidences := m.confidences(usable, r.Signals)
	d.Trace.explain(m, r, confidences)
	if len(usable) == 0 {
		d.refuse("unknown", unknownReason(r))
		return d
	}
	best := usable[0].entry
	d.Confidence = confidences[0]
	d.Trace.AnswerAt = m.answerAt(best)
	offered := m.offers(usable, confidences)
	unclear := len(offered) > 1 && m.isClose(confidences)
	switch {
	case d.Confidence >= d.Trace.AnswerAt && unclear:
		d.Kind, d.Trace.Rule, d.Candidates = Clarify, "margin", offered
	case d.Confidence >= d.Trace.AnswerAt && usable[0].Features[fNumberConflict] > 0:
		d.Kind, d.Trace.Rule, d.Candidates = Suggest, "numbers", offered
	case d.Confidence >= d.Trace.AnswerAt:
		d.Trace.Rule = "threshold"
		d.answer(best, q)
		d.Candidates = offered
	case d.Confidence >= m.model.Thresholds.Suggest:
		d.Kind, d.Trace.Rule, d.Candidates = Suggest, "threshold", offered
		if unclear {
			d.Kind, d.Trace.Rule = Clarify, "margin"
		}
	default:
		d.Kind, d.Trace.Rule = Refuse, "threshold"
		if offered := keywordOffers(usable, confidences, r.Signals); len(offered) > 0 {
			d.Kind, d.Trace.Rule, d.Candidates = Suggest, "keywords", offered
		}
	}
	d.Reason = d.reason(r)
	return d
}

// fewRunes is how long a question of mere keywords is.
const fewRunes = 3

// keywordOffers returns the entries that have every word of a question of a few
// characters, like 漏水: too little to answer, enough to offer.
func keywordOffers(usable []Ranked, confidences []float64, s signals) []Candidate {
	if s[sLength]*fullLength > fewRunes {
		return nil
	}
	var offered []Candidate
	for i := range usable {
		if usable[i].Features[fWordQuery] > 0.999 && len(offered) < MaxCandidates {
			offered = append(offered, Candidate{usable[i].Entry.ID, usable[i].Entry.Question, confidences[i]})
		}
	}
	return offered
}

// answerAt is the threshold for answering with e.
func (m *Matcher) answerAt(e *entry) float64 {
	if e.Threshold > 0 {
		return e.Threshold
	}
	return m.model.Thresholds.Answer
}

// isClose reports whether the second entry is too near to the first.
func (m *Matcher) isClose(confidences []float64) bool {
	return len(confidences) > 1 && confidences[0]-confidences[1] < m.model.Thresholds.Margin*confidences[0]
}

// confidences returns the probability of each usable candidate: the calibrated
// one for the best, and what its score says relative to that for the others.
func (m *Matcher) confidences(usable []Ranked, s signals) []float64 {
	if len(usable) == 0 {
		return nil
	}
	best := m.weights.confidence(&s)
	c := make([]float64, len(usable))
	for i := range usable {
		c[i] = best * math.Exp(usable[i].Score-usable[0].Score)
	}
	return c
}

// offers returns the candidates worth showing, best first.
func (m *Matcher) offers(usable []Ranked, confidences []float64) []Candidate {
	var offered []Candidate
	for i := range usable {
		if i == MaxCandidates || i > 0 && confidences[i] < m.model.Thresholds.Suggest/8 {
			break
		}
		offered = append(offered, Candidate{usable[i].Entry.ID, usable[i].Entry.Question, confidences[i]})
	}
	return offered
}
