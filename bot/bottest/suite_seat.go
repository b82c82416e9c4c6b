package bottest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/kbtest"
)

// DeskStore is what the desk needs: the conversations and what stands beside them.
type DeskStore interface {
	bot.Store
	bot.SeatStore
}

// TestSeats checks that a store keeps every promise of bot.SeatStore. open returns
// an empty store; it is called once for each test.
func TestSeats(t *testing.T, open func(t *testing.T) DeskStore) {
	t.Run("List", func(t *testing.T) { runBeside(t, listTests, open) })
	t.Run("Group", func(t *testing.T) { runBeside(t, groupTests, open) })
	t.Run("Seat", func(t *testing.T) { runBeside(t, seatTests, open) })
	t.Run("Leave", func(t *testing.T) { runBeside(t, leaveTests, open) })
	t.Run("Concurrency", func(t *testing.T) { TestSeatConcurrency(t, open) })
}

// TestSeatConcurrency is the part of TestSeats in which many use the store at once.
func TestSeatConcurrency(t *testing.T, open func(t *testing.T) DeskStore) {
	runBeside(t, seatRaces, open)
}

var listTests = []besideTest[DeskStore]{
	{"an empty store has nothing", testEmptyDesk},
	{"a conversation from the queue to its end", testWholeService},
	{"Waiting in order of rank, time and id", testWaiting},
	{"Served in order of ids", testServed},
	{"Done page by page", testDone},
	{"Of one visitor", testOf},
	{"bad ratings of agents", testBadRatings},
	{"conflicts among many in one commit", testServiceConflicts},
}

func testEmptyDesk(f *fixture, s DeskStore) {
	same[[]bot.Conversation](f, "Waiting", nil)(s.Waiting(f.ctx))
	same(f, "Ahead", 0)(s.Ahead(f.ctx, "", 0, day, "z"))
	same(f, "Loads", map[string]int{})(s.Loads(f.ctx))
	same[[]bot.Conversation](f, "Served", nil)(s.Served(f.ctx, "小红"))
	same[[]bot.Conversation](f, "Served by any", nil)(s.Served(f.ctx, ""))
	same[[]bot.Conversation](f, "Done", nil)(s.Done(f.ctx, "小红", day, 9))
	same[[]bot.Conversation](f, "Done by any", nil)(s.Done(f.ctx, "", day, 9))
	same[[]bot.Conversation](f, "Of", nil)(s.Of(f.ctx, visitor("a"), 9))
	same[[]bot.Group](f, "Groups", nil)(s.Groups(f.ctx))
	same[[]bot.Seat](f, "Seats", nil)(s.Seats(f.ctx))
	same[[]bot.PresenceChange](f, "PresenceLog", nil)(s.PresenceLog(f.ctx, "小红", day, minute(9)))
	same[[]bot.LeaveTask](f, "OpenLeaves", nil)(s.OpenLeaves(f.ctx, 9))
	same[[]bot.LeaveTask](f, "LeavesOf", nil)(s.LeavesOf(f.ctx, "小红"))
	f.done("Seen nobody", s.Seen(f.ctx, day))
}

// served returns a turn after which the conversation stands with the humans so.
func served(c bot.Conversation, at time.Time, service bot.Service) bot.Turn {
	t := after(c, at, bot.Message{Author: bot.FromSystem, Kind: bot.KindQueued})
	t.Conversation.Service = service
	return t
}

// ids are those of the conversations a list shows.
func ids(f *fixture) func(list []bot.Conversation, err error) []string {
	return func(list []bot.Conversation, err error) (ids []string) {
		f.Helper()
		f.done("list", err)
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return ids
	}
}

