package segment_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/knowledge/segment"
)

func newSegmenter(t testing.TB, userWords ...string) *segment.Segmenter {
	t.Helper()
	s, err := segment.New(userWords)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func texts(tokens []segment.Token) []string {
	var out []string
	for _, token := range tokens {
		out = append(out, token.Text)
	}
	return out
}

func TestCut(t *testing.T) {
	plain := newSegmenter(t)
	own := newSegmenter(t, "驰远x5", "5g 套餐", "开机", "手机", "a", "", "  ", "卡",
		strings.Repeat("很长", 40), "坏\x00字节", "\xff\xfe", "MiFi 设备", "气温骤降预警")
	for _, tt := range []struct {
		name string
		s    *segment.Segmenter
		text string
		want string
	}{
		{"empty", plain, "", ""},
		{"spaces only", plain, " \t\n", ""},
		{"words", plain, "热水器打不着火怎么办", "热水器 打不着火 怎么办"},
		{"modern words", plain, "微信小程序怎么绑定支付宝", "微信 小程序 怎么 绑定 支付宝"},
		{"latin and digits", plain, "iphone15支持5g吗", "iphone15 支持 5g 吗"},
		{"spaces part words", plain, "花 呗", "花 呗"},
		{"unknown word falls apart", plain, "驰远x5多少钱", "驰 远 x5 多少钱"},
		{"user word", own, "驰远x5多少钱", "驰远x5 多少钱"},
		{"user word with a space, found without", own, "办5g套餐", "办 5g套餐"},
		{"user word with a space, found with it", own, "办5g 套餐", "办 5g套餐"},
		{"user word in capitals", own, "买mifi设备", "买 mifi设备"},
		{"user word yields to frequent neighbours", own, "打开机器", "打开 机器"},
		{"user word alone", own, "怎么开机", "怎么 开机"},
		{"user word that the dictionary has", own, "手机坏", "手机 坏"},
		{"user word of words", own, "气温骤降预警了", "气温骤降预警 了"},
		{"control characters part a user word", own, "坏字节", "坏字节"},
		{"single characters stay", own, "银行卡", "银行卡"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(texts(tt.s.Cut(tt.text)), " ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSearchAddsWordsInside(t *testing.T) {
	s := newSegmenter(t)
	for text, want := range map[string]string{
		"":       "",
		"热水器":    "热水 热水器",
		"中国银行":   "中国 银行 中国银行",
		"手机":     "手机",
		"卡":      "卡",
		"5g 热水器": "5g 热水 热水器",
	} {
		if diff := cmp.Diff(want, strings.Join(s.Search(text), " ")); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

// A user word by itself must stay whole, whatever words it is made of.
func TestUserWordsStayWhole(t *testing.T) {
	words := []string{"活动状态"} // the dictionary has it, but prefers two words
	for _, a := range []string{"中国", "没有", "可以", "我们", "问题", "手机", "的", "一个"} {
		for _, b := range []string{"公司", "工作", "套餐", "他们", "了", "发展", "x5"} {
			words = append(words, a+b, a+b+a)
		}
	}
	s := newSegmenter(t, words...)
	for _, word := range words {
		if got := texts(s.Cut(word)); len(got) != 1 {
			t.Errorf("%s is cut into %v", word, got)
		}
	}
}

func TestCutCoversTheText(t *testing.T) {
	s := newSegmenter(t, "5g 套餐", "打开")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToLower(rapid.StringOf(rapid.RuneFrom([]rune("打开机器手机卡套餐 g5x的。\t"))).Draw(t, "text"))
		end := 0
		for _, token := range s.Cut(text) {
			if gap := text[end:token.Start]; strings.TrimSpace(gap) != "" {
				t.Fatalf("%q left out", gap)
			}
			if want := strings.Join(strings.Fields(text[token.Start:token.End]), ""); want != token.Text {
				t.Fatalf("token %q at %q", token.Text, want)
			}
			end = token.End
		}
		if strings.TrimSpace(text[end:]) != "" {
			t.Fatalf("end %q left out", text[end:])
		}
	})
}

func FuzzCut(f *testing.F) {
	s := newSegmenter(f, "驰远x5")
	for _, text := range []string{"", "打开机器", "\xff\xfe", "👍🏽", "驰远X5", strings.Repeat("长", 300), "é日本語ひらがな", "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, token := range s.Cut(text) {
			if token.Text == "" || token.Start >= token.End || token.End > len(text) {
				t.Fatalf("%q: token %+v", text, token)
			}
		}
		s.Search(text)
	})
}

func TestConcurrentUse(t *testing.T) {
	s := newSegmenter(t, "驰远x5")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if got := texts(s.Cut("驰远x5多少钱")); len(got) != 2 {
					t.Errorf("got %v", got)
				}
				s.Search("驰远x5热水器")
			}
		})
	}
	// Another one may be built while the first is in use.
	group.Go(func() {
		if _, err := segment.New([]string{"小新词"}); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
}

func manyWords(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("%c%c型%d", rune(0x4e00+i%5000), rune(0x5000+i/7), i)
	}
	return words
}

func BenchmarkNew(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		words := manyWords(n)
		b.Run(fmt.Sprintf("%d user words", n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var s *segment.Segmenter
			for b.Loop() {
				s = newSegmenter(b, words...)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
			runtime.KeepAlive(s)
		})
	}
}

func BenchmarkCut(b *testing.B) {
	s := newSegmenter(b)
	for _, text := range []string{"热水器打不着火应该怎么办", strings.Repeat("热水器打不着火应该怎么办", 834)} {
		b.Run(fmt.Sprintf("%d characters", utf8.RuneCountInString(text)), func(b *testing.B) {
			for b.Loop() {
				s.Cut(text)
			}
		})
	}
}
