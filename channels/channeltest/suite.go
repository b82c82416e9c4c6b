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
const patience = 30 * time.Second

// Shown is a message as the visitor sees it.
type Shown struct {
	// ID tells messages of a channel apart: the same one shown twice has the same.
	ID      string
	Visitor bool // the visitor's own
	Kind    bot.MessageKind
	Text    string
	Options []bot.Option
	File    *bot.File
	// Rest is what else the channel shows of the message, in whatever form.
	Rest string
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
	// Handoff asks for a human, Unqueue does not want to wait any more.
	Handoff(ctx context.Context) error
	Unqueue(ctx context.Context) error
	// SendFile gives a file to the channel and sends it.
	SendFile(ctx context.Context, name string, content []byte) error
	// Fetch returns the content of a file that was shown, or one of another visitor
	// by its id: that must fail.
	Fetch(ctx context.Context, id string) ([]byte, error)
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
	// Whispered is part of a message that is not for visitors, and that follows when
	// a visitor asks for a human.
	Whispered string
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
		{"Unqueue", (*suite).unqueue},
		{"Events", (*suite).events},
		{"Files", (*suite).files},
		{"ForeignFile", (*suite).foreignFile},
		{"BadFile", (*suite).badFile},
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

// wantKind returns the next message, which must be of the kind.
func (s *suite) wantKind(v Visitor, kind bot.MessageKind) Shown {
	s.Helper()
	m := s.next(v)
	if m.Kind != kind {
		s.Fatalf("got %s %q, want %s", m.Kind, cut(m.Text), kind)
	}
	return m
}

// unqueue waits for a human, waits no more, and is answered as before.
func (s *suite) unqueue() {
	v := s.Visitor(s.T)
	s.must(v.Handoff(s.ctx))
	s.wantKind(v, bot.KindQueued)
	s.must(v.Unqueue(s.ctx))
	for m := s.next(v); m.Kind != bot.KindReturned; m = s.next(v) {
		if m.Text != "" {
			s.Fatalf("got %s %q before the end of the waiting", m.Kind, cut(m.Text))
		}
	}
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
}

// events checks that what is not for visitors is not shown, and does not keep
// what follows from being shown.
func (s *suite) events() {
	v := s.Visitor(s.T)
	s.must(v.Handoff(s.ctx))
	s.wantKind(v, bot.KindQueued)
	s.must(v.Unqueue(s.ctx))
	for {
		m := s.next(v)
		if m.Kind.Internal() || s.Script.Whispered != "" && strings.Contains(m.Text+m.Rest, s.Script.Whispered) {
			s.Fatalf("shown: %s %q %s", m.Kind, m.Text, m.Rest)
		}
		if m.Kind == bot.KindReturned {
			return
		}
	}
}

// files sends a file, sees it, and gets it back as it was.
func (s *suite) files() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
	content := []byte("您好，这是说明")
	s.must(v.SendFile(s.ctx, "说明.txt", content))
	s.must(v.SayAgain(s.ctx))
	f := s.ownFile(v)
	if f.Name != "说明.txt" || f.Type != "text/plain" || f.Size != int64(len(content)) {
		s.Errorf("the file is shown as %+v", f)
	}
	got, err := v.Fetch(s.ctx, f.ID)
	s.must(err)
	if string(got) != string(content) {
		s.Errorf("it holds %q", got)
	}
}

// ownFile returns the file of the visitor's own message, which comes next but for
// others of their own.
func (s *suite) ownFile(v Visitor) *bot.File {
	s.Helper()
	for {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		m, err := v.Next(ctx)
		cancel()
		s.must(err)
		switch {
		case m.File != nil:
			return m.File
		case !m.Visitor:
			s.Fatalf("got %s %q, want the file", m.Kind, cut(m.Text))
		}
	}
}

// foreignFile asks for the file of another visitor, and tries to send it.
func (s *suite) foreignFile() {
	owner, stranger := s.Visitor(s.T), s.Visitor(s.T)
	s.must(owner.Say(s.ctx, s.Script.Question))
	s.wantAnswer(owner, s.Script.Answer)
	s.must(owner.SendFile(s.ctx, "secret.txt", []byte("secret")))
	id := s.ownFile(owner).ID
	if got, err := stranger.Fetch(s.ctx, id); err == nil || err == ErrCannot {
		s.Fatalf("a stranger gets %q, %v", got, err)
	}
	if _, err := owner.Fetch(s.ctx, id+"x"); err == nil {
		s.Error("a file that is not there is found")
	}
}

// badFile sends what may not be sent.
func (s *suite) badFile() {
	v := s.Visitor(s.T)
	s.must(v.Say(s.ctx, s.Script.Question))
	s.wantAnswer(v, s.Script.Answer)
	for _, tt := range []struct {
		name    string
		content []byte
	}{
		{"a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)},
		{"a.txt", nil},
		{"a.txt", make([]byte, bot.MaxFile+1)},
	} {
		if err := v.SendFile(s.ctx, tt.name, tt.content); err == ErrCannot {
			s.Skip(err)
		} else if err == nil {
			s.Errorf("%s with %d bytes is taken", tt.name, len(tt.content))
		}
	}
	s.nothingMore(v)
}
