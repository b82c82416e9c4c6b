// Package sqltest opens the databases that tests of the stores run on.
package sqltest

import (
	"database/sql"
	"net/url"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite

	"faqbot/knowledge/sqldb"
)

// connections is how many a test's pool holds.
const connections = 6

// SQLiteDSN returns the DSN of a file with the settings of the program, and with
// more of them.
func SQLiteDSN(path string, pragmas ...string) string {
	return "file:" + path + "?" + url.Values{
		"_txlock": {"immediate"},
		"_pragma": append([]string{
			"busy_timeout(500)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
			"cache_size(-65536)", "temp_store(MEMORY)",
		}, pragmas...),
	}.Encode()
}

// Connect opens a database that is closed after the test. To connect once more is
// what another process would do.
func Connect(t testing.TB, dialect sqldb.Dialect, dsn string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if dialect == sqldb.PostgreSQL {
		driver = "pgx"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
