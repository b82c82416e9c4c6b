// Package channeltest holds what every channel must do for its visitors, as one
// suite that runs over the channel's real transport.
package channeltest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
)

// patience bounds the wait for a message that must come.
const patience = 10 * time.Second

// Shown is a message as the visitor sees it.
type Shown struct {
	// ID tells messages of a channel apart: the same one shown twice has the same.
	ID      string
	Visitor bool // the visitor's own
	Kind    bot.MessageKind
	Text    string
	Options []bot.Option
}

// Visitor is a person on a channel. Where a channel cannot do something its
// method returns ErrCannot.
type Visitor interface {
	// Say sends a text, and returns when the channel has taken it.
	Say(ctx context.Context, text string) error
	// SayAgain delivers the last text once more, as the same message.
	SayAgain(ctx context.Context) error
	// Tap chooses an option.
	Tap(ctx context.Context, option bot.Option) error
	// Feedback says whether an answer was useful.
	Feedback(ctx context.Context, answer Shown, useful bool) error
	// Next returns the next message that is shown, also the visitor's own if the
	// channel shows those.
	Next(ctx context.Context) (Shown, error)
	// Leave cuts the connection, Return comes back to the same conversation.
	Leave(ctx context.Context) error
	Return(ctx context.Context) error
	// SayWhileAway has a message said in the visitor's conversation while they are
	// not connected, on another device for example.
	SayWhileAway(ctx context.Context, text string) error
}

// ErrCannot says that a channel has no such thing.
var ErrCannot = fmt.Errorf("the channel cannot do this")

// Script is what the bot behind the channel knows.
type Script struct {
	// Question is answered by a text that holds Answer.
	Question, Answer string
	// Vague gets an offer of two options at least; Vague2 gets another one.
	Vague, Vague2 string
	// Long is answered by LongAnswer, to the last character.
	Long, LongAnswer string
}

// Channel is what the suite runs on.
type Channel struct {
	// Script describes the bot.
	Script Script
	// Visitor returns a new visitor, connected and with nothing said. It is called
	// several times in each test.
	Visitor func(t *testing.T) Visitor
}

// Test checks that the channel does what every channel must.
func Test(t *testing.T, c Channel) {
	for _, test := range []struct {
		name string
		run  func(s *suite)
	}{
		{"AnsweredOnce", (*suite).answeredOnce},
		{"DeliveredTwice", (*suite).deliveredTwice},
		{"Order", (*suite).order},
		{"PickByNumber", (*suite).pickByNumber},
		{"PickByTap", (*suite).pickByTap},
		{"LastListOnly", (*suite).lastListOnly},
		{"Feedback", (*suite).feedback},
		{"Away", (*suite).away},
		{"LongAnswer", (*suite).longAnswer},
		{"Isolation", (*suite).isolation},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
			defer cancel()
			test.run(&suite{T: t, Channel: c, ctx: ctx, seen: map[Visitor]map[string]bool{}})
		})
	}
}

type suite struct {
	*testing.T
	Channel
	ctx  context.Context
	seen map[Visitor]map[string]bool // ids of what was shown
}

// must fails the test, or skips it if the channel has no such thing.
func (s *suite) must(err error) {
	s.Helper()
	if err == ErrCannot {
		s.Skip(err)
	}
	if err != nil {
		s.Fatal(err)
	}
}

// next returns the next message that is not the visitor's own, and checks that
// nothing is shown twice.
func (s *suite) next(v Visitor) Shown {
	s.Helper()
	for {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		m, err := v.Next(ctx)
		cancel()
		s.must(err)
		if s.seen[v] == nil {
			s.seen[v] = map[string]bool{}
		}
		if s.seen[v][m.ID] {
			s.Fatalf("%s %q is shown twice", m.Kind, m.Text)
		}
		s.seen[v][m.ID] = true
		if !m.Visitor {
			return m
		}
	}
}

func (s *suite) wantAnswer(v Visitor, part string) Shown {
	s.Helper()
	m := s.next(v)
	if m.Kind != bot.KindAnswer || !strings.Contains(m.Text, part) {
		s.Fatalf("got %s %q, want an answer with %q", m.Kind, cut(m.Text), part)
	}
	return m
}

