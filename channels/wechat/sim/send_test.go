package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/channels/wechat/sim"
)

// sendUntil sends until it is refused, and returns how many arrived and the code.
func (b *bench) sendUntil(u *sim.User) (arrived, code int) {
	b.t.Helper()
	for range 20 {
		if code = b.send(text(u.OpenID(), "在")); code != 0 {
			return arrived, code
		}
		arrived++
	}
	return arrived, code
}

func TestQuota(t *testing.T) {
	for _, test := range []struct {
		name   string
		config sim.Config
		act    func(b *bench, u *sim.User) (sim.Exchange, error)
		want   int
		life   time.Duration
	}{
		{"message", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) { return u.Say(b.ctx, "在吗") }, 5, 48 * time.Hour},
		{"picture", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) { return u.SendImage(b.ctx, png(100)) }, 5, 48 * time.Hour},
		{"click", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) { return u.Click(b.ctx, "HELP") }, 3, time.Minute},
		{"scan", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) { return u.Scan(b.ctx, "42") }, 3, time.Minute},
		{"subscribe", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) { return u.Follow(b.ctx, "") }, 3, time.Minute},
		{"tap", sim.Config{}, func(b *bench, u *sim.User) (sim.Exchange, error) {
			return u.TapItem(b.ctx, sim.Item{ID: "1", Label: "好"})
		}, 3, time.Minute},
		{"tap as message", sim.Config{TapsAreMessages: true}, func(b *bench, u *sim.User) (sim.Exchange, error) {
			return u.TapItem(b.ctx, sim.Item{ID: "1", Label: "好"})
		}, 5, 48 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.config, nil)
			u := b.follower("o-anna")
			b.done(test.act(b, u))
			if arrived, code := b.sendUntil(u); arrived != test.want || code != 45047 {
				t.Errorf("%d arrived, then %d", arrived, code)
			}
			b.done(test.act(b, u)) // a new quota, not added to anything
			b.done(test.act(b, u))
			if q := u.Quota(); q.Left != test.want || q.Of != test.want || !q.Until.Equal(b.clock.now().Add(test.life)) {
				t.Errorf("after acting twice: %+v", q)
			}
			b.clock.advance(test.life - time.Second)
			if code := b.send(text("o-anna", "在")); code != 0 {
				t.Errorf("a second before the end: %d", code)
			}
			b.clock.advance(time.Second)
			if code := b.send(text("o-anna", "在")); code != 45015 {
				t.Errorf("at the end: %d", code)
			}
		})
	}
}

func TestQuotaIsReplaced(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	b.done(u.Click(b.ctx, "HELP"))
	if arrived, code := b.sendUntil(u); arrived != 3 || code != 45047 {
		t.Errorf("click after message: %d arrived, then %d", arrived, code)
	}
	b.done(u.Say(b.ctx, "在吗"))
	if arrived, code := b.sendUntil(u); arrived != 5 || code != 45047 {
		t.Errorf("message after click: %d arrived, then %d", arrived, code)
	}
}

func TestNoQuota(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	if code := b.send(text("o-anna", "在")); code != 45015 {
		t.Errorf("to somebody who did nothing: %d", code)
	}
	b.done(u.View(b.ctx, "https://example.com"))
	b.done(u.ReportLocation(b.ctx, 1, 2))
	if code := b.send(text("o-anna", "在")); code != 45015 {
		t.Errorf("to somebody who opened a page: %d", code)
	}
}

func TestRefusedSendsCostNothing(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	for range 10 {
		if code := b.send(text("o-anna", repeat("好", 2049))); code != 45002 {
			t.Fatalf("too long: %d", code)
		}
	}
	if q := u.Quota(); q.Left != 5 {
		t.Errorf("quota: %+v", q)
	}
}

