package bot_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"faqbot/bot"
)

func TestCleanText(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "怎么退款？ refund #123\n第二行", "怎么退款？ refund #123\n第二行"},
		{"line ends", "a\r\nb\rc\u2028d\u2029e\u0085f", "a\nb\nc\nd\ne\nf"},
		{"tab", "a\tb", "a b"},
		{"NUL", "退\x00款", "退款"},
		{"controls", "\x01a\x07\x1b[31m\x7f\u0080b\u009f", "a[31mb"},
		{"not UTF-8", "退\xff款\xe9\x80", "退\ufffd款\ufffd\ufffd"},
		{"lone surrogate", "a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"},
		{"right to left override", "付款\u202egnp.exe\u202c", "付款gnp.exe"},
		{"isolates and marks", "\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061cd", "abcd"},
		{"Arabic stays", "مرحبا", "مرحبا"},
		{"four marks stay", "e\u0301\u0302\u0303\u0304x", "e\u0301\u0302\u0303\u0304x"},
		{"heap of marks", "e" + strings.Repeat("\u0301", 60) + "x", "e\u0301\u0301\u0301\u0301x"},
		{"heap around joiners", "e" + strings.Repeat("\u0301\u200d", 6), "e\u0301\u200d\u0301\u200d\u0301\u200d\u0301\u200d\u200d\u200d"},
		{"marks around a control", "e\u0301\u0302\x00\u0303\u0304\u0305", "e\u0301\u0302\u0303\u0304"},
		{"family", "👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"},
		{"heart on fire", "❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"},
		{"skin tone", "👍🏽", "👍🏽"},
		{"flag", "🇨🇳", "🇨🇳"},
		{"flag of Wales", "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"},
		{"keycap", "1\ufe0f\u20e3", "1\ufe0f\u20e3"},
		{"Vietnamese, decomposed", "tie\u0302\u0301ng", "tie\u0302\u0301ng"},
		{"Thai", "น้ำ", "น้ำ"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bot.CleanText(tt.in); got != tt.want {
				t.Errorf("CleanText(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzCleanText(f *testing.F) {
	for _, s := range []string{"", "怎么退款", "a\r\r\n\x00\xff", "e\u0301\u0301\u0301\u0301\u0301\u200d\u0301", "\u202e👨\u200d👩🏽", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := bot.CleanText(s)
		if !utf8.ValidString(got) {
			t.Errorf("CleanText(%q) = %q is not UTF-8", s, got)
		}
		if again := bot.CleanText(got); again != got {
			t.Errorf("CleanText(%+q) = %+q, and again %+q", s, got, again)
		}
		checkClean(t, got)
	})
}

// checkClean looks for what must not be left.
func checkClean(t *testing.T, s string) {
	marks := 0
	for _, r := range s {
		switch {
		case r != '\n' && unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			t.Errorf("%+q holds %U", s, r)
		case unicode.In(r, unicode.Mn, unicode.Me):
			marks++
		case !unicode.Is(unicode.Cf, r):
			marks = 0
		}
		if marks > 4 {
			t.Fatalf("%+q holds %d marks in a row", s, marks)
		}
	}
}
