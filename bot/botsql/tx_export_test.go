package botsql

import (
	"context"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// WriteAtOnce stores the commits and the writes as one group, in one transaction
// and never alone, and returns what was refused of each.
func WriteAtOnce(ctx context.Context, s *Store, commits [][]bot.Turn, writes ...func(ctx context.Context, tx Tx) error) ([]error, error) {
	group := mixed(ctx, commits, writes)
	one := session{db: s.db, keep: s.dialect == sqldb.SQLite}
	defer one.release()
	refused, err := one.store(ctx, s.wait, group)
	errs := make([]error, len(group))
	for i, j := range group {
		errs[i] = refused[j]
	}
	return errs, err
}

// WriteGroup stores the commits and the writes as one group, as a committer does,
// and returns what became of each.
func WriteGroup(ctx context.Context, s *Store, commits [][]bot.Turn, writes ...func(ctx context.Context, tx Tx) error) []error {
	group := mixed(ctx, commits, writes)
	c := &committer{session: session{db: s.db, keep: s.dialect == sqldb.SQLite}, wait: s.wait, group: len(group)}
	defer c.session.release()
	c.store(append([]*job(nil), group...)) // the committer reorders its own
	errs := make([]error, len(group))
	for i, j := range group {
		errs[i] = <-j.done
	}
	return errs
}

func mixed(ctx context.Context, commits [][]bot.Turn, writes []func(ctx context.Context, tx Tx) error) []*job {
	group := jobs(ctx, commits)
	for _, do := range writes {
		j := jobs(ctx, make([][]bot.Turn, 1))[0]
		j.change = func(ctx context.Context, one *session) error { return do(ctx, outside{one}) }
		group = append(group, j)
	}
	return group
}
