package bottest

import (
	"errors"
	"fmt"
	"time"

	"faqbot/bot"
)

var conversationTests = []storeTest{
	{"an empty store has nothing", testEmpty},
	{"all fields come back", testFields},
	{"Current is the open one", func(f *fixture) {
		v := visitor("a")
		first := f.commit(opening("c1", v, minute(0)))
		same(f, "Current", first)(f.store.Current(f.ctx, v))
		missing[bot.Conversation](f, "Current of another")(f.store.Current(f.ctx, visitor("b")))
		other := v
		other.Account = "别的店"
		missing[bot.Conversation](f, "Current of another account")(f.store.Current(f.ctx, other))
		other.Account, other.Channel = v.Account, "wechat"
		missing[bot.Conversation](f, "Current of another channel")(f.store.Current(f.ctx, other))
		closed := f.commit(closing(first, minute(1)))
		missing[bot.Conversation](f, "Current after closing")(f.store.Current(f.ctx, v))
		second := f.commit(opening("c2", v, minute(2)))
		same(f, "Current again", second)(f.store.Current(f.ctx, v))
		same(f, "the closed one", closed)(f.store.Conversation(f.ctx, "c1"))
	}},
	{"a turn moves the conversation on", testGoOn},
	{"a closed conversation goes on and may open again", testClosedGoesOn},
	{"who has it comes back after every turn", testService},
	{"Previous is the one opened before", testPrevious},
	{"several turns in one commit", testSeveralTurns},
	{"MarkRead never goes back", testMarkRead},
	{"Changed since a moment", testChanged},
	{"Conversations in order of their ids", testConversations},
}

func testEmpty(f *fixture) {
	same(f, "dump", Dump{})(f.dump(), nil)
	v := visitor("a")
	missing[bot.Conversation](f, "Current")(f.store.Current(f.ctx, v))
	missing[bot.Conversation](f, "Conversation")(f.store.Conversation(f.ctx, "c"))
	missing[bot.Conversation](f, "Previous")(f.store.Previous(f.ctx, v, "c"))
	missing[bot.Conversation](f, "Previous of all")(f.store.Previous(f.ctx, v, ""))
	missing[bot.Message](f, "Sent")(f.store.Sent(f.ctx, v.Key(), "1"))
	missing[bot.Message](f, "Sent without id")(f.store.Sent(f.ctx, v.Key(), ""))
	missing[bot.Rating](f, "Rating")(f.store.Rating(f.ctx, "c"))
	same[[]bot.Message](f, "After", nil)(f.store.After(f.ctx, "c", 0, 10))
	same[[]bot.Message](f, "Before", nil)(f.store.Before(f.ctx, "c", 10, 10))
	if err := f.store.MarkRead(f.ctx, "c", 1); !errors.Is(err, bot.ErrNotFound) {
		f.Errorf("MarkRead: got %v, want ErrNotFound", err)
	}
	if err := f.store.Commit(f.ctx); err != nil {
		f.Errorf("a commit of nothing: %v", err)
	}
}

