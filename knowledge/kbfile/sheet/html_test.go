package sheet_test

import (
	"strings"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestOpenHTML(t *testing.T) {
	tests := []struct {
		name, page string
		want       []sheet.Sheet
	}{
		{"plain", `<table><tr><th>问题</th><th>答案</th></tr><tr><td>a</td><td>b</td></tr></table>`,
			[]sheet.Sheet{{Rows: rows([]string{"问题", "答案"}, []string{"a", "b"})}}},
		{"as old Excel writes it", `<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="gbk"><style>td{a:b}</style>
			<!--[if gte mso 9]><xml><x:Name>S</x:Name></xml><![endif]--></head><body><table border=1>
			<col width=72><TR height=19><TD>退货&amp;换货</TD><td class=xl65>你&nbsp;<b>好</b> 吗<br style='x'>  再见</td></tr></table></body></html>`,
			[]sheet.Sheet{{Rows: rows([]string{"退货&换货", "你 好 吗\n再见"})}}},
		{"no end tags", `<!DOCTYPE html><table><tr><td>a<td>b<tr><td>c<td>d`,
			[]sheet.Sheet{{Rows: rows([]string{"a", "b"}, []string{"c", "d"})}}},
		{"merged cells", `<table><tr><td colspan=2>标题</td><td>x</td></tr><tr><td rowspan="3">问</td><td>1</td></tr><tr><td>2</td><td>y</td></tr></table>`,
			[]sheet.Sheet{{
				Rows: rows([]string{"标题", "", "x"}, []string{"问", "1"}, []string{"", "2", "y"}),
				Merged: []sheet.Range{{FirstRow: 1, FirstColumn: 1, LastRow: 1, LastColumn: 2},
					{FirstRow: 2, FirstColumn: 1, LastRow: 3, LastColumn: 1}},
			}}},
		{"blank rows keep their numbers", `<table><tr></tr><tr><td></td></tr><tr><td>a</td></tr></table>`,
			[]sheet.Sheet{{Rows: []sheet.Row{{Number: 3, Cells: []string{"a"}}}}}},
		{"captions, scripts and a table within a table", `<div><script>var t="<table>"</script>
			<table><caption>外 层</caption><tr><td>前<table><tr><td>内</td></tr></table>后</td><td>z</td></tr></table>
			<table><tr><td>二</td></tr></table>`,
			[]sheet.Sheet{{Name: "外 层", Rows: rows([]string{"前后", "z"})}, {Rows: rows([]string{"内"})}, {Rows: rows([]string{"二"})}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, data := range [][]byte{[]byte(tt.page), encode(t, simplifiedchinese.GB18030, tt.page)} {
				wb := mustOpen(t, "x.xls", data)
				if wb.Kind != sheet.KindHTML {
					t.Errorf("kind %s", wb.Kind)
				}
				if diff := cmp.Diff(tt.want, wb.Sheets); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestOpenHTMLRefusals(t *testing.T) {
	const noTable = "这是网页或 XML 文件，里面没有表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传"
	tests := []struct{ name, page, reason string }{
		{"no table", "<html><body>请登录</body></html>", noTable},
		{"Excel 2003 XML", `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table/></Workbook>`,
			"这是 Excel 2003 的 XML 表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传"},
		{"tables nested without end", strings.Repeat("<table><tr><td>", 30), "网页里的表格太多（上限 200 个，嵌套 20 层），请把需要的表格复制到 Excel 后另存为 .xlsx 再上传"},
		{"content too far right", "<table><tr>" + strings.Repeat("<td></td>", 512) + "<td>x</td></tr></table>", "列 513 超过上限 512，请删去右侧用不到的列"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := openError(t, "x.xls", []byte(tt.page), sheet.Limits{}); got.Reason != tt.reason {
				t.Errorf("got  %s\nwant %s", got.Reason, tt.reason)
			}
		})
	}
}

// Spans are cheap whatever they claim.
func TestOpenHTMLHugeSpans(t *testing.T) {
	page := "<table><tr>" + strings.Repeat("<td rowspan=65534 colspan=999999>", 20_000) + "</tr>" + strings.Repeat("<tr><td>", 20_000) + "</table><table><tr><td>x</table>"
	wb := mustOpen(t, "x.xls", []byte(page))
	if diff := cmp.Diff(rows([]string{"x"}), wb.Sheets[1].Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
