package kbsql

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/sqldb"
)

// entryQuery reads entries with the path of their category. Its columns are the
// ones entryRow.scan expects.
const entryQuery = `
	SELECT e.id, c.path, e.question, e.variants, e.counter_examples, e.answers, e.related, e.reply_all,
		e.effective_from, e.expires_at, e.enabled, e.hot, e.threshold, e.owner, e.created_at, e.created_by,
		e.updated_at, e.updated_by, e.version, e.rev, e.deleted
	FROM kb_entry e JOIN kb_category c ON c.id = e.category_id`

// entryRow is a row of entryQuery as the database returns it. The raw fields
// hold JSON, the times unix milliseconds.
type entryRow struct {
	knowledge.Entry
	path, variants, counterExamples, answers, related sql.RawBytes
	effectiveFrom, expiresAt, createdAt, updatedAt    int64
	rev                                               int64
	deleted                                           bool
}

// entry turns the row into an entry. A tombstone gives the zero Entry.
func (r *entryRow) entry(paths pathCache) (knowledge.Entry, error) {
	if r.deleted {
		return knowledge.Entry{}, nil
	}
	e := r.Entry
	e.EffectiveFrom, e.ExpiresAt = sqldb.Time(r.effectiveFrom), sqldb.Time(r.expiresAt)
	e.CreatedAt, e.UpdatedAt = sqldb.Time(r.createdAt), sqldb.Time(r.updatedAt)
	var err error
	if e.Category, err = paths.decode(r.path); err != nil {
		return knowledge.Entry{}, fmt.Errorf("category of entry %q: %w", e.ID, err)
	}
	if e.Answers, err = decodeAnswers(r.answers); err != nil {
		return knowledge.Entry{}, fmt.Errorf("answers of entry %q: %w", e.ID, err)
	}
	for _, list := range []struct {
		name string
		from []byte
		to   *[]string
	}{
		{"variants", r.variants, &e.Variants},
		{"counter-examples", r.counterExamples, &e.CounterExamples},
		{"related entries", r.related, &e.Related},
	} {
		if *list.to, err = decodeList(list.from); err != nil {
			return knowledge.Entry{}, fmt.Errorf("%s of entry %q: %w", list.name, e.ID, err)
		}
	}
	return e, nil
}

// scanEntries calls visit for each row. The row is only valid during the call.
func scanEntries(rows *sql.Rows, visit func(*entryRow) error) error {
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	var r entryRow
	columns := []any{&r.ID, &r.path, &r.Question, &r.variants, &r.counterExamples, &r.answers, &r.related,
		&r.ReplyAll, &r.effectiveFrom, &r.expiresAt, &r.Enabled, &r.Hot, &r.Threshold, &r.Owner,
		&r.createdAt, &r.CreatedBy, &r.updatedAt, &r.UpdatedBy, &r.Version, &r.rev, &r.deleted}
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return fmt.Errorf("scan an entry: %w", err)
		}
		if err := visit(&r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	return nil
}

// Entry returns the entry, or knowledge.ErrNotFound.
func (s *Store) Entry(ctx context.Context, id string) (knowledge.Entry, error) {
	return liveEntry(ctx, s.db, id)
}

func liveEntry(ctx context.Context, q querier, id string) (e knowledge.Entry, err error) {
	rows, err := q.QueryContext(ctx, entryQuery+` WHERE e.id = $1 AND NOT e.deleted`, id)
	if err != nil {
		return knowledge.Entry{}, fmt.Errorf("read entry %q: %w", id, err)
	}
	found := false
	err = scanEntries(rows, func(r *entryRow) (err error) {
		found = true
		e, err = r.entry(nil)
		return err
	})
	if err == nil && !found {
		err = knowledge.ErrNotFound
	}
	if err != nil {
		return knowledge.Entry{}, fmt.Errorf("entry %q: %w", id, err)
	}
	return e, nil
}

