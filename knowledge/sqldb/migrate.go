package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

const (
	// maxAttempts bounds how often a migration is tried.
	maxAttempts = 5
	// migrateRetry is the pause after a migration that failed, times the number of
	// the attempt.
	migrateRetry = 100 * time.Millisecond
)

// Schema is the tables of one store and how they came to be.
type Schema struct {
	// Name says in errors what is migrated.
	Name string
	// Files are the migrations, in goose's format.
	Files fs.FS
	// Table records which of them ran. The first migration must create a unique
	// index on its version_id: a version is recorded in the transaction that
	// reaches it, so of two programs that migrate at the same time one must fail
	// there, and finds the work done when it tries again.
	Table string
	// Newer is the error for a database that a newer program has migrated.
	Newer error
}

// Migrate brings the tables to the state this program needs. It may run in
// several processes at once. A database that a newer program has migrated gives
// the error Newer and is left as it is. On PostgreSQL there is a collation
// "binary" like that of SQLite, so that both order ids by their bytes.
func (s Schema) Migrate(ctx context.Context, db *sql.DB, dialect Dialect) error {
	for attempt := 1; ; attempt++ {
		current, target, err := s.migrateOnce(ctx, db, dialect)
		switch {
		case err == nil && current > target:
			return fmt.Errorf("migrate %s: database has version %d, this program knows %d: %w",
				s.Name, current, target, s.Newer)
		case err == nil:
			return nil
		case attempt == maxAttempts:
			return fmt.Errorf("migrate %s: %w", s.Name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate %s: %w", s.Name, err)
		case <-time.After(time.Duration(attempt) * migrateRetry):
		}
	}
}

// migrateOnce applies what is missing, unless the database is ahead of the
// files. It returns the versions it found.
func (s Schema) migrateOnce(ctx context.Context, db *sql.DB, dialect Dialect) (current, target int64, err error) {
	name := goose.DialectSQLite3
	if dialect == PostgreSQL {
		name = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(name, db, s.Files,
		goose.WithTableName(s.Table), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, 0, fmt.Errorf("read the migrations: %w", err)
	}
	current, target, err = provider.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	if current >= target {
		return current, target, nil
	}
	if dialect == PostgreSQL {
		if _, err := db.ExecContext(ctx, `CREATE COLLATION IF NOT EXISTS "binary" FROM "C"`); err != nil {
			return 0, 0, fmt.Errorf("create the collation: %w", err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return 0, 0, err
	}
	return current, target, nil
}