// testWholeService checks which of the lists show a conversation at each step.
func testWholeService(f *fixture, s DeskStore) {
	v := visitor("a")
	f.commit(opening("other", visitor("b"), minute(0)))
	c := f.commit(opening("c", v, minute(0)))
	show := func(step string, where ...string) {
		f.Helper()
		for name, list := range map[string]func() ([]bot.Conversation, error){
			"waiting":          func() ([]bot.Conversation, error) { return s.Waiting(f.ctx) },
			"with 小红":          func() ([]bot.Conversation, error) { return s.Served(f.ctx, "小红") },
			"with 小明":          func() ([]bot.Conversation, error) { return s.Served(f.ctx, "小明") },
			"with somebody":    func() ([]bot.Conversation, error) { return s.Served(f.ctx, "") },
			"done by 小红":       func() ([]bot.Conversation, error) { return s.Done(f.ctx, "小红", minute(99), 9) },
			"done by 小明":       func() ([]bot.Conversation, error) { return s.Done(f.ctx, "小明", minute(99), 9) },
			"done by somebody": func() ([]bot.Conversation, error) { return s.Done(f.ctx, "", minute(99), 9) },
		} {
			var want []bot.Conversation
			if slices.Contains(where, name) {
				want = []bot.Conversation{c}
			}
			same(f, step+": "+name, want)(list())
		}
	}
	show("with the bot")
	c = f.commit(served(c, minute(1), bot.Service{Phase: bot.InQueue, Group: "售前", QueuedAt: minute(1)}))
	show("queued", "waiting")
	f.done("MarkRead", s.MarkRead(f.ctx, "c", 3))
	c.Read = 3
	show("read", "waiting")
	c = f.commit(served(c, minute(2), bot.Service{Phase: bot.WithAgent, Group: "售前", Owner: "小红", AcceptedAt: minute(2)}))
	show("accepted", "with 小红", "with somebody")
	c = f.commit(served(c, minute(3), bot.Service{Phase: bot.WithAgent, Owner: "小明"}))
	show("transferred", "with 小明", "with somebody")
	c = f.commit(served(c, minute(4), bot.Service{Owner: "小明"}))
	show("returned to the bot")
	c = f.commit(after(c, minute(5), asked("5", "问"), replied("答")))
	show("goes on with the bot")
	c = f.commit(served(c, minute(6), bot.Service{Phase: bot.WithAgent, Owner: "小红"}))
	show("back again", "with 小红", "with somebody")
	c = f.commit(closing(c, minute(7)))
	show("closed", "done by 小红", "done by somebody")
	c = f.commit(after(c, minute(8), asked("8", "五星")))
	show("rated", "done by 小红", "done by somebody")
}

func testWaiting(f *fixture, s DeskStore) {
	ordered := []struct {
		id     string
		rank   int
		queued time.Time
	}{
		{"m", 2, minute(5)},
		{"k", 1, minute(0)},
		{"Z", 1, minute(3).Add(900 * time.Microsecond)}, // ids are compared by their bytes, times by milliseconds
		{"a", 1, minute(3).Add(100 * time.Microsecond)},
		{"é", 1, minute(3)},
		{"b", 1, minute(4)},
		{"y", 0, minute(1)},
		{"x", 0, minute(2)},
		{"c", -1, minute(0)},
	}
	var want []string
	for _, w := range ordered {
		want = append(want, w.id)
	}
	for i := range ordered {
		w := ordered[(i*5+3)%len(ordered)]
		c := f.commit(opening(w.id, visitor(w.id), minute(9)))
		f.commit(served(c, minute(9), bot.Service{Phase: bot.InQueue, Rank: w.rank, QueuedAt: w.queued}))
	}
	same(f, "Waiting", want)(ids(f)(s.Waiting(f.ctx)), nil)
	for i, w := range ordered {
		same(f, "Ahead of "+w.id, i)(s.Ahead(f.ctx, "", w.rank, w.queued, w.id))
	}
	same(f, "Ahead of one more", 8)(s.Ahead(f.ctx, "", 0, minute(5), ""))
	same(f, "Ahead in another group", 0)(s.Ahead(f.ctx, "g", 0, minute(5), ""))

	front := f.conversation("x")
	front.Service.Rank = 9
	f.commit(served(front, minute(10), front.Service))
	f.commit(closing(f.conversation("a"), minute(11)))
	want = []string{"x", "m", "k", "Z", "é", "b", "y", "c"}
	same(f, "Waiting after one came to the front and one went", want)(ids(f)(s.Waiting(f.ctx)), nil)
}

func testServed(f *fixture, s DeskStore) {
	agents := []string{"小红", "小明", "小红 ", "小"}
	want := map[string][]string{}
	for i := range 20 {
		id, agent := fmt.Sprintf("c%02d", (i*7)%20), agents[i%4]
		c := f.commit(opening(id, visitor(id), minute(i)))
		f.commit(served(c, minute(i), bot.Service{Phase: bot.WithAgent, Owner: agent}))
		want[agent], want[""] = append(want[agent], id), append(want[""], id)
	}
	for agent, list := range want {
		slices.Sort(list)
		same(f, "Served by "+agent, list)(ids(f)(s.Served(f.ctx, agent)), nil)
	}
	same[[]bot.Conversation](f, "Served by another", nil)(s.Served(f.ctx, "小刚"))
	same(f, "Loads", map[string]int{"小红": 5, "小明": 5, "小红 ": 5, "小": 5})(s.Loads(f.ctx))
	f.commit(closing(f.conversation(want["小明"][0]), minute(30)))
	same(f, "Loads after one was closed", map[string]int{"小红": 5, "小明": 4, "小红 ": 5, "小": 5})(s.Loads(f.ctx))
}

