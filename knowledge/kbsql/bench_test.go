package kbsql_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
)

// benchEntries returns n entries of the usual size, four questions each.
func benchEntries(n int) []knowledge.Entry {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	entries := make([]knowledge.Entry, n)
	for i := range entries {
		entries[i] = knowledge.Entry{
			ID:       fmt.Sprintf("%08x-entry", uint32(i)*2654435761),
			Category: knowledge.Path{"业务", fmt.Sprintf("大类 %d", i%20), fmt.Sprintf("小类 %d", i%400)},
			Question: fmt.Sprintf("第 %d 号业务怎么办理，需要带什么证件？", i),
			Variants: []string{
				fmt.Sprintf("%d 号业务咋办", i), fmt.Sprintf("办 %d 号业务带啥", i), fmt.Sprintf("我想办理 %d 号业务", i),
			},
			Answers: []knowledge.Answer{
				{Texts: []string{fmt.Sprintf("请带身份证到 %d 号窗口办理，约十五分钟办完；也可以在手机上办理。", i%30)}},
			},
			Related: []string{fmt.Sprintf("%08x-entry", uint32(i+1)*2654435761)},
			Enabled: true, Owner: "王敏", CreatedAt: at, CreatedBy: "导入", UpdatedAt: at, UpdatedBy: "导入",
		}
	}
	return entries
}

func eachDatabase(b *testing.B, run func(b *testing.B, d database)) {
	b.Run("SQLite", func(b *testing.B) { run(b, sqlite) })
	b.Run("PostgreSQL", func(b *testing.B) { run(b, postgresql) })
}

// BenchmarkApply stores 100,000 new entries in one batch.
func BenchmarkApply(b *testing.B) {
	eachDatabase(b, func(b *testing.B, d database) {
		entries := benchEntries(100_000)
		for b.Loop() {
			b.StopTimer()
			store, _ := d.store(b)
			b.StartTimer()
			mustApply(b, store, knowledge.Batch{Puts: entries})
		}
	})
}

// BenchmarkReapply edits 100,000 entries in one batch.
func BenchmarkReapply(b *testing.B) {
	eachDatabase(b, func(b *testing.B, d database) {
		entries := benchEntries(100_000)
		store, _ := d.store(b)
		mustApply(b, store, knowledge.Batch{Puts: entries})
		for b.Loop() {
			for i := range entries {
				entries[i].Version++
			}
			mustApply(b, store, knowledge.Batch{Puts: entries})
		}
	})
}

// BenchmarkSnapshot reads 100,000 entries.
func BenchmarkSnapshot(b *testing.B) {
	eachDatabase(b, func(b *testing.B, d database) {
		store, _ := d.store(b)
		mustApply(b, store, knowledge.Batch{Puts: benchEntries(100_000)})
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			if _, err := store.Snapshot(context.Background(), func(knowledge.Entry) error { n++; return nil }); err != nil || n != 100_000 {
				b.Fatal(n, err)
			}
		}
	})
}

// BenchmarkSave edits one of 10,000 entries.
func BenchmarkSave(b *testing.B) {
	eachDatabase(b, func(b *testing.B, d database) {
		store, _ := d.store(b)
		entries := benchEntries(10_000)
		mustApply(b, store, knowledge.Batch{Puts: entries})
		n := 0
		for b.Loop() {
			e := &entries[n%len(entries)]
			e.Version++
			mustApply(b, store, knowledge.Batch{Puts: []knowledge.Entry{*e}})
			n++
		}
	})
}

func mustApply(b *testing.B, store *kbsql.Store, batch knowledge.Batch) {
	b.Helper()
	if _, err := store.Apply(context.Background(), batch); err != nil {
		b.Fatal(err)
	}
}
