package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/crashtest/visitor"
	"faqbot/knowledge/kbtest/pgtest"
)

// nodeRules let an agent be lost after a short time.
const nodeRules = "seat: {lost: 6s}\n"

// outage is how a node fails, and how it comes back if it does.
type outage struct {
	name string
	fail func(*node)
	heal func(*node)
}

// TestServeThreeNodesPostgreSQL has a node fail in the middle of handoffs, with
// what its agents do on its way to the database. The others go on, and what those
// agents had is with other agents soon. The node that comes back changes nothing
// of what its agents have not any more.
func TestServeThreeNodesPostgreSQL(t *testing.T) {
	if os.Getenv(pgtest.Env) == "" {
		t.Skipf("PostgreSQL is not tested: set %s to the address of a server", pgtest.Env)
	}
	needNetworks(t)
	t.Parallel()
	binary := buildProgram(t)
	for _, o := range []outage{
		{name: "Killed", fail: func(n *node) { n.kill(); n.database.drop(n.database.servers()...) }},
		{
			name: "Stopped",
			fail: func(n *node) { n.signal(syscall.SIGSTOP) },
			heal: func(n *node) { n.signal(syscall.SIGCONT) },
		},
		{name: "CutOff", fail: func(n *node) { n.plug("down") }, heal: func(n *node) { n.plug("up") }},
	} {
		// One after the other: each node may have 16 connections to the database.
		t.Run(o.name, func(t *testing.T) { testOutage(t, newShift(t, binary), o) })
	}
}

func testOutage(t *testing.T, s *shift, o outage) {
	s.crowd(30)
	lost := s.serveSome()
	failing := s.nodes[0]
	late := s.fail(failing, o)
	failed := time.Now()

	s.crowd(3)
	s.quiet()
	eventually(t, func() error {
		waiting := idsOf(s.zhao.list("queue"))
		if front := waiting[:min(len(lost), len(waiting))]; !sameSet(front, lost) {
			return fmt.Errorf("the queue begins with %q, which should be %q", front, lost)
		}
		return nil
	})
	s.zhao.be(bot.Online)
	s.qian.be(bot.Online)
	s.takeAll()
	t.Logf("others have all %v after the failure", time.Since(failed).Round(time.Millisecond))

	for _, l := range late.held {
		close(l.free)
	}
	if o.heal != nil {
		s.comeBack(failing, o, lost[0])
	}
	late.refused(t)
	s.closeAll()
	s.verify(lost, late.lines)
}

// shift is people at a cluster: visitors who come by the balancer, the agents li
// and wang at the first node, zhao and qian at the second.
type shift struct {
	*cluster
	li, wang, zhao, qian *seated
	recorder             *history.Recorder
	visitors             []*visitor.Visitor
	said                 map[string]line // what agents said and was acknowledged, by id
}

func newShift(t *testing.T, binary string) *shift {
	s := &shift{cluster: newCluster(t, binary, shop, nodeRules, 3), recorder: history.NewRecorder(), said: map[string]line{}}
	last := s.nodes[2] // its link for the first account is the one that works
	boss := firstAdmin(t, last.url, last.out).hire("boss", "班长", "supervisor", "admin")
	seat := func(at *node, name, nick string, most int, presence bot.Presence) *seated {
		c := boss.hire(name, nick, "agent")
		boss.do(http.MethodPut, "/seats/"+c.id, map[string]any{"groups": []string{}, "most": most}, nil)
		c.url = at.url
		c.signIn(clerkPassword)
		return sit(c, presence)
	}
	s.zhao = seat(s.nodes[1], "zhao", "小赵", 30, bot.Resting)
	s.qian = seat(s.nodes[1], "qian", "小钱", 30, bot.Resting)
	s.li = seat(s.nodes[0], "li", "小李", 5, bot.Online)
	s.wang = seat(s.nodes[0], "wang", "小王", 5, bot.Online)
	return s
}

// seated is an agent whose browser gives signs of life.
type seated struct {
	*clerk
	presence atomic.Value // a bot.Presence
	leave    func()       // ends the signs of life
}

const heartbeat = 300 * time.Millisecond

func sit(c *clerk, presence bot.Presence) *seated {
	c.t.Helper()
	s := &seated{clerk: c}
	s.be(presence)
	end, ended := make(chan struct{}), make(chan struct{})
	s.leave = sync.OnceFunc(func() { close(end); <-ended })
	go func() {
		defer close(ended)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _, _ = s.call(http.MethodPut, "/desk/presence", presenceBody(s.presence.Load().(bot.Presence))) // the next may come through
			case <-end:
				return
			}
		}
	}()
	c.t.Cleanup(s.leave)
	return s
}

