package kbfile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
	"faqbot/knowledge/normalize"
)

// Options change how a file is read. The zero value is good.
type Options struct {
	Limits sheet.Limits
	// Location is the zone of times without zone; nil means Asia/Shanghai.
	Location *time.Location
	// Normalizer saves Read the few milliseconds of building one.
	Normalizer *normalize.Normalizer
	// AllowNoAnswer accepts entries without any answer, as evaluation files have.
	AllowNoAnswer bool
	// Mapping overrides what header names mean, by header as in the file, trimmed.
	Mapping map[string]Field
	// Progress, if not nil, is called now and then with the rows or elements done
	// and their total, in the goroutine of Read.
	Progress func(done, total int)
}

// Document is what was read from one file.
type Document struct {
	File     string
	Kind     sheet.Kind
	Encoding string // of text files, as in sheet.Workbook
	Layout   Layout // of the first sheet with entries
	Columns  []Column
	// Sheets says for each sheet what it was taken for.
	Sheets []SheetInfo
	Rows   []knowledge.ImportRow
	// Lexicon is nil if the file says nothing about it.
	Lexicon *knowledge.Lexicon
	// Problems are the rows that are no entries because of a mistake in them.
	Problems []Problem
	// Skipped are the rows that were left out on purpose: examples of templates.
	Skipped []Problem

	tables   []*table // for WriteFailed
	elements elements // the same for json and jsonl
}

// SheetInfo says what a sheet was taken for.
type SheetInfo struct {
	Name   string
	Layout Layout // empty if the sheet has no entries
	// Header is the row of the header as a spreadsheet shows it; 0 if there is none.
	Header int
	// Note says, in Chinese, why the sheet was not read.
	Note string
}

// Problem says what is wrong with a row and what to do about it.
type Problem struct {
	Origin   knowledge.Origin
	Question string // may be empty
	Column   string // header of the cell; may be empty
	Reason   string // Chinese, for the editor

	element bool // Origin.Row counts the elements of a JSON array
}

// Error gives the place and the reason: 表「Sheet1」第 5 行「失效时间」看不懂：…
func (p Problem) Error() string {
	if p.element {
		return fmt.Sprintf("第 %d 条%s", p.Origin.Row, p.Reason)
	}
	place := p.Origin
	place.File = ""
	return place.String() + p.Reason
}

// Result is the problem as a line of an import's report.
func (p Problem) Result() knowledge.RowResult {
	return knowledge.RowResult{Origin: p.Origin, Question: p.Question, Outcome: knowledge.OutcomeFailed, Reason: p.Reason}
}

// Read reads a file of any kind and layout. Name is used in messages only.
//
// A file that cannot be used at all gives a *sheet.Error, in Chinese; rows that
// cannot be used are listed in Document.Problems. If the context ends, its error
// is returned.
func Read(ctx context.Context, name string, data []byte, opt Options) (*Document, error) {
	if opt.Location == nil {
		opt.Location = chinaTime()
	}
	if opt.Normalizer == nil {
		n, err := normalize.New()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		opt.Normalizer = n
	}
	book, err := sheet.Open(ctx, name, data, opt.Limits)
	if err != nil {
		return nil, err
	}
	l := &loader{
		dict: newDictionary(opt.Normalizer), opt: opt,
		doc: &Document{File: name, Kind: book.Kind, Encoding: book.Encoding},
	}
	if book.Kind == sheet.KindJSON || book.Kind == sheet.KindJSONL {
		err = l.readJSON(ctx, book.Text)
	} else {
		err = l.readSheets(ctx, book.Sheets)
	}
	if err != nil {
		return nil, err
	}
	for _, list := range [][]Problem{l.doc.Problems, l.doc.Skipped} {
		for i := range list {
			list[i].element = book.Kind == sheet.KindJSON
		}
	}
	l.progress(l.total)
	return l.doc, nil
}

// loader fills a Document.
type loader struct {
	dict  *dictionary
	opt   Options
	doc   *Document
	done  int
	total int
}

// progressStep is how many rows pass between two calls of Options.Progress.
const progressStep = 1000

func (l *loader) step() {
	if l.done++; l.done%progressStep == 0 && l.done < l.total {
		l.progress(l.done)
	}
}

func (l *loader) progress(done int) {
	if l.opt.Progress != nil {
		l.opt.Progress(done, l.total)
	}
}

func (l *loader) readSheets(ctx context.Context, sheets []sheet.Sheet) error {
	var seen []string // what the headers could have been
	for _, s := range sheets {
		if len(s.Rows) == 0 {
			continue
		}
		if l.readLexicon(s) {
			l.doc.Sheets = append(l.doc.Sheets, SheetInfo{Name: s.Name, Header: s.Rows[0].Number})
			continue
		}
		t, ok := l.dict.findTable(s, l.opt.Mapping)
		if !ok {
			t, ok = l.withoutHeader(s)
		}
		if !ok || !t.hasQuestion() {
			seen = append(seen, describeHeaders(s, t, ok))
			l.doc.Sheets = append(l.doc.Sheets, SheetInfo{Name: s.Name, Note: noHeader(t, ok)})
			continue
		}
		l.addTable(&t, s.Rows)
	}
	if len(l.doc.tables) == 0 && l.doc.Lexicon == nil {
		return &sheet.Error{File: l.doc.File, Reason: "没有找到表头。表头要有一行写明“标准问”（或 问题、标准问题）和“答案”（或 回答、机器人回答），" +
			"放在前 10 行之内。读到的是：" + strings.Join(seen, "；")}
	}
	return l.readTables(ctx)
}

