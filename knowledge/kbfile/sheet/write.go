package sheet

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Write writes sheets as xlsx, csv or tsv. The same sheets always give the same
// bytes. Rows are written one below the other, without regard to their numbers,
// and Sheet.Merged and Sheet.Hidden are not written.
//
// Cells are always text, so nothing in them is ever computed: xlsx cells have
// the type text, and csv and tsv cells that a spreadsheet program would take for
// a formula get an apostrophe in front, which Open takes away again. What Open
// then reads is what was written, but for what files cannot carry: line breaks
// become \n, other control characters but TAB are dropped, invalid UTF-8 becomes
// U+FFFD.
//
// In xlsx the first row of each sheet is a header: bold and frozen. csv and tsv
// hold exactly one sheet, in UTF-8 with a byte order mark (without which Excel
// takes them for GBK).
//
// It returns an *Error for cells too long and kinds or sheets that cannot be
// written; every other error comes from w.
func Write(w io.Writer, kind Kind, sheets []Sheet) error {
	if err := checkWritable(sheets); err != nil {
		return err
	}
	switch kind {
	case KindXLSX:
		return writeXLSX(w, sheets)
	case KindCSV, KindTSV:
		if len(sheets) != 1 {
			return refuse("%s 文件只能放一个工作表（现有 %d 个），请改用 xlsx", kind, len(sheets))
		}
		if kind == KindCSV {
			return writeDelimited(w, sheets[0], ',')
		}
		return writeDelimited(w, sheets[0], '\t')
	}
	return refuse("不能写成 %s 文件，请改用 xlsx、csv 或 tsv", kind)
}

// What Excel accepts in one sheet, and in one cell (in UTF-16 units).
const (
	maxSheetRows    = 1_048_576
	maxSheetColumns = 16_384
	maxCellUnits    = 32_767
)

// checkWritable refuses what no spreadsheet program could open.
func checkWritable(sheets []Sheet) error {
	if len(sheets) == 0 {
		return refuse("没有可写的内容")
	}
	for _, s := range sheets {
		if n := len(s.Rows); n > maxSheetRows {
			return &Error{Sheet: s.Name, Reason: limitReason("行数", n, maxSheetRows, "请分成几个文件")}
		}
		for i, row := range s.Rows {
			if n := len(row.Cells); n > maxSheetColumns {
				return &Error{Sheet: s.Name, Row: i + 1, Reason: limitReason("列", n, maxSheetColumns, "请减少列数")}
			}
			for j, cell := range row.Cells {
				if len(cell) <= maxCellUnits {
					continue
				}
				if n := len(utf16.Encode([]rune(clean(cell)))); n > maxCellUnits {
					return &Error{Sheet: s.Name, Row: i + 1, Column: j + 1,
						Reason: limitReason("单元格字数", n, maxCellUnits, "请缩短或拆开这个单元格的内容")}
				}
			}
		}
	}
	return nil
}

// clean makes a cell fit for every kind of file.
func clean(cell string) string {
	cell = unifyBreaks(strings.ToValidUTF8(cell, string(utf8.RuneError)))
	if strings.IndexFunc(cell, unwritable) < 0 {
		return cell
	}
	return strings.Map(func(r rune) rune {
		if unwritable(r) {
			return -1
		}
		return r
	}, cell)
}

// unwritable finds the characters that XML does not allow.
func unwritable(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' || r == 0xFFFE || r == 0xFFFF
}

// writeDelimited writes one sheet as csv or tsv. All rows get the same number of
// fields, and every cell that holds any delimiter is quoted, so that the
// delimiter of the file can be told beyond doubt.
func writeDelimited(w io.Writer, s Sheet, delim byte) error {
	columns := 1
	for _, row := range s.Rows {
		columns = max(columns, len(row.Cells))
	}
	out := bufio.NewWriter(w)
	out.WriteString(bomUTF8)
	for _, row := range s.Rows {
		for i := range columns {
			if i > 0 {
				out.WriteByte(delim)
			}
			if i < len(row.Cells) {
				out.WriteString(quote(guard(clean(row.Cells[i]))))
			}
		}
		out.WriteString("\r\n")
	}
	if err := out.Flush(); err != nil { // the writer remembers the first error
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// quote puts a cell in quotes if it needs them: for its delimiters, quotes and
// line breaks, for the spaces at its ends, and for beginnings that would make
// the file pass for JSON, a web page or an instruction to Excel.
func quote(cell string) string {
	plain := !strings.ContainsAny(cell, ",;\t\"\n") && strings.TrimSpace(cell) == cell
	misleading := cell != "" && strings.ContainsAny(cell[:1], "{[<") || len(cell) >= 4 && strings.EqualFold(cell[:4], "sep=")
	if plain && !misleading {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}
