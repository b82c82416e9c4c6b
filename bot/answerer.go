// Package bot answers questions. In time it holds conversations too; today it is
// the Answerer, which keeps the matcher and the search index in step with the
// knowledge.
package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"faqbot/bot/failpoint"
	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/index"
	"faqbot/knowledge/normalize"
	"faqbot/knowledge/segment"
)

// Source is where the Answerer reads the knowledge.
type Source interface {
	knowledge.EntryReader
	Lexicon(ctx context.Context) (knowledge.Lexicon, error)
}

// Config says what an Answerer works with; every field is needed but Progress.
type Config struct {
	Source     Source
	IndexDir   string // of the search index, which may be deleted at any time
	Model      *intent.Model
	Normalizer *normalize.Normalizer
	Log        *zap.Logger
	// Progress, if not nil, is called now and then with how many entries are
	// indexed.
	Progress func(done int)
}

// Answerer decides about questions over the newest knowledge it was told of. It
// is safe for concurrent use.
type Answerer struct {
	config Config
	index  *index.Index
	live   atomic.Pointer[live]
	// refreshing makes refreshes take turns.
	refreshing sync.Mutex
}

// live is one state of the knowledge; it never changes.
type live struct {
	matcher  *intent.Matcher
	revision int64
	lexicon  int64 // version
	// sensitive holds the sensitive words in their normal form.
	sensitive []string
}

// changesAtOnce is how many changes one step of a refresh takes over.
const changesAtOnce = 1000

// Open reads the knowledge and opens or builds the index.
func Open(ctx context.Context, config Config) (*Answerer, error) {
	a := &Answerer{config: config}
	if err := a.load(ctx); err != nil {
		if a.index != nil {
			a.index.Close()
		}
		return nil, err
	}
	return a, nil
}

// Close waits for what is running and releases the index.
func (a *Answerer) Close() error { return a.index.Close() }

// Revision is the state of the knowledge that decisions are made on.
func (a *Answerer) Revision() int64 { return a.live.Load().revision }

// Len returns the number of entries and of wordings.
func (a *Answerer) Len() (entries, wordings int) { return a.live.Load().matcher.Len() }

// Decide decides about one question. An index that broke meanwhile is mended
// first.
func (a *Answerer) Decide(ctx context.Context, q intent.Query) (intent.Decision, error) {
	now := a.live.Load()
	d, err := now.matcher.Decide(ctx, q)
	if errors.Is(err, index.ErrDamaged) {
		if err := a.mend(ctx, err); err != nil {
			return intent.Decision{}, err
		}
		now = a.live.Load()
		d, err = now.matcher.Decide(ctx, q)
	}
	d.Trace.Revision = now.revision
	return d, err
}

// mend builds the index again after it was found damaged.
func (a *Answerer) mend(ctx context.Context, damage error) error {
	a.config.Log.Error("the search index broke and is built again", zap.Error(damage))
	if err := a.index.Sync(ctx, a.config.Source, nil); err != nil {
		return fmt.Errorf("mend the index: %w", err)
	}
	return nil
}

// Choose decides about an entry that the visitor chose.
func (a *Answerer) Choose(q intent.Query, entry string) intent.Decision {
	now := a.live.Load()
	d := now.matcher.Choose(q, entry)
	d.Trace.Revision = now.revision
	return d
}

// Complete returns the questions somebody may be about to type.
func (a *Answerer) Complete(ctx context.Context, q intent.Query, limit int) ([]intent.Candidate, error) {
	found, err := a.Matcher().Complete(ctx, q, limit)
	if errors.Is(err, index.ErrDamaged) {
		if err := a.mend(ctx, err); err != nil {
			return nil, err
		}
		return a.Matcher().Complete(ctx, q, limit)
	}
	return found, err
}

// Sensitive returns the first sensitive word (敏感词) in a text; empty if there
// is none.
func (a *Answerer) Sensitive(text string) string {
	words := a.live.Load().sensitive
	if len(words) == 0 {
		return ""
	}
	key := a.config.Normalizer.Key(text)
	for _, w := range words {
		if strings.Contains(key, w) {
			return w
		}
	}
	return ""
}

