package bottest_test

import (
	"testing"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

func TestStore(t *testing.T) {
	bottest.TestStore(t, func(*testing.T) bot.Store { return bottest.NewStore() })
}

func TestSeats(t *testing.T) {
	bottest.TestSeats(t, func(*testing.T) bottest.DeskStore { return bottest.NewStore() })
}

func TestBlocks(t *testing.T) {
	bottest.TestBlocks(t, func(*testing.T) bot.BlockStore { return bottest.NewStore() })
}

func TestPhrases(t *testing.T) {
	bottest.TestPhrases(t, func(*testing.T) bot.PhraseStore { return bottest.NewStore() })
}

func TestFavourites(t *testing.T) {
	bottest.TestFavourites(t, func(*testing.T) bot.FavouriteStore { return bottest.NewStore() })
}

func TestCustomers(t *testing.T) {
	bottest.TestCustomers(t, func(*testing.T) bot.CustomerStore { return bottest.NewStore() })
}

func TestFiles(t *testing.T) {
	bottest.TestFiles(t, func(*testing.T) bot.FileStore { return bottest.NewStore() })
}
