package history

import "slices"

// view is what a client shows at the moment.
type view struct {
	visitor string
	last    map[string]int64 // the last one shown, by conversation
	seen    map[place]bool
	gone    bool
	wrong   bool // said already
}

// views are the views of all clients.
type views map[string]*view

// of returns the view of the client of an event.
func (v views) of(e Event) *view {
	if v[e.Client] == nil {
		v[e.Client] = &view{visitor: e.Visitor, last: map[string]int64{}, seen: map[place]bool{}}
	}
	return v[e.Client]
}

// checkViews follows every client through its events.
func (c *checker) checkViews() {
	for _, e := range c.events {
		if e.Kind == Breach {
			c.violated(Protocol, e, "%s: %s", e.Client, e.Text)
		}
	}
	shown := views{}
	for _, e := range c.events {
		switch e.Kind {
		case Show:
			c.checkTrue(e)
			c.checkOrder(shown.of(e), e)
		case Older:
			c.checkTrue(e)
		case Reset:
			delete(shown, e.Client)
		}
	}
}

// checkTrue compares one shown message with the log.
func (c *checker) checkTrue(e Event) {
	m := c.at[place{e.Conversation, e.Seq}]
	switch {
	case m == nil:
		c.violated(True, e, "%s showed %s #%d %q, which is not in the log", e.Client, e.Conversation, e.Seq, e.Text)
	case m.ClientID != e.ClientID || m.Author != e.Author || m.Kind != e.Type || m.Text != e.Text:
		c.violated(True, e, "%s showed %s #%d as %s %q, the log holds %s %q", e.Client, e.Conversation, e.Seq, e.Type, e.Text, m.Kind, m.Text)
	}
}

// checkOrder says once for each client if a message does not follow the last. A
// view of a conversation may begin anywhere.
func (c *checker) checkOrder(v *view, e Event) {
	last, begun := v.last[e.Conversation]
	if begun && e.Seq != last+1 && !v.wrong {
		c.violated(InOrder, e, "%s showed %s #%d after #%d", e.Client, e.Conversation, e.Seq, last)
		v.wrong = true
	}
	v.last[e.Conversation] = e.Seq
}

// checkWhole checks that the clients have all messages of their visitors.
func (c *checker) checkWhole() {
	shown := views{}
	for _, e := range c.events {
		switch v := shown.of(e); e.Kind {
		case Show, Older:
			v.seen[place{e.Conversation, e.Seq}] = true
		case Reset:
			v.seen = map[place]bool{}
		case Gone:
			v.gone = true
		}
	}
	for _, client := range shown.names() {
		c.checkSeen(client, shown[client])
	}
}

func (v views) names() []string {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkSeen names the first message that a client has not seen.
func (c *checker) checkSeen(client string, v *view) {
	if v.gone {
		return
	}
	for i := range c.log.Talks {
		t := &c.log.Talks[i]
		if c.owners[t.Conversation.ID] != v.visitor {
			continue
		}
		for _, m := range t.Messages {
			if !v.seen[place{m.Conversation, m.Seq}] {
				about := Event{Client: client, Conversation: m.Conversation, Seq: m.Seq, ClientID: m.ClientID}
				c.violated(Whole, about, "%s has not seen %s #%d %q", client, m.Conversation, m.Seq, m.Text)
				return
			}
		}
	}
}
