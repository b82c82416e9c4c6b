package console_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/zap"

	"faqbot/bot/staff"
	"faqbot/channels/console"
	"faqbot/channels/console/ui"
	"faqbot/channels/httpapi"
)

func TestNewRefuses(t *testing.T) {
	good := func() console.Config {
		return console.Config{Staff: newFake(), Files: fstest.MapFS{"index.html": {}}}
	}
	for name, spoil := range map[string]func(*console.Config){
		"no staff":   func(c *console.Config) { c.Staff = nil },
		"no files":   func(c *console.Config) { c.Files = nil },
		"no index":   func(c *console.Config) { c.Files = fstest.MapFS{} },
		"bad origin": func(c *console.Config) { c.Origins = []string{"help.example"} },
	} {
		config := good()
		spoil(&config)
		if _, err := console.New(config, zap.NewNop()); err == nil {
			t.Errorf("%s: is taken", name)
		}
	}
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	first := s.ask("POST", "/console/api/session", "secret-agent", `{"name":"agent","password":"agent"}`)
	me := decode[console.Me](t, first)
	if first.Code != 200 || me.Account.Name != "agent" || !slices.Contains(me.Rights, staff.ServeDesk) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	cookie := first.Result().Cookies()[0]
	if cookie.Name != "__Host-faqbot" || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("cookie %s", cookie)
	}
	again := s.ask("POST", "/console/api/session", cookie.Value, `{"name":"agent","password":"agent"}`)
	if fresh := again.Result().Cookies()[0]; fresh.Value == cookie.Value || cookie.Value == "secret-agent" {
		t.Error("signing in keeps the session of before")
	}
	if strings.Contains(first.Body.String(), cookie.Value) {
		t.Error("the secret is in the body")
	}
	if s.staff.from != (staff.Origin{Network: "203.0.113.5", Browser: "Test/1"}) {
		t.Errorf("from %+v", s.staff.from)
	}
	if w := s.ask("GET", "/console/api/me", cookie.Value, ""); w.Code != 200 || me.CSRF == "" || decode[console.Me](t, w).CSRF != me.CSRF {
		t.Errorf("me: %d, and the token was %q: %s", w.Code, me.CSRF, w.Body)
	}
	out := s.ask("DELETE", "/console/api/session", cookie.Value, "")
	if gone := out.Result().Cookies()[0]; out.Code != 204 || gone.MaxAge >= 0 || gone.Name != "__Host-faqbot" {
		t.Errorf("sign-out: %d %v", out.Code, gone)
	}
}

// TestPlainCookie: for trying out without https there is another cookie, which
// counts nowhere else.
func TestPlainCookie(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Secure = false })
	cookie := s.ask("POST", "/console/api/session", "", `{"name":"agent","password":"agent"}`).Result().Cookies()[0]
	if cookie.Name != "faqbot" || cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %s", cookie)
	}
	with := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "faqbot", Value: "secret-agent"}) }
	if w := s.ask("GET", "/console/api/me", "", "", with); w.Code != 200 {
		t.Errorf("plain: %d", w.Code)
	}
	if w := newSite(t).ask("GET", "/console/api/me", "", "", with); w.Code != 401 {
		t.Errorf("the plain cookie counts where only the other is set: %d", w.Code)
	}
}

