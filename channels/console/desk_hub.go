package console

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/ws"
)

// Limits of the sockets.
const (
	socketsOfOne = 20      // of one account
	socketQueue  = 2 << 20 // bytes that wait for one browser: all of a long queue may change at once
	lookTime     = 5 * time.Second
	missedAtOnce = 50 // messages that are read again because their hint was lost
)

// How many beats lie between two of the same.
const (
	checkEvery  = 2  // the sessions of all sockets
	aliveEvery  = 10 // signs of life
	leavesEvery = 10 // the leave-messages of one agent
	forgetEvery = 60 // how far conversations were seen
)

// deskHub brings the browsers of the agents what changes. It hears the bus once
// for all of them. Messages go out at once, with what the hint holds. How a
// conversation stands is read once for all who may see it: when it has moved, at
// once, and else twice a beat at most, so that a long queue in which everybody
// writes does not drown the desk.
type deskHub struct {
	desk    *desk
	staff   Gate
	beat    time.Duration
	log     *zap.Logger
	sockets *ws.Hub
	moves   chan struct{} // a conversation has moved
	looks   chan struct{} // a seat was changed here
	end     func()
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	clients map[*deskClient]struct{}
	seats   map[string]bot.Seat
	known   map[string]bot.Service // of conversations with humans, as clients were told
	filled  bool                   // known holds those from before the first client
	dirty   map[string]*change
	// seen is the last message there was a hint for, by conversation; before holds
	// those of the time before, to be forgotten next.
	seen, before map[string]int64
}

// change is what happened to a conversation since clients were told of it.
type change struct {
	moved bool
	// was is how it stood before the first hint; nil if no hint says so.
	was *bot.Service
	// missed says that hints were lost, of messages after from.
	missed bool
	from   int64
}

func newDeskHub(d *desk, gate Gate, beat time.Duration, log *zap.Logger) *deskHub {
	if beat <= 0 {
		beat = time.Second
	}
	h := &deskHub{
		desk: d, staff: gate, beat: beat, log: log,
		sockets: ws.NewHub(ws.Options{QueueLimit: socketQueue, ReadLimit: 4 << 10}),
		moves:   make(chan struct{}, 1), looks: make(chan struct{}, 1),
		clients: map[*deskClient]struct{}{}, seats: map[string]bot.Seat{},
	}
	h.forget()
	ctx, cancel := context.WithCancel(context.Background())
	unsubscribe := d.Engine.Bus.Subscribe(h.receive)
	h.end = func() { unsubscribe(); cancel() }
	h.running.Go(func() { h.tellLoop(ctx) })
	h.running.Go(func() { h.lookLoop(ctx) })
	return h
}

// prepare reads what the hub has to know before a client is ready: the seats, and
// for the first client how the conversations stand.
func (h *deskHub) prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	if err := h.lookAtSeats(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	filled := h.filled
	h.mu.Unlock()
	if filled {
		return nil
	}
	waiting, err := h.desk.Store.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("read the queue: %w", err)
	}
	served, err := h.desk.Store.Served(ctx, "")
	if err != nil {
		return fmt.Errorf("read what is served: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range append(waiting, served...) {
		if _, newer := h.known[c.ID]; !newer {
			h.known[c.ID] = c.Service
		}
	}
	h.filled = true
	return nil
}

// forget drops what is known of conversations: nobody is there. The caller holds
// the lock, or has the hub alone.
func (h *deskHub) forget() {
	h.known, h.filled, h.dirty = map[string]bot.Service{}, false, map[string]*change{}
	h.seen, h.before = map[string]int64{}, map[string]int64{}
}

// shutdown sends all clients away and ends what runs.
func (h *deskHub) shutdown(ctx context.Context) error {
	err := h.sockets.Shutdown(ctx, 0)
	h.end()
	h.running.Wait()
	return err
}

// add lets a client in, unless its account has too many already.
func (h *deskHub) add(c *deskClient) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for other := range h.clients {
		if other.actor.ID == c.actor.ID {
			n++
		}
	}
	if n >= socketsOfOne {
		return false
	}
	h.clients[c] = struct{}{}
	return true
}

func (h *deskHub) remove(c *deskClient) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if delete(h.clients, c); len(h.clients) == 0 {
		h.forget()
	}
}

// watch has the client get the messages of one more conversation than its own.
func (h *deskHub) watch(c *deskClient, conversation string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.watched = conversation
}

// all returns the clients of the moment.
func (h *deskHub) all() []*deskClient {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.clients))
}

