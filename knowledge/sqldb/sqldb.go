// Package sqldb holds what the stores on SQL have in common: the kinds of
// databases, how their tables are made, and what an error of a database means.
//
// The package imports no driver; cmd/internal/database opens the connections.
package sqldb

// Dialect names the kind of database.
type Dialect string

// The databases that are supported.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)
