package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Desk is where humans work: the queue, who owns which conversation, and what
// agents do in it. Everything done to a conversation is a turn of it, stored by
// compare-and-set like those of visitors, so that of two who want the same only
// one gets it, on whatever node. It is safe for concurrent use.
type Desk struct {
	DeskConfig
	kicks chan struct{} // wakes Run

	mu     sync.Mutex
	shown  map[string]Place     // the places told last, by conversation
	absent map[string]time.Time // visitors whose last page was closed, by key
	lapsed map[string]int       // offers in a row that an agent let lie
	// blocked is until when visitors may not write, by key.
	blocked map[string]time.Time
	pace    pace
}

// DeskConfig says what a Desk works with; every field but Outlets is needed.
type DeskConfig struct {
	Engine    *Engine
	Store     SeatStore
	Customers CustomerStore
	Blocked   BlockStore
	// Outlets are the channels that do not let everything through, by name.
	Outlets map[string]Outlet
}

// NewDesk returns a desk, and has the engine send those who ask for a human to
// it. So the engine must not be in use yet.
func NewDesk(c DeskConfig) *Desk {
	d := &Desk{
		DeskConfig: c, kicks: make(chan struct{}, 1), shown: map[string]Place{}, absent: map[string]time.Time{},
		lapsed: map[string]int{},
	}
	c.Engine.Seats = d
	return d
}

// Actor is who does something at the desk.
type Actor struct {
	ID   string // of the account
	Nick string
	// Supervisor says that the actor sees all groups and may take over.
	Supervisor bool
}

// Errors of the desk, to be tested with errors.Is.
var (
	// ErrForbidden says that the actor may not do this. Who may not see a
	// conversation gets ErrNotFound.
	ErrForbidden = errors.New("not allowed")
	// ErrBusy says that the agent has as many conversations as they may have.
	ErrBusy = errors.New("no room for another conversation")
)

// TakenError says that somebody else has the conversation.
type TakenError struct {
	Agent string // empty if nobody has it any more
	Nick  string
	Phase Phase
	State State
}

func (e *TakenError) Error() string { return "the conversation is with " + e.Agent }

// maxNote bounds notes, whispers and reasons, in characters.
const maxNote = 1000

// act changes a conversation by one turn, and begins again if the conversation
// went on meanwhile. What do adds no message to is not stored.
func (d *Desk) act(ctx context.Context, conversation string, do func(t *turn) error) (Conversation, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTimeout)
	defer cancel()
	for range maxAttempts {
		t, err := d.try(ctx, conversation, do)
		if err == nil {
			return t.Conversation, nil
		}
		if !errors.Is(err, ErrConflict) || ctx.Err() != nil {
			return Conversation{}, err
		}
	}
	return Conversation{}, fmt.Errorf("change conversation %q: %w: %w", conversation, ErrUnavailable, ErrConflict)
}

// try is one attempt of act.
func (d *Desk) try(ctx context.Context, conversation string, do func(t *turn) error) (*turn, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return nil, err
	}
	t := d.Engine.turn(Inbound{Visitor: c.Visitor})
	t.start(c)
	if err := do(t); err != nil {
		return nil, err
	}
	if len(t.Messages) == 0 {
		return t, nil
	}
	return t, d.Engine.commit(ctx, t)
}

// Conversation returns a conversation. It does not ask who wants it: that is the
// caller's, as for ItemOf.
func (d *Desk) Conversation(ctx context.Context, id string) (Conversation, error) {
	if id != CleanText(id) {
		return Conversation{}, fmt.Errorf("read conversation %q: %w", id, ErrNotFound)
	}
	c, err := d.Engine.Store.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, fmt.Errorf("read conversation %q: %w", id, err)
	}
	return c, nil
}

// Sees reports whether the actor, whose seat it is, may see a conversation that
// stands so with the humans.
func (a Actor) Sees(seat Seat, s *Service) bool {
	return a.Supervisor || s.Owner == a.ID && a.ID != "" || s.OfferedTo == a.ID && a.ID != "" ||
		s.Phase == InQueue && seat.Agent == a.ID && seat.serves(s.Group)
}

