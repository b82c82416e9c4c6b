package kbsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"faqbot/knowledge"
	"faqbot/knowledge/sqldb"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

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

// migrate applies the files. They name the table kb_schema too.
func migrate(ctx context.Context, db *sql.DB, dialect Dialect, files fs.FS) error {
	schema := sqldb.Schema{Name: "the knowledge base", Files: files, Table: "kb_schema", Newer: knowledge.ErrNewerSchema}
	return schema.Migrate(ctx, db, dialect)
}
