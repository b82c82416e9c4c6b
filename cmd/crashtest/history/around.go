package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Around returns the events that tell the story of a violation, as text: those
// of the message and its neighbours, and what happened to the server meanwhile.
func Around(events []Event, v Violation, limit int) string {
	var story []Event
	var from, to time.Duration
	for _, e := range events {
		if !v.concerns(e) {
			continue
		}
		if len(story) == 0 {
			from = e.At
		}
		to = e.At
		story = append(story, e)
	}
	for _, e := range events {
		if e.Kind == Server && e.At >= from-time.Second && e.At <= to+time.Second {
			story = append(story, e)
		}
	}
	slices.SortStableFunc(story, func(a, b Event) int { return int(a.At - b.At) })
	var text strings.Builder
	for i, e := range story {
		if i == limit {
			fmt.Fprintf(&text, "    … %d more\n", len(story)-limit)
			break
		}
		fmt.Fprintf(&text, "    %s\n", e)
	}
	return text.String()
}

// neighbours is how far a message may lie from the one it is about.
const neighbours = 2

// concerns reports whether an event is part of the story.
func (v Violation) concerns(e Event) bool {
	if v.ClientID != "" && e.ClientID == v.ClientID {
		return true
	}
	if v.Client != "" && e.Client != v.Client {
		return false
	}
	near := v.Seq == 0 || e.Seq >= v.Seq-neighbours && e.Seq <= v.Seq+neighbours
	return v.Conversation != "" && e.Conversation == v.Conversation && near
}

func (e Event) String() string {
	text := fmt.Sprintf("%10.3fs %-8s %-7s", e.At.Seconds(), e.Client, e.Kind)
	if e.ClientID != "" {
		text += " " + e.ClientID
	}
	if e.Conversation != "" {
		text += fmt.Sprintf(" %s #%d", e.Conversation, e.Seq)
	}
	if e.Type != "" {
		text += " " + string(e.Type)
	}
	if e.Text != "" {
		text += fmt.Sprintf(" %.40q", e.Text)
	}
	return text
}
