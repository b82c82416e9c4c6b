package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"faqbot/bot"
	"faqbot/knowledge/kbtest/pgtest"
)

// What visitors say of themselves and write, what colleagues are called, and what
// stands in customer cards, notes and quick replies is shown at the desk, and
// never runs.
func testXSSAtDesk(t *testing.T, s *stage) {
	const some = `"><img src=x onerror=__xss(1)><script>__xss(2)</script>{{constructor.constructor('__xss(3)')()}}`
	p := s.start(t, knowledgeOf(t, shop), "FAQBOT_LIMITS_NETWORK=0")
	admin := firstAdmin(t, p.url, p.out)
	li := admin.hire("li", "李"+some[:30], "agent").online()
	visitor := newTab(t, p.url, "", false)
	visitor.words = map[string]string{"name": some, "title": some, "page": "https://shop.example/?" + some, "referrer": some}
	visitor.enter(p.url)
	visitor.send(outgoing{Kind: bot.KindHandoff})
	visitor.until(bot.KindQueued)
	talk := "/desk/conversations/" + visitor.conversation
	li.do(http.MethodPost, talk+"/accept", map[string]string{}, nil)
	texts := numberedPayloads()
	const atOnce = 8 // what one visitor may send at once
	for i, text := range texts[:atOnce] {
		visitor.send(outgoing{Kind: bot.KindText, Text: text})
		visitor.await("ack")
		li.say(visitor.conversation, texts[len(texts)-1-i])
	}
	li.do(http.MethodPut, talk+"/customer", map[string]any{
		"fields": map[string]string{"name": some, "address": some, "requests": some}, "tags": []string{some[:29]}, "level": 1, "updated_at": 0,
	}, nil)
	li.do(http.MethodPost, talk+"/notes", map[string]string{"text": some}, nil)
	li.do(http.MethodPost, talk+"/remarks", map[string]string{"kind": "note", "text": some}, nil)
	li.do(http.MethodPost, "/desk/phrases", map[string]any{"id": "", "shared": false, "folder": some[:20], "shortcut": "x", "text": some, "position": 0}, nil)

	w := signIn(t, s, p, li, 1440, 900)
	w.tapWhere(".row", "")
	w.wait("the talk", `(text) => (document.querySelector('.talk')?.textContent ?? '').includes(text)`, texts[atOnce-1])
	shown := strings.Join(strings.Fields(w.eval(w.chat, `() => document.querySelector('.talk').textContent`)), " ")
	for _, text := range append(append([]string(nil), texts[:atOnce]...), texts[len(texts)-atOnce:]...) {
		if !strings.Contains(shown, strings.Join(strings.Fields(text), " ")) {
			t.Errorf("%q is not shown as it is", text)
		}
	}
	for _, tab := range []string{"知识", "客户", "常用语", "访客", "建议"} {
		w.tapWhere("[role=tab]", tab)
		w.untrapped()
	}
	w.reply("/")
	w.flawless()
	w.shoot("desk-xss")
}

// TestServeDeskInjection sends what databases and parsers stumble over to every
// operation that reads, with the real stores behind it: nothing breaks, and
// nothing is found that was not asked for.
func TestServeDeskInjection(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		testDeskInjection(t, knowledgeOf(t, shop))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		dsn := pgtest.DSN(t)
		ok(t, "import", "--db", dsn, fileOf(t, "kb.jsonl", shop))
		testDeskInjection(t, dsn)
	})
}

func testDeskInjection(t *testing.T, db string) {
	s := serve(t, db, map[string]string{"FAQBOT_LIMITS_NETWORK": "0"})
	admin := s.firstAdmin()
	boss := admin.hire("boss", "班长", "supervisor", "auditor", "admin")
	visitor := newTab(t, s.url, "", true)
	visitor.ask("怎么开发票", bot.KindAnswer)
	nasty := []string{
		`' OR '1'='1`, `'; DROP TABLE bot_message; --`, `" OR ""="`, `1 UNION SELECT 1`, `%27`, `%`, `_`, `\`, "\x00", "\xff", `$1`, `?`, `{"$ne":1}`,
		`+field:x -y*~^`, `../../etc/passwd`, strings.Repeat("长", 3000), `９９`, "\u202e", `-1`, `9223372036854775808`, `1e309`, `NaN`,
	}
	for _, path := range []string{
		"/desk/conversations?scope=%s", "/desk/conversations?scope=mine&before=%s", "/desk/conversations/%s", "/desk/conversations/%s/messages",
		"/desk/conversations/%s/advice?text=x", "/desk/conversations/" + visitor.conversation + "/messages?seq=%s",
		"/desk/conversations/" + visitor.conversation + "/messages?of=%s", "/desk/conversations/" + visitor.conversation + "/advice?text=%s",
		"/desk/conversations/" + visitor.conversation + "/files/%s", "/desk/knowledge?text=%s", "/desk/knowledge?category=%s",
		"/desk/presence-log?agent=%s", "/desk/presence-log?agent=x&since=%s", "/audit?account=%s", "/audit?what=%s", "/audit?object=%s", "/audit?before=%s",
	} {
		for _, text := range nasty {
			status, body := boss.try(http.MethodGet, fmt.Sprintf(path, escaped(text)), nil, nil)
			if status >= 500 || strings.Contains(strings.ToLower(body), "sql") || status == 200 && !json.Valid([]byte(body)) {
				t.Errorf("%s with %.40q: %d %.200s", path, text, status, body)
			}
			var found struct{ Items []listed }
			if status == 200 && json.Unmarshal([]byte(body), &found) == nil && len(found.Items) > 0 {
				t.Errorf("%s with %.40q finds %+v", path, text, found.Items)
			}
		}
	}
	visitor.ask("怎么开发票", bot.KindAnswer) // the tables are there
}

// escaped is a text as it goes into an address.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
