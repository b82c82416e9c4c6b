package knowledge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/knowledge"
)

// said is what most files carry.
const said = knowledge.FieldCategory | knowledge.FieldVariants | knowledge.FieldAnswers

// rows makes the rows of a file from entries.
func rows(has knowledge.FieldSet, entries ...knowledge.Entry) []knowledge.ImportRow {
	out := make([]knowledge.ImportRow, len(entries))
	for i, e := range entries {
		out[i] = knowledge.ImportRow{
			Entry: e, Has: has, Related: e.Related,
			Origin: knowledge.Origin{File: "知识.xlsx", Sheet: "表1", Row: i + 2, Rows: []int{i + 2}},
		}
		out[i].Entry.Related = nil
	}
	return out
}

// mustImport imports and checks that the counts are those of the rows.
func (w *world) mustImport(t testing.TB, imp knowledge.Import) knowledge.Report {
	t.Helper()
	report, err := w.Import(t.Context(), imp)
	if err != nil {
		t.Fatal(err)
	}
	var counted knowledge.Report
	for _, r := range report.Rows {
		counted.Add(r)
	}
	counted.Revision, counted.DryRun, counted.LexiconChanged = report.Revision, report.DryRun, report.LexiconChanged
	if diff := cmp.Diff(counted, report); diff != "" {
		t.Fatalf("counts of the report (-of the rows +reported):\n%s", diff)
	}
	return report
}

// outcomes returns one line a row: outcome question.
func outcomes(r knowledge.Report) []string {
	var out []string
	for _, row := range r.Rows {
		out = append(out, fmt.Sprintf("%s %s", row.Outcome, row.Question))
	}
	return out
}

// with returns e after the change.
func with(e knowledge.Entry, change func(*knowledge.Entry)) knowledge.Entry {
	e = e.Clone()
	change(&e)
	return e
}

// content lists what is stored, without who and when and ids.
func (w *world) content(t testing.TB) []knowledge.Entry {
	t.Helper()
	all := w.entries(t)
	names := map[string]string{}
	for _, e := range all {
		names[e.ID] = e.Question
	}
	for i := range all {
		e := &all[i]
		for j, id := range e.Related {
			e.Related[j] = names[id]
		}
		all[i] = knowledge.Entry{
			Category: e.Category, Question: e.Question, Variants: e.Variants, CounterExamples: e.CounterExamples,
			Answers: e.Answers, ReplyAll: e.ReplyAll, Related: e.Related, EffectiveFrom: e.EffectiveFrom,
			ExpiresAt: e.ExpiresAt, Enabled: e.Enabled, Hot: e.Hot, Threshold: e.Threshold, Owner: e.Owner,
		}
	}
	slices.SortFunc(all, func(a, b knowledge.Entry) int { return strings.Compare(a.Question, b.Question) })
	return all
}

