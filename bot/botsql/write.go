package botsql

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"faqbot/bot"
	"faqbot/bot/failpoint"
	"faqbot/knowledge/sqldb"
)

// turn is a bot.Turn made ready for the statements below. It shares nothing with
// the caller, who may be gone when it is stored.
type turn struct {
	id, visitor   string
	was, seq      int64
	open          bool
	plain         bool  // the humans have nothing to do with the conversation
	keys          []key // what it takes and only one can have
	begin, goOn   []any // arguments of opening and going on
	settle        []any // of changing the state too
	messages      [][]any
	trace, leave  []any
	verdict, rate []any
}

// Statements. Those that insert leave out what collides with a row that is
// there; who runs them counts the rows.
//
// goOnConversation is for what happens all the time: a conversation that is open
// and has nothing to do with the humans, before the turn and after it. It leaves
// alone what the indexes of states, queues and owners are made of. All other
// turns are for settleConversation, so that nothing of a bot.Service is ever lost,
// whoever has the conversation.
const (
	beginConversation = `INSERT INTO bot_conversation (id, visitor, channel, account, visitor_id, profile, state, seq,
		read_seq, dialogue, opened_at, updated_at, closed_at, close_reason,
		service, phase, skill_group, owner, rank, queued_at) VALUES `
	goOnConversation = `UPDATE bot_conversation SET seq = $4, updated_at = $5, profile = $6, dialogue = $7,
		read_seq = CASE WHEN read_seq < $8 THEN $8 ELSE read_seq END
		WHERE id = $1 AND visitor = $2 AND seq = $3 AND state = 'open' AND service = ''`
	settleConversation = `UPDATE bot_conversation SET seq = $4, updated_at = $5, profile = $6, dialogue = $7,
		read_seq = CASE WHEN read_seq < $8 THEN $8 ELSE read_seq END,
		state = $9, closed_at = $10, close_reason = $11,
		service = $12, phase = $13, skill_group = $14, owner = $15, rank = $16, queued_at = $17
		WHERE id = $1 AND visitor = $2 AND seq = $3`
	insertMessages = `INSERT INTO bot_message (conversation, seq, sender, client_id, author, kind, text, card, at) VALUES `
	insertTraces   = `INSERT INTO bot_turn (conversation, seq, reply, text, decision, rule, entry, question, confidence,
		revision, model, trace, at) VALUES `
	putVerdict = `INSERT INTO bot_verdict (conversation, seq, kind, yes, reason, entry, question, confidence, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (conversation, seq, kind) DO UPDATE SET yes = excluded.yes, reason = excluded.reason,
		entry = excluded.entry, question = excluded.question, confidence = excluded.confidence, at = excluded.at`
	drawPosition = `UPDATE bot_counter SET value = value + 1 WHERE id = 1`
	insertLeave  = `INSERT INTO bot_leave (id, position, conversation, seq, channel, account, visitor_id, name, contact, text, at)
		VALUES ($1, (SELECT value FROM bot_counter WHERE id = 1), $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	insertRating = `INSERT INTO bot_rating (conversation, seq, solved, stars, tags, comment, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	markRead    = `UPDATE bot_conversation SET read_seq = $2 WHERE id = $1 AND read_seq < $2`
	unlessThere = ` ON CONFLICT DO NOTHING`
)

// encode makes a valid turn ready.
func encode(t *bot.Turn) (*turn, error) {
	c := &t.Conversation
	var e encoder
	row := &turn{id: c.ID, visitor: c.Visitor.Key(), was: t.Was, seq: c.Seq, open: c.State == bot.StateOpen}
	profile, dialogue := e.json(c.Profile), e.json(c.Dialogue)
	service := e.service(&c.Service)
	row.plain = service[0] == ""
	read := max(0, min(c.Read, c.Seq))
	updated, closed := sqldb.Millis(c.UpdatedAt), sqldb.Millis(c.ClosedAt)
	if t.Was == 0 {
		row.begin = slices.Concat([]any{c.ID, row.visitor, c.Visitor.Channel, c.Visitor.Account, c.Visitor.ID, profile,
			string(c.State), c.Seq, read, dialogue, sqldb.Millis(c.OpenedAt), updated, closed, c.CloseReason}, service)
	} else {
		row.goOn = []any{c.ID, row.visitor, t.Was, c.Seq, updated, profile, dialogue, read}
		row.settle = slices.Concat(row.goOn, []any{string(c.State), closed, c.CloseReason}, service)
	}
	for i := range t.Messages {
		row.addMessage(&e, c.Visitor, &t.Messages[i])
	}
	row.addRest(&e, t)
	if e.err != nil {
		return nil, fmt.Errorf("turn of conversation %q: %w", c.ID, e.err)
	}
	return row, nil
}

func (row *turn) addMessage(e *encoder, v bot.Visitor, m *bot.Message) {
	sender := ""
	if m.ClientID != "" {
		sender = m.Sender(v)
		row.keys = append(row.keys, key{sentKey, sender, m.ClientID})
	}
	row.messages = append(row.messages, []any{row.id, m.Seq, sender, m.ClientID, string(m.Author), string(m.Kind), m.Text,
		e.json(m.Card), sqldb.Millis(m.At)})
}

// addRest adds what is stored beside the messages.
func (row *turn) addRest(e *encoder, t *bot.Turn) {
	if r := t.Trace; r != nil {
		if r.Seq <= t.Was { // a new message cannot have one yet
			row.keys = append(row.keys, key{traceKey, row.id, strconv.FormatInt(r.Seq, 10)})
		}
		row.trace = []any{row.id, r.Seq, r.Reply, r.Text, r.Decision, r.Rule, r.Entry, r.Question, r.Confidence,
			r.Revision, r.Model, r.Trace, sqldb.Millis(r.At)}
	}
	if v := t.Verdict; v != nil {
		row.verdict = []any{v.Conversation, v.Seq, string(v.Kind), v.Yes, v.Reason, v.Entry, v.Question, v.Confidence, sqldb.Millis(v.At)}
	}
	if l := t.Leave; l != nil {
		row.keys = append(row.keys, key{leaveKey, l.ID, ""})
		row.leave = []any{l.ID, row.id, l.Seq, l.Visitor.Channel, l.Visitor.Account, l.Visitor.ID, l.Name, l.Contact,
			l.Text, sqldb.Millis(l.At)}
	}
	if r := t.Rating; r != nil {
		row.keys = append(row.keys, key{ratingKey, row.id, ""})
		var solved any
		if r.Solved != nil {
			solved = *r.Solved
		}
		row.rate = []any{row.id, r.Seq, solved, int64(r.Stars), e.json(r.Tags), r.Comment, sqldb.Millis(r.At)}
	}
}

// encoder keeps the first error of many encodings.
type encoder struct{ err error }

func (e *encoder) json(v any) string {
	text, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	return string(text)
}

// service returns the values of the columns from service to queued_at.
func (e *encoder) service(s *bot.Service) []any {
	text := ""
	if !reflect.ValueOf(s).Elem().IsZero() {
		text = e.json(s)
	}
	return []any{text, string(s.Phase), s.Group, s.Owner, int64(s.Rank), sqldb.Millis(s.QueuedAt)}
}

// store stores the jobs in one transaction. Those it refuses are left out of it,
// with the reason. An error means that nothing was stored.
func (s *session) store(ctx context.Context, wait time.Duration, jobs []*job) (refused map[*job]error, err error) {
	err = s.transact(ctx, wait, func() (err error) {
		failpoint.Hit("store/begun")
		if refused, err = s.refuse(ctx, jobs); err != nil {
			return fmt.Errorf("look for conflicts: %w", err)
		}
		var turns []*turn
		for _, j := range jobs {
			if refused[j] == nil {
				turns = append(turns, j.turns...)
			}
		}
		if err := s.write(ctx, turns); err != nil {
			return err
		}
		if err := s.markRead(ctx, jobs); err != nil {
			return err
		}
		if err := s.changeAll(ctx, jobs, refused); err != nil {
			return err
		}
		failpoint.Hit("store/before-commit")
		return nil
	})
	failpoint.Hit("store/after-commit")
	return refused, err
}

// write stores the turns. It fails with bot.ErrConflict if one of them collides
// with what is stored.
func (s *session) write(ctx context.Context, turns []*turn) error {
	var messages, traces [][]any
	for _, t := range turns {
		if err := s.writeConversation(ctx, t); err != nil {
			return fmt.Errorf("store conversation %q: %w", t.id, err)
		}
		messages = append(messages, t.messages...)
		if t.trace != nil {
			traces = append(traces, t.trace)
		}
	}
	if err := s.insertAll(ctx, insertMessages, messages); err != nil {
		return fmt.Errorf("store messages: %w", err)
	}
	if err := s.insertAll(ctx, insertTraces, traces); err != nil {
		return fmt.Errorf("store traces: %w", err)
	}
	for _, t := range turns {
		if err := s.writeRest(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// writeConversation opens the conversation, or moves it on from where the turn
// found it.
func (s *session) writeConversation(ctx context.Context, t *turn) error {
	if t.was == 0 {
		return s.insertAll(ctx, beginConversation, [][]any{t.begin})
	}
	if t.open && t.plain {
		if n, err := s.exec(ctx, statement{before: goOnConversation}, t.goOn); err != nil || n == 1 {
			return err
		}
	}
	return s.execOne(ctx, settleConversation, t.settle)
}

// writeRest stores what only few turns have.
func (s *session) writeRest(ctx context.Context, t *turn) error {
	if t.verdict != nil {
		if err := s.execOne(ctx, putVerdict, t.verdict); err != nil {
			return fmt.Errorf("store a verdict: %w", err)
		}
	}
	if t.rate != nil {
		if err := s.execOne(ctx, insertRating+unlessThere, t.rate); err != nil {
			return fmt.Errorf("store a rating: %w", err)
		}
	}
	if t.leave == nil {
		return nil
	}
	if err := s.execOne(ctx, drawPosition, nil); err != nil {
		return fmt.Errorf("number a leave-message: %w", err)
	}
	if err := s.execOne(ctx, insertLeave+unlessThere, t.leave); err != nil {
		return fmt.Errorf("store a leave-message: %w", err)
	}
	return nil
}

// execOne runs a statement that must write one row; another row in its way is a
// conflict.
func (s *session) execOne(ctx context.Context, query string, args []any) error {
	n, err := s.exec(ctx, statement{before: query}, args)
	if sqldb.Duplicate(err) || err == nil && n != 1 {
		return bot.ErrConflict
	}
	return err
}

// insertAll is execOne for rows.
func (s *session) insertAll(ctx context.Context, query string, rows [][]any) error {
	n, err := s.insert(ctx, statement{before: query, after: unlessThere}, rows)
	if err == nil && n != len(rows) {
		return bot.ErrConflict
	}
	return err
}

func (s *session) markRead(ctx context.Context, jobs []*job) error {
	for _, j := range jobs {
		if j.read == nil {
			continue
		}
		if _, err := s.exec(ctx, statement{before: markRead}, []any{j.read.conversation, j.read.seq}); err != nil {
			return fmt.Errorf("mark as read: %w", err)
		}
	}
	return nil
}

// changeAll makes the changes among the jobs. Those that fail are refused with
// their error.
func (s *session) changeAll(ctx context.Context, jobs []*job, refused map[*job]error) error {
	for _, j := range jobs {
		if j.change == nil {
			continue
		}
		failed, err := s.changeOne(ctx, j.change)
		if err != nil {
			return err
		}
		if failed != nil {
			refused[j] = failed
		}
	}
	return nil
}

// changeOne makes a change, or takes back what it did of it and says why it
// failed. An error means that the whole transaction is lost: SQLite gives it up by
// itself when the disk fails.
func (s *session) changeOne(ctx context.Context, do change) (failed, err error) {
	if _, err := s.exec(ctx, statement{before: `SAVEPOINT change`}, nil); err != nil {
		return nil, fmt.Errorf("begin a change: %w", err)
	}
	if failed = do(ctx, s); sqldb.Unavailable(failed) {
		return nil, failed
	}
	if failed != nil {
		if _, err := s.exec(ctx, statement{before: `ROLLBACK TO change`}, nil); err != nil {
			return nil, fmt.Errorf("take back a change (%v): %w", failed, err)
		}
	}
	if _, err := s.exec(ctx, statement{before: `RELEASE change`}, nil); err != nil {
		return nil, fmt.Errorf("end a change: %w", err)
	}
	return failed, nil
}
