package index

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap"

	"faqbot/knowledge/segment"
)

// The index directory holds complete generations, and directories in which one is
// being built. Everything in it may be deleted at any time.
const (
	completePrefix = "gen-"
	buildPrefix    = "build-"
	lockName       = "lock"
)

// newest opens the complete generation with the highest revision and removes
// everything that is damaged, outdated or was left behind. It returns nil if
// there is none.
func newest(dir string, a *segment.Analyzer, log *zap.Logger) *generation {
	var good []*generation
	for _, path := range list(dir, completePrefix, log) {
		g, err := openGeneration(path, a)
		if err != nil {
			log.Warn("search index is discarded and will be built again", zap.String("dir", path), zap.Error(err))
			remove(path, log)
			continue
		}
		good = append(good, g)
	}
	removeUnfinished(dir, log)
	if len(good) == 0 {
		return nil
	}
	slices.SortFunc(good, func(a, b *generation) int {
		return cmp.Or(cmp.Compare(b.revision, a.revision), cmp.Compare(a.dir, b.dir))
	})
	for _, g := range good[1:] {
		if err := g.discard(); err != nil {
			log.Warn("remove an older search index", zap.String("dir", g.dir), zap.Error(err))
		}
	}
	return good[0]
}

// list returns the directories with the prefix. A directory that cannot be read
// holds nothing.
func list(dir, prefix string, log *zap.Logger) []string {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Warn("read the directory of the search index", zap.String("dir", dir), zap.Error(err))
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

func remove(path string, log *zap.Logger) {
	if err := os.RemoveAll(path); err != nil {
		log.Warn("remove from the search index", zap.String("path", path), zap.Error(err))
	}
}

// removeUnfinished removes what builders left that did not finish and no longer
// run.
func removeUnfinished(dir string, log *zap.Logger) {
	for _, path := range list(dir, buildPrefix, log) {
		release, err := lockFile(filepath.Join(path, lockName))
		if errors.Is(err, errLocked) {
			continue
		}
		if err == nil {
			release()
		}
		remove(path, log)
	}
}

// workplace is a directory in which a generation is built.
type workplace struct {
	dir     string
	release func()
}

// newWorkplace makes a directory inside dir; if that is impossible, one among the
// temporary files, for an index that cannot be kept is better than none.
func newWorkplace(dir string, log *zap.Logger) (*workplace, error) {
	work, err := "", os.MkdirAll(dir, 0o700)
	if err == nil {
		work, err = os.MkdirTemp(dir, buildPrefix)
	}
	if err != nil {
		log.Warn("the search index cannot be kept: its directory is not writable", zap.String("dir", dir), zap.Error(err))
		if work, err = os.MkdirTemp("", "faqbot-index-"+buildPrefix); err != nil {
			return nil, fmt.Errorf("make a directory for the search index: %w", err)
		}
	}
	release, err := lockFile(filepath.Join(work, lockName))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", work, err), os.RemoveAll(work))
	}
	return &workplace{dir: work, release: release}, nil
}

// abandon removes the workplace.
func (w *workplace) abandon() error {
	w.release()
	return os.RemoveAll(w.dir)
}

// complete turns the workplace into a complete generation and returns its
// directory.
func (w *workplace) complete(m manifest) (string, error) {
	if err := m.write(w.dir); err != nil {
		return "", err
	}
	w.release()
	_ = os.Remove(filepath.Join(w.dir, lockName)) // it may stay: it is not counted
	parent, name := filepath.Split(w.dir)
	done := filepath.Join(parent, strings.Replace(name, buildPrefix, completePrefix, 1))
	if err := os.Rename(w.dir, done); err != nil {
		return "", err
	}
	return done, syncPath(filepath.Clean(parent))
}
