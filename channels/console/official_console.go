package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"faqbot/bot"
	"faqbot/bot/staff"
)

func (c *Console) addOfficials() {
	const all, one = "/official/accounts", "/official/accounts/{id}"
	manage := needs(staff.ManageSettings)
	addOfficial(c, operation{id: "listOfficial", method: http.MethodGet, path: all, who: manage, summary: "公众号"}, c.listOfficial)
	addOfficial(c, operation{id: "putOfficial", method: http.MethodPut, path: one, who: manage, summary: "新建或修改公众号", most: 256 << 10}, c.putOfficial)
	addOfficial(c, operation{id: "dropOfficial", method: http.MethodDelete, path: one, who: manage, summary: "删除公众号"}, c.dropOfficial)
	addOfficial(c, operation{id: "probeOfficial", method: http.MethodPost, path: one + "/probe", who: manage, summary: "测试连接"}, c.probeOfficial)
	addOfficial(c, operation{id: "publishOfficialMenu", method: http.MethodPost, path: one + "/menu", who: manage, summary: "发布保存好的菜单"}, c.publishOfficialMenu)
	addOfficial(c, operation{id: "officialTrouble", method: http.MethodGet, path: one + "/trouble", who: manage, summary: "最近的接口错误和看不懂的推送"}, c.officialTrouble)
}

// addOfficial is add for what needs the channel of official accounts.
func addOfficial[I, O any](c *Console, op operation, do func(context.Context, call, *I) (*O, error)) {
	add(c, op, func(ctx context.Context, who call, in *I) (*O, error) {
		if c.config.Official == nil {
			return nil, newProblem(http.StatusServiceUnavailable, "no_official", "公众号没有开启")
		}
		return do(ctx, who, in)
	})
}

// OfficialInfo is an official account as the pages show it. Its secrets never
// leave; has says which are there.
type OfficialInfo struct {
	ID       string `json:"id"`
	Callback string `json:"callback" doc:"服务器地址里域名后面的部分"`
	OfficialFields
	Has       HasSecrets `json:"has"`
	UpdatedAt int64      `json:"updated_at"`
	// Last is the latest failure.
	Last *OfficialTroubleLine `json:"last,omitempty" doc:"最近一次接口错误"`
}

// OfficialFields is all that can be set of an official account but its secrets.
type OfficialFields struct {
	Name     string           `json:"name" maxLength:"400"`
	Kind     string           `json:"kind" enum:"subscription,service,sandbox"`
	AppID    string           `json:"app_id" maxLength:"100"`
	Mode     string           `json:"mode" enum:"plain,compatible,safe" doc:"消息加解密方式"`
	Sends    bool             `json:"sends" doc:"可以主动发客服消息"`
	Menus    bool             `json:"menus" doc:"客服消息可以是可点的菜单"`
	Region   string           `json:"region" maxLength:"400"`
	Level    string           `json:"level" maxLength:"400"`
	Events   []OfficialRule   `json:"events" nullable:"false" maxItems:"200" doc:"按顺序，先符合的生效"`
	Menu     []OfficialButton `json:"menu" nullable:"false" maxItems:"20"`
	Disabled bool             `json:"disabled"`
	Version  int64            `json:"version" minimum:"0" doc:"修改前看到的 version，防止覆盖别人的修改；0 表示新建"`
}

// HasSecrets says which secrets are there.
type HasSecrets struct {
	Secret bool `json:"secret"`
	Token  bool `json:"token"`
	AESKey bool `json:"aes_key"`
}

// OfficialTroubleLine is an error of the platform's API.
type OfficialTroubleLine struct {
	API  string `json:"api"`
	Code int    `json:"code" doc:"0 表示没有连上"`
	Text string `json:"text" doc:"微信的原话"`
	What string `json:"what" doc:"是什么意思、怎么办"`
	At   int64  `json:"at"`
}

// aboutCallback is the API of failures that are ours to tell: what is wrong with a
// callback.
const aboutCallback = "callback"

func troubleOf(f OfficialFailure) OfficialTroubleLine {
	if f.API == aboutCallback {
		return OfficialTroubleLine{API: f.API, What: f.Text, At: millis(f.At)}
	}
	return OfficialTroubleLine{f.API, f.Code, f.Text, platformWords(f.Code), millis(f.At)}
}

func officialOf(a OfficialAccount) OfficialInfo {
	return OfficialInfo{
		ID: a.ID, Callback: a.Callback, UpdatedAt: millis(a.UpdatedAt), Has: HasSecrets{a.HasSecret, a.HasToken, a.HasAESKey},
		OfficialFields: OfficialFields{
			Name: a.Name, Kind: a.Kind, AppID: a.AppID, Mode: a.Mode, Sends: a.Sends, Menus: a.Menus, Region: a.Region,
			Level: a.Level, Events: notNil(a.Events), Menu: notNil(a.Menu), Disabled: a.Disabled, Version: a.Version,
		},
	}
}

