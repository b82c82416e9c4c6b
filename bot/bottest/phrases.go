package bottest

import (
	"cmp"
	"context"

	"faqbot/bot"
)

var _ bot.PhraseStore = (*Store)(nil)

// Phrases returns everybody's and the agent's own, in order of folder, position
// and id.
func (s *Store) Phrases(ctx context.Context, agent string) ([]bot.Phrase, error) {
	return read(ctx, s, func() []bot.Phrase {
		return sorted(s.phrases, all, func(p bot.Phrase) bool { return p.Agent == "" || p.Agent == agent },
			func(a, b bot.Phrase) int {
				return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
			})
	})
}

// Phrase returns the phrase with the id, or bot.ErrNotFound.
func (s *Store) Phrase(ctx context.Context, id string) (bot.Phrase, error) {
	return lookup(ctx, s, func() (bot.Phrase, bool) {
		p, ok := s.phrases[id]
		return p, ok
	})
}

// PutPhrase stores a phrase, in place of the one with its id if there is one.
func (s *Store) PutPhrase(ctx context.Context, p bot.Phrase) error {
	return s.change(ctx, "store a phrase", func() error {
		if err := p.Validate(); err != nil {
			return err
		}
		p.UpdatedAt = millisecond(p.UpdatedAt)
		s.phrases[p.ID] = p
		return nil
	})
}

// DropPhrase removes a phrase, or returns bot.ErrNotFound.
func (s *Store) DropPhrase(ctx context.Context, id string) error {
	return s.change(ctx, "remove a phrase", func() error { return drop(s.phrases, id) })
}
