package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat/sim"
	"faqbot/cmd/crashtest/history"
)

// TestWeChat measures a small account on the real server.
func TestWeChat(t *testing.T) {
	var out, errOut bytes.Buffer
	args := []string{"-wechat", "-rate", "50", "-time", "2s", "-followers", "40", "-twice", "40", "-seed", "3"}
	if code := run(t.Context(), args, &out, &errOut); code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, &errOut)
	}
	for _, want := range []string{"-wechat=true -seed=3", "callback to answer", "sent again to answer", "0 faults", "40 conversations", "verdict: every promise was kept"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestWeChatArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-wechat", "-load"}, {"-wechat", "-desk"}, {"-wechat", "-rate", "0"}, {"-wechat", "-followers", "0"},
		{"-wechat", "-twice", "101"}, {"-wechat", "-twice", "-1"}, {"-wechat", "-entries", "-1"},
	} {
		if code := run(t.Context(), args, io.Discard, io.Discard); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", args, code, exitUsage)
		}
	}
}

// correspondence is a log in which each of two letters became a turn.
func correspondence() (letters, history.Log) {
	l := letters{"wx-1": {"o-1", "怎么办宽带", true}, "wx-2": {"o-2", "话费怎么查", true}}
	log := history.Log{Revision: 1}
	for _, id := range []string{"wx-1", "wx-2"} {
		c := bot.Conversation{ID: "c-" + id, Visitor: bot.Visitor{Channel: "wechat", Account: weChatAccount, ID: l[id].openID}, Seq: 2}
		log.Talks = append(log.Talks, history.Talk{
			Conversation: c,
			Messages: []bot.Message{
				{Conversation: c.ID, Seq: 1, ClientID: id, Author: bot.FromVisitor, Kind: bot.KindText, Text: l[id].text},
				{Conversation: c.ID, Seq: 2, Author: bot.FromBot, Kind: bot.KindAnswer, Text: "带上身份证"},
			},
			Traces: []bot.TurnTrace{{Seq: 1, Reply: 2, Revision: 1}},
		})
	}
	return l, log
}

// turnAgain plants the first turn of the talk once more, under another id.
func turnAgain(t *history.Talk, id string) {
	again := slices.Clone(t.Messages[:2])
	again[0].ClientID, again[0].Seq, again[1].Seq = id, 3, 4
	t.Messages = append(t.Messages, again...)
	t.Traces = append(t.Traces, bot.TurnTrace{Seq: 3, Reply: 4, Revision: 1})
	t.Conversation.Seq = 4
}

// TestLetters loses and doubles turns, one thing at a time.
func TestLetters(t *testing.T) {
	l, log := correspondence()
	if wrong := l.check(log); len(wrong) > 0 {
		t.Fatalf("wrong without a reason: %v", wrong)
	}
	for name, spoil := range map[string]func(letters, *history.Log){
		"lost":            func(_ letters, log *history.Log) { log.Talks = log.Talks[:1] },
		"doubled":         func(_ letters, log *history.Log) { turnAgain(&log.Talks[0], "wx-1") },
		"doubled as new":  func(_ letters, log *history.Log) { turnAgain(&log.Talks[0], "wx-3") },
		"never sent":      func(l letters, _ *history.Log) { delete(l, "wx-2") },
		"of another":      func(_ letters, log *history.Log) { log.Talks[0].Conversation.Visitor.ID = "o-2" },
		"another text":    func(_ letters, log *history.Log) { log.Talks[0].Messages[0].Text = "怎么退宽带" },
		"without a reply": func(_ letters, log *history.Log) { log.Talks[0].Messages = log.Talks[0].Messages[:1] },
		"with two replies": func(_ letters, log *history.Log) {
			log.Talks[0].Traces = append(log.Talks[0].Traces, log.Talks[0].Traces[0])
		},
	} {
		l, log := correspondence()
		spoil(l, &log)
		if len(l.check(log)) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	l["wx-3"] = letter{"o-1", "在吗", false}
	if wrong := l.check(log); len(wrong) > 0 {
		t.Errorf("a callback that nobody answered should be a turn: %v", wrong)
	}
}

// TestSeesReply sees what counts as the reply that comes late.
func TestSeesReply(t *testing.T) {
	at := time.Now()
	shown := func(from sim.Source, after time.Duration) sim.Shown { return sim.Shown{From: from, At: at.Add(after)} }
	for _, c := range []struct {
		shown sim.Shown
		want  bool
	}{
		{shown(sim.Customer, time.Second), true},
		{shown(sim.Passive, time.Second), true},
		{shown(sim.Customer, -time.Second), false},
		{shown(sim.FromUser, time.Second), false},
		{shown(sim.Fault, time.Second), false},
	} {
		if got := seesReply([]sim.Shown{c.shown}, at); got != c.want {
			t.Errorf("%+v: %v, want %v", c.shown, got, c.want)
		}
	}
}
