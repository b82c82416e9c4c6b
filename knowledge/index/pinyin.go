package index

import (
	"strings"

	gopinyin "github.com/mozillazg/go-pinyin"
)

// pinyin returns the first reading of a Chinese character without its tone, or
// "" for any other character.
func pinyin(r rune) string {
	readings, ok := gopinyin.PinyinDict[int(r)]
	if !ok {
		return ""
	}
	reading, _, _ := strings.Cut(readings, ",")
	return strings.Map(withoutTone, reading)
}

// withoutTone returns the plain letter; ü is v, as it is typed.
func withoutTone(r rune) rune {
	switch r {
	case 'ā', 'á', 'ǎ', 'à':
		return 'a'
	case 'ē', 'é', 'ě', 'è', 'ê', 'ế', 'ề':
		return 'e'
	case 'ī', 'í', 'ǐ', 'ì':
		return 'i'
	case 'ō', 'ó', 'ǒ', 'ò':
		return 'o'
	case 'ū', 'ú', 'ǔ', 'ù':
		return 'u'
	case 'ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ':
		return 'v'
	case 'ń', 'ň', 'ǹ':
		return 'n'
	case 'ḿ':
		return 'm'
	}
	if r >= 0x300 && r < 0x370 {
		return -1 // a tone written as a combining mark
	}
	return r
}
