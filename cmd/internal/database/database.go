// Package database opens the database that a DSN names, with the settings the
// stores rely on. It does not create tables: each store migrates its own.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"faqbot/knowledge/kbsql"
)

// pingTimeout bounds how long Open waits for a database that does not answer.
const pingTimeout = 15 * time.Second

// Open opens the database and makes sure that it answers. The DSN is one of
//
//	sqlite:PATH, PATH      a SQLite file, created with its folder if missing
//	sqlite::memory:, :memory:  a SQLite database in memory, gone when closed
//	postgres://USER:PASSWORD@HOST:PORT/NAME?OPTIONS  (or postgresql://)
//
// In memory nothing can be written while a snapshot is read. Errors name the
// database, never its password. The caller closes what it gets.
func Open(ctx context.Context, dsn string) (*sql.DB, kbsql.Dialect, error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	source, err := parse(dsn)
	if err != nil {
		return nil, "", fmt.Errorf("cannot open database %s: %w", source.shown, err)
	}
	db, err := source.open(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("cannot open database %s: %w", source.shown, err)
	}
	return db, source.dialect, nil
}

// File returns the path of the file that a DSN names; empty for a server, a
// database in memory, and what Open would not understand.
func File(dsn string) string {
	s, err := parse(dsn)
	if err != nil || s.dialect != kbsql.SQLite || s.shown == memory {
		return ""
	}
	return s.shown
}

// source is what a DSN means.
type source struct {
	dialect kbsql.Dialect
	shown   string // for messages, without password
	open    func(ctx context.Context) (*sql.DB, error)
}

// kind is what stands before the colon of a DSN. A single letter is the drive of
// a file name.
var kind = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+$`)

// parse understands the DSN. The source has a name to show also if it fails.
func parse(dsn string) (source, error) {
	before, after, hasColon := strings.Cut(dsn, ":")
	switch {
	case strings.TrimSpace(dsn) == "":
		return source{shown: `""`}, errors.New("the DSN is empty; give a file name or postgres://…")
	case strings.ContainsRune(dsn, 0):
		return source{shown: "?"}, errors.New("the DSN contains a NUL character")
	case dsn == memory || !hasColon || !kind.MatchString(before):
		return sqliteSource(dsn)
	}
	switch strings.ToLower(before) {
	case "sqlite":
		return sqliteSource(strings.TrimPrefix(after, "//"))
	case "postgres", "postgresql":
		return postgresSource("postgres:" + after)
	}
	return source{shown: before + ":…"}, fmt.Errorf(
		"unknown kind %q; give postgres://… or a file name, as sqlite:FILE if it contains a colon", before)
}

// ready pings the database and closes it if it does not answer.
func ready(ctx context.Context, db *sql.DB, check func(context.Context, *sql.DB) error) (*sql.DB, error) {
	if err := check(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
