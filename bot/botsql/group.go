package botsql

import (
	"context"
	"errors"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// maxGroup bounds how many jobs are stored in one transaction.
const maxGroup = 256

// committer stores jobs, all that wait in one transaction. It is used by one
// goroutine.
type committer struct {
	session session
	jobs    <-chan *job
	wait    time.Duration
	group   int
}

// run stores jobs until there will be no more.
func (c *committer) run() {
	defer c.session.release()
	for first := range c.jobs {
		c.store(c.waiting(first))
	}
}

// waiting returns the job with those that are there already.
func (c *committer) waiting(first *job) []*job {
	group := []*job{first}
	for len(group) < c.group {
		select {
		case j, ok := <-c.jobs:
			if !ok {
				return group
			}
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// store stores the group and answers its callers. If the database does not take
// the group, each job is stored alone, so that one which cannot be stored takes
// no others with it.
func (c *committer) store(group []*job) {
	group = alive(group)
	if len(group) == 0 {
		return
	}
	var refused map[*job]error
	err := c.try(group[0].since, func() (err error) {
		refused, err = c.session.store(context.Background(), c.wait, group)
		return err
	})
	switch {
	case err == nil:
		for _, j := range group {
			j.done <- refused[j]
		}
	case len(group) == 1 || sqldb.Unavailable(err):
		for _, j := range group {
			j.done <- err
		}
	default:
		for i := range group {
			c.store(group[i : i+1 : i+1])
		}
	}
}

// alive answers the jobs whose callers are gone, and returns the others.
func alive(group []*job) []*job {
	kept := group[:0]
	for _, j := range group {
		if err := j.ctx.Err(); err != nil {
			j.done <- err
			continue
		}
		kept = append(kept, j)
	}
	return kept
}

// try runs a transaction. It waits while another process is writing, as long as
// one may wait who does since then.
func (c *committer) try(since time.Time, transaction func() error) error {
	for {
		err := transaction()
		if err != nil && !errors.Is(err, bot.ErrConflict) && !errors.Is(err, bot.ErrNotFound) {
			c.session.release() // start afresh
		}
		if !sqldb.Busy(err) || time.Since(since) > c.wait {
			return err
		}
	}
}
