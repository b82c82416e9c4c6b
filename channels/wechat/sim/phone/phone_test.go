package phone_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faqbot/channels/wechat/sim"
	"faqbot/channels/wechat/sim/phone"
)

const patience = 30 * time.Second

// bench is a phone, and us as its account's callback, who answer with nothing.
type bench struct {
	t       *testing.T
	ctx     context.Context
	account *sim.Account
	url, us string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.URL.Query().Get("echostr"))
	}))
	t.Cleanup(us.Close)
	account, err := sim.New(sim.Config{}).Add(sim.AccountConfig{AppID: "wx1", Secret: "secret", Token: "token", Callback: us.URL})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(phone.New(account))
	t.Cleanup(server.Close)
	return &bench{t, ctx, account, server.URL, us.URL}
}

// do sends a request and returns the status, the headers and the body.
func (b *bench) do(method, path, kind, body string) (int, http.Header, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

func (b *bench) act(user, wish string) int {
	b.t.Helper()
	status, _, _ := b.do("POST", "/act?user="+user, "application/json", wish)
	return status
}

func TestPageHasNothingInline(t *testing.T) {
	b := newBench(t)
	status, header, page := b.do("GET", "/", "", "")
	if policy := header.Get("Content-Security-Policy"); status != http.StatusOK || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("status %d, policy %q", status, policy)
	}
	for _, inline := range []string{"<style", " style=", " onclick=", "javascript:", "<script>"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page has %q", inline)
		}
	}
	for name, kind := range map[string]string{"phone.js": "text/javascript; charset=utf-8", "phone.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		if status, header, _ := b.do("GET", "/assets/"+name, "", ""); status != http.StatusOK || header.Get("Content-Type") != kind {
			t.Errorf("%s: %d, %s", name, status, header.Get("Content-Type"))
		}
	}
	if status, _, _ := b.do("GET", "/assets/nothing", "", ""); status != http.StatusNotFound {
		t.Errorf("no such file: %d", status)
	}
}

func TestActs(t *testing.T) {
	b := newBench(t)
	for _, step := range []struct {
		wish string
		want int
	}{
		{`{"act":"say","text":"在吗"}`, 409}, {`{"act":"again"}`, 409}, {`{"act":"follow","key":"desk"}`, 200}, {`{"act":"say","text":"在吗"}`, 200},
		{`{"act":"tap","id":"1","text":"好"}`, 200}, {`{"act":"voice"}`, 200}, {`{"act":"location","x":1,"y":2,"text":"家"}`, 200},
		{`{"act":"link","title":"一","url":"https://example.com"}`, 200}, {`{"act":"unknown","key":"hologram"}`, 200}, {`{"act":"scan","key":"42"}`, 200},
		{`{"act":"click","key":"K"}`, 200}, {`{"act":"view","url":"https://example.com"}`, 200}, {`{"act":"again"}`, 200},
		{`{"act":"inject","api":"/cgi-bin/menu/get","code":-1}`, 200}, {`{"act":"dance"}`, 500}, {`{`, 400}, {`{"act":"unfollow"}`, 200}, {`{"act":"unfollow"}`, 409},
	} {
		if status := b.act("o-1", step.wish); status != step.want {
			t.Errorf("%s: %d, want %d", step.wish, status, step.want)
		}
	}
	if n := len(b.account.Exchanges()); n != 12 {
		t.Errorf("%d callbacks", n)
	}
	if n := len(b.account.User("o-1").Shown()); n != 6 {
		t.Errorf("%d things on the screen", n)
	}
}

// What a form of another site can send is refused.
func TestForeignForms(t *testing.T) {
	b := newBench(t)
	b.account.Follower("o-1")
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
		for _, path := range []string{"/act", "/account", "/picture"} {
			if status, _, _ := b.do("POST", path+"?user=o-1", kind, `{"act":"say","text":"在吗"}`); status != http.StatusBadRequest {
				t.Errorf("%s as %q: %d", path, kind, status)
			}
		}
	}
	if n := len(b.account.Exchanges()); n != 0 {
		t.Errorf("%d callbacks", n)
	}
}