func (l *loader) addTable(t *table, rows []sheet.Row) {
	number := 0
	if t.header >= 0 {
		number = rows[t.header].Number
	}
	l.doc.Sheets = append(l.doc.Sheets, SheetInfo{Name: t.name, Layout: t.layout, Header: number})
	l.doc.Columns = append(l.doc.Columns, t.columns...)
	l.doc.tables = append(l.doc.tables, t)
	l.total += len(t.rows) - t.first
	if l.doc.Layout == "" {
		l.doc.Layout = t.layout
	}
}

func (l *loader) readTables(ctx context.Context) error {
	for _, t := range l.doc.tables {
		var category knowledge.Path
		if len(l.doc.tables) > 1 && !genericSheetName(t.name) {
			category = knowledge.Path{t.name}
		}
		j, err := t.read(ctx, newReader(l.dict, t.layout, l.opt.Location), l.doc.File, category, l.step)
		if err != nil {
			return err
		}
		l.doc.Skipped = append(l.doc.Skipped, j.skipped...)
		for _, d := range j.drafts {
			l.finish(d)
		}
	}
	return nil
}

// finish makes a draft a row, or problems.
func (l *loader) finish(d *draft) {
	d.tidyLists()
	if len(d.problems) == 0 && len(d.Entry.Answers) == 0 && !l.opt.AllowNoAnswer {
		d.fail("", missingAnswer(d.Has.Has(knowledge.FieldAnswers)))
	}
	for _, p := range d.problems {
		p.Origin, p.Question = d.Origin, d.Entry.Question
		l.doc.Problems = append(l.doc.Problems, p)
	}
	if len(d.problems) == 0 {
		l.doc.Rows = append(l.doc.Rows, d.ImportRow)
	}
}

// missingAnswer words the lack of an answer; column says that there is a place
// for it.
func missingAnswer(column bool) string {
	if column {
		return "缺少答案，请填写答案"
	}
	return "缺少答案，文件里没有“答案”（或 回答、机器人回答）这一项，请补上"
}

// genericSheetName reports names that say nothing about what is in the sheet.
func genericSheetName(name string) bool {
	lower := strings.ToLower(strings.TrimSpace(name))
	for _, prefix := range []string{"sheet", "工作表", "表"} {
		if rest, ok := strings.CutPrefix(lower, prefix); ok && strings.Trim(rest, "0123456789 ()（）") == "" {
			return true
		}
	}
	switch lower {
	case "", "知识点", "知识库", "知识", "faq", "问答", "问答库", "模板", "导入模板", "数据", "data", "导出", "全部":
		return true
	}
	return false
}

// withoutHeader recognises two columns of questions and answers that have no
// header at all, as AnyQ has them.
func (l *loader) withoutHeader(s sheet.Sheet) (table, bool) {
	pairs, questions := 0, 0
	for _, r := range s.Rows {
		if len(r.Cells) > 2 {
			return table{}, false
		}
		if len(r.Cells) == 2 && strings.TrimSpace(r.Cells[0]) != "" {
			pairs++
			if looksLikeQuestion(r.Cells[0]) {
				questions++
			}
		}
	}
	text := l.doc.Kind == sheet.KindTSV || l.doc.Kind == sheet.KindCSV
	if !text || pairs*5 < len(s.Rows)*4 || questions*2 < pairs || pairs == 0 {
		return table{}, false
	}
	columns := []Column{
		{Sheet: s.Name, Index: 0, Header: "第 1 列", Field: FieldQuestion},
		{Sheet: s.Name, Index: 1, Header: "第 2 列", Field: FieldAnswer},
	}
	return table{name: s.Name, layout: LayoutAnyQ, columns: columns, header: -1, rows: s.Rows}, true
}

// noHeader says why a sheet was not read.
func noHeader(t table, ok bool) string {
	if ok {
		return "没有“标准问”（或 问题、标准问题）这一列，未读取"
	}
	return "没有找到表头，未读取"
}

// describeHeaders shows what stands where a header should: the row that came
// nearest, else the fullest of the leading ones.
func describeHeaders(s sheet.Sheet, t table, ok bool) string {
	cells := s.Rows[0].Cells
	for _, row := range s.Rows[:min(len(s.Rows), headerRows)] {
		if len(row.Cells) > len(cells) {
			cells = row.Cells
		}
	}
	if ok {
		cells = s.Rows[t.header].Cells
	}
	const most = 12
	var shown []string
	for _, c := range cells {
		if c = strings.TrimSpace(c); c != "" && len(shown) < most {
			shown = append(shown, shorten(c, 20))
		}
	}
	text := strings.Join(shown, "、")
	if s.Name != "" {
		text = "表「" + s.Name + "」" + text
	}
	return text
}

// shorten cuts s after so many characters.
func shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
