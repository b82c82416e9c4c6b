package kbfile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/knowledge"
)

func TestParseBool(t *testing.T) {
	tests := map[string]struct{ value, ok bool }{
		"是": {true, true}, "1": {true, true}, "TRUE": {true, true}, "y": {true, true}, "√": {true, true}, "启用": {true, true},
		"生效": {true, true}, " Ｙｅｓ ": {true, true}, "１": {true, true},
		"否": {false, true}, "0": {false, true}, "False": {false, true}, "N": {false, true}, "×": {false, true}, "停用": {false, true},
		"失效": {false, true}, "草稿": {false, true}, "已过期": {false, true},
		"": {false, false}, "也许": {false, false}, "2": {false, false}, "是 1": {false, false}, "是否": {false, false},
	}
	for in, want := range tests {
		value, ok := parseBool(in)
		if value != want.value || ok != want.ok {
			t.Errorf("parseBool(%q) = %v, %v, want %v, %v", in, value, ok, want.value, want.ok)
		}
	}
}

func TestParseThreshold(t *testing.T) {
	tests := []struct {
		in   string
		want float64
		ok   bool
	}{
		{"0.9", 0.9, true}, {"80%", 0.8, true}, {"80", 0.8, true}, {" ０.５ ", 0.5, true}, {"1", 1, true}, {"100%", 1, true}, {"0", 0, true},
		{"0.5%", 0.005, true},
		{"1.5", 0, false}, {"-0.1", 0, false}, {"101", 0, false}, {"120%", 0, false}, {"高", 0, false}, {"NaN", 0, false}, {"Inf", 0, false},
	}
	for _, tt := range tests {
		got, ok := parseThreshold(tt.in)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("parseThreshold(%q) = %v, %v, want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParseTime(t *testing.T) {
	zone := chinaTime()
	at := func(y, m, d, h, min, s int) time.Time { return time.Date(y, time.Month(m), d, h, min, s, 0, zone) }
	tests := []struct {
		in   string
		want time.Time
		date bool // no time of day
	}{
		{"2024/5/28", at(2024, 5, 28, 0, 0, 0), true},
		{"2024-05-28", at(2024, 5, 28, 0, 0, 0), true},
		{"2024.5.28", at(2024, 5, 28, 0, 0, 0), true},
		{"2024年5月28日", at(2024, 5, 28, 0, 0, 0), true},
		{"20240528", at(2024, 5, 28, 0, 0, 0), true},
		{"２０２４－０５－２８", at(2024, 5, 28, 0, 0, 0), true},
		{"45440", at(2024, 5, 28, 0, 0, 0), true},
		{"45440.75", at(2024, 5, 28, 18, 0, 0), false},
		{"2024-05-28 11:22:28", at(2024, 5, 28, 11, 22, 28), false},
		{"2024/5/28 8:05", at(2024, 5, 28, 8, 5, 0), false},
		{"2024年5月28日 18时30分", at(2024, 5, 28, 18, 30, 0), false},
		{"2024年5月28日18时", at(2024, 5, 28, 18, 0, 0), false},
		{"2024-05-28 24:00", at(2024, 5, 29, 0, 0, 0), false},
		{"2024-05-28T11:22:28Z", at(2024, 5, 28, 19, 22, 28), false},
		{"2024-05-28T11:22:28+08:00", at(2024, 5, 28, 11, 22, 28), false},
		{"2024-05-28T11:22:28.5+0000", at(2024, 5, 28, 19, 22, 28).Add(500 * time.Millisecond), false},
		{"20240528112228", at(2024, 5, 28, 11, 22, 28), false},
	}
	for _, tt := range tests {
		got, date, ok := parseTime(tt.in, zone)
		if !ok || !got.Equal(tt.want) || date != tt.date {
			t.Errorf("parseTime(%q) = %v, %v, %v, want %v, %v", tt.in, got, date, ok, tt.want, tt.date)
		}
	}
	for _, in := range []string{"", "明天", "2024-02-30", "2024-13-01", "2024-05-28 25:00", "2024-05-28 11:60", "2024", "5/28/2024", "123", "99999", "2024-05-28 11:22:28+99:00"} {
		if got, _, ok := parseTime(in, zone); ok {
			t.Errorf("parseTime(%q) = %v, want a refusal", in, got)
		}
	}
}

func TestParseUntil(t *testing.T) {
	zone := chinaTime()
	tests := map[string]time.Time{
		"2024-05-28":          time.Date(2024, 5, 29, 0, 0, 0, 0, zone), // through that day
		"2024-05-28 18:00":    time.Date(2024, 5, 28, 18, 0, 0, 0, zone),
		"45440":               time.Date(2024, 5, 29, 0, 0, 0, 0, zone),
		"永久":                  {},
		"长期有效":                {},
		"2099-12-31":          {},
		"2099-12-31 23:59:59": {},
		"9999/12/31":          {},
	}
	for in, want := range tests {
		if got, ok := parseUntil(in, zone); !ok || !got.Equal(want) {
			t.Errorf("parseUntil(%q) = %v, %v, want %v", in, got, ok, want)
		}
	}
}

func TestParseValidity(t *testing.T) {
	zone := chinaTime()
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone) }
	from, until := day(2024, 1, 1), day(2025, 1, 1)
	tests := []struct {
		in          string
		from, until time.Time
	}{
		{"2024-01-01~2024-12-31", from, until},
		{"2024-01-01 ～ 2024-12-31", from, until},
		{"2024-01-01 至 2024-12-31", from, until},
		{"2024年1月1日到2024年12月31日", from, until},
		{"2024/1/1-2024/12/31", from, until},
		{"2024.1.1—2024.12.31", from, until},
		{"2024-01-01 - 2024-12-31", from, until},
		{"2024-01-01 00:00:00 ~ 2024-12-31 24:00:00", from, until},
		{"2024-01-01 至 永久", from, time.Time{}},
		{"2024-01-01起", from, time.Time{}},
		{"至 2024-12-31", time.Time{}, until},
		{"2024-12-31止", time.Time{}, until},
		{"2024-12-31", time.Time{}, until},
		{"永久", time.Time{}, time.Time{}},
	}
	for _, tt := range tests {
		f, u, ok := parseValidity(tt.in, zone)
		if !ok || !f.Equal(tt.from) || !u.Equal(tt.until) {
			t.Errorf("parseValidity(%q) = %v, %v, %v, want %v, %v", tt.in, f, u, ok, tt.from, tt.until)
		}
	}
	for _, in := range []string{"一个月", "2024-01-01~以后", "昨天~2024-12-31"} {
		if f, u, ok := parseValidity(in, zone); ok {
			t.Errorf("parseValidity(%q) = %v, %v, want a refusal", in, f, u)
		}
	}
}

