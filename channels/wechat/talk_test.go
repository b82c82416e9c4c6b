package wechat_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/envelope"
)

// TestWT11Sixth refuses what the platform would not take, before it is said.
func TestWT11Sixth(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	for i := range 5 {
		if err := s.agent(talk, fmt.Sprint("第", i+1, "句")); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		s.pass(4 * time.Minute)
		if n := len(s.api.sent()); n != i+1 {
			t.Fatalf("%d of %d were sent", n, i+1)
		}
	}
	var invalid *bot.InvalidError
	if err := s.agent(talk, "第6句"); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "5 条已经用完") {
		t.Errorf("the sixth line: %v", err)
	}
	if a, waiting, err := s.Window(t.Context(), visitor("ann")); err != nil || a.Left != 0 || a.Of != 5 || waiting != 0 {
		t.Errorf("the window is %+v, %d wait, %v", a, waiting, err)
	}
	s.say("ann", "好的")
	if err := s.agent(talk, "第6句"); err != nil {
		t.Errorf("after a message: %v", err)
	}
}

// TestWT12Over refuses what comes too late.
func TestWT12Over(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.clock.move(48*time.Hour - time.Second)
	if err := s.Admit(t.Context(), visitor("ann")); err != nil {
		t.Errorf("in the last second: %v", err)
	}
	s.clock.move(2 * time.Second)
	var invalid *bot.InvalidError
	if err := s.agent(talk, "您好"); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "48 小时") {
		t.Errorf("after 48 hours: %v", err)
	}
	if err := s.Admit(t.Context(), visitor("stranger")); !errors.As(err, &invalid) {
		t.Errorf("who never spoke: %v", err)
	}
	if err := s.Admit(t.Context(), bot.Visitor{Channel: "web", ID: "x"}); err != nil {
		t.Errorf("a visitor of the web: %v", err)
	}
}

// TestTwelveLines brings twelve lines of an agent within five messages, in
// whatever rhythm they are written.
func TestTwelveLines(t *testing.T) {
	for _, every := range []time.Duration{0, time.Second, 4 * time.Second, 10 * time.Second, 25 * time.Second, 50 * time.Second, 2 * time.Minute} {
		for _, closes := range []bool{false, true} {
			t.Run(fmt.Sprint(every, closes), func(t *testing.T) {
				s := newStage(t, nil)
				talk := s.served("ann")
				var want []string
				for i := range 12 {
					text := fmt.Sprintf("这是第 %d 句话。", i+1)
					want = append(want, text)
					if err := s.agent(talk, text); err != nil {
						t.Fatalf("line %d: %v", i+1, err)
					}
					s.step()
					s.pass(every)
				}
				if closes {
					if err := s.desk.Close(t.Context(), li, talk, bot.Summary{}); err != nil {
						t.Fatal(err)
					}
				}
				s.pass(5 * time.Minute)
				got := s.api.text()
				if n := len(s.api.sent()); n > 5 {
					t.Errorf("%d messages: %q", n, got)
				}
				at := 0
				for _, text := range want {
					i := strings.Index(got[at:], text)
					if i < 0 {
						t.Fatalf("%q did not come in order: %q", text, got)
					}
					at += i + len(text)
				}
				if closes && !strings.Contains(got[at:], "非常满意") {
					t.Errorf("no survey came: %q", got)
				}
			})
		}
	}
}

// TestRide gives an agent's lines with the passive reply, for free.
func TestRide(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	for _, text := range []string{"您好", "请说一下订单号"} {
		if err := s.agent(talk, text); err != nil {
			t.Fatal(err)
		}
	}
	s.step() // they wait for more
	got := s.say("ann", "有人吗")
	has(t, got, "您好")
	has(t, got, "请说一下订单号")
	s.pass(10 * time.Minute / 2)
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent besides", n)
	}
	if a, _, _ := s.Window(t.Context(), visitor("ann")); a.Left != 5 {
		t.Errorf("the window is %+v", a)
	}
}

