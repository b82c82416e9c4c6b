package sheet

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// readSheet reads the cells and merged ranges of one worksheet.
func (x *xlsxBook) readSheet(ws xlsxSheet) (Sheet, error) {
	p := worksheetParser{book: x, grid: newGrid(x.archive.budget)}
	if err := eachXML(x.archive, ws.part, p.token); err != nil {
		return Sheet{}, err
	}
	return Sheet{Name: ws.name, Hidden: ws.hidden, Rows: p.grid.finish(), Merged: p.merged}, nil
}

// worksheetParser takes the tokens of one worksheet part.
type worksheetParser struct {
	book   *xlsxBook
	grid   *grid
	merged []Range

	inData      bool
	row, column int
	kind        string // attribute t of the current cell
	style       int
	text        textCollector
}

func (p *worksheetParser) token(token xml.Token) error {
	switch e := token.(type) {
	case xml.StartElement:
		if err := p.start(e); err != nil {
			return err
		}
	case xml.EndElement:
		switch {
		case e.Name.Local == "sheetData":
			p.inData = false
		case e.Name.Local == "c" && p.inData:
			return p.endCell()
		}
	}
	if p.inData && p.column > 0 {
		p.text.token(token)
	}
	return nil
}

func (p *worksheetParser) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "sheetData":
		p.inData = true
	case "row":
		if p.inData {
			return p.startRow(e)
		}
	case "c":
		if p.inData {
			return p.startCell(e)
		}
	case "mergeCell":
		return p.addMerged(attr(e, "ref"))
	}
	return nil
}

// startRow takes the number of a row; rows without one follow their predecessor.
func (p *worksheetParser) startRow(e xml.StartElement) error {
	number := attrInt(e, "r", p.row+1)
	if number <= p.row {
		return &Error{Row: p.row, Reason: reasonDamaged, Err: fmt.Errorf("row %d comes after row %d", number, p.row)}
	}
	p.row, p.column = number, 0
	return p.grid.budget.checkRowNumber(number)
}

// startCell takes the place and type of a cell; cells without a place follow
// their predecessor.
func (p *worksheetParser) startCell(e xml.StartElement) error {
	p.column++
	if ref := attr(e, "r"); ref != "" {
		column, _, ok := parseRef(ref)
		if !ok {
			return &Error{Row: p.row, Reason: reasonDamaged, Err: fmt.Errorf("cell reference %q", ref)}
		}
		p.column = column
	}
	p.kind, p.style = attr(e, "t"), attrInt(e, "s", 0)
	return nil
}

func (p *worksheetParser) endCell() error {
	text, err := p.cellText(p.text.take())
	if err != nil {
		return err
	}
	return p.grid.set(p.row, p.column, text)
}

// cellText makes text of the raw value of the current cell.
func (p *worksheetParser) cellText(raw string) (string, error) {
	switch p.kind {
	case "s":
		return p.sharedString(raw)
	case "inlineStr", "str", "e":
		return raw, nil
	case "b":
		return boolText(isTrue(raw)), nil
	case "d":
		return isoText(raw), nil
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw, nil
	}
	format := noTime
	if p.style >= 0 && p.style < len(p.book.formats) {
		format = p.book.formats[p.style]
	}
	return p.book.dates.text(v, format), nil
}

func (p *worksheetParser) sharedString(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	i, err := strconv.Atoi(strings.TrimSpace(raw))
	if err != nil || i < 0 || i >= len(p.book.strings) {
		return "", &Error{Row: p.row, Column: p.column, Reason: missingString(raw, len(p.book.strings)), Err: err}
	}
	return p.book.strings[i], nil
}

func (p *worksheetParser) addMerged(ref string) error {
	first, last, _ := strings.Cut(ref, ":")
	if last == "" {
		last = first
	}
	c1, r1, ok1 := parseRef(first)
	c2, r2, ok2 := parseRef(last)
	if !ok1 || !ok2 || c2 < c1 || r2 < r1 {
		return broken("merged range %q", ref)
	}
	if c1 == c2 && r1 == r2 {
		return nil
	}
	p.merged = append(p.merged, Range{FirstRow: r1, FirstColumn: c1, LastRow: r2, LastColumn: c2})
	return p.grid.budget.addCells(r1, 1)
}

// parseRef reads a cell reference like AB12 or $AB$12.
func parseRef(ref string) (column, row int, ok bool) {
	i := 0
	for ; i < len(ref) && i < 5; i++ {
		c := ref[i] &^ 0x20
		switch {
		case ref[i] == '$':
		case c >= 'A' && c <= 'Z':
			column = column*26 + int(c-'A') + 1
		default:
			row, err := strconv.Atoi(ref[i:])
			return column, row, err == nil && column > 0 && row > 0
		}
	}
	return 0, 0, false
}

func boolText(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// isoText shortens a date that is stored as text: 2024-05-28T00:00:00 is 2024-05-28.
func isoText(raw string) string {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, raw); err == nil {
			return strings.TrimSuffix(t.Format(time.DateTime), " 00:00:00")
		}
	}
	return raw
}
