package console_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/channels/console"
)

// officialSite is a site with official accounts, and the secret of who may set
// them up.
func officialSite(t *testing.T) (*site, *fakeOfficial) {
	t.Helper()
	f := newFakeOfficial()
	return newSite(t, func(c *console.Config) { c.Official = f }), f
}

const (
	officials   = "/console/api/official/accounts"
	officialOne = officials + "/id-agent"
	asAdmin     = "secret-admin"
)

// TestOfficialSecrets: a secret that was given is kept, and comes out nowhere: not
// in an answer, not in the log of acts, not in the log of the program.
func TestOfficialSecrets(t *testing.T) {
	s, f := officialSite(t)
	fresh := []string{"ffffffffffffffffffffffffffffffff", "Geheim42", "Q" + fortyThree[1:]}
	w := s.ask(http.MethodPut, officialOne, asAdmin, officialBody("id-agent", 1, map[string]any{"secret": fresh[0], "token": " " + fresh[1] + " "}))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := console.OfficialSecrets{Secret: fresh[0], Token: fresh[1], AESKey: "old-key"}
	if f.secrets["id-agent"] != want {
		t.Errorf("kept is %+v", f.secrets["id-agent"])
	}
	shown := w.Body.String() + s.ask(http.MethodGet, officials, asAdmin, "").Body.String()
	w = s.ask(http.MethodPut, officialOne, asAdmin, officialBody("id-agent", 2, map[string]any{"aes_key": fresh[2][:42]}))
	shown += w.Body.String()
	acts, err := json.Marshal(s.staff.acts)
	if err != nil {
		t.Fatal(err)
	}
	shown += string(acts) + fmt.Sprint(s.logs.All())
	for _, secret := range append(fresh, fresh[2][:42], "old-secret", "old-token", "old-key") {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is seen", secret)
		}
	}
	has := decode[console.OfficialList](t, s.ask(http.MethodGet, officials, asAdmin, "")).Accounts[0].Has
	if has != (console.HasSecrets{Secret: true, Token: true, AESKey: true}) {
		t.Errorf("has %+v", has)
	}
}

// TestOfficialAudit: each change is in the log with what was before and after, and
// what failed as failed; what cannot be noted is not done.
func TestOfficialAudit(t *testing.T) {
	s, f := officialSite(t)
	change := map[string]any{
		"name": "燃气服务号", "token": "Token456", "disabled": true,
		"events": []any{map[string]string{"on": "scan", "key": "hall", "do": "reply", "text": "欢迎到店"}},
		"menu":   []any{map[string]any{"name": "服务", "buttons": []any{map[string]string{"name": "报修", "key": "repair"}}}},
	}
	steps := []struct{ method, path, body string }{
		{http.MethodPut, officialOne, officialBody("id-agent", 1, change)},
		{http.MethodPost, officialOne + "/menu", ""},
		{http.MethodDelete, officialOne, ""},
	}
	s.staff.failLog = errBroken
	for _, step := range steps {
		if w := s.ask(step.method, step.path, asAdmin, step.body); w.Code != http.StatusInternalServerError {
			t.Errorf("%s %s without a log: %d", step.method, step.path, w.Code)
		}
	}
	if f.accounts["id-agent"].Version != 1 || len(f.published) > 0 {
		t.Errorf("what is not in the log was done: %+v %v", f.accounts, f.published)
	}
	s.staff.failLog = nil
	for _, step := range steps {
		if w := s.ask(step.method, step.path, asAdmin, step.body); w.Code >= 300 {
			t.Errorf("%s %s: %d %s", step.method, step.path, w.Code, w.Body)
		}
	}
	var said []string
	for _, a := range s.staff.acts {
		before, _ := json.Marshal(a.Before)
		after, _ := json.Marshal(a.After)
		said = append(said, fmt.Sprint(a.What, " ", a.Object, " ", a.OK, "\n", string(before), "\n", string(after)))
	}
	old := `{"name":"燃气服务","kind":"service","app_id":"wx0123456789abcdef","mode":"safe","sends":true,"menus":false,"disabled":false}`
	saved := `{"name":"燃气服务号","kind":"service","app_id":"wx0123456789abcdef","mode":"safe","sends":true,"menus":false,` +
		`"events":["扫码 hall → 回复：欢迎到店"],"menu":["服务 › 报修 → repair"],"disabled":true`
	want := []string{
		"official.save id-agent true\n" + old + "\n" + saved + `,"replaced":["Token"]}`,
		"official.publish id-agent true\nnull\n" + `["服务 › 报修 → repair"]`,
		"official.drop id-agent true\n" + saved + "}\nnull",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.accounts, f.fail = newFakeOfficial().accounts, &console.PlatformError{Code: 48001}
	if w := s.ask(http.MethodPost, officialOne+"/menu", asAdmin, ""); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a menu that is refused: %d %s", w.Code, w.Body)
	}
	if last := s.staff.acts[len(s.staff.acts)-1]; last.OK || last.Why != "platform" {
		t.Errorf("a failure is noted as %+v", last)
	}
}

