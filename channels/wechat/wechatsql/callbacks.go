package wechatsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/knowledge/sqldb"
)

const (
	addCallback = `INSERT INTO wechat_callback (account, key, open_id, raw, state, reason, reply, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`
	callbackColumns = `SELECT account, key, open_id, raw, state, reason, reply, at FROM wechat_callback`
	readCallback    = callbackColumns + ` WHERE account = $1 AND key = $2`
	finishCallback  = `UPDATE wechat_callback SET state = $3, reason = $4, reply = $5 WHERE account = $1 AND key = $2`
	readUnfinished  = callbackColumns + ` WHERE state = 'taken' AND at < $1 ORDER BY at, account, key LIMIT $2`
	readBroken      = callbackColumns + ` WHERE state = 'broken' AND account = $1 AND at < $2 ORDER BY at DESC, key DESC LIMIT $3`
)

// forgetAtOnce is how many rows are removed in one transaction: others wait for
// it.
const forgetAtOnce = 500

// forgetSome removes the oldest ones before a time, a number of them.
var forgetSome = []string{
	`DELETE FROM wechat_callback WHERE (account, key) IN
		(SELECT account, key FROM wechat_callback WHERE at < $1 ORDER BY at LIMIT $2)`,
	`DELETE FROM wechat_outgoing WHERE (conversation, seq, part) IN
		(SELECT conversation, seq, part FROM wechat_outgoing
		WHERE state NOT IN ('waiting', 'sending', 'kept') AND changed_at < $1 ORDER BY changed_at LIMIT $2)`,
}

// Take stores a callback, or returns the one with its key and false.
func (s *Store) Take(ctx context.Context, c wechat.Callback) (wechat.Callback, bool, error) {
	const doing = "store a callback"
	if err := checked(doing, wechat.CheckKeys(c.Account, c.Key, c.OpenID), wechat.CheckTexts(string(c.State), c.Reason)); err != nil {
		return wechat.Callback{}, false, err
	}
	c.Raw, c.Reply = blob(c.Raw), blob(c.Reply) // the caller may be gone when they are stored
	args := []any{c.Account, c.Key, c.OpenID, c.Raw, string(c.State), c.Reason, c.Reply, sqldb.Millis(c.At)}
	kept, fresh := c, false
	err := s.db.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) error {
		n, err := tx.Exec(ctx, addCallback, args...)
		if fresh = n == 1; fresh || err != nil {
			return err
		}
		return tx.Query(ctx, func(rows *sql.Rows) (err error) {
			kept, err = scanCallback(rows)
			return err
		}, readCallback, c.Account, c.Key)
	})
	if err != nil {
		return wechat.Callback{}, false, err
	}
	kept.At = sqldb.Time(sqldb.Millis(kept.At))
	return kept, fresh, nil
}

// blob returns a copy that is not NULL in the database.
func blob(b []byte) []byte { return append([]byte{}, b...) }

func scanCallback(rows *sql.Rows) (c wechat.Callback, err error) {
	var at int64
	err = rows.Scan(&c.Account, &c.Key, &c.OpenID, &c.Raw, &c.State, &c.Reason, &c.Reply, &at)
	c.At = sqldb.Time(at)
	return c, err
}

// Callback returns one by its key, or wechat.ErrNotFound.
func (s *Store) Callback(ctx context.Context, account, key string) (wechat.Callback, error) {
	return find(ctx, s, "read a callback", scanCallback, readCallback, account, key)
}

// Finish sets State, Reason and Reply, or returns wechat.ErrNotFound.
func (s *Store) Finish(ctx context.Context, c wechat.Callback) error {
	const doing = "finish a callback"
	if err := checked(doing, wechat.CheckTexts(string(c.State), c.Reason)); err != nil {
		return err
	}
	return s.write(ctx, doing, wechat.ErrNotFound, finishCallback, c.Account, c.Key, string(c.State), c.Reason, blob(c.Reply))
}

// Unfinished returns those taken before that time and not dealt with, the oldest
// first.
func (s *Store) Unfinished(ctx context.Context, before time.Time, limit int) ([]wechat.Callback, error) {
	return list(ctx, s, "read unfinished callbacks", scanCallback, readUnfinished, sqldb.Millis(before), max(limit, 0))
}

// BrokenCallbacks returns those that could not be understood, the latest first, of
// those before that time.
func (s *Store) BrokenCallbacks(ctx context.Context, account string, before time.Time, limit int) ([]wechat.Callback, error) {
	return list(ctx, s, "read broken callbacks", scanCallback, readBroken, account, sqldb.Millis(before), max(limit, 0))
}

// Forget removes callbacks and closed parts that are older, some at a time so that
// nobody waits long.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	var errs []error
	for _, query := range forgetSome {
		errs = append(errs, s.forget(ctx, query, sqldb.Millis(before)))
	}
	return errors.Join(errs...)
}

func (s *Store) forget(ctx context.Context, query string, before int64) error {
	for {
		var removed int64
		err := s.db.Write(ctx, "forget what is old", func(ctx context.Context, tx botsql.Tx) (err error) {
			removed, err = tx.Exec(ctx, query, before, forgetAtOnce)
			return err
		})
		if err != nil || removed < forgetAtOnce {
			return err
		}
	}
}
