package kbfile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"faqbot/knowledge"
)

// The words for yes and no, in half width and lower case.
const (
	yesWords = " 是 1 true y yes √ ✓ ✔ ☑ 对 on 启用 已启用 启用中 生效 已生效 生效中 有效 开启 已开启 开 正常 已发布 发布 上线 已上线 上架 enabled enable active published "
	noWords  = " 否 0 false n no × ✗ ✘ x 不是 off 停用 已停用 禁用 已禁用 失效 已失效 无效 关闭 已关闭 关 草稿 下线 已下线 下架 未启用 未生效 未发布 待发布 待审核 待生效 已过期 过期 disabled disable inactive draft "
)

// parseBool reads yes and no in their many forms. Ok is false for other text;
// the empty cell is other text too.
func parseBool(cell string) (value, ok bool) {
	word := strings.ToLower(strings.TrimSpace(width.Fold.String(cell)))
	if word == "" || strings.Contains(word, " ") {
		return false, false
	}
	word = " " + word + " "
	return strings.Contains(yesWords, word), strings.Contains(yesWords, word) || strings.Contains(noWords, word)
}

// parseReplyAll reads yes and no, and the strategies that some products name.
func parseReplyAll(cell string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "all", "全部", "全部回复":
		return true, true
	case "random", "随机", "随机回复":
		return false, true
	}
	return parseBool(cell)
}

// parseThreshold reads 0.8, 80% or 80. Zero means none.
func parseThreshold(cell string) (float64, bool) {
	s := strings.TrimSpace(width.Fold.String(cell))
	number, percent := strings.CutSuffix(s, "%")
	t, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(t) || t < 0 {
		return 0, false
	}
	if percent || t >= 10 {
		t /= 100
	}
	return t, t <= 1
}

// chinaTime is the zone of times without zone. It needs no zone database.
func chinaTime() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

