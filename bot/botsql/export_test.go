package botsql

import (
	"context"
	"time"

	"faqbot/bot"
)

// MigrateFiles applies other migrations than the embedded ones.
var MigrateFiles = migrate

// NewWith is New with another bound on waiting and on the size of a group.
var NewWith = newStore

// MaxGroup bounds how many jobs are stored in one transaction.
const MaxGroup = maxGroup

// StoreGroup stores the commits as one group, in their order, and returns what
// became of each.
func StoreGroup(ctx context.Context, s *Store, commits [][]bot.Turn) []error {
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
	jobs := append([]*job(nil), group...) // the committer reorders its own
	c := &committer{session: session{db: s.db, keep: true}, wait: s.wait, group: len(group)}
	defer c.session.release()
	c.store(group)
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = <-j.done
	}
	return errs
}
