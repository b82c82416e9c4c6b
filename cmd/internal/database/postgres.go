package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"faqbot/knowledge/kbsql"
)

// Sizes of the pool for a PostgreSQL server. A server allows 100 connections
// unless told otherwise, and several nodes share them.
const (
	postgresConnections = 16
	postgresIdleTime    = 5 * time.Minute
	postgresLifetime    = time.Hour
	connectTimeout      = 10 * time.Second
)

// standstill is how long a transaction of ours may wait for its next statement.
// The statements of one follow each other at once; if none comes, the process
// stands still or is cut off, and the server has to give back what it holds before
// others give up waiting for that. Its late commit is refused.
const standstill = 5 * time.Second

const idleTimeout = "idle_in_transaction_session_timeout"

func postgresSource(dsn string) (source, error) {
	s := source{dialect: kbsql.PostgreSQL, shown: "postgres://…"}
	address, err := url.Parse(dsn)
	if err != nil || ambiguous(dsn, address) {
		return s, errors.New("it is not of the form postgres://USER:PASSWORD@HOST:PORT/NAME; " +
			"write special characters of the password as %XX, such as %40 for @")
	}
	if address.User != nil {
		address.User = url.User(address.User.Username())
	}
	s.shown = (&url.URL{Scheme: address.Scheme, User: address.User, Host: address.Host, Path: address.Path}).String()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return s, errors.New("the driver says: " + reason(err))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "faqbot"
	}
	s.open = func(ctx context.Context) (*sql.DB, error) { return openPostgres(ctx, config) }
	return s, nil
}

// ambiguous reports whether a password with unescaped characters may be taken for
// other parts of the address, by us or by the driver. Messages would show them.
func ambiguous(dsn string, address *url.URL) bool {
	before, options, _ := strings.Cut(dsn, "?")
	signs := strings.Count(before, "@")
	return address.Fragment != "" || signs > 1 || (signs == 1) != (address.User != nil) ||
		signs == 0 && strings.Contains(options, "@")
}

// reason returns why the driver refuses a DSN: its message without the DSN and
// without the cause, which both may repeat parts of the password.
func reason(err error) string {
	message := err.Error()
	var parsing *pgconn.ParseConfigError
	if !errors.As(err, &parsing) {
		return "an option cannot have this value"
	}
	if cause := parsing.Unwrap(); cause != nil {
		message = strings.TrimSuffix(message, " ("+cause.Error()+")")
	}
	return message[strings.LastIndex(message, "`")+1+len(": "):]
}

func openPostgres(ctx context.Context, config *pgx.ConnConfig) (*sql.DB, error) {
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(limitStandstill))
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxIdleTime(postgresIdleTime)
	db.SetConnMaxLifetime(postgresLifetime)
	return ready(ctx, db, pingPostgres)
}

// limitStandstill sets the time-out of a new connection, unless the DSN, the user
// or the server has one. As a parameter of the connection poolers would refuse it.
func limitStandstill(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config($1, $2, FALSE) WHERE current_setting($1) = '0'`, idleTimeout, fmt.Sprint(standstill.Milliseconds()))
	if err != nil {
		return fmt.Errorf("limit how long a transaction may stand still: %w", err)
	}
	return nil
}

func pingPostgres(ctx context.Context, db *sql.DB) error {
	var encoding string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return fmt.Errorf("the server cannot be used: %w", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s; create the database with ENCODING 'UTF8'", encoding)
	}
	return nil
}
