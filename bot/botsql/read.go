package botsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// pageSize is how many conversations are read at a time when all are visited.
const pageSize = 256

// read runs a query and calls scan for each row. It waits a bounded time for a
// connection and for the rows.
func (s *Store) read(ctx context.Context, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	statement, err := s.prepared(limited, query)
	if err != nil {
		return failure(ctx, doing, err)
	}
	if err := ctx.Err(); err != nil {
		return failure(ctx, doing, err)
	}
	if s.endsSoon() {
		limited = context.WithoutCancel(ctx)
	}
	rows, err := statement.QueryContext(limited, args...)
	if err == nil {
		err = sqldb.ScanAll(rows, scan)
	}
	return failure(ctx, doing, err)
}

// endsSoon reports whether a query may do without a watch over its context, which
// costs two goroutines: on SQLite it is short, and only the wait for a connection,
// if none is free, needs a bound.
func (s *Store) endsSoon() bool {
	if s.dialect != sqldb.SQLite {
		return false
	}
	pool := s.db.Stats()
	return pool.MaxOpenConnections == 0 || pool.InUse < pool.MaxOpenConnections
}

// prepared returns the statement of a query, which is prepared once for each
// connection.
func (s *Store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, ok := s.statements.Load(query); ok {
		return statement.(*sql.Stmt), nil
	}
	statement, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if other, loaded := s.statements.LoadOrStore(query, statement); loaded {
		_ = statement.Close() // somebody was faster
		return other.(*sql.Stmt), nil
	}
	return statement, nil
}

// one is the first of what was read, or bot.ErrNotFound.
func one[T any](doing string, found []T, err error) (T, error) {
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: %w", doing, bot.ErrNotFound)
	}
	if err != nil {
		return *new(T), err
	}
	return found[0], nil
}

const conversationColumns = `SELECT id, channel, account, visitor_id, profile, state, seq, read_seq, dialogue,
	opened_at, updated_at, closed_at, close_reason, service FROM bot_conversation`

func (s *Store) conversations(ctx context.Context, doing, where string, args ...any) (found []bot.Conversation, err error) {
	err = s.read(ctx, doing, func(rows *sql.Rows) error {
		c, err := scanConversation(rows)
		found = append(found, c)
		return err
	}, conversationColumns+where, args...)
	return found, err
}

func scanConversation(rows *sql.Rows) (c bot.Conversation, err error) {
	var profile, dialogue, service sql.RawBytes
	var opened, updated, closed int64
	err = rows.Scan(&c.ID, &c.Visitor.Channel, &c.Visitor.Account, &c.Visitor.ID, &profile, &c.State, &c.Seq, &c.Read,
		&dialogue, &opened, &updated, &closed, &c.CloseReason, &service)
	if err != nil {
		return c, err
	}
	c.OpenedAt, c.UpdatedAt, c.ClosedAt = sqldb.Time(opened), sqldb.Time(updated), sqldb.Time(closed)
	if err := json.Unmarshal(profile, &c.Profile); err != nil {
		return c, fmt.Errorf("profile of conversation %q: %w", c.ID, err)
	}
	if err := json.Unmarshal(dialogue, &c.Dialogue); err != nil {
		return c, fmt.Errorf("dialogue of conversation %q: %w", c.ID, err)
	}
	if len(service) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(service, &c.Service); err != nil {
		return c, fmt.Errorf("service of conversation %q: %w", c.ID, err)
	}
	return c, nil
}

// Current returns the open conversation of the visitor, or bot.ErrNotFound.
func (s *Store) Current(ctx context.Context, v bot.Visitor) (bot.Conversation, error) {
	const doing = "read the current conversation"
	found, err := s.conversations(ctx, doing, ` WHERE visitor = $1 AND state = 'open'`, v.Key())
	return one(doing, found, err)
}

// Conversation returns the conversation with the id, or bot.ErrNotFound.
func (s *Store) Conversation(ctx context.Context, id string) (bot.Conversation, error) {
	const doing = "read a conversation"
	found, err := s.conversations(ctx, doing, ` WHERE id = $1`, id)
	return one(doing, found, err)
}

