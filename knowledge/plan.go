package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// planned is one row of an import on its way to an outcome.
type planned struct {
	has     FieldSet
	related []string
	id      string // as the row says it; empty if it does not
	key     string // of the standard question
	// entry is first what the row says, in normal form; from compose on it is what
	// would be stored.
	entry  Entry
	target int  // the stored entry that the row is about; -1 for a new one
	rename bool // gives its target another standard question
	result RowResult
	notes  []string
}

// open reports whether the row can still be stored.
func (r *planned) open() bool { return r.result.Outcome == "" }

// close settles the outcome of the row.
func (r *planned) close(o Outcome, format string, args ...any) {
	r.result.Outcome, r.result.Reason = o, fmt.Sprintf(format, args...)
}

// fail settles that the row is wrong in itself.
func (r *planned) fail(err error) { r.close(OutcomeFailed, "%s", reason(err)) }

// reason returns the text of err for editors.
func reason(err error) string {
	var field *FieldError
	if errors.As(err, &field) {
		return field.Error()
	}
	return err.Error()
}

// plan works out what an import does to the stored entries. It only computes:
// the same input gives the same batch and results, but for new ids.
//
// Its steps build on each other: a row is first read by itself, compared with
// the rows before it (dedupe), matched to a stored entry (match) and completed
// from it (compose); then standard questions are made sure to stay unique
// (settle) and related questions find their ids (link); only now it shows what
// changes (decide), and which entries compete for a wording (warn).
type plan struct {
	mode   Mode
	dryRun bool
	by     string
	now    time.Time
	key    func(string) string
	newID  func() string

	stored []Entry
	byID   map[string]int // index in stored
	byKey  map[string]int // index in stored, by key of the standard question
	rows   []planned
	rowKey map[string]int // index in rows, by key of the standard question
	taker  []int          // the row that an entry of stored goes to; -1 for none
}

// newPlan indexes what is stored.
func newPlan(imp *Import, stored []Entry, key func(string) string, newID func() string, now time.Time) *plan {
	p := &plan{
		mode: imp.Mode, dryRun: imp.DryRun, by: imp.By, now: now, key: key, newID: newID,
		stored: stored,
		byID:   make(map[string]int, len(stored)),
		byKey:  make(map[string]int, len(stored)),
		rows:   make([]planned, len(imp.Rows)),
		rowKey: make(map[string]int, len(imp.Rows)),
		taker:  make([]int, len(stored)),
	}
	for i := range stored {
		p.byID[stored[i].ID] = i
		p.byKey[key(stored[i].Question)] = i
		p.taker[i] = -1
	}
	return p
}

// run goes through all steps. The results are in p.rows then.
func (p *plan) run(ctx context.Context, imp *Import) error {
	if err := p.read(ctx, imp); err != nil {
		return err
	}
	p.dedupe()
	p.match()
	p.compose()
	p.settle()
	p.giveIDs()
	p.link()
	p.decide()
	return p.warn(ctx)
}

// stride is how many rows or entries go by between two looks at the context.
const stride = 256

// read brings each row to the normal form.
func (p *plan) read(ctx context.Context, imp *Import) error {
	for i := range imp.Rows {
		if i%stride == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			imp.progress(i)
		}
		p.rows[i] = p.readRow(&imp.Rows[i])
	}
	return nil
}

func (p *plan) readRow(row *ImportRow) planned {
	r := planned{
		has: row.Has, related: row.Related, target: -1,
		result: RowResult{Origin: row.Origin, Question: strings.ToValidUTF8(strings.TrimSpace(row.Entry.Question), "�")},
	}
	said := overlay(Entry{}, &row.Entry, row.Has)
	set(row.Has, FieldID, &said.ID, row.Entry.ID)
	entry, notes, err := tidy(said, p.key)
	if err != nil {
		r.fail(err)
		return r
	}
	r.entry, r.notes, r.id, r.key = entry, notes, entry.ID, p.key(entry.Question)
	r.result.Question = entry.Question
	return r
}

// overlay returns base with the fields of has, and the standard question, as in
// said. Id and related entries are those of base.
func overlay(base Entry, said *Entry, has FieldSet) Entry {
	out := base
	out.Question = said.Question
	set(has, FieldCategory, &out.Category, said.Category)
	set(has, FieldVariants, &out.Variants, said.Variants)
	set(has, FieldCounterExamples, &out.CounterExamples, said.CounterExamples)
	set(has, FieldAnswers, &out.Answers, said.Answers)
	set(has, FieldReplyAll, &out.ReplyAll, said.ReplyAll)
	set(has, FieldEffectiveFrom, &out.EffectiveFrom, said.EffectiveFrom)
	set(has, FieldExpiresAt, &out.ExpiresAt, said.ExpiresAt)
	set(has, FieldEnabled, &out.Enabled, said.Enabled)
	set(has, FieldHot, &out.Hot, said.Hot)
	set(has, FieldThreshold, &out.Threshold, said.Threshold)
	set(has, FieldOwner, &out.Owner, said.Owner)
	return out
}