func testBadRatings(f *fixture, s DeskStore) {
	yes, no := true, false
	var bad []bot.Rating
	for i, tt := range []struct {
		agent  string
		stars  int
		solved *bool
		bad    bool
	}{
		{"小红", 1, nil, true}, {"小红", 2, &yes, true}, {"小红", 3, nil, false}, {"小红", 5, &no, true},
		{"小红", 0, &no, true}, {"小红", 0, &yes, false}, {"", 1, &no, false}, {"小明", 1, &no, true},
	} {
		id := fmt.Sprintf("c%02d", i)
		t := closing(f.commit(opening(id, visitor(id), minute(0))), minute(20+i))
		t.Conversation.Service.Owner = tt.agent
		t.Rating = &bot.Rating{Conversation: id, Seq: t.Conversation.Seq, Stars: tt.stars, Solved: tt.solved, Tags: []string{"慢"}, Comment: "唉", At: minute(20 + i)}
		f.commit(t)
		if tt.bad {
			bad = append(bad, *t.Rating)
		}
	}
	slices.Reverse(bad)
	same(f, "BadRatings", bad)(s.BadRatings(f.ctx, time.Time{}, all))
	same(f, "the last two", bad[:2])(s.BadRatings(f.ctx, time.Time{}, 2))
	same(f, "from a moment on", bad[:3])(s.BadRatings(f.ctx, minute(23), all))
	same[[]bot.Rating](f, "none", nil)(s.BadRatings(f.ctx, minute(40), all))
}

func testDone(f *fixture, s DeskStore) {
	want := map[string][]string{}
	for i := range 24 {
		id, agent := fmt.Sprintf("c%02d", i), []string{"小红", "小明", ""}[i%3]
		c := f.commit(opening(id, visitor(id), minute(0)))
		t := closing(c, minute(20+i/6))
		t.Conversation.Service.Owner = agent
		f.commit(t)
		if agent != "" { // the bot's own are not shown
			want[agent], want[""] = append(want[agent], id), append(want[""], id)
		}
	}
	for agent, list := range want {
		slices.Reverse(list)
		same(f, "Done by "+agent, list)(ids(f)(s.Done(f.ctx, agent, minute(24), all)), nil)
		same(f, "Done at any time by "+agent, list)(ids(f)(s.Done(f.ctx, agent, time.Time{}, all)), nil)
		same(f, "the last three by "+agent, list[:3])(ids(f)(s.Done(f.ctx, agent, minute(24), 3)), nil)
		older := slices.DeleteFunc(slices.Clone(list), func(id string) bool { return id >= "c12" })
		same(f, "before a moment by "+agent, older)(ids(f)(s.Done(f.ctx, agent, minute(22), all)), nil)
		same[[]bot.Conversation](f, "none by "+agent, nil)(s.Done(f.ctx, agent, minute(24), 0))
		same[[]bot.Conversation](f, "less than none by "+agent, nil)(s.Done(f.ctx, agent, minute(24), -1))
		same[[]bot.Conversation](f, "too early by "+agent, nil)(s.Done(f.ctx, agent, minute(20), all))
	}
	again := after(f.conversation("c00"), minute(30), asked("again", "还有"))
	again.Conversation.State, again.Conversation.ClosedAt = bot.StateOpen, time.Time{}
	f.commit(again)
	if got := ids(f)(s.Done(f.ctx, "小红", time.Time{}, all)); slices.Contains(got, "c00") {
		f.Errorf("one that is open again is done: %v", got)
	}
}

