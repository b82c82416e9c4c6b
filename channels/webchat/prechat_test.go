package webchat_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
)

// TestForm shows the form with the session, and sends it filled in over a socket.
func TestForm(t *testing.T) {
	s := start(t, unlimited)
	opened := struct {
		session
		Form json.RawMessage
	}{}
	for account, want := range map[string]string{
		"shop": "",
		"form": `{"fields":[{"name":"phone","label":"手机号","required":true,"type":"phone"}],"consent":"同意","consent_id":"` +
			(&bot.PreChat{Consent: "同意"}).Agreement() + `"}`,
	} {
		reply, body := s.request("POST", "/chat/session", "", map[string]string{"account": account})
		opened.Form = nil
		if err := json.Unmarshal(body, &opened); err != nil || reply.StatusCode != 200 || string(opened.Form) != want {
			t.Errorf("%s: %d %v, the form is %s, want %s", account, reply.StatusCode, err, opened.Form, want)
		}
	}
	who := s.session("")
	v := s.dial(who.Ticket)
	v.send(`{"t":"hello"}`)
	v.expect("ready")
	for _, tt := range []struct {
		fields string
		code   int
	}{
		{`"fields":{"phone":""}`, 4003},
		{`"text":"x"`, 4003},
		{`"fields":{"phone":7}`, 4002},
		{`"fields":["phone"]`, 4002},
		{`"fields":{"phone":"1"},"file":"file-0001"`, 4003},
	} {
		v.send(`{"t":"send","id":"form-0001","kind":"form",%s}`, tt.fields)
		if got := v.expect("error"); got.Code != tt.code || got.ID != "form-0001" {
			t.Errorf("%s: %+v, want %d", tt.fields, got, tt.code)
		}
	}
	const form = `{"t":"send","id":"form-0001","kind":"form","fields":{"phone":"13800138000"},"consent":"abc"}`
	v.send(form)
	if ack := v.expect("ack"); ack.ID != "form-0001" || ack.Seq != 1 {
		t.Errorf("the ack is %+v", ack)
	}
	v.send(form) // once more is the same
	if ack := v.expect("ack"); ack.Seq != 1 {
		t.Errorf("the second ack is %+v", ack)
	}
	log := s.engine.log(who.visitor())
	if want := (bot.Card{Fields: map[string]string{"phone": "13800138000"}, Reason: "abc"}); len(log) != 1 || !cmp.Equal(log[0].Card, want) {
		t.Errorf("stored are %+v, want %+v", log, want)
	}
	_, body := s.request("POST", "/chat/send", who.Token, json.RawMessage(`{"t":"hello"}`))
	var seen struct {
		Frames []struct {
			Messages []struct {
				Kind string
				Card map[string]any
			}
		}
	}
	if err := json.Unmarshal(body, &seen); err != nil || len(seen.Frames) != 1 || len(seen.Frames[0].Messages) != 1 {
		t.Fatalf("%s, %v", body, err)
	}
	m := seen.Frames[0].Messages[0]
	if want := map[string]any{"fields": map[string]any{"phone": "13800138000"}}; m.Kind != "form" || !cmp.Equal(m.Card, want) {
		t.Errorf("the visitor sees %+v", m)
	}
}
