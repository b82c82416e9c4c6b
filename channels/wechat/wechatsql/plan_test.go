package wechatsql_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/knowledge/sqldb"
)

// planner is a database that explains all that is read or written before it does
// it.
type planner struct {
	*botsql.Store
	explain string
	plans   map[string]string // by query
}

func (p *planner) Read(ctx context.Context, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	return errors.Join(p.Store.Read(ctx, doing, p.scan(query), p.explain+query, args...),
		p.Store.Read(ctx, doing, scan, query, args...))
}

func (p *planner) Write(ctx context.Context, doing string, do func(ctx context.Context, tx botsql.Tx) error) error {
	return p.Store.Write(ctx, doing, func(ctx context.Context, tx botsql.Tx) error { return do(ctx, plannedTx{tx, p}) })
}

type plannedTx struct {
	botsql.Tx
	planner *planner
}

func (t plannedTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := t.Tx.Query(ctx, t.planner.scan(query), t.planner.explain+query, args...); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, query, args...)
}

func (t plannedTx) Query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	return errors.Join(t.Tx.Query(ctx, t.planner.scan(query), t.planner.explain+query, args...), t.Tx.Query(ctx, scan, query, args...))
}

// scan reads a line of a plan, which is the last column.
func (p *planner) scan(query string) func(*sql.Rows) error {
	p.plans[query] = ""
	return func(rows *sql.Rows) error {
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		line, ignored := "", any(nil)
		into := make([]any, len(columns))
		for i := range into {
			into[i] = &ignored
		}
		into[len(into)-1] = &line
		err = rows.Scan(into...)
		p.plans[query] += line + "\n"
		return err
	}
}

// fill has many things that are done with, and few that are not.
const fill = `WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 20000) `

var fills = []string{
	fill + `INSERT INTO wechat_callback (account, key, open_id, raw, state, reason, reply, at)
		SELECT '店', 'm:' || n, 'o' || n, '', CASE WHEN n % 1000 = 0 THEN 'taken' WHEN n % 1000 = 1 THEN 'broken' ELSE 'done' END,
		'', '', n FROM many`,
	fill + `INSERT INTO wechat_outgoing (conversation, seq, part, account, open_id, place, content, agent, is_last, state, due, batch,
		code, reason, changed_at)
		SELECT 'c' || (n / 10), n, 0, '店', 'o' || (n / 10), 1, '', FALSE, FALSE,
		CASE WHEN n % 1000 = 0 THEN 'waiting' WHEN n % 1000 = 1 THEN 'sending' WHEN n % 1000 = 2 THEN 'kept' ELSE 'sent' END,
		n, '', 0, '', n FROM many`,
	fill + `INSERT INTO wechat_follower (account, open_id, version, gone, allowed, allowed_of, allowed_until, granted, heard_at,
		conversation, seq, choices) SELECT '店', 'o' || n, 1, FALSE, 0, 0, 0, '', 0, '', 0, '[]' FROM many`,
	fill + `INSERT INTO wechat_failure (id, account, api, code, text, at) SELECT 'f' || n, '店' || (n / 1000), '', 0, '', n FROM many`,
	fill + `INSERT INTO wechat_media (account, hash, id, until) SELECT '店', 'h' || n, '', 0 FROM many`,
}

// filled returns a store on a database with much in it, which explains.
func (d database) filled(t *testing.T) (*wechatsql.Store, *planner) {
	t.Helper()
	db, _ := d.migrated(t)
	for _, statement := range append(fills, `ANALYZE`) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	p := &planner{Store: d.writer(t, db), explain: `EXPLAIN QUERY PLAN `, plans: map[string]string{}}
	if d.dialect == sqldb.PostgreSQL {
		p.explain = `EXPLAIN `
		if _, err := db.ExecContext(t.Context(), `VACUUM ANALYZE`); err != nil {
			t.Fatal(err)
		}
	}
	return wechatsql.New(p, sealer(t, 1)), p
}

