package botsql_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/bottest"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// database is a kind of database that tests run on.
type database struct {
	dialect sqldb.Dialect
	// open returns an empty database, without tables. dsn opens it again.
	open func(t testing.TB) (db *sql.DB, dsn string)
}

var (
	sqlite     = database{sqldb.SQLite, openSQLite}
	postgresql = database{sqldb.PostgreSQL, openPostgreSQL}
)

func openSQLite(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := sqltest.SQLiteDSN(filepath.Join(t.TempDir(), "bot.db"))
	return sqltest.Connect(t, sqldb.SQLite, dsn), dsn
}

func openPostgreSQL(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := pgtest.DSN(t) + "&synchronous_commit=off" // nothing here pulls the plug
	return sqltest.Connect(t, sqldb.PostgreSQL, dsn), dsn
}

// reopen connects once more, as another process would.
func (d database) reopen(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	return sqltest.Connect(t, d.dialect, dsn)
}

// store returns an empty store and its database.
func (d database) store(t testing.TB) (*botsql.Store, *sql.DB) {
	t.Helper()
	db, _ := d.open(t)
	return d.storeOn(t, db), db
}

// storeOn returns a store on the database, migrated.
func (d database) storeOn(t testing.TB, db *sql.DB) *botsql.Store {
	t.Helper()
	if err := botsql.Migrate(context.Background(), db, d.dialect); err != nil {
		t.Fatal(err)
	}
	return d.another(t, db)
}

// another returns a store on a database that is migrated.
func (d database) another(t testing.TB, db *sql.DB) *botsql.Store {
	t.Helper()
	s := botsql.New(db, d.dialect)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onBoth runs the test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, d database)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlite)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		if os.Getenv(pgtest.Env) == "" {
			t.Skipf("PostgreSQL is not tested: set %s to the address of a server", pgtest.Env)
		}
		test(t, postgresql)
	})
}

func TestStore(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		bottest.TestStore(t, func(t *testing.T) bot.Store {
			store, _ := d.store(t)
			return store
		})
	})
}
