package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
	"faqbot/channels/wechat/sim"
)

func TestActs(t *testing.T) {
	for _, mode := range []sim.Mode{sim.Plain, sim.Compatible, sim.Safe} {
		t.Run(string(mode), func(t *testing.T) {
			b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Mode = mode })
			u := b.account.User("o-anna")
			now := b.clock.now()
			event := func(m envelope.Message) envelope.Message {
				m.Type = "event"
				return m
			}
			var want []envelope.Message
			for _, test := range []struct {
				act  func() (sim.Exchange, error)
				want envelope.Message
			}{
				{func() (sim.Exchange, error) { return u.Scan(b.ctx, "desk-7") }, event(envelope.Message{Event: "subscribe", EventKey: "qrscene_desk-7", Ticket: "gQZGVzay03"})},
				{func() (sim.Exchange, error) { return u.Scan(b.ctx, "desk-8") }, event(envelope.Message{Event: "SCAN", EventKey: "desk-8", Ticket: "gQZGVzay04"})},
				{func() (sim.Exchange, error) { return u.Say(b.ctx, "在吗 ]]> <b>&") }, envelope.Message{Type: "text", Content: "在吗 ]]> <b>&"}},
				{func() (sim.Exchange, error) { return u.TapItem(b.ctx, sim.Item{ID: "101", Label: "满意"}) }, envelope.Message{Type: "text", Content: "满意", MenuID: "101"}},
				{func() (sim.Exchange, error) { return u.SendVoice(b.ctx, "你好") }, envelope.Message{Type: "voice", Format: "amr", Recognition: "你好"}},
				{func() (sim.Exchange, error) { return u.SendLocation(b.ctx, 39.9, 116.4, "天安门") }, envelope.Message{Type: "location", X: 39.9, Y: 116.4, Scale: 15, Label: "天安门"}},
				{func() (sim.Exchange, error) {
					return u.SendLink(b.ctx, "标题", "说明", "https://example.com/?a=1&b=2")
				}, envelope.Message{Type: "link", Title: "标题", Description: "说明", URL: "https://example.com/?a=1&b=2"}},
				{func() (sim.Exchange, error) { return u.Unknown(b.ctx, "hologram") }, envelope.Message{Type: "hologram"}},
				{func() (sim.Exchange, error) { return u.Click(b.ctx, "HELP") }, event(envelope.Message{Event: "CLICK", EventKey: "HELP"})},
				{func() (sim.Exchange, error) { return u.View(b.ctx, "https://example.com") }, event(envelope.Message{Event: "VIEW", EventKey: "https://example.com"})},
				{func() (sim.Exchange, error) { return u.ReportLocation(b.ctx, 1, 2) }, event(envelope.Message{Event: "LOCATION"})},
				{func() (sim.Exchange, error) { return u.Unfollow(b.ctx) }, event(envelope.Message{Event: "unsubscribe"})},
				{func() (sim.Exchange, error) { return u.Follow(b.ctx, "") }, event(envelope.Message{Event: "subscribe"})},
			} {
				e := b.done(test.act())
				if len(e.Attempts) != 1 || !e.Over || e.Fault != "" {
					t.Errorf("%s %s: %+v", test.want.Type, test.want.Event, e)
				}
				test.want.To, test.want.From, test.want.CreatedAt = "gh_01", "o-anna", now
				want = append(want, test.want)
			}
			got := b.received()
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(envelope.Message{}, "ID", "MediaID")); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			ids := map[string]bool{}
			for _, m := range got {
				if (m.ID == "") != (m.Type == "event") || m.ID != "" && ids[m.ID] {
					t.Errorf("%s %s has the MsgId %q", m.Type, m.Event, m.ID)
				}
				ids[m.ID] = true
			}
		})
	}
}

