package knowledge_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/knowledge"
)

// many returns n different texts.
func many(n int, format string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

func answers(as ...knowledge.Answer) []knowledge.Answer { return as }

func answer(channel string, texts ...string) knowledge.Answer {
	return knowledge.Answer{Dimension: knowledge.Dimension{Channel: channel}, Texts: texts}
}

func TestSaveRefuses(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	type entry = knowledge.Entry
	tests := []struct {
		name  string
		wreck func(*entry)
		field string
		says  []string
	}{
		{"no question", func(e *entry) { e.Question = "" }, "标准问", []string{"请填写"}},
		{"blank question", func(e *entry) { e.Question = " \u3000\u200b\n" }, "标准问", []string{"请填写"}},
		{"punctuation as question", func(e *entry) { e.Question = "？？！" }, "标准问", []string{"？？！", "请改写"}},
		{"emoji as question", func(e *entry) { e.Question = "👍🏻" }, "标准问", []string{"请改写"}},
		{"long question", func(e *entry) { e.Question = strings.Repeat("问", 513) }, "标准问", []string{"513", "512", "请缩短"}},
		{"invalid UTF-8 in question", func(e *entry) { e.Question = "怎么\xff退款" }, "标准问", []string{"编码"}},
		{"invalid UTF-8 in answer", func(e *entry) { e.Answers[0].Texts[0] = "\xb4\xf0" }, "答案", []string{"编码"}},
		{"long variant", func(e *entry) { e.Variants = []string{strings.Repeat("问", 513)} }, "扩展问", []string{"请缩短"}},
		{"many variants", func(e *entry) { e.Variants = many(2001, "问法%d") }, "扩展问", []string{"2001", "2000"}},
		{"many counter-examples", func(e *entry) { e.CounterExamples = many(501, "反例%d") }, "反例问", []string{"501", "500"}},
		{"counter-example is the question", func(e *entry) { e.CounterExamples = []string{"怎麼退款!"} }, "反例问",
			[]string{"怎麼退款!", "标准问", "请删去"}},
		{"counter-example is a variant", func(e *entry) { e.Variants, e.CounterExamples = []string{"退钱"}, []string{"退钱？"} },
			"反例问", []string{"扩展问「退钱」"}},
		{"no answer", func(e *entry) { e.Answers = nil }, "答案", []string{"至少填写一个"}},
		{"blank answers", func(e *entry) { e.Answers = answers(answer("", " ", "\n"), answer("web")) }, "答案", []string{"至少填写一个"}},
		{"long answer", func(e *entry) { e.Answers[0].Texts[0] = strings.Repeat("答", 20001) }, "答案", []string{"20001", "请缩短"}},
		{"many alternatives", func(e *entry) { e.Answers[0].Texts = many(21, "答%d") }, "答案", []string{"21", "20"}},
		{"two default answers", func(e *entry) { e.Answers = answers(answer("", "甲"), answer("", "乙")) }, "答案",
			[]string{"默认维度", "两个答案"}},
		{"two answers of a dimension but for case", func(e *entry) {
			e.Answers = answers(answer("", "甲"), answer("WeChat", "乙"), answer("wechat", "丙"))
		}, "答案", []string{"渠道「wechat」"}},
		{"long dimension", func(e *entry) { e.Answers[0].Dimension.Region = strings.Repeat("省", 65) }, "地区", []string{"请缩短"}},
		{"long id", func(e *entry) { e.ID = strings.Repeat("1", 129) }, "编号", []string{"128"}},
		{"long owner", func(e *entry) { e.Owner = strings.Repeat("李", 65) }, "负责人", []string{"64"}},
		{"deep category", func(e *entry) { e.Category = many(11, "级%d") }, "分类", []string{"11 级", "10 级"}},
		{"long category", func(e *entry) { e.Category = knowledge.Path{strings.Repeat("类", 65)} }, "分类", []string{"64"}},
		{"expires before effective", func(e *entry) { e.EffectiveFrom, e.ExpiresAt = day(2), day(1) }, "失效时间", []string{"生效时间"}},
		{"expires when effective", func(e *entry) { e.EffectiveFrom, e.ExpiresAt = day(1), day(1) }, "失效时间", []string{"生效时间"}},
		{"year out of range", func(e *entry) { e.ExpiresAt = time.Date(20261, 1, 1, 0, 0, 0, 0, time.UTC) }, "失效时间", []string{"1970"}},
		{"year before computers", func(e *entry) { e.EffectiveFrom = time.Date(26, 1, 1, 0, 0, 0, 0, time.UTC) }, "生效时间", []string{"1970"}},
		{"negative threshold", func(e *entry) { e.Threshold = -0.1 }, "相似度阈值", []string{"0.8"}},
		{"threshold in percent", func(e *entry) { e.Threshold = 80 }, "相似度阈值", []string{"80", "不超过 1"}},
		{"threshold is no number", func(e *entry) { e.Threshold = math.NaN() }, "相似度阈值", []string{"0.8"}},
		{"many related", func(e *entry) { e.Related = many(21, "id%d") }, "关联问题", []string{"21", "20"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			e := faq("怎么退款")
			tt.wreck(&e)
			_, err := w.Save(t.Context(), e, "甲")
			wantFieldError(t, err, tt.field, tt.says...)
			if n := w.applied.Load(); n != 0 {
				t.Errorf("%d batches stored", n)
			}
		})
	}
}

// What lies at a limit is not over it.
func TestSaveAcceptsLimits(t *testing.T) {
	w := newWorld(t)
	e := faq(strings.Repeat("问", knowledge.MaxQuestionRunes))
	e.Variants = many(knowledge.MaxVariants, "问法%d")
	e.CounterExamples = many(knowledge.MaxCounterExamples, "反例%d")
	e.Answers[0].Texts = many(knowledge.MaxAlternatives, "答%d")
	e.Answers[0].Texts[0] = strings.Repeat("答", knowledge.MaxAnswerRunes)
	e.Category = many(knowledge.MaxCategoryDepth, strings.Repeat("类", knowledge.MaxCategoryRunes-1)+"%d")
	e.Threshold = 1
	w.mustSave(t, e)
}

func TestSaveNormalForm(t *testing.T) {
	w := newWorld(t)
	shanghai := time.FixedZone("CST", 8*3600)
	got, err := w.Save(t.Context(), knowledge.Entry{
		ID:              " gas-001 ",
		Category:        knowledge.Path{" 热水器", "", "安装\x00 "},
		Question:        "\ufeff怎么\t安装\r\n热水器？ ",
		Variants:        []string{"", "怎麼安装热水器", "热水器怎么装", "热水器怎么装？", "？？", "装\u202e热水器"},
		CounterExamples: []string{"怎么拆", "怎么拆!", " "},
		Answers: []knowledge.Answer{
			{Dimension: knowledge.Dimension{Channel: "Web "}, Texts: []string{"", "网上预约"}},
			{Texts: []string{" 第一步\r\n第二步\r第三步\x07 ", "第一步\n第二步\n第三步"}},
			{Dimension: knowledge.Dimension{Region: "上海"}, Texts: []string{"  "}},
		},
		EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 1999999, shanghai),
		Owner:         " 李 雷 ",
	}, "甲")
	if err != nil {
		t.Fatal(err)
	}
	want := knowledge.Entry{
		ID: "gas-001", Category: knowledge.Path{"热水器", "安装"}, Question: "怎么 安装 热水器？",
		Variants:        []string{"热水器怎么装", "装热水器"},
		CounterExamples: []string{"怎么拆"},
		Answers: []knowledge.Answer{
			{Texts: []string{"第一步\n第二步\n第三步"}},
			{Dimension: knowledge.Dimension{Channel: "web"}, Texts: []string{"网上预约"}},
		},
		EffectiveFrom: time.Date(2025, 12, 31, 16, 0, 0, 1000000, time.UTC),
		Owner:         "李 雷",
		CreatedAt:     today, CreatedBy: "甲", UpdatedAt: today, UpdatedBy: "甲", Version: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("normal form (-want +got):\n%s", diff)
	}
}

