// Package pgtest gives each test a PostgreSQL schema of its own.
package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the variable that holds the address of the test server:
// postgres://user@host:port/database. Its user must be allowed to create schemas.
const Env = "FAQBOT_TEST_POSTGRES"

// timeout bounds what happens before and after a test.
const timeout = 30 * time.Second

// DSN returns the address of an empty schema that is dropped after the test. It
// skips the test if there is no server to use, and fails it if the server that
// the environment names does not answer.
func DSN(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Skipf("PostgreSQL is not tested: set %s to the address of a server", Env)
	}
	address, err := url.Parse(server)
	if err != nil || !strings.HasPrefix(address.Scheme, "postgres") {
		t.Fatalf("%s is not an address of the form postgres://user@host:port/database", Env)
	}
	schema := "faqbot_test_" + strings.ToLower(rand.Text())
	exec(t, server, `CREATE SCHEMA `+schema)
	t.Cleanup(func() { exec(t, server, `DROP SCHEMA `+schema+` CASCADE`) })
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

func exec(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("the PostgreSQL server in %s does not answer: %v", Env, err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is left to do
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
