package bot_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
)

// narrow is an outlet that lets left messages through.
type narrow struct {
	left  int
	asked int // how often Admit was
	fates []bot.Fate
	err   error
}

func (n *narrow) Admit(_ context.Context, v bot.Visitor) error {
	n.asked++
	switch {
	case n.err != nil:
		return n.err
	case n.left == 0:
		return &bot.InvalidError{Field: "text", Reason: "本轮可发的消息已用完：" + v.ID}
	}
	n.left--
	return nil
}

func (n *narrow) Reach(context.Context, bot.Visitor) (bot.Reach, error) {
	return bot.Reach{Left: n.left, Of: 5, Until: morning, Waiting: 1}, n.err
}

func (n *narrow) Fates(_ context.Context, _ string, from, to int64) ([]bot.Fate, error) {
	outside := func(f bot.Fate) bool { return f.Seq < from || f.Seq > to }
	return slices.DeleteFunc(slices.Clone(n.fates), outside), n.err
}

// TestDeskOutlet: when the channel lets nothing through, neither a line nor a file
// is stored, and what was stored before has its receipt.
func TestDeskOutlet(t *testing.T) {
	h := fakeHouse(t)
	outlet := &narrow{left: 1}
	h.desk.Outlets = map[string]bot.Outlet{"web": outlet}
	h.sit(t, 2, nil, "李")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	line := bot.Line{ClientID: "line-0001", Kind: bot.KindText, Text: "您好"}
	first, err := h.desk.Say(t.Context(), actor("李"), c.ID, line)
	if err != nil || first.Again {
		t.Fatalf("the first line: %+v, %v", first, err)
	}
	again, err := h.desk.Say(t.Context(), actor("李"), c.ID, line)
	if err != nil || !again.Again || again.Message.Seq != first.Message.Seq || outlet.asked != 1 {
		t.Errorf("the line once more: %+v, %v; the outlet was asked %d times", again, err, outlet.asked)
	}
	var invalid *bot.InvalidError
	line.ClientID = "line-0002"
	if _, err := h.desk.Say(t.Context(), actor("李"), c.ID, line); !errors.As(err, &invalid) || invalid.Reason != "本轮可发的消息已用完：ann" {
		t.Errorf("one line too many: %v", err)
	}
	invalid = nil
	if f, err := h.desk.Upload(t.Context(), actor("李"), c.ID, "a.txt", []byte("合同内容")); !errors.As(err, &invalid) {
		t.Errorf("a file too many: %+v, %v", f, err)
	}
	stored, err := h.store.Conversation(t.Context(), c.ID)
	if err != nil || stored.Seq != first.Message.Seq {
		t.Errorf("the conversation went on to %d, %v", stored.Seq, err)
	}
	if err := h.desk.Remark(t.Context(), actor("李"), c.ID, bot.KindNote, "等顾客说话"); err != nil {
		t.Errorf("a note reaches nobody outside, but: %v", err)
	}
	outlet.err = errors.New("the database is away")
	if _, err := h.desk.Say(t.Context(), actor("李"), c.ID, line); !errors.Is(err, outlet.err) {
		t.Errorf("an outlet that cannot say: %v", err)
	}
}

// TestDeskOutletForeign: whom a conversation is nothing to does not learn what may
// be sent in it.
func TestDeskOutletForeign(t *testing.T) {
	h := fakeHouse(t)
	outlet := &narrow{}
	h.desk.Outlets = map[string]bot.Outlet{"web": outlet}
	h.sit(t, 2, nil, "李", "王")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	line := bot.Line{ClientID: "line-0001", Kind: bot.KindText, Text: "您好"}
	var taken *bot.TakenError
	if _, err := h.desk.Say(t.Context(), actor("王"), c.ID, line); !errors.Is(err, bot.ErrNotFound) && !errors.As(err, &taken) || outlet.asked != 0 {
		t.Errorf("a line by somebody else: %v; the outlet was asked %d times", err, outlet.asked)
	}
	if d, err := h.desk.Delivery(t.Context(), actor("王"), c.ID, 0, 100); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("the delivery for somebody else: %+v, %v", d, err)
	}
}

func TestDeskDelivery(t *testing.T) {
	h := fakeHouse(t)
	h.sit(t, 2, nil, "李")
	c := h.queue(t, ann)
	h.accept(t, "李", c.ID)
	free, err := h.desk.Delivery(t.Context(), actor("李"), c.ID, 0, 100)
	if err != nil || free.Reach != nil || free.Fates != nil {
		t.Errorf("without an outlet: %+v, %v", free, err)
	}
	outlet := &narrow{left: 3, fates: []bot.Fate{
		{Seq: 3, State: bot.FateSent}, {Seq: 4, State: bot.FateFailed, Code: 45047}, {Seq: 9, State: bot.FateKept},
	}}
	h.desk.Outlets = map[string]bot.Outlet{"web": outlet}
	got, err := h.desk.Delivery(t.Context(), actor("李"), c.ID, 4, 9)
	want := bot.Delivery{Reach: &bot.Reach{Left: 3, Of: 5, Until: morning, Waiting: 1}, Fates: outlet.fates[1:]}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	outlet.err = errors.New("the database is away")
	if _, err := h.desk.Delivery(t.Context(), actor("李"), c.ID, 4, 9); !errors.Is(err, outlet.err) {
		t.Errorf("an outlet that cannot say: %v", err)
	}
}
