package render

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// How the platform shows a text, as far as is known: <a href="…">…</a> is a link.
// No other tag is understood, and what follows a bare < may be swallowed. Entities
// are shown as they stand, so that nothing can be escaped: & and > go as they are,
// and < becomes ＜, which looks much the same. Names of faces, such as [微笑] and
// /::), are pictures; some have a < in them.

// fits reports whether one message holds the text.
func fits(text string) bool {
	return len(text) <= MaxBytes && utf8.RuneCountInString(text) <= MaxRunes
}

// plain returns a text as it is shown, with nothing in it that could be read as a
// tag, no trailing space, and no more than one empty line.
func plain(text string) string {
	lines := strings.Split(escape(clean(text)), "\n")
	empty, kept := true, lines[:0]
	for _, line := range lines {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && empty {
			continue
		}
		empty = line == ""
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// oneLine is plain without line ends.
func oneLine(text string) string { return strings.Join(strings.Fields(plain(text)), " ") }

// clean drops what is not seen and what XML may not hold.
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\u2028', '\u2029':
			return '\n'
		case '\t', '\u00a0':
			return ' '
		case '\u200b', '\ufeff', '\ufffe', '\uffff':
			return -1
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// bracket finds each < and the names of faces that hold one.
var bracket = regexp.MustCompile(`/:<(?:[WLO]>|[@&])|/::<|<`)

// escape makes each < one that begins no tag.
func escape(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	var out strings.Builder
	at := 0
	for _, found := range bracket.FindAllStringIndex(text, -1) {
		token := text[found[0]:found[1]]
		if token == "<" || strings.HasSuffix(token, "<") && beginsTag(text[found[1]:]) {
			token = flat(token)
		}
		out.WriteString(text[at:found[0]])
		out.WriteString(token)
		at = found[1]
	}
	return out.String() + text[at:]
}

// flat replaces every <.
func flat(text string) string { return strings.ReplaceAll(text, "<", "＜") }

// beginsTag reports whether the text after a < makes a tag of it.
func beginsTag(rest string) bool {
	rest = strings.TrimPrefix(rest, "/")
	return rest != "" && (rest[0] == '!' || rest[0] == '?' || 'a' <= rest[0]|' ' && rest[0]|' ' <= 'z')
}

// shorten cuts a line after so many characters, where none is parted.
func shorten(line string, most int) string {
	if utf8.RuneCountInString(line) <= most {
		return line
	}
	var out strings.Builder
	for n := 0; ; {
		cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(line, -1)
		if n += utf8.RuneCountInString(cluster); n >= most {
			return strings.TrimSpace(out.String()) + "…"
		}
		out.WriteString(cluster)
		line = rest
	}
}
