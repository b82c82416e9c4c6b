package wechat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
)

var noon = time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)

func pick(id int64, label string) Choice {
	return act{Heard: noon.UnixMilli(), Act: render.Act{Kind: bot.KindPick, Option: &bot.Option{Entry: "e-" + label, Question: label}}}.choice(id, label)
}

func form(at time.Time) Choice {
	return act{Act: render.Act{Kind: bot.KindLeave}, Heard: at.UnixMilli()}.choice(0, "")
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int{
		"1": 1, "２": 2, "③": 3, "4️⃣": 4, "5.": 5, "第六个": 6, "选7": 7, "回复 8": 8, "十": 10, "12": 12, "第2条": 2, " 3 ": 3,
		"": 0, "1234": 0, "2个苹果": 0, "第": 0, "1 2": 12, "一二": 0, "10086怎么打": 0, "-1": 0, "2件": 0,
	} {
		if n, ok := number(text); n != want || ok != (want > 0) {
			t.Errorf("%q is %d, %v, want %d", text, n, ok, want)
		}
	}
}

func TestMeaning(t *testing.T) {
	list := []Choice{pick(11, "甲"), pick(12, "乙")}
	text := func(content string) envelope.Message { return envelope.Message{Type: "text", Content: content} }
	tap := func(id string) envelope.Message { return envelope.Message{Type: "text", Content: "甲", MenuID: id} }
	for _, tt := range []struct {
		name    string
		message envelope.Message
		s       situation
		kind    bot.MessageKind
		text    string // of the Inbound, or what we say
		granted string
	}{
		{"words", text(" 你好 "), situation{}, bot.KindText, "你好", byMessage},
		{"a number without a list", text("2"), situation{}, bot.KindText, "2", byMessage},
		{"a number", text("2"), situation{choices: list}, bot.KindPick, "乙", byMessage},
		{"too large a number", text("3"), situation{choices: list}, "", sayBadNumber, byMessage},
		{"a label", text("乙"), situation{choices: list}, bot.KindPick, "乙", byMessage},
		{"a tap", tap("11"), situation{choices: list}, bot.KindPick, "甲", byTap},
		{"an outdated tap", tap("10"), situation{choices: list}, "", sayOutdated, byTap},
		{"a tap on nothing", tap("0"), situation{choices: []Choice{form(noon)}, now: noon}, "", sayOutdated, byTap},
		{"no number of ours", tap("x"), situation{choices: list}, "", sayOutdated, byTap},
		{"after a form", text("发票丢了"), situation{choices: []Choice{form(noon)}, now: noon}, bot.KindLeave, "发票丢了", byMessage},
		{"a number after a form", text("2"), situation{choices: append([]Choice{form(noon)}, list...), now: noon}, bot.KindPick, "乙", byMessage},
		{"long after a form", text("发票丢了"), situation{choices: []Choice{form(noon)}, now: noon.Add(2 * time.Hour)}, bot.KindText, "发票丢了", byMessage},
		{"a question after a form", text("怎么退货"), situation{choices: []Choice{form(noon)}, now: noon, asks: true}, bot.KindText, "怎么退货", byMessage},
		{"no form, please", text("算了"), situation{choices: []Choice{form(noon)}, now: noon}, "", sayNoLeave, byMessage},
		{"more", text("继续"), situation{keeps: true}, "", "", byMessage},
		{"no more", text("继续"), situation{}, "", sayNothing, byMessage},
		{"go on, agent", text("继续"), situation{human: true}, bot.KindText, "继续", byMessage},
		{"voice", envelope.Message{Type: "voice", Recognition: "你好"}, situation{}, bot.KindText, "你好", byMessage},
		{"a number by voice", envelope.Message{Type: "voice", Recognition: "第二个"}, situation{choices: list}, bot.KindPick, "乙", byMessage},
		{"a voice nobody understands", envelope.Message{Type: "voice", MediaID: "v"}, situation{}, "", sayVoice, byMessage},
		{"a voice for the agent", envelope.Message{Type: "voice", MediaID: "v"}, situation{human: true}, bot.KindFile, "", byMessage},
		{"a place", envelope.Message{Type: "location", Label: "广场", X: 31, Y: 121}, situation{human: true}, bot.KindText, "位置：广场（31.000000，121.000000）", byMessage},
		{"a place for the bot", envelope.Message{Type: "location"}, situation{}, "", sayLocation, byMessage},
		{"a kind nobody knows", envelope.Message{Type: "x"}, situation{}, "", sayUnknown, byMessage},
		{"a click", envelope.Message{Type: "event", Event: "CLICK", EventKey: "k"}, situation{account: Account{Events: []EventRule{
			{On: OnScan, Do: DoNothing}, {On: OnClick, Key: "other", Do: DoNothing}, {On: OnClick, Do: DoQuestion, Text: "问"},
		}}}, bot.KindText, "问", byClick},
		{"a view", envelope.Message{Type: "event", Event: "VIEW"}, situation{}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := meaningOf(tt.message, tt.s)
			if m.in.Kind != tt.kind || m.in.Text+m.say != tt.text || m.granted != tt.granted {
				t.Errorf("got %s %q, say %q, granted %q", m.in.Kind, m.in.Text, m.say, m.granted)
			}
		})
	}
}

