package botsql

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

	"faqbot/bot"
)

// ledger knows what is stored of all that the turns of a group could collide
// with, and with each turn that is admitted what will be. So those that must be
// refused are known before anything is written.
type ledger struct {
	conversations map[string]standing
	current       map[string]string // the open conversations, by visitor
	taken         map[key]bool
}

// standing is where a conversation is.
type standing struct {
	visitor string
	seq     int64
}

// key names something that only one row can have.
type key struct {
	kind keyKind
	a, b string
}

type keyKind int

const (
	sentKey   keyKind = iota // sender, client id
	traceKey                 // conversation, number of the message
	leaveKey                 // id
	ratingKey                // conversation
)

// Queries of what turns could collide with; the placeholders of a list follow.
const (
	findStandings = `SELECT id, visitor, seq FROM bot_conversation WHERE id IN `
	findCurrent   = `SELECT visitor, id FROM bot_conversation WHERE state = 'open' AND visitor IN `
	findSent      = `SELECT sender, client_id FROM bot_message WHERE client_id <> '' AND (sender, client_id) IN (VALUES `
	findTraces    = `SELECT conversation, CAST(seq AS TEXT) FROM bot_turn WHERE conversation IN `
	findLeaves    = `SELECT id, '' FROM bot_leave WHERE id IN `
	findRatings   = `SELECT conversation, '' FROM bot_rating WHERE conversation IN `
)

// find is the query for those keys of the kind that are taken.
func (kind keyKind) find() statement {
	switch kind {
	case sentKey:
		return statement{before: findSent, after: `)`, columns: 2}
	case traceKey:
		return statement{before: findTraces}
	case leaveKey:
		return statement{before: findLeaves}
	}
	return statement{before: findRatings}
}

// refuse returns the jobs whose turns cannot be stored, and why. A turn that is
// alone needs no look: its own statements find the same.
func (s *session) refuse(ctx context.Context, jobs []*job) (map[*job]error, error) {
	var turns []*turn
	for _, j := range jobs {
		turns = append(turns, j.turns...)
	}
	refused := map[*job]error{}
	if len(turns) == 0 || len(turns) == 1 && len(jobs) == 1 {
		return refused, nil
	}
	known, err := s.look(ctx, turns)
	if err != nil {
		return nil, fmt.Errorf("look for conflicts: %w", err)
	}
	for _, j := range jobs {
		if !known.admit(j.turns) {
			refused[j] = bot.ErrConflict
		}
	}
	return refused, nil
}

// look reads what the turns could collide with.
func (s *session) look(ctx context.Context, turns []*turn) (*ledger, error) {
	l := &ledger{conversations: map[string]standing{}, current: map[string]string{}, taken: map[key]bool{}}
	var ids, visitors []any
	keys := map[keyKind][]any{}
	for _, t := range turns {
		ids, visitors = append(ids, t.id), append(visitors, t.visitor)
		for _, k := range t.keys {
			if keys[k.kind] = append(keys[k.kind], k.a); k.kind == sentKey {
				keys[k.kind] = append(keys[k.kind], k.b)
			}
		}
	}
	if err := s.find(ctx, statement{before: findStandings}, ids, l.scanStanding); err != nil {
		return nil, err
	}
	if err := s.find(ctx, statement{before: findCurrent}, visitors, l.scanCurrent); err != nil {
		return nil, err
	}
	for kind, values := range keys {
		if err := s.find(ctx, kind.find(), values, l.scanTaken(kind)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *ledger) scanStanding(rows *sql.Rows) error {
	var id string
	var now standing
	err := rows.Scan(&id, &now.visitor, &now.seq)
	l.conversations[id] = now
	return err
}

func (l *ledger) scanCurrent(rows *sql.Rows) error {
	var visitor, id string
	err := rows.Scan(&visitor, &id)
	l.current[visitor] = id
	return err
}

func (l *ledger) scanTaken(kind keyKind) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		k := key{kind: kind}
		err := rows.Scan(&k.a, &k.b)
		l.taken[k] = true
		return err
	}
}

// admit reports whether the turns can be stored, all of them one after the other,
// and if so takes note of them.
func (l *ledger) admit(turns []*turn) bool {
	if len(turns) < 2 {
		return len(turns) == 0 || l.take(turns[0])
	}
	before := ledger{maps.Clone(l.conversations), maps.Clone(l.current), maps.Clone(l.taken)}
	for _, t := range turns {
		if !l.take(t) {
			*l = before
			return false
		}
	}
	return true
}

// take takes note of the turn, unless it collides.
func (l *ledger) take(t *turn) bool {
	now, exists := l.conversations[t.id]
	if exists != (t.was > 0) || exists && (now.seq != t.was || now.visitor != t.visitor) {
		return false
	}
	if current := l.current[t.visitor]; t.open && current != "" && current != t.id {
		return false
	}
	for i, k := range t.keys {
		if l.taken[k] {
			for _, k := range t.keys[:i] {
				delete(l.taken, k)
			}
			return false
		}
		l.taken[k] = true
	}
	l.conversations[t.id] = standing{t.visitor, t.seq}
	if t.open {
		l.current[t.visitor] = t.id
	} else if l.current[t.visitor] == t.id {
		delete(l.current, t.visitor)
	}
	return true
}
