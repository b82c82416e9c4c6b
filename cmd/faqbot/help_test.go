package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// result is what a run of the program left behind.
type result struct {
	code     int
	out, err string
}

// program is the program in an environment of its own.
type program struct {
	env map[string]string
	in  string
}

func (p program) run(args ...string) result { return p.runContext(context.Background(), args...) }

func (p program) runContext(ctx context.Context, args ...string) result {
	var out, errOut bytes.Buffer
	code := run(ctx, args, func(key string) string { return p.env[key] }, strings.NewReader(p.in), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// faqbot runs the program with nothing in its environment.
func faqbot(args ...string) result { return program{}.run(args...) }

// ok runs the program, which must succeed.
func ok(t testing.TB, args ...string) result {
	t.Helper()
	r := faqbot(args...)
	if r.code != exitOK {
		t.Fatalf("faqbot %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

// fileOf writes a file and returns its path.
func fileOf(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func contentOf(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// newDB returns where a database may be made.
func newDB(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "kb.db")
}

// exported returns the whole knowledge base as JSON lines.
func exported(t testing.TB, db string) string {
	t.Helper()
	if _, err := os.Stat(db); errors.Is(err, fs.ErrNotExist) {
		return "" // nothing was ever stored
	}
	return ok(t, "export", "--db", db, "--format", "jsonl", "-").out
}

// countEntries counts the entries of an export.
func countEntries(t testing.TB, lines string) (n int) {
	t.Helper()
	for _, line := range strings.Split(lines, "\n") {
		if strings.Contains(line, `"question"`) {
			n++
		}
	}
	return n
}

func decode[T any](t testing.TB, data string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	return v
}

// fiveEntries use every field a file can carry.
const fiveEntries = `{"id":"net-1","category":"宽带/办理","question":"怎么办理宽带","variants":["装宽带","宽带怎么装"],"answers":[{"texts":["带身份证到营业厅。"]},{"channel":"wechat","texts":["点菜单「办宽带」。"]}],"related":["怎么取消宽带"],"hot":true,"owner":"小王"}
{"id":"net-2","category":"宽带/办理","question":"怎么取消宽带","variants":["退订","宽带不要了"],"counter_examples":["取消宽带提速"],"answers":[{"texts":["到营业厅销户。"]}],"threshold":0.85}
{"id":"flow-1","category":"流量","question":"怎么取消流量包","variants":["退订"],"answers":[{"texts":["回复 TD。","发送 TD 到 10086。"]}],"reply_all":true}
{"id":"inv-1","category":"发票/开具/电子","question":"怎么开发票","variants":["发票怎么开","能开电子发票吗"],"answers":[{"texts":["在“我的订单”里申请。"]}],"effective_from":"2026-01-01T00:00:00+08:00"}
{"id":"old-1","category":"活动","question":"怎么参加周年庆","answers":[{"texts":["活动已结束。"]}],"expires_at":"2024-06-01T00:00:00+08:00"}
{"word_class":{"name":"营业厅","words":["营业厅","门店"]}}
{"user_words":["周年庆"]}
{"stop_words":["请问"]}
`