func TestContact(t *testing.T) {
	for text, want := range map[string]string{
		"电话13812345678，谢谢": "13812345678", "138 1234 5678": "138 1234 5678", "座机021-61234567": "021-61234567",
		"发到 ann.lee@example.com 吧": "ann.lee@example.com", "订单 12345": "", "": "",
	} {
		if got := contact(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// piecesFor makes pieces from words: w is a line of an agent that is due, f one that
// is not yet, k one that is kept, s a survey, n a notice, i a picture, x one that is
// being sent.
func piecesFor(words string, age time.Duration) (pieces []piece) {
	for i, word := range words {
		p := piece{part: render.Part{Text: fmt.Sprint(string(word), i)}, Outgoing: Outgoing{Seq: int64(i + 1), State: Waiting, Due: noon, ChangedAt: noon.Add(-age)}}
		switch word {
		case 'w':
			p.Agent = true
		case 'f':
			p.Agent, p.Due = true, noon.Add(time.Minute)
		case 'k':
			p.Agent, p.State = true, Kept
		case 's':
			p.Last = true
			p.part = render.Part{Menu: &render.Menu{Head: "s", Items: []render.Item{{ID: 5, Label: "满意", Act: render.Act{Kind: bot.KindRating, Stars: 5}}}}}
		case 'i':
			p.Agent = true
			p.part = render.Part{Image: &render.Image{File: "f"}}
		case 'x':
			p.State = Sending
		}
		pieces = append(pieces, p)
	}
	return pieces
}

func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		name, pieces      string
		left              int
		age               time.Duration
		can               means
		send, keep, later int
		menu              bool
	}{
		{"nothing", "", 5, 0, means{sends: true}, 0, 0, 0, false},
		{"not yet", "ff", 5, 0, means{sends: true}, 0, 0, 0, false},
		{"one is due, all go", "wff", 5, 0, means{sends: true}, 3, 0, 0, false},
		{"what was kept goes too", "kw", 5, 0, means{sends: true}, 2, 0, 0, false},
		{"kept alone waits for a reply", "k", 5, 0, means{sends: true}, 0, 0, 0, false},
		{"one is being sent", "xw", 5, 0, means{sends: true}, 0, 0, 0, false},
		{"nothing is left", "ww", 0, 0, means{sends: true}, 0, 2, 0, false},
		{"the account may not", "ww", 5, 0, means{}, 0, 2, 0, false},
		{"the last is kept back", "wf", 1, time.Minute, means{sends: true}, 0, 0, 1, false},
		{"but not for ever", "ww", 1, 3 * time.Minute, means{sends: true}, 2, 0, 0, false},
		{"the end takes it, with all that waits", "wfs", 1, time.Second, means{sends: true, menus: true}, 3, 0, 0, false},
		{"a notice does not", "n", 1, time.Hour, means{sends: true}, 0, 1, 0, false},
		{"a picture by itself", "iw", 5, 0, means{sends: true}, 1, 0, 0, false},
		{"text before a picture", "wi", 5, 0, means{sends: true}, 1, 0, 0, false},
		{"a menu by itself", "s", 3, 0, means{sends: true, menus: true}, 1, 0, 0, true},
		{"even the last message", "s", 1, 0, means{sends: true, menus: true}, 1, 0, 0, true},
		{"text before a menu", "ws", 3, 0, means{sends: true, menus: true}, 1, 0, 0, false},
		{"a menu as text", "ws", 3, 0, means{sends: true}, 2, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := decide(noon, tt.left, tt.can, piecesFor(tt.pieces, tt.age))
			if len(p.send) != tt.send || len(p.keep) != tt.keep || len(p.later) != tt.later || (p.message.Menu != nil) != tt.menu {
				t.Errorf("send %d, keep %d, later %d: %+v", len(p.send), len(p.keep), len(p.later), p.message)
			}
			for _, one := range p.later {
				if want := noon.Add(patience - tt.age); !one.Due.Equal(want) {
					t.Errorf("due at %v, want %v", one.Due, want)
				}
			}
		})
	}
}

// TestBundle joins no more than one message holds.
func TestBundle(t *testing.T) {
	var pieces []piece
	for range 10 {
		pieces = append(pieces, line(strings.Repeat("字", 150)))
	}
	never := func(piece) bool { return false }
	for sent := 0; len(pieces) > 0; {
		message, n := bundle(pieces, never)
		if runes := len([]rune(message.Text)); runes > render.MaxRunes || runes < 150*n {
			t.Fatalf("%d pieces make %d characters", n, runes)
		}
		if sent++; sent > 4 {
			t.Fatal("more than four messages")
		}
		pieces = pieces[n:]
	}
	link, n := bundle([]piece{{part: render.Part{Image: &render.Image{URL: `https://example.com/a.png?a="b"`, Alt: "图"}}}, line("看图")}, never)
	if n != 2 || !strings.HasPrefix(link.Text, `图片：<a href="https://example.com/a.png?a=`) || strings.Count(link.Text, `"`) != 2 {
		t.Errorf("%d pieces: %s", n, link.Text)
	}
}

