package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/cmd/crashtest/visitor"
)

// TestRounds kills the real server a few times.
func TestRounds(t *testing.T) {
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"-rounds", "6", "-visitors", "8", "-seed", "3"}, &out, &errOut)
	if code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, &errOut)
	}
	for _, want := range []string{"seed 3", "random time", "verdict: every promise was kept"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

// TestNoServer gives it a program that ends at once.
func TestNoServer(t *testing.T) {
	script := filepath.Join(t.TempDir(), "faqbot")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho no such port\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var errOut bytes.Buffer
	if code := run(t.Context(), []string{"-rounds", "1", "-binary", script}, io.Discard, &errOut); code != exitBroken {
		t.Errorf("exit code %d, want %d", code, exitBroken)
	}
	for _, want := range []string{"ended by itself", "no such port"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("the error lacks %q: %s", want, &errOut)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-visitors", "0"}, {"-storm", "-load"}, {"more"}, {"-nonsense"}} {
		if code := run(t.Context(), args, io.Discard, io.Discard); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", args, code, exitUsage)
		}
	}
	o, err := parse(nil, io.Discard)
	if err != nil || o.seed == 0 || o.rounds != 200 {
		t.Errorf("without arguments: %+v, %v", o, err)
	}
}

// TestPlan sees that a seed always gives the same plan, and that 200 rounds have
// every way to die a few times.
func TestPlan(t *testing.T) {
	deaths := plan(5, 200, true)
	if !slices.Equal(deaths, plan(5, 200, true)) {
		t.Error("the same seed gives another plan")
	}
	if slices.Equal(deaths, plan(6, 200, true)) {
		t.Error("another seed gives the same plan")
	}
	count := map[string]int{}
	for _, d := range deaths {
		count[d.how]++
	}
	ways := []string{atRandom, rightAway, atStart, atCreation}
	for _, p := range points() {
		ways = append(ways, p.name)
	}
	for _, way := range ways {
		if count[way] < 5 {
			t.Errorf("%s comes %d times", way, count[way])
		}
	}
	if len(count) != len(ways) {
		t.Errorf("ways to die: %v, want %v", count, ways)
	}
	for _, d := range plan(5, 200, false) {
		if d.how == atCreation {
			t.Error("creates files where there are none")
		}
	}
}

// TestPointsExist looks for the failpoints in the source.
func TestPointsExist(t *testing.T) {
	var source bytes.Buffer
	for _, folder := range []string{"bot", "bot/botsql", "channels/webchat"} {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(data)
		}
	}
	for _, p := range points() {
		if !strings.Contains(source.String(), `failpoint.Hit("`+p.name+`")`) {
			t.Errorf("the program has no failpoint %q", p.name)
		}
	}
}

// TestTalk sees that visitors do everything that there is to do.
func TestTalk(t *testing.T) {
	asked, err := questions()
	if err != nil || len(asked) < 100 {
		t.Fatalf("%d questions: %v", len(asked), err)
	}
	c := newCrowd("", 1, asked, nil)
	talker := &talker{c.random(1, "words"), asked}
	done := map[bot.MessageKind]int{}
	kinds := []bot.MessageKind{bot.KindOffer, bot.KindAnswer, bot.KindLeaveForm, bot.KindAskSolved, bot.KindClosed, bot.KindRefusal}
	for i := range 2000 {
		last := visitor.Message{Conversation: "c", Seq: 4, Kind: kinds[i%len(kinds)], Card: &visitor.Card{Options: []bot.Option{{Entry: "e", Question: "q"}}}}
		done[talker.next(visitor.State{LastMessage: last}).Kind]++
	}
	for _, kind := range []bot.MessageKind{bot.KindText, bot.KindPick, bot.KindHandoff, bot.KindFeedback, bot.KindSolved, bot.KindLeave, bot.KindRating, bot.KindClose} {
		if done[kind] == 0 {
			t.Errorf("no visitor ever sends %s: %v", kind, done)
		}
	}
}

func TestTimes(t *testing.T) {
	var list times
	if list.part(0.5) != 0 {
		t.Error("the median of nothing is not zero")
	}
	for i := range 1000 {
		list.add(time.Duration(1000-i) * time.Millisecond)
	}
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 501, 0.99: 991, 0.999: 1000, 1: 1000} {
		if got := list.part(p); got != want*time.Millisecond {
			t.Errorf("part(%v) = %v, want %v ms", p, got, want)
		}
	}
}

// TestKnowledge writes the knowledge for the load.
func TestKnowledge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "load.jsonl")
	asked, err := writeKnowledge(name, 100, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(data, []byte("\n")); lines != 100 || len(asked) != 6 {
		t.Errorf("%d entries and %d questions, want 100 and 6", lines, len(asked))
	}
}