// Each mode meets each situation: what the report says, and what is stored then.
func TestImportModes(t *testing.T) {
	// The stored entry has every field, so that a lost one shows.
	stored := knowledge.Entry{
		Category: knowledge.Path{"售后", "退款"}, Question: "怎么退款", Variants: []string{"退钱", "退货款"},
		CounterExamples: []string{"怎么付款"}, ReplyAll: true, Enabled: false, Hot: true, Threshold: 0.7, Owner: "李",
		EffectiveFrom: today, ExpiresAt: today.AddDate(1, 0, 0),
		Answers: answers(answer("", "原答"), answer("wechat", "微信原答")),
	}
	other := faq("保修多久")
	tests := []struct {
		name   string
		has    knowledge.FieldSet
		row    knowledge.Entry
		report map[knowledge.Mode][]string
		says   string // part of the first row's reason in each mode, if not empty
		stored map[knowledge.Mode][]knowledge.Entry
	}{{
		name: "unknown entry", has: said, row: faq("多久到账", "几天到账"),
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"new 多久到账"},
			knowledge.ModeMerge:   {"new 多久到账"},
			knowledge.ModeReplace: {"new 多久到账", "removed 怎么退款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend:  {other, faq("多久到账", "几天到账"), stored},
			knowledge.ModeMerge:   {other, faq("多久到账", "几天到账"), stored},
			knowledge.ModeReplace: {faq("多久到账", "几天到账")},
		},
	}, {
		name: "known and equal", has: said, row: with(stored, func(e *knowledge.Entry) { e.Owner = "别人" }),
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"unchanged 怎么退款"},
			knowledge.ModeMerge:   {"unchanged 怎么退款"},
			knowledge.ModeReplace: {"unchanged 怎么退款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend: {other, stored}, knowledge.ModeMerge: {other, stored}, knowledge.ModeReplace: {stored},
		},
	}, {
		name: "known with another variant and answer", has: said, says: "扩展问、答案",
		row: knowledge.Entry{Question: "怎么退款", Category: stored.Category, Variants: []string{"退銭", "退錢", "申请退款"},
			Answers: answers(answer("", "新答"), answer("web", "网站新答"))},
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"conflict 怎么退款"},
			knowledge.ModeMerge:   {"merged 怎么退款"},
			knowledge.ModeReplace: {"merged 怎么退款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend: {other, stored},
			knowledge.ModeMerge: {other, with(stored, func(e *knowledge.Entry) {
				e.Variants = []string{"退钱", "退货款", "退銭", "申请退款"} // 退錢 is 退钱
				e.Answers = answers(answer("", "新答"), answer("web", "网站新答"), answer("wechat", "微信原答"))
			})},
			knowledge.ModeReplace: {with(stored, func(e *knowledge.Entry) {
				e.Variants = []string{"退銭", "退錢", "申请退款"}
				e.Answers = answers(answer("", "新答"), answer("web", "网站新答"))
			})},
		},
	}, {
		name: "blank fields", has: knowledge.FieldAll &^ (knowledge.FieldID | knowledge.FieldAnswers), says: "是否",
		row: knowledge.Entry{Question: "怎么退款", Enabled: true},
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"conflict 怎么退款"},
			knowledge.ModeMerge:   {"merged 怎么退款"},
			knowledge.ModeReplace: {"merged 怎么退款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend: {other, stored},
			knowledge.ModeMerge: {other, with(stored, func(e *knowledge.Entry) {
				e.Enabled, e.Hot, e.ReplyAll = true, false, false // yes or no is never blank
			})},
			knowledge.ModeReplace: {knowledge.Entry{Question: "怎么退款", Enabled: true, Answers: stored.Answers}},
		},
	}, {
		name: "another spelling of the question", has: 0, row: knowledge.Entry{Question: "怎麼退款？"},
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"unchanged 怎麼退款？"},
			knowledge.ModeMerge:   {"merged 怎麼退款？"},
			knowledge.ModeReplace: {"merged 怎麼退款？", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend:  {other, stored},
			knowledge.ModeMerge:   {other, with(stored, func(e *knowledge.Entry) { e.Question = "怎麼退款？" })},
			knowledge.ModeReplace: {with(stored, func(e *knowledge.Entry) { e.Question = "怎麼退款？" })},
		},
	}, {
		name: "id with another question", has: knowledge.FieldID, says: "标准问",
		row: knowledge.Entry{ID: "refund", Question: "退货款"},
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"conflict 退货款"},
			knowledge.ModeMerge:   {"merged 退货款"},
			knowledge.ModeReplace: {"merged 退货款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend:  {other, stored},
			knowledge.ModeMerge:   {other, with(stored, func(e *knowledge.Entry) { e.Question, e.Variants = "退货款", []string{"退钱"} })},
			knowledge.ModeReplace: {with(stored, func(e *knowledge.Entry) { e.Question, e.Variants = "退货款", []string{"退钱"} })},
		},
	}, {
		name: "unknown id with a known question", has: knowledge.FieldID | said,
		row: with(stored, func(e *knowledge.Entry) { e.ID = "17" }),
		report: map[knowledge.Mode][]string{
			knowledge.ModeAppend:  {"unchanged 怎么退款"},
			knowledge.ModeMerge:   {"unchanged 怎么退款"},
			knowledge.ModeReplace: {"unchanged 怎么退款", "removed 保修多久"},
		},
		stored: map[knowledge.Mode][]knowledge.Entry{
			knowledge.ModeAppend: {other, stored}, knowledge.ModeMerge: {other, stored}, knowledge.ModeReplace: {stored},
		},
	}}
	for _, tt := range tests {
		for _, mode := range []knowledge.Mode{knowledge.ModeAppend, knowledge.ModeMerge, knowledge.ModeReplace} {
			t.Run(tt.name+"/"+string(mode), func(t *testing.T) {
				w := newWorld(t)
				w.mustSave(t, with(stored, func(e *knowledge.Entry) { e.ID = "refund" }),
					with(other, func(e *knowledge.Entry) { e.ID = "warranty" }))
				imp := knowledge.Import{Rows: rows(tt.has, tt.row), Mode: mode, By: "乙"}

				dry := imp
				dry.DryRun = true
				before := w.applied.Load()
				planned := w.mustImport(t, dry)
				if w.applied.Load() != before {
					t.Fatal("the dry run stored something")
				}
				report := w.mustImport(t, imp)
				if diff := cmp.Diff(tt.report[mode], outcomes(report)); diff != "" {
					t.Errorf("report (-want +got):\n%s", diff)
				}
				if reason := report.Rows[0].Reason; !strings.Contains(reason, tt.says) {
					t.Errorf("reason %q does not say %q", reason, tt.says)
				}
				if diff := cmp.Diff(tt.stored[mode], w.content(t)); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
				sameButForRun := cmp.Options{
					cmpopts.IgnoreFields(knowledge.Report{}, "DryRun", "Revision"),
					cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".EntryID" && report.New > 0 }, cmp.Ignore()),
				}
				if diff := cmp.Diff(planned, report, sameButForRun); diff != "" {
					t.Errorf("reports (-dry run +real run):\n%s", diff)
				}

				before = w.applied.Load()
				again := w.mustImport(t, imp)
				if again.New+again.Merged+again.Removed > 0 || w.applied.Load() != before {
					t.Errorf("second import changes something: %v", outcomes(again))
				}
			})
		}
	}
}

