package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"faqbot/bot"
	"faqbot/cmd/crashtest/visitor"
)

// floor is all agents and visitors, and what they are about to do.
type floor struct {
	*hall
	http     *http.Client // of the agents
	agents   []*agent
	visitors []*customer
	life     context.Context // ends when all shall leave
	end      func()          // waits for that
	leave    chan struct{}
	sockets  sync.WaitGroup // of the agents
	working  sync.WaitGroup // what was begun by itself
	repeats  atomic.Int64   // requests whose connection ended before the answer

	asks, accepts, lines, answers, offers *stopwatch

	mu        sync.Mutex // guards all below
	rand      *rand.Rand
	news      *news
	customers map[string]*customer // by conversation
	owners    map[string]*agent    // who was offered the conversation
	talks     []*talk
	exchanges map[string]*talk // by line, until it is answered
	said      map[string]said  // by the id of the line
	aged      times            // how old offers were when agents saw them
	late      int              // offers that had gone on
	dozed     int              // how often an agent was set to away
	accepting map[string]bool  // conversations that somebody accepts or has accepted
	spoken    int
	skipped   int // for want of somebody to do it with
	leaving   bool
	failed    []error
}

// customer is a visitor who wants a human.
type customer struct {
	tab
	floor  *floor
	name   string
	queued chan struct{} // closed when the wait has begun
	once   sync.Once
}

// talk is a conversation with an agent.
type talk struct {
	conversation string
	agent        *agent
	busy         int // lines that were not answered yet
	closing      bool
}

// said is a line as the desk acknowledged it.
type said struct {
	agent        string
	conversation string
	seq          int64
	text         string
}

// newFloor opens the floor; nobody is there yet.
func newFloor(ctx context.Context, h *hall) *floor {
	f := &floor{
		hall: h, life: ctx, leave: make(chan struct{}), rand: h.crowd.random(0, "floor"),
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
		asks: newStopwatch(), accepts: newStopwatch(), lines: newStopwatch(), answers: newStopwatch(), offers: newStopwatch(),
		news:      &news{told: map[string]told{}},
		customers: map[string]*customer{}, owners: map[string]*agent{}, accepting: map[string]bool{}, exchanges: map[string]*talk{}, said: map[string]said{},
	}
	f.end = sync.OnceFunc(func() {
		close(f.leave)
		f.crowd.end()
		f.sockets.Wait()
		f.working.Wait()
	})
	for i := range h.desk.agents {
		f.agents = append(f.agents, &agent{floor: f, name: agentName(i), address: fmt.Sprintf("10.200.%d.%d", i>>8, i&255)})
	}
	return f
}

// open lets visitors in and waits until all are connected.
func (f *floor) open(ctx context.Context, count int) error {
	for range count {
		n := f.crowd.number()
		c := &customer{floor: f, name: fmt.Sprintf("v%d", n), queued: make(chan struct{})}
		s := f.crowd.settings(n, "a")
		s.FirstPause, s.LongestPause, s.Patience = browserFirst, browserLongest, 1
		s.Seen = func(m visitor.Message) { f.shown(c, &m) }
		s.Placed = func(_ string, ahead int) { f.placed(c, ahead) }
		c.tab = f.crowd.open(f.life, s)
		f.visitors = append(f.visitors, c)
	}
	return f.until(ctx, "the visitors are connected", f.quiet)
}

// quiet reports whether all visitors are connected and have said all.
func (f *floor) quiet() bool {
	for _, c := range f.visitors {
		if s := c.State(); !s.Connected || s.Unsent > 0 {
			return false
		}
	}
	return true
}

// begin starts the measurement.
func (f *floor) begin() {
	now := time.Now()
	for _, w := range []*stopwatch{f.accepts, f.lines, f.answers, f.offers} {
		w.restart(now)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.news.begin()
	f.aged = nil
}

// underWay is how much was done that was not seen yet.
func (f *floor) underWay() int {
	return f.accepts.underWay() + f.lines.underWay() + f.answers.underWay()
}

func (f *floor) serving() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.talks)
}

func (f *floor) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.leaving {
		f.failed = append(f.failed, err)
	}
}

