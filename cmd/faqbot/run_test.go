package main

import (
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHelpIsChinese(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--help"}, {"-h"}, {"ask", "--help"}, {"import", "--help"}, {"export", "--help"}, {"eval", "--help"},
		{"version", "--help"}, {"checkconfig", "--help"},
	} {
		r := faqbot(args...)
		if r.code != exitOK || r.err != "" {
			t.Errorf("%v: exit code %d, on the error stream %q", args, r.code, r.err)
		}
		if !strings.Contains(r.out, "用法：faqbot") || !strings.Contains(r.out, "选项：") || !strings.Contains(r.out, "显示帮助。") {
			t.Errorf("%v prints\n%s", args, r.out)
		}
		for _, english := range []string{"Usage", "Flags", "Arguments", "Commands", "Show ", "Run \"", "command>", "question>", "files>", "file>", "[flags]", "default", "enum"} {
			if strings.Contains(r.out, english) {
				t.Errorf("%v prints %q in\n%s", args, english, r.out)
			}
		}
	}
	help := faqbot("--help").out
	for _, command := range []string{"ask", "import", "export", "eval", "version", "checkconfig"} {
		if !strings.Contains(help, command) {
			t.Errorf("the help does not name %s", command)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	for _, args := range [][]string{
		{"answer"}, {"--nope"}, {"ask", "--nope", "问"}, {"ask", "--kb"}, {"ask", "--kb", kb, "--db", "x.db", "问"},
		{"ask", "--sample", "gas", "--kb", kb, "问"}, {"ask", "--sample", "bakery", "问"},
		{"import"}, {"import", "--mode", "overwrite", kb}, {"export"}, {"export", "--layout", "nobody", "x.csv"},
		{"export", "--db", newDB(t), "x.xls"}, {"export", "--db", newDB(t), "noextension"}, {"export", "--db", newDB(t), "-"},
		{"eval"}, {"eval", "--kb", kb}, {"version", "extra"}, {"--log-level", "loud", "version", "--json", "x"},
		{"checkconfig", "--log-level", "loud"}, {"--config", "missing.yaml", "checkconfig"},
	} {
		r := faqbot(args...)
		if r.code != exitUsage || !strings.HasPrefix(r.err, "faqbot:") || r.out != "" {
			t.Errorf("%v: exit code %d, output %.80q, error %q", args, r.code, r.out, r.err)
		}
	}
}

func TestVersion(t *testing.T) {
	if r := ok(t, "version"); !strings.HasPrefix(r.out, "faqbot ") || !strings.Contains(r.out, "模型 ") {
		t.Errorf("version prints %q", r.out)
	}
	got := decode[map[string]string](t, ok(t, "version", "--json").out)
	if diff := cmp.Diff([]string{"go", "model", "revision", "version"}, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(got["go"], "go1.") || got["model"] == "" {
		t.Errorf("version = %v", got)
	}
}

func TestCheckconfig(t *testing.T) {
	good := fileOf(t, "good.yaml", "database: postgres://bot:hunter2@db/faq\nmatch:\n  answer: 0.8\n")
	p := program{env: map[string]string{"FAQBOT_CONFIG": good, "FAQBOT_LOG_LEVEL": "debug"}}
	r := p.run("checkconfig")
	if r.code != exitOK || r.err != "" {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	for _, want := range []string{"match.answer", "0.8  ← 文件 " + good, "debug  ← 环境变量 FAQBOT_LOG_LEVEL", "Asia/Shanghai  ← 默认值", "bot:***@db/faq"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "hunter2") {
		t.Errorf("the password is shown:\n%s", r.out)
	}
	if r := p.run("checkconfig", "--db", "other.db"); !strings.Contains(r.out, "other.db  ← 命令行") {
		t.Errorf("--db does not win:\n%s", r.out)
	}
	var settings []struct{ Key, Value, Origin, Env, Doc string }
	if err := json.Unmarshal([]byte(p.run("checkconfig", "--json").out), &settings); err != nil || len(settings) < 7 {
		t.Errorf("checkconfig --json: %v, %+v", err, settings)
	}
}

func TestCheckconfigRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		env        map[string]string
		want       []string
	}{
		{"unknown key", "match:\n  anwser: 0.8\n", nil, []string{"match.anwser", "match.answer"}},
		{"value out of range", "match:\n  answer: 80\n", nil, []string{"match.answer", "80"}},
		{"two mistakes", "log:\n  level: loud\ntimezone: Mars/Olympus\n", nil, []string{"log.level", "timezone"}},
		{"environment", "", map[string]string{"FAQBOT_MATCH_MARGIN": "much"}, []string{"match.margin", "FAQBOT_MATCH_MARGIN"}},
		{"thresholds crossed", "match:\n  answer: 0.3\n  suggest: 0.5\n", nil, []string{"match.suggest", "match.answer"}},
		{"no YAML", "database: [", nil, []string{"YAML"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"checkconfig"}
			if tt.file != "" {
				args = append(args, "--config", fileOf(t, "bad.yaml", tt.file))
			}
			r := program{env: tt.env}.run(args...)
			if r.code != exitUsage {
				t.Errorf("exit code %d", r.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.err, want) {
					t.Errorf("%q is not in %q", want, r.err)
				}
			}
		})
	}
}

// A setting that checkconfig accepts must not break the commands later.
func TestCheckconfigTellsWhatAskNeeds(t *testing.T) {
	for _, env := range []map[string]string{
		{"FAQBOT_MATCH_MARGIN": "1"}, {"FAQBOT_MATCH_ANSWER": "1"}, {"FAQBOT_MATCH_SUGGEST": "1"},
		{"FAQBOT_MATCH_ANSWER": "0.01"},
	} {
		p := program{env: env}
		check, ask := p.run("checkconfig"), p.run("ask", "？")
		if check.code == exitOK && ask.code != exitOK {
			t.Errorf("%v: checkconfig finds nothing wrong, ask fails: %s", env, ask.err)
		}
	}
}

// brokenWriter stands for a pipe that nobody reads any more.
type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// A mistyped database is no empty knowledge base, and leaves no file behind.
func TestMissingDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "typo.db")
	for _, args := range [][]string{{"ask", "--db", path, "你好"}, {"ask", "--db", "sqlite:" + path, "你好"}, {"export", "--db", path, path + ".csv"}} {
		r := faqbot(args...)
		if r.code != exitFailure || !strings.Contains(r.err, "typo.db") || !strings.Contains(r.err, "faqbot import") {
			t.Errorf("%v: exit code %d, %q", args, r.code, r.err)
		}
	}
	ok(t, "import", "--db", path, "--dry-run", fileOf(t, "kb.jsonl", fiveEntries))
	if found, _ := filepath.Glob(path + "*"); len(found) > 0 {
		t.Errorf("left behind: %q", found)
	}
}
