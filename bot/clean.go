package bot

import (
	"strings"
	"unicode"
)

// maxMarks is how many combining marks may follow each other.
const maxMarks = 4

// CleanText makes a text from outside fit to be stored and shown: what is not
// UTF-8 becomes U+FFFD, line ends become \n and tabs blanks; other control
// characters go, and so do the marks that override the direction of text and
// combining marks beyond the fourth in a row. Cleaning twice changes nothing.
func CleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			r = '\n'
		case r == '\t':
			r = ' '
		case unicode.Is(unicode.Cc, r) || overridesDirection(r):
			return -1
		}
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
			return r
		}
		if marks++; marks > maxMarks {
			return -1
		}
		return r
	}, s)
}

// overridesDirection reports whether r is an embedding, override or isolate of
// text direction, or a byte order mark.
func overridesDirection(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\uFEFF'
}
