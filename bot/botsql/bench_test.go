package botsql_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/knowledge"
)

const (
	benchCallers = 128
	benchTurns   = 12 // of each caller, in one round
)

// benchTrace is about as long as the trace of a decision.
var benchTrace = `{"candidates":[` + strings.Repeat(`{"entry":"01JABCDEFGHJKMNPQRSTVWXYZ0","score":0.71828},`, 37) + `{}]}`

// talk is a conversation that goes on and on.
type talk struct{ bot.Conversation }

func newTalk(name string) *talk {
	now := time.Now()
	return &talk{bot.Conversation{
		ID: knowledge.NewID(), Visitor: bot.Visitor{Channel: "web", ID: name}, State: bot.StateOpen, OpenedAt: now, UpdatedAt: now,
		Profile: bot.Profile{Page: "https://shop.example/help/delivery", Title: "配送说明", Agent: "Mozilla/5.0 (X11; Linux x86_64)"},
	}}
}

// next is the next turn: a question, the answer, and the trace.
func (c *talk) next() bot.Turn {
	was := c.Seq
	c.Seq += 2
	c.UpdatedAt = time.Now()
	c.Dialogue = bot.Dialogue{Asked: "热水器 安装 费用", Answers: int(c.Seq / 2)}
	return bot.Turn{
		Conversation: c.Conversation, Was: was,
		Messages: []bot.Message{
			{Conversation: c.ID, Seq: was + 1, ClientID: knowledge.NewID(), Author: bot.FromVisitor, Kind: bot.KindText,
				Text: "请问安装一台热水器要多少钱？需要自己准备材料吗？", At: c.UpdatedAt},
			{Conversation: c.ID, Seq: was + 2, Author: bot.FromBot, Kind: bot.KindAnswer, At: c.UpdatedAt,
				Text: strings.Repeat("安装费 200 元，含两米管材，超出的部分每米 30 元。", 3),
				Card: bot.Card{Entry: "01JABCDEFGHJKMNPQRSTVWXYZ0", Question: "安装热水器要多少钱？", Confidence: 0.93}},
		},
		Trace: &bot.TurnTrace{Conversation: c.ID, Seq: was + 1, Reply: was + 2, Text: "请问安装一台热水器要多少钱？", Decision: "answer",
			Rule: "margin", Entry: "01JABCDEFGHJKMNPQRSTVWXYZ0", Question: "安装热水器要多少钱？", Confidence: 0.93, Revision: 1234,
			Model: "5f1c9a7b", Trace: benchTrace, At: c.UpdatedAt},
	}
}

// way is one way to store turns.
type way struct {
	name   string
	commit func(ctx context.Context, turns ...bot.Turn) error
	rates  []float64 // messages per second, of each round
	each   []time.Duration
}

// newWay returns a way that uses a store of its own.
func newWay(b *testing.B, name string, group int, commit func(s *botsql.Store) func(context.Context, ...bot.Turn) error) *way {
	b.Helper()
	db, _ := sqlite.open(b)
	if err := botsql.Migrate(context.Background(), db, sqlite.dialect); err != nil {
		b.Fatal(err)
	}
	store := botsql.NewWith(db, sqlite.dialect, time.Minute, group)
	b.Cleanup(func() { _ = store.Close() })
	return &way{name: name, commit: commit(store)}
}

// round has all callers commit their turns, one after the other each.
func (w *way) round(b *testing.B) {
	each := make([]time.Duration, benchCallers*benchTurns)
	var all sync.WaitGroup
	started := time.Now()
	for i := range benchCallers {
		t := newTalk(knowledge.NewID())
		all.Go(func() {
			for n := range benchTurns {
				turn := t.next()
				began := time.Now()
				if err := w.commit(context.Background(), turn); err != nil {
					b.Error(err)
				}
				each[i*benchTurns+n] = time.Since(began)
			}
		})
	}
	all.Wait()
	w.rates = append(w.rates, 2*benchCallers*benchTurns/time.Since(started).Seconds())
	w.each = append(w.each, each...)
}

// BenchmarkCommit lets 128 callers commit turns on SQLite, in rounds that take
// turns: in groups; the same turns in a transaction each, by the same goroutine
// with the same prepared statements; so, but a transaction for each message; and
// in a transaction each by the callers themselves, as it would be without a
// committer. Each transaction waits for the
// disk. The ratios are of rounds side by side. They depend on the disk: the longer
// it takes to sync, the greater they are, so that is reported too.
func BenchmarkCommit(b *testing.B) {
	commit := func(s *botsql.Store) func(context.Context, ...bot.Turn) error { return s.Commit }
	grouped := newWay(b, "grouped", botsql.MaxGroup, commit)
	others := []*way{
		newWay(b, "single", 1, commit),
		newWay(b, "message", 1, messageByMessage),
		newWay(b, "alone", 1, func(s *botsql.Store) func(context.Context, ...bot.Turn) error {
			return func(ctx context.Context, turns ...bot.Turn) error { return botsql.StoreAlone(ctx, s, turns...) }
		}),
	}
	for b.Loop() {
		grouped.round(b)
		for _, w := range others {
			w.round(b)
		}
	}
	for _, w := range others {
		ratios := make([]float64, len(w.rates))
		for i := range ratios {
			ratios[i] = grouped.rates[i] / w.rates[i]
		}
		b.ReportMetric(quantile(ratios, 0.5), "times-"+w.name)
	}
	for _, w := range append(others, grouped) {
		b.ReportMetric(quantile(w.rates, 0.5), w.name+"-msg/s")
		b.ReportMetric(quantile(w.each, 0.5).Seconds()*1e3, w.name+"-p50-ms")
		b.ReportMetric(quantile(w.each, 0.99).Seconds()*1e3, w.name+"-p99-ms")
	}
	b.ReportMetric(quantile(syncs(b, 200), 0.5).Seconds()*1e3, "sync-ms")
}

// messageByMessage commits the question first, and the answer with the trace after
// it.
func messageByMessage(s *botsql.Store) func(context.Context, ...bot.Turn) error {
	return func(ctx context.Context, turns ...bot.Turn) error {
		for _, t := range turns {
			first, second := t, t
			first.Messages, first.Trace = t.Messages[:1], nil
			first.Conversation.Seq = t.Was + 1
			second.Messages, second.Was = t.Messages[1:], t.Was+1
			if err := errors.Join(s.Commit(ctx, first), s.Commit(ctx, second)); err != nil {
				return err
			}
		}
		return nil
	}
}

func quantile[T int64 | float64 | time.Duration](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}

// syncs measures how long the disk takes for a small write.
func syncs(b *testing.B, n int) []time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	took := make([]time.Duration, n)
	page := make([]byte, 4096)
	for i := range took {
		began := time.Now()
		_, err := f.Write(page)
		if err = errors.Join(err, f.Sync()); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(began)
	}
	return took
}
