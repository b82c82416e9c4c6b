package console

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"faqbot/bot/staff"
)

// table writes CSV (RFC 4180) that Excel opens in Chinese, and that makes no
// spreadsheet run what somebody typed.
type table struct{ w *csv.Writer }

func newTable(w io.Writer) (*table, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	t := &table{csv.NewWriter(w)}
	t.w.UseCRLF = true
	return t, nil
}

func (t *table) row(cells ...string) error {
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	return t.w.Write(cells)
}

func (t *table) flush() error {
	t.w.Flush()
	return t.w.Error()
}

// harmless keeps a cell from being taken for a formula. The wide signs count too
// where spreadsheets are used in Chinese.
func harmless(cell string) string {
	if cell != "" && strings.ContainsAny(string([]rune(cell)[:1]), "=+-@\t\r\n＝＋－＠") {
		return "'" + cell
	}
	return cell
}

// writeAudit writes the log, page after page, the newest first.
func writeAudit(w io.Writer, page []staff.Record, read func(before int64) ([]staff.Record, error)) error {
	t, err := newTable(w)
	if err != nil {
		return err
	}
	if err := t.row("编号", "时间", "账号", "姓名", "网络", "浏览器", "操作", "对象", "结果", "原因", "改前", "改后", "校验值"); err != nil {
		return err
	}
	for len(page) > 0 {
		for _, r := range page {
			if err := t.row(auditCells(r)...); err != nil {
				return err
			}
		}
		if err := t.flush(); err != nil {
			return err
		}
		if page, err = read(page[len(page)-1].N); err != nil {
			return fmt.Errorf("read on: %w", err)
		}
	}
	return t.flush()
}

func auditCells(r staff.Record) []string {
	result := "成功"
	if !r.OK {
		result = "失败"
	}
	return []string{
		strconv.FormatInt(r.N, 10), r.At.Format(time.RFC3339), r.Account, r.Name, r.Network, r.Browser,
		r.What, r.Object, result, r.Why, r.Before, r.After, r.Hash,
	}
}
