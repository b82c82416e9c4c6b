package wechat

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat/envelope"
)

// Lines of the channel itself.
const (
	sayOutdated  = "这个列表已经过期了，请直接输入您的问题。"
	sayBadNumber = "请回复列表里的数字，或者直接输入您的问题。"
	sayVoice     = "语音没有听清，请用文字说说您的问题。"
	sayLocation  = "位置已收到，不过我还看不懂，请用一句话说说您的问题。"
	sayLink      = "链接我还打不开，请用一句话说说您的问题。"
	sayUnknown   = "这种消息我还看不懂，请用文字说说您的问题。"
	sayNoFile    = "没有收到您发的内容，请重新发一次，或者用文字说说您的问题。"
	sayNoButton  = "这个菜单还没有设置内容，请直接输入您的问题。"
	sayNothing   = "没有等待查看的内容，请直接输入您的问题。"
	sayLater     = "正在为您查询，请回复“继续”查看答案。"
	sayMore      = "（回复“继续”查看后面的内容）"
	sayMade      = "这一项已经选过了，请直接输入您的问题。"
	sayThanks    = "收到，谢谢您的反馈！"
	sayNoLeave   = "好的，不留言了。还有问题可以直接问我。"
	sayGone      = "这个操作已经过期了，请直接输入您的问题。"
)

// more is what a follower says to get what is kept for them.
const more = "继续"

// meaning is what is done about a callback.
type meaning struct {
	granted string // what it lets us write; empty: nothing
	// in goes to the engine, if it has a Kind. media is to be downloaded first, and is
	// its file.
	in    bot.Inbound
	media string
	say   string // a line of ours
	// choice was made, if it has an Act.
	choice  Choice
	welcome bool // say the welcome, with hot questions
	gone    bool // they follow the account no more
	silent  bool // nothing may be replied: they did not say anything
}

// votes reports whether it says how something was, which was perhaps in an earlier
// conversation.
func (m meaning) votes() bool {
	return slices.Contains([]bot.MessageKind{bot.KindRating, bot.KindSolved, bot.KindFeedback}, m.in.Kind)
}

// situation is what the meaning of a callback depends on.
type situation struct {
	account Account
	choices []Choice
	keeps   bool // there are things to be had for 继续
	human   bool // an agent has the talk, or they wait for one
	asks    bool // it is a question, or asks for a human, whatever form was shown
	now     time.Time
}

// meaningOf says what is done about a callback.
func meaningOf(m envelope.Message, s situation) meaning {
	switch m.Type {
	case "event":
		return s.event(m)
	case "text":
		return s.text(m)
	case "voice":
		if text := strings.TrimSpace(m.Recognition); text != "" {
			return s.words(text)
		}
		return s.media(m, bot.KindFile, sayVoice)
	case "image":
		return meaning{granted: byMessage, media: m.MediaID, in: bot.Inbound{Kind: bot.KindImage}}
	case "video", "shortvideo":
		return s.media(m, bot.KindFile, sayUnknown)
	case "location":
		return s.told(place(m), sayLocation)
	case "link":
		return s.told("链接："+strings.TrimSpace(m.Title+" "+m.URL), sayLink)
	}
	return meaning{granted: byMessage, say: sayUnknown}
}

// place is a location in words.
func place(m envelope.Message) string {
	at := fmt.Sprintf("（%.6f，%.6f）", m.X, m.Y)
	return "位置：" + strings.TrimSpace(m.Label) + at
}

// told gives an agent what a bot cannot understand.
func (s situation) told(text, say string) meaning {
	if !s.human {
		return meaning{granted: byMessage, say: say}
	}
	return meaning{granted: byMessage, in: bot.Inbound{Kind: bot.KindText, Text: text}}
}

// media gives an agent a file that a bot cannot understand.
func (s situation) media(m envelope.Message, kind bot.MessageKind, say string) meaning {
	if !s.human || m.MediaID == "" {
		return meaning{granted: byMessage, say: say}
	}
	return meaning{granted: byMessage, media: m.MediaID, in: bot.Inbound{Kind: kind}}
}

func (s situation) text(m envelope.Message) meaning {
	if m.MenuID == "" {
		return s.words(strings.TrimSpace(m.Content))
	}
	id, err := strconv.ParseInt(m.MenuID, 10, 64)
	at := slices.IndexFunc(s.choices, func(c Choice) bool { return c.ID == id && c.Label != "" })
	if err != nil || at < 0 {
		return meaning{granted: byTap, say: sayOutdated}
	}
	return chosen(s.choices[at], byTap)
}

