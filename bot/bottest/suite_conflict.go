package bottest

import (
	"fmt"
	"strings"

	"faqbot/bot"
)

var conflictTests = []storeTest{
	{"a conversation that went on", func(f *fixture) {
		c := f.commit(opening("c", visitor("a"), minute(0)))
		f.commit(after(c, minute(1), asked("2", "问")))
		f.refused("the same number again", after(c, minute(2), asked("3", "又问")))
		f.refused("closing at an old number", closing(c, minute(2)))
		ahead := f.conversation("c")
		ahead.Seq++
		f.refused("a gap", after(ahead, minute(2), asked("3", "又问")))
		f.refused("opened again", opening("c", visitor("b"), minute(2)))
		closed := f.commit(closing(f.conversation("c"), minute(3)))
		f.refused("opened again after closing", opening("c", visitor("a"), minute(4)))
		closed.Seq--
		f.refused("a closed one at an old number", after(closed, minute(4), asked("3", "又问")))
	}},
	{"an unknown conversation", func(f *fixture) {
		c := opening("c", visitor("a"), minute(0)).Conversation
		f.refused("goes on", after(c, minute(1), asked("2", "问")))
	}},
	{"another visitor's conversation", func(f *fixture) {
		c := f.commit(opening("c", visitor("a"), minute(0)))
		c.Visitor = visitor("b")
		f.refused("goes on", after(c, minute(1), asked("2", "问")))
		f.refused("ends", closing(c, minute(1)))
	}},
	{"two open conversations of one visitor", func(f *fixture) {
		v := visitor("a")
		f.commit(closing(f.commit(opening("c0", v, minute(0))), minute(1)))
		f.commit(opening("c1", v, minute(2)))
		f.refused("a new one", opening("c2", v, minute(3)))
		again := after(f.conversation("c0"), minute(3), asked("2", "问"))
		again.Conversation.State = bot.StateOpen
		f.refused("a closed one opens again", again)
		f.refused("two in one commit", opening("d1", visitor("b"), minute(3)), opening("d2", visitor("b"), minute(3)))
		f.commit(opening("e1", visitor("b"), minute(3)))
		v.Account = "别的店"
		f.commit(opening("e2", v, minute(3)))
	}},
	{"a client id that is in use", func(f *fixture) {
		v := visitor("a")
		c := f.commit(opening("c", v, minute(0)))
		f.refused("in the same conversation", after(c, minute(1), asked("c-1", "再发一次")))
		f.refused("twice in one turn", after(c, minute(1), asked("2", "一"), asked("2", "二")))
		once, twice := after(c, minute(1), asked("2", "一")), after(c, minute(1), asked("2", "一"))
		twice.Was, twice.Conversation.Seq, twice.Messages[0].Seq = 3, 4, 4
		f.refused("twice in one commit", once, twice)
		closed := f.commit(closing(c, minute(2)))
		other := opening("d", v, minute(3))
		other.Messages[0].ClientID = "c-1"
		f.refused("in another conversation", other)
		theirs := opening("e", visitor("b"), minute(3))
		theirs.Messages[0].ClientID = "c-1" // another visitor's own
		f.commit(theirs)
		f.commit(after(closed, minute(4), replied("一"), replied("二"))) // without ids
	}},
	{"client ids of agents and visitors do not collide", testSenders},
	{"a second rating", func(f *fixture) {
		t := opening("c", visitor("a"), minute(0))
		t.Rating = &bot.Rating{Conversation: "c", Seq: 1, Stars: 5}
		c := f.commit(t)
		again := after(c, minute(1), asked("2", "一星"))
		again.Rating = &bot.Rating{Conversation: "c", Seq: 3, Stars: 1}
		f.refused("alone", again)
		f.refused("among others", opening("d", visitor("b"), minute(1)), again)
	}},
	{"a leave-message that is there", func(f *fixture) {
		f.commit(full("c", visitor("a")))
		again := opening("d", visitor("b"), minute(1))
		again.Leave = &bot.Leave{ID: "leave-c", Conversation: "d", Seq: 1, Visitor: visitor("b")}
		f.refused("alone", again)
		f.refused("among others", opening("e", visitor("c"), minute(1)), again)
	}},
	{"a second trace of a message", func(f *fixture) {
		c := f.commit(full("c", visitor("a")))
		again := after(c, minute(1), replied("又答"))
		again.Trace = &bot.TurnTrace{Conversation: "c", Seq: 1, Reply: 3}
		f.refused("alone", again)
		f.refused("among others", opening("e", visitor("c"), minute(1)), again)
	}},
}

// testSenders has a visitor and two agents use the same client id.
func testSenders(f *fixture) {
	v := visitor("a")
	c := f.commit(opening("c", v, minute(0)))
	for i, agent := range []string{"", "小红", "小明"} {
		m := asked("same", fmt.Sprint("第 ", i))
		if agent != "" {
			m.Author, m.Card.Agent = bot.FromAgent, agent
		}
		c = f.commit(after(c, minute(i), m))
		f.refused("sent again by "+agent, after(c, minute(i), m))
		got, err := f.store.Sent(f.ctx, m.Sender(v), "same")
		same(f, "Sent by "+agent, f.messages("c")[c.Seq-1])(got, err)
	}
	other := f.commit(opening("d", visitor("b"), minute(0)))
	f.refused("by the agent in another conversation", after(other, minute(1),
		bot.Message{ClientID: "same", Author: bot.FromAgent, Kind: bot.KindText, Card: bot.Card{Agent: "小明"}}))
	missing[bot.Message](f, "Sent by another agent")(f.store.Sent(f.ctx, bot.AgentKey("小刚"), "same"))
}