// Previous returns the visitor's conversation that was opened last before the
// one with the id, or of all if the id is empty, or bot.ErrNotFound. Of those
// opened in the same millisecond, the one with the greater id is the later one.
func (s *Store) Previous(ctx context.Context, v bot.Visitor, id string) (bot.Conversation, error) {
	const doing = "read the conversation before"
	const last = ` ORDER BY opened_at DESC, id DESC LIMIT 1`
	where, args := ` WHERE visitor = $1`, []any{v.Key()}
	if id != "" {
		where += ` AND (opened_at, id) < (SELECT opened_at, id FROM bot_conversation WHERE id = $2 AND visitor = $1)`
		args = append(args, id)
	}
	found, err := s.conversations(ctx, doing, where+last, args...)
	return one(doing, found, err)
}

// Conversations visits all conversations in order of their ids. Those that are
// written meanwhile are visited as they were before or after.
func (s *Store) Conversations(ctx context.Context, visit func(bot.Conversation) error) error {
	const doing = "read all conversations"
	for after := ""; ; {
		page, err := s.conversations(ctx, doing, ` WHERE id > $1 ORDER BY id LIMIT $2`, after, pageSize)
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := visit(c); err != nil {
				return fmt.Errorf("%s: %w", doing, err)
			}
			after = c.ID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Changed returns the conversations that were written at the moment or later, by
// the clock of those who wrote them, the oldest first.
func (s *Store) Changed(ctx context.Context, since time.Time) (hints []bot.Hint, err error) {
	err = s.read(ctx, "read what has changed", func(rows *sql.Rows) error {
		var h bot.Hint
		err := rows.Scan(&h.Visitor, &h.Conversation, &h.Seq)
		hints = append(hints, h)
		return err
	}, `SELECT visitor, id, seq FROM bot_conversation WHERE updated_at >= $1 ORDER BY updated_at, id`, sqldb.Millis(since))
	return hints, err
}

const messageColumns = `SELECT conversation, seq, client_id, author, kind, text, card, at FROM bot_message`

func (s *Store) messages(ctx context.Context, doing, where string, args ...any) (found []bot.Message, err error) {
	err = s.read(ctx, doing, func(rows *sql.Rows) error {
		m, err := scanMessage(rows)
		found = append(found, m)
		return err
	}, messageColumns+where, args...)
	return found, err
}

func scanMessage(rows *sql.Rows) (m bot.Message, err error) {
	var card sql.RawBytes
	var at int64
	if err := rows.Scan(&m.Conversation, &m.Seq, &m.ClientID, &m.Author, &m.Kind, &m.Text, &card, &at); err != nil {
		return m, err
	}
	m.At = sqldb.Time(at)
	if err := json.Unmarshal(card, &m.Card); err != nil {
		return m, fmt.Errorf("card of message %d of conversation %q: %w", m.Seq, m.Conversation, err)
	}
	return m, nil
}

// Sent returns the message that the sender, a bot.Visitor.Key or bot.AgentKey,
// sent with the client id, in whichever conversation, or bot.ErrNotFound.
func (s *Store) Sent(ctx context.Context, sender, clientID string) (bot.Message, error) {
	const doing = "read a message by its client id"
	found, err := s.messages(ctx, doing, ` WHERE sender = $1 AND client_id = $2 AND client_id <> ''`, sender, clientID)
	return one(doing, found, err)
}

// After returns the first messages after the one with the number, in order, at
// most limit.
func (s *Store) After(ctx context.Context, conversation string, seq int64, limit int) ([]bot.Message, error) {
	return s.messages(ctx, "read the messages after",
		` WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3`, conversation, seq, max(limit, 0))
}

// Before returns the last messages before the one with the number, in order, at
// most limit.
func (s *Store) Before(ctx context.Context, conversation string, seq int64, limit int) ([]bot.Message, error) {
	found, err := s.messages(ctx, "read the messages before",
		` WHERE conversation = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`, conversation, seq, max(limit, 0))
	slices.Reverse(found)
	return found, err
}

// Leaves returns the leave-messages in the order they came, those after the one
// with the id, at most limit; an empty id begins at the first, an unknown one is
// bot.ErrNotFound.
func (s *Store) Leaves(ctx context.Context, after string, limit int) (leaves []bot.Leave, err error) {
	var position int64
	if after != "" {
		if position, err = s.leavePosition(ctx, after); err != nil {
			return nil, err
		}
	}
	err = s.read(ctx, "read the leave-messages", func(rows *sql.Rows) error {
		var l bot.Leave
		var at int64
		err := rows.Scan(&l.ID, &l.Conversation, &l.Seq, &l.Visitor.Channel, &l.Visitor.Account, &l.Visitor.ID,
			&l.Name, &l.Contact, &l.Text, &at)
		l.At = sqldb.Time(at)
		leaves = append(leaves, l)
		return err
	}, `SELECT id, conversation, seq, channel, account, visitor_id, name, contact, text, at
		FROM bot_leave WHERE position > $1 ORDER BY position LIMIT $2`, position, max(limit, 0))
	return leaves, err
}

func (s *Store) leavePosition(ctx context.Context, id string) (int64, error) {
	const doing = "read a leave-message"
	var found []int64
	err := s.read(ctx, doing, func(rows *sql.Rows) error {
		found = append(found, 0)
		return rows.Scan(&found[0])
	}, `SELECT position FROM bot_leave WHERE id = $1`, id)
	return one(doing, found, err)
}

// Traces returns what led to the replies of a conversation, in order.
func (s *Store) Traces(ctx context.Context, conversation string) (traces []bot.TurnTrace, err error) {
	err = s.read(ctx, "read the traces", func(rows *sql.Rows) error {
		var t bot.TurnTrace
		var at int64
		err := rows.Scan(&t.Conversation, &t.Seq, &t.Reply, &t.Text, &t.Decision, &t.Rule, &t.Entry, &t.Question,
			&t.Confidence, &t.Revision, &t.Model, &t.Trace, &at)
		t.At = sqldb.Time(at)
		traces = append(traces, t)
		return err
	}, `SELECT conversation, seq, reply, text, decision, rule, entry, question, confidence, revision, model, trace, at
		FROM bot_turn WHERE conversation = $1 ORDER BY seq`, conversation)
	return traces, err
}

// Verdicts returns what the visitor said about the answers of a conversation, by
// number of the answer.
func (s *Store) Verdicts(ctx context.Context, conversation string) (verdicts []bot.Verdict, err error) {
	err = s.read(ctx, "read the verdicts", func(rows *sql.Rows) error {
		var v bot.Verdict
		var at int64
		err := rows.Scan(&v.Conversation, &v.Seq, &v.Kind, &v.Yes, &v.Reason, &v.Entry, &v.Question, &v.Confidence, &at)
		v.At = sqldb.Time(at)
		verdicts = append(verdicts, v)
		return err
	}, `SELECT conversation, seq, kind, yes, reason, entry, question, confidence, at
		FROM bot_verdict WHERE conversation = $1 ORDER BY seq, kind`, conversation)
	return verdicts, err
}

// Rating returns the visitor's rating of a conversation, or bot.ErrNotFound.
func (s *Store) Rating(ctx context.Context, conversation string) (bot.Rating, error) {
	const doing = "read a rating"
	var found []bot.Rating
	err := s.read(ctx, doing, func(rows *sql.Rows) error {
		r, err := scanRating(rows)
		found = append(found, r)
		return err
	}, `SELECT conversation, seq, solved, stars, tags, comment, at FROM bot_rating WHERE conversation = $1`, conversation)
	return one(doing, found, err)
}

func scanRating(rows *sql.Rows) (r bot.Rating, err error) {
	var tags sql.RawBytes
	var at int64
	if err := rows.Scan(&r.Conversation, &r.Seq, &r.Solved, &r.Stars, &tags, &r.Comment, &at); err != nil {
		return r, err
	}
	r.At = sqldb.Time(at)
	if err := json.Unmarshal(tags, &r.Tags); err != nil {
		return r, fmt.Errorf("tags of the rating of conversation %q: %w", r.Conversation, err)
	}
	return r, nil
}
