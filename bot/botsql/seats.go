package botsql

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

var _ bot.SeatStore = (*Store)(nil)

// Waiting returns the conversations in the queue: the highest rank first, then
// those that wait longest, then by id.
func (s *Store) Waiting(ctx context.Context) ([]bot.Conversation, error) {
	return s.conversations(ctx, "read the queue",
		` WHERE state = 'open' AND phase = 'queued' ORDER BY rank DESC, queued_at, id`)
}

// Served returns the open conversations that the agent owns, or all that any
// agent owns if it is empty, in order of their ids.
func (s *Store) Served(ctx context.Context, agent string) ([]bot.Conversation, error) {
	const doing, served = "read the conversations of agents", ` WHERE state = 'open' AND phase = 'agent'`
	if agent == "" {
		// Asked for the order of ids, SQLite would go through all conversations there
		// are; the owner, who is never empty here, leads it to the index.
		found, err := s.conversations(ctx, doing, served+` AND owner > ''`)
		slices.SortFunc(found, func(a, b bot.Conversation) int { return cmp.Compare(a.ID, b.ID) })
		return found, err
	}
	return s.conversations(ctx, doing, served+` AND owner = $1 ORDER BY id`, agent)
}

// Done returns the closed conversations that an agent owned, those closed last
// first, at most limit, those before the moment; any agent if it is empty. The
// zero moment sets no bound. Of those closed in the same millisecond, the one with
// the greater id comes first.
func (s *Store) Done(ctx context.Context, agent string, before time.Time, limit int) ([]bot.Conversation, error) {
	const doing, done = "read the conversations that agents have closed", ` WHERE state = 'closed' AND owner <> ''`
	const last = ` AND closed_at < $1 ORDER BY closed_at DESC, id DESC LIMIT $2`
	args := []any{int64(math.MaxInt64), max(limit, 0)}
	if !before.IsZero() {
		args[0] = sqldb.Millis(before)
	}
	if agent == "" {
		return s.conversations(ctx, doing, done+last, args...)
	}
	return s.conversations(ctx, doing, done+` AND owner = $3`+last, append(args, agent)...)
}

// Ahead counts those who wait in the group before one of the rank that came at the
// moment with the id.
func (s *Store) Ahead(ctx context.Context, group string, rank int, since time.Time, id string) (n int, err error) {
	err = s.read(ctx, "count who is ahead", func(rows *sql.Rows) error { return rows.Scan(&n) },
		`SELECT COUNT(*) FROM bot_conversation WHERE state = 'open' AND phase = 'queued' AND skill_group = $1
		AND (rank > $2 OR rank = $2 AND (queued_at < $3 OR queued_at = $3 AND id < $4))`, group, rank, sqldb.Millis(since), id)
	return n, err
}

// Loads counts the open conversations that agents own, by agent.
func (s *Store) Loads(ctx context.Context) (map[string]int, error) {
	loads := map[string]int{}
	err := s.read(ctx, "count what is served", func(rows *sql.Rows) error {
		var agent string
		var n int
		err := rows.Scan(&agent, &n)
		loads[agent] = n
		return err
	}, `SELECT owner, COUNT(*) FROM bot_conversation WHERE state = 'open' AND phase = 'agent' AND owner > '' GROUP BY owner`)
	return loads, err
}

// BadRatings returns the ratings from the moment on that say that nothing was
// solved, or that give two stars at most, of conversations that an agent had; the
// last ones first, at most limit.
func (s *Store) BadRatings(ctx context.Context, since time.Time, limit int) (found []bot.Rating, err error) {
	err = s.read(ctx, "read bad ratings", func(rows *sql.Rows) error {
		r, err := scanRating(rows)
		found = append(found, r)
		return err
	}, `SELECT r.conversation, r.seq, r.solved, r.stars, r.tags, r.comment, r.at
		FROM bot_rating r JOIN bot_conversation c ON c.id = r.conversation
		WHERE r.at >= $1 AND c.owner <> '' AND (r.stars BETWEEN 1 AND 2 OR r.solved = FALSE)
		ORDER BY r.at DESC, r.conversation DESC LIMIT $2`, sqldb.Millis(since), max(limit, 0))
	return found, err
}

// Of returns the conversations of a visitor, those opened last first.
func (s *Store) Of(ctx context.Context, v bot.Visitor, limit int) ([]bot.Conversation, error) {
	return s.conversations(ctx, "read the conversations of a visitor",
		` WHERE visitor = $1 ORDER BY opened_at DESC, id DESC LIMIT $2`, v.Key(), max(limit, 0))
}

const (
	addGroup = `INSERT INTO bot_group (name, channels, categories, manual, direct, max_queue, updated_at, id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)` + unlessThere
	editGroup = `UPDATE bot_group SET name = $1, channels = $2, categories = $3, manual = $4, direct = $5, max_queue = $6,
		updated_at = $7 WHERE id = $8 AND updated_at = $9`
	dropGroup = `DELETE FROM bot_group WHERE id = $1`

	putSeat = `INSERT INTO bot_seat (agent, nick, skill_groups, most, presence, since, seen_at, updated_at)
		VALUES ($1, $2, $3, $4, 'offline', $5, 0, $5)
		ON CONFLICT (agent) DO UPDATE SET nick = excluded.nick, skill_groups = excluded.skill_groups, most = excluded.most,
		updated_at = excluded.updated_at`
	setPresence = `UPDATE bot_seat SET presence = $3, since = $4 WHERE agent = $1 AND presence = $2`
	logPresence = `INSERT INTO bot_presence (agent, number, was, presence, at, changed_by)
		VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM bot_presence WHERE agent = $1), $2, $3, $4, $5)`
	seen = `UPDATE bot_seat SET seen_at = $2 WHERE agent = $1 AND seen_at < $2`
)

