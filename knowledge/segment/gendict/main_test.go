package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge/normalize"
)

func TestKeep(t *testing.T) {
	for _, tt := range []struct {
		word      string
		frequency int
		class     string
		want      bool
	}{
		{"的", 1, "uj", true},
		{"a", 3, "n", false},
		{"手机", 500, "n", true},
		{"手机", 4, "n", true},
		{"冷僻名词", 3, "n", false},
		{"冷词", 3, "n", false},
		{"打开", 3, "v", true},
		{"张三丰", 99, "nr", false},
		{"张三丰", 100, "nr", true},
		{"小地方", 49, "ns", false},
		{"小地方", 50, "ns", true},
		{"一心一意", 99, "i", false},
		{"一心一意", 100, "i", true},
		{"中华人民共和国", 1000, "n", true},
		{"中华人民共和国宪", 1000, "n", false},
	} {
		if got := keep(tt.word, tt.frequency, tt.class); got != tt.want {
			t.Errorf("keep(%s, %d, %s) = %v", tt.word, tt.frequency, tt.class, got)
		}
	}
}

func TestReadAndRender(t *testing.T) {
	norm, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]int{}
	base := "手机 500 n\n手機 700 n\n的 318825 uj\nAT&T 30 nz\n4S店 30 n\n无频率\n\n六个月 30 m\n"
	if err := readBase(strings.NewReader(base), norm, words); err != nil {
		t.Fatal(err)
	}
	if err := readModern(strings.NewReader("# comment\n\n微信\n手机\n"), norm, words); err != nil {
		t.Fatal(err)
	}
	want := header + "4s店 30\n六个月 30\n微信 1000\n手机 1000\n的 2\n"
	if diff := cmp.Diff(want, string(render(words))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := readBase(strings.NewReader("手机 many n\n"), norm, words); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("bad frequency: %v", err)
	}
	if err := readModern(strings.NewReader("WiFi\n"), norm, words); err == nil || !strings.Contains(err.Error(), `"wifi"`) {
		t.Errorf("not normalised: %v", err)
	}
}

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dictionary.txt.gz")
	packed, err := pack([]byte("甲 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := compare(path, []byte("甲 1\n")); err != nil {
		t.Error(err)
	}
	if err := compare(path, []byte("甲 2\n")); err == nil || !strings.Contains(err.Error(), "out of date") {
		t.Errorf("drift: %v", err)
	}
	if _, err := gzip.NewReader(bytes.NewReader(packed)); err != nil {
		t.Error(err)
	}
}

// The embedded dictionary belongs to the sources. It fails when modern.txt, the
// rules, the normaliser or gse changed and gendict was not run.
func TestDictionaryIsUpToDate(t *testing.T) {
	if err := run([]string{"-check", "-dir", ".."}, os.Stdout); err != nil {
		t.Error(err)
	}
}