// TestOfficialChecks stores what must not be stored.
func TestOfficialChecks(t *testing.T) {
	button := func(more ...any) map[string]any {
		b := map[string]any{"name": "报修", "key": "repair"}
		for i := 0; i < len(more); i += 2 {
			b[more[i].(string)] = more[i+1]
		}
		return b
	}
	rule := func(on, key, do, text string) map[string]string {
		return map[string]string{"on": on, "key": key, "do": do, "text": text}
	}
	several := func(n int) []any { return slices.Repeat([]any{button()}, n) }
	for _, tt := range []struct {
		id     string
		change map[string]any
		field  string
		reason string // begins with
	}{
		{"id-agent", nil, "id", "已经有编号"},
		{"Main", nil, "id", "编号是"},
		{"a_b", nil, "id", "编号是"},
		{strings.Repeat("a", 33), nil, "id", "编号是"},
		{"new", map[string]any{"name": "  "}, "name", "名称要有"},
		{"new", map[string]any{"name": strings.Repeat("名", 33)}, "name", "名称要有"},
		{"new", map[string]any{"kind": "company"}, "kind", "不在可选范围内"},
		{"new", map[string]any{"mode": "aes"}, "mode", "不在可选范围内"},
		{"new", map[string]any{"app_id": "0123456789abcdef"}, "app_id", "AppID 以 wx 开头"},
		{"new", map[string]any{"app_id": "wx0123456789abcdeg"}, "app_id", "AppID 以 wx 开头"},
		{"new", map[string]any{"app_id": "wx0123456789abcdef"}, "app_id", "“燃气服务”已经在用"},
		{"new", map[string]any{"secret": ""}, "secret", "必填"},
		{"new", map[string]any{"secret": "short"}, "secret", "AppSecret 是 32 位"},
		{"new", map[string]any{"token": ""}, "token", "必填"},
		{"new", map[string]any{"token": "ab"}, "token", "Token 是 3 到 32 位"},
		{"new", map[string]any{"token": "ab-cd"}, "token", "Token 是 3 到 32 位"},
		{"new", map[string]any{"aes_key": ""}, "aes_key", "必填"},
		{"new", map[string]any{"aes_key": fortyThree[1:]}, "aes_key", "EncodingAESKey 是 43 位"},
		{"new", map[string]any{"sends": false, "menus": true}, "menus", "要先开启"},
		{"new", map[string]any{"region": strings.Repeat("区", 33)}, "region", "最多"},
		{"new", map[string]any{"events": []any{rule("unsubscribe", "", "nothing", "")}}, "events[0].on", "不在可选范围内"},
		{"new", map[string]any{"events": []any{rule("scan", "", "dance", "")}}, "events[0].do", "不在可选范围内"},
		{"new", map[string]any{"events": []any{rule("scan", "", "reply", " ")}}, "events.0.text", "必填"},
		{"new", map[string]any{"events": []any{rule("scan", "", "question", strings.Repeat("问", 201))}}, "events.0.text", "最多 200"},
		{"new", map[string]any{"events": []any{rule("scan", "", "welcome", ""), rule("scan", "hall", "handoff", "")}}, "events.1.key", "第 1 条已经"},
		{"new", map[string]any{"menu": several(4)}, "menu", "一级菜单最多 3 个"},
		{"new", map[string]any{"menu": []any{map[string]any{"name": "服务", "buttons": several(6)}}}, "menu.0.buttons", "子菜单最多 5 个"},
		{"new", map[string]any{"menu": []any{button("name", "在线报修服务")}}, "menu.0.name", "名称太长：最多 5 个汉字"},
		{"new", map[string]any{"menu": []any{button("name", "")}}, "menu.0.name", "必填"},
		{"new", map[string]any{"menu": []any{button("url", "https://a.example")}}, "menu.0", "一个按钮只能有一个动作"},
		{"new", map[string]any{"menu": []any{button("key", "")}}, "menu.0", "请填写按钮的值或网址"},
		{"new", map[string]any{"menu": []any{button("key", "", "url", "javascript:alert(1)")}}, "menu.0.url", "网址要以"},
		{"new", map[string]any{"menu": []any{button("key", strings.Repeat("k", 129))}}, "menu.0.key", "最多 128 个字节"},
		{"new", map[string]any{"menu": []any{button("buttons", several(1))}}, "menu.0", "有子菜单的按钮"},
		{"new", map[string]any{"menu": []any{map[string]any{"name": "服务", "buttons": []any{map[string]any{"name": "报", "key": "k", "buttons": several(1)}}}}}, "menu.0.buttons.0", "菜单最多两级"},
	} {
		s, f := officialSite(t)
		p := problem(t, s.ask(http.MethodPut, officials+"/"+tt.id, asAdmin, officialBody("new", 0, tt.change)))
		fits := func(f console.Field) bool { return f.Name == tt.field && strings.HasPrefix(f.Reason, tt.reason) }
		if p.Status != http.StatusUnprocessableEntity || !slices.ContainsFunc(p.Fields, fits) {
			t.Errorf("%s with %v: %+v", tt.id, tt.change, p)
		}
		if len(f.accounts) != 1 || len(s.staff.acts) > 0 {
			t.Errorf("%s with %v is stored, or noted", tt.id, tt.change)
		}
	}
}

