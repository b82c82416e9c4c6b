package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

func (g *guest) Handoff(context.Context) error { return g.send(outgoing{Kind: bot.KindHandoff}) }
func (g *guest) Unqueue(context.Context) error { return g.send(outgoing{Kind: bot.KindUnqueue}) }

func (g *guest) SendFile(_ context.Context, name string, content []byte) error {
	var kept bot.File
	status, err := g.carry(http.MethodPost, "/chat/upload?name="+url.QueryEscape(name), content, func(body []byte) error { return json.Unmarshal(body, &kept) })
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("upload: %d, %w", status, err)
	}
	return g.send(outgoing{Kind: bot.KindFile, File: kept.ID})
}

func (g *guest) Fetch(_ context.Context, id string) (content []byte, err error) {
	status, err := g.carry(http.MethodGet, "/chat/file/"+url.PathEscape(id), nil, func(body []byte) error { content = body; return nil })
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("fetch: %d", status)
	}
	return content, err
}

// carry sends and gets bytes that are no frames.
func (g *guest) carry(method, path string, body []byte, take func([]byte) error) (int, error) {
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		return reply.StatusCode, err
	}
	return reply.StatusCode, take(data)
}

func (g *guest) Next(context.Context) (channeltest.Shown, error) {
	g.upTo(g.given + 1)
	l := g.lines[g.given]
	g.given++
	return channeltest.Shown{ID: shownID(l), Visitor: l.Author == bot.FromVisitor, Kind: l.Kind, Text: l.Text, Options: l.Card.Options, File: l.Card.File}, nil
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
	s.firstAdmin().hire("li", "小李", "agent").online()
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
