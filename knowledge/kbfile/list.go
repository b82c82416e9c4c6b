package kbfile

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"faqbot/knowledge"
)

// listFormat says how several values stand in one cell.
type listFormat struct {
	// escaped: a backslash before one of specials makes it text.
	escaped  bool
	specials string
	hashes   bool // split at ##
	lines    bool // split at line ends, if there is no ##
	// questions: split at || | ; if there is neither, and every part looks like a
	// question.
	questions bool
	// words: split at 、 , ; | if there is neither.
	words    bool
	numbered bool // take numbering away
}

// The formats of the cells. With own they are those of our layout.
func questionFormat(own bool) listFormat {
	return listFormat{escaped: own, specials: "#\n|;；", hashes: true, lines: true, questions: true, numbered: true}
}

func counterFormat(own bool) listFormat {
	return listFormat{escaped: own, specials: "#\n", hashes: true, lines: true, numbered: true}
}

func answerFormat(own, hashes bool) listFormat {
	return listFormat{escaped: own, specials: "#", hashes: hashes}
}

func wordFormat() listFormat {
	return listFormat{escaped: true, specials: "#\n、，,；;|", hashes: true, lines: true, words: true}
}

// split returns the values in the cell, trimmed, without empty ones. Already is
// the number of values of the list that were read before, for numbering that
// runs on.
func (f listFormat) split(cell string, already int) []string {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	if f.numbered {
		if values, ok := jsonList(cell); ok {
			return values
		}
	}
	parts := f.parts(cell)
	values := make([]string, 0, len(parts))
	for i, part := range parts {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		part = f.unescape(part, i < len(parts)-1)
		if text, guarded := f.unguard(part); guarded {
			part = text
		} else if f.numbered {
			part = stripMark(part, len(values)+1, already+len(values)+1)
		}
		if part != "" {
			values = append(values, part)
		}
	}
	return values
}

// parts cuts the cell at the separators that apply.
func (f listFormat) parts(cell string) []string {
	if f.hashes {
		if parts := f.cut(cell, "##"); len(parts) > 1 {
			return parts
		}
	}
	if f.lines {
		if parts := f.cut(cell, "\n"); len(parts) > 1 {
			return parts
		}
	}
	if f.questions {
		for _, separators := range [][]string{{"||"}, {"|"}, {";", "；"}} {
			if parts := f.cut(cell, separators...); len(parts) > 1 && allQuestions(parts) {
				return parts
			}
		}
	}
	if f.words {
		return f.cut(cell, "、", "，", ",", ";", "；", "|")
	}
	return []string{cell}
}

// cut splits s at the separators that are not escaped.
func (f listFormat) cut(s string, separators ...string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); {
		if n := f.escapeAt(s, i); n > 0 {
			i += n
			continue
		}
		n := 0
		for _, sep := range separators {
			if strings.HasPrefix(s[i:], sep) {
				n = len(sep)
				break
			}
		}
		if n == 0 {
			i++
			continue
		}
		parts = append(parts, s[start:i])
		i += n
		start = i
	}
	return append(parts, s[start:])
}

// escapeAt returns the length of the run of backslashes at i, together with the
// special character that it escapes; 0 if there is no run before a special one.
func (f listFormat) escapeAt(s string, i int) int {
	run, special := f.runAt(s, i)
	if special == 0 {
		return 0
	}
	if run%2 == 1 {
		return run + special
	}
	return run
}

// runAt measures a run of backslashes at i and the special character behind it.
// Special is 0 if the run is empty or escapes nothing.
func (f listFormat) runAt(s string, i int) (run, special int) {
	if !f.escaped || s[i] != '\\' {
		return 0, 0
	}
	for i+run < len(s) && s[i+run] == '\\' {
		run++
	}
	r, size := utf8.DecodeRuneInString(s[i+run:])
	if size == 0 || !strings.ContainsRune(f.specials, r) {
		return run, 0
	}
	return run, size
}

// unescape takes the escapes out of one value; before says that a separator
// followed it.
func (f listFormat) unescape(s string, before bool) string {
	if !f.escaped || !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		run, special := f.runAt(s, i)
		switch {
		case run == 0:
			b.WriteByte(s[i])
			i++
			continue
		case special > 0 || before && i+run == len(s):
			b.WriteString(s[i : i+run/2])
		default:
			b.WriteString(s[i : i+run])
		}
		if run%2 == 1 {
			b.WriteString(s[i+run : i+run+special])
			run += special
		}
		i += run
	}
	return b.String()
}

// join is the inverse of split in our own layout. The values must be trimmed and
// not empty.
func (f listFormat) join(values []string, separator string) string {
	specials := f.alwaysEscaped()
	cell := f.joinEscaping(values, separator, specials)
	if len(values) == 1 && (f.words || f.questions) && len(f.parts(cell)) > 1 {
		return f.joinEscaping(values, separator, f.specials)
	}
	return cell
}

func (f listFormat) alwaysEscaped() string {
	if f.lines {
		return "#\n"
	}
	return "#"
}

