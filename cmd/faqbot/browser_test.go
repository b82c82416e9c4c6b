package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
)

// TestBrowser uses the chat as visitors do: the real program, a real browser.
func TestBrowser(t *testing.T) {
	s := newStage(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *stage)
	}{
		{"Asking", testAsking}, {"Offer", testOffer}, {"TypeAhead", testTypeAhead}, {"IME", testIME}, {"Leave", testLeave},
		{"Crash", testCrash}, {"TwoTabs", testTwoTabs}, {"NoSockets", testNoSockets}, {"Phone", testPhone},
		{"ForeignSite", testForeignSite}, {"RefusedSite", testRefusedSite}, {"Long", testLong}, {"English", testEnglish}, {"End", testEnd},
		{"XSSInMessages", testXSSInMessages}, {"XSSInProfile", testXSSInProfile}, {"XSSInForm", testXSSInForm},
		{"Desk", testDesk}, {"DeskKilled", testDeskKilled}, {"Board", testBoard}, {"DeskHijack", testDeskHijack}, {"XSSAtDesk", testXSSAtDesk},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, s)
		})
	}
}

// shop is knowledge with related and hot questions, and a wording of two entries.
const shop = `{"id":"net-1","question":"怎么办理宽带","variants":["装宽带"],"answers":[{"texts":["带**身份证**到营业厅：\n1. 填表；\n2. 缴费。\n详见[办理说明](https://example.com/help)。"]}],"related":["怎么取消宽带"],"hot":true}
{"id":"net-2","question":"怎么取消宽带","variants":["退订"],"answers":[{"texts":["到营业厅销户。"]}]}
{"id":"flow-1","question":"怎么取消流量包","variants":["退订"],"answers":[{"texts":["回复 TD。"]}]}
{"id":"inv-1","question":"怎么开发票","variants":["能开电子发票吗"],"answers":[{"texts":["在“我的订单”里申请。"]}],"hot":true}
`

func testAsking(t *testing.T, s *stage) {
	p := s.start(t, newDB(t)) // the sample, as on the first day
	b := s.profile(t)
	w := blank(t, b, 1280, 800)
	w.open(p.url + "/")
	w.shoot("desktop-demo")
	w.openChat()
	w.see("热点问题")
	w.shoot("desktop-welcome")
	w.ask("热水器打不着火怎么办")
	w.see("仍然点不着，请报修")
	w.shoot("desktop-answer")
	w.tap("button", "有用")
	w.wait("the vote is kept", `() => !!document.querySelector('button[aria-pressed=true]')`)
	related := w.eval(w.chat, `() => document.querySelector('[aria-label="相关问题"] button').innerText`)
	w.tap(`[aria-label="相关问题"] button`, related)
	w.wait("the answer to the related question", `() => [...document.querySelectorAll('button')].filter((b) => b.innerText.trim() === '有用').length === 2`)
	w.flawless()
	before := w.shown()

	w.must(w.page.Timeout(patience).Reload())
	w.openChat()
	w.see("仍然点不着，请报修")
	w.see(related)
	w.wait("the vote survives", `() => [...document.querySelectorAll('button')].find((b) => b.innerText.trim() === '有用').getAttribute('aria-pressed') === 'true'`)
	orderly(t, "after the reload", w.shown(), []string{"热水器打不着火怎么办", "仍然点不着，请报修"})
	if strings.Count(before, related) != strings.Count(w.shown(), related) {
		t.Errorf("before the reload:\n%s\nafter:\n%s", before, w.shown())
	}
	w.shoot("desktop-reloaded")
	w.flawless()
	_, messages := stored(t, p.db)
	if got := textsOf(messages, bot.KindPick); !cmp.Equal(got, []string{related}) {
		t.Errorf("picked: %q", got)
	}
}