// Snapshot calls visit for each entry in the order of the ids, all as of one
// moment, and returns the revision of that moment. Rows are read while visit
// runs, so a large knowledge base needs no memory here.
func (s *Store) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (revision int64, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		var err error
		if revision, _, err = counters(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, entryQuery+` WHERE NOT e.deleted ORDER BY e.id`)
		if err != nil {
			return fmt.Errorf("read entries: %w", err)
		}
		paths := pathCache{}
		return scanEntries(rows, func(r *entryRow) error {
			e, err := r.entry(paths)
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			return visit(e)
		})
	})
	if err != nil {
		return 0, fmt.Errorf("snapshot: %w", err)
	}
	return revision, nil
}

// Changes returns at most limit changes after the revision, oldest first.
func (s *Store) Changes(ctx context.Context, after int64, limit int) (changes []knowledge.Change, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = s.read(ctx, func(tx *sql.Tx) (err error) {
		// Both queries must see the same moment. Otherwise a writer between them
		// could move the base to a number in the midst of the entries read here,
		// and the reader would go on behind it.
		_, base, err := counters(ctx, tx)
		if err != nil {
			return err
		}
		if changes, err = entryChanges(ctx, tx, after, limit); err != nil || base <= after {
			return err
		}
		at, _ := slices.BinarySearchFunc(changes, base, func(c knowledge.Change, revision int64) int {
			return cmp.Compare(c.Revision, revision)
		})
		changes = slices.Insert(changes, at, knowledge.Change{Revision: base})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("changes after %d: %w", after, err)
	}
	return changes[:min(limit, len(changes))], nil
}

func entryChanges(ctx context.Context, tx *sql.Tx, after int64, limit int) ([]knowledge.Change, error) {
	rows, err := tx.QueryContext(ctx, entryQuery+` WHERE e.rev > $1 ORDER BY e.rev LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	var changes []knowledge.Change
	paths := pathCache{}
	err = scanEntries(rows, func(r *entryRow) error {
		e, err := r.entry(paths)
		changes = append(changes, knowledge.Change{Revision: r.rev, ID: r.ID, Deleted: r.deleted, Entry: e})
		return err
	})
	return changes, err
}

// pathCache remembers decoded paths: a snapshot sees the same few over and over.
// A nil cache decodes only.
type pathCache map[string]knowledge.Path

// decode returns a copy of the path that the caller owns.
func (c pathCache) decode(text []byte) (knowledge.Path, error) {
	if path, ok := c[string(text)]; ok {
		return slices.Clone(path), nil
	}
	names, err := decodeList(text)
	if err != nil {
		return nil, err
	}
	if c != nil {
		c[string(text)] = names
	}
	return slices.Clone(knowledge.Path(names)), nil
}

// answerJSON is how an answer is stored.
type answerJSON struct {
	knowledge.Dimension
	Texts []string `json:"texts,omitempty"`
}

// decodeAnswers returns nil for an empty list. What most entries have, default
// texts alone, is read without the reflection of package json, as in decodeList.
func decodeAnswers(text []byte) ([]knowledge.Answer, error) {
	if string(text) == "[]" {
		return nil, nil
	}
	texts, isDefault := bytes.CutPrefix(text, []byte(`[{"texts":`))
	if texts, ok := bytes.CutSuffix(texts, []byte("}]")); isDefault && ok && !bytes.Contains(texts, []byte("]},{")) {
		list, err := decodeList(texts)
		return []knowledge.Answer{{Texts: list}}, err
	}
	var stored []answerJSON
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	answers := make([]knowledge.Answer, len(stored))
	for i, a := range stored {
		answers[i] = knowledge.Answer{Dimension: a.Dimension, Texts: a.Texts}
	}
	return answers, nil
}

func encodeAnswers(answers []knowledge.Answer) (string, error) {
	stored := make([]answerJSON, len(answers))
	for i, a := range answers {
		stored[i] = answerJSON{Dimension: a.Dimension, Texts: a.Texts}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// decodeList returns nil for an empty list. In an array of strings without any
// escapes, quotation marks only stand around the strings.
func decodeList(text []byte) ([]string, error) {
	if string(text) == "[]" {
		return nil, nil
	}
	list := string(text)
	if len(list) >= 4 && strings.HasPrefix(list, `["`) && strings.HasSuffix(list, `"]`) && !strings.Contains(list, `\`) {
		return strings.Split(list[2:len(list)-2], `","`), nil
	}
	var decoded []string
	err := json.Unmarshal(text, &decoded)
	return decoded, err
}

func encodeList(list []string) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}
