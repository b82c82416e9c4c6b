package bottest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"faqbot/bot"
)

var messageTests = []storeTest{
	{"After and Before", testPages},
	{"Sent in whichever conversation", testSent},
	{"unusual texts", testTexts},
	{"a context that has ended", testEndedContext},
	{"what was handed in may change afterwards", func(f *fixture) {
		t := full("c", visitor("a"))
		f.commit(t)
		before := f.dump()
		t.Messages[0].Text, t.Messages[1].Card.Tags[0], t.Trace.Trace, *t.Rating.Solved = "x", "x", "x", false
		t.Conversation.Dialogue.Offered[0].Entry = "x"
		same(f, "dump", before)(f.dump(), nil)
	}},
}

func testPages(f *fixture) {
	c := f.commit(opening("c", visitor("a"), minute(0)))
	f.commit(opening("b", visitor("b"), minute(0)), opening("d", visitor("d"), minute(0))) // neighbours
	var many []bot.Message
	for i := range 38 {
		many = append(many, asked(fmt.Sprint("m", i), fmt.Sprint("第 ", i)))
	}
	f.commit(after(c, minute(1), many...)) // 1 to 40
	for _, page := range []struct {
		after, before int64
		limit         int
		from, to      int64 // what is wanted; none if to is smaller
	}{
		{after: 0, limit: all, from: 1, to: 40},
		{after: 0, limit: 5, from: 1, to: 5},
		{after: 5, limit: 5, from: 6, to: 10},
		{after: 38, limit: 5, from: 39, to: 40},
		{after: 40, limit: 5},
		{after: 99, limit: 5},
		{after: -3, limit: 2, from: 1, to: 2},
		{after: 3, limit: 0},
		{after: 3, limit: -1},
		{before: 41, limit: all, from: 1, to: 40},
		{before: 41, limit: 5, from: 36, to: 40},
		{before: 36, limit: 5, from: 31, to: 35},
		{before: 3, limit: 5, from: 1, to: 2},
		{before: 1, limit: 5},
		{before: -7, limit: 5},
		{before: 999, limit: 1, from: 40, to: 40},
		{before: 10, limit: 0},
		{before: 10, limit: -1},
	} {
		read, from := f.store.After, page.after
		if page.before != 0 {
			read, from = f.store.Before, page.before
		}
		got, err := read(f.ctx, "c", from, page.limit)
		var want []int64
		for seq := page.from; seq <= page.to && seq > 0; seq++ {
			want = append(want, seq)
		}
		var numbers []int64
		for _, m := range got {
			if numbers = append(numbers, m.Seq); m.Conversation != "c" {
				f.Errorf("%+v: a message of conversation %q", page, m.Conversation)
			}
		}
		same(f, fmt.Sprintf("%+v", page), want)(numbers, err)
	}
}

func testSent(f *fixture) {
	v := visitor("a")
	c := f.commit(opening("c1", v, minute(0)))
	f.commit(closing(c, minute(1)), opening("c2", v, minute(2)))
	for _, id := range []string{"c1", "c2"} {
		same(f, "Sent "+id, f.messages(id)[0])(f.store.Sent(f.ctx, v.Key(), id+"-1"))
	}
	missing[bot.Message](f, "Sent by another")(f.store.Sent(f.ctx, visitor("b").Key(), "c1-1"))
	missing[bot.Message](f, "Sent with another id")(f.store.Sent(f.ctx, v.Key(), "C1-1"))
	missing[bot.Message](f, "Sent without id")(f.store.Sent(f.ctx, v.Key(), ""))
}

// texts that databases and encodings like to spoil.
var unusual = []string{
	"", " ", "  两头空格  ", "\t制表\n换行\r\n", "'单' \"双\" `反` \\n", "$1 ? %s :x", "😀👨‍👩‍👧‍👦🏳️‍🌈", "𠀀𪚥𰻝",
	"שלום مرحبا \u202eabc\u202c", "e\u0301 é", "\u2028\u2029\ufeff", "\ufffd", "\x01\x1f\x7f", "NULL", "0", "true",
	"<script>alert(1)</script>&amp;", strings.Repeat("很长", 100_000),
}

func testTexts(f *fixture) {
	for i, text := range unusual {
		id := fmt.Sprint("c", i)
		key := text[:min(len(text), 600)] // of visitor and message
		v := visitor(key)
		t := full(id, v)
		t.Conversation.Profile.Name, t.Conversation.Dialogue.Asked, t.Conversation.CloseReason = text, text, text
		t.Messages[0].Text, t.Messages[1].Text, t.Messages[1].Card.Question = text, text, text
		t.Trace.Text, t.Verdict.Reason, t.Leave.Text, t.Rating.Comment = text, text, text, text
		t.Messages[0].ClientID = key
		f.commit(t)
		same(f, "Conversation", t.Conversation)(f.store.Conversation(f.ctx, id))
		same(f, "messages", t.Messages)(f.store.After(f.ctx, id, 0, all))
		same(f, "Traces", []bot.TurnTrace{*t.Trace})(f.store.Traces(f.ctx, id))
		same(f, "Verdicts", []bot.Verdict{*t.Verdict})(f.store.Verdicts(f.ctx, id))
		same(f, "Rating", *t.Rating)(f.store.Rating(f.ctx, id))
		if key != "" {
			same(f, "Sent", t.Messages[0])(f.store.Sent(f.ctx, v.Key(), key))
		}
		same(f, "Previous", t.Conversation)(f.store.Previous(f.ctx, v, ""))
	}
	leaves, err := f.store.Leaves(f.ctx, "", all)
	if err != nil || len(leaves) != len(unusual) {
		f.Fatalf("%d leave-messages, error %v", len(leaves), err)
	}
	for i, l := range leaves {
		if l.Text != unusual[i] {
			f.Errorf("leave-message %d has another text", i)
		}
	}
}

func testEndedContext(f *fixture) {
	f.commit(opening("c", visitor("a"), minute(0)))
	before := f.dump()
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	v := visitor("a")
	for name, do := range map[string]func() error{
		"Commit":        func() error { return f.store.Commit(ctx, opening("d", visitor("b"), minute(0))) },
		"MarkRead":      func() error { return f.store.MarkRead(ctx, "c", 2) },
		"Current":       func() error { _, err := f.store.Current(ctx, v); return err },
		"Conversation":  func() error { _, err := f.store.Conversation(ctx, "c"); return err },
		"Previous":      func() error { _, err := f.store.Previous(ctx, v, ""); return err },
		"Sent":          func() error { _, err := f.store.Sent(ctx, v.Key(), "c-1"); return err },
		"After":         func() error { _, err := f.store.After(ctx, "c", 0, 9); return err },
		"Before":        func() error { _, err := f.store.Before(ctx, "c", 9, 9); return err },
		"Changed":       func() error { _, err := f.store.Changed(ctx, day); return err },
		"Conversations": func() error { return f.store.Conversations(ctx, func(bot.Conversation) error { return nil }) },
		"Leaves":        func() error { _, err := f.store.Leaves(ctx, "", 9); return err },
		"Traces":        func() error { _, err := f.store.Traces(ctx, "c"); return err },
		"Verdicts":      func() error { _, err := f.store.Verdicts(ctx, "c"); return err },
		"Rating":        func() error { _, err := f.store.Rating(ctx, "c"); return err },
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			f.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
	same(f, "dump", before)(f.dump(), nil)
}