func TestModesOnTheWire(t *testing.T) {
	for mode, want := range map[sim.Mode]struct{ readable, sealed bool }{sim.Plain: {true, false}, sim.Compatible: {true, true}, sim.Safe: {false, true}} {
		b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Mode = mode })
		e := b.done(b.follower("o-anna").Say(b.ctx, "秘密"))
		a := e.Attempts[0]
		address, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := address.Query()
		if bytes.Contains(a.Body, []byte("秘密")) != want.readable || bytes.Contains(a.Body, []byte("<Encrypt>")) != want.sealed ||
			(q.Get("encrypt_type") == "aes") != want.sealed || (q.Get("msg_signature") != "") != want.sealed || q.Get("openid") != "o-anna" {
			t.Errorf("%s: %s\n%s", mode, a.URL, a.Body)
		}
		if !bytes.Contains(e.Raw, []byte("秘密")) {
			t.Errorf("%s: recorded is %s", mode, e.Raw)
		}
	}
}

// The mode can be changed while people write.
func TestConfigure(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	b.done(u.Say(b.ctx, "一"))
	if err := b.account.Configure(func(c *sim.AccountConfig) { c.Mode = sim.Safe; c.AppID = "another" }); err != nil {
		t.Fatal(err)
	}
	b.done(u.Say(b.ctx, "二"))
	if c := b.account.Config(); c.AppID != "wx01" || len(b.received()) != 2 {
		t.Errorf("AppID %s, %d received", c.AppID, len(b.received()))
	}
	if err := b.account.Configure(func(c *sim.AccountConfig) { c.AESKey = "short" }); err == nil || b.account.Config().AESKey != aesKey {
		t.Errorf("a short key: %v", err)
	}
}