func TestImportStamps(t *testing.T) {
	w := newWorld(t)
	old := w.mustSave(t, faq("怎么退款"))[0]
	report := w.mustImport(t, knowledge.Import{
		Rows: rows(said, faq("怎么退款", "退钱"), faq("多久到账")), Mode: knowledge.ModeMerge, By: "乙"})
	got := w.entries(t)
	want := []knowledge.Entry{faq("怎么退款", "退钱"), faq("多久到账")}
	for i, by := range []string{"甲", "乙"} {
		want[i].ID, want[i].CreatedBy, want[i].CreatedAt = report.Rows[i].EntryID, by, today
		want[i].UpdatedBy, want[i].UpdatedAt, want[i].Version = "乙", today, int64(2-i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if got[0].ID != old.ID {
		t.Errorf("id of the known entry = %q, want %q", got[0].ID, old.ID)
	}
	if rev, err := w.store.Revision(t.Context()); err != nil || rev != report.Revision {
		t.Errorf("report is of revision %d, store at %d (%v)", report.Revision, rev, err)
	}
}

func TestImportRowProblems(t *testing.T) {
	bad := faq("怎么\xff退款")
	unanswered := faq("多久到账")
	unanswered.Answers = nil
	contradiction := faq("保修多久")
	contradiction.CounterExamples = []string{"保修多久"}
	all := []knowledge.Entry{faq("营业时间"), bad, unanswered, faq("？？"), contradiction, faq("地址在哪")}
	imp := knowledge.Import{Rows: rows(knowledge.FieldAll, all...), Mode: knowledge.ModeAppend}
	imp.Refused = []knowledge.RowResult{
		{Origin: knowledge.Origin{File: "知识.xlsx", Sheet: "表2", Row: 3}, Question: "另一张表"},
		{Origin: knowledge.Origin{File: "知识.xlsx", Sheet: "表1", Row: 9}, Outcome: knowledge.OutcomeFailed, Question: "末行"},
		{Origin: knowledge.Origin{File: "知识.xlsx", Sheet: "表1", Row: 1}, Outcome: knowledge.OutcomeFailed, Question: "首行"},
	}
	want := []string{"error 首行", "new 营业时间", "error 怎么�退款", "error 多久到账", "error ？？", "error 保修多久",
		"new 地址在哪", "error 末行", "error 另一张表"}

	t.Run("append stores the others", func(t *testing.T) {
		w := newWorld(t)
		report := w.mustImport(t, imp)
		if diff := cmp.Diff(want, outcomes(report)); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		for i, says := range map[int]string{2: "编码", 3: "至少填写一个答案", 4: "请改写", 5: "请删去其中一个"} {
			if !strings.Contains(report.Rows[i].Reason, says) {
				t.Errorf("reason of row %d = %q, want %q in it", i, report.Rows[i].Reason, says)
			}
		}
		if n := len(w.entries(t)); n != 2 {
			t.Errorf("%d entries stored, want 2", n)
		}
		if n := w.applied.Load(); n != 1 {
			t.Errorf("%d transactions, want 1", n)
		}
	})
	t.Run("replace refuses as a whole", func(t *testing.T) {
		for _, dryRun := range []bool{true, false} {
			w := newWorld(t)
			w.mustSave(t, faq("怎么投诉"))
			imp := imp
			imp.Mode, imp.DryRun = knowledge.ModeReplace, dryRun
			report, err := w.Import(t.Context(), imp)
			if !errors.Is(err, knowledge.ErrRefused) || !strings.Contains(err.Error(), "7 行") {
				t.Fatalf("error = %v, want ErrRefused because of 7 rows", err)
			}
			if diff := cmp.Diff(want, outcomes(report)); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if left := w.entries(t); len(left) != 1 || left[0].Question != "怎么投诉" {
				t.Errorf("stored: %v, want what was there", left)
			}
		}
	})
	t.Run("one row that the reader refused is enough", func(t *testing.T) {
		w := newWorld(t)
		w.mustSave(t, faq("怎么投诉"))
		_, err := w.Import(t.Context(), knowledge.Import{Mode: knowledge.ModeReplace,
			Rows: rows(said, faq("营业时间")), Refused: imp.Refused[:1]})
		if !errors.Is(err, knowledge.ErrRefused) || len(w.entries(t)) != 1 {
			t.Errorf("error = %v, want ErrRefused; %d entries left, want 1", err, len(w.entries(t)))
		}
	})
}

func TestImportEmptyReplace(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Import(t.Context(), knowledge.Import{Mode: knowledge.ModeReplace}); err != nil {
		t.Errorf("nothing replaced by nothing: %v", err)
	}
	w.mustSave(t, faq("怎么退款"))
	if _, err := w.Import(t.Context(), knowledge.Import{Mode: knowledge.ModeReplace}); !errors.Is(err, knowledge.ErrRefused) {
		t.Errorf("everything replaced by nothing: %v, want ErrRefused", err)
	}
	report := w.mustImport(t, knowledge.Import{Mode: knowledge.ModeReplace, Lexicon: &knowledge.Lexicon{UserWords: []string{"补卡"}}})
	if !report.LexiconChanged || len(w.entries(t)) != 1 {
		t.Errorf("file of words alone: lexicon changed %t, %d entries left; want true, 1", report.LexiconChanged, len(w.entries(t)))
	}
}

func TestImportUnknownMode(t *testing.T) {
	_, err := newWorld(t).Import(t.Context(), knowledge.Import{Mode: "overwrite"})
	wantFieldError(t, err, "导入方式", "overwrite", "append", "merge", "replace")
}

func TestImportRepeatedRows(t *testing.T) {
	byID := func(id string, e knowledge.Entry) knowledge.Entry { e.ID = id; return e }
	tests := []struct {
		name string
		has  knowledge.FieldSet
		rows []knowledge.Entry
		want []string
		says string // in the reason of the last row
	}{
		{"same question, other content", said, []knowledge.Entry{faq("怎么退款"), faq("营业时间"), faq("怎麼退款？", "退钱")},
			[]string{"new 怎么退款", "new 营业时间", "conflict 怎麼退款？"}, "标准问与知识.xlsx 表「表1」第 2 行"},
		{"the same row again", said, []knowledge.Entry{faq("怎么退款", "退钱"), faq("怎么退款", "退钱")},
			[]string{"new 怎么退款", "unchanged 怎么退款"}, "第 2 行"},
		{"same id", said | knowledge.FieldID, []knowledge.Entry{byID("1", faq("怎么退款")), byID("1", faq("营业时间"))},
			[]string{"new 怎么退款", "conflict 营业时间"}, "编号与知识.xlsx 表「表1」第 2 行"},
		{"other ids", said | knowledge.FieldID, []knowledge.Entry{byID("1", faq("怎么退款")), byID("2", faq("怎么退款"))},
			[]string{"new 怎么退款", "conflict 怎么退款"}, "标准问"},
		{"third of its kind", said, []knowledge.Entry{faq("怎么退款"), faq("怎么退款", "甲"), faq("怎么退款", "乙")},
			[]string{"new 怎么退款", "conflict 怎么退款", "conflict 怎么退款"}, "第 2 行"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			imp := knowledge.Import{Rows: rows(tt.has, tt.rows...), Mode: knowledge.ModeMerge}
			report := w.mustImport(t, imp)
			if diff := cmp.Diff(tt.want, outcomes(report)); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if last := report.Rows[len(report.Rows)-1]; !strings.Contains(last.Reason, tt.says) {
				t.Errorf("reason = %q, want %q in it", last.Reason, tt.says)
			}
			before := w.applied.Load()
			if again := w.mustImport(t, imp); w.applied.Load() != before {
				t.Errorf("second import changes something: %v", outcomes(again))
			}
		})
	}
}

// Rows that give entries other standard questions: the questions stay unique.
func TestImportRenames(t *testing.T) {
	ref := func(id, question string) knowledge.Entry { return knowledge.Entry{ID: id, Question: question} }
	contradicting := func(e knowledge.Entry) knowledge.Entry { e.CounterExamples = []string{e.Question}; return e }
	tests := []struct {
		name   string
		mode   knowledge.Mode
		rows   []knowledge.Entry
		want   []string
		stored string // id question, …
	}{
		{"to a free question", knowledge.ModeMerge, []knowledge.Entry{ref("1", "丁")}, []string{"merged 丁"}, "1丁 2乙 3丙"},
		{"to a taken one", knowledge.ModeMerge, []knowledge.Entry{ref("1", "乙")}, []string{"conflict 乙"}, "1甲 2乙 3丙"},
		{"swap", knowledge.ModeMerge, []knowledge.Entry{ref("1", "乙"), ref("2", "甲")},
			[]string{"merged 乙", "merged 甲"}, "1乙 2甲 3丙"},
		{"circle", knowledge.ModeMerge, []knowledge.Entry{ref("1", "乙"), ref("2", "丙"), ref("3", "甲")},
			[]string{"merged 乙", "merged 丙", "merged 甲"}, "1乙 2丙 3甲"},
		{"chain that is blocked at its end", knowledge.ModeMerge, []knowledge.Entry{ref("1", "乙"), ref("2", "丙")},
			[]string{"conflict 乙", "conflict 丙"}, "1甲 2乙 3丙"},
		{"chain with a free end", knowledge.ModeMerge, []knowledge.Entry{ref("1", "乙"), ref("2", "丙"), ref("3", "丁")},
			[]string{"merged 乙", "merged 丙", "merged 丁"}, "1乙 2丙 3丁"},
		{"new entry with a question given away", knowledge.ModeMerge, []knowledge.Entry{with(faq("甲"), func(e *knowledge.Entry) { e.ID = "4" }), ref("1", "丁")},
			[]string{"new 甲", "merged 丁"}, "1丁 2乙 3丙 4甲"},
		{"new entry with a question not given away after all", knowledge.ModeMerge,
			[]knowledge.Entry{with(faq("甲"), func(e *knowledge.Entry) { e.ID = "4" }), ref("1", "乙")},
			[]string{"conflict 甲", "conflict 乙"}, "1甲 2乙 3丙"},
		{"question of an entry whose row fails", knowledge.ModeMerge,
			[]knowledge.Entry{with(faq("甲"), func(e *knowledge.Entry) { e.ID = "4" }), contradicting(ref("1", "丁"))},
			[]string{"conflict 甲", "error 丁"}, "1甲 2乙 3丙"},
		{"append renames nothing", knowledge.ModeAppend, []knowledge.Entry{ref("1", "乙"), ref("", "甲")},
			[]string{"conflict 乙", "unchanged 甲"}, "1甲 2乙 3丙"},
		{"replace takes the question of a removed entry", knowledge.ModeReplace, []knowledge.Entry{ref("1", "乙")},
			[]string{"merged 乙", "removed 乙", "removed 丙"}, "1乙"},
		{"replace swaps", knowledge.ModeReplace, []knowledge.Entry{ref("2", "甲"), ref("1", "乙"), ref("3", "丙")},
			[]string{"merged 甲", "merged 乙", "unchanged 丙"}, "1乙 2甲 3丙"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			for i, q := range []string{"甲", "乙", "丙"} {
				w.mustSave(t, with(faq(q), func(e *knowledge.Entry) { e.ID = fmt.Sprint(i + 1) }))
			}
			imp := knowledge.Import{Rows: rows(knowledge.FieldID, tt.rows...), Mode: tt.mode}
			for i, e := range tt.rows {
				if len(e.Answers) > 0 {
					imp.Rows[i].Has |= knowledge.FieldAnswers
				}
				if len(e.CounterExamples) > 0 {
					imp.Rows[i].Has |= knowledge.FieldCounterExamples
				}
			}
			report := w.mustImport(t, imp)
			if diff := cmp.Diff(tt.want, outcomes(report)); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			var stored []string
			for _, e := range w.entries(t) {
				stored = append(stored, e.ID+e.Question)
			}
			if got := strings.Join(stored, " "); got != tt.stored {
				t.Errorf("stored %s, want %s", got, tt.stored)
			}
			before := w.applied.Load()
			if again := w.mustImport(t, imp); w.applied.Load() != before {
				t.Errorf("second import changes something: %v", outcomes(again))
			}
		})
	}
}

