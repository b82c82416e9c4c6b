package kbfile_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/normalize"
)

func newBase(n *normalize.Normalizer) (*knowledge.Base, *kbtest.Store) {
	store := kbtest.NewStore(n.Key)
	now := func() time.Time { return time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC) }
	return knowledge.NewBase(store, n, now, knowledge.NewID), store
}

func importDocument(t *testing.T, base *knowledge.Base, doc *kbfile.Document, mode knowledge.Mode) knowledge.Report {
	t.Helper()
	report, err := base.Import(context.Background(), knowledge.Import{Rows: doc.Rows, Lexicon: doc.Lexicon, Mode: mode, By: "小林"})
	must(t, err)
	return report
}

// TestImportTwice holds that the second upload of each fixture changes nothing,
// in every mode.
func TestImportTwice(t *testing.T) {
	n := newNormalizer(t)
	for name := range fixtures {
		if name == "eval.jsonl" || name == "variantrows.xlsx" { // no answers; a contradiction on purpose
			continue
		}
		for _, mode := range []knowledge.Mode{knowledge.ModeAppend, knowledge.ModeMerge, knowledge.ModeReplace} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join("testdata", name))
				must(t, err)
				doc := read(t, name, string(data), kbfile.Options{Normalizer: n})
				base, store := newBase(n)
				first := importDocument(t, base, doc, mode)
				if first.New != len(doc.Rows) || first.New == 0 {
					t.Fatalf("first import: %d of %d rows are new: %+v", first.New, len(doc.Rows), first.Rows)
				}
				before, err := store.Revision(context.Background())
				must(t, err)
				second := importDocument(t, base, read(t, name, string(data), kbfile.Options{Normalizer: n}), mode)
				after, err := store.Revision(context.Background())
				must(t, err)
				if second.Unchanged != len(doc.Rows) || second.LexiconChanged || before != after {
					t.Errorf("second import: revision %d → %d, %+v", before, after, second)
				}
			})
		}
	}
}

// TestDuplicateQuestions holds that contradicting rows reach Base as two, which
// reports the second one with both places.
func TestDuplicateQuestions(t *testing.T) {
	n := newNormalizer(t)
	base, _ := newBase(n)
	doc := read(t, "a.csv", "问题,答案\n几点开门？,九点\n怎么退票,窗口\n几点开门,十点\n", kbfile.Options{Normalizer: n})
	report := importDocument(t, base, doc, knowledge.ModeAppend)
	if report.New != 2 || report.Conflict != 1 {
		t.Fatalf("report: %+v", report)
	}
	for _, r := range report.Rows {
		if r.Outcome == knowledge.OutcomeConflict && (r.Origin.Row != 4 || !strings.Contains(r.Reason, "2")) {
			t.Errorf("conflict in row %d: %s", r.Origin.Row, r.Reason)
		}
	}
}

// TestExportImport carries a knowledge base through each kind of file into
// another base, which must then hold the same.
func TestExportImport(t *testing.T) {
	n := newNormalizer(t)
	data, err := os.ReadFile(filepath.Join("testdata", "own.jsonl"))
	must(t, err)
	for _, kind := range ownKinds {
		t.Run(string(kind), func(t *testing.T) {
			base, store := newBase(n)
			importDocument(t, base, read(t, "own.jsonl", string(data), kbfile.Options{Normalizer: n}), knowledge.ModeAppend)
			kb := contentOf(t, store)
			var buf bytes.Buffer
			must(t, kbfile.Write(context.Background(), &buf, kind, kbfile.LayoutOwn, kb))
			other, otherStore := newBase(n)
			importDocument(t, other, read(t, "kb", buf.String(), kbfile.Options{Normalizer: n}), knowledge.ModeReplace)
			got := contentOf(t, otherStore)
			if kind == sheet.KindCSV || kind == sheet.KindTSV {
				kb.Lexicon = knowledge.Lexicon{}
			}
			if diff := cmp.Diff(kb, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func contentOf(t *testing.T, store *kbtest.Store) kbfile.Content {
	t.Helper()
	var kb kbfile.Content
	_, err := store.Snapshot(context.Background(), func(e knowledge.Entry) error {
		kb.Entries = append(kb.Entries, e)
		return nil
	})
	must(t, err)
	kb.Lexicon, err = store.Lexicon(context.Background())
	must(t, err)
	return kb
}
