package main

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faqbot/bot/intent/measure"
	"faqbot/cmd/internal/evalset"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/normalize"
	"faqbot/testdata"
)

var update = flag.Bool("update", false, "write the .xlsx and .csv samples anew")

// sampleDir holds the samples that are not embedded.
const sampleDir = "../../testdata"

// readSampleFile reads one knowledge file of the samples, which must be flawless.
func readSampleFile(t *testing.T, norm *normalize.Normalizer, name string) *kbfile.Document {
	t.Helper()
	data, err := fs.ReadFile(testdata.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := kbfile.Read(context.Background(), name, data, kbfile.Options{Normalizer: norm})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(d.Problems, d.Skipped...) {
		t.Errorf("%s: %v", name, p)
	}
	return d
}

func TestSamplesImportCleanly(t *testing.T) {
	norm, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"smalltalk"}
	for _, name := range append(names, testdata.Shops()...) {
		t.Run(name, func(t *testing.T) {
			d := readSampleFile(t, norm, name+".kb.jsonl")
			store := kbtest.NewStore(norm.Key)
			base := knowledge.NewBase(store, norm, time.Now, knowledge.NewID)
			report, err := base.Import(context.Background(), knowledge.Import{Rows: d.Rows, Lexicon: d.Lexicon, Mode: knowledge.ModeReplace, By: "test"})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Rows {
				if r.Outcome != knowledge.OutcomeNew || r.Reason != "" {
					t.Errorf("%s %s %q: %s", r.Outcome, r.Origin, r.Question, r.Reason)
				}
			}
			if name != "smalltalk" {
				checkShop(t, store)
			}
		})
	}
}

// checkShop checks what each shop must have to show everything.
func checkShop(t *testing.T, store *kbtest.Store) {
	t.Helper()
	now := time.Now()
	entries, expired, future, deepest, byChannel, related := 0, 0, 0, 0, 0, 0
	if _, err := store.Snapshot(context.Background(), func(e knowledge.Entry) error {
		entries++
		if n := len(e.Variants); n < 3 || n > 8 {
			t.Errorf("%s has %d variants", e.ID, n)
		}
		if !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt) {
			expired++
		}
		if now.Before(e.EffectiveFrom) {
			future++
		}
		deepest = max(deepest, len(e.Category))
		if len(e.Answers) > 1 {
			byChannel++
		}
		if len(e.Related) > 0 {
			related++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if entries < 60 || expired != 1 || future != 1 {
		t.Errorf("%d entries, %d expired, %d not yet effective; want 60 or more, 1, 1", entries, expired, future)
	}
	if deepest < 2 || byChannel == 0 || related == 0 {
		t.Errorf("categories %d deep, %d entries with answers by channel, %d with related ones", deepest, byChannel, related)
	}
}

func TestSampleQuestions(t *testing.T) {
	norm, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, shop := range testdata.Shops() {
		t.Run(shop, func(t *testing.T) {
			wordings, ids := map[string]string{}, map[string]bool{}
			for _, row := range readSampleFile(t, norm, shop+".kb.jsonl").Rows {
				ids[row.Entry.ID] = true
				for _, w := range row.Entry.Questions() {
					wordings[norm.Key(w)] = row.Entry.ID
				}
			}
			name := shop + ".queries.jsonl"
			data, err := fs.ReadFile(testdata.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			questions, err := evalset.ReadQuestions(name, data)
			if err != nil {
				t.Fatal(err)
			}
			checkQuestions(t, norm, questions, wordings, ids)
		})
	}
}

func checkQuestions(t *testing.T, norm *normalize.Normalizer, questions []measure.Question, wordings map[string]string, ids map[string]bool) {
	t.Helper()
	count, seen := map[measure.Kind]int{}, map[string]bool{}
	for _, q := range questions {
		count[q.Kind]++
		key := norm.Key(q.Text)
		if key == "" && q.Kind != measure.Far || seen[key] {
			t.Errorf("%s question %q says nothing or is there twice", q.Kind, q.Text)
		}
		seen[key] = true
		if id, found := wordings[key]; found {
			t.Errorf("%s question %q is a wording of %s", q.Kind, q.Text, id)
		}
		if (q.Kind == measure.In) != (q.ID != "") || q.ID != "" && !ids[q.ID] {
			t.Errorf("%s question %q names the entry %q", q.Kind, q.Text, q.ID)
		}
	}
	if count[measure.In] < 150 || count[measure.Near] < 40 || count[measure.Far] < 40 {
		t.Errorf("questions: %v, want at least 150 in, 40 near, 40 far", count)
	}
}

// The workbooks and csv files are exports of the JSON lines. Run with -update
// after a change of these, or of the writers.
func TestSampleWorkbooksAreFresh(t *testing.T) {
	for _, name := range append(testdata.Shops(), "smalltalk") {
		db := newDB(t)
		ok(t, "import", "--db", db, filepath.Join(sampleDir, name+".kb.jsonl"))
		for _, kind := range []string{"xlsx", "csv"} {
			fresh := filepath.Join(t.TempDir(), name+".kb."+kind)
			ok(t, "export", "--db", db, fresh)
			kept := filepath.Join(sampleDir, name+".kb."+kind)
			want := []byte(contentOf(t, fresh))
			if *update {
				if err := os.WriteFile(kept, want, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			got, err := os.ReadFile(kept)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what an export gives (%v); run go test ./cmd/faqbot -run Workbooks -update", strings.TrimPrefix(kept, "../../"), err)
			}
		}
	}
}
