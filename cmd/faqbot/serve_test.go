package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/cmd/internal/database"
	"faqbot/knowledge"
	"faqbot/knowledge/kbtest/pgtest"
)

func knowledgeID() string { return knowledge.NewID() }

// withFive returns a new database with fiveEntries.
func withFive(t testing.TB) string {
	t.Helper()
	return knowledgeOf(t, fiveEntries)
}

func ptr[T any](v T) *T { return &v }

// nonsense is what no knowledge here answers.
const nonsense = "量子纠缠是什么原理"

// The whole of what a visitor can do, over a restart, on both databases and both
// ways to the server.
func TestServeDialogue(t *testing.T) {
	for _, way := range []struct {
		name  string
		plain bool
	}{{"socket", false}, {"HTTP", true}} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			testDialogue(t, withFive(t), way.plain)
		})
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		dsn := pgtest.DSN(t)
		ok(t, "import", "--db", dsn, fileOf(t, "kb.jsonl", fiveEntries))
		testDialogue(t, dsn, false)
	})
}

func testDialogue(t *testing.T, db string, plain bool) {
	s := serve(t, db, nil)
	c := newTab(t, s.url, "", plain)
	beforeRestart(t, c)
	if leaves, err := conversations(t, db).Leaves(t.Context(), "", 10); err != nil || len(leaves) != 1 ||
		leaves[0].Name != "王女士" || leaves[0].Contact != "13800000000" || leaves[0].Text != "请回电" {
		t.Errorf("leave-messages: %+v, %v", leaves, err)
	}

	if code := s.stopWith(c)[0]; !plain && code != websocket.CloseGoingAway {
		t.Errorf("the socket was closed with %d", code)
	}
	s = serve(t, db, nil)
	c.enter(s.url)
	if a := c.ask("怎么取消宽带", bot.KindAnswer)[0]; a.Text != "到营业厅销户。" {
		t.Errorf("after the restart: %+v", a)
	}
	survey := c.do(outgoing{Kind: bot.KindClose}, bot.KindSurvey, bot.KindClosed)[0]
	c.do(outgoing{Kind: bot.KindRating, Conversation: c.conversation, Of: survey.Seq, Yes: ptr(true), Stars: 5, Text: "快"}, bot.KindNotice)
	s.stopWith(c)
	checkStored(t, db, c)
}

// beforeRestart asks, picks, praises, fails twice and leaves a message.
func beforeRestart(t *testing.T, c *tab) {
	t.Helper()
	if a := c.ask("怎么办理宽带", bot.KindAnswer)[0]; a.Text != "带身份证到营业厅。" || a.Card.Entry != "net-1" || !strings.Contains(a.HTML, a.Text) {
		t.Errorf("the answer is %+v", a)
	}
	c.do(outgoing{Kind: bot.KindFeedback, Of: 2, Yes: ptr(true)})
	options := c.ask("退订", bot.KindOffer)[0].Card.Options
	if len(options) != 2 {
		t.Fatalf("the offer has the options %v", options)
	}
	if a := c.ask("2", bot.KindAnswer)[0]; a.Card.Entry != options[1].Entry {
		t.Errorf("2 picks %s from %v", a.Card.Entry, options)
	}
	if r := c.ask(nonsense, bot.KindRefusal)[0]; !cmp.Equal(r.Card.Actions, []bot.Action{bot.ActionHandoff}) {
		t.Errorf("the refusal has the buttons %v", r.Card.Actions)
	}
	c.ask("火星上能不能种土豆", bot.KindLeaveForm)
	c.do(outgoing{Kind: bot.KindLeave, Text: "请回电", Name: "王女士", Contact: "13800000000"}, bot.KindNotice)
}

