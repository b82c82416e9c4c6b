package bot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

// sit gives agents seats and signs them on.
func (h *house) sit(t testing.TB, most int, groups []string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := h.desk.SaveSeat(t.Context(), bot.Seat{Agent: name, Nick: name, Most: most, Groups: groups}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.desk.Sign(t.Context(), actor(name), name, bot.Online); err != nil {
			t.Fatal(err)
		}
	}
}

// queue has a visitor ask for a human and returns the conversation.
func (h *house) queue(t testing.TB, v bot.Visitor) bot.Conversation {
	t.Helper()
	h.send(t, bot.Inbound{Visitor: v, Kind: bot.KindHandoff})
	c, err := h.store.Current(t.Context(), v)
	if err != nil || c.Service.Phase != bot.InQueue {
		t.Fatalf("%s does not wait: %+v, %v", v.ID, c.Service, err)
	}
	return c
}

func (h *house) step(t testing.TB) {
	t.Helper()
	if err := h.desk.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) accept(t testing.TB, name, conversation string) {
	t.Helper()
	if _, err := h.desk.Accept(t.Context(), actor(name), conversation); err != nil {
		t.Fatalf("%s accepts: %v", name, err)
	}
}

func TestDeskCap(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 2, nil, "李")
	for i := range 2 {
		h.accept(t, "李", h.queue(t, visitor(fmt.Sprint("v", i))).ID)
	}
	third := h.queue(t, visitor("v2"))
	_, err := h.desk.Accept(t.Context(), actor("李"), third.ID)
	wantIs(t, err, bot.ErrBusy)
	h.step(t)
	if c, _ := h.store.Conversation(t.Context(), third.ID); c.Service.OfferedTo != "" {
		t.Errorf("offered to %q, who has no room", c.Service.OfferedTo)
	}
}

func TestDeskQueueOrder(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 1, nil, "李")
	h.accept(t, "李", h.queue(t, visitor("served")).ID)
	h.queue(t, visitor("first"))
	h.clock.move(time.Second)
	h.queue(t, visitor("second"))
	h.clock.move(time.Second)
	h.say(t, visitor("angry"), "我要投诉你们，太差了")
	angry := h.queue(t, visitor("angry"))
	if angry.Service.Reason != "complaint" {
		t.Errorf("the reason is %q, want complaint", angry.Service.Reason)
	}
	items, err := h.desk.List(t.Context(), actor("李"), bot.Queued, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, item := range items {
		order = append(order, fmt.Sprint(item.Conversation.Visitor.ID, item.Place))
	}
	if got := fmt.Sprint(order); got != "[angry1 first2 second3]" {
		t.Errorf("the queue is %s", got)
	}
	place, waits, err := h.Queue(t.Context(), visitor("second"))
	if err != nil || !waits || place.Ahead != 2 {
		t.Errorf("the second's place is %+v, %v, %v", place, waits, err)
	}
	if _, waits, _ := h.Queue(t.Context(), visitor("served")); waits {
		t.Error("one who is served waits")
	}
}

// TestDeskPlaces checks that those who wait hear of every change of their place,
// and only of changes.
func TestDeskPlaces(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 1, nil, "李")
	h.accept(t, "李", h.queue(t, visitor("served")).ID)
	a, b := h.queue(t, visitor("a")), h.queue(t, visitor("b"))
	told := map[string][]int{}
	defer h.bus.Subscribe(func(hint bot.Hint) {
		if hint.Queue != nil {
			told[hint.Visitor] = append(told[hint.Visitor], hint.Queue.Ahead)
		}
	})()
	h.step(t)
	h.step(t)
	if _, err := h.Receive(t.Context(), bot.Inbound{Visitor: a.Visitor, Kind: bot.KindUnqueue, ClientID: "unqueue-a"}); err != nil {
		t.Fatal(err)
	}
	h.step(t)
	if got := fmt.Sprint(told[a.Visitor.Key()], told[b.Visitor.Key()]); got != "[0] [1 0]" {
		t.Errorf("told %s, want [0] [1 0]", got)
	}
}

