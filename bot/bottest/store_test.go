package bottest_test

import (
	"testing"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

func TestStore(t *testing.T) {
	bottest.TestStore(t, func(*testing.T) bot.Store { return bottest.NewStore() })
}
