package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/channels/console"
)

// TestDeskTalk is a conversation from the queue to its end, by the API alone.
func TestDeskTalk(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	home := want[console.DeskHome](s, 200, "li", http.MethodGet, "/desk", nil)
	if home.Seat.Agent != "id-li" || home.Seat.Presence != "online" || len(home.Groups) != 2 || len(home.Accounts) < 4 || home.Supervisor || home.Fields[0] != "name" {
		t.Errorf("home is %+v", home)
	}
	s.say(visitor("ann"), "宽带移机，我叫李雷，电话13812345678")
	conversation := s.queued("ann")
	list := want[console.Items](s, 200, "li", http.MethodGet, "/desk/conversations?scope=queue", nil)
	if len(list.Items) != 1 || list.Items[0].ID != conversation || list.Items[0].Place != 1 || list.Items[0].Last == nil {
		t.Errorf("the queue is %+v", list)
	}
	want[console.Item](s, 200, "li", http.MethodPost, talk(conversation, "/accept"), nil)
	story := want[console.Story](s, 200, "li", http.MethodGet, talk(conversation, ""), nil)
	if story.Item.Owner != "id-li" || story.Rule != "button" || story.Proposed["phone"] != "13812345678" || story.Proposed["name"] != "李雷" || len(story.Messages) < 4 || len(story.Traces) == 0 {
		t.Errorf("the story is %+v", story)
	}
	advice := want[console.AdviceList](s, 200, "li", http.MethodGet, talk(conversation, "/advice?text=宽带怎么移机"), nil)
	if len(advice.Advice) == 0 || advice.Advice[0].Entry != "move" || !strings.Contains(advice.Advice[0].HTML, "<strong>宽带怎么移机</strong>") {
		t.Errorf("the advice is %+v", advice)
	}
	line := map[string]string{"id": "line-0001", "kind": "answer", "text": advice.Advice[0].Text, "entry": "move"}
	first := want[console.Said](s, 200, "li", http.MethodPost, talk(conversation, "/lines"), line)
	again := want[console.Said](s, 200, "li", http.MethodPost, talk(conversation, "/lines"), line)
	if first.Again || !again.Again || first.Message.Seq != again.Message.Seq || first.Message.Card.Question != "宽带怎么移机" || first.Message.ID != "line-0001" {
		t.Errorf("said %+v, then %+v", first, again)
	}
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/remarks"), map[string]string{"kind": "note", "text": "要上门"})
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/read"), map[string]int{"seq": 3})
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/typing"), nil)
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/close"), map[string]any{"category": "宽带/移机", "solved": nil, "text": "已登记"})
	closed := want[console.Items](s, 200, "li", http.MethodGet, "/desk/conversations?scope=closed", nil)
	if len(closed.Items) != 1 || closed.Items[0].State != "closed" {
		t.Errorf("closed are %+v", closed)
	}
	all := want[console.MessageList](s, 200, "li", http.MethodGet, talk(conversation, "/messages?limit=200"), nil)
	if n := len(all.Messages); n == 0 || all.Messages[n-1].Kind != "closed" || all.Messages[n-1].Seq != int64(n) {
		t.Errorf("the messages are %+v", all)
	}
	p := want[console.Problem](s, 409, "li", http.MethodPost, talk(conversation, "/lines"), map[string]string{"id": "line-0002", "kind": "text", "text": "还在吗"})
	if p.Code != "taken" || p.Title != "会话已经结束" {
		t.Errorf("a line after the end: %+v", p)
	}
}