// dropped notes the end of an agent's socket.
func (f *floor) dropped(a *agent, err error) {
	f.fail(fmt.Errorf("the socket of %s ended: %w", a.name, err))
}

// later does something after a random time between half and all of it.
func (f *floor) later(most time.Duration, do func(due time.Time)) {
	f.mu.Lock()
	wait := most/2 + time.Duration(f.rand.Int64N(int64(most/2)))
	f.mu.Unlock()
	due := time.Now().Add(wait)
	f.working.Go(func() {
		if pause(f.life, wait) == nil {
			do(due)
		}
	})
}

// offerTime is how long an offer stands, by the rules of the sample.
const offerTime = 30 * time.Second

// How long people take, at most.
const (
	lookTime   = 500 * time.Millisecond // to see an offer
	greetTime  = 2 * time.Second        // to think of the first line
	answerTime = 3 * time.Second
)

// ask has the visitor ask for a human and waits until the wait has begun.
func (c *customer) ask(ctx context.Context) error {
	c.floor.asks.begin(c.name, time.Now())
	c.Send(visitor.Outgoing{Kind: bot.KindHandoff})
	select {
	case <-c.queued:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s waits for a place in the queue: %w", c.name, ctx.Err())
	}
}

// shown takes what a visitor sees.
func (f *floor) shown(c *customer, m *visitor.Message) {
	switch {
	case m.Kind == bot.KindQueued:
		f.asks.end(c.name)
		f.mu.Lock()
		f.customers[m.Conversation] = c
		f.mu.Unlock()
		c.once.Do(func() { close(c.queued) })
	case m.Kind == bot.KindAccepted:
		f.accepts.end(m.Conversation)
	case m.Author == bot.FromAgent:
		f.spokenTo(c, m)
	case m.Kind == bot.KindLeaveForm, m.Kind == bot.KindReturned, m.Kind == bot.KindRequeued:
		f.fail(fmt.Errorf("%s was shown %s %q", c.name, m.Kind, m.Text))
	}
}

// placed takes the place that a visitor is told.
func (f *floor) placed(c *customer, ahead int) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.news.tell(c.name, ahead, now)
}

// offered takes an offer to an agent, who accepts it after a look. Offers may be
// told several times. One that came late may have gone on to another agent.
func (f *floor) offered(a *agent, item *deskItem) {
	conversation, age := item.ID, offerTime-time.Until(time.UnixMilli(item.Until))
	f.mu.Lock()
	before, freed := f.owners[conversation], ""
	if before == a || f.accepting[conversation] {
		f.mu.Unlock()
		return
	}
	f.owners[conversation] = a
	f.aged.add(age)
	if before != nil {
		f.late++
	} else if len(a.freed) > 0 {
		freed, a.freed = a.freed[0], a.freed[1:]
	}
	f.mu.Unlock()
	f.offers.end(freed)
	f.later(lookTime, func(due time.Time) { f.accept(a, conversation, due) })
}

// away has an agent, whom the desk thinks away, say that this is not so.
func (f *floor) away(a *agent) {
	f.mu.Lock()
	f.dozed++
	f.mu.Unlock()
	f.later(lookTime, func(time.Time) {
		if err := a.online(f.life); err != nil {
			f.fail(fmt.Errorf("%s is back: %w", a.name, err))
		}
	})
}

// accept has an agent accept a conversation and greet the visitor.
func (f *floor) accept(a *agent, conversation string, due time.Time) {
	f.mu.Lock()
	offered := f.owners[conversation] == a && !f.accepting[conversation]
	if offered {
		f.accepting[conversation] = true
		f.news.accepted(due)
	}
	f.mu.Unlock()
	if !offered {
		return
	}
	f.accepts.begin(conversation, due)
	if err := a.call(f.life, http.MethodPost, talksPath+conversation+"/accept", nil, nil); err != nil {
		f.fail(fmt.Errorf("%s accepts: %w", a.name, err))
		return
	}
	t := &talk{conversation: conversation, agent: a, busy: 1}
	f.mu.Lock()
	f.talks = append(f.talks, t)
	f.mu.Unlock()
	f.later(greetTime, func(due time.Time) { f.speak(t, due) })
}

