package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/console"
)

const quick = 10 * time.Millisecond

// TestSocketDoor: only who serves or supervises, only from our own pages, and nobody
// without a ticket.
func TestSocketDoor(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	s.staff.join(staff.Account{Name: "off", Roles: []staff.Role{staff.Agent}, Disabled: true})
	s.staff.join(staff.Account{Name: "must", Roles: []staff.Role{staff.Agent}, MustChange: true})
	for _, tt := range []struct {
		name, origin string
		status       int
	}{
		{"", s.URL, 401}, {"forged", s.URL, 401}, {"off", s.URL, 401}, {"must", s.URL, 403},
		{"li", "", 403}, {"li", "null", 403}, {"li", "https://evil.example", 403}, {"li", strings.Replace(s.URL, "http:", "https:", 1), 101},
		{"li", s.URL, 101}, {"chen", s.URL, 101}, {"agent", s.URL, 101}, {"supervisor", s.URL, 101},
		{"admin", s.URL, 403}, {"editor", s.URL, 403}, {"reviewer", s.URL, 403}, {"auditor", s.URL, 403},
	} {
		conn, resp, err := s.handshake(tt.name, tt.origin)
		if resp == nil {
			t.Fatalf("%q from %q: %v", tt.name, tt.origin, err)
		}
		if resp.StatusCode != tt.status {
			t.Errorf("%q from %q: %d, want %d", tt.name, tt.origin, resp.StatusCode, tt.status)
		}
		if err == nil {
			_ = conn.Close()
		}
		if tt.status == http.StatusSwitchingProtocols {
			s.refused(tt.name+" without a ticket", tt.name, tt.origin, "", "ticket")
		}
	}
}

// TestSocketAccept: two of a group see who waits; when one takes it, the other
// hears who has it, and only the one gets what is said.
func TestSocketAccept(t *testing.T) {
	s := newDeskSite(t, time.Hour) // without a beat: only what moves is told, and at once
	li, wang, zhao, chen := s.open("li"), s.open("wang"), s.open("zhao"), s.open("chen")
	conversation := s.queued("ann")
	for _, b := range []*deskSocket{li, wang, chen} {
		if item := b.next("item").Item; item.ID != conversation || item.Phase != "queued" || item.Group != "宽带" || item.Last != nil {
			t.Errorf("%s sees %+v", b.name, item)
		}
	}
	taken := want[console.Item](s, 200, "li", http.MethodPost, talk(conversation, "/accept"), nil)
	if taken.Owner != "id-li" || taken.Phase != "agent" {
		t.Errorf("accepted: %+v", taken)
	}
	if item := li.next("item").Item; item.Owner != "id-li" || item.Nick != "同事li" {
		t.Errorf("li sees %+v", item)
	}
	if gone := wang.next("gone"); gone.Conversation != conversation || gone.Nick != "同事li" {
		t.Errorf("wang hears %+v", gone)
	}
	if item := chen.next("item").Item; item.Owner != "id-li" {
		t.Errorf("the supervisor sees %+v", item)
	}
	p := want[console.Problem](s, 409, "wang", http.MethodPost, talk(conversation, "/accept"), nil)
	if p.Code != "taken" || p.Title != "已由 同事li 接待" || p.Taken == nil || *p.Taken != (console.Taken{Agent: "id-li", Nick: "同事li", Phase: "agent", State: "open"}) {
		t.Errorf("the loser hears %+v", p)
	}
	s.say(visitor("ann"), "我想移机")
	if m := li.next("message"); m.Conversation != conversation || m.Message.Text != "我想移机" || m.Message.Author != "visitor" {
		t.Errorf("li gets %+v", m)
	}
	s.bus.Publish(bot.Hint{Visitor: visitor("ann").Key(), Conversation: conversation, Typing: bot.FromVisitor})
	s.bus.Publish(bot.Hint{Visitor: visitor("ann").Key(), Conversation: conversation, Read: 3})
	if f := li.next("typing"); f.Conversation != conversation {
		t.Errorf("li sees typing of %+v", f)
	}
	if f := li.next("read"); f.Conversation != conversation || f.Seq != 3 {
		t.Errorf("li sees as read %+v", f)
	}
	for _, b := range []*deskSocket{wang, zhao, chen} {
		for _, f := range b.sofar() {
			if f.T == "message" || f.T == "typing" || f.T == "read" || b == zhao {
				t.Errorf("%s gets %+v", b.name, f)
			}
		}
	}
}

