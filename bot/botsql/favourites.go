package botsql

import (
	"context"
	"database/sql"
	"fmt"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

var _ bot.FavouriteStore = (*Store)(nil)

const (
	listFavourites = `SELECT agent, entry, question, at FROM bot_favourite WHERE agent = $1 ORDER BY at DESC, entry`
	putFavourite   = `INSERT INTO bot_favourite (agent, entry, question, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (agent, entry) DO UPDATE SET question = excluded.question, at = excluded.at`
	dropFavourite = `DELETE FROM bot_favourite WHERE agent = $1 AND entry = $2`
)

// Favourites returns those of an agent, the last ones first, then in order of the
// entries.
func (s *Store) Favourites(ctx context.Context, agent string) (found []bot.Favourite, err error) {
	err = s.read(ctx, "read the favourites", func(rows *sql.Rows) error {
		var f bot.Favourite
		var at int64
		err := rows.Scan(&f.Agent, &f.Entry, &f.Question, &at)
		f.At = sqldb.Time(at)
		found = append(found, f)
		return err
	}, listFavourites, agent)
	return found, err
}

// PutFavourite adds a favourite, in place of the one of the agent with its entry
// if there is one.
func (s *Store) PutFavourite(ctx context.Context, f bot.Favourite) error {
	const doing = "store a favourite"
	if err := f.Validate(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.put(ctx, doing, putFavourite, []any{f.Agent, f.Entry, f.Question, sqldb.Millis(f.At)})
}

// DropFavourite removes a favourite, or returns bot.ErrNotFound.
func (s *Store) DropFavourite(ctx context.Context, agent, entry string) error {
	return s.drop(ctx, "remove a favourite", dropFavourite, agent, entry)
}
