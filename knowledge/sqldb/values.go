package sqldb

import (
	"database/sql"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Millis returns unix milliseconds, 0 for the zero time. The first millisecond
// of 1970 is taken for the second one, to tell it from no time at all.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if ms := t.UnixMilli(); ms != 0 {
		return ms
	}
	return 1
}

// Time is the way back from Millis.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Runs cuts n things into runs of the sizes, which end in 1: 300 keys of sizes
// 256, 16, 1 → [0,256) [256,272) … With few sizes, few statements are parsed and
// cached.
func Runs(n int, sizes []int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		from := 0
		for _, size := range sizes {
			for ; n-from >= size; from += size {
				if !yield(from, from+size) {
					return
				}
			}
		}
	}
}

// Placeholders returns rows × columns of them: ($1,$2),($3,$4).
func Placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%columns == 0:
			b.WriteString("),($")
		default:
			b.WriteString(",$")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// ScanAll calls scan for each row and closes the rows.
func ScanAll(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