// TestSocketWatch: whoever looks at a conversation gets its messages as far as
// they are for them, and no command of the socket opens another's.
func TestSocketWatch(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	sockets := map[string]*deskSocket{}
	for _, name := range []string{"li", "wang", "zhao", "chen"} {
		sockets[name] = s.open(name)
		sockets[name].send(`{"t":"watch","conversation":"` + conversation + `"}`)
		sockets[name].sofar() // the watch has come
	}
	texts := func(name string) string {
		var got []string
		for _, f := range sockets[name].sofar() {
			if f.T == "message" {
				got = append(got, f.Message.Kind+":"+f.Message.Text)
			}
		}
		return strings.Join(got, " ")
	}
	wantTexts := func(what string, want map[string]string) {
		t.Helper()
		for name := range sockets {
			if got := texts(name); got != want[name] {
				t.Errorf("%s: %s gets %q, want %q", what, name, got, want[name])
			}
		}
	}
	s.say(visitor("ann"), "在吗")
	wantTexts("a question", map[string]string{"li": "text:在吗", "chen": "text:在吗"})
	whisper := map[string]string{"kind": "whisper", "text": "安抚一下"}
	want[struct{}](s, 204, "chen", http.MethodPost, talk(conversation, "/remarks"), whisper)
	wantTexts("a whisper", map[string]string{"li": "whisper:安抚一下", "chen": "whisper:安抚一下"})
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/transfer"), map[string]string{"group": "宽带"})
	for name := range sockets {
		texts(name)
	}
	// Now all of the group may look at it; a whisper is for its last owner still.
	want[struct{}](s, 204, "chen", http.MethodPost, talk(conversation, "/remarks"), whisper)
	wantTexts("a whisper in the queue", map[string]string{"li": "whisper:安抚一下", "chen": "whisper:安抚一下"})
	s.say(visitor("ann"), "还在吗")
	for name, b := range sockets {
		sees := strings.Contains(texts(b.name), "还在吗")
		if sees != (name != "zhao") {
			t.Errorf("%s sees a customer in the queue: %v", name, sees)
		}
	}
	for _, path := range []string{"", "/messages"} { // nor is it to be read
		for name := range sockets {
			read := strings.Contains(string(s.ask(name, http.MethodGet, talk(conversation, path), nil).body), "安抚")
			if read != (name == "li" || name == "chen") {
				t.Errorf("%s reads the whisper at %q: %v", name, path, read)
			}
		}
	}
	sockets["wang"].send(`{"t":"watch","conversation":""}`)
	sockets["wang"].sofar()
	s.say(visitor("ann"), "有人吗")
	if got := texts("wang"); got != "" {
		t.Errorf("wang looks away and gets %q", got)
	}
}

// TestSocketRating: what a visitor says of an agent reaches the supervisor alone.
func TestSocketRating(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	conversation := s.served("ann", "li")
	li, chen := s.open("li"), s.open("chen")
	for _, b := range []*deskSocket{li, chen} {
		b.send(`{"t":"watch","conversation":"` + conversation + `"}`)
		b.sofar()
	}
	want[struct{}](s, 204, "li", http.MethodPost, talk(conversation, "/close"), map[string]any{"solved": true, "text": "已办理"})
	survey := int64(0)
	for _, f := range li.sofar() {
		if f.T == "message" && f.Message.Kind == "survey" {
			survey = f.Message.Seq
		}
	}
	if survey == 0 {
		t.Fatal("li does not see the survey")
	}
	rate := bot.Inbound{
		Visitor: visitor("ann"), Kind: bot.KindRating, Conversation: conversation, Text: "态度恶劣", ClientID: "rating-0001",
		Card: bot.Card{Of: survey, Stars: 1},
	}
	if _, err := s.engine.Receive(t.Context(), rate); err != nil {
		t.Fatal(err)
	}
	rate.ClientID, rate.Card.Stars = "rating-0002", 5
	var late *bot.LateError
	if _, err := s.engine.Receive(t.Context(), rate); !asLate(err, &late) {
		t.Errorf("a second vote: %v", err)
	}
	seen := ""
	for _, f := range chen.sofar() {
		seen += f.Message.Text
	}
	if !strings.Contains(seen, "态度恶劣") {
		t.Errorf("the supervisor hears %q", seen)
	}
	got, _ := json.Marshal(li.sofar())
	for _, path := range []string{talk(conversation, ""), talk(conversation, "/messages"), "/desk/conversations?scope=closed"} {
		r := s.ask("li", http.MethodGet, path, nil)
		if r.code != 200 {
			t.Fatalf("%s: %d %s", path, r.code, r.body)
		}
		got = append(got, r.body...)
	}
	if strings.Contains(string(got), "恶劣") || strings.Contains(string(got), `"stars"`) {
		t.Errorf("the agent hears %s", got)
	}
	if r := s.ask("chen", http.MethodGet, talk(conversation, ""), nil); !strings.Contains(string(r.body), "恶劣") {
		t.Errorf("the supervisor reads %s", r.body)
	}
}