func TestSendCodes(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	b.account.User("o-stranger")
	b.done(b.follower("o-gone").Follow(b.ctx, ""))
	b.done(b.account.User("o-gone").Unfollow(b.ctx))
	u := b.follower("o-anna")
	media := b.upload("image", "media", png(100)).MediaID
	voice := b.upload("voice", "media", []byte("#!AMR\nabc")).MediaID
	of := func(kind string, content any) any {
		return map[string]any{"touser": "o-anna", "msgtype": kind, kind: content}
	}
	card := map[string]any{"title": "办理", "url": "https://example.com"}
	menu := func(items ...any) any {
		return of("msgmenu", map[string]any{"head_content": "满意吗", "list": items, "tail_content": "谢谢"})
	}
	item := map[string]any{"id": "101", "content": "满意"}
	for _, test := range []struct {
		name    string
		message any
		want    int
	}{
		{"nobody", text("o-nobody", "在"), 40003}, {"a stranger", text("o-stranger", "在"), 43004}, {"gone", text("o-gone", "在"), 43004},
		{"no JSON", "{", 47001}, {"no kind", map[string]any{"touser": "o-anna"}, 40008}, {"a strange kind", of("poem", "x"), 40008},
		{"empty", text("o-anna", ""), 44004}, {"2,048 bytes", text("o-anna", repeat("好", 2048)), 0}, {"2,049 bytes", text("o-anna", repeat("好", 2049)), 45002},
		{"a picture", of("image", map[string]any{"media_id": media}), 0}, {"no picture", of("image", map[string]any{"media_id": "x"}), 40007},
		{"a voice as a picture", of("image", map[string]any{"media_id": voice}), 40007},
		{"a card", of("news", map[string]any{"articles": []any{card}}), 0}, {"two cards", of("news", map[string]any{"articles": []any{card, card}}), 45008},
		{"no card", of("news", map[string]any{}), 44004}, {"a card without title", of("news", map[string]any{"articles": []any{map[string]any{"url": "https://example.com"}}}), 44004},
		{"a menu", menu(item), 0}, {"an empty menu", menu(), 44004}, {"an item without id", menu(map[string]any{"content": "满意"}), 44004},
		{"a long menu", menu(map[string]any{"id": "1", "content": repeat("好", 2048)}), 45002},
	} {
		b.done(u.Say(b.ctx, test.name))
		before := len(u.Shown())
		if code := b.send(test.message); code != test.want {
			t.Errorf("%s: %d, want %d", test.name, code, test.want)
		}
		if shown := len(u.Shown()) - before; shown == 1 != (test.want == 0) {
			t.Errorf("%s: %d things more on the screen", test.name, shown)
		}
	}
	b.done(u.Unfollow(b.ctx))
	if code := b.send(text("o-anna", "在")); code != 43004 || u.Quota().Granted != "" {
		t.Errorf("after unfollowing: %d, quota %+v", code, u.Quota())
	}
	b.done(u.Follow(b.ctx, ""))
	if code := b.send(text("o-anna", "在")); code != 0 {
		t.Errorf("after following again: %d", code)
	}
}

func TestMenusByKind(t *testing.T) {
	for kind, want := range map[sim.Kind]int{sim.Service: 0, sim.Subscription: 40200, sim.Sandbox: 40200} {
		b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Kind = kind })
		b.done(b.follower("o-anna").Say(b.ctx, "在吗"))
		m := map[string]any{"touser": "o-anna", "msgtype": "msgmenu", "msgmenu": map[string]any{"list": []any{map[string]any{"id": "1", "content": "好"}}}}
		if code := b.send(m); code != want {
			t.Errorf("%s: %d", kind, code)
		}
		if code := b.send(text("o-anna", "在")); code != 0 {
			t.Errorf("a text by %s: %d", kind, code)
		}
	}
}

func TestNoRightToSend(t *testing.T) {
	b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.NoSends = true })
	b.done(b.follower("o-anna").Say(b.ctx, "在吗"))
	if code := b.send(text("o-anna", "在")); code != 48001 {
		t.Errorf("send: %d", code)
	}
	if code := b.typing("o-anna", "Typing"); code != 48001 {
		t.Errorf("typing: %d", code)
	}
	if err := b.account.Configure(func(c *sim.AccountConfig) { c.NoSends = false }); err != nil {
		t.Fatal(err)
	}
	if code := b.send(text("o-anna", "在")); code != 0 {
		t.Errorf("with the right: %d", code)
	}
}

