package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

// fill stores a conversation of n messages that opens at the minute.
func fill(t testing.TB, s bot.Store, v bot.Visitor, id string, n int, minute int, state bot.State) {
	t.Helper()
	at := morning.Add(time.Duration(minute) * time.Minute)
	turn := bot.Turn{Conversation: bot.Conversation{ID: id, Visitor: v, State: state, Seq: int64(n), OpenedAt: at, UpdatedAt: at}}
	if state == bot.StateClosed {
		turn.Conversation.ClosedAt = at
	}
	for i := range n {
		turn.Messages = append(turn.Messages, bot.Message{
			Conversation: id, Seq: int64(i + 1), Author: bot.FromBot, Kind: bot.KindNotice, Text: fmt.Sprintf("%s %d", id, i+1), At: at,
		})
	}
	if err := s.Commit(context.Background(), turn); err != nil {
		t.Fatalf("fill %s: %v", id, err)
	}
}

func texts(messages []bot.Message) []string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Text)
	}
	return out
}

func wantSpan(t *testing.T, messages []bot.Message, conversation string, from, to int) {
	t.Helper()
	var want []string
	for i := from; i <= to; i++ {
		want = append(want, fmt.Sprintf("%s %d", conversation, i))
	}
	if diff := cmp.Diff(want, texts(messages)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestLook(t *testing.T) {
	for _, tt := range []struct {
		name            string
		size            int // of the present conversation c; there is no other
		older           bool
		state           bot.State
		has             string
		after           int64
		reset, more     bool
		from, to        int // of c
		noConversations bool
	}{
		{name: "nobody yet", noConversations: true},
		{name: "nobody yet, but the client has something", noConversations: true, has: "x", after: 5, reset: true},
		{name: "new client, all fits", size: 30, from: 1, to: 30},
		{name: "new client, there is an older conversation", size: 30, older: true, more: true, from: 1, to: 30},
		{name: "new client, last ones", size: 31, more: true, from: 2, to: 31},
		{name: "closed", size: 5, state: bot.StateClosed, from: 1, to: 5},
		{name: "is up to date", size: 5, has: "c", after: 5, more: true},
		{name: "lacks some", size: 5, has: "c", after: 3, more: true, from: 4, to: 5},
		{name: "lacks all", size: 5, has: "c", after: 0, more: true, from: 1, to: 5},
		{name: "lacks as many as may be", size: 201, has: "c", after: 1, more: true, from: 2, to: 201},
		{name: "lacks too many", size: 202, has: "c", after: 1, reset: true, more: true, from: 173, to: 202},
		{name: "knows more than there is", size: 5, has: "c", after: 6, reset: true, from: 1, to: 5},
		{name: "impossible number", size: 5, has: "c", after: -1, reset: true, from: 1, to: 5},
		{name: "has the older conversation", size: 5, older: true, has: "old", after: 2, reset: true, more: true, from: 1, to: 5},
		{name: "has a conversation of another visitor", size: 5, has: "bobs", after: 1, reset: true, from: 1, to: 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := fakeHouse(t)
			fill(t, h.store, visitor("bob"), "bobs", 3, 0, bot.StateOpen)
			if tt.older {
				fill(t, h.store, ann, "old", 2, 1, bot.StateClosed)
			}
			if tt.state == "" {
				tt.state = bot.StateOpen
			}
			want := bot.View{Reset: tt.reset, More: tt.more}
			if !tt.noConversations {
				fill(t, h.store, ann, "c", tt.size, 2, tt.state)
				want.Conversation, want.Seq = "c", int64(tt.size)
			}
			got, err := h.Look(context.Background(), ann, tt.has, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			if tt.to > 0 {
				wantSpan(t, got.Messages, "c", tt.from, tt.to)
			} else if len(got.Messages) > 0 {
				t.Errorf("messages are %v", texts(got.Messages))
			}
			got.Messages = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("view (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOthersConversationsAreNotFound(t *testing.T) {
	h := fakeHouse(t)
	ctx := context.Background()
	fill(t, h.store, ann, "anns", 3, 0, bot.StateOpen)
	strangers := []bot.Visitor{visitor("bob"), {Channel: "wechat", ID: "ann"}, {Channel: "web", Account: "x", ID: "ann"}, {}}
	for _, v := range strangers {
		for _, id := range []string{"anns", "nobody", "", "\x00", "\xff"} {
			_, err := h.After(ctx, v, id, 0, 10)
			wantIs(t, err, bot.ErrNotFound)
			_, _, err = h.Earlier(ctx, v, id, 10, 10)
			wantIs(t, err, bot.ErrNotFound)
			wantIs(t, h.MarkRead(ctx, v, id, 2), bot.ErrNotFound)
		}
		if view, err := h.Look(ctx, v, "anns", 0); err != nil || view.Conversation != "" || len(view.Messages) > 0 || !view.Reset {
			t.Errorf("%v sees %+v, %v", v, view, err)
		}
	}
	if c, err := h.store.Conversation(ctx, "anns"); err != nil || c.Read != 0 {
		t.Errorf("a stranger marked it read: %+v, %v", c, err)
	}
}

func TestAfter(t *testing.T) {
	h := fakeHouse(t)
	fill(t, h.store, ann, "c", 5, 0, bot.StateOpen)
	for _, tt := range []struct {
		after    int64
		limit    int
		from, to int
	}{{0, 10, 1, 5}, {2, 2, 3, 4}, {5, 10, 1, 0}, {9, 10, 1, 0}, {-3, 1, 1, 1}} {
		got, err := h.After(context.Background(), ann, "c", tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		wantSpan(t, got, "c", tt.from, tt.to)
	}
}

func TestMarkRead(t *testing.T) {
	h := fakeHouse(t)
	fill(t, h.store, ann, "c", 5, 0, bot.StateOpen)
	for _, tt := range []struct{ seq, want int64 }{{-1, 0}, {0, 0}, {3, 3}, {2, 3}, {3, 3}, {99, 5}, {4, 5}} {
		if err := h.MarkRead(context.Background(), ann, "c", tt.seq); err != nil {
			t.Fatal(err)
		}
		if view, err := h.Look(context.Background(), ann, "", 0); err != nil || view.Read != tt.want {
			t.Errorf("after MarkRead(%d): %d is read, want %d, %v", tt.seq, view.Read, tt.want, err)
		}
	}
}

// TestPagingShowsEverythingOnce goes back from the view that a new client gets,
// over any number of conversations, with any size of pages.
func TestPagingShowsEverythingOnce(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		h := fakeHouse(t)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 6).Draw(rt, "sizes")
		var want []string
		for i, n := range sizes {
			state := bot.StateClosed
			if i == len(sizes)-1 && rapid.Bool().Draw(rt, "open") {
				state = bot.StateOpen
			}
			id := fmt.Sprintf("c%d", (i*7)%10) // ids are in no order
			fill(t, h.store, ann, id, n, i, state)
			fill(t, h.store, visitor("bob"), "bob-"+id, n, i, bot.StateClosed)
			for j := range n {
				want = append(want, fmt.Sprintf("%s %d", id, j+1))
			}
		}
		view, err := h.Look(ctx, ann, "", 0)
		if err != nil {
			rt.Fatal(err)
		}
		got, more := view.Messages, view.More
		for more {
			var page []bot.Message
			limit := rapid.IntRange(1, 25).Draw(rt, "limit")
			page, more, err = h.Earlier(ctx, ann, got[0].Conversation, got[0].Seq, limit)
			if err != nil {
				rt.Fatal(err)
			}
			if len(page) == 0 || len(page) > limit || more && len(page) != limit {
				rt.Fatalf("a page of %d, %d were asked for, more is %v", len(page), limit, more)
			}
			got = slices.Concat(page, got)
		}
		if diff := cmp.Diff(want, texts(got)); diff != "" {
			rt.Fatalf("messages (-want +got):\n%s", diff)
		}
	})
}

func TestEarlierAtTheEdges(t *testing.T) {
	h := fakeHouse(t)
	fill(t, h.store, ann, "old", 2, 0, bot.StateClosed)
	fill(t, h.store, ann, "new", 3, 1, bot.StateOpen)
	for _, tt := range []struct {
		conversation string
		before       int64
		limit        int
		want         []string
		more         bool
	}{
		{"new", 4, 3, []string{"new 1", "new 2", "new 3"}, true},
		{"new", 99, 3, []string{"new 1", "new 2", "new 3"}, true},
		{"new", 3, 3, []string{"old 2", "new 1", "new 2"}, true},
		{"new", 1, 2, []string{"old 1", "old 2"}, false},
		{"new", 0, 9, []string{"old 1", "old 2"}, false},
		{"new", -7, 9, []string{"old 1", "old 2"}, false},
		{"old", 1, 9, nil, false},
		{"new", 4, 5, []string{"old 1", "old 2", "new 1", "new 2", "new 3"}, false},
	} {
		got, more, err := h.Earlier(context.Background(), ann, tt.conversation, tt.before, tt.limit)
		if diff := cmp.Diff(tt.want, texts(got)); diff != "" || more != tt.more || err != nil {
			t.Errorf("Earlier(%s, %d, %d): more %v, %v (-want +got):\n%s", tt.conversation, tt.before, tt.limit, more, err, diff)
		}
	}
}

// deaf is a store that cannot be read.
type deaf struct{ *bottest.Store }

func (deaf) Current(context.Context, bot.Visitor) (bot.Conversation, error) {
	return bot.Conversation{}, bot.ErrUnavailable
}

func (deaf) Changed(context.Context, time.Time) ([]bot.Hint, error) { return nil, bot.ErrUnavailable }

func TestLookWithoutDatabase(t *testing.T) {
	h := newHouse(t, deaf{bottest.NewStore()}, "")
	_, err := h.Look(context.Background(), ann, "c", 3)
	wantIs(t, err, bot.ErrUnavailable) // and no reset: the client keeps what it has
}

func TestSuggest(t *testing.T) {
	h := fakeHouse(t)
	got, err := h.Suggest(context.Background(), ann, bot.Profile{}, " 怎么办理\x00 ")
	if err != nil || len(got) == 0 || len(got) > 6 {
		t.Fatalf("suggestions are %v, %v", got, err)
	}
	if got[0].Entry == "" || !strings.HasPrefix(got[0].Question, "怎么办理") {
		t.Errorf("suggests %+v first", got[0])
	}
	for _, text := range []string{"", "😀", "？"} {
		if got, err := h.Suggest(context.Background(), ann, bot.Profile{}, text); err != nil || len(got) > 0 {
			t.Errorf("Suggest(%q) = %v, %v", text, got, err)
		}
	}
	if _, err := h.Suggest(context.Background(), ann, bot.Profile{}, strings.Repeat("宽带", 5000)); err != nil {
		t.Errorf("a long text: %v", err)
	}
}

func TestGreeting(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), `
hot: [怎么充话费, 没有这个问题, 退那个套餐, 秒杀规则, 今日限时秒杀怎么参加]
channels:
  web/shop: {texts: {title: 小店}, hot: []}
`)
	g, err := h.Greeting(context.Background(), "web", "", "zh")
	if err != nil {
		t.Fatal(err)
	}
	want := []bot.Option{{Entry: "telecom-022", Question: "怎么充话费"}, {Entry: "hand-soon", Question: "今日限时秒杀怎么参加"}}
	if diff := cmp.Diff(want, g.Hot); diff != "" {
		t.Errorf("hot (-want +got):\n%s", diff)
	}
	for _, name := range []string{"title", "subtitle", "welcome", "placeholder"} {
		if g.Texts[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	h.clock.move(2 * time.Hour)
	want[1] = bot.Option{Entry: "hand-e", Question: "秒杀规则"} // now it means one entry
	if g, err = h.Greeting(context.Background(), "web", "", ""); err != nil || !cmp.Equal(want, g.Hot) {
		t.Errorf("after an entry expired: hot are %v, %v", g.Hot, err)
	}
	if g, err = h.Greeting(context.Background(), "web", "", "en"); err != nil || len(g.Texts) > 0 || !cmp.Equal(want, g.Hot) {
		t.Errorf("in English: %v, error %v; want no Chinese texts but the hot questions", g, err)
	}
	if g, err = h.Greeting(context.Background(), "web", "shop", ""); err != nil || g.Texts["title"] != "小店" || len(g.Hot) < 5 {
		t.Errorf("greeting of the shop is %+v, %v", g, err)
	}
}

// TestWatchFindsWhatNoHintToldOf is a message that another node stored, whose hint
// was lost.
func TestWatchFindsWhatNoHintToldOf(t *testing.T) {
	mustTalkative(t) // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		h := fakeHouse(t)
		fill(t, h.store, ann, "new", 3, 0, bot.StateOpen)
		fill(t, h.store, visitor("bob"), "long ago", 3, -60, bot.StateOpen)
		ctx, cancel := context.WithCancel(context.Background())
		found := make(chan bot.Hint, 100)
		to := bot.NewLocalBus()
		to.Subscribe(func(hint bot.Hint) { found <- hint })
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Watch(ctx, 10*time.Second, to)
		}()
		if hint := <-found; hint.Conversation != "new" || hint.Seq != 3 || hint.Visitor != ann.Key() {
			t.Errorf("found %+v", hint)
		}
		cancel()
		<-done
		if len(found) > 0 {
			t.Errorf("found also %+v", <-found)
		}
	})
}

func TestWatchGoesOnWithoutDatabase(t *testing.T) {
	mustTalkative(t)
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		h := newHouse(t, deaf{bottest.NewStore()}, "")
		h.Log = zap.New(core)
		ctx, cancel := context.WithTimeout(context.Background(), 35*time.Second)
		defer cancel()
		h.Watch(ctx, 10*time.Second, h.bus)
		if logs.Len() != 3 {
			t.Errorf("%d warnings, want 3", logs.Len())
		}
	})
}
