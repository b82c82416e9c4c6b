package envelope

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// MaxBody is how large the body of a callback may be: they have some KiB, three
// times that in compatible mode.
const MaxBody = 64 << 10

// decode reads XML of the outside world. What XML forbids in text, control
// characters and broken UTF-8, is repaired; what is wrong with its structure, and
// any DTD, is ErrMalformed.
func decode(raw []byte, into any) error {
	if len(raw) > MaxBody {
		return fmt.Errorf("%w: %d bytes", ErrMalformed, len(raw))
	}
	tokens := noDTD{xml.NewDecoder(bytes.NewReader(repair(raw)))}
	if err := xml.NewTokenDecoder(tokens).Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// encode writes structs of strings and numbers, which cannot fail.
func encode(v any) []byte {
	b, _ := xml.Marshal(v)
	return b
}

// noDTD passes on tokens, but no <!DOCTYPE or <!ENTITY.
type noDTD struct{ from xml.TokenReader }

func (r noDTD) Token() (xml.Token, error) {
	t, err := r.from.Token()
	if _, ok := t.(xml.Directive); ok {
		return nil, errors.New("a DTD")
	}
	return t, err
}

// references finds characters by number (&#11;), and CDATA, where they are none.
var references = regexp.MustCompile(`(?s)<!\[CDATA\[.*?\]\]>|&#(?:x[0-9a-fA-F]+|[0-9]+);`)

// repair makes text that XML allows: forbidden characters go, their references and
// what is not UTF-8 become U+FFFD.
func repair(raw []byte) []byte {
	return references.ReplaceAllFunc(clean(raw), func(found []byte) []byte {
		if found[0] == '<' || allowed(referred(found)) {
			return found
		}
		return []byte("\uFFFD")
	})
}

// clean drops the characters that XML forbids. What is not UTF-8 becomes U+FFFD.
func clean(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if allowed(r) {
			return r
		}
		return -1
	}, text)
}

// referred returns the character that &#…; means, or one that is not allowed.
func referred(reference []byte) rune {
	digits, base := string(reference[2:len(reference)-1]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseInt(digits, base, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

// allowed reports whether XML 1.0 has the character.
func allowed(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < ' ', r == 0xFFFE, r == 0xFFFF:
		return false
	default:
		return utf8.ValidRune(r)
	}
}
