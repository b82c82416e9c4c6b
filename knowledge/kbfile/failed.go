package kbfile

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// headerReason is the column that tells editors why a row was not stored. When
// the file comes back it is ignored.
const headerReason = "失败原因"

// Failure is a row that was not stored.
type Failure struct {
	Origin knowledge.Origin
	Reason string // Chinese, for the editor
}

// Failures returns the problems of the document as failures.
func (d *Document) Failures() []Failure {
	failures := make([]Failure, len(d.Problems))
	for i, p := range d.Problems {
		failures[i] = Failure{Origin: p.Origin, Reason: p.Reason}
	}
	return failures
}

// FailedKind returns the kind of file that WriteFailed writes: the kind of the
// document, but xlsx for xls and html.
func (d *Document) FailedKind() sheet.Kind { return d.Kind.Output() }

// WriteFailed writes the failed rows in the layout in which they came, with all
// columns, title rows and the header, and a column 失败原因 at the end. Once mended,
// the file can be read again: merged cells are written out in each of their rows,
// a header of two rows in one, and a file without header gets one.
func (d *Document) WriteFailed(w io.Writer, failed []Failure) error {
	var err error
	if d.Kind == sheet.KindJSON || d.Kind == sheet.KindJSONL {
		err = d.elements.writeFailed(w, d.Kind, failed)
	} else {
		err = sheet.Write(w, d.FailedKind(), d.failedSheets(failed))
	}
	if err != nil {
		return fmt.Errorf("write failed rows of %s: %w", d.File, err)
	}
	return nil
}

// failedSheets returns the sheets that have failed rows; if there are none, the
// first one with its header.
func (d *Document) failedSheets(failed []Failure) []sheet.Sheet {
	var sheets []sheet.Sheet
	for _, t := range d.tables {
		rows, reasons := t.failedRows(failed)
		if len(rows) > 0 {
			sheets = append(sheets, t.withReasons(rows, reasons))
		}
	}
	if len(sheets) == 0 && len(d.tables) > 0 {
		sheets = append(sheets, d.tables[0].withReasons(nil, nil))
	}
	return sheets
}

// failedRows returns the rows of the sheet that take part in failures, and for
// the first row of each failure the reason, by row number.
func (t *table) failedRows(failed []Failure) ([]sheet.Row, map[int]string) {
	numbers := make(map[int]bool)
	reasons := make(map[int]string)
	for _, f := range failed {
		if f.Origin.Sheet != t.name || f.Origin.Row == 0 {
			continue
		}
		numbers[f.Origin.Row] = true
		for _, n := range f.Origin.Rows {
			numbers[n] = true
		}
		reason := reasons[f.Origin.Row]
		if reason != "" {
			reason += "；"
		}
		reasons[f.Origin.Row] = reason + f.Reason
	}
	var rows []sheet.Row
	for _, r := range t.rows[t.first:] {
		if numbers[r.Number] {
			rows = append(rows, r)
		}
	}
	return rows, reasons
}

// withReasons lays out title rows, header and rows with the reasons beside them.
func (t *table) withReasons(rows []sheet.Row, reasons map[int]string) sheet.Sheet {
	column := t.reasonColumn()
	var cells [][]string
	for _, r := range t.rows[:max(t.header, 0)] {
		cells = append(cells, r.Cells)
	}
	cells = append(cells, withCell(t.headers(), column, headerReason))
	for _, r := range rows {
		cells = append(cells, withCell(r.Cells, column, reasons[r.Number]))
	}
	return newSheet(t.name, cells)
}

// headers returns the header in one row, also where the file has none or two.
func (t *table) headers() []string {
	if t.header < 0 {
		return []string{"问题", "答案"}
	}
	if t.first == t.header+1 {
		return t.rows[t.header].Cells
	}
	headers := make([]string, len(t.columns))
	for i, c := range t.columns {
		headers[i] = c.Header
	}
	return headers
}

// reasonColumn returns the column for the reasons: the one that the sheet has
// from an earlier time, or a new one behind all others.
func (t *table) reasonColumn() int {
	for i, c := range t.columns {
		if strings.TrimSpace(c.Header) == headerReason {
			return i
		}
	}
	return len(t.columns)
}

// writeFailed writes the failed elements, with what stood around them.
func (e elements) writeFailed(w io.Writer, kind sheet.Kind, failed []Failure) error {
	failed = slices.Clone(failed)
	slices.SortStableFunc(failed, func(a, b Failure) int { return cmp.Compare(a.Origin.Row, b.Origin.Row) })
	out := &listWriter{w: bufio.NewWriter(w), before: e.before + "[\n", separator: ",\n"}
	after := "\n]" + e.after + "\n"
	if kind == sheet.KindJSONL {
		out.before, out.separator, after = "", "\n", "\n"
	}
	for i := 0; i < len(failed); {
		row, reason := failed[i].Origin.Row, failed[i].Reason
		for i++; i < len(failed) && failed[i].Origin.Row == row; i++ {
			reason += "；" + failed[i].Reason
		}
		raw, ok := e.raw[row]
		if !ok {
			continue
		}
		text, err := withReason(raw, reason)
		if err != nil {
			return err
		}
		out.raw(text)
	}
	return out.close(after)
}
