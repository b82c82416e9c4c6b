package knowledge

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Limits of the lexicon.
const (
	MaxWordRunes   = 64
	MaxWordClasses = 10_000
	// MaxWords bounds each list of words, and the words of all classes together,
	// those of included classes counted in each class that includes them.
	MaxWords = 100_000
)

// The names of the parts of the lexicon, as an editor reads them.
const (
	nameWordClass      = "词类"
	nameUserWords      = "用户词"
	nameStopWords      = "停用词"
	nameSensitiveWords = "敏感词"
)

// InUseError refuses to delete a word class or a user word that something still
// refers to. It is an ErrInUse.
type InUseError struct {
	Name string
	Uses Uses
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("「%s」还在使用：%d 个词类、%d 个知识点，请先修改它们，或确认强制删除",
		e.Name, len(e.Uses.Classes), e.Uses.Entries)
}

// Unwrap returns ErrInUse.
func (e *InUseError) Unwrap() error { return ErrInUse }

// Uses counts what refers to a word class or a user word.
type Uses struct {
	Classes []string // names of the word classes
	Entries int      // entries with one of the words in a question
}

// Any reports whether there is any use.
func (u Uses) Any() bool { return len(u.Classes) > 0 || u.Entries > 0 }

// Lexicon returns the lexicon; an empty one with Version 0 if none was stored.
func (b *Base) Lexicon(ctx context.Context) (Lexicon, error) {
	l, err := b.store.Lexicon(ctx)
	if err != nil {
		return Lexicon{}, fmt.Errorf("read the lexicon: %w", err)
	}
	return l, nil
}

// SaveLexicon stores l as an edit of its Version and returns what is stored;
// blank words, and words that a list has already, are dropped. An edit that
// changes nothing stores nothing. It fails with a *FieldError if l breaks a rule,
// a *LexiconConflictError if someone else changed the lexicon meanwhile.
func (b *Base) SaveLexicon(ctx context.Context, l Lexicon) (Lexicon, error) {
	mine, err := tidyLexicon(l, b.wordKey)
	if err != nil {
		return Lexicon{}, err
	}
	theirs, err := b.Lexicon(ctx)
	if err != nil {
		return Lexicon{}, err
	}
	if theirs.Version != mine.Version {
		return Lexicon{}, &LexiconConflictError{Mine: mine, Theirs: theirs}
	}
	if mine.sameWords(theirs) {
		return theirs, nil
	}
	if _, err := b.store.Apply(ctx, Batch{Lexicon: &mine}); err != nil {
		return Lexicon{}, fmt.Errorf("store the lexicon: %w", err)
	}
	mine.Version++
	return mine, nil
}

// importedLexicon returns the lexicon to be stored, nil if the import changes
// nothing in it.
func (b *Base) importedLexicon(ctx context.Context, imp *Import) (*Lexicon, error) {
	if imp.Lexicon == nil {
		return nil, nil
	}
	stored, err := b.Lexicon(ctx)
	if err != nil {
		return nil, err
	}
	said := unitedLexicon(Lexicon{}, *imp.Lexicon, b.wordKey) // unites what the file says twice
	if imp.Mode != ModeReplace {
		said = unitedLexicon(stored, said, b.wordKey)
	}
	said.Version = stored.Version
	if said, err = tidyLexicon(said, b.wordKey); err != nil {
		return nil, err
	}
	if said.sameWords(stored) {
		return nil, nil
	}
	return &said, nil
}

// wordKey is the key of a word; that of a word of signs alone is the word.
func (b *Base) wordKey(word string) string {
	if k := b.norm.Key(word); k != "" {
		return k
	}
	return strings.TrimSpace(word)
}

// sameWords reports whether two lexicons in normal form say the same.
func (l Lexicon) sameWords(o Lexicon) bool {
	sameClass := func(a, b WordClass) bool {
		return a.Name == b.Name && slices.Equal(a.Words, b.Words) && slices.Equal(a.Includes, b.Includes)
	}
	return slices.EqualFunc(l.WordClasses, o.WordClasses, sameClass) &&
		slices.Equal(l.UserWords, o.UserWords) &&
		slices.Equal(l.StopWords, o.StopWords) &&
		slices.Equal(l.SensitiveWords, o.SensitiveWords)
}

