package kbtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

// waitLimit bounds how long the suite waits for a store that hangs.
const waitLimit = 2 * time.Minute

// TestStore checks that stores keep every promise of knowledge.Store. open
// returns an empty store whose key of questions is Key; it is called once for
// each test.
func TestStore(t *testing.T, open func(t *testing.T) knowledge.Store) {
	for _, group := range []struct {
		name  string
		tests []storeTest
	}{
		{"Entry", entryTests},
		{"Text", textTests},
		{"Changes", changeTests},
		{"Category", categoryTests},
		{"Lexicon", lexiconTests},
	} {
		t.Run(group.name, func(t *testing.T) { run(t, group.tests, open) })
	}
	t.Run("Concurrency", func(t *testing.T) { TestConcurrency(t, open) })
}

// TestConcurrency is the part of TestStore in which many use the store at once.
func TestConcurrency(t *testing.T, open func(t *testing.T) knowledge.Store) {
	run(t, concurrencyTests, open)
}

func run(t *testing.T, tests []storeTest, open func(t *testing.T) knowledge.Store) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
			defer cancel()
			test.run(&fixture{T: t, ctx: ctx, store: open(t)})
		})
	}
}

type storeTest struct {
	name string
	run  func(f *fixture)
}

// fixture is an empty store with what the tests do to it all the time. Its
// methods fail the test where they cannot return what was asked for; they must
// be called from the test's own goroutine.
type fixture struct {
	*testing.T
	ctx   context.Context
	store knowledge.Store
}

// Dump is everything a store holds, in a form that two stores can be compared
// by: categories go by their path, not by their id.
type Dump struct {
	Revision   int64
	Entries    []knowledge.Entry
	Changes    []knowledge.Change
	Categories []knowledge.Category
	Lexicon    knowledge.Lexicon
}

// DumpOf reads all of the store.
func DumpOf(ctx context.Context, store knowledge.Store) (d Dump, err error) {
	d.Revision, err = store.Snapshot(ctx, func(e knowledge.Entry) error {
		d.Entries = append(d.Entries, e)
		return nil
	})
	if err != nil {
		return Dump{}, err
	}
	if d.Changes, err = store.Changes(ctx, 0, 1<<30); err != nil {
		return Dump{}, err
	}
	if d.Lexicon, err = store.Lexicon(ctx); err != nil {
		return Dump{}, err
	}
	if d.Categories, err = store.Categories(ctx); err != nil {
		return Dump{}, err
	}
	paths := map[string]string{}
	for i := range d.Categories {
		c := &d.Categories[i]
		paths[c.ID] = c.Path.String()
		c.ID, c.ParentID = paths[c.ID], paths[c.ParentID]
	}
	return d, nil
}

func (f *fixture) dump() Dump {
	f.Helper()
	d, err := DumpOf(f.ctx, f.store)
	if err != nil {
		f.Fatalf("dump: %v", err)
	}
	return d
}

func (f *fixture) apply(b knowledge.Batch) int64 {
	f.Helper()
	revision, err := f.store.Apply(f.ctx, b)
	if err != nil {
		f.Fatalf("Apply: %v", err)
	}
	return revision
}

// put stores entries and returns them as they are stored.
func (f *fixture) put(entries ...knowledge.Entry) []knowledge.Entry {
	f.Helper()
	f.apply(knowledge.Batch{Puts: entries})
	after := make([]knowledge.Entry, len(entries))
	for i, e := range entries {
		after[i] = f.entry(e.ID)
	}
	return after
}

func (f *fixture) entry(id string) knowledge.Entry {
	f.Helper()
	e, err := f.store.Entry(f.ctx, id)
	if err != nil {
		f.Fatalf("Entry(%q): %v", id, err)
	}
	return e
}

func (f *fixture) revision() int64 {
	f.Helper()
	revision, err := f.store.Revision(f.ctx)
	if err != nil {
		f.Fatalf("Revision: %v", err)
	}
	return revision
}

func (f *fixture) changes(after int64, limit int) []knowledge.Change {
	f.Helper()
	changes, err := f.store.Changes(f.ctx, after, limit)
	if err != nil {
		f.Fatalf("Changes(%d, %d): %v", after, limit, err)
	}
	return changes
}

