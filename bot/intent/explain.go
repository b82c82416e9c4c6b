package intent

import (
	"fmt"
	"strings"
)

// tracedCandidates is how many candidates a trace keeps.
const tracedCandidates = 8

// explain fills the candidates and signals of the trace.
func (t *Trace) explain(m *Matcher, r Ranking, confidences []float64) {
	for i := range r.Ranked[:min(tracedCandidates, len(r.Ranked))] {
		c := &r.Ranked[i]
		ct := CandidateTrace{
			Entry: c.Entry.ID, Question: c.Entry.Question, Wording: c.Entry.Questions()[c.Wording],
			Score: c.Score, Excluded: c.Excluded, Features: m.contributions(c),
			Missing: missing(t.Tokens, &c.entry.wordings[c.Wording], m.stop),
		}
		if i < len(confidences) {
			ct.Confidence = confidences[i]
		}
		t.Candidates = append(t.Candidates, ct)
	}
	if r.usable == 0 {
		return
	}
	for i, s := range r.Signals {
		t.Signals = append(t.Signals, Contribution{signalNames[i].name, signalNames[i].label, s, m.weights.signals[i]})
	}
}

func (m *Matcher) contributions(r *Ranked) []Contribution {
	out := make([]Contribution, 0, numFeatures)
	for i, x := range r.Features {
		out = append(out, Contribution{featureNames[i].name, featureNames[i].label, x, m.weights.ranker[i]})
	}
	return out
}

// missing returns the words of the question that the wording does not contain.
func missing(tokens []string, w *wording, stop *stopWords) []string {
	var words []string
	for _, token := range tokens {
		if !stop.set[token] && strings.TrimSpace(token) != "" && !contains(w.runes, []rune(token)) {
			words = append(words, token)
		}
	}
	return words
}

func wordingKind(wording int) string {
	if wording == 0 {
		return "标准问"
	}
	return "扩展问"
}

// reason puts the decision into a sentence.
func (d *Decision) reason(r Ranking) string {
	best := d.Trace.Candidates[0]
	nearest := fmt.Sprintf("最像知识点「%s」", best.Question)
	if best.Wording != best.Question {
		nearest += fmt.Sprintf("（扩展问「%s」）", best.Wording)
	}
	sure := fmt.Sprintf("，把握 %s", percent(d.Confidence))
	switch {
	case d.Kind == Answer:
		return nearest + sure + "，达到回答线 " + percent(d.Trace.AnswerAt) + lead(d.Trace.Candidates) + "。"
	case d.Kind == Clarify:
		return nearest + sure + fmt.Sprintf("，但与「%s」（%s）相差太小，请访客选一个。", d.Trace.Candidates[1].Question, percent(d.Trace.Candidates[1].Confidence))
	case d.Trace.Rule == "numbers":
		return nearest + sure + "，但数字或型号不同，只作推荐。"
	case d.Trace.Rule == "keywords":
		return "问题只有关键词，" + nearest + sure + "；推荐含有这些词的问题。"
	case d.Kind == Suggest:
		return nearest + sure + fmt.Sprintf("，未到回答线 %s，高于推荐线 %s，请访客选择%s。", percent(d.Trace.AnswerAt), percent(d.Trace.SuggestAt), lacking(best))
	}
	return "没有足够接近的知识点：" + nearest + sure + "，低于推荐线 " + percent(d.Trace.SuggestAt) + lacking(best) + "。" + nearerExcluded(r)
}

// lead says how far the best candidate is ahead.
func lead(candidates []CandidateTrace) string {
	if len(candidates) < 2 || candidates[1].Excluded != "" {
		return ""
	}
	return fmt.Sprintf("，领先第二名「%s」（%s）", candidates[1].Question, percent(candidates[1].Confidence))
}

func lacking(c CandidateTrace) string {
	if len(c.Missing) == 0 {
		return ""
	}
	return "（缺少关键词：" + strings.Join(c.Missing[:min(5, len(c.Missing))], "、") + "）"
}

// nearerExcluded names an entry that came nearer but may not answer.
func nearerExcluded(r Ranking) string {
	if r.usable == len(r.Ranked) || r.Ranked[r.usable].Score <= r.Ranked[0].Score {
		return ""
	}
	return excludedReason(&r.Ranked[r.usable])
}

func excludedReason(r *Ranked) string {
	return fmt.Sprintf("更接近的知识点「%s」不能回答：%s。", r.Entry.Question, r.Excluded)
}

// unknownReason is for a question without any usable candidate.
func unknownReason(r Ranking) string {
	if len(r.Ranked) > 0 {
		return excludedReason(&r.Ranked[0])
	}
	return "知识库里没有任何相近的问法。"
}

func percent(p float64) string {
	return fmt.Sprintf("%.0f%%", 100*p)
}
