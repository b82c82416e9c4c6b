package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"faqbot/knowledge/normalize"
)

// Base manages the knowledge base: it brings what editors and files bring into
// normal form, refuses what breaks a rule with a *FieldError, and writes through
// its Store. It keeps no state, so that any number may share one Store, and is
// safe for concurrent use.
type Base struct {
	store Store
	norm  *normalize.Normalizer
	now   func() time.Time
	newID func() string
}

// NewBase returns the manager of what is in store. newID makes the ids of new
// entries, NewID in general.
func NewBase(store Store, norm *normalize.Normalizer, now func() time.Time, newID func() string) *Base {
	return &Base{store: store, norm: norm, now: now, newID: newID}
}

// Entry returns the entry, or ErrNotFound.
func (b *Base) Entry(ctx context.Context, id string) (Entry, error) {
	e, err := b.store.Entry(ctx, id)
	if err != nil {
		return Entry{}, fmt.Errorf("read entry %q: %w", id, err)
	}
	return e, nil
}

// Save stores e as a new entry if its Version is zero, else as an edit of that
// version, and returns what is stored. An edit that changes nothing stores
// nothing.
//
// It fails with a *FieldError if e breaks a rule, a *ConflictError if someone
// else changed or deleted the entry meanwhile, and ErrExists if another entry
// has the same normalised standard question.
func (b *Base) Save(ctx context.Context, e Entry, by string) (Entry, error) {
	mine, _, err := tidy(e, b.norm.Key)
	if err != nil {
		return Entry{}, err
	}
	if _, err := check(&mine, b.norm.Key); err != nil {
		return Entry{}, err
	}
	if mine.Version != 0 {
		return b.edit(ctx, mine, by)
	}
	mine.CreatedAt, mine.CreatedBy = b.moment(), by
	if mine.ID == "" {
		mine.ID = b.newID()
	}
	return b.put(ctx, mine, nil, by)
}

// edit stores the changed entry mine, which is in normal form.
func (b *Base) edit(ctx context.Context, mine Entry, by string) (Entry, error) {
	theirs, err := b.store.Entry(ctx, mine.ID)
	if errors.Is(err, ErrNotFound) {
		return Entry{}, &ConflictError{Mine: mine}
	}
	if err != nil {
		return Entry{}, fmt.Errorf("read entry %q: %w", mine.ID, err)
	}
	if theirs.Version != mine.Version {
		return Entry{}, &ConflictError{Mine: mine, Theirs: theirs}
	}
	if mine.SameContent(theirs) {
		return theirs, nil
	}
	mine.CreatedAt, mine.CreatedBy = theirs.CreatedAt, theirs.CreatedBy
	return b.put(ctx, mine, theirs.Related, by)
}

// put stores an entry whose related entries exist; those in known need no look.
func (b *Base) put(ctx context.Context, mine Entry, known []string, by string) (Entry, error) {
	for _, id := range mine.Related {
		if slices.Contains(known, id) {
			continue
		}
		_, err := b.store.Entry(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return Entry{}, &FieldError{Field: nameRelated, Value: brief(id), Reason: "知识库里没有这个知识点，请重新选择或删去"}
		}
		if err != nil {
			return Entry{}, fmt.Errorf("read related entry %q: %w", id, err)
		}
	}
	mine.UpdatedAt, mine.UpdatedBy = b.moment(), by
	if _, err := b.store.Apply(ctx, Batch{Puts: []Entry{mine}}); err != nil {
		return Entry{}, fmt.Errorf("store entry %q: %w", mine.Question, err)
	}
	if mine.Version == 0 {
		return b.Entry(ctx, mine.ID) // an id that was in use before does not start at version 1
	}
	mine.Version++
	return mine, nil
}

// Delete deletes the entry, and takes it off the related entries of others, as
// an edit by the one who deletes. It fails with ErrNotFound, or with a
// *ConflictError if the entry is not at that version any more.
func (b *Base) Delete(ctx context.Context, ref Ref, by string) error {
	err := b.delete(ctx, ref, by)
	if overtaken(err) { // perhaps only one of the others was edited
		err = b.delete(ctx, ref, by)
	}
	if err != nil {
		return fmt.Errorf("delete entry %q: %w", ref.ID, err)
	}
	return nil
}

