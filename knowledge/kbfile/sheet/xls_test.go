package sheet_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
)

// The same workbook as two programs write it.
func TestOpenXLSFixtures(t *testing.T) {
	for _, file := range []string{"editor.xls", "gnumeric.xls"} {
		t.Run(file, func(t *testing.T) {
			wb := mustOpen(t, file, mustRead(t, "testdata", file))
			formula := map[string]string{"editor.xls": "", "gnumeric.xls": "2"}[file] // only the latter stored a value
			want := sheet.Sheet{
				Name: "知识库",
				Rows: []sheet.Row{
					{Number: 1, Cells: []string{"常见问题（请勿修改表头）"}},
					{Number: 2, Cells: []string{"主题", "是否置顶", "生效时间", "阈值"}},
					{Number: 3, Cells: []string{"怎么办理退款？", "TRUE", "2024-05-28", "0.9"}},
					{Number: 4, Cells: []string{"", "FALSE", "2024-05-28 11:22:28", "0.3"}},
					{Number: 6, Cells: []string{"第一行\n第二行", "20240528", "08:30:00", "1234567890123"}},
					{Number: 7, Cells: []string{"Latin é plain", "", "1999-12-31", "-1.5"}},
					{Number: 8, Cells: []string{"红色字", formula, "", "", "45440"}},
				},
				Merged: []sheet.Range{{FirstRow: 3, FirstColumn: 1, LastRow: 4, LastColumn: 1}, {FirstRow: 1, FirstColumn: 1, LastRow: 1, LastColumn: 4}},
			}
			if diff := cmp.Diff(want, wb.Sheets[0]); diff != "" {
				t.Errorf("first sheet (-want +got):\n%s", diff)
			}
			if wb.Kind != sheet.KindXLS {
				t.Errorf("kind %s", wb.Kind)
			}
			if file == "gnumeric.xls" { // it does not know hidden sheets
				return
			}
			if s := wb.Sheets[1]; s.Name != "选项" || !s.Hidden {
				t.Errorf("second sheet %q, hidden %v", s.Name, s.Hidden)
			}
			if slices.ContainsFunc(wb.Sheets, func(s sheet.Sheet) bool { return s.Name == "内部" }) {
				t.Error("a very hidden sheet was read")
			}
		})
	}
}

