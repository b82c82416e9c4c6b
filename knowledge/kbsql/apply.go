package kbsql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"faqbot/knowledge"
	"faqbot/knowledge/sqldb"
)

// Apply stores the batch, all or nothing. The errors are looked for in this
// order: texts and times that cannot be stored, ids that occur twice, Deletes,
// versions of Puts, the lexicon's version, questions that exist already.
func (s *Store) Apply(ctx context.Context, b knowledge.Batch) (revision int64, err error) {
	if len(b.Puts) == 0 && len(b.Deletes) == 0 && b.Lexicon == nil {
		return s.Revision(ctx)
	}
	if err := checkBatch(b); err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	w := writing{batch: b, keys: make([]string, len(b.Puts))}
	for i := range b.Puts {
		w.keys[i] = digest(s.key(b.Puts[i].Question))
	}
	err = s.write(ctx, func(tx *sql.Tx) (err error) {
		if err := s.planAnew(ctx, tx, len(b.Puts)+len(b.Deletes)); err != nil {
			return err
		}
		w.tx = tx
		revision, err = w.run(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	return revision, nil
}

// planAnew has PostgreSQL plan each statement of a large batch. A plan it kept
// from when the table was small would read all of the table again and again.
func (s *Store) planAnew(ctx context.Context, tx *sql.Tx, changes int) error {
	const large = 100
	if s.dialect != PostgreSQL || changes < large {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `SET LOCAL plan_cache_mode = force_custom_plan`); err != nil {
		return fmt.Errorf("set the plan mode: %w", err)
	}
	return nil
}

// digest makes a text of any length fit for a unique index; PostgreSQL refuses
// long values there.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// writing is one Apply at work.
type writing struct {
	batch  knowledge.Batch
	keys   []string // of batch.Puts
	tx     *sql.Tx
	stored map[string]storedEntry // those of the batch that exist, tombstones too
}

// storedEntry is what Apply must know of an entry that exists.
type storedEntry struct {
	version, createdAt       int64
	question, key, createdBy string
	deleted                  bool
}

// run does the work within the transaction and returns the revision.
func (w *writing) run(ctx context.Context) (revision int64, err error) {
	changes := len(w.batch.Deletes) + len(w.batch.Puts)
	if revision, err = draw(ctx, w.tx, changes); err != nil {
		return 0, err
	}
	if err := w.load(ctx); err != nil {
		return 0, err
	}
	if err := w.check(ctx); err != nil {
		return 0, err
	}
	base, err := w.lexicon(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.checkQuestions(ctx); err != nil {
		return 0, err
	}
	ids, created, err := ensurePaths(ctx, w.tx, w.batch.Puts)
	if err != nil {
		return 0, err
	}
	if err := w.store(ctx, ids, revision-int64(changes)); err != nil {
		return 0, err
	}
	if base || created {
		return drawBase(ctx, w.tx)
	}
	return revision, nil
}

// load reads what is stored under the ids of the batch.
func (w *writing) load(ctx context.Context) error {
	ids := make([]string, 0, len(w.batch.Puts)+len(w.batch.Deletes))
	for i := range w.batch.Puts {
		ids = append(ids, w.batch.Puts[i].ID)
	}
	for _, ref := range w.batch.Deletes {
		ids = append(ids, ref.ID)
	}
	w.stored = make(map[string]storedEntry)
	err := queryKeys(ctx, w.tx, `SELECT id, version, question, question_key, created_at, created_by, deleted
		FROM kb_entry WHERE id IN `, ids, func(rows *sql.Rows) error {
		var id string
		var e storedEntry
		err := rows.Scan(&id, &e.version, &e.question, &e.key, &e.createdAt, &e.createdBy, &e.deleted)
		w.stored[id] = e
		return err
	})
	if err != nil {
		return fmt.Errorf("read what is stored: %w", err)
	}
	return nil
}

// live returns the stored entry unless there is none or it was deleted.
func (w *writing) live(id string) (storedEntry, bool) {
	e, ok := w.stored[id]
	return e, ok && !e.deleted
}

// check compares the versions of the batch with the stored ones.
func (w *writing) check(ctx context.Context) error {
	for _, ref := range w.batch.Deletes {
		e, ok := w.live(ref.ID)
		if !ok {
			return fmt.Errorf("delete entry %q: %w", ref.ID, knowledge.ErrNotFound)
		}
		if e.version != ref.Version {
			return w.conflict(ctx, knowledge.Entry{ID: ref.ID, Question: e.question, Version: ref.Version})
		}
	}
	for i := range w.batch.Puts {
		put := &w.batch.Puts[i]
		e, ok := w.live(put.ID)
		switch {
		case !ok && put.Version != 0:
			return &knowledge.ConflictError{Mine: put.Clone()}
		case ok && put.Version != e.version:
			return w.conflict(ctx, put.Clone())
		}
	}
	return nil
}

func (w *writing) conflict(ctx context.Context, mine knowledge.Entry) error {
	theirs, err := liveEntry(ctx, w.tx, mine.ID)
	if err != nil {
		return err
	}
	return &knowledge.ConflictError{Mine: mine, Theirs: theirs}
}

// checkQuestions refuses a standard question that another entry has or gets.
func (w *writing) checkQuestions(ctx context.Context) error {
	put := make(map[string]*knowledge.Entry, len(w.keys))
	var changed []string
	for i, key := range w.keys {
		e := &w.batch.Puts[i]
		if other := put[key]; other != nil {
			return existsError(e, other.ID, other.Question)
		}
		put[key] = e
		if old, ok := w.live(e.ID); !ok || old.key != key {
			changed = append(changed, key)
		}
	}
	var clash error
	err := queryKeys(ctx, w.tx, `SELECT id, question, question_key FROM kb_entry
		WHERE NOT deleted AND question_key IN `, changed, func(rows *sql.Rows) error {
		var id, question, key string
		if err := rows.Scan(&id, &question, &key); err != nil {
			return err
		}
		if _, inBatch := w.stored[id]; !inBatch {
			clash = existsError(put[key], id, question)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for the same questions: %w", err)
	}
	return clash
}

func existsError(e *knowledge.Entry, otherID, otherQuestion string) error {
	return fmt.Errorf("entry %q asks the same as entry %q, %q: %w",
		e.Question, otherID, otherQuestion, knowledge.ErrExists)
}

const (
	upsertColumns = 22
	upsertBefore  = `INSERT INTO kb_entry (id, category_id, question, question_key, variants, counter_examples,
		answers, related, reply_all, effective_from, expires_at, enabled, hot, threshold, owner,
		created_at, created_by, updated_at, updated_by, version, rev, deleted) VALUES `
	// The WHERE is the optimistic lock; check has found it fulfilled.
	upsertAfter = ` ON CONFLICT (id) DO UPDATE SET category_id = excluded.category_id, question = excluded.question,
		question_key = excluded.question_key, variants = excluded.variants,
		counter_examples = excluded.counter_examples, answers = excluded.answers, related = excluded.related,
		reply_all = excluded.reply_all, effective_from = excluded.effective_from, expires_at = excluded.expires_at,
		enabled = excluded.enabled, hot = excluded.hot, threshold = excluded.threshold, owner = excluded.owner,
		created_at = excluded.created_at, created_by = excluded.created_by, updated_at = excluded.updated_at,
		updated_by = excluded.updated_by, version = excluded.version, rev = excluded.rev,
		deleted = excluded.deleted WHERE kb_entry.version = excluded.version - 1`
)

// store writes the rows; they get the numbers after rev. Tombstones go first and
// questions that change hands are taken away before they are given, so that no
// question is twice in the table on the way.
func (w *writing) store(ctx context.Context, categoryIDs []string, rev int64) error {
	deletes := w.batch.Deletes
	err := w.upsert(ctx, len(deletes), func(args []any, i int) ([]any, error) {
		return append(args, deletes[i].ID, "", "", "", "[]", "[]", "[]", "[]", false, 0, 0, false, false, 0.0, "",
			0, "", 0, "", deletes[i].Version+1, rev+int64(i)+1, true), nil
	})
	if err != nil {
		return fmt.Errorf("delete entries: %w", err)
	}
	if err := w.setAside(ctx); err != nil {
		return fmt.Errorf("change questions: %w", err)
	}
	rev += int64(len(deletes))
	err = w.upsert(ctx, len(w.batch.Puts), func(args []any, i int) ([]any, error) {
		return w.putArgs(args, i, categoryIDs[i], rev+int64(i)+1)
	})
	if err != nil {
		return fmt.Errorf("store entries: %w", err)
	}
	return nil
}

func (w *writing) upsert(ctx context.Context, rows int, fill func([]any, int) ([]any, error)) error {
	changed, err := execRows(ctx, w.tx, upsertBefore, upsertAfter, rows, upsertColumns, fill)
	if err == nil && changed != int64(rows) {
		err = fmt.Errorf("%d rows of %d stored", changed, rows)
	}
	return err
}

// setAside takes entries whose question changes out of the index of questions,
// by marking them deleted until their row is written.
func (w *writing) setAside(ctx context.Context) error {
	var ids []string
	for i, key := range w.keys {
		id := w.batch.Puts[i].ID
		if old, ok := w.live(id); ok && old.key != key {
			ids = append(ids, id)
		}
	}
	for from, to := range sqldb.Runs(len(ids), keySizes) {
		args := make([]any, 0, to-from)
		for _, id := range ids[from:to] {
			args = append(args, id)
		}
		_, err := w.tx.ExecContext(ctx, `UPDATE kb_entry SET deleted = TRUE WHERE id IN `+sqldb.Placeholders(1, to-from), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// putArgs appends the arguments of Puts[i]. A new entry gets version 1; one that
// comes back after its deletion goes on after the version it had, so that a copy
// from before can never pass for the present one.
func (w *writing) putArgs(args []any, i int, categoryID string, rev int64) ([]any, error) {
	e := &w.batch.Puts[i]
	old := w.stored[e.ID]
	createdAt, createdBy := sqldb.Millis(e.CreatedAt), e.CreatedBy
	if _, ok := w.live(e.ID); ok {
		createdAt, createdBy = old.createdAt, old.createdBy
	}
	args = append(args, e.ID, categoryID, e.Question, w.keys[i])
	for _, list := range [][]string{e.Variants, e.CounterExamples} {
		text, err := encodeList(list)
		if err != nil {
			return nil, err
		}
		args = append(args, text)
	}
	answers, err := encodeAnswers(e.Answers)
	if err != nil {
		return nil, err
	}
	related, err := encodeList(e.Related)
	if err != nil {
		return nil, err
	}
	return append(args, answers, related, e.ReplyAll, sqldb.Millis(e.EffectiveFrom), sqldb.Millis(e.ExpiresAt), e.Enabled, e.Hot,
		e.Threshold, e.Owner, createdAt, createdBy, sqldb.Millis(e.UpdatedAt), e.UpdatedBy, old.version+1, rev, false), nil
}

// lexicon stores the batch's lexicon and reports whether there is one.
func (w *writing) lexicon(ctx context.Context) (bool, error) {
	if w.batch.Lexicon == nil {
		return false, nil
	}
	return true, putLexicon(ctx, w.tx, *w.batch.Lexicon)
}
