package console

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of official accounts. Those of the menu are the platform's, in bytes.
const (
	maxOfficialName = 32 // characters
	maxButtons      = 3
	maxSubButtons   = 5
	maxButtonName   = 16
	maxSubName      = 60
	maxButtonKey    = 128
	maxButtonURL    = 1024
	maxRules        = 100
	maxRuleReply    = 600 // characters
	maxRuleQuestion = 200
)

// Words for several checks.
const (
	textNeeded   = "必填"
	safeMode     = "safe"
	plainMode    = "plain"
	doReply      = "reply"
	doQuestion   = "question"
	fieldButtons = ".buttons"
)

// faults collects what is wrong with an account, by the names of the request.
type faults []Field

func (f *faults) add(name, format string, args ...any) {
	*f = append(*f, Field{name, fmt.Sprintf(format, args...)})
}

// problem returns all that is wrong, or nil.
func (f faults) problem() error {
	if len(f) == 0 {
		return nil
	}
	p := newProblem(http.StatusUnprocessableEntity, "invalid", f[0].Reason)
	p.Fields = f
	return p
}

// checkOfficial checks an account that is to be stored. old is the one that is
// there, nil for a new one.
func checkOfficial(a *OfficialAccount, s OfficialSecrets, old *OfficialAccount, others []OfficialAccount) error {
	var f faults
	f.identity(a, others)
	f.secrets(a, s, old)
	if a.Menus && !a.Sends {
		f.add("menus", "要先开启“客服消息”")
	}
	f.short("region", a.Region)
	f.short("level", a.Level)
	f.rules(a.Events)
	f.menu(a.Menu)
	return f.problem()
}

func (f *faults) short(name, text string) {
	if utf8.RuneCountInString(text) > maxOfficialName {
		f.add(name, "最多 %d 个字", maxOfficialName)
	}
}

func (f *faults) identity(a *OfficialAccount, others []OfficialAccount) {
	if a.Version == 0 && !regexp.MustCompile(`^[a-z0-9-]{1,32}$`).MatchString(a.ID) {
		f.add("id", "编号是 1 到 32 位小写字母、数字或减号")
	}
	if n := utf8.RuneCountInString(a.Name); n == 0 || n > maxOfficialName {
		f.add("name", "名称要有 1 到 %d 个字", maxOfficialName)
	}
	if !regexp.MustCompile(`^wx[0-9a-f]{16}$`).MatchString(a.AppID) {
		f.add("app_id", "AppID 以 wx 开头，后面是 16 位数字和小写字母 a 到 f，请从公众平台复制")
		return
	}
	for _, o := range others {
		if o.AppID == a.AppID && o.ID != a.ID {
			f.add("app_id", "“%s”已经在用这个 AppID", o.Name)
		}
	}
}

// secrets checks those that are given, and that those which are needed are there.
func (f *faults) secrets(a *OfficialAccount, s OfficialSecrets, old *OfficialAccount) {
	if old == nil {
		old = &OfficialAccount{}
	}
	for _, one := range []struct {
		name, value string
		needed      bool
		pattern     string
		reason      string
	}{
		{"secret", s.Secret, !old.HasSecret, `^[0-9a-zA-Z]{32}$`, "AppSecret 是 32 位字母和数字"},
		{"token", s.Token, !old.HasToken, `^[0-9a-zA-Z]{3,32}$`, "Token 是 3 到 32 位字母和数字，和公众平台上填的一样"},
		{"aes_key", s.AESKey, !old.HasAESKey && a.Mode != plainMode, `^[0-9a-zA-Z]{43}$`, "EncodingAESKey 是 43 位字母和数字，请从公众平台复制"},
	} {
		switch {
		case one.value == "" && one.needed:
			f.add(one.name, textNeeded)
		case one.value != "" && !regexp.MustCompile(one.pattern).MatchString(one.value):
			f.add(one.name, "%s", one.reason)
		}
	}
}

func (f *faults) rules(rules []OfficialRule) {
	if len(rules) > maxRules {
		f.add("events", "最多 %d 条规则", maxRules)
	}
	for i, r := range rules {
		at := fmt.Sprintf("events.%d", i)
		if len(r.Key) > maxButtonKey {
			f.add(at+".key", "最多 %d 个字节", maxButtonKey)
		}
		most := map[string]int{doReply: maxRuleReply, doQuestion: maxRuleQuestion}[r.Do]
		switch n := utf8.RuneCountInString(r.Text); {
		case most > 0 && n == 0:
			f.add(at+".text", textNeeded)
		case most > 0 && n > most:
			f.add(at+".text", "最多 %d 个字", most)
		}
		same := func(o OfficialRule) bool { return o.On == r.On && (o.Key == r.Key || o.Key == "") }
		if before := slices.IndexFunc(rules[:i], same); before >= 0 {
			f.add(at+".key", "第 %d 条已经管了这种情况，这一条不会生效", before+1)
		}
	}
}

func (f *faults) menu(menu []OfficialButton) {
	if len(menu) > maxButtons {
		f.add("menu", "一级菜单最多 %d 个", maxButtons)
	}
	for i, b := range menu {
		at := fmt.Sprintf("menu.%d", i)
		f.buttonName(at, b.Name, maxButtonName)
		if len(b.Buttons) == 0 {
			f.buttonAct(at, b)
			continue
		}
		if b.Key != "" || b.URL != "" {
			f.add(at, "有子菜单的按钮自己不能再有动作")
		}
		if len(b.Buttons) > maxSubButtons {
			f.add(at+fieldButtons, "子菜单最多 %d 个", maxSubButtons)
		}
		for j, sub := range b.Buttons {
			below := fmt.Sprintf("%s%s.%d", at, fieldButtons, j)
			f.buttonName(below, sub.Name, maxSubName)
			f.buttonAct(below, sub)
			if len(sub.Buttons) > 0 {
				f.add(below, "菜单最多两级")
			}
		}
	}
}

func (f *faults) buttonName(at, name string, most int) {
	switch {
	case name == "":
		f.add(at+".name", textNeeded)
	case len(name) > most:
		f.add(at+".name", "名称太长：最多 %d 个汉字或 %d 个字母", most/len("汉"), most)
	}
}

// buttonAct checks what a button does.
func (f *faults) buttonAct(at string, b OfficialButton) {
	switch {
	case b.Key != "" && b.URL != "":
		f.add(at, "一个按钮只能有一个动作")
	case b.Key == "" && b.URL == "":
		f.add(at, "请填写按钮的值或网址")
	case len(b.Key) > maxButtonKey:
		f.add(at+".key", "最多 %d 个字节", maxButtonKey)
	case b.URL != "" && !isWebAddress(b.URL):
		f.add(at+".url", "网址要以 https:// 或 http:// 开头，最多 %d 个字节", maxButtonURL)
	}
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(text) <= maxButtonURL &&
		!strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' })
}