func testOffer(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.ask("退订")
	w.find(`button[aria-label^="选项 2"]`, "")
	w.shoot("desktop-offer")
	second := w.eval(w.chat, `() => document.querySelector('button[aria-label^="选项 2"]').getAttribute('aria-label').replace(/^.*?: /, '')`)
	w.tap(`button[aria-label^="选项 1"]`, "")
	w.wait("the answer to the tapped one", `() => /回复 TD|到营业厅销户/.test(document.querySelector('[role=log]').innerText)`)
	w.wait("the offer is over", `() => document.querySelector('button[aria-label^="选项 1"]').disabled`)
	w.ask("能开电子发票吗")
	w.see("我的订单")
	w.ask("退订")
	w.wait("the second offer", `() => !!document.querySelector('button[aria-label^="选项 2"]:not([disabled])')`)
	w.ask("2")
	w.see("回复 TD")
	w.see("到营业厅销户")
	w.shoot("desktop-offer-picked")
	w.flawless()
	_, messages := stored(t, p.db)
	last := messages[len(messages)-1]
	if last.Kind != bot.KindAnswer || last.Card.Question != second {
		t.Errorf("2 was answered with %+v, want %q", last, second)
	}
}

func testTypeAhead(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.write("怎么取消")
	w.find("[role=option]", "怎么取消")
	w.shoot("desktop-type-ahead")
	w.press(input.ArrowDown)
	chosen := w.eval(w.chat, `() => document.querySelector('[role=option][aria-selected=true]').innerText`)
	if active := w.eval(w.chat, `() => document.getElementById(document.querySelector('[role=combobox]').getAttribute('aria-activedescendant')).innerText`); active != chosen {
		t.Errorf("a screen reader is told %q, marked is %q", active, chosen)
	}
	w.press(input.Enter)
	w.see(chosen)
	w.wait("an answer", `() => /回复 TD|到营业厅销户/.test(document.querySelector('[role=log]').innerText)`)
	w.wait("the list is gone", `() => !document.querySelector('[role=option]')?.offsetParent`)
	if left := w.eval(w.chat, `() => document.querySelector('[role=combobox]').value`); left != "" {
		t.Errorf("the field still holds %q", left)
	}
	w.flawless()
	_, messages := stored(t, p.db)
	if got := textsOf(messages, bot.KindPick); !cmp.Equal(got, []string{chosen}) || len(textsOf(messages, bot.KindText)) != 0 {
		t.Errorf("sent: %+v", messages)
	}
}

// Enter that ends a composition of an input method does not send.
func testIME(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.must(w.field().Focus())
	compose := func(text string) {
		t.Helper()
		w.must(proto.InputImeSetComposition{Text: text, SelectionStart: len([]rune(text)), SelectionEnd: len([]rune(text))}.Call(w.page))
	}
	compose("zhuangkuandai")
	for _, kind := range []proto.InputDispatchKeyEventType{proto.InputDispatchKeyEventTypeRawKeyDown, proto.InputDispatchKeyEventTypeKeyUp} {
		w.must(proto.InputDispatchKeyEvent{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}.Call(w.page))
	}
	compose("装宽带")
	w.must(proto.InputInsertText{Text: "装宽带"}.Call(w.page))
	w.wait("the text is in the field", `() => document.querySelector('[role=combobox]').value === '装宽带'`)
	w.press(input.Enter)
	w.see("身份证")
	w.flawless()
	_, messages := stored(t, p.db)
	if got := textsOf(messages, bot.KindText); !cmp.Equal(got, []string{"装宽带"}) {
		t.Errorf("sent: %q", got)
	}
}

func testLeave(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.ask(nonsense)
	w.find(`[role=log] button`, "转人工")
	w.shoot("desktop-refusal")
	w.ask("火星上能不能种土豆")
	w.find("button", "提交留言")
	w.shoot("desktop-leave-form")
	w.tap("button", "提交留言")
	w.see("请填写留言内容")
	w.fill("称呼", "王女士")
	w.fill("联系方式", "不是号码")
	w.fill("留言内容", "宽带断了三天")
	w.tap("button", "提交留言")
	w.see("请检查手机号或邮箱格式")
	w.fill("联系方式", "13800000000")
	w.tap("button", "提交留言")
	w.see("留言已收到")
	w.shoot("desktop-leave-done")
	w.flawless()
	leaves, err := conversations(t, p.db).Leaves(t.Context(), "", 10)
	if err != nil || len(leaves) != 1 || leaves[0].Name != "王女士" || leaves[0].Contact != "13800000000" || leaves[0].Text != "宽带断了三天" {
		t.Errorf("leave-messages: %+v, %v", leaves, err)
	}
}

