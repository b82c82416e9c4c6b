package sheet

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Error says where a file is wrong and what its editor can do about it. Parts
// that are not known are zero and left out of the message.
type Error struct {
	File, Sheet string
	Row, Column int    // 1-based, as a spreadsheet program counts
	Reason      string // Chinese, for the editor
	Err         error  // the technical cause, if there is one; for logs
}

// Error gives 文件 x.xlsx，工作表 y，第 3 行 C 列：原因.
func (e *Error) Error() string {
	var where []string
	if e.File != "" {
		where = append(where, "文件 "+e.File)
	}
	if e.Sheet != "" {
		where = append(where, "工作表 "+e.Sheet)
	}
	var cell []string
	if e.Row > 0 {
		cell = append(cell, fmt.Sprintf("第 %d 行", e.Row))
	}
	if e.Column > 0 {
		cell = append(cell, ColumnName(e.Column)+" 列")
	}
	if len(cell) > 0 {
		where = append(where, strings.Join(cell, " "))
	}
	if len(where) == 0 {
		return e.Reason
	}
	return strings.Join(where, "，") + "：" + e.Reason
}

// Unwrap returns the technical cause.
func (e *Error) Unwrap() error { return e.Err }

// ColumnName returns the letters a spreadsheet shows above the 1-based column:
// A, Z, AA. It returns "" for numbers below 1.
func ColumnName(column int) string {
	name := ""
	for ; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}

// Reasons that several readers give.
const (
	reasonDamaged   = "文件不完整或已损坏，请重新下载；如果 Excel 或 WPS 能打开它，请在其中另存为 .xlsx 后再上传"
	reasonEncrypted = "文件有打开密码，请在 Excel 或 WPS 中去掉密码后另存为 .xlsx 再上传"
)

// refuse makes an *Error without a place.
func refuse(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// damaged wraps a technical cause; the editor is told that the file is broken.
func damaged(cause error) error { return &Error{Reason: reasonDamaged, Err: cause} }

// broken is like damaged, for causes that say more than "broken".
func broken(format string, args ...any) error {
	return damaged(fmt.Errorf(format, args...))
}

// missingString words a reference to a shared string that is not there.
func missingString[T any](index T, count int) string {
	return fmt.Sprintf("单元格引用了不存在的文字（第 %v 条，共 %d 条），文件已损坏，请在 Excel 或 WPS 中打开修复并另存为 .xlsx 后再上传", index, count)
}

// isOwn reports whether err needs no more words: an *Error, or the end of the context.
func isOwn(err error) bool {
	var e *Error
	return errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// inFile and inSheet add the place to an *Error that lacks it and leave every
// other error alone.
func inFile(err error, name string) error {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Errorf("open %s: %w", name, err)
	}
	e.File = name
	return err
}

func inSheet(err error, name string) error {
	var e *Error
	if errors.As(err, &e) && e.Sheet == "" {
		e.Sheet = name
	}
	return err
}