// see fails with ErrNotFound unless the actor may see the conversation: who owns
// it or did, the colleagues of its group while it waits, and supervisors.
func (d *Desk) see(ctx context.Context, a Actor, c *Conversation) error {
	if a.Sees(Seat{}, &c.Service) {
		return nil
	}
	seat, err := d.seat(ctx, a.ID)
	if err == nil && a.Sees(seat, &c.Service) {
		return nil
	}
	return d.hidden(a, c, err)
}

// hidden is the error for who may not see a conversation; err is why their seat
// could not be read, if that is so.
func (d *Desk) hidden(a Actor, c *Conversation, err error) error {
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("conversation %q is not for %q: %w", c.ID, a.ID, ErrNotFound)
}

// seat returns the place of an agent, or ErrNotFound.
func (d *Desk) seat(ctx context.Context, agent string) (Seat, error) {
	seats, err := d.Store.Seats(ctx)
	if err != nil {
		return Seat{}, fmt.Errorf("read the seats: %w", err)
	}
	i := slices.IndexFunc(seats, func(s Seat) bool { return s.Agent == agent })
	if i < 0 {
		return Seat{}, fmt.Errorf("seat of %q: %w", agent, ErrNotFound)
	}
	return seats[i], nil
}

// serves reports whether the seat answers a group. No group is everybody's.
func (s *Seat) serves(group string) bool { return group == "" || slices.Contains(s.Groups, group) }

// Accept gives a conversation that waits to the actor. Errors: *TakenError,
// ErrBusy, ErrNotFound.
func (d *Desk) Accept(ctx context.Context, a Actor, conversation string) (Conversation, error) {
	d.noteLapse(a.ID, false)
	defer d.Engine.turns.Lock(AgentKey(a.ID))() // the room is counted before it is used
	if err := d.room(ctx, a); err != nil {
		return Conversation{}, err
	}
	return d.act(ctx, conversation, func(t *turn) error {
		c := &t.Conversation
		if c.Service.Phase == WithAgent && c.Service.Owner == a.ID {
			return nil // pressed twice
		}
		if c.Service.Phase != InQueue || c.State != StateOpen {
			return d.taken(ctx, a, c)
		}
		if err := d.see(ctx, a, c); err != nil {
			return err
		}
		t.accept(a, "accepted")
		return nil
	})
}

// room fails with ErrBusy if the actor has as many conversations as they may.
func (d *Desk) room(ctx context.Context, a Actor) error {
	seat, err := d.seat(ctx, a.ID)
	if err != nil {
		return err
	}
	served, err := d.Store.Served(ctx, a.ID)
	if err != nil {
		return fmt.Errorf("count the conversations of %q: %w", a.ID, err)
	}
	if len(served) >= seat.Most && !a.Supervisor {
		return ErrBusy
	}
	return nil
}

// taken says who has the conversation, to the colleagues of its group and to
// supervisors; to others it does not exist.
func (d *Desk) taken(ctx context.Context, a Actor, c *Conversation) error {
	if !a.Sees(Seat{}, &c.Service) {
		if seat, err := d.seat(ctx, a.ID); err != nil || !seat.serves(c.Service.Group) {
			return d.hidden(a, c, err)
		}
	}
	e := &TakenError{Phase: c.Service.Phase, State: c.State}
	if c.Service.Phase == WithAgent {
		e.Agent, e.Nick = c.Service.Owner, c.Service.Nick
	}
	return e
}

// accept makes the actor the owner.
func (t *turn) accept(a Actor, text string) {
	s := &t.Conversation.Service
	card := Card{Agent: a.ID, Nick: a.Nick, Group: s.Group}
	if !s.QueuedAt.IsZero() {
		card.Waited = t.now.Sub(s.QueuedAt).Milliseconds()
	}
	kind := KindAccepted
	if s.Phase == WithAgent {
		kind, card.To = KindTakenOver, s.Owner
	}
	s.own(a.ID, a.Nick, t.now)
	t.add(FromSystem, kind, strings.ReplaceAll(t.text(text), "{agent}", a.Nick), card)
}

// own makes the agent the owner of a conversation in which the visitor waits.
func (s *Service) own(agent, nick string, now time.Time) {
	s.Phase, s.Owner, s.Nick, s.AcceptedAt, s.AskedAt = WithAgent, agent, nick, now, now
	s.OfferedTo, s.OfferedUntil, s.Passed = "", time.Time{}, nil
	s.AnsweredAt, s.SpokenAt, s.Reminded, s.Warned = time.Time{}, time.Time{}, time.Time{}, time.Time{}
}

