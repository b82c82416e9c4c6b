package knowledge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

func class(name, words string, includes ...string) knowledge.WordClass {
	return knowledge.WordClass{Name: name, Words: strings.Fields(words), Includes: includes}
}

func classes(cs ...knowledge.WordClass) knowledge.Lexicon { return knowledge.Lexicon{WordClasses: cs} }

// mustSaveLexicon stores the lexicon in the place of the present one.
func (w *world) mustSaveLexicon(t *testing.T, l knowledge.Lexicon) knowledge.Lexicon {
	t.Helper()
	old, err := w.Lexicon(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Version = old.Version
	saved, err := w.SaveLexicon(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func TestSaveLexicon(t *testing.T) {
	w := newWorld(t)
	first := w.mustSaveLexicon(t, knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{
			{Name: " 宽带 ", Words: []string{"宽带", " ", " 光纤 "}, Includes: []string{"网络", "网络"}},
			class("网络", "网络 wifi"),
		},
		UserWords:      []string{"燃气热水器", "", "燃气 热水器", "iPhone", "iphone"},
		StopWords:      []string{"的", "？", "！", "的"},
		SensitiveWords: []string{},
	})
	want := knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{
			{Name: "宽带", Words: []string{"宽带", "光纤"}, Includes: []string{"网络"}},
			{Name: "网络", Words: []string{"网络", "wifi"}},
		},
		UserWords: []string{"燃气热水器", "iPhone"},
		StopWords: []string{"的", "？", "！"},
		Version:   1,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("saved lexicon (-want +got):\n%s", diff)
	}

	before := w.applied.Load()
	if again := w.mustSaveLexicon(t, first); again.Version != 1 || w.applied.Load() != before {
		t.Errorf("saved without change: version %d, %d writes; want 1, none", again.Version, w.applied.Load()-before)
	}
	first.UserWords = append(first.UserWords, "补卡")
	second := w.mustSaveLexicon(t, first)

	_, err := w.SaveLexicon(t.Context(), first) // version 1 again
	var conflict *knowledge.LexiconConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("stale edit: %v, want a *LexiconConflictError", err)
	}
	if diff := cmp.Diff(second, conflict.Theirs); diff != "" {
		t.Errorf("their side (-want +got):\n%s", diff)
	}
}

func TestSaveLexiconRefuses(t *testing.T) {
	chain := make([]knowledge.WordClass, 500) // each includes all after it: 125,250 words
	for i := range chain {
		chain[i] = class(fmt.Sprint("类", i), fmt.Sprint("词", i), fmt.Sprint("类", i+1))
	}
	chain[len(chain)-1].Includes = nil
	tests := []struct {
		name    string
		lexicon knowledge.Lexicon
		field   string
		says    []string
	}{
		{"class without name", classes(class(" ", "词")), "词类", []string{"请填写"}},
		{"empty class", classes(class("宽带", "")), "词类", []string{"宽带", "是空的"}},
		{"class of blank words", classes(knowledge.WordClass{Name: "宽带", Words: []string{" "}}), "词类", []string{"是空的"}},
		{"same name twice", classes(class("宽带", "宽带"), class(" 宽带", "光纤")), "词类", []string{"宽带", "有两个"}},
		{"same word twice", classes(class("手机", "手机 iPhone IPHONE")), "词类", []string{"手机", "IPHONE", "请删去一个"}},
		{"unknown class included", classes(class("宽带", "宽带", "网络")), "词类", []string{"宽带", "网络", "不存在"}},
		{"class includes itself", classes(class("甲", "词", "甲")), "词类", []string{"甲→甲"}},
		{"circle of two", classes(class("甲", "词", "乙"), class("乙", "词", "甲")), "词类", []string{"甲→乙→甲"}},
		{"circle behind a path", classes(class("起", "词", "甲"), class("甲", "", "乙"), class("乙", "", "丙"), class("丙", "", "甲")),
			"词类", []string{"互相包含：甲→乙→丙→甲，"}},
		{"explosion", knowledge.Lexicon{WordClasses: chain}, "词类", []string{"100000"}},
		{"many classes", knowledge.Lexicon{WordClasses: func() (cs []knowledge.WordClass) {
			for i := range knowledge.MaxWordClasses + 1 {
				cs = append(cs, class(fmt.Sprint("类", i), "词"))
			}
			return cs
		}()}, "词类", []string{"10001", "10000"}},
		{"many words in a class", classes(knowledge.WordClass{Name: "宽带", Words: many(100_001, "词%d")}), "词类", []string{"100001"}},
		{"long class name", classes(class(strings.Repeat("名", 65), "词")), "词类", []string{"65"}},
		{"long word", classes(class("宽带", strings.Repeat("词", 65))), "词类", []string{"65", "64"}},
		{"long user word", knowledge.Lexicon{UserWords: []string{strings.Repeat("词", 65)}}, "用户词", []string{"65"}},
		{"many stop words", knowledge.Lexicon{StopWords: many(100_001, "词%d")}, "停用词", []string{"100001"}},
		{"invalid UTF-8", knowledge.Lexicon{SensitiveWords: []string{"\xff"}}, "敏感词", []string{"编码"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.SaveLexicon(t.Context(), tt.lexicon)
			wantFieldError(t, err, tt.field, tt.says...)
			if n := w.applied.Load(); n != 0 {
				t.Errorf("%d batches stored", n)
			}
		})
	}
}

