package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/knowledge/kbtest/pgtest"
)

// report is what import --json prints, without the rows.
type report struct {
	New, Merged, Unchanged, Conflict, Failed, Removed, Skipped int
	Lexicon_changed, Dry_run                                   bool
	Revision                                                   int64
	Rows                                                       []struct {
		File, Sheet, Question, Outcome, Entry, Reason string
		Row                                           int
	}
}

var withoutRows = cmpopts.IgnoreFields(report{}, "Rows", "Revision")

// importJSON imports with --json and expects the exit code.
func importJSON(t *testing.T, code int, args ...string) report {
	t.Helper()
	r := faqbot(append([]string{"import", "--json"}, args...)...)
	if r.code != code {
		t.Fatalf("faqbot import %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	return decode[report](t, r.out)
}

func TestImportTwiceChangesNothing(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	for _, mode := range []string{"append", "merge", "replace"} {
		t.Run(mode, func(t *testing.T) {
			db := newDB(t)
			first := importJSON(t, exitOK, "--db", db, "--mode", mode, kb)
			if diff := cmp.Diff(report{New: 5, Lexicon_changed: true}, first, withoutRows); diff != "" {
				t.Errorf("first time (-want +got):\n%s", diff)
			}
			before := exported(t, db)
			second := importJSON(t, exitOK, "--db", db, "--mode", mode, kb)
			if diff := cmp.Diff(report{Unchanged: 5}, second, withoutRows); diff != "" {
				t.Errorf("second time (-want +got):\n%s", diff)
			}
			if second.Revision != first.Revision {
				t.Errorf("the revision went from %d to %d", first.Revision, second.Revision)
			}
			if diff := cmp.Diff(before, exported(t, db)); diff != "" {
				t.Errorf("export (-before +after):\n%s", diff)
			}
		})
	}
}

func TestImportModes(t *testing.T) {
	changed := fileOf(t, "changed.jsonl", `{"id":"inv-1","question":"怎么开发票","variants":["开票"],"answer":"找店员。"}`+"\n"+
		`{"id":"new-1","question":"几点关门","answer":"九点。"}`+"\n")
	for _, tt := range []struct {
		mode    string
		code    int
		want    report
		entries int
		has     []string
		hasNot  []string
	}{
		{"append", exitPartly, report{New: 1, Conflict: 1}, 6, []string{"几点关门", "我的订单"}, []string{"开票", "找店员"}},
		{"merge", exitOK, report{New: 1, Merged: 1}, 6, []string{"几点关门", "开票", "发票怎么开", "找店员"}, []string{"我的订单"}},
		{"replace", exitOK, report{New: 1, Merged: 1, Removed: 4}, 2, []string{"几点关门", "开票", "找店员"}, []string{"发票怎么开", "我的订单", "怎么办理宽带"}},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			db := newDB(t)
			ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
			before := exported(t, db)
			dry := importJSON(t, tt.code, "--db", db, "--mode", tt.mode, "--dry-run", changed)
			want := tt.want
			want.Dry_run = true
			if diff := cmp.Diff(want, dry, withoutRows); diff != "" {
				t.Errorf("dry run (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, exported(t, db)); diff != "" {
				t.Errorf("the dry run stored something (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, importJSON(t, tt.code, "--db", db, "--mode", tt.mode, changed), withoutRows); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			after := exported(t, db)
			if n := countEntries(t, after); n != tt.entries {
				t.Errorf("%d entries, want %d", n, tt.entries)
			}
			for _, text := range tt.has {
				if !strings.Contains(after, text) {
					t.Errorf("%q is not stored", text)
				}
			}
			for _, text := range tt.hasNot {
				if strings.Contains(after, text) {
					t.Errorf("%q is stored", text)
				}
			}
		})
	}
}

const badRows = `{"question":"怎么退货","answer":"带小票。"}
{"question":"没有答案的问题"}
{"answer":"没有问题的答案"}
{"question":"失效时间写错","answer":"好。","expires_at":"明年某天"}
{"question":"怎么退货？","answer":"又一次。"}
`

func TestImportReportsBadRows(t *testing.T) {
	db, failed := newDB(t), filepath.Join(t.TempDir(), "failed.jsonl")
	kb := fileOf(t, "bad.jsonl", badRows)
	r := faqbot("import", "--db", db, "--failed", failed, kb)
	if r.code != exitPartly {
		t.Fatalf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"新增 1", "第 2 行", "第 3 行", "第 4 行", "第 5 行", "明年某天", "没有答案的问题"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if n := countEntries(t, exported(t, db)); n != 1 {
		t.Errorf("%d entries stored, want 1", n)
	}
	text := contentOf(t, failed)
	if strings.Count(strings.TrimSpace(text), "\n") != 3 || strings.Count(text, "失败原因") != 4 || strings.Contains(text, "带小票") {
		t.Errorf("the failed rows:\n%s", text)
	}
}

// The file of failed rows, put right, is imported like any other.
func TestImportFailedRowsAgain(t *testing.T) {
	db, failed := newDB(t), filepath.Join(t.TempDir(), "failed.csv")
	kb := fileOf(t, "kb.csv", "标准问,答案,失效时间\n怎么退货,带小票,\n怎么换货,带小票,明年某天\n")
	if r := faqbot("import", "--db", db, "--failed", failed, kb); r.code != exitPartly {
		t.Fatalf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	text := contentOf(t, failed)
	if !strings.Contains(text, "失败原因") || !strings.Contains(text, "怎么换货") || strings.Contains(text, "怎么退货") {
		t.Fatalf("the failed rows:\n%s", text)
	}
	ok(t, "import", "--db", db, fileOf(t, "again.csv", strings.ReplaceAll(text, "明年某天", "2099-01-01")))
	if n := countEntries(t, exported(t, db)); n != 2 {
		t.Errorf("%d entries after the second import", n)
	}
}

// No file of failed rows is left where nothing failed.
func TestImportWithoutFailures(t *testing.T) {
	failed := filepath.Join(t.TempDir(), "failed.jsonl")
	ok(t, "import", "--db", newDB(t), "--failed", failed, fileOf(t, "kb.jsonl", fiveEntries))
	if _, err := os.Stat(failed); !os.IsNotExist(err) {
		t.Errorf("the file of failed rows: %v", err)
	}
}

func TestReplaceRefusesBadRows(t *testing.T) {
	db, failed := newDB(t), filepath.Join(t.TempDir(), "failed.jsonl")
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
	before := exported(t, db)
	r := faqbot("import", "--db", db, "--mode", "replace", "--failed", failed, fileOf(t, "bad.jsonl", badRows))
	if r.code != exitFailure {
		t.Errorf("exit code %d", r.code)
	}
	if !strings.Contains(r.out, "没有答案的问题") || !hasChinese(r.err) {
		t.Errorf("the report:\n%s\nthe error: %s", r.out, r.err)
	}
	if diff := cmp.Diff(before, exported(t, db)); diff != "" {
		t.Errorf("export (-before +after):\n%s", diff)
	}
	if !strings.Contains(contentOf(t, failed), "失败原因") {
		t.Error("the failed rows were not written")
	}
}

func hasChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
}

// Several files are one import: a bad one spoils all.
func TestImportOfSeveralFiles(t *testing.T) {
	db, kb := newDB(t), fileOf(t, "kb.jsonl", fiveEntries)
	more := fileOf(t, "more.csv", "标准问,答案\n几点关门,九点\n")
	if r := faqbot("import", "--db", db, kb, filepath.Join(t.TempDir(), "missing.csv")); r.code != exitFailure {
		t.Errorf("with a missing file: exit code %d", r.code)
	}
	if n := countEntries(t, exported(t, db)); n != 0 {
		t.Errorf("%d entries stored", n)
	}
	if diff := cmp.Diff(report{New: 6, Lexicon_changed: true}, importJSON(t, exitOK, "--db", db, kb, more), withoutRows); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestImportOfBadFiles(t *testing.T) {
	bad, err := filepath.Glob(filepath.Join("..", "..", "knowledge", "kbfile", "sheet", "testdata", "bad", "*"))
	if err != nil || len(bad) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	db := newDB(t)
	bad = append(bad, filepath.Join(t.TempDir(), "missing.xlsx"), t.TempDir(), fileOf(t, "empty.jsonl", ""), fileOf(t, "noheader.csv", "甲,乙,丙\n一,二,三\n"))
	for _, path := range bad {
		r := faqbot("import", "--db", db, path)
		if r.code != exitFailure || !strings.Contains(r.err, filepath.Base(path)) || !hasChinese(r.err) {
			t.Errorf("%s: exit code %d: %s%s", filepath.Base(path), r.code, r.out, r.err)
		}
	}
	if n := countEntries(t, exported(t, db)); n != 0 {
		t.Errorf("%d entries stored", n)
	}
}

// countdown is a context that ends when it was asked a number of times whether
// it has.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
	return c.Context.Err()
}

// Wherever an import is interrupted, all of it is stored or nothing.
func TestImportIsInterrupted(t *testing.T) {
	var lines strings.Builder
	for i := range 300 {
		lines.WriteString(strings.ReplaceAll(`{"question":"第#号窗口办什么","answer":"问第#号窗口。"}`+"\n", "#", strings.Repeat("一", i+1)))
	}
	kb := fileOf(t, "kb.jsonl", lines.String())
	interrupted := 0
	for _, after := range []int64{0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 1_000_000} {
		inner, cancel := context.WithCancel(context.Background())
		ctx := &countdown{Context: inner, cancel: cancel}
		ctx.left.Store(after)
		db := newDB(t)
		r := program{}.runContext(ctx, "import", "--db", db, kb)
		cancel()
		want := 300
		switch r.code {
		case exitInterrupted:
			want = 0
			interrupted++
			if !strings.Contains(r.err, "已中断") {
				t.Errorf("after %d: %q", after, r.err)
			}
		case exitOK:
		default:
			t.Errorf("after %d: exit code %d: %s%s", after, r.code, r.out, r.err)
		}
		if n := countEntries(t, exported(t, db)); n != want {
			t.Errorf("after %d: exit code %d and %d entries", after, r.code, n)
		}
	}
	if interrupted < 3 || interrupted == 16 {
		t.Errorf("%d of 16 imports were interrupted", interrupted)
	}
}

func TestExportRoundTrip(t *testing.T) {
	db, dir := newDB(t), t.TempDir()
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
	for _, kind := range []string{"jsonl", "json", "csv", "tsv", "xlsx"} {
		t.Run(kind, func(t *testing.T) {
			one, two := filepath.Join(dir, "one."+kind), filepath.Join(dir, "two."+kind)
			r := ok(t, "export", "--db", db, one)
			if r.out != "" || !strings.Contains(r.err, "5 个知识点") {
				t.Errorf("export prints %q and %q", r.out, r.err)
			}
			again := newDB(t)
			ok(t, "import", "--db", again, one)
			ok(t, "export", "--db", again, two)
			if contentOf(t, one) != contentOf(t, two) {
				t.Errorf("the second export differs: %s", cmp.Diff(contentOf(t, one), contentOf(t, two)))
			}
			// csv and tsv have no place for the lexicon.
			if want, got := exported(t, db), exported(t, again); kind != "csv" && kind != "tsv" && got != want {
				t.Errorf("the knowledge base differs (-want +got):\n%s", cmp.Diff(want, got))
			}
			if got := importJSON(t, exitOK, "--db", db, one); got.Unchanged != 5 || got.Lexicon_changed {
				t.Errorf("importing the export into its own base: %+v", got)
			}
		})
	}
}

func TestExport(t *testing.T) {
	db, dir := newDB(t), t.TempDir()
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
	for _, layout := range []string{"faqbot", "wechat", "weknora", "maxkb", "fastgpt"} {
		path := filepath.Join(dir, layout+".csv")
		ok(t, "export", "--db", db, "--layout", layout, path)
		want := "带身份证到营业厅"
		if layout == "wechat" { // a file for one channel has that channel's answers
			want = "点菜单「办宽带」"
		}
		if text := contentOf(t, path); !strings.Contains(text, "怎么办理宽带") || !strings.Contains(text, want) {
			t.Errorf("%s:\n%s", layout, text)
		}
	}
	for _, want := range []string{`"word_class"`, `"user_words":["周年庆"]`, `"stop_words":["请问"]`, `"counter_examples":["取消宽带提速"]`, `"threshold":0.85`} {
		if text := exported(t, db); !strings.Contains(strings.ReplaceAll(text, " ", ""), want) {
			t.Errorf("%s is not exported:\n%s", want, text)
		}
	}
	if r := ok(t, "export", "--db", db, "--format", "csv", "-"); !strings.Contains(r.out, "怎么办理宽带") || r.err != "" {
		t.Errorf("export to the output: %q, %q", r.out, r.err)
	}
	if r := faqbot("export", "--db", db, filepath.Join(dir, "missing", "x.csv")); r.code != exitFailure || !strings.Contains(r.err, "missing") {
		t.Errorf("export into a missing folder: exit code %d: %s", r.code, r.err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 {
		t.Errorf("%d files in the folder: %v", len(left), err)
	}
}

// The whole way on PostgreSQL.
func TestPostgreSQL(t *testing.T) {
	p := program{env: map[string]string{"FAQBOT_DATABASE": pgtest.DSN(t), "FAQBOT_INDEX_DIR": filepath.Join(t.TempDir(), "index")}}
	must := func(args ...string) result {
		t.Helper()
		r := p.run(args...)
		if r.code != exitOK {
			t.Fatalf("faqbot %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
		}
		return r
	}
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	if got := decode[report](t, must("import", "--json", kb).out); got.New != 5 {
		t.Errorf("first import: %+v", got)
	}
	if got := decode[report](t, must("import", "--json", kb).out); got.Unchanged != 5 || got.New+got.Merged != 0 {
		t.Errorf("second import: %+v", got)
	}
	if got := decode[answer](t, must("ask", "--db", p.env["FAQBOT_DATABASE"], "--json", "发票怎么开").out); got.Entry != "inv-1" {
		t.Errorf("ask: %+v", got)
	}
	db := newDB(t)
	ok(t, "import", "--db", db, kb)
	if diff := cmp.Diff(exported(t, db), must("export", "--format", "jsonl", "-").out); diff != "" {
		t.Errorf("export (-sqlite +postgresql):\n%s", diff)
	}
}