// TestSocketEnds: a socket does not outlive what it was opened with.
func TestSocketEnds(t *testing.T) {
	for name, change := range map[string]func(*staff.Account){
		"signed out":  nil,
		"disabled":    func(a *staff.Account) { a.Disabled = true },
		"must change": func(a *staff.Account) { a.MustChange = true },
		"no agent":    func(a *staff.Account) { a.Roles = []staff.Role{staff.Editor} },
		"promoted":    func(a *staff.Account) { a.Roles = []staff.Role{staff.Supervisor} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newDeskSite(t, quick)
			li, wang := s.open("li"), s.open("wang")
			s.staff.change("li", change)
			if code := li.closed(); code != 3102 {
				t.Errorf("it closes with %d", code)
			}
			wang.sofar()
		})
		t.Run(name+", at a command", func(t *testing.T) {
			s := newDeskSite(t, time.Hour) // nobody looks but the command
			li := s.open("li")
			s.staff.change("li", change)
			li.send(`{"t":"watch","conversation":"x"}`)
			if code := li.closed(); code != 3102 {
				t.Errorf("it closes with %d", code)
			}
		})
	}
}

// TestSocketSurvives: that nobody can say whether a session lives does not end it,
// but nothing is done for it either.
func TestSocketSurvives(t *testing.T) {
	s := newDeskSite(t, quick)
	li := s.open("li")
	s.staff.mu.Lock()
	s.staff.fail = errBroken
	s.staff.mu.Unlock()
	li.send(`{"t":"ping"}`)
	for range 2 { // signs of life lie ten beats apart, and a check every two
		select {
		case <-s.store.seen:
		case <-time.After(patience):
			t.Fatal("the beat has stopped")
		}
	}
	s.staff.mu.Lock()
	s.staff.fail = nil
	s.staff.mu.Unlock()
	li.sofar()
	_ = li.SetReadDeadline(time.Now().Add(quick))
	if _, data, err := li.ReadMessage(); err == nil {
		t.Errorf("the ping was answered nevertheless: %s", data)
	}
}

// TestSocketLimits: clients that are none of ours are sent away.
func TestSocketLimits(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	for name, tt := range map[string]struct {
		frame string
		times int
		code  int
	}{
		"no JSON":    {"ping", 10, 3301},
		"no command": {`{"t":"accept","conversation":"x"}`, 10, 3301},
		"too many":   {`{"t":"ping"}`, 100, 3201},
		"too large":  {`{"t":"` + strings.Repeat("x", 5000) + `"}`, 1, 1009},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.open("li")
			for range tt.times {
				_ = b.WriteMessage(1, []byte(tt.frame)) // fails when it is closed already
			}
			if code := b.closed(); code != tt.code {
				t.Errorf("it closes with %d, want %d", code, tt.code)
			}
		})
	}
	for range 20 {
		s.open("wang")
	}
	conn, _, err := s.handshake("wang", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if code := (&deskSocket{conn, t, "wang"}).closed(); code != 3202 {
		t.Errorf("one too many closes with %d", code)
	}
}

