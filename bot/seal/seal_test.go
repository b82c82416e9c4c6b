package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"faqbot/bot/seal"
)

func sealer(t *testing.T, fill byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(bytes.Repeat([]byte{fill}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealAndOpen(t *testing.T) {
	s := sealer(t, 1)
	for _, plain := range []string{"", "x", "密钥", strings.Repeat("long", 1000)} {
		sealed := s.Seal([]byte(plain), "totp/a")
		if len(plain) > 1 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%.10q lies in what was sealed", plain)
		}
		opened, err := s.Open(sealed, "totp/a")
		if err != nil || string(opened) != plain {
			t.Errorf("%.10q came back as %.10q, error %v", plain, opened, err)
		}
	}
	if bytes.Equal(s.Seal([]byte("x"), "c"), s.Seal([]byte("x"), "c")) {
		t.Error("the same was sealed the same way twice")
	}
}

func TestOpenRefuses(t *testing.T) {
	s := sealer(t, 1)
	sealed := s.Seal([]byte("secret"), "totp/a")
	for name, open := range map[string]func() ([]byte, error){
		"another context": func() ([]byte, error) { return s.Open(sealed, "totp/b") },
		"another key":     func() ([]byte, error) { return sealer(t, 2).Open(sealed, "totp/a") },
		"nothing":         func() ([]byte, error) { return s.Open(nil, "totp/a") },
		"only a version":  func() ([]byte, error) { return s.Open(sealed[:1], "totp/a") },
		"cut off":         func() ([]byte, error) { return s.Open(sealed[:len(sealed)-1], "totp/a") },
	} {
		if plain, err := open(); !errors.Is(err, seal.ErrOpen) || plain != nil {
			t.Errorf("%s: opened as %q, error %v", name, plain, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := s.Open(changed, "totp/a"); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("with byte %d changed: error %v", i, err)
		}
	}
}

func TestNewRefusesOtherSizes(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := seal.New(make([]byte, size)); err == nil {
			t.Errorf("a key of %d bytes was taken", size)
		}
	}
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	keys := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = seal.KeyFile(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != seal.KeySize || !bytes.Equal(key, keys[0]) {
			t.Errorf("keys differ: %x and %x", key, keys[0])
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
	other, err := seal.KeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil || bytes.Equal(other, keys[0]) {
		t.Errorf("another file has the key %x, error %v", other, err)
	}
}

func TestKeyFileRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(make([]byte, seal.KeySize)) + "\n"
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // "" if it is taken
	}{
		"good":                 {good, 0o600, ""},
		"read-only":            {good, 0o400, ""},
		"without end of line":  {strings.TrimSpace(good), 0o600, ""},
		"the group may read":   {good, 0o640, "0640"},
		"all may read":         {good, 0o644, "0644"},
		"the group may write":  {good, 0o620, "0620"},
		"empty":                {"", 0o600, "key file"},
		"too short":            {"AAAA\n", 0o600, "32 bytes"},
		"more than a key":      {good + good, 0o600, "32 bytes"},
		"not base64 but words": {"a secret that everybody guesses at once !!!\n", 0o600, "32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil { // whatever the umask
				t.Fatal(err)
			}
			_, err := seal.KeyFile(path)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != c.text {
				t.Errorf("the file was changed to %q, error %v", after, err)
			}
		})
	}
	if _, err := seal.KeyFile(t.TempDir()); err == nil {
		t.Error("a folder was taken for a key")
	}
	if _, err := seal.KeyFile(filepath.Join(t.TempDir(), "missing", "key")); err == nil {
		t.Error("a key was made in a folder that does not exist")
	}
}
