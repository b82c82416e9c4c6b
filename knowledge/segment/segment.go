// Package segment cuts Chinese text into words and turns a question into the
// form in which questions are compared.
//
// Segmentation is gse's shortest path over a dictionary of our own (see
// gendict), without the hidden Markov model: that one guesses words, races with
// itself when loaded twice, and costs most of the time. User words and the words
// of word classes are part of the dictionary of one Segmenter; a Segmenter never
// changes. When the lexicon changes, build a new one and index again: questions
// and queries must be cut by the same words.
package segment

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ego/gse"
)

// MaxWordRunes is the length of the longest user word or word of a class that
// segmentation knows; what is longer is no word, and is left out.
const MaxWordRunes = 32

// userFrequency is what a user word counts at least. Any split of the word into
// other words is less likely than that, so by itself it stays whole, yet a
// neighbour that is far more frequent still wins: the user word 开机 does not cut
// 打开机器.
const userFrequency = 1000

// Token is one word of a text.
type Token struct {
	// Text is the word without spaces inside.
	Text string
	// Start and End are byte offsets, text[Start:End].
	Start, End int
}

// Segmenter is immutable and safe for concurrent use.
type Segmenter struct {
	gse gse.Segmenter
}

// New builds a segmenter that also knows the user words, which are taken as they
// are: normalise them like the texts to be cut. Words that are empty, longer
// than MaxWordRunes, or a single character change nothing. It takes about a
// third of a second and 45 MB.
func New(userWords []string) (*Segmenter, error) {
	s := &Segmenter{gse: gse.Segmenter{Dict: gse.NewDict(), NotLoadHMM: true, SkipLog: true}}
	s.gse.Dict.Tokens = make([]gse.Token, 0, dictionaryWords+2*len(userWords))
	user := userSet(userWords)
	err := eachDictionaryWord(func(word string, frequency float64) error {
		if user[word] {
			delete(user, word)
			frequency = max(frequency, userFrequency)
		}
		return s.gse.AddToken(word, frequency)
	})
	if err != nil {
		return nil, fmt.Errorf("load the dictionary: %w", err)
	}
	for _, word := range sorted(user) {
		if err := s.gse.AddToken(word, userFrequency); err != nil {
			return nil, fmt.Errorf("add user word %q: %w", word, err)
		}
	}
	s.gse.CalcToken()
	return s, nil
}

// userSet returns the words that the dictionary can hold. A word with spaces
// inside is known with and without them.
func userSet(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		word = strings.ToLower(strings.Join(strings.FieldsFunc(word, noWord), " "))
		if n := utf8.RuneCountInString(word); n < 2 || n > MaxWordRunes {
			continue
		}
		set[word] = true
		if joined := withoutSpaces(word); utf8.RuneCountInString(joined) > 1 {
			set[joined] = true
		}
	}
	return set
}

// noWord reports what separates words; control characters would end a key of the
// dictionary's trie.
func noWord(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }

func sorted(set map[string]bool) []string {
	words := make([]string, 0, len(set))
	for word := range set {
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

// Cut returns the words of text in order, without the spaces between them. Runs
// of Latin letters and digits are one word each.
func (s *Segmenter) Cut(text string) []Token {
	segments := s.gse.Segment([]byte(text))
	tokens := make([]Token, 0, len(segments))
	for i := range segments {
		start, end := segments[i].Start(), segments[i].End()
		if word := withoutSpaces(text[start:end]); word != "" {
			tokens = append(tokens, Token{Text: word, Start: start, End: end})
		}
	}
	return tokens
}

// Search returns the words of text and the words inside them, for finding: 热水器
// gives 热水 and 热水器. Single characters inside a word are left out.
func (s *Segmenter) Search(text string) []string {
	segments := s.gse.Segment([]byte(text))
	words := make([]string, 0, len(segments)+len(segments)/2)
	for i := range segments {
		words = appendWords(words, segments[i].Token(), true)
	}
	return words
}

func appendWords(words []string, token *gse.Token, whole bool) []string {
	parts := token.Segments()
	for _, part := range parts {
		words = appendWords(words, part.Token(), false)
	}
	if !whole && len(parts) == 0 {
		return words // a single unit inside a word
	}
	if word := withoutSpaces(token.Text()); word != "" {
		words = append(words, word)
	}
	return words
}

// withoutSpaces returns s itself if there are none.
func withoutSpaces(s string) string {
	if strings.IndexFunc(s, unicode.IsSpace) < 0 {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}
