package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func encode(t testing.TB, enc encoding.Encoding, s string) []byte {
	t.Helper()
	out, err := enc.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	littleBOM = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	bigBOM    = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	little    = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	big       = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

func TestOpenEncodings(t *testing.T) {
	const text = "问题,答案\r\n热水器一直响怎么办,一一先关阀门\r\n𠮷,€5\r\n"
	want := []sheet.Row{
		{Number: 1, Cells: []string{"问题", "答案"}},
		{Number: 2, Cells: []string{"热水器一直响怎么办", "一一先关阀门"}},
		{Number: 3, Cells: []string{"𠮷", "€5"}},
	}
	tests := []struct {
		encoding string
		data     []byte
	}{
		{"utf-8", []byte(text)},
		{"utf-8-bom", []byte("\xEF\xBB\xBF" + text)},
		{"gb18030", encode(t, simplifiedchinese.GB18030, text)},
		{"utf-16le", encode(t, littleBOM, text)},
		{"utf-16be", encode(t, bigBOM, text)},
		{"utf-16le", encode(t, little, text)},
		{"utf-16be", encode(t, big, text)},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, tt.encoding), func(t *testing.T) {
			wb := mustOpen(t, "x.csv", tt.data)
			if wb.Encoding != tt.encoding || wb.Kind != sheet.KindCSV {
				t.Errorf("%s in %s", wb.Kind, wb.Encoding)
			}
			if diff := cmp.Diff(want, wb.Sheets[0].Rows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Short GBK files are easily taken for something else.
func TestOpenShortGBK(t *testing.T) {
	for _, text := range []string{"联通", "问题\n联通", "q,a\n你好,您好", "锟斤拷烫烫烫"} {
		wb := mustOpen(t, "x.csv", encode(t, simplifiedchinese.GBK, text))
		first, _, _ := strings.Cut(text, "\n")
		if got := strings.Join(wb.Sheets[0].Rows[0].Cells, ","); got != first || wb.Encoding != "gb18030" {
			t.Errorf("%s: got %q in %s", text, got, wb.Encoding)
		}
	}
}

func TestOpenMixedEncodings(t *testing.T) {
	gbk := func(s string) string { return string(encode(t, simplifiedchinese.GBK, s)) }
	const notUTF8 = "这一行不是 UTF-8 编码，而文件的其余部分是；多半混入了 GBK 的内容。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"
	const notGBK = "这一行是 UTF-8 编码，而文件的其余部分是 GBK。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"
	const cutShort = "文件在一个字的中间断开了，不完整，请重新下载，或用原来的程序重新导出"
	tests := []struct {
		name, data string
		row        int
		reason     string
	}{
		{"a GBK line among UTF-8", "问题,答案\n怎么开发票,\"第一行\n第二行\"\n" + gbk("怎么退货,拨打热线") + "\n怎么安装,预约\n", 3, notUTF8},
		{"a UTF-8 line among GBK", gbk("问题,答案\n怎么开发票,联系我们\n怎么退货,拨打热线\n") + "怎么安装,预约上门\n", 4, notGBK},
		{"byte order mark and GBK", "\xEF\xBB\xBF" + gbk("问题,答案\n"), 1, notUTF8},
		{"UTF-8 cut within a character", "问题,答案\n怎么开发票,联系我们"[:len("问题,答案\n怎么开发票,联系我们")-1], 2, cutShort},
		{"one line of UTF-8 cut within a character", "怎么开发票"[:len("怎么开发票")-2], 1, cutShort},
		{"GBK with a broken byte", gbk(strings.Repeat("问题,答案\n", 30)) + "\xFF\n" + gbk("怎么退货,拨打热线\n"), 31,
			"这里有不属于 GBK 的字符，文件可能损坏或混用了编码。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"},
		{"UTF-16 with half a character", string(encode(t, littleBOM, "问题,答案\n怎么退货,")) + "\x3D\xD8", 2,
			"这里有残缺的字符，文件可能不完整，请重新下载，或用原来的程序重新导出"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := openError(t, "x.csv", []byte(tt.data), sheet.Limits{})
			want := &sheet.Error{File: "x.csv", Row: tt.row, Reason: tt.reason}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenDelimited(t *testing.T) {
	tests := []struct {
		name, text string
		kind       sheet.Kind
		want       []sheet.Row
	}{
		{"commas", "a,b\n1,2\n", sheet.KindCSV, rows([]string{"a", "b"}, []string{"1", "2"})},
		{"semicolons", "a;b\n1,5;2\n", sheet.KindCSV, rows([]string{"a", "b"}, []string{"1,5", "2"})},
		{"tabs, with commas in the answers", "q\ta\n你好\t好, 好, 好\n再见\t嗯,嗯\n", sheet.KindTSV, rows([]string{"q", "a"}, []string{"你好", "好, 好, 好"}, []string{"再见", "嗯,嗯"})},
		{"semicolons within quoted cells", "问题,相似\na,\"x;y;z\"\nb,\"u;v;w\"\n", sheet.KindCSV, rows([]string{"问题", "相似"}, []string{"a", "x;y;z"}, []string{"b", "u;v;w"})},
		{"tabs within quoted cells", ",\"'\t=\"\n", sheet.KindCSV, rows([]string{"", "\t="})},
		{"tabs and quotes within quoted cells", "\"x\",\"\t\"\"q\"\n", sheet.KindCSV, rows([]string{"x", "\t\"q"})},
		{"told by Excel's first line", "sep=;\r\na,b;c\r\n", sheet.KindCSV, rows([]string{"a,b", "c"})},
		{"one column", "问题\n怎么退货\n", sheet.KindCSV, rows([]string{"问题"}, []string{"怎么退货"})},
		{"all line ends, no last one", "a,1\rb,2\r\nc,3\nd,4", sheet.KindCSV, rows([]string{"a", "1"}, []string{"b", "2"}, []string{"c", "3"}, []string{"d", "4"})},
		{"quoted line breaks and quotes", "a,\"x\r\ny \"\"z\"\"\"\nb,2\n", sheet.KindCSV, rows([]string{"a", "x\ny \"z\""}, []string{"b", "2"})},
		{"ragged rows and blank lines", "a,b,c\n\n1\n,2,,\n", sheet.KindCSV,
			[]sheet.Row{{Number: 1, Cells: []string{"a", "b", "c"}}, {Number: 3, Cells: []string{"1"}}, {Number: 4, Cells: []string{"", "2"}}}},
		{"bare quote within a cell", "a,5\" 屏\nb,\"x\"\n", sheet.KindCSV, rows([]string{"a", "5\" 屏"}, []string{"b", "x"})},
		{"quoted word in a quoted cell", "a,\"说\"你好\"吧\"\nb,2\n", sheet.KindCSV, rows([]string{"a", "说\"你好\"吧"}, []string{"b", "2"})},
		{"quote never closed", "a,\"x\nb,2\nc,3\n", sheet.KindCSV, rows([]string{"a", "\"x"}, []string{"b", "2"}, []string{"c", "3"})},
		{"quote never closed before good ones", "a,\"x\nb,\"2\"\nc,\"y\nz\"\n", sheet.KindCSV, rows([]string{"a", "\"x"}, []string{"b", "2"}, []string{"c", "y\nz"})},
		{"empty quoted cell", "a,\"\",\"\"\"\"\n", sheet.KindCSV, rows([]string{"a", "", "\""})},
		{"protected digits", "a,=\"00123\"\nb,\"=\"\"13800138000\"\"\"\n", sheet.KindCSV, rows([]string{"a", "00123"}, []string{"b", "13800138000"})},
		{"formula guards taken away", "a,'=1+1\nb,'' x\nc,''-x\n", sheet.KindCSV, rows([]string{"a", "=1+1"}, []string{"b", "'' x"}, []string{"c", "'-x"})},
		{"looks like markup and JSON", "<b>问题</b>,[微笑]\n{x},1\n", sheet.KindCSV, rows([]string{"<b>问题</b>", "[微笑]"}, []string{"{x}", "1"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wb := mustOpen(t, "x.csv", []byte(tt.text))
			if wb.Kind != tt.kind {
				t.Errorf("kind %s, want %s", wb.Kind, tt.kind)
			}
			if diff := cmp.Diff([]sheet.Sheet{{Rows: tt.want}}, wb.Sheets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// rows numbers rows from 1.
func rows(cells ...[]string) []sheet.Row {
	var out []sheet.Row
	for i, c := range cells {
		out = append(out, sheet.Row{Number: i + 1, Cells: c})
	}
	return out
}

// Quotes that never close must not make reading quadratic: at a megabyte that
// would take hours, and the test with it.
func TestOpenManyStrayQuotes(t *testing.T) {
	const n = 150_000
	for name, line := range map[string]string{
		"on one line":    `"x,`,
		"on many lines":  "\"x\n",
		"pairs":          `"x""y,`,
		"after the text": `x",`,
	} {
		t.Run(name, func(t *testing.T) {
			lim := sheet.Limits{Columns: 3 * n, Cells: 3 * n, CellRunes: 2 << 20}
			wb, err := sheet.Open(t.Context(), "x.csv", []byte(strings.Repeat(line, n)+"\n\n"+strings.Repeat("t", 1<<20)), lim)
			if err != nil {
				t.Fatal(err)
			}
			if len(wb.Sheets[0].Rows) < 2 {
				t.Errorf("%d rows", len(wb.Sheets[0].Rows))
			}
		})
	}
}

func TestOpenJSON(t *testing.T) {
	tests := []struct {
		text string
		kind sheet.Kind
	}{
		{`[{"q":"a"}]`, sheet.KindJSON},
		{"{\n \"data\": [\"}\\\"{\"]\n}\n", sheet.KindJSON},
		{`{"q":"a"}`, sheet.KindJSON},
		{"{\"q\":\"a\"}\n{\"q\":\"b\"}\n", sheet.KindJSONL},
		{"{\"q\":\"a\"\n{\"q\":\"b\"}\n", sheet.KindJSONL},
		{`{"q":"a"`, sheet.KindJSON},
	}
	for _, tt := range tests {
		for _, enc := range []encoding.Encoding{encoding.Nop, littleBOM, big} {
			wb := mustOpen(t, "x.txt", encode(t, enc, tt.text))
			if wb.Kind != tt.kind || wb.Text != tt.text || wb.Sheets != nil {
				t.Errorf("%q: got %s, text %q", tt.text, wb.Kind, wb.Text)
			}
		}
	}
}
