package bot_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/knowledge"
)

func TestFixed(t *testing.T) {
	ctx := context.Background()
	f := &bot.Fixed{
		Entries: []knowledge.Entry{{ID: "b", Question: "怎么开发票", Enabled: true}, {ID: "a", Question: "怎么办理宽带", Enabled: true}},
		Words:   knowledge.Lexicon{StopWords: []string{"请问"}},
	}
	var seen []string
	revision, err := f.Snapshot(ctx, func(e knowledge.Entry) error {
		seen = append(seen, e.ID)
		return nil
	})
	if diff := cmp.Diff([]string{"b", "a"}, seen); diff != "" || err != nil {
		t.Errorf("Snapshot: %v (-want +got):\n%s", err, diff)
	}
	if now, err := f.Revision(ctx); err != nil || now != revision {
		t.Errorf("Revision = %d, %v, the snapshot's is %d", now, err, revision)
	}
	if changes, err := f.Changes(ctx, 0, 10); err != nil || len(changes) > 0 {
		t.Errorf("Changes = %v, %v", changes, err)
	}
	if e, err := f.Entry(ctx, "a"); err != nil || e.Question != "怎么办理宽带" {
		t.Errorf("Entry = %v, %v", e, err)
	}
	if _, err := f.Entry(ctx, "x"); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("Entry of an unknown id: %v", err)
	}
	if l, err := f.Lexicon(ctx); err != nil || len(l.StopWords) != 1 {
		t.Errorf("Lexicon = %v, %v", l, err)
	}
	stop := errors.New("stop")
	if _, err := f.Snapshot(ctx, func(knowledge.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Snapshot with a visit that fails: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Snapshot(cancelled, func(knowledge.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot after cancel: %v", err)
	}

	a := open(t, f, t.TempDir())
	if d := ask(t, a, "怎么办理宽带"); d.Kind != intent.Answer || d.Entry.ID != "a" || d.Texts != nil {
		t.Errorf("%s by %q with %q", d.Kind, d.Entry.ID, d.Texts)
	}
	refresh(t, a)
}