func TestDeskEstimate(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 1, nil, "李")
	// Six conversations of five minutes.
	for i := range 6 {
		c := h.queue(t, visitor(fmt.Sprint("v", i)))
		h.accept(t, "李", c.ID)
		h.clock.move(5 * time.Minute)
		if err := h.desk.Close(t.Context(), actor("李"), c.ID, bot.Summary{}); err != nil {
			t.Fatal(err)
		}
	}
	h.accept(t, "李", h.queue(t, visitor("served")).ID)
	h.queue(t, visitor("a"))
	if err := h.desk.Alive(t.Context(), "李"); err != nil {
		t.Fatal(err)
	}
	h.step(t)
	h.queue(t, visitor("b"))
	place, _, err := h.Queue(t.Context(), visitor("b"))
	if err != nil || place.Ahead != 1 || place.Low != 300 || place.High != 900 {
		t.Errorf("the second of the queue is told %+v, %v; want 300 to 900 seconds", place, err)
	}
	queued := all(t, h.store, mustCurrent(t, h, visitor("b")).ID)
	if card := queued[len(queued)-1].Card; card.Low != 300 || card.High != 900 || card.Place != 2 {
		t.Errorf("what was predicted is not stored: %+v", card)
	}
	h.clock.move(time.Minute)
	if err := h.desk.Close(t.Context(), actor("李"), mustCurrent(t, h, visitor("served")).ID, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	b := mustCurrent(t, h, visitor("b"))
	h.accept(t, "李", b.ID)
	messages := all(t, h.store, b.ID)
	if m := messages[len(messages)-1]; m.Kind != bot.KindAccepted || m.Card.Waited != time.Minute.Milliseconds() {
		t.Errorf("the real wait is not stored: %+v", m)
	}
}

func mustCurrent(t testing.TB, h *house, v bot.Visitor) bot.Conversation {
	t.Helper()
	c, err := h.store.Current(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDeskRouting(t *testing.T) {
	h := fakeHouse(t)
	for _, g := range []bot.Group{
		{Name: "售前"}, {Name: "微信", Channels: []string{"wechat"}}, {Name: "宽带", Categories: []string{"家庭宽带"}},
	} {
		if _, err := h.desk.SaveGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := h.desk.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	var ids []string
	for _, g := range groups {
		names[g.ID] = g.Name
		ids = append(ids, g.ID)
	}
	h.sit(t, 5, ids, "李")
	h.say(t, visitor("bb"), "怎么办理宽带")
	wechat := bot.Visitor{Channel: "wechat", Account: "gh", ID: "x"}
	for _, tt := range []struct {
		v    bot.Visitor
		want string
	}{{visitor("web"), "售前"}, {wechat, "微信"}} {
		if got := names[h.queue(t, tt.v).Service.Group]; got != tt.want {
			t.Errorf("%+v comes to %q, want %q", tt.v, got, tt.want)
		}
	}
}

// TestDeskOtherGroup checks that a conversation of another group is not there for
// an agent: not to see, not to take, not to speak in.
func TestDeskOtherGroup(t *testing.T) {
	h := fakeHouse(t)
	g, err := h.desk.SaveGroup(t.Context(), bot.Group{Name: "投诉"})
	if err != nil {
		t.Fatal(err)
	}
	h.sit(t, 5, []string{g.ID}, "李")
	h.sit(t, 5, nil, "外人")
	c := h.queue(t, ann)
	ctx, stranger := t.Context(), actor("外人")
	_, errStory := h.desk.Story(ctx, stranger, c.ID)
	_, errAccept := h.desk.Accept(ctx, stranger, c.ID)
	_, errMessages := h.desk.Messages(ctx, stranger, c.ID, "", 0, false, 10)
	_, errNote := h.desk.AddNote(ctx, stranger, c.ID, "嗯")
	_, errSay := h.desk.Say(ctx, stranger, c.ID, bot.Line{ClientID: "stranger-1", Kind: bot.KindText, Text: "喂"})
	_, errForged := h.desk.Story(ctx, stranger, "no-such-id")
	for what, err := range map[string]error{
		"Story": errStory, "Accept": errAccept, "Messages": errMessages, "AddNote": errNote, "Say": errSay, "forged": errForged,
		"Remark":   h.desk.Remark(ctx, stranger, c.ID, bot.KindNote, "嗯"),
		"Transfer": h.desk.Transfer(ctx, stranger, c.ID, bot.Target{Bot: true}, ""),
		"Close":    h.desk.Close(ctx, stranger, c.ID, bot.Summary{}),
	} {
		if !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", what, err)
		}
	}
	for _, scope := range []bot.Scope{bot.All, bot.AllClosed} {
		_, err := h.desk.List(ctx, stranger, scope, time.Time{})
		wantIs(t, err, bot.ErrForbidden)
	}
	if items, err := h.desk.List(ctx, stranger, bot.Queued, time.Time{}); err != nil || len(items) > 0 {
		t.Errorf("the queue of another group shows %d, %v", len(items), err)
	}
	_, err = h.desk.Board(ctx, stranger)
	wantIs(t, err, bot.ErrForbidden)
	h.accept(t, "李", c.ID)
	_, err = h.desk.Accept(ctx, stranger, c.ID)
	wantIs(t, err, bot.ErrNotFound)
}

func TestDeskSayOnce(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	l := bot.Line{ClientID: "agent-line-1", Kind: bot.KindText, Text: "您好"}
	first, err := h.desk.Say(t.Context(), actor("李"), c.ID, l)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.desk.Say(t.Context(), actor("李"), c.ID, l)
	if err != nil || !again.Again || again.Message.Seq != first.Message.Seq {
		t.Errorf("the second time gave %+v, %v", again, err)
	}
	// A visitor may use the same id.
	h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindText, Text: "好", ClientID: l.ClientID})
	if got := kinds(all(t, h.store, c.ID)); got != "handoff queued accepted text text" {
		t.Errorf("the conversation is %q", got)
	}
}

