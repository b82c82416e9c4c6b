package history

import (
	"fmt"

	"faqbot/bot"
)

// checkOwners follows who owns a conversation through its messages.
func (c *checker) checkOwners(t *Talk) {
	owner := ""
	for i := range t.Messages {
		m := &t.Messages[i]
		if what := wrongOwner(owner, m); what != "" {
			about := Event{Conversation: m.Conversation, Seq: m.Seq, ClientID: m.ClientID}
			c.violated(Owned, about, "%s #%d: %s", m.Conversation, m.Seq, what)
			return
		}
		owner = ownerAfter(owner, m)
	}
}

// wrongOwner says why a message cannot be in a conversation of the owner, who is
// empty while it has none.
func wrongOwner(owner string, m *bot.Message) string {
	switch {
	case m.Kind == bot.KindAccepted && owner != "":
		return fmt.Sprintf("%q accepts what %q has", m.Card.Agent, owner)
	case m.Kind == bot.KindRequeued && owner != m.Card.Agent:
		return fmt.Sprintf("it comes back from %q, and %q has it", m.Card.Agent, owner)
	case m.Kind == bot.KindTakenOver && owner != m.Card.To:
		return fmt.Sprintf("it is taken from %q, and %q has it", m.Card.To, owner)
	case m.Kind == bot.KindQueued && owner != "":
		return fmt.Sprintf("it begins to wait, and %q has it", owner)
	case m.Author == bot.FromAgent && owner != m.Card.Agent:
		return fmt.Sprintf("%q speaks, and %q has it", m.Card.Agent, owner)
	}
	return ""
}

// ownerAfter returns who owns a conversation after a message.
func ownerAfter(owner string, m *bot.Message) string {
	switch m.Kind {
	case bot.KindAccepted, bot.KindTakenOver:
		return m.Card.Agent
	case bot.KindRequeued, bot.KindTransferred, bot.KindReturned, bot.KindClosed:
		return ""
	}
	return owner
}
