package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
)

// shopkeeper answers callbacks as faqbot would, and calls the platform's API.
type shopkeeper struct {
	t    *testing.T
	keys envelope.Keys
	base string // of the platform
}

func newShopkeeper(t *testing.T) (*shopkeeper, string) {
	k := &shopkeeper{t: t, keys: envelope.Keys{AppID: "wxshop", Token: "shop-token", AESKey: strings.Repeat("s", 42) + "A"}}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	return k, server.URL + "/wechat/shop"
}

func (k *shopkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := envelope.QueryOf(r.URL.Query())
	if err := k.keys.Check(q, time.Now(), time.Minute); err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.Method == http.MethodGet {
		io.WriteString(w, q.Echo)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	raw, sealed, err := k.keys.Open(q, body)
	if err != nil {
		k.t.Errorf("open a callback: %v", err)
	}
	m, err := envelope.Parse(raw)
	if err != nil {
		k.t.Errorf("parse a callback: %v", err)
	}
	reply := k.reply(m)
	if reply == nil {
		io.WriteString(w, "success")
		return
	}
	if sealed {
		if reply, err = k.keys.Seal(reply, time.Now(), "nonce"); err != nil {
			k.t.Error(err)
		}
	}
	w.Write(reply)
}

func (k *shopkeeper) reply(m envelope.Message) []byte {
	text := func(s string) []byte { return envelope.TextReply(m.From, m.To, s, time.Now()) }
	switch {
	case m.Event == "subscribe":
		return text("您好，我是小燃，很高兴为您服务。[微笑]\n您可以直接提问，比如：\n<a href=\"weixin://bizmsgmenu?msgmenucontent=热水器打不着火怎么办&msgmenuid=11\">热水器打不着火怎么办</a>\n<a href=\"weixin://bizmsgmenu?msgmenucontent=怎么查燃气费&msgmenuid=12\">怎么查燃气费</a>")
	case m.Event == "CLICK":
		return envelope.NewsReply(m.From, m.To, []render.Card{{Title: "燃气安全自查指南", Description: "三分钟看懂家里的燃气设备", URL: "https://example.com/guide", Picture: k.base + "/assets/icon.svg"}}, time.Now())
	case m.Content == "出错":
		return []byte(`{"error":"not XML"}`)
	case m.Content == "转人工":
		k.send(m.From, "text", map[string]any{"content": "您好，我是客服小林，请问有什么可以帮您？"})
		k.send(m.From, "msgmenu", map[string]any{"head_content": "您对这次服务满意吗？", "list": []map[string]string{{"id": "21", "content": "满意"}, {"id": "22", "content": "不满意"}}, "tail_content": "感谢您的评价"})
		return nil
	case m.Type == "image":
		return text("图片已收到，人工客服会查看。")
	}
	return text("请依次检查：\n1. 燃气阀门是否打开；\n2. 电池是否有电；\n3. 水压是否足够。\n仍然点不着，请<a href=\"https://example.com/repair\">在线报修</a>。")
}

// send sends a 客服消息.
func (k *shopkeeper) send(to, kind string, content any) {
	k.post("/cgi-bin/message/custom/send?access_token="+k.accessToken(), map[string]any{"touser": to, "msgtype": kind, kind: content})
}

func (k *shopkeeper) accessToken() string {
	return k.post("/cgi-bin/stable_token", map[string]any{"grant_type": "client_credential", "appid": "wxshop", "secret": "shop-secret"})["access_token"].(string)
}

func (k *shopkeeper) post(path string, body any) (answer map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		k.t.Error(err)
	}
	response, err := http.Post(k.base+path, "application/json", bytes.NewReader(text))
	if err != nil {
		k.t.Error(err)
		return nil
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		k.t.Errorf("%s: %v", path, err)
	}
	return answer
}

func (k *shopkeeper) publish() {
	click := func(name, key string) map[string]any {
		return map[string]any{"type": "click", "name": name, "key": key}
	}
	k.post("/cgi-bin/menu/create?access_token="+k.accessToken(), map[string]any{"button": []any{
		click("安全指南", "GUIDE"),
		map[string]any{"name": "自助服务", "sub_button": []any{click("查燃气费", "BILL"), click("预约安检", "CHECK"), click("报修进度", "REPAIR")}},
		map[string]any{"type": "view", "name": "网上营业厅", "url": "https://example.com/hall"},
	}})
}

