package kbfile_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
	"faqbot/knowledge/normalize"
)

// plain draws entries of texts in which no layout sees anything special, for
// the layouts that have no escapes.
func plain(n *normalize.Normalizer) *rapid.Generator[[]knowledge.Entry] {
	word := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"怎么", "退货", "，", "“热水器”", "A", "b1", "？", "=1", "!", "😀", "C#", "价"}), 1, 6).Draw(t, "word"), "")
	})
	return rapid.Custom(func(t *rapid.T) []knowledge.Entry {
		var out []knowledge.Entry
		for _, q := range rapid.SliceOfNDistinct(word, 1, 5, n.Key).Draw(t, "questions") {
			e := knowledge.Entry{
				Question: q, Enabled: rapid.Bool().Draw(t, "enabled"), ReplyAll: rapid.Bool().Draw(t, "reply all"), Hot: rapid.Bool().Draw(t, "hot"),
				Category:        knowledge.Path(texts(rapid.SampledFrom([]string{"售后", "上网", "A/B", "套餐-资费"}), 3).Draw(t, "category")),
				Variants:        slices.DeleteFunc(texts(word, 4).Draw(t, "variants"), func(v string) bool { return v == q }),
				CounterExamples: texts(word, 2).Draw(t, "counter"),
				Threshold:       rapid.SampledFrom([]float64{0, 0.5, 0.85, 1}).Draw(t, "threshold"),
				ExpiresAt:       time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Owner: "小林", ID: q,
			}
			e.Answers = []knowledge.Answer{{Texts: rapid.SliceOfNDistinct(word, 1, 3, rapid.ID[string]).Draw(t, "answer")}}
			if rapid.Bool().Draw(t, "wechat") {
				e.Answers = append(e.Answers, knowledge.Answer{Dimension: knowledge.Dimension{Channel: "wechat"}, Texts: []string{word.Draw(t, "wechat answer")}})
			}
			out = append(out, e)
		}
		return out
	})
}

// kept returns what a layout keeps of an entry; ok is false if it leaves it out.
func kept(layout kbfile.Layout, kind sheet.Kind, e knowledge.Entry) (out knowledge.Entry, ok bool) {
	ok = e.Enabled || layout == kbfile.LayoutWeKnora || kind == sheet.KindJSON
	out = knowledge.Entry{Question: e.Question, Variants: e.Variants, Enabled: e.Enabled}
	texts := e.Answers[0].Texts
	switch layout {
	case kbfile.LayoutWeChat:
		out.Category, out.Threshold = e.Category, e.Threshold
		texts = e.Answers[len(e.Answers)-1].Texts
	case kbfile.LayoutWeKnora:
		out.Category, out.CounterExamples, out.ReplyAll = e.Category, e.CounterExamples, e.ReplyAll
	default:
		if !e.ReplyAll {
			texts = texts[:1]
		}
		texts = []string{strings.Join(texts, "\n")}
	}
	out.Answers = []knowledge.Answer{{Texts: texts}}
	return out, ok
}

