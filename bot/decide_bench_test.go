package bot_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/mapping"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/bot/intent/measure"
	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
	"faqbot/testdata"
)

// BenchmarkDecide measures a whole decision over bases of several sizes, beside
// bleve's own way to search Chinese: a MatchQuery with the cjk analyzer for ten
// hits. The texts are those of FAQBOT_DATA (a directory with pairs.train.tsv and
// *.kb.jsonl), or spliced from the samples.
func BenchmarkDecide(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		texts, queries := corpus(b, size)
		b.Run(fmt.Sprintf("questions=%d/faqbot", len(texts)), func(b *testing.B) {
			answerer := openOver(b, texts)
			percentiles(b, queries, func(q string) error {
				_, err := answerer.Decide(context.Background(), intent.Query{Text: q})
				return err
			})
		})
		b.Run(fmt.Sprintf("questions=%d/bleve-cjk", len(texts)), func(b *testing.B) {
			index := openBleve(b, texts)
			percentiles(b, queries, func(q string) error {
				match := bleve.NewMatchQuery(q)
				match.Analyzer = cjk.AnalyzerName
				_, err := index.Search(bleve.NewSearchRequestOptions(match, 10, 0, false))
				return err
			})
		})
	}
}

// percentiles asks every query in each round and reports the median and the
// 99th percentile in milliseconds.
func percentiles(b *testing.B, queries []string, ask func(string) error) {
	for _, q := range queries[:len(queries)/4] {
		if err := ask(q); err != nil { // warm up
			b.Fatal(err)
		}
	}
	var took []float64
	b.ResetTimer()
	for range b.N {
		for _, q := range queries {
			begin := time.Now()
			if err := ask(q); err != nil {
				b.Fatal(err)
			}
			took = append(took, float64(time.Since(begin).Nanoseconds())/1e6)
		}
	}
	slices.Sort(took)
	b.ReportMetric(measure.Quantile(took, 0.5), "p50-ms")
	b.ReportMetric(measure.Quantile(took, 0.99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func openOver(b *testing.B, texts []string) *bot.Answerer {
	b.Helper()
	n, err := normalize.New()
	if err != nil {
		b.Fatal(err)
	}
	model, err := intent.DefaultModel()
	if err != nil {
		b.Fatal(err)
	}
	source := &bot.Fixed{}
	for i, text := range texts {
		source.Entries = append(source.Entries, knowledge.Entry{ID: fmt.Sprintf("%07d", i), Question: text, Enabled: true})
	}
	answerer, err := bot.Open(context.Background(), bot.Config{
		Source: source, IndexDir: b.TempDir(), Model: model, Normalizer: n, Log: zap.NewNop(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { answerer.Close() })
	return answerer
}

func openBleve(b *testing.B, texts []string) bleve.Index {
	b.Helper()
	m := bleve.NewIndexMapping()
	m.DefaultMapping = mapping.NewDocumentStaticMapping()
	field := mapping.NewTextFieldMapping()
	field.Analyzer, field.Store, field.IncludeTermVectors, field.DocValues = cjk.AnalyzerName, false, false, false
	m.DefaultMapping.AddFieldMappingsAt("q", field)
	m.DefaultField = "q"
	index, err := bleve.New(filepath.Join(b.TempDir(), "bleve"), m)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { index.Close() })
	for chunk := range slices.Chunk(texts, 1000) {
		batch := index.NewBatch()
		for _, text := range chunk {
			if err := batch.Index(text, map[string]string{"q": text}); err != nil {
				b.Fatal(err)
			}
		}
		if err := index.Batch(batch); err != nil {
			b.Fatal(err)
		}
	}
	return index
}

// corpus returns different texts and a thousand queries that are not among them.
func corpus(b *testing.B, size int) (texts, queries []string) {
	b.Helper()
	const wanted = 1000
	all := readTexts(b)
	random := rand.New(rand.NewPCG(1, 2))
	for seen := set(all); len(all) < size+wanted; {
		text := splice(random, all)
		if !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[wanted : size+wanted], all[:wanted]
}

func set(texts []string) map[string]bool {
	seen := map[string]bool{}
	for _, text := range texts {
		seen[text] = true
	}
	return seen
}

// splice joins the beginning of one text and the end of another.
func splice(random *rand.Rand, texts []string) string {
	x, y := []rune(texts[random.IntN(len(texts))]), []rune(texts[random.IntN(len(texts))])
	return string(x[:(len(x)+1)/2]) + string(y[len(y)/2:])
}

// readTexts returns the different sentences at hand.
func readTexts(b *testing.B) []string {
	b.Helper()
	seen := map[string]bool{}
	var texts []string
	add := func(text string) {
		if n := len([]rune(text)); n >= 4 && n <= 60 && !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	if dir := os.Getenv("FAQBOT_DATA"); dir != "" {
		f, err := os.Open(filepath.Join(dir, "pairs.train.tsv"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			columns := strings.Split(lines.Text(), "\t")
			add(columns[0])
			add(columns[1])
		}
		return texts
	}
	for _, shop := range testdata.Shops() {
		data, err := testdata.FS.ReadFile(shop + ".kb.jsonl")
		if err != nil {
			b.Fatal(err)
		}
		for _, quoted := range strings.Split(string(data), `"`) {
			if strings.ContainsFunc(quoted, func(r rune) bool { return r > 0x4e00 && r < 0x9fff }) {
				add(quoted)
			}
		}
	}
	return texts
}

// BenchmarkSuggest measures what is offered while somebody types: the first
// characters of each query.
func BenchmarkSuggest(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		texts, queries := corpus(b, size)
		typed := make([]string, len(queries))
		for i, q := range queries {
			runes := []rune(q)
			typed[i] = string(runes[:max(2, len(runes)*(1+i%3)/4)])
		}
		b.Run(fmt.Sprintf("questions=%d", len(texts)), func(b *testing.B) {
			answerer := openOver(b, texts)
			percentiles(b, typed, func(q string) error {
				_, err := answerer.Complete(context.Background(), intent.Query{Text: q}, 6)
				return err
			})
		})
	}
}