// full is a turn with something in every field.
func full(id string, v bot.Visitor) bot.Turn {
	t := opening(id, v, day)
	c := &t.Conversation
	c.Profile = bot.Profile{Name: "王敏", Page: "https://例子/a?b=1&c=<2>", Title: "页", Referrer: "r", Agent: "浏览器",
		Language: "zh", Region: "北京", Level: "VIP"}
	c.Dialogue = bot.Dialogue{Misses: 1, Offered: []bot.Option{{Entry: "e1", Question: "问一"}, {Entry: "e2", Question: "问二"}},
		OfferedAt: 2, Asked: "安装", Repeats: 3, Answers: 4}
	c.Read, c.UpdatedAt, c.ClosedAt, c.CloseReason, c.State = 1, minute(1), minute(2), "visitor", bot.StateClosed
	c.Service = bot.Service{Group: "售前", Owner: "小红", Rank: -3, QueuedAt: minute(1), OfferedTo: "小明", OfferedUntil: minute(2),
		Passed: []string{"b", "c"}, Reason: "angry", At: 1, AcceptedAt: minute(3), AnsweredAt: minute(4), AskedAt: minute(5),
		SpokenAt: minute(6), Reminded: minute(7), Warned: minute(8), AgentRead: 2, Leave: "leave-" + id}
	yes := true
	t.Messages[1].Card = bot.Card{Fields: map[string]string{"name": "王"}, Of: 1, Entry: "e", Question: "问", Confidence: 0.8125, Options: []bot.Option{{Entry: "e", Question: "<问>"}},
		Actions: []bot.Action{bot.ActionHandoff}, Yes: &yes, Stars: 5, Tags: []string{"快", "好"}, Name: "王", Contact: "1380000", Until: 1700000000000,
		Agent: "小红", Nick: "红", To: "小明", Group: "售前", Note: "急", Reason: "late", Place: 3, Low: 60, High: 120, Waited: 4321,
		File: &bot.File{ID: "f", Name: "发票.pdf", Type: "application/pdf", Size: 9, Width: 1, Height: 2}}
	t.Trace = &bot.TurnTrace{Conversation: id, Seq: 1, Reply: 2, Text: "安装", Decision: "answer", Rule: "margin", Entry: "e",
		Question: "问", Confidence: 0.8125, Revision: 1 << 40, Model: "m", Trace: `{"a": [1, 2],  "b":"<é>"}`, At: minute(3)}
	t.Verdict = &bot.Verdict{Conversation: id, Seq: 2, Kind: bot.Useful, Yes: true, Reason: "对", Entry: "e", Question: "问",
		Confidence: 0.5, At: minute(4)}
	t.Leave = &bot.Leave{ID: "leave-" + id, Conversation: id, Seq: 1, Visitor: v, Name: "王", Contact: "邮箱", Text: "请回电", At: minute(5)}
	t.Rating = &bot.Rating{Conversation: id, Seq: 1, Solved: &yes, Stars: 4, Tags: []string{"慢"}, Comment: "还行", At: minute(6)}
	return t
}

func testFields(f *fixture) {
	v := visitor("a")
	t := full("c", v)
	t.Conversation.UpdatedAt = t.Conversation.UpdatedAt.Add(123 * time.Microsecond).In(time.FixedZone("", 8*3600))
	f.commit(t)
	t.Conversation.UpdatedAt = minute(1) // whole milliseconds are kept
	same(f, "Conversation", t.Conversation)(f.store.Conversation(f.ctx, "c"))
	same(f, "messages", t.Messages)(f.store.After(f.ctx, "c", 0, all))
	same(f, "Sent", t.Messages[0])(f.store.Sent(f.ctx, v.Key(), "c-1"))
	same(f, "Traces", []bot.TurnTrace{*t.Trace})(f.store.Traces(f.ctx, "c"))
	same(f, "Verdicts", []bot.Verdict{*t.Verdict})(f.store.Verdicts(f.ctx, "c"))
	same(f, "Leaves", []bot.Leave{*t.Leave})(f.store.Leaves(f.ctx, "", all))
	same(f, "Rating", *t.Rating)(f.store.Rating(f.ctx, "c"))
	bare := opening("d", v, time.Time{})
	bare.Trace = &bot.TurnTrace{Conversation: "d", Seq: 1}
	bare.Rating = &bot.Rating{Conversation: "d"}
	f.commit(bare)
	same(f, "the bare Conversation", bare.Conversation)(f.store.Conversation(f.ctx, "d"))
	same(f, "the bare Traces", []bot.TurnTrace{*bare.Trace})(f.store.Traces(f.ctx, "d"))
	same(f, "the bare Rating", *bare.Rating)(f.store.Rating(f.ctx, "d"))
}

func testGoOn(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	t := after(c, minute(1), asked("2", "多少钱"), replied("200 元"), replied("还有吗"))
	t.Conversation.Profile.Page = "下一页"
	t.Conversation.Dialogue = bot.Dialogue{Asked: "多少 钱", Answers: 2}
	t.Conversation.Read = 4
	f.commit(t)
	same(f, "Conversation", t.Conversation)(f.store.Conversation(f.ctx, "c"))
	same(f, "messages", t.Messages)(f.store.After(f.ctx, "c", 2, all))
	t = after(t.Conversation, minute(2), asked("3", "好"))
	t.Conversation.Read, t.Conversation.OpenedAt = 1, minute(9)
	f.commit(t)
	t.Conversation.Read, t.Conversation.OpenedAt = 4, minute(0) // neither goes back nor changes
	same(f, "Conversation", t.Conversation)(f.store.Conversation(f.ctx, "c"))
}

