package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

// version changes with every change of what Analyze returns for the same lexicon
// and dictionary; indexes built before are then built again.
const version = 1

// Form is a question as it is compared with others.
type Form struct {
	// Key is the normalised question without spaces: equal keys, same question.
	// It is empty if the question says nothing in words.
	Key string
	// Plain is the normalised question before word classes were applied.
	Plain string
	// Text is Plain in canonical words: each word of a word class is replaced by
	// the class's first word.
	Text string
	// Words are the words of Text.
	Words []Token
	// Analyzer is the fingerprint of the analyzer that made the form.
	Analyzer string
}

// Analyzer turns questions into forms by one state of the lexicon. It is
// immutable and safe for concurrent use.
type Analyzer struct {
	norm        *normalize.Normalizer
	segmenter   *Segmenter
	classes     classes
	fingerprint string
}

// NewAnalyzer builds the analyzer of a lexicon. It loads a dictionary (see New):
// build it once per change of the lexicon.
func NewAnalyzer(norm *normalize.Normalizer, lex knowledge.Lexicon) (*Analyzer, error) {
	classes := newClasses(norm, lex.WordClasses)
	words := classes.words()
	for _, word := range lex.UserWords {
		words = append(words, norm.Text(word))
	}
	segmenter, err := New(words)
	if err != nil {
		return nil, fmt.Errorf("build the segmenter: %w", err)
	}
	fingerprint, err := fingerprint(lex)
	if err != nil {
		return nil, err
	}
	return &Analyzer{norm: norm, segmenter: segmenter, classes: classes, fingerprint: fingerprint}, nil
}

// Analyze returns the form of a question. Any input is fine; the cost grows in
// proportion to its length.
func (a *Analyzer) Analyze(text string) Form {
	plain := a.norm.Text(text)
	f := Form{Key: a.norm.Key(text), Plain: plain, Text: plain, Analyzer: a.fingerprint}
	f.Words = a.segmenter.Cut(plain)
	if canonical, changed := a.classes.apply(plain, f.Words); changed {
		f.Text = canonical
		f.Words = a.segmenter.Cut(canonical)
	}
	return f
}

// Search returns the words of the form and the words inside them.
func (a *Analyzer) Search(f Form) []string { return a.segmenter.Search(f.Text) }

// Fingerprint names everything that Analyze depends on: dictionary, normaliser,
// lexicon and this code. Forms with equal fingerprints may be compared.
func (a *Analyzer) Fingerprint() string { return a.fingerprint }

// fingerprint ignores what does not change forms: names and versions, the order
// of user words and stop words, the sensitive words.
func fingerprint(lex knowledge.Lexicon) (string, error) {
	content, err := json.Marshal(struct {
		Version, Normalizer int
		Dictionary          string
		Classes             []knowledge.WordClass
		User, Stop          []string
	}{
		version, normalize.Version, dictionaryVersion(),
		lex.WordClasses, ordered(lex.UserWords), ordered(lex.StopWords),
	})
	if err != nil {
		return "", fmt.Errorf("fingerprint the lexicon: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:12]), nil
}

func ordered(words []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(words)))
}
