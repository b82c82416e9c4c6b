package bot_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/normalize"
)

// normalizer takes some milliseconds to build.
var normalizer = sync.OnceValues(normalize.New)

func mustNormalizer(t testing.TB) *normalize.Normalizer {
	t.Helper()
	n, err := normalizer()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustModel(t testing.TB) *intent.Model {
	t.Helper()
	m, err := intent.DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// newStore holds three entries.
func newStore(t testing.TB) *kbtest.Store {
	t.Helper()
	store := kbtest.NewStore(mustNormalizer(t).Key)
	put(t, store,
		entry("invoice", "怎么开发票", "发票怎么开"),
		entry("net", "怎么办理宽带", "装宽带"),
		entry("card", "手机卡丢了怎么补办", "补卡"),
	)
	return store
}

func entry(id, question string, variants ...string) knowledge.Entry {
	return knowledge.Entry{
		ID: id, Question: question, Variants: variants, Enabled: true,
		Answers: []knowledge.Answer{{Texts: []string{"答案 " + id}}},
	}
}

func put(t testing.TB, store *kbtest.Store, entries ...knowledge.Entry) {
	t.Helper()
	apply(t, store, knowledge.Batch{Puts: entries})
}

func apply(t testing.TB, store *kbtest.Store, b knowledge.Batch) {
	t.Helper()
	if _, err := store.Apply(context.Background(), b); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func config(t testing.TB, source bot.Source, dir string) bot.Config {
	t.Helper()
	return bot.Config{Source: source, IndexDir: dir, Model: mustModel(t), Normalizer: mustNormalizer(t), Log: zap.NewNop()}
}

func open(t testing.TB, source bot.Source, dir string) *bot.Answerer {
	t.Helper()
	return openWith(t, config(t, source, dir))
}

func openWith(t testing.TB, c bot.Config) *bot.Answerer {
	t.Helper()
	a, err := bot.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return a
}

func ask(t testing.TB, a *bot.Answerer, text string) intent.Decision {
	t.Helper()
	d, err := a.Decide(context.Background(), intent.Query{Text: text, At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatalf("Decide(%q): %v", text, err)
	}
	return d
}

// nearest names the entry that came nearest, whatever was decided.
func nearest(t testing.TB, a *bot.Answerer, text string) string {
	t.Helper()
	d := ask(t, a, text)
	if len(d.Trace.Candidates) == 0 {
		return ""
	}
	return d.Trace.Candidates[0].Entry
}

func refresh(t testing.TB, a *bot.Answerer) {
	t.Helper()
	if err := a.Refresh(context.Background()); err != nil {
		t.Fatalf("Refresh: %v", err)
	}
}

func TestAnswererDecides(t *testing.T) {
	store := newStore(t)
	a := open(t, store, filepath.Join(t.TempDir(), "index"))
	if d := ask(t, a, "發票怎麼開？"); d.Kind != intent.Answer || d.Entry.ID != "invoice" || d.Texts[0] != "答案 invoice" {
		t.Errorf("an exact question: %s by %q: %s", d.Kind, d.Entry.ID, d.Reason)
	}
	for text, want := range map[string]string{"我想办宽带": "net", "卡丢了要补办": "card", "开个发票": "invoice"} {
		if got := nearest(t, a, text); got != want {
			t.Errorf("%q is nearest to %q, want %q", text, got, want)
		}
	}
	if d := ask(t, a, "今天天气真好"); d.Kind == intent.Answer {
		t.Errorf("a question about the weather is answered by %s", d.Entry.ID)
	}
	if entries, wordings := a.Len(); entries != 3 || wordings != 6 {
		t.Errorf("Len = %d, %d", entries, wordings)
	}
	if want, _ := store.Revision(context.Background()); a.Revision() != want {
		t.Errorf("Revision = %d, want %d", a.Revision(), want)
	}
}

func TestAnswererOverNothing(t *testing.T) {
	a := open(t, kbtest.NewStore(mustNormalizer(t).Key), t.TempDir())
	if d := ask(t, a, "怎么办理宽带"); d.Kind != intent.Refuse || d.Reason == "" {
		t.Errorf("%s because %q", d.Kind, d.Reason)
	}
	refresh(t, a)
}

func TestRefreshFollowsTheEntries(t *testing.T) {
	store := newStore(t)
	a := open(t, store, t.TempDir())
	before := a.Matcher()
	put(t, store, entry("points", "积分怎么兑换", "兑积分"))
	if d := ask(t, a, "积分怎么兑换"); d.Entry.ID != "" {
		t.Errorf("before Refresh the new entry answers already: %s", d.Kind)
	}
	refresh(t, a)
	for text, want := range map[string]string{"积分怎么兑换": "points", "积分要兑换": "points", "怎么办理宽带": "net"} {
		if got := nearest(t, a, text); got != want {
			t.Errorf("after adding: %q is nearest to %q, want %q", text, got, want)
		}
	}

	changed, err := store.Entry(context.Background(), "net")
	if err != nil {
		t.Fatal(err)
	}
	changed.Question, changed.Variants = "路由器坏了怎么换", nil
	put(t, store, changed)
	apply(t, store, knowledge.Batch{Deletes: []knowledge.Ref{{ID: "card", Version: 1}}})
	refresh(t, a)
	if d := ask(t, a, "路由器坏了怎么换"); d.Entry.ID != "net" {
		t.Errorf("after the change: %s by %q", d.Kind, d.Entry.ID)
	}
	if got := nearest(t, a, "我的路由器坏了"); got != "net" {
		t.Errorf("after the change: nearest %q", got)
	}
	for _, text := range []string{"装宽带", "补卡", "手机卡丢了怎么补办"} {
		if d := ask(t, a, text); d.Kind == intent.Answer {
			t.Errorf("%q, which no entry says any more, is answered by %s", text, d.Entry.ID)
		}
	}
	if entries, wordings := a.Len(); entries != 3 || wordings != 5 {
		t.Errorf("Len = %d, %d, want 3, 5", entries, wordings)
	}
	if want, _ := store.Revision(context.Background()); a.Revision() != want {
		t.Errorf("Revision = %d, want %d", a.Revision(), want)
	}
	if entries, _ := before.Len(); entries != 3 {
		t.Errorf("the matcher of before has %d entries", entries)
	}
}

// More changes than one step takes over.
func TestRefreshOfManyChanges(t *testing.T) {
	store := newStore(t)
	a := open(t, store, t.TempDir())
	var many []knowledge.Entry
	for i := range 2100 {
		many = append(many, entry("m"+strconv.Itoa(i), "第"+strconv.Itoa(i)+"号窗口办什么"))
	}
	put(t, store, many...)
	refresh(t, a)
	if entries, _ := a.Len(); entries != 2103 {
		t.Errorf("%d entries", entries)
	}
	for _, i := range []int{0, 999, 1000, 2099} {
		if d := ask(t, a, "第"+strconv.Itoa(i)+"号窗口办什么？"); d.Entry.ID != many[i].ID {
			t.Errorf("window %d: %s by %q", i, d.Kind, d.Entry.ID)
		}
	}
	refresh(t, a)
}

func TestRefreshFollowsTheLexicon(t *testing.T) {
	store := newStore(t)
	put(t, store, entry("fire", "热水器打不着火怎么办"), entry("cold", "热水器不出热水怎么办"), entry("zzk", "众筹卡怎么用"))
	a := open(t, store, t.TempDir())
	without := ask(t, a, "热水器点不燃怎么办")
	if tokens := ask(t, a, "众筹卡是什么").Trace.Tokens; len(tokens) > 0 && tokens[0] == "众筹卡" {
		t.Fatalf("众筹卡 is a word already: %q", tokens)
	}

	lexicon := knowledge.Lexicon{
		UserWords:   []string{"众筹卡"},
		StopWords:   []string{"咨询"},
		WordClasses: []knowledge.WordClass{{Name: "不着火", Words: []string{"打不着火", "点不燃"}}},
	}
	apply(t, store, knowledge.Batch{Lexicon: &lexicon})
	put(t, store, entry("late", "刚加的问题怎么办"))
	refresh(t, a)
	with := ask(t, a, "热水器点不燃怎么办")
	if with.Trace.Candidates[0].Entry != "fire" || with.Trace.Canonical != "热水器打不着火怎么办" || with.Confidence <= without.Confidence {
		t.Errorf("the word class adds nothing: %q, %v without, %v with", with.Trace.Canonical, without.Confidence, with.Confidence)
	}
	if tokens := ask(t, a, "众筹卡是什么").Trace.Tokens; len(tokens) == 0 || tokens[0] != "众筹卡" {
		t.Errorf("the user word is cut: %q", tokens)
	}
	if d := ask(t, a, "咨询"); d.Trace.Rule != "stopwords" {
		t.Errorf("the stop word is not one: %s by %s", d.Kind, d.Trace.Rule)
	}
	if d := ask(t, a, "刚加的问题怎么办"); d.Entry.ID != "late" {
		t.Errorf("the entry of the same refresh: %s by %q", d.Kind, d.Entry.ID)
	}
	for text, want := range map[string]string{"我想办宽带": "net", "开个发票": "invoice"} {
		if got := nearest(t, a, text); got != want {
			t.Errorf("%q is nearest to %q, want %q", text, got, want)
		}
	}
	lexicon, err := store.Lexicon(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	lexicon.WordClasses = nil
	apply(t, store, knowledge.Batch{Lexicon: &lexicon})
	refresh(t, a)
	if d := ask(t, a, "热水器点不燃怎么办"); d.Trace.Canonical != "热水器点不燃怎么办" {
		t.Errorf("the word class goes on after it was removed: %q", d.Trace.Canonical)
	}
}

// A decision is made wholly on one state, also while refreshes go on.
func TestDecideDuringRefresh(t *testing.T) {
	store := newStore(t)
	a := open(t, store, t.TempDir())
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, text := range []string{"怎么办理宽带", "我想办宽带", "换的问法"} {
					if _, err := a.Decide(context.Background(), intent.Query{Text: text}); err != nil {
						t.Errorf("Decide(%q): %v", text, err)
						return
					}
				}
			}
		})
	}
	for i := range 6 {
		e, err := store.Entry(context.Background(), "card")
		if err != nil {
			t.Fatal(err)
		}
		e.Variants = []string{"换的问法", "第" + strconv.Itoa(i) + "次换的"}[i%2:]
		put(t, store, e)
		if i == 3 {
			lexicon, err := store.Lexicon(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			lexicon.UserWords = append(lexicon.UserWords, "新词"+strconv.Itoa(i))
			apply(t, store, knowledge.Batch{Lexicon: &lexicon})
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { refresh(t, a) })
		}
		both.Wait()
		if d := ask(t, a, e.Variants[0]); d.Entry.ID != "card" {
			t.Errorf("after refresh %d: %q is answered by %q", i, e.Variants[0], d.Entry.ID)
		}
	}
	close(done)
	wg.Wait()
}

// Reopening takes the index as it lies there.
func TestReopenUsesTheIndex(t *testing.T) {
	store, dir := newStore(t), t.TempDir()
	indexed := 0
	c := config(t, store, dir)
	c.Progress = func(done int) { indexed = done }
	a, err := bot.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if indexed != 3 {
		t.Errorf("the first time %d entries were indexed, want 3", indexed)
	}
	want := ask(t, a, "我想办宽带")
	if err := a.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}

	indexed = 0
	core, logs := observer.New(zapcore.WarnLevel)
	c.Log = zap.New(core)
	again := openWith(t, c)
	if indexed != 0 {
		t.Errorf("the second time %d entries were indexed", indexed)
	}
	if diff := cmp.Diff(want, ask(t, again, "我想办宽带")); diff != "" {
		t.Errorf("decision after reopening (-before +after):\n%s", diff)
	}
	if logs.Len() > 0 {
		t.Errorf("opening a good index warns: %v", logs.All())
	}
}

