package bot

import (
	"errors"
	"fmt"
	"math"
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

// validateKeys checks what things are found by.
func (t *Turn) validateKeys() error {
	keys := []string{t.Conversation.ID, t.Conversation.Visitor.Key()}
	for _, m := range t.Messages {
		keys = append(keys, m.ClientID)
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
	texts = appendOptions(texts, c.Dialogue.Offered)
	for i := range t.Messages {
		texts = t.Messages[i].appendTexts(texts)
	}
	if r := t.Trace; r != nil {
		texts = append(texts, r.Text, r.Decision, r.Rule, r.Entry, r.Question, r.Model, string(r.Trace))
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
		m.Card.Entry, m.Card.Question, m.Card.Name, m.Card.Contact)
	texts = append(texts, m.Card.Tags...)
	for _, action := range m.Card.Actions {
		texts = append(texts, string(action))
	}
	return appendOptions(texts, m.Card.Options)
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
