package history

import (
	"fmt"

	"faqbot/bot"
)

// Rule is a sentence that every history must keep.
type Rule string

// The rules. P1 to P5 and P8 are the promises of the program.
const (
	Kept      Rule = "P1: an acknowledged message is in the log, as it was sent"
	Once      Rule = "P2: a message is in the log once at most, whatever was resent"
	SameAck   Rule = "P2: a message that is sent again gets the same ack"
	Refused   Rule = "a message that was refused for good is not in the log"
	Invented  Rule = "the log holds only messages that somebody sent, with the author's own in his conversations"
	Numbers   Rule = "P3: the messages of a conversation are numbered 1, 2, 3 … without a hole"
	InOrder   Rule = "P3: a client shows messages in order, each once, and never past a gap"
	True      Rule = "P3: what a client showed is what the log holds"
	Whole     Rule = "P4: in the end every client has seen the whole log"
	Owned     Rule = "P5: a conversation has one owner at most: it is accepted when nobody has it, and no other agent speaks"
	Answered  Rule = "a question has one reply, which follows it"
	Sourced   Rule = "P8: a reply names the state of the knowledge it came from, which never goes back"
	LeaveKept Rule = "P1: an acknowledged leave-message is kept, once"
	Protocol  Rule = "the server keeps to the protocol"
)

// Violation is a rule that was broken, and where.
type Violation struct {
	Rule Rule
	What string
	// Where to look in the history; empty or zero if it is not about one.
	Client, ClientID, Conversation string
	Seq                            int64
}

func (v Violation) String() string { return fmt.Sprintf("%s\n  but %s", v.Rule, v.What) }

// Check returns every violation in the history. The log must be read after the
// last event.
func Check(events []Event, log Log) []Violation {
	c := newChecker(events, log)
	c.checkSends()
	c.checkTalks()
	c.checkViews()
	c.checkWhole()
	c.checkLeaves()
	return c.found
}

// send is all that is known of one message of a visitor.
type send struct {
	first   Event // the first invoke
	invoked int
	ok      *Event
	other   *Event // an ack that says something else than the first
	fail    *Event
}

// sendsOf gathers the sends by client id.
func sendsOf(events []Event) map[string]*send {
	sends := map[string]*send{}
	for i := range events {
		e := &events[i]
		s := sends[e.ClientID]
		if s == nil && e.Kind == Invoke {
			s = &send{first: *e}
			sends[e.ClientID] = s
		}
		if s != nil {
			s.note(e)
		}
	}
	return sends
}

func (s *send) note(e *Event) {
	switch {
	case e.Kind == Invoke:
		s.invoked++
	case e.Kind == Fail:
		s.fail = e
	case e.Kind != OK:
	case s.ok == nil:
		s.ok = e
	case s.ok.Conversation != e.Conversation || s.ok.Seq != e.Seq:
		s.other = e
	}
}

// place is where a message lies.
type place struct {
	conversation string
	seq          int64
}

func (p place) String() string { return fmt.Sprintf("%s #%d", p.conversation, p.seq) }

type checker struct {
	events []Event
	log    Log
	sends  map[string]*send
	at     map[place]*bot.Message
	placed map[string][]*bot.Message // by client id
	owners map[string]string         // of conversations: the person
	found  []Violation
}

func newChecker(events []Event, log Log) *checker {
	c := &checker{
		events: events, log: log, sends: sendsOf(events),
		at: map[place]*bot.Message{}, placed: map[string][]*bot.Message{}, owners: map[string]string{},
	}
	for i := range log.Talks {
		messages := log.Talks[i].Messages
		for j := range messages {
			m := &messages[j]
			c.at[place{m.Conversation, m.Seq}] = m
			if m.ClientID != "" {
				c.placed[m.ClientID] = append(c.placed[m.ClientID], m)
			}
		}
	}
	return c
}