func (k *shopkeeper) flags() []string {
	return []string{"wechat-sim", "--listen", "127.0.0.1:0", "--app-id", k.keys.AppID, "--secret", "shop-secret", "--token", k.keys.Token, "--aes-key", k.keys.AESKey, "--name", "城市燃气"}
}

var addressOfPhone = regexp.MustCompile(`手机网页\s+(http://\S+)/`)

// TestWechatSim runs the command and uses what it serves.
func TestWechatSim(t *testing.T) {
	k, callback := newShopkeeper(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, errOut, ended := newStream(), newStream(), make(chan struct{})
	code := exitFailure
	go func() {
		defer close(ended)
		code = run(ctx, append(k.flags(), "--callback", callback), func(string) string { return "" }, strings.NewReader(""), out, errOut)
	}()
	text := out.await(t, "下次用同样的账号", ended)
	k.base = addressOfPhone.FindStringSubmatch(text)[1]
	for _, want := range []string{"AppID           wxshop\n", "EncodingAESKey  " + k.keys.AESKey, "安全模式", "服务号", callback, "--secret shop-secret"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if status, page := get(t, k.base+"/"); status != http.StatusOK || !strings.Contains(page, "微信公众号模拟器") {
		t.Errorf("the page: %d\n%s", status, page)
	}
	k.publish()
	act := func(body string) int {
		t.Helper()
		response, err := http.Post(k.base+"/act?user=o-1", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := act(`{"act":"say","text":"在吗"}`); status != http.StatusConflict {
		t.Errorf("a stranger writes: %d", status)
	}
	if status := act(`{"act":"follow"}`); status != http.StatusOK {
		t.Errorf("follow: %d", status)
	}
	if v := firstView(t, k.base+"/events?user=o-1"); len(v.Shown) != 1 || v.Shown[0].From != "passive" || len(v.Account.Menu) != 3 || len(v.Exchanges) != 1 {
		t.Errorf("the phone shows %+v", v)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, errOut)
	}
}

// phoneView is what the test reads of an event.
type phoneView struct {
	Account   struct{ Menu []any }
	Shown     []struct{ From, Kind, Text string }
	Exchanges []any
}

// firstView returns the first event of a phone. The stream stays open.
func firstView(t *testing.T, address string) (v phoneView) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	line := make([]byte, 0, 1<<16)
	for buffer := make([]byte, 4096); !bytes.HasSuffix(line, []byte("\n\n")); {
		n, err := response.Body.Read(buffer)
		line = append(line, buffer[:n]...)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(bytes.TrimPrefix(line, []byte("data: ")), &v); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return v
}

func TestWechatSimUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--mode", "secret"}, {"--kind", "shop"}, {"--callback", "ftp://example.com"}, {"--aes-key", "short"}, {"--listen", "nowhere:x"},
	} {
		if r := faqbot(append([]string{"wechat-sim", "--listen", "127.0.0.1:0"}, args...)...); r.code != exitUsage || r.out != "" {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.out)
		}
	}
}

// TestWechatSimBrowser plays a customer on the phone, in a browser.
func TestWechatSimBrowser(t *testing.T) {
	s := newStage(t)
	k, callback := newShopkeeper(t)
	out := newStream()
	program := exec.Command(s.binary, k.flags()...)
	program.Env, program.Stdout, program.Stderr = []string{"HOME=" + t.TempDir()}, out, out
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait() // says that it was killed
	})
	k.base = addressOfPhone.FindStringSubmatch(out.await(t, "下次用同样的账号", nil))[1]
	t.Run("Desktop", func(t *testing.T) { testPhoneDesktop(t, s, k, callback) })
	t.Run("Phone", func(t *testing.T) { testPhoneSmall(t, s, k) })
}

