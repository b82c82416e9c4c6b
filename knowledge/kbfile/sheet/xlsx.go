package sheet

import (
	"cmp"
	"encoding/xml"
	"maps"
	"path"
	"slices"
	"strings"
)

// openXLSX reads a workbook of the Office Open XML kind.
//
// The reader is our own and streams. A general library hides what an importer
// has to know: excelize's row iterator takes broken XML for the end of the
// sheet, leaves out a cell whose shared string does not exist, and does not say
// whether a number is a date. Writing is left to it.
func openXLSX(b *budget, data []byte) (*Workbook, error) {
	a, err := openArchive(b, data)
	if err != nil {
		return nil, err
	}
	book := &xlsxBook{archive: a}
	if err := book.load(); err != nil {
		return nil, err
	}
	wb := &Workbook{Kind: KindXLSX}
	for _, ws := range book.sheets {
		s, err := book.readSheet(ws)
		if err != nil {
			return nil, inSheet(err, ws.name)
		}
		wb.Sheets = append(wb.Sheets, s)
	}
	return wb, nil
}

// xlsxBook is what the sheets of a workbook share.
type xlsxBook struct {
	archive *archive
	sheets  []xlsxSheet
	strings []string
	formats []timeFormat // by cell style
	dates   dates
}

type xlsxSheet struct {
	name, part string
	hidden     bool
}

func (x *xlsxBook) load() error {
	part, err := x.workbookPart()
	if err != nil {
		return err
	}
	rels, err := x.relations(part)
	if err != nil {
		return err
	}
	if err := x.loadWorkbook(part, rels); err != nil {
		return err
	}
	if err := x.archive.budget.checkSheets(len(x.sheets)); err != nil {
		return err
	}
	if p := cmp.Or(rels.byType("/sharedStrings"), "xl/sharedStrings.xml"); x.archive.has(p) {
		if err := x.loadStrings(p); err != nil {
			return err
		}
	}
	if p := cmp.Or(rels.byType("/styles"), "xl/styles.xml"); x.archive.has(p) {
		return x.loadStyles(p)
	}
	return nil
}

// workbookPart finds the part that lists the sheets, or says what the archive
// is instead of a workbook.
func (x *xlsxBook) workbookPart() (string, error) {
	rels, err := x.relations("")
	if err != nil {
		return "", err
	}
	for _, part := range []string{rels.byType("/officeDocument"), "xl/workbook.xml"} {
		if part != "" && x.archive.has(part) && !strings.HasPrefix(part, "word/") && !strings.HasPrefix(part, "ppt/") && !strings.HasSuffix(part, ".bin") {
			return part, nil
		}
	}
	return "", refuse("%s", x.notWorkbook())
}

