package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

const formRules = `
prechat:
  fields:
    - {name: name, label: 称呼, required: true}
    - {name: phone, label: 手机号, type: phone}
    - {name: email, label: 邮箱, type: email}
    - {name: requests, label: 类型, type: choice, options: [售前, 售后 服务]}
  consent: 同意收集以上资料
channels: {web/plain: {prechat: {fields: []}}, web/free: {prechat: {consent: ""}}}
`

// agreement names the consent of formRules.
var agreement = (&bot.PreChat{Consent: "同意收集以上资料"}).Agreement()

// filled is a form as a visitor of formRules sends it; pairs are names and values.
func filled(v bot.Visitor, pairs ...string) bot.Inbound {
	fields := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return bot.Inbound{Visitor: v, Kind: bot.KindForm, Card: bot.Card{Fields: fields, Reason: agreement}}
}

func TestFormRulesNameWhatIsWrong(t *testing.T) {
	many := strings.Repeat("{name: name, label: 称呼}, ", 9)
	options := make([]string, 21)
	for i := range options {
		options[i] = fmt.Sprint("o", i)
	}
	for _, tt := range []struct{ text, named string }{
		{"{fields: [{name: nick, label: 昵称}]}", "nick"},
		{"{fields: [{label: 昵称}]}", `""`},
		{"{fields: [{name: name}]}", "label"},
		{"{fields: [{name: name, label: " + strings.Repeat("长", 31) + "}]}", "30"},
		{"{fields: [{name: sex, label: 性别}, {name: age, label: ' '}]}", "第 2 个：age"},
		{"{fields: [{name: name, label: a, type: date}]}", "date"},
		{"{fields: [{name: sex, label: 性别, type: choice}]}", "options"},
		{"{fields: [{name: sex, label: 性别, options: [男]}]}", "choice"},
		{"{fields: [{name: sex, label: 性别, type: choice, options: [男, ' ']}]}", "200"},
		{"{fields: [{name: sex, label: 性别, type: choice, options: [男, 男]}]}", "两次"},
		{"{fields: [{name: sex, label: 性别, type: choice, options: [" + strings.Join(options, ", ") + "]}]}", "20"},
		{"{fields: [{name: name, label: a}, {name: name, label: b}]}", "两次"},
		{"{fields: [{name: name, label: a, requird: true}]}", "requird"},
		{"{fields: [" + many + "]}", "最多 8 个"},
		{"{consent: " + strings.Repeat("长", 1001) + "}", "1000"},
		{"{consent: ' '}", "prechat.consent"},
	} {
		for _, text := range []string{"prechat: " + tt.text, "channels: {web: {prechat: " + tt.text + "}}"} {
			if _, err := bot.ParseRules([]byte(text)); err == nil || !strings.Contains(err.Error(), tt.named) || !strings.Contains(err.Error(), "对话规则") {
				t.Errorf("%.80q: %v, want an error that names %q", text, err, tt.named)
			}
		}
	}
}

func TestFormIsGreeting(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), formRules)
	for account, want := range map[string]*bot.PreChat{
		"":      {Fields: fieldsOfForm(), Consent: "同意收集以上资料"},
		"free":  {Fields: fieldsOfForm()},
		"plain": nil,
	} {
		for _, language := range []string{"zh-CN", "en"} {
			g, err := h.Greeting(t.Context(), "web", account, language)
			if diff := cmp.Diff(want, g.Form); err != nil || diff != "" {
				t.Errorf("%q in %s: %v, the form (-want +got):\n%s", account, language, err, diff)
			}
		}
	}
	if g, err := fakeHouse(t).Greeting(t.Context(), "web", "", ""); err != nil || g.Form != nil {
		t.Errorf("the default form is %+v, %v", g.Form, err)
	}
	if free := (&bot.PreChat{}).Agreement(); free != "" || len(agreement) != 16 {
		t.Errorf("agreements are %q and %q", free, agreement)
	}
}

func fieldsOfForm() []bot.FormField {
	return []bot.FormField{
		{Name: "name", Label: "称呼", Required: true, Type: bot.FieldText},
		{Name: "phone", Label: "手机号", Type: bot.FieldPhone},
		{Name: "email", Label: "邮箱", Type: bot.FieldEmail},
		{Name: "requests", Label: "类型", Type: bot.FieldChoice, Options: []string{"售前", "售后 服务"}},
	}
}

