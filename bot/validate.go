package bot

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxKey is how long a key may be, in bytes: PostgreSQL has no room for more than
// two of them in an entry of an index.
const maxKey = 1000

// Validate returns what no store would take: a mistake of the caller. Stores
// call it before they store.
func (t *Turn) Validate() error {
	if t.Conversation.ID == "" || t.Was < 0 {
		return fmt.Errorf("turn of conversation %q after %d: no such conversation can be", t.Conversation.ID, t.Was)
	}
	if len(t.Messages) == 0 {
		return fmt.Errorf("turn of conversation %q: it has no message", t.Conversation.ID)
	}
	if state := t.Conversation.State; state != StateOpen && state != StateClosed {
		return fmt.Errorf("turn of conversation %q: unknown state %q", t.Conversation.ID, state)
	}
	if err := t.Conversation.Service.validate(); err != nil {
		return fmt.Errorf("turn of conversation %q: %w", t.Conversation.ID, err)
	}
	for i := range t.Messages {
		m := &t.Messages[i]
		if err := t.owns(m.Conversation); err != nil {
			return err
		}
		if want := t.Was + int64(i) + 1; m.Seq != want {
			return fmt.Errorf("turn of conversation %q: message %d should have the number %d", t.Conversation.ID, m.Seq, want)
		}
	}
	if last := t.Was + int64(len(t.Messages)); t.Conversation.Seq != last {
		return fmt.Errorf("turn of conversation %q: it ends at %d, its messages at %d", t.Conversation.ID, t.Conversation.Seq, last)
	}
	for _, check := range []func() error{t.validateKeys, t.validateRest} {
		if err := check(); err != nil {
			return err
		}
	}
	return t.validateTexts()
}

func (s *Service) validate() error {
	switch s.Phase {
	case WithBot, InQueue:
	case WithAgent:
		if s.Owner == "" {
			return errors.New("no agent owns it")
		}
	default:
		return fmt.Errorf("unknown phase %q", s.Phase)
	}
	return nil
}

// validateKeys checks what things are found by.
func (t *Turn) validateKeys() error {
	keys := []string{t.Conversation.ID, t.Conversation.Visitor.Key(), t.Conversation.Service.Owner}
	for i := range t.Messages {
		m := &t.Messages[i]
		if keys = append(keys, m.ClientID); m.Author != FromAgent {
			continue
		}
		if keys = append(keys, AgentKey(m.Card.Agent)); m.ClientID != "" && m.Card.Agent == "" {
			return fmt.Errorf("turn of conversation %.100q: message %d is of no agent", t.Conversation.ID, m.Seq)
		}
	}
	if t.Leave != nil {
		keys = append(keys, t.Leave.ID)
	}
	if t.Verdict != nil {
		keys = append(keys, t.Verdict.Conversation, string(t.Verdict.Kind))
	}
	for _, key := range keys {
		if len(key) > maxKey {
			return fmt.Errorf("turn of conversation %.100q: a key has %d bytes, the most are %d", t.Conversation.ID, len(key), maxKey)
		}
	}
	return nil
}

// validateRest checks what is stored beside the messages.
func (t *Turn) validateRest() error {
	var numbers []float64
	var owners []string
	if t.Trace != nil {
		owners, numbers = append(owners, t.Trace.Conversation), append(numbers, t.Trace.Confidence)
		if t.Trace.Seq < 1 || t.Trace.Seq > t.Conversation.Seq {
			return fmt.Errorf("turn of conversation %q: its trace is of message %d, which is not there", t.Conversation.ID, t.Trace.Seq)
		}
	}
	if t.Verdict != nil {
		numbers = append(numbers, t.Verdict.Confidence) // it may be about an earlier conversation
	}
	if t.Leave != nil {
		owners = append(owners, t.Leave.Conversation)
		if t.Leave.ID == "" {
			return fmt.Errorf("turn of conversation %q: the leave-message has no id", t.Conversation.ID)
		}
	}
	if t.Rating != nil {
		owners = append(owners, t.Rating.Conversation)
	}
	for _, m := range t.Messages {
		numbers = append(numbers, m.Card.Confidence)
	}
	for _, n := range numbers {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("turn of conversation %q: a confidence is not a number", t.Conversation.ID)
		}
	}
	for _, owner := range owners {
		if err := t.owns(owner); err != nil {
			return err
		}
	}
	return nil
}

func (t *Turn) owns(conversation string) error {
	if conversation != t.Conversation.ID {
		return fmt.Errorf("turn of conversation %q: a part of it is of conversation %q", t.Conversation.ID, conversation)
	}
	return nil
}