func set[T any](has, field FieldSet, to *T, value T) {
	if has.Has(field) {
		*to = value
	}
}

// dedupe settles the rows that have the standard question or the id of an
// earlier row.
func (p *plan) dedupe() {
	ids := make(map[string]int)
	for i := range p.rows {
		r := &p.rows[i]
		if !r.open() {
			continue
		}
		if first, ok := p.rowKey[r.key]; ok {
			p.repeated(r, first, nameQuestion)
			continue
		}
		if first, ok := ids[r.id]; ok {
			p.repeated(r, first, nameID)
			continue
		}
		p.rowKey[r.key] = i
		if r.id != "" {
			ids[r.id] = i
		}
	}
}

// repeated settles a row that has the standard question or the id, as what
// says, of the row first.
func (p *plan) repeated(r *planned, first int, what string) {
	f := &p.rows[first]
	at := place(f.result.Origin, first)
	said := r.entry
	said.ID = f.entry.ID
	if r.id == f.id && said.SameContent(f.entry) && slices.Equal(r.related, f.related) {
		r.close(OutcomeUnchanged, "与%s完全相同，已跳过", at)
		return
	}
	r.close(OutcomeConflict, "%s与%s相同而内容不同，请合并成一行，或改掉其中一行", what, at)
}

// place names the row of the origin, or its number in the import if the origin
// is not known.
func place(o Origin, index int) string {
	if s := o.String(); s != "" {
		return s
	}
	return fmt.Sprintf("第 %d 条", index+1)
}

// match finds the stored entry of each row: by id, then by standard question.
func (p *plan) match() {
	for i := range p.rows {
		r := &p.rows[i]
		if at, ok := p.byID[r.entry.ID]; ok && r.open() {
			r.target, p.taker[at] = at, i
			owner, known := p.byKey[r.key]
			r.rename = !known || owner != at
		}
	}
	for i := range p.rows {
		r := &p.rows[i]
		at, ok := p.byKey[r.key]
		if !ok || !r.open() || r.target >= 0 {
			continue
		}
		// An entry that a row renames gives its old question away, unless the mode
		// changes no entry.
		if p.taker[at] < 0 || p.mode == ModeAppend {
			r.target, p.taker[at] = at, i
		}
	}
}

// compose completes each row from its target, and checks the result.
func (p *plan) compose() {
	for i := range p.rows {
		r := &p.rows[i]
		if !r.open() {
			continue
		}
		r.entry = p.completed(r)
		notes, err := check(&r.entry, p.key)
		if err != nil {
			r.fail(err)
		}
		r.notes = append(r.notes, notes...)
	}
}

// completed returns the entry that the row asks for.
func (p *plan) completed(r *planned) Entry {
	if r.target < 0 {
		entry := overlay(Entry{Enabled: true}, &r.entry, r.has)
		entry.ID = r.id
		return entry
	}
	stored := &p.stored[r.target]
	if p.mode == ModeMerge {
		return p.unite(stored, &r.entry, r.has)
	}
	entry := overlay(*stored, &r.entry, r.has)
	if r.rename {
		entry.Variants = uniteWordings(entry.Variants, nil, p.key, r.key)
	} else if p.mode == ModeAppend {
		entry.Question = stored.Question // the same, but for a mark or a width
	}
	return entry
}

// unite returns the stored entry with what a row adds to it: wordings are
// united, answers replaced by dimension, other fields replaced. A blank value
// adds nothing and takes nothing away.
func (p *plan) unite(stored, said *Entry, has FieldSet) Entry {
	for _, f := range []struct {
		field FieldSet
		blank bool
	}{
		{FieldCategory, len(said.Category) == 0}, {FieldEffectiveFrom, said.EffectiveFrom.IsZero()},
		{FieldExpiresAt, said.ExpiresAt.IsZero()}, {FieldThreshold, said.Threshold == 0},
		{FieldOwner, said.Owner == ""},
	} {
		if f.blank {
			has &^= f.field
		}
	}
	out := overlay(*stored, said, has&^(FieldVariants|FieldCounterExamples|FieldAnswers))
	out.Variants = uniteWordings(stored.Variants, said.Variants, p.key, p.key(out.Question))
	out.CounterExamples = uniteWordings(stored.CounterExamples, said.CounterExamples, p.key, "")
	out.Answers = uniteAnswers(stored.Answers, said.Answers)
	return out
}

// uniteWordings returns the wordings of a, then those of b that are not in a,
// without any that has the key own.
func uniteWordings(a, b []string, key func(string) string, own string) []string {
	out := make([]string, 0, len(a)+len(b))
	seen := map[string]bool{own: true}
	for _, w := range slices.Concat(a, b) {
		if k := key(w); !seen[k] {
			seen[k] = true
			out = append(out, w)
		}
	}
	return orNil(out)
}

// uniteAnswers returns the answers of a with those of b in the place of the ones
// of the same dimension, in order of dimension.
func uniteAnswers(a, b []Answer) []Answer {
	out := slices.Clone(b)
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y Answer) bool { return compareDimensions(x.Dimension, y.Dimension) == 0 }) {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y Answer) int { return compareDimensions(x.Dimension, y.Dimension) })
	return orNil(out)
}

