package sheet

import (
	"bytes"
	"strings"
)

const oleMagic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

// foreignMagic lists formats that people upload by mistake, by their first bytes.
var foreignMagic = []struct{ prefix, reason string }{
	{"%PDF-", "这是 PDF 文件，读不出表格，请用原来的 Excel 表格，或把内容整理到 Excel 后另存为 .xlsx 再上传"},
	{"\x89PNG", reasonImage}, {"\xFF\xD8\xFF", reasonImage}, {"GIF8", reasonImage},
	{"Rar!", reasonArchive}, {"7z\xBC\xAF", reasonArchive}, {"\x1F\x8B", reasonArchive},
	{`{\rtf`, "这是 RTF 文档，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"},
	{"MIME-Version:", reasonResave}, // web archive written by old Excel
	{"\x09\x00\x04\x00", reasonOldExcel}, {"\x09\x02\x06\x00", reasonOldExcel},
	{"\x09\x04\x06\x00", reasonOldExcel}, {"\x09\x08\x08\x00", reasonOldExcel},
	{"\x09\x08\x10\x00", reasonDamaged}, // BIFF8 without its container
}

const (
	reasonImage    = "这是图片，不是表格，请上传 .xlsx、.xls、.csv 或 .json 文件"
	reasonArchive  = "这是压缩包，请先解压，再上传里面的表格文件"
	reasonOldExcel = "这是 Excel 95 或更早的格式，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传"
	reasonResave   = "这种格式不能直接读取，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传"
	reasonUnknown  = "认不出这是什么文件，请上传 .xlsx、.xls、.csv、.tsv 或 .json；如果 Excel 能打开它，请另存为 .xlsx 后再上传"
)

// open chooses the reader by content.
func open(b *budget, data []byte) (*Workbook, error) {
	switch {
	case hasPrefix(data, "PK\x03\x04"), hasPrefix(data, "PK\x05\x06"):
		return openXLSX(b, data)
	case hasPrefix(data, oleMagic):
		return openXLS(b, data)
	}
	for _, m := range foreignMagic {
		if hasPrefix(data, m.prefix) {
			return nil, refuse("%s", m.reason)
		}
	}
	return openText(b, data)
}

func hasPrefix(data []byte, prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }

func openText(b *budget, data []byte) (*Workbook, error) {
	text, encoding, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	wb := &Workbook{Encoding: encoding}
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "":
		return nil, refuse("文件里只有空白，请确认选对了文件，并且填写后已经保存")
	case isMarkup(trimmed):
		wb.Kind = KindHTML
		wb.Sheets, err = readHTML(b, text)
	case jsonKind(trimmed) != "":
		wb.Kind, wb.Text = jsonKind(trimmed), text
	default:
		wb.Kind, wb.Sheets, err = readDelimited(b, text)
	}
	if err != nil {
		return nil, err
	}
	return wb, nil
}

// markupStarts are the ways in which a web page or XML file begins. A csv whose
// first cell is a bit of HTML (<b>问题</b>,答案) begins otherwise.
var markupStarts = []string{"<!doctype", "<html", "<?xml", "<head", "<meta", "<body", "<style", "<table", "<div", "<!--", "<center"}

func isMarkup(trimmed string) bool {
	head := strings.ToLower(trimmed[:min(len(trimmed), 16)])
	for _, start := range markupStarts {
		if strings.HasPrefix(head, start) {
			return true
		}
	}
	return false
}

// jsonKind tells JSON from JSONL, and both from a csv that merely starts with a
// bracket. It does not check that the JSON is right: whoever parses it can say
// better what is wrong.
func jsonKind(trimmed string) Kind {
	next := strings.TrimSpace(trimmed[1:])
	if next == "" {
		return ""
	}
	switch {
	case trimmed[0] == '[' && strings.ContainsAny(next[:1], `{["]`):
		return KindJSON
	case trimmed[0] != '{' || !strings.ContainsAny(next[:1], `"}`):
		return ""
	}
	end := jsonEnd(trimmed)
	if end < 0 { // broken: objects at the start of later lines mean JSONL
		if strings.Contains(trimmed, "\n{") {
			return KindJSONL
		}
		return KindJSON
	}
	if strings.TrimSpace(trimmed[end:]) == "" {
		return KindJSON
	}
	return KindJSONL
}

// jsonEnd returns the offset behind the first JSON object, or -1 if it never ends.
func jsonEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			for i++; i < len(s) && s[i] != '"' && s[i] != '\n'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		}
	}
	return -1
}

// binaryShare is the share of control characters above which text is noise.
const binaryShare = 0.01

// looksBinary reports whether text holds more control characters than a stray
// one here and there.
func looksBinary(text string) bool {
	n, controls := 0, 0
	for _, r := range text {
		n++
		if r < ' ' && !strings.ContainsRune("\t\n\r\f\v\x1a", r) {
			controls++
		}
	}
	return float64(controls) > float64(n)*binaryShare
}
