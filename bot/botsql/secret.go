package botsql

import (
	"context"
	"encoding/base64"
	"fmt"
)

const (
	addSecret  = `INSERT INTO bot_secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	readSecret = `SELECT value FROM bot_secret WHERE name = $1`
)

// Secret returns what is kept under the name, the same for all processes that
// share the database: fresh, if nothing was there.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	err := s.change(ctx, "keep the secret "+name, func(ctx context.Context, tx *session) error {
		_, err := tx.exec(ctx, statement{before: addSecret}, []any{name, base64.StdEncoding.EncodeToString(fresh)})
		return err
	})
	if err != nil {
		return nil, err
	}
	var text string
	if err := s.db.QueryRowContext(ctx, readSecret, name).Scan(&text); err != nil {
		return nil, failure(ctx, "read the secret "+name, err)
	}
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read the secret %s: %w", name, err)
	}
	return secret, nil
}