func TestFormIsChecked(t *testing.T) {
	unagreed, other := filled(ann, "name", "安"), filled(ann, "name", "安")
	unagreed.Card.Reason, other.Card.Reason = "", strings.Repeat("0", 16)
	free := filled(bot.Visitor{Channel: "web", Account: "free", ID: "ann"}, "name", "安")
	for _, tt := range []struct {
		name, field string
		in          bot.Inbound
	}{
		{"nothing", "name", filled(ann)},
		{"no more than blanks", "name", filled(ann, "name", " \x00\u202e\n")},
		{"long", "name", filled(ann, "name", strings.Repeat("安", 201))},
		{"no phone", "phone", filled(ann, "name", "安", "phone", "不告诉你")},
		{"a short phone", "phone", filled(ann, "name", "安", "phone", "12345")},
		{"no mail", "email", filled(ann, "name", "安", "email", "ann@shop")},
		{"two mails", "email", filled(ann, "name", "安", "email", "a@b.cn c@d.cn")},
		{"no such choice", "requests", filled(ann, "name", "安", "requests", "售中")},
		{"no consent", "consent", unagreed},
		{"another consent", "consent", other},
		{"a consent to nothing", "consent", free},
		{"no form here", "kind", filled(bot.Visitor{Channel: "web", Account: "plain", ID: "ann"}, "name", "安")},
	} {
		h := newHouse(t, bottest.NewStore(), formRules)
		_, _, err := h.try(tt.in)
		var invalid *bot.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != tt.field || invalid.Reason == "" {
			t.Errorf("%s: %v, want invalid %s", tt.name, err, tt.field)
		}
		if _, err := h.store.Previous(t.Context(), tt.in.Visitor, ""); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("%s left something: %v", tt.name, err)
		}
	}
}

// TestFormIsStored fills the form in twice, and finds it in the conversation, in
// the profile and on the card of the customer.
func TestFormIsStored(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), formRules)
	h.sit(t, 5, nil, "li")
	in := filled(ann, "name", " 安\n安 ", "phone", "+86 138-0013-8000", "email", "", "requests", "售后 服务", "credit", "无限", "no", "x")
	in.ClientID, in.Text, in.Card.Stars = "form-0001", "不要", 5
	m, replies := h.send(t, in)
	wantKinds(t, replies, "")
	want := bot.Card{Fields: map[string]string{"name": "安 安", "phone": "+86 138-0013-8000", "requests": "售后 服务"}, Reason: agreement}
	if diff := cmp.Diff(want, m.Card); diff != "" || m.Text != "" || m.Author != bot.FromVisitor || m.Seq != 1 {
		t.Errorf("%+v; its card (-want +got):\n%s", m, diff)
	}
	again, err := h.Receive(t.Context(), in)
	if err != nil || !again.Again || again.Message.Seq != 1 {
		t.Errorf("the same form again: %+v, %v", again, err)
	}
	if second, _ := h.send(t, filled(ann, "name", "安娜")); second.Conversation != m.Conversation || second.Seq != 2 {
		t.Errorf("the second form is %+v", second)
	}
	c := h.queue(t, ann)
	if c.ID != m.Conversation || c.Profile.Name != "安娜" {
		t.Errorf("the conversation is %q of %q", c.ID, c.Profile.Name)
	}
	h.step(t)
	h.accept(t, "li", c.ID)
	story, err := h.desk.Story(t.Context(), actor("li"), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	proposed := map[string]string{"name": "安娜", "phone": "+86 138-0013-8000", "requests": "售后 服务"}
	if diff := cmp.Diff(proposed, story.Proposed); diff != "" {
		t.Errorf("proposed for the card (-want +got):\n%s", diff)
	}
}

// TestFirstWordsAfterForm has the words after a form bring a human, where the
// first words do.
func TestFirstWordsAfterForm(t *testing.T) {
	h := newHouse(t, bottest.NewStore(), formRules+"\nreception: [{mode: human_first}]\n")
	h.sit(t, 5, nil, "li")
	h.send(t, filled(ann, "name", "安"))
	if c := mustCurrent(t, h, ann); c.Service.Phase != bot.WithBot {
		t.Errorf("the form brings it to %q", c.Service.Phase)
	}
	h.say(t, ann, "怎么办理宽带")
	if c := mustCurrent(t, h, ann); c.Service.Phase == bot.WithBot {
		t.Error("the first words bring no human")
	}
}