// sees reports whether the client may see a conversation that stands so. The
// caller holds the lock.
func (h *deskHub) sees(c *deskClient, s *bot.Service) bool {
	return c.actor.Sees(h.seats[c.actor.ID], s)
}

// receive takes a hint from the bus.
func (h *deskHub) receive(hint bot.Hint) {
	switch {
	case hint.Typing == bot.FromVisitor:
		h.pass(hint.Conversation, encodeDesk(typingDesk{"typing", hint.Conversation}))
	case hint.Read > 0:
		h.pass(hint.Conversation, encodeDesk(readDesk{"read", hint.Conversation, hint.Read}))
	case hint.Typing != "", hint.Queue != nil, hint.Seen > 0: // for visitors
	case len(hint.Messages) == 0:
		h.heardOf(hint)
	default:
		h.grown(hint)
	}
}

// pass sends a frame to who owns a conversation and who looks at it.
func (h *deskHub) pass(conversation string, frame []byte) {
	h.mu.Lock()
	s := h.known[conversation]
	to := h.audience(conversation, &s, s.Phase == bot.WithAgent)
	h.mu.Unlock()
	for c := range to {
		c.conn.Send(frame)
	}
}

// audience returns who gets the messages of a conversation, and whether as one of
// those who own or supervise it. The caller holds the lock.
func (h *deskHub) audience(conversation string, s *bot.Service, served bool) map[*deskClient]bool {
	to := map[*deskClient]bool{}
	for c := range h.clients {
		owns := served && s.Owner == c.actor.ID
		if owns || c.watched == conversation && h.sees(c, s) {
			to[c] = s.Owner == c.actor.ID || c.actor.Supervisor
		}
	}
	return to
}

// heardOf notes a hint of another process, which says only how far the
// conversation is. It comes again and again for some time.
func (h *deskHub) heardOf(hint bot.Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := max(h.seen[hint.Conversation], h.before[hint.Conversation])
	if len(h.clients) == 0 || hint.Seq <= from {
		return
	}
	h.seen[hint.Conversation] = hint.Seq
	c := h.change(hint.Conversation, nil, true)
	c.miss(from)
}

// grown brings the messages of a hint to who gets them, and then notes that the
// conversation has to be looked at.
func (h *deskHub) grown(hint bot.Hint) {
	service, served := bot.Service{}, false
	if hint.Service != nil {
		service = *hint.Service
		served = service.Phase == bot.WithAgent || hint.Was.Phase == bot.WithAgent && hint.Was.Owner == service.Owner
	}
	h.mu.Lock()
	somebody := len(h.clients) > 0
	to := h.audience(hint.Conversation, &service, served)
	h.mu.Unlock()
	if !somebody {
		return
	}
	h.send(to, hint.Messages)
	h.mu.Lock()
	defer h.mu.Unlock()
	from := max(h.seen[hint.Conversation], h.before[hint.Conversation])
	h.seen[hint.Conversation] = max(hint.Seq, from)
	if hint.Service == nil {
		return
	}
	c := h.change(hint.Conversation, hint.Was, moved(hint.Was, hint.Service))
	if first := hint.Messages[0].Seq; from > 0 && first > from+1 {
		c.miss(from)
	}
}

// moved reports whether others may see or have a conversation now.
func moved(was, is *bot.Service) bool {
	return was.Phase != is.Phase || was.Owner != is.Owner || was.OfferedTo != is.OfferedTo || was.Group != is.Group
}

// change returns what there is to tell of a conversation. The caller holds the
// lock.
func (h *deskHub) change(conversation string, was *bot.Service, moved bool) *change {
	c := h.dirty[conversation]
	if c == nil {
		c = &change{}
		if was != nil {
			before := *was
			c.was = &before
		}
		h.dirty[conversation] = c
	}
	if moved {
		c.moved = true
		wake(h.moves)
	}
	return c
}

// miss notes that the messages after the number have to be read.
func (c *change) miss(from int64) {
	if !c.missed || from < c.from {
		c.missed, c.from = true, from
	}
}

func wake(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default: // it will look anyway
	}
}

// send sends messages to their audience.
func (h *deskHub) send(to map[*deskClient]bool, messages []bot.Message) {
	if len(to) == 0 {
		return
	}
	for _, m := range messages {
		full := both(func(supervisor bool) []byte {
			return encodeDesk(messageDesk{"message", m.Conversation, messageOf(h.desk.rich, shownTo(supervisor, m))})
		})
		for c, inner := range to {
			if inner || m.Kind != bot.KindWhisper {
				c.conn.Send(full(c.actor.Supervisor))
			}
		}
	}
}