// TestRefusals are the failures people see: their status, code and field.
func TestRefusals(t *testing.T) {
	s := newSite(t)
	s.staff.join(staff.Account{Name: "careful", TOTP: true})
	const session, password, people = "/console/api/session", "/console/api/me/password", "/console/api/staff"
	for _, tt := range []struct {
		name, method, path, who, body string
		status                        int
		code, field                   string
	}{
		{"wrong password", "POST", session, "", `{"name":"agent","password":"x"}`, 401, "credentials", ""},
		{"unknown name", "POST", session, "", `{"name":"nobody","password":"x"}`, 401, "credentials", ""},
		{"no code", "POST", session, "", `{"name":"careful","password":"careful"}`, 401, "code", ""},
		{"locked", "POST", session, "", `{"name":"locked","password":"x"}`, 429, "locked", ""},
		{"set up", "POST", "/console/api/setup", "", `{"token":"x","name":"n","nick":"n","password":"p"}`, 409, "set_up", ""},
		{"old password", "POST", password, "agent", `{"old":"x","new":"y"}`, 422, "invalid", "old"},
		{"code of enrolment", "POST", "/console/api/me/totp/confirm", "agent", `{"code":"1"}`, 422, "invalid", "code"},
		{"password of drop", "POST", "/console/api/me/totp/drop", "agent", `{"password":"1"}`, 422, "invalid", "password"},
		{"name taken", "POST", people, "admin", `{"name":"taken","nick":"x","roles":[],"extra":[]}`, 409, "taken", "name"},
		{"name empty", "POST", people, "admin", `{"name":"","nick":"x","roles":[],"extra":[]}`, 422, "invalid", "name"},
		{"unknown role", "POST", people, "admin", `{"name":"a","nick":"x","roles":["root"],"extra":[]}`, 422, "invalid", "roles[0]"},
		{"no such account", "PUT", people + "/id-gone", "admin", requests()["updateStaff"], 404, "not_found", ""},
		{"changed meanwhile", "PUT", people + "/id-conflict", "admin", requests()["updateStaff"], 409, "conflict", ""},
		{"no reason", "POST", "/console/api/audit/export", "auditor", `{"reason":""}`, 422, "invalid", "reason"},
		{"missing field", "POST", session, "", `{"name":"agent"}`, 422, "invalid", "password"},
		{"wrong type", "POST", session, "", `{"name":1,"password":"x"}`, 422, "invalid", "name"},
		{"too long", "POST", session, "", `{"name":"` + strings.Repeat("n", 101) + `","password":"x"}`, 422, "invalid", "name"},
		{"no JSON", "POST", session, "", `name=agent`, 400, "invalid", ""},
		{"no body", "POST", session, "", ``, 400, "invalid", ""},
		{"too large", "POST", session, "", `{"name":"` + strings.Repeat("n", 70_000) + `"}`, 413, "too_large", ""},
		{"unknown path", "GET", "/console/api/secrets", "admin", ``, 404, "not_found", ""},
		{"unknown method", "PATCH", "/console/api/me", "admin", ``, 404, "not_found", ""},
		{"bad number", "GET", "/console/api/audit?before=x", "auditor", ``, 422, "invalid", "before"},
	} {
		secret := ""
		if tt.who != "" {
			secret = "secret-" + tt.who
		}
		w := s.ask(tt.method, tt.path, secret, tt.body)
		p := problem(t, w)
		field := ""
		if len(p.Fields) > 0 {
			field = p.Fields[0].Name
		}
		if w.Code != tt.status || p.Code != tt.code || field != tt.field {
			t.Errorf("%s: %d %+v", tt.name, w.Code, p)
		}
		if !strings.ContainsFunc(p.Title, func(r rune) bool { return r > 0x4e00 }) {
			t.Errorf("%s: %q is not Chinese", tt.name, p.Title)
		}
	}
	if w := s.ask("POST", session, "", `{"name":"locked","password":"x"}`); w.Header().Get("Retry-After") != "90" || problem(t, w).RetryAfter != 90 {
		t.Errorf("locked for %s: %s", w.Header().Get("Retry-After"), w.Body)
	}
}

