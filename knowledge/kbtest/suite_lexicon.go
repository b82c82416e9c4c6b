package kbtest

import (
	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

var lexiconTests = []storeTest{
	{"every field comes back", func(f *fixture) {
		l := knowledge.Lexicon{
			WordClasses: []knowledge.WordClass{
				{Name: "热水器", Words: []string{"热水器", "热水机", "燃热"}, Includes: []string{"品牌"}},
				{Name: "品牌", Words: []string{"某牌"}},
				{Name: "空"},
			},
			UserWords:      []string{"零冷水", "一键直达"},
			StopWords:      []string{"请问", "一下"},
			SensitiveWords: []string{"😀", `"\`},
		}
		f.apply(knowledge.Batch{Lexicon: &l})
		want := l
		want.Version = 1
		if diff := cmp.Diff(want, f.lexicon()); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
		shrunk := knowledge.Lexicon{Version: 1, UserWords: []string{}, WordClasses: []knowledge.WordClass{}}
		f.apply(knowledge.Batch{Lexicon: &shrunk})
		if diff := cmp.Diff(knowledge.Lexicon{Version: 2}, f.lexicon()); diff != "" {
			f.Errorf("an empty lexicon (-want +got):\n%s", diff)
		}
	}},
	{"a stale edit shows both sides", func(f *fixture) {
		f.apply(knowledge.Batch{Lexicon: &knowledge.Lexicon{UserWords: []string{"她的"}}})
		mine := knowledge.Lexicon{UserWords: []string{"我的"}}
		conflict := refusedAs[*knowledge.LexiconConflictError](f, f.applyErr(knowledge.Batch{Lexicon: &mine}))
		want := &knowledge.LexiconConflictError{Mine: mine, Theirs: f.lexicon()}
		if diff := cmp.Diff(want, conflict); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"with entries in one batch", func(f *fixture) {
		before := f.revision()
		revision := f.apply(knowledge.Batch{
			Puts:    []knowledge.Entry{plain("e", "甲", "一")},
			Lexicon: &knowledge.Lexicon{StopWords: []string{"的"}},
		})
		if revision != f.revision() || revision <= before {
			f.Errorf("revision %d, the store says %d", revision, f.revision())
		}
		if got := f.lexicon(); got.Version != 1 || len(got.StopWords) != 1 {
			f.Errorf("lexicon %+v", got)
		}
		f.entry("e")
	}},
	{"what is returned belongs to the caller", func(f *fixture) {
		given := knowledge.Lexicon{
			UserWords: []string{"词"}, WordClasses: []knowledge.WordClass{{Name: "类", Words: []string{"一"}}},
		}
		f.apply(knowledge.Batch{Lexicon: &given})
		for _, l := range []knowledge.Lexicon{given, f.lexicon()} {
			l.UserWords[0], l.WordClasses[0].Words[0] = "x", "x"
		}
		if got := f.lexicon(); got.UserWords[0] != "词" || got.WordClasses[0].Words[0] != "一" {
			f.Errorf("the stored lexicon changed: %+v", got)
		}
	}},
}

func (f *fixture) lexicon() knowledge.Lexicon {
	f.Helper()
	l, err := f.store.Lexicon(f.ctx)
	if err != nil {
		f.Fatalf("Lexicon: %v", err)
	}
	return l
}