// TestOfficialStored adds an account with all that it may have, and changes it.
func TestOfficialStored(t *testing.T) {
	s, f := officialSite(t)
	sub := map[string]any{"name": strings.Repeat("报", 20), "url": "https://a.example/?q=报修"}
	change := map[string]any{
		"name": " 新号 ", "mode": "plain", "aes_key": "", "kind": "sandbox", "menus": true, "region": "北京", "level": "VIP",
		"events": []any{
			map[string]string{"on": "subscribe", "key": "", "do": "welcome", "text": "不用了"},
			map[string]string{"on": "click", "key": "fee", "do": "question", "text": "燃气费怎么交"},
		},
		"menu": []any{map[string]any{"name": "服务大厅啊", "buttons": slices.Repeat([]any{sub}, 5)}, map[string]any{"name": "费用", "key": "fee"}},
	}
	w := s.ask(http.MethodPut, officials+"/new-1", asAdmin, officialBody("new-1", 0, change))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := f.accounts["new-1"]
	if got.Name != "新号" || got.Region != "北京" || !got.Menus || len(got.Menu[0].Buttons) != 5 || got.HasAESKey || got.Events[0].Text != "" ||
		got.Events[1] != (console.OfficialRule{On: "click", Key: "fee", Do: "question", Text: "燃气费怎么交"}) {
		t.Errorf("stored is %+v", got)
	}
	if info := decode[console.OfficialInfo](t, w); info.Version != 1 || info.Callback != "/wechat/new-1" {
		t.Errorf("answered is %+v", info)
	}
	for version, status := range map[int64]int{9: http.StatusConflict, 1: http.StatusOK} {
		body := officialBody("id-agent", version, map[string]any{"app_id": "wxfedcba9876543210", "aes_key": fortyThree})
		if w := s.ask(http.MethodPut, officials+"/new-1", asAdmin, body); w.Code != status {
			t.Errorf("version %d: %d %s", version, w.Code, w.Body)
		}
	}
	if p := problem(t, s.ask(http.MethodPut, officials+"/gone", asAdmin, officialBody("gone", 3, nil))); p.Status != http.StatusNotFound {
		t.Errorf("one that is gone: %+v", p)
	}
}