func (f listFormat) joinEscaping(values []string, separator, escape string) string {
	var b strings.Builder
	edges := separator == "##" && len(values) > 1
	for i, v := range values {
		if f.numbered && needsGuard(v) {
			v = `\` + v
		}
		f.escapeInto(&b, v, escape, edges)
		if i < len(values)-1 {
			b.WriteString(v[len(strings.TrimRight(v, `\`)):]) // doubles the run
			b.WriteString(separator)
		}
	}
	return b.String()
}

// escapeInto writes v with a backslash before each character of escape; a single
// # needs none, unless edges says that it would touch a separator.
func (f listFormat) escapeInto(b *strings.Builder, v, escape string, edges bool) {
	run := 0
	for i, r := range v {
		if r == '\\' {
			run++
			b.WriteByte('\\')
			continue
		}
		if strings.ContainsRune(f.specials, r) {
			b.WriteString(strings.Repeat(`\`, run))
			if strings.ContainsRune(escape, r) && (r != '#' || besideHash(v, i, edges)) {
				b.WriteByte('\\')
			}
		}
		run = 0
		b.WriteRune(r)
	}
}

// besideHash reports whether the # at i is part of "##", or would become so at
// an edge.
func besideHash(s string, i int, edges bool) bool {
	if i == 0 || i == len(s)-1 {
		return edges || strings.Contains(s, "##") && (strings.HasPrefix(s[i:], "##") || strings.HasSuffix(s[:i+1], "##"))
	}
	return s[i-1] == '#' || s[i+1] == '#'
}

// unguard takes away the backslash that keeps a mark at the start of a value.
func (f listFormat) unguard(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, `\`); ok && f.escaped && f.numbered && needsGuard(rest) {
		return rest, true
	}
	return s, false
}

// needsGuard reports whether split would read the start of s as something else.
func needsGuard(s string) bool {
	if rest, ok := strings.CutPrefix(s, `\`); ok {
		return needsGuard(rest)
	}
	return strings.HasPrefix(s, "[") || mark.MatchString(s)
}

// mark is the numbering or the bullet before a value.
var mark = regexp.MustCompile(`^(?:[(（]?(\d{1,3})(?:[)）、．:：]|\.)|([①-⑳])|([-•·●○■▪*—–]))\s*`)

// stripMark takes numbering away, if the number is one of those that the place
// of the value suggests: "110、119有什么区别" keeps its number, so does "1.5L".
func stripMark(s string, places ...int) string {
	g := mark.FindStringSubmatchIndex(s)
	if g == nil {
		return s
	}
	rest := s[g[1]:]
	first, _ := utf8.DecodeRuneInString(rest)
	number := 0
	switch {
	case rest == "":
		return s
	case g[6] >= 0: // a bullet
		if unicode.IsDigit(first) {
			return s
		}
		return rest
	case g[4] >= 0:
		r, _ := utf8.DecodeRuneInString(s[g[4]:])
		number = int(r-'①') + 1
	default:
		if unicode.IsDigit(first) {
			return s
		}
		for _, c := range s[g[2]:g[3]] {
			number = number*10 + int(c-'0')
		}
	}
	for _, place := range places {
		if number == place {
			return rest
		}
	}
	return s
}

// jsonList reads a cell that holds a JSON array of texts.
func jsonList(cell string) ([]string, bool) {
	if !strings.HasPrefix(cell, "[") || !strings.HasSuffix(cell, "]") {
		return nil, false
	}
	var all []string
	if err := json.Unmarshal([]byte(cell), &all); err != nil {
		return nil, false
	}
	var values []string
	for _, v := range all {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	return values, true
}

// questionWords are what makes a text look like a question.
var questionWords = regexp.MustCompile(`[?？吗嘛呢么]|怎|如何|什么|咋|啥|哪|谁|几|多少|多久|多大|多长|为何|何时|是否|可否|能否|` +
	`能不能|可不可以|可以.+不|是不是|有没有|要不要|行不行|会不会|需不需要|请问|(?i:\b(?:how|what|when|where|why|who|which|can|do|does|is|are)\b)`)

func looksLikeQuestion(s string) bool {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	return n >= 2 && n <= knowledge.MaxQuestionRunes && questionWords.MatchString(s)
}

// allQuestions reports whether the parts, but for empty ones, look like
// questions. There must be two.
func allQuestions(parts []string) bool {
	n := 0
	for _, p := range parts {
		if strings.TrimSpace(p) == "" {
			continue
		}
		if !looksLikeQuestion(p) {
			return false
		}
		n++
	}
	return n >= 2
}

// cellRunes is the most that a spreadsheet keeps in one cell, less some room.
const cellRunes = 32000

// joinCells is join for lists that may be too long for one cell: it returns as
// many cells as needed. A single value is never cut.
func (f listFormat) joinCells(values []string, separator string) []string {
	var cells []string
	start, runes := 0, 0
	for i, v := range values {
		n := 2*utf8.RuneCountInString(v) + len(separator) // every character could be escaped
		if i > start && runes+n > cellRunes {
			cells = append(cells, f.join(values[start:i], separator))
			start, runes = i, 0
		}
		runes += n
	}
	if start < len(values) {
		cells = append(cells, f.join(values[start:], separator))
	}
	return cells
}
