package wechatsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/knowledge/sqldb"
)

const (
	readFollower = `SELECT account, open_id, version, gone, allowed, allowed_of, allowed_until, granted, heard_at,
		conversation, seq, choices FROM wechat_follower WHERE account = $1 AND open_id = $2`
	addFollower = `INSERT INTO wechat_follower (account, open_id, version, gone, allowed, allowed_of, allowed_until, granted,
		heard_at, conversation, seq, choices) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`
	changeFollower = `UPDATE wechat_follower SET version = $3, gone = $4, allowed = $5, allowed_of = $6, allowed_until = $7,
		granted = $8, heard_at = $9, conversation = $10, seq = $11, choices = $12
		WHERE account = $1 AND open_id = $2 AND version + 1 = $3`
)

// The lists of states are written as in the migrations: that is how an index is
// found to fit.
const (
	partColumns = `SELECT conversation, seq, part, account, open_id, content, agent, is_last, state, due, batch, code, reason,
		changed_at FROM wechat_outgoing`
	readOpen = partColumns + ` WHERE account = $1 AND open_id = $2 AND state IN ('waiting', 'sending', 'kept')
		ORDER BY place, seq, part`
	readParts = partColumns + ` WHERE conversation = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq, part`

	// addPart gives a part the place of its conversation, or the one after those that
	// are open.
	addPart = `INSERT INTO wechat_outgoing (conversation, seq, part, account, open_id, content, agent, is_last, state, due, batch,
		code, reason, changed_at, place)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
		COALESCE((SELECT place FROM wechat_outgoing WHERE conversation = $1 LIMIT 1),
		(SELECT MAX(place) + 1 FROM wechat_outgoing
			WHERE account = $4 AND open_id = $5 AND state IN ('waiting', 'sending', 'kept')), 1)) ON CONFLICT DO NOTHING`
	changePart = `UPDATE wechat_outgoing SET content = $6, agent = $7, is_last = $8, state = $9, due = $10, batch = $11, code = $12,
		reason = $13, changed_at = $14
		WHERE conversation = $1 AND seq = $2 AND part = $3 AND account = $4 AND open_id = $5`

	// readDue looks at a bounded number of parts, however many are overdue.
	readDue = `SELECT account, open_id FROM (
			SELECT account, open_id, since FROM (SELECT account, open_id, due AS since FROM wechat_outgoing
				WHERE state = 'waiting' AND due <= $1 ORDER BY due LIMIT $4) AS waiting
			UNION ALL
			SELECT account, open_id, since FROM (SELECT account, open_id, changed_at AS since FROM wechat_outgoing
				WHERE state = 'sending' AND changed_at < $2 ORDER BY changed_at LIMIT $4) AS sending
		) AS parts GROUP BY account, open_id ORDER BY MIN(since), account, open_id LIMIT $3`
)

// Follower returns one, or wechat.ErrNotFound.
func (s *Store) Follower(ctx context.Context, account, openID string) (wechat.Follower, error) {
	return find(ctx, s, "read a follower", scanFollower, readFollower, account, openID)
}

func scanFollower(rows *sql.Rows) (f wechat.Follower, err error) {
	var until, heard int64
	var choices sql.RawBytes
	err = rows.Scan(&f.Account, &f.OpenID, &f.Version, &f.Gone, &f.Allowance.Left, &f.Allowance.Of, &until, &f.Allowance.Granted,
		&heard, &f.Conversation, &f.Seq, &choices)
	if err != nil {
		return f, err
	}
	f.Allowance.Until, f.HeardAt = sqldb.Time(until), sqldb.Time(heard)
	if err := json.Unmarshal(choices, &f.Choices); err != nil {
		return f, fmt.Errorf("choices of follower %q: %w", f.OpenID, err)
	}
	return f, nil
}

