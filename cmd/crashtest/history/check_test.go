package history_test

import (
	"slices"
	"strings"
	"testing"

	"faqbot/bot"
	. "faqbot/cmd/crashtest/history"
)

// scene is a small history with its log, to be broken by tests: two questions,
// one of them sent twice, and one that was refused.
func scene() ([]Event, Log) {
	invoke := func(id, text string) Event {
		return Event{Kind: Invoke, Visitor: "a", Client: "a1", ClientID: id, Type: bot.KindText, Text: text}
	}
	ok := func(id string, seq int64) Event {
		return Event{Kind: OK, Visitor: "a", Client: "a1", ClientID: id, Conversation: "c", Seq: seq}
	}
	messages := []bot.Message{
		{Conversation: "c", Seq: 1, ClientID: "first", Author: bot.FromVisitor, Kind: bot.KindText, Text: "one"},
		{Conversation: "c", Seq: 2, Author: bot.FromBot, Kind: bot.KindAnswer, Text: "the first"},
		{Conversation: "c", Seq: 3, ClientID: "second", Author: bot.FromVisitor, Kind: bot.KindText, Text: "two"},
		{Conversation: "c", Seq: 4, Author: bot.FromBot, Kind: bot.KindAnswer, Text: "the second"},
	}
	events := []Event{invoke("first", "one"), ok("first", 1), invoke("second", "two"), {Kind: Unknown, ClientID: "second", Visitor: "a", Client: "a1"},
		invoke("second", "two"), ok("second", 3), invoke("bad", ""), {Kind: Fail, Visitor: "a", Client: "a1", ClientID: "bad"}}
	for _, m := range messages {
		events = append(events, Event{Kind: Show, Visitor: "a", Client: "a1", ClientID: m.ClientID, Conversation: "c", Seq: m.Seq, Author: m.Author, Type: m.Kind, Text: m.Text})
	}
	log := Log{Revision: 5, Talks: []Talk{{
		Conversation: bot.Conversation{ID: "c", Seq: 4}, Messages: messages,
		Traces: []bot.TurnTrace{{Seq: 1, Reply: 2, Revision: 4}, {Seq: 3, Reply: 4, Revision: 5}},
	}}}
	return events, log
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(events *[]Event, log *Log)
		want  []Rule
	}{
		"as it should be": {func(*[]Event, *Log) {}, nil},
		"lost": {func(_ *[]Event, l *Log) {
			t := &l.Talks[0]
			t.Messages, t.Traces, t.Conversation.Seq = t.Messages[:2], t.Traces[:1], 2
		}, []Rule{Kept, True, True}},
		"another text":      {func(_ *[]Event, l *Log) { l.Talks[0].Messages[2].Text = "three" }, []Rule{Kept, True}},
		"another ack":       {func(e *[]Event, _ *Log) { (*e)[4] = Event{Kind: OK, ClientID: "second", Conversation: "c", Seq: 1} }, []Rule{SameAck, Kept}},
		"refused after all": {func(e *[]Event, _ *Log) { *e = append(*e, Event{Kind: Fail, ClientID: "first"}) }, []Rule{SameAck}},
		"refused but there": {func(e *[]Event, _ *Log) { (*e)[1] = Event{Kind: Fail, ClientID: "first"} }, []Rule{Refused}},
		"a hole":            {func(_ *[]Event, l *Log) { l.Talks[0].Conversation.Seq = 5 }, []Rule{Numbers}},
		"nobody's": {func(_ *[]Event, l *Log) {
			l.Talks = append(l.Talks, Talk{Conversation: bot.Conversation{ID: "d", Seq: 1},
				Messages: []bot.Message{{Conversation: "d", Seq: 1, ClientID: "ghost", Author: bot.FromVisitor, Kind: bot.KindClose}}})
		}, []Rule{Invented}},
		"twice": {func(_ *[]Event, l *Log) {
			l.Talks = append(l.Talks, Talk{Conversation: bot.Conversation{ID: "d", Seq: 1},
				Messages: []bot.Message{{Conversation: "d", Seq: 1, ClientID: "first", Author: bot.FromVisitor, Kind: bot.KindClose}}})
		}, []Rule{Once, Whole}},
		"no trace":        {func(_ *[]Event, l *Log) { l.Talks[0].Traces = l.Talks[0].Traces[:1] }, []Rule{Answered}},
		"two traces":      {func(_ *[]Event, l *Log) { l.Talks[0].Traces[1].Seq = 1 }, []Rule{Answered, Answered}},
		"unknown state":   {func(_ *[]Event, l *Log) { l.Talks[0].Traces[1].Revision = 6 }, []Rule{Sourced}},
		"state goes back": {func(_ *[]Event, l *Log) { l.Talks[0].Traces[1].Revision = 3 }, []Rule{Sourced}},
		"out of order": {func(e *[]Event, _ *Log) {
			n := len(*e)
			(*e)[n-1], (*e)[n-2] = (*e)[n-2], (*e)[n-1]
		}, []Rule{InOrder}},
		"again":     {func(e *[]Event, _ *Log) { *e = append(*e, (*e)[len(*e)-1]) }, []Rule{InOrder}},
		"not whole": {func(e *[]Event, _ *Log) { *e = (*e)[:len(*e)-1] }, []Rule{Whole}},
		"forgotten": {func(e *[]Event, _ *Log) { *e = append(*e, Event{Kind: Reset, Visitor: "a", Client: "a1"}) }, []Rule{Whole}},
		"gone": {func(e *[]Event, _ *Log) {
			*e = append((*e)[:len(*e)-1], Event{Kind: Gone, Visitor: "a", Client: "a1"})
		}, nil},
		"breach":      {func(e *[]Event, _ *Log) { *e = append(*e, Event{Kind: Breach, Visitor: "a", Client: "a1"}) }, []Rule{Protocol}},
		"stray leave": {func(_ *[]Event, l *Log) { l.Leaves = []bot.Leave{{Conversation: "c", Seq: 9}} }, []Rule{LeaveKept}},
	} {
		t.Run(name, func(t *testing.T) {
			events, log := scene()
			c.spoil(&events, &log)
			var got []Rule
			found := Check(events, log)
			for _, v := range found {
				got = append(got, v.Rule)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("broken %q, want %q\n%v", got, c.want, found)
			}
		})
	}
}