func presenceBody(p bot.Presence) map[string]bot.Presence {
	return map[string]bot.Presence{"presence": p}
}

func (s *seated) be(p bot.Presence) {
	s.t.Helper()
	s.presence.Store(p)
	s.do(http.MethodPut, "/desk/presence", presenceBody(p), nil)
}

func talkPath(conversation, what string) string { return "/desk/conversations/" + conversation + what }

// take takes what is offered to the agent, until they have so many, and returns
// what they have.
func (s *seated) take(most int) []string {
	s.t.Helper()
	mine := idsOf(s.list("mine"))
	for _, c := range s.list("queue") {
		if c.OfferedTo != s.id || len(mine) >= most {
			continue
		}
		if status, text := s.try(http.MethodPost, talkPath(c.ID, "/accept"), struct{}{}, nil); status == http.StatusOK {
			mine = append(mine, c.ID)
		} else if !refusal(status) { // the desk may be about to move it
			s.t.Fatalf("accept: %d %s", status, text)
		}
	}
	return mine
}

// refusal reports whether an answer says that nothing was done: the conversation
// is with somebody else, or nothing can be stored now.
func refusal(status int) bool {
	return status == http.StatusConflict || status == http.StatusNotFound || status == http.StatusServiceUnavailable
}

func idsOf(list []listed) (ids []string) {
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// crowd has visitors come by the balancer, ask, and want a human.
func (s *shift) crowd(count int) {
	s.t.Helper()
	var came []*visitor.Visitor
	for range count {
		v := s.visit("http://" + s.front.address())
		v.Send(visitor.Outgoing{Kind: bot.KindText, Text: "怎么开发票"})
		v.Send(visitor.Outgoing{Kind: bot.KindText, Text: "转人工"})
		came = append(came, v)
	}
	s.settle(came)
}

// visit has a visitor come, and stay until the test ends.
func (s *shift) visit(url string) *visitor.Visitor {
	name := fmt.Sprintf("v%d", len(s.visitors))
	v := visitor.New(visitor.Config{
		URL: url, Person: name, Client: name + "a", Note: s.recorder.Add,
		HTTP:   &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}},
		Dialer: &websocket.Dialer{HandshakeTimeout: patience}, Rand: rand.New(rand.NewPCG(1, uint64(len(s.visitors)))),
		FirstPause: 10 * time.Millisecond, LongestPause: 250 * time.Millisecond, Patience: 0.1, Window: 1,
	})
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan struct{})
	go func() { defer close(left); v.Run(ctx) }()
	s.t.Cleanup(func() { leave(); <-left })
	s.visitors = append(s.visitors, v)
	return v
}

// settle waits until all that the visitors said is acknowledged.
func (s *shift) settle(visitors []*visitor.Visitor) {
	s.t.Helper()
	eventually(s.t, func() error {
		for i, v := range visitors {
			if state := v.State(); state.Unsent > 0 {
				return fmt.Errorf("visitor %d of %d waits: %+v", i+1, len(visitors), state)
			}
		}
		return nil
	})
}

func (s *shift) quiet() { s.t.Helper(); s.settle(s.visitors) }

func (s *shift) say(text string) {
	for _, v := range s.visitors {
		v.Send(visitor.Outgoing{Kind: bot.KindText, Text: text})
	}
}

// serveSome has li and wang accept four each, and talk. It returns these.
func (s *shift) serveSome() (served []string) {
	s.t.Helper()
	const each = 4
	eventually(s.t, func() error {
		served = append(s.li.take(each), s.wang.take(each)...)
		if len(served) < 2*each {
			return fmt.Errorf("li and wang have %d", len(served))
		}
		return nil
	})
	for i, id := range served {
		who := s.li
		if i >= each {
			who = s.wang
		}
		s.tell(who, id, "您好，请讲")
	}
	return served
}

// tell sends a line, which must be acknowledged.
func (s *shift) tell(who *seated, conversation, text string) {
	s.t.Helper()
	body := lineBody(text)
	var said struct{ Message line }
	who.do(http.MethodPost, talkPath(conversation, "/lines"), body, &said)
	s.said[body["id"]] = line{Conversation: conversation, Seq: said.Message.Seq, Text: text}
}

