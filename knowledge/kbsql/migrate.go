package kbsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"faqbot/knowledge"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// schemaTable records which migrations ran. The migrations name it too.
const schemaTable = "kb_schema"

// migrateRetry is the pause after a migration that failed, times the number of
// the attempt.
const migrateRetry = 100 * time.Millisecond

// Migrate brings the tables of this package to the state this program needs. It
// may run in several processes at once. A database that a newer program has
// migrated gives knowledge.ErrNewerSchema and is left as it is.
func Migrate(ctx context.Context, db *sql.DB, dialect Dialect) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return migrate(ctx, db, dialect, files)
}

// migrate applies the files. Programs that start together try the same
// migrations; all but one of them fail and find the work done when they try
// again.
func migrate(ctx context.Context, db *sql.DB, dialect Dialect, files fs.FS) error {
	for attempt := 1; ; attempt++ {
		current, target, err := migrateOnce(ctx, db, dialect, files)
		switch {
		case err == nil && current > target:
			return fmt.Errorf("migrate the knowledge base: database has version %d, this program knows %d: %w",
				current, target, knowledge.ErrNewerSchema)
		case err == nil:
			return nil
		case attempt == maxAttempts:
			return fmt.Errorf("migrate the knowledge base: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate the knowledge base: %w", err)
		case <-time.After(time.Duration(attempt) * migrateRetry):
		}
	}
}

// migrateOnce applies what is missing, unless the database is ahead of the
// files. It returns the versions it found.
func migrateOnce(ctx context.Context, db *sql.DB, dialect Dialect, files fs.FS) (current, target int64, err error) {
	name := goose.DialectSQLite3
	if dialect == PostgreSQL {
		name = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(name, db, files,
		goose.WithTableName(schemaTable), goose.WithDisableGlobalRegistry(true))
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