func (c *checker) violated(rule Rule, about Event, format string, args ...any) {
	c.found = append(c.found, Violation{
		Rule: rule, What: fmt.Sprintf(format, args...),
		Client: about.Client, ClientID: about.ClientID, Conversation: about.Conversation, Seq: about.Seq,
	})
}

// checkSends compares what senders know with what is in the log.
func (c *checker) checkSends() {
	for id, s := range c.sends {
		where := c.placed[id]
		switch {
		case s.ok != nil && len(where) == 0:
			c.violated(Kept, *s.ok, "%s of %s was acknowledged as %s #%d and is not there", id, s.first.Visitor, s.ok.Conversation, s.ok.Seq)
		case s.ok != nil && !c.isAsSent(s):
			c.violated(Kept, *s.ok, "%s was acknowledged as %s #%d, where something else lies", id, s.ok.Conversation, s.ok.Seq)
		case s.ok == nil && s.fail != nil && len(where) > 0:
			c.violated(Refused, *s.fail, "%s was refused (%s) and is stored as %s #%d", id, s.fail.Text, where[0].Conversation, where[0].Seq)
		}
		if len(where) > 1 {
			c.violated(Once, s.first, "%s lies there %d times, as %s #%d and %s #%d", id, len(where),
				where[0].Conversation, where[0].Seq, where[1].Conversation, where[1].Seq)
		}
		if s.other != nil {
			c.violated(SameAck, *s.other, "%s was acknowledged as %s #%d and again as %s #%d", id,
				s.ok.Conversation, s.ok.Seq, s.other.Conversation, s.other.Seq)
		}
		if s.ok != nil && s.fail != nil {
			c.violated(SameAck, *s.fail, "%s was acknowledged, and refused as well (%s)", id, s.fail.Text)
		}
	}
}

// isAsSent reports whether the place that the ack names holds the message.
func (c *checker) isAsSent(s *send) bool {
	m := c.at[place{s.ok.Conversation, s.ok.Seq}]
	return m != nil && m.ClientID == s.first.ClientID && m.Author == bot.FromVisitor &&
		m.Kind == s.first.Type && m.Text == s.first.Text
}

// checkTalks checks each conversation by itself.
func (c *checker) checkTalks() {
	for i := range c.log.Talks {
		t := &c.log.Talks[i]
		c.checkNumbers(t)
		c.checkAuthors(t)
		c.checkReplies(t)
		c.checkOwners(t)
	}
}

func (c *checker) checkNumbers(t *Talk) {
	about := Event{Conversation: t.Conversation.ID}
	for i, m := range t.Messages {
		if m.Seq != int64(i+1) {
			about.Seq = m.Seq
			c.violated(Numbers, about, "message %d of %s has the number %d", i+1, t.Conversation.ID, m.Seq)
			return
		}
	}
	if t.Conversation.Seq != int64(len(t.Messages)) {
		c.violated(Numbers, about, "%s is at %d and holds %d messages", t.Conversation.ID, t.Conversation.Seq, len(t.Messages))
	}
}

// checkAuthors finds whose the conversation is.
func (c *checker) checkAuthors(t *Talk) {
	for _, m := range t.Messages {
		about := Event{Conversation: m.Conversation, Seq: m.Seq, ClientID: m.ClientID}
		s := c.sends[m.ClientID]
		switch owner := c.owners[m.Conversation]; {
		case m.Author != bot.FromVisitor && m.ClientID == "":
		case s == nil:
			c.violated(Invented, about, "nobody sent %s #%d %q", m.Conversation, m.Seq, m.Text)
		case owner == "":
			c.owners[m.Conversation] = s.first.Visitor
		case owner != s.first.Visitor:
			c.violated(Invented, about, "%s #%d is by %s in a conversation of %s", m.Conversation, m.Seq, s.first.Visitor, owner)
		}
	}
}

