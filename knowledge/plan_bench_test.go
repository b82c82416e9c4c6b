package knowledge

import (
	"fmt"
	"testing"
	"time"

	"faqbot/knowledge/normalize"
)

// BenchmarkPlan plans 100,000 rows against 100,000 entries with two variants
// each: half of the rows are known and unchanged, a quarter changed, a quarter
// new.
func BenchmarkPlan(b *testing.B) {
	const n = 100_000
	norm, err := normalize.New()
	if err != nil {
		b.Fatal(err)
	}
	entry := func(i int) Entry {
		return Entry{
			ID: fmt.Sprintf("e%06d", i), Category: Path{"热水器", "安装"}, Enabled: true, Version: 1,
			Question: fmt.Sprintf("第%d号热水器怎么安装？", i),
			Variants: []string{fmt.Sprintf("%d号热水器安装", i), fmt.Sprintf("怎么装 %d 号热水器", i)},
			Answers:  []Answer{{Texts: []string{"请拨打客服电话预约师傅上门安装。"}}},
		}
	}
	stored := make([]Entry, n)
	imp := Import{Mode: ModeMerge, By: "甲", Rows: make([]ImportRow, n)}
	for i := range n {
		stored[i] = entry(i)
		row := entry(i + n/4)
		row.ID = ""
		if i%3 == 0 {
			row.Answers = []Answer{{Texts: []string{"现在也可以在公众号里预约。"}}}
		}
		imp.Rows[i] = ImportRow{Entry: row, Has: FieldAll &^ FieldID}
	}
	b.ReportAllocs()
	for b.Loop() {
		p := newPlan(&imp, stored, remember(norm.Key, 4*n), NewID, time.Now())
		if err := p.run(b.Context(), &imp); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(p.batch().Puts)), "puts")
	}
}
