package botsql

import (
	"context"
	"database/sql"
	"fmt"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

var _ bot.PhraseStore = (*Store)(nil)

const (
	phraseColumns = `SELECT id, agent, folder, shortcut, text, position, updated_at FROM bot_phrase`
	putPhrase     = `INSERT INTO bot_phrase (id, agent, folder, shortcut, text, position, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET agent = excluded.agent, folder = excluded.folder, shortcut = excluded.shortcut,
		text = excluded.text, position = excluded.position, updated_at = excluded.updated_at`
	dropPhrase = `DELETE FROM bot_phrase WHERE id = $1`
)

func (s *Store) phrases(ctx context.Context, doing, where string, args ...any) (found []bot.Phrase, err error) {
	err = s.read(ctx, doing, func(rows *sql.Rows) error {
		var p bot.Phrase
		var updated int64
		err := rows.Scan(&p.ID, &p.Agent, &p.Folder, &p.Shortcut, &p.Text, &p.Position, &updated)
		p.UpdatedAt = sqldb.Time(updated)
		found = append(found, p)
		return err
	}, phraseColumns+where, args...)
	return found, err
}

// Phrases returns everybody's and the agent's own, in order of folder, position
// and id.
func (s *Store) Phrases(ctx context.Context, agent string) ([]bot.Phrase, error) {
	return s.phrases(ctx, "read the phrases", ` WHERE agent IN ('', $1) ORDER BY folder, position, id`, agent)
}

// Phrase returns the phrase with the id, or bot.ErrNotFound.
func (s *Store) Phrase(ctx context.Context, id string) (bot.Phrase, error) {
	const doing = "read a phrase"
	found, err := s.phrases(ctx, doing, ` WHERE id = $1`, id)
	return one(doing, found, err)
}

// PutPhrase stores a phrase, in place of the one with its id if there is one.
func (s *Store) PutPhrase(ctx context.Context, p bot.Phrase) error {
	const doing = "store a phrase"
	if err := p.Validate(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.put(ctx, doing, putPhrase, []any{p.ID, p.Agent, p.Folder, p.Shortcut, p.Text, int64(p.Position), sqldb.Millis(p.UpdatedAt)})
}

// DropPhrase removes a phrase, or returns bot.ErrNotFound.
func (s *Store) DropPhrase(ctx context.Context, id string) error {
	return s.drop(ctx, "remove a phrase", dropPhrase, id)
}
