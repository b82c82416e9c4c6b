package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge/kbfile"
)

// answer is the JSON that ask prints.
type answer struct {
	Decision, Entry, Question, Answer, Reason string
	Confidence                                float64
	Candidates                                []struct {
		Entry, Question string
		Confidence      float64
	}
}

func TestAskSamples(t *testing.T) {
	for _, tt := range []struct{ sample, question, entry string }{
		{"", "热水器点不着火怎么办", "gas-015"}, {"gas", "燃气热水器买多少升的合适？", "gas-001"}, {"telecom", "6G套餐怎么预约", ""}, {"auto", "2024双十一保养五折活动怎么参加", ""},
	} {
		args := []string{"ask", "--json"}
		if tt.sample != "" {
			args = append(args, "--sample", tt.sample)
		}
		r := ok(t, append(args, tt.question)...)
		if r.err != "" {
			t.Errorf("%s: on the error stream: %s", tt.sample, r.err)
		}
		got := decode[answer](t, r.out)
		if got.Entry != tt.entry || (got.Decision == "answer") != (tt.entry != "") || got.Reason == "" {
			t.Errorf("%s: %q gives %+v, want %q", tt.sample, tt.question, got, tt.entry)
		}
	}
}

func TestAskJSONShape(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	for _, tt := range []struct{ text, decision, entry, answer string }{
		{"怎麼辦理寬帶？", "answer", "net-1", "带身份证到营业厅。"},
		{"怎么取消流量包", "answer", "flow-1", "回复 TD。\n\n发送 TD 到 10086。"},
		{"退订", "clarify", "", ""},
		{"？？", "refuse", "", ""},
	} {
		r := ok(t, "ask", "--kb", kb, "--json", tt.text)
		if strings.Count(r.out, "\n") != 1 {
			t.Errorf("%q: not one line: %q", tt.text, r.out)
		}
		keys := slices.Sorted(maps.Keys(decode[map[string]any](t, r.out)))
		if diff := cmp.Diff([]string{"answer", "candidates", "confidence", "decision", "entry", "question", "reason"}, keys); diff != "" {
			t.Errorf("%q: keys (-want +got):\n%s", tt.text, diff)
		}
		got := decode[answer](t, r.out)
		if got.Decision != tt.decision || got.Entry != tt.entry || got.Answer != tt.answer || got.Reason == "" {
			t.Errorf("%q: %+v", tt.text, got)
		}
		if got.Candidates == nil || got.Decision == "clarify" && len(got.Candidates) != 2 {
			t.Errorf("%q: candidates %+v", tt.text, got.Candidates)
		}
		for _, c := range got.Candidates {
			if c.Entry == "" || c.Question == "" || !(c.Confidence >= 0 && c.Confidence <= 1) {
				t.Errorf("%q: candidate %+v", tt.text, c)
			}
		}
	}
}

func TestAskForAChannel(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	if got := decode[answer](t, ok(t, "ask", "--kb", kb, "--channel", "wechat", "--json", "装宽带").out); got.Answer != "点菜单「办宽带」。" {
		t.Errorf("the answer for wechat is %q", got.Answer)
	}
}

