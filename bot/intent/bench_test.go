package intent_test

import (
	"context"
	"hash/fnv"
	"testing"

	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// window recalls limit wordings that depend on the question alone.
type window []knowledge.Entry

func (w window) Recall(_ context.Context, f segment.Form, limit int) ([]intent.Hit, error) {
	h := fnv.New32a()
	h.Write([]byte(f.Key))
	start := int(h.Sum32() % uint32(len(w)))
	found := make([]intent.Hit, limit)
	for i := range found {
		found[i] = intent.Hit{Entry: w[(start+i/2)%len(w)].ID, Wording: i % 2}
	}
	return found, nil
}

// BenchmarkDecide measures everything but the recall, over 1,000 entries.
func BenchmarkDecide(b *testing.B) {
	entries := shop(1000)
	m := intent.New(defaultModel(b), plainAnalyzer(b), window(entries), stopWords, entries)
	for _, bm := range []struct{ name, text string }{
		{"exact", entries[500].Question}, {"near", "我想问一下办理校园宽带大概要多少钱"}, {"short", "宽带"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Decide(context.Background(), intent.Query{Text: bm.text, At: noon}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	entries := shop(1000)
	m := intent.New(defaultModel(b), plainAnalyzer(b), window(entries), stopWords, entries)
	change := []knowledge.Change{{ID: entries[3].ID, Entry: entry(entries[3].ID, "怎么办理校园宽带")}}
	for b.Loop() {
		m.Update(change)
	}
}