// snapshot returns the entries, checked to be in the order of their ids.
func (f *fixture) snapshot() (int64, []knowledge.Entry) {
	f.Helper()
	var entries []knowledge.Entry
	revision, err := f.store.Snapshot(f.ctx, func(e knowledge.Entry) error {
		if n := len(entries); n > 0 && entries[n-1].ID >= e.ID {
			f.Errorf("Snapshot: %q comes after %q", e.ID, entries[n-1].ID)
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		f.Fatalf("Snapshot: %v", err)
	}
	return revision, entries
}

// category returns the category with the path.
func (f *fixture) category(path string) knowledge.Category {
	f.Helper()
	categories, err := f.store.Categories(f.ctx)
	if err != nil {
		f.Fatalf("Categories: %v", err)
	}
	for _, c := range categories {
		if c.Path.String() == path {
			return c
		}
	}
	f.Fatalf("no category %q", path)
	return knowledge.Category{}
}

// create creates categories and returns the id of the last one.
func (f *fixture) create(paths ...string) (id string) {
	f.Helper()
	for _, path := range paths {
		var err error
		if id, err = f.store.CreateCategory(f.ctx, knowledge.ParsePath(path)); err != nil {
			f.Fatalf("CreateCategory(%q): %v", path, err)
		}
	}
	return id
}

// tree returns the tree as lines: path, entries/total.
func (f *fixture) tree() []string {
	f.Helper()
	categories, err := f.store.Categories(f.ctx)
	if err != nil {
		f.Fatalf("Categories: %v", err)
	}
	var lines []string
	for _, c := range categories {
		lines = append(lines, fmt.Sprintf("%s %d/%d", c.Path, c.Entries, c.Total))
	}
	return lines
}

// refused checks that do fails with want and leaves the store as it was.
func (f *fixture) refused(want error, do func() error) error {
	f.Helper()
	before := f.dump()
	err := do()
	if !errors.Is(err, want) {
		f.Errorf("got error %v, want %v", err, want)
	}
	f.same(before)
	return err
}

// refusedAs is refused for the types of errors.
func refusedAs[E error](f *fixture, do func() error) (as E) {
	f.Helper()
	before := f.dump()
	if err := do(); !errors.As(err, &as) {
		f.Fatalf("got error %v, want a %T", err, as)
	}
	f.same(before)
	return as
}

func (f *fixture) same(before Dump) {
	f.Helper()
	if diff := cmp.Diff(before, f.dump()); diff != "" {
		f.Errorf("the refused change left something behind (-before +after):\n%s", diff)
	}
}

func (f *fixture) applyErr(b knowledge.Batch) func() error {
	return func() error {
		_, err := f.store.Apply(f.ctx, b)
		return err
	}
}

// day is a moment without a fraction of a millisecond.
var day = time.Date(2026, 3, 1, 8, 30, 0, int(250*time.Millisecond), time.UTC)

// plain returns a new entry with the least in it.
func plain(id, category, question string) knowledge.Entry {
	return knowledge.Entry{ID: id, Category: knowledge.ParsePath(category), Question: question, Enabled: true}
}

// full returns a new entry with something in every field.
func full(id string) knowledge.Entry {
	return knowledge.Entry{
		ID:              id,
		Category:        knowledge.Path{"热水器", "安装", "费用"},
		Question:        "安装热水器要多少钱？" + id,
		Variants:        []string{"装热水器多少钱", "热水器安装费", "装机收费吗"},
		CounterExamples: []string{"热水器多少钱一台"},
		Answers: []knowledge.Answer{
			{Texts: []string{"安装费 200 元。", "收 200 元安装费，含 2 米管材。"}},
			{Dimension: knowledge.Dimension{Channel: "wechat"}, Texts: []string{"200 元"}},
			{Dimension: knowledge.Dimension{Channel: "web", Region: "北京", Level: "VIP"}, Texts: []string{"免费"}},
		},
		ReplyAll:      true,
		Related:       []string{"other-2", "other-1"},
		EffectiveFrom: day,
		ExpiresAt:     day.AddDate(1, 0, 0),
		Enabled:       true,
		Hot:           true,
		Threshold:     0.8125,
		Owner:         "王敏",
		CreatedAt:     day.Add(-time.Hour),
		CreatedBy:     "李雷",
		UpdatedAt:     day.Add(-time.Minute),
		UpdatedBy:     "韩梅梅",
	}
}

// many returns n new entries with ids that sort as they were made.
func many(n int, category string) []knowledge.Entry {
	entries := make([]knowledge.Entry, n)
	for i := range entries {
		entries[i] = plain(fmt.Sprintf("many-%05d", i), category, fmt.Sprintf("第 %d 个问题", i))
	}
	return entries
}

// long returns a text of n runes that does not compress to nothing.
func long(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune('一' + (i*7919)%20000))
	}
	return b.String()
}
