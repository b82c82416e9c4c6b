package console_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/console"
)

// deskRights is the desk's part of the list that a reviewer reads.
func deskRights() map[string]string {
	const serve, supervise = "desk.serve|desk.supervise", "desk.supervise"
	rights := map[string]string{
		"takeOver": supervise, "board": supervise, "badRatings": supervise, "listBlocks": supervise, "dropBlock": supervise, "saveGroup": "staff.manage", "dropGroup": "staff.manage",
		"listGroups": "staff.manage|desk.supervise", "listSeats": "staff.manage|desk.supervise", "saveSeat": "staff.manage|desk.supervise",
	}
	for _, id := range strings.Fields("desk setPresence presenceLog deskColleagues listConversations listLeaves answerLeave story " +
		"blockVisitor listMessages delivery advice accept pass say remark transfer close read typing saveCustomer addCustomerNote uploadFile downloadFile " +
		"listPhrases savePhrase dropPhrase browseKnowledge listFavourites putFavourite dropFavourite deskTicket deskSocket") {
		rights[id] = serve
	}
	return rights
}

// atDesk reports whether an operation of the desk has let somebody in. What comes
// of it is a matter of the conversation; see TestDeskForeign.
func atDesk(op console.Operation, code int) bool {
	return deskRights()[op.ID] != "" && code != http.StatusUnauthorized && code != http.StatusForbidden
}

// deskBodies are bodies that fit the operations.
func deskBodies() map[string]string {
	return map[string]string{
		"setPresence":     `{"presence":"online"}`,
		"say":             `{"id":"line-0001","kind":"text","text":"您好"}`,
		"remark":          `{"kind":"note","text":"记一下"}`,
		"transfer":        `{"group":"手机"}`,
		"close":           `{"solved":true}`,
		"read":            `{"seq":1}`,
		"saveCustomer":    `{"fields":{"name":"王"},"tags":[],"level":0,"updated_at":0}`,
		"addCustomerNote": `{"text":"老顾客"}`,
		"blockVisitor":    `{"hours":1,"reason":"骂人"}`,
		"dropBlock":       `{"visitor":"web//nobody"}`,
		"savePhrase":      `{"id":"foreign","shared":false,"folder":"","shortcut":"","text":"您好","position":0}`,
		"saveGroup":       `{"id":"none","name":"新组","channels":[],"categories":[],"manual":false,"direct":false,"max_queue":0}`,
		"saveSeat":        `{"groups":[],"most":3}`,
	}
}

// TestDeskRoles asks for every operation of a real desk as every role: the guard
// lets in whom the list says, and nobody else, and nothing breaks.
func TestDeskRoles(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	for _, op := range s.console.Operations() {
		if deskRights()[op.ID] == "" {
			continue
		}
		for _, role := range staff.Roles() {
			a := staff.Account{Roles: []staff.Role{role}}
			allowed := a.May(op.Right) || op.Or != "" && a.May(op.Or)
			path := strings.NewReplacer("/console/api", "", "{id}", conversation, "{file}", "none", "{agent}", "id-none").Replace(op.Path)
			if op.ID == "deskSocket" {
				path += "?ticket=" + s.ticket(string(role))
			}
			r := s.ask(string(role), op.Method, path, []byte(deskBodies()[op.ID]))
			if allowed == (r.code == http.StatusForbidden) || r.code >= 500 || r.code == http.StatusUnauthorized {
				t.Errorf("%s as %s: %d, allowed %v: %s", op.ID, role, r.code, allowed, r.body)
			}
		}
	}
}