// Step stores the follower with the next Version, adds parts and changes parts, or
// returns wechat.ErrConflict and does nothing.
func (s *Store) Step(ctx context.Context, f wechat.Follower, add, change []wechat.Outgoing) error {
	const doing = "go on with a follower"
	if err := checked(doing, wechat.CheckStep(f, add...), wechat.CheckStep(f, change...)); err != nil {
		return err
	}
	args, err := followerArgs(f)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	query := changeFollower
	if f.Version == 0 {
		query = addFollower
	}
	added, changed := partArgs(add), partArgs(change)
	return s.db.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) error {
		if err := execOne(ctx, tx, wechat.ErrConflict, query, args...); err != nil {
			return err
		}
		if err := execEach(ctx, tx, addPart, added); err != nil {
			return fmt.Errorf("add a part: %w", err)
		}
		if err := execEach(ctx, tx, changePart, changed); err != nil {
			return fmt.Errorf("change a part: %w", err)
		}
		return nil
	})
}

func execEach(ctx context.Context, tx botsql.Tx, query string, rows [][]any) error {
	for _, args := range rows {
		if err := execOne(ctx, tx, wechat.ErrConflict, query, args...); err != nil {
			return err
		}
	}
	return nil
}

func followerArgs(f wechat.Follower) ([]any, error) {
	choices, err := json.Marshal(f.Choices)
	if err != nil {
		return nil, fmt.Errorf("choices: %w", err)
	}
	a := f.Allowance
	return []any{f.Account, f.OpenID, f.Version + 1, f.Gone, a.Left, a.Of, sqldb.Millis(a.Until), a.Granted, sqldb.Millis(f.HeardAt),
		f.Conversation, f.Seq, string(choices)}, nil
}

func partArgs(parts []wechat.Outgoing) [][]any {
	rows := make([][]any, len(parts))
	for i, p := range parts {
		rows[i] = []any{p.Conversation, p.Seq, p.Part, p.Account, p.OpenID, string(p.Content), p.Agent, p.Last, string(p.State),
			sqldb.Millis(p.Due), p.Batch, p.Code, p.Reason, sqldb.Millis(p.ChangedAt)}
	}
	return rows
}

func scanPart(rows *sql.Rows) (p wechat.Outgoing, err error) {
	var due, changed int64
	var content []byte
	err = rows.Scan(&p.Conversation, &p.Seq, &p.Part, &p.Account, &p.OpenID, &content, &p.Agent, &p.Last, &p.State, &due, &p.Batch,
		&p.Code, &p.Reason, &changed)
	p.Content, p.Due, p.ChangedAt = content, sqldb.Time(due), sqldb.Time(changed)
	return p, err
}

// Open returns a follower's parts that are open, in order of Conversation as
// added, Seq, Part.
func (s *Store) Open(ctx context.Context, account, openID string) ([]wechat.Outgoing, error) {
	return list(ctx, s, "read the open parts", scanPart, readOpen, account, openID)
}

// Parts returns all parts of the messages of a conversation from one to another,
// both with it, in order.
func (s *Store) Parts(ctx context.Context, conversation string, from, to int64) ([]wechat.Outgoing, error) {
	return list(ctx, s, "read parts", scanPart, readParts, conversation, from, to)
}

// partsEach is how many parts are looked at for each follower that DueFollowers
// may return.
const partsEach = 8

// DueFollowers returns Account and OpenID of followers with parts that are Waiting
// and due, or Sending since before stuck; those with the oldest first. It returns
// fewer than limit, though there are more, if the first have very many parts.
func (s *Store) DueFollowers(ctx context.Context, now, stuck time.Time, limit int) ([]wechat.Follower, error) {
	limit = max(limit, 0)
	return list(ctx, s, "look for followers with due parts", func(rows *sql.Rows) (f wechat.Follower, err error) {
		err = rows.Scan(&f.Account, &f.OpenID)
		return f, err
	}, readDue, sqldb.Millis(now), sqldb.Millis(stuck), limit, partsEach*limit)
}