func TestAdd(t *testing.T) {
	good := sim.AccountConfig{AppID: "wx1", Secret: "s", Token: "t"}
	for name, change := range map[string]func(*sim.AccountConfig){
		"no AppID": func(c *sim.AccountConfig) { c.AppID = "" }, "no secret": func(c *sim.AccountConfig) { c.Secret = "" },
		"no token": func(c *sim.AccountConfig) { c.Token = "" }, "a strange mode": func(c *sim.AccountConfig) { c.Mode = "secret" },
		"a strange kind": func(c *sim.AccountConfig) { c.Kind = "shop" }, "no key": func(c *sim.AccountConfig) { c.Mode = sim.Safe },
		"a strange address": func(c *sim.AccountConfig) { c.Callback = "ftp://example.com" },
	} {
		c := good
		change(&c)
		if _, err := sim.New(sim.Config{}).Add(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	p := sim.New(sim.Config{})
	a, err := p.Add(good)
	if err != nil || p.Account("wx1") != a || p.Account("wx2") != nil {
		t.Errorf("added: %v", err)
	}
	if _, err := p.Add(good); err == nil {
		t.Error("twice the same AppID")
	}
}

func TestVerify(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	if err := b.account.Verify(b.ctx); err != nil {
		t.Error(err)
	}
	for name, h := range map[string]http.HandlerFunc{
		"more than the echo": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Query().Get("echostr")+"\n") },
		"a status":           func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		if err := b.account.Configure(func(c *sim.AccountConfig) { c.Callback = server.URL }); err != nil {
			t.Fatal(err)
		}
		if err := b.account.Verify(b.ctx); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestOnlyFollowersAct(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.account.User("o-anna")
	acts := map[string]func() (sim.Exchange, error){
		"say": func() (sim.Exchange, error) { return u.Say(b.ctx, "在吗") }, "click": func() (sim.Exchange, error) { return u.Click(b.ctx, "K") },
		"unfollow": func() (sim.Exchange, error) { return u.Unfollow(b.ctx) },
	}
	for name, act := range acts {
		if _, err := act(); !errors.Is(err, sim.ErrNotFollowing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.received()) != 0 || len(u.Shown()) != 0 {
		t.Error("it was done nevertheless")
	}
	b.done(u.Follow(b.ctx, ""))
	for _, name := range []string{"say", "click", "unfollow"} {
		if _, err := acts[name](); err != nil {
			t.Errorf("%s of a follower: %v", name, err)
		}
	}
}

func TestTap(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	menu := func(id string) any {
		return map[string]any{"touser": "o-anna", "msgtype": "msgmenu", "msgmenu": map[string]any{"list": []any{map[string]any{"id": id, "content": "满意"}}}}
	}
	b.done(u.Say(b.ctx, "在吗"))
	b.send(menu("101"))
	b.send(menu("202"))
	b.done(u.Tap(b.ctx, "满意"))
	if _, err := u.Tap(b.ctx, "无所谓"); !errors.Is(err, sim.ErrNothingThere) {
		t.Errorf("an item that is not there: %v", err)
	}
	got := b.received()
	if m := got[len(got)-1]; m.MenuID != "202" || m.Content != "满意" || m.Type != "text" {
		t.Errorf("received %+v", m)
	}
	if q := u.Quota(); q.Granted != "tap" || q.Of != 3 {
		t.Errorf("granted: %+v", q)
	}
}

func TestTapInSandboxHasNoID(t *testing.T) {
	b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Kind = sim.Sandbox })
	u := b.follower("o-anna")
	b.replies(func(m envelope.Message) string {
		return string(envelope.TextReply(m.From, m.To, `<a href="weixin://bizmsgmenu?msgmenucontent=满意&msgmenuid=101">满意</a>`, b.clock.now()))
	})
	b.done(u.Say(b.ctx, "在吗"))
	b.done(u.Tap(b.ctx, "满意"))
	if m := b.received()[1]; m.Content != "满意" || m.MenuID != "" {
		t.Errorf("received %+v", m)
	}
}

func TestSameMsgID(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	anna, bert := b.follower("o-anna"), b.follower("o-bert")
	const id = 9_007_199_254_740_993 // not a float64
	anna.NextID(id)
	bert.NextID(id)
	b.done(anna.Say(b.ctx, "一"))
	b.done(bert.Say(b.ctx, "一"))
	b.done(anna.Say(b.ctx, "二"))
	got := b.received()
	if got[0].ID != "9007199254740993" || got[1].ID != got[0].ID || got[2].ID == got[0].ID {
		t.Errorf("ids: %s, %s, %s", got[0].ID, got[1].ID, got[2].ID)
	}
}

func TestSayAgain(t *testing.T) {
	b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Mode = sim.Safe })
	u := b.follower("o-anna")
	if _, err := u.SayAgain(b.ctx); !errors.Is(err, sim.ErrNothingThere) {
		t.Errorf("nothing yet: %v", err)
	}
	first := b.done(u.Say(b.ctx, "在吗"))
	b.clock.advance(time.Second)
	again := b.done(u.SayAgain(b.ctx))
	got := b.received()
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("the callbacks differ:\n%s", diff)
	}
	if first.Attempts[0].URL == again.Attempts[0].URL {
		t.Error("it was not signed anew")
	}
	if len(u.Shown()) != 1 {
		t.Errorf("on the screen: %q", lines(u.Shown()))
	}
}

func TestPostAndSigned(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	var got []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
	t.Cleanup(server.Close)
	if err := b.account.Configure(func(c *sim.AccountConfig) { c.Callback = server.URL }); err != nil {
		t.Fatal(err)
	}
	b.done(u.Post(b.ctx, []byte("<xml><broken")))
	if string(got) != "<xml><broken" {
		t.Errorf("received %q", got)
	}
	address, body, err := u.Signed([]byte("<xml></xml>"))
	if err != nil || !strings.Contains(address, "signature=") || string(body) != "<xml></xml>" {
		t.Errorf("signed: %s, %s, %v", address, body, err)
	}
}

func TestNoCallback(t *testing.T) {
	b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Callback = "" })
	if _, err := b.follower("o-anna").Say(b.ctx, "在吗"); !errors.Is(err, sim.ErrNoCallback) {
		t.Error(err)
	}
	if err := b.account.Verify(b.ctx); !errors.Is(err, sim.ErrNoCallback) {
		t.Error(err)
	}
}

