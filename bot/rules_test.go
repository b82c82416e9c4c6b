package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

func parseRules(t *testing.T, text string) *bot.Rules {
	t.Helper()
	r, err := bot.ParseRules([]byte(text))
	if err != nil {
		t.Fatalf("ParseRules: %v", err)
	}
	return r
}

func TestDefaultRulesTextIsDefaultRules(t *testing.T) {
	want, err := bot.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"the file itself": string(bot.DefaultRulesText()), "nothing": "", "a comment": "# nothing", "empty": "{}", "empty sections": "handoff: {}\nchannels: {}",
	} {
		if diff := cmp.Diff(want.For("web", "a"), parseRules(t, text).For("web", "a")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	text := bot.DefaultRulesText()
	text[0] = 'X'
	if bot.DefaultRulesText()[0] == 'X' {
		t.Error("who gets the text can change it")
	}
}

// TestRulesNameWhatIsWrong says for each mistake what the error must name.
func TestRulesNameWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ text, named string }{
		{"idel: 1h", "idel"},
		{"handoff: {word: [a]}", "word"},
		{"handoff: {misses: many}", "many"},
		{"handoff: {misses: 0}", "handoff.misses"},
		{"handoff: {repeats: 1}", "handoff.repeats"},
		{"handoff: {order: [words, angry]}", "angry"},
		{"handoff: {dislike: 也许}", "也许"},
		{"handoff: {words: [人工, '']}", "handoff.words"},
		{"handoff: {exact: [' ']}", "handoff.exact"},
		{"handoff: {anger: ['']}", "handoff.anger"},
		{"handoff: {complaint: ['']}", "handoff.complaint"},
		{"handoff: {complaint_categories: ['']}", "handoff.complaint_categories"},
		{"handoff: {except: ['']}", "handoff.except"},
		{"handoff: {words: 人工}", "人工"},
		{"chat_categories: ['']", "chat_categories"},
		{"hot: ['']", "hot"},
		{"hot: {a: b}", "line 1"},
		{"survey: {tags: ['']}", "survey.tags"},
		{"survey: {expires: 0s}", "survey.expires"},
		{"survey: {expires: 一天}", "一天"},
		{"idle: 24", "24"},
		{"idle: -1h", "idle"},
		{"limits: {question: 0}", "limits.question"},
		{"limits: {question: 4001}", "limits.question"},
		{"ask_solved_every: -1", "ask_solved_every"},
		{"texts: {welcome: ''}", "texts.welcome"},
		{"texts: {welcome: }", "texts.welcome"},
		{"texts: {welcome: []}", "texts.welcome"},
		{"texts: {welcome: [您好, ' ']}", "texts.welcome"},
		{"texts: {welcome: {a: b}}", "line 1"},
		{"texts: {welcom: 您好}", "texts.welcom "},
		{"reception: [{mode: human}]", "human"},
		{"reception: [{}]", "reception 第 1 条"},
		{"reception: [{mode: bot_only}, {mode: bot_first, days: [8]}]", "第 2 条：days"},
		{"reception: [{mode: bot_only, days: [0]}]", "0"},
		{"reception: [{mode: bot_only, from: '9:00'}]", "9:00"},
		{"reception: [{mode: bot_only, to: '24:00'}]", "24:00"},
		{"reception: [{mode: bot_only, from: '9点'}]", "9点"},
		{"reception: [{mode: bot_only, from: '09:00', to: '09:00'}]", "09:00"},
		{"channels: {web: {idel: 1h}}", "idel"},
		{"channels: {web: {idle: 0s}}", "channels.web "},
		{"channels: {web/shop: {texts: {welcome: ''}}}", "channels.web/shop "},
		{"channels: {web: {channels: {a: {}}}}", "channels"},
		{"channels: {web: 您好}", "channels.web "},
		{"channels: [web]", "line 1"},
		{"idle: 1h\nidle: 2h", "idle"},
		{"idle: [", "line 1"},
		{"您好", "您好"},
		{"idle: 1h\n---\nidle: 2h", "---"},
	} {
		_, err := bot.ParseRules([]byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.named) || !strings.Contains(err.Error(), "对话规则") {
			t.Errorf("%q: %v, want an error that names %q", tt.text, err, tt.named)
		}
	}
}

func TestRulesOfPlaces(t *testing.T) {
	r := parseRules(t, `
idle: 1h
texts: {welcome: 总的, title: 总名}
handoff: {misses: 4}
channels:
  wechat: {handoff: {order: [words]}}
  web/shop: {texts: {title: 小店}, survey: {enabled: false}}
  web: {idle: 2h, texts: {welcome: [网页, 网站]}, handoff: {misses: 5, words: [人]}}
`)
	base, web, shop, wechat := r.For("app", "x"), r.For("web", "other"), r.For("web", "shop"), r.For("wechat", "")
	for _, tt := range []struct {
		name                       string
		got                        bot.Speech
		idle                       time.Duration
		welcome, title             string
		misses, repeats, firstWord int
		order                      int
		survey                     bool
	}{
		{"base", base, time.Hour, "总的", "总名", 4, 3, len("转人工"), 6, true},
		{"web", web, 2 * time.Hour, "网页网站", "总名", 5, 3, len("人"), 6, true},
		{"web/shop", shop, 2 * time.Hour, "网页网站", "小店", 5, 3, len("人"), 6, false},
		{"wechat", wechat, time.Hour, "总的", "总名", 4, 3, len("转人工"), 1, true},
	} {
		s := tt.got
		if s.Idle != tt.idle || strings.Join(s.Texts["welcome"], "") != tt.welcome || strings.Join(s.Texts["title"], "") != tt.title ||
			s.Handoff.Misses != tt.misses || s.Handoff.Repeats != tt.repeats || len(s.Handoff.Words[0]) != tt.firstWord ||
			len(s.Handoff.Order) != tt.order || s.Survey.Enabled != tt.survey || len(s.Texts["refusal"]) != 2 {
			t.Errorf("%s is %+v", tt.name, s)
		}
	}
}

// TestRulesOfOneVisitorChannel plays the same question in two channels.
func TestRulesOfOneVisitorChannel(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), "channels: {web/quiet: {reception: [{mode: bot_only}]}}")
	for account, want := range map[string]string{"": "leave_form", "quiet": "notice", "other": "leave_form"} {
		_, replies := h.say(t, bot.Visitor{Channel: "web", Account: account, ID: "ann"}, "转人工")
		wantKinds(t, replies, want)
	}
}

// TestTextsAlternate shows that a text of several wordings comes in all of them,
// and that the same moment of a conversation has the same.
func TestTextsAlternate(t *testing.T) {
	seen := map[string]int{}
	h := newHouse(t, bottest.NewStore(), "{handoff: {order: []}}")
	for range 16 {
		_, replies := h.say(t, ann, "量子力学是什么")
		seen[replies[0].Text]++
	}
	if len(seen) != 2 {
		t.Errorf("refusals are %v, want both wordings", seen)
	}
}
