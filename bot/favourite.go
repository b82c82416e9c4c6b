package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxFavourites bounds what an agent keeps at hand: more is no shorter way than a
// search.
const maxFavourites = 200

// Favourite is an entry that an agent keeps at hand (收藏).
type Favourite struct {
	Agent string // whose it is
	Entry string
	// Question is what the entry was called when it was kept; it outlives the entry.
	Question string
	At       time.Time
}

// Validate returns what no store would take: a mistake of the caller.
func (f *Favourite) Validate() error {
	if f.Agent == "" {
		return fmt.Errorf("favourite %.100q: it is nobody's", f.Entry)
	}
	return validate("favourite", []string{f.Entry, f.Agent}, []string{f.Question})
}

// FavouriteStore keeps favourites. The errors are those of Store.
type FavouriteStore interface {
	// Favourites returns those of an agent, the last ones first, then in order of the
	// entries. PutFavourite adds one, in place of the one of the agent with its entry
	// if there is one. DropFavourite removes it, or returns ErrNotFound.
	Favourites(ctx context.Context, agent string) ([]Favourite, error)
	PutFavourite(ctx context.Context, f Favourite) error
	DropFavourite(ctx context.Context, agent, entry string) error
}

// Favourites are the entries that each agent keeps at hand, for nobody else.
type Favourites struct {
	FavouriteConfig
}

// FavouriteConfig says what Favourites work with; every field is needed.
type FavouriteConfig struct {
	Store FavouriteStore
	Desk  *Desk
}

// NewFavourites returns the favourites of a store.
func NewFavourites(c FavouriteConfig) *Favourites { return &Favourites{c} }

// List returns the actor's own, the last ones first. Their entries may be gone.
func (f *Favourites) List(ctx context.Context, a Actor) ([]Favourite, error) {
	list, err := f.Store.Favourites(ctx, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the favourites: %w", err)
	}
	return list, nil
}

// Keep makes an entry one of the actor's own. One that is kept stays where it is.
// If the entry is gone that is a LateError, if there are too many an InvalidError.
func (f *Favourites) Keep(ctx context.Context, a Actor, entry string) error {
	now := f.Desk.Engine.moment()
	e, ok := f.Desk.Engine.Knowledge.Matcher().Find(entry)
	if !ok || !e.ActiveAt(now) {
		return &LateError{"这个知识点已下线，不能收藏"}
	}
	list, err := f.List(ctx, a)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(old Favourite) bool { return old.Entry == entry }) {
		return nil
	}
	if len(list) >= maxFavourites {
		return &InvalidError{"id", fmt.Sprintf("最多收藏 %d 个知识点，请先移除不再用的", maxFavourites)}
	}
	if err := f.Store.PutFavourite(ctx, Favourite{Agent: a.ID, Entry: entry, Question: e.Question, At: now}); err != nil {
		return fmt.Errorf("store a favourite: %w", err)
	}
	return nil
}

// Drop takes an entry out of the actor's own. It may be gone, and it need not be
// there.
func (f *Favourites) Drop(ctx context.Context, a Actor, entry string) error {
	err := f.Store.DropFavourite(ctx, a.ID, entry)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("drop favourite %q: %w", entry, err)
	}
	return nil
}
