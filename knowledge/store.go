package knowledge

import "context"

// Store keeps the truth. Every write is one transaction. It draws numbers from the
// revision counter, one for each entry it changes and one for the tree and the
// lexicon, so that a page of Changes may end anywhere; readers follow changes by
// these numbers.
// Implementations must pass kbtest.TestStore.
type Store interface {
	EntryStore
	CategoryStore
	// Lexicon returns the lexicon; an empty one with Version 0 if none was stored.
	Lexicon(ctx context.Context) (Lexicon, error)
}

// EntryReader reads entries and follows how they change.
type EntryReader interface {
	// Entry returns the entry, or ErrNotFound.
	Entry(ctx context.Context, id string) (Entry, error)
	// Snapshot calls visit for each entry, in order of id, all as of one moment,
	// and returns the revision of that moment. An error of visit ends it.
	Snapshot(ctx context.Context, visit func(Entry) error) (revision int64, err error)
	// Changes returns what changed after the revision, oldest first, at most
	// limit changes. An entry that changed several times appears once, as it is
	// now.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
	// Revision returns the number of the last write.
	Revision(ctx context.Context) (int64, error)
}

// EntryStore reads and writes entries.
type EntryStore interface {
	EntryReader
	// Apply stores a batch, all or nothing, and returns its revision. A stale
	// version gives a *ConflictError, a second entry with the same normalised
	// standard question ErrExists, an unknown id in Deletes ErrNotFound. A batch
	// without effect returns the current revision.
	Apply(ctx context.Context, b Batch) (revision int64, err error)
}

// CategoryStore reads and changes the tree. Putting an entry creates the
// categories on its path.
type CategoryStore interface {
	// Categories returns the whole tree in depth-first order, with counts.
	Categories(ctx context.Context) ([]Category, error)
	// CreateCategory creates the path, missing parents too, and returns its id.
	// An existing path is no error.
	CreateCategory(ctx context.Context, path Path) (id string, err error)
	// RenameCategory fails with ErrExists if a sibling has that name.
	RenameCategory(ctx context.Context, id, name string) error
	// MoveCategory hangs the category below parentID ("" is the root), at the
	// position among its new siblings. Moving below itself is a *FieldError.
	MoveCategory(ctx context.Context, id, parentID string, position int) error
	// MergeCategory moves everything in from into the category into, merging
	// children of the same name, and deletes from.
	MergeCategory(ctx context.Context, from, into string) error
	// DeleteCategory deletes an empty category; ErrNotEmpty otherwise.
	DeleteCategory(ctx context.Context, id string) error
}

// Batch is one transaction's work.
type Batch struct {
	// Puts are stored with Version+1; an entry with Version 0 is new. (If its id
	// was deleted before, it goes on after the version it had then, so that no old
	// copy can pass for it.) CreatedAt
	// and CreatedBy of a stored entry are kept. UpdatedAt and UpdatedBy are taken
	// from the entry.
	Puts    []Entry
	Deletes []Ref
	// Lexicon replaces the lexicon if it is not nil; a stale Version gives a
	// *LexiconConflictError.
	Lexicon *Lexicon
}

// Ref names one version of an entry.
type Ref struct {
	ID      string
	Version int64
}

// Change is one step of the change cursor.
type Change struct {
	Revision int64
	// ID names the entry; it is empty if the lexicon or the category tree changed.
	ID      string
	Deleted bool
	// Entry is the entry as it is now; zero if it was deleted.
	Entry Entry
}
