package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"faqbot/bot"
)

// signIn opens the console in a window, and signs somebody in.
func signIn(t *testing.T, s *stage, p *process, c *clerk, width, height int) *window {
	t.Helper()
	w := blank(t, s.profile(t), width, height)
	w.open(p.url + "/console/")
	w.fill("用户名", c.name)
	w.fill("密码", clerkPassword)
	w.tap("button", "登录")
	w.wait("signed in", `() => !!document.querySelector('.frame-top')`)
	w.forget() // the page had asked who is there
	return w
}

// goOnline has the agent of the window say that they are there.
func (w *window) goOnline() {
	w.t.Helper()
	w.tapWhere(`[aria-label^="我的状态"]`, "")
	w.tapWhere(`.el-dropdown-menu__item`, "在线")
	w.wait("online", `() => !!document.querySelector('[aria-label="我的状态：在线"]')`)
}

// tapWhere clicks on the last visible element whose text begins with the given.
func (w *window) tapWhere(selector, text string) {
	w.t.Helper()
	e, err := w.chat.Timeout(patience).ElementByJS(rod.Eval(`(selector, text) => [...document.querySelectorAll(selector)].filter((e) =>
		!e.disabled && e.getClientRects().length > 0 && e.innerText.trim().startsWith(text)).pop() ?? null`, selector, text))
	if err != nil {
		w.t.Fatalf("tap %s %q: %v", selector, text, err)
	}
	w.must(e.Timeout(patience).Click(proto.InputMouseButtonLeft, 1))
}

// reply types an answer at the desk and sends it.
func (w *window) reply(text string) {
	w.t.Helper()
	box := w.find(`.composer textarea`, "")
	w.must(box.Timeout(patience).Input(text))
	w.press(input.Enter)
}