// TestUnknownFields: nothing that is not asked for is taken, on any operation
// with a body.
func TestUnknownFields(t *testing.T) {
	s := newSite(t)
	for _, op := range s.Operations() {
		body := requests()[op.ID]
		if body == "" || op.ID == "reportPolicy" {
			continue
		}
		who := "admin"
		if op.Right == staff.ReadAudit {
			who = "auditor"
		}
		before := len(s.staff.changes)
		more := strings.ReplaceAll(strings.Replace(body, "{", `{"übergriff":"<b>","roles_":["admin"],`, 1), "%", who)
		w := s.ask(op.Method, strings.ReplaceAll(op.Path, "{id}", "id-agent"), "secret-"+who, more)
		if w.Code != 422 || len(s.staff.changes) != before {
			t.Errorf("%s: %d %s", op.ID, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "bergriff") {
			t.Errorf("%s: the name of the field comes back: %s", op.ID, w.Body)
		}
	}
	if w := s.ask("GET", "/console/api/me?admin=true", "secret-agent", ""); w.Code != 422 || strings.Contains(w.Body.String(), "admin") {
		t.Errorf("unknown query: %d %s", w.Code, w.Body)
	}
}

// TestNothingLeaks: neither what was sent nor what broke comes back.
func TestNothingLeaks(t *testing.T) {
	s, official := officialSite(t)
	s.staff.fail, official.down = errBroken, errBroken
	for _, op := range s.Operations() {
		if op.ID == "reportPolicy" || op.ID == "me" || deskRights()[op.ID] != "" {
			continue
		}
		who := "admin"
		if op.Right == staff.ReadAudit {
			who = "auditor"
		}
		w := s.try(op, who, "secret-"+who)
		if op.ID == "signIn" || w.Code == 500 {
			if p := problem(t, w); p.Code != "broken" || strings.Contains(w.Body.String(), "relation") {
				t.Errorf("%s: %s", op.ID, w.Body)
			}
			continue
		}
		t.Errorf("%s: %d, want 500", op.ID, w.Code)
	}
	if n := s.logs.FilterMessage("operation failed").Len(); n < 10 {
		t.Errorf("%d failures are in the log", n)
	}
	s.staff.fail = nil
	const mark = "geheimnis-13800000000"
	for _, body := range []string{
		`{"name":"` + mark + `","password":"` + mark + `"}`, `{"name":{"` + mark + `":1},"password":"x"}`,
		`{"` + mark + `":1}`, mark, `{"name":"x","password":["` + mark + `"]}`,
	} {
		if w := s.ask("POST", "/console/api/session", "", body); strings.Contains(w.Body.String(), "geheim") {
			t.Errorf("%s comes back: %s", body, w.Body)
		}
	}
	for _, entry := range s.logs.All() {
		for _, field := range entry.Context {
			if strings.Contains(field.String, "geheim") || strings.Contains(field.String, "secret-") {
				t.Errorf("in the log: %s %s=%s", entry.Message, field.Key, field.String)
			}
		}
	}
}

// TestForgery: pages of other origins can make no browser change anything here.
func TestForgery(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Origins = []string{"https://other.example"} })
	form := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	site := func(v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", v) } }
	old := func(origin string) func(*http.Request) { // a browser that sends no Sec-Fetch-Site
		return func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", origin) }
	}
	for _, op := range s.Operations() {
		if op.Method == http.MethodGet {
			before := len(s.staff.changes)
			if s.try(op, "admin", "secret-admin"); len(s.staff.changes) != before {
				t.Errorf("GET %s changes something", op.Path)
			}
			continue
		}
		path := strings.ReplaceAll(op.Path, "{id}", "id-agent")
		body := strings.ReplaceAll(requests()[op.ID], "%", "admin")
		for name, forge := range map[string]func(*http.Request){
			"cross-site": site("cross-site"), "same-site": site("same-site"),
			"origin": old("https://evil.example"), "null": old("null"),
		} {
			before := len(s.staff.changes)
			w := s.ask(op.Method, path, "secret-admin", body, forge)
			if p := problem(t, w); w.Code != 403 || p.Code != "origin" || len(s.staff.changes) != before {
				t.Errorf("%s %s: %d %s", op.ID, name, w.Code, w.Body)
			}
		}
		if w := s.ask(op.Method, path, "secret-admin", body, form); w.Code != 415 && op.ID != "reportPolicy" && op.ID != "uploadFile" {
			t.Errorf("%s as a form: %d", op.ID, w.Code)
		}
	}
	trusted := func(r *http.Request) { site("cross-site")(r); r.Header.Set("Origin", "https://other.example") }
	if w := s.ask("POST", "/console/api/session", "", `{"name":"agent","password":"agent"}`, trusted); w.Code != 200 {
		t.Errorf("a trusted origin: %d", w.Code)
	}
}

