package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"faqbot/bot/intent"
)

// Scope says which conversations a list holds.
type Scope string

// The lists of the desk.
const (
	Mine      Scope = "mine"       // the actor has them
	Queued    Scope = "queue"      // they wait, in groups of the actor
	All       Scope = "all"        // any agent has them; for supervisors
	Closed    Scope = "closed"     // the actor had them
	AllClosed Scope = "all_closed" // any agent had them; for supervisors
)

// Item is a conversation in a list.
type Item struct {
	Conversation Conversation
	// Last is the last message that a visitor sees, for a line of preview.
	Last Message
	// Place is the place in the queue, 1 is next; 0 if it does not wait.
	Place int
}

// maxItems bounds a list.
const maxItems = 200

// List returns a list of conversations: what waits in the order of the queue, what
// is served by how long the visitor has been waiting for an answer, what is closed
// from the last one on before the moment.
func (d *Desk) List(ctx context.Context, a Actor, scope Scope, before time.Time) ([]Item, error) {
	conversations, err := d.list(ctx, a, scope, before)
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, min(len(conversations), maxItems))
	for i := range conversations[:min(len(conversations), maxItems)] {
		item, err := d.ItemOf(ctx, conversations[i])
		if err != nil {
			return nil, err
		}
		if conversations[i].Service.Phase == InQueue {
			item.Place = i + 1
		}
		items = append(items, item)
	}
	return items, nil
}

func (d *Desk) list(ctx context.Context, a Actor, scope Scope, before time.Time) ([]Conversation, error) {
	if (scope == All || scope == AllClosed) && !a.Supervisor {
		return nil, fmt.Errorf("list %q: %w", scope, ErrForbidden)
	}
	var found []Conversation
	var err error
	switch scope {
	case Mine, All:
		owner := a.ID
		if scope == All {
			owner = ""
		}
		found, err = d.Store.Served(ctx, owner)
		slices.SortStableFunc(found, longestFirst)
	case Queued:
		found, err = d.queue(ctx, a)
	case Closed:
		found, err = d.Store.Done(ctx, a.ID, before, maxItems)
	case AllClosed:
		found, err = d.Store.Done(ctx, "", before, maxItems)
	default:
		return nil, &InvalidError{"scope", "没有这个列表"}
	}
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", scope, err)
	}
	return found, nil
}

