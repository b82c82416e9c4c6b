package history

import (
	"slices"

	"faqbot/bot"
)

// AsSeen returns events and log as Check knows them, which has no agents among
// those who send: the lines of agents have no ids, and what is between agents only
// is an event without words, as visitors see it.
func AsSeen(events []Event, log Log) ([]Event, Log) {
	seen := slices.Clone(events)
	for i := range seen {
		if seen[i].Author == bot.FromAgent {
			seen[i].ClientID = ""
		}
	}
	log.Talks = slices.Clone(log.Talks)
	for i := range log.Talks {
		t := &log.Talks[i]
		t.Messages = slices.Clone(t.Messages)
		for j := range t.Messages {
			m := &t.Messages[j]
			if m.Author == bot.FromAgent {
				m.ClientID = ""
			}
			if m.Kind.Internal() {
				m.Author, m.Kind, m.Text = bot.FromSystem, EventKind, ""
			}
		}
	}
	return seen, log
}

// EventKind is how visitors see what is not for them.
const EventKind bot.MessageKind = "event"
