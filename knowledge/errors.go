package knowledge

import (
	"errors"
	"fmt"
)

// Sentinels of the knowledge layer; compare with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	// ErrExists says that another entry has the same normalised standard question.
	ErrExists = errors.New("already exists")
	// ErrNotEmpty guards the deletion of a category that still holds something.
	ErrNotEmpty = errors.New("not empty")
	// ErrInUse guards the deletion of a word class that is still referred to.
	ErrInUse = errors.New("in use")
	// ErrNewerSchema says that the database was written by a newer program.
	ErrNewerSchema = errors.New("database schema is newer than this program")
)

// ConflictError refuses a stale edit. It carries both sides, so that the editor
// can be shown what would have been overwritten.
type ConflictError struct {
	Mine   Entry // what the editor wanted to store
	Theirs Entry // what is stored now; the zero Entry if it was deleted
}

func (e *ConflictError) Error() string {
	if e.Theirs.ID == "" {
		return fmt.Sprintf("entry %q was deleted by someone else (your copy is version %d)", e.Mine.Question, e.Mine.Version)
	}
	return fmt.Sprintf("entry %q was changed by %s meanwhile (yours is based on version %d, stored is version %d)",
		e.Mine.Question, e.Theirs.UpdatedBy, e.Mine.Version, e.Theirs.Version)
}

// FieldError says which field of an entry, category or lexicon breaks which
// rule. Reason is written for editors, in Chinese.
type FieldError struct {
	Field  string // as on the screen: 标准问, 答案, 词类 …
	Value  string
	Reason string
}

func (e *FieldError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s：%s", e.Field, e.Reason)
	}
	return fmt.Sprintf("%s「%s」：%s", e.Field, e.Value, e.Reason)
}

// LexiconConflictError refuses a stale edit of the lexicon.
type LexiconConflictError struct{ Mine, Theirs Lexicon }

func (e *LexiconConflictError) Error() string {
	return fmt.Sprintf("the lexicon was changed meanwhile (yours is based on version %d, stored is version %d)",
		e.Mine.Version, e.Theirs.Version)
}
