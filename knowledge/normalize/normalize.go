// Package normalize brings different spellings of the same question to one
// form: full and half width, traditional and simplified characters, case,
// punctuation, emoji, invisible characters, Chinese numerals, web addresses.
// What it returns is for comparing and matching, never for showing.
package normalize

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/longbridgeapp/opencc"
	"golang.org/x/text/unicode/norm"
)

// Version changes with every change of what Text or Key return; what was built
// from their results must then be built again.
const Version = 1

// Normalizer is immutable and safe for concurrent use.
type Normalizer struct {
	simplified map[rune]rune // traditional character → simplified one
}

// New builds a Normalizer. It takes some milliseconds: build one and share it.
func New() (*Normalizer, error) {
	simplified, err := simplifiedTable()
	if err != nil {
		return nil, fmt.Errorf("load the table of simplified characters: %w", err)
	}
	return &Normalizer{simplified: simplified}, nil
}

// simplifiedTable asks the converter for each Chinese character by itself.
// Phrases that depend on their neighbours (乾隆, 乾杯) need no care here: both
// sides of a comparison go through the same table.
func simplifiedTable() (map[rune]rune, error) {
	converter, err := opencc.New("t2s")
	if err != nil {
		return nil, err
	}
	table := make(map[rune]rune, 4096)
	for r := rune(0x3400); r <= 0x9fff; r++ {
		to, err := converter.Convert(string(r))
		if err != nil {
			return nil, fmt.Errorf("convert %q: %w", r, err)
		}
		if s, size := utf8.DecodeRuneInString(to); s != r && size == len(to) {
			table[r] = s
		}
	}
	return table, nil
}

// webAddress ends at the first character that no address contains unescaped, so
// that Chinese text that follows without a blank is kept.
var webAddress = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[!-~]+`)

// Text returns s in lower case, half width and simplified characters, without
// emoji, invisible characters and web addresses, Chinese numbers as digits, each
// run of punctuation and blanks as a single space. Invalid UTF-8 is dropped. It
// may be empty.
func (n *Normalizer) Text(s string) string {
	return string(numerals(n.fold(n.clean(s))))
}

// Key returns Text without spaces. Questions with equal keys are the same
// question; an empty key means that s says nothing in words.
func (n *Normalizer) Key(s string) string {
	runes := n.fold(n.clean(s))
	kept := make([]rune, 0, len(runes))
	for i, r := range runes {
		if r != ' ' || splitsDigits(runes, i) {
			kept = append(kept, r)
		}
	}
	return norm.NFKC.String(string(numerals(kept)))
}

// clean drops what is no text and composes the characters.
func (n *Normalizer) clean(s string) []rune {
	s = strings.ToValidUTF8(s, "")
	if strings.Contains(s, "://") || strings.Contains(s, "www.") || strings.Contains(s, "WWW.") {
		s = webAddress.ReplaceAllString(s, " ")
	}
	return []rune(norm.NFKC.String(s))
}

// splitsDigits reports whether the space at i keeps two numbers apart: "5 1" is
// not "51".
func splitsDigits(runes []rune, i int) bool {
	return i > 0 && i+1 < len(runes) && isDigit(runes[i-1]) && isDigit(runes[i+1])
}

// fold maps each character and drops those without meaning.
func (n *Normalizer) fold(runes []rune) []rune {
	out := make([]rune, 0, len(runes))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case isInvisible(r):
		case keepsPoint(runes, i):
			out = append(out, '.')
		case isThousandsComma(runes, i):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r):
			out = append(out, n.letter(r))
		case isMark(r):
		default:
			out = appendSpace(out)
		}
	}
	if last := len(out) - 1; last >= 0 && out[last] == ' ' {
		out = out[:last]
	}
	return out
}

// letter returns r in lower case and simplified.
func (n *Normalizer) letter(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	if s, ok := n.simplified[r]; ok {
		return s
	}
	return unicode.ToLower(r)
}

func appendSpace(out []rune) []rune {
	if len(out) == 0 || out[len(out)-1] == ' ' {
		return out
	}
	return append(out, ' ')
}

// isInvisible reports characters that leave no trace on a screen: zero-width,
// joiners, variation selectors, direction marks, controls other than white
// space, and the skin tones and tags of emoji.
func isInvisible(r rune) bool {
	if unicode.IsSpace(r) {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Variation_Selector) ||
		r >= 0x1f3fb && r <= 0x1f3ff || r == 0x20e3
}

// isMark reports combining marks, which belong to the letter before them.
func isMark(r rune) bool { return unicode.IsMark(r) }

// keepsPoint reports the point of a decimal number: "2.5" is not "25".
func keepsPoint(runes []rune, i int) bool {
	return runes[i] == '.' && between(runes, i, isDigit)
}

// isThousandsComma reports the comma of "1,000".
func isThousandsComma(runes []rune, i int) bool {
	if runes[i] != ',' || !between(runes, i, isDigit) || i+3 >= len(runes) {
		return false
	}
	return isDigit(runes[i+2]) && isDigit(runes[i+3]) && (i+4 >= len(runes) || !isDigit(runes[i+4]))
}

func between(runes []rune, i int, is func(rune) bool) bool {
	return i > 0 && i+1 < len(runes) && is(runes[i-1]) && is(runes[i+1])
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