// TestDeskStory checks what an agent sees at the handoff.
func TestDeskStory(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李")
	h.say(t, ann, "我叫王小明，电话13912345678，副卡")
	h.say(t, ann, "量子力学是什么")
	h.say(t, ann, "副卡")
	c := h.queue(t, ann)
	s, err := h.desk.Story(t.Context(), actor("李"), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rule != "button" || len(s.Candidates) == 0 || len(s.Candidates) > 3 || s.Candidates[0].Question == "" {
		t.Errorf("why and what the bot thought of: %q, %+v", s.Rule, s.Candidates)
	}
	if len(s.Messages) < 7 || s.More {
		t.Errorf("%d messages, more: %v", len(s.Messages), s.More)
	}
	if s.Proposed["phone"] != "13912345678" || s.Proposed["name"] != "王小明" {
		t.Errorf("proposed are %v", s.Proposed)
	}
	saved, err := h.desk.SaveCustomer(t.Context(), actor("李"), c.ID, bot.Customer{Fields: map[string]string{"name": "王小明"}, Tags: []string{"老客户"}, Level: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.desk.SaveCustomer(t.Context(), actor("李"), c.ID, bot.Customer{Fields: map[string]string{"name": "别人"}})
	wantIs(t, err, bot.ErrConflict)
	if _, err := h.desk.AddNote(t.Context(), actor("李"), c.ID, "要上门"); err != nil {
		t.Fatal(err)
	}
	if s, err = h.desk.Story(t.Context(), actor("李"), c.ID); err != nil || s.Customer.ID != saved.ID || len(s.Customer.Notes) != 1 || s.Proposed["name"] != "" {
		t.Errorf("the card is %+v, proposed %v, %v", s.Customer, s.Proposed, err)
	}
	advice, err := h.desk.Advise(t.Context(), actor("李"), c.ID, "怎么办理宽带")
	if err != nil || len(advice) == 0 || advice[0].Text == "" || advice[0].Question != "怎么办理宽带" {
		t.Errorf("advice: %+v, %v", advice, err)
	}
	if advice, err = h.desk.Advise(t.Context(), actor("李"), c.ID, ""); err != nil || len(advice) == 0 {
		t.Errorf("advice for the last words: %+v, %v", advice, err)
	}
}

// TestDeskRating checks that the rating of an agent goes past the agent.
func TestDeskRating(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	if err := h.desk.Close(t.Context(), actor("李"), c.ID, bot.Summary{Text: "好了"}); err != nil {
		t.Fatal(err)
	}
	messages := all(t, h.store, c.ID)
	survey := messages[len(messages)-2]
	h.send(t, bot.Inbound{Visitor: ann, Kind: bot.KindRating, Conversation: c.ID, Text: "态度很差",
		Card: bot.Card{Of: survey.Seq, Stars: 1, Yes: no()}})
	_, _, err := h.try(bot.Inbound{Visitor: ann, Kind: bot.KindRating, Conversation: c.ID, Card: bot.Card{Of: survey.Seq, Stars: 5}})
	var late *bot.LateError
	if !errors.As(err, &late) {
		t.Errorf("a second vote gave %v", err)
	}
	for _, name := range []string{"李", "班长"} {
		s, err := h.desk.Story(t.Context(), actor(name), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, m := range s.Messages {
			seen = seen || m.Kind == bot.KindRating && m.Text == "态度很差" && m.Card.Stars == 1
		}
		if seen != (name == "班长") {
			t.Errorf("%s sees the rating: %v", name, seen)
		}
	}
}

func TestDeskBadRatings(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李")
	for _, tt := range []struct {
		name   string
		stars  int
		solved *bool
	}{{"good", 5, yes()}, {"unsolved", 4, no()}, {"two", 2, nil}, {"three", 3, nil}} {
		c := h.queue(t, visitor(tt.name))
		h.accept(t, "李", c.ID)
		if err := h.desk.Close(t.Context(), actor("李"), c.ID, bot.Summary{}); err != nil {
			t.Fatal(err)
		}
		messages := all(t, h.store, c.ID)
		h.send(t, bot.Inbound{Visitor: c.Visitor, Kind: bot.KindRating, Conversation: c.ID,
			Card: bot.Card{Of: messages[len(messages)-2].Seq, Stars: tt.stars, Yes: tt.solved}})
		h.clock.move(time.Second)
	}
	bad, err := h.desk.BadRatings(t.Context(), actor("班长"))
	if err != nil || len(bad) != 2 || bad[0].Conversation.Visitor.ID != "two" || bad[1].Conversation.Visitor.ID != "unsolved" {
		t.Errorf("%+v, %v", bad, err)
	}
	_, err = h.desk.BadRatings(t.Context(), actor("李"))
	wantIs(t, err, bot.ErrForbidden)
}

func TestDeskBlock(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李", "王")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	wantIs(t, h.desk.Block(t.Context(), actor("王"), c.ID, time.Hour, ""), bot.ErrNotFound)
	var invalid *bot.InvalidError
	if err := h.desk.Block(t.Context(), actor("李"), c.ID, time.Second, ""); !errors.As(err, &invalid) {
		t.Errorf("for a second: %v", err)
	}
	if err := h.desk.Block(t.Context(), actor("李"), c.ID, time.Hour, "一直骂人"); err != nil {
		t.Fatal(err)
	}
	if c, err := h.store.Conversation(t.Context(), c.ID); err != nil || c.State != bot.StateClosed || c.CloseReason != "blocked" {
		t.Errorf("the conversation is %s (%s), %v", c.State, c.CloseReason, err)
	}
	write := func() error {
		_, _, err := h.try(bot.Inbound{Visitor: ann, Kind: bot.KindText, Text: "喂"})
		return err
	}
	var late *bot.LateError
	if err := write(); !errors.As(err, &late) {
		t.Errorf("a blocked visitor writes: %v", err)
	}
	h.say(t, visitor("bob"), "怎么办理宽带") // others may
	_, err := h.desk.Blocks(t.Context(), actor("李"))
	wantIs(t, err, bot.ErrForbidden)
	blocks, err := h.desk.Blocks(t.Context(), actor("班长"))
	if err != nil || len(blocks) != 1 || blocks[0].Reason != "一直骂人" || blocks[0].Agent != "李" {
		t.Errorf("%+v, %v", blocks, err)
	}
	h.clock.move(time.Hour)
	if err := write(); err != nil {
		t.Errorf("after the time: %v", err)
	}
	// Another node learns of it in its next step.
	other := bot.NewDesk(bot.DeskConfig{Engine: newHouse(t, h.store, "").Engine, Store: h.store, Customers: h.store, Blocked: h.store})
	if err := h.store.PutBlock(t.Context(), bot.Block{Visitor: ann.Key(), Until: h.clock.Now().Add(time.Hour), At: h.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	h.step(t)
	if err := write(); !errors.As(err, &late) {
		t.Errorf("blocked on another node, and writes: %v", err)
	}
	if err := h.desk.Unblock(t.Context(), actor("班长"), ann.Key()); err != nil {
		t.Fatal(err)
	}
	if err := write(); err != nil {
		t.Errorf("after it was taken back: %v", err)
	}
	wantIs(t, other.Unblock(t.Context(), actor("班长"), ann.Key()), bot.ErrNotFound)
}

func TestPhrases(t *testing.T) {
	h := fakeHouse(t)
	store := bottest.NewStore()
	p := bot.NewPhrases(bot.PhraseConfig{Store: store, Desk: h.desk})
	ctx := context.Background()
	for range 2 {
		if err := p.Fill(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list, err := p.List(ctx, actor("李"))
	if err != nil || len(list) != len(bot.FirstPhrases()) {
		t.Fatalf("%d phrases to begin with, %v", len(list), err)
	}
	mine, err := p.Save(ctx, actor("李"), false, bot.Phrase{Agent: "李", Text: "稍等", Shortcut: "/sd"})
	if err != nil || mine.Shortcut != "sd" {
		t.Fatalf("%+v, %v", mine, err)
	}
	_, err = p.Save(ctx, actor("李"), false, bot.Phrase{Text: "大家的"})
	wantIs(t, err, bot.ErrForbidden)
	mine.Agent = ""
	_, err = p.Save(ctx, actor("王"), true, mine)
	wantIs(t, err, bot.ErrNotFound)
	wantIs(t, p.Drop(ctx, actor("王"), true, mine.ID), bot.ErrForbidden)
	if list, _ := p.List(ctx, actor("王")); len(list) != len(bot.FirstPhrases()) {
		t.Error("another agent sees mine")
	}
	if err := p.Drop(ctx, actor("李"), false, mine.ID); err != nil {
		t.Error(err)
	}
}

func TestDeskBoard(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李", "王")
	h.accept(t, "李", h.queue(t, visitor("a")).ID)
	h.queue(t, visitor("b"))
	h.clock.move(time.Minute)
	h.queue(t, visitor("c"))
	b, err := h.desk.Board(t.Context(), actor("班长"))
	if err != nil || len(b.Groups) != 1 || len(b.Seats) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	g := b.Groups[0]
	if g.Waiting != 2 || g.Serving != 1 || g.Online != 2 || b.At.Sub(g.Longest) != time.Minute {
		t.Errorf("the group: %+v", g)
	}
	if s := b.Seats[0]; s.Nick != "李" && s.Nick != "王" || b.Seats[0].Serving+b.Seats[1].Serving != 1 {
		t.Errorf("the seats: %+v", b.Seats)
	}
}

func TestDeskLastAgent(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 5, nil, "李", "王")
	c := h.queue(t, ann)
	h.accept(t, "王", c.ID)
	if err := h.desk.Close(t.Context(), actor("王"), c.ID, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	// 王 has more to do, and gets the visitor nevertheless.
	h.accept(t, "王", h.queue(t, visitor("b")).ID)
	c = h.queue(t, ann)
	h.step(t)
	if c, err := h.store.Conversation(t.Context(), c.ID); err != nil || c.Service.OfferedTo != "王" {
		t.Errorf("offered to %q, %v", c.Service.OfferedTo, err)
	}
	other := h.queue(t, visitor("new"))
	h.step(t)
	if c, err := h.store.Conversation(t.Context(), other.ID); err != nil || c.Service.OfferedTo != "李" {
		t.Errorf("one nobody knows is offered to %q, %v", c.Service.OfferedTo, err)
	}
}

func TestDeskDirectAndManual(t *testing.T) {
	for _, tt := range []struct {
		group bot.Group
		want  bot.Phase
	}{{bot.Group{Name: "直接", Direct: true}, bot.WithAgent}, {bot.Group{Name: "手动", Manual: true}, bot.InQueue}} {
		h := fakeHouse(t)
		g, err := h.desk.SaveGroup(t.Context(), tt.group)
		if err != nil {
			t.Fatal(err)
		}
		h.sit(t, 5, []string{g.ID}, "李")
		c := h.queue(t, ann)
		h.step(t)
		c, err = h.store.Conversation(t.Context(), c.ID)
		if err != nil || c.Service.Phase != tt.want || c.Service.OfferedTo != "" {
			t.Errorf("%s: %+v, %v", tt.group.Name, c.Service, err)
		}
	}
}

// TestDeskRun checks that Run offers what comes by itself, and ends with its
// context.
func TestDeskRun(t *testing.T) {
	mustTalkative(t) // what it starts is not of the bubble
	synctest.Test(t, func(t *testing.T) {
		h := fakeHouse(t)
		h.sit(t, 5, nil, "李")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { h.desk.Run(ctx); close(ended) }()
		synctest.Wait()
		c := h.queue(t, ann)
		time.Sleep(300 * time.Millisecond) // of the bubble
		synctest.Wait()
		if c, err := h.store.Conversation(ctx, c.ID); err != nil || c.Service.OfferedTo != "李" {
			t.Errorf("offered to %q, %v", c.Service.OfferedTo, err)
		}
		for range 2 {
			h.clock.move(31 * time.Second)
			if err := h.desk.Alive(ctx, "李"); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
		}
		if seats, err := h.desk.Seats(ctx); err != nil || seats[0].Presence != bot.Away {
			t.Errorf("the agent who let it lie is %v, %v", seats, err)
		}
		cancel()
		<-ended
	})
}
