// Package kbtest helps to test what uses or implements knowledge.Store: a fake
// with real behaviour, and the conformance suite that every store must pass.
package kbtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"faqbot/knowledge"
)

// Store is a knowledge.Store in memory. It keeps every promise of the interface
// except that of outliving the process, and passes TestStore.
type Store struct {
	key func(string) string

	mu         sync.Mutex // protects the fields below
	revision   int64      // the number drawn last
	base       int64      // the number of the last change of tree or lexicon
	entries    map[string]record
	categories map[string]category
	created    int // categories so far, for their ids
	lexicon    knowledge.Lexicon
}

// record is an entry or, if it is deleted, its tombstone. The category is kept
// by id: its path may change.
type record struct {
	entry    knowledge.Entry
	category string
	revision int64
	deleted  bool
}

// category is a node of the tree; the root has none, its id is "".
type category struct {
	parent, name string
	position     int
}

var _ knowledge.Store = (*Store)(nil)

// NewStore returns an empty store in which questions with the same key are the
// same question.
func NewStore(key func(string) string) *Store {
	return &Store{key: key, entries: map[string]record{}, categories: map[string]category{}}
}

// Key is a simple key of questions for tests: lower case, without blanks.
func Key(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// Revision returns the number of the last change.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, nil
}

// Entry returns the entry, or knowledge.ErrNotFound.
func (s *Store) Entry(ctx context.Context, id string) (knowledge.Entry, error) {
	if err := ctx.Err(); err != nil {
		return knowledge.Entry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.entries[id]
	if !ok || r.deleted {
		return knowledge.Entry{}, fmt.Errorf("entry %q: %w", id, knowledge.ErrNotFound)
	}
	return s.full(r), nil
}

// full returns the record's entry as readers see it.
func (s *Store) full(r record) knowledge.Entry {
	if r.deleted {
		return knowledge.Entry{}
	}
	e := r.entry.Clone()
	e.Category = s.path(r.category)
	return e
}

// Snapshot calls visit for each entry, all as of the moment of the call.
func (s *Store) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (int64, error) {
	revision, entries := s.copyEntries()
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("snapshot: %w", err)
		}
		if err := visit(e); err != nil {
			return 0, fmt.Errorf("snapshot: %w", err)
		}
	}
	return revision, nil
}

func (s *Store) copyEntries() (int64, []knowledge.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entries []knowledge.Entry
	for _, id := range slices.Sorted(maps.Keys(s.entries)) {
		if r := s.entries[id]; !r.deleted {
			entries = append(entries, s.full(r))
		}
	}
	return s.revision, entries
}

// Changes returns at most limit changes after the revision, oldest first.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]knowledge.Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes []knowledge.Change
	if s.base > after {
		changes = append(changes, knowledge.Change{Revision: s.base})
	}
	for id, r := range s.entries {
		if r.revision > after {
			changes = append(changes, knowledge.Change{Revision: r.revision, ID: id, Deleted: r.deleted, Entry: s.full(r)})
		}
	}
	slices.SortFunc(changes, func(a, b knowledge.Change) int { return cmp.Compare(a.Revision, b.Revision) })
	return changes[:max(0, min(limit, len(changes)))], nil
}

