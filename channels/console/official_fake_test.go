package console_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/channels/console"
)

// fakeOfficial keeps accounts in memory, with the secrets that were given.
type fakeOfficial struct {
	mu        sync.Mutex
	accounts  map[string]console.OfficialAccount
	secrets   map[string]console.OfficialSecrets
	published []string
	failures  []console.OfficialFailure
	broken    []console.OfficialBroken
	fail      error // of what asks the platform
	down      error // of reading
}

// newFakeOfficial has the account id-agent.
func newFakeOfficial() *fakeOfficial {
	return &fakeOfficial{
		accounts: map[string]console.OfficialAccount{"id-agent": {
			ID: "id-agent", Name: "燃气服务", Kind: "service", AppID: "wx0123456789abcdef", Mode: "safe", Callback: "/wechat/id-agent",
			HasSecret: true, HasToken: true, HasAESKey: true, Sends: true, Version: 1, UpdatedAt: noon(),
		}},
		secrets: map[string]console.OfficialSecrets{"id-agent": {Secret: "old-secret", Token: "old-token", AESKey: "old-key"}},
	}
}

func (f *fakeOfficial) Accounts(context.Context) ([]console.OfficialAccount, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Collect(maps.Values(f.accounts))
	slices.SortFunc(all, func(a, b console.OfficialAccount) int { return cmp.Compare(a.ID, b.ID) })
	return all, f.down
}

func (f *fakeOfficial) Put(_ context.Context, a console.OfficialAccount, s console.OfficialSecrets) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.accounts[a.ID].Version != a.Version {
		return bot.ErrConflict
	}
	kept := f.secrets[a.ID]
	kept = console.OfficialSecrets{
		Secret: cmp.Or(s.Secret, kept.Secret), Token: cmp.Or(s.Token, kept.Token), AESKey: cmp.Or(s.AESKey, kept.AESKey),
	}
	a.HasSecret, a.HasToken, a.HasAESKey = kept.Secret != "", kept.Token != "", kept.AESKey != ""
	a.Callback, a.UpdatedAt, a.Version = "/wechat/"+a.ID, noon().Add(time.Hour), a.Version+1
	f.accounts[a.ID], f.secrets[a.ID] = a, kept
	return nil
}

func (f *fakeOfficial) Drop(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.accounts, id)
	return nil
}

func (f *fakeOfficial) Probe(context.Context, string) error { return f.fail }

func (f *fakeOfficial) PublishMenu(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		f.published = append(f.published, id)
	}
	return f.fail
}

func (f *fakeOfficial) Failures(_ context.Context, _ string, limit int) ([]console.OfficialFailure, error) {
	return f.failures[:min(limit, len(f.failures))], nil
}

func (f *fakeOfficial) Broken(_ context.Context, _ string, limit int) ([]console.OfficialBroken, error) {
	return f.broken[:min(limit, len(f.broken))], nil
}

// frozenOfficial says that all succeeds, and stays as it is.
type frozenOfficial struct{ *fakeOfficial }

func (frozenOfficial) Put(context.Context, console.OfficialAccount, console.OfficialSecrets) error {
	return nil
}

func (frozenOfficial) Drop(context.Context, string) error { return nil }

// officialBody is an account that may be stored, but for what is changed in it.
func officialBody(id string, version int64, change map[string]any) string {
	body := map[string]any{
		"name": "燃气服务", "kind": "service", "app_id": "wx0123456789abcdef", "mode": "safe", "sends": true, "menus": false,
		"region": "", "level": "", "events": []any{}, "menu": []any{}, "disabled": false, "version": version,
	}
	if id != "id-agent" {
		body["app_id"], body["secret"], body["token"], body["aes_key"] = "wxfedcba9876543210", thirtyTwo, "Token123", fortyThree
	}
	maps.Copy(body, change)
	text, _ := json.Marshal(body) // texts, numbers and lists do not fail
	return string(text)
}

const (
	thirtyTwo  = "0123456789abcdef0123456789abcdef"
	fortyThree = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
)
