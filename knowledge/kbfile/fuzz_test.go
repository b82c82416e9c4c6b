package kbfile

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// FuzzCell feeds every parser of single cells, and holds what must be true of
// whatever they return.
func FuzzCell(f *testing.F) {
	for _, s := range []string{
		"是", "√", "0.8", "80%", "NaN", "45440.5", "2024-05-28 11:22:28", "2024年5月28日18时30分", "20240528", "2024-01-01~永久", "至", "起", "止",
		"业务/宽带>安装", `a\/b\`, "4G - 套餐", "业务-宽带", "甲##乙", "1. 怎么\n2. 如何", `["a"]`, `\1. x`, "怎么|如何", "怎么；如何", "①", "\\", "##", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		zone := chinaTime()
		parseBool(cell)
		parseReplyAll(cell)
		if v, ok := parseThreshold(cell); ok && !(v >= 0 && v <= 1) {
			t.Errorf("parseThreshold(%q) = %v", cell, v)
		}
		if at, _, ok := parseTime(cell, zone); ok {
			if again, _, ok := parseTime(formatTime(at, zone), zone); !ok || at.Sub(again).Abs() >= 1e6 {
				t.Errorf("%q = %v, written and read %v", cell, at, again)
			}
		}
		parseFrom(cell, zone)
		parseUntil(cell, zone)
		parseValidity(cell, zone)
		path := parseCategory(cell)
		if again := parseCategory(formatCategory(path)); utf8.ValidString(cell) && !slices.Equal(path, again) {
			t.Errorf("parseCategory(%q) = %q, written %q, read %q", cell, path, formatCategory(path), again)
		}
		fuzzLists(t, cell)
	})
}

func fuzzLists(t *testing.T, cell string) {
	for _, tt := range []struct {
		f   listFormat
		sep string
	}{{questionFormat(true), "\n"}, {counterFormat(true), "\n"}, {answerFormat(true, true), "##"}, {wordFormat(), "\n"}, {questionFormat(false), ""}, {answerFormat(false, true), ""}} {
		values := tt.f.split(cell, 0)
		for _, v := range values {
			if v == "" {
				t.Errorf("split(%q) has an empty value", cell)
			}
		}
		if len(values) == 0 || tt.sep == "" || !utf8.ValidString(cell) || slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) != v }) {
			continue
		}
		if again := tt.f.split(tt.f.join(values, tt.sep), 0); !slices.Equal(values, again) {
			t.Errorf("%q splits into %q, joined %q, splits into %q", cell, values, tt.f.join(values, tt.sep), again)
		}
	}
}

// fuzzRead reads a file, and writes and reads what came of it.
func fuzzRead(t *testing.T, d *dictionary, name string, data []byte) {
	doc, err := Read(context.Background(), name, data, Options{Normalizer: d.norm, Limits: sheet.Limits{FileBytes: 1 << 16}})
	if err != nil {
		return
	}
	var entries []knowledge.Entry
	for _, r := range doc.Rows {
		if r.Entry.Question == "" || len(r.Entry.Answers) == 0 || r.Origin.Row == 0 {
			t.Fatalf("row without question, answer or origin: %+v", r)
		}
		entries = append(entries, r.Entry)
	}
	for _, p := range doc.Problems {
		if p.Reason == "" || p.Origin.Row == 0 {
			t.Fatalf("problem without reason or place: %+v", p)
		}
	}
	var buf bytes.Buffer
	if err := doc.WriteFailed(&buf, doc.Failures()); err != nil {
		t.Fatalf("WriteFailed: %v", err)
	}
	if err := Write(context.Background(), &buf, sheet.KindJSONL, LayoutOwn, Content{Entries: entries}); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

// FuzzJSON feeds the readers of JSON and JSONL.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"question":"甲","answer":"好"}`, `[{"q":"甲","a":["好",{"content":"是"}]}]`, `{"mode":0,"data":[{"intent":"甲","answers":["好"],"disable":true}]}`,
		`{"data":{"list":[{"question":"甲","answers":[{"channel":"wechat","texts":["好"]}]}]}}`, "{\"question\":\"甲\"}\n{坏\n", `[[]]`, `{"data":7}`, `[`, `{"data":`,
		`{"word_class":{"name":"a","words":["b"]}}` + "\n" + `{"stop_words":["c"]}`, `[{"question":["甲",null],"answers":{"微信":"好"},"enabled":"？"}]`, `{"a":{"a":{"a":[]}}}`,
	} {
		f.Add(s)
	}
	d := testDictionary(f)
	f.Fuzz(func(t *testing.T, text string) {
		fuzzRead(t, d, "a.json", []byte(text))
		if depth := depthOf(text); depth < 0 {
			t.Errorf("depthOf = %d", depth)
		}
	})
}

// FuzzReadCSV feeds the readers of tables.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"问题,答案\n甲,好\n", "标题\n\n问题\t相似问\t答案\n甲\t\"甲1\n甲2\"\t好\n\t甲3\t\n", "知识ID,分类,标准问,扩展问,反例问,答案(渠道:a;地区:b)\na,b/c,甲,\\1. x,,好##是\n",
		"甲怎么办\t好\n乙怎么办\t好\n", "q,a,indexes\n甲,好,甲1,甲2\n", "分段标题,分段内容,问题\n甲,好,\"甲\n乙\"\n", "问题,答案,有效期,是否启用\n甲,好,昨天,也许\n", "Question\tAnswer\tSource\tMetadata\n甲\t好\\n\tx\tcategory:b|c\n",
		"一级分类,三级分类,问题,渠道,渠道答案\na,b,甲,微信、网站,微信：好\n", "答案(,问题)\n甲,乙\n", ",,\n问题,答案\n", "示例,问题,答案\n",
	} {
		f.Add(s)
	}
	d := testDictionary(f)
	f.Fuzz(func(t *testing.T, text string) { fuzzRead(t, d, "a.csv", []byte(text)) })
}
