package bottest

import (
	"errors"
	"fmt"

	"faqbot/bot"
)

// besideTests are of what is stored beside the messages.
var besideTests = []storeTest{
	{"Traces in order", func(f *fixture) {
		c := f.commit(opening("c", visitor("a"), minute(0)))
		var want []bot.TurnTrace
		for i := range 12 {
			t := after(c, minute(i), asked(fmt.Sprint(i), "问"), replied("答"))
			t.Trace = &bot.TurnTrace{Conversation: "c", Seq: c.Seq + 1, Reply: c.Seq + 2, Decision: "answer", At: minute(i)}
			want = append(want, *t.Trace)
			c = f.commit(t)
		}
		t := after(c, minute(20), replied("迟到的回答"))
		t.Trace = &bot.TurnTrace{Conversation: "c", Seq: 1, Reply: c.Seq + 1, Decision: "refuse"} // of an earlier message
		f.commit(t)
		same(f, "Traces", append([]bot.TurnTrace{*t.Trace}, want...))(f.store.Traces(f.ctx, "c"))
		same[[]bot.TurnTrace](f, "Traces of another", nil)(f.store.Traces(f.ctx, "d"))
	}},
	{"the last verdict of a kind stands", testVerdicts},
	{"a rating once", func(f *fixture) {
		t := full("c", visitor("a"))
		t.Rating.Solved = nil
		f.commit(t)
		same(f, "Rating", *t.Rating)(f.store.Rating(f.ctx, "c"))
		no := false
		t = full("d", visitor("b"))
		t.Rating.Solved = &no
		f.commit(t)
		same(f, "Rating", *t.Rating)(f.store.Rating(f.ctx, "d"))
		missing[bot.Rating](f, "Rating of another")(f.store.Rating(f.ctx, "e"))
	}},
	{"Leaves in the order they came", testLeaves},
}

func testVerdicts(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	n := 0
	say := func(of string, seq int64, kind bot.VerdictKind, yes bool, reason string) bot.Verdict {
		n++
		t := after(c, minute(n), asked(fmt.Sprint(n), reason))
		t.Verdict = &bot.Verdict{Conversation: of, Seq: seq, Kind: kind, Yes: yes, Reason: reason, Entry: reason,
			Question: reason, Confidence: float64(n), At: minute(n)}
		c = f.commit(t)
		return *t.Verdict
	}
	say("c", 4, bot.Useful, true, "有用")
	say("c", 2, bot.Useful, true, "有用")
	earlier := say("earlier", 2, bot.Useful, false, "上次的")
	solved := say("c", 2, bot.Solved, true, "解决")
	last2 := say("c", 2, bot.Useful, false, "没用")
	last4 := say("c", 4, bot.Useful, true, "还是有用")
	same(f, "Verdicts", []bot.Verdict{solved, last2, last4})(f.store.Verdicts(f.ctx, "c"))
	same(f, "Verdicts of an earlier conversation", []bot.Verdict{earlier})(f.store.Verdicts(f.ctx, "earlier"))
	same[[]bot.Verdict](f, "Verdicts of another", nil)(f.store.Verdicts(f.ctx, "d"))

	first, second := after(c, minute(50), asked("50", "一")), after(c, minute(51), asked("51", "二"))
	second.Was, second.Conversation.Seq, second.Messages[0].Seq = c.Seq+1, c.Seq+2, c.Seq+2
	first.Verdict = &bot.Verdict{Conversation: "c", Seq: 2, Kind: bot.Solved, Yes: true}
	second.Verdict = &bot.Verdict{Conversation: "c", Seq: 2, Kind: bot.Solved, Yes: false}
	f.commit(first, second)
	same(f, "Verdicts after two in one commit", []bot.Verdict{*second.Verdict, last2, last4})(f.store.Verdicts(f.ctx, "c"))
}

func testLeaves(f *fixture) {
	var want []bot.Leave
	for i := range 25 {
		id := fmt.Sprintf("c%d", i)
		t := full(id, visitor(id))
		t.Leave.ID = fmt.Sprintf("leave-%02d", (i*7)%25) // ids and times are not the order
		t.Leave.At = minute((i * 3) % 25)
		want = append(want, *t.Leave)
		f.commit(t)
	}
	same(f, "all", want)(f.store.Leaves(f.ctx, "", all))
	same[[]bot.Leave](f, "none", nil)(f.store.Leaves(f.ctx, "", 0))
	same[[]bot.Leave](f, "less than none", nil)(f.store.Leaves(f.ctx, "", -1))
	var got []bot.Leave
	for after := ""; ; {
		page, err := f.store.Leaves(f.ctx, after, 4)
		if err != nil || len(page) > 4 {
			f.Fatalf("page after %q: %d leave-messages, error %v", after, len(page), err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		after = page[len(page)-1].ID
	}
	same(f, "page by page", want)(got, nil)
	if _, err := f.store.Leaves(f.ctx, "unknown", 4); !errors.Is(err, bot.ErrNotFound) {
		f.Errorf("after an unknown one: got %v, want ErrNotFound", err)
	}
}
