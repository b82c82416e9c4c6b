package sheet_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"faqbot/knowledge/kbfile/sheet"
)

const benchRows = 100_000

// benchSheet is a knowledge base of ordinary texts, none twice.
func benchSheet() sheet.Sheet {
	s := sheet.Sheet{Name: "知识库", Rows: []sheet.Row{{Cells: []string{"分类", "标准问题", "相似问题", "答案", "状态", "更新时间"}}}}
	for i := range benchRows {
		s.Rows = append(s.Rows, sheet.Row{Cells: []string{
			fmt.Sprintf("热水器/安装/%d", i%300), fmt.Sprintf("第%d台热水器安装怎么收费？", i),
			fmt.Sprintf("装第%d台多少钱##第%d台安装费##安装%d要钱吗", i, i, i),
			fmt.Sprintf("第%d台：免费安装，超出两米的管材按米收费，师傅上门前会打电话与您确认时间。%s", i, strings.Repeat("请保持电话畅通。", i%5)),
			"启用", fmt.Sprintf("2024-05-%02d", i%28+1)}})
	}
	return s
}

// sharedStringsFile holds the sheet as Excel itself writes it.
func sharedStringsFile(tb testing.TB, s sheet.Sheet) []byte {
	var rows, shared strings.Builder
	n := 0
	for i, row := range s.Rows {
		fmt.Fprintf(&rows, `<row r="%d" spans="1:6">`, i+1)
		for j, c := range row.Cells {
			fmt.Fprintf(&rows, `<c r="%s%d" s="1" t="s"><v>%d</v></c>`, sheet.ColumnName(j+1), i+1, n)
			fmt.Fprintf(&shared, "<si><t>%s</t></si>", c)
			n++
		}
		rows.WriteString("</row>")
	}
	return zipFile(tb, with(bookParts(rows.String()), "xl/sharedStrings.xml", "<sst"+mainSpace+">"+shared.String()+"</sst>"))
}

func BenchmarkOpen(b *testing.B) {
	s := benchSheet()
	var million strings.Builder
	for i := range 1_048_576 {
		fmt.Fprintf(&million, `<row r="%d" ht="15" customHeight="1"/>`, i+1)
	}
	million.WriteString(`</sheetData><sheetData><row><c><v>1</v></c></row>`)
	for _, bm := range []struct {
		name string
		data []byte
		rows int
	}{
		{"xlsx as written here", mustWrite(b, sheet.KindXLSX, s), benchRows},
		{"xlsx with shared strings", sharedStringsFile(b, s), benchRows},
		{"csv", mustWrite(b, sheet.KindCSV, s), benchRows},
		{"xlsx with a million empty rows", zipFile(b, bookParts(million.String())), 1_048_576},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			peak := peakHeap(b, func() {
				for b.Loop() {
					if _, err := sheet.Open(context.Background(), "x", bm.data, sheet.Limits{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(len(bm.data))/(1<<20), "file-MB")
			b.ReportMetric(float64(bm.rows*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	s := benchSheet()
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV} {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			peak := peakHeap(b, func() {
				for b.Loop() {
					mustWrite(b, kind, s)
				}
			})
			b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
		})
	}
}

// peakHeap watches by how much f lets the heap grow, garbage included.
func peakHeap(b *testing.B, f func()) uint64 {
	b.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	base, peak := m.HeapAlloc, uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return peak - min(base, peak)
}
