package wechat_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
)

// TestPutAccount keeps secrets that are not given anew, and drops the token with
// the secret it came from.
func TestPutAccount(t *testing.T) {
	s := newStage(t, nil)
	stored := func() wechat.Account {
		t.Helper()
		all, err := s.Accounts(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("%d accounts, %v", len(all), err)
		}
		return all[0]
	}
	if err := s.store.PutToken(t.Context(), wechat.Token{Account: "shop", Value: "old", Until: s.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	a := stored()
	a.Name, a.Secret, a.Token, a.AESKey = "改名", "", "", aesKey
	if err := s.PutAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got := stored(); got.Name != "改名" || got.Secret != "secret" || got.Token != token || got.AESKey != aesKey || !got.UpdatedAt.Equal(s.now()) {
		t.Errorf("stored %+v", got)
	}
	if kept, err := s.store.Token(t.Context(), "shop"); err != nil || kept.Value != "old" || !kept.Until.After(s.now()) {
		t.Errorf("the token: %+v, %v", kept, err)
	}
	if err := s.PutAccount(t.Context(), a); !errors.Is(err, wechat.ErrConflict) {
		t.Errorf("with the version before: %v", err)
	}
	a = stored()
	a.Secret = "another"
	if err := s.PutAccount(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.store.Token(t.Context(), "shop"); err != nil || kept.Until.After(s.now()) {
		t.Errorf("the token of the secret before: %+v, %v", kept, err)
	}
	if err := s.PutAccount(t.Context(), wechat.Account{ID: "gone", Version: 3}); !errors.Is(err, wechat.ErrNotFound) {
		t.Errorf("one that is gone: %v", err)
	}
	if err := s.DropAccount(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if err := s.Probe(t.Context(), "shop"); !errors.Is(err, wechat.ErrNotFound) {
		t.Errorf("one that was removed: %v", err)
	}
}

// TestProbe hands on what the platform says.
func TestProbe(t *testing.T) {
	s := newStage(t, nil)
	if err := s.Probe(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
	s.api.fail("probe", &api.Error{API: "stable_token", Code: 40164, Text: "invalid ip"})
	var refused *api.Error
	if err := s.Probe(t.Context(), "shop"); !errors.As(err, &refused) || refused.Code != 40164 {
		t.Errorf("an address that is not on the list: %v", err)
	}
}

// TestFates tells the desk what may be sent, and what became of each line.
func TestFates(t *testing.T) {
	s := newStage(t, nil)
	ann := visitor("ann")
	if r, err := s.Reach(t.Context(), ann); err != nil || r != (bot.Reach{}) {
		t.Errorf("who never wrote: %+v, %v", r, err)
	}
	talk := s.served("ann")
	c, err := s.talks.Conversation(t.Context(), talk)
	if err != nil {
		t.Fatal(err)
	}
	begin := c.Seq
	states := func() (states []string) {
		t.Helper()
		fates, err := s.Fates(t.Context(), talk, begin+1, begin+100)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fates {
			states = append(states, f.State)
		}
		return states
	}
	if err := s.agent(talk, "您好"); err != nil {
		t.Fatal(err)
	}
	s.step()
	if diff := cmp.Diff([]string{bot.FateWaiting}, states()); diff != "" {
		t.Errorf("a line that waits for more (-want +got):\n%s", diff)
	}
	s.pass(time.Minute)
	if diff := cmp.Diff([]string{bot.FateSent}, states()); diff != "" {
		t.Errorf("after it was sent (-want +got):\n%s", diff)
	}
	r, err := s.Reach(t.Context(), ann)
	if err != nil || r.Of != 5 || r.Left < 1 || r.Left > 4 || r.Waiting != 0 || !r.Until.After(s.now()) {
		t.Errorf("what is left: %+v, %v", r, err)
	}
	s.api.fail("send", &api.Error{API: "message/custom/send", Code: 45002, Text: "content size out of limit"})
	if err := s.agent(talk, "再见"); err != nil {
		t.Fatal(err)
	}
	s.step()
	s.pass(time.Minute)
	fates, err := s.Fates(t.Context(), talk, begin+2, begin+100)
	if err != nil || len(fates) != 1 || fates[0].State != bot.FateFailed || fates[0].Code != 45002 {
		t.Errorf("a line that was refused: %+v, %v", fates, err)
	}
}
