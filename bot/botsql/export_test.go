package botsql

import (
	"context"
	"errors"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// MigrateFiles applies other migrations than the embedded ones.
var MigrateFiles = migrate

// NewWith is New with another bound on waiting and on the size of a group.
var NewWith = newStore

// MaxGroup bounds how many jobs are stored in one transaction.
const MaxGroup = maxGroup

// Queries returns the queries that the store has run.
func Queries(s *Store) (queries []string) {
	s.statements.Range(func(query, _ any) bool {
		queries = append(queries, query.(string))
		return true
	})
	return queries
}

// StoreGroup stores the commits as one group, in their order, and returns what
// became of each.
func StoreGroup(ctx context.Context, s *Store, commits [][]bot.Turn) []error {
	group := jobs(ctx, commits)
	c := &committer{session: session{db: s.db, keep: s.dialect == sqldb.SQLite}, wait: s.wait, group: len(group)}
	defer c.session.release()
	c.store(append([]*job(nil), group...)) // the committer reorders its own
	errs := make([]error, len(group))
	for i, j := range group {
		errs[i] = <-j.done
	}
	return errs
}

// StoreAtOnce stores the commits in one transaction, and never alone. It returns
// what was refused of them.
func StoreAtOnce(ctx context.Context, s *Store, commits [][]bot.Turn) ([]error, error) {
	group := jobs(ctx, commits)
	one := session{db: s.db, keep: s.dialect == sqldb.SQLite}
	defer one.release()
	refused, err := one.store(ctx, s.wait, group)
	errs := make([]error, len(group))
	for i, j := range group {
		errs[i] = refused[j]
	}
	return errs, err
}

// StoreAlone stores the turns in a transaction of their own on a connection of
// the pool, as a store without a committer would, and as this one does on
// PostgreSQL. It waits while others write.
func StoreAlone(ctx context.Context, s *Store, turns ...bot.Turn) error {
	group := jobs(ctx, [][]bot.Turn{turns})
	for {
		one := session{db: s.db}
		refused, err := one.store(ctx, s.wait, group)
		one.release()
		if !sqldb.Busy(err) {
			return errors.Join(err, refused[group[0]])
		}
	}
}

func jobs(ctx context.Context, commits [][]bot.Turn) []*job {
	group := make([]*job, len(commits))
	for i, turns := range commits {
		group[i] = &job{ctx: ctx, since: time.Now(), done: make(chan error, 1)}
		for n := range turns {
			encoded, err := encode(&turns[n])
			if err != nil {
				panic(err) // the tests make none of these
			}
			group[i].turns = append(group[i].turns, encoded)
		}
	}
	return group
}