var (
	dateForm = regexp.MustCompile(`^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?` +
		`(?:[t\s]*(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*分?(?:\s*[:]?\s*(\d{1,2})(\.\d{1,9})?\s*秒?)?)?)?\s*(z|[+-]\d{2}:?\d{2})?$`)
	compactForm = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:\s*(\d{2}):?(\d{2})(?::?(\d{2}))?)?$`)
	serialForm  = regexp.MustCompile(`^\d{5}(?:\.\d+)?$`)
)

// parseTime reads a date, with or without a time of day: 2024-05-28 11:22:28,
// 2024/5/28, 2024年5月28日 18时30分, 20240528, RFC 3339, or the serial number of a
// spreadsheet. DateOnly reports that there was no time of day.
func parseTime(cell string, loc *time.Location) (t time.Time, dateOnly, ok bool) {
	s := strings.ToLower(strings.TrimSpace(width.Fold.String(cell)))
	if serialForm.MatchString(s) {
		return parseSerial(s, loc)
	}
	g := dateForm.FindStringSubmatch(s)
	if g == nil {
		if c := compactForm.FindStringSubmatch(s); c != nil {
			g = append(c, "", "")
		}
	}
	if g == nil {
		return time.Time{}, false, false
	}
	if zone := g[8]; zone != "" {
		if loc, ok = parseZone(zone); !ok {
			return time.Time{}, false, false
		}
	}
	t, ok = civilTime(g[1:7], g[7], loc)
	return t, g[4] == "", ok
}

// civilTime makes a time of year, month, day, hour, minute, second; empty parts
// are 0. It refuses 31 February and 25:00, but accepts 24:00.
func civilTime(parts []string, fraction string, loc *time.Location) (time.Time, bool) {
	var n [6]int
	for i, p := range parts {
		n[i], _ = strconv.Atoi(p) // at most four digits, or empty
	}
	nanos := 0
	if fraction != "" {
		nanos, _ = strconv.Atoi((fraction[1:] + "00000000")[:9])
	}
	midnight := n[3] == 24 && n[4] == 0 && n[5] == 0 && nanos == 0
	if n[3] > 23 && !midnight || n[4] > 59 || n[5] > 59 || n[0] < 1900 {
		return time.Time{}, false
	}
	day := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, loc)
	if day.Month() != time.Month(n[1]) || day.Day() != n[2] {
		return time.Time{}, false
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, loc), true
}

func parseZone(s string) (*time.Location, bool) {
	if s == "z" {
		return time.UTC, true
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi(digits[2:])
	if hours > 14 || minutes > 59 {
		return nil, false
	}
	seconds := (hours*60 + minutes) * 60
	if s[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}

// parseSerial reads the day number of a spreadsheet, with the time of day as its
// fraction, from 1954 to 2119.
func parseSerial(s string, loc *time.Location) (t time.Time, dateOnly, ok bool) {
	serial, err := strconv.ParseFloat(s, 64)
	if err != nil || serial < 20000 || serial > 80000 {
		return time.Time{}, false, false
	}
	days, fraction := math.Modf(serial)
	seconds := int(math.Round(fraction * 24 * 60 * 60))
	return time.Date(1899, 12, 30+int(days), 0, 0, seconds, 0, loc), fraction == 0, true
}

// forever reports the words for a time that never comes.
func forever(cell string) bool {
	switch strings.ToLower(strings.Trim(cell, " \t\n。.")) {
	case "永久", "永久有效", "长期", "长期有效", "永不过期", "永不失效", "不限", "无", "无限期", "-", "--", "/", "forever", "never", "permanent":
		return true
	}
	return false
}

// isEndOfTime reports the dates that products write for "never".
func isEndOfTime(t time.Time) bool {
	y, m, d := t.Date()
	return m == time.December && d == 31 && (y == 2099 || y == 2999 || y == 9999)
}

// parseFrom reads a first moment; the zero time means none.
func parseFrom(cell string, loc *time.Location) (time.Time, bool) {
	if forever(cell) {
		return time.Time{}, true
	}
	t, _, ok := parseTime(cell, loc)
	return t, ok
}

// parseUntil reads an end; the zero time means none. A date without time means
// through that day.
func parseUntil(cell string, loc *time.Location) (time.Time, bool) {
	if forever(cell) {
		return time.Time{}, true
	}
	t, dateOnly, ok := parseTime(cell, loc)
	if ok && isEndOfTime(t) {
		return time.Time{}, true
	}
	if ok && dateOnly {
		t = t.AddDate(0, 0, 1)
	}
	return t, ok
}

var rangeSeparator = regexp.MustCompile(`\s*(?:[~～至到—–,，]+|--+|\s-\s)\s*`)

// parseValidity reads a period: "a~b", "a 至 b", "a 起", "至 b", a single date (the
// end), or 永久.
func parseValidity(cell string, loc *time.Location) (from, until time.Time, ok bool) {
	cell = strings.TrimSpace(cell)
	if start, found := strings.CutSuffix(cell, "起"); found {
		from, ok = parseFrom(strings.TrimSpace(start), loc)
		return from, until, ok
	}
	cell = strings.TrimRight(cell, "止 ")
	parts := rangeSeparator.Split(cell, 2)
	if len(parts) == 1 && strings.Count(cell, "-") == 1 && strings.ContainsAny(cell, "/.年") {
		parts = strings.Split(cell, "-") // 2024/1/1-2024/12/31
	}
	if len(parts) == 1 {
		until, ok = parseUntil(parts[0], loc)
		return from, until, ok
	}
	if strings.TrimSpace(parts[0]) != "" {
		if from, ok = parseFrom(parts[0], loc); !ok {
			return from, until, false
		}
	}
	until, ok = parseUntil(parts[1], loc)
	return from, until, ok
}

// formatTime writes a time as parseTime reads it, in the zone, as short as it
// can be without loss of milliseconds. It always has a time of day.
func formatTime(t time.Time, loc *time.Location) string {
	switch t = t.In(loc); {
	case t.IsZero():
		return ""
	case t.Nanosecond() >= int(time.Millisecond):
		return t.Format("2006-01-02 15:04:05.000")
	case t.Second() != 0:
		return t.Format(time.DateTime)
	default:
		return t.Format("2006-01-02 15:04")
	}
}

// The separators of category names, the strongest first; a cell is split at the
// first kind that occurs in it.
var categorySeparators = []string{"/／", ">＞→»", `\`, "|｜", "-－—–"}

// parseCategory splits a path into its names, see the package comment.
func parseCategory(cell string) knowledge.Path {
	runes, literal := unescapeCategory(strings.TrimSpace(cell))
	separators := ""
	for _, kind := range categorySeparators {
		for i := range runes {
			if !literal[i] && strings.ContainsRune(kind, runes[i]) && (kind[0] != '-' || isDash(runes, i)) {
				separators = kind
			}
		}
		if separators != "" {
			break
		}
	}
	var path knowledge.Path
	var name []rune
	flush := func() {
		if n := strings.TrimSpace(string(name)); n != "" {
			path = append(path, n)
		}
		name = name[:0]
	}
	for i, r := range runes {
		if !literal[i] && strings.ContainsRune(separators, r) && (separators[0] != '-' || isDash(runes, i)) {
			flush()
			continue
		}
		name = append(name, r)
	}
	flush()
	return path
}

// unescapeCategory takes the backslashes away that stand before a separator and
// tells which characters they made text.
func unescapeCategory(s string) (runes []rune, literal []bool) {
	in := []rune(s)
	all := strings.Join(categorySeparators, "")
	for i := 0; i < len(in); i++ {
		escaped := in[i] == '\\' && i+1 < len(in) && strings.ContainsRune(all, in[i+1])
		if escaped {
			i++
		}
		runes = append(runes, in[i])
		literal = append(literal, escaped)
	}
	return runes, literal
}

// isDash reports whether the dash at i may separate: with blanks on both sides,
// or between two Chinese characters.
func isDash(runes []rune, i int) bool {
	if i == 0 || i == len(runes)-1 {
		return false
	}
	before, after := runes[i-1], runes[i+1]
	return unicode.IsSpace(before) && unicode.IsSpace(after) || unicode.Is(unicode.Han, before) && unicode.Is(unicode.Han, after)
}

// formatCategory is the inverse of parseCategory.
func formatCategory(path knowledge.Path) string {
	names := make([]string, len(path))
	escape := `\/／`
	if len(path) == 1 {
		escape = strings.Join(categorySeparators, "")
	}
	for i, name := range path {
		runes := []rune(name)
		var b strings.Builder
		for j, r := range runes {
			dash := strings.ContainsRune(categorySeparators[4], r)
			if strings.ContainsRune(escape, r) && (!dash || isDash(runes, j)) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		names[i] = b.String()
	}
	return strings.Join(names, "/")
}

// unreadable words what is wrong with a cell.
func unreadable(header, cell, advice string) string {
	const most = 40
	shown := []rune(strings.TrimSpace(cell))
	if len(shown) > most {
		shown = append(shown[:most], '…')
	}
	return fmt.Sprintf("「%s」看不懂：“%s”，%s", header, string(shown), advice)
}