// longestFirst puts those who wait for an answer first, the longest wait before
// the others.
func longestFirst(a, b Conversation) int {
	x, y := a.Service.AskedAt, b.Service.AskedAt
	if x.IsZero() != y.IsZero() {
		if x.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(x.Compare(y), b.UpdatedAt.Compare(a.UpdatedAt))
}

// queue returns what waits and the actor may take.
func (d *Desk) queue(ctx context.Context, a Actor) ([]Conversation, error) {
	waiting, err := d.Store.Waiting(ctx)
	if err != nil || a.Supervisor {
		return waiting, err
	}
	seat, err := d.seat(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(waiting, func(c Conversation) bool {
		return !seat.serves(c.Service.Group) && c.Service.OfferedTo != a.ID
	}), nil
}

// preview is how many of the last messages are looked at for one to show.
const preview = 8

// ItemOf returns a conversation as a line of a list, without its place.
func (d *Desk) ItemOf(ctx context.Context, c Conversation) (Item, error) {
	last, err := d.Engine.Store.Before(ctx, c.ID, c.Seq+1, preview)
	if err != nil {
		return Item{}, fmt.Errorf("read the last messages of %q: %w", c.ID, err)
	}
	item := Item{Conversation: c}
	for _, m := range slices.Backward(last) {
		if m.isSaid() {
			item.Last = m
			break
		}
	}
	return item, nil
}

// isSaid reports whether somebody said something with the message, and not the
// system.
func (m *Message) isSaid() bool {
	return !m.Kind.Internal() && m.Author != FromSystem && (m.Text != "" || m.Card.File != nil)
}

// Story is what an agent needs to know about a conversation at once.
type Story struct {
	Conversation Conversation
	Messages     []Message
	// More says that there are older messages.
	More bool
	// Rule is why the bot gave up, Candidates what it thought of, best first.
	Rule       string
	Candidates []intent.Candidate
	Traces     []TurnTrace
	Customer   Customer
	// Proposed are fields of the customer card that were said, by name.
	Proposed map[string]string
	History  []Conversation
}

const (
	storyMessages = 100
	storyHistory  = 20
	// atOnce is how many things are recommended.
	atOnce = 3
)

// Story returns a conversation that the actor may see.
func (d *Desk) Story(ctx context.Context, a Actor, conversation string) (Story, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return Story{}, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return Story{}, err
	}
	s := Story{Conversation: c, Rule: c.Service.Reason}
	if s.Messages, err = d.Engine.Store.Before(ctx, c.ID, c.Seq+1, storyMessages); err != nil {
		return Story{}, fmt.Errorf("read messages: %w", err)
	}
	s.More = len(s.Messages) > 0 && s.Messages[0].Seq > 1
	if s.Traces, err = d.Engine.Store.Traces(ctx, c.ID); err != nil {
		return Story{}, fmt.Errorf("read traces: %w", err)
	}
	s.Candidates = thoughtOf(s.Traces, c.Service.At)
	s.Messages = forAgent(a, s.Messages)
	if s.Customer, s.Proposed, err = d.card(ctx, &c, s.Messages); err != nil {
		return Story{}, err
	}
	s.History, err = d.history(ctx, &c, s.Customer)
	return s, err
}

// thoughtOf returns what the bot thought of at the last question up to the
// message.
func thoughtOf(traces []TurnTrace, seq int64) []intent.Candidate {
	for _, t := range slices.Backward(traces) {
		if t.Seq > seq || len(t.Trace) == 0 {
			continue
		}
		var trace intent.Trace
		if json.Unmarshal([]byte(t.Trace), &trace) != nil {
			return nil // an old form; the words are there anyway
		}
		var found []intent.Candidate
		for _, c := range trace.Candidates[:min(atOnce, len(trace.Candidates))] {
			found = append(found, intent.Candidate{Entry: c.Entry, Question: c.Question, Confidence: c.Confidence})
		}
		return found
	}
	return nil
}

// forAgent returns the messages without what is only for supervisors: what a
// visitor says of an agent goes past the agent.
func forAgent(a Actor, messages []Message) []Message {
	if a.Supervisor {
		return messages
	}
	for i := range messages {
		if m := &messages[i]; m.Kind == KindRating {
			m.Text, m.Card = "", Card{}
		}
	}
	return messages
}

// history returns the other conversations of the customer, over all channels, the
// last one first.
func (d *Desk) history(ctx context.Context, c *Conversation, customer Customer) ([]Conversation, error) {
	visitors := []Visitor{c.Visitor}
	if customer.ID != "" {
		var err error
		if visitors, err = d.Customers.Visitors(ctx, customer.ID); err != nil {
			return nil, fmt.Errorf("read the visitors of a customer: %w", err)
		}
	}
	var all []Conversation
	for _, v := range visitors {
		found, err := d.Store.Of(ctx, v, storyHistory)
		if err != nil {
			return nil, fmt.Errorf("read earlier conversations: %w", err)
		}
		all = append(all, found...)
	}
	all = slices.DeleteFunc(all, func(o Conversation) bool { return o.ID == c.ID })
	slices.SortFunc(all, func(a, b Conversation) int { return b.OpenedAt.Compare(a.OpenedAt) })
	return all[:min(len(all), storyHistory)], nil
}

// Messages returns messages of a conversation that the actor may see, or of an
// earlier one of the same customer: those after the number, or with earlier those
// before it.
func (d *Desk) Messages(ctx context.Context, a Actor, conversation, of string, seq int64, earlier bool, limit int) ([]Message, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return nil, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return nil, err
	}
	if of != "" && of != c.ID {
		if err := d.sameCustomer(ctx, &c, of); err != nil {
			return nil, err
		}
		c.ID = of
	}
	read := d.Engine.Store.After
	if earlier {
		read = d.Engine.Store.Before
	}
	messages, err := read(ctx, c.ID, seq, min(limit, maxItems))
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return forAgent(a, messages), nil
}

// sameCustomer fails with ErrNotFound unless the other conversation is one of the
// same customer.
func (d *Desk) sameCustomer(ctx context.Context, c *Conversation, other string) error {
	customer, _, err := d.card(ctx, c, nil)
	if err != nil {
		return err
	}
	history, err := d.history(ctx, c, customer)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(history, func(h Conversation) bool { return h.ID == other }) {
		return fmt.Errorf("conversation %q is not of the customer of %q: %w", other, c.ID, ErrNotFound)
	}
	return nil
}

// Advice is an answer that may suit what a visitor said.
type Advice struct {
	intent.Candidate
	Text string
}