// Groups returns all groups in order of their ids.
func (s *Store) Groups(ctx context.Context) (groups []bot.Group, err error) {
	err = s.read(ctx, "read the skill groups", func(rows *sql.Rows) error {
		g, err := scanGroup(rows)
		groups = append(groups, g)
		return err
	}, `SELECT id, name, channels, categories, manual, direct, max_queue, updated_at FROM bot_group ORDER BY id`)
	return groups, err
}

func scanGroup(rows *sql.Rows) (g bot.Group, err error) {
	var channels, categories sql.RawBytes
	var updated int64
	err = rows.Scan(&g.ID, &g.Name, &channels, &categories, &g.Manual, &g.Direct, &g.MaxQueue, &updated)
	if err != nil {
		return g, err
	}
	g.UpdatedAt = sqldb.Time(updated)
	if err := json.Unmarshal(channels, &g.Channels); err != nil {
		return g, fmt.Errorf("channels of skill group %q: %w", g.ID, err)
	}
	if err := json.Unmarshal(categories, &g.Categories); err != nil {
		return g, fmt.Errorf("categories of skill group %q: %w", g.ID, err)
	}
	return g, nil
}

// PutGroup stores a group that is new, for which was is zero, or that is still as
// it was at UpdatedAt was; else it fails with bot.ErrConflict.
func (s *Store) PutGroup(ctx context.Context, g bot.Group, was time.Time) error {
	const doing = "store a skill group"
	if err := g.Validate(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var e encoder
	args := []any{g.Name, e.json(g.Channels), e.json(g.Categories), g.Manual, g.Direct, int64(g.MaxQueue),
		sqldb.Millis(g.UpdatedAt), g.ID}
	if e.err != nil {
		return fmt.Errorf("%s: %w", doing, e.err)
	}
	if was.IsZero() {
		return s.put(ctx, doing, addGroup, args)
	}
	return s.put(ctx, doing, editGroup, append(args, sqldb.Millis(was)))
}

// DropGroup removes a group, or returns bot.ErrNotFound.
func (s *Store) DropGroup(ctx context.Context, id string) error {
	return s.drop(ctx, "remove a skill group", dropGroup, id)
}

// Seats returns all seats in order of their agents.
func (s *Store) Seats(ctx context.Context) (seats []bot.Seat, err error) {
	err = s.read(ctx, "read the seats", func(rows *sql.Rows) error {
		seat, err := scanSeat(rows)
		seats = append(seats, seat)
		return err
	}, `SELECT agent, nick, skill_groups, most, presence, since, seen_at, updated_at FROM bot_seat ORDER BY agent`)
	return seats, err
}

func scanSeat(rows *sql.Rows) (seat bot.Seat, err error) {
	var groups sql.RawBytes
	var since, seen, updated int64
	err = rows.Scan(&seat.Agent, &seat.Nick, &groups, &seat.Most, &seat.Presence, &since, &seen, &updated)
	if err != nil {
		return seat, err
	}
	seat.Since, seat.SeenAt, seat.UpdatedAt = sqldb.Time(since), sqldb.Time(seen), sqldb.Time(updated)
	if err := json.Unmarshal(groups, &seat.Groups); err != nil {
		return seat, fmt.Errorf("skill groups of agent %q: %w", seat.Agent, err)
	}
	return seat, nil
}

// PutSeat sets up a seat: nick, groups and Most; the presence stays. The first
// time it is offline, since UpdatedAt.
func (s *Store) PutSeat(ctx context.Context, seat bot.Seat) error {
	const doing = "store a seat"
	if err := seat.Validate(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var e encoder
	args := []any{seat.Agent, seat.Nick, e.json(seat.Groups), int64(seat.Most), sqldb.Millis(seat.UpdatedAt)}
	if e.err != nil {
		return fmt.Errorf("%s: %w", doing, e.err)
	}
	return s.put(ctx, doing, putSeat, args)
}

// SetPresence changes the state of an agent and writes it to the log, if it is
// still From; else it fails with bot.ErrConflict.
func (s *Store) SetPresence(ctx context.Context, c bot.PresenceChange) error {
	const doing = "change the state of an agent"
	if err := c.Validate(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	at := sqldb.Millis(c.At)
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error {
		if err := tx.execOne(ctx, setPresence, []any{c.Agent, string(c.From), string(c.To), at}); err != nil {
			return err
		}
		// The row of the seat is locked now, so that the number is this change's alone.
		return tx.execOne(ctx, logPresence, []any{c.Agent, string(c.From), string(c.To), at, c.By})
	})
}

// Seen records signs of life of agents; it never goes back.
func (s *Store) Seen(ctx context.Context, at time.Time, agents ...string) error {
	agents = slices.Sorted(slices.Values(agents)) // so that no two wait for each other
	return s.change(ctx, "record who is there", func(ctx context.Context, tx *session) error {
		for _, agent := range agents {
			if _, err := tx.exec(ctx, statement{before: seen}, []any{agent, sqldb.Millis(at)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// PresenceLog returns the changes of an agent from since to before until, in the
// order in which they were made.
func (s *Store) PresenceLog(ctx context.Context, agent string, since, until time.Time) (log []bot.PresenceChange, err error) {
	err = s.read(ctx, "read the log of states", func(rows *sql.Rows) error {
		var c bot.PresenceChange
		var at int64
		err := rows.Scan(&c.Agent, &c.From, &c.To, &at, &c.By)
		c.At = sqldb.Time(at)
		log = append(log, c)
		return err
	}, `SELECT agent, was, presence, at, changed_by FROM bot_presence
		WHERE agent = $1 AND at >= $2 AND at < $3 ORDER BY number`, agent, sqldb.Millis(since), sqldb.Millis(until))
	return log, err
}
