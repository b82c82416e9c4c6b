package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

func newFavourites(t *testing.T) (*house, *bottest.Store, *bot.Favourites) {
	t.Helper()
	store := bottest.NewStore()
	h := newHouse(t, store, "")
	return h, store, bot.NewFavourites(bot.FavouriteConfig{Store: store, Desk: h.desk})
}

// keptBy are the entries that an agent keeps, the last ones first.
func keptBy(t *testing.T, f *bot.Favourites, agent string) (entries []string) {
	t.Helper()
	list, err := f.List(t.Context(), actor(agent))
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range list {
		entries = append(entries, kept.Entry)
	}
	return entries
}

func TestFavourites(t *testing.T) {
	h, _, f := newFavourites(t)
	for _, entry := range []string{"hand-a", "hand-soon", "hand-b", "hand-a"} {
		h.clock.move(time.Minute)
		if err := f.Keep(t.Context(), actor("李"), entry); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"hand-b", "hand-soon", "hand-a"}, keptBy(t, f, "李")); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if others := keptBy(t, f, "王"); others != nil {
		t.Errorf("another agent has %v", others)
	}
	for range 2 { // what is not there need not be dropped
		if err := f.Drop(t.Context(), actor("李"), "hand-b"); err != nil {
			t.Error(err)
		}
	}
	if err := f.Drop(t.Context(), actor("王"), "hand-a"); err != nil {
		t.Error(err)
	}

	h.clock.move(time.Hour)
	var late *bot.LateError
	for _, entry := range []string{"hand-soon", "never was"} {
		if err := f.Keep(t.Context(), actor("王"), entry); !errors.As(err, &late) {
			t.Errorf("keeping %s gives %v", entry, err)
		}
	}
	list, err := f.List(t.Context(), actor("李"))
	if err != nil || len(list) != 2 || list[0].Question != "今日限时秒杀怎么参加" {
		t.Errorf("when an entry is gone there is %+v, error %v", list, err)
	}
}

func TestTooManyFavourites(t *testing.T) {
	h, store, f := newFavourites(t)
	for i := range 200 {
		old := bot.Favourite{Agent: "李", Entry: fmt.Sprint("old-", i), At: h.clock.Now()}
		if err := store.PutFavourite(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *bot.InvalidError
	if err := f.Keep(t.Context(), actor("李"), "hand-a"); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "最多收藏 200 个") {
		t.Errorf("one too many gives %v", err)
	}
	if err := f.Drop(t.Context(), actor("李"), "old-7"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is kept already is not one more
		if err := f.Keep(t.Context(), actor("李"), "hand-a"); err != nil {
			t.Error(err)
		}
	}
}
