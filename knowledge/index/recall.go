package index

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	scorchsegment "github.com/blevesearch/scorch_segment_api/v2"
)

// Hit is a recalled question.
type Hit struct {
	Entry string
	// Question is 0 for the standard question, n for the variant n-1.
	Question int
	// Score orders the hits of one query; it means nothing between queries.
	Score float64
}

// How a question is scored: the sum of the weights of the query's terms in it,
// each by field and rarity, made smaller for long questions as in BM25. The
// figures were chosen by the recall among the best fifty (BenchmarkQuality) and
// the time it takes (BenchmarkRecall).
const (
	sizeWeight = 0.4 // BM25's b
	saturation = 1.2 // BM25's k1

	// minBudget and budgetShare (of the questions) say how many postings of a
	// query's rarest terms choose the candidates; more common terms only help to
	// order these.
	minBudget   = 50_000
	budgetShare = 0.3
	// wide is how many times more candidates than hits are ordered with them.
	wide = 4
	// maxPerEntry is how many questions of one entry are recalled while those of
	// others are waiting.
	maxPerEntry = 3
	// maxTerms bounds what a long query looks for, the rarest first.
	maxTerms = 128
)

func (f field) weight() float32 {
	return [fields]float32{words: 0.3, chars: 1, bigrams: 0.3, pinyins: 0.3}[f]
}

// found is a term of the query that some question holds.
type found struct {
	field  field
	term   string
	count  int
	weight float32
	old    postings // in the base
	fresh  postings // in the overlay
}

// candidate is a question that may be recalled.
type candidate struct {
	n     uint32
	fresh bool    // in the overlay
	sum   float32 // of the weights
	score float32
	id    string
}

// scratch is memory that searches take over from one another: it is too large to
// be made for each of them.
type scratch struct {
	scores  []float32 // of the questions, zero between searches
	numbers [256]uint32
}

// search is one query on one state of the index.
type search struct {
	base    *base
	overlay *overlay
	scratch *sync.Pool // of *scratch
	live    int        // questions
	factor  [maxSize + 1]float32
	found   []found
}

// newSearch prepares a search among live questions with so many characters
// together.
func newSearch(b *base, o *overlay, pool *sync.Pool, live int, characters int64) *search {
	s := &search{base: b, overlay: o, scratch: pool, live: live}
	average := max(1, float64(characters)/float64(max(live, 1)))
	for size := 1; size <= maxSize; size++ {
		s.factor[size] = float32(1 / (1 + saturation*(1-sizeWeight+sizeWeight*float64(size)/average)))
	}
	return s
}

// run returns the best candidates, at most limit of them, the best first.
func (s *search) run(ctx context.Context, u units, limit int) ([]candidate, error) {
	if err := s.lookupAll(ctx, u); err != nil {
		return nil, err
	}
	choose := s.withinBudget()
	best, err := s.best(choose, limit*wide)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.rescore(best, s.found[choose:])
	return diverse(best, limit), nil
}

// lookupAll finds the query's terms. Homophones are looked for only if something
// of the query is unknown: it may be mistyped.
func (s *search) lookupAll(ctx context.Context, u units) error {
	s.found = make([]found, 0, len(u.terms[words])+len(u.terms[chars])+len(u.terms[bigrams]))
	unknown := false
	for f := range fields {
		if f == pinyins && !unknown {
			continue
		}
		missing, err := s.lookupField(f, u.terms[f])
		if err != nil {
			return err
		}
		unknown = unknown || missing && f != words
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	slices.SortFunc(s.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.count, b.count), cmp.Compare(a.field, b.field), cmp.Compare(a.term, b.term))
	})
	s.found = s.found[:min(len(s.found), maxTerms)]
	return nil
}

