package index_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/index"
	"faqbot/knowledge/kbtest"
)

// files returns the relative names of all files below dir.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// healthy returns a directory with a complete index of the store.
func healthy(t *testing.T, store knowledge.EntryReader) string {
	t.Helper()
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damages are what may happen to a file.
func damages(size int64) map[string]func(path string) error {
	list := map[string]func(path string) error{
		"deleted":   os.Remove,
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"halved":    func(path string) error { return os.Truncate(path, size/2) },
		"one short": func(path string) error { return os.Truncate(path, size-1) },
		"longer": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("x")
			return errors.Join(err, f.Close())
		},
		"made a directory": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	}
	const flips = 24
	for i := range int64(flips) {
		at := min(size-1, i*size/(flips-1))
		list["flipped at "+string(rune('a'+i))] = func(path string) error { return flip(path, at) }
	}
	return list
}

func flip(path string, at int64) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content[at] ^= 0xff
	return os.WriteFile(path, content, 0o600)
}

func copyTree(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Each file of an index is damaged in every way; each time the index comes back
// by itself.
func TestDamagedFiles(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := healthy(t, store)
	names := files(t, dir)
	if len(names) < 3 {
		t.Fatalf("files %v", names)
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for what, damage := range damages(info.Size()) {
			t.Run(filepath.Base(name)+" "+what, func(t *testing.T) {
				broken := copyTree(t, dir)
				if err := damage(filepath.Join(broken, name)); err != nil {
					t.Fatal(err)
				}
				comesBack(t, broken, store)
			})
		}
	}
	t.Run("untouched", func(t *testing.T) {
		ix := openIndex(t, copyTree(t, dir), plain())
		if ix.Revision() == 0 {
			t.Error("a healthy index was discarded")
		}
	})
}

func comesBack(t *testing.T, dir string, store *kbtest.Store) {
	t.Helper()
	ix := openIndex(t, dir, plain())
	if ix.Revision() != 0 {
		t.Error("the damage was not noticed")
	}
	syncIndex(t, ix, store)
	if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
		t.Errorf("recalls %v", got)
	}
	for _, name := range files(t, dir) {
		if strings.HasPrefix(name, "build-") {
			t.Errorf("left behind: %s", name)
		}
	}
}

func TestStrangersInTheDirectory(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := healthy(t, store)
	for _, name := range []string{"gen-empty/x", "build-left/base/00.zap", "build-locked-no-more/lock"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "gen-file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ix := openIndex(t, dir, plain())
	if ix.Revision() == 0 {
		t.Error("the healthy index was discarded")
	}
	if left := generations(t, dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// A file that shrinks while it is mapped into memory faults when it is read.
func TestDamageWhileServing(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	for _, name := range files(t, dir) {
		if strings.HasSuffix(name, ".zap") {
			if err := os.Truncate(filepath.Join(dir, name), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	form := plain().Analyze("怎么开发票")
	for range 2 {
		if _, err := ix.Recall(t.Context(), form, 1); !errors.Is(err, index.ErrDamaged) {
			t.Fatalf("error %v, want ErrDamaged", err)
		}
	}
	syncIndex(t, ix, store)
	if got := recall(t, ix, "怎么开发票", 1); !cmp.Equal(got, []string{"invoice/0"}) {
		t.Errorf("recalls %v", got)
	}
}

// The same, but the change of an entry meets the damage first.
func TestDamageWhileFollowing(t *testing.T) {
	store := storeWith(t, sample()...)
	dir := t.TempDir()
	ix := openIndex(t, dir, plain())
	syncIndex(t, ix, store)
	for _, name := range files(t, dir) {
		if strings.HasSuffix(name, ".zap") {
			if err := os.Truncate(filepath.Join(dir, name), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, store, entry("invoice", "怎么开增值税发票"))
	syncIndex(t, ix, store)
	if got := recall(t, ix, "怎么开发票", 2); !cmp.Equal(got[:1], []string{"invoice/0"}) {
		t.Errorf("recalls %v", got)
	}
}
