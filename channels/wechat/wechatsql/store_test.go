package wechatsql_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"faqbot/bot/botsql"
	"faqbot/bot/seal"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/channels/wechat/wechattest"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// database is a kind of database that tests run on.
type database struct {
	dialect sqldb.Dialect
	// dsn returns the address of an empty database.
	dsn func(t testing.TB) string
}

var (
	sqlite = database{sqldb.SQLite, func(t testing.TB) string {
		return sqltest.SQLiteDSN(filepath.Join(t.TempDir(), "bot.db"))
	}}
	postgresql = database{sqldb.PostgreSQL, func(t testing.TB) string {
		return pgtest.DSN(t) + "&synchronous_commit=off" // nothing here pulls the plug
	}}
)

// open returns an empty database and its address.
func (d database) open(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := d.dsn(t)
	return sqltest.Connect(t, d.dialect, dsn), dsn
}

// migrated returns a database with the tables of the package.
func (d database) migrated(t testing.TB) (*sql.DB, string) {
	t.Helper()
	db, dsn := d.open(t)
	if err := wechatsql.Migrate(t.Context(), db, d.dialect); err != nil {
		t.Fatal(err)
	}
	return db, dsn
}

// writer returns what writes to the database, as one process has it.
func (d database) writer(t testing.TB, db *sql.DB) *botsql.Store {
	t.Helper()
	store := botsql.New(db, d.dialect)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// sealer returns a sealer with a key of its own for each fill.
func sealer(t testing.TB, fill byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(bytes.Repeat([]byte{fill}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// store returns an empty store and its database.
func (d database) store(t testing.TB) (*wechatsql.Store, *sql.DB) {
	t.Helper()
	db, _ := d.migrated(t)
	return wechatsql.New(d.writer(t, db), sealer(t, 1)), db
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
		wechattest.Test(t, func(t *testing.T) wechat.Store {
			store, _ := d.store(t)
			return store
		})
	})
}
