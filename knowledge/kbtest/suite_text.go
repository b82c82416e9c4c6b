package kbtest

import (
	"math"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

var textTests = []storeTest{
	{"texts come back as they were", testTexts},
	{"long texts", func(f *fixture) {
		e := full("long")
		e.Category = knowledge.Path{long(3000), long(5000)}
		e.Question = long(20000)
		e.Variants = []string{long(3), long(100000)}
		e.Answers[0].Texts = []string{long(300000)}
		got := f.put(e)[0]
		e.Version = 1
		if diff := cmp.Diff(e, got); diff != "" {
			f.Error("the long texts changed")
		}
		other := plain("other", "", e.Question+"吗")
		f.put(other) // differs at the very end only
	}},
	{"unstorable texts", testRefusedTexts},
	{"numbers", func(f *fixture) {
		for i, threshold := range []float64{0, 1, 0.1, 1e-300, math.MaxFloat64, -0.5} {
			e := plain("e", "", "数")
			e.Version, e.Threshold = int64(i), threshold
			if got := f.put(e)[0]; got.Threshold != threshold {
				f.Errorf("threshold %v came back as %v", threshold, got.Threshold)
			}
		}
		for _, threshold := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			e := plain("x", "", "非数")
			e.Threshold = threshold
			refusedAs[*knowledge.FieldError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{e}}))
		}
	}},
	{"times", testTimes},
}

func testTexts(f *fixture) {
	for _, text := range []string{
		"怎么安装燃气热水器？", "繁體中文與全形ＡＢＣ１２３", "👨‍👩‍👧‍👦 𠮷野家 🇨🇳 😀", "a\u200bb\ufeffc\u2028d\u2029e\u00a0f",
		"one\ntwo\r\nthree\tfour", `"quoted" 'single' back\slash \u0000 \n`, "100% _any_ $1 ? :name @x", "<b>&amp;</b>",
		"{\"json\":[null]}", "\x01\x02\x1f\x7f", " blanks around ", "e\u0301 is not \u00e9", "\u202eright to left", "--; DROP TABLE kb_entry",
		"\U0010FFFF\uFFFD\uE000",
	} {
		e := full("e")
		e.ID, e.Question, e.Owner, e.CreatedBy, e.UpdatedBy = "id "+text, text, text, text, text
		e.Category = knowledge.Path{text, "/", `\`, text}
		e.Variants, e.CounterExamples, e.Related = []string{text, ""}, []string{text}, []string{text}
		e.Answers = []knowledge.Answer{{
			Dimension: knowledge.Dimension{Channel: text, Region: text, Level: text}, Texts: []string{"", text},
		}}
		got := f.put(e)[0]
		e.Version = 1
		if diff := cmp.Diff(e, got); diff != "" {
			f.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func testRefusedTexts(f *fixture) {
	for _, text := range []string{"a\x00b", "\x00", "\xff", "全\xe5\x85", "\xed\xa0\x80"} {
		for name, set := range map[string]func(*knowledge.Entry){
			"id":              func(e *knowledge.Entry) { e.ID = text },
			"category":        func(e *knowledge.Entry) { e.Category = knowledge.Path{"好", text} },
			"question":        func(e *knowledge.Entry) { e.Question = text },
			"variant":         func(e *knowledge.Entry) { e.Variants = []string{"好", text} },
			"counter-example": func(e *knowledge.Entry) { e.CounterExamples = []string{text} },
			"answer":          func(e *knowledge.Entry) { e.Answers = []knowledge.Answer{{Texts: []string{"好", text}}} },
			"channel": func(e *knowledge.Entry) {
				e.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Channel: text}}}
			},
			"region": func(e *knowledge.Entry) {
				e.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Region: text}}}
			},
			"level": func(e *knowledge.Entry) {
				e.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Level: text}}}
			},
			"related":    func(e *knowledge.Entry) { e.Related = []string{text} },
			"owner":      func(e *knowledge.Entry) { e.Owner = text },
			"created by": func(e *knowledge.Entry) { e.CreatedBy = text },
			"updated by": func(e *knowledge.Entry) { e.UpdatedBy = text },
			"no id":      func(e *knowledge.Entry) { e.ID = "" },
			"no name":    func(e *knowledge.Entry) { e.Category = knowledge.Path{"好", ""} },
		} {
			e := plain("e", "", "好")
			set(&e)
			if _, err := f.store.Apply(f.ctx, knowledge.Batch{Puts: []knowledge.Entry{e}}); err == nil {
				f.Errorf("%s %q was stored", name, text)
			}
		}
		for _, l := range []knowledge.Lexicon{
			{UserWords: []string{text}}, {StopWords: []string{text}}, {SensitiveWords: []string{text}},
			{WordClasses: []knowledge.WordClass{{Name: text}}}, {WordClasses: []knowledge.WordClass{{Words: []string{text}}}},
			{WordClasses: []knowledge.WordClass{{Includes: []string{text}}}},
		} {
			refusedAs[*knowledge.FieldError](f, f.applyErr(knowledge.Batch{Lexicon: &l}))
		}
		id := f.create("好")
		refusedAs[*knowledge.FieldError](f, func() error {
			_, err := f.store.CreateCategory(f.ctx, knowledge.Path{text})
			return err
		})
		refusedAs[*knowledge.FieldError](f, func() error { return f.store.RenameCategory(f.ctx, id, text) })
	}
	refusedAs[*knowledge.FieldError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{plain("e", "", "a\x00")}}))
}

func testTimes(f *fixture) {
	shanghai := time.FixedZone("CST", 8*3600)
	for i, c := range []struct{ give, want time.Time }{
		{time.Time{}, time.Time{}},
		{time.Time{}.In(shanghai), time.Time{}},
		{time.Date(2026, 1, 1, 0, 0, 0, 0, shanghai), time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC)},
		{time.Date(2026, 1, 1, 0, 0, 0, 1_999_999, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 1_000_000, time.UTC)},
		{time.Date(1960, 1, 1, 0, 0, 0, 1_999_999, time.UTC), time.Date(1960, 1, 1, 0, 0, 0, 1_000_000, time.UTC)},
		{time.Unix(0, 0), time.UnixMilli(1).UTC()}, // 1970 began, and that is not "no time"
		{time.Unix(0, -1), time.UnixMilli(-1).UTC()},
		{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)},
		{time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)},
	} {
		e := plain("e", "", "时间")
		e.Version = int64(i)
		e.EffectiveFrom, e.ExpiresAt, e.UpdatedAt = c.give, c.give, c.give
		got := f.put(e)[0]
		for _, at := range []time.Time{got.EffectiveFrom, got.ExpiresAt, got.UpdatedAt} {
			if at != c.want {
				f.Errorf("%v came back as %v, want %v", c.give, at, c.want)
			}
		}
		created := plain("created", "", "新建")
		created.ID, created.Question, created.CreatedAt = created.ID+c.give.String(), created.Question+c.give.String(), c.give
		if got := f.put(created)[0].CreatedAt; got != c.want {
			f.Errorf("created at %v came back as %v, want %v", c.give, got, c.want)
		}
	}
	for _, set := range []func(*knowledge.Entry){
		func(e *knowledge.Entry) { e.EffectiveFrom = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		func(e *knowledge.Entry) { e.ExpiresAt = time.Date(292277026596, 1, 1, 0, 0, 0, 0, time.UTC) },
		func(e *knowledge.Entry) { e.CreatedAt = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) },
		func(e *knowledge.Entry) { e.UpdatedAt = time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		e := plain("x", "", "太远")
		set(&e)
		refusedAs[*knowledge.FieldError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{e}}))
	}
}
