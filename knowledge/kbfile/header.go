package kbfile

import (
	"strings"

	"faqbot/knowledge/kbfile/sheet"
)

// headerRows is how many rows with content may stand above the first entry,
// the header among them.
const headerRows = 10

// table is one sheet with its header understood.
type table struct {
	name    string
	layout  Layout
	columns []Column
	header  int // index of the header in rows; -1 if there is none
	// first is the index of the first row of data; the rows before it are kept for
	// the file of failed rows.
	first int
	rows  []sheet.Row // merged cells filled
}

// findTable looks for the header of a sheet: the first row with a question among
// its known names, else the first with two known names at all. Ok is false if
// there is none.
func (d *dictionary) findTable(s sheet.Sheet, mapping map[string]Field) (found table, ok bool) {
	for i := 0; i < len(s.Rows) && i < headerRows; i++ {
		headers := padTo(s.Rows[i].Cells, s.Rows[i+1:])
		columns, layout := d.mapColumns(headers, mapping)
		first := i + 1
		if sub, ok := subHeader(s, i, headers); ok {
			if c, l := d.mapColumns(sub, mapping); known(c) >= known(columns) {
				columns, layout, first = c, l, i+2
			}
		}
		if known(columns) < 2 {
			continue
		}
		for j := range columns {
			columns[j].Sheet = s.Name
		}
		t := table{name: s.Name, layout: layout, columns: columns, header: i, first: first}
		if t.hasQuestion() {
			found, ok = t, true
			break
		}
		if !ok {
			found, ok = t, true
		}
	}
	if ok {
		found.rows = fillMerged(s, found.first)
	}
	return found, ok
}

// hasQuestion reports whether a column holds standard questions.
func (t *table) hasQuestion() bool { return has(t.columns, FieldQuestion, FieldQuestions, FieldTitle) }

// padTo adds empty headers for columns that only the rows below have.
func padTo(headers []string, below []sheet.Row) []string {
	width := len(headers)
	for _, r := range below {
		width = max(width, len(r.Cells))
	}
	return append(headers[:len(headers):len(headers)], make([]string, width-len(headers))...)
}

// subHeader joins a header of two rows, in which a merged cell spans several
// columns (答案 over 微信 and 网站): 答案(微信), 答案(网站). A lower name that is known by
// itself stands alone.
func subHeader(s sheet.Sheet, i int, headers []string) ([]string, bool) {
	if i+1 >= len(s.Rows) || s.Rows[i+1].Number != s.Rows[i].Number+1 {
		return nil, false
	}
	number, below := s.Rows[i].Number, s.Rows[i+1].Cells
	joined := append([]string(nil), headers...)
	covered := make([]bool, len(headers))
	spans := false
	for _, m := range s.Merged {
		if m.FirstRow != number || m.LastRow != number || m.LastColumn <= m.FirstColumn {
			continue
		}
		for c := m.FirstColumn - 1; c < m.LastColumn && c < len(headers); c++ {
			top, low := strings.TrimSpace(headers[m.FirstColumn-1]), strings.TrimSpace(at(below, c))
			if top == "" || low == "" {
				continue
			}
			joined[c], covered[c], spans = top+"("+low+")", true, true
			if categoryLevel(low) > 0 {
				joined[c] = low
			}
		}
	}
	for c, low := range below {
		if strings.TrimSpace(low) != "" && !covered[c] {
			return nil, false
		}
	}
	return joined, spans
}

// at returns the cell, or "" beyond the end of the row.
func at(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// fillMerged writes the value of merged cells into each row that they cover, in
// their first column, from the row with index first on. Rows that a range covers
// but that have no content of their own stay away.
func fillMerged(s sheet.Sheet, first int) []sheet.Row {
	if len(s.Merged) == 0 || first >= len(s.Rows) {
		return s.Rows
	}
	rows := append([]sheet.Row(nil), s.Rows...)
	place := make(map[int]int, len(rows))
	for i, r := range rows {
		place[r.Number] = i
	}
	for _, m := range s.Merged {
		top, ok := place[m.FirstRow]
		if !ok || top < first {
			continue
		}
		value := at(rows[top].Cells, m.FirstColumn-1)
		for i := top + 1; value != "" && i < len(rows) && rows[i].Number <= m.LastRow; i++ {
			rows[i].Cells = withCell(rows[i].Cells, m.FirstColumn-1, value)
		}
	}
	return rows
}

// withCell returns a copy of the row with one cell set.
func withCell(cells []string, column int, value string) []string {
	out := make([]string, max(len(cells), column+1))
	copy(out, cells)
	out[column] = value
	return out
}
