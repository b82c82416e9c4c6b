package staff

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minName, maxName = 2, 32 // characters
	maxNick          = 32
)

// checkName checks a name to sign in with: ASCII letters, so that no two names
// look the same, or Chinese.
func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if n < minName || n > maxName || strings.ContainsFunc(name, func(r rune) bool { return !inName(r) }) {
		return &InvalidError{"name", "用户名须为 2–32 个字母、数字、汉字或 . _ -"}
	}
	return nil
}

func inName(r rune) bool {
	ascii := r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
	return ascii || strings.ContainsRune("._-", r) || unicode.Is(unicode.Han, r)
}

// Fold returns what is the same for names that differ by case only.
func Fold(name string) string { return strings.ToLower(name) }

// goodNick refuses what cannot be seen too: it could turn the text around it.
func goodNick(nick string) bool {
	n := utf8.RuneCountInString(nick)
	return n >= 1 && n <= maxNick && utf8.ValidString(nick) &&
		!strings.ContainsFunc(nick, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) })
}
