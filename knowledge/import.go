package knowledge

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRefused says that an import in ModeReplace stored nothing, because it would
// have thrown away entries whose rows could not be taken over. The Report that
// comes with it lists these rows.
var ErrRefused = errors.New("replace refused")

// Mode says what an import does with the entries that are already there.
type Mode string

// The modes of an import.
const (
	// ModeAppend stores unknown entries and leaves the known ones alone.
	ModeAppend Mode = "append"
	// ModeMerge unites what is known with what the file says.
	ModeMerge Mode = "merge"
	// ModeReplace makes the knowledge base what the file says: entries that are
	// not in the file are removed.
	ModeReplace Mode = "replace"
)

// FieldSet is the set of the fields that a file carried, so that a missing
// column is not taken for an empty value. The standard question is always there.
type FieldSet uint32

// The fields a file can carry.
const (
	FieldID FieldSet = 1 << iota
	FieldCategory
	FieldVariants
	FieldCounterExamples
	FieldAnswers
	FieldReplyAll
	FieldRelated
	FieldEffectiveFrom
	FieldExpiresAt
	FieldEnabled
	FieldHot
	FieldThreshold
	FieldOwner

	// FieldAll is the set of all of them.
	FieldAll FieldSet = 1<<iota - 1
)

// Has reports whether all fields of f are in s.
func (s FieldSet) Has(f FieldSet) bool { return s&f == f }

// Origin says where in a file something was read.
type Origin struct {
	File  string
	Sheet string
	Row   int   // 1-based, as a spreadsheet shows it; zero if there is none
	Rows  []int // all rows that made this entry, Row among them
}

// String names the place in the way an editor looks for it:
// 价格.xlsx 表「Sheet1」第 12 行.
func (o Origin) String() string {
	var parts []string
	if o.File != "" {
		parts = append(parts, o.File)
	}
	at := ""
	if o.Sheet != "" {
		at = "表「" + o.Sheet + "」"
	}
	if o.Row > 0 {
		at += fmt.Sprintf("第 %d 行", o.Row)
	}
	if at != "" {
		parts = append(parts, at)
	}
	return strings.Join(parts, " ")
}

// ImportRow is one entry as a file describes it.
type ImportRow struct {
	// Entry holds the values of the fields in Has; its other fields, Related
	// among them, are ignored. Times are to be set in the zone of the editor.
	Entry  Entry
	Origin Origin
	// Has names the fields that the file carried for this row. A reader sets the
	// bit if the file has the column, also for a blank cell; for a blank cell of a
	// yes/no column (ReplyAll, Enabled, Hot) it does not set it.
	Has FieldSet
	// Related holds the related entries as the file names them: by standard
	// question or by id.
	Related []string
}

// Import is the work of one call of Base.Import.
type Import struct {
	Rows []ImportRow
	// Refused are the rows that the reader of the file could not make an entry
	// of. They are counted in the Report, and keep ModeReplace from removing what
	// they may have described.
	Refused []RowResult
	// Lexicon is the lexicon in the file; nil if it has none.
	Lexicon *Lexicon
	Mode    Mode
	// DryRun plans everything and stores nothing.
	DryRun bool
	// By names who imports.
	By string
	// Progress, if not nil, is called now and then, in the goroutine of Import,
	// with the number of rows done. It reaches total only when all is stored, and
	// starts over if someone's edit made a second plan necessary.
	Progress func(done, total int)
}

// Outcome is what an import did with one row.
type Outcome string

// The outcomes of a row.
const (
	OutcomeNew       Outcome = "new"
	OutcomeMerged    Outcome = "merged"
	OutcomeUnchanged Outcome = "unchanged"
	OutcomeConflict  Outcome = "conflict" // not stored: contradicts what is there
	OutcomeFailed    Outcome = "error"    // not stored: the row is wrong in itself
	OutcomeRemoved   Outcome = "removed"  // an entry that is not in the file
)

// RowResult tells what became of one row.
type RowResult struct {
	Origin   Origin // zero for OutcomeRemoved
	Question string
	Outcome  Outcome
	// EntryID is the stored entry; empty if there is none, as for an entry that a
	// dry run would create.
	EntryID string
	// Reason tells an editor, in Chinese, why, and what to do. A row that was
	// stored may have one too: a warning, or what changed.
	Reason string
}

// Report is the result of an import: the rows in the order of the file, then
// the removed entries.
type Report struct {
	New, Merged, Unchanged, Conflict, Failed, Removed int

	Rows []RowResult
	// LexiconChanged says that the lexicon of the file brought something new.
	LexiconChanged bool
	// Revision is the state of the knowledge base after the import; for a dry run
	// the state that it was planned on.
	Revision int64
	DryRun   bool
}

// Add appends a result and counts it.
func (r *Report) Add(result RowResult) {
	r.Rows = append(r.Rows, result)
	if n := r.counter(result.Outcome); n != nil {
		*n++
	}
}

// counter returns the count of the outcome, nil for an unknown one.
func (r *Report) counter(o Outcome) *int {
	switch o {
	case OutcomeNew:
		return &r.New
	case OutcomeMerged:
		return &r.Merged
	case OutcomeUnchanged:
		return &r.Unchanged
	case OutcomeConflict:
		return &r.Conflict
	case OutcomeFailed:
		return &r.Failed
	case OutcomeRemoved:
		return &r.Removed
	default:
		return nil
	}
}

// progress tells who waits that done rows are done.
func (imp *Import) progress(done int) {
	if imp.Progress != nil {
		imp.Progress(done, len(imp.Rows))
	}
}
