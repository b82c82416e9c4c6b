package wechatsql_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/channels/wechat/wechattest"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// checkMigrated checks that each migration is recorded once and the store works.
func checkMigrated(t *testing.T, d database, db *sql.DB, key string) {
	t.Helper()
	var rows, versions int
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*), COUNT(DISTINCT version_id) FROM wechat_schema`).Scan(&rows, &versions)
	if err != nil || rows != versions || versions < 2 {
		t.Errorf("%d records of %d versions, error %v", rows, versions, err)
	}
	store := wechatsql.New(d.writer(t, db), sealer(t, 1))
	if _, fresh, err := store.Take(t.Context(), wechat.Callback{Account: "店", Key: key}); !fresh || err != nil {
		t.Errorf("the store does not work: fresh %v, error %v", fresh, err)
	}
}

func TestMigrateAtOnceAndAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, dsn := d.open(t)
		var all sync.WaitGroup
		for range 6 {
			other := sqltest.Connect(t, d.dialect, dsn)
			all.Go(func() {
				if err := wechatsql.Migrate(t.Context(), other, d.dialect); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		checkMigrated(t, d, db, "once")
		if err := wechatsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("again: %v", err)
		}
		checkMigrated(t, d, db, "again")
	})
}

func TestMigrateNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, _ := d.migrated(t)
		if _, err := db.ExecContext(t.Context(), `INSERT INTO wechat_schema (version_id, is_applied) VALUES (90000, TRUE)`); err != nil {
			t.Fatal(err)
		}
		err := wechatsql.Migrate(t.Context(), db, d.dialect)
		if !errors.Is(err, bot.ErrNewerSchema) || !strings.Contains(err.Error(), "90000") {
			t.Errorf("got %v, want ErrNewerSchema with the version", err)
		}
	})
}

func TestMigrateDown(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		db, _ := d.migrated(t)
		dialect := goose.DialectSQLite3
		if d.dialect == sqldb.PostgreSQL {
			dialect = goose.DialectPostgres
		}
		provider, err := goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithTableName("wechat_schema"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `SELECT 1 FROM wechat_callback`); err == nil {
			t.Error("the table is still there")
		}
		if err := wechatsql.Migrate(t.Context(), db, d.dialect); err != nil {
			t.Errorf("up again: %v", err)
		}
		checkMigrated(t, d, db, "up again")
	})
}

// nodes is several stores on one database, as in several processes. Each write goes
// to the next one.
type nodes struct {
	wechat.Store
	others []wechat.Store
	calls  *atomic.Uint32
}

func (n nodes) next() wechat.Store { return n.others[int(n.calls.Add(1))%len(n.others)] }

func (n nodes) Take(ctx context.Context, c wechat.Callback) (wechat.Callback, bool, error) {
	return n.next().Take(ctx, c)
}
func (n nodes) Finish(ctx context.Context, c wechat.Callback) error { return n.next().Finish(ctx, c) }
func (n nodes) Step(ctx context.Context, f wechat.Follower, add, change []wechat.Outgoing) error {
	return n.next().Step(ctx, f, add, change)
}
func (n nodes) PutAccount(ctx context.Context, a wechat.Account) error {
	return n.next().PutAccount(ctx, a)
}
func (n nodes) PutToken(ctx context.Context, t wechat.Token) error { return n.next().PutToken(ctx, t) }
func (n nodes) Lease(ctx context.Context, account, node string, now, until time.Time) (bool, error) {
	return n.next().Lease(ctx, account, node, now, until)
}

func TestStoreOfSeveralNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		wechattest.TestConcurrency(t, func(t *testing.T) wechat.Store {
			db, dsn := d.migrated(t)
			n := nodes{Store: wechatsql.New(d.writer(t, db), sealer(t, 1)), calls: new(atomic.Uint32)}
			for range 3 {
				n.others = append(n.others, wechatsql.New(d.writer(t, sqltest.Connect(t, d.dialect, dsn)), sealer(t, 1)))
			}
			return n
		})
	})
}

// TestUnavailable checks that errors of a database that is not there can be told
// from others.
func TestUnavailable(t *testing.T) {
	db := sqltest.Connect(t, sqldb.PostgreSQL, "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	store := wechatsql.New(botsql.New(db, sqldb.PostgreSQL), sealer(t, 1))
	_, _, take := store.Take(t.Context(), wechat.Callback{Account: "店", Key: "k"})
	_, read := store.Callback(t.Context(), "店", "k")
	for what, err := range map[string]error{"Take": take, "Callback": read} {
		if !errors.Is(err, bot.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", what, err)
		}
	}
}
