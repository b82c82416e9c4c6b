package normalize_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"faqbot/knowledge/normalize"
)

func newNormalizer(tb testing.TB) *normalize.Normalizer {
	tb.Helper()
	n, err := normalize.New()
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestText(t *testing.T) {
	n := newNormalizer(t)
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"full width", "ＡＢＣ１２３，你好！", "abc123 你好"},
		{"case", "WiFi", "wifi"},
		{"traditional", "請問熱水器怎麼開發票", "请问热水器怎么开发票"},
		{"punctuation", "怎么办？？！！……啊", "怎么办 啊"},
		{"punctuation only", "？！。，", ""},
		{"emoji", "退款😀❤️👍🏽👨‍👩‍👧", "退款"},
		{"emoji only", "😂😂", ""},
		{"keycap", "按1️⃣", "按1"},
		{"zero width", "退\u200b款\ufeff\u2060", "退款"},
		{"direction marks", "退\u202e款\u202c", "退款"},
		{"circled digit", "①套餐", "1套餐"},
		{"thousands", "1,000元 1,00元", "1000元 1 00元"},
		{"decimal", "2.5升", "2.5升"},
		{"end point", "共2.", "共2"},
		{"number with units", "二十四小时", "24小时"},
		{"ten", "十二点 二十 三百 两千零五", "12点 20 300 2005"},
		{"no number", "一下 万一 十分 一一 七八十", "一下 万一 十分 一一 七八十"},
		{"address", "看https://a.b/c?d=1怎么办", "看 怎么办"},
		{"bare address", "www.example.com", ""},
		{"invalid UTF-8", "退\xff\xfe款", "退款"},
		{"NUL", "退\x00款", "退款"},
		{"white space", " 退 \t\r\n款　", "退 款"},
		{"combining mark", "e\u0301t\u0307", "éṫ"},
		{"ligature", "㎡ ㏄", "m2 cc"},
		{"rare character", "𠮷野家", "𠮷野家"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := n.Text(tt.in); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestKey(t *testing.T) {
	n := newNormalizer(t)
	for _, same := range [][]string{
		{"怎么退款", "怎麼退款？", "怎么 退款", "【怎么】退款😀", "怎么\u200b退款。"},
		{"5G套餐", "５ｇ套餐", "5g 套餐！"},
		{"24小时", "二十四小时", "24 小时"},
		{"", "？？", "😀", " \t"},
	} {
		want := n.Key(same[0])
		for _, s := range same[1:] {
			if got := n.Key(s); got != want {
				t.Errorf("Key(%q) = %q, Key(%q) = %q", s, got, same[0], want)
			}
		}
	}
	for _, differ := range [][2]string{{"5 1", "51"}, {"2.5", "25"}, {"开通", "取消"}} {
		if n.Key(differ[0]) == n.Key(differ[1]) {
			t.Errorf("Key(%q) = Key(%q)", differ[0], differ[1])
		}
	}
}

// FuzzText checks what every caller relies on: no panic, valid UTF-8, no
// leading, trailing or doubled space, and a result that stays as it is when it
// is normalised again.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"", "怎么退款？", "ＷｉＦｉ　１２３", "請問", "😀👨‍👩‍👧", "\xff\xfe", "1,000.5", "二百五十", "十", "e\u0301",
		"https://x.y", "\u202e\x00", "ﷺ", "ẞ", "一百一", "㍿", "½", "Ǆ", strings.Repeat("啊", 500),
	} {
		f.Add(s)
	}
	n := newNormalizer(f)
	f.Fuzz(func(t *testing.T, s string) {
		text := n.Text(s)
		if !utf8.ValidString(text) {
			t.Fatalf("Text(%q) = %q is not UTF-8", s, text)
		}
		if text != strings.Join(strings.Fields(text), " ") {
			t.Fatalf("Text(%q) = %q has stray spaces", s, text)
		}
		if again := n.Text(text); again != text {
			t.Fatalf("Text is not stable: %q → %q → %q", s, text, again)
		}
		if key := n.Key(s); n.Key(key) != key {
			t.Fatalf("Key is not stable: %q → %q → %q", s, key, n.Key(key))
		}
	})
}

func BenchmarkText(b *testing.B) {
	n := newNormalizer(b)
	for b.Loop() {
		n.Text("请问燃气热水器打不着火怎么办？")
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newNormalizer(b)
	}
}