func lineBody(text string) map[string]string {
	return map[string]string{"id": "clerk-" + knowledgeID(), "kind": "text", "text": text}
}

// late is what agents asked of a node that failed.
type late struct {
	answers []<-chan outcome
	lines   []string // ids of what they said
	held    []*trap
}

type outcome struct {
	what, text string
	status     int
	err        error
}

func (l *late) ask(who *seated, conversation, what string, body any) {
	answered := make(chan outcome, 1)
	go func() {
		status, text, err := who.call(http.MethodPost, talkPath(conversation, what), body)
		answered <- outcome{who.name + " " + what, text, status, err}
	}()
	l.answers = append(l.answers, answered)
	if line, ok := body.(map[string]string); ok {
		l.lines = append(l.lines, line["id"])
	}
}

// refused checks that nothing of it was done, as far as anybody was told.
func (l *late) refused(t *testing.T) {
	t.Helper()
	deadline := time.After(patience)
	for _, answered := range l.answers {
		select {
		case o := <-answered:
			if o.err == nil && !refusal(o.status) {
				t.Errorf("%s: %d %s", o.what, o.status, o.text)
			}
		case <-deadline:
			t.Fatal("what was asked of the node that failed has no answer")
		}
	}
}

// fail has the node fail in the middle of three things: its commit that li has
// what is offered to her, its commit of a line of wang, and a line of li's whose
// transaction is about to begin, as what the visitors say there. If the node may
// come back, li asks for more meanwhile.
func (s *shift) fail(n *node, o outage) (l late) {
	s.t.Helper()
	offered := s.offer()
	mine, theirs := idsOf(s.li.list("mine")), idsOf(s.wang.list("mine"))
	s.li.leave()
	s.wang.leave()
	do := func(t *trap, who *seated, conversation, what string, body any) {
		s.t.Helper()
		l.ask(who, conversation, what, body)
		l.held = append(l.held, t)
		select {
		case <-t.caught:
		case <-time.After(patience):
			s.t.Fatalf("nothing to hold with %q", t.words)
		}
	}
	one, two := lineBody("我看一下"), lineBody("请稍等")
	do(n.database.holdCommit(offered, `"phase":"agent"`), s.li, offered, "/accept", struct{}{})
	do(n.database.holdCommit(one["id"]), s.wang, theirs[0], "/lines", one)
	do(n.database.holdBegin(two["id"]), s.li, mine[0], "/lines", two)
	s.say("还在吗") // whoever is at the node says it again at another one
	s.front.drop(n.host())
	o.fail(n)
	if o.heal != nil {
		l.ask(s.li, mine[1], "/lines", lineBody("久等了"))
		l.ask(s.li, mine[2], "/close", map[string]any{"solved": true})
	}
	return l
}

// offer waits until a conversation is offered to li.
func (s *shift) offer() (conversation string) {
	s.t.Helper()
	eventually(s.t, func() error {
		queue := s.li.list("queue")
		i := slices.IndexFunc(queue, func(c listed) bool { return c.OfferedTo == s.li.id })
		if i < 0 {
			return errors.New("nothing is offered to li")
		}
		conversation = queue[i].ID
		return nil
	})
	return conversation
}

// takeAll has zhao and qian take every conversation, and greet each visitor.
func (s *shift) takeAll() {
	s.t.Helper()
	var zhao, qian []string
	eventually(s.t, func() error {
		const all = 30
		zhao, qian = s.zhao.take(all), s.qian.take(all)
		if have := len(zhao) + len(qian); have < len(s.visitors) {
			return fmt.Errorf("zhao and qian have %d of %d", have, len(s.visitors))
		}
		return nil
	})
	s.tellAll("您好，我接着为您服务")
}

// each does something with every conversation of zhao and qian.
func (s *shift) each(do func(who *seated, conversation string)) {
	for _, who := range []*seated{s.zhao, s.qian} {
		for _, id := range idsOf(who.list("mine")) {
			do(who, id)
		}
	}
}

func (s *shift) tellAll(text string) {
	s.t.Helper()
	s.each(func(who *seated, conversation string) { s.tell(who, conversation, text) })
}

