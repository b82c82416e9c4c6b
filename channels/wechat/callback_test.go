package wechat_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"faqbot/bot"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/envelope"
)

// TestWT1Signature refuses what the platform did not sign, and stores nothing.
func TestWT1Signature(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	body := string(envelope.Build(m))
	for name, change := range map[string]func(url.Values){
		"none":        func(q url.Values) { q.Del("signature") },
		"wrong":       func(q url.Values) { q.Set("signature", strings.Repeat("0", 40)) },
		"other nonce": func(q url.Values) { q.Set("nonce", "124") },
		"no time":     func(q url.Values) { q.Del("timestamp") },
	} {
		query := s.query(s.now())
		change(query)
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			if w := s.do(s.Channel, method, query, body); w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", name, method, w.Code)
			}
		}
	}
	if n := s.rows(); n != 0 || s.engine.turns != 0 {
		t.Errorf("%d rows and %d turns", n, s.engine.turns)
	}
	if _, err := s.store.Callback(t.Context(), "shop", m.Key()); err == nil {
		t.Error("the callback was stored")
	}
}

func TestUnknownAccount(t *testing.T) {
	s := newStage(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/wechat/other?"+s.query(s.now()).Encode(), nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
	if w := s.do(s.Channel, http.MethodPut, s.query(s.now()), ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: status %d", w.Code)
	}
}

// TestWT2Echo sends the word of the platform back, and nothing else.
func TestWT2Echo(t *testing.T) {
	s := newStage(t, nil)
	query := s.query(s.now())
	query.Set("echostr", "<b>5921</b>")
	w := s.do(s.Channel, http.MethodGet, query, "")
	if w.Code != http.StatusOK || w.Body.String() != "<b>5921</b>" {
		t.Errorf("status %d, %q", w.Code, w.Body)
	}
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", w.Header())
	}
}

// sealed returns the address and body of a callback in safe mode, for an AppID.
func (s *stage) sealed(raw []byte, app string) (url.Values, string) {
	s.Helper()
	text, err := util.EncryptMsg([]byte("0123456789abcdef"), raw, app, aesKey)
	if err != nil {
		s.Fatal(err)
	}
	query := s.query(s.now())
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", envelope.Keys{Token: token}.Sign(query.Get("timestamp"), query.Get("nonce"), string(text)))
	return query, "<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[" + string(text) + "]]></Encrypt></xml>"
}

func safe(a *wechat.Account) { a.Mode, a.AESKey = wechat.Safe, aesKey }

// TestSafeMode seals what it answers, and takes only what is sealed.
func TestSafeMode(t *testing.T) {
	s := newStage(t, safe)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	query, body := s.sealed(envelope.Build(m), appID)
	w := s.do(s.Channel, http.MethodPost, query, body)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<Encrypt>") || strings.Contains(w.Body.String(), "发票") {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if w := s.post(m); w.Code != http.StatusForbidden {
		t.Errorf("in the open: status %d", w.Code)
	}
	query.Set("msg_signature", strings.Repeat("0", 40))
	if w := s.do(s.Channel, http.MethodPost, query, body); w.Code != http.StatusForbidden {
		t.Errorf("wrong msg_signature: status %d", w.Code)
	}
	if got := len(s.said("ann", bot.KindText)); got != 1 {
		t.Errorf("%d turns", got)
	}
}

// TestWT4AppID refuses what was sealed for another account, and tells the
// administrator.
func TestWT4AppID(t *testing.T) {
	s := newStage(t, safe)
	query, body := s.sealed(envelope.Build(s.message("ann", "text")), "wxother")
	if w := s.do(s.Channel, http.MethodPost, query, body); w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	failures, err := s.store.Failures(t.Context(), "shop", 10)
	if err != nil || len(failures) != 1 || s.rows() != 0 {
		t.Errorf("failures %+v, %v, %d rows", failures, err, s.rows())
	}
}

// TestWT5Once answers three attempts at once the same, by one turn.
func TestWT5Once(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	bodies := make([]string, 3)
	var all sync.WaitGroup
	for i := range bodies {
		all.Go(func() { bodies[i] = s.post(m).Body.String() })
	}
	all.Wait()
	for _, body := range bodies {
		has(t, body, "在订单页点开发票。")
		if body != bodies[0] {
			t.Errorf("answers differ: %q, %q", body, bodies[0])
		}
	}
	if again := s.post(m).Body.String(); again != bodies[0] {
		t.Errorf("a retry is answered %q", again)
	}
	if got := s.said("ann", bot.KindText); len(got) != 1 {
		t.Errorf("turns %q", got)
	}
	s.pass(10 * time.Second)
	if sent := s.api.sent(); len(sent) != 0 {
		t.Errorf("sent besides: %+v", sent)
	}
}

// TestTwoNodes answers attempts at two nodes by one turn.
func TestTwoNodes(t *testing.T) {
	s := newStage(t, nil)
	nodes := []*wechat.Channel{s.Channel, s.newChannel()}
	for n := range 20 {
		m := s.message(fmt.Sprint("ann", n), "text")
		m.Content = "怎么开发票"
		bodies := make([]string, 4)
		var all sync.WaitGroup
		for i := range bodies {
			all.Go(func() {
				bodies[i] = s.do(nodes[i%2], http.MethodPost, s.query(s.now()), string(envelope.Build(m))).Body.String()
			})
		}
		all.Wait()
		for _, body := range bodies {
			has(t, body, "在订单页点开发票。")
		}
		if got := s.said(m.From, bot.KindText); len(got) != 1 {
			t.Errorf("turns %q", got)
		}
	}
	s.pass(10 * time.Second)
	if sent := s.api.sent(); len(sent) != 0 {
		t.Errorf("sent besides: %+v", sent)
	}
}