// Pass lets an offer go to somebody else.
func (d *Desk) Pass(ctx context.Context, a Actor, conversation string) error {
	d.noteLapse(a.ID, false)
	_, err := d.act(ctx, conversation, func(t *turn) error {
		if s := &t.Conversation.Service; s.Phase != InQueue || s.OfferedTo != a.ID {
			return d.taken(ctx, a, &t.Conversation)
		}
		t.pass("declined")
		return nil
	})
	return err
}

// pass ends an offer.
func (t *turn) pass(reason string) {
	s := &t.Conversation.Service
	t.add(FromSystem, KindPassed, "", Card{Agent: s.OfferedTo, Reason: reason})
	s.Passed = append(slices.Clone(s.Passed), s.OfferedTo)
	s.OfferedTo, s.OfferedUntil = "", time.Time{}
}

// owned returns an act that only the owner may do.
func (d *Desk) owned(ctx context.Context, a Actor, do func(t *turn) error) func(t *turn) error {
	return func(t *turn) error {
		c := &t.Conversation
		if c.Service.Phase == WithAgent && c.Service.Owner == a.ID && c.State == StateOpen {
			return do(t)
		}
		return d.taken(ctx, a, c)
	}
}

// Line is what an agent says.
type Line struct {
	ClientID string
	// Kind is KindText, KindAnswer for an entry of the knowledge, KindImage or
	// KindFile.
	Kind  MessageKind
	Text  string
	Entry string // of an answer
	File  string // id of what was uploaded
}

// Say sends a line to the visitor, once whatever the number of attempts. Errors:
// *InvalidError, of the channel too if nothing can be sent now, *TakenError,
// ErrNotFound, ErrUnavailable.
func (d *Desk) Say(ctx context.Context, a Actor, conversation string, l Line) (Receipt, error) {
	if err := l.tidy(); err != nil {
		return Receipt{}, err
	}
	return d.once(ctx, a, l.ClientID, conversation, func(t *turn) error {
		if err := d.admit(ctx, t.Conversation.Visitor); err != nil {
			return err
		}
		card, err := d.cardOf(ctx, t, l)
		if err != nil {
			return err
		}
		card.Agent, card.Nick = a.ID, a.Nick
		t.add(FromAgent, l.Kind, l.Text, card).ClientID = l.ClientID
		t.answered()
		return nil
	})
}

// once does an act of the owner unless the message with the client id is there.
func (d *Desk) once(ctx context.Context, a Actor, id, conversation string, do func(t *turn) error) (Receipt, error) {
	sent, err := d.Engine.Store.Sent(ctx, AgentKey(a.ID), id)
	if err == nil {
		return Receipt{Message: sent, Again: true}, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Receipt{}, fmt.Errorf("look for the message: %w", err)
	}
	var said Message
	_, err = d.act(ctx, conversation, d.owned(ctx, a, func(t *turn) error {
		if err := do(t); err != nil {
			return err
		}
		said = t.Messages[0]
		return nil
	}))
	if errors.Is(err, ErrConflict) { // the same line came twice at the same time
		return d.sentBefore(ctx, a, id, err)
	}
	return Receipt{Message: said}, err
}

func (d *Desk) sentBefore(ctx context.Context, a Actor, id string, cause error) (Receipt, error) {
	sent, err := d.Engine.Store.Sent(ctx, AgentKey(a.ID), id)
	if err != nil {
		return Receipt{}, cause
	}
	return Receipt{Message: sent, Again: true}, nil
}

func (l *Line) tidy() error {
	l.Text = strings.TrimSpace(CleanText(l.Text))
	switch {
	case !clientID.MatchString(l.ClientID):
		return &InvalidError{"id", "消息编号要有 8 到 64 个字母、数字、下划线或减号"}
	case utf8.RuneCountInString(l.Text) > maxText:
		return &InvalidError{"text", fmt.Sprintf("一条消息最多 %d 个字", maxText)}
	case l.Kind == KindText || l.Kind == KindAnswer:
		return need("text", l.Text, "请输入内容")
	case (l.Kind == KindImage || l.Kind == KindFile) && l.File != "":
		return nil
	}
	return &InvalidError{"kind", "坐席不能发这种消息"}
}