// checkStored compares what a client saw with what is stored.
func checkStored(t *testing.T, db string, c *tab) {
	t.Helper()
	store := conversations(t, db)
	stored, err := store.After(t.Context(), c.conversation, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []line
	for _, m := range stored {
		want = append(want, line{Conversation: m.Conversation, Seq: m.Seq, ID: m.ClientID, Author: m.Author, Kind: m.Kind, Text: m.Text})
	}
	got = append(got, c.lines...)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(line{}, "HTML", "Card")); diff != "" {
		t.Errorf("what is stored and what the client saw (-stored +seen):\n%s", diff)
	}
	if verdicts, err := store.Verdicts(t.Context(), c.conversation); err != nil || len(verdicts) != 1 || verdicts[0].Seq != 2 || !verdicts[0].Yes {
		t.Errorf("verdicts: %+v, %v", verdicts, err)
	}
	if rating, err := store.Rating(t.Context(), c.conversation); err != nil || rating.Stars != 5 || rating.Comment != "快" {
		t.Errorf("rating: %+v, %v", rating, err)
	}
}

// A client that does not know whether its message arrived sends it again; it is
// stored once, also by another process.
func TestServeTakesMessagesOnce(t *testing.T) {
	t.Parallel()
	db := withFive(t)
	s := serve(t, db, nil)
	c := newTab(t, s.url, "", false)
	c.do(outgoing{ID: "the-same-id", Kind: bot.KindText, Text: "装宽带"}, bot.KindAnswer)
	again := func() {
		t.Helper()
		c.send(outgoing{ID: "the-same-id", Kind: bot.KindText, Text: "装宽带"})
		if ack := c.await("ack"); ack.Seq != 1 || ack.Conversation != c.conversation {
			t.Errorf("the second ack: %+v", ack)
		}
	}
	again()
	s.stopWith(c)
	s = serve(t, db, nil)
	c.enter(s.url)
	again()
	c.ask("怎么取消宽带", bot.KindAnswer)
	if len(c.lines) != 4 {
		t.Errorf("%d messages, want 4: %+v", len(c.lines), c.lines)
	}
}

// Two servers over one database: a visitor with a tab on each sees one
// conversation, with and without a bus between the servers.
func TestServeTwoServersPostgreSQL(t *testing.T) {
	t.Parallel()
	onEachBus(t, func(t *testing.T, bus string) {
		dsn := pgtest.DSN(t)
		ok(t, "import", "--db", dsn, fileOf(t, "kb.jsonl", fiveEntries))
		settings := map[string]string{"FAQBOT_BUS": bus}
		one, two := serve(t, dsn, settings), serve(t, dsn, settings)
		a := newTab(t, one.url, "", false)
		b := newTab(t, two.url, a.token, false)
		a.ask("怎么办理宽带", bot.KindAnswer)
		b.upTo(2)
		b.ask("退订", bot.KindOffer)
		a.upTo(4)
		a.ask("2", bot.KindAnswer)
		b.upTo(6)
		if diff := cmp.Diff(a.lines, b.lines); diff != "" {
			t.Errorf("the tabs differ (-one +two):\n%s", diff)
		}
		one.stopWith(a)
		two.stopWith(b)
	})
}

// What is imported by another process is answered without a restart.
func TestServeFollowsTheKnowledge(t *testing.T) {
	t.Parallel()
	db := withFive(t)
	s := serve(t, db, nil)
	c := newTab(t, s.url, "", false)
	c.ask("几点关门", bot.KindRefusal)
	before := gauge(t, s, "faqbot_knowledge_revision")
	ok(t, "import", "--db", db, fileOf(t, "new.jsonl", `{"question":"几点关门","answer":"九点。"}`))
	eventually(t, func() error {
		if now := gauge(t, s, "faqbot_knowledge_revision"); now == before {
			return fmt.Errorf("the knowledge stays at revision %s", now)
		}
		return nil
	})
	if a := c.ask("几点关门", bot.KindAnswer)[0]; a.Text != "九点。" {
		t.Errorf("the answer is %+v", a)
	}
}

