package wechattest

import (
	"fmt"

	"faqbot/channels/wechat"
)

var accountTests = []test{
	{"one that has everything", testAccount},
	{"in order of their ids", testAccountOrder},
	{"by compare-and-set", testAccountVersions},
	{"dropped with what would be wrong for the next", testDropAccount},
	{"unusual texts and secrets", func(f *fixture) {
		var want []wechat.Account
		for i, text := range unusual {
			a := wechat.Account{ID: fmt.Sprintf("%02d%s", i, text[:min(len(text), 900)]), Name: text, AppID: text, Secret: text,
				Token: "\x00\xff" + text, AESKey: text, Region: text, Level: text,
				Events: []wechat.EventRule{{On: wechat.OnClick, Key: text, Do: wechat.DoReply, Text: text + "<&>"}}}
			f.done("PutAccount", f.store.PutAccount(f.ctx, a))
			a.Version = 1
			want = append(want, a)
		}
		same(f, "Accounts", want)(f.store.Accounts(f.ctx))
	}},
	{"what no store takes", func(f *fixture) {
		for what, text := range unstorable {
			f.mistaken(what+" in the id", f.store.PutAccount(f.ctx, wechat.Account{ID: text}))
			f.mistaken(what+" in the name", f.store.PutAccount(f.ctx, wechat.Account{ID: "店", Name: text}))
		}
		f.mistaken("a long id", f.store.PutAccount(f.ctx, wechat.Account{ID: tooLong}))
		same[[]wechat.Account](f, "Accounts", nil)(f.store.Accounts(f.ctx))
	}},
}

// account returns one that has everything.
func account(id string) wechat.Account {
	return wechat.Account{
		ID: id, Name: "燃气服务", Kind: wechat.Service, AppID: "wx" + id, Secret: "s-" + id, Token: "t-" + id, AESKey: "k-" + id,
		Mode: wechat.Safe, Sends: true, Menus: true, Region: "南京", Level: "vip", Disabled: true, UpdatedAt: minute(0),
		Events: []wechat.EventRule{
			{On: wechat.OnSubscribe, Key: "qrscene_1", Do: wechat.DoReply, Text: "欢迎 <a href=\"https://x\">&</a>"},
			{On: wechat.OnClick, Key: "human", Do: wechat.DoHandoff},
		},
		Menu: []wechat.Button{
			{Name: "服务", Buttons: []wechat.Button{{Name: "人工", Key: "human"}, {Name: "官网", URL: "https://x.example/?a=1&b=2"}}},
			{Name: "热点", Key: "hot"},
		},
	}
}

func testAccount(f *fixture) {
	same[[]wechat.Account](f, "Accounts of none", nil)(f.store.Accounts(f.ctx))
	a := account("店")
	a.UpdatedAt = finer(a.UpdatedAt)
	f.done("PutAccount", f.store.PutAccount(f.ctx, a))
	a.Events[0].Text, a.Menu[0].Buttons[0].Name = "caller's own", "caller's own"
	want := account("店")
	want.Version = 1
	same(f, "Accounts", []wechat.Account{want})(f.store.Accounts(f.ctx))
	want = wechat.Account{ID: "店", Version: 1}
	f.done("PutAccount of one with nothing", f.store.PutAccount(f.ctx, want))
	want.Version = 2
	same(f, "Accounts", []wechat.Account{want})(f.store.Accounts(f.ctx))
}

func testAccountOrder(f *fixture) {
	var want []wechat.Account
	ids := []string{"", "B", "_", "a", "b", "店"}
	for i := range ids {
		a := account(ids[(i*5+2)%len(ids)])
		f.done("PutAccount", f.store.PutAccount(f.ctx, a))
	}
	for _, id := range ids {
		a := account(id)
		a.Version = 1
		want = append(want, a)
	}
	same(f, "Accounts", want)(f.store.Accounts(f.ctx))
}

func testAccountVersions(f *fixture) {
	a := account("店")
	a.Version = 1
	f.is("change one that is not there", f.store.PutAccount(f.ctx, a), wechat.ErrConflict)
	a.Version = 0
	f.done("add", f.store.PutAccount(f.ctx, a))
	lost := wechat.Account{ID: "店", Name: "lost"}
	f.is("add again", f.store.PutAccount(f.ctx, lost), wechat.ErrConflict)
	a.Version, a.Secret = 1, "changed"
	f.done("change", f.store.PutAccount(f.ctx, a))
	for _, version := range []int64{-1, 1, 3} {
		lost.Version = version
		f.is(fmt.Sprint("change version ", version), f.store.PutAccount(f.ctx, lost), wechat.ErrConflict)
	}
	a.Version = 2
	same(f, "Accounts", []wechat.Account{a})(f.store.Accounts(f.ctx))
}

func testDropAccount(f *fixture) {
	f.is("DropAccount of none", f.store.DropAccount(f.ctx, "店"), wechat.ErrNotFound)
	for _, id := range []string{"店", "other"} {
		f.done("PutAccount", f.store.PutAccount(f.ctx, account(id)))
		f.done("PutToken", f.store.PutToken(f.ctx, wechat.Token{Account: id, Value: "v"}))
		f.done("PutMedia", f.store.PutMedia(f.ctx, wechat.Media{Account: id, Hash: "h", ID: "m"}))
		f.done("AddFailure", f.store.AddFailure(f.ctx, wechat.Failure{ID: id, Account: id}))
	}
	f.done("DropAccount", f.store.DropAccount(f.ctx, "店"))
	f.is("DropAccount again", f.store.DropAccount(f.ctx, "店"), wechat.ErrNotFound)
	missing[wechat.Token](f, "Token")(f.store.Token(f.ctx, "店"))
	missing[wechat.Media](f, "Media")(f.store.Media(f.ctx, "店", "h"))
	same[[]wechat.Failure](f, "Failures", nil)(f.store.Failures(f.ctx, "店", all))
	same(f, "Token of the other", wechat.Token{Account: "other", Value: "v", Version: 1})(f.store.Token(f.ctx, "other"))
	same(f, "Media of the other", wechat.Media{Account: "other", Hash: "h", ID: "m"})(f.store.Media(f.ctx, "other", "h"))
	same(f, "Failures of the other", []wechat.Failure{{ID: "other", Account: "other"}})(f.store.Failures(f.ctx, "other", all))
	f.done("PutAccount afresh", f.store.PutAccount(f.ctx, account("店")))
}
