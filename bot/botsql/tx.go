package botsql

import (
	"context"
	"database/sql"
)

// Tx is a transaction that another package writes in. Statements have the
// placeholders $1, $2 … and stay prepared, so there should be few of them.
type Tx interface {
	// Exec runs a statement and returns how many rows it wrote.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a query and calls scan for each row.
	Query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error
}

// Write runs do in a transaction, for packages whose tables lie beside those of
// this one. On SQLite it takes its turn with all other writes of the store, and
// those that wait together share a transaction and the wait for the disk. When it
// returns nil, what do wrote is on the disk; if do fails, nothing of it is, and the
// others lose nothing.
//
// do may be called again if the transaction was given up, and when the caller is
// gone because its context has ended. So it must not share with the caller what
// either may still change, and what it sets is only to be read if Write returned
// nil.
func (s *Store) Write(ctx context.Context, doing string, do func(ctx context.Context, tx Tx) error) error {
	return s.change(ctx, doing, func(ctx context.Context, one *session) error { return do(ctx, outside{one}) })
}

// Read runs a query for a package like that and calls scan for each row. It waits
// a bounded time for a connection and for the rows.
func (s *Store) Read(ctx context.Context, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	return s.read(ctx, doing, scan, query, args...)
}

// outside is a session as other packages see it.
type outside struct{ session *session }

func (o outside) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return o.session.exec(ctx, statement{before: query}, args)
}

func (o outside) Query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	return o.session.query(ctx, statement{before: query}, args, scan)
}
