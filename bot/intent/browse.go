package intent

import (
	"cmp"
	"slices"
	"strings"

	"faqbot/knowledge"
)

// Branch is a category within another.
type Branch struct {
	Path knowledge.Path
	// Count is how many entries stand in it and below.
	Count int
}

// Browse returns what stands in a category (分类), as far as it may answer now:
// the categories right below it in order of their names, and its own entries in
// order of their questions. The empty path is the root of the tree.
func (m *Matcher) Browse(q Query, category knowledge.Path) ([]Branch, []Candidate) {
	counts := map[string]int{} // by the name of the branch
	var here []*entry
	for _, e := range m.entries {
		depth := len(category)
		if len(e.Category) < depth || !slices.Equal(e.Category[:depth], category) || m.excluded(e, unasked, q) != "" {
			continue
		}
		if len(e.Category) == depth {
			here = append(here, e)
		} else {
			counts[e.Category[depth]]++
		}
	}
	branches := make([]Branch, 0, len(counts))
	for name, n := range counts {
		branches = append(branches, Branch{Path: append(slices.Clone(category), name), Count: n})
	}
	slices.SortFunc(branches, func(a, b Branch) int { return slices.Compare(a.Path, b.Path) })
	slices.SortFunc(here, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.Question, b.Question), strings.Compare(a.ID, b.ID))
	})
	entries := make([]Candidate, len(here))
	for i, e := range here {
		entries[i] = e.candidate()
	}
	return branches, entries
}