func TestParseCategory(t *testing.T) {
	tests := map[string]knowledge.Path{
		"业务/宽带/安装":    {"业务", "宽带", "安装"},
		"业务 > 宽带":     {"业务", "宽带"},
		"业务＞宽带":       {"业务", "宽带"},
		`业务\宽带`:       {"业务", "宽带"},
		"业务|宽带":       {"业务", "宽带"},
		"业务-宽带":       {"业务", "宽带"},
		"4G - 套餐":     {"4G", "套餐"},
		"Wi-Fi":       {"Wi-Fi"},
		"5G-套餐":       {"5G-套餐"},
		"业务/Wi-Fi-设置": {"业务", "Wi-Fi-设置"},
		`上网\/电视`:      {"上网/电视"},
		`上网\>电视/资费`:   {"上网>电视", "资费"},
		"/业务//宽带/":    {"业务", "宽带"},
		" ":           nil,
		"业务>宽带/安装":    {"业务>宽带", "安装"}, // the strongest kind alone separates
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, parseCategory(in)); diff != "" {
			t.Errorf("parseCategory(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestSplitLists(t *testing.T) {
	tests := []struct {
		name string
		f    listFormat
		in   string
		want []string
	}{
		{"hashes", questionFormat(false), "怎么退##如何退## ##退货", []string{"怎么退", "如何退", "退货"}},
		{"hashes win over lines", questionFormat(false), "怎么退\n货##如何退", []string{"怎么退\n货", "如何退"}},
		{"lines", questionFormat(false), "怎么退\n\n退；换", []string{"怎么退", "退；换"}},
		{"double bar", questionFormat(false), "怎么退|换||如何退", []string{"怎么退|换", "如何退"}},
		{"bar", questionFormat(false), "怎么退？|如何换？", []string{"怎么退？", "如何换？"}},
		{"semicolons of both widths", questionFormat(false), "怎么退;如何换；哪里买", []string{"怎么退", "如何换", "哪里买"}},
		{"not all look like questions", questionFormat(false), "怎么退；谢谢", []string{"怎么退；谢谢"}},
		{"comma never", questionFormat(false), "怎么退，如何换", []string{"怎么退，如何换"}},
		{"numbering", questionFormat(false), "1. 怎么退\n2、如何换\n（3）哪里买\n④ 几点", []string{"怎么退", "如何换", "哪里买", "几点"}},
		{"bullets", questionFormat(false), "- 怎么退\n• 如何换", []string{"怎么退", "如何换"}},
		{"numbers that count nothing", questionFormat(false), "110、119有什么区别\n1.5升的够吗\n-18度能用吗", []string{"110、119有什么区别", "1.5升的够吗", "-18度能用吗"}},
		{"json", questionFormat(false), `["怎么退","如何 \"换\""]`, []string{"怎么退", `如何 "换"`}},
		{"broken json is text", questionFormat(false), `["怎么退`, []string{`["怎么退`}},
		{"backslash is text elsewhere", questionFormat(false), `C:\a##D:\##b`, []string{`C:\a`, `D:\`, "b"}},
		{"counter-examples keep semicolons", counterFormat(false), "怎么退？；如何换？", []string{"怎么退？；如何换？"}},
		{"answers keep everything", answerFormat(false, false), "1. 打开；2. 点击\n- 完成##|", []string{"1. 打开；2. 点击\n- 完成##|"}},
		{"answers of WeChat", answerFormat(false, true), "好的。##可以\n。", []string{"好的。", "可以\n。"}},
		{"escapes", questionFormat(true), "怎么\\#\\#退\n\\1. 如何\n换\\\n行\n\\\\", []string{"怎么##退", "1. 如何", "换\n行", `\\`}},
		{"other backslashes", answerFormat(true, true), `C:\new\table##\\server`, []string{`C:\new\table`, `\\server`}},
		{"words", wordFormat(), "热水器、热水炉,燃气热水器", []string{"热水器", "热水炉", "燃气热水器"}},
		{"words in lines", wordFormat(), "热水器\n热水、暖气", []string{"热水器", "热水、暖气"}},
		{"blank", questionFormat(false), " \n ", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.f.split(tt.in, 0), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("split(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

// TestNumberingRunsOn covers lists that go on in the next cell.
func TestNumberingRunsOn(t *testing.T) {
	got := questionFormat(false).split("3. 哪里买", 2)
	if diff := cmp.Diff([]string{"哪里买"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestJoinIsInverse holds that what join writes split reads.
func TestJoinIsInverse(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"#", "\\", "\n", "|", ";", "；", "、", ",", "怎么", "1.", "①", "-", "[", "\"", "]", " ", "a"}), 1, 8).Draw(t, "pieces")
		if s := strings.TrimSpace(strings.Join(pieces, "")); s != "" {
			return s
		}
		return "x"
	})
	formats := map[string]struct {
		f   listFormat
		sep string
	}{
		"questions": {questionFormat(true), "\n"}, "counter": {counterFormat(true), "\n"},
		"answers": {answerFormat(true, true), "##"}, "words": {wordFormat(), "\n"},
	}
	for name, tt := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				values := rapid.SliceOfN(value, 1, 4).Draw(t, "values")
				cell := tt.f.join(values, tt.sep)
				if diff := cmp.Diff(values, tt.f.split(cell, 0)); diff != "" {
					t.Fatalf("split(%q) (-want +got):\n%s", cell, diff)
				}
			})
		})
	}
}

// TestNaturalCells holds that ordinary texts need no escapes in our layout.
func TestNaturalCells(t *testing.T) {
	tests := []struct {
		f      listFormat
		sep    string
		values []string
		want   string
	}{
		{questionFormat(true), "\n", []string{"怎么退货", "C#怎么学", "A|B 有什么区别"}, "怎么退货\nC#怎么学\nA|B 有什么区别"},
		{questionFormat(true), "\n", []string{"退货；谢谢"}, "退货；谢谢"},
		{answerFormat(true, true), "##", []string{"1. 打开\n2. 点击 #设置#", `C:\temp`}, "1. 打开\n2. 点击 #设置\\###C:\\temp"},
	}
	for _, tt := range tests {
		got := tt.f.join(tt.values, tt.sep)
		if got != tt.want {
			t.Errorf("join(%q) = %q, want %q", tt.values, got, tt.want)
		}
	}
}

func TestJoinCellsSpills(t *testing.T) {
	long := strings.Repeat("问", 9000)
	values := []string{long + "1", long + "2", long + "3", "短"}
	cells := questionFormat(true).joinCells(values, "\n")
	if len(cells) != 3 {
		t.Fatalf("%d cells, want 3", len(cells))
	}
	var got []string
	for _, c := range cells {
		got = append(got, questionFormat(true).split(c, len(got))...)
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Error("values differ after spilling")
	}
}

func TestIsExample(t *testing.T) {
	for _, s := range []string{"示例：如何退货", "【示例】如何退货", "例如：怎么退", "例如怎么退", "示例1", "示例问题", "请填写标准问题", "请输入问题", "（必填）不超过 30 字", "必填，唯一"} {
		if !isExample(s) {
			t.Errorf("isExample(%q) = false", s)
		}
	}
	for _, s := range []string{"怎么看示例", "例外情况怎么处理", "请填写地址时写错了怎么办", "必填项没填会怎么样", "示例代码在哪下载", "案例：退货"} {
		if isExample(s) {
			t.Errorf("isExample(%q) = true", s)
		}
	}
}