// OfficialList is all official accounts.
type OfficialList struct {
	Accounts []OfficialInfo `json:"accounts" nullable:"false"`
}

func (c *Console) listOfficial(ctx context.Context, _ call, _ *none) (*body[OfficialList], error) {
	accounts, err := c.officials(ctx)
	if err != nil {
		return nil, err
	}
	list := OfficialList{Accounts: make([]OfficialInfo, len(accounts))}
	for i, a := range accounts {
		list.Accounts[i] = officialOf(a)
		last, err := c.config.Official.Failures(ctx, a.ID, 1)
		if err != nil {
			return nil, fmt.Errorf("read the errors of account %q: %w", a.ID, err)
		}
		if len(last) > 0 {
			line := troubleOf(last[0])
			list.Accounts[i].Last = &line
		}
	}
	return &body[OfficialList]{list}, nil
}

func (c *Console) officials(ctx context.Context) ([]OfficialAccount, error) {
	accounts, err := c.config.Official.Accounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the official accounts: %w", err)
	}
	return accounts, nil
}

// official returns an account, or bot.ErrNotFound.
func (c *Console) official(ctx context.Context, id string) (OfficialAccount, error) {
	accounts, err := c.officials(ctx)
	if err != nil {
		return OfficialAccount{}, err
	}
	i := slices.IndexFunc(accounts, func(a OfficialAccount) bool { return a.ID == id })
	if i < 0 {
		return OfficialAccount{}, fmt.Errorf("official account: %w", bot.ErrNotFound)
	}
	return accounts[i], nil
}

type putOfficialInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		OfficialFields
		Secret string `json:"secret,omitempty" maxLength:"200" doc:"AppSecret；空表示不改"`
		Token  string `json:"token,omitempty" maxLength:"200" doc:"空表示不改"`
		AESKey string `json:"aes_key,omitempty" maxLength:"200" doc:"EncodingAESKey；空表示不改"`
	}
}

// account is what was sent, in order.
func (in *putOfficialInput) account() (OfficialAccount, OfficialSecrets) {
	b := in.Body
	a := OfficialAccount{
		ID: in.ID, Name: trimmed(b.Name), Kind: b.Kind, AppID: trimmed(b.AppID), Mode: b.Mode, Sends: b.Sends, Menus: b.Menus,
		Region: trimmed(b.Region), Level: trimmed(b.Level), Menu: trimButtons(b.Menu), Disabled: b.Disabled, Version: b.Version,
	}
	for _, r := range b.Events {
		r.Key, r.Text = trimmed(r.Key), trimmed(r.Text)
		if r.Do != doReply && r.Do != doQuestion {
			r.Text = ""
		}
		a.Events = append(a.Events, r)
	}
	return a, OfficialSecrets{trimmed(b.Secret), trimmed(b.Token), trimmed(b.AESKey)}
}

func trimmed(text string) string { return strings.TrimSpace(bot.CleanText(text)) }

func trimButtons(buttons []OfficialButton) []OfficialButton {
	tidy := make([]OfficialButton, len(buttons))
	for i, b := range buttons {
		tidy[i] = OfficialButton{Name: trimmed(b.Name), Key: trimmed(b.Key), URL: trimmed(b.URL)}
		if len(b.Buttons) > 0 {
			tidy[i].Buttons = trimButtons(b.Buttons)
		}
	}
	return tidy
}

func (c *Console) putOfficial(ctx context.Context, who call, in *putOfficialInput) (*body[OfficialInfo], error) {
	a, secrets := in.account()
	others, err := c.officials(ctx)
	if err != nil {
		return nil, err
	}
	old, err := replaced(&a, others)
	if err != nil {
		return nil, err
	}
	if err := checkOfficial(&a, secrets, old, others); err != nil {
		return nil, err
	}
	act := staff.Act{What: "official.save", Object: a.ID, After: noted(a, secrets)}
	if old != nil {
		act.Before = noted(*old, OfficialSecrets{})
	}
	if err := c.audited(ctx, who, act, func() error { return c.config.Official.Put(ctx, a, secrets) }); err != nil {
		return nil, err
	}
	saved, err := c.official(ctx, a.ID)
	return &body[OfficialInfo]{officialOf(saved)}, err
}

// replaced returns the account that a is to replace, or nil if it is a new one.
func replaced(a *OfficialAccount, all []OfficialAccount) (*OfficialAccount, error) {
	i := slices.IndexFunc(all, func(o OfficialAccount) bool { return o.ID == a.ID })
	switch {
	case i >= 0 && a.Version == 0:
		return nil, wrongField("id", "已经有编号是“"+a.ID+"”的公众号")
	case i >= 0:
		return &all[i], nil
	case a.Version != 0:
		return nil, fmt.Errorf("official account: %w", bot.ErrNotFound)
	}
	return nil, nil
}

