package sheet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const (
	sharedXML = `<sst` + mainSpace + `><si><t>问题</t></si><si><r><t>热</t></r><r><rPr><b/></rPr><t xml:space="preserve"> 水器</t></r><rPh sb="0" eb="1"><t>rè</t></rPh></si>` +
		`<si><t>a_x000D__x000A_b_x005F_x0041_ _x00zz_</t></si><si/></sst>`
	stylesXML = `<styleSheet` + mainSpace + `><numFmts><numFmt numFmtId="164" formatCode="[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/><numFmt numFmtId="165" formatCode="0.00&quot;days&quot;"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="20"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="9"/></cellXfs></styleSheet>`
)

func TestOpenXLSXCells(t *testing.T) {
	tests := []struct {
		name, rows string
		want       []sheet.Row
	}{
		{"shared strings", `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row>`,
			rows([]string{"问题", "热 水器", "a\nb_x0041_ _x00zz_"})},
		{"inline strings", `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><r><t>b</t></r><r><t>c</t></r></is></c></row>`,
			rows([]string{"a", "bc"})},
		{"numbers", `<row r="1"><c r="A1"><v>0.90000000000000002</v></c><c r="B1"><v>2.0240528E7</v></c><c r="C1" s="6"><v>0.9</v></c><c r="D1" t="n"><v>-1.5E-3</v></c><c r="E1"><v>13800138000</v></c><c r="F1"><v>0</v></c></row>`,
			rows([]string{"0.9", "20240528", "0.9", "-0.0015", "13800138000", "0"})},
		{"dates", `<row r="1"><c r="A1" s="1"><v>45440</v></c><c r="B1" s="2"><v>45440.474629629629</v></c><c r="C1" s="3"><v>0.5</v></c><c r="D1" s="4"><v>45440.0</v></c><c r="E1" s="5"><v>45440</v></c><c r="F1" t="d" s="1"><v>2024-05-28T00:00:00</v></c><c r="G1" s="1"><v>-1</v></c><c r="H1" s="1"><v>1</v></c><c r="I1" s="1"><v>60</v></c><c r="J1" s="1"><v>61</v></c><c r="K1" s="1"><v>2958466</v></c></row>`,
			rows([]string{"2024-05-28", "2024-05-28 11:23:28", "12:00:00", "2024-05-28", "45440", "2024-05-28", "-1", "1900-01-01", "60", "1900-03-01", "2958466"})},
		{"booleans and errors", `<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c><c r="C1" t="e"><v>#N/A</v></c></row>`,
			rows([]string{"TRUE", "FALSE", "#N/A"})},
		{"formulas", `<row r="1"><c r="A1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1"><f>NOW()</f></c></row>`,
			rows([]string{"ab", "2"})},
		{"places left out", `<row><c t="inlineStr"><is><t>a</t></is></c><c/><c><v>3</v></c></row><row r="4"/><row><c r="B5"><v>5</v></c></row>`,
			[]sheet.Row{{Number: 1, Cells: []string{"a", "", "3"}}, {Number: 5, Cells: []string{"", "5"}}}},
		{"styled blanks", `<row r="1"><c r="A1" s="1"/></row><row r="900000"><c r="XFD900000" s="1"/><c r="A900000"><v>1</v></c></row>`,
			[]sheet.Row{{Number: 900000, Cells: []string{"1"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts := with(with(bookParts(tt.rows), "xl/sharedStrings.xml", sharedXML), "xl/styles.xml", stylesXML)
			wb := mustOpen(t, "x.xlsx", zipFile(t, parts))
			if diff := cmp.Diff([]sheet.Sheet{{Name: "表", Rows: tt.want}}, wb.Sheets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenXLSXWorkbook(t *testing.T) {
	one := `<row r="1"><c r="A1"><v>1</v></c></row>`
	rel := func(id, kind, target string) string {
		return fmt.Sprintf(`<Relationship Id="%s" Type="%s/%s" Target="%s"/>`, id, relBase, kind, target)
	}
	parts := bookParts(one)
	parts["xl/workbook.xml"] = `<workbook` + mainSpace + `><workbookPr date1904="1"/><sheets><sheet name="一" r:id="a"/><sheet name="二" state="hidden" r:id="b"/>` +
		`<sheet name="三" state="veryHidden" r:id="a"/><sheet name="图" r:id="c"/></sheets></workbook>`
	parts["xl/_rels/workbook.xml.rels"] = `<Relationships>` + rel("a", "worksheet", "/xl/worksheets/SHEET1.xml") + rel("b", "worksheet", `worksheets\s2.xml`) +
		rel("c", "chartsheet", "charts/c.xml") + rel("d", "styles", "styles.xml") + `</Relationships>`
	parts[`xl\worksheets\s2.xml`] = `<worksheet><sheetData><row r="2"><c r="B2" s="1"><v>43978</v></c></row></sheetData><mergeCells count="2"><mergeCell ref="B2:C4"/><mergeCell ref="A1"/></mergeCells></worksheet>`
	parts["xl/styles.xml"] = stylesXML
	wb := mustOpen(t, "x.xlsx", zipFile(t, parts))
	want := []sheet.Sheet{
		{Name: "一", Rows: rows([]string{"1"})},
		{Name: "二", Hidden: true, Rows: []sheet.Row{{Number: 2, Cells: []string{"", "2024-05-28"}}},
			Merged: []sheet.Range{{FirstRow: 2, FirstColumn: 2, LastRow: 4, LastColumn: 3}}},
	}
	if diff := cmp.Diff(want, wb.Sheets); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What another program writes and reads is the measure of our reader.
func TestOpenXLSXAgainstExcelize(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 5, 28, 0, 0, 0, 0, time.UTC)
	values := []any{"热水器", 42, 0.1 + 0.2, true, false, "多行\n文字", "=1+1", " 空格 ", "_x0041_", "𠮷😀", 1e10, -0.5, day}
	for i := range 50 {
		for j, v := range values {
			cell, _ := excelize.CoordinatesToCellName(j+1, 3*i+1)
			if err := f.SetCellValue("Sheet1", cell, v); err != nil {
				t.Fatal(err)
			}
			if v == any(day) {
				_ = f.SetCellStyle("Sheet1", cell, cell, style)
			}
		}
	}
	if err := f.MergeCell("Sheet1", "A1", "B2"); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	wb := mustOpen(t, "x.xlsx", buf.Bytes())
	other, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range wb.Sheets[0].Rows {
		want := other[row.Number-1]
		want[len(want)-1] = "2024-05-28" // excelize shows dates as the culture has it
		if diff := cmp.Diff(want, row.Cells); diff != "" {
			t.Fatalf("row %d (-excelize +got):\n%s", row.Number, diff)
		}
	}
	if n := len(wb.Sheets[0].Rows); n != 50 {
		t.Errorf("%d rows", n)
	}
}

// A sheet that somebody formatted down to its last row holds a million rows.
func TestOpenXLSXMillionEmptyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 40 MB of XML")
	}
	var b strings.Builder
	b.WriteString(`<row r="1"><c r="A1"><v>1</v></c></row>`)
	for i := 2; i <= 1_048_576; i++ {
		fmt.Fprintf(&b, `<row r="%d" ht="15" customHeight="1"/>`, i)
	}
	parts := bookParts(b.String())
	parts["xl/worksheets/sheet1.xml"] = strings.Replace(parts["xl/worksheets/sheet1.xml"], "<sheetData>", `<dimension ref="A1:XFD1048576"/><sheetData>`, 1)
	wb := mustOpen(t, "x.xlsx", zipFile(t, parts))
	if diff := cmp.Diff(rows([]string{"1"}), wb.Sheets[0].Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
