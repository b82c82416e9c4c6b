package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/cmd/internal/config"
)

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "faqbot.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadPrecedence(t *testing.T) {
	path := writeFile(t, "database: file.db\nlog:\n  level: info\nmatch:\n  answer: 0.8\n"+
		"listen: :9000\nchat:\n  sites: [https://A.example/, \"http://b.example:81\"]\n")
	c, err := config.Load(path, environment(map[string]string{"FAQBOT_LOG_LEVEL": "debug", "FAQBOT_MATCH_ANSWER": "0.7", "FAQBOT_ADMIN_LISTEN": "off"}),
		map[string]string{"match.answer": "0.6", "database": "", "proxies": "10.1.2.3/8, 192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]string{}
	for _, s := range c.Settings() {
		got[s.Key] = [2]string{s.Value, s.Origin}
	}
	want := map[string][2]string{
		"database":       {"file.db", "文件 " + path},
		"index.dir":      {"", "默认值"},
		"log.level":      {"debug", "环境变量 FAQBOT_LOG_LEVEL"},
		"timezone":       {"Asia/Shanghai", "默认值"},
		"match.answer":   {"0.6", "命令行"},
		"match.suggest":  {"0", "默认值"},
		"match.margin":   {"0", "默认值"},
		"listen":         {":9000", "文件 " + path},
		"admin.listen":   {"off", "环境变量 FAQBOT_ADMIN_LISTEN"},
		"bus":            {"", "默认值"},
		"chat.rules":     {"", "默认值"},
		"chat.sites":     {"https://a.example,http://b.example:81", "文件 " + path},
		"limits.network": {"1", "默认值"},
		"address":        {"", "默认值"},
		"wechat.api":     {"", "默认值"},
		"secrets.key":    {"", "默认值"},
		"console.https":  {"auto", "默认值"},
		"proxies":        {"10.0.0.0/8,192.0.2.7/32", "命令行"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoadFileFromEnvironment(t *testing.T) {
	path := writeFile(t, "database: other.db\n")
	c, err := config.Load("", environment(map[string]string{"FAQBOT_CONFIG": path}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != "other.db" {
		t.Errorf("Database = %q, want other.db", c.Database)
	}
}

// TestLoadErrors checks that every error names the key and what is wrong.
func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		env, flags map[string]string
		want       []string
	}{
		{name: "misspelt key", file: "databse: x\n", want: []string{"databse", "是不是想写 database"}},
		{name: "unknown key", file: "colour: red\n", want: []string{"没有配置项 colour", "checkconfig"}},
		{name: "two unknown keys", file: "colour: red\nlog:\n  size: 3\n", want: []string{"colour", "log.size"}},
		{name: "not YAML", file: "a: [\n", want: []string{"YAML"}},
		{name: "bad level", env: map[string]string{"FAQBOT_LOG_LEVEL": "loud"}, want: []string{"log.level", "FAQBOT_LOG_LEVEL", "loud"}},
		{name: "bad zone", flags: map[string]string{"timezone": "Mars/Olympus"}, want: []string{"timezone", "命令行"}},
		{name: "no number", file: "match:\n  answer: high\n", want: []string{"match.answer", "high"}},
		{name: "too large", file: "match:\n  suggest: 1.5\n", want: []string{"match.suggest", "0 到 1"}},
		{name: "empty database", file: "database: \"\"\n", want: []string{"database", "不能为空"}},
		{name: "no port", env: map[string]string{"FAQBOT_LISTEN": "localhost"}, want: []string{"listen", "localhost", ":8080"}},
		{name: "impossible port", flags: map[string]string{"admin.listen": ":70000"}, want: []string{"admin.listen", "70000"}},
		{name: "bus", flags: map[string]string{"bus": "10.0.0.1"}, want: []string{"bus", "nats://"}},
		{name: "site with a path", flags: map[string]string{"chat.sites": "https://a.example/shop"}, want: []string{"chat.sites", "https://a.example/shop"}},
		{name: "site without scheme", file: "chat:\n  sites: [www.example.com]\n", want: []string{"chat.sites", "www.example.com"}},
		{name: "limits", flags: map[string]string{"limits.network": "-1"}, want: []string{"limits.network", "-1"}},
		{name: "address", flags: map[string]string{"address": "kefu.example.com"}, want: []string{"address", "https://example.com"}},
		{name: "api", env: map[string]string{"FAQBOT_WECHAT_API": "ftp://example.com"}, want: []string{"wechat.api", "ftp://"}},
		{name: "proxy", flags: map[string]string{"proxies": "10.0.0.0/40"}, want: []string{"proxies", "10.0.0.0/40"}},
		{name: "suggest above answer", file: "match:\n  answer: 0.3\n  suggest: 0.5\n", want: []string{"match.suggest", "match.answer"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := ""
			if tt.file != "" {
				path = writeFile(t, tt.file)
			}
			_, err := config.Load(path, environment(tt.env), tt.flags)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := config.Load("missing.yaml", environment(nil), nil); err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("missing file: error = %v", err)
	}
}

func TestIndex(t *testing.T) {
	for _, tt := range []struct{ name, database, dir, want string }{
		{"beside the file", "data/faq.db", "", "data/faq.db.index"},
		{"with scheme", "sqlite:faq.db", "", "faq.db.index"},
		{"with slashes", "sqlite://faq.db", "", "faq.db.index"},
		{"in memory", ":memory:", "", ""},
		{"as set", "faq.db", "elsewhere", "elsewhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := config.Load("", environment(nil), map[string]string{"database": tt.database, "index.dir": tt.dir})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Index(); err != nil || got != tt.want {
				t.Errorf("Index() = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestSettingsHidePassword(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://bob:secret@db/faq":  "postgres://bob:***@db/faq",
		"postgres://bob:se@cret@db/faq": "postgres://bob:***@db/faq",
		"postgres://bob@db/faq":         "postgres://bob@db/faq",
		"postgres://db:5432/faq":        "postgres://db:5432/faq",
		"sqlite:some/where.db":          "sqlite:some/where.db",
	} {
		c, err := config.Load("", environment(nil), map[string]string{"database": dsn})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Settings()[0].Value; got != want {
			t.Errorf("database %q is shown as %q, want %q", dsn, got, want)
		}
	}
}

func TestSecure(t *testing.T) {
	for _, tt := range []struct {
		listen, https string
		want          bool
	}{
		{"127.0.0.1:8080", "auto", false}, {"localhost:8080", "auto", false}, {"[::1]:80", "auto", false},
		{":8080", "auto", true}, {"0.0.0.0:8080", "auto", true}, {"10.0.0.5:80", "auto", true},
		{":8080", "off", false}, {"127.0.0.1:8080", "on", true},
	} {
		c, err := config.Load("", func(string) string { return "" }, map[string]string{"listen": tt.listen, "console.https": tt.https})
		if err != nil || c.Secure() != tt.want {
			t.Errorf("%s with %s: %v, want %v; %v", tt.listen, tt.https, c.Secure(), tt.want, err)
		}
	}
	if _, err := config.Load("", func(string) string { return "" }, map[string]string{"console.https": "maybe"}); err == nil {
		t.Error("maybe is taken for an answer")
	}
}

func TestKey(t *testing.T) {
	for _, tt := range []struct{ database, key, want string }{
		{"a.db", "", "a.db.key"}, {"a.db", "/etc/faqbot.key", "/etc/faqbot.key"}, {":memory:", "", ""},
	} {
		c, err := config.Load("", func(string) string { return "" }, map[string]string{"database": tt.database, "secrets.key": tt.key})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Key(); err != nil || got != tt.want {
			t.Errorf("%s, %q: %q, %v; want %q", tt.database, tt.key, got, err, tt.want)
		}
	}
}