// cardOf is what a line holds beside its text.
func (d *Desk) cardOf(ctx context.Context, t *turn, l Line) (Card, error) {
	switch {
	case l.File != "":
		f, err := d.Engine.uploaded(ctx, t.Conversation.Visitor, l.File)
		return Card{File: &f}, err
	case l.Entry != "":
		e, ok := d.Engine.Knowledge.Matcher().Find(l.Entry)
		if !ok {
			return Card{}, &InvalidError{"entry", "这个知识点已经不在了"}
		}
		return Card{Entry: e.ID, Question: e.Question}, nil
	}
	return Card{}, nil
}

// answered notes that the owner spoke.
func (t *turn) answered() {
	s := &t.Conversation.Service
	if s.AnsweredAt.IsZero() {
		s.AnsweredAt = t.now
	}
	s.AskedAt, s.Reminded, s.Warned, s.SpokenAt = time.Time{}, time.Time{}, time.Time{}, t.now
	s.AgentRead = t.Conversation.Seq
}

// Remark leaves a word for colleagues: a note of the owner or a supervisor, or a
// supervisor's whisper to the owner. The visitor sees nothing of it.
func (d *Desk) Remark(ctx context.Context, a Actor, conversation string, kind MessageKind, text string) error {
	text, err := remark(text)
	if err != nil {
		return err
	}
	if kind != KindNote && kind != KindWhisper || kind == KindWhisper && !a.Supervisor {
		return fmt.Errorf("remark of kind %q: %w", kind, ErrForbidden)
	}
	_, err = d.act(ctx, conversation, func(t *turn) error {
		if err := d.see(ctx, a, &t.Conversation); err != nil {
			return err
		}
		if t.Conversation.State != StateOpen {
			return d.taken(ctx, a, &t.Conversation)
		}
		t.add(FromAgent, kind, text, Card{Agent: a.ID, Nick: a.Nick})
		return nil
	})
	return err
}

func remark(text string) (string, error) {
	text = strings.TrimSpace(CleanText(text))
	if utf8.RuneCountInString(text) > maxNote {
		return "", &InvalidError{"text", fmt.Sprintf("最多 %d 个字", maxNote)}
	}
	return text, need("text", text, "请输入内容")
}

// Target is who gets a conversation: an agent, or a group's queue, or the bot.
type Target struct {
	Agent string
	Group string
	Bot   bool
}

// Transfer gives the actor's conversation to somebody else. Supervisors may do so
// with any. An agent must be online and have room.
func (d *Desk) Transfer(ctx context.Context, a Actor, conversation string, to Target, note string) error {
	note = cut(strings.TrimSpace(CleanText(note)), maxNote)
	do := func(t *turn) error {
		switch {
		case to.Bot:
			t.returnToBot("agent", "returned")
			return nil
		case to.Agent != "":
			return d.hand(ctx, a, t, to.Agent, note)
		}
		return d.requeue(ctx, a, t, to.Group, note)
	}
	if a.Supervisor {
		_, err := d.act(ctx, conversation, func(t *turn) error {
			if t.Conversation.Service.Phase == WithBot || t.Conversation.State != StateOpen {
				return d.taken(ctx, a, &t.Conversation)
			}
			return do(t)
		})
		return err
	}
	_, err := d.act(ctx, conversation, d.owned(ctx, a, do))
	return err
}

// hand gives the conversation to another agent at once.
func (d *Desk) hand(ctx context.Context, a Actor, t *turn, to, note string) error {
	seat, err := d.seat(ctx, to)
	if errors.Is(err, ErrNotFound) || err == nil && seat.Presence != Online {
		return &InvalidError{"agent", "这位坐席不在线"}
	}
	if err != nil {
		return err
	}
	served, err := d.Store.Served(ctx, to)
	if err != nil {
		return fmt.Errorf("count the conversations of %q: %w", to, err)
	}
	if len(served) >= seat.Most {
		return &InvalidError{"agent", "这位坐席已经接满了"}
	}
	if to == t.Conversation.Service.Owner && t.phase() == WithAgent {
		return &InvalidError{"agent", "会话已经在这位坐席这里"}
	}
	t.add(FromSystem, KindTransferred, t.text("transferred"), Card{Agent: a.ID, Nick: a.Nick, To: to, Note: note})
	s := &t.Conversation.Service
	s.own(to, seat.Nick, t.now)
	t.add(FromSystem, KindAccepted, strings.ReplaceAll(t.text("accepted"), "{agent}", seat.Nick),
		Card{Agent: to, Nick: seat.Nick, Group: s.Group})
	return nil
}

