// Package natsbus carries hints between several processes over NATS core. Nothing
// depends on it: a hint that is lost is found by the engine's slow look into the
// database.
package natsbus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"faqbot/bot"
)

// subject is where all hints go. It names nobody.
const subject = "faqbot.hints"

// flushTimeout bounds how long Connect waits until the server knows what to send,
// and Close for what is on its way.
const flushTimeout = 2 * time.Second

// Bus is a bot.Bus over a NATS server. What is published reaches the subscribers
// of this process directly, with the messages, and those of others as a mere hint.
type Bus struct {
	local *bot.LocalBus
	conn  *nats.Conn
	log   *zap.Logger
	node  string
}

// wire is a hint on its way. The messages stay here: who wants them reads them.
type wire struct {
	Node string   `json:"node"`
	Hint bot.Hint `json:"hint"`
}

// Connect returns a bus over the server at the address. A server that is away is
// no error: the bus connects when it comes, and again whenever it was lost. The
// node is a name that no other process has.
func Connect(address, node string, log *zap.Logger) (*Bus, error) {
	b := &Bus{local: bot.NewLocalBus(), log: log, node: node}
	conn, err := nats.Connect(address,
		nats.Name("faqbot "+node), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.DrainTimeout(flushTimeout),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { log.Warn("the bus is away", zap.Error(err)) }),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("the bus is back") }),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to the bus: %w", err)
	}
	b.conn = conn
	if _, err := conn.Subscribe(subject, b.receive); err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen to the bus: %w", err)
	}
	b.settle()
	return b, nil
}

// settle waits until the server has the subscription, so that a hint published
// elsewhere after Connect has returned is not missed. Without a server there is
// nothing to wait for.
func (b *Bus) settle() {
	if !b.conn.IsConnected() {
		return
	}
	if err := b.conn.FlushTimeout(flushTimeout); err != nil {
		b.log.Debug("the bus is slow to listen", zap.Error(err))
	}
}

// Publish implements bot.Bus.
func (b *Bus) Publish(h bot.Hint) {
	b.local.Publish(h)
	h.Messages = nil
	text, err := json.Marshal(wire{b.node, h})
	if err == nil {
		err = b.conn.Publish(subject, text)
	}
	if err != nil {
		b.log.Debug("a hint was lost", zap.Error(err))
	}
}

// Subscribe implements bot.Bus.
func (b *Bus) Subscribe(receive func(bot.Hint)) (cancel func()) { return b.local.Subscribe(receive) }

// Local returns the part of the bus that stays within this process.
func (b *Bus) Local() bot.Bus { return b.local }

// Connected reports whether the server is there.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Close sends what is on its way and disconnects.
func (b *Bus) Close() error {
	if !b.conn.IsConnected() {
		b.conn.Close()
		return nil
	}
	if err := b.conn.FlushTimeout(flushTimeout); err != nil {
		b.log.Debug("the last hints were lost", zap.Error(err))
	}
	b.conn.Close()
	return nil
}

// receive hands on what other processes published.
func (b *Bus) receive(m *nats.Msg) {
	var w wire
	if err := json.Unmarshal(m.Data, &w); err != nil || w.Node == b.node {
		return
	}
	b.local.Publish(w.Hint)
}