func TestImportRelated(t *testing.T) {
	related := func(e knowledge.Entry, names ...string) knowledge.Entry { e.Related = names; return e }
	byID := func(id string, e knowledge.Entry) knowledge.Entry { e.ID = id; return e }
	tests := []struct {
		name string
		mode knowledge.Mode
		has  knowledge.FieldSet
		rows []knowledge.Entry
		want []string // related questions of the entry 怎么退款
		says string   // in the reason of its row, the first
	}{
		{"by question, in the file", knowledge.ModeAppend, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "營業時間?"), faq("营业时间")}, []string{"营业时间"}, ""},
		{"by question, in the base", knowledge.ModeMerge, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "保修多久")}, []string{"保修多久"}, ""},
		{"by id, in the base", knowledge.ModeMerge, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "warranty")}, []string{"保修多久"}, ""},
		{"by an id of the file that is another one in the base", knowledge.ModeMerge, knowledge.FieldAll,
			[]knowledge.Entry{related(byID("1", faq("怎么退款")), "2"), byID("2", faq("保修多久"))}, []string{"保修多久"}, ""},
		{"unknown, blank, itself, twice", knowledge.ModeMerge, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "没有的", " ", "怎么退款", "保修多久", "warranty")}, []string{"保修多久"},
			"关联问题「没有的」在文件和知识库里都没有，已略去；关联问题「怎么退款」就是自己，已略去"},
		{"a row that fails", knowledge.ModeMerge, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "多久到账"), {Question: "多久到账"}}, nil, "「多久到账」"},
		{"a row that fails, with an id", knowledge.ModeMerge, knowledge.FieldAll,
			[]knowledge.Entry{related(byID("1", faq("怎么退款")), "多久到账", "2"), {ID: "2", Question: "多久到账"}}, nil,
			"「多久到账」在文件和知识库里都没有，已略去；关联问题「2」"},
		{"an entry that replace removes, by id", knowledge.ModeReplace, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "warranty")}, nil, "「warranty」"},
		{"an entry that replace removes", knowledge.ModeReplace, knowledge.FieldAll &^ knowledge.FieldID,
			[]knowledge.Entry{related(faq("怎么退款"), "保修多久")}, nil, "「保修多久」"},
		{"a question that its entry loses", knowledge.ModeMerge, knowledge.FieldAll,
			[]knowledge.Entry{related(byID("1", faq("怎么退款")), "保修多久"), byID("warranty", faq("保修几年"))}, nil, "「保修多久」"},
		{"too many", knowledge.ModeMerge, knowledge.FieldAll &^ knowledge.FieldID,
			slices.Concat([]knowledge.Entry{related(faq("怎么退款"), many(22, "问%d")...)}, faqs(many(22, "问%d"))),
			many(20, "问%d"), "多出的 2 个"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.mustSave(t, with(faq("保修多久"), func(e *knowledge.Entry) { e.ID = "warranty" }))
			imp := knowledge.Import{Rows: rows(tt.has, tt.rows...), Mode: tt.mode}
			for i := range imp.Rows {
				imp.Rows[i].Entry.Enabled = true
			}
			report, err := w.Import(t.Context(), imp)
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Rows[0].Reason; !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
				t.Errorf("reason = %q, want %q", got, tt.says)
			}
			for _, e := range w.content(t) {
				if e.Question == "怎么退款" {
					if diff := cmp.Diff(tt.want, e.Related); diff != "" {
						t.Errorf("related (-want +got):\n%s", diff)
					}
				}
			}
			before := w.applied.Load()
			if again := w.mustImport(t, imp); w.applied.Load() != before {
				t.Errorf("second import changes something: %v", outcomes(again))
			}
		})
	}
}