// notWorkbook names what an archive without a workbook seems to be.
func (x *xlsxBook) notWorkbook() string {
	names := slices.Sorted(maps.Keys(x.archive.parts))
	has := func(match func(string) bool) bool { return slices.ContainsFunc(names, match) }
	under := func(dir string) bool {
		return has(func(name string) bool { return strings.HasPrefix(name, dir) })
	}
	switch {
	case under("word/"):
		return "这是 Word 文档，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"
	case under("ppt/"):
		return "这是 PowerPoint 文稿，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"
	case x.archive.has("xl/workbook.bin"):
		return "这是 .xlsb 二进制工作簿，请在 Excel 或 WPS 中另存为 .xlsx 后再上传"
	case x.archive.has("content.xml"):
		return "这是 OpenDocument（.ods）文件，请另存为 .xlsx 后再上传"
	case under("xl/"):
		return "表格文件里缺少工作簿（xl/workbook.xml），文件已损坏，请在 Excel 或 WPS 中打开修复并另存为 .xlsx 后再上传"
	case has(func(name string) bool {
		return slices.Contains([]string{".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".json", ".jsonl"}, path.Ext(name))
	}):
		return "这是压缩包，请先解压，再上传里面的表格文件"
	}
	return "这是压缩包，里面没有工作簿，请上传 .xlsx、.xls、.csv 或 .json 文件"
}

type relation struct{ id, kind, part string }

type relations []relation

func (r relations) byType(suffix string) string {
	for _, rel := range r {
		if strings.HasSuffix(rel.kind, suffix) {
			return rel.part
		}
	}
	return ""
}

// relations reads where a part ("" is the archive itself) points to; without a
// list of relations it points nowhere.
func (x *xlsxBook) relations(part string) (relations, error) {
	dir, base := path.Split(part)
	list := dir + "_rels/" + base + ".rels"
	if !x.archive.has(list) {
		return nil, nil
	}
	var rels relations
	err := eachXML(x.archive, list, func(token xml.Token) error {
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
			return nil
		}
		target := strings.ReplaceAll(attr(e, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = dir + target
		}
		target = strings.TrimPrefix(path.Clean("/"+target), "/")
		rels = append(rels, relation{id: attr(e, "Id"), kind: attr(e, "Type"), part: target})
		return nil
	})
	return rels, err
}

func (x *xlsxBook) loadWorkbook(part string, rels relations) error {
	parts := map[string]relation{}
	for _, rel := range rels {
		parts[rel.id] = rel
	}
	return eachXML(x.archive, part, func(token xml.Token) error {
		e, ok := token.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			x.dates.from1904 = isTrue(attr(e, "date1904"))
		case "sheet":
			state, rel := attr(e, "state"), parts[attr(e, "id")]
			switch {
			case rel.part == "":
				return inSheet(broken("sheet without a part"), attr(e, "name"))
			case state == "veryHidden", !strings.HasSuffix(rel.kind, "/worksheet"):
				return nil
			}
			x.sheets = append(x.sheets, xlsxSheet{name: attr(e, "name"), part: rel.part, hidden: state == "hidden"})
		}
		return nil
	})
}

func isTrue(s string) bool { return s == "1" || s == "true" || s == "on" }

// loadStrings reads the texts that cells refer to by number.
func (x *xlsxBook) loadStrings(part string) error {
	var t textCollector
	var size int64
	return eachXML(x.archive, part, func(token xml.Token) error {
		t.token(token)
		if e, ok := token.(xml.EndElement); ok && e.Name.Local == "si" {
			s := t.take()
			if size += int64(len(s)); size > x.archive.budget.lim.TextBytes {
				return refuse("文字总量超过上限 %s，请拆成几个文件后分别上传", megabytes(x.archive.budget.lim.TextBytes))
			}
			x.strings = append(x.strings, s)
		}
		return nil
	})
}

// loadStyles reads which cell styles mean dates.
func (x *xlsxBook) loadStyles(part string) error {
	formats := numberFormats{}
	var inCellXfs bool
	var ids []int
	err := eachXML(x.archive, part, func(token xml.Token) error {
		switch e := token.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "numFmt":
				formats[attrInt(e, "numFmtId", -1)] = attr(e, "formatCode")
			case e.Name.Local == "cellXfs":
				inCellXfs = true
			case e.Name.Local == "xf" && inCellXfs:
				ids = append(ids, attrInt(e, "numFmtId", 0))
			}
		case xml.EndElement:
			if e.Name.Local == "cellXfs" {
				inCellXfs = false
			}
		}
		return nil
	})
	for _, id := range ids {
		x.formats = append(x.formats, formats.kind(id))
	}
	return err
}

// textCollector joins the <t> and <v> texts of a string item or cell, the runs of
// rich text included and their phonetic guides (<rPh>) left out.
type textCollector struct {
	text     []byte
	inText   bool
	phonetic int
}

func (t *textCollector) token(token xml.Token) {
	switch e := token.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "rPh":
			t.phonetic++
		case "t", "v":
			t.inText = t.phonetic == 0
		}
	case xml.EndElement:
		switch e.Name.Local {
		case "rPh":
			t.phonetic--
		case "t", "v":
			t.inText = false
		}
	case xml.CharData:
		if t.inText {
			t.text = append(t.text, e...)
		}
	}
}

// take returns the text collected since the last call.
func (t *textCollector) take() string {
	s := unescapeX(string(t.text))
	t.text = t.text[:0]
	if cap(t.text) > 1<<20 {
		t.text = nil
	}
	return s
}

// unescapeX decodes _xHHHH_, the way in which Office writes characters that XML
// does not allow.
func unescapeX(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if code, ok := escapeX(s[i:]); ok {
			b.WriteRune(code)
			i += len("_xHHHH_") - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapeX decodes an escape at the beginning of s.
func escapeX(s string) (rune, bool) {
	if len(s) < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_' {
		return 0, false
	}
	var code rune
	for _, c := range []byte(s[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if c <= '9' {
			digit = int(c) - '0'
		}
		if digit < 0 {
			return 0, false
		}
		code = code<<4 | rune(digit)
	}
	return code, true
}