// TestNotices says once that somebody waits, and who has come.
func TestNotices(t *testing.T) {
	s := newStage(t, nil)
	s.sit()
	has(t, s.say("ann", "转人工"), "转接人工客服")
	for range 5 {
		if err := s.desk.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Second)
	}
	c, err := s.talks.Current(t.Context(), visitor("ann"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Accept(t.Context(), li, c.ID); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	if err := s.agent(c.ID, "您好，我来帮您"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	sent := s.api.sent()
	if len(sent) != 1 {
		t.Fatalf("sent %+v", sent)
	}
	has(t, sent[0].Text, "小李")
	has(t, sent[0].Text, "您好，我来帮您")
}

// TestWT13Tap maps a tap to what was offered.
func TestWT13Tap(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Menus = true })
	if got := s.say("ann", "退那个套餐"); got != "" {
		t.Errorf("a list to tap came as %q", got)
	}
	s.pass(3 * time.Second)
	sent := s.api.sent()
	if len(sent) != 1 || sent[0].Menu == nil || len(sent[0].Menu.Items) < 2 {
		t.Fatalf("sent %+v", sent)
	}
	item := sent[0].Menu.Items[1]
	has(t, s.tap("ann", item.Label, item.ID), "：")
	if got := s.said("ann", bot.KindPick); len(got) != 1 || got[0] != item.Label {
		t.Errorf("picked %q, want %q", got, item.Label)
	}
	if a, _, _ := s.Window(t.Context(), visitor("ann")); a.Left != 3 || !a.Until.Equal(s.now().Add(time.Minute)) {
		t.Errorf("a tap allows %+v", a)
	}
	s.say("ann", "手机那个价格")
	s.pass(3 * time.Second)
	turns := s.engine.turns
	has(t, s.tap("ann", item.Label, item.ID), "过期")
	has(t, s.tap("ann", "不知道", 99), "过期")
	m := s.message("ann", "text")
	m.Content, m.MenuID = "满意", "bizmenu-99999999999999999999"
	has(t, replied(t, s.post(m)), "过期")
	if s.engine.turns != turns {
		t.Error("an outdated tap is a turn")
	}
}

// TestWT13Numbers picks by number what was shown last.
func TestWT13Numbers(t *testing.T) {
	s := newStage(t, nil)
	first := s.say("ann", "退那个套餐")
	has(t, first, "1. ")
	second := s.say("ann", "手机那个价格")
	has(t, second, "2. ")
	has(t, s.say("ann", "7"), "列表里的数字")
	has(t, s.say("ann", "②"), "千。")
	answer := s.say("ann", "装宽带")
	has(t, answer, "带身份证到营业厅办理。")
	has(t, answer, "1. 怎么开发票")
	has(t, s.say("ann", "第一个"), "在订单页")
	if got := s.said("ann", bot.KindPick); len(got) != 2 || got[1] != "怎么开发票" {
		t.Errorf("picked %q", got)
	}
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

// TestOldNumbers takes a number for what it is once the list is long forgotten.
func TestOldNumbers(t *testing.T) {
	s := newStage(t, nil)
	has(t, s.say("ann", "退那个套餐"), "1. ")
	s.clock.move(47 * time.Hour)
	has(t, s.say("ann", "100"), "列表里的数字")
	s.clock.move(time.Hour)
	for _, number := range []string{"100", "1"} {
		if got := s.say("ann", number); strings.Contains(got, "列表") || strings.Contains(got, "营业厅") || strings.Contains(got, "网上") || got == "" {
			t.Errorf("%s is answered %q", number, got)
		}
	}
}

// TestWT13Fallback shows numbers where the platform takes no menus, from then on.
func TestWT13Fallback(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Menus = true })
	s.api.fail("send", &api.Error{API: "message/custom/send", Code: 40200, Text: "invalid account type"})
	s.say("ann", "退那个套餐")
	s.pass(3 * time.Second)
	sent := s.api.sent()
	if len(sent) != 1 || !strings.Contains(sent[0].Text, "1. ") {
		t.Fatalf("sent %+v", sent)
	}
	accounts, err := s.store.Accounts(t.Context())
	if err != nil || accounts[0].Menus {
		t.Errorf("accounts %+v, %v", accounts, err)
	}
	has(t, s.say("ann", "1"), "：")
	if a, _, _ := s.Window(t.Context(), visitor("ann")); a.Left != 5 {
		t.Errorf("the window is %+v", a)
	}
	has(t, s.say("ann", "手机那个价格"), "1. ")
}

