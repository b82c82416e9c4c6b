package wechatsql_test

import (
	"bytes"
	"database/sql"
	"errors"
	"testing"

	"faqbot/bot/seal"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/knowledge/sqldb"
)

// secrets are what must not lie in the database as it is.
var secrets = []string{"app-secret", "callback-token", "forty-three-characters", "the-platform's-token"}

// putSecrets stores two accounts and their tokens.
func putSecrets(t *testing.T, store *wechatsql.Store) {
	t.Helper()
	for _, id := range []string{"a", "b"} {
		err := errors.Join(
			store.PutAccount(t.Context(), wechat.Account{ID: id, Name: "店", Secret: secrets[0], Token: secrets[1], AESKey: secrets[2]}),
			store.PutToken(t.Context(), wechat.Token{Account: id, Value: secrets[3]}))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// readSecrets returns the errors of reading what was sealed.
func readSecrets(t *testing.T, store *wechatsql.Store) (accounts, token error) {
	t.Helper()
	_, accounts = store.Accounts(t.Context())
	_, token = store.Token(t.Context(), "a")
	return accounts, token
}

func TestSecretsAreSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		putSecrets(t, store)
		rows, err := db.QueryContext(t.Context(), `SELECT secret FROM wechat_account UNION ALL SELECT token FROM wechat_account
			UNION ALL SELECT aes_key FROM wechat_account UNION ALL SELECT value FROM wechat_token`)
		if err != nil {
			t.Fatal(err)
		}
		var stored [][]byte
		err = sqldb.ScanAll(rows, func(rows *sql.Rows) error {
			stored = append(stored, nil)
			return rows.Scan(&stored[len(stored)-1])
		})
		if err != nil || len(stored) != 8 {
			t.Fatalf("%d values, error %v", len(stored), err)
		}
		for i, value := range stored {
			for _, secret := range secrets {
				if bytes.Contains(value, []byte(secret)) {
					t.Errorf("%q lies in the database", secret)
				}
			}
			for _, other := range stored[:i] {
				if bytes.Equal(value, other) {
					t.Error("the same secret is sealed the same way twice")
				}
			}
		}
	})
}

// TestSealedForItsPlace moves what is sealed to another place, where it must not
// open.
func TestSealedForItsPlace(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		for name, c := range map[string]struct {
			statement       string
			accounts, token bool // cannot be read
		}{
			"nothing":               {`SELECT 1`, false, false},
			"to another column":     {`UPDATE wechat_account SET secret = token`, true, false},
			"from another column":   {`UPDATE wechat_account SET aes_key = secret WHERE id = 'b'`, true, false},
			"to another account":    {`UPDATE wechat_account SET token = (SELECT token FROM wechat_account WHERE id = 'a') WHERE id = 'b'`, true, false},
			"to another table":      {`UPDATE wechat_token SET value = (SELECT token FROM wechat_account WHERE id = 'a')`, false, true},
			"another's token":       {`UPDATE wechat_token SET value = (SELECT value FROM wechat_token WHERE account = 'b')`, false, true},
			"the account has moved": {`UPDATE wechat_account SET id = 'c' WHERE id = 'b'`, true, false},
		} {
			store, db := d.store(t)
			putSecrets(t, store)
			if _, err := db.ExecContext(t.Context(), c.statement); err != nil {
				t.Fatal(err)
			}
			accounts, token := readSecrets(t, store)
			if errors.Is(accounts, seal.ErrOpen) != c.accounts || errors.Is(token, seal.ErrOpen) != c.token || !c.accounts && accounts != nil {
				t.Errorf("%s: accounts: %v, token: %v", name, accounts, token)
			}
		}
	})
}

func TestAnotherKey(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, _ := d.migrated(t)
		writer := d.writer(t, db)
		putSecrets(t, wechatsql.New(writer, sealer(t, 1)))
		accounts, token := readSecrets(t, wechatsql.New(writer, sealer(t, 2)))
		if !errors.Is(accounts, seal.ErrOpen) || !errors.Is(token, seal.ErrOpen) {
			t.Errorf("accounts: %v, token: %v", accounts, token)
		}
	})
}
