package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"faqbot/bot/staff"
	"faqbot/channels/console"
	"faqbot/channels/httpapi"
)

// site is a console before a fake staff.
type site struct {
	*console.Console
	t     *testing.T
	staff *fake
	logs  *observer.ObservedLogs
}

func newSite(t *testing.T, set ...func(*console.Config)) *site {
	t.Helper()
	f := newFake()
	core, logs := observer.New(zap.DebugLevel)
	config := console.Config{
		Staff: f, Official: frozenOfficial{newFakeOfficial()}, Secure: true, Now: noon, SignIns: httpapi.Rate{PerSecond: .001, Burst: 1000},
		Files: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html><title>console</title>")},
			"assets/app-1a.js": {Data: []byte(strings.Repeat("console.log(1);", 200))},
		},
	}
	for _, s := range set {
		s(&config)
	}
	c, err := console.New(config, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	return &site{c, t, f, logs}
}

// ask sends a request as our own pages would. The secret may be empty.
func (s *site) ask(method, path, secret, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "https://help.example"+path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.5:4000"
	r.Header.Set("User-Agent", "Test/1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://help.example")
	}
	if secret != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-faqbot", Value: secret})
		r.Header.Set(csrfHeader, console.CSRFToken(secret))
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// problem returns the failure that was answered with.
func problem(t *testing.T, w *httptest.ResponseRecorder) console.Problem {
	t.Helper()
	var p console.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s is no problem: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code || p.Title == "" || p.Code == "" {
		t.Fatalf("%d: %+v", w.Code, p)
	}
	return p
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

// requests are bodies with which every operation works, for those with the right.
func requests() map[string]string {
	return map[string]string{
		"setUp":          `{"token":"token","name":"first","nick":"First","password":"x"}`,
		"signIn":         `{"name":"agent","password":"agent"}`,
		"changePassword": `{"old":"%","new":"another"}`,
		"confirmTOTP":    `{"code":"123456"}`,
		"dropTOTP":       `{"password":"%"}`,
		"createStaff":    `{"name":"new","nick":"New","roles":["agent"],"extra":[]}`,
		"updateStaff":    `{"nick":"New","roles":["agent"],"extra":[],"disabled":false,"updated_at":1}`,
		"exportAudit":    `{"reason":"检查"}`,
		"reportPolicy":   `{}`,
		"putOfficial":    officialBody("id-agent", 1, nil),
	}
}

// try asks for an operation with a request that fits it, as the account.
func (s *site) try(op console.Operation, name, secret string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	path := strings.ReplaceAll(op.Path, "{id}", "id-agent")
	return s.ask(op.Method, path, secret, strings.ReplaceAll(requests()[op.ID], "%", name), change...)
}

func second() time.Time { return noon().Add(time.Second) }

var _ console.Staff = (*staff.Service)(nil)