// TestWT14Long brings a long answer in order, to the last character.
func TestWT14Long(t *testing.T) {
	s := newStage(t, nil)
	got := s.say("ann", "账号怎么注销")
	if !strings.HasSuffix(got, "。") {
		t.Errorf("cut within a sentence: %q", got)
	}
	s.Idle()
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent before the reply can be shown", n)
	}
	s.pass(5 * time.Second)
	for _, m := range s.api.sent() {
		if len(m.Text) > 2000 {
			t.Errorf("%d bytes", len(m.Text))
		}
		got += m.Text
	}
	if got != longAnswer {
		t.Errorf("got %q", got)
	}
}

// TestLongForSilent gives the rest of a long answer to who asks for it.
func TestLongForSilent(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Sends = false })
	const hint = "\n\n（回复“继续”查看后面的内容）"
	got, more := strings.CutSuffix(s.say("ann", "账号怎么注销"), hint)
	for rounds := 0; more && rounds < 5; rounds++ {
		var next string
		next, more = strings.CutSuffix(s.say("ann", "继续"), hint)
		got += next
	}
	if got != longAnswer {
		t.Errorf("got %q", got)
	}
	if turns := s.said("ann", bot.KindText); len(turns) != 1 || len(s.api.sent()) != 0 {
		t.Errorf("turns %q", turns)
	}
	has(t, s.say("ann", "继续"), "没有等待查看")
}

// TestWT15Kinds answers everything with a sensible line.
func TestWT15Kinds(t *testing.T) {
	for name, change := range map[string]func(*envelope.Message){
		"voice":      func(m *envelope.Message) { m.Type, m.MediaID, m.Format = "voice", "v", "amr" },
		"location":   func(m *envelope.Message) { m.Type, m.X, m.Y, m.Label = "location", 31.2, 121.5, "人民广场" },
		"link":       func(m *envelope.Message) { m.Type, m.Title, m.URL = "link", "新闻", "https://example.com" },
		"video":      func(m *envelope.Message) { m.Type, m.MediaID = "video", "v" },
		"shortvideo": func(m *envelope.Message) { m.Type, m.MediaID = "shortvideo", "v" },
		"image gone": func(m *envelope.Message) { m.Type, m.MediaID = "image", "gone" },
		"unknown":    func(m *envelope.Message) { m.Type = "hologram" },
		"empty text": func(m *envelope.Message) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			m := s.message("ann", "text")
			change(&m)
			if got := replied(t, s.post(m)); !strings.Contains(got, "请") {
				t.Errorf("answered %q", got)
			}
		})
	}
	s := newStage(t, nil)
	m := s.message("ann", "voice")
	m.Recognition = "怎么开发票"
	has(t, replied(t, s.post(m)), "在订单页")
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestToAgent gives an agent what the bot does not understand.
func TestToAgent(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	s.api.files = map[string][]byte{"pic": picture(t), "voice": append([]byte("#!AMR\n"), make([]byte, 64)...)}
	for _, change := range []func(*envelope.Message){
		func(m *envelope.Message) { m.Type, m.MediaID = "image", "pic" },
		func(m *envelope.Message) { m.Type, m.MediaID = "voice", "voice" },
		func(m *envelope.Message) { m.Type, m.X, m.Y, m.Label = "location", 31.2, 121.5, "人民广场" },
		func(m *envelope.Message) { m.Type, m.Title, m.URL = "link", "新闻", "https://example.com" },
	} {
		m := s.message("ann", "text")
		change(&m)
		if got := replied(t, s.post(m)); got != "" {
			t.Errorf("%s is answered %q", m.Type, got)
		}
	}
	messages, err := s.talks.Before(t.Context(), talk, 1000, 4)
	if err != nil {
		t.Fatal(err)
	}
	if messages[0].Kind != bot.KindImage || messages[1].Kind != bot.KindFile {
		t.Errorf("files came as %s, %s", messages[0].Kind, messages[1].Kind)
	}
	has(t, messages[2].Text, "人民广场")
	has(t, messages[3].Text, "https://example.com")
	f, content, err := s.desk.Download(t.Context(), li, talk, messages[0].Card.File.ID)
	if err != nil || !bytes.Equal(content, picture(t)) {
		t.Errorf("the picture is %+v, %v", f, err)
	}
}