// The server dies in the middle of a burst and comes back: nothing is lost,
// nothing is there twice, all is in order.
func testCrash(t *testing.T, s *stage) {
	var lines strings.Builder
	var questions, answers []string
	for _, digit := range "甲乙丙丁戊己庚辛" {
		questions = append(questions, fmt.Sprintf("口令%c是什么", digit))
		answers = append(answers, fmt.Sprintf("答案%c。", digit))
		fmt.Fprintf(&lines, "{\"question\":%q,\"answer\":%q}\n", questions[len(questions)-1], answers[len(answers)-1])
	}
	p := s.start(t, knowledgeOf(t, lines.String()))
	w := visit(t, s.profile(t), p)
	// As fast as no finger can; the chat sends them one by one.
	w.eval(w.chat, `(questions) => {
		const field = document.querySelector('[role=combobox]')
		for (const q of questions) {
			field.value = q
			field.dispatchEvent(new Event('input', { bubbles: true }))
			field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
		}
		return ''
	}`, questions)
	p.log.await(t, `"seq":5,`, nil) // the third of eight
	p.kill()
	w.wait("the bar", `() => [...document.querySelectorAll('[role=status]')].some((e) => e.innerText.includes('正在重新连接'))`)
	w.shoot("desktop-reconnecting")
	p.restart()
	w.see(answers[len(answers)-1])
	w.wait("the bar goes", `() => ![...document.querySelectorAll('[role=status]')].some((e) => e.offsetParent && e.innerText.includes('正在重新连接'))`)
	var dialogue []string
	for i := range questions {
		dialogue = append(dialogue, questions[i], answers[i])
	}
	// What the server had not seen is asked after what it has answered, each with its answer.
	orderly(t, "questions on the screen", w.shown(), questions)
	orderly(t, "answers on the screen", w.shown(), answers)
	_, messages := stored(t, p.db)
	var texts []string
	for _, m := range messages {
		if m.Kind != bot.KindAskSolved {
			texts = append(texts, m.Text)
		}
	}
	if diff := cmp.Diff(dialogue, texts); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	orderly(t, "on the screen", w.shown(), dialogue)
	w.untrapped()
}

func testTwoTabs(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	b := s.profile(t)
	one := visit(t, b, p)
	one.ask("怎么办理宽带")
	one.see("身份证")
	two := visit(t, b, p)
	two.see("身份证")
	two.ask("能开电子发票吗")
	one.see("我的订单")
	one.tap("button", "有用")
	two.wait("the vote is in the other tab", `() => !!document.querySelector('button[aria-pressed=true]')`)
	two.see("我的订单")
	want := []string{"怎么办理宽带", "身份证", "能开电子发票吗", "我的订单"}
	for _, w := range []*window{one, two} {
		orderly(t, "a tab", w.eval(w.chat, `() => [...document.querySelectorAll('[role=log] > *')].slice(1).map((e) => e.innerText).join('\n')`), want)
		w.flawless()
	}
}

// A network that refuses sockets: the chat goes on over plain HTTP.
func testNoSockets(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	target, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}, ErrorLog: log.New(io.Discard, "", 0)} // polls end when the page goes
	refuser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "no sockets here", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(refuser.Close)
	w := blank(t, s.profile(t), 1280, 800)
	w.open(refuser.URL + "/")
	w.openChat()
	w.ask("怎么办理宽带") // before it knows
	w.see("身份证")
	w.shoot("desktop-fallback")
	w.ask("怎么取消宽带")
	w.see("到营业厅销户")
	w.untrapped()
	_, messages := stored(t, p.db)
	if len(messages) != 4 {
		t.Errorf("%d messages are stored: %+v", len(messages), messages)
	}
	w.open("about:blank") // its poll ends, and the proxy with it
}

