package kbsql_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb/sqltest"
)

// database is a kind of database that tests run on.
type database struct {
	dialect kbsql.Dialect
	// open returns an empty database, without tables. dsn opens it again.
	open func(t testing.TB) (db *sql.DB, dsn string)
}

var (
	sqlite     = database{kbsql.SQLite, openSQLite}
	postgresql = database{kbsql.PostgreSQL, openPostgreSQL}
)

func openSQLite(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := sqltest.SQLiteDSN(filepath.Join(t.TempDir(), "kb.db"))
	return sqltest.Connect(t, kbsql.SQLite, dsn), dsn
}

func openPostgreSQL(t testing.TB) (*sql.DB, string) {
	t.Helper()
	dsn := pgtest.DSN(t)
	return sqltest.Connect(t, kbsql.PostgreSQL, dsn), dsn
}

// reopen connects once more, as another process would.
func (d database) reopen(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	return sqltest.Connect(t, d.dialect, dsn)
}

// store returns an empty store and its database.
func (d database) store(t testing.TB) (*kbsql.Store, *sql.DB) {
	t.Helper()
	db, _ := d.open(t)
	if err := kbsql.Migrate(context.Background(), db, d.dialect); err != nil {
		t.Fatal(err)
	}
	return kbsql.New(db, d.dialect, kbtest.Key), db
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
		kbtest.TestStore(t, func(t *testing.T) knowledge.Store {
			store, _ := d.store(t)
			return store
		})
	})
}

// nodes is several stores on one database, as in several processes. Each call
// goes to the next one.
type nodes struct {
	stores []*kbsql.Store
	calls  *atomic.Uint32
}

func (n nodes) next() *kbsql.Store { return n.stores[int(n.calls.Add(1))%len(n.stores)] }

func (n nodes) Entry(ctx context.Context, id string) (knowledge.Entry, error) {
	return n.next().Entry(ctx, id)
}

func (n nodes) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (int64, error) {
	return n.next().Snapshot(ctx, visit)
}

func (n nodes) Changes(ctx context.Context, after int64, limit int) ([]knowledge.Change, error) {
	return n.next().Changes(ctx, after, limit)
}

func (n nodes) Revision(ctx context.Context) (int64, error) { return n.next().Revision(ctx) }

func (n nodes) Apply(ctx context.Context, b knowledge.Batch) (int64, error) {
	return n.next().Apply(ctx, b)
}

func (n nodes) Categories(ctx context.Context) ([]knowledge.Category, error) {
	return n.next().Categories(ctx)
}

func (n nodes) CreateCategory(ctx context.Context, path knowledge.Path) (string, error) {
	return n.next().CreateCategory(ctx, path)
}

func (n nodes) RenameCategory(ctx context.Context, id, name string) error {
	return n.next().RenameCategory(ctx, id, name)
}

func (n nodes) MoveCategory(ctx context.Context, id, parentID string, position int) error {
	return n.next().MoveCategory(ctx, id, parentID, position)
}

func (n nodes) MergeCategory(ctx context.Context, from, into string) error {
	return n.next().MergeCategory(ctx, from, into)
}

func (n nodes) DeleteCategory(ctx context.Context, id string) error {
	return n.next().DeleteCategory(ctx, id)
}

func (n nodes) Lexicon(ctx context.Context) (knowledge.Lexicon, error) { return n.next().Lexicon(ctx) }

func TestStoreOfSeveralNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		kbtest.TestConcurrency(t, func(t *testing.T) knowledge.Store {
			db, dsn := d.open(t)
			if err := kbsql.Migrate(t.Context(), db, d.dialect); err != nil {
				t.Fatal(err)
			}
			n := nodes{calls: new(atomic.Uint32)}
			for range 3 {
				n.stores = append(n.stores, kbsql.New(d.reopen(t, dsn), d.dialect, kbtest.Key))
			}
			return n
		})
	})
}
