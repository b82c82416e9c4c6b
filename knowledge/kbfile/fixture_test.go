package kbfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
)

var update = flag.Bool("update", false, "write the golden files of the fixtures")

// golden is what a fixture reads as, in a form that people can review.
type golden struct {
	Layout   kbfile.Layout
	Kind     string
	Encoding string `json:",omitempty"`
	Columns  []string
	Sheets   []string           `json:",omitempty"`
	Entries  []goldenEntry      `json:",omitempty"`
	Lexicon  *knowledge.Lexicon `json:",omitempty"`
	Problems []string           `json:",omitempty"`
	Skipped  []string           `json:",omitempty"`
}

// goldenEntry shows only fields that have a value.
type goldenEntry struct {
	Where    string
	Has      string
	ID       string `json:",omitempty"`
	Category string `json:",omitempty"`
	Question string
	Variants []string            `json:",omitempty"`
	Counter  []string            `json:",omitempty"`
	Answers  map[string][]string `json:",omitempty"`
	ReplyAll bool                `json:",omitempty"`
	Related  []string            `json:",omitempty"`
	From     string              `json:",omitempty"`
	Until    string              `json:",omitempty"`
	Disabled bool                `json:",omitempty"`
	Hot      bool                `json:",omitempty"`
	Thresh   float64             `json:",omitempty"`
	Owner    string              `json:",omitempty"`
}

var fieldLetters = []string{"id", "category", "variants", "counter", "answers", "reply_all", "related", "from", "until", "enabled", "hot", "threshold", "owner"}

func showHas(has knowledge.FieldSet) string {
	var names []string
	for i, name := range fieldLetters {
		if has.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func showTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func showDimension(d knowledge.Dimension) string {
	return strings.Trim(d.Channel+"/"+d.Region+"/"+d.Level, "/")
}

func showRow(row knowledge.ImportRow) goldenEntry {
	e := row.Entry
	g := goldenEntry{
		Where: fmt.Sprintf("%s %v", row.Origin.Sheet, row.Origin.Rows), Has: showHas(row.Has),
		ID: e.ID, Category: e.Category.String(), Question: e.Question, Variants: e.Variants, Counter: e.CounterExamples,
		ReplyAll: e.ReplyAll, Related: row.Related, From: showTime(e.EffectiveFrom), Until: showTime(e.ExpiresAt),
		Disabled: !e.Enabled, Hot: e.Hot, Thresh: e.Threshold, Owner: e.Owner, Answers: map[string][]string{},
	}
	for _, a := range e.Answers {
		g.Answers[showDimension(a.Dimension)] = a.Texts
	}
	return g
}

func showDocument(doc *kbfile.Document) golden {
	g := golden{Layout: doc.Layout, Kind: string(doc.Kind), Encoding: doc.Encoding, Lexicon: doc.Lexicon}
	for _, c := range doc.Columns {
		line := strings.TrimSpace(c.Header) + " = " + string(c.Field)
		if d := showDimension(c.Dimension); d != "" {
			line += " (" + d + ")"
		}
		if c.Note != "" {
			line += "：" + c.Note
		}
		g.Columns = append(g.Columns, line)
	}
	for _, s := range doc.Sheets {
		g.Sheets = append(g.Sheets, fmt.Sprintf("%s %s %d %s", s.Name, s.Layout, s.Header, s.Note))
	}
	for _, row := range doc.Rows {
		g.Entries = append(g.Entries, showRow(row))
	}
	for _, p := range doc.Problems {
		g.Problems = append(g.Problems, p.Error())
	}
	for _, p := range doc.Skipped {
		g.Skipped = append(g.Skipped, p.Error())
	}
	return g
}

// fixtures says for each file what layout it must be taken for. There is one for
// each product whose files are known, and one for each way in which files differ.
var fixtures = map[string]kbfile.Layout{
	"wechat.csv":        kbfile.LayoutWeChat,
	"wechat.json":       kbfile.LayoutWeChat,
	"weknora.csv":       kbfile.LayoutWeKnora, // tab-separated, with BOM
	"weknora.xlsx":      kbfile.LayoutWeKnora,
	"weknora.json":      kbfile.LayoutWeKnora,
	"maxkb.csv":         kbfile.LayoutMaxKB, // a stray bracket in the header
	"maxkb.xlsx":        kbfile.LayoutMaxKB, // two sheets
	"fastgpt.csv":       kbfile.LayoutFastGPT,
	"fastgpt-index.csv": kbfile.LayoutFastGPT,
	"chatwiki.csv":      kbfile.LayoutChatwiki,
	"chatwiki.xlsx":     kbfile.LayoutChatwiki,
	"cskefu.xls":        kbfile.LayoutCskefu,
	"easemob.xlsx":      kbfile.LayoutEasemob,
	"qidian.xlsx":       kbfile.LayoutQidian,
	"beebot.xlsx":       kbfile.LayoutBeebot,
	"baidu.xlsx":        kbfile.LayoutBaidu,
	"huawei.xlsx":       kbfile.LayoutHuawei,
	"tencent.xlsx":      kbfile.LayoutTencent,
	"azure.tsv":         kbfile.LayoutAzure,
	"anyq.tsv":          kbfile.LayoutAnyQ,
	"chatopera.json":    kbfile.LayoutChatopera,
	"qiyu-gbk.csv":      kbfile.LayoutGeneric,
	"bom.csv":           kbfile.LayoutGeneric,
	"utf16.csv":         kbfile.LayoutGeneric,
	"tsv-as.csv":        kbfile.LayoutGeneric,
	"merged.xlsx":       kbfile.LayoutGeneric,
	"numbered.xlsx":     kbfile.LayoutGeneric,
	"variantrows.xlsx":  kbfile.LayoutGeneric,
	"blankrow.xlsx":     kbfile.LayoutGeneric,
	"legacy13.xls":      kbfile.LayoutGeneric, // an old export with 13 columns
	"own.jsonl":         kbfile.LayoutOwn,
	"eval.jsonl":        kbfile.LayoutEval,
}

// TestFixtures reads one file of each known product and compares everything that
// was understood of it. After a change, review the golden files.
func TestFixtures(t *testing.T) {
	n := newNormalizer(t)
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, listed := fixtures[f.Name()]; !listed && !f.IsDir() {
			t.Errorf("testdata/%s is not in the table", f.Name())
		}
	}
	for name, layout := range fixtures {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := kbfile.Read(context.Background(), name, data, kbfile.Options{Normalizer: n, AllowNoAnswer: layout == kbfile.LayoutEval})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Layout != layout {
				t.Errorf("Layout = %s, want %s", doc.Layout, layout)
			}
			compareGolden(t, filepath.Join("testdata", "golden", name+".json"), showDocument(doc))
		})
	}
}

func compareGolden(t *testing.T, path string, value any) {
	t.Helper()
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), buf.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
