package sheet

import "fmt"

// xlsParser takes the records of one worksheet. Cells may come in any order.
type xlsParser struct {
	book   *xlsBook
	grid   *grid
	merged []Range

	// The place of a formula whose text follows in a STRING record.
	textRow, textColumn int
}

// minimalCell is what all cell records begin with: row, column, style.
const minimalCell = 6

func (p *xlsParser) record(rec biffRecord) error {
	switch rec.kind {
	case recLabelSST, recLabel, recRString, recNumber, recRK, recBoolErr, recFormula, recMulRK:
		if err := rec.need(minimalCell); err != nil {
			return err
		}
		text, err := p.cellText(rec)
		if err != nil {
			return err
		}
		return p.grid.set(rec.u16(0)+1, rec.u16(2)+1, text)
	case recString:
		return p.formulaText(rec)
	case recMergeCells:
		return p.addMerged(rec)
	}
	return nil
}

// cellText returns the text of a record with one cell. A MULRK record, which
// has several, stores all but its first itself.
func (p *xlsParser) cellText(rec biffRecord) (string, error) {
	switch rec.kind {
	case recLabelSST:
		return p.sharedString(rec)
	case recLabel, recRString:
		return rec.strings(minimalCell).next(2)
	case recNumber:
		if err := rec.need(14); err != nil {
			return "", err
		}
		return p.number(rec.u16(4), rec.f64(6)), nil
	case recRK:
		if err := rec.need(10); err != nil {
			return "", err
		}
		return p.number(rec.u16(4), rkNumber(rec.u32(6))), nil
	case recBoolErr:
		if err := rec.need(8); err != nil {
			return "", err
		}
		if rec.data[7] != 0 {
			return errorName(rec.data[6]), nil
		}
		return boolText(rec.data[6] != 0), nil
	case recMulRK:
		return p.rkCells(rec)
	}
	return p.formula(rec)
}

func (p *xlsParser) sharedString(rec biffRecord) (string, error) {
	if err := rec.need(10); err != nil {
		return "", err
	}
	i := rec.u32(6)
	if uint64(i) >= uint64(len(p.book.strings)) {
		return "", &Error{Row: rec.u16(0) + 1, Column: rec.u16(2) + 1, Reason: missingString(i, len(p.book.strings))}
	}
	return p.book.strings[i], nil
}

// number writes a number in the style's format.
func (p *xlsParser) number(style int, v float64) string {
	format := noTime
	if style < len(p.book.styles) {
		format = p.book.formats.kind(p.book.styles[style])
	}
	return p.book.dates.text(v, format)
}

// rkCells stores the cells of a MULRK record and returns the text of the first.
func (p *xlsParser) rkCells(rec biffRecord) (string, error) {
	row, first := rec.u16(0)+1, rec.u16(2)+1
	text := ""
	for i, at := 0, 4; at+6 <= len(rec.data)-2; i, at = i+1, at+6 {
		s := p.number(rec.u16(at), rkNumber(rec.u32(at+2)))
		if i == 0 {
			text = s
			continue
		}
		if err := p.grid.set(row, first+i, s); err != nil {
			return "", err
		}
	}
	return text, nil
}

// formula returns the value stored with a formula. Two bytes of all ones mark a
// value that is no number.
func (p *xlsParser) formula(rec biffRecord) (string, error) {
	if err := rec.need(14); err != nil {
		return "", err
	}
	if rec.u16(12) != 0xFFFF {
		return p.number(rec.u16(4), rec.f64(6)), nil
	}
	switch rec.data[6] {
	case 0:
		p.textRow, p.textColumn = rec.u16(0)+1, rec.u16(2)+1
	case 1:
		return boolText(rec.data[8] != 0), nil
	case 2:
		return errorName(rec.data[8]), nil
	}
	return "", nil
}

func (p *xlsParser) formulaText(rec biffRecord) error {
	if p.textRow == 0 {
		return nil
	}
	text, err := rec.strings(0).next(2)
	if err != nil {
		return err
	}
	row, column := p.textRow, p.textColumn
	p.textRow, p.textColumn = 0, 0
	return p.grid.set(row, column, text)
}

func (p *xlsParser) addMerged(rec biffRecord) error {
	if err := rec.need(2); err != nil {
		return err
	}
	n := rec.u16(0)
	if err := rec.need(2 + n*8); err != nil {
		return err
	}
	for at := 2; at < 2+n*8; at += 8 {
		m := Range{FirstRow: rec.u16(at) + 1, LastRow: rec.u16(at+2) + 1, FirstColumn: rec.u16(at+4) + 1, LastColumn: rec.u16(at+6) + 1}
		if m.LastRow < m.FirstRow || m.LastColumn < m.FirstColumn {
			return fmt.Errorf("biff: merged range %+v", m)
		}
		p.merged = append(p.merged, m)
	}
	return p.grid.budget.addCells(rec.u16(2)+1, n)
}

// errorName returns the name of an error value.
func errorName(code byte) string {
	names := map[byte]string{
		0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
		0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
	}
	if name, ok := names[code]; ok {
		return name
	}
	return "#ERROR!"
}