// requeue gives the conversation to the queue of a group, before those who come
// for the first time.
func (d *Desk) requeue(ctx context.Context, a Actor, t *turn, group, note string) error {
	groups, err := d.Store.Groups(ctx)
	if err != nil {
		return fmt.Errorf("read the groups: %w", err)
	}
	if !slices.ContainsFunc(groups, func(g Group) bool { return g.ID == group }) {
		return &InvalidError{"group", "没有这个技能组"}
	}
	t.add(FromSystem, KindTransferred, t.text("transferred"), Card{Agent: a.ID, Nick: a.Nick, Group: group, Note: note})
	t.back(group, a.ID)
	return nil
}

// back puts a conversation that an agent had to the front of a queue.
func (t *turn) back(group, from string) {
	s := t.Conversation.Service
	t.Conversation.Service = Service{
		Phase: InQueue, Group: group, Owner: s.Owner, Nick: s.Nick, Rank: max(s.Rank, rankFront), QueuedAt: t.now,
		Reason: s.Reason, At: s.At, Passed: []string{from}, AgentRead: s.AgentRead,
	}
}

// TakeOver gives a conversation that another agent has to a supervisor.
func (d *Desk) TakeOver(ctx context.Context, a Actor, conversation string) (Conversation, error) {
	if !a.Supervisor {
		return Conversation{}, fmt.Errorf("take over: %w", ErrForbidden)
	}
	return d.act(ctx, conversation, func(t *turn) error {
		s := &t.Conversation.Service
		switch {
		case t.Conversation.State != StateOpen:
			return d.taken(ctx, a, &t.Conversation)
		case s.Phase == WithAgent && s.Owner == a.ID:
			return nil
		}
		t.accept(a, "taken_over")
		return nil
	})
}

// Summary is what an agent says of a conversation at its end (服务小结).
type Summary struct {
	Category string
	Solved   *bool
	Text     string
}

// Close ends the actor's conversation with a summary, and asks the visitor for a
// rating.
func (d *Desk) Close(ctx context.Context, a Actor, conversation string, s Summary) error {
	s.Text, s.Category = cut(strings.TrimSpace(CleanText(s.Text)), maxNote), cut(oneLine(s.Category), maxName)
	closed, err := d.act(ctx, conversation, d.owned(ctx, a, func(t *turn) error {
		card := Card{Agent: a.ID, Nick: a.Nick, Yes: s.Solved}
		if s.Category != "" {
			card.Tags = []string{s.Category}
		}
		t.add(FromAgent, KindSummary, s.Text, card)
		t.end("agent", "closed_agent")
		return nil
	}))
	if err != nil {
		return err
	}
	return d.finishLeave(ctx, &closed)
}

// Read records what the owner has seen, and lets the visitor know.
func (d *Desk) Read(ctx context.Context, a Actor, conversation string, seq int64) error {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	if c.Service.Phase == WithAgent && c.Service.Owner == a.ID {
		d.Engine.Bus.Publish(Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Seen: min(seq, c.Seq)})
		return nil
	}
	return d.see(ctx, a, &c)
}

// Typing tells the visitor that the owner is writing.
func (d *Desk) Typing(ctx context.Context, a Actor, conversation string) error {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	if c.Service.Phase == WithAgent && c.Service.Owner == a.ID {
		d.Engine.Bus.Publish(Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Typing: FromAgent})
		return nil
	}
	return d.see(ctx, a, &c)
}

// Upload keeps a file that the owner is going to send.
func (d *Desk) Upload(ctx context.Context, a Actor, conversation, name string, content []byte) (File, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return File{}, err
	}
	if c.Service.Phase != WithAgent || c.Service.Owner != a.ID {
		return File{}, fmt.Errorf("upload to conversation %q: %w", c.ID, ErrNotFound)
	}
	if err := d.admit(ctx, c.Visitor); err != nil {
		return File{}, err
	}
	return d.Engine.keep(ctx, c.Visitor, AgentKey(a.ID), name, content)
}

// Download returns a file of a conversation that the actor may see.
func (d *Desk) Download(ctx context.Context, a Actor, conversation, id string) (File, []byte, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return File{}, nil, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return File{}, nil, err
	}
	return d.Engine.Download(ctx, c.Visitor, id)
}