// picture writes a picture to a file and returns its path.
func picture(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for x := range 320 {
		for y := range 200 {
			m.Set(x, y, color.RGBA{uint8(x / 2), uint8(y), 180, 255})
		}
	}
	path := filepath.Join(t.TempDir(), "热水器.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// testDesk has a customer and an agent talk in two browsers, from the question to
// the survey.
func testDesk(t *testing.T, s *stage) {
	p := s.start(t, newDB(t))
	admin := firstAdmin(t, p.url, p.out)
	li, wang := admin.hire("li", "小李", "agent"), admin.hire("wang", "小王", "agent")
	agent := signIn(t, s, p, li, 1440, 900)
	agent.goOnline()
	agent.shoot("desk-empty")
	customer := visit(t, s.profile(t), p)
	customer.ask("热水器打不着火怎么办")
	customer.see("仍然点不着，请报修")
	customer.ask("我叫王小明，电话13912345678，转人工")
	customer.seeAnywhere("取消排队")
	customer.shoot("human-queue")
	agent.seeAnywhere("分配给我")
	agent.shoot("desk-offer")
	agent.tapWhere("button", "接入")
	customer.see("客服 小李 为您服务")
	agent.seeAnywhere("我叫王小明")
	agent.reply("您好，我是小李，请问是哪个型号？")
	customer.see("请问是哪个型号")
	customer.ask("JSQ24，还是打不着火")
	agent.seeAnywhere("JSQ24，还是打不着火")
	file, err := customer.chat.Timeout(patience).ElementByJS(rod.Eval(`() => document.querySelector('input[type=file]')`))
	customer.must(err)
	customer.must(file.SetFiles([]string{picture(t)}))
	customer.wait("the preview", `() => [...document.querySelectorAll('img')].some((i) => i.naturalWidth === 320)`)
	customer.shoot("human-file")
	customer.tapWhere("button", "发送")
	customer.wait("the picture can be sent", `() => [...document.querySelectorAll('img')].some((i) => i.naturalWidth === 320)`)
	agent.wait("the agent sees the picture", `() => [...document.querySelectorAll('.talk img')].some((i) => i.naturalWidth > 0)`)
	agent.shoot("desk-talk")
	customer.shoot("human-talk")
	keepAtHand(t, p, agent, li)
	customer.wait("the answer again", `() => document.querySelector('[role=log]').innerText.split('仍然点不着，请报修').length === 3`)

	wang.online()
	agent.tapWhere("button", "转接")
	agent.tapWhere("[role=radio]", "小王")
	agent.shoot("desk-transfer")
	agent.tapWhere(".el-dialog button", "转接")
	customer.see("客服 小王 为您服务")
	conversation := wang.list("mine")[0].ID
	wang.say(conversation, "我是小王，明天上午上门看看可以吗")
	customer.see("明天上午上门")
	wang.do(http.MethodPost, "/desk/conversations/"+conversation+"/transfer", map[string]any{"agent": li.id, "note": "约好了明天上门"}, nil)
	customer.wait("the first agent again", `() => document.querySelector('[role=log]').innerText.split('客服 小李 为您服务').length === 3`)
	agent.tapWhere(".lists [class*=row]", "访客")
	agent.seeAnywhere("约好了明天上门")
	agent.tapWhere("button", "结束")
	agent.tapWhere(".summary-select, .el-select__wrapper", "")
	agent.press(input.ArrowDown)
	agent.press(input.Enter)
	agent.tapWhere(".summary-outcomes button", "已解决")
	agent.must(agent.find(".summary textarea", "").Timeout(patience).Input("约好明天上午上门检修"))
	agent.shoot("desk-summary")
	agent.tapWhere(".el-dialog button", "结束会话")
	customer.see("会话已结束")
	customer.seeAnywhere("为这次服务打个分")
	customer.shoot("human-survey")
	customer.tapWhere("button", "已解决")
	customer.tapWhere(`[aria-label^="5 星"], [aria-label="非常满意"], [role=radio][aria-label*="5"]`, "")
	customer.tapWhere("button", "提交")
	customer.see("谢谢您的评价")
	customer.shoot("human-rated")
	agent.shoot("desk-done")
	agent.flawless()
	customer.flawless()
	c, messages := stored(t, p.db)
	if c.State != bot.StateClosed || c.Service.Owner != li.id {
		t.Errorf("the conversation is %s with %q", c.State, c.Service.Owner)
	}
	want := map[bot.MessageKind]int{bot.KindAccepted: 3, bot.KindTransferred: 2, bot.KindSummary: 1, bot.KindRating: 1, bot.KindImage: 1}
	for kind, n := range want {
		got := 0
		for _, m := range messages {
			if m.Kind == kind {
				got++
			}
		}
		if got != n {
			t.Errorf("%d messages of kind %s, want %d", got, kind, n)
		}
	}
}

// keepAtHand has an agent mark an entry, come back later, find it where they keep
// such entries and put it into the reply.
func keepAtHand(t *testing.T, p *process, agent *window, who *clerk) {
	t.Helper()
	agent.tapWhere("[role=tab]", "知识")
	agent.must(agent.find(`[aria-label="搜索知识"]`, "").Timeout(patience).Input("热水器点不着火"))
	agent.find(".entry", "热水器点不着火怎么办")
	agent.tapWhere(`.entry:first-child [aria-label="收藏"]`, "")
	agent.shoot("desk-knowledge")
	eventually(t, func() error {
		var kept struct{ Favourites []struct{ ID string } }
		who.do(http.MethodGet, "/desk/favourites", nil, &kept)
		if len(kept.Favourites) != 1 {
			return fmt.Errorf("kept are %v", kept)
		}
		return nil
	})
	store := conversations(t, p.db)
	gone := bot.Favourite{Agent: who.id, Entry: "removed", Question: "去年的以旧换新活动怎么参加", At: time.Now()}
	agent.must(store.PutFavourite(t.Context(), gone))

	agent.must(agent.page.Timeout(patience).Reload())
	agent.seeAnywhere("JSQ24，还是打不着火")
	agent.tapWhere("[role=tab]", "知识")
	agent.tapWhere("[role=tab]", "收藏")
	agent.find(".entry", gone.Question+"[^]*已下线")
	agent.shoot("desk-favourites")
	agent.tapWhere(".is-dead button", "移除")
	agent.wait("only one is kept", `() => document.querySelectorAll('.side .entry').length === 1`)
	agent.tapWhere(".side .entry button", "插入")
	agent.wait("the answer is in the reply", `() => document.querySelector('.composer textarea').value.length > 10`)
	agent.press(input.Enter)
}

// testDeskKilled closes the agent's browser in the middle of a talk: after the
// grace time the customer comes back to the front of the queue, with all that was
// said.
func testDeskKilled(t *testing.T, s *stage) {
	rules := fileOf(t, "rules.yaml", "seat: {lost: 18s}\n")
	p := s.start(t, newDB(t), "FAQBOT_CHAT_RULES="+rules)
	admin := firstAdmin(t, p.url, p.out)
	li, wang := admin.hire("li", "小李", "agent"), admin.hire("wang", "小王", "agent")
	agent := signIn(t, s, p, li, 1440, 900)
	agent.goOnline()
	customer := visit(t, s.profile(t), p)
	customer.ask("转人工")
	agent.tapWhere("button", "接入")
	customer.see("客服 小李 为您服务")
	agent.reply("我看一下订单")
	customer.see("我看一下订单")
	agent.must(agent.page.Close())
	other := signIn(t, s, p, wang, 390, 844)
	other.goOnline()
	other.shoot("desk-phone-empty")
	customer.see("客服那边断线了")
	other.seeAnywhere("分配给我")
	other.shoot("desk-phone-offer")
	other.tapWhere("button", "接入")
	customer.see("客服 小王 为您服务")
	other.seeAnywhere("我看一下订单")
	other.shoot("desk-phone-talk")
	other.flawless()
	customer.flawless()
}

// testBoard looks at the live board and the pages of groups and accounts.
func testBoard(t *testing.T, s *stage) {
	p := s.start(t, newDB(t))
	admin := firstAdmin(t, p.url, p.out)
	boss := admin.hire("boss", "王班长", "supervisor", "admin")
	var first *clerk
	for i := range 6 {
		first = admin.hire(fmt.Sprint("a", i), fmt.Sprint("坐席", i+1), "agent").online()
	}
	angry := newTab(t, p.url, "", true)
	angry.send(outgoing{Kind: bot.KindHandoff})
	angry.until(bot.KindQueued)
	talk := "/desk/conversations/" + angry.conversation
	first.do(http.MethodPost, talk+"/accept", map[string]string{}, nil)
	first.do(http.MethodPost, talk+"/close", map[string]any{"category": "其他", "solved": false, "text": "没谈成"}, nil)
	survey := angry.until(bot.KindSurvey)
	angry.send(outgoing{Kind: bot.KindRating, Of: survey.Seq, Stars: 1, Text: "等了半天也没解决", Conversation: angry.conversation})
	for i := range 9 {
		c := newTab(t, p.url, "", true)
		c.send(outgoing{Kind: bot.KindText, Text: fmt.Sprint("第", i, "个问题，转人工")})
	}
	w := signIn(t, s, p, boss, 1440, 900)
	w.wait("the menu", `() => document.body.innerText.includes('看板')`)
	w.open(p.url + "/console/board")
	w.seeAnywhere("坐席1")
	w.seeAnywhere("等了半天也没解决")
	w.shoot("board")
	w.open(p.url + "/console/desk")
	w.tapWhere("[role=tab]", "全部")
	w.shoot("desk-supervisor")
	w.open(p.url + "/console/groups")
	w.seeAnywhere("技能组")
	w.shoot("groups")
	w.open(p.url + "/console/staff")
	w.seeAnywhere("王班长")
	w.shoot("staff")
	w.flawless()
}

// testDeskHijack has a page of another origin open the desk's socket in the browser
// of an agent: the browser sends the cookie along, and even with a good ticket the
// socket does not open. From our own page it does.
func testDeskHijack(t *testing.T, s *stage) {
	const dial = `(address) => new Promise((resolve) => {
		const socket = new WebSocket(address)
		socket.onopen = () => resolve('open')
		socket.onclose = () => resolve('refused')
	})`
	p := s.start(t, newDB(t))
	own := signIn(t, s, p, firstAdmin(t, p.url, p.out).hire("li", "小李", "agent"), 1440, 900)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>别人的网站</title>`)
	}))
	t.Cleanup(server.Close)
	hostile := blank(t, own.page.Browser(), 1280, 800)
	hostile.open(server.URL)

	ticket := own.eval(own.page, `async () => {
		const me = await (await fetch('/console/api/me')).json()
		const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf }
		return (await (await fetch('/console/api/desk/ticket', { method: 'POST', headers })).json()).ticket
	}`)
	address := "ws" + strings.TrimPrefix(p.url, "http") + "/console/api/desk/socket?ticket=" + ticket
	if got := hostile.eval(hostile.page, dial, address); got != "refused" {
		t.Errorf("from another site: %s", got)
	}
	p.log.await(t, "/console/api/desk/socket\",\"status\":403", nil) // which is 401 without the cookie
	if got := own.eval(own.page, dial, address); got != "open" {
		t.Errorf("from our own page: %s", got)
	}
	if got := own.eval(own.page, dial, address); got != "refused" {
		t.Errorf("with the same ticket again: %s", got)
	}
	if text := p.log.String(); len(ticket) < 22 || strings.Contains(text, ticket) {
		t.Errorf("the ticket %q is in the log", ticket)
	}
}