// TestRoundTripForeign holds that the layouts of other products lose what the
// documentation says, and nothing else.
func TestRoundTripForeign(t *testing.T) {
	n := newNormalizer(t)
	tests := []struct {
		layout kbfile.Layout
		kind   sheet.Kind
	}{
		{kbfile.LayoutWeChat, sheet.KindCSV}, {kbfile.LayoutWeChat, sheet.KindXLSX}, {kbfile.LayoutWeChat, sheet.KindJSON},
		{kbfile.LayoutWeKnora, sheet.KindTSV}, {kbfile.LayoutWeKnora, sheet.KindXLSX}, {kbfile.LayoutWeKnora, sheet.KindJSON},
		{kbfile.LayoutMaxKB, sheet.KindCSV}, {kbfile.LayoutMaxKB, sheet.KindXLSX},
		{kbfile.LayoutFastGPT, sheet.KindCSV}, {kbfile.LayoutFastGPT, sheet.KindXLSX},
	}
	for _, tt := range tests {
		t.Run(string(tt.layout)+"."+string(tt.kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				kb := kbfile.Content{Entries: plain(n).Draw(t, "entries")}
				var want []knowledge.Entry
				for _, e := range kb.Entries {
					if out, ok := kept(tt.layout, tt.kind, e); ok {
						want = append(want, out)
					}
				}
				if len(want) == 0 {
					t.Skip("nothing to write")
				}
				doc, got := readBack(t, n, tt.kind, tt.layout, kb)
				if doc.Layout != tt.layout {
					t.Fatalf("read as layout %s", doc.Layout)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("entries differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestHashesInForeignTexts holds that a text with the separator in it stays one
// text.
func TestHashesInForeignTexts(t *testing.T) {
	e := knowledge.Entry{Question: "甲", Enabled: true, Variants: []string{"C#", "#1", "a##b", "a###b"}, Answers: []knowledge.Answer{{Texts: []string{"好##是", "#"}}}}
	_, got := readBack(t, newNormalizer(t), sheet.KindCSV, kbfile.LayoutWeChat, kbfile.Content{Entries: []knowledge.Entry{e}})
	want := e.Clone()
	want.Variants, want.Answers[0].Texts = []string{"C#", "#1", "a# #b", "a# # #b"}, []string{"好# #是", "#"}
	if diff := cmp.Diff([]knowledge.Entry{want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestManyVariants holds that lists that are too long for a cell take several.
func TestManyVariants(t *testing.T) {
	e := knowledge.Entry{ID: "a", Question: "甲", Enabled: true, Answers: []knowledge.Answer{{Texts: []string{"好"}}}}
	for i := range knowledge.MaxVariants {
		e.Variants = append(e.Variants, strings.Repeat("问", 60)+string(rune(0x4e00+i)))
	}
	kb := kbfile.Content{Entries: []knowledge.Entry{e}}
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV} {
		_, got := readBack(t, newNormalizer(t), kind, kbfile.LayoutOwn, kb)
		if diff := cmp.Diff(kb.Entries, got, ignoreBookkeeping); diff != "" {
			t.Errorf("%s: entries differ", kind)
		}
	}
	_, got := readBack(t, newNormalizer(t), sheet.KindCSV, kbfile.LayoutFastGPT, kbfile.Content{Entries: []knowledge.Entry{e}})
	if diff := cmp.Diff(e.Variants, got[0].Variants); diff != "" {
		t.Errorf("fastgpt: variants differ")
	}
}

// TestManyAlternatives holds the same for the alternatives of an answer with a
// dimension, and that times are written in the zone that the content names.
func TestManyAlternatives(t *testing.T) {
	tokyo := time.FixedZone("Asia/Tokyo", 9*60*60)
	e := knowledge.Entry{ID: "a", Question: "甲", Enabled: true, EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, tokyo)}
	for _, dim := range []knowledge.Dimension{{}, {Channel: "wechat"}, {Region: "(华东", Level: "V;I:P"}} {
		e.Answers = append(e.Answers, knowledge.Answer{Dimension: dim, Texts: []string{strings.Repeat("长", 15_000), strings.Repeat("久", 15_000), strings.Repeat("远", 15_000)}})
	}
	kb := kbfile.Content{Entries: []knowledge.Entry{e}, Location: tokyo}
	var buf bytes.Buffer
	must(t, kbfile.Write(context.Background(), &buf, sheet.KindCSV, kbfile.LayoutOwn, kb))
	if !strings.Contains(buf.String(), ",2026-01-01 00:00,") {
		t.Error("the time is not written in the zone of the content")
	}
	for _, header := range []string{"答案2(微信)", `答案3(地区:(华东;等级:V\;I:P)`} {
		if !strings.Contains(buf.String(), header) {
			t.Errorf("no column %s", header)
		}
	}
	doc := read(t, "a.csv", buf.String(), kbfile.Options{Location: tokyo})
	if diff := cmp.Diff(e.Answers, doc.Rows[0].Entry.Answers, byDimension); diff != "" {
		t.Error("answers differ")
	}
}

// TestForeignAnswers holds which answer the layouts with one answer take.
func TestForeignAnswers(t *testing.T) {
	answer := func(channel, text string) knowledge.Answer {
		return knowledge.Answer{Dimension: knowledge.Dimension{Channel: channel}, Texts: []string{text}}
	}
	tests := []struct {
		name    string
		layout  kbfile.Layout
		answers []knowledge.Answer
		want    string
	}{
		{"the default", kbfile.LayoutMaxKB, []knowledge.Answer{answer("wechat", "微"), answer("", "默")}, "默"},
		{"the first without default", kbfile.LayoutMaxKB, []knowledge.Answer{answer("web", "网"), answer("wechat", "微")}, "网"},
		{"WeChat's own", kbfile.LayoutWeChat, []knowledge.Answer{answer("", "默"), answer("wechat", "微")}, "微"},
		{"the default for WeChat", kbfile.LayoutWeChat, []knowledge.Answer{answer("", "默"), answer("web", "网")}, "默"},
		{"nothing for WeChat", kbfile.LayoutWeChat, []knowledge.Answer{answer("web", "网")}, "网"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kb := kbfile.Content{Entries: []knowledge.Entry{{ID: "a", Question: "甲", Enabled: true, Answers: tt.answers}}}
			_, got := readBack(t, newNormalizer(t), sheet.KindCSV, tt.layout, kb)
			if diff := cmp.Diff([]knowledge.Answer{{Texts: []string{tt.want}}}, got[0].Answers); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLayouts(t *testing.T) {
	kb := kbfile.Content{Entries: []knowledge.Entry{{ID: "a", Question: "甲", Enabled: true, Answers: []knowledge.Answer{{Texts: []string{"好"}}}}}}
	for _, layout := range kbfile.Layouts() {
		if doc, _ := readBack(t, newNormalizer(t), sheet.KindXLSX, layout, kb); doc.Layout != layout {
			t.Errorf("layout %s reads back as %s", layout, doc.Layout)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, tt := range []struct {
		layout kbfile.Layout
		kind   sheet.Kind
	}{{kbfile.LayoutAzure, sheet.KindCSV}, {kbfile.LayoutMaxKB, sheet.KindJSON}, {kbfile.LayoutWeChat, sheet.KindJSONL}, {kbfile.LayoutOwn, sheet.KindXLS}} {
		if err := kbfile.Write(context.Background(), &bytes.Buffer{}, tt.kind, tt.layout, kbfile.Content{}); err == nil {
			t.Errorf("Write(%s, %s) did not fail", tt.kind, tt.layout)
		}
	}
}

// brokenWriter fails after some bytes.
type brokenWriter struct{ left int }

var errDisk = errors.New("disk full")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	e := knowledge.Entry{Question: "甲", Answers: []knowledge.Answer{{Texts: []string{strings.Repeat("好", 10_000)}}}}
	for _, kind := range ownKinds {
		if err := kbfile.Write(context.Background(), &brokenWriter{left: 10}, kind, kbfile.LayoutOwn, kbfile.Content{Entries: []knowledge.Entry{e}}); !errors.Is(err, errDisk) {
			t.Errorf("Write(%s) = %v, want the error of the writer", kind, err)
		}
	}
}

// TestOwnLayoutLooks shows an editor's view of an export.
func TestOwnLayoutLooks(t *testing.T) {
	kb := kbfile.Content{Entries: []knowledge.Entry{
		{ID: "a", Category: knowledge.Path{"门店", "营业"}, Question: "几点开门", Variants: []string{"什么时候开门", "1号店几点开"}, Enabled: true,
			Answers: []knowledge.Answer{{Texts: []string{"九点。", "上午九点。"}}, {Dimension: knowledge.Dimension{Channel: "wechat"}, Texts: []string{"九点，回复 1 看地图。"}}},
			Related: []string{"b"}, ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600)), Threshold: 0.8, Owner: "小林"},
		{ID: "b", Question: "=SUM(A1)是什么", Answers: []knowledge.Answer{{Texts: []string{"公式"}}}, Hot: true, ReplyAll: true},
	}}
	var buf bytes.Buffer
	must(t, kbfile.Write(context.Background(), &buf, sheet.KindCSV, kbfile.LayoutOwn, kb))
	want := "\ufeff知识ID,分类,标准问,扩展问,反例问,答案,答案(微信),是否全部回复,关联问题,生效时间,失效时间,是否启用,热点问题,相似度阈值,负责人\r\n" +
		"a,门店/营业,几点开门,\"什么时候开门\n1号店几点开\",,九点。##上午九点。,九点，回复 1 看地图。,否,'=SUM(A1)是什么,,2027-01-01 00:00,是,否,0.8,小林\r\n" +
		"b,,'=SUM(A1)是什么,,,公式,,是,,,,否,是,,\r\n"
	if diff := cmp.Diff(want, buf.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// reread reads a file of failed rows after an editor has mended it.
func reread(t *testing.T, doc *kbfile.Document, failed []kbfile.Failure, mend ...string) (*kbfile.Document, *sheet.Workbook, string) {
	t.Helper()
	var buf bytes.Buffer
	must(t, doc.WriteFailed(&buf, failed))
	if doc.FailedKind() == sheet.KindXLSX {
		wb, err := sheet.Open(context.Background(), "failed.xlsx", buf.Bytes(), sheet.Limits{})
		must(t, err)
		return read(t, "failed.xlsx", buf.String(), kbfile.Options{}), wb, ""
	}
	text := buf.String()
	return read(t, "failed", strings.NewReplacer(mend...).Replace(text), kbfile.Options{}), nil, text
}

func TestWriteFailedText(t *testing.T) {
	tests := []struct {
		name, file, data, want string
		mend                   []string
		rows                   []string
	}{
		{
			"csv with a title and an old reason", "a.csv",
			"知识库导入\n问题,相似问,答案,备注,失败原因\n甲,甲1,好,x,\n乙,乙1,,y,上次的原因\n,乙2,,z,\n丙,,好,,\n",
			"\ufeff知识库导入,,,,\r\n问题,相似问,答案,备注,失败原因\r\n乙,乙1,,y,缺少答案，请填写答案\r\n,乙2,,z,\r\n",
			[]string{"乙,乙1,,y", "乙,乙1,有了,y"}, []string{"乙 [乙1 乙2]"},
		},
		{
			"jsonl", "a.jsonl",
			`{"question":"甲","answer":"好"}` + "\n" + `{"question":"乙","注":"<y>"}` + "\n" + `{坏` + "\n",
			`{"question":"乙","注":"<y>","失败原因":"缺少答案，文件里没有“答案”（或 回答、机器人回答）这一项，请补上"}` + "\n" + `{坏` + "\n",
			[]string{`"乙",`, `"乙","answer":"好",`, "{坏", ""}, []string{"乙 []"},
		},
		{
			"json in an envelope", "a.json",
			`{"mode":0,"data":[{"skill":"s","intent":"甲","answers":["好"]},{"skill":"s","intent":"乙","questions":["乙1"],"answers":[]}],"x":1}`,
			`{"mode":0,"data":[` + "\n" + `{"skill":"s","intent":"乙","questions":["乙1"],"answers":[],"失败原因":"缺少答案，请填写答案"}` + "\n" + `],"x":1}` + "\n",
			[]string{`"answers":[]`, `"answers":["好"]`}, []string{"乙 [乙1]"},
		},
		{
			"no header", "a.tsv", "几点开门\t九点\n几点关门\t六点\n",
			"\ufeff问题\t答案\t失败原因\r\n几点关门\t六点\t重复\r\n", nil, []string{"几点关门 []"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := read(t, tt.file, tt.data, kbfile.Options{})
			failed := doc.Failures()
			if len(failed) == 0 { // Base refused the second row
				failed = []kbfile.Failure{{Origin: doc.Rows[1].Origin, Reason: "重复"}}
			}
			again, _, text := reread(t, doc, failed, tt.mend...)
			if diff := cmp.Diff(tt.want, text); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			var got []string
			for _, r := range again.Rows {
				got = append(got, r.Entry.Question+" ["+strings.Join(r.Entry.Variants, " ")+"]")
			}
			if diff := cmp.Diff(tt.rows, got); diff != "" || len(again.Problems) > 0 {
				t.Errorf("after mending: %v, problems %v", got, problems(again))
			}
		})
	}
}

// TestWriteFailedSheets covers workbooks: merged cells, several sheets, xls.
func TestWriteFailedSheets(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "merged.xlsx"))
	must(t, err)
	doc := read(t, "merged.xlsx", string(data), kbfile.Options{})
	failed := []kbfile.Failure{{Origin: doc.Rows[0].Origin, Reason: "与已有知识冲突"}, {Origin: doc.Rows[0].Origin, Reason: "也太长"}, {Origin: doc.Rows[2].Origin, Reason: "太长"}}
	again, wb, _ := reread(t, doc, failed)
	header := wb.Sheets[0].Rows[1].Cells
	if header[len(header)-1] != "失败原因" || wb.Sheets[0].Rows[2].Cells[len(header)-1] != "与已有知识冲突；也太长" {
		t.Errorf("rows: %v", wb.Sheets[0].Rows)
	}
	var got, want []goldenEntry
	for _, r := range again.Rows {
		g := showRow(r)
		g.Where = ""
		got = append(got, g)
	}
	for _, r := range []knowledge.ImportRow{doc.Rows[0], doc.Rows[2]} {
		g := showRow(r)
		g.Where = ""
		want = append(want, g)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}

	data, err = os.ReadFile(filepath.Join("testdata", "legacy13.xls"))
	must(t, err)
	doc = read(t, "legacy13.xls", string(data), kbfile.Options{})
	again, wb, _ = reread(t, doc, []kbfile.Failure{{Origin: doc.Rows[1].Origin, Reason: "冲突"}})
	if len(again.Rows) != 1 || again.Rows[0].Entry.ID != "K0002" || len(wb.Sheets[0].Rows) != 3 {
		t.Errorf("legacy13: %d rows, sheet %v", len(again.Rows), wb.Sheets[0].Rows)
	}
}
