package arch_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"faqbot/cmd/internal/arch"
)

// TestRepository holds the program against its own rules.
func TestRepository(t *testing.T) {
	root := os.DirFS("../../..")
	if _, err := root.Open("go.mod"); err != nil {
		t.Fatalf("not the root of the repository: %v", err)
	}
	violations, err := arch.Check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// TestPlanted plants each kind of violation and expects it to be found, and
// plants its allowed twin and expects silence.
func TestPlanted(t *testing.T) {
	for _, tt := range []struct {
		file, imported string
		forbidden      bool
	}{
		{"knowledge/entry.go", "faqbot/bot", true},
		{"knowledge/index/x.go", "net/http", true},
		{"knowledge/x.go", "faqbot/channels/ws", true},
		{"knowledge/x.go", "faqbot/knowledge/normalize", false},
		{"knowledge/kbsql/x.go", "database/sql", false},
		{"bot/x.go", "faqbot/channels/webchat", true},
		{"bot/x.go", "database/sql", true},
		{"bot/x.go", "github.com/jackc/pgx/v5", true},
		{"bot/x.go", "faqbot/knowledge/kbsql", true},
		{"bot/x.go", "faqbot/knowledge/sqldb", true},
		{"bot/botsql/x.go", "database/sql", false},
		{"bot/botsql/x.go", "faqbot/knowledge/sqldb", false},
		{"bot/x.go", "faqbot/knowledge/index", false},
		{"bot/intent/x.go", "os", true},
		{"bot/intent/x.go", "net/http", true},
		{"bot/intent/x.go", "faqbot/knowledge/index", true},
		{"bot/intent/x.go", "github.com/blevesearch/bleve/v2", true},
		{"bot/intent/x.go", "faqbot/knowledge/segment", false},
		{"bot/intent/x.go", "math/bits", false},
		{"channels/webchat/x.go", "faqbot/channels/wechat", true},
		{"channels/webchat/x.go", "faqbot/channels/ws", false},
		{"channels/wechat/inner/x.go", "faqbot/channels/wechat", false},
		{"channels/webchat/x.go", "faqbot/bot", false},
		{"channels/webchat/x.go", "faqbot/cmd/internal/config", true},
		{"testdata/x.go", "faqbot/cmd/internal/config", true},
		{"cmd/faqbot/x.go", "faqbot/cmd/internal/config", false},
		{"cmd/faqbot/x.go", "faqbot/channels/webchat", false},
		{"botany/x.go", "database/sql", false},
	} {
		t.Run(tt.file+" → "+tt.imported, func(t *testing.T) {
			tree := fstest.MapFS{tt.file: {Data: []byte("package x\n\nimport _ \"" + tt.imported + "\"\n")}}
			violations, err := arch.Check(tree)
			if err != nil {
				t.Fatal(err)
			}
			if found := len(violations) > 0; found != tt.forbidden {
				t.Fatalf("violations = %v, want some: %v", violations, tt.forbidden)
			}
			if tt.forbidden && !strings.Contains(violations[0].String(), tt.file+" imports "+tt.imported) {
				t.Errorf("violation %q does not name file and import", violations[0])
			}
		})
	}
}

func TestBrokenFile(t *testing.T) {
	if _, err := arch.Check(fstest.MapFS{"bot/x.go": {Data: []byte("pakage")}}); err == nil {
		t.Error("a file that does not parse gives no error")
	}
}
