package natsbus_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/cmd/internal/natsbus"
)

// serverEnv names the NATS server to test with.
const serverEnv = "FAQBOT_TEST_NATS"

func connect(t *testing.T, node string) *natsbus.Bus {
	t.Helper()
	server := os.Getenv(serverEnv)
	if server == "" {
		t.Skipf("NATS is not tested: set %s to the address of a server", serverEnv)
	}
	b, err := natsbus.Connect(server, node, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// hints subscribes and returns what comes for one visitor: other tests may use the
// same server at the same time.
func hints(t *testing.T, b *natsbus.Bus, visitor string) <-chan bot.Hint {
	t.Helper()
	got := make(chan bot.Hint, 100)
	t.Cleanup(b.Subscribe(func(h bot.Hint) {
		if h.Visitor == visitor {
			got <- h
		}
	}))
	return got
}

func next(t *testing.T, from <-chan bot.Hint) bot.Hint {
	t.Helper()
	select {
	case h := <-from:
		return h
	case <-time.After(30 * time.Second):
		t.Fatal("no hint came")
		return bot.Hint{}
	}
}

func TestNATSCarriesHints(t *testing.T) {
	name := t.Name() + time.Now().Format("150405.000000")
	visitor := "web//" + name
	a, b := connect(t, name+"a"), connect(t, name+"b")
	fromA, fromB := hints(t, a, visitor), hints(t, b, visitor)

	sent := bot.Hint{Visitor: visitor, Conversation: "c", Seq: 7, Messages: []bot.Message{{Seq: 7, Text: "你好"}}}
	a.Publish(sent)
	if diff := cmp.Diff(sent, next(t, fromA)); diff != "" {
		t.Errorf("the same process gets the hint whole (-want +got):\n%s", diff)
	}
	sent.Messages = nil
	if diff := cmp.Diff(sent, next(t, fromB)); diff != "" {
		t.Errorf("another process gets the hint without messages (-want +got):\n%s", diff)
	}

	// What a published came back to it over the server too, before this did: it
	// must have been passed over.
	b.Publish(bot.Hint{Visitor: visitor, Typing: bot.FromAgent})
	if got := next(t, fromA); got.Typing != bot.FromAgent {
		t.Errorf("got %+v, want the other process's hint", got)
	}
}

func TestNoServerIsNoError(t *testing.T) {
	b, err := natsbus.Connect("nats://127.0.0.1:1", "alone", zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	got := hints(t, b, "web//alone")
	b.Publish(bot.Hint{Visitor: "web//alone", Conversation: "c", Seq: 1})
	if h := next(t, got); h.Seq != 1 {
		t.Errorf("got %+v", h)
	}
	if b.Connected() {
		t.Error("there is no server, but the bus says it is connected")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
