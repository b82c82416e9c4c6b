package sheet_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func mustWrite(t testing.TB, kind sheet.Kind, sheets ...sheet.Sheet) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := sheet.Write(&buf, kind, sheets); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// cellText draws cells with everything that files like to trip over.
func cellText() *rapid.Generator[string] {
	pieces := []string{"=", "+", "-", "@", "'", "\"", ",", ";", "\t", "\n", "\r\n", "\r", " ", "　", "＝", "问题", "怎么退货？", "a", "0", "😀", "𠮷",
		"<b>", "{", "[", "sep=;", "_x0041_", "_x005F_", "&amp;", "]]>", "\x00", "\x0b", "\x1a", "\ufeff", "\ufffd", "\uffff", "\xff", "\u200b", "=\"1\""}
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6), func(p []string) string { return strings.Join(p, "") }),
		rapid.String(),
	)
}

func sheetsOf(name *rapid.Generator[string], columns int) *rapid.Generator[sheet.Sheet] {
	row := rapid.SliceOfN(cellText(), 0, columns)
	return rapid.Custom(func(t *rapid.T) sheet.Sheet {
		s := sheet.Sheet{Name: name.Draw(t, "name")}
		for _, c := range rapid.SliceOfN(row, 0, 12).Draw(t, "rows") {
			s.Rows = append(s.Rows, sheet.Row{Cells: c})
		}
		return s
	})
}

// readBack is what a written sheet must look like when it is read again.
func readBack(s sheet.Sheet) []sheet.Row {
	var out []sheet.Row
	for i, row := range s.Rows {
		var cells []string
		for j, c := range row.Cells {
			if c = sheet.Clean(c); c != "" {
				cells = append(append(cells, make([]string, j-len(cells))...), c)
			}
		}
		if len(cells) > 0 {
			out = append(out, sheet.Row{Number: i + 1, Cells: cells})
		}
	}
	return out
}

func TestWriteRoundTrip(t *testing.T) {
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV, sheet.KindTSV} {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				s := sheetsOf(rapid.Just("表"), rapid.IntRange(1, 5).Draw(rt, "columns")).Draw(rt, "sheet")
				want := readBack(s)
				data := mustWrite(t, kind, s)
				wb, err := sheet.Open(t.Context(), "x", data, sheet.Limits{})
				if len(want) == 0 {
					if err == nil {
						rt.Fatal("a file without content was accepted")
					}
					return
				}
				if err != nil {
					rt.Fatalf("%v\n%q", err, data)
				}
				if diff := cmp.Diff(want, wb.Sheets[0].Rows); diff != "" {
					rt.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A first cell must not make the whole file pass for something else.
func TestWriteMisleadingFirstCell(t *testing.T) {
	for _, first := range []string{"{}", "[[", "[{", "<table>", "<!DOCTYPE html>", "sep=;", "SEP=,", "%PDF-1", "PK\x03\x04"} {
		want := rows([]string{sheet.Clean(first), "b"}, []string{"c", "d"})
		for _, kind := range []sheet.Kind{sheet.KindCSV, sheet.KindTSV} {
			wb := mustOpen(t, "x", mustWrite(t, kind, sheet.Sheet{Rows: want}))
			if diff := cmp.Diff(want, wb.Sheets[0].Rows); diff != "" || wb.Kind != kind {
				t.Errorf("%q as %s was read as %s (-want +got):\n%s", first, kind, wb.Kind, diff)
			}
		}
	}
}

// The guard is exact in both directions, for texts that look guarded too.
func TestGuardRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := cellText().Draw(t, "cell")
		guarded := sheet.Guard(cell)
		if back := sheet.Unguard(guarded); back != cell {
			t.Fatalf("%q became %q, came back as %q", cell, guarded, back)
		}
		if guarded != "" && strings.ContainsAny(guarded[:1], "=+-@\t\r\n") {
			t.Fatalf("%q is not inert", guarded)
		}
	})
}

func TestWriteDelimited(t *testing.T) {
	s := sheet.Sheet{Rows: rows([]string{"问题", "答案"}, []string{"=HYPERLINK(\"x\")", "a;b"}, nil, []string{"-1"})}
	tests := []struct {
		kind sheet.Kind
		want string
	}{
		{sheet.KindCSV, "\xEF\xBB\xBF问题,答案\r\n\"'=HYPERLINK(\"\"x\"\")\",\"a;b\"\r\n,\r\n'-1,\r\n"},
		{sheet.KindTSV, "\xEF\xBB\xBF问题\t答案\r\n\"'=HYPERLINK(\"\"x\"\")\"\t\"a;b\"\r\n\t\r\n'-1\t\r\n"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, string(mustWrite(t, tt.kind, s))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.kind, diff)
		}
	}
}