// A class that several others include is no circle, and a class may consist of
// others alone.
func TestSaveLexiconAcceptsDiamond(t *testing.T) {
	w := newWorld(t)
	w.mustSaveLexicon(t, classes(class("上", "", "左", "右"), class("左", "左", "下"), class("右", "右", "下"), class("下", "下")))
}

// Many ways lead from the first layer to the last: they must not all be walked.
func TestSaveLexiconManyPaths(t *testing.T) {
	const layers = 40
	var l knowledge.Lexicon
	for i := range layers {
		next := []string{fmt.Sprint("左", i+1), fmt.Sprint("右", i+1)}
		if i == layers-1 {
			next = nil
		}
		l.WordClasses = append(l.WordClasses, class(fmt.Sprint("左", i), "左", next...), class(fmt.Sprint("右", i), "右", next...))
	}
	newWorld(t).mustSaveLexicon(t, l)
}

// shop has two entries about wifi, classes that include each other, and user
// words.
func shop(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.mustSave(t, faq("怎么办宽带"), faq("ＷｉＦｉ连不上"), faq("没网了", "家里的 wi fi 断了"))
	w.mustSaveLexicon(t, knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("两层", "", "只有网络"), class("网络", "网络 wifi"), class("业务", "业务", "网络"), class("只有网络", "", "网络"),
			class("闲", "闲词")},
		UserWords: []string{"WIFI", "补卡"},
	})
	return w
}

func TestDeleteWordClass(t *testing.T) {
	w := shop(t)
	want := knowledge.Uses{Classes: []string{"业务", "只有网络"}, Entries: 2}
	uses, err := w.WordClassUses(t.Context(), "网络")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, uses); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}

	err = w.DeleteWordClass(t.Context(), "网络", false)
	var inUse *knowledge.InUseError
	if !errors.As(err, &inUse) || !errors.Is(err, knowledge.ErrInUse) {
		t.Fatalf("class in use: %v, want an *InUseError that is ErrInUse", err)
	}
	if diff := cmp.Diff(want, inUse.Uses); diff != "" {
		t.Errorf("uses in the error (-want +got):\n%s", diff)
	}
	if msg := err.Error(); !strings.Contains(msg, "2 个词类、2 个知识点") {
		t.Errorf("error %q does not give the counts", msg)
	}
	if err := w.DeleteWordClass(t.Context(), "闲", false); err != nil {
		t.Errorf("class without use: %v", err)
	}
	if err := w.DeleteWordClass(t.Context(), "网络", true); err != nil {
		t.Fatal(err)
	}
	left, err := w.Lexicon(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]knowledge.WordClass{class("业务", "业务")}, left.WordClasses); diff != "" {
		t.Errorf("classes left (-want +got):\n%s", diff)
	}
	if err := w.DeleteWordClass(t.Context(), "网络", true); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("unknown class: %v, want ErrNotFound", err)
	}
	if _, err := w.WordClassUses(t.Context(), "网络"); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("uses of an unknown class: %v, want ErrNotFound", err)
	}
}

func TestDeleteUserWord(t *testing.T) {
	w := shop(t)
	uses, err := w.UserWordUses(t.Context(), "wifi")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(knowledge.Uses{Classes: []string{"网络"}, Entries: 2}, uses); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
	if err := w.DeleteUserWord(t.Context(), "wifi", false); !errors.Is(err, knowledge.ErrInUse) {
		t.Errorf("word in use: %v, want ErrInUse", err)
	}
	if err := w.DeleteUserWord(t.Context(), "补卡", false); err != nil {
		t.Errorf("word without use: %v", err)
	}
	if err := w.DeleteUserWord(t.Context(), "wifi", true); err != nil {
		t.Fatal(err)
	}
	left, err := w.Lexicon(t.Context())
	if err != nil || len(left.UserWords) != 0 {
		t.Errorf("user words left: %v, error %v", left.UserWords, err)
	}
	if err := w.DeleteUserWord(t.Context(), "wifi", true); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("unknown word: %v, want ErrNotFound", err)
	}
}