func testOf(f *fixture, s DeskStore) {
	v := visitor("a")
	for i, id := range []string{"c3", "c1", "c2"} {
		f.commit(closing(f.commit(opening(id, v, minute(i))), minute(i)))
	}
	f.commit(opening("c4", v, minute(1)), opening("d", visitor("b"), minute(1))) // at the same time as c1
	same(f, "all", []string{"c2", "c4", "c1", "c3"})(ids(f)(s.Of(f.ctx, v, all)), nil)
	same(f, "two", []string{"c2", "c4"})(ids(f)(s.Of(f.ctx, v, 2)), nil)
	same[[]bot.Conversation](f, "none", nil)(s.Of(f.ctx, v, 0))
	same[[]bot.Conversation](f, "less than none", nil)(s.Of(f.ctx, v, -1))
	same(f, "whole", f.conversation("d"))(one(s.Of(f.ctx, visitor("b"), 1)))
}

// one returns the first.
func one[T any](list []T, err error) (first T, _ error) {
	if err == nil && len(list) == 0 {
		err = errors.New("the list is empty")
	}
	if err != nil {
		return first, err
	}
	return list[0], nil
}

// testServiceConflicts commits several at once of which one comes too late.
func testServiceConflicts(f *fixture, s DeskStore) {
	var waiting []bot.Conversation
	for i := range 3 {
		id := fmt.Sprint("c", i)
		c := f.commit(opening(id, visitor(id), minute(0)))
		waiting = append(waiting, f.commit(served(c, minute(1), bot.Service{Phase: bot.InQueue, QueuedAt: minute(i)})))
	}
	take := func(c bot.Conversation, agent string) bot.Turn {
		return served(c, minute(2), bot.Service{Phase: bot.WithAgent, Owner: agent})
	}
	f.commit(take(waiting[1], "小红"))
	f.refused("two of three are free", take(waiting[0], "小明"), take(waiting[1], "小明"), take(waiting[2], "小明"))
	same(f, "Waiting", []string{"c0", "c2"})(ids(f)(s.Waiting(f.ctx)), nil)
	same(f, "Served", []string{"c1"})(ids(f)(s.Served(f.ctx, "")), nil)
	f.commit(take(waiting[0], "小明"), take(waiting[2], "小明"))
	same(f, "Served by 小明", []string{"c0", "c2"})(ids(f)(s.Served(f.ctx, "小明")), nil)
}

var groupTests = []besideTest[DeskStore]{
	{"Groups in order of their ids", func(f *fixture, s DeskStore) {
		want := []bot.Group{{ID: "Z"}, {ID: "a"}, {ID: "b"}, {ID: "é"}}
		for i := range want {
			want[i].Name, want[i].UpdatedAt = unusual[i+6], minute(i)
		}
		for i := range want {
			f.done("PutGroup", s.PutGroup(f.ctx, want[(i*3+2)%len(want)], time.Time{}))
		}
		same(f, "Groups", want)(s.Groups(f.ctx))
	}},
	{"a group is edited by one at a time", testGroup},
	{"what a store does not take of a group", func(f *fixture, s DeskStore) {
		for what, g := range map[string]bot.Group{
			"no id": {}, "NUL in the name": {ID: "g", Name: "\x00"}, "NUL in a channel": {ID: "g", Channels: []string{"\x00"}},
			"broken UTF-8 in a category": {ID: "g", Categories: []string{"\xff"}},
		} {
			f.mistaken(what, s.PutGroup(f.ctx, g, time.Time{}))
		}
		same[[]bot.Group](f, "Groups", nil)(s.Groups(f.ctx))
	}},
}

func testGroup(f *fixture, s DeskStore) {
	g := bot.Group{ID: "售前", Name: "售前 😀", Channels: []string{"web/店", "wechat"}, Categories: []string{"安装", "退款 & <换货>"},
		Manual: true, MaxQueue: 30, UpdatedAt: minute(1).Add(123 * time.Microsecond)}
	f.conflicts("edited before it was there", s.PutGroup(f.ctx, g, minute(1)))
	f.done("PutGroup", s.PutGroup(f.ctx, g, time.Time{}))
	g.UpdatedAt = minute(1) // whole milliseconds are kept
	same(f, "Groups", []bot.Group{g})(s.Groups(f.ctx))
	f.conflicts("new once more", s.PutGroup(f.ctx, g, time.Time{}))

	edited := bot.Group{ID: "售前", Name: "售前咨询", Direct: true, UpdatedAt: minute(2)}
	f.conflicts("edited as it never was", s.PutGroup(f.ctx, edited, minute(3)))
	f.done("edited", s.PutGroup(f.ctx, edited, minute(1)))
	f.conflicts("edited as it was", s.PutGroup(f.ctx, g, minute(1)))
	same(f, "Groups", []bot.Group{edited})(s.Groups(f.ctx))

	f.absent("DropGroup of another", s.DropGroup(f.ctx, "售后"))
	f.done("DropGroup", s.DropGroup(f.ctx, "售前"))
	f.absent("DropGroup again", s.DropGroup(f.ctx, "售前"))
	f.conflicts("edited when it is gone", s.PutGroup(f.ctx, g, minute(2)))
	f.done("new again", s.PutGroup(f.ctx, g, time.Time{}))
}