// unitedLexicon returns a with the classes, by name, and the words of b added.
func unitedLexicon(a, b Lexicon, key func(string) string) Lexicon {
	unite := func(x, y []string) []string { return uniteWordings(x, y, key, "") }
	out := Lexicon{
		UserWords:      unite(a.UserWords, b.UserWords),
		StopWords:      unite(a.StopWords, b.StopWords),
		SensitiveWords: unite(a.SensitiveWords, b.SensitiveWords),
	}
	at := make(map[string]int)
	for _, c := range slices.Concat(a.WordClasses, b.WordClasses) {
		name := strings.TrimSpace(c.Name)
		i, known := at[name]
		if !known {
			i, at[name] = len(out.WordClasses), len(out.WordClasses)
			out.WordClasses = append(out.WordClasses, WordClass{Name: name})
		}
		class := &out.WordClasses[i]
		class.Words = unite(class.Words, c.Words)
		class.Includes = uniteWordings(class.Includes, c.Includes, strings.TrimSpace, "")
	}
	return out
}

// tidyLexicon returns the normal form of l: words trimmed, blank and repeated
// ones dropped, empty lists nil. What breaks a rule is a *FieldError.
func tidyLexicon(l Lexicon, key func(string) string) (Lexicon, error) {
	out := Lexicon{Version: l.Version}
	for _, list := range []struct {
		name string
		in   []string
		out  *[]string
	}{
		{nameUserWords, l.UserWords, &out.UserWords},
		{nameStopWords, l.StopWords, &out.StopWords},
		{nameSensitiveWords, l.SensitiveWords, &out.SensitiveWords},
	} {
		words, err := tidyWords(list.name, list.in)
		if err != nil {
			return Lexicon{}, err
		}
		*list.out = uniteWordings(words, nil, key, "")
	}
	for _, c := range l.WordClasses {
		c, err := tidyClass(c, key)
		if err != nil {
			return Lexicon{}, err
		}
		out.WordClasses = append(out.WordClasses, c)
	}
	return out, checkClasses(out.WordClasses)
}

// tidyWords returns the words trimmed, without blank ones.
func tidyWords(field string, in []string) ([]string, error) {
	if len(in) > MaxWords {
		return nil, &FieldError{Field: field, Reason: fmt.Sprintf("有 %d 个，最多 %d 个，请删去一些", len(in), MaxWords)}
	}
	var out []string
	for _, word := range in {
		word, err := tidyLine(field, word, MaxWordRunes)
		if err != nil {
			return nil, err
		}
		if word != "" {
			out = append(out, word)
		}
	}
	return out, nil
}

func tidyClass(c WordClass, key func(string) string) (WordClass, error) {
	name, err := tidyLine(nameWordClass, c.Name, MaxWordRunes)
	if err != nil {
		return WordClass{}, err
	}
	if name == "" {
		return WordClass{}, &FieldError{Field: nameWordClass, Reason: "没有名称，请填写"}
	}
	words, err := tidyWords(nameWordClass, c.Words)
	if err != nil {
		return WordClass{}, err
	}
	seen := make(map[string]bool, len(words))
	for _, w := range words {
		if seen[key(w)] {
			return WordClass{}, &FieldError{Field: nameWordClass, Value: name, Reason: fmt.Sprintf("里有两个「%s」，请删去一个", w)}
		}
		seen[key(w)] = true
	}
	includes, err := tidyWords(nameWordClass, c.Includes)
	if err != nil {
		return WordClass{}, err
	}
	includes = uniteWordings(includes, nil, strings.TrimSpace, "")
	if len(words) == 0 && len(includes) == 0 {
		return WordClass{}, &FieldError{Field: nameWordClass, Value: name, Reason: "是空的，请填写词语或删去这个词类"}
	}
	return WordClass{Name: name, Words: words, Includes: includes}, nil
}