// TestHeaders: every answer has the headers, whatever it is.
func TestHeaders(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		name  string
		w     *httptest.ResponseRecorder
		code  int
		cache string
	}{
		{"page", s.ask("GET", "/console/", "", ""), 200, "no-store"},
		{"deep page", s.ask("GET", "/console/audit", "", ""), 200, "no-store"},
		{"asset", s.ask("GET", "/console/assets/app-1a.js", "", ""), 200, "public, max-age=31536000, immutable"},
		{"no asset", s.ask("GET", "/console/assets/x.js", "", ""), 404, "no-store"},
		{"elsewhere", s.ask("GET", "/other", "", ""), 404, ""},
		{"without slash", s.ask("GET", "/console", "", ""), 308, ""},
		{"post to a page", s.ask("POST", "/console/", "", ""), 405, ""},
		{"success", s.ask("GET", "/console/api/me", "secret-agent", ""), 200, "no-store"},
		{"not signed in", s.ask("GET", "/console/api/me", "", ""), 401, "no-store"},
		{"forbidden", s.ask("GET", "/console/api/staff", "secret-agent", ""), 403, "no-store"},
		{"no operation", s.ask("GET", "/console/api/x", "", ""), 404, "no-store"},
		{"other origin", s.ask("POST", "/console/api/session", "", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }), 403, "no-store"},
		{"too large", s.ask("POST", "/console/api/session", "", strings.Repeat(" ", 70_000)), 413, "no-store"},
	} {
		h := tt.w.Header()
		csp := h.Get("Content-Security-Policy")
		if tt.w.Code != tt.code || tt.cache != "" && h.Get("Cache-Control") != tt.cache {
			t.Errorf("%s: %d, cache %q", tt.name, tt.w.Code, h.Get("Cache-Control"))
		}
		if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "https:") {
			t.Errorf("%s: policy %s", tt.name, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Server": "", "X-Powered-By": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", tt.name, name, got)
			}
		}
		if h.Get("X-Request-Id") == "" || h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: %v", tt.name, h)
		}
	}
}

func TestAssets(t *testing.T) {
	s := newSite(t)
	packed := s.ask("GET", "/console/assets/app-1a.js", "", "", func(r *http.Request) { r.Header.Set("Accept-Encoding", "br, gzip;q=0.8") })
	r, err := gzip.NewReader(packed.Body)
	if err != nil || packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v %v", err, packed.Header())
	}
	text, err := io.ReadAll(r)
	plain := s.ask("GET", "/console/assets/app-1a.js", "", "", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip;q=0") })
	if err != nil || !bytes.Equal(text, plain.Body.Bytes()) || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("%v: %d and %d bytes", err, len(text), plain.Body.Len())
	}
	if kind := plain.Header().Get("Content-Type"); kind != "text/javascript; charset=utf-8" {
		t.Errorf("kind %s", kind)
	}
}

// TestSignInRate: a network that tries too much waits; others do not, and a
// header that anyone can write does not make another network.
func TestSignInRate(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.SignIns = httpapi.Rate{PerSecond: .001, Burst: 3} })
	try := func(remote string) *httptest.ResponseRecorder {
		return s.ask("POST", "/console/api/session", "", `{"name":"agent","password":"x"}`, func(r *http.Request) {
			r.RemoteAddr = remote
			r.Header.Set("X-Forwarded-For", strconv.Itoa(s.staff.serial)+".1.1.1")
		})
	}
	for range 3 {
		if w := try("203.0.113.5:1"); w.Code != 401 {
			t.Fatalf("%d", w.Code)
		}
	}
	if w := try("203.0.113.5:2"); w.Code != 429 || problem(t, w).Code != "rate" || w.Header().Get("Retry-After") == "" {
		t.Errorf("the fourth: %d %s", w.Code, w.Body)
	}
	if w := try("203.0.113.6:1"); w.Code != 401 {
		t.Errorf("another network: %d", w.Code)
	}
}

