package kbfile_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
	"faqbot/knowledge/normalize"
)

// manyEntries makes n entries with nine variants each.
func manyEntries(n int) kbfile.Content {
	var kb kbfile.Content
	for i := range n {
		e := knowledge.Entry{ID: fmt.Sprint("id-", i), Category: knowledge.Path{"业务", fmt.Sprint("第", i%50, "类")}, Question: fmt.Sprint("第", i, "个问题怎么办理"), Enabled: true,
			Answers: []knowledge.Answer{{Texts: []string{"请带身份证到营业厅办理，约十五分钟办完；也可以在网上预约。"}}}}
		for v := range 9 {
			e.Variants = append(e.Variants, fmt.Sprint("问题", i, "的第", v, "种问法是什么"))
		}
		kb.Entries = append(kb.Entries, e)
	}
	return kb
}

// BenchmarkRead reads 10,000 entries with 100,000 questions.
func BenchmarkRead(b *testing.B) {
	n, err := normalize.New()
	if err != nil {
		b.Fatal(err)
	}
	kb := manyEntries(10_000)
	for _, kind := range ownKinds {
		var buf bytes.Buffer
		if err := kbfile.Write(context.Background(), &buf, kind, kbfile.LayoutOwn, kb); err != nil {
			b.Fatal(err)
		}
		b.Run(string(kind), func(b *testing.B) {
			b.SetBytes(int64(buf.Len()))
			b.ReportAllocs()
			for b.Loop() {
				doc, err := kbfile.Read(context.Background(), "a", buf.Bytes(), kbfile.Options{Normalizer: n})
				if err != nil || len(doc.Rows) != len(kb.Entries) {
					b.Fatal(len(doc.Rows), err)
				}
			}
		})
	}
}

// BenchmarkWrite writes the same.
func BenchmarkWrite(b *testing.B) {
	kb := manyEntries(10_000)
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV, sheet.KindJSONL} {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := kbfile.Write(context.Background(), &bytes.Buffer{}, kind, kbfile.LayoutOwn, kb); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