func (s *suite) wantOffer(v Visitor) []bot.Option {
	s.Helper()
	m := s.next(v)
	if m.Kind != bot.KindOffer || len(m.Options) < 2 {
		s.Fatalf("got %s %q with %d options, want an offer", m.Kind, cut(m.Text), len(m.Options))
	}
	return m.Options
}

func cut(text string) string { return text[:min(len(text), 100)] }

func (s *suite) answeredOnce() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
	s.nothingMore(v)
}

// nothingMore says something else, whose reply must be the next that comes.
func (s *suite) nothingMore(v Visitor) {
	s.Helper()
	s.must(v.Say(s.ctx, s.Script.Vague))
	s.wantOffer(v)
}

func (s *suite) deliveredTwice() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.must(v.SayAgain(s.ctx))
	s.wantAnswer(v, s.Script.Answer)
	s.must(v.SayAgain(s.ctx))
	s.nothingMore(v)
}

func (s *suite) order() {
	v := s.Visitor(s.T)
	for range 3 {
		s.must(v.Say(s.ctx, s.Script.Question))
		s.must(v.Say(s.ctx, s.Script.Vague))
	}
	for range 3 {
		s.wantAnswer(v, s.Script.Answer)
		s.wantOffer(v)
	}
}

func (s *suite) pickByNumber() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Vague))
	options := s.wantOffer(v)
	s.must(v.Say(s.ctx, "2"))
	byNumber := s.wantAnswer(v, "")
	other := s.Visitor(s.T)
	s.must(other.Say(s.ctx, options[1].Question))
	if asked := s.wantAnswer(other, ""); asked.Text != byNumber.Text {
		s.Errorf("2 is answered by %q, its question by %q", cut(byNumber.Text), cut(asked.Text))
	}
}

func (s *suite) pickByTap() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Vague))
	options := s.wantOffer(v)
	s.must(v.Tap(s.ctx, options[0]))
	tapped := s.wantAnswer(v, "")
	other := s.Visitor(s.T)
	s.must(other.Say(s.ctx, options[0].Question))
	if asked := s.wantAnswer(other, ""); asked.Text != tapped.Text {
		s.Errorf("the tap is answered by %q, its question by %q", cut(tapped.Text), cut(asked.Text))
	}
}

func (s *suite) lastListOnly() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Vague))
	first := s.wantOffer(v)
	s.must(v.Say(s.ctx, s.Script.Vague2))
	second := s.wantOffer(v)
	if first[0] == second[0] {
		s.Fatalf("both offers begin with %q", first[0].Question)
	}
	s.must(v.Say(s.ctx, "1"))
	picked := s.wantAnswer(v, "")
	other := s.Visitor(s.T)
	s.must(other.Say(s.ctx, second[0].Question))
	if want := s.wantAnswer(other, ""); picked.Text != want.Text {
		s.Errorf("1 is answered by %q, want %q of the last list", cut(picked.Text), cut(want.Text))
	}
}

func (s *suite) feedback() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.must(v.Feedback(s.ctx, s.wantAnswer(v, s.Script.Answer), true))
}

func (s *suite) away() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
	s.must(v.Leave(s.ctx))
	s.must(v.SayWhileAway(s.ctx, s.Script.Vague))
	s.must(v.Return(s.ctx))
	s.wantOffer(v)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
}

func (s *suite) longAnswer() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Long))
	for got := ""; got != s.Script.LongAnswer; {
		part := s.next(v)
		got += part.Text // a channel may have to split it
		if !strings.HasPrefix(s.Script.LongAnswer, got) {
			s.Fatalf("got %q…, which is no part of the answer", cut(part.Text))
		}
	}
}

func (s *suite) isolation() {
	one, two := s.Visitor(s.T), s.Visitor(s.T)
	s.must(one.Say(s.ctx, s.Script.Vague))
	s.wantOffer(one)
	s.must(two.Say(s.ctx, s.Script.Question))
	s.wantAnswer(two, s.Script.Answer) // and nothing of the offer before it
	s.must(one.Say(s.ctx, s.Script.Question))
	s.wantAnswer(one, s.Script.Answer)
}