func testPhone(t *testing.T, s *stage) {
	const wide = "这一条有很长的词 " + "https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" +
		`\n\n| 套餐 | 下载 | 上传 | 月租 | 备注 |\n|---|---|---|---|---|\n| 一百兆 | 100 Mbps | 20 Mbps | 59 元 | 需要预存两百元话费 |\n\n` + "`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`"
	p := s.start(t, knowledgeOf(t, shop+`{"question":"有哪些套餐","answer":"`+wide+`"}`+"\n"))
	w := blank(t, s.profile(t), 390, 844)
	w.open(p.url + "/")
	w.shoot("phone-demo")
	w.openChat()
	w.see("热点问题")
	w.shoot("phone-welcome")
	box := w.inWidget("IFRAME")
	eventually(t, func() error {
		r, err := box.Eval(`() => { const r = this.getBoundingClientRect(); return [r.left, r.top, r.width, r.height].join(' ') }`)
		if err == nil && r.Value.Str() != "0 0 390 844" {
			err = fmt.Errorf("the chat is at %s on a screen of 390×844", r.Value.Str())
		}
		return err
	})
	w.ask("怎么办理宽带")
	w.see("身份证")
	w.ask("退订")
	w.find(`button[aria-label^="选项 2"]`, "")
	w.ask("有哪些套餐")
	w.see("一百兆")
	w.shoot("phone-answer")
	w.ask("转人工")
	w.find("button", "提交留言")
	w.shoot("phone-leave-form")
	if tooWide := w.eval(w.chat, `() => {
		const wide = [document.documentElement, document.body, document.querySelector('[role=log]').parentElement].filter((e) => e.scrollWidth > e.clientWidth)
		const field = document.querySelector('[role=combobox]').getBoundingClientRect()
		return [...wide.map((e) => (e.className || e.tagName) + ' scrolls sideways'), ...(field.bottom > innerHeight || field.top < 0 || field.left < 0 || field.right > innerWidth ? ['the field is not in sight'] : [])].join(', ')
	}`); tooWide != "" {
		t.Error(tooWide)
	}
	if wide := w.eval(w.page, `() => document.documentElement.scrollWidth > innerWidth ? 'the page scrolls sideways' : ''`); wide != "" {
		t.Error(wide)
	}
	if small := w.eval(w.chat, `() => parseFloat(getComputedStyle(document.querySelector('[role=combobox]')).fontSize) < 16 ? 'iOS zooms into fields with letters below 16 px' : ''`); small != "" {
		t.Error(small)
	}
	w.tap("button[aria-label=关闭]", "")
	eventually(t, func() error {
		r, err := w.launcher().Attribute("aria-expanded")
		if err == nil && (r == nil || *r != "false") {
			err = fmt.Errorf("the chat does not close")
		}
		return err
	})
	w.flawless()
}