// pick chooses a conversation for which ok is true, and changes it. It returns nil
// if there is none soon.
func (f *floor) pick(ok func(*talk) bool, change func(*talk)) *talk {
	const attempts = 100
	f.mu.Lock()
	defer f.mu.Unlock()
	for range attempts {
		if len(f.talks) == 0 {
			break
		}
		if t := f.talks[f.rand.IntN(len(f.talks))]; !t.closing && ok(t) {
			change(t)
			return t
		}
	}
	f.skipped++
	return nil
}

// line has some agent say something to one of their visitors.
func (f *floor) line(_ context.Context, due time.Time) {
	if t := f.pick(func(*talk) bool { return true }, func(t *talk) { t.busy++ }); t != nil {
		f.speak(t, due)
	}
}

// answerMark begins the answer of a visitor to a line, which follows.
const answerMark = "收到："

// speak sends a line, which the visitor will answer. Each line is another one, so
// that it is known where it is seen.
func (f *floor) speak(t *talk, due time.Time) {
	f.mu.Lock()
	f.spoken++
	id := fmt.Sprintf("%s-%07d", t.agent.name, f.spoken)
	text := "您好，这是第 " + id + " 句"
	f.exchanges[text] = t
	f.mu.Unlock()
	f.lines.begin(text, due)
	var reply deskSaid
	err := t.agent.call(f.life, http.MethodPost, talksPath+t.conversation+"/lines",
		map[string]string{"id": id, "kind": string(bot.KindText), "text": text}, &reply)
	if err != nil {
		f.fail(fmt.Errorf("%s says something: %w", t.agent.name, err))
		return
	}
	f.mu.Lock()
	f.said[id] = said{t.agent.id, t.conversation, reply.Message.Seq, text}
	f.mu.Unlock()
}

// spokenTo takes what a visitor is told by an agent; the visitor answers lines.
func (f *floor) spokenTo(c *customer, m *visitor.Message) {
	f.mu.Lock()
	t := f.exchanges[m.Text]
	own := t != nil && t.conversation == m.Conversation && f.customers[m.Conversation] == c
	f.mu.Unlock()
	if !own || !f.lines.end(m.Text) {
		f.fail(fmt.Errorf("%s was shown %q in %s, which is not for this visitor or was there before", c.name, m.Text, m.Conversation))
		return
	}
	line := m.Text
	f.later(answerTime, func(due time.Time) {
		f.answers.begin(answerMark+line, due)
		c.Send(say(answerMark + line))
	})
}

// heard takes a message that an agent's socket brings. They may come twice.
func (f *floor) heard(a *agent, m *deskMessage) {
	line, answers := strings.CutPrefix(m.Text, answerMark)
	f.mu.Lock()
	owner, t := f.owners[m.Conversation], f.exchanges[line]
	f.mu.Unlock()
	if owner != a {
		f.fail(fmt.Errorf("%s was sent #%d of %s, which is not %s's", a.name, m.Seq, m.Conversation, a.name))
		return
	}
	if !answers || m.Author != bot.FromVisitor || !f.answers.end(m.Text) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.exchanges, line)
	if t != nil {
		t.busy--
	}
}

// finish has some agent end a conversation in which nothing is under way; that
// makes room for one that waits.
func (f *floor) finish(ctx context.Context, due time.Time) {
	t := f.pick(func(t *talk) bool { return t.busy == 0 }, func(t *talk) { t.closing = true })
	if t == nil {
		return
	}
	f.mu.Lock()
	t.agent.freed = append(t.agent.freed, t.conversation)
	f.mu.Unlock()
	f.offers.begin(t.conversation, due)
	summary := map[string]any{"category": "宽带", "solved": true, "text": "已处理"}
	if err := t.agent.call(ctx, http.MethodPost, talksPath+t.conversation+"/close", summary, nil); err != nil {
		f.fail(fmt.Errorf("%s ends a conversation: %w", t.agent.name, err))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range f.talks {
		if other == t {
			f.talks = append(f.talks[:i], f.talks[i+1:]...)
			return
		}
	}
}
