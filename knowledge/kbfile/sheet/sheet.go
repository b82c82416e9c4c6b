// Package sheet turns the foreign bytes of a spreadsheet-like file into rows of
// text, and rows back into files. It knows containers and encodings, never what
// the columns mean: that is package kbfile's business.
//
// The kind of a file is found by its content, never by its extension:
//
//	xlsx   a zip archive with a workbook (.xlsx, .xlsm)
//	xls    an OLE2 compound file with a BIFF8 workbook (Excel 97–2003, WPS .et)
//	csv    text with the delimiter , or ;
//	tsv    text with the delimiter TAB
//	html   a web page with <table>, usually named .xls by the program that wrote it
//	json   one JSON value; only recognised, its text is handed on in Workbook.Text
//	jsonl  one JSON object a line; only recognised as well
//
// Text may be UTF-8, GB18030 (which includes GBK and GB2312) or UTF-16, with or
// without a byte order mark.
//
// # What a cell says
//
// Every cell is given as text:
//
//   - numbers are plain decimals rounded to the 15 digits a spreadsheet keeps,
//     whatever their display format: 0.9, 20240528, never 2.0240528E7 or 90%;
//     only magnitudes from 1e21 or below 1e-9 use an exponent;
//   - numbers with a date format are ISO dates without a zone: 2024-05-28, or
//     2024-05-28 11:22:28 when they carry a time of day, or 11:22:28 when the
//     format shows only a time and the number is below one day. A date that was
//     typed into a cell without a date format stays the number it is (45440);
//   - booleans are TRUE and FALSE, error values their name (#N/A);
//   - formulas are the value that was stored with them, or empty without one;
//   - line breaks are always \n, never \r or \r\n.
//
// The value of a merged range stands in its first cell and the range in
// Sheet.Merged. Hidden worksheets are read and marked; those hidden by a program
// ("very hidden"), charts and macro sheets are left out.
//
// # Safety
//
// Files come from strangers. Reading never panics, looks at the context every
// few thousand rows, and stops at the Limits. Every refusal is an *Error whose
// Reason is Chinese, written for the editor who uploaded the file.
package sheet

import (
	"context"
	"fmt"
)

// Kind is a container format.
type Kind string

// The kinds that Open recognises.
const (
	KindXLSX  Kind = "xlsx"
	KindXLS   Kind = "xls"
	KindCSV   Kind = "csv"
	KindTSV   Kind = "tsv"
	KindHTML  Kind = "html"
	KindJSON  Kind = "json"
	KindJSONL Kind = "jsonl"
)

// Output returns the kind in which rows that came in as k are written: old and
// odd containers (xls, html) go out as xlsx, every other kind as itself. Write
// accepts only xlsx, csv and tsv; package kbfile writes the JSON kinds.
func (k Kind) Output() Kind {
	switch k {
	case KindXLS, KindHTML:
		return KindXLSX
	}
	return k
}

// Workbook is what was found in one file.
type Workbook struct {
	Kind Kind
	// Encoding of the text kinds: utf-8, utf-8-bom, gb18030, utf-16le or
	// utf-16be; empty for xlsx and xls.
	Encoding string
	// Text is the whole file as UTF-8, for json and jsonl only.
	Text string
	// Sheets in the order of the file; sheets without content keep their place
	// with no rows. csv and tsv have exactly one, without a name. html has one
	// for each table, named by its caption if it has one.
	Sheets []Sheet
}

// Sheet is one table of a workbook.
type Sheet struct {
	Name   string
	Hidden bool // the worksheet is hidden in the spreadsheet program
	// Rows in ascending order of their number. Rows without content are left
	// out; their numbers are not reused.
	Rows []Row
	// Merged ranges, first to last as the file lists them. A range may reach
	// beyond the rows that have content.
	Merged []Range
}

// Row is one line of a table.
type Row struct {
	// Number is 1-based and the one a spreadsheet program shows beside the row.
	// In csv and tsv it counts records, not physical lines: a quoted cell with
	// line breaks is one row, a blank line is one row too.
	Number int
	// Cells from column A on, without the empty ones at the end.
	Cells []string
}

// Range is a block of merged cells. All bounds are 1-based and inclusive.
type Range struct{ FirstRow, FirstColumn, LastRow, LastColumn int }

// Open reads the whole file. Name is used in messages only. The zero Limits
// mean the documented defaults.
//
// It returns an *Error for everything that is wrong with the file, and an error
// that wraps ctx.Err() when the context ends. A file without any content is an
// error, so at least one sheet of the result has a row (or Text is not blank).
func Open(ctx context.Context, name string, data []byte, lim Limits) (wb *Workbook, err error) {
	// The parsers check what they read; this is the last line behind them.
	defer func() {
		if p := recover(); p != nil {
			wb, err = nil, &Error{File: name, Reason: reasonDamaged, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	b := newBudget(ctx, lim)
	if err := b.checkFile(int64(len(data))); err != nil {
		return nil, inFile(err, name)
	}
	wb, err = open(b, data)
	if err == nil && !wb.hasContent() {
		err = refuse("文件里没有任何内容，请确认选对了文件，并且填写后已经保存")
	}
	if err != nil {
		return nil, inFile(err, name)
	}
	return wb, nil
}

func (wb *Workbook) hasContent() bool {
	for _, s := range wb.Sheets {
		if len(s.Rows) > 0 {
			return true
		}
	}
	return wb.Text != ""
}