// TestAgentNumber does not take a number for a choice that an agent asked for.
func TestAgentNumber(t *testing.T) {
	s := newStage(t, nil)
	s.say("ann", "退那个套餐")
	talk := s.served("ann")
	if err := s.agent(talk, "您要几个？"); err != nil {
		t.Fatal(err)
	}
	s.pass(10 * time.Second)
	if got := s.say("ann", "2"); got != "" {
		t.Errorf("answered %q", got)
	}
	if texts := s.said("ann", bot.KindText); !slices.Contains(texts, "2") {
		t.Errorf("the agent sees %q", texts)
	}
}

// TestAgentTyping shows a follower that the agent is writing, once in a while and
// whatever the platform says to that; an account that may not send shows nothing.
func TestAgentTyping(t *testing.T) {
	for _, sends := range []bool{true, false} {
		s := newStage(t, func(a *wechat.Account) { a.Sends = sends })
		talk := s.served("ann")
		s.api.fail("typing", errors.New("out of order"))
		for range 5 { // 20 seconds
			if err := s.desk.Typing(t.Context(), li, talk); err != nil {
				t.Fatal(err)
			}
			s.Idle()
			s.clock.move(4 * time.Second)
		}
		if n := s.api.typing; (n == 2) != sends || !sends && n != 0 {
			t.Errorf("shown %d times, may send: %v", n, sends)
		}
		if n := len(s.api.sent()); n != 0 {
			t.Errorf("%d were sent", n)
		}
	}
}

// TestAgentPicture brings an agent's picture, uploaded once for all.
func TestAgentPicture(t *testing.T) {
	s := newStage(t, nil)
	for _, who := range []string{"ann", "bob"} {
		talk := s.served(who)
		s.picture(talk)
		s.pass(10 * time.Second)
	}
	sent := s.api.sent()
	if len(sent) != 2 || sent[0].Image != "media-1" || sent[1].Image != "media-1" || len(s.api.uploads) != 1 {
		t.Errorf("sent %+v, %d uploads", sent, len(s.api.uploads))
	}
	s.clock.move(3 * 24 * time.Hour)
	s.picture(s.served("ann"))
	s.pass(10 * time.Second)
	if sent := s.api.sent(); sent[len(sent)-1].Image != "media-2" {
		t.Errorf("three days later %+v was sent", sent[len(sent)-1])
	}
}

// TestLeave takes what is said after the form for a leave-message.
func TestLeave(t *testing.T) {
	s := newStage(t, nil)
	has(t, s.say("ann", "转人工"), "联系方式")
	has(t, s.say("ann", "发票一直没有寄到，电话 13812345678"), "留言已收到")
	leaves, err := s.talks.Leaves(t.Context(), "", 9)
	if err != nil || len(leaves) != 1 || leaves[0].Contact != "13812345678" {
		t.Errorf("leaves %+v, %v", leaves, err)
	}
	has(t, s.say("ann", "怎么开发票"), "在订单页")
	s.say("bob", "转人工")
	s.say("bob", "算了")
	if leaves, _ := s.talks.Leaves(t.Context(), "", 9); len(leaves) != 1 {
		t.Errorf("leaves %+v", leaves)
	}
}

// TestLeaveNot takes for no leave-message what the bot can answer, what asks for a
// human again, and what says no.
func TestLeaveNot(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"怎么开发票", "在订单页点开发票"},
		{"转人工", "联系方式"},
		{"算了", "不留言"},
		{"取消排队", "不留言"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			s := newStage(t, nil)
			s.say("ann", "转人工")
			has(t, s.say("ann", tt.text), tt.want)
			if leaves, err := s.talks.Leaves(t.Context(), "", 9); err != nil || len(leaves) != 0 {
				t.Errorf("leaves %+v, %v", leaves, err)
			}
		})
	}
	s := newStage(t, nil)
	s.say("bob", "转人工")
	s.event("bob", "subscribe", "")
	if got := s.say("bob", "楼下的灯昨天又不亮了"); strings.Contains(got, "留言已收到") {
		t.Errorf("after the welcome: %q", got)
	}
	s.say("ann", "转人工")
	s.say("ann", "算了")
	if got := s.say("ann", "楼下的灯昨天又不亮了"); strings.Contains(got, "留言已收到") {
		t.Errorf("after saying no: %q", got)
	}
	s.say("ann", "转人工")
	has(t, s.say("ann", "楼下的灯昨天又不亮了"), "留言已收到")
}