func TestWhatIsShown(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	b.send(text("o-anna", `看<a href="https://example.com/a?b=1&amp;c=2">这里</a>或<a href="weixin://bizmsgmenu?msgmenucontent=满意&msgmenuid=101">很满意</a>，<b>不是</b> <a href="/relative">相对</a> <a href="http:none">无</a> [微笑] 1<a 2`))
	b.send(map[string]any{"touser": "o-anna", "msgtype": "msgmenu", "msgmenu": map[string]any{
		"head_content": "满意吗", "tail_content": "谢谢",
		"list": []any{map[string]any{"id": "101", "content": "满意"}, map[string]any{"id": "102", "content": "不满意"}},
	}})
	shown, err := u.Screen(b.ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []sim.Span{
		{Text: "看"}, {Text: "这里", URL: "https://example.com/a?b=1&c=2"}, {Text: "或"},
		{Text: "很满意", Item: &sim.Item{ID: "101", Label: "满意"}},
		{Text: `，<b>不是</b> <a href="/relative">相对</a> <a href="http:none">无</a> [微笑] 1<a 2`},
	}
	if diff := cmp.Diff(want, shown[1].Spans); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]sim.Item{{ID: "101", Label: "满意"}, {ID: "102", Label: "不满意"}}, shown[2].Items()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if shown[2].Text != "满意吗\n满意\n不满意\n谢谢" {
		t.Errorf("the menu shows %q", shown[2].Text)
	}
}

// The platform shows what is escaped without need as it stands.
func TestEscapedJSON(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	escaped, err := json.Marshal(text("o-anna", `<a href="https://example.com">a & b</a> \u003c`))
	if err != nil {
		t.Fatal(err)
	}
	b.send(string(escaped))
	shown := u.Shown()
	if got, want := shown[1].Text, `\u003ca href="https://example.com"\u003ea \u0026 b\u003c/a\u003e \u003c`; got != want {
		t.Errorf("shown: %s", got)
	}
}

func TestTyping(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	step := func(name, command string, want int, shown bool) {
		t.Helper()
		if code := b.typing("o-anna", command); code != want || u.Typing() != shown {
			t.Errorf("%s: %d, typing %t", name, code, u.Typing())
		}
	}
	step("before any message", "Typing", 45080, false)
	b.done(u.Say(b.ctx, "在吗"))
	b.clock.advance(30 * time.Second)
	step("30 s after a message", "Typing", 0, true)
	step("twice", "Typing", 45081, true)
	step("cancel", "CancelTyping", 0, false)
	step("again", "Typing", 0, true)
	if code := b.send(text("o-anna", "在")); code != 0 || u.Typing() {
		t.Errorf("a message ends it: %d, typing %t", code, u.Typing())
	}
	step("after our message", "Typing", 0, true)
	b.clock.advance(15 * time.Second)
	if u.Typing() {
		t.Error("it does not go out")
	}
	step("a strange command", "Sleeping", 45072, false)
	b.clock.advance(16 * time.Second)
	step("31 s after a message", "Typing", 45080, false)
	if code := b.typing("o-nobody", "Typing"); code != 40003 {
		t.Errorf("to nobody: %d", code)
	}
}

func TestFaults(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	token := b.stableToken(false).Token
	b.account.Inject(sim.SendAPI, 45009, 2)
	b.account.Inject(sim.MenuGetAPI, -1, 1)
	for i, want := range []int{45009, 45009, 0} {
		if code := b.send(text("o-anna", "在")); code != want {
			t.Errorf("call %d: %d", i+1, code)
		}
	}
	b.good(token, -1)
	b.good(token, 46003)

	b.account.Drop(sim.SendAPI, 1)
	message, err := json.Marshal(text("o-anna", "断了"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.request("POST", with(sim.SendAPI, token), "application/json", message); err == nil {
		t.Error("the connection does not break")
	}
	if shown := lines(u.Shown()); shown[len(shown)-1] != "customer text 断了" {
		t.Errorf("it was not delivered: %q", shown)
	}
	calls, err := b.account.AwaitCalls(b.ctx, sim.SendAPI, 4)
	if err != nil || !calls[3].Dropped || calls[3].Code != 0 || calls[3].OpenID != "o-anna" || calls[0].Code != 45009 {
		t.Errorf("recorded: %+v, %v", calls, err)
	}
}

func TestStall(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "在吗"))
	b.stableToken(false)
	release, code := make(chan struct{}), make(chan int)
	reached := b.account.Stall(sim.SendAPI, release)
	go func() { code <- b.send(text("o-anna", "慢")) }()
	select {
	case <-reached:
	case <-b.ctx.Done():
		t.Fatal("nobody came")
	}
	if shown := len(u.Shown()); shown != 1 {
		t.Errorf("%d things on the screen while it is held", shown)
	}
	close(release)
	if got := <-code; got != 0 {
		t.Errorf("released: %d", got)
	}
	if shown := lines(u.Shown()); shown[1] != "customer text 慢" {
		t.Errorf("shown: %q", shown)
	}
}

