package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"faqbot/knowledge/segment"
)

// ErrDamaged says that the index broke while it was used. The next Sync builds
// it again.
var ErrDamaged = errors.New("search index is damaged")

// generation is one build of the index with what changed since. Its owner guards
// it: searches may run together, a change runs alone.
type generation struct {
	dir        string
	analyzer   *segment.Analyzer
	base       *base
	overlay    *overlay
	revision   int64
	live       int       // questions
	characters int64     // of the live questions
	scratch    sync.Pool // of *scratch, as large as the base or the overlay
	damaged    atomic.Bool
}

const baseDir = "base"

// openGeneration checks and opens a complete generation.
func openGeneration(dir string, a *segment.Analyzer) (g *generation, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(&err)
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Fingerprint != a.Fingerprint() {
		return nil, errors.New("it was built for another lexicon")
	}
	g = &generation{dir: dir, analyzer: a, overlay: newOverlay(), revision: m.Revision, base: &base{hidden: roaring.New()}}
	if m.Questions > 0 {
		if g.base, err = openBase(filepath.Join(dir, baseDir)); err != nil {
			return nil, err
		}
	}
	g.live = m.Questions
	for _, size := range g.base.size {
		g.characters += int64(size)
	}
	return g, nil
}

// guard runs what touches the files. It turns a panic of bleve on damaged bytes,
// and a fault on pages that are gone, into ErrDamaged.
func (g *generation) guard(do func() error) (err error) {
	defer func() {
		if errors.Is(err, ErrDamaged) {
			g.damaged.Store(true)
		}
	}()
	defer recoverDamage(&err)
	return do()
}

// recoverDamage must be deferred, after debug.SetPanicOnFault if files are mapped
// into memory.
func recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, p)
	}
}

// recall finds the best questions for a query.
func (g *generation) recall(ctx context.Context, u units, limit int) (hits []Hit, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = g.guard(func() error {
		best, err := newSearch(g.base, g.overlay, &g.scratch, g.live, g.characters).run(ctx, u, limit)
		if err != nil {
			return err
		}
		hits = make([]Hit, len(best))
		for i, c := range best {
			entry, question, err := parseQuestionID(c.id)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			hits[i] = Hit{Entry: entry, Question: question, Score: float64(c.score)}
		}
		return nil
	})
	return hits, err
}

// change is a changed entry with its questions; none if it was deleted.
type change struct {
	entry     string
	questions []units
}

// apply takes over changes and the revision that they lead to.
func (g *generation) apply(changes []change, revision int64) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return g.guard(func() error {
		for _, c := range changes {
			if err := g.remove(c.entry); err != nil {
				return err
			}
			g.overlay.add(c.entry, c.questions)
			for _, u := range c.questions {
				g.live++
				g.characters += int64(clampSize(u.size))
			}
		}
		g.revision = revision
		return nil
	})
}

// remove takes all questions of an entry out of the index.
func (g *generation) remove(entry string) error {
	numbers, err := g.base.find(entry)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if g.base.size[n] > 0 {
			g.live--
			g.characters -= int64(g.base.size[n])
			g.base.hide(n)
		}
	}
	for _, n := range g.overlay.entries[entry] {
		g.live--
		g.characters -= int64(g.overlay.size[n])
	}
	g.overlay.remove(entry)
	return nil
}

// The overlay is in memory and is made anew at each start; when more questions
// than this changed, a new generation is built.
const (
	minOverlay   = 2000
	overlayShare = 10 // one of so many questions of the base
)

func (g *generation) outgrown() bool {
	return g.overlay.live()+int(g.base.hidden.GetCardinality()) > max(minOverlay, len(g.base.size)/overlayShare)
}

// close releases the files. No search may be running.
func (g *generation) close() (err error) {
	defer recoverDamage(&err)
	return g.base.close()
}

// discard closes the generation and removes its files.
func (g *generation) discard() error {
	return errors.Join(g.close(), os.RemoveAll(g.dir))
}