// testService moves a conversation between bot and humans in all ways, with turns
// in which it stays where it is and something else about it changes.
func testService(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	for i, s := range []bot.Service{
		{},
		{Phase: bot.InQueue, Group: "售前", QueuedAt: minute(1)},
		{Phase: bot.InQueue, Group: "售后", QueuedAt: minute(1), Rank: 2, Passed: []string{"小明"}},
		{Phase: bot.WithAgent, Owner: "小红", AskedAt: minute(2)},
		{Phase: bot.WithAgent, Owner: "小红", SpokenAt: minute(3).Add(123)},
		{Owner: "小红"},
		{Owner: "小红", AgentRead: 9},
		{Passed: []string{"小明"}},
		{},
		{Phase: bot.WithAgent, Owner: "小刚"},
		{},
	} {
		t := after(c, minute(i), asked(fmt.Sprint("m", i), "问"))
		t.Conversation.Service = s
		c = f.commit(t)
		same(f, fmt.Sprint("step ", i), t.Conversation)(c, nil)
		f.refused(fmt.Sprint("step ", i, " again"), t)
	}
	first := opening("d", visitor("b"), minute(0))
	first.Conversation.Service = bot.Service{Phase: bot.InQueue, Group: "售前", QueuedAt: minute(0)}
	same(f, "opened in the queue", first.Conversation)(f.commit(first), nil)
}

func testClosedGoesOn(f *fixture) {
	v := visitor("a")
	c := f.commit(opening("c", v, minute(0)))
	c = f.commit(closing(c, minute(1)))
	c = f.commit(after(c, minute(2), asked("2", "五星")))
	if c.State != bot.StateClosed || c.Seq != 4 || !c.ClosedAt.Equal(minute(1)) || c.CloseReason != "idle" {
		f.Errorf("after a message it is %+v", c)
	}
	again := after(c, minute(3), asked("3", "还有"))
	again.Conversation.State, again.Conversation.ClosedAt, again.Conversation.CloseReason = bot.StateOpen, time.Time{}, ""
	c = f.commit(again)
	same(f, "opened again", again.Conversation)(c, nil)
	same(f, "Current", c)(f.store.Current(f.ctx, v))
	f.refused("a second one", opening("d", v, minute(4)))
}

func testPrevious(f *fixture) {
	v := visitor("a")
	for i, id := range []string{"c3", "c1", "c2"} { // the ids are not the order
		c := f.commit(opening(id, v, minute(i)))
		f.commit(closing(c, minute(i+10)))
	}
	same(f, "before c2", f.conversation("c1"))(f.store.Previous(f.ctx, v, "c2"))
	same(f, "before c1", f.conversation("c3"))(f.store.Previous(f.ctx, v, "c1"))
	same(f, "the last", f.conversation("c2"))(f.store.Previous(f.ctx, v, ""))
	missing[bot.Conversation](f, "before the first")(f.store.Previous(f.ctx, v, "c3"))
	missing[bot.Conversation](f, "before an unknown one")(f.store.Previous(f.ctx, v, "c9"))
	missing[bot.Conversation](f, "before another's")(f.store.Previous(f.ctx, visitor("b"), "c2"))
	f.commit(opening("b1", visitor("b"), minute(1)))
	missing[bot.Conversation](f, "before another's only one")(f.store.Previous(f.ctx, visitor("b"), "b1"))
	same(f, "before c2, still", f.conversation("c1"))(f.store.Previous(f.ctx, v, "c2"))
}