// Who gives no answer in time is asked three times, with the same message.
func TestPatience(t *testing.T) {
	b := newBench(t, sim.Config{Patience: 50 * time.Millisecond}, nil)
	u := b.follower("o-anna")
	b.answers(func(_ http.ResponseWriter, r *http.Request, _ envelope.Message) { <-r.Context().Done() })
	e := b.done(u.Say(b.ctx, "在吗"))
	got := b.received()
	if len(e.Attempts) != 3 || len(got) != 3 || got[0].ID != got[1].ID || got[1].ID != got[2].ID {
		t.Fatalf("%d attempts, received %+v", len(e.Attempts), got)
	}
	for _, a := range e.Attempts {
		if a.Failure != "no answer in time" || a.Took < 50*time.Millisecond {
			t.Errorf("attempt: %+v", a)
		}
	}
	if diff := cmp.Diff([]string{"user text 在吗", "fault text " + sim.FaultText}, lines(u.Shown())); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
}

// What counts is an answer to any of the three.
func TestRetries(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	broken := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	wrong := func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }
	moved := func(w http.ResponseWriter) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusFound)
	}
	for _, test := range []struct {
		name     string
		failures []func(http.ResponseWriter)
		attempts int
		fault    bool
	}{
		{"at once", nil, 1, false}, {"the second", []func(http.ResponseWriter){broken}, 2, false},
		{"the third", []func(http.ResponseWriter){wrong, moved}, 3, false}, {"none", []func(http.ResponseWriter){broken, wrong, broken}, 3, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, sim.Config{}, nil)
			u := b.follower("o-anna")
			b.answers(func(w http.ResponseWriter, _ *http.Request, m envelope.Message) {
				if n := len(b.received()); n <= len(test.failures) {
					test.failures[n-1](w)
					return
				}
				w.Write(envelope.TextReply(m.From, m.To, "在", b.clock.now()))
			})
			e := b.done(u.Say(b.ctx, "在吗"))
			want := []string{"user text 在吗", "passive text 在"}
			if test.fault {
				want[1] = "fault text " + sim.FaultText
			}
			if diff := cmp.Diff(want, lines(u.Shown())); diff != "" || len(e.Attempts) != test.attempts || test.fault != (e.Fault != "") {
				t.Errorf("%d attempts, fault %q, screen (-want +got):\n%s", len(e.Attempts), e.Fault, diff)
			}
		})
	}
}

