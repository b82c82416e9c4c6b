package wechatsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/knowledge/sqldb"
)

const (
	readAccounts = `SELECT id, name, kind, app_id, secret, token, aes_key, mode, sends, menus, region, level, events, menu,
		disabled, version, updated_at FROM wechat_account ORDER BY id`
	addAccount = `INSERT INTO wechat_account (id, name, kind, app_id, secret, token, aes_key, mode, sends, menus, region, level,
		events, menu, disabled, version, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`
	changeAccount = `UPDATE wechat_account SET name = $2, kind = $3, app_id = $4, secret = $5, token = $6, aes_key = $7, mode = $8,
		sends = $9, menus = $10, region = $11, level = $12, events = $13, menu = $14, disabled = $15, version = $16, updated_at = $17
		WHERE id = $1 AND version + 1 = $16`
	dropAccount = `DELETE FROM wechat_account WHERE id = $1`
)

// dropWith is what would be wrong for the next account with the same id.
var dropWith = []string{
	`DELETE FROM wechat_token WHERE account = $1`,
	`DELETE FROM wechat_media WHERE account = $1`,
	`DELETE FROM wechat_failure WHERE account = $1`,
}

// Accounts returns all accounts, in order of their ids.
func (s *Store) Accounts(ctx context.Context) ([]wechat.Account, error) {
	return list(ctx, s, "read the accounts", s.scanAccount, readAccounts)
}

func (s *Store) scanAccount(rows *sql.Rows) (a wechat.Account, err error) {
	var secret, token, aesKey, events, menu []byte
	var updated int64
	err = rows.Scan(&a.ID, &a.Name, &a.Kind, &a.AppID, &secret, &token, &aesKey, &a.Mode, &a.Sends, &a.Menus, &a.Region, &a.Level,
		&events, &menu, &a.Disabled, &a.Version, &updated)
	if err != nil {
		return a, err
	}
	a.UpdatedAt = sqldb.Time(updated)
	for column, c := range map[string]struct {
		sealed []byte
		to     *string
	}{"secret": {secret, &a.Secret}, "token": {token, &a.Token}, "aes_key": {aesKey, &a.AESKey}} {
		if *c.to, err = s.open("wechat_account", column, a.ID, c.sealed); err != nil {
			return a, err
		}
	}
	if err := json.Unmarshal(events, &a.Events); err != nil {
		return a, fmt.Errorf("events of account %q: %w", a.ID, err)
	}
	if err := json.Unmarshal(menu, &a.Menu); err != nil {
		return a, fmt.Errorf("menu of account %q: %w", a.ID, err)
	}
	return a, nil
}

// seal seals a value for its place. Nothing that was sealed for one place opens in
// another.
func (s *Store) seal(table, column, id, value string) []byte {
	return s.sealer.Seal([]byte(value), place(table, column, id))
}

func (s *Store) open(table, column, id string, sealed []byte) (string, error) {
	value, err := s.sealer.Open(sealed, place(table, column, id))
	if err != nil {
		return "", fmt.Errorf("open %s of %q: %w", column, id, err)
	}
	return string(value), nil
}

func place(table, column, id string) string { return table + "." + column + "/" + id }

// PutAccount adds an account whose Version is 0, or replaces the one that has this
// Version; else wechat.ErrConflict.
func (s *Store) PutAccount(ctx context.Context, a wechat.Account) error {
	const doing = "store an account"
	err := checked(doing, wechat.CheckKeys(a.ID),
		wechat.CheckTexts(a.Name, string(a.Kind), a.AppID, string(a.Mode), a.Region, a.Level))
	if err != nil {
		return err
	}
	args, err := s.accountArgs(a)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	query := changeAccount
	if a.Version == 0 {
		query = addAccount
	}
	return s.write(ctx, doing, wechat.ErrConflict, query, args...)
}

func (s *Store) accountArgs(a wechat.Account) ([]any, error) {
	events, err := json.Marshal(a.Events)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	menu, err := json.Marshal(a.Menu)
	if err != nil {
		return nil, fmt.Errorf("menu: %w", err)
	}
	sealed := func(column, value string) []byte { return s.seal("wechat_account", column, a.ID, value) }
	return []any{a.ID, a.Name, string(a.Kind), a.AppID, sealed("secret", a.Secret), sealed("token", a.Token),
		sealed("aes_key", a.AESKey), string(a.Mode), a.Sends, a.Menus, a.Region, a.Level, string(events), string(menu),
		a.Disabled, a.Version + 1, sqldb.Millis(a.UpdatedAt)}, nil
}

// DropAccount removes an account with its token, media and failures, or returns
// wechat.ErrNotFound. Its followers and what they said stay.
func (s *Store) DropAccount(ctx context.Context, id string) error {
	return s.db.Write(ctx, "remove an account", func(ctx context.Context, tx botsql.Tx) error {
		for _, query := range dropWith {
			if _, err := tx.Exec(ctx, query, id); err != nil {
				return err
			}
		}
		return execOne(ctx, tx, wechat.ErrNotFound, dropAccount, id)
	})
}