// comeBack brings the node back. It works again, and refuses what li wants to do
// with a conversation that she had.
func (s *shift) comeBack(n *node, o outage, had string) {
	s.t.Helper()
	o.heal(n)
	eventually(s.t, func() error {
		status, text, err := s.li.call(http.MethodPost, talkPath(had, "/lines"), lineBody("我回来了"))
		if err == nil && status != http.StatusConflict && status != http.StatusNotFound {
			err = fmt.Errorf("the node answers %d %s", status, text)
		}
		return err
	})
	s.front.add(n.host())
	v := s.visit(n.url)
	v.Send(visitor.Outgoing{Kind: bot.KindText, Text: "怎么开发票"})
	s.quiet()
}

// closeAll has zhao and qian end every conversation, and waits until the visitors
// have seen all.
func (s *shift) closeAll() {
	s.t.Helper()
	s.tellAll("还有什么可以帮您")
	s.each(func(who *seated, conversation string) {
		who.do(http.MethodPost, talkPath(conversation, "/close"), map[string]any{"solved": true}, nil)
	})
	s.quiet()
	last := map[string]int64{}
	for _, t := range s.log().Talks {
		last[t.Conversation.ID] = t.Conversation.Seq
	}
	eventually(s.t, func() error {
		for _, v := range s.visitors {
			if state := v.State(); state.Last < last[state.Conversation] {
				return fmt.Errorf("a visitor has seen #%d of %s, which is at #%d", state.Last, state.Conversation, last[state.Conversation])
			}
		}
		return nil
	})
}

// log reads what the database holds.
func (s *shift) log() (log history.Log) {
	s.t.Helper()
	store := conversations(s.t, s.dsn)
	err := store.Conversations(s.t.Context(), func(c bot.Conversation) error {
		log.Talks = append(log.Talks, history.Talk{Conversation: c})
		return nil
	})
	for i := range log.Talks {
		if err == nil {
			log.Talks[i].Messages, err = store.After(s.t.Context(), log.Talks[i].Conversation.ID, 0, 1000)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return log
}

// verify compares what everybody was told with what the database holds. Those that
// were lost came back from li and wang; the lines that nobody acknowledged are not
// there.
func (s *shift) verify(lost, refused []string) {
	s.t.Helper()
	log, events := s.log(), s.recorder.Events()
	for _, v := range history.Check(history.AsSeen(events, log)) {
		if v.Rule != history.Answered && v.Rule != history.Sourced { // agents answer, if they like
			s.t.Errorf("%s\n%s", v, history.Around(events, v, 40))
		}
	}
	said := map[string]line{}
	for _, t := range log.Talks {
		s.checkEnd(&t, slices.Contains(lost, t.Conversation.ID))
		for _, m := range t.Messages {
			if m.Author != bot.FromAgent || m.ClientID == "" {
				continue
			}
			if _, twice := said[m.ClientID]; twice || slices.Contains(refused, m.ClientID) {
				s.t.Errorf("a line that was refused, or is there twice: %+v", m)
			}
			said[m.ClientID] = line{Conversation: m.Conversation, Seq: m.Seq, Text: m.Text}
		}
	}
	for id, want := range s.said {
		if got := said[id]; !sameLine(got, want) {
			s.t.Errorf("the line %s is stored as %+v and was acknowledged as %+v", id, got, want)
		}
	}
	if len(said) != len(s.said) {
		s.t.Errorf("%d lines of agents are stored, %d were acknowledged", len(said), len(s.said))
	}
}

func sameLine(a, b line) bool {
	return a.Conversation == b.Conversation && a.Seq == b.Seq && a.Text == b.Text
}

// checkEnd checks who had a conversation, and that it has ended if it came to a
// human.
func (s *shift) checkEnd(t *history.Talk, lost bool) {
	var way []string
	asked := false
	for _, m := range t.Messages {
		asked = asked || m.Kind == bot.KindQueued
		if m.Kind == bot.KindAccepted || m.Kind == bot.KindRequeued {
			way = append(way, string(m.Kind)+" "+m.Card.Nick)
		}
	}
	story, c := strings.Join(way, ", "), &t.Conversation
	theirs := story == "accepted 小赵" || story == "accepted 小钱"
	if lost {
		before, after, found := strings.Cut(story, ", requeued ")
		who, last, _ := strings.Cut(after, ", ")
		theirs = found && (who == "小李" || who == "小王") && before == "accepted "+who && (last == "accepted 小赵" || last == "accepted 小钱")
	}
	if asked && (!theirs || c.State != bot.StateClosed) {
		text, _ := json.Marshal(c.Service)
		s.t.Errorf("conversation %s is %s: %s; it was %s", c.ID, c.State, text, story)
	}
}
