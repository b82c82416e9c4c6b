package console

import (
	"context"
	"net/http"

	"faqbot/bot"
)

func (c *Console) addDeskFavourites() {
	const one = "/desk/favourites/{id}"
	addDesk(c, operation{id: "listFavourites", method: http.MethodGet, path: "/desk/favourites", who: atDesk(), summary: "自己收藏的知识点，最近收藏的在前"}, c.listFavourites)
	addDesk(c, operation{id: "putFavourite", method: http.MethodPut, path: one, who: atDesk(), summary: "收藏知识点"}, c.putFavourite)
	addDesk(c, operation{id: "dropFavourite", method: http.MethodDelete, path: one, who: atDesk(), summary: "取消收藏"}, c.dropFavourite)
}

// Favourite is an entry that an agent keeps at hand, with what it says now.
type Favourite struct {
	ShelfEntry
	Gone bool `json:"gone" doc:"已下线：只剩收藏时的问题；没有下线但 text 为空，是没有给这位访客的答案"`
}

// FavouriteList is favourites, the last ones first.
type FavouriteList struct {
	Favourites []Favourite `json:"favourites" nullable:"false"`
}

type listFavouritesInput struct {
	Channel string `query:"channel" maxLength:"64" doc:"答案给哪个渠道的访客"`
}

func (c *Console) listFavourites(ctx context.Context, who call, in *listFavouritesInput) (*body[FavouriteList], error) {
	found, err := c.desk.favourites.List(ctx, who.actor())
	list, q := FavouriteList{Favourites: make([]Favourite, len(found))}, c.shelfQuery("", in.Channel)
	matcher := c.desk.Engine.Knowledge.Matcher()
	for i, f := range found {
		kept := Favourite{ShelfEntry: ShelfEntry{ID: f.Entry, Question: f.Question}, Gone: true}
		if e, ok := matcher.Find(f.Entry); ok && e.ActiveAt(q.At) {
			kept = Favourite{ShelfEntry: c.shelfEntry(q, e)}
		}
		list.Favourites[i] = kept
	}
	return &body[FavouriteList]{list}, err
}

type favouritePath struct {
	ID string `path:"id" maxLength:"128" doc:"知识点的编号"`
}

func (c *Console) putFavourite(ctx context.Context, who call, in *favouritePath) (*none, error) {
	return &none{}, c.desk.favourites.Keep(ctx, who.actor(), in.ID)
}

func (c *Console) dropFavourite(ctx context.Context, who call, in *favouritePath) (*none, error) {
	if in.ID != bot.CleanText(in.ID) {
		return nil, bot.ErrNotFound
	}
	return &none{}, c.desk.favourites.Drop(ctx, who.actor(), in.ID)
}
