package main

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/seal"
	"faqbot/channels/console"
	"faqbot/channels/wechat"
	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/wechatsql"
	"faqbot/cmd/internal/config"
	"faqbot/knowledge"
)

// callbacks is where the platform of official accounts reaches us.
const callbacks = "/wechat/"

// openOfficial makes the channel of official accounts.
func openOfficial(ctx context.Context, c *config.Config, base *knowledgeBase, store *botsql.Store, engine *bot.Engine, bus bot.Bus, m *metrics, key []byte, log *zap.Logger) (*wechat.Channel, error) {
	if err := wechatsql.Migrate(ctx, base.db, base.dialect); err != nil {
		return nil, notMigrated(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	counts, err := wechat.NewMetrics(m.registry)
	if err != nil {
		return nil, err
	}
	kept := wechatsql.New(store, sealer)
	platform := wechat.Platform(api.Config{Base: c.WeChat, Node: knowledge.NewID(), Log: log}, kept)
	return wechat.New(wechat.Config{API: platform, Links: c.Address, Metrics: counts}, engine, bus, kept, log)
}

// official shows the channel of official accounts to the console.
type official struct{ *wechat.Channel }

// Accounts implements console.Official.
func (o official) Accounts(ctx context.Context) ([]console.OfficialAccount, error) {
	all, err := o.Channel.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]console.OfficialAccount, len(all))
	for i := range all {
		shown[i] = shownAccount(&all[i])
	}
	return shown, nil
}

// Put implements console.Official.
func (o official) Put(ctx context.Context, a console.OfficialAccount, s console.OfficialSecrets) error {
	return told(o.PutAccount(ctx, wechat.Account{
		ID: a.ID, Name: a.Name, Kind: wechat.Kind(a.Kind), AppID: a.AppID, Mode: wechat.Mode(a.Mode),
		Secret: s.Secret, Token: s.Token, AESKey: s.AESKey,
		Sends: a.Sends, Menus: a.Menus, Region: a.Region, Level: a.Level, Disabled: a.Disabled, Version: a.Version,
		Events: rulesOf(a.Events), Menu: buttonsOf(a.Menu),
	}))
}

// Drop implements console.Official.
func (o official) Drop(ctx context.Context, id string) error { return told(o.DropAccount(ctx, id)) }

// Probe implements console.Official.
func (o official) Probe(ctx context.Context, id string) error { return told(o.Channel.Probe(ctx, id)) }

// PublishMenu implements console.Official.
func (o official) PublishMenu(ctx context.Context, id string) error {
	return told(o.Channel.PublishMenu(ctx, id))
}

// Failures implements console.Official.
func (o official) Failures(ctx context.Context, account string, limit int) ([]console.OfficialFailure, error) {
	all, err := o.Channel.Failures(ctx, account, limit)
	shown := make([]console.OfficialFailure, len(all))
	for i, f := range all {
		shown[i] = console.OfficialFailure{API: f.API, Code: f.Code, Text: f.Text, At: f.At}
	}
	return shown, told(err)
}

// Broken implements console.Official.
func (o official) Broken(ctx context.Context, account string, limit int) ([]console.OfficialBroken, error) {
	all, err := o.Channel.Broken(ctx, account, limit)
	shown := make([]console.OfficialBroken, len(all))
	for i, c := range all {
		shown[i] = console.OfficialBroken{Raw: bot.CleanText(string(c.Raw)), Reason: c.Reason, At: c.At}
	}
	return shown, told(err)
}

// told puts errors into the console's words.
func told(err error) error {
	var refused *api.Error
	switch {
	case errors.Is(err, wechat.ErrNotFound):
		return fmt.Errorf("%w: %w", bot.ErrNotFound, err)
	case errors.Is(err, wechat.ErrConflict):
		return fmt.Errorf("%w: %w", bot.ErrConflict, err)
	case errors.As(err, &refused):
		return &console.PlatformError{Code: refused.Code, Text: refused.Text}
	}
	return err
}

func shownAccount(a *wechat.Account) console.OfficialAccount {
	shown := console.OfficialAccount{
		ID: a.ID, Name: a.Name, Kind: string(a.Kind), AppID: a.AppID, Mode: string(a.Mode), Callback: callbacks + a.ID,
		Sends: a.Sends, Menus: a.Menus, Region: a.Region, Level: a.Level, Disabled: a.Disabled,
		Version: a.Version, UpdatedAt: a.UpdatedAt, Menu: shownButtons(a.Menu),
		HasSecret: a.Secret != "", HasToken: a.Token != "", HasAESKey: a.AESKey != "",
	}
	for _, r := range a.Events {
		shown.Events = append(shown.Events, console.OfficialRule{On: string(r.On), Key: r.Key, Do: string(r.Do), Text: r.Text})
	}
	return shown
}

func shownButtons(menu []wechat.Button) (shown []console.OfficialButton) {
	for _, b := range menu {
		shown = append(shown, console.OfficialButton{Name: b.Name, Key: b.Key, URL: b.URL, Buttons: shownButtons(b.Buttons)})
	}
	return shown
}

func rulesOf(shown []console.OfficialRule) (rules []wechat.EventRule) {
	for _, r := range shown {
		rules = append(rules, wechat.EventRule{On: wechat.EventKind(r.On), Key: r.Key, Do: wechat.Deed(r.Do), Text: r.Text})
	}
	return rules
}

func buttonsOf(shown []console.OfficialButton) (menu []wechat.Button) {
	for _, b := range shown {
		menu = append(menu, wechat.Button{Name: b.Name, Key: b.Key, URL: b.URL, Buttons: buttonsOf(b.Buttons)})
	}
	return menu
}
