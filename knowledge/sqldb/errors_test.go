package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	_ "modernc.org/sqlite"

	"faqbot/knowledge/sqldb"
)

func state(code string) error { return fmt.Errorf("doing: %w", &pgconn.PgError{Code: code}) }

// sqliteError is an error of the driver with any code.
type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprint("sqlite ", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err                                  error
		gaveUp, busy, duplicate, unavailable bool
	}{
		"none":                {err: nil},
		"any":                 {err: errors.New("any")},
		"no rows":             {err: sql.ErrNoRows},
		"cancelled":           {err: context.Canceled},
		"syntax":              {err: state("42601")},
		"not null":            {err: state("23502")},
		"serialization":       {err: state("40001"), gaveUp: true, unavailable: true},
		"deadlock":            {err: state("40P01"), gaveUp: true, unavailable: true},
		"unique":              {err: state("23505"), duplicate: true},
		"disk full":           {err: state("53100"), unavailable: true},
		"too many":            {err: state("53300"), unavailable: true},
		"shutdown":            {err: state("57P01"), unavailable: true},
		"read-only":           {err: state("25006"), unavailable: true},
		"stood still":         {err: state("25P03"), unavailable: true},
		"I/O":                 {err: state("58030"), unavailable: true},
		"connection":          {err: state("08006"), unavailable: true},
		"sqlite generic":      {err: sqliteError(1)},
		"sqlite busy":         {err: sqliteError(5), busy: true, unavailable: true},
		"sqlite busy more":    {err: sqliteError(517), busy: true, unavailable: true},
		"sqlite read-only":    {err: sqliteError(8), unavailable: true},
		"sqlite I/O at fsync": {err: sqliteError(1034), unavailable: true},
		"sqlite full":         {err: fmt.Errorf("store: %w", sqliteError(13)), unavailable: true},
		"sqlite unique":       {err: sqliteError(2067), duplicate: true},
		"sqlite primary key":  {err: sqliteError(1555), duplicate: true},
		"sqlite not null":     {err: sqliteError(1299)},
		"bad connection":      {err: driver.ErrBadConn, unavailable: true},
		"end of file":         {err: fmt.Errorf("read: %w", io.ErrUnexpectedEOF), unavailable: true},
		"dial":                {err: &net.OpError{Op: "dial", Err: errors.New("refused")}, unavailable: true},
	} {
		t.Run(name, func(t *testing.T) {
			for what, got := range map[string][2]bool{
				"GaveUp": {sqldb.GaveUp(c.err), c.gaveUp}, "Busy": {sqldb.Busy(c.err), c.busy},
				"Duplicate": {sqldb.Duplicate(c.err), c.duplicate}, "Unavailable": {sqldb.Unavailable(c.err), c.unavailable},
			} {
				if got[0] != got[1] {
					t.Errorf("%s(%v) = %v", what, c.err, got[0])
				}
			}
		})
	}
}

// TestDriver checks that the driver's own errors have the codes.
func TestDriver(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, step := range []struct {
		statement string
		is        func(error) bool
	}{
		{`CREATE TABLE a (id TEXT PRIMARY KEY, b TEXT UNIQUE)`, nil},
		{`INSERT INTO a VALUES ('1', '1')`, nil},
		{`INSERT INTO a VALUES ('1', '2')`, sqldb.Duplicate},
		{`INSERT INTO a VALUES ('2', '1')`, sqldb.Duplicate},
		{`PRAGMA query_only = ON`, nil},
		{`INSERT INTO a VALUES ('2', '2')`, sqldb.Unavailable},
	} {
		_, err := db.ExecContext(t.Context(), step.statement)
		if step.is == nil && err != nil || step.is != nil && !step.is(err) {
			t.Errorf("%s: %v", step.statement, err)
		}
	}
}
