package main

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/staff"
	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/internal/database"
)

// TestDesk measures a small desk on the real server.
func TestDesk(t *testing.T) {
	var out, errOut bytes.Buffer
	args := []string{"-desk", "-agents", "4", "-talks", "2", "-waiting", "10", "-history", "30", "-time", "3s", "-seed", "3"}
	if code := run(t.Context(), args, &out, &errOut); code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, &errOut)
	}
	for _, want := range []string{"8 conversations are served", "accept to seen", "agent line to visitor", "with 30 of history", "verdict: every promise was kept"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestDeskArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-desk", "-load"}, {"-desk", "-storm"}, {"-desk", "-agents", "0"}, {"-desk", "-talks", "51"}, {"-desk", "-waiting", "-1"}, {"-desk", "-time", "0s"},
	} {
		if code := run(t.Context(), args, io.Discard, io.Discard); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", args, code, exitUsage)
		}
	}
}

func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStopwatch()
		w.begin("early", time.Now())
		time.Sleep(time.Second)
		w.restart(time.Now())
		due := time.Now()
		time.Sleep(20 * time.Millisecond)
		w.begin("line", due)
		time.Sleep(30 * time.Millisecond)
		if !w.end("line") || w.end("line") || w.end("other") {
			t.Error("a line is not seen once")
		}
		if w.underWay() != 1 {
			t.Errorf("%d are under way, want 1", w.underWay())
		}
		if !w.end("early") {
			t.Error("what began before the measurement is forgotten")
		}
		if want := (times{50 * time.Millisecond}); !slices.Equal(w.took, want) {
			t.Errorf("took %v, want %v", w.took, want)
		}
		if want := (times{20 * time.Millisecond}); !slices.Equal(w.lateness(), want) {
			t.Errorf("late by %v, want %v", w.lateness(), want)
		}
	})
}

// TestNews sees that what counts is for how long a place was wrong.
func TestNews(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	n := &news{told: map[string]told{}}
	n.accepted(at(1))
	n.tell("a", 10, at(2))
	n.begin()
	n.accepted(at(10))
	n.accepted(at(12))
	n.accepted(at(15))
	n.tell("a", 8, at(13)) // two changes, of which the first is 3 s old
	n.tell("a", 8, at(14)) // nothing new
	n.tell("a", 7, at(19))
	n.tell("b", 3, at(20)) // who was not told before
	if want := (times{3 * time.Second, 4 * time.Second}); !slices.Equal(n.took, want) {
		t.Errorf("the news are %v old, want %v", n.took, want)
	}
}

func TestParseUsage(t *testing.T) {
	stat := "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 7 1 2 3"
	status := "Name:\ta\nVmPeak:\t  999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"
	u, err := parseUsage(stat, status)
	if want := (usage{cpu: 2 * time.Second, rss: 1 << 20, peak: 2 << 20}); err != nil || u != want {
		t.Errorf("usage %+v, %v, want %+v", u, err, want)
	}
	for _, bad := range []string{"", "42 (a) S 1", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x 12 13"} {
		if _, err := parseUsage(bad, status); err == nil {
			t.Errorf("%q is understood", bad)
		}
	}
}

func TestParseMachineTime(t *testing.T) {
	stat := "cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	if used, want := parseMachineTime(stat), 1710*time.Millisecond; used != want {
		t.Errorf("%v were used, want %v", used, want)
	}
	if used := parseMachineTime("nothing"); used != 0 {
		t.Errorf("of what cannot be read %v were used", used)
	}
}

