package kbtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

// racers is how many goroutines the races have.
const racers = 16

var concurrencyTests = []storeTest{
	{"a cursor sees every change while 16 write", testCursorRace},
	{"16 editors of one entry lose nothing", testEditorRace},
	{"16 editors of the lexicon lose nothing", testLexiconRace},
	{"one of 16 gets a question", func(f *fixture) {
		var won atomic.Int32
		errs := Race(racers, func(i int) error {
			e := plain(fmt.Sprintf("e%d", i), fmt.Sprintf("分类/%d", i), "同一个 问题")
			_, err := f.store.Apply(f.ctx, knowledge.Batch{Puts: []knowledge.Entry{e}})
			if err == nil {
				won.Add(1)
			}
			return err
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, knowledge.ErrExists) {
				f.Errorf("a loser got %v, want ErrExists", err)
			}
		}
		if _, entries := f.snapshot(); won.Load() != 1 || len(entries) != 1 {
			f.Errorf("%d won, %d entries are stored; want 1 and 1", won.Load(), len(entries))
		}
		if tree := f.tree(); len(tree) != 2 {
			f.Errorf("losers left categories behind: %v", tree)
		}
	}},
	{"16 create one category", func(f *fixture) {
		ids := make([]string, racers)
		for _, err := range Race(racers, func(i int) (err error) {
			ids[i], err = f.store.CreateCategory(f.ctx, knowledge.Path{"甲", "乙", "丙"})
			return err
		}) {
			if err != nil {
				f.Error(err)
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 1 || len(f.tree()) != 3 {
			f.Errorf("ids %v, tree %v", ids, f.tree())
		}
	}},
	{"two moves cannot make a circle", testMoveRace},
	{"a snapshot is one moment", testSnapshotRace},
	{"cancelled or not, all or nothing", testCancelRace},
}

// Race runs do in n goroutines that start together and returns what they return.
func Race(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// testCursorRace has each writer store entries that never change again, edit and
// delete some, and create categories, while a reader follows the cursor.
func testCursorRace(f *fixture) {
	const rounds = 8
	done := make(chan struct{})
	seen := make(map[string]knowledge.Change)
	count := make(map[string]int)
	var readErr error
	var reader sync.WaitGroup
	reader.Go(func() { readErr = follow(f.ctx, f.store, done, seen, count) })
	errs := Race(racers, func(w int) error { return writeRounds(f.ctx, f.store, w, rounds) })
	close(done)
	reader.Wait()
	if err := errors.Join(append(errs, readErr)...); err != nil {
		f.Fatal(err)
	}
	for id, n := range count {
		if once := id != "" && id[0] == 'o'; once && n != 1 {
			f.Errorf("%q was seen %d times, it changed once", id, n)
		}
	}
	want := make(map[string]knowledge.Change)
	for _, c := range f.changes(0, 1<<30) {
		want[c.ID] = c
	}
	for id, c := range seen { // the path follows the tree without a change of the entry
		c.Entry.Category = want[id].Entry.Category
		seen[id] = c
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		f.Errorf("the cursor missed something (-stored +seen):\n%s", diff)
	}
	if len(want) != racers*rounds+racers+1 {
		f.Errorf("%d changes are stored, want %d entries and the tree", len(want), racers*rounds+racers)
	}
}

// writeRounds stores one entry in each round and edits another; the last round
// deletes that.
func writeRounds(ctx context.Context, store knowledge.Store, w, rounds int) error {
	edited := plain(fmt.Sprintf("edited-%d", w), "", fmt.Sprintf("总在改 %d", w))
	for r := range rounds {
		once := plain(fmt.Sprintf("once-%d-%d", w, r), fmt.Sprintf("分类 %d", r), fmt.Sprintf("只写一次 %d %d", w, r))
		b := knowledge.Batch{Puts: []knowledge.Entry{once, edited}}
		if r == rounds-1 {
			b = knowledge.Batch{Puts: []knowledge.Entry{once}, Deletes: []knowledge.Ref{{ID: edited.ID, Version: edited.Version}}}
		}
		if _, err := store.Apply(ctx, b); err != nil {
			return fmt.Errorf("writer %d, round %d: %w", w, r, err)
		}
		edited.Version++
	}
	return nil
}

// follow reads pages of changes until done is closed and nothing new comes. It
// notes the last change of each id and how often each was seen.
func follow(ctx context.Context, store knowledge.Store, done <-chan struct{},
	seen map[string]knowledge.Change, count map[string]int,
) error {
	after := int64(0)
	for last := false; ; {
		page, err := store.Changes(ctx, after, 7)
		if err != nil {
			return err
		}
		for _, c := range page {
			if c.Revision <= after {
				return fmt.Errorf("change %d came after %d", c.Revision, after)
			}
			after = c.Revision
			seen[c.ID] = c
			count[c.ID]++
		}
		if len(page) == 0 && last {
			return nil
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}

func testEditorRace(f *fixture) {
	const edits = 4
	f.put(plain("e", "", "大家都在改"))
	var mu sync.Mutex
	winners := map[int64]int{} // version → how many made it
	errs := Race(racers, func(i int) error {
		for n := range edits {
			mark := fmt.Sprintf("%d-%d", i, n)
			version, err := addVariant(f.ctx, f.store, mark)
			if err != nil {
				return err
			}
			mu.Lock()
			winners[version]++
			mu.Unlock()
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	e := f.entry("e")
	if e.Version != 1+racers*edits || len(e.Variants) != racers*edits || len(winners) != racers*edits {
		f.Errorf("version %d with %d variants and %d winners, want %d edits",
			e.Version, len(e.Variants), len(winners), racers*edits)
	}
	for version, n := range winners {
		if n != 1 {
			f.Errorf("%d editors made version %d", n, version)
		}
	}
}

// addVariant edits the entry "e" until it gets through, and returns the version
// it made.
func addVariant(ctx context.Context, store knowledge.Store, mark string) (int64, error) {
	for {
		e, err := store.Entry(ctx, "e")
		if err != nil {
			return 0, err
		}
		e.Variants = append(e.Variants, mark)
		_, err = store.Apply(ctx, knowledge.Batch{Puts: []knowledge.Entry{e}})
		conflict := (*knowledge.ConflictError)(nil)
		if errors.As(err, &conflict) && conflict.Theirs.Version > e.Version {
			continue
		}
		return e.Version + 1, err
	}
}

func testLexiconRace(f *fixture) {
	errs := Race(racers, func(i int) error {
		for {
			l, err := f.store.Lexicon(f.ctx)
			if err != nil {
				return err
			}
			l.UserWords = append(l.UserWords, strconv.Itoa(i))
			_, err = f.store.Apply(f.ctx, knowledge.Batch{Lexicon: &l})
			if conflict := (*knowledge.LexiconConflictError)(nil); errors.As(err, &conflict) {
				continue
			}
			return err
		}
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	if l := f.lexicon(); l.Version != racers || len(l.UserWords) != racers {
		f.Errorf("version %d with %d words, want %d of each", l.Version, len(l.UserWords), racers)
	}
}

func testMoveRace(f *fixture) {
	a, b := f.create("甲"), f.create("乙")
	f.create("甲/子", "乙/丑")
	for range 10 {
		errs := Race(2, func(i int) error {
			if i == 0 {
				return f.store.MoveCategory(f.ctx, a, b, 0)
			}
			return f.store.MoveCategory(f.ctx, b, a, 0)
		})
		field := (*knowledge.FieldError)(nil)
		if (errs[0] == nil) == (errs[1] == nil) || !errors.As(errors.Join(errs...), &field) {
			f.Fatalf("got %v, want one success and one refusal", errs)
		}
		if tree := f.tree(); len(tree) != 4 {
			f.Fatalf("the tree is %v, want four categories", tree)
		}
		for _, id := range []string{a, b} {
			if err := f.store.MoveCategory(f.ctx, id, "", 0); err != nil {
				f.Fatal(err)
			}
		}
	}
}

// testSnapshotRace edits ten entries in each batch, often; no snapshot may see
// some of them before and some after.
func testSnapshotRace(f *fixture) {
	entries := f.put(many(10, "")...)
	var mu sync.Mutex
	revisions := map[int64]string{f.revision(): ""} // revision → the owner stored with it
	done := make(chan struct{})
	var writer sync.WaitGroup
	var writeErr error
	writer.Go(func() {
		defer close(done)
		for round := 1; round <= 200; round++ {
			owner := strconv.Itoa(round)
			for i := range entries {
				entries[i].Owner, entries[i].Version = owner, int64(round)
			}
			mu.Lock() // so that the reader finds the number of what it sees
			var revision int64
			revision, writeErr = f.store.Apply(f.ctx, knowledge.Batch{Puts: entries})
			revisions[revision] = owner
			mu.Unlock()
			if writeErr != nil {
				return
			}
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		revision, got := f.snapshot()
		mu.Lock()
		owner, known := revisions[revision]
		mu.Unlock()
		mixed := slices.ContainsFunc(got, func(e knowledge.Entry) bool { return e.Owner != owner })
		if !known || len(got) != 10 || mixed {
			f.Errorf("snapshot of %d entries at revision %d is not what was stored then", len(got), revision)
			running = false
		}
	}
	writer.Wait()
	if writeErr != nil {
		f.Fatal(writeErr)
	}
}

// testCancelRace cancels writers at all moments of their work.
func testCancelRace(f *fixture) {
	errs := Race(racers, func(i int) error {
		ctx, cancel := context.WithCancel(f.ctx)
		defer cancel()
		var b knowledge.Batch
		for n, e := range many(200, fmt.Sprintf("分类 %d", i)) {
			e.ID, e.Question = fmt.Sprintf("%02d-%03d", i, n), fmt.Sprintf("问 %d %d", i, n)
			b.Puts = append(b.Puts, e)
		}
		stop := make(chan struct{})
		go func() {
			defer close(stop)
			for range i * 2000 { // some work, so that the moments differ
				_ = ctx.Err()
			}
			cancel()
		}()
		_, err := f.store.Apply(ctx, b)
		<-stop
		return err
	})
	_, entries := f.snapshot()
	stored := map[string]int{}
	for _, e := range entries {
		stored[e.ID[:2]]++
	}
	for i, err := range errs {
		want := 200
		if err != nil {
			want = 0
		}
		if got := stored[fmt.Sprintf("%02d", i)]; got != want {
			f.Errorf("writer %d got error %v and left %d of its entries, want %d", i, err, got, want)
		}
	}
	f.put(plain("after", "", "还能写"))
}
