package botsql_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/bottest"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb"
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
	dsn := sqliteDSN(filepath.Join(t.TempDir(), "bot.db"))
	return connect(t, "sqlite", dsn), dsn
}

// sqliteDSN has the settings of the program, with more of them.
func sqliteDSN(path string, pragmas ...string) string {
	return "file:" + path + "?" + url.Values{
		"_txlock": {"immediate"},
		"_pragma": append([]string{
			"busy_timeout(500)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
			"cache_size(-65536)", "temp_store(MEMORY)",
		}, pragmas...),
	}.Encode()
}

func openPostgreSQL(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := pgtest.DSN(t) + "&synchronous_commit=off" // nothing here pulls the plug
	return connect(t, "pgx", dsn), dsn
}

func connect(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// reopen connects once more, as another process would.
func (d database) reopen(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	if d.dialect == sqldb.PostgreSQL {
		return connect(t, "pgx", dsn)
	}
	return connect(t, "sqlite", dsn)
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