// TestOwners has agents do what only the owner, or nobody but one, may.
func TestOwners(t *testing.T) {
	by := func(kind bot.MessageKind, agent, other string) bot.Message {
		return bot.Message{Author: bot.FromSystem, Kind: kind, Card: bot.Card{Agent: agent, To: other}}
	}
	line := func(agent string) bot.Message {
		return bot.Message{Author: bot.FromAgent, Kind: bot.KindText, Card: bot.Card{Agent: agent}}
	}
	queued, closed, requeued := by(bot.KindQueued, "", ""), by(bot.KindClosed, "", ""), by(bot.KindRequeued, "li", "")
	for name, c := range map[string]struct {
		messages []bot.Message
		broken   bool
	}{
		"served":               {[]bot.Message{queued, by(bot.KindAccepted, "li", ""), line("li"), closed}, false},
		"lost and found":       {[]bot.Message{queued, by(bot.KindAccepted, "li", ""), requeued, by(bot.KindAccepted, "wang", ""), line("wang")}, false},
		"handed on":            {[]bot.Message{by(bot.KindAccepted, "li", ""), by(bot.KindTransferred, "li", "wang"), by(bot.KindAccepted, "wang", "")}, false},
		"taken over":           {[]bot.Message{by(bot.KindAccepted, "li", ""), by(bot.KindTakenOver, "boss", "li"), line("boss")}, false},
		"returned":             {[]bot.Message{by(bot.KindAccepted, "li", ""), by(bot.KindReturned, "li", ""), queued}, false},
		"accepted twice":       {[]bot.Message{queued, by(bot.KindAccepted, "li", ""), by(bot.KindAccepted, "wang", "")}, true},
		"queued with an owner": {[]bot.Message{by(bot.KindAccepted, "li", ""), queued}, true},
		"lost by another":      {[]bot.Message{by(bot.KindAccepted, "wang", ""), requeued}, true},
		"taken from another":   {[]bot.Message{by(bot.KindAccepted, "wang", ""), by(bot.KindTakenOver, "boss", "li")}, true},
		"a ghost speaks":       {[]bot.Message{by(bot.KindAccepted, "li", ""), requeued, by(bot.KindAccepted, "wang", ""), line("li")}, true},
		"spoken while queued":  {[]bot.Message{by(bot.KindAccepted, "li", ""), requeued, line("li")}, true},
		"spoken at the end":    {[]bot.Message{by(bot.KindAccepted, "li", ""), closed, line("li")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.messages {
				c.messages[i].Conversation, c.messages[i].Seq = "c", int64(i+1)
			}
			talk := Talk{Conversation: bot.Conversation{ID: "c", Seq: int64(len(c.messages))}, Messages: c.messages}
			found := Check(nil, Log{Talks: []Talk{talk}})
			if broken := len(found) > 0; broken != c.broken || broken && found[0].Rule != Owned {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestCount(t *testing.T) {
	events, _ := scene()
	events = append(events, Event{Kind: Invoke, ClientID: "open"})
	if got, want := Count(events), (Outcomes{OK: 2, Unknown: 1, Failed: 1, Resent: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestAround(t *testing.T) {
	events, _ := scene()
	for i := range events {
		events[i].At = 1000 * 1000 * 1000
	}
	events = append(events, Event{Kind: Server, Text: "killed", At: 1e9}, Event{Kind: Server, Text: "much later", At: 9e9})
	story := Around(events, Violation{ClientID: "second", Conversation: "c", Seq: 3}, 100)
	for word, want := range map[string]bool{"killed": true, "much later": false, "unknown": true, `"two"`: true, `#1`: true, "bad": false} {
		if strings.Contains(story, word) != want {
			t.Errorf("contains %q: %v, want %v\n%s", word, !want, want, story)
		}
	}
	if short := Around(events, Violation{ClientID: "second"}, 2); !strings.Contains(short, "more") {
		t.Errorf("not cut:\n%s", short)
	}
}