// validateTexts refuses what not every database can store: NUL, and what is not
// UTF-8. Dropping it in silence would show another text than the one stored.
func (t *Turn) validateTexts() error {
	c := &t.Conversation
	texts := []string{c.ID, c.Visitor.Key(), c.CloseReason, c.Dialogue.Asked,
		c.Profile.Name, c.Profile.Page, c.Profile.Title, c.Profile.Referrer,
		c.Profile.Agent, c.Profile.Language, c.Profile.Region, c.Profile.Level}
	texts = append(appendOptions(texts, c.Dialogue.Offered), c.Dialogue.Handoff)
	texts = append(texts, c.Dialogue.About...)
	texts = c.Service.appendTexts(texts)
	for i := range t.Messages {
		texts = t.Messages[i].appendTexts(texts)
	}
	if r := t.Trace; r != nil {
		texts = append(texts, r.Text, r.Decision, r.Rule, r.Entry, r.Question, r.Model, r.Trace)
	}
	if v := t.Verdict; v != nil {
		texts = append(texts, v.Conversation, string(v.Kind), v.Reason, v.Entry, v.Question)
	}
	if l := t.Leave; l != nil {
		texts = append(texts, l.ID, l.Visitor.Key(), l.Name, l.Contact, l.Text)
	}
	if r := t.Rating; r != nil {
		texts = append(append(texts, r.Comment), r.Tags...)
	}
	for _, text := range texts {
		if err := checkStorable(text); err != nil {
			return fmt.Errorf("turn of conversation %q: a text %w", c.ID, err)
		}
	}
	return nil
}

func (m *Message) appendTexts(texts []string) []string {
	texts = append(texts, m.ClientID, string(m.Author), string(m.Kind), m.Text,
		m.Card.Entry, m.Card.Question, m.Card.Name, m.Card.Contact,
		m.Card.Agent, m.Card.Nick, m.Card.To, m.Card.Group, m.Card.Note, m.Card.Reason)
	texts = append(texts, m.Card.Tags...)
	texts = slices.AppendSeq(slices.AppendSeq(texts, maps.Keys(m.Card.Fields)), maps.Values(m.Card.Fields))
	if f := m.Card.File; f != nil {
		texts = f.appendTexts(texts)
	}
	for _, action := range m.Card.Actions {
		texts = append(texts, string(action))
	}
	return appendOptions(texts, m.Card.Options)
}

func (s *Service) appendTexts(texts []string) []string {
	texts = append(texts, s.Group, s.Owner, s.OfferedTo, s.Reason, s.Leave)
	return append(texts, s.Passed...)
}

func (f *File) appendTexts(texts []string) []string {
	return append(texts, f.ID, f.Visitor, f.Sender, f.Name, f.Type)
}

func appendOptions(texts []string, options []Option) []string {
	for _, o := range options {
		texts = append(texts, o.Entry, o.Question)
	}
	return texts
}

func checkStorable(text string) error {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("has a NUL character")
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8")
	}
	return nil
}

// Validate returns what no store would take: a mistake of the caller.
func (g *Group) Validate() error {
	return validate("skill group", []string{g.ID}, []string{g.Name}, g.Channels, g.Categories)
}

// Validate returns what no store would take: a mistake of the caller.
func (s *Seat) Validate() error {
	return validate("seat", []string{s.Agent}, []string{s.Nick}, s.Groups)
}

// Validate returns what no store would take: a mistake of the caller.
func (c *PresenceChange) Validate() error {
	for _, p := range []Presence{c.From, c.To} {
		switch p {
		case Online, Resting, Away, Offline:
		default:
			return fmt.Errorf("presence of agent %.100q: unknown state %q", c.Agent, p)
		}
	}
	return validate("presence of agent", []string{c.Agent}, []string{c.By})
}

// Validate returns what no store would take: a mistake of the caller.
func (p *Phrase) Validate() error {
	return validate("phrase", []string{p.ID, p.Agent, p.Folder}, []string{p.Shortcut, p.Text})
}

// Validate returns what no store would take of the customer with the visitor: a
// mistake of the caller.
func (c *Customer) Validate(v Visitor) error {
	texts := slices.AppendSeq(slices.Collect(maps.Keys(c.Fields)), maps.Values(c.Fields))
	for _, n := range c.Notes {
		texts = append(texts, n.Agent, n.Nick, n.Text)
	}
	return validate("customer", []string{c.ID, v.Key()}, texts, c.Tags)
}

// Validate returns what no store would take of the file with its content: a
// mistake of the caller.
func (f *File) Validate(content []byte) error {
	if f.Size != int64(len(content)) {
		return fmt.Errorf("file %.100q: it has %d bytes, not %d", f.ID, len(content), f.Size)
	}
	return validate("file", []string{f.ID}, f.appendTexts(nil))
}

// ValidateTaker returns what no store would take of an agent who is to have a
// leave-message: a mistake of the caller.
func ValidateTaker(leave, agent string) error {
	return validate("leave-message", []string{leave, agent})
}

// validate checks the keys and the other texts of a thing. The first key is its
// id; the others may be empty.
func validate(what string, keys []string, texts ...[]string) error {
	if keys[0] == "" {
		return fmt.Errorf("%s without id", what)
	}
	for _, key := range keys {
		if len(key) > maxKey {
			return fmt.Errorf("%s %.100q: a key has %d bytes, the most are %d", what, keys[0], len(key), maxKey)
		}
	}
	for _, text := range slices.Concat(append(texts, keys)...) {
		if err := checkStorable(text); err != nil {
			return fmt.Errorf("%s %.100q: a text %w", what, keys[0], err)
		}
	}
	return nil
}