// text draws what editors and broken files hold: words, blanks, marks, controls,
// and signs that normalisation folds.
func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"退款", "怎么", "怎麼", "安装", "ABC", "abc", "５", "5", "二十", " ", "　", "\t", "\r", "\r\n", "\n", "\x00",
			"\u200b", "\ufeff", "\u2028", "？", "!", "👍", "\u202e", "é", "e\u0301", "İ", "/", "\\",
		}), 0, 6).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

// anyEntry draws entries, most of them valid after tidying.
func anyEntry() *rapid.Generator[knowledge.Entry] {
	return rapid.Custom(func(t *rapid.T) knowledge.Entry {
		texts := func(label string, most int) []string { return rapid.SliceOfN(text(), 0, most).Draw(t, label) }
		e := knowledge.Entry{
			Question: text().Draw(t, "question"), Variants: texts("variants", 4),
			CounterExamples: texts("counter-examples", 1), Category: texts("category", 3),
			Enabled: rapid.Bool().Draw(t, "enabled"), Hot: rapid.Bool().Draw(t, "hot"),
			ReplyAll: rapid.Bool().Draw(t, "all"), Owner: text().Draw(t, "owner"),
			Threshold: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "threshold"),
			Answers:   answers(answer("", texts("answer", 3)...), answer(text().Draw(t, "channel"), texts("more", 2)...)),
		}
		if rapid.Bool().Draw(t, "bounded") {
			e.ExpiresAt = today.Add(time.Duration(rapid.Int64().Draw(t, "after")))
		}
		return e
	})
}