var seatTests = []besideTest[DeskStore]{
	{"a seat is set up and keeps its presence", testSeat},
	{"the presence and its log", testPresence},
	{"signs of life never go back", testSeen},
	{"what a store does not take of a seat", func(f *fixture, s DeskStore) {
		f.mistaken("no agent", s.PutSeat(f.ctx, bot.Seat{}))
		f.mistaken("NUL in the nick", s.PutSeat(f.ctx, bot.Seat{Agent: "a", Nick: "\x00"}))
		f.mistaken("broken UTF-8 in a group", s.PutSeat(f.ctx, bot.Seat{Agent: "a", Groups: []string{"\xff"}}))
		same[[]bot.Seat](f, "Seats", nil)(s.Seats(f.ctx))
		f.done("PutSeat", s.PutSeat(f.ctx, bot.Seat{Agent: "a"}))
		f.mistaken("no such presence", s.SetPresence(f.ctx, bot.PresenceChange{Agent: "a", From: bot.Offline, To: "asleep"}))
		f.mistaken("NUL in who changed it", s.SetPresence(f.ctx, bot.PresenceChange{Agent: "a", From: bot.Offline, To: bot.Online, By: "\x00"}))
		same[[]bot.PresenceChange](f, "PresenceLog", nil)(s.PresenceLog(f.ctx, "a", time.Time{}, minute(99)))
	}},
	{"a context that has ended", testEndedDesk},
}

func testSeat(f *fixture, s DeskStore) {
	b := bot.Seat{Agent: "小明", Nick: "明明 😀", Groups: []string{"售前", "售后"}, Most: 5, Presence: bot.Online, Since: minute(9),
		SeenAt: minute(9), UpdatedAt: minute(1)}
	a := bot.Seat{Agent: "Z", UpdatedAt: minute(2)}
	f.done("PutSeat", s.PutSeat(f.ctx, b))
	f.done("PutSeat", s.PutSeat(f.ctx, a))
	b.Presence, b.Since, b.SeenAt = bot.Offline, minute(1), time.Time{}
	a.Presence, a.Since = bot.Offline, minute(2)
	same(f, "Seats", []bot.Seat{a, b})(s.Seats(f.ctx))

	f.done("SetPresence", s.SetPresence(f.ctx, bot.PresenceChange{Agent: "小明", From: bot.Offline, To: bot.Online, At: minute(3)}))
	f.done("Seen", s.Seen(f.ctx, minute(4), "小明"))
	b = bot.Seat{Agent: "小明", Nick: "小明", Groups: []string{"售后"}, Most: 2, Presence: bot.Away, Since: minute(8), UpdatedAt: minute(5)}
	f.done("PutSeat again", s.PutSeat(f.ctx, b))
	b.Presence, b.Since, b.SeenAt = bot.Online, minute(3), minute(4)
	same(f, "Seats", []bot.Seat{a, b})(s.Seats(f.ctx))
}

func testPresence(f *fixture, s DeskStore) {
	for _, agent := range []string{"小红", "小明"} {
		f.done("PutSeat", s.PutSeat(f.ctx, bot.Seat{Agent: agent, UpdatedAt: day}))
	}
	log := []bot.PresenceChange{
		{From: bot.Offline, To: bot.Online, At: minute(1)},
		{From: bot.Online, To: bot.Resting, At: minute(5)},
		{From: bot.Resting, To: bot.Away, At: minute(5), By: "主管 😀"},
		{From: bot.Away, To: bot.Online, At: minute(4)}, // by another clock
		{From: bot.Online, To: bot.Offline, At: minute(9)},
	}
	for i := range log {
		log[i].Agent = "小红"
		stale := log[i]
		stale.From = log[(i+1)%len(log)].From
		f.conflicts("SetPresence from another state", s.SetPresence(f.ctx, stale))
		f.done("SetPresence", s.SetPresence(f.ctx, log[i]))
		seats, err := s.Seats(f.ctx)
		f.done("Seats", err)
		if seat := seats[0]; seat.Agent != "小明" || seat.Presence != bot.Offline || seats[1].Presence != log[i].To || !seats[1].Since.Equal(log[i].At) {
			f.Errorf("after change %d: %+v", i, seats)
		}
	}
	f.conflicts("SetPresence of nobody", s.SetPresence(f.ctx, bot.PresenceChange{Agent: "小刚", From: bot.Offline, To: bot.Online}))
	same(f, "the whole log", log)(s.PresenceLog(f.ctx, "小红", time.Time{}, minute(99)))
	same(f, "from and until", log[1:4])(s.PresenceLog(f.ctx, "小红", minute(4), minute(9)))
	same[[]bot.PresenceChange](f, "of an agent who did nothing", nil)(s.PresenceLog(f.ctx, "小明", time.Time{}, minute(99)))
}

