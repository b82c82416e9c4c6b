package bot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"faqbot/bot/failpoint"
	"faqbot/bot/intent"
	"faqbot/bot/keyed"
	"faqbot/knowledge"
)

// Knowledge is what the engine asks about the knowledge; *Answerer is one.
type Knowledge interface {
	Decide(ctx context.Context, q intent.Query) (intent.Decision, error)
	Choose(q intent.Query, entry string) intent.Decision
	Complete(ctx context.Context, q intent.Query, limit int) ([]intent.Candidate, error)
	Matcher() *intent.Matcher
	// Sensitive returns a sensitive word in the text, or nothing.
	Sensitive(text string) string
	// Key returns the normal form of a text.
	Key(text string) string
}

// EngineConfig says what an Engine works with; every field is needed
// but Seats, Files and Observe.
type EngineConfig struct {
	Store     Store
	Knowledge Knowledge
	Bus       Bus
	Rules     *Rules
	Log       *zap.Logger
	Zone      *time.Location // of opening hours
	Now       func() time.Time
	NewID     func() string
	// Seats knows the humans; NewDesk sets it. Nil if there are none.
	Seats Seats
	// Files keeps what is sent; nil if nothing can be.
	Files FileStore
	// Observe, if not nil, is told of every turn that was stored.
	Observe func(Observation)
}

// Seats is what the engine asks about the humans; *Desk is one.
type Seats interface {
	// Place returns where a visitor who asks for a human now would be. The category
	// is that of the knowledge the talk was about, if it was about any.
	Place(ctx context.Context, c *Conversation, category knowledge.Path) (Place, error)
	// Presence is told when the last page of a visitor was closed, and when there is
	// one again.
	Presence(v Visitor, here bool)
	// BlockedUntil returns until when a visitor may not write; the zero time if they
	// may.
	BlockedUntil(v Visitor) time.Time
}

// Observation is what there is to count about a turn.
type Observation struct {
	Channel  string
	Kind     MessageKind
	Decision string        // TurnTrace.Decision; empty if nothing was decided
	Took     time.Duration // until the turn was on the disk
}

// Engine holds conversations: it takes what visitors do, decides, and stores what
// came in together with what is replied. It keeps no state of its own, so that
// any number of them may share one Store. It is safe for concurrent use.
type Engine struct {
	EngineConfig
	turns keyed.Lock[string]
	// keys are the normal forms of the words in the rules.
	keys sync.Map
}

// NewEngine returns an engine that is ready.
func NewEngine(c EngineConfig) *Engine { return &Engine{EngineConfig: c} }

// keyOf returns the normal form of a word of the rules.
func (e *Engine) keyOf(word string) string {
	if key, ok := e.keys.Load(word); ok {
		return key.(string)
	}
	key := e.Knowledge.Key(word)
	e.keys.Store(word, key)
	return key
}

const (
	// maxText bounds every text of a visitor, in characters.
	maxText = 4000
	// maxAttempts bounds how often a turn is begun again because the conversation
	// went on elsewhere meanwhile.
	maxAttempts = 20
	// turnTimeout bounds a turn once it has begun; it does not end with the caller.
	turnTimeout = 20 * time.Second
)

// clientID is the shape of ids that visitors give their messages.
var clientID = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// Receive takes what a visitor does and returns when it is on the disk together
// with the bot's reply. The same ClientID again changes nothing and gives the
// same message. Errors: *InvalidError, *LateError, ErrNotFound, ErrUnavailable.
func (e *Engine) Receive(ctx context.Context, in Inbound) (Receipt, error) {
	if err := tidy(&in); err != nil {
		return Receipt{}, err
	}
	if err := e.blocked(in.Visitor); err != nil {
		return Receipt{}, err
	}
	begun := e.Now()
	defer e.turns.Lock(in.Visitor.Key())()
	// A turn that has begun is finished: whoever waits for it may come back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTimeout)
	defer cancel()
	for range maxAttempts {
		receipt, err := e.receive(ctx, in, begun)
		switch {
		case err == nil:
			return receipt, nil
		case ctx.Err() != nil: // the same client id finds out what became of it
			return Receipt{}, fmt.Errorf("receive a message: %w: %w", ErrUnavailable, err)
		case !errors.Is(err, ErrConflict):
			return Receipt{}, err
		}
	}
	return Receipt{}, fmt.Errorf("receive a message: %w: %w", ErrUnavailable, ErrConflict)
}

// tidy cleans what came in and checks its shape.
func tidy(in *Inbound) error {
	in.Text = strings.TrimSpace(CleanText(in.Text))
	in.Profile = in.Profile.tidy()
	switch {
	case !clientID.MatchString(in.ClientID):
		return &InvalidError{"id", "消息编号要有 8 到 64 个字母、数字、下划线或减号"}
	case utf8.RuneCountInString(in.Text) > maxText:
		return &InvalidError{"text", fmt.Sprintf("一条消息最多 %d 个字", maxText)}
	}
	return in.check()
}

// receive is one attempt of Receive.
func (e *Engine) receive(ctx context.Context, in Inbound, begun time.Time) (Receipt, error) {
	sent, err := e.Store.Sent(ctx, in.Visitor.Key(), in.ClientID)
	if err == nil {
		return Receipt{Message: sent, Again: true}, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Receipt{}, fmt.Errorf("look for the message: %w", err)
	}
	t, closing, err := e.begin(ctx, in)
	if err != nil {
		return Receipt{}, err
	}
	if err := t.react(ctx); err != nil {
		return Receipt{}, err
	}
	if err := e.commit(ctx, append(closing, t)...); err != nil {
		return Receipt{}, err
	}
	e.observe(t, begun)
	return Receipt{Message: t.Messages[0]}, nil
}

