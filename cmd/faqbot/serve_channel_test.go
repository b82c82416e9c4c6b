package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"faqbot/bot"
	"faqbot/channels/channeltest"
)

// guest is a visitor of the suite that every channel must pass, on the web chat
// of the whole program.
type guest struct {
	*tab
	last  outgoing
	given int // messages that the suite has got
}

func (g *guest) send(what outgoing) error {
	g.t.Helper()
	what.ID = g.tab.send(what)
	g.last = what
	g.await("ack")
	return nil
}

func (g *guest) Say(_ context.Context, text string) error {
	return g.send(outgoing{Kind: bot.KindText, Text: text})
}

func (g *guest) SayAgain(context.Context) error { return g.send(g.last) }

func (g *guest) Tap(_ context.Context, o bot.Option) error {
	return g.send(outgoing{Kind: bot.KindPick, Entry: o.Entry, Text: o.Question})
}

func (g *guest) Feedback(_ context.Context, answer channeltest.Shown, useful bool) error {
	for _, l := range g.lines {
		if shownID(l) == answer.ID {
			return g.send(outgoing{Kind: bot.KindFeedback, Of: l.Seq, Yes: &useful})
		}
	}
	return fmt.Errorf("no message %s", answer.ID)
}

func (g *guest) Next(context.Context) (channeltest.Shown, error) {
	g.upTo(g.given + 1)
	l := g.lines[g.given]
	g.given++
	return channeltest.Shown{ID: shownID(l), Visitor: l.Author == bot.FromVisitor, Kind: l.Kind, Text: l.Text, Options: l.Card.Options}, nil
}

func shownID(l line) string { return fmt.Sprint(l.Conversation, "/", l.Seq) }

func (g *guest) Leave(context.Context) error {
	if g.conn == nil {
		return nil // there is nothing to cut
	}
	return g.conn.Close()
}

func (g *guest) Return(context.Context) error {
	g.enter(g.url)
	return nil
}

func (g *guest) SayWhileAway(_ context.Context, text string) error {
	newTab(g.t, g.url, g.token, true).ask(text, bot.KindOffer)
	return nil
}

// The web chat does what every channel must, with the real bot behind it.
func TestServeAsAChannel(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("这是一个很长的答案。", 400)
	s := serve(t, knowledgeOf(t, shop+`{"question":"怎么停机","variants":["停"],"answer":"发送 TJ。"}
{"question":"怎么停发短信","variants":["停"],"answer":"发送 TF。"}
{"question":"用户协议","answer":"`+long+`"}
`), map[string]string{"FAQBOT_LIMITS_NETWORK": "0"})
	for name, plain := range map[string]bool{"socket": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			channeltest.Test(t, channeltest.Channel{
				Script: channeltest.Script{
					Question: "怎么开发票", Answer: "我的订单", Vague: "退订", Vague2: "停", Long: "用户协议", LongAnswer: long,
				},
				Visitor: func(t *testing.T) channeltest.Visitor { return &guest{tab: newTab(t, s.url, "", plain)} },
			})
		})
	}
}