func faqs(questions []string) []knowledge.Entry {
	out := make([]knowledge.Entry, len(questions))
	for i, q := range questions {
		out[i] = faq(q)
	}
	return out
}

// Entries that stay must not point to those that replace removes, also if the
// file has no column for it.
func TestImportReplaceCleansRelated(t *testing.T) {
	w := newWorld(t)
	gone := w.mustSave(t, faq("保修多久"))[0]
	stays := w.mustSave(t, with(faq("怎么退款"), func(e *knowledge.Entry) { e.Related = []string{gone.ID} }))[0]
	w.mustImport(t, knowledge.Import{Rows: rows(said, faq("怎么退款")), Mode: knowledge.ModeReplace})
	got, err := w.Entry(t.Context(), stays.ID)
	if err != nil || len(got.Related) > 0 {
		t.Errorf("related = %v, error %v; want none", got.Related, err)
	}
}

func TestImportWarnsOfFalseFriends(t *testing.T) {
	tests := []struct {
		name string
		mode knowledge.Mode
		rows []knowledge.Entry
		want []string // parts of the reason of the last row; none: no reason
	}{
		{"variant is a stored question", knowledge.ModeAppend, []knowledge.Entry{faq("地址", "怎麼退款!")},
			[]string{"扩展问「怎麼退款!」与知识点「怎么退款」", "请删去一处"}},
		{"variant is a stored variant", knowledge.ModeMerge, []knowledge.Entry{faq("地址", "退钱")}, []string{"「退钱」", "「怎么退款」"}},
		{"question is a stored variant", knowledge.ModeAppend, []knowledge.Entry{faq("退钱")}, []string{"标准问「退钱」"}},
		{"variant is a variant in the file", knowledge.ModeAppend, []knowledge.Entry{faq("电话", "联系"), faq("地址", "联系")},
			[]string{"「联系」与知识点「电话」"}},
		{"many at once", knowledge.ModeAppend, []knowledge.Entry{faq("电话", "一号", "二号", "三号", "四号"), faq("地址", "一号", "二号", "三号", "四号")},
			[]string{"等 4 处"}},
		{"the other one is removed", knowledge.ModeReplace, []knowledge.Entry{faq("地址", "退钱")}, nil},
		{"own variants", knowledge.ModeMerge, []knowledge.Entry{faq("怎么退款", "退钱")}, nil},
		{"the same row again", knowledge.ModeAppend, []knowledge.Entry{faq("地址"), faq("地址")}, []string{"已跳过"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.mustSave(t, faq("怎么退款", "退钱"))
			report := w.mustImport(t, knowledge.Import{Rows: rows(said, tt.rows...), Mode: tt.mode})
			last := report.Rows[len(tt.rows)-1]
			for _, part := range tt.want {
				if !strings.Contains(last.Reason, part) {
					t.Errorf("reason = %q, want %q in it", last.Reason, part)
				}
			}
			if len(tt.want) == 0 && last.Reason != "" {
				t.Errorf("reason = %q, want none", last.Reason)
			}
			if strings.Contains(last.Reason, "抢答") && last.Outcome == knowledge.OutcomeUnchanged {
				t.Errorf("reason = %q for what was there before", last.Reason)
			}
		})
	}
}

