package sheet_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
)

// Every file of testdata/bad, and what its editor is told.
func TestOpenBadFiles(t *testing.T) {
	want := map[string]string{
		"noise.xlsx":             sheet.ReasonUnknown,
		"noise-without-zero.csv": sheet.ReasonUnknown,
		"empty.xlsx":             "文件是空的（0 字节），请重新选择文件",
		"blank.csv":              "文件里只有空白，请确认选对了文件，并且填写后已经保存",
		"only-delimiters.csv":    "文件里没有任何内容，请确认选对了文件，并且填写后已经保存",
		"report.pdf.xlsx":        "这是 PDF 文件，读不出表格，请用原来的 Excel 表格，或把内容整理到 Excel 后另存为 .xlsx 再上传",
		"screenshot.png":         "这是图片，不是表格，请上传 .xlsx、.xls、.csv 或 .json 文件",
		"login-page.xls":         "这是网页或 XML 文件，里面没有表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传",
		"excel2003.xml":          "这是 Excel 2003 的 XML 表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传",
		"archive.rar":            "这是压缩包，请先解压，再上传里面的表格文件",
		"mixed.csv":              "文件 mixed.csv，第 4 行：这一行不是 UTF-8 编码，而文件的其余部分是；多半混入了 GBK 的内容。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传",
		"excel4.xls":             sheet.ReasonOldExcel,
		"biff5.xls":              sheet.ReasonOldExcel,
		"editor.ods":             "这是 OpenDocument（.ods）文件，请另存为 .xlsx 后再上传",
		"truncated.xlsx":         sheet.ReasonDamaged,
	}
	files, err := os.ReadDir("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			reason, ok := want[file.Name()]
			if !ok {
				t.Fatal("no reason is expected for this file")
			}
			if !strings.HasPrefix(reason, "文件 ") {
				reason = "文件 " + file.Name() + "：" + reason
			}
			err := openError(t, file.Name(), mustRead(t, "testdata/bad", file.Name()), sheet.Limits{})
			if diff := cmp.Diff(reason, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if len(files) != len(want) {
		t.Errorf("%d files, %d expectations", len(files), len(want))
	}
}

// Archives that are wrong in a way that only code can make.
func TestOpenBadArchives(t *testing.T) {
	cell := `<row r="1"><c r="A1"><v>1</v></c></row>`
	inner := string(zipFile(t, bookParts(cell)))
	const missing = "表格文件里缺少工作簿（xl/workbook.xml），文件已损坏，请在 Excel 或 WPS 中打开修复并另存为 .xlsx 后再上传"
	tests := []struct {
		name string
		data []byte
		want sheet.Error
	}{
		{"no workbook part", zipFile(t, without(bookParts(cell), "xl/workbook.xml")), sheet.Error{Reason: missing}},
		{"no sheet part", zipFile(t, without(bookParts(cell), "xl/worksheets/sheet1.xml")), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"no relations", zipFile(t, without(bookParts(cell), "xl/_rels/workbook.xml.rels")), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"shared string that is not there", zipFile(t, with(bookParts(`<row r="7"><c r="AB7" t="s"><v>4</v></c></row>`), "xl/sharedStrings.xml", sharedXML)),
			sheet.Error{Sheet: "表", Row: 7, Column: 28, Reason: "单元格引用了不存在的文字（第 4 条，共 4 条），文件已损坏，请在 Excel 或 WPS 中打开修复并另存为 .xlsx 后再上传"}},
		{"sheet that breaks off", zipFile(t, with(bookParts(""), "xl/worksheets/sheet1.xml", sheetStart+cell+`<row r="2"><c`)), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"rows out of order", zipFile(t, bookParts(`<row r="5"/><row r="5"/>`)), sheet.Error{Sheet: "表", Row: 5, Reason: sheet.ReasonDamaged}},
		{"nonsense for a cell's place", zipFile(t, bookParts(`<row r="1"><c r="7A"/></row>`)), sheet.Error{Sheet: "表", Row: 1, Reason: sheet.ReasonDamaged}},
		{"elements nested too deep", zipFile(t, bookParts(strings.Repeat("<a>", 500)+strings.Repeat("</a>", 500))), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"name that climbs out", zipFile(t, with(bookParts(cell), "xl/../../etc/passwd", "x")),
			sheet.Error{Reason: `压缩包内的文件名 "xl/../../etc/passwd" 不安全，请在 Excel 或 WPS 中另存为 .xlsx 后再上传`}},
		{"name of another drive", zipFile(t, with(bookParts(cell), `C:\x`, "x")),
			sheet.Error{Reason: `压缩包内的文件名 "C:\\x" 不安全，请在 Excel 或 WPS 中另存为 .xlsx 后再上传`}},
		{"workbook within an archive", zipFile(t, map[string]string{"知识库.xlsx": inner}), sheet.Error{Reason: "这是压缩包，请先解压，再上传里面的表格文件"}},
		{"archive of pictures", zipFile(t, map[string]string{"a.png": "x"}), sheet.Error{Reason: "这是压缩包，里面没有工作簿，请上传 .xlsx、.xls、.csv 或 .json 文件"}},
		{"Word", zipFile(t, map[string]string{"word/document.xml": "x", "word/embeddings/a.xlsx": inner}), sheet.Error{Reason: "这是 Word 文档，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"}},
		{"PowerPoint", zipFile(t, map[string]string{"ppt/presentation.xml": "x"}), sheet.Error{Reason: "这是 PowerPoint 文稿，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"}},
		{"binary workbook", zipFile(t, map[string]string{"xl/workbook.bin": "x"}), sheet.Error{Reason: "这是 .xlsb 二进制工作簿，请在 Excel 或 WPS 中另存为 .xlsx 后再上传"}},
		{"sheets without content", zipFile(t, bookParts(`<row r="1"/>`)), sheet.Error{Reason: "文件里没有任何内容，请确认选对了文件，并且填写后已经保存"}},
		{"directory that lies about a size", lyingArchive(t, bookParts(cell)), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
		{"flipped bit", flipBit(zipFile(t, bookParts(strings.Repeat(`<row/>`, 100)+`<row><c><v>1</v></c></row>`))), sheet.Error{Sheet: "表", Reason: sheet.ReasonDamaged}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := *openError(t, "x.xlsx", tt.data, sheet.Limits{})
			got.Err = nil
			tt.want.File = "x.xlsx"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// lyingArchive claims that the sheet unpacks to 100 bytes; it is a bomb of 64 MB.
func lyingArchive(t *testing.T, parts map[string]string) []byte {
	t.Helper()
	sheetPart := parts["xl/worksheets/sheet1.xml"]
	delete(parts, "xl/worksheets/sheet1.xml")
	honest := zipFile(t, parts)
	zr, err := zip.NewReader(bytes.NewReader(honest), int64(len(honest)))
	if err != nil {
		t.Fatal(err)
	}
	var packed, buf bytes.Buffer
	fw, _ := flate.NewWriter(&packed, flate.BestCompression)
	_, _ = io.WriteString(fw, strings.Replace(sheetPart, "<row", strings.Repeat(" ", 64<<20)+"<row", 1))
	_ = fw.Close()
	zw := zip.NewWriter(&buf)
	for _, f := range zr.File {
		if err := zw.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	w, err := zw.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate,
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: 100})
	if err == nil {
		_, err = w.Write(packed.Bytes())
	}
	if err == nil {
		err = zw.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// flipBit damages the packed content of the last part.
func flipBit(data []byte) []byte {
	at := bytes.LastIndex(data, []byte("xl/worksheets/sheet1.xml")) // in the directory
	at = bytes.LastIndex(data[:at], []byte("xl/worksheets/sheet1.xml"))
	data[at+60] ^= 0x10
	return data
}

// Bombs and giants: each limit with its words and numbers.
func TestOpenLimits(t *testing.T) {
	row := func(r int, cellsXML string) string {
		return `<row>` + strings.Repeat(`<c><v>1</v></c>`, r) + cellsXML + `</row>`
	}
	wideText := `<c t="inlineStr"><is><t>` + strings.Repeat("水", 40) + `</t></is></c>`
	bomb := zipFile(t, bookParts(strings.Repeat(" ", 20<<20)))
	two := with(bookParts(row(1, "")), "xl/workbook.xml", `<workbook`+mainSpace+`><sheets><sheet name="a" r:id="s1"/><sheet name="b" r:id="s1"/></sheets></workbook>`)
	tests := []struct {
		name string
		data []byte
		lim  sheet.Limits
		want string
	}{
		{"file size", []byte(strings.Repeat("a,b\n", 1000)), sheet.Limits{FileBytes: 2048}, "文件 x：文件有 3.9 KB，超过上限 2.0 KB，请拆成几个文件后分别上传"},
		{"zip entries", zipFile(t, bookParts("")), sheet.Limits{ZipEntries: 3}, "文件 x：压缩包内的文件数 5 超过上限 3，这不像是表格文件，请在 Excel 或 WPS 中另存为 .xlsx 后再上传"},
		{"one part", bomb, sheet.Limits{PartBytes: 1 << 20}, `文件 x：压缩包内的 "xl/worksheets/sheet1.xml" 解压后大小超过上限 1.0 MB，请拆成几个文件后分别上传`},
		{"all parts", bomb, sheet.Limits{UnpackedBytes: 1 << 20, Ratio: 5000}, `文件 x：解压后总大小超过上限 1.0 MB，请拆成几个文件后分别上传`},
		{"ratio", bomb, sheet.Limits{}, `文件 x：压缩包内的 "xl/worksheets/sheet1.xml" 压缩比超过 200:1（压缩后 20.0 KB，解压后至少 20.0 MB），疑似压缩炸弹，已拒绝；请在 Excel 或 WPS 中删去多余的空行空列，另存为 .xlsx 后再上传`},
		{"sheets", zipFile(t, two), sheet.Limits{Sheets: 1}, "文件 x：工作表有 2 个，超过上限 1 个，请删去用不到的工作表后再上传"},
		{"row number", zipFile(t, bookParts(`<row r="101"/>`)), sheet.Limits{SheetRows: 100}, "文件 x，工作表 表，第 101 行：行号 101 超过上限 100，请删去下面的空行，或拆成几个文件"},
		{"rows with content, over all sheets", zipFile(t, two), sheet.Limits{ContentRows: 1}, "文件 x，工作表 b，第 1 行：有内容的行 2 超过上限 1，请拆成几个文件后分别上传"},
		{"columns", zipFile(t, bookParts(`<row><c r="C1"/></row>`+row(3, ""))), sheet.Limits{Columns: 2}, "文件 x，工作表 表，第 2 行 C 列：列 3 超过上限 2，请删去右侧用不到的列"},
		{"characters of a cell", zipFile(t, bookParts(row(1, wideText))), sheet.Limits{CellRunes: 39}, "文件 x，工作表 表，第 1 行 B 列：单元格字数 40 超过上限 39，请缩短或拆开这个单元格的内容"},
		{"cells", zipFile(t, bookParts(row(2, "")+row(2, ""))), sheet.Limits{Cells: 3}, "文件 x，工作表 表，第 2 行：单元格总数 4 超过上限 3，请拆成几个文件后分别上传"},
		{"text", zipFile(t, bookParts(row(1, wideText))), sheet.Limits{TextBytes: 100}, "文件 x，工作表 表，第 1 行 B 列：到这里文字总量超过上限 0.1 KB，请拆成几个文件后分别上传"},
		{"shared text", zipFile(t, with(bookParts(""), "xl/sharedStrings.xml", sharedXML)), sheet.Limits{TextBytes: 10}, "文件 x：文字总量超过上限 0.0 KB，请拆成几个文件后分别上传"},
		{"csv columns", []byte("a,b,c\n"), sheet.Limits{Columns: 2}, "文件 x，第 1 行 C 列：列 3 超过上限 2，请删去右侧用不到的列"},
		{"csv columns far out", []byte("a" + strings.Repeat(",", 100_000) + "z\n"), sheet.Limits{}, "文件 x，第 1 行 SS 列：列 513 超过上限 512，请删去右侧用不到的列"},
		{"csv rows", []byte("a,b\n\n\n\nc,d\n"), sheet.Limits{SheetRows: 4}, "文件 x，第 5 行：行号 5 超过上限 4，请删去下面的空行，或拆成几个文件"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := openError(t, "x", tt.data, tt.lim).Error()
			got = sizeless(got)
			if diff := cmp.Diff(sizeless(tt.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// sizeless hides the packed size, which depends on the version of the packer.
func sizeless(s string) string {
	before, rest, found := strings.Cut(s, "（压缩后 ")
	if !found {
		return s
	}
	_, after, _ := strings.Cut(rest, "，")
	return before + "（…" + after
}

// A limit that is met exactly is no error.
func TestOpenAtLimits(t *testing.T) {
	data := []byte("水水,b\nc,d\n")
	lim := sheet.Limits{FileBytes: int64(len(data)), SheetRows: 2, ContentRows: 2, Columns: 2, CellRunes: 2, Cells: 4, TextBytes: 9}
	if _, err := sheet.Open(t.Context(), "x", data, lim); err != nil {
		t.Error(err)
	}
}

func TestOpenCancelled(t *testing.T) {
	xlsx := zipFile(t, bookParts(`<row><c><v>1</v></c></row>`))
	for name, data := range map[string][]byte{
		"xlsx": xlsx, "csv": []byte("a,b\n"), "html": []byte("<table><tr><td>a</table>"),
		"xls": mustRead(t, "testdata", "editor.xls"),
	} {
		wb, err := sheet.Open(cancelled(), "x", data, sheet.Limits{})
		var e *sheet.Error
		if wb != nil || err == nil || errors.As(err, &e) || !strings.HasSuffix(err.Error(), "context canceled") {
			t.Errorf("%s: got %v, %v", name, wb, err)
		}
	}
}

// endsLater is a context that ends after it was asked a few times.
type endsLater struct {
	context.Context
	left int
}

func (c *endsLater) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Reading that has begun stops within some thousand rows.
func TestOpenCancelledHalfway(t *testing.T) {
	line := "问题,答案\n"
	var html, xml strings.Builder
	for range 30_000 {
		html.WriteString("<tr><td>a</td></tr>")
		xml.WriteString("<row><c><v>1</v></c></row>")
	}
	for name, data := range map[string][]byte{
		"xlsx": zipFile(t, bookParts(xml.String())),
		"csv":  []byte(strings.Repeat(line, 30_000)),
		"html": []byte("<table>" + html.String() + "</table>"),
		"xls":  compoundFile("Workbook", workbookStream(nil, bytes.Repeat(record(0x201, u16(0, 0, 0)), 30_000))),
	} {
		ctx := &endsLater{Context: t.Context(), left: 4}
		wb, err := sheet.Open(ctx, "x", data, sheet.Limits{})
		if wb != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// panics is a context that makes the reader panic at its first loop.
type panics struct {
	context.Context
	asked int
}

func (c *panics) Err() error {
	if c.asked++; c.asked > 1 {
		panic("boom")
	}
	return nil
}

// The last line: a parser's panic becomes an error.
func TestOpenSurvivesPanic(t *testing.T) {
	wb, err := sheet.Open(&panics{Context: t.Context()}, "x", []byte("a,b\n"), sheet.Limits{})
	var e *sheet.Error
	if wb != nil || !errors.As(err, &e) || e.Reason != sheet.ReasonDamaged || e.Err.Error() != "panic: boom" {
		t.Errorf("got %v, %v", wb, err)
	}
}

// A run of text that a decoder would have to hold as a whole.
func TestOpenGiantXMLToken(t *testing.T) {
	rows := `<row><c t="inlineStr"><is><t>` + strings.Repeat("x", 9<<20) + `</t></is></c></row>`
	got := openError(t, "x", zipFile(t, bookParts(rows)), sheet.Limits{Ratio: 1 << 20})
	if got.Err == nil || !strings.Contains(got.Err.Error(), "token") {
		t.Errorf("got %v", got)
	}
}
