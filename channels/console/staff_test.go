package console_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"go.uber.org/zap"

	"faqbot/bot/botsql"
	"faqbot/bot/staff"
	"faqbot/channels/console"
	"faqbot/channels/console/ui"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// browser is somebody at the console, over a real connection.
type browser struct {
	t      *testing.T
	client *http.Client
	root   string
	csrf   string // of the session, if there is one
}

func (b *browser) do(method, path string, in, out any) int {
	b.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.root+"/console/api"+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(csrfHeader, b.csrf)
	w, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	switch out := out.(type) {
	case nil:
	case *string:
		*out = string(text)
	default:
		if err := json.Unmarshal(text, out); err != nil {
			b.t.Fatalf("%s %s: %d %s: %v", method, path, w.StatusCode, text, err)
		}
	}
	if path == "/session" && w.StatusCode == http.StatusOK {
		var me console.Me
		if err := json.Unmarshal(text, &me); err != nil {
			b.t.Fatal(err)
		}
		b.csrf = me.CSRF
	}
	return w.StatusCode
}

func (b *browser) must(want int, method, path string, in, out any) {
	b.t.Helper()
	var text string
	if out == nil {
		out = &text
	}
	if got := b.do(method, path, in, out); got != want {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, want, text)
	}
}

// realStaff is the real staff, on SQLite.
func realStaff(t *testing.T, now func() time.Time) (*staff.Service, *sql.DB) {
	t.Helper()
	db := sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(filepath.Join(t.TempDir(), "staff.db")))
	if err := botsql.Migrate(t.Context(), db, sqldb.SQLite); err != nil {
		t.Fatal(err)
	}
	return staff.NewService(staff.Config{Store: botsql.NewStaff(db), Key: make([]byte, 32), Now: now}), db
}