func (b *Base) delete(ctx context.Context, ref Ref, by string) error {
	batch := Batch{Deletes: []Ref{ref}}
	_, err := b.store.Snapshot(ctx, func(e Entry) error {
		if i := slices.Index(e.Related, ref.ID); i >= 0 && e.ID != ref.ID {
			e = e.Clone()
			e.Related = orNil(slices.Delete(e.Related, i, i+1))
			e.UpdatedAt, e.UpdatedBy = b.moment(), by
			batch.Puts = append(batch.Puts, e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = b.store.Apply(ctx, batch)
	return err
}

// moment returns the time as it is stored: in UTC, to the millisecond.
func (b *Base) moment() time.Time { return b.now().UTC().Truncate(time.Millisecond) }

// overtaken reports whether a write failed because of someone else's.
func overtaken(err error) bool {
	var entry *ConflictError
	var lexicon *LexiconConflictError
	return errors.As(err, &entry) || errors.As(err, &lexicon) ||
		errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound)
}

// Import brings the rows of a file into the knowledge base, in one transaction,
// and reports what became of each. Rows that cannot be taken over are reported
// and left out, but for ModeReplace, which then stores nothing and fails with
// ErrRefused: the report is valid all the same.
//
// The plan is made on a snapshot. If someone's edit overtakes it, it is made once
// more on a fresh one; after that the error is returned. A wrong lexicon is a
// *FieldError. With any error, nothing was stored.
func (b *Base) Import(ctx context.Context, imp Import) (Report, error) {
	switch imp.Mode {
	case ModeAppend, ModeMerge, ModeReplace:
	default:
		return Report{}, &FieldError{Field: "导入方式", Value: brief(string(imp.Mode)),
			Reason: "请用 append（只加新的）、merge（合并）或 replace（整体替换）"}
	}
	report, err := b.importOnce(ctx, &imp)
	if overtaken(err) {
		report, err = b.importOnce(ctx, &imp)
	}
	if err != nil {
		return report, fmt.Errorf("import: %w", err)
	}
	return report, nil
}

func (b *Base) importOnce(ctx context.Context, imp *Import) (Report, error) {
	stored, revision, err := b.snapshot(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the knowledge base: %w", err)
	}
	batch, report, err := b.plan(ctx, imp, stored)
	if err != nil {
		return report, err
	}
	report.Revision = revision
	if batch.Lexicon, err = b.importedLexicon(ctx, imp); err != nil {
		return Report{}, err
	}
	report.LexiconChanged = batch.Lexicon != nil
	if !imp.DryRun && !batch.empty() {
		if report.Revision, err = b.store.Apply(ctx, batch); err != nil {
			return Report{}, fmt.Errorf("store %d entries: %w", len(batch.Puts), err)
		}
	}
	imp.progress(len(imp.Rows))
	return report, nil
}

// empty reports whether the batch has no effect.
func (b *Batch) empty() bool { return len(b.Puts) == 0 && len(b.Deletes) == 0 && b.Lexicon == nil }

// snapshot returns all entries, and the revision they are of.
func (b *Base) snapshot(ctx context.Context) (entries []Entry, revision int64, err error) {
	revision, err = b.store.Snapshot(ctx, func(e Entry) error {
		entries = append(entries, e)
		return nil
	})
	return entries, revision, err
}

// plan works out the batch and the report. With ErrRefused the report is valid.
func (b *Base) plan(ctx context.Context, imp *Import, stored []Entry) (Batch, Report, error) {
	if len(imp.Rows) == 0 && len(imp.Refused) == 0 && imp.Lexicon != nil {
		return Batch{}, Report{DryRun: imp.DryRun}, nil // a file of words alone is no order to remove all entries
	}
	p := newPlan(imp, stored, remember(b.norm.Key, 2*(len(stored)+len(imp.Rows))), b.newID, b.moment())
	if err := p.run(ctx, imp); err != nil {
		return Batch{}, Report{}, err
	}
	report := Report{DryRun: imp.DryRun}
	for _, r := range inFileOrder(p.results(), imp.Refused) {
		if r.Outcome == "" {
			r.Outcome = OutcomeFailed // one that the reader forgot to name must count too
		}
		report.Add(r)
	}
	if imp.Mode != ModeReplace {
		return p.batch(), report, nil
	}
	if bad := report.Failed + report.Conflict; bad > 0 {
		return Batch{}, report, fmt.Errorf("整体替换没有执行，知识库没有改动：有 %d 行不能导入，请按报告改正后重试: %w", bad, ErrRefused)
	}
	if len(imp.Rows) == 0 && len(stored) > 0 {
		return Batch{}, report, fmt.Errorf("整体替换没有执行，知识库没有改动：文件里没有知识点: %w", ErrRefused)
	}
	for _, r := range p.removals() {
		report.Add(r)
	}
	return p.batch(), report, nil
}

// remember returns a function that calls key once for each string. The plan of
// an import asks for the same keys again and again. About size strings are
// expected.
func remember(key func(string) string, size int) func(string) string {
	known := make(map[string]string, size)
	return func(s string) string {
		k, ok := known[s]
		if !ok {
			if k = key(s); k == s {
				k = s // keep one copy of the two
			}
			known[s] = k
		}
		return k
	}
}

// inFileOrder puts the rows that the reader refused where they stand in the
// file.
func inFileOrder(results, refused []RowResult) []RowResult {
	if len(refused) == 0 {
		return results
	}
	all := slices.Concat(results, refused)
	type place struct{ file, sheet string }
	rank := make(map[place]int)
	for _, r := range all {
		if at := (place{r.Origin.File, r.Origin.Sheet}); rank[at] == 0 {
			rank[at] = len(rank) + 1
		}
	}
	slices.SortStableFunc(all, func(a, b RowResult) int {
		byPlace := rank[place{a.Origin.File, a.Origin.Sheet}] - rank[place{b.Origin.File, b.Origin.Sheet}]
		if byPlace != 0 {
			return byPlace
		}
		return a.Origin.Row - b.Origin.Row
	})
	return all
}
