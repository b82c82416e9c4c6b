package intent

import "slices"

// comparer computes the features of one question against many wordings. It
// holds what depends on the question alone, and scratch space, so it serves one
// goroutine.
type comparer struct {
	terms   *terms
	q       side
	c       side
	numbers []string // of the question
	rows    [3][maxRunes + 1]float64
	edits   [2][maxRunes + 1]int
	runs    [2][maxRunes + 1]int
}

// side is one of the two wordings, with the weights of its characters.
type side struct {
	*wording
	idf      [maxRunes]float64
	first    [maxRunes]bool // the first of its equals
	shared   [maxRunes]bool // found in the other side
	syllable [maxRunes]uint16
	total    float64 // sum of idf over first characters
	squares  float64 // sum of idf² over first characters
	sequence float64 // sum of idf over all characters
}

func newComparer(t *terms, q *wording) *comparer {
	c := &comparer{terms: t, numbers: numbersOf(q.runes)}
	c.q.load(t, q)
	return c
}

func (s *side) load(t *terms, w *wording) {
	s.wording, s.total, s.squares, s.sequence = w, 0, 0, 0
	for i, r := range w.runes {
		idf := t.idf(r)
		s.idf[i] = idf
		s.syllable[i] = t.syllables.of(r)
		s.first[i] = !slices.Contains(w.runes[:i], r)
		s.sequence += idf
		if s.first[i] {
			s.total += idf
			s.squares += idf * idf
		}
	}
}

func (s *side) markShared(o *side) {
	for i, r := range s.runes {
		s.shared[i] = slices.Contains(o.runes, r)
	}
}

// compare returns the features of the question against w.
func (c *comparer) compare(w *wording) features {
	c.c.load(c.terms, w)
	c.q.markShared(&c.c)
	c.c.markShared(&c.q)
	var f features
	if len(c.q.runes) == 0 || len(w.runes) == 0 {
		return f
	}
	c.characters(&f)
	f[fBigramQuery], f[fBigramWording] = coverPairs(&c.q, &c.c), coverPairs(&c.c, &c.q)
	f[fWordQuery], f[fWordMiss] = coverWords(&c.q, &c.c, c.terms.max)
	f[fWordWording], _ = coverWords(&c.c, &c.q, c.terms.max)
	c.sequences(&f)
	c.sounds(&f)
	c.meaning(&f)
	c.codes(&f)
	return f
}

// characters fills the features of the characters as sets.
func (c *comparer) characters(f *features) {
	q, w := &c.q, &c.c
	var both, bothSquares, missQ, missW float64
	distinctQ, distinctW, common := 0, 0, 0
	for i := range q.runes {
		switch {
		case !q.first[i]:
			continue
		case q.shared[i]:
			both += q.idf[i]
			bothSquares += q.idf[i] * q.idf[i]
			common++
		default:
			missQ = max(missQ, q.idf[i])
		}
		distinctQ++
	}
	for i := range w.runes {
		if w.first[i] {
			distinctW++
			if !w.shared[i] {
				missW = max(missW, w.idf[i])
			}
		}
	}
	f[fCosine] = bothSquares / sqrt(q.squares*w.squares)
	f[fCoverQuery] = both / q.total
	f[fCoverWording] = both / w.total
	f[fMissQuery] = missQ / c.terms.max
	f[fMissWording] = missW / c.terms.max
	f[fJaccard] = float64(common) / float64(distinctQ+distinctW-common)
	f[fBM25] = min(1.25, both*c.terms.saturation(len(w.runes))/(q.total*c.terms.saturation(len(q.runes))))
	lq, lw := len(q.runes), len(w.runes)
	f[fLength] = float64(min(lq, lw)) / float64(max(lq, lw))
	f[fExact] = truth(slices.Equal(q.runes, w.runes))
	f[fEnds] = (truth(q.runes[0] == w.runes[0]) + truth(q.runes[lq-1] == w.runes[lw-1])) / 2
}

// coverPairs returns the share, by weight, of the pairs of neighbours of a that
// b has too.
func coverPairs(a, b *side) float64 {
	var found, all float64
	for i := 1; i < len(a.runes); i++ {
		weight := a.idf[i-1] + a.idf[i]
		all += weight
		if a.shared[i-1] && a.shared[i] && hasPair(b.runes, a.runes[i-1], a.runes[i]) {
			found += weight
		}
	}
	if all == 0 {
		return truth(a.shared[0])
	}
	return found / all
}

func hasPair(runes []rune, x, y rune) bool {
	for i := 1; i < len(runes); i++ {
		if runes[i] == y && runes[i-1] == x {
			return true
		}
	}
	return false
}

// coverWords returns the share, by weight, of the words of a that b contains,
// and the weight of the heaviest one that it does not, as a share of most.
func coverWords(a, b *side, most float64) (share, miss float64) {
	var found, all float64
	a.words(func(from, to int) {
		weight, shared := 0.0, true
		for i := from; i < to; i++ {
			weight += a.idf[i]
			shared = shared && a.shared[i]
		}
		all += weight
		if shared && contains(b.runes, a.runes[from:to]) {
			found += weight
		} else {
			miss = max(miss, weight)
		}
	})
	return found / all, min(1, miss/(2*most))
}