// TestDeskRefuses: what is wrong is said in a way that people understand.
func TestDeskRefuses(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation, waits := s.served("ann", "li"), s.queued("bob")
	if err := s.desk.SaveSeat(t.Context(), bot.Seat{Agent: "id-wang", Nick: "同事wang", Groups: []string{"宽带"}, Most: 1}); err != nil {
		t.Fatal(err)
	}
	s.served("cid", "wang")
	for _, tt := range []struct {
		name, method, path string
		body               any
		status             int
		code, field        string
	}{
		{"wang", "POST", talk(waits, "/accept"), nil, 409, "busy", ""},
		{"li", "POST", talk(conversation, "/lines"), map[string]string{"id": "x", "kind": "text", "text": "好"}, 422, "invalid", "id"},
		{"li", "POST", talk(conversation, "/lines"), map[string]string{"id": "line-0001", "kind": "text", "text": " "}, 422, "invalid", "text"},
		{"li", "POST", talk(conversation, "/lines"), map[string]string{"id": "line-0001", "kind": "survey", "text": "好"}, 422, "invalid", "body.kind"},
		{"li", "POST", talk(conversation, "/lines"), map[string]string{"id": "line-0001", "kind": "answer", "text": "好", "entry": "none"}, 422, "invalid", "entry"},
		{"li", "POST", talk(conversation, "/lines"), map[string]string{"id": "line-0001", "kind": "image", "file": "none"}, 404, "not_found", ""},
		{"li", "POST", talk(conversation, "/remarks"), map[string]string{"kind": "whisper", "text": "好"}, 403, "forbidden", ""},
		{"li", "POST", talk(conversation, "/transfer"), map[string]any{}, 422, "invalid", "agent"},
		{"li", "POST", talk(conversation, "/transfer"), map[string]any{"agent": "id-wang", "bot": true}, 422, "invalid", "agent"},
		{"li", "POST", talk(conversation, "/transfer"), map[string]any{"agent": "id-wang"}, 422, "invalid", "agent"},
		{"li", "POST", talk(conversation, "/transfer"), map[string]any{"group": "none"}, 422, "invalid", "group"},
		{"li", "PUT", talk(conversation, "/customer"), map[string]any{"fields": map[string]string{"shoe": "42"}, "tags": []string{}, "level": 0, "updated_at": 0}, 422, "invalid", "fields"},
		{"li", "PUT", talk(conversation, "/customer"), map[string]any{"fields": map[string]string{}, "tags": []string{}, "level": 10, "updated_at": 0}, 422, "invalid", "level"},
		{"li", "PUT", talk(conversation, "/customer"), map[string]any{"fields": map[string]string{}, "tags": []string{}, "level": 1, "updated_at": 7}, 409, "conflict", ""},
		{"li", "PUT", "/desk/presence", map[string]string{"presence": "asleep"}, 422, "invalid", "body.presence"},
		{"li", "PUT", "/desk/presence", map[string]string{"presence": "away", "agent": "id-wang"}, 403, "forbidden", ""},
		{"chen", "PUT", "/desk/presence", map[string]string{"presence": "away", "agent": "forged"}, 404, "not_found", ""},
		{"chen", "PUT", "/seats/forged", map[string]any{"groups": []string{}, "most": 3}, 404, "not_found", ""},
		{"chen", "PUT", "/seats/id-li", map[string]any{"groups": []string{"none"}, "most": 3}, 422, "invalid", "groups"},
		{"admin", "POST", "/groups", groupBody("", " "), 422, "invalid", "name"},
		{"admin", "POST", "/groups", groupBody("none", "新组"), 404, "not_found", ""},
		{"admin", "DELETE", "/groups/none", nil, 404, "not_found", ""},
		{"admin", "DELETE", "/groups/宽带", nil, 422, "invalid", "id"},
		{"li", "GET", "/desk/conversations?scope=none", nil, 422, "invalid", "scope"},
		{"li", "POST", "/desk/leaves/none/answer", nil, 404, "not_found", ""},
		{"chen", "POST", talk("none", "/take-over"), nil, 404, "not_found", ""},
	} {
		r := s.ask(tt.name, tt.method, tt.path, tt.body)
		var p console.Problem
		if err := json.Unmarshal(r.body, &p); err != nil {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, r.code, r.body)
			continue
		}
		field := ""
		if len(p.Fields) > 0 {
			field = p.Fields[0].Name
		}
		if p.Status != tt.status || p.Code != tt.code || p.Title == "" || tt.field != "" && !strings.HasSuffix(tt.field, field) {
			t.Errorf("%s %s %v: %+v", tt.method, tt.path, tt.body, p)
		}
	}
}