// TestWT6SameID answers two followers whose messages have the same id.
func TestWT6SameID(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	has(t, replied(t, s.post(m)), "在订单页")
	m.From = "bob"
	has(t, replied(t, s.post(m)), "在订单页")
	if a, b := s.said("ann", bot.KindText), s.said("bob", bot.KindText); len(a) != 1 || len(b) != 1 {
		t.Errorf("turns %q, %q", a, b)
	}
}

// TestWT7EventOnce does an event once that comes twice.
func TestWT7EventOnce(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) {
		a.Events = []wechat.EventRule{{On: wechat.OnClick, Key: "invoice", Do: wechat.DoQuestion, Text: "怎么开发票"}}
	})
	first := s.event("ann", "CLICK", "invoice")
	has(t, first, "在订单页")
	if again := s.event("ann", "CLICK", "invoice"); again != first {
		t.Errorf("again: %q", again)
	}
	if got := s.said("ann", bot.KindText); len(got) != 1 {
		t.Errorf("turns %q", got)
	}
	s.clock.move(time.Second)
	s.event("ann", "CLICK", "invoice")
	if got := s.said("ann", bot.KindText); len(got) != 2 {
		t.Errorf("a second later: turns %q", got)
	}
}

// TestWT16Malformed keeps what cannot be understood, and asks for no more of it.
func TestWT16Malformed(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><xml><FromUserName>&b;</FromUserName></xml>`
	for name, body := range map[string]string{
		"empty": "", "no XML": "{}", "cut": "<xml><ToUserName>gh</ToUserName>", "a bomb": bomb,
		"large": "<xml>" + strings.Repeat("x", 10<<20), "zeros": "\x00\x00\x00",
		"no sender": "<xml><MsgType>text</MsgType><CreateTime>1</CreateTime></xml>",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			w := s.do(s.Channel, http.MethodPost, s.query(s.now()), body)
			if w.Code != http.StatusOK || w.Body.String() != "success" {
				t.Errorf("status %d, %q", w.Code, w.Body)
			}
			broken, err := s.store.BrokenCallbacks(t.Context(), "shop", s.now().Add(time.Second), 9)
			if err != nil || len(broken) != 1 || broken[0].Reason == "" || strings.Contains(broken[0].Reason, "malformed") {
				t.Fatalf("broken %+v, %v", broken, err)
			}
			if raw := string(broken[0].Raw); len(raw) > 64<<10 || !strings.HasPrefix(body, raw) {
				t.Errorf("kept %d bytes", len(raw))
			}
		})
	}
}

// TestWT16Repaired understands what XML forbids but people send.
func TestWT16Repaired(t *testing.T) {
	for name, content := range map[string]string{
		"control characters": "怎么\u000b开发票", "not UTF-8": "怎么开发票\xff\xfe", "half a surrogate": "怎么开发票&#xD83D;",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			body := fmt.Sprintf("<xml><ToUserName>gh</ToUserName><FromUserName>ann</FromUserName><CreateTime>%d</CreateTime>"+
				"<MsgType>text</MsgType><Content>%s</Content><MsgId>1</MsgId></xml>", s.now().Unix(), content)
			has(t, replied(t, s.do(s.Channel, http.MethodPost, s.query(s.now()), body)), "在订单页")
		})
	}
}

// TestWT17Stale refuses what is old, and does nothing twice.
func TestWT17Stale(t *testing.T) {
	s := newStage(t, nil)
	m := s.message("ann", "text")
	m.Content = "怎么开发票"
	body := string(envelope.Build(m))
	for _, age := range []time.Duration{10*time.Minute + time.Second, -11 * time.Minute} {
		if w := s.do(s.Channel, http.MethodPost, s.query(s.now().Add(-age)), body); w.Code != http.StatusForbidden {
			t.Errorf("%v old: status %d", age, w.Code)
		}
	}
	if failures, err := s.store.Failures(t.Context(), "shop", 9); err != nil || len(failures) != 1 || !strings.Contains(failures[0].Text, "时钟") || s.rows() != 0 {
		t.Errorf("failures %+v, %v, %d rows", failures, err, s.rows())
	}
	query := s.query(s.now())
	first := s.do(s.Channel, http.MethodPost, query, body).Body.String()
	s.clock.move(9 * time.Minute)
	if again := s.do(s.Channel, http.MethodPost, query, body).Body.String(); again != first {
		t.Errorf("again: %q", again)
	}
	if got := s.said("ann", bot.KindText); len(got) != 1 {
		t.Errorf("turns %q", got)
	}
}

// TestDisabled answers nothing.
func TestDisabled(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Disabled = true })
	if got := s.say("ann", "怎么开发票"); got != "" {
		t.Errorf("answered %q", got)
	}
	if s.engine.turns != 0 {
		t.Error("there was a turn")
	}
}