func TestStaff(t *testing.T) {
	s := newSite(t)
	list := decode[console.StaffList](t, s.ask("GET", "/console/api/staff", "secret-admin", ""))
	if len(list.Accounts) != len(staff.Roles()) || len(list.Roles) != len(staff.Roles()) {
		t.Errorf("%d accounts, %d roles", len(list.Accounts), len(list.Roles))
	}
	made := s.ask("POST", "/console/api/staff", "secret-admin", `{"name":"neu","nick":"新","roles":["agent"],"extra":["personal.read"]}`)
	if n := decode[console.NewAccount](t, made); made.Code != 201 || n.Password != "einmal" || n.Account.Nick != "新" || n.Account.Extra[0] != staff.ReadPersonal {
		t.Errorf("%d %s", made.Code, made.Body)
	}
	changed := s.ask("PUT", "/console/api/staff/id-agent", "secret-admin", `{"nick":"旧","roles":[],"extra":[],"disabled":true,"updated_at":`+strconv.FormatInt(second().UnixMilli(), 10)+`}`)
	if a := decode[console.Account](t, changed); changed.Code != 200 || a.ID != "id-agent" || !a.Disabled || a.UpdatedAt != second().UnixMilli() {
		t.Errorf("%d %s", changed.Code, changed.Body)
	}
	if w := s.ask("GET", "/console/api/colleagues", "secret-agent", ""); strings.Contains(w.Body.String(), "roles") || len(decode[console.Colleagues](t, w).Colleagues) != len(staff.Roles()) {
		t.Errorf("colleagues: %s", w.Body)
	}
}

func TestAudit(t *testing.T) {
	s := newSite(t)
	for n := range int64(60) {
		s.staff.records = append(s.staff.records, staff.Record{N: n + 1, At: noon(), Name: "甲", What: "x.y", OK: n%2 == 0})
	}
	page := decode[console.AuditPage](t, s.ask("GET", "/console/api/audit", "secret-auditor", ""))
	if len(page.Records) != 50 || !page.More || page.Records[0].N != 60 || page.Records[0].At != noon().UnixMilli() {
		t.Errorf("%d records, more %v", len(page.Records), page.More)
	}
	rest := decode[console.AuditPage](t, s.ask("GET", "/console/api/audit?before=11", "secret-auditor", ""))
	if len(rest.Records) != 10 || rest.More || rest.Records[9].N != 1 {
		t.Errorf("the rest: %d records, more %v", len(rest.Records), rest.More)
	}
	if v := decode[console.Verdict](t, s.ask("POST", "/console/api/audit/verify", "secret-auditor", "")); !v.Whole || v.Checked != 60 {
		t.Errorf("%+v", v)
	}
	s.staff.records[41].Hash = "changed"
	if v := decode[console.Verdict](t, s.ask("POST", "/console/api/audit/verify", "secret-auditor", "")); v.Whole || v.Broken != 42 || v.Checked != 41 {
		t.Errorf("%+v", v)
	}
}