// TestPlans checks that nothing reads more than it needs: each statement finds its
// rows by an index, and what happens every second reads nothing but small ones.
func TestPlans(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, p := d.filled(t)
		ctx, at := t.Context(), time.UnixMilli(19000)
		part := wechat.Outgoing{Account: "店", OpenID: "o7", Conversation: "new", State: wechat.Waiting}
		sent := wechat.Outgoing{Account: "店", OpenID: "o7", Conversation: "c7", Seq: 70, State: wechat.Sent}
		for _, c := range []struct {
			what    string
			do      func() error
			indexes []string // those that must be used
			alone   bool     // nothing is read beside them
		}{
			{"Unfinished", func() error { _, err := store.Unfinished(ctx, at, 10); return err }, []string{"wechat_callback_taken"}, false},
			{"DueFollowers", func() error { _, err := store.DueFollowers(ctx, at, at, 10); return err },
				[]string{"wechat_outgoing_waiting", "wechat_outgoing_sending"}, true},
			{"BrokenCallbacks", func() error { _, err := store.BrokenCallbacks(ctx, "店", at, 10); return err },
				[]string{"wechat_callback_broken"}, false},
			{"Open", func() error { _, err := store.Open(ctx, "店", "o7"); return err }, []string{"wechat_outgoing_open"}, false},
			{"Parts", func() error { _, err := store.Parts(ctx, "c7", 0, 99); return err }, nil, false},
			{"Forget", func() error { return store.Forget(ctx, time.UnixMilli(50)) }, []string{"wechat_callback_at", "wechat_outgoing_closed"}, false},
			{"Take", func() error { _, _, err := store.Take(ctx, wechat.Callback{Account: "店", Key: "m:9000"}); return err }, nil, false},
			{"Finish", func() error { return store.Finish(ctx, wechat.Callback{Account: "店", Key: "m:9000"}) }, nil, false},
			{"Follower", func() error { _, err := store.Follower(ctx, "店", "o7"); return err }, nil, false},
			{"Step", func() error {
				return store.Step(ctx, wechat.Follower{Account: "店", OpenID: "o7", Version: 1}, []wechat.Outgoing{part}, []wechat.Outgoing{sent})
			}, []string{"wechat_outgoing_open"}, false},
			{"Failures", func() error { _, err := store.Failures(ctx, "店7", 10); return err }, []string{"wechat_failure_account"}, false},
			{"AddFailure", func() error { return store.AddFailure(ctx, wechat.Failure{ID: "new", Account: "店7"}) }, nil, false},
			{"Media", func() error { _, err := store.Media(ctx, "店", "h7"); return err }, nil, false},
		} {
			clear(p.plans)
			if err := c.do(); err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			checkPlans(t, c.what, p.plans, c.indexes, c.alone)
		}
	})
}

func checkPlans(t *testing.T, what string, plans map[string]string, indexes []string, alone bool) {
	t.Helper()
	whole := ""
	for query, plan := range plans {
		whole += plan
		for line := range strings.Lines(plan) {
			reads := strings.Contains(line, "wechat_") && (strings.Contains(line, "SCAN") || strings.Contains(line, "SEARCH") || strings.Contains(line, "Scan"))
			switch {
			case reads && !strings.Contains(line, "INDEX") && !strings.Contains(line, "Index") && !strings.Contains(line, "Bitmap"):
				t.Errorf("%s reads all of a table:\n%s\n%s", what, query, plan)
			case reads && alone && !strings.Contains(line, "COVERING INDEX") && !strings.Contains(line, "Index Only Scan"):
				t.Errorf("%s reads more than indexes:\n%s\n%s", what, query, plan)
			}
		}
	}
	for _, index := range indexes {
		if !strings.Contains(whole, index+" ") {
			t.Errorf("%s does not use %s:\n%s", what, index, whole)
		}
	}
}
