package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"faqbot/bot"
	"faqbot/cmd/crashtest/history"
)

// verify stops everything and compares what everybody saw with what the database
// holds.
func (f *floor) verify(ctx context.Context, leave func()) error {
	if err := f.until(ctx, "the visitors have said all", f.quiet); err != nil {
		return err
	}
	if err := f.problem(); err != nil {
		return err
	}
	f.mu.Lock()
	f.leaving = true
	f.mu.Unlock()
	if err := f.server.stop(); err != nil {
		return err
	}
	leave()
	f.end()
	log, err := readLog(context.WithoutCancel(ctx), f.db)
	if err != nil {
		return err
	}
	log.Talks = slices.DeleteFunc(log.Talks, func(t history.Talk) bool { return strings.HasPrefix(t.Conversation.Visitor.ID, oldVisitor) })
	events := f.recorder.Events()
	stands := f.stands()
	wrong := stands.check(log)
	seen, known := history.AsSeen(events, log)
	for _, v := range history.Check(seen, known) {
		if v.Rule != history.Answered && v.Rule != history.Sourced { // agents answer, if they like
			wrong = append(wrong, v.String()+"\n"+history.Around(events, v, storyLines))
		}
	}
	for _, what := range wrong[:min(shown, len(wrong))] {
		fmt.Fprintln(f.out, "BROKEN", what)
	}
	fmt.Fprintf(f.out, "log: %d conversations, %d messages, %d lines of agents; %d requests were repeated, %d actions had nobody to do them with\n",
		len(log.Talks), log.Messages(), len(f.said), f.repeats.Load(), f.skipped)
	if len(wrong) > 0 {
		fmt.Fprintf(f.out, "verdict: %d violations\n", len(wrong))
		return errBroken
	}
	fmt.Fprintln(f.out, "verdict: every promise was kept")
	return nil
}

// stand is how conversations stand in the end, as the agents know it.
type stand struct {
	owners  map[string]string // ids of the agents, by conversation that was accepted
	serving map[string]bool   // conversations that go on
	said    map[string]said
}

func (f *floor) stands() stand {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := stand{map[string]string{}, map[string]bool{}, f.said}
	for conversation, a := range f.owners {
		s.owners[conversation] = a.id
	}
	for _, t := range f.talks {
		s.serving[t.conversation] = true
	}
	return s
}

// check returns what the database holds that the agents know otherwise.
func (s *stand) check(log history.Log) (wrong []string) {
	lines := map[string]int{}
	for i := range log.Talks {
		t := &log.Talks[i]
		if what := s.checkOwner(&t.Conversation); what != "" {
			wrong = append(wrong, what)
		}
		for _, m := range t.Messages {
			if m.Author != bot.FromAgent || m.ClientID == "" {
				continue
			}
			lines[m.ClientID]++
			if is := (said{m.Card.Agent, m.Conversation, m.Seq, m.Text}); is != s.said[m.ClientID] {
				wrong = append(wrong, fmt.Sprintf("the line %s is stored as %v and was acknowledged as %v", m.ClientID, is, s.said[m.ClientID]))
			}
		}
	}
	for id := range s.said {
		if lines[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("the line %s is there %d times", id, lines[id]))
		}
	}
	return wrong
}

// checkOwner says what is wrong with who has a conversation.
func (s *stand) checkOwner(c *bot.Conversation) string {
	owner, accepted := s.owners[c.ID]
	want, state := bot.WithAgent, bot.StateOpen
	switch {
	case !accepted:
		want = bot.InQueue
	case !s.serving[c.ID]:
		state = bot.StateClosed
	}
	if c.Service.Owner != owner || c.State != state || state == bot.StateOpen && c.Service.Phase != want {
		return fmt.Sprintf("%s is %s and %q of %q, and should be %s and %q of %q",
			c.ID, c.State, c.Service.Phase, c.Service.Owner, state, want, owner)
	}
	return ""
}
