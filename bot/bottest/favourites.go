package bottest

import (
	"cmp"
	"context"

	"faqbot/bot"
)

var _ bot.FavouriteStore = (*Store)(nil)

// favouriteKey is the key of a favourite.
type favouriteKey struct{ agent, entry string }

// Favourites returns those of an agent, the last ones first, then in order of the
// entries.
func (s *Store) Favourites(ctx context.Context, agent string) ([]bot.Favourite, error) {
	return read(ctx, s, func() []bot.Favourite {
		return sorted(s.favourites, all, func(f bot.Favourite) bool { return f.Agent == agent },
			func(a, b bot.Favourite) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Entry, b.Entry)) })
	})
}

// PutFavourite adds a favourite, in place of the one of the agent with its entry
// if there is one.
func (s *Store) PutFavourite(ctx context.Context, f bot.Favourite) error {
	return s.change(ctx, "store a favourite", func() error {
		if err := f.Validate(); err != nil {
			return err
		}
		f.At = millisecond(f.At)
		s.favourites[favouriteKey{f.Agent, f.Entry}] = f
		return nil
	})
}

// DropFavourite removes a favourite, or returns bot.ErrNotFound.
func (s *Store) DropFavourite(ctx context.Context, agent, entry string) error {
	return s.change(ctx, "remove a favourite", func() error { return drop(s.favourites, favouriteKey{agent, entry}) })
}
