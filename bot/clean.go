package bot

import (
	"strings"
	"unicode"
)

// maxMarks is how many combining marks may follow each other. No writing needs
// more; heaps of them paint over the lines above.
const maxMarks = 4

// CleanText makes text of the outside safe to store and to show: what is not
// UTF-8 becomes U+FFFD, line ends become \n and tabs spaces, other control
// characters and the marks that change the direction of text go, and so do
// combining marks beyond the fourth in a row. To clean twice changes nothing.
func CleanText(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		if r = cleanRune(r); r == dropped {
			continue
		}
		if marks = countMarks(marks, r); marks <= maxMarks {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isClean recognises what most people write, plain ASCII and Chinese characters,
// without copying it.
func isClean(s string) bool {
	for _, r := range s {
		plain := r == '\n' || r >= ' ' && r < 0x7f || r >= 0x4e00 && r <= 0x9fff
		if !plain {
			return false
		}
	}
	return true
}

// dropped stands for a character that goes.
const dropped = -1

// cleanRune returns what a character becomes. What is not UTF-8 comes as U+FFFD.
func cleanRune(r rune) rune {
	switch {
	case r == '\n':
		return r
	case r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
		return '\n'
	case r == '\t':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return dropped
	default:
		return r
	}
}

// countMarks returns how many combining marks stand in a row after r.
// Invisible characters between them do not count, and do not start a new row.
func countMarks(before int, r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return min(before+1, maxMarks+1)
	case unicode.Is(unicode.Cf, r):
		return min(before, maxMarks)
	default:
		return 0
	}
}
