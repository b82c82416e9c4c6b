package knowledge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/knowledge"
)

func TestAnswerFor(t *testing.T) {
	type dim = knowledge.Dimension
	e := knowledge.Entry{}
	for _, d := range []dim{{}, {Channel: "wechat"}, {Region: "上海", Level: "VIP"}, {Channel: "wechat", Level: "VIP"}} {
		e.Answers = append(e.Answers, knowledge.Answer{Dimension: d, Texts: []string{d.Channel + d.Region + d.Level}})
	}
	tests := []struct {
		visitor dim
		want    string
	}{
		{dim{}, ""},
		{dim{Channel: "web", Region: "北京", Level: "普通"}, ""},
		{dim{Channel: "WeChat"}, "wechat"},
		{dim{Region: "上海"}, ""}, // an answer for VIPs alone is not for everybody there
		{dim{Region: "上海", Level: "vip"}, "上海VIP"},
		{dim{Channel: "web", Region: "上海", Level: "VIP"}, "上海VIP"},
		{dim{Channel: "wechat", Region: "上海"}, "wechat"},
		{dim{Channel: "wechat", Region: "上海", Level: "VIP"}, "wechatVIP"}, // the channel counts most
	}
	for _, tt := range tests {
		got, ok := e.AnswerFor(tt.visitor)
		if !ok || got.Texts[0] != tt.want {
			t.Errorf("AnswerFor(%+v) = %q, %t; want %q", tt.visitor, got.Texts, ok, tt.want)
		}
	}
	e.Answers = e.Answers[1:]
	if got, ok := e.AnswerFor(dim{Channel: "web"}); ok {
		t.Errorf("without a default: %q, want none", got.Texts)
	}
}

func TestActiveAt(t *testing.T) {
	from, until := today, today.AddDate(0, 1, 0)
	tests := []struct {
		name        string
		from, until time.Time
		disabled    bool
		at          time.Time
		want        bool
	}{
		{name: "no bounds", at: from, want: true},
		{name: "disabled", disabled: true, at: from},
		{name: "before", from: from, at: from.Add(-1)},
		{name: "at the start", from: from, at: from, want: true},
		{name: "just before the end", until: until, at: until.Add(-1), want: true},
		{name: "at the end", until: until, at: until},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := knowledge.Entry{EffectiveFrom: tt.from, ExpiresAt: tt.until, Enabled: !tt.disabled}
			if got := e.ActiveAt(tt.at); got != tt.want {
				t.Errorf("ActiveAt = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestCloneSharesNothing(t *testing.T) {
	full := func() knowledge.Entry {
		return knowledge.Entry{Category: knowledge.Path{"a"}, Variants: []string{"a"}, CounterExamples: []string{"a"},
			Related: []string{"a"}, Answers: answers(answer("", "a"))}
	}
	e := full()
	c := e.Clone()
	for _, s := range [][]string{c.Category, c.Variants, c.CounterExamples, c.Related, c.Answers[0].Texts} {
		s[0] = "b"
	}
	c.Answers[0].Dimension.Channel = "b"
	if diff := cmp.Diff(full(), e); diff != "" {
		t.Errorf("a change of the clone changed the original (-want +got):\n%s", diff)
	}
}

func TestParsePath(t *testing.T) {
	for text, want := range map[string]knowledge.Path{
		"":                nil,
		" / ":             nil,
		"热水器":             {"热水器"},
		"/热水器//安装 /费用/":   {"热水器", "安装", "费用"},
		`上门\/自提/a\\b`:     {"上门/自提", `a\b`},
		`最后的反斜杠\`:         {"最后的反斜杠"},
		` 前后 / 有 空白 / 的 `: {"前后", "有 空白", "的"},
	} {
		if diff := cmp.Diff(want, knowledge.ParsePath(text)); diff != "" {
			t.Errorf("ParsePath(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestPathRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var path knowledge.Path
		for _, name := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(rt, "names") {
			if name = strings.TrimSpace(name); name != "" {
				path = append(path, name)
			}
		}
		if diff := cmp.Diff(path, knowledge.ParsePath(path.String()), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("path %q (-want +got):\n%s", path.String(), diff)
		}
	})
}
