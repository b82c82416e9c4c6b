package webchat

import (
	"context"

	"faqbot/bot"
)

// Engine is what the chat needs of the bot; *bot.Engine is one.
type Engine interface {
	// Receive takes what the visitor does. It returns when that and the bot's reply
	// are on the disk; the messages come over the bus. Errors: *bot.InvalidError,
	// *bot.LateError, bot.ErrNotFound, bot.ErrUnavailable, others.
	Receive(ctx context.Context, in bot.Inbound) (bot.Receipt, error)
	// Provisional answers what cannot be stored now. Nothing is kept.
	Provisional(ctx context.Context, in bot.Inbound) ([]bot.Message, error)
	// Look returns the visitor's current conversation for a client that has the
	// messages up to after of the named one.
	Look(ctx context.Context, v bot.Visitor, conversation string, after int64) (bot.View, error)
	// After returns messages of a conversation of the visitor's own in order, or
	// bot.ErrNotFound.
	After(ctx context.Context, v bot.Visitor, conversation string, after int64, limit int) ([]bot.Message, error)
	// Earlier returns the last messages before the one with the number, going on in
	// the visitor's earlier conversations, and whether there are more still.
	Earlier(ctx context.Context, v bot.Visitor, conversation string, before int64, limit int) (messages []bot.Message, more bool, err error)
	// Queue returns the visitor's place, if they wait for an agent.
	Queue(ctx context.Context, v bot.Visitor) (place bot.Place, waits bool, err error)
	// Upload keeps a file for a message to come. Errors: *bot.InvalidError,
	// bot.ErrUnavailable, others.
	Upload(ctx context.Context, v bot.Visitor, name string, content []byte) (bot.File, error)
	// Download returns a file of one of the visitor's own conversations, or
	// bot.ErrNotFound.
	Download(ctx context.Context, v bot.Visitor, id string) (bot.File, []byte, error)
	// Presence is told when a visitor who was not here has come, and when they have
	// not been here for a while. Here means on this node. It may be told the same
	// twice.
	Presence(ctx context.Context, v bot.Visitor, here bool)
	// MarkRead records what the visitor has seen.
	MarkRead(ctx context.Context, v bot.Visitor, conversation string, seq int64) error
	// Suggest returns questions that begin with, or are meant by, what is being
	// typed.
	Suggest(ctx context.Context, v bot.Visitor, p bot.Profile, text string) ([]bot.Option, error)
	// Greeting returns texts and hot questions for visitors of an account.
	Greeting(ctx context.Context, channel, account, language string) (bot.Greeting, error)
	// Ready reports whether questions can be answered.
	Ready() bool
}