// TestOfficialTrouble: what the platform says is told in words, and with its own.
func TestOfficialTrouble(t *testing.T) {
	s, f := officialSite(t)
	if w := s.ask(http.MethodPost, officialOne+"/probe", asAdmin, ""); w.Code != http.StatusNoContent {
		t.Errorf("a probe: %d %s", w.Code, w.Body)
	}
	f.fail = fmt.Errorf("probe: %w", &console.PlatformError{Code: 40164, Text: "invalid ip 203.0.113.7, not in whitelist"})
	p := problem(t, s.ask(http.MethodPost, officialOne+"/probe", asAdmin, ""))
	if p.Code != "platform" || !strings.Contains(p.Title, "IP 白名单") || !strings.Contains(p.Title, "40164") || !strings.Contains(p.Title, "203.0.113.7") {
		t.Errorf("told is %+v", p)
	}
	f.fail = errors.New("secret token in here")
	if p := problem(t, s.ask(http.MethodPost, officialOne+"/probe", asAdmin, "")); p.Code != "broken" || strings.Contains(p.Title, "secret") {
		t.Errorf("told is %+v", p)
	}
	f.failures = []console.OfficialFailure{{API: "message/custom/send", Code: 45047, Text: "out of response count limit", At: noon()}, {API: "token"}, {API: "callback", Text: "请检查本机的时钟"}}
	f.broken = []console.OfficialBroken{{Raw: strings.Repeat("<x>\xff", 5000), Reason: "不是完整的 XML", At: noon()}}
	trouble := decode[console.OfficialTrouble](t, s.ask(http.MethodGet, officialOne+"/trouble", asAdmin, ""))
	if len(trouble.Failures) != 3 || trouble.Failures[2].What != "请检查本机的时钟" || !strings.Contains(trouble.Failures[0].What, "客服消息已用完") || !strings.Contains(trouble.Failures[1].What, "连接不上") {
		t.Errorf("failures are %+v", trouble.Failures)
	}
	if len(trouble.Broken) != 1 || len([]rune(trouble.Broken[0].Raw)) != 2000 || trouble.Broken[0].Reason != "不是完整的 XML" {
		t.Errorf("broken are %+v", trouble.Broken)
	}
	list := decode[console.OfficialList](t, s.ask(http.MethodGet, officials, asAdmin, ""))
	if last := list.Accounts[0].Last; last == nil || last.Code != 45047 {
		t.Errorf("the last failure is %+v", last)
	}
	for _, op := range []string{"/probe", "/menu"} {
		if w := s.ask(http.MethodPost, officials+"/none"+op, asAdmin, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s of none: %d %s", op, w.Code, w.Body)
		}
	}
}

// TestOfficialNone: a program without the channel says so.
func TestOfficialNone(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Official = nil })
	if p := problem(t, s.ask(http.MethodGet, officials, asAdmin, "")); p.Status != http.StatusServiceUnavailable || p.Code != "no_official" {
		t.Errorf("told is %+v", p)
	}
}

// TestPlatformWords: the codes that people meet have words of their own.
func TestPlatformWords(t *testing.T) {
	seen := map[string]int{}
	s, f := officialSite(t)
	for _, code := range []int{-1, 40001, 40013, 40125, 40164, 40200, 40243, 42001, 43004, 45009, 45011, 45015, 45047, 48001, 48004, 50002, 89503, 99999} {
		f.fail = &console.PlatformError{Code: code}
		p := problem(t, s.ask(http.MethodPost, officialOne+"/probe", asAdmin, ""))
		if was, twice := seen[p.Title]; twice || !strings.Contains(p.Title, fmt.Sprint(code)) {
			t.Errorf("%d and %d are both %q", was, code, p.Title)
		}
		seen[p.Title] = code
	}
}
