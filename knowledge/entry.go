// Package knowledge holds what the bot knows: entries in a category tree, and
// the lexicon (word classes, user words, stop words, sensitive words).
//
// The types here are the heart of the program and import nothing of it but the
// text normaliser. SQL is the truth (package kbsql), the search index is a
// cache of it (package index), files are how knowledge travels (package
// kbfile). Base ties them together.
package knowledge

import (
	"slices"
	"strings"
	"time"
)

// Limits of one entry. They are generous: a limit exists so that a broken file
// is refused with a clear message, not to ration editors.
const (
	MaxVariants        = 2000
	MaxQuestionRunes   = 512
	MaxAnswerRunes     = 20000
	MaxCategoryDepth   = 10
	MaxCategoryRunes   = 64
	MaxAlternatives    = 20
	MaxRelated         = 20
	MaxCounterExamples = 500
)

// Entry is one unit of knowledge (知识点): a standard question, its other
// wordings, and its answers.
type Entry struct {
	ID       string
	Category Path
	// Question is the standard question (标准问). Its normalised form is unique
	// within the knowledge base.
	Question string
	// Variants are other wordings of the same question (扩展问).
	Variants []string
	// CounterExamples are wordings that this entry must not answer (反例问).
	CounterExamples []string
	// Answers holds at most one Answer for each Dimension; the one with the zero
	// Dimension is the default.
	Answers []Answer
	// ReplyAll sends every alternative text of an answer instead of one of them.
	ReplyAll bool
	// Related holds the ids of entries to offer after this one (关联问题).
	Related []string
	// EffectiveFrom and ExpiresAt bound the time in which the entry answers,
	// [from, until). The zero time means no bound.
	EffectiveFrom time.Time
	ExpiresAt     time.Time
	Enabled       bool
	// Hot puts the question on the list of hot questions (热点问题).
	Hot bool
	// Threshold overrides the confidence needed to answer, 0 < t <= 1. Zero means
	// the default of the knowledge base.
	Threshold float64
	Owner     string
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string
	// Version is the optimistic lock: it starts at 1 and grows by one with each
	// stored edit. Zero means the entry is not stored yet.
	Version int64
}

// Answer is what an entry says to the visitors of one dimension.
type Answer struct {
	Dimension Dimension
	// Texts holds alternative texts; the bot sends one of them, or all of them if
	// the entry says ReplyAll.
	Texts []string
}

// Dimension tells visitors apart (维度). An empty field means any value; the
// zero Dimension is the default answer.
type Dimension struct {
	Channel string `json:"channel,omitempty"`
	Region  string `json:"region,omitempty"`
	Level   string `json:"level,omitempty"`
}

// IsDefault reports whether d is the dimension of the default answer.
func (d Dimension) IsDefault() bool { return d == Dimension{} }

// fits scores how specifically d describes the visitor v: -1 if it describes
// somebody else, otherwise channel counts more than region, region more than
// level.
func (d Dimension) fits(v Dimension) int {
	score := 0
	for _, f := range []struct {
		want, have string
		weight     int
	}{{d.Channel, v.Channel, 4}, {d.Region, v.Region, 2}, {d.Level, v.Level, 1}} {
		switch {
		case f.want == "":
		case strings.EqualFold(f.want, f.have):
			score += f.weight
		default:
			return -1
		}
	}
	return score
}

// AnswerFor returns the most specific answer for the visitor v, and false if
// the entry has none, not even a default.
func (e *Entry) AnswerFor(v Dimension) (Answer, bool) {
	best, bestScore := Answer{}, -1
	for _, a := range e.Answers {
		if s := a.Dimension.fits(v); s > bestScore {
			best, bestScore = a, s
		}
	}
	return best, bestScore >= 0
}

// ActiveAt reports whether the entry may answer at time t.
func (e *Entry) ActiveAt(t time.Time) bool {
	return e.Enabled && !t.Before(e.EffectiveFrom) && (e.ExpiresAt.IsZero() || t.Before(e.ExpiresAt))
}

// Questions returns the standard question followed by the variants.
func (e *Entry) Questions() []string {
	return append([]string{e.Question}, e.Variants...)
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	e.Category = slices.Clone(e.Category)
	e.Variants = slices.Clone(e.Variants)
	e.CounterExamples = slices.Clone(e.CounterExamples)
	e.Related = slices.Clone(e.Related)
	e.Answers = slices.Clone(e.Answers)
	for i := range e.Answers {
		e.Answers[i].Texts = slices.Clone(e.Answers[i].Texts)
	}
	return e
}

// Path names a category from the root of the tree down: {"业务", "宽带", "安装"}.
// The empty path is the root itself, where entries without category live.
type Path []string

// pathEscaper protects the separator inside a category's name.
var pathEscaper = strings.NewReplacer(`\`, `\\`, `/`, `\/`)

// String joins the names with "/", escaping a "/" or "\" inside a name.
func (p Path) String() string {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = pathEscaper.Replace(name)
	}
	return strings.Join(names, "/")
}

// ParsePath is the inverse of String. Empty names are dropped and blanks around
// a name are trimmed.
func ParsePath(s string) Path {
	var p Path
	var name strings.Builder
	flush := func() {
		if n := strings.TrimSpace(name.String()); n != "" {
			p = append(p, n)
		}
		name.Reset()
	}
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			name.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '/':
			flush()
		default:
			name.WriteRune(r)
		}
	}
	flush()
	return p
}

// Category is a node of the tree that holds entries (分类).
type Category struct {
	ID       string
	ParentID string // empty for a top-level category
	Path     Path
	Position int // order among its siblings
	// Entries counts the entries directly in this category, Total those below it
	// as well.
	Entries int
	Total   int
}