func TestPictures(t *testing.T) {
	b := newBench(t)
	u := b.account.Follower("o-1")
	picture := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100)
	if status, _, _ := b.do("POST", "/picture?user=o-1", "image/png", picture); status != http.StatusOK {
		t.Fatalf("a picture: %d", status)
	}
	for name, body := range map[string]string{"a text": "hello", "too much": picture + strings.Repeat("x", 10<<20)} {
		if status, _, _ := b.do("POST", "/picture?user=o-1", "image/png", body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, header, body := b.do("GET", "/media/"+u.Shown()[0].MediaID, "", ""); status != http.StatusOK || body != picture || header.Get("Content-Type") != "image/png" {
		t.Errorf("fetched: %d, %s, %d bytes", status, header.Get("Content-Type"), len(body))
	}
	if _, err := u.SendVoice(b.ctx, ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{u.Shown()[1].MediaID, "nothing"} {
		if status, _, _ := b.do("GET", "/media/"+id, "", ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", id, status)
		}
	}
}

func TestConfigure(t *testing.T) {
	b := newBench(t)
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	t.Cleanup(wrong.Close)
	for _, step := range []struct {
		callback, mode string
		want           int
	}{
		{wrong.URL, "plain", 400}, {"ftp://example.com", "plain", 400}, {"", "plain", 400}, {b.us, "safe", 400}, {b.us + "/new", "plain", 200},
	} {
		before := b.account.Config()
		body, err := json.Marshal(map[string]string{"callback": step.callback, "mode": step.mode, "kind": "sandbox"})
		if err != nil {
			t.Fatal(err)
		}
		status, _, text := b.do("POST", "/account", "application/json", string(body))
		after := b.account.Config()
		if status != step.want || (after == before) != (step.want != 200) {
			t.Errorf("%q in %s: %d %s\n%+v", step.callback, step.mode, status, text, after)
		}
	}
	if c := b.account.Config(); c.Callback != b.us+"/new" || c.Kind != sim.Sandbox {
		t.Errorf("in force: %+v", c)
	}
}

// event is what the test reads of a view.
type event struct {
	User struct {
		Following bool
		Quota     sim.Quota
	}
	Users     []string
	Shown     []sim.Shown
	Exchanges []struct {
		Raw  string
		Over bool
	}
	From struct{ Shown, Exchanges int }
}

func TestEvents(t *testing.T) {
	b := newBench(t)
	b.account.Follower("o-2")
	r, err := http.NewRequestWithContext(b.ctx, "GET", b.url+"/events?user=o-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	// until reads events until one is as wanted; it puts together what was shown.
	var shown []sim.Shown
	until := func(what string, wanted func(event) bool) event {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			text, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				continue
			}
			var e event
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			if e.From.Shown != len(shown) {
				t.Fatalf("%s: from %d, have %d", what, e.From.Shown, len(shown))
			}
			shown = append(shown, e.Shown...)
			if wanted(e) {
				return e
			}
		}
	}
	until("the first", func(e event) bool { return !e.User.Following && len(e.Users) == 2 })
	b.act("o-1", `{"act":"follow"}`)
	until("followed", func(e event) bool {
		return e.User.Following && e.User.Quota.Of == 3 && len(e.Exchanges) == 1 && e.Exchanges[0].Over
	})
	if _, err := b.account.User("o-2").Say(b.ctx, "别人的"); err != nil {
		t.Fatal(err)
	}
	b.act("o-1", `{"act":"say","text":"在吗"}`)
	e := until("said", func(e event) bool { return e.User.Quota.Of == 5 && len(e.Exchanges) == 1 && e.Exchanges[0].Over })
	if e.From.Exchanges != 1 || !strings.Contains(e.Exchanges[0].Raw, "在吗") || len(shown) != 1 || shown[0].Text != "在吗" {
		t.Errorf("shown %+v, event %+v", shown, e)
	}
}