// TestSocketShutdown: all are told to come back.
func TestSocketShutdown(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	li := s.open("li")
	done := make(chan error, 1)
	go func() { done <- s.console.Shutdown(t.Context()) }()
	if code := li.closed(); code != 1001 {
		t.Errorf("it closes with %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestSocketOfOtherNode: what another process wrote comes here by a hint that says
// only how far the conversation is.
func TestSocketOfOtherNode(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	other := s.engine.EngineConfig
	other.Bus = bot.NewLocalBus()
	node := bot.NewEngine(other)
	desk := bot.NewDesk(bot.DeskConfig{Engine: node, Store: s.store, Customers: s.store, Blocked: s.store})
	conversation := s.served("ann", "li")
	waits := s.queued("bob")
	li, wang := s.open("li"), s.open("wang")
	in := bot.Inbound{Visitor: visitor("ann"), ClientID: "client-other", Kind: bot.KindText, Text: "从别处说的"}
	if _, err := node.Receive(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Accept(t.Context(), actor("li"), waits); err != nil {
		t.Fatal(err)
	}
	for range 3 { // polls tell it again and again
		for _, id := range []string{conversation, waits} {
			s.bus.Publish(bot.Hint{Visitor: "web//x", Conversation: id, Seq: s.seq(id)})
		}
	}
	for said, accepted := false, false; !said || !accepted; {
		f, err := li.read()
		if err != nil {
			t.Fatalf("said %v, accepted %v: %v", said, accepted, err)
		}
		said = said || f.Message.Text == "从别处说的"
		accepted = accepted || f.Item.ID == waits && f.Item.Owner == "id-li"
	}
	if gone := wang.next("gone"); gone.Conversation != waits || gone.Nick != "同事li" {
		t.Errorf("wang hears %+v", gone)
	}
	for _, f := range wang.sofar() {
		t.Errorf("wang gets more: %+v", f)
	}
}

// TestSocketQuiet: a customer in the queue who writes and writes does not have
// every word told to every agent.
func TestSocketQuiet(t *testing.T) {
	s := newDeskSite(t, time.Hour)
	li := s.open("li")
	conversation := s.queued("ann")
	li.next("item") // who never saw it would not hear that it is gone
	for i := range 30 {
		s.say(visitor("ann"), fmt.Sprint("在吗", i))
	}
	want[console.Item](s, 200, "wang", http.MethodPost, talk(conversation, "/accept"), nil)
	items := 0
	for {
		f, err := li.read()
		if err != nil {
			t.Fatal(err)
		}
		if f.T == "gone" {
			break
		}
		if f.T == "item" {
			items++
		}
	}
	if items > 2 {
		t.Errorf("%d more items for 30 messages", items)
	}
}

// TestSocketItemFollows: what only has grown is told at the next half beat.
func TestSocketItemFollows(t *testing.T) {
	s := newDeskSite(t, quick)
	conversation := s.served("ann", "li")
	li := s.open("li")
	m := s.say(visitor("ann"), "还在吗")
	item := li.until(func(i console.Item) bool { return i.ID == conversation && i.Seq >= m.Seq })
	if item.Last == nil || item.Last.Text != "还在吗" || item.AskedAt == 0 {
		t.Errorf("it is %+v", item)
	}
}

// TestSocketSeats: states and leave-messages come without a hint.
func TestSocketSeats(t *testing.T) {
	s := newDeskSite(t, quick)
	li, wang, chen := s.open("li"), s.open("wang"), s.open("chen")
	want[console.Seat](s, 200, "li", http.MethodPut, "/desk/presence", map[string]string{"presence": "resting"})
	for _, b := range []*deskSocket{li, chen} {
		for seat := (console.Seat{}); seat.Agent != "id-li" || seat.Presence != "resting"; {
			seat = b.next("seat").Seat
		}
	}
	for _, f := range wang.sofar() {
		if f.T == "seat" && f.Seat.Agent != "id-wang" {
			t.Errorf("wang sees %+v", f.Seat)
		}
	}
	// A seat that serves another group now sees another queue.
	want[console.Seat](s, 200, "chen", http.MethodPut, "/seats/id-li", map[string]any{"groups": []string{"手机"}, "most": 2})
	for seat := (console.Seat{}); len(seat.Groups) != 1 || seat.Groups[0] != "手机"; {
		seat = li.next("seat").Seat
	}
	s.queued("ann")
	wang.next("item")
	for _, f := range li.sofar() {
		if f.T == "item" {
			t.Errorf("li sees %+v", f.Item)
		}
	}
	s.receive(bot.Inbound{Visitor: visitor("dan"), Kind: bot.KindLeave, Text: "请回电", Card: bot.Card{Name: "丹", Contact: "13800000000"}})
	chen.next("leaves")
}

// TestSocketAlive: an open page is a sign of life, and all of them are one write.
func TestSocketAlive(t *testing.T) {
	s := newDeskSite(t, quick)
	s.open("li")
	s.open("wang")
	s.open("li")
	timeout := time.After(patience)
	for {
		select {
		case agents := <-s.store.seen:
			if fmt.Sprint(agents) == "[id-li id-wang]" {
				return
			}
		case <-timeout:
			t.Fatal("nothing is seen of li and wang")
		}
	}
}

func asLate(err error, late **bot.LateError) bool {
	e, ok := err.(*bot.LateError)
	*late = e
	return ok
}