// Each of the two is told the name of the other.
func TestImportNamesTheOtherFalseFriend(t *testing.T) {
	w := newWorld(t)
	report := w.mustImport(t, knowledge.Import{Rows: rows(said, faq("电话", "联系"), faq("地址", "联系")), Mode: knowledge.ModeAppend})
	for i, other := range []string{"知识点「地址」", "知识点「电话」"} {
		if reason := report.Rows[i].Reason; !strings.Contains(reason, other) {
			t.Errorf("reason of row %d = %q, want %q in it", i, reason, other)
		}
	}
}

func TestImportWarnsOfMissingDefault(t *testing.T) {
	w := newWorld(t)
	e := faq("怎么退款", "？")
	e.Answers = answers(answer("wechat", "点菜单"))
	report := w.mustImport(t, knowledge.Import{Rows: rows(said, e), Mode: knowledge.ModeAppend})
	if r := report.Rows[0]; r.Outcome != knowledge.OutcomeNew || !strings.Contains(r.Reason, "没有默认答案") ||
		!strings.Contains(r.Reason, "「？」没有可以匹配的文字") {
		t.Errorf("%s: %q", r.Outcome, r.Reason)
	}
}

// Generated ids keep the order of the file.
func TestImportKeepsOrder(t *testing.T) {
	w := newWorld(t)
	norm := normalizer(t)
	base := knowledge.NewBase(w.store, norm, func() time.Time { return today }, knowledge.NewID)
	questions := many(200, "第%d个问题")
	if _, err := base.Import(t.Context(), knowledge.Import{Rows: rows(said, faqs(questions)...), Mode: knowledge.ModeAppend}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range w.entries(t) {
		got = append(got, e.Question)
	}
	if diff := cmp.Diff(questions, got); diff != "" {
		t.Errorf("order by id (-file +stored):\n%s", diff)
	}
}

func TestImportLexicon(t *testing.T) {
	stored := knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("网络", "网络 宽带"), class("手机", "手机")},
		UserWords:   []string{"补卡"}, StopWords: []string{"的"}, SensitiveWords: []string{"坏词"},
	}
	file := knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("网络", "宽带 光纤 光纖", "手机"), class("网络", "网线"), class("套餐", "套餐"), class("手机", "手机")},
		UserWords:   []string{"补卡", "携号转网"}, StopWords: []string{"了", "了"},
	}
	united := knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("网络", "网络 宽带 光纤 网线", "手机"), class("手机", "手机"), class("套餐", "套餐")},
		UserWords:   []string{"补卡", "携号转网"}, StopWords: []string{"的", "了"}, SensitiveWords: []string{"坏词"}, Version: 2,
	}
	replaced := knowledge.Lexicon{
		WordClasses: []knowledge.WordClass{class("网络", "宽带 光纤 网线", "手机"), class("套餐", "套餐"), class("手机", "手机")},
		UserWords:   []string{"补卡", "携号转网"}, StopWords: []string{"了"}, Version: 2,
	}
	for mode, want := range map[knowledge.Mode]knowledge.Lexicon{
		knowledge.ModeAppend: united, knowledge.ModeMerge: united, knowledge.ModeReplace: replaced,
	} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			w.mustSaveLexicon(t, stored)
			imp := knowledge.Import{Mode: mode, Lexicon: &file, Rows: rows(said, faq("怎么退款"))}
			if report := w.mustImport(t, imp); !report.LexiconChanged {
				t.Error("the report does not say that the lexicon changed")
			}
			got, err := w.Lexicon(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("lexicon (-want +got):\n%s", diff)
			}
			before := w.applied.Load()
			if again := w.mustImport(t, imp); again.LexiconChanged || w.applied.Load() != before {
				t.Error("second import changes something")
			}
		})
	}
}

// A wrong lexicon stops the import, also if the circle closes only together with
// what is stored.
func TestImportCircularClasses(t *testing.T) {
	w := newWorld(t)
	w.mustSaveLexicon(t, classes(class("甲", "词"), class("乙", "词", "甲")))
	l := classes(class("甲", "词", "乙"), class("乙", "词"))
	_, err := w.Import(t.Context(), knowledge.Import{Mode: knowledge.ModeMerge, Lexicon: &l, Rows: rows(said, faq("怎么退款"))})
	wantFieldError(t, err, "词类", "甲→乙→甲")
	if n := len(w.entries(t)); n != 0 {
		t.Errorf("%d entries stored, want none", n)
	}
}