// TestDeskForeign does everything there is to do with a conversation, as an agent
// of another group and with forged ids: there is no such conversation.
func TestDeskForeign(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	served, waits := s.served("ann", "li"), s.queued("bob")
	mine := s.receive(bot.Inbound{Visitor: bot.Visitor{Channel: "web", Account: "手机", ID: "cid"}, Kind: bot.KindHandoff}).Conversation
	want[console.Item](s, 200, "zhao", http.MethodPost, talk(mine, "/accept"), nil)
	file := want[bot.File](s, 200, "li", http.MethodPost, talk(served, "/files?name=a.txt"), strings.NewReader("合同内容"))
	before := [2]int64{s.seq(served), s.seq(waits)}
	asked := 0
	for _, op := range s.console.Operations() {
		if !strings.Contains(op.Path, "/desk/conversations/{id}") || op.ID == "takeOver" {
			continue
		}
		for name, id := range map[string]string{"served": served, "waits": waits, "forged": "forged", "rubbish": "%00%ff"} {
			path := strings.NewReplacer("/console/api", "", "{id}", id, "{file}", file.ID).Replace(op.Path)
			r := s.ask("zhao", op.Method, path, []byte(deskBodies()[op.ID]))
			if r.code != http.StatusNotFound {
				t.Errorf("%s of one that %s: %d: %s", op.ID, name, r.code, r.body)
			}
			if bytes.Contains(r.body, []byte("ann")) || bytes.Contains(r.body, []byte("合同")) {
				t.Errorf("%s of one that %s tells %s", op.ID, name, r.body)
			}
			asked++
		}
	}
	if asked < 4*14 {
		t.Errorf("only %d were asked", asked)
	}
	if after := [2]int64{s.seq(served), s.seq(waits)}; after != before {
		t.Errorf("the conversations went on from %v to %v", before, after)
	}
	// Through a conversation of one's own there is no way to another's.
	for _, path := range []string{"/files/" + file.ID, "/files/forged", "/messages?of=" + served, "/messages?of=forged"} {
		if r := s.ask("zhao", http.MethodGet, talk(mine, path), nil); r.code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, r.code, r.body)
		}
	}
	line := map[string]string{"id": "line-0002", "kind": "file", "file": file.ID}
	if r := s.ask("zhao", http.MethodPost, talk(mine, "/lines"), line); r.code != http.StatusNotFound {
		t.Errorf("a line with another's file: %d %s", r.code, r.body)
	}
	for _, path := range []string{"/desk/presence-log?agent=id-li", "/desk/conversations?scope=all", "/desk/conversations?scope=all_closed"} {
		if r := s.ask("zhao", http.MethodGet, path, nil); r.code != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, r.code, r.body)
		}
	}
}

func (s *deskSite) seq(conversation string) int64 {
	s.t.Helper()
	c, err := s.store.Conversation(s.t.Context(), conversation)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Seq
}

// TestDeskAudit does what is noted: once for each, and not at all while it cannot
// be noted.
func TestDeskAudit(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	served := s.served("ann", "li")
	acts := []struct {
		what, method, path string
		body               any
	}{
		{"conversation.whisper", http.MethodPost, talk(served, "/remarks"), map[string]string{"kind": "whisper", "text": "语气好一点"}},
		{"conversation.transfer", http.MethodPost, talk(served, "/transfer"), map[string]string{"agent": "id-wang"}},
		{"conversation.take_over", http.MethodPost, talk(served, "/take-over"), nil},
		{"seat.presence", http.MethodPut, "/desk/presence", map[string]string{"agent": "id-li", "presence": "resting"}},
		{"seat.save", http.MethodPut, "/seats/id-li", map[string]any{"groups": []string{"手机"}, "most": 3}},
	}
	s.staff.fail = errBroken
	before := s.seq(served)
	for _, a := range acts {
		if r := s.ask("chen", a.method, a.path, a.body); r.code != http.StatusInternalServerError {
			t.Errorf("%s without a log: %d %s", a.what, r.code, r.body)
		}
	}
	if after := s.seq(served); after != before {
		t.Errorf("%d acts are not in the log", after-before)
	}
	s.staff.fail = nil
	for i, a := range acts {
		if r := s.ask("chen", a.method, a.path, a.body); r.code >= 300 {
			t.Errorf("%s: %d %s", a.what, r.code, r.body)
		}
		if n := len(s.staff.records); n != i+1 || s.staff.records[i].What != a.what || !s.staff.records[i].OK {
			t.Fatalf("after %s the log is %+v", a.what, s.staff.records)
		}
	}
	// What fails is noted as failed.
	if r := s.ask("chen", http.MethodPost, talk(served, "/transfer"), map[string]string{"group": "没有"}); r.code != http.StatusUnprocessableEntity {
		t.Errorf("to no group: %d %s", r.code, r.body)
	}
	if last := s.staff.records[len(s.staff.records)-1]; last.OK || last.Why != "invalid" {
		t.Errorf("a failure is noted as %+v", last)
	}
}