// realSite is the console before the real staff, on SQLite.
func realSite(t *testing.T) (open func() *browser, invite string, db *sql.DB) {
	t.Helper()
	service, db := realStaff(t, time.Now)
	invite, err := service.Invite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := console.New(console.Config{Staff: service, Files: ui.Files()}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return func() *browser {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &browser{t: t, client: &http.Client{Jar: jar, Timeout: time.Minute}, root: server.URL}
	}, invite, db
}

type m = map[string]any

const (
	bossPassword  = "korrekt-pferd-7"
	agentPassword = "noch-ein-pferd-9"
)

// TestWithStaff is the first day: the link, the first administrator, a colleague
// with a password for once, a second factor, somebody who has to go, and the log
// of it all.
func TestWithStaff(t *testing.T) {
	open, invite, db := realSite(t)
	boss, agent := open(), open()

	boss.must(409, "POST", "/setup", m{"token": "x" + invite, "name": "boss", "nick": "王敏", "password": bossPassword}, nil)
	var p console.Problem
	boss.must(422, "POST", "/setup", m{"token": invite, "name": "boss", "nick": "王敏", "password": "kurz"}, &p)
	if len(p.Fields) != 1 || p.Fields[0].Name != "password" {
		t.Errorf("a short password: %+v", p)
	}
	boss.must(201, "POST", "/setup", m{"token": invite, "name": "boss", "nick": "王敏", "password": bossPassword}, nil)
	boss.must(409, "POST", "/setup", m{"token": invite, "name": "more", "nick": "x", "password": bossPassword}, nil)
	boss.must(401, "GET", "/me", nil, nil)
	var me console.Me
	boss.must(200, "POST", "/session", m{"name": "Boss", "password": bossPassword}, &me)
	if me.Account.Nick != "王敏" || me.Until <= time.Now().UnixMilli() {
		t.Errorf("%+v", me)
	}

	var made console.NewAccount
	boss.must(422, "POST", "/staff", m{"name": "chen", "nick": "陈洁", "roles": []string{}, "extra": []string{}}, nil)
	boss.must(201, "POST", "/staff", m{"name": "chen", "nick": "陈洁", "roles": []string{"agent"}, "extra": []string{}}, &made)
	boss.must(409, "POST", "/staff", m{"name": "CHEN", "nick": "陈", "roles": []string{"agent"}, "extra": []string{}}, nil)

	agent.must(200, "POST", "/session", m{"name": "chen", "password": made.Password}, &me)
	agent.must(403, "GET", "/colleagues", nil, &p)
	if !me.Account.MustChange || p.Code != "must_change" {
		t.Errorf("%+v, %+v", me, p)
	}
	agent.must(422, "POST", "/me/password", m{"old": "wrong-password", "new": agentPassword}, &p)
	if p.Fields[0].Name != "old" {
		t.Errorf("%+v", p)
	}
	agent.must(204, "POST", "/me/password", m{"old": made.Password, "new": agentPassword}, nil)
	agent.must(200, "GET", "/colleagues", nil, nil)
	agent.must(403, "GET", "/staff", nil, nil)
	secondFactor(t, agent, open())
	theLog(t, boss, agent, made.Account, db)
}

// secondFactor turns it on, and signs in elsewhere with it.
func secondFactor(t *testing.T, agent, phone *browser) {
	t.Helper()
	var enrolled console.Enrollment
	agent.must(200, "POST", "/me/totp", nil, &enrolled)
	uri, err := url.Parse(enrolled.URI)
	if err != nil {
		t.Fatal(err)
	}
	code := func(at time.Time) string {
		code, err := totp.GenerateCode(uri.Query().Get("secret"), at)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	agent.must(422, "POST", "/me/totp/confirm", m{"code": "12"}, nil)
	agent.must(204, "POST", "/me/totp/confirm", m{"code": code(time.Now())}, nil)
	var p console.Problem
	phone.must(401, "POST", "/session", m{"name": "chen", "password": agentPassword}, &p)
	if p.Code != "code" {
		t.Errorf("%+v", p)
	}
	phone.must(200, "POST", "/session", m{"name": "chen", "password": agentPassword, "code": code(time.Now().Add(30 * time.Second))}, nil)
}

// theLog disables the account, which ends its sessions, and reads what was noted.
func theLog(t *testing.T, boss, agent *browser, a console.Account, db *sql.DB) {
	t.Helper()
	change := m{"nick": a.Nick, "roles": a.Roles, "extra": a.Extra, "disabled": true, "updated_at": a.UpdatedAt}
	boss.must(200, "PUT", "/staff/"+a.ID, change, nil)
	boss.must(409, "PUT", "/staff/"+a.ID, change, nil) // it is another one now
	agent.must(401, "GET", "/me", nil, nil)
	agent.must(401, "POST", "/session", m{"name": "chen", "password": agentPassword}, nil)

	boss.must(403, "GET", "/audit", nil, nil) // who manages does not read
	var list console.StaffList
	boss.must(200, "GET", "/staff", nil, &list)
	own := list.Accounts[0]
	boss.must(200, "PUT", "/staff/"+own.ID, m{"nick": own.Nick, "roles": []string{"admin", "auditor"}, "extra": []string{}, "disabled": false, "updated_at": own.UpdatedAt}, nil)

	var page console.AuditPage
	boss.must(200, "GET", "/audit?what=staff.update&object="+a.ID, nil, &page)
	if len(page.Records) != 1 || !page.Records[0].OK || !strings.Contains(page.Records[0].After, `"disabled":true`) ||
		page.Records[0].Network != "127.0.0.1" {
		t.Errorf("%+v", page.Records)
	}
	var text string
	boss.must(200, "POST", "/audit/export", m{"reason": "第一天"}, &text)
	if !strings.Contains(text, "audit.export") || strings.Contains(text, bossPassword) || strings.Contains(text, agentPassword) {
		t.Errorf("the export: %s", text)
	}
	var verdict console.Verdict
	boss.must(200, "POST", "/audit/verify", nil, &verdict)
	if !verdict.Whole || verdict.Checked < 10 {
		t.Errorf("%+v", verdict)
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE staff_audit SET why = 'x' WHERE n = 3`); err != nil {
		t.Fatal(err)
	}
	boss.must(200, "POST", "/audit/verify", nil, &verdict)
	if verdict.Whole || verdict.Broken != 3 {
		t.Errorf("%+v", verdict)
	}
}

// TestLock: a name that is tried too often is locked, and says for how long.
func TestLock(t *testing.T) {
	open, invite, _ := realSite(t)
	b := open()
	b.must(201, "POST", "/setup", m{"token": invite, "name": "boss", "nick": "王敏", "password": bossPassword}, nil)
	var p console.Problem
	for range 20 {
		if b.do("POST", "/session", m{"name": "boss", "password": "falsch"}, &p) == 429 {
			break
		}
	}
	if p.Code != "locked" || p.RetryAfter < 1 || p.RetryAfter > 61 {
		t.Fatalf("%+v", p)
	}
	if got := b.do("POST", "/session", m{"name": "boss", "password": bossPassword}, &p); got != 429 {
		t.Errorf("the right password while locked: %d", got)
	}
}
