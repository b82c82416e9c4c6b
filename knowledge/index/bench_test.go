package index_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/index/scorch"

	"faqbot/knowledge"
	"faqbot/knowledge/index"
)

// The benchmarks read public question sets from the folder that FAQBOT_DATA
// names, in the layout of faqbot eval: NAME.kb.jsonl, NAME.queries.jsonl, and
// pairs.train.tsv. Without it the speed is measured on made-up questions, and the
// quality not at all.
const dataVariable = "FAQBOT_DATA"

var dataSets = []string{"open", "smalltalk", "bank", "pay"}

type line struct {
	ID, Question, Text, Kind string
	Variants                 []string
}

func readLines(t testing.TB, name string) []line {
	t.Helper()
	f, err := os.Open(filepath.Join(os.Getenv(dataVariable), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []line
	for decoder := json.NewDecoder(f); decoder.More(); {
		var l line
		if err := decoder.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// entries is a read-only store of entries in order.
type entries []knowledge.Entry

func (s entries) Entry(context.Context, string) (knowledge.Entry, error) {
	return knowledge.Entry{}, knowledge.ErrNotFound
}

func (s entries) Snapshot(_ context.Context, visit func(knowledge.Entry) error) (int64, error) {
	for _, e := range s {
		if err := visit(e); err != nil {
			return 0, err
		}
	}
	return 1, nil
}

func (s entries) Changes(context.Context, int64, int) ([]knowledge.Change, error) { return nil, nil }

func (s entries) Revision(context.Context) (int64, error) { return 1, nil }

// dataSet returns the entries of one set.
func dataSet(t testing.TB, name string) entries {
	var set entries
	for _, l := range readLines(t, name+".kb.jsonl") {
		set = append(set, knowledge.Entry{ID: l.ID, Question: l.Question, Variants: l.Variants})
	}
	return set
}

// corpus returns n different questions, one an entry, and queries that are none
// of them.
func corpus(t testing.TB, n int) (entries, []string) {
	t.Helper()
	questions := madeUp
	if os.Getenv(dataVariable) != "" {
		questions = publicQuestions
	}
	list := questions(t, n+2000)
	var set entries
	for i, q := range list[:n] {
		set = append(set, knowledge.Entry{ID: fmt.Sprintf("e%06d", i), Question: q})
	}
	return set, list[n:]
}

func publicQuestions(t testing.TB, n int) []string {
	seen := make(map[string]bool)
	var list []string
	add := func(questions ...string) {
		for _, q := range questions {
			if q != "" && !seen[q] && len(list) < n {
				seen[q] = true
				list = append(list, q)
			}
		}
	}
	for _, name := range dataSets {
		for _, l := range readLines(t, name+".kb.jsonl") {
			add(append(l.Variants, l.Question)...)
		}
	}
	f, err := os.Open(filepath.Join(os.Getenv(dataVariable), "pairs.train.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pairs := bufio.NewScanner(f)
	for pairs.Scan() {
		first, _, _ := strings.Cut(pairs.Text(), "\t")
		add(first)
	}
	if len(list) < n {
		t.Fatalf("%d different questions, want %d", len(list), n)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// madeUp draws characters about as unevenly as questions do.
func madeUp(_ testing.TB, n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.15, 8, 4000)
	list := make([]string, n)
	for i := range list {
		question := make([]rune, 6+r.IntN(12))
		for j := range question {
			question[j] = rune(0x4e00 + zipf.Uint64())
		}
		list[i] = string(question)
	}
	return list
}

// BenchmarkRecall compares the recall of 50 questions with bleve's own search
// over its cjk analyzer, by turns on the same queries.
func BenchmarkRecall(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d questions", n), func(b *testing.B) {
			set, queries := corpus(b, n)
			ix := openIndex(b, b.TempDir(), plain())
			syncIndex(b, ix, set)
			peer := cjkIndex(b, set)
			var ours, theirs []time.Duration
			for i := 0; b.Loop(); i++ {
				query := queries[i%len(queries)]
				form := plain().Analyze(query)
				start := time.Now()
				if _, err := ix.Recall(b.Context(), form, 50); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if _, err := peer.Search(bleve.NewSearchRequestOptions(bleve.NewMatchQuery(query), 50, 0, false)); err != nil {
					b.Fatal(err)
				}
				ours, theirs = append(ours, middle.Sub(start)), append(theirs, time.Since(middle))
			}
			report(b, ours, "ours")
			report(b, theirs, "cjk")
		})
	}
}

func report(b *testing.B, times []time.Duration, who string) {
	slices.Sort(times)
	for _, percent := range []int{50, 99} {
		at := times[min(len(times)-1, len(times)*percent/100)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("ms-%s-p%d", who, percent))
	}
}

// cjkIndex indexes the questions as bleve does for Chinese by itself.
func cjkIndex(b *testing.B, set entries) bleve.Index {
	b.Helper()
	mapping := bleve.NewIndexMapping()
	mapping.DefaultAnalyzer = cjk.AnalyzerName
	mapping.StoreDynamic, mapping.DocValuesDynamic = false, false
	peer, err := bleve.NewUsing(filepath.Join(b.TempDir(), "cjk"), mapping, scorch.Name, scorch.Name, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := peer.Close(); err != nil {
			b.Error(err)
		}
	})
	batch := peer.NewBatch()
	for i, e := range set {
		if err := batch.Index(e.ID, map[string]string{"q": e.Question}); err != nil {
			b.Fatal(err)
		}
		if batch.Size() == 10_000 || i == len(set)-1 {
			if err := peer.Batch(batch); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	return peer
}

// BenchmarkQuality reports the share of in-scope queries whose right entry is
// among the best fifty questions.
func BenchmarkQuality(b *testing.B) {
	if os.Getenv(dataVariable) == "" {
		b.Skipf("%s is not set", dataVariable)
	}
	for _, name := range dataSets {
		b.Run(name, func(b *testing.B) {
			ix := openIndex(b, b.TempDir(), plain())
			syncIndex(b, ix, dataSet(b, name))
			for b.Loop() {
				asked, first, recalled := 0, 0, 0
				for _, l := range readLines(b, name+".queries.jsonl") {
					if l.Kind != "in" {
						continue
					}
					hits, err := ix.Recall(b.Context(), plain().Analyze(l.Text), 50)
					if err != nil {
						b.Fatal(err)
					}
					asked++
					at := slices.IndexFunc(hits, func(h index.Hit) bool { return h.Entry == l.ID })
					if at == 0 {
						first++
					}
					if at >= 0 {
						recalled++
					}
				}
				b.ReportMetric(float64(first)/float64(asked), "recall@1")
				b.ReportMetric(float64(recalled)/float64(asked), "recall@50")
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	set, _ := corpus(b, 100_000)
	plain()
	for b.Loop() {
		ix := openIndex(b, b.TempDir(), plain())
		syncIndex(b, ix, set)
	}
	b.ReportMetric(float64(len(set))*float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}

func BenchmarkOpen(b *testing.B) {
	set, _ := corpus(b, 100_000)
	dir := b.TempDir()
	ix := openIndex(b, dir, plain())
	syncIndex(b, ix, set)
	if err := ix.Close(); err != nil {
		b.Fatal(err)
	}
	set = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var opened []*index.Index
	for b.Loop() {
		opened = append(opened, openIndex(b, dir, plain()))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6/float64(len(opened)), "MB/index")
}

// BenchmarkSyncOneChange is the time from a stored edit to its being searched.
func BenchmarkSyncOneChange(b *testing.B) {
	store := storeWith(b, sample()...)
	ix := synced(b, store)
	for i := 0; b.Loop(); i++ {
		put(b, store, entry("model", fmt.Sprintf("iPhone %d 支持5G吗", i)))
		syncIndex(b, ix, store)
	}
}