// contains reports whether part is a substring of runes.
func contains(runes, part []rune) bool {
	for i := 0; i+len(part) <= len(runes); i++ {
		if slices.Equal(runes[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// sequences fills the features that respect the order of the characters.
func (c *comparer) sequences(f *features) {
	q, w := &c.q, &c.c
	longest, substring, edits := c.align()
	f[fSubsequence] = longest / max(q.sequence, w.sequence)
	f[fSubsequenceQuery] = longest / q.sequence
	f[fSubstring] = float64(substring) / float64(min(len(q.runes), len(w.runes)))
	f[fEdit] = 1 - float64(edits)/float64(max(len(q.runes), len(w.runes)))
}

// align walks both wordings once and returns the weight of the heaviest common
// subsequence, the length of the longest common substring and the edit distance.
func (c *comparer) align() (subsequence float64, substring, edits int) {
	q, w := &c.q, &c.c
	weights, lastWeights := &c.rows[0], &c.rows[1]
	steps, lastSteps := &c.edits[0], &c.edits[1]
	run, lastRun := &c.runs[0], &c.runs[1]
	n := len(w.runes)
	for j := 0; j <= n; j++ {
		lastWeights[j], lastSteps[j], lastRun[j] = 0, j, 0
	}
	for i, r := range q.runes {
		weights[0], steps[0], run[0] = 0, i+1, 0
		for j, s := range w.runes {
			if r == s {
				weights[j+1] = lastWeights[j] + q.idf[i]
				steps[j+1] = lastSteps[j]
				run[j+1] = lastRun[j] + 1
				substring = max(substring, run[j+1])
				continue
			}
			weights[j+1] = max(weights[j], lastWeights[j+1])
			steps[j+1] = 1 + min(lastSteps[j], lastSteps[j+1], steps[j])
			run[j+1] = 0
		}
		weights, lastWeights = lastWeights, weights
		steps, lastSteps = lastSteps, steps
		run, lastRun = lastRun, run
	}
	return lastWeights[n], substring, lastSteps[n]
}

// sounds fills the features of the syllables, which forgive homophones.
func (c *comparer) sounds(f *features) {
	q, w := &c.q, &c.c
	lq, lw := len(q.runes), len(w.runes)
	single1, pairs1 := sharedSyllables(q.syllable[:lq], w.syllable[:lw])
	single2, pairs2 := sharedSyllables(w.syllable[:lw], q.syllable[:lq])
	f[fPinyin] = float64(single1+single2) / float64(lq+lw)
	f[fPinyinPairs] = float64(pairs1+pairs2) / float64(max(1, lq+lw-2))
}

// sharedSyllables counts the syllables of a, and its pairs of neighbours, that b
// has too.
func sharedSyllables(a, b []uint16) (single, pairs int) {
	for i, syllable := range a {
		if slices.Contains(b, syllable) {
			single++
		}
		if i > 0 && hasSyllables(b, a[i-1], syllable) {
			pairs++
		}
	}
	return single, pairs
}

func hasSyllables(syllables []uint16, x, y uint16) bool {
	for i := 1; i < len(syllables); i++ {
		if syllables[i] == y && syllables[i-1] == x {
			return true
		}
	}
	return false
}

// meaning fills what is asked for, negation and opposites.
func (c *comparer) meaning(f *features) {
	q, w := &c.q, &c.c
	f[fAsks] = q.asks.agreement(w.asks)
	f[fAsksConflict] = truth(q.asks != 0 && w.asks != 0 && q.asks&w.asks == 0)
	f[fNegation] = truth(q.not != w.not)
	f[fOpposed] = truth((q.poles & strongPoles).opposed(w.poles&strongPoles) > 0)
	f[fOpposedWeak] = truth((q.poles &^ strongPoles).opposed(w.poles&^strongPoles) > 0)
}

// codes fills what is said in digits and codes.
func (c *comparer) codes(f *features) {
	numbers := numbersOf(c.c.runes)
	found := 0
	for _, n := range c.numbers {
		if slices.Contains(numbers, n) {
			found++
		}
	}
	f[fNumberExtra] = truth(found < len(numbers))
	if len(c.numbers) == 0 {
		return
	}
	f[fNumberShare] = float64(found) / float64(len(c.numbers))
	f[fNumberMiss] = 1 - f[fNumberShare]
	f[fNumberConflict] = truth(found < len(c.numbers) && found < len(numbers))
}

// numbersOf returns the different runs of digits and Latin letters that hold a
// digit.
func numbersOf(runes []rune) []string {
	var numbers []string
	for i := 0; i < len(runes); {
		from, digit := i, false
		for i < len(runes) && isCode(runes[i]) {
			digit = digit || runes[i] >= '0' && runes[i] <= '9'
			i++
		}
		if i == from {
			i++
			continue
		}
		if number := string(runes[from:i]); digit && !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func isCode(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '.'
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
