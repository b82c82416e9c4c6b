package intent

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// recallLimit is how many wordings are compared with a question.
const recallLimit = 50

// Matcher decides over one state of the knowledge. It is immutable and safe for
// concurrent use; Update returns the next state.
type Matcher struct {
	model     *Model
	weights   *weights // of the model, for the richness of this base
	analyzer  Analyzer
	recaller  Recaller
	stop      *stopWords
	syllables *syllables
	terms     *terms
	entries   map[string]*entry
	// exact finds wordings by Form.Key and, where word classes change it, by the
	// canonical text.
	exact map[string]*place
}

// entry is a knowledge entry prepared for matching.
type entry struct {
	knowledge.Entry
	wordings []wording // as Entry.Questions()
	counters []wording
	keys     [][]string // of the wordings: those in Matcher.exact
	refused  []string   // keys of the counter-examples
}

// place is where a wording stands; next is another entry with the same one.
type place struct {
	entry   *entry
	wording int
	next    *place
}

// New prepares the entries. The recaller must find wordings of these entries;
// what it finds of others is passed over.
func New(model *Model, analyzer Analyzer, recaller Recaller, stop []string, entries []knowledge.Entry) *Matcher {
	m := &Matcher{
		model: model, analyzer: analyzer, recaller: recaller,
		stop:      newStopWords(analyzer, stop),
		syllables: newSyllables(),
		entries:   make(map[string]*entry, len(entries)),
		exact:     make(map[string]*place, len(entries)),
	}
	m.terms = newTerms(&model.Prior, m.syllables)
	for _, e := range m.prepareAll(entries) {
		m.add(e)
	}
	m.seal()
	return m
}

// seal computes what depends on the knowledge as a whole.
func (m *Matcher) seal() {
	m.terms.seal()
	m.weights = m.model.weightsAt(m.Richness())
}

// Richness tells how many wordings the entries have on average; see Richness.
func (m *Matcher) Richness() float64 { return Richness(m.Len()) }

// WithModel returns a Matcher over the same knowledge with another model.
func (m *Matcher) WithModel(model *Model) *Matcher {
	n := *m
	n.model, n.terms = model, m.terms.clone()
	n.terms.prior = &model.Prior
	n.seal()
	return &n
}

// prepareAll analyses the entries on all cores and keeps their order.
func (m *Matcher) prepareAll(entries []knowledge.Entry) []*entry {
	prepared := make([]*entry, len(entries))
	workers := max(1, min(runtime.GOMAXPROCS(0), len(entries)/64))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(entries); i += workers {
				prepared[i] = m.prepare(entries[i])
			}
		})
	}
	wg.Wait()
	return prepared
}

func (m *Matcher) prepare(e knowledge.Entry) *entry {
	p := &entry{Entry: e}
	for _, question := range e.Questions() {
		form := m.analyzer.Analyze(question)
		p.wordings = append(p.wordings, newWording(form, m.stop))
		p.keys = append(p.keys, exactKeys(form))
	}
	for _, question := range e.CounterExamples {
		form := m.analyzer.Analyze(question)
		p.counters = append(p.counters, newWording(form, m.stop))
		p.refused = append(p.refused, form.Key)
	}
	return p
}

// exactKeys returns the texts by which a form is found exactly: as asked, and in
// the words that stand for their classes if those differ.
func exactKeys(f segment.Form) []string {
	if f.Key == "" {
		return nil
	}
	keys := []string{f.Key}
	if f.Text != f.Plain {
		keys = append(keys, strings.ReplaceAll(f.Text, " ", ""))
	}
	return keys
}

func (m *Matcher) add(e *entry) {
	m.entries[e.ID] = e
	for i := range e.wordings {
		m.terms.count(&e.wordings[i], 1)
		for _, key := range e.keys[i] {
			m.exact[key] = &place{entry: e, wording: i, next: m.exact[key]}
		}
	}
}

func (m *Matcher) remove(id string) {
	e, ok := m.entries[id]
	if !ok {
		return
	}
	delete(m.entries, id)
	for i := range e.wordings {
		m.terms.count(&e.wordings[i], -1)
		for _, key := range e.keys[i] {
			if chain := m.exact[key].without(e); chain != nil {
				m.exact[key] = chain
			} else {
				delete(m.exact, key)
			}
		}
	}
}

// without returns the chain without the places of e; the chain itself stays as
// it is, since an older Matcher may use it.
func (p *place) without(e *entry) *place {
	if p == nil {
		return nil
	}
	rest := p.next.without(e)
	if p.entry == e {
		return rest
	}
	return &place{entry: p.entry, wording: p.wording, next: rest}
}

// Update returns a Matcher over the knowledge after the changes. It shares what
// did not change with m, which stays as it is.
func (m *Matcher) Update(changes []knowledge.Change) *Matcher {
	n := *m
	n.entries, n.exact, n.terms = maps.Clone(m.entries), maps.Clone(m.exact), m.terms.clone()
	for _, c := range changes {
		if c.ID == "" {
			continue
		}
		n.remove(c.ID)
		if !c.Deleted {
			n.add(n.prepare(c.Entry))
		}
	}
	n.seal()
	return &n
}

// Len returns the number of entries and of wordings.
func (m *Matcher) Len() (entries, wordings int) { return len(m.entries), m.terms.wordings }

// Ranked is a candidate entry with its best wording.
type Ranked struct {
	*Compared
	Score float64
	// Excluded says in Chinese why the entry may not answer; empty if it may.
	Excluded string

	agree float64
}