func TestChoices(t *testing.T) {
	menu := func(ids ...int64) piece {
		m := &render.Menu{}
		for _, id := range ids {
			m.Items = append(m.Items, render.Item{ID: id, Label: fmt.Sprint(id), Act: render.Act{Kind: bot.KindPick}})
		}
		return piece{part: render.Part{Menu: m}, Outgoing: Outgoing{Conversation: "c"}}
	}
	ids := func(choices []Choice) (all []int64) {
		for _, c := range choices {
			all = append(all, c.ID)
		}
		return all
	}
	one := shown(nil, []piece{line("x"), menu(1, 2), menu(3)}, noon, false)
	for _, tt := range []struct {
		name string
		got  []Choice
		want []int64
	}{
		{"all lists of a message", one, []int64{1, 2, 3}},
		{"no list", shown(one, []piece{line("x")}, noon, false), []int64{1, 2, 3}},
		{"numbers are of the last list", shown(one, []piece{menu(4)}, noon, false), []int64{4}},
		{"a menu beside another", shown(one, []piece{menu(4)}, noon, true), []int64{1, 2, 3, 4}},
		{"a menu that answers something else", shown(one, []piece{menu(4)}, noon.Add(time.Second), true), []int64{4}},
		{"a form stays", shown([]Choice{form(noon)}, []piece{menu(4)}, noon, false), []int64{4, 0}},
		{"the bot says more", afterMessage(one, bot.Message{Author: bot.FromBot, Kind: bot.KindNotice}, noon), []int64{1, 2, 3}},
		{"an agent says something", afterMessage(one, bot.Message{Author: bot.FromAgent, Kind: bot.KindText}, noon), nil},
		{"an agent has come", afterMessage(one, bot.Message{Author: bot.FromSystem, Kind: bot.KindAccepted}, noon), nil},
		{"a form is shown", afterMessage(nil, bot.Message{Author: bot.FromBot, Kind: bot.KindLeaveForm}, noon), []int64{0}},
		{"something is said after a form", afterMessage([]Choice{form(noon)}, bot.Message{Author: bot.FromBot, Kind: bot.KindNotice}, noon), nil},
	} {
		if got := ids(tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	rate := act{Act: render.Act{Kind: bot.KindRating, Of: 7, Stars: 5}, Conversation: "c"}
	if got := used(append([]Choice{rate.choice(9, "好")}, one...), rate.choice(9, "好")); len(got) != 4 || live(got[0]) || !live(got[1]) {
		t.Errorf("after a rating there are %v", ids(got))
	}
	if got := used([]Choice{rate.choice(8, "差"), rate.choice(9, "好")}, rate.choice(9, "好")); len(got) != 0 {
		t.Errorf("after a rating alone there are %v", ids(got))
	}
}

// TestAbsorb gives each message its way.
func TestAbsorb(t *testing.T) {
	a := absorber{
		render:  func(m bot.Message) []render.Part { return []render.Part{{Text: m.Text}} },
		newMenu: func() int64 { return 1 }, now: noon, grace: time.Second, sends: true,
	}
	f := Follower{Account: "shop", OpenID: "ann", Allowance: Allowance{Left: 2, Of: 5, Until: noon.Add(time.Hour), Granted: byMessage}}
	messages := []bot.Message{
		{Author: bot.FromVisitor, Kind: bot.KindText}, {Author: bot.FromBot, Kind: bot.KindAnswer},
		{Author: bot.FromSystem, Kind: bot.KindClosed}, {Author: bot.FromAgent, Kind: bot.KindNote},
		{Author: bot.FromAgent, Kind: bot.KindText}, {Author: bot.FromSystem, Kind: bot.KindNotice},
		{Author: bot.FromSystem, Kind: bot.KindTransferred}, {Author: bot.FromSystem, Kind: bot.KindAccepted},
		{Author: bot.FromBot, Kind: bot.KindSurvey}, {Author: bot.FromSystem, Kind: bot.KindClosed},
	}
	for i := range messages {
		messages[i].Seq, messages[i].Conversation = int64(i+1), "new"
		if i < 3 {
			messages[i].Conversation = "old"
		}
	}
	f, pieces := a.absorb(f, messages)
	if f.Conversation != "new" || f.Seq != 10 {
		t.Errorf("the follower is at %s %d", f.Conversation, f.Seq)
	}
	var got []string
	for _, p := range pieces {
		got = append(got, fmt.Sprint(p.Seq, " ", p.State, " ", p.Due.Sub(noon), " ", p.Last))
	}
	want := []string{
		"2 waiting 1s true", "3 refused 0s false", "5 waiting 20s false", "6 refused 1s false", "7 kept 20s false",
		"8 waiting 20s false", "9 waiting 0s true", "10 waiting 0s true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !json.Valid(pieces[0].Content) {
		t.Errorf("content %s", pieces[0].Content)
	}
}
