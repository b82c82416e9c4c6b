package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/seal"
	"faqbot/bot/staff"
	"faqbot/channels/console"
	consoleui "faqbot/channels/console/ui"
	"faqbot/channels/wechat"
	"faqbot/cmd/internal/config"
	"faqbot/knowledge"
)

// humans is what the staff works with.
type humans struct {
	staff   *staff.Service
	desk    *bot.Desk
	console *console.Console
	// invitation is the token for the first account, if there is none yet.
	invitation string
}

// openHumans makes the desk and the console over the engine and its stores.
func openHumans(ctx context.Context, c *config.Config, base *knowledgeBase, store *botsql.Store, engine *bot.Engine, accounts *wechat.Channel, key []byte, log *zap.Logger) (*humans, error) {
	h := &humans{
		staff: staff.NewService(staff.Config{Store: botsql.NewStaff(base.db), Now: time.Now, NewID: knowledge.NewID, Key: key}),
		desk:  bot.NewDesk(bot.DeskConfig{Engine: engine, Store: store, Customers: store, Blocked: store, Outlets: map[string]bot.Outlet{"wechat": accounts}}),
	}
	phrases := bot.NewPhrases(bot.PhraseConfig{Store: store, Desk: h.desk})
	if err := phrases.Fill(ctx); err != nil {
		return nil, err
	}
	favourites := bot.NewFavourites(bot.FavouriteConfig{Store: store, Desk: h.desk})
	var err error
	if h.invitation, err = h.staff.Invite(ctx); err != nil {
		return nil, fmt.Errorf("look for the first account: %w", err)
	}
	h.console, err = console.New(console.Config{
		Staff: h.staff, Desk: &console.DeskConfig{Desk: h.desk, Phrases: phrases, Favourites: favourites}, Files: consoleui.Files(),
		Proxies: c.Proxies, Secure: c.Secure(), Official: official{accounts},
	}, log)
	return h, err
}

// sealingKey returns the key that seals what is secret in the database.
func sealingKey(c *config.Config) ([]byte, error) {
	path, err := c.Key()
	if err != nil {
		return nil, err
	}
	if path == "" {
		key := make([]byte, seal.KeySize)
		rand.Read(key) // never fails
		return key, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("配置项 secrets.key：%w", err)
	}
	key, err := seal.KeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("配置项 secrets.key：%w", err)
	}
	return key, nil
}

// visitorKey is the name of the key that signs the visitors' tokens.
const visitorKey = "visitors"

// visitorSecret returns the key that signs the visitors' tokens. It is sealed in
// the database; one that an earlier version stored open stays as it is.
func visitorSecret(ctx context.Context, store *botsql.Store, key []byte) ([]byte, error) {
	sealer, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	fresh := make([]byte, secretBytes)
	rand.Read(fresh) // never fails
	kept, err := store.Secret(ctx, visitorKey, sealer.Seal(fresh, visitorKey))
	if err != nil || len(kept) == secretBytes {
		return kept, err
	}
	secret, err := sealer.Open(kept, visitorKey)
	if err != nil {
		return nil, &usageError{errors.New("配置项 secrets.key：这不是这个数据库用的密钥文件，请换成原来的那一份")}
	}
	return secret, nil
}
