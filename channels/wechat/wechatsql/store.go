// Package wechatsql stores what the WeChat channel remembers in SQLite and
// PostgreSQL, with one set of queries for both.
//
// The tables lie beside those of bot/botsql, and what is written takes its turn
// with all that is written there: on SQLite there is one writer. The secrets of
// accounts and the tokens of the platform are sealed for their row and column.
package wechatsql

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/seal"
	"faqbot/channels/wechat"
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
	schema := sqldb.Schema{Name: "the WeChat channel", Files: files, Table: "wechat_schema", Newer: bot.ErrNewerSchema}
	return schema.Migrate(ctx, db, dialect)
}

// Database is where the tables are; a botsql.Store is one.
type Database interface {
	// Write runs do in a transaction, perhaps more than once.
	Write(ctx context.Context, doing string, do func(ctx context.Context, tx botsql.Tx) error) error
	// Read runs a query and calls scan for each row.
	Read(ctx context.Context, doing string, scan func(*sql.Rows) error, query string, args ...any) error
}

// Store is a wechat.Store on SQL. It is safe for concurrent use, as long as the
// database is open. Errors of a database that cannot work at the moment are those
// of the Database: bot.ErrUnavailable.
type Store struct {
	db     Database
	sealer *seal.Sealer
}

var _ wechat.Store = (*Store)(nil)

// New returns a store on a database that Migrate has prepared. All processes that
// share the database need a sealer with the same key.
func New(db Database, sealer *seal.Sealer) *Store { return &Store{db: db, sealer: sealer} }

// write runs a statement that must write one row; if it does not, that is the
// error otherwise.
func (s *Store) write(ctx context.Context, doing string, otherwise error, query string, args ...any) error {
	return s.db.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) error {
		return execOne(ctx, tx, otherwise, query, args...)
	})
}

func execOne(ctx context.Context, tx botsql.Tx, otherwise error, query string, args ...any) error {
	n, err := tx.Exec(ctx, query, args...)
	if err == nil && n != 1 {
		return otherwise
	}
	return err
}

// list returns the rows of a query.
func list[T any](ctx context.Context, s *Store, doing string, scan func(*sql.Rows) (T, error), query string, args ...any) (found []T, err error) {
	err = s.db.Read(ctx, doing, func(rows *sql.Rows) error {
		one, err := scan(rows)
		found = append(found, one)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// find returns the first row of a query, or wechat.ErrNotFound.
func find[T any](ctx context.Context, s *Store, doing string, scan func(*sql.Rows) (T, error), query string, args ...any) (T, error) {
	found, err := list(ctx, s, doing, scan, query, args...)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: %w", doing, wechat.ErrNotFound)
	}
	if err != nil {
		return *new(T), err
	}
	return found[0], nil
}

// checked says what was being done when the texts were found wrong.
func checked(doing string, errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