// words is what a follower says. A number, or a label, is a choice of the last
// list; after a form it is a leave-message.
func (s situation) words(text string) meaning {
	list := listed(s.choices, s.now)
	if at := slices.IndexFunc(list, func(c Choice) bool { return c.Label == text && live(c) }); at >= 0 {
		return chosen(list[at], byMessage)
	}
	if n, ok := number(text); ok && len(list) > 0 {
		if n < 1 || n > len(list) {
			return meaning{granted: byMessage, say: sayBadNumber}
		}
		return chosen(list[n-1], byMessage)
	}
	switch {
	case text == more && s.keeps:
		return meaning{granted: byMessage}
	case text == more && !s.human:
		return meaning{granted: byMessage, say: sayNothing}
	case leaving(s.choices, s.now) && declines(text):
		return meaning{granted: byMessage, say: sayNoLeave, choice: formOf(s.choices)}
	case leaving(s.choices, s.now) && !s.asks:
		return meaning{granted: byMessage, in: bot.Inbound{Kind: bot.KindLeave, Text: text, Card: bot.Card{Contact: contact(text)}}}
	}
	return meaning{granted: byMessage, in: bot.Inbound{Kind: bot.KindText, Text: text}}
}

func chosen(c Choice, granted string) meaning {
	if !live(c) {
		return meaning{granted: granted, say: sayMade}
	}
	return meaning{granted: granted, choice: c, in: c.act().inbound(c.Label)}
}

// declines reports whether somebody does not want to leave a message.
func declines(text string) bool {
	return slices.Contains([]string{"取消", "算了", "不用了", "不留了", "不留言", "不用", "不需要", "取消排队", "不等了"}, text)
}

// contacts finds a mobile number, another telephone, or an address of mail.
var contacts = regexp.MustCompile(`1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|0[0-9]{2,3}[ -]?[0-9]{7,8}|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)

// contact returns how to reach somebody, if the text says it.
func contact(text string) string { return contacts.FindString(text) }

func (s situation) event(m envelope.Message) meaning {
	switch strings.ToLower(m.Event) {
	case "subscribe":
		return s.ruled(OnSubscribe, strings.TrimPrefix(m.EventKey, "qrscene_"), bySubscribe, meaning{welcome: true})
	case "unsubscribe":
		return meaning{gone: true, silent: true, in: bot.Inbound{Kind: bot.KindClose}}
	case "scan":
		return s.ruled(OnScan, m.EventKey, byScan, meaning{})
	case "click":
		return s.ruled(OnClick, m.EventKey, byClick, meaning{say: sayNoButton})
	case "scancode_push", "scancode_waitmsg":
		return meaning{granted: byClick}
	}
	return meaning{silent: true}
}

// ruled is what the account's rules say about an event, or what is done without
// one.
func (s situation) ruled(on EventKind, key, granted string, otherwise meaning) meaning {
	m := otherwise
	for _, rule := range s.account.Events {
		if rule.On == on && (rule.Key == "" || rule.Key == key) {
			m = rule.meaning()
			break
		}
	}
	if m.granted = granted; m.welcome { // they begin anew
		m.choice = formOf(s.choices)
	}
	return m
}

func (r EventRule) meaning() meaning {
	switch r.Do {
	case DoWelcome:
		return meaning{welcome: true}
	case DoReply:
		return meaning{say: r.Text}
	case DoQuestion:
		return meaning{in: bot.Inbound{Kind: bot.KindText, Text: r.Text}}
	case DoHandoff:
		return meaning{in: bot.Inbound{Kind: bot.KindHandoff}}
	}
	return meaning{}
}

// withHuman reports whether an agent has the talk, or it waits for one, as far as
// its last messages tell.
func withHuman(view bot.View) bool {
	human := view.Waits
	for _, m := range view.Messages {
		switch m.Kind {
		case bot.KindQueued, bot.KindAccepted, bot.KindTakenOver, bot.KindTransferred, bot.KindRequeued:
			human = true
		case bot.KindReturned, bot.KindClosed:
			human = false
		default:
			human = human || m.Author == bot.FromAgent && !m.Kind.Internal()
		}
	}
	return human
}