func testPhoneDesktop(t *testing.T, s *stage, k *shopkeeper, callback string) {
	w := blank(t, s.profile(t), 1440, 900)
	w.open(k.base + "/")
	w.tap("[role=tab]", "接入")
	w.seeAnywhere("验证并保存")
	w.shoot("wechat-sim-setup")
	w.fill("服务器地址", callback)
	w.tap("button", "验证并保存")
	w.seeAnywhere("已验证并保存")
	k.publish()
	w.tap("#tab-callbacks", "")

	w.tap("button", "关注公众号")
	w.see("我是小燃")
	w.seeAnywhere("剩 3/3 条")
	w.tap("[role=log] button", "热水器打不着火怎么办")
	w.see("请依次检查")
	w.tap("#to-text", "")
	writeToAccount(w, "转人工")
	w.press(input.Enter)
	w.see("客服小林")
	w.see("您对这次服务满意吗")
	w.seeAnywhere("剩 3/5 条 · 剩 47 小时")
	w.tap("#callbacks [data-index='1'] summary", "")
	w.shoot("wechat-sim-desktop")
	w.tap("[role=log] button", "满意")
	w.seeAnywhere("点了菜单消息")
	writeToAccount(w, "<img src=x onerror=__xss(1)> 出错")
	w.press(input.Enter)
	writeToAccount(w, "出错")
	w.press(input.Enter)
	w.see("该公众号提供的服务出现故障")
	w.tap("#to-menu", "")
	w.tap("#buttons button", "自助服务")
	w.seeAnywhere("预约安检")
	w.shoot("wechat-sim-menu")
	w.tap("#buttons button", "安全指南")
	w.see("燃气安全自查指南")
	w.tap("#tab-calls", "")
	w.seeAnywhere("取稳定版凭证")
	w.shoot("wechat-sim-calls")
	sendPicture(w)
	w.see("图片已收到")
	w.shoot("wechat-sim-picture")

	// The page comes back as it was, and another user has a phone of their own.
	before := w.shown()
	w.must(w.page.Timeout(patience).Reload())
	w.see("图片已收到")
	if after := w.shown(); after != before {
		t.Errorf("before the reload:\n%s\nafter:\n%s", before, after)
	}
	w.open(k.base + "/?user=o-visitor-2")
	w.seeAnywhere("关注公众号")
	if shown := w.shown(); shown != "" {
		t.Errorf("another user sees %q", shown)
	}
	w.flawless()
}

func testPhoneSmall(t *testing.T, s *stage, k *shopkeeper) {
	w := blank(t, s.profile(t), 390, 844)
	w.open(k.base + "/?user=o-small")
	w.seeAnywhere("关注公众号")
	w.shoot("wechat-sim-phone-profile")
	w.tap("button", "关注公众号")
	w.see("我是小燃")
	w.tap("#to-text", "")
	writeToAccount(w, "热水器打不着火怎么办")
	w.tap("button", "发送")
	w.see("请依次检查")
	w.shoot("wechat-sim-phone")
	w.tap("#plus", "")
	w.seeAnywhere("未知类型")
	w.shoot("wechat-sim-phone-tray")
	w.tap("#open-panel", "")
	w.seeAnywhere("开发者面板")
	w.shoot("wechat-sim-phone-panel")
	if wide := w.eval(w.page, `() => String(document.documentElement.scrollWidth - innerWidth)`); wide != "0" {
		t.Errorf("the page is %s pixels too wide", wide)
	}
	w.flawless()
}

// writeToAccount types into the phone without sending.
func writeToAccount(w *window, text string) {
	w.t.Helper()
	w.must(w.find("#text", "").Timeout(patience).Input(text))
}

// sendPicture chooses a picture on the phone.
func sendPicture(w *window) {
	w.t.Helper()
	scene := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for x := range 160 {
		for y := range 120 {
			scene.Set(x, y, color.RGBA{R: uint8(30 + x), G: 140, B: uint8(100 + y/2), A: 255})
		}
	}
	var content bytes.Buffer
	w.must(png.Encode(&content, scene))
	w.must(w.find("#file", "").SetFiles([]string{fileOf(w.t, "picture.png", content.String())}))
}
