package database

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"faqbot/knowledge/kbsql"
)

// memory names a database in memory.
const memory = ":memory:"

// Rights of what Open creates. A knowledge base is for nobody else to read.
const (
	fileMode   = 0o600
	folderMode = 0o700
)

// busyRetry is the pause between attempts to open a database that another
// process is just creating.
const busyRetry = 50 * time.Millisecond

// sqlitePragmas are the settings of every connection. FULL makes a commit wait
// for the disk: what was acknowledged is never lost. A writer waits two seconds
// for another process's writer before it looks at its context again; kbsql tries
// anew. 64 MiB of cache and temporary data in memory double the speed of imports.
var sqlitePragmas = []string{
	"busy_timeout(2000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	"cache_size(-65536)", "temp_store(MEMORY)",
}

func sqliteSource(path string) (source, error) {
	s := source{dialect: kbsql.SQLite, shown: path}
	if path == "" {
		s.shown = "sqlite:"
		return s, errors.New("the name of the file is missing")
	}
	s.open = func(ctx context.Context) (*sql.DB, error) { return openSQLite(ctx, path) }
	return s, nil
}

func openSQLite(ctx context.Context, path string) (*sql.DB, error) {
	uri := url.URL{Scheme: "file", Opaque: "/" + rand.Text()}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": sqlitePragmas}
	if path == memory {
		query.Set("vfs", "memdb") // one database for all connections of the pool
	} else {
		absolute, err := prepareFile(path)
		if err != nil {
			return nil, err
		}
		uri.Opaque = (&url.URL{Path: absolute}).EscapedPath()
	}
	uri.RawQuery = query.Encode()
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	// Writers take turns anyway; these are readers. In memory there must always
	// be a connection, or the database is gone: none is ever let go.
	connections := max(4, 2*runtime.NumCPU())
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return ready(ctx, db, pingSQLite)
}

// prepareFile makes sure that the file exists and can be written, so that the
// system's error names the obstacle, and returns its absolute path.
func prepareFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return "", fmt.Errorf("create its folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	return path, nil
}

// pingSQLite reads the file's header. Two processes that create a database at
// the same time may get in each other's way for a moment.
func pingSQLite(ctx context.Context, db *sql.DB) error {
	for {
		var tables int
		err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master`).Scan(&tables)
		failure := (*sqlite.Error)(nil)
		if !errors.As(err, &failure) {
			return err
		}
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("the file is not a SQLite database: %w", err)
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("the file is damaged, restore it from a backup: %w", err)
		case sqlite3.SQLITE_BUSY:
			select {
			case <-ctx.Done():
				return fmt.Errorf("another program keeps it locked: %w", err)
			case <-time.After(busyRetry):
			}
		default:
			return err
		}
	}
}
