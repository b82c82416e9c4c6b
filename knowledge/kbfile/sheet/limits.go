package sheet

import (
	"context"
	"fmt"
	"unicode/utf8"
)

// Limits bound what one file may cost. A field that is zero or negative means
// its default.
type Limits struct {
	FileBytes     int64 // size of the file; default DefaultFileBytes
	ZipEntries    int   // entries of an xlsx archive; default 2,000
	PartBytes     int64 // one unpacked entry; default 512 MiB
	UnpackedBytes int64 // all unpacked entries; default 1 GiB
	Ratio         int64 // unpacked : packed of one entry above RatioFloor; default 200
	RatioFloor    int64 // entries up to this size may have any ratio; default 8 MiB
	Sheets        int   // default 200
	SheetRows     int   // the highest row number, empty rows included; default 1,050,000
	ContentRows   int   // rows with content in all sheets; default 200,000
	Columns       int   // the highest column with content; default 512
	CellRunes     int   // characters of one cell; default 32,767, as in Excel
	Cells         int   // cells kept, in all sheets; default 10,000,000
	TextBytes     int64 // text kept, in all sheets; default 256 MiB
}

// DefaultFileBytes is the largest file that Open accepts by default (100 MB).
// Whoever reads the file from the network can stop there.
const DefaultFileBytes int64 = 100 << 20

func (l Limits) withDefaults() Limits {
	setDefault(&l.FileBytes, DefaultFileBytes)
	setDefault(&l.ZipEntries, 2000)
	setDefault(&l.PartBytes, 512<<20)
	setDefault(&l.UnpackedBytes, 1<<30)
	setDefault(&l.Ratio, 200)
	setDefault(&l.RatioFloor, 8<<20)
	setDefault(&l.Sheets, 200)
	setDefault(&l.SheetRows, 1_050_000)
	setDefault(&l.ContentRows, 200_000)
	setDefault(&l.Columns, 512)
	setDefault(&l.CellRunes, 32_767)
	setDefault(&l.Cells, 10_000_000)
	setDefault(&l.TextBytes, 256<<20)
	return l
}

func setDefault[T int | int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// budget is what is left of the limits while one file is read.
type budget struct {
	ctx      context.Context // of the one Open call that owns the budget
	lim      Limits
	ticks    int
	rows     int   // rows with content so far
	cells    int   // cells kept so far
	text     int64 // bytes of cell text kept so far
	unpacked int64 // bytes of archive entries read so far
}

func newBudget(ctx context.Context, lim Limits) *budget {
	return &budget{ctx: ctx, lim: lim.withDefaults()}
}

// tick is called in every loop over foreign data; it looks at the context once
// in 4096 calls.
func (b *budget) tick() error {
	if b.ticks++; b.ticks%4096 != 1 {
		return nil
	}
	return b.ctx.Err()
}

func (b *budget) checkFile(size int64) error {
	if size == 0 {
		return refuse("文件是空的（0 字节），请重新选择文件")
	}
	if size > b.lim.FileBytes {
		return refuse("文件有 %s，超过上限 %s，请拆成几个文件后分别上传", megabytes(size), megabytes(b.lim.FileBytes))
	}
	return b.ctx.Err()
}

// checkSheets refuses a workbook with too many sheets.
func (b *budget) checkSheets(count int) error {
	if count > b.lim.Sheets {
		return refuse("工作表有 %d 个，超过上限 %d 个，请删去用不到的工作表后再上传", count, b.lim.Sheets)
	}
	return nil
}

// checkRowNumber refuses a row so far down that the sheet cannot be genuine.
func (b *budget) checkRowNumber(row int) error {
	if row > b.lim.SheetRows {
		return &Error{Row: row, Reason: limitReason("行号", row, b.lim.SheetRows, "请删去下面的空行，或拆成几个文件")}
	}
	return nil
}

func (b *budget) addRow(row int) error {
	if b.rows++; b.rows > b.lim.ContentRows {
		return &Error{Row: row, Reason: limitReason("有内容的行", b.rows, b.lim.ContentRows, "请拆成几个文件后分别上传")}
	}
	return nil
}

// addCell accounts for one cell with content.
func (b *budget) addCell(row, column int, text string) error {
	if column > b.lim.Columns {
		return &Error{Row: row, Column: column, Reason: limitReason("列", column, b.lim.Columns, "请删去右侧用不到的列")}
	}
	if len(text) > b.lim.CellRunes {
		if n := utf8.RuneCountInString(text); n > b.lim.CellRunes {
			return &Error{Row: row, Column: column, Reason: limitReason("单元格字数", n, b.lim.CellRunes, "请缩短或拆开这个单元格的内容")}
		}
	}
	if b.text += int64(len(text)); b.text > b.lim.TextBytes {
		return &Error{Row: row, Column: column, Reason: "到这里文字总量超过上限 " + megabytes(b.lim.TextBytes) + "，请拆成几个文件后分别上传"}
	}
	return nil
}

// addCells accounts for the places in a row, empty ones between others too.
func (b *budget) addCells(row, n int) error {
	if b.cells += n; b.cells > b.lim.Cells {
		return &Error{Row: row, Reason: limitReason("单元格总数", b.cells, b.lim.Cells, "请拆成几个文件后分别上传")}
	}
	return nil
}

// limitReason words an exceeded limit.
func limitReason(what string, got, limit int, advice string) string {
	return fmt.Sprintf("%s %d 超过上限 %d，%s", what, got, limit, advice)
}

// megabytes words a size for people.
func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