func TestPassiveReplies(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	id := b.upload("image", "media", png(100)).MediaID
	old := b.upload("image", "media", png(100)).MediaID
	voice := b.upload("voice", "media", []byte("#!AMR\nabc")).MediaID
	card := render.Card{Title: "办理", URL: "https://example.com", Picture: "https://example.com/a.png"}
	at := b.clock.now()
	textTo := func(to, from, text string) string { return string(envelope.TextReply(to, from, text, at)) }
	image := func(id string) string { return string(envelope.ImageReply("o-anna", "gh_01", id, at)) }
	news := func(n int) string {
		return string(envelope.NewsReply("o-anna", "gh_01", []render.Card{card, card, card, card, card, card, card, card, card}[:n], at))
	}
	raw := func(inner string) string {
		return "<xml><ToUserName>o-anna</ToUserName><FromUserName>gh_01</FromUserName><CreateTime>1</CreateTime>" + inner + "</xml>"
	}
	for _, test := range []struct {
		name, answer string
		shown        string // empty: nothing; fault
	}{
		{"success", "success", ""}, {"nothing", "", ""}, {"success and more", "success\n", "fault"}, {"JSON", `{"errcode":0}`, "fault"},
		{"a text", textTo("o-anna", "gh_01", "在 ]]> &"), "passive text 在 ]]> &"}, {"to another", textTo("o-bert", "gh_01", "在"), "fault"}, {"from another", textTo("o-anna", "gh_02", "在"), "fault"},
		{"nothing to say", textTo("o-anna", "gh_01", ""), "fault"}, {"2,048 bytes", textTo("o-anna", "gh_01", repeat("好", 2048)), "passive text " + repeat("好", 2048)},
		{"2,049 bytes", textTo("o-anna", "gh_01", repeat("好", 2049)), "fault"},
		{"a picture", image(id), "passive image "}, {"no picture", image("x"), "fault"}, {"a voice as a picture", image(voice), "fault"},
		{"a card", news(1), "passive news "}, {"two cards", news(2), "fault"}, {"no card", news(0), "fault"},
		{"a wrong count", strings.Replace(news(1), "<ArticleCount>1<", "<ArticleCount>2<", 1), "fault"},
		{"a voice", raw("<MsgType>voice</MsgType><Voice><MediaId>" + voice + "</MediaId></Voice>"), "passive voice "}, {"no voice", raw("<MsgType>voice</MsgType>"), "fault"},
		{"a transfer", raw("<MsgType>transfer_customer_service</MsgType>"), ""}, {"a strange kind", raw("<MsgType>poem</MsgType>"), "fault"},
		{"broken", raw("<MsgType>text</MsgType><Content>在"), "fault"}, {"more behind it", textTo("o-anna", "gh_01", "在") + "<xml></xml>", "fault"},
		{"a control character", raw("<MsgType>text</MsgType><Content>\x0b</Content>"), "fault"}, {"no time", strings.Replace(raw("<MsgType>text</MsgType><Content>在</Content>"), ">1<", "><", 1), "fault"},
		{"sealed", seal(t, envelope.Keys{AppID: "wx01", Token: "token", AESKey: aesKey}, textTo("o-anna", "gh_01", "在")), "fault"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.replies(func(envelope.Message) string { return test.answer })
			before := len(u.Shown())
			e := b.done(u.Say(b.ctx, "在吗"))
			got := strings.Join(lines(u.Shown()[before+1:]), "\n")
			want := test.shown
			if want == "fault" {
				want = "fault text " + sim.FaultText
			}
			if got != want || (test.shown == "fault") != (e.Fault != "") || len(e.Attempts) != 1 {
				t.Errorf("%d attempts, fault %q, shown %q", len(e.Attempts), e.Fault, got)
			}
		})
	}
	t.Run("after three days", func(t *testing.T) {
		b.clock.advance(3 * 24 * time.Hour)
		b.replies(func(envelope.Message) string { return image(old) })
		if e := b.done(u.Say(b.ctx, "在吗")); e.Fault == "" {
			t.Errorf("shown: %q", lines(u.Shown()))
		}
	})
	t.Run("events", func(t *testing.T) {
		b.replies(func(envelope.Message) string { return news(8) })
		if e := b.done(u.Click(b.ctx, "K")); e.Fault != "" {
			t.Errorf("eight cards: %s", e.Fault)
		}
		b.replies(func(envelope.Message) string { return news(9) })
		if e := b.done(u.Click(b.ctx, "K")); e.Fault == "" {
			t.Error("nine cards pass")
		}
		b.replies(func(envelope.Message) string { return raw("<MsgType>transfer_customer_service</MsgType>") })
		if e := b.done(u.Click(b.ctx, "K")); e.Fault == "" {
			t.Error("an event was transferred")
		}
	})
	t.Run("what nobody sees", func(t *testing.T) {
		b.replies(func(envelope.Message) string { return "broken" })
		before := len(u.Shown())
		for _, act := range []func() (sim.Exchange, error){
			func() (sim.Exchange, error) { return u.View(b.ctx, "https://example.com") },
			func() (sim.Exchange, error) { return u.ReportLocation(b.ctx, 1, 2) },
			func() (sim.Exchange, error) { return u.Unfollow(b.ctx) },
		} {
			if e := b.done(act()); e.Fault == "" {
				t.Errorf("no fault: %+v", e)
			}
		}
		if after := len(u.Shown()); after != before {
			t.Errorf("shown: %q", lines(u.Shown()[before:]))
		}
	})
}

func seal(t *testing.T, keys envelope.Keys, reply string) string {
	t.Helper()
	sealed, err := keys.Seal([]byte(reply), time.Unix(1, 0), "nonce")
	if err != nil {
		t.Fatal(err)
	}
	return string(sealed)
}