// TestSurvey rates a service by number, once.
func TestSurvey(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	if err := s.desk.Close(t.Context(), li, talk, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	has(t, s.api.text(), "2. 满意")
	has(t, s.say("ann", "2"), "谢谢")
	r, err := s.talks.Rating(t.Context(), talk)
	if err != nil || r.Stars != 4 {
		t.Errorf("rated %+v, %v", r, err)
	}
	if got := s.say("ann", "2"); strings.Contains(got, "评价") {
		t.Errorf("rated twice: %q", got)
	}
}

// TestLateSurvey thanks for a rating that comes after the next question, and leaves
// the numbers of all else that was shown as they were.
func TestLateSurvey(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Sends = false })
	talk := s.served("ann")
	if err := s.desk.Close(t.Context(), li, talk, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	s.pass(10 * time.Second)
	answer := s.say("ann", "装宽带")
	has(t, answer, "1. 非常满意")
	has(t, answer, "6. 怎么开发票")
	has(t, s.say("ann", "1"), "谢谢")
	if rating, err := s.talks.Rating(t.Context(), talk); err != nil || rating.Stars != 5 {
		t.Errorf("rated %+v, %v", rating, err)
	}
	has(t, s.say("ann", "2"), "已经选过了")
	has(t, s.say("ann", "6"), "在订单页")
}

// TestSurveyTap asks for a rating with a menu.
func TestSurveyTap(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Menus = true })
	talk := s.served("ann")
	if err := s.desk.Close(t.Context(), li, talk, bot.Summary{}); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	sent := s.api.sent()
	if len(sent) == 0 || sent[0].Menu == nil {
		t.Fatalf("sent %+v", sent)
	}
	item := sent[0].Menu.Items[0]
	has(t, s.tap("ann", item.Label, item.ID), "谢谢")
	if r, err := s.talks.Rating(t.Context(), talk); err != nil || r.Stars != 5 {
		t.Errorf("rated %+v, %v", r, err)
	}
}

// TestWT18Events does what the account's rules say.
func TestWT18Events(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) {
		a.Events = []wechat.EventRule{
			{On: wechat.OnSubscribe, Key: "vip", Do: wechat.DoReply, Text: "贵宾您好"},
			{On: wechat.OnScan, Key: "desk-7", Do: wechat.DoQuestion, Text: "怎么开发票"},
			{On: wechat.OnClick, Key: "human", Do: wechat.DoHandoff},
			{On: wechat.OnClick, Key: "quiet", Do: wechat.DoNothing},
		}
	})
	welcome := s.event("ann", "subscribe", "")
	has(t, welcome, "我是智能客服")
	has(t, welcome, "1. 手机卡丢了怎么补办")
	has(t, s.say("ann", "1"), "带身份证补办。")
	for _, tt := range []struct{ event, key, want string }{
		{"subscribe", "qrscene_vip", "贵宾您好"},
		{"SCAN", "desk-7", "在订单页"},
		{"SCAN", "other", ""},
		{"CLICK", "human", "联系方式"},
		{"CLICK", "quiet", ""},
		{"CLICK", "unknown", "请直接输入"},
		{"VIEW", "https://example.com", ""},
		{"LOCATION", "", ""},
		{"TEMPLATESENDJOBFINISH", "", ""},
	} {
		got := s.event("bob", tt.event, tt.key)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s is answered %q, want %q", tt.event, tt.key, got, tt.want)
		}
	}
}

// TestUnsubscribe ends the conversation, and writes no more.
func TestUnsubscribe(t *testing.T) {
	s := newStage(t, nil)
	talk := s.served("ann")
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.step()
	if got := s.event("ann", "unsubscribe", ""); got != "" {
		t.Errorf("answered %q", got)
	}
	c, err := s.talks.Conversation(t.Context(), talk)
	if err != nil || c.State != bot.StateClosed {
		t.Errorf("the conversation is %+v, %v", c.State, err)
	}
	s.pass(5 * time.Minute)
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
	var invalid *bot.InvalidError
	if err := s.Admit(t.Context(), visitor("ann")); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "取消关注") {
		t.Errorf("a line to who has left: %v", err)
	}
	s.clock.move(time.Second)
	has(t, s.event("ann", "subscribe", ""), "智能客服")
	if err := s.Admit(t.Context(), visitor("ann")); err != nil {
		t.Errorf("a line to who is back: %v", err)
	}
	s.event("stranger", "unsubscribe", "")
}

