package wechatsql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/knowledge"
)

// dealings are the stores that a callback is dealt with in.
type dealings struct {
	turns bot.Store
	store *wechatsql.Store
}

func newDealings(b *testing.B) dealings {
	b.Helper()
	db, _ := sqlite.migrated(b)
	if err := botsql.Migrate(b.Context(), db, sqlite.dialect); err != nil {
		b.Fatal(err)
	}
	turns := sqlite.writer(b, db)
	return dealings{turns, wechatsql.New(turns, sealer(b, 1))}
}

// callback stores all that is stored about one: what came, the turn, and what was
// answered together with how the follower stands.
func (d dealings) callback(ctx context.Context) error {
	id, now := knowledge.NewID(), time.Now()
	c := wechat.Callback{Account: "店", Key: "m:" + id, OpenID: id, Raw: []byte(strings.Repeat("<xml>问题</xml>", 40)), State: wechat.Taken, At: now}
	if _, _, err := d.store.Take(ctx, c); err != nil {
		return fmt.Errorf("take: %w", err)
	}
	talk := bot.Conversation{ID: id, Visitor: bot.Visitor{Channel: "wechat", Account: "店", ID: id}, State: bot.StateOpen,
		OpenedAt: now, UpdatedAt: now, Seq: 2}
	err := d.turns.Commit(ctx, bot.Turn{Conversation: talk, Messages: []bot.Message{
		{Conversation: id, Seq: 1, ClientID: id, Author: bot.FromVisitor, Kind: bot.KindText, Text: "安装要多少钱？", At: now},
		{Conversation: id, Seq: 2, Author: bot.FromBot, Kind: bot.KindAnswer, Text: strings.Repeat("安装费 200 元。", 20), At: now},
	}, Trace: &bot.TurnTrace{Conversation: id, Seq: 1, Reply: 2, Text: "安装要多少钱？", Trace: strings.Repeat(`{"entry":1}`, 180), At: now}})
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	part := wechat.Outgoing{Account: "店", OpenID: id, Conversation: id, Seq: 2, State: wechat.Replied, ChangedAt: now,
		Content: json.RawMessage(`{"text":"` + strings.Repeat("安装费 200 元。", 20) + `"}`)}
	w := wechat.Follower{Account: "店", OpenID: id, HeardAt: now, Conversation: id, Seq: 2}
	if err := d.store.Step(ctx, w, []wechat.Outgoing{part}, nil); err != nil {
		return fmt.Errorf("step: %w", err)
	}
	return nil
}

// BenchmarkCallbacks stores callbacks on SQLite: as they come 500 times a second,
// and by 128 callers as fast as they can.
func BenchmarkCallbacks(b *testing.B) {
	b.Run("500 a second", func(b *testing.B) {
		d := newDealings(b)
		report(b, func(deal func()) {
			tick := time.NewTicker(time.Second / 500)
			defer tick.Stop()
			var all sync.WaitGroup
			for range 500 * 4 {
				<-tick.C
				all.Go(deal)
			}
			all.Wait()
		}, d)
	})
	b.Run("128 callers", func(b *testing.B) {
		d := newDealings(b)
		report(b, func(deal func()) {
			var all sync.WaitGroup
			for range 128 {
				all.Go(func() {
					for range 30 {
						deal()
					}
				})
			}
			all.Wait()
		}, d)
	})
}

// report measures the dealings of each round.
func report(b *testing.B, round func(deal func()), d dealings) {
	var mu sync.Mutex
	var took []time.Duration
	started := time.Now()
	for b.Loop() {
		round(func() {
			began := time.Now()
			if err := d.callback(b.Context()); err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
		})
	}
	b.ReportMetric(float64(len(took))/time.Since(started).Seconds(), "callbacks/s")
	slices.Sort(took)
	for name, q := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99} {
		b.ReportMetric(took[int(q*float64(len(took)-1))].Seconds()*1e3, name)
	}
}
