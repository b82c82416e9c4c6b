package console_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/console"
)

const csrfHeader = "X-CSRF-Token"

// carry sends a token in place of the right one, or none.
func carry(token string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(csrfHeader)
		if token != "" {
			r.Header.Set(csrfHeader, token)
		}
	}
}

// badTokens are what the secret of somebody does not go with, by name.
func badTokens(secret string) map[string]string {
	right := console.CSRFToken(secret)
	return map[string]string{
		"none": "", "of another session": console.CSRFToken("secret-reviewer"), "of no session": console.CSRFToken(""),
		"the secret": secret, "shorter": right[1:], "longer": right + "A", "in another case": strings.ToUpper(right),
	}
}

// TestCSRFToken compares with what another program computed.
func TestCSRFToken(t *testing.T) {
	const want = "y7bXVQOLnb_lPGmU2DJ2wv17Cx4dwbwdeJMya--QORQ"
	if got := console.CSRFToken("secret-agent"); got != want {
		t.Errorf("the token is %s", got)
	}
}

// TestCSRF asks for every operation that writes with tokens that are not those of
// the session: all of them are refused before anything is read, and nothing is done.
func TestCSRF(t *testing.T) {
	s := newSite(t)
	asked := 0
	for _, op := range s.Operations() {
		who := s.mayUse(op)
		for name, token := range badTokens("secret-" + who) {
			before := len(s.staff.changes)
			w := s.try(op, who, "secret-"+who, carry(token))
			if op.Anyone || op.Method == http.MethodGet {
				if w.Code == http.StatusForbidden {
					t.Errorf("%s with %s: %d %s", op.ID, name, w.Code, w.Body)
				}
				continue
			}
			if p := problem(t, w); w.Code != 403 || p.Code != "csrf" || len(s.staff.changes) != before {
				t.Errorf("%s with %s: %d %s, done: %v", op.ID, name, w.Code, w.Body, s.staff.changes[before:])
			}
			asked++
		}
		if w := s.try(op, who, "secret-"+who); w.Code == http.StatusForbidden {
			t.Errorf("%s with its token: %s", op.ID, w.Body)
		}
	}
	if asked < 7*30 {
		t.Errorf("only %d were asked", asked)
	}
	if w := s.ask("POST", "/console/api/me/totp", "forged", "", carry("")); w.Code != 401 {
		t.Errorf("without a session: %d", w.Code)
	}
}

// mayUse returns who has the right that the operation needs.
func (s *site) mayUse(op console.Operation) string {
	s.t.Helper()
	if op.Right == "" {
		return string(staff.Agent)
	}
	for _, r := range staff.Roles() {
		if a := (staff.Account{Roles: []staff.Role{r}}); a.May(op.Right) {
			return string(r)
		}
	}
	s.t.Fatalf("nobody has the right to %s", op.ID)
	return ""
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the input is read")
	return 0, errors.New("it is not to be read")
}

// TestCSRFReadsNothing: what is refused has not been looked at, and has its line in
// the log, without the token.
func TestCSRFReadsNothing(t *testing.T) {
	s := newSite(t)
	wrong := console.CSRFToken("secret-agent")
	sealed := func(r *http.Request) { r.Body = io.NopCloser(unread{t}) }
	for _, path := range []string{"/console/api/desk/phrases", "/console/api/desk/conversations/id/files"} {
		if p := problem(t, s.ask("POST", path, "secret-supervisor", "", carry(wrong), sealed)); p.Code != "csrf" {
			t.Errorf("%s: %+v", path, p)
		}
		logs := s.logs.FilterMessage("request").FilterField(zap.String("path", path)).All()
		if len(logs) != 1 || logs[0].ContextMap()["status"] != int64(403) {
			t.Errorf("%s in the log: %v", path, logs)
		}
	}
	for _, entry := range s.logs.All() {
		if text := fmt.Sprint(entry.ContextMap()); strings.Contains(text, wrong) || strings.Contains(text, "secret-") {
			t.Errorf("in the log: %s", text)
		}
	}
}

// TestCSRFAtDesk writes at a real desk with the token of a colleague: nothing comes
// of it, and all of it with the right one.
func TestCSRFAtDesk(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	before := s.seq(conversation)
	writes := []struct{ method, path, body string }{
		{"POST", talk(conversation, "/lines"), `{"id":"line-0001","kind":"text","text":"您好"}`},
		{"POST", talk(conversation, "/files?name=a.txt"), "合同内容"},
		{"PUT", "/desk/presence", `{"presence":"resting"}`},
		{"POST", talk(conversation, "/close"), `{"solved":true}`},
	}
	for _, w := range writes {
		for name, token := range badTokens("secret-li") {
			r := s.send("li", token, w.method, w.path, []byte(w.body))
			if r.code != 403 || !bytes.Contains(r.body, []byte(`"code":"csrf"`)) {
				t.Errorf("%s with %s: %d %s", w.path, name, r.code, r.body)
			}
		}
	}
	seats, err := s.store.Seats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, seat := range seats {
		if seat.Presence != bot.Online {
			t.Errorf("%s is %s", seat.Agent, seat.Presence)
		}
	}
	if after := s.seq(conversation); after != before {
		t.Errorf("the conversation went on from %d to %d", before, after)
	}
	for _, w := range writes {
		if r := s.ask("li", w.method, w.path, []byte(w.body)); r.code > 299 {
			t.Errorf("%s with the token: %d %s", w.path, r.code, r.body)
		}
	}
}
