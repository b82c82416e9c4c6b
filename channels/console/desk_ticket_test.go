package console_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faqbot/bot/staff"
	"faqbot/channels/console"
)

// refused checks that a socket does not open, and why.
func (s *deskSite) refused(doing, name, origin, ticket, code string) {
	s.t.Helper()
	conn, resp, err := s.dial(name, origin, ticket)
	if err == nil {
		_ = conn.Close()
		s.t.Errorf("%s: the socket opens", doing)
		return
	}
	if resp == nil {
		s.t.Fatalf("%s: %v", doing, err)
	}
	defer resp.Body.Close()
	var p console.Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || resp.StatusCode != 403 || p.Code != code || p.Title == "" {
		s.t.Errorf("%s: %d %+v, want 403 %s", doing, resp.StatusCode, p, code)
	}
}

// opens checks that a socket does open.
func (s *deskSite) opens(doing, name, ticket string) {
	s.t.Helper()
	conn, _, err := s.dial(name, s.URL, ticket)
	if err != nil {
		s.t.Errorf("%s: %v", doing, err)
		return
	}
	_ = conn.Close()
}

// TestSocketTicket: a socket takes a ticket of the same session, once, and no log
// tells which.
func TestSocketTicket(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	s.refused("without a ticket", "li", s.URL, "", "ticket")
	s.refused("with one that is made up", "li", s.URL, "made-up", "ticket")
	s.refused("with the token of the session", "li", s.URL, console.CSRFToken("secret-li"), "ticket")

	good := s.ticket("li")
	s.refused("from another site", "li", "https://evil.example", good, "origin")
	s.refused("from nowhere", "li", "", good, "origin")
	s.opens("from our own pages, with the same ticket", "li", good)
	s.refused("with a used one", "li", s.URL, good, "ticket")

	foreign := s.ticket("wang")
	s.refused("with that of another session", "li", s.URL, foreign, "ticket")
	s.refused("with one that another session has shown", "wang", s.URL, foreign, "ticket")

	for _, entry := range s.logs.All() {
		text := fmt.Sprint(entry.Message, entry.ContextMap())
		if strings.Contains(text, good) || strings.Contains(text, foreign) || strings.Contains(text, "ticket=") {
			t.Errorf("in the log: %s", text)
		}
	}
	if n := s.logs.FilterMessage("request").Len(); n < 10 {
		t.Errorf("%d requests are in the log", n)
	}
}

// TestSocketTicketEnds has tickets of the real staff, and lets time pass.
func TestSocketTicketEnds(t *testing.T) {
	var passed atomic.Int64
	service, _ := realStaff(t, func() time.Time { return noon().Add(time.Duration(passed.Load())) })
	s := newDeskSite(t, time.Hour, func(c *console.Config) { c.Staff = service })
	s.secrets["tab"], s.secrets["phone"] = twice(t, service)

	s.opens("at once", "tab", s.ticket("tab"))
	s.refused("with that of the same account elsewhere", "tab", s.URL, s.ticket("phone"), "ticket")
	late, over := s.ticket("tab"), s.ticket("tab")
	passed.Add(int64(30*time.Second - time.Millisecond))
	s.opens("at last", "tab", late)
	passed.Add(int64(time.Millisecond))
	s.refused("too late", "tab", s.URL, over, "ticket")
	s.opens("again", "tab", s.ticket("tab"))
}

// twice signs a first administrator, who supervises the desk too, in on two devices
// and returns the secrets of the sessions.
func twice(t *testing.T, service *staff.Service) (one, two string) {
	t.Helper()
	from := staff.Origin{Network: "192.0.2.1"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	token, err := service.Invite(t.Context())
	must(err)
	_, err = service.SetUp(t.Context(), token, "boss", "王敏", bossPassword, from)
	must(err)
	one, id, err := service.SignIn(t.Context(), "boss", bossPassword, "", from)
	must(err)
	boss := id.Account
	boss.Roles = []staff.Role{staff.Admin, staff.Supervisor}
	_, err = service.Update(t.Context(), id, boss, from)
	must(err)
	two, _, err = service.SignIn(t.Context(), "boss", bossPassword, "", from)
	must(err)
	return one, two
}
