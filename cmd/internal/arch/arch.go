// Package arch holds the import rules of the program. Its test reads the source
// files themselves, so that a violation is never hidden by a cached result.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// module is the path that imports of this program start with.
const module = "faqbot"

// rule forbids packages below From to import packages below one of To. Except
// lists packages below From that may.
type rule struct {
	from   string
	to     []string
	except []string
	why    string
}

// rules is DESIGN: imports run cmd → channels → bot → knowledge.
func rules() []rule {
	sqlPackages := []string{"database/sql", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/pressly/goose", "faqbot/knowledge/sqldb", "faqbot/knowledge/kbsql", "faqbot/bot/botsql"}
	return []rule{
		{from: "knowledge", to: []string{"faqbot/bot", "faqbot/channels", "faqbot/cmd", "net/http"}, why: "knowledge stands at the bottom and knows no one above it"},
		{from: "bot", to: []string{"faqbot/channels", "faqbot/cmd"}, why: "the bot does not know who carries its words"},
		{from: "bot", to: sqlPackages, except: []string{"bot/botsql"}, why: "only bot/botsql speaks SQL"},
		{from: "bot/intent", to: append([]string{
			"os", "net", "io/ioutil", "log", "syscall", "faqbot/knowledge/index", "faqbot/knowledge/kbfile",
			"github.com/blevesearch", "go.uber.org/zap"}, sqlPackages...), why: "the matcher is pure: no I/O"},
		{from: "channels", to: []string{"faqbot/cmd"}, why: "channels do not know the command line"},
		{from: ".", to: []string{"faqbot/cmd"}, except: []string{"cmd"}, why: "nothing imports cmd"},
	}
}

// Violation is an import that breaks a rule.
type Violation struct {
	File, Import, Why string
}

func (v Violation) String() string { return fmt.Sprintf("%s imports %s: %s", v.File, v.Import, v.Why) }

// Check returns the violations in the Go files of a tree. Test files may import
// what they like, but for the rule that nothing imports cmd.
func Check(tree fs.FS) ([]Violation, error) {
	var violations []Violation
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found, err := checkFile(tree, name)
		violations = append(violations, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check imports: %w", err)
	}
	return violations, nil
}

func checkFile(tree fs.FS, name string) ([]Violation, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var violations []Violation
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if why := forbidden(path.Dir(name), target); why != "" {
			violations = append(violations, Violation{name, target, why})
		}
	}
	return violations, nil
}

// forbidden returns why a package in the folder must not import the target.
func forbidden(folder, target string) string {
	for _, r := range rules() {
		if below(folder, r.from) && belowAny(target, r.to) && !belowAny(folder, r.except) {
			return r.why
		}
	}
	return otherChannel(folder, target)
}

// shared are the packages below channels that every channel may use.
var shared = []string{"httpapi", "ws", "channeltest", "richtext"}

// otherChannel forbids one channel to import another.
func otherChannel(folder, target string) string {
	mine, ok := strings.CutPrefix(folder, "channels/")
	theirs, ok2 := strings.CutPrefix(target, module+"/channels/")
	if !ok || !ok2 {
		return ""
	}
	mine, _, _ = strings.Cut(mine, "/")
	theirs, _, _ = strings.Cut(theirs, "/")
	for _, s := range shared {
		if theirs == s {
			return ""
		}
	}
	if mine == theirs {
		return ""
	}
	return "one channel does not know another"
}

func belowAny(name string, roots []string) bool {
	for _, root := range roots {
		if below(name, root) {
			return true
		}
	}
	return false
}

// below reports whether a slash path is root or inside it.
func below(name, root string) bool {
	return root == "." || name == root || strings.HasPrefix(name, root+"/")
}