// checkClasses holds the rules about several classes.
func checkClasses(classes []WordClass) error {
	if len(classes) > MaxWordClasses {
		return &FieldError{Field: nameWordClass, Reason: fmt.Sprintf("有 %d 个，最多 %d 个，请删去一些", len(classes), MaxWordClasses)}
	}
	byName := make(map[string]*WordClass, len(classes))
	for i, c := range classes {
		if byName[c.Name] != nil {
			return &FieldError{Field: nameWordClass, Value: c.Name, Reason: "有两个，请合并成一个或改名"}
		}
		byName[c.Name] = &classes[i]
	}
	for _, c := range classes {
		for _, name := range c.Includes {
			if byName[name] == nil {
				return &FieldError{Field: nameWordClass, Value: c.Name,
					Reason: fmt.Sprintf("包含的词类「%s」不存在，请改正名称或先建立它", name)}
			}
		}
	}
	w := classWalk{byName: byName, state: make(map[string]walkState, len(classes))}
	for _, c := range classes {
		if circle := w.circle(c.Name); circle != nil {
			return &FieldError{Field: nameWordClass, Value: c.Name,
				Reason: "互相包含：" + strings.Join(circle, "→") + "，请去掉其中一处包含"}
		}
	}
	return checkExpansion(classes, byName)
}

// classWalk looks for circles, each class once.
type classWalk struct {
	byName map[string]*WordClass
	state  map[string]walkState
	path   []string
}

type walkState int

const (
	unseen walkState = iota
	onPath
	harmless
)

// circle returns the names on a circle that can be reached from the class, the
// first one again at the end, or nil.
func (w *classWalk) circle(name string) []string {
	switch w.state[name] {
	case harmless:
		return nil
	case onPath:
		from := slices.Index(w.path, name)
		return append(slices.Clone(w.path[from:]), name)
	}
	w.state[name] = onPath
	w.path = append(w.path, name)
	for _, next := range w.byName[name].Includes {
		if circle := w.circle(next); circle != nil {
			return circle
		}
	}
	w.path = w.path[:len(w.path)-1]
	w.state[name] = harmless
	return nil
}

