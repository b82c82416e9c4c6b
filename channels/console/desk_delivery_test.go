package console_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/channels/console"
)

// wary is an outlet with as many of five left as it says.
type wary struct{ left int }

func (w *wary) Admit(context.Context, bot.Visitor) error {
	if w.left == 0 {
		return &bot.InvalidError{Field: "text", Reason: "本轮可发的消息已用完，要等顾客再次发言"}
	}
	return nil
}

func (w *wary) Reach(context.Context, bot.Visitor) (bot.Reach, error) {
	return bot.Reach{Left: w.left, Of: 5, Until: noon(), Waiting: 1}, nil
}

// Fates says that the first was sent and the last failed.
func (w *wary) Fates(_ context.Context, _ string, from, to int64) ([]bot.Fate, error) {
	return []bot.Fate{{Seq: from, State: bot.FateSent}, {Seq: to, State: bot.FateFailed, Code: 45047}}, nil
}

// TestDeskDelivery: an agent sees what may still be sent and what became of lines,
// with the story and by itself, and why a line is refused.
func TestDeskDelivery(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	story := want[console.Story](s, 200, "li", http.MethodGet, talk(conversation, ""), nil)
	if story.Delivery.Reach != nil || len(story.Delivery.Fates) != 0 {
		t.Errorf("without an outlet: %+v", story.Delivery)
	}
	outlet := &wary{left: 3}
	s.desk.Outlets = map[string]bot.Outlet{"web": outlet}
	story = want[console.Story](s, 200, "li", http.MethodGet, talk(conversation, ""), nil)
	last := story.Messages[len(story.Messages)-1].Seq
	expected := console.Delivery{
		Reach: &console.Reach{Left: 3, Of: 5, Until: noon().UnixMilli(), Waiting: 1},
		Fates: []console.Fate{{Seq: 1, State: "sent"}, {Seq: last, State: "failed", Code: 45047, Reason: "本轮可发的客服消息已用完，要等顾客再次发言"}},
	}
	if diff := cmp.Diff(expected, story.Delivery); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := want[console.Delivery](s, 200, "li", http.MethodGet, talk(conversation, "/delivery?from=2&to=9000"), nil)
	expected.Fates[0].Seq, expected.Fates[1].Seq = 2, 502
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	outlet.left = 0
	line := map[string]string{"id": "line-0001", "kind": "text", "text": "您好"}
	p := want[console.Problem](s, 422, "li", http.MethodPost, talk(conversation, "/lines"), line)
	if p.Title != "本轮可发的消息已用完，要等顾客再次发言" {
		t.Errorf("told is %+v", p)
	}
}
