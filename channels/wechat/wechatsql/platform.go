package wechatsql

import (
	"context"
	"database/sql"
	"time"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/knowledge/sqldb"
)

const (
	readToken  = `SELECT account, value, until, version FROM wechat_token WHERE account = $1 AND version > 0`
	leaseToken = `INSERT INTO wechat_token (account, value, until, version, node, leased_until) VALUES ($1, $2, 0, 0, $3, $4)
		ON CONFLICT (account) DO UPDATE SET node = excluded.node, leased_until = excluded.leased_until
		WHERE wechat_token.leased_until <= $5 OR wechat_token.node = excluded.node`
	putToken = `INSERT INTO wechat_token (account, value, until, version, node, leased_until) VALUES ($1, $2, $3, 1, '', 0)
		ON CONFLICT (account) DO UPDATE SET value = excluded.value, until = excluded.until,
		version = wechat_token.version + 1, node = '', leased_until = 0`

	readMedia = `SELECT account, hash, id, until FROM wechat_media WHERE account = $1 AND hash = $2`
	putMedia  = `INSERT INTO wechat_media (account, hash, id, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, hash) DO UPDATE SET id = excluded.id, until = excluded.until`

	addFailure = `INSERT INTO wechat_failure (id, account, api, code, text, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`
	dropFailures = `DELETE FROM wechat_failure WHERE account = $1 AND (at, id) <=
		(SELECT at, id FROM wechat_failure WHERE account = $1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $2)`
	readFailures = `SELECT id, account, api, code, text, at FROM wechat_failure WHERE account = $1 ORDER BY at DESC, id DESC LIMIT $2`
)

// keptFailures is how many are kept of each account.
const keptFailures = 1000

// Token returns the token of an account, or wechat.ErrNotFound.
func (s *Store) Token(ctx context.Context, account string) (wechat.Token, error) {
	return find(ctx, s, "read a token", func(rows *sql.Rows) (t wechat.Token, err error) {
		var sealed []byte
		var until int64
		if err := rows.Scan(&t.Account, &sealed, &until, &t.Version); err != nil {
			return t, err
		}
		t.Until = sqldb.Time(until)
		t.Value, err = s.open("wechat_token", "value", t.Account, sealed)
		return t, err
	}, readToken, account)
}

// Lease reports whether the node is the one to fetch a new token, until the time:
// nobody else's lease holds. A node may prolong its own.
func (s *Store) Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error) {
	const doing = "lease a token"
	if err := checked(doing, wechat.CheckKeys(account), wechat.CheckTexts(node)); err != nil {
		return false, err
	}
	var leased int64
	err := s.db.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) (err error) {
		leased, err = tx.Exec(ctx, leaseToken, account, []byte{}, node, sqldb.Millis(until), sqldb.Millis(now))
		return err
	})
	if err != nil {
		return false, err
	}
	return leased == 1, nil
}

// PutToken stores a token, whose Version is one more than that of the last, and
// ends the lease.
func (s *Store) PutToken(ctx context.Context, t wechat.Token) error {
	const doing = "store a token"
	if err := checked(doing, wechat.CheckKeys(t.Account)); err != nil {
		return err
	}
	sealed := s.seal("wechat_token", "value", t.Account, t.Value)
	return s.write(ctx, doing, wechat.ErrConflict, putToken, t.Account, sealed, sqldb.Millis(t.Until))
}

// Media returns what was uploaded of a picture, or wechat.ErrNotFound.
func (s *Store) Media(ctx context.Context, account, hash string) (wechat.Media, error) {
	return find(ctx, s, "read a picture's id", func(rows *sql.Rows) (m wechat.Media, err error) {
		var until int64
		err = rows.Scan(&m.Account, &m.Hash, &m.ID, &until)
		m.Until = sqldb.Time(until)
		return m, err
	}, readMedia, account, hash)
}

// PutMedia stores what was uploaded, in place of what was before.
func (s *Store) PutMedia(ctx context.Context, m wechat.Media) error {
	const doing = "store a picture's id"
	if err := checked(doing, wechat.CheckKeys(m.Account, m.Hash), wechat.CheckTexts(m.ID)); err != nil {
		return err
	}
	return s.write(ctx, doing, wechat.ErrConflict, putMedia, m.Account, m.Hash, m.ID, sqldb.Millis(m.Until))
}

// AddFailure adds one, unless it is there, and drops all but the last thousand of
// the account.
func (s *Store) AddFailure(ctx context.Context, f wechat.Failure) error {
	const doing = "record an error of the platform"
	if err := checked(doing, wechat.CheckKeys(f.ID, f.Account), wechat.CheckTexts(f.API, f.Text)); err != nil {
		return err
	}
	return s.db.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) error {
		n, err := tx.Exec(ctx, addFailure, f.ID, f.Account, f.API, f.Code, f.Text, sqldb.Millis(f.At))
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, dropFailures, f.Account, keptFailures)
		return err
	})
}

// Failures returns the latest first.
func (s *Store) Failures(ctx context.Context, account string, limit int) ([]wechat.Failure, error) {
	return list(ctx, s, "read the errors of the platform", func(rows *sql.Rows) (f wechat.Failure, err error) {
		var at int64
		err = rows.Scan(&f.ID, &f.Account, &f.API, &f.Code, &f.Text, &at)
		f.At = sqldb.Time(at)
		return f, err
	}, readFailures, account, max(limit, 0))
}
