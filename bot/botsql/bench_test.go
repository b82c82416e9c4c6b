package botsql_test

import (
	"context"
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
	benchCallers = 64
	benchTurns   = 12 // of each caller, in one round
)

// benchTrace is about as long as the trace of a decision.
var benchTrace = []byte(`{"candidates":[` + strings.Repeat(`{"entry":"01JABCDEFGHJKMNPQRSTVWXYZ0","score":0.71828},`, 37) + `{}]}`)

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

// crowd is callers that each have a conversation in one store.
type crowd struct {
	store *botsql.Store
}

func newCrowd(b *testing.B, group int) *crowd {
	b.Helper()
	db, _ := sqlite.open(b)
	if err := botsql.Migrate(context.Background(), db, sqlite.dialect); err != nil {
		b.Fatal(err)
	}
	c := &crowd{store: botsql.NewWith(db, sqlite.dialect, time.Minute, group)}
	b.Cleanup(func() { _ = c.store.Close() })
	return c
}

// round has all callers commit their turns, one after the other each, and
// returns how long that took and each of them.
func (c *crowd) round(b *testing.B) (took time.Duration, each []time.Duration) {
	each = make([]time.Duration, benchCallers*benchTurns)
	var all sync.WaitGroup
	started := time.Now()
	for i := range benchCallers {
		t := newTalk(knowledge.NewID())
		all.Go(func() {
			for n := range benchTurns {
				turn := t.next()
				began := time.Now()
				if err := c.store.Commit(context.Background(), turn); err != nil {
					b.Error(err)
				}
				each[i*benchTurns+n] = time.Since(began)
			}
		})
	}
	all.Wait()
	return time.Since(started), each
}

// BenchmarkCommit lets 64 callers commit turns, in rounds that take turns: in
// groups, and the same turns in a transaction each, by the same code with the
// same statements. Each transaction waits for the disk in both.
func BenchmarkCommit(b *testing.B) {
	grouped, single := newCrowd(b, botsql.MaxGroup), newCrowd(b, 1)
	var ratios, groupedRates, singleRates []float64
	var groupedEach, singleEach []time.Duration
	const messages = 2 * benchCallers * benchTurns
	for b.Loop() {
		g, each := grouped.round(b)
		groupedEach = append(groupedEach, each...)
		s, each := single.round(b)
		singleEach = append(singleEach, each...)
		ratios = append(ratios, s.Seconds()/g.Seconds())
		groupedRates, singleRates = append(groupedRates, messages/g.Seconds()), append(singleRates, messages/s.Seconds())
	}
	b.ReportMetric(quantile(ratios, 0.5), "times")
	b.ReportMetric(quantile(groupedRates, 0.5), "grouped-msg/s")
	b.ReportMetric(quantile(singleRates, 0.5), "single-msg/s")
	for name, each := range map[string][]time.Duration{"grouped": groupedEach, "single": singleEach} {
		b.ReportMetric(quantile(each, 0.5).Seconds()*1e3, name+"-p50-ms")
		b.ReportMetric(quantile(each, 0.99).Seconds()*1e3, name+"-p99-ms")
	}
}

func quantile[T int64 | float64 | time.Duration](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}