// The normal form of the normal form is itself: to save what was saved is no
// edit.
func TestNormalFormIsStable(t *testing.T) {
	norm := normalizer(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		saved, err := w.Save(t.Context(), anyEntry().Draw(rt, "entry"), "甲")
		if err != nil {
			rt.Skip(err)
		}
		keys := map[string]bool{}
		for _, q := range saved.Questions() {
			if k := norm.Key(q); k == "" || keys[k] {
				rt.Fatalf("question %q has no key of its own", q)
			}
			keys[norm.Key(q)] = true
		}
		again, err := w.Save(t.Context(), saved, "乙")
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(saved, again); diff != "" {
			rt.Fatalf("saved again (-first +second):\n%s", diff)
		}
	})
}

func TestSameContent(t *testing.T) {
	base := faq("怎么退款", "退钱")
	tests := []struct {
		name   string
		change func(*knowledge.Entry)
		want   bool
	}{
		{"nothing", func(*knowledge.Entry) {}, true},
		{"who and when and version", func(e *knowledge.Entry) {
			e.CreatedAt, e.UpdatedAt, e.CreatedBy, e.UpdatedBy, e.Version = today, today, "甲", "乙", 9
		}, true},
		{"id", func(e *knowledge.Entry) { e.ID = "1" }, false},
		{"category", func(e *knowledge.Entry) { e.Category = knowledge.Path{"类"} }, false},
		{"question", func(e *knowledge.Entry) { e.Question += "？" }, false},
		{"variants", func(e *knowledge.Entry) { e.Variants = nil }, false},
		{"counter-examples", func(e *knowledge.Entry) { e.CounterExamples = []string{"反"} }, false},
		{"answer text", func(e *knowledge.Entry) { e.Answers = answers(answer("", "另")) }, false},
		{"answer dimension", func(e *knowledge.Entry) { e.Answers = answers(answer("web", e.Answers[0].Texts...)) }, false},
		{"reply all", func(e *knowledge.Entry) { e.ReplyAll = true }, false},
		{"related", func(e *knowledge.Entry) { e.Related = []string{"x"} }, false},
		{"effective", func(e *knowledge.Entry) { e.EffectiveFrom = today }, false},
		{"expires", func(e *knowledge.Entry) { e.ExpiresAt = today }, false},
		{"enabled", func(e *knowledge.Entry) { e.Enabled = false }, false},
		{"hot", func(e *knowledge.Entry) { e.Hot = true }, false},
		{"threshold", func(e *knowledge.Entry) { e.Threshold = 0.5 }, false},
		{"owner", func(e *knowledge.Entry) { e.Owner = "李" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := base.Clone()
			tt.change(&other)
			if got := base.SameContent(other); got != tt.want {
				t.Errorf("SameContent = %t, want %t", got, tt.want)
			}
		})
	}
}