func TestImportCancel(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var calls []int
	imp := knowledge.Import{Rows: rows(said, faqs(many(1000, "问%d"))...), Mode: knowledge.ModeAppend}
	imp.Progress = func(done, total int) {
		calls = append(calls, done)
		if total != 1000 {
			t.Errorf("total = %d, want 1000", total)
		}
		if done > 300 {
			cancel()
		}
	}
	if _, err := w.Import(ctx, imp); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	if len(w.entries(t)) != 0 || w.applied.Load() != 0 {
		t.Error("the cancelled import stored something")
	}
	if last := calls[len(calls)-1]; last >= 1000 {
		t.Errorf("progress reached %d although nothing was stored", last)
	}
}

func TestImportProgress(t *testing.T) {
	w := newWorld(t)
	last, total := -1, 0
	imp := knowledge.Import{Rows: rows(said, faqs(many(1000, "问%d"))...), Mode: knowledge.ModeAppend}
	imp.Progress = func(done, all int) {
		if done <= last {
			t.Errorf("progress %d after %d", done, last)
		}
		if done == all && len(w.entries(t)) != 1000 {
			t.Error("progress is complete before all is stored")
		}
		last, total = done, all
	}
	w.mustImport(t, imp)
	if last != 1000 || total != 1000 {
		t.Errorf("progress ends at %d of %d, want 1000 of 1000", last, total)
	}
}

func TestImportStoreError(t *testing.T) {
	w := newWorld(t)
	disk := errors.New("disk full")
	w.beforeApply = func(knowledge.Batch) error { return disk }
	report, err := w.Import(t.Context(), knowledge.Import{Rows: rows(said, faq("怎么退款")), Mode: knowledge.ModeMerge})
	if !errors.Is(err, disk) {
		t.Errorf("error = %v, want the store's", err)
	}
	if len(report.Rows) != 0 || len(w.entries(t)) != 0 {
		t.Errorf("report %v, stored %v; want neither", report.Rows, w.entries(t))
	}
}

