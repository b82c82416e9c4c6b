package segment

import (
	"strings"
	"unicode/utf8"

	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

// classes replaces the words of word classes by the first word of their class.
type classes struct {
	first    map[string]string // word without spaces → the class's first word
	starts   map[rune]int      // first character → bytes of the longest such word
	forDicts []string          // the words as they are written, for the segmenter
}

// newClasses builds the table of replacements. The words of a class that another
// one includes belong to the including class; the class that comes first keeps a
// word that stands in several. Circles and unknown names do no harm.
func newClasses(norm *normalize.Normalizer, list []knowledge.WordClass) classes {
	c := classes{first: make(map[string]string), starts: make(map[rune]int)}
	b := classBuilder{norm: norm, classes: &c, byName: make(map[string]int, len(list)), list: list, taken: make([]bool, len(list))}
	included := make(map[int]bool)
	for i, class := range list {
		if _, ok := b.byName[class.Name]; !ok {
			b.byName[class.Name] = i
		}
	}
	for i, class := range list {
		for _, name := range class.Includes {
			if j, ok := b.byName[name]; ok && j != i {
				included[j] = true
			}
		}
	}
	for i := range list {
		if !included[i] {
			b.addAll(i)
		}
	}
	for i := range list { // what is left stands in a circle
		b.addAll(i)
	}
	return c
}

// classBuilder fills classes. Each class is visited once, so that includes, however
// they are knotted, cost no more than the list is long.
type classBuilder struct {
	norm    *normalize.Normalizer
	classes *classes
	list    []knowledge.WordClass
	byName  map[string]int
	taken   []bool
}

// addAll adds the words of class i and of all it includes under its first word.
func (b *classBuilder) addAll(i int) {
	if b.taken[i] {
		return
	}
	b.taken[i] = true
	first, queue := "", []int{i}
	for len(queue) > 0 {
		class := b.list[queue[0]]
		queue = queue[1:]
		for _, word := range class.Words {
			if word = b.norm.Text(word); first == "" {
				first = word
			}
			b.classes.add(word, first)
		}
		for _, name := range class.Includes {
			if j, ok := b.byName[name]; ok && !b.taken[j] {
				b.taken[j] = true
				queue = append(queue, j)
			}
		}
	}
}

func (c *classes) add(word, first string) {
	key := withoutSpaces(word)
	if key == "" || utf8.RuneCountInString(key) > MaxWordRunes {
		return
	}
	if _, taken := c.first[key]; taken {
		return
	}
	c.first[key] = first
	c.forDicts = append(c.forDicts, word)
	r, _ := utf8.DecodeRuneInString(key)
	c.starts[r] = max(c.starts[r], len(key))
}

// words returns what the segmenter must keep whole.
func (c *classes) words() []string { return append([]string(nil), c.forDicts...) }

// apply replaces each word, the longest first, and reports whether the text
// changed. Only whole tokens are replaced: the class word 电 leaves 电话 alone.
func (c *classes) apply(text string, tokens []Token) (string, bool) {
	if len(c.first) == 0 {
		return text, false
	}
	var out strings.Builder
	joined, ends := join(tokens)
	copied, changed := 0, false // bytes of text that are in out
	for i := 0; i < len(tokens); {
		last, first := c.match(joined, ends, i)
		if last < 0 {
			i++
			continue
		}
		start, end := tokens[i].Start, tokens[last].End
		if text[start:end] != first {
			appendApart(&out, text[copied:start])
			appendApart(&out, first)
			copied, changed = end, true
		}
		i = last + 1
	}
	if !changed {
		return text, false
	}
	appendApart(&out, text[copied:])
	return out.String(), true
}

// join returns the texts of the tokens in one string and where each one ends.
func join(tokens []Token) (string, []int) {
	var all strings.Builder
	ends := make([]int, len(tokens))
	for i, t := range tokens {
		all.WriteString(t.Text)
		ends[i] = all.Len()
	}
	return all.String(), ends
}

// match finds the longest class word that starts with token i. It returns the
// last token of it, -1 if there is none, and the class's first word.
func (c *classes) match(joined string, ends []int, i int) (last int, first string) {
	start := 0
	if i > 0 {
		start = ends[i-1]
	}
	r, _ := utf8.DecodeRuneInString(joined[start:])
	longest := start + c.starts[r]
	last = -1
	for j := i; j < len(ends) && ends[j] <= longest; j++ {
		if word, ok := c.first[joined[start:ends[j]]]; ok {
			last, first = j, word
		}
	}
	return last, first
}

// appendApart appends s, with a space where two Latin words or numbers would
// become one.
func appendApart(out *strings.Builder, s string) {
	if out.Len() > 0 && s != "" && isAlphanumeric(out.String()[out.Len()-1]) && isAlphanumeric(s[0]) {
		out.WriteByte(' ')
	}
	out.WriteString(s)
}

func isAlphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
