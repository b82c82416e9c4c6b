package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"faqbot/channels/wechat/sim"
	"faqbot/cmd/crashtest/history"
)

// letter is a message of a follower.
type letter struct {
	openID, text string
	answered     bool // the platform had an answer to it
}

// letters are what followers wrote, by the id of the turn that each must be.
type letters map[string]letter

// verify waits for the replies that come late, stops the server, and compares what
// followers wrote with what the database holds.
func (f *followers) verify(ctx context.Context) error {
	wrong := slices.Concat(f.faults, f.awaitReplies(ctx))
	if err := f.server.stop(); err != nil {
		return err
	}
	log, err := readLog(context.WithoutCancel(ctx), f.db)
	if err != nil {
		return err
	}
	wrong = append(wrong, f.letters.check(log)...)
	for _, what := range wrong[:min(shown, len(wrong))] {
		fmt.Fprintln(f.out, "BROKEN", what)
	}
	sends := f.account.Calls(sim.SendAPI)
	refused := slices.DeleteFunc(slices.Clone(sends), func(c sim.Call) bool { return c.Code == 0 })
	fmt.Fprintf(f.out, "log: %d messages of followers became turns, %d were sent again; %d conversations, %d messages; %d sent unasked, of which %d were refused\n",
		len(f.letters), len(f.repeats), len(log.Talks), log.Messages(), len(sends), len(refused))
	if len(wrong) > 0 {
		fmt.Fprintf(f.out, "verdict: %d violations\n", len(wrong))
		return errBroken
	}
	fmt.Fprintln(f.out, "verdict: every promise was kept")
	return nil
}

// awaitReplies waits until followers whose callbacks were answered with success see
// something, and says who does not.
func (f *followers) awaitReplies(ctx context.Context) (wrong []string) {
	ctx, cancel := context.WithTimeout(ctx, finishTime)
	defer cancel()
	for _, s := range f.silent {
		if _, err := s.user.Await(ctx, func(screen []sim.Shown) bool { return seesReply(screen, s.at) }); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s got no reply after the success at %s: %v", s.user.OpenID(), s.at.Format(time.TimeOnly), err))
		}
	}
	return wrong
}

// seesReply reports whether the account said something after a moment.
func seesReply(screen []sim.Shown, after time.Time) bool {
	return slices.ContainsFunc(screen, func(s sim.Shown) bool { return s.From != sim.FromUser && s.From != sim.Fault && s.At.After(after) })
}

// check returns where the database does not hold one turn with its reply for each
// letter, and no other.
func (l letters) check(log history.Log) (wrong []string) {
	there := map[string]bool{}
	for _, t := range log.Talks {
		for _, m := range t.Messages {
			one, known := l[m.ClientID]
			if !known { // which the history tells
				continue
			}
			there[m.ClientID] = true
			if is := t.Conversation.Visitor.ID; is != one.openID || m.Text != one.text {
				wrong = append(wrong, fmt.Sprintf("%s is stored as %q of %s, and was %q of %s", m.ClientID, m.Text, is, one.text, one.openID))
			}
		}
	}
	for id, one := range l {
		if one.answered && !there[id] {
			wrong = append(wrong, fmt.Sprintf("%s, %q of %s, was answered and is not there", id, one.text, one.openID))
		}
	}
	for _, v := range history.Check(l.events(), log) {
		wrong = append(wrong, v.String())
	}
	slices.Sort(wrong)
	return wrong
}

// events are the history of the letters: of people who went away, because what they
// saw is known to the platform only.
func (l letters) events() (events []history.Event) {
	for id, one := range l {
		about := history.Event{Visitor: one.openID, Client: one.openID, ClientID: id, Text: one.text}
		sent, gone := about, about
		sent.Kind, gone.Kind = history.Invoke, history.Gone
		events = append(events, sent, gone)
	}
	slices.SortFunc(events, func(a, b history.Event) int {
		return strings.Compare(a.ClientID+string(a.Kind), b.ClientID+string(b.Kind))
	})
	return events
}