// lookupField finds terms of one field and reports whether one is missing.
func (s *search) lookupField(f field, terms []string) (missing bool, err error) {
	var dictionary scorchsegment.TermDictionary
	if s.base.segment != nil {
		if dictionary, err = s.base.segment.Dictionary(f.String()); err != nil {
			return false, err
		}
	}
	for _, term := range terms {
		t := found{field: f, term: term, fresh: s.overlay.lookup(f, term)}
		if dictionary != nil {
			if t.old, err = lookup(dictionary, term, s.base.except()); err != nil {
				return false, err
			}
		}
		if t.count = t.old.count + t.fresh.count; t.count == 0 {
			missing = true
			continue
		}
		t.weight = f.weight() * s.rarity(t.count)
		s.found = append(s.found, t)
	}
	return missing, nil
}

// rarity is the inverse document frequency as BM25 has it.
func (s *search) rarity(count int) float32 {
	return float32(math.Log1p((float64(s.live-count) + 0.5) / (float64(count) + 0.5)))
}

// withinBudget returns how many of the rarest terms choose the candidates.
func (s *search) withinBudget() int {
	postings, budget := 0, max(minBudget, int(budgetShare*float64(s.live)))
	for i, t := range s.found {
		if postings += t.count; postings > budget && i > 0 {
			return i
		}
	}
	return len(s.found)
}

// best scores all questions by the first terms and returns the best ones, with
// their ids, in no order.
func (s *search) best(terms int, limit int) ([]candidate, error) {
	var old, fresh top
	s.sum(&old, limit, s.base.size, func(i int) postings { return s.found[i].old }, terms)
	s.sum(&fresh, limit, s.overlay.size, func(i int) postings { return s.found[i].fresh }, terms)
	list, err := old.take(false, s.base.id)
	if err != nil {
		return nil, err
	}
	more, err := fresh.take(true, s.overlay.id)
	if err != nil {
		return nil, err
	}
	if list = append(list, more...); len(list) > limit {
		slices.SortFunc(list, order)
		list = list[:limit]
	}
	return list, nil
}

// sum adds up the weights of the first terms for each question of a shard and
// hands every question that has some to best.
func (s *search) sum(best *top, limit int, size []uint8, of func(i int) postings, terms int) {
	best.limit, best.heap = limit, make([]scored, 0, min(limit, len(size)))
	memory := s.zeros(len(size))
	for i := range terms {
		of(i).addTo(memory, s.found[i].weight)
	}
	enough := best.enough(s.factor[1])
	for n, sum := range memory.scores {
		if sum > enough {
			best.offer(uint32(n), sum, sum*s.factor[size[n]])
			enough = best.enough(s.factor[1])
		}
	}
	clear(memory.scores)
	s.scratch.Put(memory)
}

// zeros returns n scores of zero, which the pool takes back as zeros.
func (s *search) zeros(n int) *scratch {
	if memory, ok := s.scratch.Get().(*scratch); ok && cap(memory.scores) >= n {
		memory.scores = memory.scores[:n]
		return memory
	}
	return &scratch{scores: make([]float32, n)}
}

// rescore adds the terms that were left out when the candidates were chosen.
func (s *search) rescore(list []candidate, terms []found) {
	for i := range list {
		c := &list[i]
		size := s.base.size
		if c.fresh {
			size = s.overlay.size
		}
		for _, t := range terms {
			p := t.old
			if c.fresh {
				p = t.fresh
			}
			if p.contains(c.n) {
				c.sum += t.weight
			}
		}
		c.score = c.sum * s.factor[size[c.n]]
	}
	slices.SortFunc(list, order)
}

// order sorts candidates, the best first and equal ones by id.
func order(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
}

// diverse returns the first candidates of the list, but no entry may crowd out
// others.
func diverse(list []candidate, limit int) []candidate {
	if len(list) <= limit {
		return list
	}
	seen := make(map[string]int, limit)
	first := make([]candidate, 0, limit)
	var rest []candidate
	for _, c := range list {
		if len(first) == limit {
			return first
		}
		entry, _, _ := parseQuestionID(c.id)
		if seen[entry]++; seen[entry] <= maxPerEntry {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	first = append(first, rest[:min(limit-len(first), len(rest))]...)
	slices.SortFunc(first, order)
	return first
}