// officialNote is an account as the log of acts keeps it: of secrets only that they
// were replaced.
type officialNote struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	AppID    string   `json:"app_id"`
	Mode     string   `json:"mode"`
	Sends    bool     `json:"sends"`
	Menus    bool     `json:"menus"`
	Region   string   `json:"region,omitempty"`
	Level    string   `json:"level,omitempty"`
	Events   []string `json:"events,omitempty"`
	Menu     []string `json:"menu,omitempty"`
	Disabled bool     `json:"disabled"`
	Replaced []string `json:"replaced,omitempty"`
}

func noted(a OfficialAccount, s OfficialSecrets) officialNote {
	n := officialNote{
		Name: a.Name, Kind: a.Kind, AppID: a.AppID, Mode: a.Mode, Sends: a.Sends, Menus: a.Menus,
		Region: a.Region, Level: a.Level, Menu: menuLines(a.Menu), Disabled: a.Disabled,
	}
	for _, r := range a.Events {
		n.Events = append(n.Events, r.line())
	}
	for _, one := range []struct{ name, value string }{
		{"AppSecret", s.Secret}, {"Token", s.Token}, {"EncodingAESKey", s.AESKey},
	} {
		if one.value != "" {
			n.Replaced = append(n.Replaced, one.name)
		}
	}
	return n
}

// line is the rule in words.
func (r OfficialRule) line() string {
	on := map[string]string{"subscribe": "关注", "scan": "扫码", "click": "点菜单"}[r.On]
	do := map[string]string{
		"welcome": "发欢迎语", doReply: "回复：", doQuestion: "当作提问：", "handoff": "转人工", "nothing": "不回应",
	}[r.Do]
	return strings.TrimSpace(on+" "+r.Key) + " → " + do + r.Text
}

// menuLines are the buttons in words.
func menuLines(menu []OfficialButton) (lines []string) {
	for _, b := range menu {
		if len(b.Buttons) == 0 {
			lines = append(lines, b.Name+" → "+b.Key+b.URL)
		}
		for _, sub := range menuLines(b.Buttons) {
			lines = append(lines, b.Name+" › "+sub)
		}
	}
	return lines
}

type officialPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (c *Console) dropOfficial(ctx context.Context, who call, in *officialPath) (*none, error) {
	old, err := c.official(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	act := staff.Act{What: "official.drop", Object: in.ID, Before: noted(old, OfficialSecrets{})}
	return &none{}, c.audited(ctx, who, act, func() error { return c.config.Official.Drop(ctx, in.ID) })
}

func (c *Console) probeOfficial(ctx context.Context, _ call, in *officialPath) (*none, error) {
	if _, err := c.official(ctx, in.ID); err != nil {
		return nil, err
	}
	return &none{}, c.config.Official.Probe(ctx, in.ID)
}

func (c *Console) publishOfficialMenu(ctx context.Context, who call, in *officialPath) (*none, error) {
	a, err := c.official(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	act := staff.Act{What: "official.publish", Object: in.ID, After: menuLines(a.Menu)}
	return &none{}, c.audited(ctx, who, act, func() error { return c.config.Official.PublishMenu(ctx, in.ID) })
}

// OfficialTrouble is what went wrong with an official account, the latest first.
type OfficialTrouble struct {
	Failures []OfficialTroubleLine `json:"failures" nullable:"false"`
	Broken   []OfficialOddity      `json:"broken" nullable:"false"`
}

// OfficialOddity is a callback that could not be understood.
type OfficialOddity struct {
	Raw    string `json:"raw" doc:"原文，太长的截断"`
	Reason string `json:"reason"`
	At     int64  `json:"at"`
}

// How much trouble is shown.
const (
	troubleLines = 50
	maxRaw       = 2000 // characters
)

func (c *Console) officialTrouble(ctx context.Context, _ call, in *officialPath) (*body[OfficialTrouble], error) {
	if _, err := c.official(ctx, in.ID); err != nil {
		return nil, err
	}
	failures, err := c.config.Official.Failures(ctx, in.ID, troubleLines)
	if err != nil {
		return nil, fmt.Errorf("read the errors of account %q: %w", in.ID, err)
	}
	broken, err := c.config.Official.Broken(ctx, in.ID, troubleLines)
	if err != nil {
		return nil, fmt.Errorf("read what could not be understood: %w", err)
	}
	trouble := OfficialTrouble{Failures: make([]OfficialTroubleLine, len(failures)), Broken: make([]OfficialOddity, len(broken))}
	for i, f := range failures {
		trouble.Failures[i] = troubleOf(f)
	}
	for i, b := range broken {
		raw := []rune(strings.ToValidUTF8(b.Raw, "�"))
		trouble.Broken[i] = OfficialOddity{string(raw[:min(len(raw), maxRaw)]), b.Reason, millis(b.At)}
	}
	return &body[OfficialTrouble]{trouble}, nil
}
