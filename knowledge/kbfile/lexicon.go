package kbfile

import (
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// The sheets of the lexicon, and their headers.
const (
	sheetEntries   = "知识点"
	sheetClasses   = "词类"
	sheetUserWords = "用户词"
	sheetStop      = "停用词"
	sheetSensitive = "敏感词"
	headerWords    = "词语"
	headerIncludes = "包含词类"
)

// readLexicon reads a sheet of the lexicon. It is one if the sheet has the name
// and the first column the header.
func (l *loader) readLexicon(s sheet.Sheet) bool {
	name := strings.TrimSpace(s.Name)
	switch name {
	case sheetClasses, sheetUserWords, sheetStop, sheetSensitive:
	default:
		return false
	}
	if strings.TrimSpace(at(s.Rows[0].Cells, 0)) != name {
		return false
	}
	if l.doc.Lexicon == nil {
		l.doc.Lexicon = &knowledge.Lexicon{}
	}
	for _, row := range s.Rows[1:] {
		l.readLexiconRow(name, row)
	}
	return true
}

func (l *loader) readLexiconRow(name string, row sheet.Row) {
	lex := l.doc.Lexicon
	first := wordFormat().split(at(row.Cells, 0), 0)
	switch name {
	case sheetUserWords:
		lex.UserWords = appendNew(lex.UserWords, first...)
	case sheetStop:
		lex.StopWords = appendNew(lex.StopWords, first...)
	case sheetSensitive:
		lex.SensitiveWords = appendNew(lex.SensitiveWords, first...)
	case sheetClasses:
		class := strings.TrimSpace(at(row.Cells, 0))
		words := wordFormat().split(at(row.Cells, 1), 0)
		includes := wordFormat().split(at(row.Cells, 2), 0)
		switch n := len(lex.WordClasses); {
		case class != "":
			lex.WordClasses = append(lex.WordClasses, knowledge.WordClass{Name: class, Words: words, Includes: includes})
		case n > 0: // a row without name goes on with the class above
			last := &lex.WordClasses[n-1]
			last.Words = append(last.Words, words...)
			last.Includes = append(last.Includes, includes...)
		case len(words) > 0 || len(includes) > 0:
			l.doc.Problems = append(l.doc.Problems, Problem{
				Origin: knowledge.Origin{File: l.doc.File, Sheet: name, Row: row.Number, Rows: []int{row.Number}},
				Column: sheetClasses, Reason: "缺少词类的名称，请填写",
			})
		}
	}
}

// lexiconSheets is the inverse of readLexicon; parts without content give no
// sheet.
func lexiconSheets(lex knowledge.Lexicon) []sheet.Sheet {
	var sheets []sheet.Sheet
	f := wordFormat()
	if len(lex.WordClasses) > 0 {
		rows := [][]string{{sheetClasses, headerWords, headerIncludes}}
		for _, c := range lex.WordClasses {
			words, includes := f.joinCells(c.Words, "\n"), f.joinCells(c.Includes, "\n")
			for i := range max(len(words), len(includes), 1) {
				name := ""
				if i == 0 {
					name = c.Name
				}
				rows = append(rows, []string{name, at(words, i), at(includes, i)})
			}
		}
		sheets = append(sheets, newSheet(sheetClasses, rows))
	}
	for _, list := range []struct {
		name  string
		words []string
	}{{sheetUserWords, lex.UserWords}, {sheetStop, lex.StopWords}, {sheetSensitive, lex.SensitiveWords}} {
		if len(list.words) == 0 {
			continue
		}
		rows := [][]string{{list.name}}
		for _, w := range list.words {
			rows = append(rows, []string{f.join([]string{w}, "\n")})
		}
		sheets = append(sheets, newSheet(list.name, rows))
	}
	return sheets
}

// newSheet numbers the rows from 1.
func newSheet(name string, cells [][]string) sheet.Sheet {
	s := sheet.Sheet{Name: name, Rows: make([]sheet.Row, len(cells))}
	for i, c := range cells {
		s.Rows[i] = sheet.Row{Number: i + 1, Cells: c}
	}
	return s
}
