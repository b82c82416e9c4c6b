// Package index recalls the questions that may be meant by a query. It is a cache
// of the knowledge base: delete it, damage it, and it comes back from SQL.
//
// The questions lie in an immutable bleve (scorch) index on disk, the base, with
// fields for words, characters, bigrams and pinyin, checked byte by byte when it
// is opened. What changed since the base was built is kept in memory, found by
// the revision cursor at each start. When too much has changed, or the lexicon
// did, a new base is built beside the old one, which serves until the new one is
// ready.
//
// Recall does not ask bleve's query engine: that scores every question that holds
// any term of the query. Here the rarest terms choose the candidates, straight
// from the bitmaps of the postings, and the more common ones only help to order
// them.
package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// Sentinels of this package; compare with errors.Is.
var (
	// ErrNotBuilt says that there is no index yet: call Sync.
	ErrNotBuilt = errors.New("search index is not built yet")
	ErrClosed   = errors.New("search index is closed")
)

// Index serves recalls while it follows the knowledge base. It is safe for
// concurrent use.
type Index struct {
	dir string
	log *zap.Logger
	// syncing holds the right to change the index; it is taken before mu.
	syncing chan struct{}

	mu       sync.RWMutex // protects what follows; held for reading by searches
	current  *generation  // nil: not built
	analyzer *segment.Analyzer
	closed   bool
}

// Open opens the index in dir, which it creates. Nothing that lies there makes it
// fail: what is damaged, incomplete or made with another lexicon is logged and
// removed, and the next Sync builds the index again. Each knowledge base needs a
// directory of its own; several processes may share one.
func Open(ctx context.Context, dir string, a *segment.Analyzer, log *zap.Logger) (*Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		log.Warn("make the directory of the search index", zap.String("dir", dir), zap.Error(err))
	}
	return &Index{
		dir: dir, log: log, analyzer: a, syncing: make(chan struct{}, 1),
		current: newest(dir, a, log),
	}, nil
}

// Revision returns the revision of the knowledge base that the index holds, 0 if
// it is not built.
func (ix *Index) Revision() int64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.current == nil {
		return 0
	}
	return ix.current.revision
}

// Questions returns the number of questions in the index.
func (ix *Index) Questions() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.current == nil {
		return 0
	}
	return ix.current.live
}

// Analyzer returns the analyzer that made the index. A form made by another one
// is analysed again by Recall.
func (ix *Index) Analyzer() *segment.Analyzer {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.analyzer
}

// maxLimit bounds what one recall returns.
const maxLimit = 1000

// Recall returns the questions most like the form, at most limit, the best first,
// equal ones in order of their entries' ids. No more than three questions of one
// entry are among them while questions of other entries are left.
// It fails with ErrNotBuilt before the first Sync, and with ErrDamaged if the
// files broke; the next Sync mends that.
func (ix *Index) Recall(ctx context.Context, f segment.Form, limit int) ([]Hit, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	switch {
	case ix.closed:
		return nil, ErrClosed
	case ix.current == nil:
		return nil, ErrNotBuilt
	case ix.current.damaged.Load():
		return nil, ErrDamaged
	case limit <= 0 || f.Key == "":
		return nil, ctx.Err()
	}
	if f.Analyzer != ix.analyzer.Fingerprint() {
		f = ix.analyzer.Analyze(f.Plain)
	}
	hits, err := ix.current.recall(ctx, queryUnits(f), min(limit, maxLimit))
	if err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	return hits, nil
}

// Sync brings the index up to the store: it catches up by the revision cursor, or
// builds the index again if there is none, it is damaged, the store is older than
// it, or too much changed. Searches go on meanwhile. progress, which may be nil,
// is told the number of entries done. When Sync fails, what was served before is
// served on.
func (ix *Index) Sync(ctx context.Context, store knowledge.EntryReader, progress func(done int)) error {
	return ix.change(ctx, func() error {
		return ix.sync(ctx, store, ix.Analyzer(), counter(progress))
	})
}

// Reload makes the index anew with another analyzer, because the lexicon changed,
// and then follows the store with that one. Until it is done, the old one serves.
func (ix *Index) Reload(ctx context.Context, a *segment.Analyzer, store knowledge.EntryReader, progress func(done int)) error {
	return ix.change(ctx, func() error {
		return ix.sync(ctx, store, a, counter(progress))
	})
}

// counter counts entries for progress.
func counter(progress func(done int)) func(entries int) {
	done := 0
	return func(entries int) {
		done += entries
		if progress != nil {
			progress(done)
		}
	}
}

// change runs do alone.
func (ix *Index) change(ctx context.Context, do func() error) error {
	select {
	case ix.syncing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-ix.syncing }()
	ix.mu.RLock()
	closed := ix.closed
	ix.mu.RUnlock()
	if closed {
		return ErrClosed
	}
	return do()
}

func (ix *Index) sync(ctx context.Context, store knowledge.EntryReader, a *segment.Analyzer, count func(int)) error {
	stored, err := store.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the revision of the knowledge base: %w", err)
	}
	if reason := ix.stale(a, stored); reason != "" {
		if err := ix.rebuild(ctx, store, a, reason, count); err != nil {
			return fmt.Errorf("build the search index: %w", err)
		}
	}
	outgrown, err := ix.catchUp(ctx, store, count)
	switch {
	case errors.Is(err, ErrDamaged):
		ix.log.Warn("search index is damaged", zap.Error(err))
	case err != nil:
		return fmt.Errorf("bring the search index up to date: %w", err)
	case !outgrown:
		return nil
	}
	if err := ix.rebuild(ctx, store, a, "many changes", count); err != nil {
		return fmt.Errorf("build the search index: %w", err)
	}
	_, err = ix.catchUp(ctx, store, count)
	return err
}