// TestExport takes out a log in which somebody tried to plant formulas.
func TestExport(t *testing.T) {
	s := newSite(t)
	bombs := []string{"=HYPERLINK(\"http://evil.example\",\"x\")", "+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "harmless", "多\"引号\",和\n换行"}
	for i, bomb := range bombs {
		s.staff.records = append(s.staff.records, staff.Record{N: int64(i + 1), At: noon(), Name: bomb, Browser: bomb, Why: bomb, Object: bomb, Before: bomb, Network: bomb})
	}
	for n := range int64(1200) { // more than two pages
		s.staff.records = append(s.staff.records, staff.Record{N: 10 + n, At: noon()})
	}
	w := s.ask("POST", "/console/api/audit/export", "secret-auditor", `{"reason":"季度检查","what":"x."}`)
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Content-Disposition") != `attachment; filename="audit-20260304-120000.csv"` {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if s.staff.changes[0] != "Record audit.export 季度检查" {
		t.Errorf("noted: %v", s.staff.changes)
	}
	text, marked := strings.CutPrefix(w.Body.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != 1+len(s.staff.records) || !strings.Contains(text, "\r\n") {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	for i, bomb := range bombs {
		row := rows[len(rows)-1-i]
		if i < 7 {
			bomb = "'" + bomb
		}
		if bomb = strings.ReplaceAll(bomb, "\r", ""); strings.ReplaceAll(row[3], "\r", "") != bomb {
			t.Errorf("%q, want %q", row[3], bomb)
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	s.staff.failLog = errBroken
	if w := s.ask("POST", "/console/api/audit/export", "secret-auditor", `{"reason":"x y"}`); w.Code != 500 || strings.Contains(w.Body.String(), "编号") {
		t.Errorf("an export that is not noted: %d %s", w.Code, w.Body)
	}
}

// TestReport: what browsers report is logged without what people typed, and not
// without end.
func TestReport(t *testing.T) {
	s := newSite(t)
	for range 100 {
		w := s.ask("POST", "/console/api/csp-report", "", `{"csp-report":{"violated-directive":"script-src 'self'","blocked-uri":"https://evil.example/?q=13800000000","document-uri":"https://help.example/console/?x"}}`,
			func(r *http.Request) { r.Header.Set("Content-Type", "application/csp-report") })
		if w.Code != 204 {
			t.Fatalf("%d", w.Code)
		}
	}
	logs := s.logs.FilterMessage("a page wanted more than its policy allows")
	if n := logs.Len(); n == 0 || n > 25 {
		t.Errorf("%d lines in the log", n)
	}
	if got := logs.All()[0].ContextMap(); got["directive"] != "script-src" || got["blocked"] != "https://evil.example" {
		t.Errorf("%v", got)
	}
}

func TestProxy(t *testing.T) {
	proxies, err := httpapi.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *console.Config) { c.Proxies = proxies })
	s.ask("POST", "/console/api/session", "", `{"name":"agent","password":"agent"}`, func(r *http.Request) {
		r.RemoteAddr = "10.1.1.1:1"
		r.Header.Set("X-Forwarded-For", "198.51.100.7")
		r.Header.Set("User-Agent", strings.Repeat("浏", 400))
	})
	if f := s.staff.from; f.Network != "198.51.100.7" || len(f.Browser) > 300 || !strings.HasPrefix(f.Browser, "浏") || strings.Contains(f.Browser, "\ufffd") {
		t.Errorf("from %+v", f)
	}
}

// TestBuiltPages: the pages that are committed keep to the policy they are served
// with, and everything they begin with is there.
func TestBuiltPages(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Files = ui.Files() })
	page := s.ask("GET", "/console/", "", "").Body.String()
	if regexp.MustCompile(`<script(?:[^>]*)>[^<]|<style|style=|\son\w+=|https?:`).MatchString(page) {
		t.Errorf("inline or foreign: %s", page)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 3 {
		t.Errorf("the page begins with %v", links)
	}
	for _, link := range links {
		if w := s.ask("GET", link[1], "", ""); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", link[1], w.Code)
		}
	}
	scripts, err := fs.Glob(ui.Files(), "assets/*.js")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, name := range scripts {
		text, err := fs.ReadFile(ui.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`\beval\(|new Function\(`).Match(text) {
			t.Errorf("%s makes code of text", name)
		}
	}
}