// checkExpansion refuses classes that include each other to more words than
// memory should hold. There must be no circle.
func checkExpansion(classes []WordClass, byName map[string]*WordClass) error {
	total := 0
	for _, c := range classes {
		seen := map[string]bool{c.Name: true}
		queue := []string{c.Name}
		for ; len(queue) > 0 && total <= MaxWords; queue = queue[1:] {
			class := byName[queue[0]]
			total += max(len(class.Words), 1)
			for _, next := range class.Includes {
				if !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		if total > MaxWords {
			return &FieldError{Field: nameWordClass, Value: c.Name,
				Reason: fmt.Sprintf("展开后所有词类的词语超过 %d 个，请减少词语或层层包含", MaxWords)}
		}
	}
	return nil
}

// WordClassUses counts what refers to the word class: the classes that include
// it, and the entries with one of its own words in a question. It fails with
// ErrNotFound if there is no such class.
func (b *Base) WordClassUses(ctx context.Context, name string) (Uses, error) {
	l, err := b.Lexicon(ctx)
	if err != nil {
		return Uses{}, err
	}
	return b.classUses(ctx, &l, name)
}

func (b *Base) classUses(ctx context.Context, l *Lexicon, name string) (Uses, error) {
	i := l.class(name)
	if i < 0 {
		return Uses{}, fmt.Errorf("word class %q: %w", name, ErrNotFound)
	}
	var uses Uses
	for _, c := range l.WordClasses {
		if slices.Contains(c.Includes, name) {
			uses.Classes = append(uses.Classes, c.Name)
		}
	}
	var err error
	uses.Entries, err = b.entriesWith(ctx, l.WordClasses[i].Words)
	return uses, err
}

// class returns the index of the class, -1 if there is none.
func (l *Lexicon) class(name string) int {
	return slices.IndexFunc(l.WordClasses, func(c WordClass) bool { return c.Name == name })
}

// UserWordUses counts what uses the user word: the word classes that hold it, and
// the entries with it in a question. It fails with ErrNotFound if there is no
// such word.
func (b *Base) UserWordUses(ctx context.Context, word string) (Uses, error) {
	l, err := b.Lexicon(ctx)
	if err != nil {
		return Uses{}, err
	}
	return b.wordUses(ctx, &l, word)
}

func (b *Base) wordUses(ctx context.Context, l *Lexicon, word string) (Uses, error) {
	same := b.sameWord(word)
	if !slices.ContainsFunc(l.UserWords, same) {
		return Uses{}, fmt.Errorf("user word %q: %w", word, ErrNotFound)
	}
	var uses Uses
	for _, c := range l.WordClasses {
		if slices.ContainsFunc(c.Words, same) {
			uses.Classes = append(uses.Classes, c.Name)
		}
	}
	var err error
	uses.Entries, err = b.entriesWith(ctx, []string{word})
	return uses, err
}

// sameWord returns a function that recognises the word.
func (b *Base) sameWord(word string) func(string) bool {
	key := b.wordKey(word)
	return func(other string) bool { return b.wordKey(other) == key }
}

// entriesWith counts the entries with one of the words in a question.
func (b *Base) entriesWith(ctx context.Context, words []string) (int, error) {
	var keys []string
	for _, w := range words {
		if k := b.norm.Key(w); k != "" {
			keys = append(keys, k)
		}
	}
	n := 0
	_, err := b.store.Snapshot(ctx, func(e Entry) error {
		if slices.ContainsFunc(e.Questions(), func(q string) bool { return containsAny(b.norm.Key(q), keys) }) {
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the entries: %w", err)
	}
	return n, nil
}

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

// DeleteWordClass deletes the class. While something uses it, it fails with an
// *InUseError; with force it is deleted all the same, and taken off the classes
// that include it; a class with nothing else in it goes with it.
func (b *Base) DeleteWordClass(ctx context.Context, name string, force bool) error {
	l, err := b.Lexicon(ctx)
	if err != nil {
		return err
	}
	uses, err := b.classUses(ctx, &l, name)
	if err != nil {
		return err
	}
	if uses.Any() && !force {
		return &InUseError{Name: name, Uses: uses}
	}
	l.WordClasses = withoutClass(l.WordClasses, name)
	_, err = b.SaveLexicon(ctx, l)
	return err
}

// withoutClass returns the classes without the named one, nowhere included, and
// without those that are empty then.
func withoutClass(classes []WordClass, name string) []WordClass {
	gone := map[string]bool{name: true}
	for known := 0; known < len(gone); {
		known = len(gone)
		var left []WordClass
		for _, c := range classes {
			c.Includes = without(c.Includes, func(s string) bool { return gone[s] })
			if len(c.Words)+len(c.Includes) == 0 {
				gone[c.Name] = true
			}
			if !gone[c.Name] {
				left = append(left, c)
			}
		}
		classes = left
	}
	return classes
}

// DeleteUserWord deletes the user word. While something uses it, it fails with
// an *InUseError; with force it is deleted all the same.
func (b *Base) DeleteUserWord(ctx context.Context, word string, force bool) error {
	l, err := b.Lexicon(ctx)
	if err != nil {
		return err
	}
	uses, err := b.wordUses(ctx, &l, word)
	if err != nil {
		return err
	}
	if uses.Any() && !force {
		return &InUseError{Name: word, Uses: uses}
	}
	l.UserWords = without(l.UserWords, b.sameWord(word))
	_, err = b.SaveLexicon(ctx, l)
	return err
}

// without returns a copy of s without the elements that match.
func without(s []string, match func(string) bool) []string {
	return orNil(slices.DeleteFunc(slices.Clone(s), match))
}
