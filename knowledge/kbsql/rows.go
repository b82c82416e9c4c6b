package kbsql

import (
	"context"
	"database/sql"
	"fmt"

	"faqbot/knowledge/sqldb"
)

// Sizes of runs of rows and of keys that go into one statement. There are few of
// them, so that few statements are parsed and cached. Rows have many columns, and
// SQLite takes time in the square of the placeholders in a statement.
var (
	rowSizes = []int{8, 1}
	keySizes = []int{256, 16, 1}
)

// execRows runs before + placeholders + after for all rows, many of them at a
// time, and returns how many rows that changed. fill appends the arguments of
// row i.
func execRows(ctx context.Context, tx *sql.Tx, before, after string, rows, columns int,
	fill func(args []any, i int) ([]any, error),
) (changed int64, err error) {
	statements := map[int]*sql.Stmt{}
	defer func() {
		for _, statement := range statements {
			_ = statement.Close() // ends with the transaction at the latest
		}
	}()
	args := make([]any, 0, rowSizes[0]*columns)
	for from, to := range sqldb.Runs(rows, rowSizes) {
		statement := statements[to-from]
		if statement == nil {
			if statement, err = tx.PrepareContext(ctx, before+sqldb.Placeholders(to-from, columns)+after); err != nil {
				return changed, fmt.Errorf("prepare: %w", err)
			}
			statements[to-from] = statement
		}
		args = args[:0]
		for i := from; i < to; i++ {
			if args, err = fill(args, i); err != nil {
				return changed, err
			}
		}
		result, err := statement.ExecContext(ctx, args...)
		if err != nil {
			return changed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

// queryKeys runs query + the placeholders of a list for all keys, many of them
// at a time, and calls scan for each row.
func queryKeys(ctx context.Context, tx *sql.Tx, query string, keys []string, scan func(*sql.Rows) error) error {
	for from, to := range sqldb.Runs(len(keys), keySizes) {
		args := make([]any, 0, to-from)
		for _, key := range keys[from:to] {
			args = append(args, key)
		}
		rows, err := tx.QueryContext(ctx, query+sqldb.Placeholders(1, to-from), args...)
		if err != nil {
			return err
		}
		if err := sqldb.ScanAll(rows, scan); err != nil {
			return err
		}
	}
	return nil
}
