package bottest

import (
	"fmt"
	"strings"
	"testing"

	"faqbot/bot"
)

// TestFavourites checks that a store keeps every promise of bot.FavouriteStore.
// open returns an empty store; it is called once for each test.
func TestFavourites(t *testing.T, open func(t *testing.T) bot.FavouriteStore) {
	runBeside(t, favouriteTests, open)
}

var favouriteTests = []besideTest[bot.FavouriteStore]{
	{"the last ones first, each agent's own", testFavouriteOrder},
	{"a favourite is put, put again and dropped", testFavourite},
	{"unusual texts", func(f *fixture, s bot.FavouriteStore) {
		for i, text := range unusual {
			agent := fmt.Sprint(i, text[:min(len(text), 600)])
			kept := bot.Favourite{Agent: agent, Entry: agent, Question: text, At: day}
			f.done("PutFavourite", s.PutFavourite(f.ctx, kept))
			same(f, "Favourites", []bot.Favourite{kept})(s.Favourites(f.ctx, agent))
			f.done("DropFavourite", s.DropFavourite(f.ctx, agent, agent))
		}
	}},
	{"what a store does not take", func(f *fixture, s bot.FavouriteStore) {
		for what, kept := range map[string]bot.Favourite{
			"no entry": {Agent: "小红"}, "nobody's": {Entry: "e"}, "NUL in the question": {Agent: "小红", Entry: "e", Question: "\x00"},
			"NUL in the entry": {Agent: "小红", Entry: "\x00"}, "broken UTF-8 in the agent": {Agent: "\xff", Entry: "e"},
			"an entry that is too long": {Agent: "小红", Entry: strings.Repeat("e", 1001)},
		} {
			f.mistaken(what, s.PutFavourite(f.ctx, kept))
		}
		same[[]bot.Favourite](f, "Favourites", nil)(s.Favourites(f.ctx, "小红"))
	}},
}

func testFavouriteOrder(f *fixture, s bot.FavouriteStore) {
	same[[]bot.Favourite](f, "Favourites of nobody", nil)(s.Favourites(f.ctx, "小红"))
	mine := []bot.Favourite{
		{Agent: "小红", Entry: "move", Question: "宽带怎么移机", At: minute(3)},
		{Agent: "小红", Entry: "Z", Question: "按字节排序", At: minute(2)},
		{Agent: "小红", Entry: "a", Question: "同一时刻", At: minute(2)},
		{Agent: "小红", Entry: "e", At: minute(1)},
	}
	others := []bot.Favourite{{Agent: "小明", Entry: "a", Question: "别人的", At: minute(9)}}
	for i := range mine {
		f.done("PutFavourite", s.PutFavourite(f.ctx, mine[(i*3+2)%len(mine)]))
	}
	f.done("PutFavourite of another", s.PutFavourite(f.ctx, others[0]))
	same(f, "Favourites", mine)(s.Favourites(f.ctx, "小红"))
	same(f, "Favourites of another", others)(s.Favourites(f.ctx, "小明"))
	same[[]bot.Favourite](f, "Favourites of one who has none", nil)(s.Favourites(f.ctx, ""))
}

func testFavourite(f *fixture, s bot.FavouriteStore) {
	f.absent("DropFavourite", s.DropFavourite(f.ctx, "小红", "e"))
	kept := bot.Favourite{Agent: "小红", Entry: "e", Question: "旧的问法", At: minute(1)}
	others := bot.Favourite{Agent: "小明", Entry: "e", Question: "旧的问法", At: minute(1)}
	f.done("PutFavourite", s.PutFavourite(f.ctx, kept))
	f.done("PutFavourite of another", s.PutFavourite(f.ctx, others))
	kept.Question, kept.At = "新的问法", minute(2)
	f.done("PutFavourite again", s.PutFavourite(f.ctx, kept))
	same(f, "Favourites", []bot.Favourite{kept})(s.Favourites(f.ctx, "小红"))
	f.done("DropFavourite", s.DropFavourite(f.ctx, "小红", "e"))
	f.absent("DropFavourite again", s.DropFavourite(f.ctx, "小红", "e"))
	same[[]bot.Favourite](f, "Favourites", nil)(s.Favourites(f.ctx, "小红"))
	same(f, "Favourites of another", []bot.Favourite{others})(s.Favourites(f.ctx, "小明"))
}
