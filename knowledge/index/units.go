package index

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"faqbot/knowledge/segment"
)

// field is one of the ways in which a question is indexed.
type field int

const (
	words   field = iota // words, and the words inside them
	chars                // single characters; Latin words and numbers whole
	bigrams              // two neighbouring characters
	pinyins              // two neighbouring syllables without tones, for homophones
	fields
)

// String returns the field's name in the index.
func (f field) String() string {
	return [fields]string{"words", "chars", "bigrams", "pinyin"}[f]
}

// units are the distinct terms of a question, by field.
type units struct {
	terms [fields][]string
	// size is the number of characters, with repetitions.
	size int
}

// maxPieces bounds what is looked up for one query: the beginning and the end of
// a longer one.
const maxPieces = 256

// questionUnits returns what a stored question is found by.
func questionUnits(a *segment.Analyzer, f segment.Form) units {
	return newUnits(pieces(f.Text), a.Search(f))
}

// queryUnits returns what a query looks for.
func queryUnits(f segment.Form) units {
	list := make([]string, len(f.Words))
	for i, w := range f.Words {
		list[i] = w.Text
	}
	return newUnits(ends(pieces(f.Text)), ends(list))
}

// ends returns the list, or its first and last elements if it is too long.
func ends(list []string) []string {
	if len(list) <= maxPieces {
		return list
	}
	return append(slices.Clone(list[:maxPieces/2]), list[len(list)-maxPieces/2:]...)
}

func newUnits(pieces, list []string) units {
	u := units{size: len(pieces)}
	u.terms[words] = distinct(slices.Clone(list))
	u.terms[chars] = distinct(slices.Clone(pieces))
	u.terms[bigrams] = distinct(pairs(pieces))
	u.terms[pinyins] = distinct(syllablePairs(pieces))
	return u
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// pieces cuts a normalised text into Chinese characters, runs of other letters,
// and numbers. Spaces part nothing else: "iphone 15" and "iphone15" are the same
// two pieces.
func pieces(text string) []string {
	list := make([]string, 0, len(text)/3+1)
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case isNumeral(r):
			size = run(text, isNumeral)
		case isLetter(r):
			size = run(text, isLetter)
		}
		if !unicode.IsSpace(r) {
			list = append(list, text[:size])
		}
		text = text[size:]
	}
	return list
}

// run returns the length of the leading characters that pass.
func run(text string, is func(rune) bool) int {
	if end := strings.IndexFunc(text, func(r rune) bool { return !is(r) }); end >= 0 {
		return end
	}
	return len(text)
}

func isNumeral(r rune) bool { return r == '.' || unicode.IsDigit(r) }

// isLetter reports letters that make words only together with others.
func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

func pairs(pieces []string) []string {
	if len(pieces) < 2 {
		return nil
	}
	list := make([]string, len(pieces)-1)
	for i := range list {
		list[i] = pieces[i] + pieces[i+1]
	}
	return list
}

// syllablePairs returns the pairs of neighbouring Chinese characters as pinyin.
func syllablePairs(pieces []string) []string {
	list := make([]string, 0, len(pieces))
	before := ""
	for _, piece := range pieces {
		syllable := ""
		if r, size := utf8.DecodeRuneInString(piece); size == len(piece) {
			syllable = pinyin(r)
		}
		if before != "" && syllable != "" {
			list = append(list, before+" "+syllable)
		}
		before = syllable
	}
	return list
}
