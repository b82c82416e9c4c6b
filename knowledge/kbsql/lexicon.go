package kbsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"faqbot/knowledge"
)

// lexiconJSON is how the lexicon is stored.
type lexiconJSON struct {
	WordClasses    []wordClassJSON `json:"word_classes,omitempty"`
	UserWords      []string        `json:"user_words,omitempty"`
	StopWords      []string        `json:"stop_words,omitempty"`
	SensitiveWords []string        `json:"sensitive_words,omitempty"`
}

type wordClassJSON struct {
	Name     string   `json:"name"`
	Words    []string `json:"words,omitempty"`
	Includes []string `json:"includes,omitempty"`
}

// Lexicon returns the lexicon; an empty one with Version 0 if none was stored.
func (s *Store) Lexicon(ctx context.Context) (knowledge.Lexicon, error) {
	return readLexicon(ctx, s.db)
}

func readLexicon(ctx context.Context, q querier) (knowledge.Lexicon, error) {
	var l knowledge.Lexicon
	var body []byte
	err := q.QueryRowContext(ctx, `SELECT version, body FROM kb_lexicon WHERE id = 1`).Scan(&l.Version, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return knowledge.Lexicon{}, nil
	}
	if err != nil {
		return knowledge.Lexicon{}, fmt.Errorf("read the lexicon: %w", err)
	}
	var stored lexiconJSON
	if err := json.Unmarshal(body, &stored); err != nil {
		return knowledge.Lexicon{}, fmt.Errorf("read the lexicon: %w", err)
	}
	l.UserWords, l.StopWords, l.SensitiveWords = stored.UserWords, stored.StopWords, stored.SensitiveWords
	for _, c := range stored.WordClasses {
		l.WordClasses = append(l.WordClasses, knowledge.WordClass(c))
	}
	return l, nil
}

// putLexicon stores l as the next version of the one it is based on.
func putLexicon(ctx context.Context, tx *sql.Tx, l knowledge.Lexicon) error {
	theirs, err := readLexicon(ctx, tx)
	if err != nil {
		return err
	}
	if theirs.Version != l.Version {
		return &knowledge.LexiconConflictError{Mine: l, Theirs: theirs}
	}
	stored := lexiconJSON{UserWords: l.UserWords, StopWords: l.StopWords, SensitiveWords: l.SensitiveWords}
	for _, c := range l.WordClasses {
		stored.WordClasses = append(stored.WordClasses, wordClassJSON(c))
	}
	body, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("store the lexicon: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO kb_lexicon (id, version, body) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body`, l.Version+1, string(body))
	if err != nil {
		return fmt.Errorf("store the lexicon: %w", err)
	}
	return nil
}