// Shared strings of both widths that run over the ends of their records.
func TestOpenXLSContinuedStrings(t *testing.T) {
	wb := mustOpen(t, "continue.xls", mustRead(t, "testdata", "continue.xls"))
	var want [][]string
	for i := range 40 {
		want = append(want, []string{
			fmt.Sprintf("%03d", i) + strings.Repeat("a", i*37%500) + strings.Repeat("长", i*53%400) + "z",
			fmt.Sprintf("%03d", i) + strings.Repeat("b", i*91%900),
		})
	}
	if diff := cmp.Diff(want, cells(wb.Sheets[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOpenXLSFormulas(t *testing.T) {
	want := [][]string{{"公式", "值"}, {"文字", "热水器"}, {"数字", "0.25"}, {"真假", "TRUE"}, {"错误", "#DIV/0!"}, {"空"}, {"长文", strings.Repeat("水", 200)}}
	for _, file := range []string{"formula.xls", "formula.xlsx"} {
		wb := mustOpen(t, file, mustRead(t, "testdata", file))
		if diff := cmp.Diff(want, cells(wb.Sheets[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestOpenXLS1904(t *testing.T) {
	wb := mustOpen(t, "dates1904.xls", mustRead(t, "testdata", "dates1904.xls"))
	if diff := cmp.Diff([][]string{{"日期"}, {"2024-05-28"}}, cells(wb.Sheets[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Records that today's writers do not produce, made by hand.
func TestOpenXLSRecords(t *testing.T) {
	f64 := func(v float64) []byte {
		bits := math.Float64bits(v)
		return slices.Concat(u32(uint32(bits)), u32(uint32(bits>>32)))
	}
	rk := func(v float64) []byte { return u32(uint32(math.Float64bits(v) >> 32)) }
	dateStyle := slices.Concat(
		record(0x41E, u16(164, 10), []byte{0}, []byte("yyyy\\-mm;@")),
		record(0xE0, u16(0, 0)), record(0xE0, u16(0, 164)))
	tests := []struct {
		name           string
		globals, cells []byte
		want           [][]string
	}{
		{"label", nil, record(0x204, u16(0, 0, 0, 2), []byte{1}, wide("问题")), [][]string{{"问题"}}},
		{"label continued in one-byte characters", nil,
			slices.Concat(record(0x204, u16(0, 0, 0, 4), []byte{1}, wide("问题")), record(0x3C, []byte{0}, []byte("ab"))), [][]string{{"问题ab"}}},
		{"rich label", nil, record(0xD6, u16(0, 1, 0, 2), []byte{0}, []byte("ab"), u16(1, 0, 0)), [][]string{{"", "ab"}}},
		{"number", nil, record(0x203, u16(0, 0, 0), f64(0.1+0.2)), [][]string{{"0.3"}}},
		{"number as date", dateStyle, record(0x203, u16(0, 0, 1), f64(45440)), [][]string{{"2024-05-28"}}},
		{"rk float", nil, record(0x27E, u16(0, 0, 0), rk(1.5)), [][]string{{"1.5"}}},
		{"rk negative integer in hundredths", nil, record(0x27E, u16(0, 0, 0), u32(uint32(-12345&(1<<30-1))<<2|3)), [][]string{{"-123.45"}}},
		{"several rk", dateStyle, record(0xBD, u16(0, 1), u16(0), u32(7<<2|2), u16(1), u32(45440<<2|2), u16(2)), [][]string{{"", "7", "2024-05-28"}}},
		{"boolean and error", nil, slices.Concat(record(0x205, u16(0, 0, 0), []byte{1, 0}), record(0x205, u16(0, 1, 0), []byte{0x2A, 1})), [][]string{{"TRUE", "#N/A"}}},
		{"formula text in two records", nil, slices.Concat(
			record(0x06, u16(0, 0, 0), []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, make([]byte, 8)),
			record(0x207, u16(4), []byte{0}, []byte("ab")), record(0x3C, []byte{1}, wide("问题"))), [][]string{{"ab问题"}}},
		{"cells in any order", nil, slices.Concat(
			record(0x204, u16(2, 0, 0, 1), []byte{0}, []byte("c")),
			record(0x204, u16(0, 0, 0, 1), []byte{0}, []byte("a")),
			record(0x204, u16(2, 1, 0, 1), []byte{0}, []byte("d"))), [][]string{{"a"}, {"c", "d"}}},
		{"shared strings with runs and phonetics across records", slices.Concat(
			record(0xFC, u32(9), u32(9), u16(2), []byte{0x0D}, u16(1), u32(3), wide("安装"), []byte{0, 0}),
			record(0x3C, []byte{0, 0, 9, 9, 9}, u16(3), []byte{0}, []byte("ab")),
			record(0x3C, []byte{1}, wide("费"))),
			slices.Concat(record(0xFD, u16(0, 0, 0), u32(0)), record(0xFD, u16(0, 1, 0), u32(1))), [][]string{{"安装", "ab费"}}},
		{"chart within the sheet", nil, slices.Concat(
			record(0x809, u16(0x0600, 0x20)), record(0x204, u16(0, 0, 0, 1), []byte{0}, []byte("x")), record(0x0A),
			record(0x204, u16(1, 0, 0, 1), []byte{0}, []byte("y"))), [][]string{{"y"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wb := mustOpen(t, "x.xls", compoundFile("Workbook", workbookStream(tt.globals, tt.cells)))
			if diff := cmp.Diff(tt.want, cells(wb.Sheets[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if wb.Sheets[0].Name != "表" {
				t.Errorf("sheet name %q", wb.Sheets[0].Name)
			}
		})
	}
}

func TestOpenXLSRefusals(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want sheet.Error
	}{
		{"shared string that is not there", compoundFile("Workbook", workbookStream(nil, record(0xFD, u16(4, 2, 0), u32(7)))),
			sheet.Error{Sheet: "表", Row: 5, Column: 3, Reason: "单元格引用了不存在的文字（第 7 条，共 0 条），文件已损坏，请在 Excel 或 WPS 中打开修复并另存为 .xlsx 后再上传"}},
		{"open password", compoundFile("Workbook", workbookStream(record(0x2F, u16(1, 1)), nil)), sheet.Error{Reason: sheet.ReasonEncrypted}},
		{"encrypted xlsx", compoundFile("EncryptedPackage", []byte("x")), sheet.Error{Reason: sheet.ReasonEncrypted}},
		{"Excel 95", compoundFile("Book", []byte("x")), sheet.Error{Reason: sheet.ReasonOldExcel}},
		{"Excel 95 in a new stream", compoundFile("Workbook", record(0x809, u16(0x0500, 5))), sheet.Error{Reason: sheet.ReasonOldExcel}},
		{"Word", compoundFile("WordDocument", []byte("x")), sheet.Error{Reason: "这是 Word 文档，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"}},
		{"PowerPoint", compoundFile("PowerPoint Document", []byte("x")), sheet.Error{Reason: "这是 PowerPoint 文稿，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"}},
		{"some other compound file", compoundFile("Thumbs", []byte("x")), sheet.Error{Reason: sheet.ReasonUnknown}},
		{"record cut off", compoundFile("Workbook", workbookStream(nil, record(0x203, u16(0, 0, 0)))), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"string cut off", compoundFile("Workbook", workbookStream(record(0xFC, u32(1), u32(1), u16(9), []byte{0}, []byte("ab")), nil)), sheet.Error{Reason: sheet.ReasonDamaged}},
		{"header only", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), sheet.Error{Reason: sheet.ReasonDamaged}},
		{"file cut in half", mustRead(t, "testdata", "continue.xls")[:20000], sheet.Error{Reason: sheet.ReasonDamaged}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := *openError(t, "x.xls", tt.data, sheet.Limits{})
			got.Err = nil
			tt.want.File = "x.xls"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Containers that lead a reader in circles, or make it read the same sheet
// again and again.
func TestOpenXLSCircles(t *testing.T) {
	cells := record(0x204, u16(0, 0, 0, 1), []byte{0}, []byte("x"))
	stream := workbookStream(nil, cells)
	const fat, dir, entry = 512, 1024, 1024 + 128 // of compoundFile, for a stream this small
	tests := []struct {
		name  string
		spoil func(file []byte)
		want  string // reason; empty if the file is read all the same
	}{
		{"stream", func(f []byte) {
			copy(f[fat+4*2:], u32(2))
			copy(f[entry+120:], u32(0xFFFFFFF0))
		}, sheet.ReasonDamaged},
		{"directory", func(f []byte) { copy(f[fat+4*1:], u32(1)) }, ""},
		{"allocation table", func(f []byte) { copy(f[68:], u32(0)); copy(f[dir-4:], u32(0)) }, sheet.ReasonDamaged},
		{"siblings", func(f []byte) { copy(f[entry+68:], u32(1)) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := compoundFile("Workbook", stream)
			tt.spoil(file)
			if tt.want == "" {
				mustOpen(t, "x", file)
				return
			}
			if got := openError(t, "x", file, sheet.Limits{}); got.Reason != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestOpenXLSOverlappingSheets(t *testing.T) {
	cells := bytes.Repeat(record(0x201, u16(0, 0, 0)), 1000)
	stream := workbookStream(nil, cells)
	list := record(0x85, u32(0), []byte{0, 0}, append([]byte{1, 1}, wide("表")...))
	var more []byte
	for range 5 {
		copy(list[4:], u32(uint32(len(record(0x809, u16(0, 0)))+6*len(list)+len(record(0x0A)))))
		more = append(more, list...)
	}
	head := len(record(0x809, u16(0, 0)))
	stream = slices.Concat(stream[:head], more, list, stream[head+len(list):])
	got := openError(t, "x", compoundFile("Workbook", stream), sheet.Limits{})
	if got.Err == nil || !strings.Contains(got.Err.Error(), "overlap") {
		t.Errorf("got %v, %v", got, got.Err)
	}
}