func TestSealedReplies(t *testing.T) {
	good := envelope.Keys{AppID: "wx01", Token: "token", AESKey: aesKey}
	otherID, otherToken, otherKey := good, good, good
	otherID.AppID, otherToken.Token, otherKey.AESKey = "wx02", "another", strings.ToLower(aesKey[:42])+"G"
	for _, test := range []struct {
		name             string
		keys             *envelope.Keys
		safe, compatible bool
	}{
		{"plain", nil, false, true}, {"sealed", &good, true, true}, {"for another", &otherID, false, false},
		{"signed by another", &otherToken, false, false}, {"with another key", &otherKey, false, false},
	} {
		for mode, want := range map[sim.Mode]bool{sim.Safe: test.safe, sim.Compatible: test.compatible} {
			b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Mode = mode })
			b.replies(func(m envelope.Message) string {
				reply := string(envelope.TextReply(m.From, m.To, "在", b.clock.now()))
				if test.keys == nil {
					return reply
				}
				return seal(t, *test.keys, reply)
			})
			u := b.follower("o-anna")
			e := b.done(u.Say(b.ctx, "在吗"))
			if shown := u.Shown()[1]; (shown.From == sim.Passive) != want || (e.Fault == "") != want {
				t.Errorf("%s in %s mode: %+v, fault %q", test.name, mode, shown, e.Fault)
			}
			b.replies(func(envelope.Message) string { return "success" })
			if e := b.done(u.Say(b.ctx, "在吗")); e.Fault != "" {
				t.Errorf("success in %s mode: %q", mode, e.Fault)
			}
		}
	}
}

func TestCancelledAct(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	ctx, cancel := context.WithCancel(b.ctx)
	b.answers(func(_ http.ResponseWriter, r *http.Request, _ envelope.Message) {
		cancel()
		<-r.Context().Done()
	})
	e, err := u.Say(ctx, "在吗")
	if !errors.Is(err, context.Canceled) || len(e.Attempts) != 1 || !e.Over || len(u.Shown()) != 1 {
		t.Errorf("%v, %d attempts, screen %q", err, len(e.Attempts), lines(u.Shown()))
	}
}

func TestScreenWaits(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	u := b.follower("o-anna")
	shown := make(chan []sim.Shown)
	go func() {
		s, err := u.Screen(b.ctx, 2)
		if err != nil {
			t.Error(err)
		}
		shown <- s
	}()
	b.done(u.Say(b.ctx, "一"))
	b.done(u.Say(b.ctx, "二"))
	if got := lines(<-shown); !cmp.Equal(got, []string{"user text 一", "user text 二"}) {
		t.Errorf("screen: %q", got)
	}
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if s, err := u.Screen(ctx, 3); !errors.Is(err, context.Canceled) || len(s) != 2 {
		t.Errorf("waiting in vain: %v, %d", err, len(s))
	}
}

// Many people at once, each answered once and in the right place.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t, sim.Config{}, func(c *sim.AccountConfig) { c.Mode = sim.Compatible })
	b.replies(func(m envelope.Message) string {
		return string(envelope.TextReply(m.From, m.To, "答"+m.Content, b.clock.now()))
	})
	const people, each = 20, 10
	token := b.stableToken(false).Token
	var wait sync.WaitGroup
	for i := range people {
		u := b.follower(fmt.Sprint("o-", i))
		wait.Go(func() {
			for n := range each {
				if _, err := u.Say(b.ctx, fmt.Sprint(i, "-", n)); err != nil {
					t.Error(err)
				}
			}
			b.call("POST", with(sim.SendAPI, token), text(u.OpenID(), "客服"))
		})
	}
	wait.Wait()
	for i := range people {
		shown := lines(b.account.User(fmt.Sprint("o-", i)).Shown())
		if len(shown) != 2*each+1 || shown[2*each] != "customer text 客服" || shown[1] != fmt.Sprintf("passive text 答%d-0", i) {
			t.Errorf("screen of %d: %q", i, shown)
		}
	}
	if n := len(b.account.Exchanges()); n != people*each {
		t.Errorf("%d callbacks are recorded", n)
	}
	if n := len(b.account.Users()); n != people {
		t.Errorf("%d users", n)
	}
}
