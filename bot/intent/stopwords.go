package intent

import "faqbot/knowledge/segment"

// stopWords are words and phrases without meaning for matching.
type stopWords struct {
	set  map[string]bool
	span int // words in the longest phrase
}

func newStopWords(analyzer Analyzer, phrases []string) *stopWords {
	s := &stopWords{set: make(map[string]bool, len(phrases))}
	for _, phrase := range phrases {
		form := analyzer.Analyze(phrase)
		s.set[form.Text] = true
		s.span = max(s.span, len(form.Words))
	}
	return s
}

// content returns the words of a form without stop words, of several readings
// the one that leaves out the longest phrase.
func (s *stopWords) content(f segment.Form) []string {
	words := make([]string, 0, len(f.Words))
	for i := 0; i < len(f.Words); {
		if n := s.phraseAt(f, i); n > 0 {
			i += n
			continue
		}
		words = append(words, f.Words[i].Text)
		i++
	}
	return words
}

// phraseAt returns of how many words the longest stop phrase at the i-th word is.
func (s *stopWords) phraseAt(f segment.Form, i int) int {
	for n := min(s.span, len(f.Words)-i); n > 0; n-- {
		if s.set[f.Text[f.Words[i].Start:f.Words[i+n-1].End]] {
			return n
		}
	}
	return 0
}
