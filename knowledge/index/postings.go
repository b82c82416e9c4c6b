package index

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// postings are the numbers of the questions that hold a term, in order, as a
// list or as a bitmap.
type postings struct {
	count  int
	list   []uint32
	bitmap *roaring.Bitmap
}

// each calls visit for each number in order.
func (p postings) each(visit func(n uint32)) {
	for _, n := range p.list {
		visit(n)
	}
	if p.bitmap == nil {
		return
	}
	var buffer [256]uint32
	for it := p.bitmap.ManyIterator(); ; {
		n := it.NextMany(buffer[:])
		if n == 0 {
			return
		}
		for _, number := range buffer[:n] {
			visit(number)
		}
	}
}

func (p postings) contains(n uint32) bool {
	if p.bitmap != nil {
		return p.bitmap.Contains(n)
	}
	_, found := slices.BinarySearch(p.list, n)
	return found
}

// addTo adds the weight to the score of each question.
func (p postings) addTo(s *scratch, weight float32) {
	for _, n := range p.list {
		s.scores[n] += weight
	}
	if p.bitmap == nil {
		return
	}
	for it := p.bitmap.ManyIterator(); ; {
		n := it.NextMany(s.numbers[:])
		if n == 0 {
			return
		}
		for _, number := range s.numbers[:n] {
			s.scores[number] += weight
		}
	}
}