// both makes what is one thing for supervisors and another for agents, each when
// it is needed for the first time.
func both(frame func(supervisor bool) []byte) func(supervisor bool) []byte {
	made := map[bool][]byte{}
	return func(supervisor bool) []byte {
		if made[supervisor] == nil {
			made[supervisor] = frame(supervisor)
		}
		return made[supervisor]
	}
}

// tellLoop tells of what has changed.
func (h *deskHub) tellLoop(ctx context.Context) {
	tick := time.NewTicker(h.beat / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.moves:
			h.tellMoved(ctx)
		case <-tick.C:
			h.tellGrown(ctx)
		}
	}
}

// tellMoved tells of the conversations that have moved.
func (h *deskHub) tellMoved(ctx context.Context) {
	for id, c := range h.take(true) {
		h.tell(ctx, id, c)
	}
}

// tellGrown tells of all that has changed. Those that move meanwhile go first.
func (h *deskHub) tellGrown(ctx context.Context) {
	for id, c := range h.take(false) {
		select {
		case <-h.moves:
			h.tellMoved(ctx)
		default:
		}
		h.tell(ctx, id, c)
	}
}

// take returns the changes that are not told yet: all, or those of conversations
// that have moved.
func (h *deskHub) take(onlyMoved bool) map[string]*change {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := map[string]*change{}
	for id, c := range h.dirty {
		if c.moved || !onlyMoved {
			taken[id] = c
			delete(h.dirty, id)
		}
	}
	return taken
}

// tell tells of a change. What cannot be read now is told when it changes again.
func (h *deskHub) tell(ctx context.Context, id string, c *change) {
	limited, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if err := h.tellChange(limited, id, c); err != nil && ctx.Err() == nil {
		h.log.Warn("the desk cannot be told of a conversation", zap.String("conversation", id), zap.Error(err))
	}
}

// tellChange reads a conversation and tells those who may see it, or could.
func (h *deskHub) tellChange(ctx context.Context, id string, change *change) error {
	c, err := h.desk.Conversation(ctx, id)
	if errors.Is(err, bot.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	was := h.stood(&c, change)
	if was.Phase == bot.WithBot && c.Service.Phase == bot.WithBot {
		return nil // no matter of the desk
	}
	item, err := h.desk.ItemOf(ctx, c)
	if err != nil {
		return err
	}
	if change.missed {
		if err := h.sendMissed(ctx, &c, change.from); err != nil {
			return err
		}
	}
	h.sendItem(&was, &item)
	return nil
}

// stood returns how clients think that the conversation stands. Where nobody can
// say, it may have waited where it has come from.
func (h *deskHub) stood(c *bot.Conversation, change *change) bot.Service {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, known := h.known[c.ID]
	switch {
	case known:
		return was
	case change.was != nil:
		return *change.was
	case c.Service.Phase == bot.WithBot:
		return bot.Service{}
	}
	return bot.Service{Phase: bot.InQueue, Group: c.Service.Group}
}

// sendMissed sends the messages whose hints did not come here.
func (h *deskHub) sendMissed(ctx context.Context, c *bot.Conversation, from int64) error {
	h.mu.Lock()
	to := h.audience(c.ID, &c.Service, c.Service.Phase == bot.WithAgent)
	h.mu.Unlock()
	if len(to) == 0 {
		return nil
	}
	missed, err := h.desk.Engine.Store.After(ctx, c.ID, max(from, c.Seq-missedAtOnce), missedAtOnce)
	if err != nil {
		return err
	}
	h.send(to, missed)
	return nil
}

// sendItem sends how the conversation stands to all who may see it, and to those
// who might before that it is gone.
func (h *deskHub) sendItem(was *bot.Service, item *bot.Item) {
	s := &item.Conversation.Service
	gone := goneDesk{T: "gone", Conversation: item.Conversation.ID}
	if s.Phase == bot.WithAgent {
		gone.Nick = s.Nick
	}
	away := both(func(bool) []byte { return encodeDesk(gone) })
	here := both(func(supervisor bool) []byte { return encodeDesk(itemDesk{"item", lineOf(supervisor, item)}) })

	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Phase == bot.WithBot {
		delete(h.known, item.Conversation.ID)
	} else if len(h.clients) > 0 {
		h.known[item.Conversation.ID] = *s
	}
	for c := range h.clients {
		switch {
		case h.sees(c, s):
			c.conn.Send(here(c.actor.Supervisor))
		case h.sees(c, was):
			c.conn.Send(away(false))
		}
	}
}
