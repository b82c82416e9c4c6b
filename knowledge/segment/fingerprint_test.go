package segment

import (
	"testing"

	"faqbot/knowledge"
)

func TestFingerprint(t *testing.T) {
	print := func(change func(*knowledge.Lexicon)) string {
		lex := knowledge.Lexicon{
			WordClasses: []knowledge.WordClass{{Name: "a", Words: []string{"甲", "乙"}}},
			UserWords:   []string{"新词", "别词"}, StopWords: []string{"请问"},
		}
		change(&lex)
		sum, err := fingerprint(lex)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	same := print(func(*knowledge.Lexicon) {})
	for name, change := range map[string]func(*knowledge.Lexicon){
		"order of user words": func(l *knowledge.Lexicon) { l.UserWords = []string{"别词", "新词", "别词"} },
		"version":             func(l *knowledge.Lexicon) { l.Version = 9 },
		"sensitive words":     func(l *knowledge.Lexicon) { l.SensitiveWords = []string{"坏"} },
	} {
		if print(change) != same {
			t.Errorf("%s: changes the fingerprint", name)
		}
	}
	seen := map[string]string{same: "unchanged"}
	for name, change := range map[string]func(*knowledge.Lexicon){
		"user words": func(l *knowledge.Lexicon) { l.UserWords = []string{"新词"} },
		"stop words": func(l *knowledge.Lexicon) { l.StopWords = nil },
		"class":      func(l *knowledge.Lexicon) { l.WordClasses[0].Words = []string{"乙", "甲"} },
		"includes":   func(l *knowledge.Lexicon) { l.WordClasses[0].Includes = []string{"b"} },
	} {
		got := print(change)
		if other, taken := seen[got]; taken {
			t.Errorf("%s: same fingerprint as %s", name, other)
		}
		seen[got] = name
	}
}
