package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// numberText writes a number as an editor would type it. Spreadsheets keep 15
// digits; what lies behind them is noise of the binary form (0.30000000000000004).
func numberText(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if v == 0 {
		return "0"
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if size := math.Abs(v); size >= 1e21 || size < 1e-9 {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// timeFormat says what a number format makes of a number.
type timeFormat uint8

const (
	noTime  timeFormat = iota // a number
	hasDate                   // a date, perhaps with a time of day
	hasTime                   // a time of day only
)

// dates turns serial numbers into text; the zero value counts days from 1900,
// as all but old Macintosh workbooks do.
type dates struct{ from1904 bool }

const (
	secondsPerDay = 24 * 60 * 60
	lastSerial    = 2958465 // 9999-12-31
)

// text writes the number v of a cell with the format.
func (d dates) text(v float64, format timeFormat) string {
	if format == noTime || v < 0 || v >= lastSerial+1 {
		return numberText(v)
	}
	seconds := int64(math.Round(v * secondsPerDay))
	days, seconds := seconds/secondsPerDay, seconds%secondsPerDay
	clock := time.Unix(seconds, 0).UTC().Format("15:04:05")
	if days == 0 && (format == hasTime || !d.from1904) {
		return clock
	}
	day, ok := d.day(days)
	switch {
	case !ok:
		return numberText(v)
	case seconds == 0 && format == hasDate:
		return day
	}
	return day + " " + clock
}

func (d dates) day(days int64) (string, bool) {
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case d.from1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 60: // 29 February 1900, which only Excel believes in
		return "", false
	case days < 60:
		start = start.AddDate(0, 0, 1)
	}
	return start.AddDate(0, 0, int(days)).Format(time.DateOnly), true
}

// numberFormats knows the formats of one workbook: id → format code.
type numberFormats map[int]string

// kind classifies the format with that id.
func (n numberFormats) kind(id int) timeFormat {
	if code, ok := n[id]; ok {
		return formatKind(code)
	}
	switch { // built in; 27–36 and 50–58 are the Chinese, Japanese and Korean ones
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return hasTime
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return hasDate
	}
	return noTime
}

// formatKind looks for the letters of dates and times in a format code like
// [$-804]yyyy"年"m"月"d"日";@. Elapsed time ([h]:mm) is a plain number.
func formatKind(code string) timeFormat {
	bare := strings.ToLower(bareFormat(code))
	bare = strings.ReplaceAll(bare, "general", "")
	switch {
	case strings.Contains(bare, "elapsed"):
		return noTime
	case strings.ContainsAny(bare, "yd"):
		return hasDate
	case strings.ContainsAny(bare, "hs"):
		return hasTime
	case strings.Contains(bare, "m"):
		return hasDate
	}
	return noTime
}

// bareFormat returns the first section of a format code without its literal
// text, colours and locales; an elapsed-time bracket becomes "elapsed".
func bareFormat(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return b.String()
		case '"':
			i = skipTo(code, i+1, '"')
		case '[':
			end := skipTo(code, i+1, ']')
			if isElapsed(strings.ToLower(code[i+1 : end])) {
				b.WriteString("elapsed")
			}
			i = end
		case '\\', '_', '*':
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isElapsed recognises h, hh, mm … between brackets.
func isElapsed(inner string) bool {
	return inner != "" && strings.Contains("hms", inner[:1]) && strings.Trim(inner, inner[:1]) == ""
}

// skipTo returns the index of c in s at or behind from, or len(s).
func skipTo(s string, from int, c byte) int {
	if n := strings.IndexByte(s[from:], c); n >= 0 {
		return from + n
	}
	return len(s)
}