func TestAskExplains(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	r := ok(t, "ask", "--kb", kb, "--explain", "请问门店怎么办宽带呀")
	for _, want := range []string{"依据：", "归一后：", "词类替换后：", "营业厅", "分词：", " / ", "阈值：回答 ≥ ", "推荐 ≥ ", "模型 ", "怎么办理宽带（net-1）把握", "得分", "×"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	type explained struct {
		Trace struct {
			Tokens     []string
			Candidates []struct {
				Entry    string
				Features []struct {
					Name, Label   string
					Value, Weight float64
				}
			}
			Answer_at float64
		}
	}
	got := decode[explained](t, ok(t, "ask", "--kb", kb, "--explain", "--json", "请问门店怎么办宽带呀").out)
	if len(got.Trace.Tokens) == 0 || len(got.Trace.Candidates) == 0 || len(got.Trace.Candidates[0].Features) < 10 || got.Trace.Answer_at == 0 {
		t.Errorf("trace = %+v", got.Trace)
	}
}

// Every kind of file answers without a database.
func TestAskKinds(t *testing.T) {
	for _, name := range []string{"own.jsonl", "wechat.csv", "weknora.xlsx", "cskefu.xls", "azure.tsv", "maxkb.xlsx"} {
		path := filepath.Join("..", "..", "knowledge", "kbfile", "testdata", name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := kbfile.Read(context.Background(), name, data, kbfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		question := d.Rows[0].Entry.Question
		if got := decode[answer](t, ok(t, "ask", "--kb", path, "--json", question).out); got.Decision != "answer" || got.Question != question || got.Answer == "" {
			t.Errorf("%s: %q gives %+v", name, question, got)
		}
	}
}

func TestAskDatabase(t *testing.T) {
	db := newDB(t)
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
	for range 2 { // the second time the index is there
		if got := decode[answer](t, ok(t, "ask", "--db", db, "--json", "发票怎么开").out); got.Entry != "inv-1" {
			t.Errorf("got %+v", got)
		}
	}
	ok(t, "import", "--db", "sqlite:"+db, fileOf(t, "more.jsonl", `{"id":"new-1","question":"几点关门","answer":"九点"}`))
	if got := decode[answer](t, ok(t, "ask", "--db", db, "--json", "几点关门").out); got.Entry != "new-1" {
		t.Errorf("after an import: %+v", got)
	}
}

func TestAskReportsRowsThatDoNotAnswer(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries+`{"question":"没有答案的问题"}`+"\n")
	r := ok(t, "ask", "--kb", kb, "--json", "怎么开发票")
	if got := decode[answer](t, r.out); got.Entry != "inv-1" {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(r.err, "没有答案的问题") || !strings.Contains(r.err, "第 9 行") {
		t.Errorf("the bad row is not reported: %q", r.err)
	}
}

func TestAskFails(t *testing.T) {
	for name, path := range map[string]string{
		"missing file": filepath.Join(t.TempDir(), "missing.xlsx"), "directory": t.TempDir(), "no knowledge": fileOf(t, "x.csv", "\x00\x01\x02"),
	} {
		r := faqbot("ask", "--kb", path, "问题")
		if r.code != exitFailure || !strings.Contains(r.err, filepath.Base(path)) || r.out != "" {
			t.Errorf("%s: exit code %d, error %q", name, r.code, r.err)
		}
	}
}

func TestChat(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	chat := func(t *testing.T, in string, args ...string) string {
		t.Helper()
		r := program{in: in}.run(append([]string{"ask", "--kb", kb}, args...)...)
		if r.code != exitOK {
			t.Fatalf("exit code %d: %s", r.code, r.err)
		}
		return r.out
	}
	t.Run("questions and an end without newline", func(t *testing.T) {
		out := chat(t, "装宽带\r\n发票怎么开")
		if !strings.Contains(out, "带身份证到营业厅。") || !strings.Contains(out, "在“我的订单”里申请。") {
			t.Errorf("chat:\n%s", out)
		}
	})
	t.Run("a number picks", func(t *testing.T) {
		for _, pick := range []string{"2", " 2 ", "２", "2."} {
			out := chat(t, "退订\n"+pick+"\n")
			offer, _, found := strings.Cut(out, "  └")
			_, second, _ := strings.Cut(offer, "  2. ")
			second = strings.TrimSpace(second)
			want := map[string]string{"怎么取消宽带": "到营业厅销户。", "怎么取消流量包": "回复 TD。"}[second]
			if !found || want == "" || !strings.Contains(out, want) {
				t.Errorf("%q does not pick %q in\n%s", pick, second, out)
			}
		}
	})
	t.Run("numbers that pick nothing", func(t *testing.T) {
		for _, pick := range []string{"0", "3", "-1", "99999999999999999999", "1"} {
			in := "退订\n" + pick + "\n"
			if pick == "1" {
				in = "退订\n装宽带\n1\n" // the list is gone after another question
			}
			out := chat(t, in)
			if !strings.Contains(out, "抱歉") || strings.Contains(out, "销户") || strings.Contains(out, "回复 TD") {
				t.Errorf("%q:\n%s", pick, out)
			}
		}
	})
	t.Run("JSON, a line for each question", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(chat(t, "退订\n1\n？\n", "--json")), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		for i, want := range []string{"clarify", "answer", "refuse"} {
			if got := decode[answer](t, lines[i]); got.Decision != want {
				t.Errorf("line %d: %+v, want %s", i+1, got, want)
			}
		}
	})
	t.Run("dirty lines", func(t *testing.T) {
		out := chat(t, "\xff\xfe\x00\n"+strings.Repeat("长", 200_000)+"\n装宽带\n")
		if strings.Count(out, "依据") != 3 || !strings.Contains(out, "带身份证到营业厅。") {
			t.Errorf("chat:\n%.2000s", out)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		if out := chat(t, ""); out != "" {
			t.Errorf("chat:\n%s", out)
		}
	})
}

// Ctrl-C ends a chat that waits for a question.
func TestChatIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in, typing := io.Pipe()
	defer typing.Close()
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	go func() {
		_, _ = io.WriteString(typing, "装宽带\n")
		cancel()
	}()
	var out, errOut bytes.Buffer
	if code := run(ctx, []string{"ask", "--kb", kb}, func(string) string { return "" }, in, &out, &errOut); code != exitInterrupted {
		t.Errorf("exit code %d: %s", code, errOut.String())
	}
	if !strings.Contains(errOut.String(), "已中断") {
		t.Errorf("error stream: %q", errOut.String())
	}
}

func TestAskIntoABrokenPipe(t *testing.T) {
	kb := fileOf(t, "kb.jsonl", fiveEntries)
	var errOut bytes.Buffer
	if code := run(context.Background(), []string{"ask", "--kb", kb, "--json", "装宽带"}, func(string) string { return "" }, strings.NewReader(""), brokenWriter{}, &errOut); code != exitFailure {
		t.Errorf("exit code %d: %s", code, errOut.String())
	}
}
