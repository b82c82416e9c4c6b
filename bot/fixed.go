package bot

import (
	"context"
	"fmt"

	"faqbot/knowledge"
)

// Fixed is a Source that never changes: entries as they stand in a file, without
// a database and without its rules (an entry may lack answers). It serves
// evaluation and fitting.
type Fixed struct {
	Entries []knowledge.Entry
	Words   knowledge.Lexicon
}

var _ Source = (*Fixed)(nil)

// fixedRevision is the one state that a Fixed has.
const fixedRevision = 1

// Entry returns the entry with the id, or knowledge.ErrNotFound.
func (f *Fixed) Entry(_ context.Context, id string) (knowledge.Entry, error) {
	for _, e := range f.Entries {
		if e.ID == id {
			return e, nil
		}
	}
	return knowledge.Entry{}, fmt.Errorf("entry %q: %w", id, knowledge.ErrNotFound)
}

// Snapshot visits the entries in the order in which they were given.
func (f *Fixed) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (int64, error) {
	for _, e := range f.Entries {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := visit(e); err != nil {
			return 0, err
		}
	}
	return fixedRevision, nil
}

// Changes returns nothing: nothing changes.
func (f *Fixed) Changes(context.Context, int64, int) ([]knowledge.Change, error) { return nil, nil }

// Revision is always the same.
func (f *Fixed) Revision(context.Context) (int64, error) { return fixedRevision, nil }

// Lexicon returns the words.
func (f *Fixed) Lexicon(context.Context) (knowledge.Lexicon, error) { return f.Words, nil }