// Lexicon returns the lexicon; an empty one with Version 0 if none was stored.
func (s *Store) Lexicon(ctx context.Context) (knowledge.Lexicon, error) {
	if err := ctx.Err(); err != nil {
		return knowledge.Lexicon{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloneLexicon(s.lexicon), nil
}

// Apply stores the batch, all or nothing.
func (s *Store) Apply(ctx context.Context, b knowledge.Batch) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	for _, check := range []func(knowledge.Batch) error{
		checkTexts, checkTwice, s.checkDeletes, s.checkPuts, s.checkLexicon, s.checkQuestions,
	} {
		if err := check(b); err != nil {
			return 0, fmt.Errorf("apply: %w", err)
		}
	}
	for _, ref := range b.Deletes {
		s.revision++
		s.entries[ref.ID] = record{entry: knowledge.Entry{Version: ref.Version + 1}, revision: s.revision, deleted: true}
	}
	treeChanged := false
	for _, e := range b.Puts {
		category, created := s.ensure(e.Category)
		treeChanged = treeChanged || created
		s.revision++
		s.entries[e.ID] = record{entry: s.next(e), category: category, revision: s.revision}
	}
	if b.Lexicon != nil {
		s.lexicon = cloneLexicon(*b.Lexicon)
		s.lexicon.Version++
	}
	if b.Lexicon != nil || treeChanged {
		s.touchBase()
	}
	return s.revision, nil
}

// next returns e as the next version of what is stored.
func (s *Store) next(e knowledge.Entry) knowledge.Entry {
	e = stored(e)
	old := s.entries[e.ID]
	if old.entry.ID != "" {
		e.CreatedAt, e.CreatedBy = old.entry.CreatedAt, old.entry.CreatedBy
	}
	e.Version = old.entry.Version + 1
	e.Category = nil
	return e
}

func (s *Store) touchBase() {
	s.revision++
	s.base = s.revision
}

func (s *Store) live(id string) (record, bool) {
	r, ok := s.entries[id]
	return r, ok && !r.deleted
}

func (s *Store) checkDeletes(b knowledge.Batch) error {
	for _, ref := range b.Deletes {
		r, ok := s.live(ref.ID)
		if !ok {
			return fmt.Errorf("delete entry %q: %w", ref.ID, knowledge.ErrNotFound)
		}
		if r.entry.Version != ref.Version {
			mine := knowledge.Entry{ID: ref.ID, Question: r.entry.Question, Version: ref.Version}
			return &knowledge.ConflictError{Mine: mine, Theirs: s.full(r)}
		}
	}
	return nil
}

func (s *Store) checkPuts(b knowledge.Batch) error {
	for _, e := range b.Puts {
		r, ok := s.live(e.ID)
		if !ok {
			r = record{deleted: true} // version 0, and no other side to show
		}
		if r.entry.Version != e.Version {
			return &knowledge.ConflictError{Mine: e.Clone(), Theirs: s.full(r)}
		}
	}
	return nil
}

func (s *Store) checkLexicon(b knowledge.Batch) error {
	if b.Lexicon != nil && b.Lexicon.Version != s.lexicon.Version {
		return &knowledge.LexiconConflictError{Mine: cloneLexicon(*b.Lexicon), Theirs: cloneLexicon(s.lexicon)}
	}
	return nil
}

// checkQuestions looks at the questions as they would be after the batch.
func (s *Store) checkQuestions(b knowledge.Batch) error {
	after := make(map[string]string, len(s.entries)) // id → question
	for id, r := range s.entries {
		if !r.deleted {
			after[id] = r.entry.Question
		}
	}
	for _, ref := range b.Deletes {
		delete(after, ref.ID)
	}
	for _, e := range b.Puts {
		after[e.ID] = e.Question
	}
	byKey := make(map[string]string, len(after)) // key → id
	for id, question := range after {
		if other, ok := byKey[s.key(question)]; ok {
			return fmt.Errorf("entry %q, %q asks the same as entry %q, %q: %w",
				id, question, other, after[other], knowledge.ErrExists)
		}
		byKey[s.key(question)] = id
	}
	return nil
}

func checkTwice(b knowledge.Batch) error {
	seen := map[string]bool{}
	ids := make([]string, 0, len(b.Puts)+len(b.Deletes))
	for _, e := range b.Puts {
		ids = append(ids, e.ID)
	}
	for _, ref := range b.Deletes {
		ids = append(ids, ref.ID)
	}
	for _, id := range ids {
		if seen[id] {
			return &knowledge.FieldError{Field: "编号", Value: id, Reason: "同一批修改里出现了两次，请只保留一次"}
		}
		seen[id] = true
	}
	return nil
}

// checkTexts refuses what SQL stores refuse: texts with NUL or that are not
// UTF-8, entries without id, categories without name, numbers and times that
// cannot be kept.
func checkTexts(b knowledge.Batch) error {
	for _, e := range b.Puts {
		texts := slices.Concat([]string{e.ID, e.Question, e.Owner, e.CreatedBy, e.UpdatedBy},
			e.Category, e.Variants, e.CounterExamples, e.Related)
		for _, a := range e.Answers {
			texts = slices.Concat(texts, a.Texts, []string{a.Dimension.Channel, a.Dimension.Region, a.Dimension.Level})
		}
		if err := checkStrings(texts); err != nil {
			return err
		}
		if e.ID == "" || slices.Contains(e.Category, "") {
			return &knowledge.FieldError{Field: "编号或分类", Reason: "不能为空"}
		}
		if math.IsNaN(e.Threshold) || math.IsInf(e.Threshold, 0) {
			return &knowledge.FieldError{Field: "阈值", Reason: "不是数字"}
		}
		for _, t := range []time.Time{e.EffectiveFrom, e.ExpiresAt, e.CreatedAt, e.UpdatedAt} {
			if y := t.UTC().Year(); y < 1 || y > 9999 {
				return &knowledge.FieldError{Field: "时间", Value: t.String(), Reason: "年份应在 1 到 9999 之间"}
			}
		}
	}
	if b.Lexicon == nil {
		return nil
	}
	texts := slices.Concat(b.Lexicon.UserWords, b.Lexicon.StopWords, b.Lexicon.SensitiveWords)
	for _, c := range b.Lexicon.WordClasses {
		texts = slices.Concat(texts, c.Words, c.Includes, []string{c.Name})
	}
	return checkStrings(texts)
}

func checkStrings(texts []string) error {
	for _, text := range texts {
		if strings.Contains(text, "\x00") || !utf8.ValidString(text) {
			return &knowledge.FieldError{Field: "文本", Value: strconv.QuoteToASCII(text), Reason: "含有空字符或不是有效的 UTF-8 文本"}
		}
	}
	return nil
}

// stored returns e as a database gives it back: without memory in common, empty
// lists as nil, times in whole milliseconds of UTC.
func stored(e knowledge.Entry) knowledge.Entry {
	e = e.Clone()
	e.Variants, e.CounterExamples, e.Related = orNil(e.Variants), orNil(e.CounterExamples), orNil(e.Related)
	e.Category, e.Answers = orNil(e.Category), orNil(e.Answers)
	for i := range e.Answers {
		e.Answers[i].Texts = orNil(e.Answers[i].Texts)
	}
	for _, t := range []*time.Time{&e.EffectiveFrom, &e.ExpiresAt, &e.CreatedAt, &e.UpdatedAt} {
		if t.IsZero() {
			*t = time.Time{}
			continue
		}
		*t = time.UnixMilli(t.UnixMilli()).UTC()
		if t.UnixMilli() == 0 {
			*t = time.UnixMilli(1).UTC() // 0 means none
		}
	}
	return e
}

func orNil[S ~[]E, E any](s S) S {
	if len(s) == 0 {
		return nil
	}
	return s
}

func cloneLexicon(l knowledge.Lexicon) knowledge.Lexicon {
	classes := l.WordClasses
	l.WordClasses = nil
	for _, c := range classes {
		c.Words, c.Includes = orNil(slices.Clone(c.Words)), orNil(slices.Clone(c.Includes))
		l.WordClasses = append(l.WordClasses, c)
	}
	l.UserWords = orNil(slices.Clone(l.UserWords))
	l.StopWords = orNil(slices.Clone(l.StopWords))
	l.SensitiveWords = orNil(slices.Clone(l.SensitiveWords))
	return l
}