// Key returns the normal form of a text.
func (a *Answerer) Key(text string) string { return a.config.Normalizer.Key(text) }

// Matcher returns the matcher of the present state.
func (a *Answerer) Matcher() *intent.Matcher { return a.live.Load().matcher }

// Refresh takes over what changed since. Questions go on being answered from the
// state before until it is done.
func (a *Answerer) Refresh(ctx context.Context) error {
	a.refreshing.Lock()
	defer a.refreshing.Unlock()
	now := a.live.Load()
	lexicon, err := a.config.Source.Lexicon(ctx)
	if err != nil {
		return fmt.Errorf("read the lexicon: %w", err)
	}
	if lexicon.Version != now.lexicon {
		return a.load(ctx)
	}
	for {
		changes, err := a.config.Source.Changes(ctx, now.revision, changesAtOnce)
		if err != nil {
			return fmt.Errorf("read what changed: %w", err)
		}
		if len(changes) == 0 {
			return nil
		}
		failpoint.Hit("knowledge/refresh")
		if err := a.index.Sync(ctx, a.config.Source, a.config.Progress); err != nil {
			return fmt.Errorf("bring the index up to date: %w", err)
		}
		failpoint.Hit("knowledge/refresh")
		next := *now
		next.matcher, next.revision = now.matcher.Update(changes), changes[len(changes)-1].Revision
		now = &next
		a.live.Store(now)
	}
}

// load builds everything from the source. The dictionary of the analyzer loads
// while the entries are read.
func (a *Answerer) load(ctx context.Context) error {
	lexicon, err := a.config.Source.Lexicon(ctx)
	if err != nil {
		return fmt.Errorf("read the lexicon: %w", err)
	}
	var analyzer *segment.Analyzer
	var entries []knowledge.Entry
	var revision int64
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if analyzer, err = segment.NewAnalyzer(a.config.Normalizer, lexicon); err != nil {
			return fmt.Errorf("build the analyzer: %w", err)
		}
		return nil
	})
	g.Go(func() (err error) {
		revision, err = a.config.Source.Snapshot(gctx, func(e knowledge.Entry) error {
			entries = append(entries, e)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the entries: %w", err)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if err := a.prepareIndex(ctx, analyzer); err != nil {
		return fmt.Errorf("prepare the index: %w", err)
	}
	matcher := intent.New(a.config.Model, analyzer, recaller{a.index}, lexicon.StopWords, entries)
	now := &live{matcher: matcher, revision: revision, lexicon: lexicon.Version}
	for _, word := range lexicon.SensitiveWords {
		if key := a.config.Normalizer.Key(word); key != "" {
			now.sensitive = append(now.sensitive, key)
		}
	}
	a.live.Store(now)
	return nil
}

// prepareIndex opens the index, or makes it anew with another analyzer.
func (a *Answerer) prepareIndex(ctx context.Context, analyzer *segment.Analyzer) (err error) {
	if a.index != nil {
		return a.index.Reload(ctx, analyzer, a.config.Source, a.config.Progress)
	}
	if a.index, err = index.Open(ctx, a.config.IndexDir, analyzer, a.config.Log); err != nil {
		return err
	}
	return a.index.Sync(ctx, a.config.Source, a.config.Progress)
}

// recaller lets the matcher ask the index.
type recaller struct{ index *index.Index }

// Recall implements intent.Recaller.
func (r recaller) Recall(ctx context.Context, question segment.Form, limit int) ([]intent.Hit, error) {
	found, err := r.index.Recall(ctx, question, limit)
	if err != nil {
		return nil, err
	}
	hits := make([]intent.Hit, len(found))
	for i, hit := range found {
		hits[i] = intent.Hit{Entry: hit.Entry, Wording: hit.Question}
	}
	return hits, nil
}
