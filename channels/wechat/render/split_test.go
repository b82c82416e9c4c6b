package render_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"faqbot/channels/wechat/render"
)

func TestSplit(t *testing.T) {
	long := strings.Repeat("字", 400)
	link := `<a href="https://a.example/` + strings.Repeat("x", 200) + `">请看这里的说明</a>`
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"empty", " \n ", nil},
		{"short", " 您好。\n\n请说。 ", []string{"您好。\n\n请说。"}},
		{"paragraph", long + "。甲\n\n" + long, []string{long + "。甲", long}},
		{"line before sentence", long + "\n甲。乙" + long, []string{long, "甲。乙" + long}},
		{"sentence", long + "。甲，" + long, []string{long + "。", "甲，" + long}},
		{"a sentence that is quoted", long + "（甲！）乙" + long, []string{long + "（甲！）", "乙" + long}},
		{"dots", long + "……乙" + long, []string{long + "……", "乙" + long}},
		{"clause", long + "，甲" + long, []string{long + "，", "甲" + long}},
		{"Latin sentence", strings.Repeat("good ", 80) + "end. " + strings.Repeat("more ", 80), []string{strings.Repeat("good ", 80) + "end.", strings.TrimSpace(strings.Repeat("more ", 80))}},
		{"nothing better", long + long, []string{strings.Repeat("字", 600), strings.Repeat("字", 200)}},
		{"number", strings.Repeat("字", 595) + "1,234,567.89元", []string{strings.Repeat("字", 595), "1,234,567.89元"}},
		{"wide number", strings.Repeat("字", 598) + "１２３４５", []string{strings.Repeat("字", 598), "１２３４５"}},
		{"face", strings.Repeat("字", 598) + "[微笑]好", []string{strings.Repeat("字", 598), "[微笑]好"}},
		{"link", strings.Repeat("字", 590) + link + "完", []string{strings.Repeat("字", 590), link + "完"}},
		{"family", strings.Repeat("字", 598) + "👨‍👩‍👧‍👦好", []string{strings.Repeat("字", 598), "👨‍👩‍👧‍👦好"}},
		{"item of a list", long + "。\n12. " + long, []string{long + "。", "12. " + long}},
		{"no stop in front", strings.Repeat("字", 600) + "。甲", []string{strings.Repeat("字", 599), "字。甲"}},
		{"bytes", strings.Repeat("😀", 500) + "。完", []string{strings.Repeat("😀", 499), "😀。完"}},
		{"bytes with room", strings.Repeat("😀", 501), []string{strings.Repeat("😀", 500), "😀"}},
		{"a word too long", strings.Repeat("x", 700), []string{strings.Repeat("x", 600), strings.Repeat("x", 100)}},
		{"a character too long", "e" + strings.Repeat("\u0301", 700), []string{"e" + strings.Repeat("\u0301", 599), strings.Repeat("\u0301", 101)}},
		{"white space", long + strings.Repeat(" \n", 400) + long, []string{long, long}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := render.Split(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("Split = %q\n want %q", got, tt.want)
			}
		})
	}
}

// TestSplitAnswer cuts what is a little too long at a sentence, in order (WT14).
func TestSplitAnswer(t *testing.T) {
	in := strings.Repeat("热水器点不着火时，请先检查燃气阀门是否打开，电池是否有电。", 23) + "谢谢"
	if len(in) <= render.MaxBytes {
		t.Fatalf("only %d bytes", len(in))
	}
	got := render.Split(in)
	if len(got) != 2 || !strings.HasSuffix(got[0], "。") || got[0]+got[1] != in {
		t.Errorf("Split = %q", got)
	}
}

// TestSplitIsSaving cuts the longest answer there is into few messages.
func TestSplitIsSaving(t *testing.T) {
	in := strings.Repeat("热水器点不着火时，请先检查燃气阀门是否打开，电池是否有电。\n", 20000/30)
	if got := render.Split(in); len(got) > 36 {
		t.Errorf("%d characters make %d messages", utf8.RuneCountInString(in), len(got))
	}
}

// pieces are what texts are made of in TestSplitKeeps.
func pieces() *rapid.Generator[string] {
	repeat := func(s string, most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string { return strings.Repeat(s, rapid.IntRange(1, most).Draw(t, "times")) })
	}
	return rapid.OneOf(
		repeat("中", 700), repeat("你好，", 80), repeat("好的。", 80), repeat("word ", 100), repeat("7", 30), repeat("😀", 300),
		repeat("👨‍👩‍👧", 100), repeat("\n", 5), repeat(" ", 20),
		rapid.SampledFrom([]string{"1,234.56", "（甲！）", "……", "[微笑]", "/::<", "/:<L>", "\n1. 甲", "\n• 乙", "<", "e\u0301", "\r\n", "　"}),
		rapid.Custom(func(t *rapid.T) string {
			return `<a href="https://a.example/` + strings.Repeat("y", rapid.IntRange(0, 400).Draw(t, "path")) + `">详情 看这里</a>`
		}),
		rapid.String(),
	)
}

var link = regexp.MustCompile(`<a href="[^"]*">[^<]*</a>`)

// TestSplitKeeps: whatever is cut, nothing is lost or put out of order, the limits
// are kept, and what belongs together stays together.
func TestSplitKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(pieces(), 1, 12).Draw(t, "pieces"), "")
		got := render.Split(in)
		if solid(strings.Join(got, "")) != solid(in) {
			t.Fatalf("Split(%q) = %q: not the same text", in, got)
		}
		var links []string
		at := 0
		for _, piece := range got {
			if piece == "" || len(piece) > render.MaxBytes || utf8.RuneCountInString(piece) > render.MaxRunes {
				t.Fatalf("a piece of %d bytes and %d characters", len(piece), utf8.RuneCountInString(piece))
			}
			found := strings.Index(in[at:], piece)
			if found < 0 || strings.TrimSpace(in[at:at+found]) != "" {
				t.Fatalf("%q does not follow in %q", piece, in[at:])
			}
			at += found + len(piece)
			links = append(links, link.FindAllString(piece, -1)...)
		}
		if want := link.FindAllString(in, -1); !slices.Equal(links, want) {
			t.Fatalf("links %q, want %q", links, want)
		}
		if !slices.Equal(clusters(strings.Join(got, "\n")), clusters(in)) {
			t.Fatalf("Split(%q) = %q parts a character", in, got)
		}
	})
}

// solid is a text without its white space.
func solid(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// clusters are the characters of a text as readers count them.
func clusters(s string) (list []string) {
	for state := -1; s != ""; {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if cluster = strings.TrimSpace(cluster); cluster != "" {
			list = append(list, cluster)
		}
	}
	return list
}