// TestPrepare reads what is stored before the server starts.
func TestPrepare(t *testing.T) {
	o := &options{db: filepath.Join(t.TempDir(), "desk.db"), desk: deskOptions{agents: 3, talks: 4, history: 250}}
	if err := o.prepareDesk(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, dialect, err := database.Open(t.Context(), o.db)
	if err != nil {
		t.Fatal(err)
	}
	store := botsql.New(db, dialect)
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	_, me, err := staff.NewService(staff.Config{Store: botsql.NewStaff(db)}).SignIn(t.Context(), agentName(0), agentPassword, "", staff.Origin{})
	if err != nil || !me.Account.May(staff.ServeDesk) {
		t.Fatalf("the first agent signs in as %+v: %v", me.Account, err)
	}
	seats, err := store.Seats(t.Context())
	if err != nil || len(seats) != 3 || seats[0].Most != 4 {
		t.Errorf("seats %+v: %v", seats, err)
	}
	done, err := store.Done(t.Context(), me.Account.ID, time.Now(), 1000)
	if err != nil || len(done) != 250 {
		t.Fatalf("%d conversations of history, want 250: %v", len(done), err)
	}
	if messages, err := store.After(t.Context(), done[0].ID, 0, 100); err != nil || int64(len(messages)) != done[0].Seq {
		t.Errorf("%d messages, want %d: %v", len(messages), done[0].Seq, err)
	}
}

// deskLog is a log with one conversation of agent a, in which one line was said,
// and one that waits.
func deskLog() (history.Log, stand) {
	line := bot.Message{Conversation: "c", Seq: 3, ClientID: "a-1", Author: bot.FromAgent, Kind: bot.KindText, Text: "您好", Card: bot.Card{Agent: "a"}}
	log := history.Log{Talks: []history.Talk{
		{
			Conversation: bot.Conversation{ID: "c", State: bot.StateOpen, Seq: 3, Service: bot.Service{Phase: bot.WithAgent, Owner: "a"}},
			Messages: []bot.Message{
				{Conversation: "c", Seq: 1, Author: bot.FromSystem, Kind: bot.KindAccepted, Text: "来了", Card: bot.Card{Agent: "a"}},
				{Conversation: "c", Seq: 2, Author: bot.FromAgent, Kind: bot.KindNote, Text: "内部"}, line,
			},
		},
		{Conversation: bot.Conversation{ID: "w", State: bot.StateOpen, Service: bot.Service{Phase: bot.InQueue}}},
	}}
	return log, stand{
		owners: map[string]string{"c": "a"}, serving: map[string]bool{"c": true},
		said: map[string]said{"a-1": {"a", "c", 3, "您好"}},
	}
}

// TestStand breaks what agents rely on, one thing at a time.
func TestStand(t *testing.T) {
	log, stands := deskLog()
	if wrong := stands.check(log); len(wrong) > 0 {
		t.Fatalf("wrong without a reason: %v", wrong)
	}
	for name, spoil := range map[string]func(*history.Log, *stand){
		"another owner": func(l *history.Log, _ *stand) { l.Talks[0].Conversation.Service.Owner = "b" },
		"not accepted":  func(_ *history.Log, s *stand) { delete(s.owners, "c") },
		"does not wait": func(_ *history.Log, s *stand) { s.owners["w"] = "a" },
		"not closed":    func(_ *history.Log, s *stand) { delete(s.serving, "c") },
		"closed":        func(l *history.Log, _ *stand) { l.Talks[0].Conversation.State = bot.StateClosed },
		"line lost":     func(l *history.Log, _ *stand) { l.Talks[0].Messages = l.Talks[0].Messages[:2] },
		"line twice": func(l *history.Log, _ *stand) {
			l.Talks[0].Messages = append(l.Talks[0].Messages, l.Talks[0].Messages[2])
		},
		"line elsewhere":  func(l *history.Log, _ *stand) { l.Talks[0].Messages[2].Seq = 4 },
		"line of another": func(l *history.Log, _ *stand) { l.Talks[0].Messages[2].Card.Agent = "b" },
		"unknown line":    func(_ *history.Log, s *stand) { s.said = nil },
	} {
		log, stands := deskLog()
		spoil(&log, &stands)
		if len(stands.check(log)) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
}

// TestAsSeen sees that what visitors saw of agents fits, and what they must not
// see does not.
func TestAsSeen(t *testing.T) {
	log, _ := deskLog()
	show := func(seq int64, author bot.Author, kind bot.MessageKind, text, id string) history.Event {
		return history.Event{Kind: history.Show, Client: "v1a", Visitor: "v1", Conversation: "c", Seq: seq, Author: author, Type: kind, Text: text, ClientID: id}
	}
	accepted := show(1, bot.FromSystem, bot.KindAccepted, "来了", "")
	line := show(3, bot.FromAgent, bot.KindText, "您好", "a-1")
	good := []history.Event{accepted, show(2, bot.FromSystem, history.EventKind, "", ""), line}
	leaks := []history.Event{accepted, show(2, bot.FromAgent, bot.KindNote, "内部", ""), line}
	if found := history.Check(history.AsSeen(good, log)); len(found) > 0 {
		t.Errorf("wrong without a reason: %v", found)
	}
	if found := history.Check(history.AsSeen(leaks, log)); len(found) != 1 || found[0].Rule != history.True {
		t.Errorf("a remark that the visitor saw gives %v", found)
	}
	if log.Talks[0].Messages[1].Text == "" || good[2].ClientID == "" {
		t.Error("what was given is changed")
	}
}