// Ranking is the result of comparing a question with the recalled wordings.
type Ranking struct {
	Ranked  []Ranked            // best first; those that may answer come first
	Signals [numSignals]float64 // of the best; zero if there is none

	usable int // how many may answer
}

// rank orders what was compared.
func (m *Matcher) rank(form segment.Form, question *wording, compared []Compared, q Query) Ranking {
	ranked := m.bestOfEach(compared)
	for i := range ranked {
		ranked[i].Excluded = m.excluded(ranked[i].entry, form.Key, q)
		if ranked[i].Excluded == "" {
			ranked[i].Excluded = m.nearerCounter(&ranked[i], question)
		}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return a.before(&b) })
	r := Ranking{Ranked: ranked}
	for r.usable < len(ranked) && ranked[r.usable].Excluded == "" {
		r.usable++
	}
	if r.usable > 0 {
		r.Signals = signalsOf(ranked[:r.usable], m.unknownShare(question), len(question.runes))
	}
	return r
}

// before orders candidates: usable ones first, then by score, then by id.
func (r *Ranked) before(o *Ranked) int {
	if (r.Excluded == "") != (o.Excluded == "") {
		if r.Excluded == "" {
			return -1
		}
		return 1
	}
	switch {
	case r.Score > o.Score:
		return -1
	case r.Score < o.Score:
		return 1
	}
	return strings.Compare(r.Entry.ID, o.Entry.ID)
}

// Compared is a recalled wording with its features against the question.
type Compared struct {
	Entry    *knowledge.Entry
	Wording  int // among Entry.Questions()
	Features [numFeatures]float64

	entry *entry
}

// compareAll computes the features of each recalled wording. What comes out is
// in order of entry and wording, whatever the order of recall.
func (m *Matcher) compareAll(question *wording, hits []Hit) []Compared {
	c := newComparer(m.terms, question)
	compared := make([]Compared, 0, len(hits))
	for _, hit := range hits {
		e, ok := m.entries[hit.Entry]
		if !ok || hit.Wording >= len(e.wordings) {
			continue
		}
		compared = append(compared, Compared{
			Entry: &e.Entry, Wording: hit.Wording, Features: c.compare(&e.wordings[hit.Wording]), entry: e,
		})
	}
	slices.SortFunc(compared, func(a, b Compared) int {
		return cmp.Or(strings.Compare(a.Entry.ID, b.Entry.ID), cmp.Compare(a.Wording, b.Wording))
	})
	return compared
}

// bestOfEach scores the wordings and keeps the best of each entry. The wordings
// of an entry stand together.
func (m *Matcher) bestOfEach(compared []Compared) []Ranked {
	ranked := make([]Ranked, 0, len(compared))
	var scores []float64 // of the last entry's wordings
	for i := range compared {
		c := &compared[i]
		score := m.weights.score((*features)(&c.Features))
		last := len(ranked) - 1
		switch {
		case last < 0 || ranked[last].entry != c.entry:
			ranked, scores = append(ranked, Ranked{Compared: c, Score: score}), scores[:0]
			last++
		case score > ranked[last].Score:
			ranked[last] = Ranked{Compared: c, Score: score}
		}
		scores = append(scores, score)
		ranked[last].agree = agreeing(scores)
	}
	return ranked
}

// agreeing tells, from 0 to 1, how many wordings of one entry come near its best.
func agreeing(scores []float64) float64 {
	slices.Sort(scores)
	best, sum := scores[len(scores)-1], 0.0
	for _, s := range scores[:len(scores)-1] {
		sum += agreement(best - s)
	}
	return min(1, sum/3)
}

// agreement counts a second wording of an entry: fully if it is as near as the
// best, not at all if it is two points of score behind.
func agreement(behind float64) float64 { return max(0, 1-behind/2) }

// inactive says why an entry answers nobody at the time; empty if it is active.
func inactive(e *entry, at time.Time) string {
	switch {
	case !e.Enabled:
		return "已停用"
	case at.Before(e.EffectiveFrom):
		return "还未生效（" + minute(e.EffectiveFrom) + " 起）"
	case !e.ActiveAt(at):
		return "已失效（" + minute(e.ExpiresAt) + "）"
	}
	return ""
}

// excluded says why an entry may not answer the question with this key now.
func (m *Matcher) excluded(e *entry, key string, q Query) string {
	if why := inactive(e, q.At); why != "" {
		return why
	}
	if _, ok := e.AnswerFor(q.Dimension); !ok && len(e.Answers) > 0 {
		return "没有适合该访客维度的答案"
	}
	if i := slices.Index(e.refused, key); i >= 0 {
		return "命中反例问「" + e.CounterExamples[i] + "」"
	}
	return ""
}

// nearerCounter names a counter-example that is nearer than the best wording.
func (m *Matcher) nearerCounter(r *Ranked, question *wording) string {
	if len(r.entry.counters) == 0 {
		return ""
	}
	c := newComparer(m.terms, question)
	for i := range r.entry.counters {
		f := c.compare(&r.entry.counters[i])
		if m.weights.score(&f) > r.Score {
			return "更接近反例问「" + r.Entry.CounterExamples[i] + "」"
		}
	}
	return ""
}

// unknownShare is the share, by weight, of the characters that no wording uses.
func (m *Matcher) unknownShare(w *wording) float64 {
	var unknown, all float64
	for _, r := range w.runes {
		idf := m.terms.idf(r)
		all += idf
		if !m.terms.known(r) {
			unknown += idf
		}
	}
	if all == 0 {
		return 1
	}
	return unknown / all
}

// minute formats a time as editors write it.
func minute(t time.Time) string { return t.Format("2006-01-02 15:04") }