// Advise returns answers for a text, best first: for the last words of the
// visitor if it is empty.
func (d *Desk) Advise(ctx context.Context, a Actor, conversation, text string) ([]Advice, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return nil, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return nil, err
	}
	if text = oneLine(text); text == "" {
		if text, err = d.lastWords(ctx, &c); err != nil || text == "" {
			return nil, err
		}
	}
	q := d.Engine.query(c.Visitor, c.Profile, cut(text, maxText), d.Engine.Now())
	decision, err := d.Engine.Knowledge.Decide(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("decide: %w", err)
	}
	found := decision.Candidates
	if decision.Kind == intent.Answer && len(found) == 0 {
		found = []intent.Candidate{{Entry: decision.Entry.ID, Question: decision.Entry.Question, Confidence: decision.Confidence}}
	}
	if len(found) == 0 {
		if found, err = d.Engine.Knowledge.Complete(ctx, q, maxOptions); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
	}
	advice := []Advice{}
	for _, candidate := range found[:min(len(found), maxOptions)] {
		if chosen := d.Engine.Knowledge.Choose(q, candidate.Entry); len(chosen.Texts) > 0 {
			advice = append(advice, Advice{candidate, chosen.Texts[0]})
		}
	}
	return advice, nil
}

// lastWords returns the last text of the visitor.
func (d *Desk) lastWords(ctx context.Context, c *Conversation) (string, error) {
	last, err := d.Engine.Store.Before(ctx, c.ID, c.Seq+1, lookBack)
	if err != nil {
		return "", fmt.Errorf("read messages: %w", err)
	}
	for _, m := range slices.Backward(last) {
		if m.Author == FromVisitor && (m.Kind == KindText || m.Kind == KindPick) {
			return m.Text, nil
		}
	}
	return "", nil
}

// BadRating is a rating that a supervisor should look into, and what it is about.
type BadRating struct {
	Rating
	Conversation Conversation
}

const (
	// badSince is how far back bad ratings are shown.
	badSince = 7 * 24 * time.Hour
	mostBad  = 50
)

// BadRatings returns the bad ratings of the last days, for supervisors.
func (d *Desk) BadRatings(ctx context.Context, a Actor) ([]BadRating, error) {
	if !a.Supervisor {
		return nil, fmt.Errorf("see the ratings: %w", ErrForbidden)
	}
	ratings, err := d.Store.BadRatings(ctx, d.Engine.moment().Add(-badSince), mostBad)
	if err != nil {
		return nil, fmt.Errorf("read bad ratings: %w", err)
	}
	list := make([]BadRating, len(ratings))
	for i, r := range ratings {
		c, err := d.Conversation(ctx, r.Conversation)
		if err != nil {
			return nil, err
		}
		list[i] = BadRating{r, c}
	}
	return list, nil
}

// Board is the desk at a glance (看板).
type Board struct {
	At     time.Time
	Groups []GroupLoad
	Seats  []SeatLoad
}

// GroupLoad is how a group stands.
type GroupLoad struct {
	Group Group
	// Waiting is how many wait, Longest since when the first of them does.
	Waiting int
	Longest time.Time
	Online  int
	Serving int
}

// SeatLoad is how an agent stands.
type SeatLoad struct {
	Seat
	Serving int
	// Unanswered is how many of them wait for an answer, Longest since when.
	Unanswered int
	Longest    time.Time
}

// Board returns the live board, for supervisors.
func (d *Desk) Board(ctx context.Context, a Actor) (Board, error) {
	if !a.Supervisor {
		return Board{}, fmt.Errorf("see the board: %w", ErrForbidden)
	}
	f, err := d.look(ctx)
	if err != nil {
		return Board{}, err
	}
	b := Board{At: f.now, Groups: []GroupLoad{}, Seats: []SeatLoad{}}
	for _, g := range append([]Group{{}}, f.groups...) {
		if load := f.groupLoad(g); g.ID != "" || load.Waiting+load.Serving > 0 || len(f.groups) == 0 {
			b.Groups = append(b.Groups, load)
		}
	}
	for _, s := range f.seats {
		b.Seats = append(b.Seats, f.seatLoad(s))
	}
	return b, nil
}

func (f *floor) groupLoad(g Group) GroupLoad {
	load := GroupLoad{Group: g}
	for i := range f.waiting {
		if s := &f.waiting[i].Service; s.Group == g.ID {
			load.Waiting++
			load.Longest = earliest(load.Longest, s.QueuedAt)
		}
	}
	for i := range f.served {
		if f.served[i].Service.Group == g.ID {
			load.Serving++
		}
	}
	for _, s := range f.seats {
		if s.Presence == Online && s.serves(g.ID) {
			load.Online++
		}
	}
	return load
}

func (f *floor) seatLoad(s Seat) SeatLoad {
	load := SeatLoad{Seat: s}
	for i := range f.served {
		service := &f.served[i].Service
		if service.Owner != s.Agent {
			continue
		}
		load.Serving++
		if !service.AskedAt.IsZero() {
			load.Unanswered++
			load.Longest = earliest(load.Longest, service.AskedAt)
		}
	}
	return load
}

// earliest returns the earlier of two times; a zero one does not count.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