func groupBody(id, name string) map[string]any {
	return map[string]any{
		"id": id, "name": name, "channels": []string{}, "categories": []string{}, "manual": true, "direct": false, "max_queue": 3,
	}
}

// TestDeskBroken: what breaks inside is not seen outside.
func TestDeskBroken(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	s.store.broken.Store(true)
	asked := 0
	for _, op := range s.console.Operations() {
		if !strings.Contains(op.Path, "/desk/conversations/{id}") {
			continue
		}
		path := strings.NewReplacer("/console/api", "", "{id}", conversation, "{file}", "none").Replace(op.Path)
		r := s.ask("chen", op.Method, path, []byte(deskBodies()[op.ID]))
		if r.code != 500 || strings.Contains(string(r.body), "relation") || !strings.Contains(string(r.body), `"broken"`) {
			t.Errorf("%s: %d %s", op.ID, r.code, r.body)
		}
		asked++
	}
	if asked < 15 {
		t.Errorf("%d were asked", asked)
	}
}

// TestDeskFiles: what an agent sends is looked at, and what comes back runs nowhere.
func TestDeskFiles(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	upload := func(name string, content io.Reader) reply {
		return s.ask("li", http.MethodPost, talk(conversation, "/files?name="+name), content)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content io.Reader
		status  int
		field   string
	}{
		{"a.png", strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 422, "type"},
		{"a.png", strings.NewReader(`<!doctype html><script>alert(1)</script>`), 422, "type"},
		{"a.html", strings.NewReader("说明文字"), 422, "type"},
		{"a.txt", strings.NewReader(""), 422, "content"},
		{"a.txt", bytes.NewReader(make([]byte, bot.MaxFile+1)), 413, ""},
		{"a.txt", io.MultiReader(bytes.NewReader(make([]byte, bot.MaxFile+1))), 413, ""}, // of a length that is not said
	} {
		r := upload(tt.name, tt.content)
		var p console.Problem
		if err := json.Unmarshal(r.body, &p); err != nil || p.Status != tt.status || tt.field != "" && p.Fields[0].Name != tt.field {
			t.Errorf("%s: %d %s", tt.name, r.code, r.body)
		}
	}
	for _, tt := range []struct {
		name, kind, disposition string
		content                 []byte
	}{
		{"图.png", "image/png", "inline", picture.Bytes()},
		{"说明.txt", "text/plain", "attachment", []byte("说明文字")},
	} {
		r := upload(tt.name, bytes.NewReader(tt.content))
		var f bot.File
		if err := json.Unmarshal(r.body, &f); err != nil || r.code != 200 || f.Type != tt.kind {
			t.Fatalf("%s: %d %s", tt.name, r.code, r.body)
		}
		got := s.ask("li", http.MethodGet, talk(conversation, "/files/"+f.ID), nil)
		if got.code != 200 || !bytes.Equal(got.body, tt.content) {
			t.Errorf("%s comes back as %d %q", tt.name, got.code, got.body)
		}
		for name, value := range map[string]string{
			"Content-Type": tt.kind, "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cache-Control": "no-store",
		} {
			if got.header.Get(name) != value {
				t.Errorf("%s: %s is %q", tt.name, name, got.header.Get(name))
			}
		}
		if d := got.header.Get("Content-Disposition"); !strings.HasPrefix(d, tt.disposition+";") {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

// TestDeskBeside is what stands beside a conversation.
func TestDeskBeside(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	card := map[string]any{"fields": map[string]string{"name": "李雷"}, "tags": []string{"老顾客"}, "level": 2, "updated_at": 0}
	saved := want[console.Customer](s, 200, "li", http.MethodPut, talk(conversation, "/customer"), card)
	want[console.Problem](s, 409, "li", http.MethodPut, talk(conversation, "/customer"), card)
	noted := want[console.Customer](s, 200, "li", http.MethodPost, talk(conversation, "/notes"), map[string]string{"text": "=HYPERLINK(1)"})
	if saved.ID == "" || saved.Level != 2 || noted.Fields["name"] != "李雷" || len(noted.Notes) != 1 || noted.Notes[0].Nick != "同事li" {
		t.Errorf("the card is %+v, then %+v", saved, noted)
	}

	phrase := map[string]any{"shared": false, "folder": "问候", "shortcut": "nh", "text": "您好", "position": 1}
	mine := want[console.Phrase](s, 200, "li", http.MethodPost, "/desk/phrases", phrase)
	phrase["shared"] = true
	want[console.Problem](s, 403, "li", http.MethodPost, "/desk/phrases", phrase)
	shared := want[console.Phrase](s, 200, "chen", http.MethodPost, "/desk/phrases", phrase)
	if mine.Shared || !shared.Shared {
		t.Errorf("phrases %+v, %+v", mine, shared)
	}
	for name, n := range map[string]int{"li": 2, "wang": 1} {
		if list := want[console.PhraseList](s, 200, name, http.MethodGet, "/desk/phrases", nil); len(list.Phrases) != n {
			t.Errorf("%s has %+v", name, list)
		}
	}
	for _, tt := range []struct {
		name, id string
		status   int
	}{{"wang", mine.ID, 403}, {"wang", shared.ID, 403}, {"li", "none", 404}, {"li", "%00", 404}, {"li", mine.ID, 204}} {
		if r := s.ask(tt.name, http.MethodDelete, "/desk/phrases/"+tt.id, nil); r.code != tt.status {
			t.Errorf("%s drops %s: %d %s", tt.name, tt.id, r.code, r.body)
		}
	}

	for query, wanted := range map[string]string{
		"":                      "[{宽带 宽带 2} {手机 手机 1}] []",
		"?category=宽带":          "[{办理 宽带/办理 1}] [fee]",
		"?category=宽带/办理":       "[] [move]",
		"?category=没有":          "[] []",
		"?text=补办手机卡&channel=x": "[] [card]",
	} {
		shelf := want[console.Shelf](s, 200, "li", http.MethodGet, "/desk/knowledge"+query, nil)
		ids := []string{}
		for _, e := range shelf.Entries {
			ids = append(ids, e.ID)
			if e.Text == "" || !strings.Contains(e.HTML, "<strong>") || e.Category == "" {
				t.Errorf("%s shows %+v", query, e)
			}
		}
		if got := fmt.Sprint(shelf.Categories, ids); got != wanted {
			t.Errorf("%q shows %s, want %s", query, got, wanted)
		}
	}
}

// TestDeskFavourites keeps entries at hand: each agent their own, with what they
// say to the visitors of a channel, and what is left of those that are gone.
func TestDeskFavourites(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	gone := bot.Favourite{Agent: "id-li", Entry: "a/b ?", Question: "以前怎么办", At: s.now()}
	if err := s.store.PutFavourite(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	change := func(status int, method string, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if r := s.ask("li", method, "/desk/favourites/"+id, nil); r.code != status {
				t.Errorf("%s %s: %d %s", method, id, r.code, r.body)
			}
		}
	}
	show := func(name, channel string) (list []string) {
		t.Helper()
		for _, f := range want[console.FavouriteList](s, 200, name, http.MethodGet, "/desk/favourites?channel="+channel, nil).Favourites {
			if f.Text != "" != strings.Contains(f.HTML, "<strong>") || f.Question == "" || f.Gone == (f.Category != "") {
				t.Errorf("%s sees %+v", name, f)
			}
			list = append(list, fmt.Sprintf("%s answers %v gone %v", f.ID, f.Text != "", f.Gone))
		}
		return list
	}
	change(204, http.MethodPut, "card", "wechat", "move", "card")
	change(409, http.MethodPut, "none", "%00")
	left := "a/b ? answers false gone true"
	if diff := cmp.Diff([]string{"move answers true gone false", "wechat answers false gone false", "card answers true gone false", left}, show("li", "web")); diff != "" {
		t.Errorf("on the web (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("wechat answers true gone false", show("li", "wechat")[1]); diff != "" {
		t.Errorf("in WeChat (-want +got):\n%s", diff)
	}
	if others := show("wang", ""); others != nil {
		t.Errorf("another agent has %q", others)
	}
	change(204, http.MethodDelete, "a%2Fb%20%3F", "move", "none")
	change(404, http.MethodDelete, "%00")
	if diff := cmp.Diff([]string{"wechat answers false gone false", "card answers true gone false"}, show("li", "web")); diff != "" {
		t.Errorf("after some were dropped (-want +got):\n%s", diff)
	}
}

// TestDeskLeaves: a question that was left is answered in the same thread.
func TestDeskLeaves(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	left := s.receive(bot.Inbound{Visitor: visitor("dan"), Kind: bot.KindLeave, Text: "请回电", Card: bot.Card{Name: "丹", Contact: "13800000000"}})
	list := want[console.LeaveTasks](s, 200, "chen", http.MethodGet, "/desk/leaves", nil)
	if len(list.Leaves) != 1 || list.Leaves[0].Conversation != left.Conversation || list.Leaves[0].Contact != "13800000000" {
		t.Fatalf("the list is %+v", list)
	}
	path := "/desk/leaves/" + list.Leaves[0].ID + "/answer"
	want[console.Problem](s, 404, "li", http.MethodPost, path, nil) // not given to li
	item := want[console.Item](s, 200, "chen", http.MethodPost, path, nil)
	if item.Owner != "id-chen" || item.ID != left.Conversation || item.Leave == "" {
		t.Errorf("it is answered in %+v", item)
	}
}

// TestDeskBoard is what a supervisor sees and sets.
func TestDeskBoard(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	s.served("ann", "li")
	s.queued("bob")
	board := want[console.Board](s, 200, "chen", http.MethodGet, "/board", nil)
	for _, g := range board.Groups {
		if g.Group.ID == "宽带" && (g.Waiting != 1 || g.Serving != 1 || g.Online != 2 || g.Longest == 0) {
			t.Errorf("the group is %+v", g)
		}
	}
	colleagues := want[console.DeskColleagues](s, 200, "wang", http.MethodGet, "/desk/colleagues", nil)
	serving := ""
	for _, seat := range colleagues.Seats {
		serving += fmt.Sprint(seat.Nick, seat.Serving, " ")
	}
	if len(board.Groups) < 2 || serving != "同事chen0 同事li1 同事wang0 同事zhao0 " {
		t.Errorf("the board is %+v, the colleagues %s", board, serving)
	}
	made := want[console.Group](s, 200, "admin", http.MethodPost, "/groups", groupBody("", "投诉"))
	if made.ID == "" || !made.Manual || made.MaxQueue != 3 || made.UpdatedAt == 0 {
		t.Errorf("the group is %+v", made)
	}
	again := groupBody(made.ID, "投诉组")
	want[console.Problem](s, 409, "admin", http.MethodPost, "/groups", again) // without what was read
	again["updated_at"] = made.UpdatedAt
	want[console.Group](s, 200, "admin", http.MethodPost, "/groups", again)
	seat := want[console.Seat](s, 200, "chen", http.MethodPut, "/seats/id-li", map[string]any{"groups": []string{made.ID}, "most": 9})
	if seat.Most != 9 || seat.Nick != "同事li" || seat.Presence != "online" {
		t.Errorf("the seat is %+v", seat)
	}
	want[struct{}](s, 204, "admin", http.MethodDelete, "/groups/"+made.ID, nil)
	want[console.Seat](s, 200, "chen", http.MethodPut, "/desk/presence", map[string]string{"agent": "id-wang", "presence": "offline"})
	log := want[console.PresenceLog](s, 200, "wang", http.MethodGet, "/desk/presence-log", nil)
	if n := len(log.Changes); n != 2 || log.Changes[1].To != "offline" || log.Changes[1].By != "id-chen" {
		t.Errorf("the log is %+v", log)
	}
	if r := s.ask("wang", http.MethodGet, "/desk/presence-log?agent=id-wang&since=1&until=2", nil); strings.Contains(string(r.body), "online") {
		t.Errorf("the log of another time is %s", r.body)
	}
}

// TestNoDesk: a console without a desk says so.
func TestNoDesk(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/desk", "/desk/socket", "/desk/conversations/x/files/y"} {
		if p := problem(t, s.ask(http.MethodGet, "/console/api"+path, "secret-agent", "")); p.Status != 503 || p.Code != "no_desk" {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