// mistake is what is wrong with a turn, made by break_.
type mistake struct {
	name   string
	break_ func(t *bot.Turn)
}

var mistakes = []mistake{
	{"no id", func(t *bot.Turn) { t.Conversation.ID = "" }},
	{"no message", func(t *bot.Turn) { t.Messages, t.Conversation.Seq = nil, 0 }},
	{"a negative number", func(t *bot.Turn) { t.Was = -1 }},
	{"a message of another conversation", func(t *bot.Turn) { t.Messages[1].Conversation = "d" }},
	{"numbers with a gap", func(t *bot.Turn) { t.Messages[1].Seq = 3 }},
	{"numbers out of order", func(t *bot.Turn) { t.Messages[0].Seq, t.Messages[1].Seq = 2, 1 }},
	{"numbers that begin late", func(t *bot.Turn) { t.Messages[0].Seq, t.Messages[1].Seq, t.Conversation.Seq = 2, 3, 3 }},
	{"another last number", func(t *bot.Turn) { t.Conversation.Seq = 3 }},
	{"no state", func(t *bot.Turn) { t.Conversation.State = "" }},
	{"a trace of another conversation", func(t *bot.Turn) { t.Trace.Conversation = "d" }},
	{"a trace of a message that is not there", func(t *bot.Turn) { t.Trace.Seq = 3 }},
	{"a leave-message of another conversation", func(t *bot.Turn) { t.Leave.Conversation = "d" }},
	{"a leave-message without id", func(t *bot.Turn) { t.Leave.ID = "" }},
	{"a rating of another conversation", func(t *bot.Turn) { t.Rating.Conversation = "d" }},
	{"a client id too long to be found by", func(t *bot.Turn) { t.Messages[0].ClientID = strings.Repeat("x", 5000) }},
	{"a visitor too long to be found by", func(t *bot.Turn) { t.Conversation.Visitor.ID = strings.Repeat("x", 5000) }},
	{"no such phase", func(t *bot.Turn) { t.Conversation.Service.Phase = "somewhere" }},
	{"with an agent who is nobody", func(t *bot.Turn) { t.Conversation.Service = bot.Service{Phase: bot.WithAgent} }},
	{"an owner too long to be found by", func(t *bot.Turn) { t.Conversation.Service.Owner = strings.Repeat("x", 5000) }},
	{"a client id of no agent", func(t *bot.Turn) { t.Messages[0].Author = bot.FromAgent }},
	{"NUL among those who passed", func(t *bot.Turn) { t.Conversation.Service.Passed = []string{"b", "\x00"} }},
	{"NUL in the nick of an agent", func(t *bot.Turn) { t.Messages[1].Card.Nick = "\x00" }},
	{"broken UTF-8 in the name of a file", func(t *bot.Turn) { t.Messages[1].Card.File = &bot.File{Name: "\xff"} }},
	{"NUL in the text", func(t *bot.Turn) { t.Messages[0].Text = "a\x00b" }},
	{"NUL in a card", func(t *bot.Turn) { t.Messages[1].Card.Tags = []string{"\x00"} }},
	{"NUL in the profile", func(t *bot.Turn) { t.Conversation.Profile.Title = "\x00" }},
	{"NUL in the name", func(t *bot.Turn) { t.Leave.Name = "\x00" }},
	{"broken UTF-8 in the text", func(t *bot.Turn) { t.Messages[0].Text = "\xff" }},
	{"broken UTF-8 in an option", func(t *bot.Turn) { t.Conversation.Dialogue.Offered = []bot.Option{{Question: "\xed\xa0\x80"}} }},
	{"broken UTF-8 in the trace", func(t *bot.Turn) { t.Trace.Trace = "\"\xff\"" }},
	{"broken UTF-8 in the comment", func(t *bot.Turn) { t.Rating.Comment = "\xc3" }},
	{"a confidence that is no number", func(t *bot.Turn) { t.Verdict.Confidence = zero / zero }},
	{"a confidence without end", func(t *bot.Turn) { t.Messages[1].Card.Confidence = 1 / zero }},
}

var zero float64

var mistakeTests = []storeTest{
	{"a caller's mistake is an error of its own and stores nothing", func(f *fixture) {
		for _, m := range mistakes {
			t := full("c", visitor("a"))
			m.break_(&t)
			f.mistaken(m.name, f.store.Commit(f.ctx, opening("good", visitor("b"), minute(0)), t))
		}
		same(f, "what was stored", Dump{})(f.dump(), nil)
		f.commit(full("c", visitor("a"))) // nothing was wrong but what was broken
	}},
}