func TestMenu(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	path := with(sim.MenuCreateAPI, b.stableToken(false).Token)
	click := func(name string) sim.Button { return sim.Button{Type: "click", Name: name, Key: "K"} }
	view := func(address string) sim.Button { return sim.Button{Type: "view", Name: "官网", URL: address} }
	parent := func(below ...sim.Button) sim.Button { return sim.Button{Name: "更多", Buttons: below} }
	five := []sim.Button{click("一"), click("二"), click("三"), click("四"), click("五")}
	long := strings.Repeat("k", 129)
	for _, test := range []struct {
		name string
		menu []sim.Button
		want int
	}{
		{"none", nil, 40016}, {"three of five", []sim.Button{parent(five...), parent(five...), parent(five...)}, 0},
		{"four", five[:4], 40016}, {"six below", []sim.Button{parent(append(five, click("六"))...)}, 40023},
		{"16 bytes", []sim.Button{click("在线客服服a")}, 0}, {"17 bytes", []sim.Button{click("在线客服服ab")}, 40018}, {"no name", []sim.Button{click("")}, 40018},
		{"60 bytes below", []sim.Button{parent(click(strings.Repeat("客", 20)))}, 0}, {"61 bytes below", []sim.Button{parent(click(strings.Repeat("客", 20) + "a"))}, 40025},
		{"three levels", []sim.Button{parent(parent(five...))}, 40022}, {"a strange type", []sim.Button{{Type: "shake", Name: "摇"}}, 40017},
		{"a strange type below", []sim.Button{parent(sim.Button{Type: "shake", Name: "摇"})}, 40024},
		{"no key", []sim.Button{{Type: "click", Name: "无"}}, 40019}, {"a long key", []sim.Button{{Type: "click", Name: "长", Key: long}}, 40019},
		{"a long key below", []sim.Button{parent(sim.Button{Type: "click", Name: "长", Key: long})}, 40026}, {"a key of 128", []sim.Button{{Type: "click", Name: "长", Key: long[1:]}}, 0},
		{"no address", []sim.Button{view("")}, 40020}, {"an address", []sim.Button{view("https://example.com")}, 0},
		{"a long address", []sim.Button{view("https://example.com/" + strings.Repeat("a", 1024))}, 40020},
		{"a long address below", []sim.Button{parent(view("https://example.com/" + strings.Repeat("a", 1024)))}, 40027},
	} {
		before := b.account.Menu()
		if o := b.call("POST", path, map[string]any{"button": test.menu}); o.Code != test.want {
			t.Errorf("%s: %d, want %d", test.name, o.Code, test.want)
		}
		after := before
		if test.want == 0 {
			after = test.menu
		}
		if diff := cmp.Diff(after, b.account.Menu()); diff != "" {
			t.Errorf("%s: the menu (-want +got):\n%s", test.name, diff)
		}
	}
	token := b.stableToken(false).Token
	_, body, err := b.request("GET", with(sim.MenuGetAPI, token), "", nil)
	if err != nil || !strings.Contains(string(body), `"url":"https://example.com"`) {
		t.Errorf("get: %s, %v", body, err)
	}
	if o := b.call("GET", with(sim.MenuDeleteAPI, token), ""); o.Code != 0 || b.account.Menu() != nil {
		t.Errorf("delete: %d, %v", o.Code, b.account.Menu())
	}
	b.good(token, 46003)
	if o := b.call("POST", path, "["); o.Code != 47001 {
		t.Errorf("no JSON: %d", o.Code)
	}
}
