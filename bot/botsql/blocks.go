package botsql

import (
	"context"
	"database/sql"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

const (
	putBlock = `INSERT INTO bot_block (visitor, until, reason, agent, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (visitor) DO UPDATE SET until = excluded.until, reason = excluded.reason, agent = excluded.agent, at = excluded.at`
	dropBlock = `DELETE FROM bot_block WHERE visitor = $1`
)

// PutBlock keeps a visitor from writing; the last one counts.
func (s *Store) PutBlock(ctx context.Context, b bot.Block) error {
	if err := b.Validate(); err != nil {
		return err
	}
	return s.put(ctx, "block a visitor", putBlock, []any{b.Visitor, sqldb.Millis(b.Until), b.Reason, b.Agent, sqldb.Millis(b.At)})
}

// DropBlock lets a visitor write again, or returns bot.ErrNotFound.
func (s *Store) DropBlock(ctx context.Context, visitor string) error {
	return s.drop(ctx, "unblock a visitor", dropBlock, visitor)
}

// Blocks returns those that are in force at the moment, the last ones first.
func (s *Store) Blocks(ctx context.Context, at time.Time) (blocks []bot.Block, err error) {
	err = s.read(ctx, "read who is blocked", func(rows *sql.Rows) error {
		var b bot.Block
		var until, made int64
		err := rows.Scan(&b.Visitor, &until, &b.Reason, &b.Agent, &made)
		b.Until, b.At = sqldb.Time(until), sqldb.Time(made)
		blocks = append(blocks, b)
		return err
	}, `SELECT visitor, until, reason, agent, at FROM bot_block WHERE until > $1 ORDER BY at DESC, visitor`, sqldb.Millis(at))
	return blocks, err
}
