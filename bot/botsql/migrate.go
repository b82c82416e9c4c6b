package botsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"faqbot/bot"
	"faqbot/bot/failpoint"
	"faqbot/knowledge/sqldb"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the tables of this package to the state this program needs. It
// may run in several processes at once. A database that a newer program has
// migrated gives bot.ErrNewerSchema and is left as it is.
func Migrate(ctx context.Context, db *sql.DB, dialect sqldb.Dialect) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	failpoint.Hit("start/before-migration")
	return migrate(ctx, db, dialect, files)
}

// migrate applies the files. They name the table bot_schema too.
func migrate(ctx context.Context, db *sql.DB, dialect sqldb.Dialect, files fs.FS) error {
	schema := sqldb.Schema{Name: "the conversations", Files: files, Table: "bot_schema", Newer: bot.ErrNewerSchema}
	return schema.Migrate(ctx, db, dialect)
}
