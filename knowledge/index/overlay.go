package index

import (
	"slices"
	"strings"
)

// overlay holds in memory the questions that changed since the base was built.
// Numbers of removed questions are given again.
type overlay struct {
	terms     [fields]map[string][]uint32
	questions []overlayQuestion // by number
	size      []uint8           // as in base
	free      []uint32
	entries   map[string][]uint32
}

type overlayQuestion struct {
	id    string
	terms [fields][]string
}

func newOverlay() *overlay {
	o := &overlay{entries: make(map[string][]uint32)}
	for f := range o.terms {
		o.terms[f] = make(map[string][]uint32)
	}
	return o
}

// add stores the questions of an entry that the overlay does not hold yet.
func (o *overlay) add(entry string, questions []units) {
	for i, u := range questions {
		n := o.number()
		o.questions[n] = overlayQuestion{id: questionID(entry, i), terms: u.terms}
		o.size[n] = clampSize(u.size)
		for f, terms := range u.terms {
			for _, term := range terms {
				o.insert(field(f), term, n)
			}
		}
		o.entries[entry] = append(o.entries[entry], n)
	}
}

// number returns a free number and makes room for it.
func (o *overlay) number() uint32 {
	if last := len(o.free) - 1; last >= 0 {
		n := o.free[last]
		o.free = o.free[:last]
		return n
	}
	o.questions = append(o.questions, overlayQuestion{})
	o.size = append(o.size, 0)
	return uint32(len(o.questions) - 1)
}

func (o *overlay) insert(f field, term string, n uint32) {
	list, known := o.terms[f][term]
	if !known {
		term = strings.Clone(term) // it is a part of the whole question
	}
	at, _ := slices.BinarySearch(list, n)
	o.terms[f][term] = slices.Insert(list, at, n)
}

// remove forgets all questions of an entry.
func (o *overlay) remove(entry string) {
	for _, n := range o.entries[entry] {
		for f, terms := range o.questions[n].terms {
			for _, term := range terms {
				o.drop(field(f), term, n)
			}
		}
		o.questions[n] = overlayQuestion{}
		o.size[n] = 0
		o.free = append(o.free, n)
	}
	delete(o.entries, entry)
}

func (o *overlay) drop(f field, term string, n uint32) {
	list := o.terms[f][term]
	at, found := slices.BinarySearch(list, n)
	switch {
	case !found:
	case len(list) == 1:
		delete(o.terms[f], term)
	default:
		o.terms[f][term] = slices.Delete(list, at, at+1)
	}
}

func (o *overlay) lookup(f field, term string) postings {
	list := o.terms[f][term]
	return postings{count: len(list), list: list}
}

func (o *overlay) id(n uint32) (string, error) { return o.questions[n].id, nil }

// live is the number of questions held.
func (o *overlay) live() int { return len(o.questions) - len(o.free) }