// site serves a page of another origin that shows the widget.
func site(t *testing.T, p *process, head, options string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="zh-CN"><link rel="icon" href="data:,">%s<title>别人的网站</title><h1>别人的网站</h1>
<script src="%s/chat/widget.js" async %s></script>`, head, p.url, options)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// allowed serves a page of another origin, and a chat that this origin may show.
func allowed(t *testing.T, s *stage, head, options string) (*process, string) {
	t.Helper()
	var p *process
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/", http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	p = s.start(t, knowledgeOf(t, shop), "FAQBOT_CHAT_SITES="+server.URL)
	address := site(t, p, head, options)
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = httputil.NewSingleHostReverseProxy(target)
	return p, server.URL
}

// The widget works on a page of another origin, whatever the styles of that page.
func testForeignSite(t *testing.T, s *stage) {
	const hostile = `<style>
* { display: none !important; visibility: hidden !important; opacity: 0 !important; transform: scale(0) !important; font-size: 1px !important }
html, body, head + body, h1 { display: block !important; visibility: visible !important; opacity: 1 !important; transform: none !important }
div, iframe, button { position: static !important; width: 0 !important; height: 0 !important; pointer-events: none !important; z-index: -1 !important }
</style>`
	for _, head := range []string{"", hostile} {
		p, address := allowed(t, s, head, `data-title="本店客服" data-color="#0a7d4b" data-position="left"`)
		w := blank(t, s.profile(t), 1280, 800)
		w.open(address)
		w.openChat()
		w.seeAnywhere("本店客服") // what the page says reaches the frame
		w.ask("怎么办理宽带")
		w.see("身份证")
		name := "desktop-foreign"
		if head != "" {
			name = "desktop-hostile"
		}
		w.shoot(name)
		w.flawless()
		c, _ := stored(t, p.db)
		if c.Profile.Title != "别人的网站" || !strings.HasPrefix(c.Profile.Page, address) {
			t.Errorf("the profile is %+v", c.Profile)
		}
	}
}

// A site that is not allowed cannot show the chat.
func testRefusedSite(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop), "FAQBOT_CHAT_SITES=https://shop.example")
	w := blank(t, s.profile(t), 1280, 800)
	w.open(site(t, p, "", ""))
	w.must(w.launcher().Timeout(patience).Click(proto.InputMouseButtonLeft, 1))
	eventually(t, func() error {
		for _, problem := range w.troubles() {
			if strings.Contains(problem, "frame-ancestors") {
				return nil
			}
		}
		return fmt.Errorf("the frame is not refused: %q", w.troubles())
	})
	eventually(t, func() error {
		if problems := strings.Join(w.troubles(), "\n"); !strings.Contains(problems, "chat.sites") {
			return fmt.Errorf("the developer gets no hint: %s", problems)
		}
		return nil
	})
	if text, err := w.inWidget("A").Text(); err != nil || text != "在新窗口打开" {
		t.Errorf("instead of the chat: %q, %v", text, err)
	}
	w.shoot("desktop-refused-site")
}

// A long answer is read from its beginning, below its question.
func testLong(t *testing.T, s *stage) {
	long := strings.Repeat("按说明书一步一步来，先关水再关气。\\n", 60)
	p := s.start(t, knowledgeOf(t, `{"id":"long-1","question":"怎么保养热水器","answers":[{"texts":["`+long+`"]}]}`))
	w := visit(t, s.profile(t), p)
	w.ask("怎么保养热水器")
	w.see("先关水再关气")
	w.wait("the question is at the top", `() => {
		const list = document.querySelector('[role=log]').parentElement
		const questions = document.querySelectorAll('.from-visitor')
		const top = questions[questions.length - 1].getBoundingClientRect().top - list.getBoundingClientRect().top
		return top >= 0 && top < 40 && list.scrollTop + list.clientHeight < list.scrollHeight - 100
	}`)
	w.shoot("desktop-long")
	w.flawless()
}

func testEnglish(t *testing.T, s *stage) {
	_, address := allowed(t, s, "", `data-lang="en"`)
	w := blank(t, s.profile(t), 1280, 800)
	w.open(address)
	if label, err := w.launcher().Attribute("aria-label"); err != nil || label == nil || *label != "Open the chat" {
		t.Errorf("the launcher says %v, %v", label, err)
	}
	w.openChat()
	w.wait("English", `() => document.documentElement.lang === 'en'`)
	w.ask("怎么办理宽带")
	w.see("身份证")
	w.find("button", "Helpful|Useful")
	w.shoot("desktop-english")
	w.flawless()
}

func testEnd(t *testing.T, s *stage) {
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.ask("怎么办理宽带")
	w.see("身份证")
	w.tap("button[aria-haspopup=menu]", "")
	w.find("[role=menuitem]", "结束会话")
	w.shoot("desktop-menu")
	w.tap("[role=menuitem]", "结束会话")
	w.find("[role=dialog] button", "结束会话")
	w.shoot("desktop-end-asked")
	w.tap("[role=dialog] button", "结束会话")
	w.see("会话已结束")
	w.shoot("desktop-survey")
	w.tap("[role=log] button", "已解决")
	w.tap(`[role=radio][aria-label^="4 星"]`, "")
	w.find("button", "提交评价")
	w.shoot("desktop-survey-open")
	w.tap("button", "提交评价")
	w.see("谢谢您的评价")
	w.see("已评价")
	w.shoot("desktop-rated")
	c, messages := stored(t, p.db)
	rating, err := conversations(t, p.db).Rating(t.Context(), c.ID)
	if err != nil || rating.Stars != 4 || rating.Solved == nil || !*rating.Solved || c.State != bot.StateClosed {
		t.Errorf("rating %+v, %v of %+v", rating, err, messages)
	}
	w.ask("怎么取消宽带") // begins anew
	w.see("到营业厅销户")
	w.shoot("desktop-begun-anew")
	w.flawless()
}