func TestWriteXLSXIsDeterministic(t *testing.T) {
	var sheets []sheet.Sheet
	for _, name := range []string{"一", "二", "三", "四", "五"} {
		sheets = append(sheets, sheet.Sheet{Name: name, Rows: rows([]string{"问题"}, []string{name})})
	}
	first := mustWrite(t, sheet.KindXLSX, sheets...)
	for range 10 {
		if !bytes.Equal(first, mustWrite(t, sheet.KindXLSX, sheets...)) {
			t.Fatal("the same sheets gave different bytes")
		}
	}
}

// The look of the sheet, and that nothing in it is computed.
func TestWriteXLSXForPeople(t *testing.T) {
	data := mustWrite(t, sheet.KindXLSX, sheet.Sheet{Name: "知识", Rows: rows([]string{"问题", "答案"}, []string{"=1+1", strings.Repeat("长", 100)})})
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if formula, _ := f.GetCellFormula("知识", "A2"); formula != "" {
		t.Errorf("formula %q", formula)
	}
	if v, _ := f.GetCellValue("知识", "A2"); v != "=1+1" {
		t.Errorf("A2 is %q", v)
	}
	panes, err := f.GetPanes("知识")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v", panes, err)
	}
	id, _ := f.GetCellStyle("知识", "A1")
	if style, err := f.GetStyle(id); err != nil || style.Font == nil || !style.Font.Bold {
		t.Errorf("header style %+v, %v", style, err)
	}
	a, _ := f.GetColWidth("知识", "A")
	b, _ := f.GetColWidth("知识", "B")
	if a != 8 || b != 60 {
		t.Errorf("column widths %v and %v", a, b)
	}
}

func TestWriteXLSXSheetNames(t *testing.T) {
	names := []string{"", "a/b:c", "A_B_C", strings.Repeat("热", 40), strings.Repeat("热", 35), "'x'", strings.Repeat("😀", 20)}
	var sheets []sheet.Sheet
	for _, name := range names {
		sheets = append(sheets, sheet.Sheet{Name: name, Rows: rows([]string{"x"})})
	}
	var got []string
	for _, s := range mustOpen(t, "x", mustWrite(t, sheet.KindXLSX, sheets...)).Sheets {
		got = append(got, s.Name)
	}
	want := []string{"Sheet1", "a_b_c", "A_B_C(2)", strings.Repeat("热", 31), strings.Repeat("热", 28) + "(2)", "x", strings.Repeat("😀", 15)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteRefusals(t *testing.T) {
	ok := sheet.Sheet{Name: "表", Rows: rows([]string{"x"})}
	long := sheet.Sheet{Name: "表", Rows: rows([]string{"x"}, []string{"", strings.Repeat("😀", 16384)})}
	tests := []struct {
		name   string
		kind   sheet.Kind
		sheets []sheet.Sheet
		want   string
	}{
		{"nothing", sheet.KindXLSX, nil, "没有可写的内容"},
		{"two sheets in a csv", sheet.KindCSV, []sheet.Sheet{ok, ok}, "csv 文件只能放一个工作表（现有 2 个），请改用 xlsx"},
		{"old Excel", sheet.KindXLS, []sheet.Sheet{ok}, "不能写成 xls 文件，请改用 xlsx、csv 或 tsv"},
		{"long cell", sheet.KindXLSX, []sheet.Sheet{long}, "工作表 表，第 2 行 B 列：单元格字数 32768 超过上限 32767，请缩短或拆开这个单元格的内容"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := sheet.Write(&bytes.Buffer{}, tt.kind, tt.sheets)
			var e *sheet.Error
			if !errors.As(err, &e) || e.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteFails(t *testing.T) {
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV} {
		err := sheet.Write(fullDisk{}, kind, []sheet.Sheet{{Rows: rows([]string{"x"})}})
		if diff := cmp.Diff(errFull, err, cmpopts.EquateErrors()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestKindOutput(t *testing.T) {
	for kind, want := range map[sheet.Kind]sheet.Kind{
		sheet.KindXLS: sheet.KindXLSX, sheet.KindHTML: sheet.KindXLSX, sheet.KindXLSX: sheet.KindXLSX,
		sheet.KindCSV: sheet.KindCSV, sheet.KindTSV: sheet.KindTSV, sheet.KindJSONL: sheet.KindJSONL,
	} {
		if got := kind.Output(); got != want {
			t.Errorf("%s goes out as %s, want %s", kind, got, want)
		}
	}
}
