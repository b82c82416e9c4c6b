package sheet_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// small keeps fuzzing fast.
var small = sheet.Limits{FileBytes: 1 << 20, PartBytes: 4 << 20, UnpackedBytes: 8 << 20, ContentRows: 5000, Cells: 200_000}

// checkOpen opens bytes and checks what must hold for any. It returns nil if
// they were refused.
func checkOpen(t *testing.T, data []byte) *sheet.Workbook {
	wb, err := sheet.Open(t.Context(), "f", data, small)
	if err != nil {
		var e *sheet.Error
		if !errors.As(err, &e) || e.Reason == "" || e.File != "f" {
			t.Fatalf("not an *Error: %v", err)
		}
		if e.Err != nil && strings.HasPrefix(e.Err.Error(), "panic") {
			t.Fatal(e.Err)
		}
		return nil
	}
	for _, s := range wb.Sheets {
		last := 0
		for _, row := range s.Rows {
			n := len(row.Cells)
			if row.Number <= last || n == 0 || n > 512 || row.Cells[n-1] == "" {
				t.Fatalf("row %d after row %d: %q", row.Number, last, row.Cells)
			}
			last = row.Number
			for _, c := range row.Cells {
				if !utf8.ValidString(c) || strings.Contains(c, "\r") || utf8.RuneCountInString(c) > 32767 {
					t.Fatalf("row %d: cell %q", row.Number, c)
				}
			}
		}
		for _, m := range s.Merged {
			if m.FirstRow < 1 || m.FirstColumn < 1 || m.LastRow < m.FirstRow || m.LastColumn < m.FirstColumn {
				t.Fatalf("merged %+v", m)
			}
		}
	}
	return wb
}

// Whatever was read from a text can be written and read again.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"问题,答案\n\"a\nb\",\"c\"\"d\"\n", "q\ta\r\nx\ty\r\n", "a;b\n1,2;3\n", "sep=;\na;b", "a,\"x\nb,2\n", "'=1,''-2\n=\"01\",@\n",
		"<table><tr><td rowspan=2>a<td colspan=3>b<tr><td>c</table>", "<html><table><caption>c<tr><td><table><tr><td>x", "{\"a\":1}\n{\"b\":[2]}", "[{}]",
		"\xFF\xFEa\x00,\x00b\x00", "\x00a\x00,\x00b", "\xEF\xBB\xBFa,b", "\"", ",", "\r", "",
	} {
		f.Add([]byte(s))
	}
	gbk, _ := simplifiedchinese.GBK.NewEncoder().Bytes([]byte("问题,答案\n怎么退货,打电话\n"))
	f.Add(gbk)
	f.Add(append([]byte("怎么退货,打电话\n"), gbk...))
	f.Fuzz(func(t *testing.T, data []byte) {
		wb := checkOpen(t, data)
		if wb == nil || len(wb.Sheets) == 0 || len(wb.Sheets[0].Rows) == 0 {
			return
		}
		want := readBack(wb.Sheets[0])
		if len(want) == 0 { // nothing but control characters
			return
		}
		again := mustOpen(t, "again", mustWrite(t, sheet.KindCSV, wb.Sheets[0]))
		if diff := cmp.Diff(want, again.Sheets[0].Rows); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", data, diff)
		}
	})
}

// The bytes serve as a whole file, and as a workbook stream in a sound container.
func FuzzXLS(f *testing.F) {
	for _, file := range []string{"editor.xls", "gnumeric.xls", "formula.xls", "dates1904.xls"} {
		f.Add(mustRead(f, "testdata", file))
	}
	sst := record(0xFC, u32(2), u32(2), u16(2), []byte{0x0D}, u16(1), u32(3), wide("安装"), []byte{0, 0})
	f.Add(workbookStream(slices.Concat(sst, record(0x3C, []byte{0, 0, 9, 9, 9}, u16(3), []byte{0}, []byte("abc")), record(0x41E, u16(164, 2), []byte{0}, []byte("yy")), record(0xE0, u16(0, 164))),
		slices.Concat(record(0xFD, u16(0, 0, 0), u32(0)), record(0xBD, u16(0, 1), u16(0), u32(7<<2|2), u16(1)), record(0x06, u16(0, 0, 0), []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}),
			record(0x207, u16(4), []byte{0}, []byte("abcd")), record(0x205, u16(0, 0, 0), []byte{1, 0}), record(0xE5, u16(1, 0, 1, 0, 1)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkOpen(t, data)
		if len(data) < 1<<16 {
			checkOpen(t, compoundFile("Workbook", data))
		}
	})
}

// The parts are fuzzed rather than the archive: its checksums would hide them.
func FuzzXLSX(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>x</t></is></c></row><row><c s="1"><v>45440.5</v></c><c t="b"><v>1</v></c></row>`, sharedXML, stylesXML, "")
	f.Add(`<row r="9"/></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells><sheetData>`, "<sst/>", "<styleSheet/>", `<workbookPr date1904="1"/>`)
	f.Add(`<row><c t="d"><v>2024-05-28T00:00:00Z</v></c><c t="str"><v>_x000D_</v></c><c t="s"><v>-1</v></c></row>`, "", "", `<sheets><sheet name="x" state="hidden" r:id="s1"/></sheets>`)
	f.Fuzz(func(t *testing.T, rows, shared, styles, book string) {
		parts := with(with(bookParts(rows), "xl/sharedStrings.xml", shared), "xl/styles.xml", styles)
		parts["xl/workbook.xml"] = strings.Replace(parts["xl/workbook.xml"], "<sheets>", book+"<sheets>", 1)
		checkOpen(t, zipFile(t, parts))
	})
}

// The archive around the parts.
func FuzzArchive(f *testing.F) {
	f.Add(zipFile(f, bookParts(`<row r="1"><c r="A1"><v>1</v></c></row>`)))
	f.Add(mustRead(f, "testdata", "formula.xlsx"))
	f.Add(mustRead(f, "testdata", "bad", "truncated.xlsx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("PK")) {
			checkOpen(t, data)
		}
	})
}
