package index

import (
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// base holds the questions of one generation as they were when it was built. It
// lies on disk, is opened for reading only, and never changes; what changed since
// is hidden here and stands in the overlay.
type base struct {
	scorch  *scorch.Scorch
	reader  interface{ Close() error } // the snapshot that segment belongs to
	segment segment.Segment            // nil if there are no questions
	// size holds the characters of each question, by its number; 0 if hidden.
	size   []uint8
	hidden *roaring.Bitmap
}

// openBase opens what build wrote into dir.
func openBase(dir string) (*base, error) {
	s, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path": dir, "read_only": true, "bolt_timeout": "2s",
	}, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Open(); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	b := &base{scorch: s.(*scorch.Scorch), hidden: roaring.New()}
	if err := b.load(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *base) load() error {
	reader, err := b.scorch.Reader()
	if err != nil {
		return err
	}
	b.reader = reader
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok || len(snapshot.Segments()) != 1 {
		return fmt.Errorf("not one segment")
	}
	b.segment = snapshot.Segments()[0].Segment()
	return b.loadSizes()
}

// loadSizes reads the sizes back from their terms.
func (b *base) loadSizes() error {
	b.size = make([]uint8, b.segment.Count())
	dictionary, err := b.segment.Dictionary(sizeField)
	if err != nil {
		return err
	}
	for size := 1; size <= maxSize; size++ {
		p, err := lookup(dictionary, sizeTerm(size), nil)
		if err != nil {
			return err
		}
		p.each(func(n uint32) { b.size[n] = uint8(size) })
	}
	return nil
}

// lookup returns the questions with the term, without the excepted ones.
func lookup(d segment.TermDictionary, term string, except *roaring.Bitmap) (postings, error) {
	found, err := d.PostingsList([]byte(term), except, nil)
	if err != nil {
		return postings{}, fmt.Errorf("look up %q: %w", term, err)
	}
	count := int(found.Count())
	if count == 0 {
		return postings{}, nil
	}
	numbers, ok := found.Iterator(false, false, false, nil).(segment.OptimizablePostingsIterator)
	if !ok {
		return postings{}, fmt.Errorf("look up %q: no bitmap", term)
	}
	if n, ok := numbers.DocNum1Hit(); ok {
		return postings{count: 1, list: []uint32{uint32(n)}}, nil
	}
	return postings{count: count, bitmap: numbers.ActualBitmap()}, nil
}

// id returns the external id of question n.
func (b *base) id(n uint32) (string, error) {
	id, err := b.segment.DocID(uint64(n))
	if err != nil {
		return "", fmt.Errorf("id of question %d: %w", n, err)
	}
	return string(id), nil
}

// find returns the numbers of all questions of an entry.
func (b *base) find(entry string) ([]uint32, error) {
	if b.segment == nil {
		return nil, nil
	}
	dictionary, err := b.segment.Dictionary(idField)
	if err != nil {
		return nil, err
	}
	var found []uint32
	for question := 0; ; question++ {
		p, err := lookup(dictionary, questionID(entry, question), nil)
		if err != nil {
			return nil, err
		}
		if p.count == 0 {
			return found, nil
		}
		p.each(func(n uint32) { found = append(found, n) })
	}
}

// hide takes a question out of every later search.
func (b *base) hide(n uint32) {
	b.hidden.Add(n)
	b.size[n] = 0
}

// except returns the hidden questions in the form that lookup wants.
func (b *base) except() *roaring.Bitmap {
	if b.hidden.IsEmpty() {
		return nil
	}
	return b.hidden
}

func (b *base) close() error {
	var err error
	if b.reader != nil {
		err = b.reader.Close()
	}
	if b.scorch != nil {
		err = errors.Join(err, b.scorch.Close())
	}
	return err
}