// What changed while the program was off is there when it starts again.
func TestReopenCatchesUp(t *testing.T) {
	store, dir := newStore(t), t.TempDir()
	a, err := bot.Open(context.Background(), config(t, store, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, store, entry("points", "积分怎么兑换"))
	apply(t, store, knowledge.Batch{Deletes: []knowledge.Ref{{ID: "card", Version: 1}}})
	again := open(t, store, dir)
	if got := nearest(t, again, "积分要兑换"); got != "points" {
		t.Errorf("the new entry: nearest %q", got)
	}
	if got := nearest(t, again, "补办手机卡"); got == "card" {
		t.Error("the deleted entry is found")
	}
}

// The index is a cache: whatever happened to it, the program starts.
func TestOpenWithBrokenIndex(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
	}{
		{"deleted", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) }},
		{"emptied", func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir))
			must(t, os.Mkdir(dir, 0o700))
		}},
		{"garbage in every file", func(t *testing.T, dir string) {
			must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				return os.WriteFile(path, []byte("garbage\x00\xff garbage"), 0o600)
			}))
		}},
		{"every file empty", func(t *testing.T, dir string) {
			must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				return os.Truncate(path, 0)
			}))
		}},
		{"foreign files", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "README"), []byte("hello"), 0o600))
			must(t, os.Mkdir(filepath.Join(dir, "store"), 0o700))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, dir := newStore(t), filepath.Join(t.TempDir(), "index")
			a, err := bot.Open(context.Background(), config(t, store, dir))
			if err != nil {
				t.Fatal(err)
			}
			want := ask(t, a, "我想办宽带")
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, dir)
			if diff := cmp.Diff(want, ask(t, open(t, store, dir), "我想办宽带")); diff != "" {
				t.Errorf("decision (-before +after):\n%s", diff)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	store, dir := newStore(t), t.TempDir()
	if a, err := bot.Open(ctx, config(t, store, dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, %v", a, err)
	}
	a := open(t, store, dir)
	if _, err := a.Decide(ctx, intent.Query{Text: "我想办宽带"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Decide: %v", err)
	}
	put(t, store, entry("points", "积分怎么兑换"))
	if err := a.Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Refresh: %v", err)
	}
	if d := ask(t, a, "怎么办理宽带"); d.Entry.ID != "net" {
		t.Errorf("after a cancelled refresh: %s by %q", d.Kind, d.Entry.ID)
	}
	refresh(t, a)
	if d := ask(t, a, "积分怎么兑换"); d.Entry.ID != "points" {
		t.Errorf("after another refresh: %s by %q", d.Kind, d.Entry.ID)
	}
}

// failing is a source of which one method fails.
type failing struct {
	*kbtest.Store
	lexicon, snapshot, changes error
}

func (f *failing) Lexicon(ctx context.Context) (knowledge.Lexicon, error) {
	if f.lexicon != nil {
		return knowledge.Lexicon{}, f.lexicon
	}
	return f.Store.Lexicon(ctx)
}

func (f *failing) Snapshot(ctx context.Context, visit func(knowledge.Entry) error) (int64, error) {
	if f.snapshot != nil {
		return 0, f.snapshot
	}
	return f.Store.Snapshot(ctx, visit)
}

func (f *failing) Changes(ctx context.Context, after int64, limit int) ([]knowledge.Change, error) {
	if f.changes != nil {
		return nil, f.changes
	}
	return f.Store.Changes(ctx, after, limit)
}

func TestSourceErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, f := range map[string]*failing{
		"lexicon": {Store: newStore(t), lexicon: broken}, "snapshot": {Store: newStore(t), snapshot: broken},
	} {
		if _, err := bot.Open(context.Background(), config(t, f, t.TempDir())); !errors.Is(err, broken) {
			t.Errorf("%s fails: Open: %v", name, err)
		}
	}
	f := &failing{Store: newStore(t)}
	a := open(t, f, t.TempDir())
	put(t, f.Store, entry("points", "积分怎么兑换"))
	f.changes = broken
	if err := a.Refresh(context.Background()); !errors.Is(err, broken) {
		t.Errorf("Refresh: %v", err)
	}
	f.changes, f.lexicon = nil, broken
	if err := a.Refresh(context.Background()); !errors.Is(err, broken) {
		t.Errorf("Refresh: %v", err)
	}
	if d := ask(t, a, "怎么办理宽带"); d.Entry.ID != "net" {
		t.Errorf("after failed refreshes: %s by %q", d.Kind, d.Entry.ID)
	}
	f.lexicon = nil
	refresh(t, a)
	if d := ask(t, a, "积分怎么兑换"); d.Entry.ID != "points" {
		t.Errorf("after a good refresh: %s by %q", d.Kind, d.Entry.ID)
	}
}