func testSeen(f *fixture, s DeskStore) {
	var want []bot.Seat
	for i := range 9 {
		seat := bot.Seat{Agent: fmt.Sprint("a", i), UpdatedAt: day}
		f.done("PutSeat", s.PutSeat(f.ctx, seat))
		seat.Presence, seat.Since = bot.Offline, day
		want = append(want, seat)
	}
	f.done("Seen", s.Seen(f.ctx, minute(5), "a3", "a1", "a1", "nobody"))
	f.done("Seen later", s.Seen(f.ctx, minute(6), "a1", "a2"))
	f.done("Seen earlier", s.Seen(f.ctx, minute(4), "a1", "a2", "a3", "a4"))
	want[1].SeenAt, want[2].SeenAt, want[3].SeenAt, want[4].SeenAt = minute(6), minute(6), minute(5), minute(4)
	same(f, "Seats", want)(s.Seats(f.ctx))
}

func testEndedDesk(f *fixture, s DeskStore) {
	f.done("PutSeat", s.PutSeat(f.ctx, bot.Seat{Agent: "a", UpdatedAt: day}))
	f.commit(full("c", visitor("a")))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	for name, do := range map[string]func() error{
		"Waiting":     func() error { _, err := s.Waiting(ctx); return err },
		"Served":      func() error { _, err := s.Served(ctx, ""); return err },
		"Done":        func() error { _, err := s.Done(ctx, "", day, 1); return err },
		"Of":          func() error { _, err := s.Of(ctx, visitor("a"), 1); return err },
		"Groups":      func() error { _, err := s.Groups(ctx); return err },
		"PutGroup":    func() error { return s.PutGroup(ctx, bot.Group{ID: "g"}, time.Time{}) },
		"DropGroup":   func() error { return s.DropGroup(ctx, "g") },
		"Seats":       func() error { _, err := s.Seats(ctx); return err },
		"PutSeat":     func() error { return s.PutSeat(ctx, bot.Seat{Agent: "b"}) },
		"Seen":        func() error { return s.Seen(ctx, minute(1), "a") },
		"PresenceLog": func() error { _, err := s.PresenceLog(ctx, "a", day, day); return err },
		"OpenLeaves":  func() error { _, err := s.OpenLeaves(ctx, 1); return err },
		"LeavesOf":    func() error { _, err := s.LeavesOf(ctx, "a"); return err },
		"TakeLeave":   func() error { return s.TakeLeave(ctx, "leave-c", "", "a", day) },
		"FinishLeave": func() error { return s.FinishLeave(ctx, "leave-c", "", day) },
		"SetPresence": func() error {
			return s.SetPresence(ctx, bot.PresenceChange{Agent: "a", From: bot.Offline, To: bot.Online, At: day})
		},
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			f.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
	same[[]bot.Group](f, "Groups", nil)(s.Groups(f.ctx))
	same(f, "Seats", []bot.Seat{{Agent: "a", Presence: bot.Offline, Since: day, UpdatedAt: day}})(s.Seats(f.ctx))
	if open, err := s.OpenLeaves(f.ctx, all); err != nil || len(open) != 1 {
		f.Errorf("OpenLeaves: %+v, error %v", open, err)
	}
}

var leaveTests = []besideTest[DeskStore]{
	{"leave-messages in the order they came", testLeaveLists},
	{"a leave-message is taken, given back and finished", testLeaveTask},
}

// left stores leave-messages and returns them.
func (f *fixture) left(n int) (tasks []bot.LeaveTask) {
	for i := range n {
		id := fmt.Sprint("c", i)
		t := full(id, visitor(id))
		t.Leave.ID = fmt.Sprintf("leave-%02d", (i*7)%n) // ids and times are not the order
		t.Leave.At = minute((i * 3) % n)
		f.commit(t)
		tasks = append(tasks, bot.LeaveTask{Leave: *t.Leave})
	}
	return tasks
}

func testLeaveLists(f *fixture, s DeskStore) {
	want := f.left(9)
	same(f, "OpenLeaves", want)(s.OpenLeaves(f.ctx, all))
	same(f, "the first two", want[:2])(s.OpenLeaves(f.ctx, 2))
	same[[]bot.LeaveTask](f, "none", nil)(s.OpenLeaves(f.ctx, 0))
	same[[]bot.LeaveTask](f, "less than none", nil)(s.OpenLeaves(f.ctx, -1))
	same[[]bot.LeaveTask](f, "of nobody", nil)(s.LeavesOf(f.ctx, ""))
	for _, i := range []int{7, 1, 4} {
		f.done("TakeLeave", s.TakeLeave(f.ctx, want[i].ID, "", "小红 😀", minute(i)))
		want[i].Agent, want[i].TakenAt = "小红 😀", minute(i)
	}
	same(f, "LeavesOf", []bot.LeaveTask{want[1], want[4], want[7]})(s.LeavesOf(f.ctx, "小红 😀"))
	same(f, "OpenLeaves", slices.Concat(want[:1], want[2:4], want[5:7], want[8:]))(s.OpenLeaves(f.ctx, all))
	leaves, err := f.store.Leaves(f.ctx, "", all)
	if err != nil || len(leaves) != len(want) {
		f.Errorf("Leaves: %d, error %v; want all %d", len(leaves), err, len(want))
	}
}

func testLeaveTask(f *fixture, s DeskStore) {
	l := f.left(1)[0]
	f.absent("TakeLeave of none", s.TakeLeave(f.ctx, "unknown", "", "小红", day))
	f.absent("FinishLeave of none", s.FinishLeave(f.ctx, "unknown", "小红", day))
	f.mistaken("TakeLeave for a name with NUL", s.TakeLeave(f.ctx, l.ID, "", "\x00", day))
	f.conflicts("FinishLeave when nobody has it", s.FinishLeave(f.ctx, l.ID, "小红", day))
	f.conflicts("FinishLeave by nobody", s.FinishLeave(f.ctx, l.ID, "", day))

	f.done("TakeLeave", s.TakeLeave(f.ctx, l.ID, "", "小红", minute(1)))
	f.conflicts("TakeLeave again", s.TakeLeave(f.ctx, l.ID, "", "小红", minute(2)))
	f.conflicts("TakeLeave by another", s.TakeLeave(f.ctx, l.ID, "", "小明", minute(2)))
	f.conflicts("FinishLeave by another", s.FinishLeave(f.ctx, l.ID, "小明", minute(2)))
	f.conflicts("given back by another", s.TakeLeave(f.ctx, l.ID, "小明", "", minute(2)))
	f.done("given back", s.TakeLeave(f.ctx, l.ID, "小红", "", minute(3)))
	same(f, "OpenLeaves", []bot.LeaveTask{l})(s.OpenLeaves(f.ctx, all))

	f.done("TakeLeave", s.TakeLeave(f.ctx, l.ID, "", "小红", minute(4)))
	f.done("handed on", s.TakeLeave(f.ctx, l.ID, "小红", "小明", minute(5)))
	l.Agent, l.TakenAt = "小明", minute(5)
	same(f, "LeavesOf", []bot.LeaveTask{l})(s.LeavesOf(f.ctx, "小明"))
	same[[]bot.LeaveTask](f, "LeavesOf the one before", nil)(s.LeavesOf(f.ctx, "小红"))
	f.done("FinishLeave", s.FinishLeave(f.ctx, l.ID, "小明", minute(6)))
	f.conflicts("FinishLeave again", s.FinishLeave(f.ctx, l.ID, "小明", minute(7)))
	f.conflicts("given back when it is finished", s.TakeLeave(f.ctx, l.ID, "小明", "", minute(7)))
	same[[]bot.LeaveTask](f, "LeavesOf", nil)(s.LeavesOf(f.ctx, "小明"))
	same[[]bot.LeaveTask](f, "OpenLeaves", nil)(s.OpenLeaves(f.ctx, all))
}

var seatRaces = []besideTest[DeskStore]{
	{"one of 16 agents gets the conversation", func(f *fixture, s DeskStore) {
		c := f.commit(opening("c", visitor("a"), minute(0)))
		for round := range 5 {
			c = f.commit(served(c, minute(1), bot.Service{Phase: bot.InQueue, QueuedAt: minute(1)}))
			f.oneWins(fmt.Sprint("round ", round), kbtest.Race(racers, func(i int) error {
				return f.store.Commit(f.ctx, served(c, minute(2), bot.Service{Phase: bot.WithAgent, Owner: fmt.Sprint("a", i)}))
			}))
			c = f.conversation("c")
			same(f, "Served", []bot.Conversation{c})(s.Served(f.ctx, c.Service.Owner))
			same[[]bot.Conversation](f, "Waiting", nil)(s.Waiting(f.ctx))
		}
	}},
	{"one of 16 makes a group and one edits it", func(f *fixture, s DeskStore) {
		was := time.Time{}
		for round := range 3 {
			f.oneWins(fmt.Sprint("round ", round), kbtest.Race(racers, func(i int) error {
				return s.PutGroup(f.ctx, bot.Group{ID: "g", Name: fmt.Sprint(i), UpdatedAt: minute(1 + round*racers + i)}, was)
			}))
			g, err := one(s.Groups(f.ctx))
			f.done("Groups", err)
			was = g.UpdatedAt
		}
	}},
	{"one of 16 changes a presence", func(f *fixture, s DeskStore) {
		f.done("PutSeat", s.PutSeat(f.ctx, bot.Seat{Agent: "a", UpdatedAt: day}))
		states := []bot.Presence{bot.Offline, bot.Online, bot.Away, bot.Resting}
		for round := range 4 {
			from, to := states[round], states[(round+1)%4]
			f.oneWins(fmt.Sprint("round ", round), kbtest.Race(racers, func(i int) error {
				return s.SetPresence(f.ctx, bot.PresenceChange{Agent: "a", From: from, To: to, At: minute(round), By: fmt.Sprint(i)})
			}))
		}
		log, err := s.PresenceLog(f.ctx, "a", time.Time{}, minute(99))
		f.done("PresenceLog", err)
		for i, c := range log {
			if c.From != states[i] {
				f.Errorf("change %d is from %q, want %q", i, c.From, states[i])
			}
		}
		if len(log) != 4 {
			f.Errorf("%d changes in the log, want 4", len(log))
		}
	}},
	{"one of 16 takes a leave-message", func(f *fixture, s DeskStore) {
		l := f.left(1)[0]
		f.oneWins("taking", kbtest.Race(racers, func(i int) error {
			return s.TakeLeave(f.ctx, l.ID, "", fmt.Sprint("a", i), minute(1))
		}))
		f.oneWins("finishing", kbtest.Race(racers, func(i int) error {
			return s.FinishLeave(f.ctx, l.ID, fmt.Sprint("a", i), minute(2))
		}))
	}},
	{"all sorts of writers at once", testBusyDesk},
}

// testBusyDesk has agents show signs of life, in different orders, while visitors
// talk and supervisors set up seats.
func testBusyDesk(f *fixture, s DeskStore) {
	agents := make([]string, 8)
	for i := range agents {
		agents[i] = fmt.Sprint("a", i)
		f.done("PutSeat", s.PutSeat(f.ctx, bot.Seat{Agent: agents[i], UpdatedAt: day}))
	}
	errs := kbtest.Race(racers, func(i int) error {
		turned := slices.Concat(agents[i%8:], agents[:i%8])
		for n := range 5 {
			id := fmt.Sprintf("c%d-%d", i, n)
			err := errors.Join(
				s.Seen(f.ctx, minute(n), turned...),
				f.store.Commit(f.ctx, opening(id, visitor(id), minute(n))),
				s.PutSeat(f.ctx, bot.Seat{Agent: agents[i%8], Most: n, UpdatedAt: minute(n)}),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
	f.done("writers", errors.Join(errs...))
	seats, err := s.Seats(f.ctx)
	f.done("Seats", err)
	for _, seat := range seats {
		if !seat.SeenAt.Equal(minute(4)) || seat.Most != 4 {
			f.Errorf("a write was lost: %+v", seat)
		}
	}
	if n := len(f.dump().Conversations); n != racers*5 {
		f.Errorf("%d conversations, want %d", n, racers*5)
	}
}
