package botsql

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"faqbot/knowledge/sqldb"
)

const (
	addSecret  = `INSERT INTO bot_secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	readSecret = `SELECT value FROM bot_secret WHERE name = $1`
)

// Secret returns the key of that name, the same for all processes that share the
// database. The first who asks makes it, at random, of that many bytes.
func (s *Store) Secret(ctx context.Context, name string, size int) ([]byte, error) {
	fresh := make([]byte, size)
	rand.Read(fresh) // never fails
	begun := time.Now()
	for {
		_, err := s.db.ExecContext(ctx, addSecret, name, base64.StdEncoding.EncodeToString(fresh))
		if err == nil {
			break
		}
		if !sqldb.Busy(err) || time.Since(begun) > s.wait || ctx.Err() != nil {
			return nil, failure(ctx, "make the secret "+name, err)
		}
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