// settle refuses the rows whose standard question belongs to a stored entry that
// keeps it. Only a merge needs it: append renames nothing, and replace keeps
// nothing that is not in the file.
func (p *plan) settle() {
	if p.mode != ModeMerge {
		return
	}
	for i := range p.rows {
		r := &p.rows[i]
		if at, taken := p.byKey[r.key]; r.open() && taken && at != r.target && !p.leaves(at) {
			p.refuse(r, at)
		}
	}
}

// refuse settles a row that wants the standard question of the stored entry at.
// So its own target keeps its old question, and who wanted that is refused too.
func (p *plan) refuse(r *planned, at int) {
	for r != nil {
		r.close(OutcomeConflict, "标准问已属于知识点 %s，请换一个标准问，或先修改那个知识点", p.stored[at].ID)
		if !r.rename {
			return
		}
		at = r.target
		i, wanted := p.rowKey[p.key(p.stored[at].Question)]
		if r = nil; wanted && p.rows[i].open() {
			r = &p.rows[i]
		}
	}
}

// leaves reports whether the stored entry at gets another standard question.
func (p *plan) leaves(at int) bool {
	i := p.taker[at]
	return i >= 0 && p.rows[i].rename && p.rows[i].open() && p.mode != ModeAppend
}

// gone reports whether the stored entry at is removed.
func (p *plan) gone(at int) bool { return p.mode == ModeReplace && p.taker[at] < 0 }

// giveIDs gives each row its id. Generated ids are sorted first, so that new
// entries keep the order of the file wherever entries are listed by id.
func (p *plan) giveIDs() {
	var fresh []*planned
	for i := range p.rows {
		r := &p.rows[i]
		switch {
		case r.target >= 0:
			r.entry.ID = p.stored[r.target].ID
			r.result.EntryID = r.entry.ID
		case r.open() && r.id == "":
			fresh = append(fresh, r)
		case r.open():
			r.result.EntryID = r.id
		}
	}
	ids := make([]string, len(fresh))
	for i := range ids {
		ids[i] = p.newID()
	}
	slices.Sort(ids)
	for i, r := range fresh {
		r.entry.ID = ids[i]
		if !p.dryRun {
			r.result.EntryID = ids[i]
		}
	}
}

// decide compares each row with what is stored.
func (p *plan) decide() {
	for i := range p.rows {
		r := &p.rows[i]
		if !r.open() {
			continue
		}
		r.entry.UpdatedAt, r.entry.UpdatedBy = p.now, p.by
		if r.target < 0 {
			r.entry.CreatedAt, r.entry.CreatedBy = p.now, p.by
			r.close(OutcomeNew, "")
			continue
		}
		was := &p.stored[r.target]
		changed := strings.Join(differences(was, &r.entry), "、")
		switch {
		case changed == "":
			r.close(OutcomeUnchanged, "")
		case p.mode == ModeAppend:
			r.close(OutcomeConflict, "知识库里已有这个知识点，%s不同；要更新请用合并，不更新请从文件中删去", changed)
		case r.rename:
			r.close(OutcomeMerged, "更新了%s，标准问原为「%s」", changed, brief(was.Question))
		default:
			r.close(OutcomeMerged, "更新了%s", changed)
		}
	}
}

// holds reports whether the entry of the row is there after the import, as far
// as the row has to do with it.
func (r *planned) holds() bool {
	o := r.result.Outcome
	return o == OutcomeNew || o == OutcomeMerged || o == OutcomeUnchanged && r.target >= 0
}

// batch collects what is to be stored and removed.
func (p *plan) batch() Batch {
	var b Batch
	for i := range p.rows {
		if o := p.rows[i].result.Outcome; o == OutcomeNew || o == OutcomeMerged {
			b.Puts = append(b.Puts, p.rows[i].entry)
		}
	}
	for at := range p.stored {
		if p.gone(at) {
			b.Deletes = append(b.Deletes, Ref{ID: p.stored[at].ID, Version: p.stored[at].Version})
		}
	}
	return b
}

// results returns what becomes of each row, in the order of the file.
func (p *plan) results() []RowResult {
	results := make([]RowResult, len(p.rows))
	for i := range p.rows {
		r := &p.rows[i]
		if r.result.Reason != "" {
			r.notes = slices.Insert(r.notes, 0, r.result.Reason)
		}
		results[i] = r.result
		results[i].Reason = strings.Join(r.notes, "；")
	}
	return results
}

// removals returns what becomes of the entries that are not in the file.
func (p *plan) removals() []RowResult {
	var results []RowResult
	for at := range p.stored {
		if p.gone(at) {
			results = append(results, RowResult{
				Question: p.stored[at].Question, Outcome: OutcomeRemoved, EntryID: p.stored[at].ID,
				Reason: "文件里没有这个知识点",
			})
		}
	}
	return results
}