// stale returns why the index must be built anew, or "".
func (ix *Index) stale(a *segment.Analyzer, stored int64) string {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	switch {
	case ix.current == nil:
		return "there is none"
	case ix.current.damaged.Load():
		return "it is damaged"
	case ix.current.analyzer.Fingerprint() != a.Fingerprint():
		return "the lexicon changed"
	case ix.current.revision > stored:
		return "the knowledge base is older than it"
	}
	return ""
}

// catchUpBatch is how many changes are read and applied at once: searches wait
// while a batch is applied.
const catchUpBatch = 200

// catchUp applies the changes since the revision of the index, and reports
// whether they are so many that a new build is better.
func (ix *Index) catchUp(ctx context.Context, store knowledge.EntryReader, count func(int)) (outgrown bool, err error) {
	for {
		changes, err := store.Changes(ctx, ix.Revision(), catchUpBatch)
		if err != nil || len(changes) == 0 {
			return false, err
		}
		if err := ix.apply(changes); err != nil {
			return false, err
		}
		count(len(changes))
		if ix.current.outgrown() {
			return true, nil
		}
	}
}

func (ix *Index) apply(changes []knowledge.Change) error {
	list := make([]change, 0, len(changes))
	for _, c := range changes {
		switch {
		case c.ID == "":
		case c.Deleted:
			list = append(list, change{entry: c.ID})
		default:
			list = append(list, change{entry: c.ID, questions: entryUnits(ix.current.analyzer, &c.Entry)})
		}
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.current.apply(list, changes[len(changes)-1].Revision)
}

// rebuild builds a new generation beside the current one and puts it in its
// place.
func (ix *Index) rebuild(ctx context.Context, store knowledge.EntryReader, a *segment.Analyzer, reason string, count func(int)) error {
	ix.log.Info("search index is being built", zap.String("reason", reason))
	removeUnfinished(ix.dir, ix.log)
	work, err := newWorkplace(ix.dir, ix.log)
	if err != nil {
		return err
	}
	m := manifest{Format: format, Fingerprint: a.Fingerprint()}
	if m.Revision, m.Questions, err = build(ctx, work.dir, a, store, count); err != nil {
		return errors.Join(err, work.abandon())
	}
	dir, err := work.complete(m)
	if err != nil {
		return errors.Join(err, os.RemoveAll(work.dir))
	}
	next, err := openGeneration(dir, a)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	ix.swap(next)
	ix.log.Info("search index is built", zap.Int("questions", m.Questions), zap.Int64("revision", m.Revision))
	return nil
}

// swap puts next in place of the current generation, whose running searches it
// waits for.
func (ix *Index) swap(next *generation) {
	ix.mu.Lock()
	old := ix.current
	ix.current, ix.analyzer = next, next.analyzer
	ix.mu.Unlock()
	if old == nil {
		return
	}
	if err := old.discard(); err != nil {
		ix.log.Warn("remove the old search index", zap.String("dir", old.dir), zap.Error(err))
	}
}

// build writes the base of a generation from all entries of the store.
func build(ctx context.Context, dir string, a *segment.Analyzer, store knowledge.EntryReader, count func(int)) (revision int64, questions int, err error) {
	b, err := newBuilder(filepath.Join(dir, baseDir), dir)
	if err != nil {
		return 0, 0, err
	}
	if revision, err = fill(ctx, b, a, store, count); err != nil {
		return 0, 0, err
	}
	return revision, int(b.questions.Load()), b.close()
}

// fill analyses all entries of the store on all cores and adds them.
func fill(ctx context.Context, b *builder, a *segment.Analyzer, store knowledge.EntryReader, count func(int)) (int64, error) {
	var revision int64
	group, ctx := errgroup.WithContext(ctx)
	entries := make(chan knowledge.Entry, 64)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for e := range entries {
				if err := b.add(e.ID, entryUnits(a, &e)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(entries)
		var err error
		revision, err = snapshot(ctx, store, entries, count)
		return err
	})
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return revision, nil
}

// progressStep is how many entries are counted at once.
const progressStep = 256

// snapshot sends all entries of the store.
func snapshot(ctx context.Context, store knowledge.EntryReader, entries chan<- knowledge.Entry, count func(int)) (int64, error) {
	sent := 0
	revision, err := store.Snapshot(ctx, func(e knowledge.Entry) error {
		select {
		case entries <- e:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if sent++; sent%progressStep == 0 {
			count(progressStep)
		}
		return nil
	})
	count(sent % progressStep)
	return revision, err
}

// Close waits for a running Sync and for searches, and releases the files.
func (ix *Index) Close() error {
	ix.syncing <- struct{}{}
	defer func() { <-ix.syncing }()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.closed || ix.current == nil {
		ix.closed = true
		return nil
	}
	ix.closed = true
	old := ix.current
	ix.current = nil
	if filepath.Dir(old.dir) != filepath.Clean(ix.dir) {
		return old.discard() // it could not be kept
	}
	return old.close()
}