// commit stores the turns and tells of them.
func (e *Engine) commit(ctx context.Context, made ...*turn) error {
	turns := make([]Turn, len(made))
	for i, t := range made {
		turns[i] = t.Turn
	}
	failpoint.Hit("engine/before-commit")
	if err := e.Store.Commit(ctx, turns...); err != nil {
		return fmt.Errorf("store the turn: %w", err)
	}
	failpoint.Hit("engine/after-commit")
	for _, t := range made {
		e.Bus.Publish(t.hint())
	}
	failpoint.Hit("engine/after-publish")
	return nil
}

// observe notes a turn that was stored; what was said is nobody's business here.
func (e *Engine) observe(t *turn, begun time.Time) {
	o := Observation{Channel: t.in.Visitor.Channel, Kind: t.in.Kind, Took: e.Now().Sub(begun)}
	if t.Trace != nil {
		o.Decision = t.Trace.Decision
	}
	e.Log.Debug("turn", zap.String("conversation", t.Conversation.ID), zap.Int64("seq", t.Messages[0].Seq),
		zap.String("kind", string(o.Kind)), zap.String("decision", o.Decision), zap.Duration("took", o.Took))
	if e.Observe != nil {
		e.Observe(o)
	}
}

// begin finds the conversation that the message belongs to. If that has been idle
// for too long it is closed by a turn of its own, and a new one begins.
func (e *Engine) begin(ctx context.Context, in Inbound) (t *turn, closing []*turn, err error) {
	if in.Kind == KindForm {
		speech := e.Rules.For(in.Visitor.Channel, in.Visitor.Account)
		if err := in.checkForm(speech.form()); err != nil {
			return nil, nil, err
		}
	}
	t = e.turn(in)
	conversation, err := e.target(ctx, in)
	switch {
	case errors.Is(err, ErrNotFound) && in.opens():
		t.start(e.opening(in, t.now))
	case err != nil:
		return nil, nil, err
	case in.opens() && t.now.Sub(conversation.UpdatedAt) > t.speech.Idle:
		closing = append(closing, t.closeIdle(conversation))
		t.start(e.opening(in, t.now))
	default:
		t.start(conversation)
		t.Conversation.Service.GoneAt = time.Time{} // who writes is there
	}
	t.add(FromVisitor, in.Kind, in.Text, in.Card).ClientID = in.ClientID
	return t, closing, nil
}

// turn returns a turn that begins now.
func (e *Engine) turn(in Inbound) *turn {
	return &turn{engine: e, in: in, now: e.moment(), speech: e.Rules.For(in.Visitor.Channel, in.Visitor.Account)}
}

// target returns the conversation of the visitor that the message is about.
func (e *Engine) target(ctx context.Context, in Inbound) (Conversation, error) {
	if in.opens() || in.Conversation == "" || in.Kind == KindClose {
		c, err := e.Store.Current(ctx, in.Visitor)
		if err != nil {
			return c, fmt.Errorf("find the conversation: %w", err)
		}
		return c, nil
	}
	return e.own(ctx, in.Visitor, in.Conversation)
}

// own returns a conversation if it is the visitor's, else ErrNotFound.
func (e *Engine) own(ctx context.Context, v Visitor, id string) (Conversation, error) {
	if id != CleanText(id) { // no database holds it, and not every one may be asked
		return Conversation{}, fmt.Errorf("read conversation %q: %w", id, ErrNotFound)
	}
	c, err := e.Store.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, fmt.Errorf("read conversation %q: %w", id, err)
	}
	if c.Visitor != v {
		return Conversation{}, fmt.Errorf("conversation %q is not of this visitor: %w", id, ErrNotFound)
	}
	return c, nil
}

func (e *Engine) opening(in Inbound, now time.Time) Conversation {
	return Conversation{ID: e.NewID(), Visitor: in.Visitor, Profile: in.Profile, State: StateOpen, OpenedAt: now, UpdatedAt: now}
}

// moment is the time as it is stored: in UTC, to the millisecond.
func (e *Engine) moment() time.Time { return e.Now().UTC().Truncate(time.Millisecond) }

// Provisional answers a question that cannot be stored now, as the first of a
// conversation. The messages have no numbers and nothing is kept.
func (e *Engine) Provisional(ctx context.Context, in Inbound) ([]Message, error) {
	if err := tidy(&in); err != nil {
		return nil, err
	}
	if in.Kind != KindText && in.Kind != KindPick {
		return nil, nil // nothing to say that could be kept
	}
	t := e.turn(in)
	t.fleeting = true
	t.speech.AskSolvedEvery = 0 // what is not kept cannot be asked about
	t.start(e.opening(in, t.now))
	t.add(FromVisitor, in.Kind, in.Text, in.Card)
	if err := t.react(ctx); err != nil {
		return nil, err
	}
	replies := t.Messages[1:]
	for i := range replies {
		replies[i].Conversation, replies[i].Seq = "", 0
	}
	return replies, nil
}

// query is a question of the visitor at a moment.
func (e *Engine) query(v Visitor, p Profile, text string, at time.Time) intent.Query {
	return intent.Query{
		Text: text, At: at.In(e.Zone),
		Dimension: knowledge.Dimension{Channel: v.Channel, Region: p.Region, Level: p.Level},
	}
}