// Someone edits while an import is under way: their edit is kept, whatever they
// did. A second time in a row the error is returned.
func TestImportOvertaken(t *testing.T) {
	edits := map[string]func(t *testing.T, w *world) error{
		"edit of the entry": func(t *testing.T, w *world) error {
			e := w.entries(t)[0]
			e.Variants = append(e.Variants, fmt.Sprint("别人的问法", e.Version))
			_, err := w.store.Apply(context.Background(), knowledge.Batch{Puts: []knowledge.Entry{e}})
			return err
		},
		"same new question": func(t *testing.T, w *world) error {
			_, err := w.store.Apply(context.Background(), knowledge.Batch{Puts: []knowledge.Entry{
				with(faq("多久到账", "别人的问法1"), func(e *knowledge.Entry) { e.ID = "theirs" })}})
			return err
		},
		"edit of the lexicon": func(t *testing.T, w *world) error {
			l, err := w.store.Lexicon(context.Background())
			if err != nil {
				return err
			}
			l.UserWords = append(l.UserWords, fmt.Sprint("别人的问法", l.Version+1))
			_, err = w.store.Apply(context.Background(), knowledge.Batch{Lexicon: &l})
			return err
		},
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.mustSave(t, faq("怎么退款"))
			w.beforeApply = func(knowledge.Batch) error {
				w.beforeApply = nil
				return edit(t, w)
			}
			w.mustImport(t, knowledge.Import{Mode: knowledge.ModeMerge, Lexicon: &knowledge.Lexicon{UserWords: []string{"补卡"}},
				Rows: rows(said, faq("怎么退款", "退钱"), faq("多久到账", "几天到账"))})
			l, err := w.Lexicon(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all := fmt.Sprint(w.content(t), l)
			for _, want := range []string{"别人的问法1", "退钱", "几天到账", "补卡"} {
				if !strings.Contains(all, want) {
					t.Errorf("%q is lost: %s", want, all)
				}
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		w := newWorld(t)
		w.mustSave(t, faq("怎么退款"))
		w.beforeApply = func(knowledge.Batch) error { return edits["edit of the entry"](t, w) }
		_, err := w.Import(t.Context(), knowledge.Import{Mode: knowledge.ModeMerge, Rows: rows(said, faq("怎么退款", "退钱"))})
		var conflict *knowledge.ConflictError
		if !errors.As(err, &conflict) {
			t.Fatalf("error = %v, want a *ConflictError", err)
		}
		want := []string{"别人的问法1", "别人的问法2"}
		if diff := cmp.Diff(want, w.entries(t)[0].Variants); diff != "" {
			t.Errorf("stored variants (-want +got):\n%s", diff)
		}
	})
}

// Imports at the same time lose nothing: what was reported as stored is there.
func TestImportConcurrently(t *testing.T) {
	w := newWorld(t)
	w.mustSave(t, faq("怎么退款"))
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			imp := knowledge.Import{Mode: knowledge.ModeMerge, Rows: rows(said,
				faq("怎么退款", fmt.Sprint("问法", worker)), faq("多久到账", fmt.Sprint("到账", worker)), faq(fmt.Sprint("新问题", worker)))}
			for imported := false; !imported; {
				_, err := w.Import(context.Background(), imp)
				var conflict *knowledge.ConflictError
				imported = err == nil
				if err != nil && !errors.As(err, &conflict) && !errors.Is(err, knowledge.ErrExists) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	all := fmt.Sprint(w.content(t))
	for worker := range 8 {
		for _, want := range []string{"问法", "到账", "新问题"} {
			if !strings.Contains(all, fmt.Sprint(want, worker)) {
				t.Errorf("%s%d is lost", want, worker)
			}
		}
	}
}

// anyFile draws the rows of a file: few questions, so that they meet.
func anyFile() *rapid.Generator[[]knowledge.ImportRow] {
	name := rapid.SampledFrom([]string{"退款", "退款？", "安装", "保修", "發票", "发票", "？", "营业 时间", "地址", "电话"})
	names := rapid.SliceOfN(name, 0, 3)
	row := rapid.Custom(func(t *rapid.T) knowledge.ImportRow {
		id := rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(t, "id")
		return knowledge.ImportRow{
			Has:     knowledge.FieldSet(rapid.Uint32Max(uint32(knowledge.FieldAll)).Draw(t, "has")) | knowledge.FieldAnswers,
			Related: rapid.SliceOfN(rapid.SampledFrom([]string{"退款", "安装", "没有", "1", "2", ""}), 0, 3).Draw(t, "related"),
			Entry: knowledge.Entry{
				ID: id, Question: name.Draw(t, "question"), Variants: names.Draw(t, "variants"),
				CounterExamples: rapid.SliceOfN(name, 0, 1).Draw(t, "counter-examples"),
				Category:        rapid.SliceOfN(rapid.SampledFrom([]string{"售后", "售前"}), 0, 2).Draw(t, "category"),
				Answers: answers(answer("", rapid.SampledFrom([]string{"甲", "乙", ""}).Draw(t, "answer")),
					answer("web", rapid.SampledFrom([]string{"丙", ""}).Draw(t, "web"))),
				Enabled: rapid.Bool().Draw(t, "enabled"), Owner: rapid.SampledFrom([]string{"", "李"}).Draw(t, "owner"),
			},
		}
	})
	return rapid.SliceOfN(row, 0, 6)
}

// Whatever is stored, to import a file a second time changes nothing; a dry run
// tells what the run does; the report has each row once, in order.
func TestImportIsIdempotent(t *testing.T) {
	mode := rapid.SampledFrom([]knowledge.Mode{knowledge.ModeAppend, knowledge.ModeMerge, knowledge.ModeReplace})
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.mustImport(t, knowledge.Import{Rows: anyFile().Draw(rt, "before"), Mode: knowledge.ModeMerge})
		imp := knowledge.Import{Rows: anyFile().Draw(rt, "file"), Mode: mode.Draw(rt, "mode")}
		dry := imp
		dry.DryRun = true
		planned, dryErr := w.Import(t.Context(), dry)
		report, err := w.Import(t.Context(), imp)
		if diff := cmp.Diff(outcomes(planned), outcomes(report)); diff != "" || (dryErr == nil) != (err == nil) {
			rt.Fatalf("dry run (%v) and run (%v) differ:\n%s", dryErr, err, diff)
		}
		if errors.Is(err, knowledge.ErrRefused) {
			rt.Skip("refused")
		}
		if err != nil {
			rt.Fatal(err)
		}
		if n := len(imp.Rows) + report.Removed; len(report.Rows) != n {
			rt.Fatalf("%d results for %d rows and removed entries", len(report.Rows), n)
		}
		first, applied := w.entries(t), w.applied.Load()
		again, err := w.Import(t.Context(), imp)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(first, w.entries(t)); diff != "" || w.applied.Load() != applied {
			rt.Fatalf("second import changed something (-first +second):\n%s", diff)
		}
		for i, r := range again.Rows {
			if was := report.Rows[i].Outcome; r.Outcome != was && r.Outcome != knowledge.OutcomeUnchanged {
				rt.Fatalf("row %d was %s first, is %s now: %s", i, was, r.Outcome, r.Reason)
			}
		}
	})
}

// Two files with wordings for the same entries may be merged in any order.
func TestMergeIsCommutative(t *testing.T) {
	file := rapid.Custom(func(t *rapid.T) []knowledge.ImportRow {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"甲", "乙", "丙", "丁"}), 0, 3)
		var out []knowledge.Entry
		for _, q := range []string{"退款", "安装"} {
			e := faq(q, words.Draw(t, "variants")...)
			e.Related = rapid.SliceOfN(rapid.SampledFrom([]string{"退款", "安装"}), 0, 2).Draw(t, "related")
			out = append(out, e)
		}
		return rows(knowledge.FieldVariants|knowledge.FieldAnswers|knowledge.FieldRelated, out...)
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := file.Draw(rt, "a"), file.Draw(rt, "b")
		merged := func(files ...[]knowledge.ImportRow) []knowledge.Entry {
			w := newWorld(t)
			for _, f := range files {
				w.mustImport(t, knowledge.Import{Rows: f, Mode: knowledge.ModeMerge})
			}
			return w.content(t)
		}
		asSet := cmpopts.SortSlices(func(x, y string) bool { return x < y })
		if diff := cmp.Diff(merged(a, b), merged(b, a), asSet); diff != "" {
			rt.Fatalf("merged in two orders (-a b +b a):\n%s", diff)
		}
	})
}

func TestOriginString(t *testing.T) {
	for want, o := range map[string]knowledge.Origin{
		"":                  {},
		"价格.xlsx":           {File: "价格.xlsx"},
		"第 3 行":             {Row: 3},
		"价格.csv 第 3 行":      {File: "价格.csv", Row: 3},
		"价格.xlsx 表「一」第 3 行": {File: "价格.xlsx", Sheet: "一", Row: 3, Rows: []int{3, 4}},
	} {
		if got := o.String(); got != want {
			t.Errorf("%+v = %q, want %q", o, got, want)
		}
	}
}
