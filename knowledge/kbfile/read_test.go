package kbfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
)

// read reads a text file that must be readable.
func read(t *testing.T, name, data string, opt kbfile.Options) *kbfile.Document {
	t.Helper()
	doc, err := kbfile.Read(context.Background(), name, []byte(data), opt)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return doc
}

func problems(doc *kbfile.Document) []string {
	var out []string
	for _, p := range doc.Problems {
		out = append(out, p.Error())
	}
	return out
}

func questions(doc *kbfile.Document) []string {
	var out []string
	for _, r := range doc.Rows {
		out = append(out, r.Entry.Question)
	}
	return out
}

// book makes an xlsx of sheets, in the order of their names.
func book(t *testing.T, sheets map[string][][]any, merges ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	first := true
	for _, name := range slices.Sorted(maps.Keys(sheets)) {
		if first {
			must(t, f.SetSheetName("Sheet1", name))
			first = false
		} else {
			_, err := f.NewSheet(name)
			must(t, err)
		}
		for i, row := range sheets[name] {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			must(t, err)
			must(t, f.SetSheetRow(name, cell, &row))
		}
		for _, m := range merges {
			from, to, _ := strings.Cut(m, ":")
			must(t, f.MergeCell(name, from, to))
		}
	}
	var buf bytes.Buffer
	must(t, f.Write(&buf))
	return buf.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestProblems holds that each mistake in a row names the place and the way out.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, file, data string
		want             []string
		rows             []string
	}{
		{
			"bad cells", "a.csv",
			"问题,答案,失效时间,是否启用,相似度阈值,有效期,是否停用\n好的,有,,,,,\n几点开门,九点,明天,,,,\n几点关门,六点,,看情况,高,一阵子,\n",
			[]string{
				"第 3 行「失效时间」看不懂：“明天”，请写成 2024-05-28 18:00；长期有效请留空或写 永久",
				"第 4 行「是否启用」看不懂：“看情况”，请写成 是 或 否",
				"第 4 行「相似度阈值」看不懂：“高”，请写成 0 到 1 之间的数，例如 0.8，或 80%",
				"第 4 行「有效期」看不懂：“一阵子”，请写成 2024-05-28~2025-05-28；长期有效请留空或写 永久",
			},
			[]string{"好的"},
		},
		{
			"missing answer and question", "a.csv",
			"问题,答案\n,九点\n几点开门,\n几点关门,六点\n,七点\n",
			[]string{"第 2 行缺少标准问，请填写标准问，或删去这一行", "第 3 行缺少答案，请填写答案", "第 5 行缺少标准问，请填写标准问，或删去这一行"},
			[]string{"几点关门"},
		},
		{
			"no column for answers", "a.csv", "问题,分类\n几点开门,门店\n",
			[]string{"第 2 行缺少答案，文件里没有“答案”（或 回答、机器人回答）这一项，请补上"}, nil,
		},
		{
			"channel answers", "a.csv", "问题,渠道答案\n几点开门,都行\n",
			[]string{"第 2 行「渠道答案」看不懂：“都行”，请每行写一个渠道，例如 微信：请点击菜单“我的订单”"}, nil,
		},
		{
			"long cells are cut in messages", "a.csv", "问题,答案,是否启用\n几点,九点," + strings.Repeat("长", 100) + "\n",
			[]string{"第 2 行「是否启用」看不懂：“" + strings.Repeat("长", 40) + "…”，请写成 是 或 否"}, nil,
		},
		{
			"jsonl", "a.jsonl",
			`{"question":"几点开门","answer":"九点"}` + "\n\n" + `{"question":"坏了"` + "\n" + `[1]` + "\n" + `{"answer":"九点"}` + "\n" + `{"question":"几点","answer":"九点","enabled":"也许"}` + "\n",
			[]string{
				"第 3 行不是合法的 JSON，请检查引号、逗号和括号是否成对",
				`第 4 行不是 JSON 对象，请写成 {"question":"…","answer":"…"}`,
				"第 5 行缺少标准问，请填写 question",
				"第 6 行「enabled」看不懂：“也许”，请写成 是 或 否",
			},
			[]string{"几点开门"},
		},
		{
			"deep jsonl", "a.jsonl",
			`{"question":"几点开门","answer":"九点"}` + "\n" + `{"question":"深","answer":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}\n",
			[]string{"第 2 行嵌套超过 32 层，请检查格式"}, []string{"几点开门"},
		},
		{
			"json array", "a.json", `[{"question":"几点开门","answer":"九点"},7,{"question":"几点关门"}]`,
			[]string{`第 2 条不是 JSON 对象，请写成 {"question":"…","answer":"…"}`, "第 3 条缺少答案，文件里没有“答案”（或 回答、机器人回答）这一项，请补上"},
			[]string{"几点开门"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := read(t, tt.file, tt.data, kbfile.Options{})
			if diff := cmp.Diff(tt.want, problems(doc)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.rows, questions(doc)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnusableFiles holds that a file without anything to read says what was
// seen and what is needed.
func TestUnusableFiles(t *testing.T) {
	tests := []struct {
		name, file string
		data       []byte
		want       []string // parts of the message
	}{
		{"wrong sheet", "工资.xlsx", book(t, map[string][][]any{"工资": {{"姓名", "部门", "实发"}, {"张三", "财务", 9000}}}), []string{"工资.xlsx", "没有找到表头", "标准问", "答案", "表「工资」姓名、部门、实发"}},
		{"header without question", "a.csv", []byte("分类,状态,答案\n门店,启用,九点\n"), []string{"没有找到表头", "分类、状态、答案"}},
		{"header too far down", "a.csv", []byte(strings.Repeat("说明文字,无关内容\n", 10) + "问题,答案\n几点,九点\n"), []string{"前 10 行"}},
		{"broken json", "a.json", []byte("[\n{\"question\":\"几点\",\n\"answer\":}\n]"), []string{"a.json", "第 3 行", "不是合法的 JSON"}},
		{"deep json", "a.json", []byte(strings.Repeat(`{"data":`, 40) + "1" + strings.Repeat("}", 40)), []string{"嵌套超过 32 层"}},
		{"json of something else", "a.json", []byte(`[{"name":"张三","age":3}]`), []string{"没有找到标准问", "name、age"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := kbfile.Read(context.Background(), tt.file, tt.data, kbfile.Options{})
			var refused *sheet.Error
			if !errors.As(err, &refused) {
				t.Fatalf("Read = %v, %v, want a *sheet.Error", doc, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestSheetsBesideEachOther covers workbooks in which not all sheets are
// knowledge.
func TestSheetsBesideEachOther(t *testing.T) {
	data := book(t, map[string][][]any{
		"1说明":    {{"填写说明"}, {"每行一个问题"}},
		"2热水器":   {{"问题", "答案"}, {"怎么点火", "按下开关。"}},
		"3灶具":    {{"分类", "问题", "答案"}, {"台式", "怎么换电池", "打开底盖。"}, {"", "怎么清洁", "用湿布。"}},
		"Sheet4": {{"问题", "答案"}, {"保修多久", "一年。"}},
	})
	doc, err := kbfile.Read(context.Background(), "a.xlsx", data, kbfile.Options{})
	must(t, err)
	got := make(map[string]string)
	for _, r := range doc.Rows {
		got[r.Entry.Question] = r.Entry.Category.String()
	}
	want := map[string]string{"怎么点火": "2热水器", "怎么换电池": "台式", "怎么清洁": "", "保修多久": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	if doc.Sheets[0].Note == "" || doc.Sheets[0].Name != "1说明" {
		t.Errorf("Sheets[0] = %+v, want a note why it was not read", doc.Sheets[0])
	}
}

// TestTableShapes covers the ways in which several rows make one entry, and
// those in which they must not.
func TestTableShapes(t *testing.T) {
	type entry struct {
		Question string
		Variants []string
		Answers  int
		Rows     []int
	}
	tests := []struct {
		name, data string
		want       []entry
	}{
		{"repeated", "标准问,相似问,答案\n甲,甲1,好\n甲,甲2,好\n甲,甲3,\n", []entry{{"甲", []string{"甲1", "甲2", "甲3"}, 1, []int{2, 3, 4}}}},
		{"repeated in another spelling", "标准问,相似问,答案\n退货?,甲1,好\n退货？,甲2,好\n", []entry{{"退货?", []string{"甲1", "甲2"}, 1, []int{2, 3}}}},
		{"blank below", "标准问,相似问,答案\n甲,甲1,好\n,甲2,\n\n,甲3,好\n乙,,是\n", []entry{{"甲", []string{"甲1", "甲2", "甲3"}, 1, []int{2, 3, 5}}, {"乙", nil, 1, []int{6}}}},
		{"answer below", "标准问,相似问,答案\n甲,甲1,\n,甲2,好\n", []entry{{"甲", []string{"甲1", "甲2"}, 1, []int{2, 3}}}},
		{"scattered", "标准问,相似问,答案\n甲,甲1,好\n乙,,是\n甲,甲2,好\n", []entry{{"甲", []string{"甲1", "甲2"}, 1, []int{2, 4}}, {"乙", nil, 1, []int{3}}}},
		{"contradicting answers", "标准问,相似问,答案\n甲,甲1,好\n甲,甲2,不好\n", []entry{{"甲", []string{"甲1"}, 1, []int{2}}, {"甲", []string{"甲2"}, 1, []int{3}}}},
		{"contradicting categories", "标准问,答案,分类\n甲,好,A\n甲,好,B\n", []entry{{"甲", nil, 1, []int{2}}, {"甲", nil, 1, []int{3}}}},
		{"answers by channel in rows", "标准问,渠道,答案\n甲,微信,好\n甲,网站,是\n", []entry{{"甲", nil, 2, []int{2, 3}}}},
		{"variants repeat", "标准问,相似问1,相似问2,答案\n甲,甲,甲1,好\n甲,甲1,甲2,好\n", []entry{{"甲", []string{"甲1", "甲2"}, 1, []int{2, 3}}}},
		{"examples and what belongs to them", "标准问,相似问,答案\n示例：甲,甲1,好\n,甲2,\n乙,,是\n", []entry{{"乙", nil, 1, []int{4}}}},
		{"only a category", "分类,标准问,答案\n门店,,\n门店,甲,好\n", []entry{{"甲", nil, 1, []int{3}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := read(t, "a.csv", tt.data, kbfile.Options{})
			var got []entry
			for _, r := range doc.Rows {
				got = append(got, entry{r.Entry.Question, r.Entry.Variants, len(r.Entry.Answers), r.Origin.Rows})
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(doc.Problems) > 0 {
				t.Errorf("problems: %v", problems(doc))
			}
		})
	}
}

// TestRowDimensions covers columns that say whose answer a row holds.
func TestRowDimensions(t *testing.T) {
	doc := read(t, "a.csv", "问题,答案,微信答案,渠道,地区,客户等级\n甲,好,微,\"网站、APP\",华东,VIP\n乙,好,,全部,全国,不限\n丙,好,,门店大屏,,\n", kbfile.Options{})
	want := [][]knowledge.Answer{
		{
			{Dimension: knowledge.Dimension{Channel: "web", Region: "华东", Level: "VIP"}, Texts: []string{"好"}},
			{Dimension: knowledge.Dimension{Channel: "app", Region: "华东", Level: "VIP"}, Texts: []string{"好"}},
			{Dimension: knowledge.Dimension{Channel: "wechat"}, Texts: []string{"微"}},
		},
		{{Texts: []string{"好"}}},
		{{Dimension: knowledge.Dimension{Channel: "门店大屏"}, Texts: []string{"好"}}},
	}
	for i, row := range doc.Rows {
		if diff := cmp.Diff(want[i], row.Entry.Answers); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestAzureWithoutIDs holds that rows with the same answer below each other are
// forms of one question, and others are not.
func TestAzureWithoutIDs(t *testing.T) {
	doc := read(t, "a.tsv", "Question\tAnswer\tSource\tMetadata\n卡纸\t拉出\ts\t\n纸卡了\t拉出\ts\t\n换墨盒\t取出\ts\t\n又卡纸\t拉出\ts\t\n", kbfile.Options{})
	if diff := cmp.Diff([]string{"卡纸", "换墨盒", "又卡纸"}, questions(doc)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"纸卡了"}, doc.Rows[0].Entry.Variants); diff != "" {
		t.Error(diff)
	}
}

func TestProblemResult(t *testing.T) {
	doc := read(t, "a.csv", "问题,答案\n甲,\n", kbfile.Options{})
	got := doc.Problems[0].Result()
	want := knowledge.RowResult{
		Origin:   knowledge.Origin{File: "a.csv", Row: 2, Rows: []int{2}},
		Question: "甲", Outcome: knowledge.OutcomeFailed, Reason: "缺少答案，请填写答案",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnswersKeepPunctuation holds that nothing but the separator of the layout
// splits answers.
func TestAnswersKeepPunctuation(t *testing.T) {
	answer := "先按 A；再按 B|C, 好吗？\n1. 完成##结束"
	doc := read(t, "a.csv", "问题,答案\n几点,\""+answer+"\"\n", kbfile.Options{})
	if diff := cmp.Diff([]knowledge.Answer{{Texts: []string{answer}}}, doc.Rows[0].Entry.Answers); diff != "" {
		t.Error(diff)
	}
	doc = read(t, "a.csv", "技能名称,标准问题,机器人回答\n门店,几点,\""+answer+"\"\n", kbfile.Options{})
	if n := len(doc.Rows[0].Entry.Answers[0].Texts); n != 2 {
		t.Errorf("%d texts in the WeChat layout, want 2", n)
	}
}

// TestBlankYesNo holds that a blank cell of a yes/no column says nothing.
func TestBlankYesNo(t *testing.T) {
	doc := read(t, "a.csv", "问题,答案,是否启用,是否置顶\n甲,好,,是\n乙,好,否,\n", kbfile.Options{})
	a, b := doc.Rows[0], doc.Rows[1]
	if a.Has.Has(knowledge.FieldEnabled) || !a.Entry.Enabled || !a.Has.Has(knowledge.FieldHot) || !a.Entry.Hot {
		t.Errorf("first row: Has %b, %+v", a.Has, a.Entry)
	}
	if !b.Has.Has(knowledge.FieldEnabled) || b.Entry.Enabled || b.Has.Has(knowledge.FieldHot) {
		t.Errorf("second row: Has %b, %+v", b.Has, b.Entry)
	}
}

func TestAllowNoAnswer(t *testing.T) {
	data := `{"id":"e1","question":"几点开门","variants":["什么时候开门"]}` + "\n" + `{"id":"e2","question":"怎么退票"}` + "\n"
	if doc := read(t, "e.jsonl", data, kbfile.Options{}); len(doc.Rows) != 0 || len(doc.Problems) != 2 {
		t.Errorf("without the option: %d rows, %d problems", len(doc.Rows), len(doc.Problems))
	}
	if doc := read(t, "e.jsonl", data, kbfile.Options{AllowNoAnswer: true}); len(doc.Rows) != 2 || len(doc.Problems) != 0 {
		t.Errorf("with the option: %d rows, %d problems", len(doc.Rows), len(doc.Problems))
	}
}

func TestLocation(t *testing.T) {
	tokyo := time.FixedZone("Asia/Tokyo", 9*60*60)
	doc := read(t, "a.csv", "问题,答案,生效时间\n甲,好,2024-05-28\n", kbfile.Options{Location: tokyo})
	if want := time.Date(2024, 5, 28, 0, 0, 0, 0, tokyo); !doc.Rows[0].Entry.EffectiveFrom.Equal(want) {
		t.Errorf("EffectiveFrom = %v, want %v", doc.Rows[0].Entry.EffectiveFrom, want)
	}
}

// TestJSONForms covers the forms in which JSON files keep questions.
func TestJSONForms(t *testing.T) {
	tests := []struct{ name, data, question, answers string }{
		{"one object", `{"question":"甲","answer":"好"}`, "甲", "[{{  } [好]}]"},
		{"nested lists", `{"code":0,"data":{"list":[{"q":"甲","a":"好"}]}}`, "甲", "[{{  } [好]}]"},
		{"chinese keys", `[{"标准问题":"甲","答案（必填）":"好","微信答案":"微"}]`, "甲", "[{{  } [好]} {{wechat  } [微]}]"},
		{"text with hashes", `[{"skill":"s","intent":"甲","answers":"好##是"}]`, "甲", "[{{  } [好##是]}]"},
		{"answer by channel", `[{"question":"甲","answer":{"微信":"微","web":"网"}}]`, "甲", "[{{web  } [网]} {{wechat  } [微]}]"},
		{"answer with dimension", `[{"question":"甲","answers":[{"channel":"wechat","level":"VIP","texts":["微",""]},"好"]}]`, "甲", "[{{wechat  VIP} [微]} {{  } [好]}]"},
		{"title beside question", `[{"title":"标题","question":"甲","answer":"好"}]`, "甲", "[{{  } [好]}]"},
		{"title where question is blank", `[{"title":"甲","question":"","answer":"好"}]`, "甲", "[{{  } [好]}]"},
		{"numbers", `[{"question":12306,"answer":1}]`, "12306", "[{{  } [1]}]"},
		{"first of several questions", `[{"questions":["甲","乙"],"answer":"好"}]`, "甲", "[{{  } [好]}]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := read(t, "a.json", tt.data, kbfile.Options{})
			if len(doc.Rows) != 1 {
				t.Fatalf("%d rows, problems %v", len(doc.Rows), problems(doc))
			}
			e := doc.Rows[0].Entry
			if got := fmt.Sprint(e.Answers); e.Question != tt.question || got != tt.answers {
				t.Errorf("got %q %s, want %q %s", e.Question, got, tt.question, tt.answers)
			}
		})
	}
}

// TestMillionEmptyRows holds that the emptiness below a table costs nothing.
func TestMillionEmptyRows(t *testing.T) {
	data := "问题,答案\n几点开门,九点\n" + strings.Repeat(",\n", 1_000_000) + "几点关门,六点\n"
	doc := read(t, "a.csv", data, kbfile.Options{})
	if diff := cmp.Diff([]string{"几点开门", "几点关门"}, questions(doc)); diff != "" {
		t.Error(diff)
	}
	if row := doc.Rows[1].Origin.Row; row != 1_000_003 {
		t.Errorf("row %d, want 1000003", row)
	}
}

// TestVeryLongCells holds that length is not judged here: up to the limit of the
// container a cell comes through whole.
func TestVeryLongCells(t *testing.T) {
	long := strings.Repeat("很长", 16_000)
	doc := read(t, "a.csv", "问题,答案\n几点开门,"+long+"\n", kbfile.Options{})
	if got := doc.Rows[0].Entry.Answers[0].Texts[0]; got != long {
		t.Errorf("answer of %d bytes, want %d", len(got), len(long))
	}
	_, err := kbfile.Read(context.Background(), "a.csv", []byte("问题,答案\n几点开门,"+long+long+"\n"), kbfile.Options{})
	var refused *sheet.Error
	if !errors.As(err, &refused) || refused.Row != 2 {
		t.Errorf("Read = %v, want a *sheet.Error in row 2", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, data := range map[string]string{
		"a.csv": "问题,答案\n甲,好\n", "a.jsonl": `{"question":"甲","answer":"好"}` + "\n" + `{"question":"乙","answer":"好"}`, "a.json": `[{"question":"甲","answer":"好"}]`,
	} {
		if _, err := kbfile.Read(ctx, name, []byte(data), kbfile.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Read(%s) = %v, want context.Canceled", name, err)
		}
	}
	kb := kbfile.Content{Entries: []knowledge.Entry{{Question: "甲"}}}
	for _, kind := range ownKinds {
		if err := kbfile.Write(ctx, &bytes.Buffer{}, kind, kbfile.LayoutOwn, kb); !errors.Is(err, context.Canceled) {
			t.Errorf("Write(%s) = %v, want context.Canceled", kind, err)
		}
	}
}

// TestCancelledOnTheWay cancels from within, when the first rows are read.
func TestCancelledOnTheWay(t *testing.T) {
	for name, line := range map[string]string{"a.csv": "问%d,好\n", "a.jsonl": `{"question":"问%d","answer":"好"}` + "\n"} {
		ctx, cancel := context.WithCancel(context.Background())
		var b strings.Builder
		if name == "a.csv" {
			b.WriteString("问题,答案\n")
		}
		for i := range 5000 {
			fmt.Fprintf(&b, line, i)
		}
		last := 0
		_, err := kbfile.Read(ctx, name, []byte(b.String()), kbfile.Options{Progress: func(done, _ int) { last = done; cancel() }})
		if !errors.Is(err, context.Canceled) || last > 2000 {
			t.Errorf("Read(%s) = %v after %d rows", name, err, last)
		}
		cancel()
	}
}

func TestProgress(t *testing.T) {
	var b strings.Builder
	b.WriteString("问题,答案\n")
	for i := range 2500 {
		fmt.Fprintf(&b, "问%d,好\n", i)
	}
	var got [][2]int
	read(t, "a.csv", b.String(), kbfile.Options{Progress: func(done, total int) { got = append(got, [2]int{done, total}) }})
	if diff := cmp.Diff([][2]int{{1000, 2500}, {2000, 2500}, {2500, 2500}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLexiconSheet covers mistakes and the ways in which editors write words.
func TestLexiconSheet(t *testing.T) {
	data := book(t, map[string][][]any{
		"知识点": {{"问题", "答案"}, {"甲", "好"}},
		"词类":  {{"词类", "词语", "包含词类"}, {"", "早了", ""}, {"停车", "停车、泊车", "车"}, {"", "停放", ""}, {"车", "车\n汽车", ""}},
		"停用词": {{"停用词"}, {"请问"}, {"你好，请问"}},
		"敏感词": {{"备注"}, {"不是词表"}},
	})
	doc, err := kbfile.Read(context.Background(), "a.xlsx", data, kbfile.Options{})
	must(t, err)
	want := &knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{{Name: "停车", Words: []string{"停车", "泊车", "停放"}, Includes: []string{"车"}}, {Name: "车", Words: []string{"车", "汽车"}}},
		StopWords:   []string{"请问", "你好"},
	}
	if diff := cmp.Diff(want, doc.Lexicon, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("lexicon (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"表「词类」第 2 行缺少词类的名称，请填写"}, problems(doc)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestCircularWordClasses holds that circles come through: Base judges them.
func TestCircularWordClasses(t *testing.T) {
	data := `{"word_class":{"name":"a","words":["x"],"includes":["b"]}}` + "\n" + `{"word_class":{"name":"b","words":["y"],"includes":["a"]}}` + "\n"
	doc := read(t, "a.jsonl", data, kbfile.Options{})
	if doc.Lexicon == nil || len(doc.Lexicon.WordClasses) != 2 || len(doc.Problems) != 0 {
		t.Errorf("Lexicon %+v, problems %v", doc.Lexicon, doc.Problems)
	}
}
