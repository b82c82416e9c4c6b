package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faqbot/channels/wechat/sim"
	"faqbot/knowledge/kbtest/pgtest"
)

const (
	simSecret = "0123456789abcdef0123456789abcdef"
	simToken  = "simtoken"
	simAESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// TestServeWeChat follows somebody through an official account of the simulated
// platform and the whole program: from the bot to an agent and the survey, with the
// server stopped in between.
func TestServeWeChat(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { followFollower(t, knowledgeOf(t, shop)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		db := pgtest.DSN(t)
		ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", shop))
		followFollower(t, db)
	})
}

func followFollower(t *testing.T, db string) {
	platform := sim.New(sim.Config{})
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	set := map[string]string{"FAQBOT_WECHAT_API": server.URL}
	s := serve(t, db, set)
	admin := s.firstAdmin()
	admin.do(http.MethodPut, "/official/accounts/shop", map[string]any{
		"name": "小店", "kind": "service", "app_id": "wx0123456789abcdef", "mode": "safe", "sends": true, "menus": true,
		"region": "", "level": "", "events": []any{}, "disabled": false, "version": 0,
		"menu":   []any{map[string]string{"name": "人工服务", "key": "human"}},
		"secret": simSecret, "token": simToken, "aes_key": simAESKey,
	}, nil)
	account, err := platform.Add(sim.AccountConfig{
		AppID: "wx0123456789abcdef", Secret: simSecret, Token: simToken, AESKey: simAESKey, Mode: sim.Safe, Callback: s.url + "/wechat/shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin.do(http.MethodPost, "/official/accounts/shop/probe", map[string]any{}, nil)
	admin.do(http.MethodPost, "/official/accounts/shop/menu", map[string]any{}, nil)
	if menu := account.Menu(); len(menu) != 1 || menu[0].Key != "human" {
		t.Errorf("the menu is %+v", menu)
	}

	anna := &follower{t, account.User("o-anna")}
	anna.act(anna.Follow(t.Context(), ""))
	anna.sees("智能客服", sim.Passive)
	anna.act(anna.Say(t.Context(), "怎么办理宽带"))
	anna.sees("身份证", sim.Passive)
	li := admin.hire("li", "小李", "agent").online()
	anna.act(anna.Say(t.Context(), "转人工"))
	var mine []listed
	eventually(t, func() error {
		if mine = li.list("queue"); len(mine) != 1 || mine[0].OfferedTo != li.id {
			return fmt.Errorf("the queue of the agent is %+v", mine)
		}
		return nil
	})
	id := mine[0].ID
	li.do(http.MethodPost, "/desk/conversations/"+id+"/accept", map[string]string{}, nil)
	li.say(id, "您好，我是小李")
	anna.sees("您好，我是小李", sim.Customer)

	s.stop()
	s = serve(t, db, set)
	li.url = s.url
	if err := account.Configure(func(c *sim.AccountConfig) { c.Callback = s.url + "/wechat/shop" }); err != nil {
		t.Fatal(err)
	}
	li.say(id, "刚才断了一下")
	anna.act(anna.Say(t.Context(), "还在吗"))
	anna.sees("刚才断了一下", "") // with the answer to what she says, or before
	li.do(http.MethodPost, "/desk/conversations/"+id+"/close", map[string]any{"category": "其他", "solved": true, "text": "已解决"}, nil)
	anna.sees("非常满意", sim.Customer)
	anna.act(anna.Tap(t.Context(), "非常满意"))
	eventually(t, func() error {
		rating, err := conversations(t, db).Rating(t.Context(), id)
		if err == nil && rating.Stars != 5 {
			err = fmt.Errorf("%d stars", rating.Stars)
		}
		return err
	})
	for _, shown := range anna.Shown() {
		if shown.From == sim.Fault {
			t.Errorf("anna was told that the account is out of order: %+v", anna.Shown())
		}
	}
	for _, call := range account.Calls(sim.SendAPI) {
		if call.Code != 0 {
			t.Errorf("the platform refused %+v", call)
		}
	}
}

// follower is somebody who follows an account.
type follower struct {
	t *testing.T
	*sim.User
}

// act fails the test if something could not be done.
func (f *follower) act(_ sim.Exchange, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// sees waits until a text is on the screen that came in that way, or in any.
func (f *follower) sees(text string, from sim.Source) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	screen, err := f.Await(ctx, func(screen []sim.Shown) bool {
		for _, shown := range screen {
			if (shown.From == from || from == "") && shown.From != sim.FromUser && strings.Contains(shown.Text, text) {
				return true
			}
		}
		return false
	})
	if err != nil {
		f.t.Fatalf("%q did not come as %s: %+v", text, from, screen)
	}
}