// gauge returns a metric without labels.
func gauge(t testing.TB, s *served, name string) string {
	t.Helper()
	text := ownMetrics(t, s)
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no metric %s in\n%s", name, text)
	}
	return found[1]
}

// ownMetrics returns the metrics but for those that every program in Go has.
func ownMetrics(t testing.TB, s *served) string {
	t.Helper()
	code, text := get(t, s.admin+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", code, text)
	}
	var own strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "faqbot_") {
			own.WriteString(line)
		}
	}
	return own.String()
}

func TestServeForOperators(t *testing.T) {
	t.Parallel()
	s := serve(t, withFive(t), nil)
	c := newTab(t, s.url, "", false)
	c.ask("怎么办理宽带", bot.KindAnswer)
	for _, address := range []string{s.url, s.admin} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if code, body := get(t, address+path); code != http.StatusOK {
				t.Errorf("%s: %d %s", path, code, body)
			}
		}
	}
	metrics := ownMetrics(t, s)
	for _, want := range []string{
		`faqbot_turns_total{channel="web",decision="answer",kind="text"} 1`, "faqbot_webchat_connections 1",
		"faqbot_knowledge_entries 5", `faqbot_turn_seconds_count{channel="web"} 1`, `faqbot_webchat_frames_total{kind="send"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("%q is not in the metrics:\n%s", want, metrics)
		}
	}
	if code, _ := get(t, s.url+"/metrics"); code != http.StatusNotFound {
		t.Errorf("customers see /metrics: %d", code)
	}
	if code, _ := get(t, s.url+"/debug/pprof/"); code != http.StatusNotFound {
		t.Errorf("customers see /debug/pprof/: %d", code)
	}
}

func TestServeWithoutAdmin(t *testing.T) {
	t.Parallel()
	s := serve(t, withFive(t), map[string]string{"FAQBOT_ADMIN_LISTEN": "off"})
	if strings.Contains(s.out.String(), "metrics") {
		t.Errorf("it says\n%s", s.out)
	}
	if code, _ := get(t, s.url+"/readyz"); code != http.StatusOK {
		t.Errorf("/readyz: %d", code)
	}
}

// The program answers before and after it can serve: it is alive, but not ready.
func TestFrontWhileStartingAndStopping(t *testing.T) {
	f, err := openFront("127.0.0.1:0", "127.0.0.1:0", zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	notYet := func(when string) {
		t.Helper()
		for _, address := range []string{f.url(), f.adminURL()} {
			if code, _ := get(t, address+"/readyz"); code != http.StatusServiceUnavailable {
				t.Errorf("%s: /readyz: %d", when, code)
			}
			if code, _ := get(t, address+"/healthz"); code != http.StatusOK {
				t.Errorf("%s: /healthz: %d", when, code)
			}
		}
		if code, body := get(t, f.url()+"/", "Accept", "text/html,*/*"); code != http.StatusServiceUnavailable || !strings.Contains(body, "正在启动") {
			t.Errorf("%s: a browser gets %d %s", when, code, body)
		}
		var told struct{ Error struct{ Code int } }
		code, body := get(t, f.url()+"/chat/session")
		if err := json.Unmarshal([]byte(body), &told); err != nil || code != http.StatusServiceUnavailable || told.Error.Code != 5030 {
			t.Errorf("%s: a client gets %d %s %v", when, code, body, err)
		}
	}
	notYet("starting")
	f.ready(http.NotFoundHandler())
	for _, address := range []string{f.url(), f.adminURL()} {
		if code, _ := get(t, address+"/readyz"); code != http.StatusOK {
			t.Errorf("/readyz: %d", code)
		}
	}
	if err := f.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	notYet("stopping")
}

// refused runs the server, which must not start, and returns what it says.
func refused(t *testing.T, db string, settings map[string]string, code int) string {
	t.Helper()
	s := launch(t, db, settings)
	if got := s.exitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	if s.out.String() != "" {
		t.Errorf("it prints %q", s.out)
	}
	return s.log.String()
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in %q", word, text)
		}
	}
}

func TestServePortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, key := range []string{"listen", "admin.listen"} {
		env := "FAQBOT_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		text := refused(t, newDB(t), map[string]string{env: taken.Addr().String()}, exitUsage)
		wantWords(t, text, "faqbot: ", "配置项 "+key, taken.Addr().String(), "被别的程序占用")
	}
}

// What a newer program has written is left alone.
func TestServeNewerSchema(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"kb_schema", "bot_schema"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			path := withFive(t)
			serve(t, path, nil).stop()
			db, _, err := database.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), `INSERT INTO `+table+` (version_id, is_applied) VALUES (90000, TRUE)`); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			wantWords(t, refused(t, path, nil, exitFailure), "更新版本的 faqbot")
		})
	}
}

func TestServeRules(t *testing.T) {
	t.Parallel()
	rules := fileOf(t, "rules.yaml", "texts:\n  refusal: 这个我真不知道。\nhandoff:\n  misses: 3\nsurvey:\n  enabled: false\n")
	s := serve(t, withFive(t), map[string]string{"FAQBOT_CHAT_RULES": rules})
	c := newTab(t, s.url, "", true)
	if r := c.ask(nonsense, bot.KindRefusal)[0]; r.Text != "这个我真不知道。" {
		t.Errorf("the refusal is %q", r.Text)
	}
	c.ask("火星上能不能种土豆", bot.KindRefusal)
	c.ask("木星上能不能种西瓜", bot.KindLeaveForm)
	c.do(outgoing{Kind: bot.KindClose}, bot.KindClosed)
}

func TestServeBadRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "handoff:\n  order: [words]\n  mises: 3\n", "mises"},
		{"unknown text", "texts:\n  welcom: 你好\n", "texts.welcom"},
		{"not YAML", "texts: [\n", "line"},
		{"wrong type", "handoff:\n  misses: 两次\n", "line 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := fileOf(t, "bad.yaml", tt.text)
			db := newDB(t)
			wantWords(t, refused(t, db, map[string]string{"FAQBOT_CHAT_RULES": path}, exitUsage), path, "对话规则", tt.want)
			if _, err := os.Stat(db); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it made a database: %v", err)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	wantWords(t, refused(t, newDB(t), map[string]string{"FAQBOT_CHAT_RULES": missing}, exitUsage), "chat.rules", "missing.yaml")
}

// Only a database that nobody ever wrote to gets the sample.
func TestServeFirstRun(t *testing.T) {
	t.Parallel()
	t.Run("new", func(t *testing.T) {
		t.Parallel()
		db := newDB(t)
		s := serve(t, db, nil)
		wantWords(t, s.out.String(), "faqbot 已就绪", s.url+"/", "内置示例")
		newTab(t, s.url, "", true).ask("热水器打不着火怎么办", bot.KindAnswer)
		before := gauge(t, s, "faqbot_knowledge_entries")
		s.stop()
		s = serve(t, db, nil, "--sample", "telecom")
		if again := gauge(t, s, "faqbot_knowledge_entries"); again != before || strings.Contains(s.out.String(), "内置示例") {
			t.Errorf("%s entries at first, %s the second time\n%s", before, again, s.out)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		s := serve(t, newDB(t), nil, "--sample", "none")
		if n := gauge(t, s, "faqbot_knowledge_entries"); n != "0" {
			t.Errorf("%s entries", n)
		}
		newTab(t, s.url, "", true).ask("热水器打不着火怎么办", bot.KindRefusal)
	})
	t.Run("emptied", func(t *testing.T) {
		t.Parallel()
		db := newDB(t)
		empty(t, db)
		s := serve(t, db, nil)
		if n := gauge(t, s, "faqbot_knowledge_entries"); n != "0" {
			t.Errorf("the knowledge that an editor deleted is back: %s entries", n)
		}
	})
	t.Run("unknown sample", func(t *testing.T) {
		t.Parallel()
		s := launch(t, newDB(t), nil, "--sample", "bakery")
		if code := s.exitCode(); code != exitUsage {
			t.Errorf("exit code %d", code)
		}
		wantWords(t, s.log.String(), "bakery", "gas")
	})
}

// empty makes a knowledge base that had an entry.
func empty(t *testing.T, path string) {
	t.Helper()
	base, err := openBase(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer base.close()
	e, err := base.Save(t.Context(), knowledge.Entry{Question: "几点关门", Answers: []knowledge.Answer{{Texts: []string{"九点。"}}}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := base.Delete(t.Context(), knowledge.Ref{ID: e.ID, Version: e.Version}, "test"); err != nil {
		t.Fatal(err)
	}
}

// The log names what happened and where, and nothing that people wrote or that
// opens a door.
func TestServeLogsNothingPersonal(t *testing.T) {
	t.Parallel()
	s := serve(t, withFive(t), nil)
	c := &tab{t: t, name: "clientid", words: map[string]string{
		"name": "姓名甲乙", "page": "https://shop.example/secret-page?q=秘密", "title": "标题丙丁", "referrer": "https://referrer.example/戊己",
	}}
	for _, plain := range []bool{false, true} {
		c.plain = plain
		c.enter(s.url)
		c.ask("怎么办理宽带", bot.KindAnswer)
		c.ask("秘密问题"+nonsense, bot.KindRefusal)
		c.do(outgoing{Kind: bot.KindLeave, Text: "留言正文庚辛", Name: "留名壬癸", Contact: "13911112222"}, bot.KindNotice)
		// What is refused is logged too, if anything.
		c.send(outgoing{Kind: bot.KindLeave, Text: "留言正文庚辛", Name: strings.Repeat("名", 60)})
		if f := c.next(); f.Code != 4003 {
			t.Errorf("a name of 60 characters: %+v", f)
		}
	}
	s.stopWith(c)
	log := s.log.String()
	for _, secret := range []string{
		"怎么办理宽带", "带身份证", "秘密", "量子", "姓名甲乙", "secret-page", "标题丙丁", "戊己", "referrer.example", "庚辛", "壬癸", "13911112222",
		"名名名", c.token, c.ticket, c.ticket[:40],
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
	for _, want := range []string{`"request":"`, `"conversation":"` + c.conversation} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
}

// Metrics must not grow with what visitors write.
func TestServeMetricsHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	s := serve(t, withFive(t), nil)
	c := newTab(t, s.url, "", false)
	c.ask(nonsense+"秘密", bot.KindRefusal)
	c.write(map[string]string{"t": "invented-kind"})
	if f := c.next(); f.Code != 4001 {
		t.Errorf("an unknown kind of frame: %+v", f)
	}
	metrics := ownMetrics(t, s)
	for _, secret := range []string{"秘密", "量子", "invented-kind", c.conversation, c.token} {
		if strings.Contains(metrics, secret) {
			t.Errorf("%q is in the metrics:\n%s", secret, metrics)
		}
	}
}

// Sockets are told to come back, and the server ends soon although they are
// slow to go.
func TestServeStopsWithSocketsOpen(t *testing.T) {
	t.Parallel()
	db := withFive(t)
	s := serve(t, db, nil)
	var tabs []*tab
	for range 5 {
		tabs = append(tabs, newTab(t, s.url, "", false))
	}
	begin := time.Now()
	codes := s.stopWith(tabs...)
	if took := time.Since(begin); took > shutdownTime {
		t.Errorf("stopping took %v", took)
	}
	for _, code := range codes {
		if code != websocket.CloseGoingAway {
			t.Errorf("a socket was closed with %d", code)
		}
	}
}
