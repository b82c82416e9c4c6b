package index_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"faqbot/knowledge"
	"faqbot/knowledge/index"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/normalize"
	"faqbot/knowledge/segment"
)

// The peer in the benchmarks, bleve's own search, starts workers for good when it
// is imported.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/blevesearch/bleve_index_api.AnalysisWorker"))
}

// plain is the analyzer without a lexicon; building one takes a third of a second.
var plain = sync.OnceValue(func() *segment.Analyzer { return mustAnalyzer(knowledge.Lexicon{}) })

// other is one with a lexicon.
var other = sync.OnceValue(func() *segment.Analyzer {
	return mustAnalyzer(knowledge.Lexicon{
		UserWords:   []string{"打不着火怎么办"},
		WordClasses: []knowledge.WordClass{{Name: "发票", Words: []string{"发票", "单据"}}},
	})
})

func mustAnalyzer(lex knowledge.Lexicon) *segment.Analyzer {
	norm, err := normalize.New()
	if err != nil {
		panic(err)
	}
	a, err := segment.NewAnalyzer(norm, lex)
	if err != nil {
		panic(err)
	}
	return a
}

func openIndex(t testing.TB, dir string, a *segment.Analyzer) *index.Index {
	t.Helper()
	ix, err := index.Open(t.Context(), dir, a, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

func syncIndex(t testing.TB, ix *index.Index, store knowledge.EntryReader) {
	t.Helper()
	if err := ix.Sync(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
}

// synced opens an index in a directory of its own and syncs it.
func synced(t testing.TB, store knowledge.EntryReader) *index.Index {
	t.Helper()
	ix := openIndex(t, t.TempDir(), plain())
	syncIndex(t, ix, store)
	return ix
}

func entry(id, question string, variants ...string) knowledge.Entry {
	return knowledge.Entry{ID: id, Question: question, Variants: variants, Enabled: true}
}

// storeWith returns a store that holds the entries.
func storeWith(t testing.TB, entries ...knowledge.Entry) *kbtest.Store {
	t.Helper()
	store := kbtest.NewStore(kbtest.Key)
	put(t, store, entries...)
	return store
}

// put stores the entries, new or not.
func put(t testing.TB, store knowledge.EntryStore, entries ...knowledge.Entry) {
	t.Helper()
	for i := range entries {
		if old, err := store.Entry(context.Background(), entries[i].ID); err == nil {
			entries[i].Version = old.Version
		}
	}
	if _, err := store.Apply(context.Background(), knowledge.Batch{Puts: entries}); err != nil {
		t.Fatal(err)
	}
}

func del(t testing.TB, store knowledge.EntryStore, id string) {
	t.Helper()
	old, err := store.Entry(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Apply(context.Background(), knowledge.Batch{Deletes: []knowledge.Ref{{ID: id, Version: old.Version}}}); err != nil {
		t.Fatal(err)
	}
}

// recall returns "entry/question" of the hits in order.
func recall(t testing.TB, ix *index.Index, query string, limit int) []string {
	t.Helper()
	hits, err := ix.Recall(t.Context(), plain().Analyze(query), limit)
	if err != nil {
		t.Fatal(err)
	}
	return names(hits)
}

func names(hits []index.Hit) []string {
	list := []string{}
	for _, h := range hits {
		list = append(list, fmt.Sprintf("%s/%d", h.Entry, h.Question))
	}
	return list
}

func sample() []knowledge.Entry {
	return []knowledge.Entry{
		entry("heater", "热水器打不着火怎么办", "热水器点火失败", "热水器不出火"),
		entry("install", "热水器安装要多少钱", "装热水器收费吗"),
		entry("invoice", "怎么开发票", "发票在哪里开"),
		entry("recharge", "怎么充值话费", "手机充值"),
		entry("model", "iPhone 15 支持5G吗"),
	}
}

func TestRecall(t *testing.T) {
	ix := synced(t, storeWith(t, sample()...))
	for _, tt := range []struct {
		name, query string
		limit       int
		want        []string
	}{
		{"the question itself", "热水器打不着火怎么办", 1, []string{"heater/0"}},
		{"a variant", "热水器点火失败", 1, []string{"heater/1"}},
		{"other words", "我家热水器点不着火", 1, []string{"heater/0"}},
		{"traditional characters", "發票怎麼開", 1, []string{"invoice/0"}},
		{"homophones", "冲直", 1, []string{"recharge/1"}},
		{"latin and digits written apart", "iphone15", 1, []string{"model/0"}},
		{"nothing in common", "哈喽", 5, []string{}},
		{"nothing in words", "？！😀", 5, []string{}},
		{"empty", "", 5, []string{}},
		{"no hits wanted", "发票", 0, []string{}},
		{"negative limit", "发票", -1, []string{}},
		{"limit beyond everything", "开发票", 1 << 60, []string{"invoice/0", "invoice/1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, recall(t, ix, tt.query, tt.limit)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Homophones are for what is mistyped; a known word stands for itself.
func TestHomophonesOfKnownWords(t *testing.T) {
	ix := synced(t, storeWith(t, entry("right", "手机充值"), entry("typo", "冲直")))
	if diff := cmp.Diff([]string{"right/0"}, recall(t, ix, "充值", 5)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRecallOrder(t *testing.T) {
	// Equal questions score equally: their order is that of the ids, wherever the
	// limit cuts.
	var entries []knowledge.Entry
	for i := range 300 {
		entries = append(entries, entry(fmt.Sprintf("e%03d", (i*7)%300), fmt.Sprintf("宽带 %c%c", 'a'+rune(i%26), 'a'+rune(i/26))))
	}
	ix := synced(t, storeWith(t, entries...))
	got := recall(t, ix, "宽带", 50)
	if len(got) != 50 {
		t.Fatalf("%d hits", len(got))
	}
	for i := 1; i < len(got); i++ {
		if got[i-1] >= got[i] || got[i] != fmt.Sprintf("e%03d/0", i) {
			t.Fatalf("%s before %s", got[i-1], got[i])
		}
	}
}

func TestOneEntryDoesNotCrowdOutOthers(t *testing.T) {
	crowd := entry("a", "宽带怎么办理")
	for i := range 80 {
		crowd.Variants = append(crowd.Variants, fmt.Sprintf("宽带怎么办理%d", i))
	}
	entries := []knowledge.Entry{crowd}
	for i := range 20 {
		entries = append(entries, entry(fmt.Sprintf("b%02d", i), fmt.Sprintf("%c宽带", '一'+rune(i)*50)))
	}
	ix := synced(t, storeWith(t, entries...))
	count := map[bool]int{}
	for _, name := range recall(t, ix, "宽带怎么办理", 30) {
		count[strings.HasPrefix(name, "a/")]++
	}
	if diff := cmp.Diff(map[bool]int{true: 10, false: 20}, count); diff != "" {
		t.Errorf("questions of the crowd (-want +got)\n%s", diff)
	}
}

func TestRecallOfLongAndStrangeQueries(t *testing.T) {
	ix := synced(t, storeWith(t, sample()...))
	long := strings.Repeat("无关的话", 2000) + "热水器打不着火怎么办"
	if got := recall(t, ix, long, 1); len(got) != 1 || got[0] != "heater/0" {
		t.Errorf("long query: %v", got)
	}
	for _, query := range []string{"\xff\xfe热", "\x1f0000", "\x00", strings.Repeat("热", 10_000)} {
		recall(t, ix, query, 5)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Recall(ctx, plain().Analyze("热水器"), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSyncFollowsChanges(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	if _, err := ix.Recall(t.Context(), plain().Analyze("发票"), 1); !errors.Is(err, index.ErrNotBuilt) {
		t.Errorf("before Sync: %v", err)
	}
	syncIndex(t, ix, store)
	put(t, store, entry("invoice", "电子收据怎么下载"), entry("new", "宽带怎么移机", "宽带搬家"))
	del(t, store, "model")
	check := func(ix *index.Index, when string) {
		t.Helper()
		for query, want := range map[string][]string{
			"发票在哪里开": {}, "iphone": {}, "收据": {"invoice/0"}, "宽带搬家": {"new/1", "new/0"}, "热水器点火失败": {"heater/1"},
		} {
			got := recall(t, ix, query, 5)
			if len(want) > 0 {
				got = got[:min(len(got), len(want))]
			}
			for _, name := range got {
				if len(want) == 0 && (strings.HasPrefix(name, "model") || strings.HasPrefix(name, "invoice")) {
					t.Errorf("%s: %q recalls %v", when, query, got)
				}
			}
			if len(want) > 0 && !cmp.Equal(want, got) {
				t.Errorf("%s: %q recalls %v, want %v", when, query, got, want)
			}
		}
		if stored, _ := store.Revision(t.Context()); ix.Revision() != stored {
			t.Errorf("%s: revision %d, want %d", when, ix.Revision(), stored)
		}
		if ix.Questions() != 10 {
			t.Errorf("%s: %d questions, want 10", when, ix.Questions())
		}
	}
	syncIndex(t, ix, store)
	check(ix, "after the changes")
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	again := openIndex(t, dir, plain())
	syncIndex(t, again, store)
	check(again, "opened again")
}

// The store may be a restored backup, older than the index.
func TestSyncWithAnOlderStore(t *testing.T) {
	store := storeWith(t, sample()...)
	for i := range 5 {
		put(t, store, entry("model", fmt.Sprintf("新的问题%d", i)))
	}
	ix := synced(t, store)
	older := storeWith(t, sample()[:2]...)
	syncIndex(t, ix, older)
	if got := recall(t, ix, "怎么开发票", 5); cmp.Equal(got[0], "invoice/0") {
		t.Errorf("recalls %v of the newer store", got)
	}
}

func TestEmptyKnowledgeBase(t *testing.T) {
	store := kbtest.NewStore(kbtest.Key)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	if got := recall(t, ix, "发票", 5); len(got) != 0 {
		t.Errorf("recalls %v", got)
	}
	put(t, store, sample()...)
	syncIndex(t, ix, store)
	if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
		t.Errorf("recalls %v", got)
	}
	for _, e := range sample() {
		del(t, store, e.ID)
	}
	syncIndex(t, ix, store)
	if got := recall(t, ix, "怎么开发票", 1); len(got) != 0 {
		t.Errorf("recalls %v", got)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Recall(t.Context(), plain().Analyze("发票"), 1); !errors.Is(err, index.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := ix.Sync(t.Context(), store, nil); !errors.Is(err, index.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// Whatever happened before, the index is the one that would be built anew.
func TestChangesAndRebuildAgree(t *testing.T) {
	vocabulary := strings.Fields("宽带 套餐 办理 取消 热水器 打不着火 怎么 多少钱 发票 iphone 5g 15 微信 充值 吗")
	rapid.Check(t, func(r *rapid.T) {
		question := rapid.Custom(func(r *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 1, 5).Draw(r, "words"), "")
		})
		store := kbtest.NewStore(func(s string) string { return s + fmt.Sprint(len(s)) })
		serial := 0
		change := func(n int) {
			for range n {
				id := fmt.Sprintf("e%d", rapid.IntRange(0, 12).Draw(r, "id"))
				if _, err := store.Entry(t.Context(), id); err == nil && rapid.IntRange(0, 3).Draw(r, "delete") == 0 {
					del(t, store, id)
					continue
				}
				serial++
				put(t, store, entry(id, fmt.Sprintf("%s%d", question.Draw(r, "question"), serial),
					rapid.SliceOfN(question, 0, 4).Draw(r, "variants")...))
			}
		}
		change(rapid.IntRange(0, 8).Draw(r, "first"))
		dir := t.TempDir()
		followed := openIndex(t, dir, plain())
		for range rapid.IntRange(1, 4).Draw(r, "rounds") {
			syncIndex(t, followed, store)
			change(rapid.IntRange(0, 8).Draw(r, "changes"))
		}
		syncIndex(t, followed, store)
		anew := synced(t, store)
		for range 5 {
			form := plain().Analyze(question.Draw(r, "query"))
			limit := rapid.IntRange(1, 20).Draw(r, "limit")
			want, err := anew.Recall(t.Context(), form, limit)
			if err != nil {
				r.Fatal(err)
			}
			got, err := followed.Recall(t.Context(), form, limit)
			if err != nil {
				r.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				r.Fatalf("%q (-anew +followed)\n%s", form.Text, diff)
			}
		}
		if err := errors.Join(followed.Close(), anew.Close()); err != nil {
			r.Fatal(err)
		}
	})
}

func TestManyChangesBuildAnew(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	before := generations(t, dir)
	var many []knowledge.Entry
	for i := range 2500 {
		many = append(many, entry(fmt.Sprintf("m%d", i), fmt.Sprintf("第%d个新问题", i)))
	}
	put(t, store, many...)
	done := 0
	if err := ix.Sync(t.Context(), store, func(n int) { done = n }); err != nil {
		t.Fatal(err)
	}
	if done < 2500 {
		t.Errorf("progress ended at %d", done)
	}
	after := generations(t, dir)
	if len(after) != 1 || cmp.Equal(before, after) {
		t.Errorf("generations %v, before %v", after, before)
	}
	if got := recall(t, ix, "第1234个新问题", 1); !cmp.Equal(got, []string{"m1234/0"}) {
		t.Errorf("recalls %v", got)
	}
}

func generations(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestReload(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	old := plain().Analyze("单据")
	if err := ix.Reload(t.Context(), other(), store, nil); err != nil {
		t.Fatal(err)
	}
	// The form of the old analyzer is understood by the words of the new one.
	hits, err := ix.Recall(t.Context(), old, 1)
	if err != nil || len(hits) != 1 || hits[0].Entry != "invoice" {
		t.Errorf("hits %v, %v", hits, err)
	}
	if ix.Analyzer() != other() {
		t.Error("the analyzer is not the new one")
	}
	if len(generations(t, dir)) != 1 {
		t.Errorf("left behind: %v", generations(t, dir))
	}
	put(t, store, entry("new", "单据丢了"))
	syncIndex(t, ix, store)
	hits, err = ix.Recall(t.Context(), other().Analyze("发票丢了"), 1)
	if err != nil || len(hits) != 1 || hits[0].Entry != "new" {
		t.Errorf("hits %v, %v", hits, err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if again := openIndex(t, dir, plain()); again.Revision() != 0 {
		t.Error("an index of another lexicon is served")
	}
}

// hooked is a store whose Snapshot calls a function for each entry.
type hooked struct {
	knowledge.EntryStore
	visit func(n int) error
}

func (h hooked) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (int64, error) {
	n := 0
	return h.EntryStore.Snapshot(ctx, func(e knowledge.Entry) error {
		if n++; h.visit != nil {
			if err := h.visit(n); err != nil {
				return err
			}
		}
		return visit(e)
	})
}

func TestFailedRebuildKeepsTheOld(t *testing.T) {
	broken := errors.New("the database is gone")
	ctx, cancel := context.WithCancel(t.Context())
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		visit func(n int) error
		want  error
	}{
		{"store fails", t.Context(), func(n int) error {
			if n == 3 {
				return broken
			}
			return nil
		}, broken},
		{"cancelled", ctx, func(n int) error {
			if n == 3 {
				cancel()
			}
			return nil
		}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := hooked{storeWith(t, sample()...), nil}
			dir := t.TempDir()
			ix := openIndex(t, dir, plain())
			syncIndex(t, ix, store)
			before, revision := generations(t, dir), ix.Revision()
			store.visit = tt.visit
			if err := ix.Reload(tt.ctx, other(), store, nil); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
				t.Errorf("recalls %v", got)
			}
			if diff := cmp.Diff(before, generations(t, dir)); diff != "" {
				t.Errorf("directory (-want +got)\n%s", diff)
			}
			if ix.Revision() != revision || ix.Analyzer() != plain() {
				t.Error("not the old index")
			}
			store.visit = nil
			if err := ix.Reload(t.Context(), other(), store, nil); err != nil || ix.Analyzer() != other() {
				t.Errorf("later: %v", err)
			}
		})
	}
}

// Searches go on while the index is followed, rebuilt and swapped.
func TestSearchesDuringChanges(t *testing.T) {
	store := storeWith(t, sample()...)
	ix := synced(t, store)
	analyzers := []*segment.Analyzer{plain(), other()}
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				hits, err := ix.Recall(context.Background(), plain().Analyze("怎么开发票"), 3)
				if err != nil || len(hits) == 0 || hits[0].Entry != "invoice" {
					t.Errorf("hits %v, %v", hits, err)
					return
				}
			}
		})
	}
	group.Go(func() {
		for range 20 {
			if err := ix.Sync(context.Background(), store, nil); err != nil {
				t.Error(err)
			}
			ix.Revision()
		}
	})
	for i := range 8 {
		put(t, store, entry(fmt.Sprintf("n%d", i), fmt.Sprintf("新问题%d", i)))
		if err := ix.Reload(context.Background(), analyzers[i%2], store, nil); err != nil {
			t.Error(err)
		}
	}
	close(done)
	group.Wait()
}

// Two processes may share a directory.
func TestSharedDirectory(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	first := openIndex(t, dir, plain())
	syncIndex(t, first, store)
	second := openIndex(t, dir, plain())
	if second.Revision() != first.Revision() {
		t.Error("the second does not find the index of the first")
	}
	if err := second.Reload(t.Context(), other(), store, nil); err != nil {
		t.Fatal(err)
	}
	for _, ix := range []*index.Index{first, second} {
		if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
			t.Errorf("recalls %v", got)
		}
	}
}

func TestBuildOfAnotherProcessIsLeftAlone(t *testing.T) {
	store := hooked{storeWith(t, sample()...), nil}
	dir := t.TempDir()
	reached, goOn := make(chan struct{}), make(chan struct{})
	store.visit = func(n int) error {
		if n == 2 {
			close(reached)
			<-goOn
		}
		return nil
	}
	ix := openIndex(t, dir, plain())
	result := make(chan error)
	go func() { result <- ix.Sync(context.Background(), store, nil) }()
	<-reached
	openIndex(t, dir, plain()) // cleans up, but not this
	close(goOn)
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestDirectoryThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	ix := openIndex(t, file, plain())
	syncIndex(t, ix, storeWith(t, sample()...))
	if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
		t.Errorf("recalls %v", got)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
	if left := generations(t, os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