func testSeveralTurns(f *fixture) {
	v := visitor("a")
	first := f.commit(opening("c1", v, minute(0)))
	next := opening("c2", v, minute(1))
	last := after(next.Conversation, minute(2), asked("x", "接着问"))
	f.commit(closing(first, minute(1)), next, last)
	same(f, "Current", last.Conversation)(f.store.Current(f.ctx, v))
	if c := f.conversation("c1"); c.State != bot.StateClosed || c.Seq != 3 {
		f.Errorf("the first conversation is %+v", c)
	}
	if n := len(f.messages("c2")); n != 3 {
		f.Errorf("the second has %d messages, want 3", n)
	}
	f.commit(opening("d1", visitor("b"), minute(0)), opening("d2", visitor("c"), minute(0)))

	stale := after(first, minute(3), asked("y", "晚了"))
	good := after(last.Conversation, minute(3), asked("z", "好"))
	f.refused("the second is stale", good, stale)
	f.refused("the first is stale", stale, good)
	f.refused("opened before the other is closed", opening("c3", v, minute(4)), closing(last.Conversation, minute(4)))
	f.refused("the same turn twice", good, good)
	f.commit(closing(last.Conversation, minute(4)), opening("c3", v, minute(4)))
}

func testMarkRead(f *fixture) {
	f.commit(opening("c", visitor("a"), minute(0)))
	for _, step := range []struct{ mark, want int64 }{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {-5, 2}, {99, 2}} {
		if err := f.store.MarkRead(f.ctx, "c", step.mark); err != nil {
			f.Errorf("MarkRead(%d): %v", step.mark, err)
		}
		if got := f.conversation("c").Read; got != step.want {
			f.Errorf("after MarkRead(%d) it is %d, want %d", step.mark, got, step.want)
		}
	}
	if c := f.conversation("c"); !c.UpdatedAt.Equal(minute(0)) || c.Seq != 2 {
		f.Errorf("reading changed the conversation: %+v", c)
	}
	stale := f.conversation("c")
	stale.Read = 0
	if c := f.commit(after(stale, minute(1), asked("2", "问"))); c.Read != 2 {
		f.Errorf("a turn took it back to %d", c.Read)
	}
}

func testChanged(f *fixture) {
	for i := range 5 {
		f.commit(opening(fmt.Sprint("c", 5-i), visitor(fmt.Sprint(i)), minute(i)))
	}
	f.commit(after(f.conversation("c5"), minute(9), asked("2", "问")))
	hint := func(id, v string, seq int64) bot.Hint {
		return bot.Hint{Visitor: visitor(v).Key(), Conversation: id, Seq: seq}
	}
	same(f, "Changed", []bot.Hint{hint("c2", "3", 2), hint("c1", "4", 2), hint("c5", "0", 3)})(f.store.Changed(f.ctx, minute(3)))
	same(f, "Changed a moment later", []bot.Hint{hint("c1", "4", 2), hint("c5", "0", 3)})(
		f.store.Changed(f.ctx, minute(3).Add(time.Millisecond)))
	same[[]bot.Hint](f, "Changed in the future", nil)(f.store.Changed(f.ctx, minute(10)))
}

func testConversations(f *fixture) {
	const n = 600 // more than a page of any store
	var turns []bot.Turn
	for i := range n {
		turns = append(turns, opening(fmt.Sprintf("c%03d", (i*7)%n), visitor(fmt.Sprint(i)), day))
	}
	f.commit(turns...)
	f.commit(opening("Z", visitor("Z"), day), opening("é", visitor("é"), day), opening("a", visitor("a"), day))
	var ids []string
	err := f.store.Conversations(f.ctx, func(c bot.Conversation) error {
		ids = append(ids, c.ID)
		_, err := f.store.Current(f.ctx, c.Visitor) // the store can be used meanwhile
		return err
	})
	want := []string{"Z", "a"}
	for i := range n {
		want = append(want, fmt.Sprintf("c%03d", i))
	}
	same(f, "ids", append(want, "é"))(ids, err)
	stop := errors.New("stop")
	visits := 0
	err = f.store.Conversations(f.ctx, func(bot.Conversation) error { visits++; return stop })
	if !errors.Is(err, stop) || visits != 1 {
		f.Errorf("after an error of visit: %d visits, error %v", visits, err)
	}
}
