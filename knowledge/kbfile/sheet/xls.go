package sheet

import (
	"errors"
	"fmt"
)

// openXLS reads a BIFF8 workbook.
//
// The reader is our own: the library for this format that Go has panics on
// damaged files and does not tell merged ranges.
func openXLS(b *budget, data []byte) (*Workbook, error) {
	c, err := openCompound(data)
	if err != nil {
		return nil, damaged(err)
	}
	name := "Workbook"
	if !c.has(name) {
		return nil, refuse("%s", notBIFF8(c))
	}
	content, err := c.read(name)
	if err != nil {
		return nil, damaged(err)
	}
	book := &xlsBook{budget: b, data: content, left: len(content)}
	if err := book.loadGlobals(); err != nil {
		return nil, asError(err)
	}
	if err := b.checkSheets(len(book.sheets)); err != nil {
		return nil, err
	}
	wb := &Workbook{Kind: KindXLS}
	for _, ws := range book.sheets {
		s, err := book.readSheet(ws)
		if err != nil {
			return nil, inSheet(asError(err), ws.name)
		}
		wb.Sheets = append(wb.Sheets, s)
	}
	return wb, nil
}

// notBIFF8 names what a compound file without a BIFF8 workbook is.
func notBIFF8(c *compound) string {
	switch {
	case c.has("EncryptedPackage"), c.has("EncryptionInfo"):
		return reasonEncrypted
	case c.has("Book"):
		return reasonOldExcel
	case c.has("WordDocument"):
		return "这是 Word 文档，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"
	case c.has("PowerPoint Document"):
		return "这是 PowerPoint 文稿，不是表格，请把内容整理到 Excel 后另存为 .xlsx 再上传"
	}
	return reasonUnknown
}

// xlsBook is what the sheets of a workbook share.
type xlsBook struct {
	budget  *budget
	data    []byte // the workbook stream
	sheets  []xlsSheet
	strings []string
	styles  []int // number format of each cell style
	formats numberFormats
	dates   dates
	left    int // bytes of sheets still to read; more than the stream holds is a fraud
}

type xlsSheet struct {
	name   string
	offset int // of its BOF record in the stream
	hidden bool
}

// loadGlobals reads the first substream: everything that is not cells.
func (x *xlsBook) loadGlobals() error {
	x.formats = numberFormats{}
	r := biffReader{data: x.data}
	bof, err := r.next()
	if err != nil {
		return err
	}
	if bof.kind != recBOF || len(bof.data) < 4 || bof.u16(2) != bofGlobals {
		return fmt.Errorf("biff: stream begins with record %#x", bof.kind)
	}
	if bof.u16(0) != biff8 {
		return refuse(reasonOldExcel)
	}
	for {
		if err := x.budget.tick(); err != nil {
			return err
		}
		rec, err := r.next()
		if err != nil {
			return err
		}
		if rec.kind == recEOF {
			return nil
		}
		if err := x.global(rec); err != nil {
			return err
		}
	}
}

func (x *xlsBook) global(rec biffRecord) error {
	switch rec.kind {
	case recFilePass:
		return refuse(reasonEncrypted)
	case recDateMode:
		x.dates.from1904 = len(rec.data) >= 2 && rec.u16(0) == 1
	case recFormat:
		return x.addFormat(rec)
	case recXF:
		if err := rec.need(4); err != nil {
			return err
		}
		x.styles = append(x.styles, rec.u16(2))
	case recBoundSheet:
		return x.addSheet(rec)
	case recSST:
		return x.loadStrings(rec)
	}
	return nil
}

func (x *xlsBook) addFormat(rec biffRecord) error {
	if err := rec.need(2); err != nil {
		return err
	}
	code, err := rec.strings(2).next(2)
	x.formats[rec.u16(0)] = code
	return err
}

// addSheet takes worksheets; charts, macro sheets and very hidden ones are left out.
func (x *xlsBook) addSheet(rec biffRecord) error {
	if err := rec.need(6); err != nil {
		return err
	}
	state, kind := rec.data[4]&3, rec.data[5]
	if kind != 0 || state == 2 {
		return nil
	}
	name, err := rec.strings(6).next(1)
	x.sheets = append(x.sheets, xlsSheet{name: name, offset: int(rec.u32(0)), hidden: state == 1})
	return err
}

// loadStrings reads the texts that cells refer to by number. The counts that
// precede them are often wrong, so the record's end decides.
func (x *xlsBook) loadStrings(rec biffRecord) error {
	if err := rec.need(8); err != nil {
		return err
	}
	s := rec.strings(8)
	for !s.done() {
		if err := x.budget.tick(); err != nil {
			return err
		}
		text, err := s.next(2)
		if err != nil {
			return fmt.Errorf("shared string %d: %w", len(x.strings), err)
		}
		x.strings = append(x.strings, text)
	}
	return nil
}

func (x *xlsBook) readSheet(ws xlsSheet) (Sheet, error) {
	p := xlsParser{book: x, grid: newGrid(x.budget)}
	r := biffReader{data: x.data, pos: ws.offset}
	bof, err := r.next()
	if err != nil {
		return Sheet{}, err
	}
	if bof.kind != recBOF {
		return Sheet{}, fmt.Errorf("biff: sheet begins with record %#x", bof.kind)
	}
	for depth := 1; depth > 0; { // embedded charts are substreams of their own
		if err := x.budget.tick(); err != nil {
			return Sheet{}, err
		}
		rec, err := r.next()
		if err != nil {
			return Sheet{}, err
		}
		switch x.left -= 4 + len(rec.data); {
		case x.left < 0:
			return Sheet{}, errors.New("biff: sheets overlap")
		case rec.kind == recBOF:
			depth++
		case rec.kind == recEOF:
			depth--
		case depth == 1:
			if err := p.record(rec); err != nil {
				return Sheet{}, err
			}
		}
	}
	return Sheet{Name: ws.name, Hidden: ws.hidden, Rows: p.grid.finish(), Merged: p.merged}, nil
}

// asError makes an *Error of what the record readers found.
func asError(err error) error {
	if isOwn(err) {
		return err
	}
	return damaged(err)
}
