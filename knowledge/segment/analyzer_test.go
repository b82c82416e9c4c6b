package segment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
	"faqbot/knowledge/segment"
)

func newAnalyzer(t testing.TB, lex knowledge.Lexicon) *segment.Analyzer {
	t.Helper()
	norm, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	a, err := segment.NewAnalyzer(norm, lex)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func class(name string, words ...string) knowledge.WordClass {
	return knowledge.WordClass{Name: name, Words: words}
}

// Each group of cases shares an analyzer: to build one takes a while.
func TestAnalyze(t *testing.T) {
	type example struct{ name, text, want string }
	for _, group := range []struct {
		name     string
		classes  []knowledge.WordClass
		examples []example
	}{
		{"none", nil, []example{
			{"normalised only", "怎么办 Ｗi-Fi？", "怎么办 wi fi"},
		}},
		{"plain", []knowledge.WordClass{
			class("花呗", "花呗", "蚂蚁花呗"),
			class("手机", "手机", "移动电话"), class("号卡", "号卡", "手机卡"),
			class("电", "电力", "电"),
			class("甲", "甲乙丙", "丁戊己"), class("乙", "庚辛壬", "丁戊己"),
			class("网络", "wifi", "无线 网络 设置"), class("宽带", "宽带", "ＡＤＳＬ"),
			class("会员", "vip8", "大会员"),
			class("空"), class("空的", "", "😀"),
			class("长", "短词", strings.Repeat("长", 60)),
		}, []example{
			{"replaced by the first word", "蚂蚁花呗怎么还款", "花呗怎么还款"},
			{"the first word stays", "花呗怎么还款", "花呗怎么还款"},
			{"longest first", "手机卡坏了", "号卡坏了"},
			{"not inside a word", "电话的电", "电话的电力"},
			{"first class wins", "丁戊己", "甲乙丙"},
			{"member of several tokens", "无线网络设置", "wifi"},
			{"latin words stay apart", "开通大会员vip", "开通vip8 vip"},
			{"spaces are kept", "蚂蚁花呗 iphone 15", "花呗 iphone 15"},
			{"members are normalised", "adsl坏了", "宽带坏了"},
			{"too long to be a word", strings.Repeat("长", 60), strings.Repeat("长", 60)},
			{"two in a row", "丁戊己丁戊己", "甲乙丙甲乙丙"},
		}},
		{"includes", []knowledge.WordClass{
			class("储蓄卡", "储蓄卡", "借记卡"),
			{Name: "银行卡", Words: []string{"银行卡"}, Includes: []string{"储蓄卡"}},
			{Name: "甲", Words: []string{"甲词"}, Includes: []string{"乙", "甲", "没有这个"}},
			{Name: "乙", Words: []string{"乙词"}, Includes: []string{"甲"}},
		}, []example{
			{"belong to the including class", "借记卡挂失", "银行卡挂失"},
			{"circle", "乙词和甲词", "甲词和甲词"},
		}},
	} {
		a := newAnalyzer(t, knowledge.Lexicon{WordClasses: group.classes})
		for _, e := range group.examples {
			t.Run(group.name+"/"+e.name, func(t *testing.T) {
				if diff := cmp.Diff(e.want, a.Analyze(e.text).Text); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestAnalyzeForm(t *testing.T) {
	a := newAnalyzer(t, knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("花呗", "花呗", "蚂蚁花呗")},
		UserWords:   []string{"驰远X5"},
	})
	got := a.Analyze("蚂蚁花呗，买驰远Ｘ５！")
	want := segment.Form{
		Key: "蚂蚁花呗买驰远x5", Plain: "蚂蚁花呗 买驰远x5", Text: "花呗 买驰远x5",
		Words:    []segment.Token{{Text: "花呗", Start: 0, End: 6}, {Text: "买", Start: 7, End: 10}, {Text: "驰远x5", Start: 10, End: 18}},
		Analyzer: a.Fingerprint(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(segment.Form{Words: []segment.Token{}, Analyzer: a.Fingerprint()}, a.Analyze("？！ 😀\xff")); diff != "" {
		t.Errorf("nothing in words (-want +got)\n%s", diff)
	}
}

// Knotted includes must cost no more than the list is long.
func TestManyIncludes(t *testing.T) {
	const n = 2000
	list := make([]knowledge.WordClass, n)
	all := make([]string, n)
	for i := range list {
		all[i] = fmt.Sprintf("类%d", i)
	}
	for i := range list {
		list[i] = knowledge.WordClass{Name: all[i], Words: []string{fmt.Sprintf("词语%d", i)}, Includes: all}
	}
	a := newAnalyzer(t, knowledge.Lexicon{WordClasses: list})
	if got := a.Analyze("词语1999").Text; got != "词语0" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkAnalyze(b *testing.B) {
	a := newAnalyzer(b, knowledge.Lexicon{WordClasses: []knowledge.WordClass{class("办法", "怎么办", "如何处理")}})
	for name, text := range map[string]string{
		"12 characters":    "热水器打不着火如何处理？",
		"10000 characters": strings.Repeat("热水器打不着火如何处理", 910),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a.Analyze(text)
			}
		})
	}
}