// TestLongWelcome shows as many hot questions as there is room for, each on a line.
func TestLongWelcome(t *testing.T) {
	s := newStage(t, nil)
	for i := range 6 {
		s.engine.hot = append(s.engine.hot, bot.Option{Entry: fmt.Sprint(i), Question: strings.Repeat("怎么办理\n宽带", 20)})
	}
	got := s.event("ann", "subscribe", "")
	has(t, got, "智能客服")
	has(t, got, "5. 怎么办理 宽带")
	if len([]rune(got)) > 600 {
		t.Errorf("%d characters: %q", len([]rune(got)), got)
	}
}

// TestClockSetBack listens to who comes back, by a clock that was an hour ahead when
// they left.
func TestClockSetBack(t *testing.T) {
	s := newStage(t, nil)
	s.say("ann", "怎么开发票")
	s.clock.move(time.Hour)
	s.event("ann", "unsubscribe", "")
	s.clock.move(-time.Hour + time.Minute)
	has(t, s.event("ann", "subscribe", ""), "智能客服")
	has(t, s.say("ann", "怎么开发票"), "在订单页")
	if a, _, err := s.Window(t.Context(), visitor("ann")); err != nil || a.Left != 5 || a.Until.After(s.now().Add(48*time.Hour)) {
		t.Errorf("the allowance is %+v, %v", a, err)
	}
}

// TestNextConversation goes over to a conversation that follows another.
func TestNextConversation(t *testing.T) {
	s := newStage(t, nil)
	s.say("ann", "怎么开发票")
	s.clock.move(30 * time.Hour)
	got := s.say("ann", "装宽带")
	has(t, got, "营业厅")
	if strings.Contains(got, "会话已结束") {
		t.Errorf("the end of the old conversation is told: %q", got)
	}
	s.pass(10 * time.Second)
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

// TestSilentAgent keeps an agent's lines for an account that may not send.
func TestSilentAgent(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) { a.Sends = false })
	talk := s.served("ann")
	if err := s.agent(talk, "您好，请说"); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Minute)
	if _, waiting, err := s.Window(t.Context(), visitor("ann")); err != nil || waiting != 1 {
		t.Errorf("%d wait, %v", waiting, err)
	}
	has(t, s.say("ann", "继续"), "您好，请说")
	if n := len(s.api.sent()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

// TestSilentPicture has a picture that the platform does not take stand in nobody's
// way: an account that may not send has only replies to bring anything with.
func TestSilentPicture(t *testing.T) {
	for code, want := range map[int]wechat.OutgoingState{48001: wechat.Failed, 40164: wechat.Kept, -1: wechat.Kept} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			s := newStage(t, func(a *wechat.Account) { a.Sends = false })
			talk := s.served("ann")
			s.picture(talk)
			if err := s.agent(talk, "就是这一款"); err != nil {
				t.Fatal(err)
			}
			s.pass(time.Minute)
			refused := &api.Error{API: "media/upload", Code: code, Text: "refused"}
			s.api.fail("upload", refused, refused)
			has(t, s.say("ann", "哪一款"), "就是这一款")
			open, err := s.store.Open(t.Context(), "shop", "ann")
			if err != nil || (want == wechat.Kept) != (len(open) == 1) {
				t.Errorf("open are %+v, %v", open, err)
			}
			parts, err := s.store.Parts(t.Context(), talk, 1, 100)
			at := slices.IndexFunc(parts, func(o wechat.Outgoing) bool { return strings.Contains(string(o.Content), "image") })
			if err != nil || at < 0 || parts[at].State != want {
				t.Errorf("parts %+v, %v", parts, err)
			}
		})
	}
}

// TestPublishMenu hands the menu over as it is.
func TestPublishMenu(t *testing.T) {
	s := newStage(t, func(a *wechat.Account) {
		a.Menu = []wechat.Button{{Name: "服务", Buttons: []wechat.Button{{Name: "转人工", Key: "human"}, {Name: "官网", URL: "https://example.com"}}}}
	})
	if err := s.PublishMenu(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.api.buttons); got != "[{服务   [{转人工 human  []} {官网  https://example.com []}]}]" {
		t.Errorf("published %s", got)
	}
	if err := s.PublishMenu(t.Context(), "other"); !errors.Is(err, wechat.ErrNotFound) {
		t.Errorf("of another account: %v", err)
	}
}