// asks reports whether a message is a question.
func asks(m *bot.Message) bool {
	return m.Author == bot.FromVisitor && (m.Kind == bot.KindText || m.Kind == bot.KindPick)
}

// checkReplies checks that each question has one reply and its trace.
func (c *checker) checkReplies(t *Talk) {
	traces := map[int64][]*bot.TurnTrace{}
	for i := range t.Traces {
		traces[t.Traces[i].Seq] = append(traces[t.Traces[i].Seq], &t.Traces[i])
	}
	var revision int64
	for i := range t.Messages {
		question := &t.Messages[i]
		if !asks(question) {
			continue
		}
		about := Event{Conversation: question.Conversation, Seq: question.Seq, ClientID: question.ClientID}
		replies := repliesTo(t.Messages[i+1:])
		if what := wrongReply(question, replies, traces[question.Seq]); what != "" {
			c.violated(Answered, about, "%s #%d %q: %s", question.Conversation, question.Seq, question.Text, what)
			continue
		}
		trace := traces[question.Seq][0]
		if what := c.wrongRevision(trace, replies, revision); what != "" {
			c.violated(Sourced, about, "%s #%d %q: %s", question.Conversation, question.Seq, question.Text, what)
		}
		revision = max(revision, trace.Revision)
	}
}

// repliesTo returns the messages up to the next of the visitor.
func repliesTo(after []bot.Message) []bot.Message {
	for i := range after {
		if after[i].Author == bot.FromVisitor {
			return after[:i]
		}
	}
	return after
}

// wrongReply says what is wrong with the replies to a question. A turn never says
// the same thing twice: that would be two turns.
func wrongReply(question *bot.Message, replies []bot.Message, traces []*bot.TurnTrace) string {
	switch {
	case len(replies) == 0:
		return "no reply follows it"
	case len(traces) != 1:
		return fmt.Sprintf("it has %d traces", len(traces))
	case traces[0].Reply != question.Seq+1:
		return fmt.Sprintf("its trace names #%d as the reply", traces[0].Reply)
	}
	type said struct {
		kind bot.MessageKind
		text string
	}
	before := map[said]bool{}
	for _, r := range replies {
		if r.Kind != bot.KindClosed && before[said{r.Kind, r.Text}] {
			return fmt.Sprintf("#%d repeats the reply %q", r.Seq, r.Text)
		}
		before[said{r.Kind, r.Text}] = true
	}
	return ""
}

// wrongRevision says what is wrong with the state of the knowledge in a trace.
// Rules that speak before the matching need none.
func (c *checker) wrongRevision(t *bot.TurnTrace, replies []bot.Message, before int64) string {
	matched := len(t.Trace) > 0
	for _, r := range replies {
		matched = matched || r.Kind == bot.KindAnswer || r.Kind == bot.KindOffer
	}
	switch {
	case !matched:
		return ""
	case t.Revision < 1 || t.Revision > c.log.Revision:
		return fmt.Sprintf("its trace names state %d of the knowledge, the newest is %d", t.Revision, c.log.Revision)
	case t.Revision < before:
		return fmt.Sprintf("it was answered from state %d of the knowledge, after a reply from %d", t.Revision, before)
	}
	return ""
}

// checkLeaves compares the leave-messages with the messages.
func (c *checker) checkLeaves() {
	kept := map[place]int{}
	for _, l := range c.log.Leaves {
		kept[place{l.Conversation, l.Seq}]++
	}
	for where, m := range c.at {
		if m.Kind == bot.KindLeave && kept[where] != 1 {
			about := Event{Conversation: m.Conversation, Seq: m.Seq, ClientID: m.ClientID}
			c.violated(LeaveKept, about, "%s is kept %d times", where, kept[where])
		}
		delete(kept, where)
	}
	for where := range kept {
		c.violated(LeaveKept, Event{Conversation: where.conversation, Seq: where.seq}, "one is kept for %s, where no message lies", where)
	}
}
