package webchat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"github.com/gorilla/websocket"

	"faqbot/bot"
	"faqbot/channels/channeltest"
)

// TestChannel runs the suite of all channels over real sockets.
func TestChannel(t *testing.T) {
	s := start(t, unlimited)
	channeltest.Test(t, channeltest.Channel{
		Script: channeltest.Script{
			Question: "怎么退款", Answer: "答：怎么退款", Vague: "选颜色", Vague2: "选大小",
			Long: "长", LongAnswer: longAnswer, Whispered: "秘密",
		},
		Visitor: func(t *testing.T) channeltest.Visitor {
			p := &person{s: s, t: t, who: s.session("")}
			if err := p.Return(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Leave(context.Background()) })
			return p
		},
	})
}

// person is a visitor of the web chat for the suite.
type person struct {
	s            *server
	t            *testing.T
	who          session
	conn         *visit
	n            int
	last         string // frame
	conversation string
	seen         int64
	waiting      []message
}

func (p *person) Return(context.Context) error {
	conn, _, err := p.s.tryDial(p.s.session(p.who.Token).Ticket, p.s.URL)
	if err != nil {
		return err
	}
	p.conn = &visit{conn, p.t}
	p.conn.send(`{"t":"hello","conversation":%q,"after":%d}`, p.conversation, p.seen)
	p.waiting = append(p.waiting, p.conn.expect("ready").Messages...)
	return nil
}

func (p *person) Leave(context.Context) error { return p.conn.Close() }

// do sends a frame with a new id and waits until it is taken.
func (p *person) do(kind string, fields map[string]any) error {
	p.n++
	fields["t"], fields["id"], fields["kind"] = "send", fmt.Sprintf("client-%05d", p.n), kind
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	p.last = string(data)
	return p.deliver()
}

func (p *person) deliver() error {
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(p.last)); err != nil {
		return err
	}
	for {
		f, err := p.conn.read()
		switch {
		case err != nil:
			return err
		case f.T == "ack":
			return nil
		case f.T == "error":
			return fmt.Errorf("error %d %s", f.Code, f.Text)
		case f.T == "message":
			p.waiting = append(p.waiting, f.Message)
		}
	}
}

func (p *person) Say(_ context.Context, text string) error {
	return p.do("text", map[string]any{"text": text})
}

func (p *person) SayAgain(context.Context) error { return p.deliver() }

func (p *person) Tap(_ context.Context, o bot.Option) error {
	return p.do("pick", map[string]any{"entry": o.Entry, "text": o.Question})
}

func (p *person) Feedback(_ context.Context, answer channeltest.Shown, useful bool) error {
	return p.do("feedback", map[string]any{"of": p.seen, "yes": useful, "conversation": p.conversation})
}

func (p *person) Handoff(context.Context) error { return p.do("handoff", map[string]any{}) }
func (p *person) Unqueue(context.Context) error { return p.do("unqueue", map[string]any{}) }

func (p *person) SendFile(_ context.Context, name string, content []byte) error {
	reply, body := p.s.request("POST", "/chat/upload?name="+url.QueryEscape(name), p.who.Token, content)
	var f bot.File
	if err := json.Unmarshal(body, &f); err != nil || reply.StatusCode != 200 {
		return fmt.Errorf("upload: %d %s", reply.StatusCode, body)
	}
	return p.do("file", map[string]any{"file": f.ID})
}

func (p *person) Fetch(_ context.Context, id string) ([]byte, error) {
	reply, body := p.s.request("GET", "/chat/file/"+id, p.who.Token, nil)
	if reply.StatusCode != 200 {
		return nil, fmt.Errorf("file: %d %s", reply.StatusCode, body)
	}
	return body, nil
}

// SayWhileAway speaks by the fallback.
func (p *person) SayWhileAway(_ context.Context, text string) error {
	p.n++
	got := p.s.post(p.who.Token, `{"t":"send","id":"client-%05d","kind":"text","text":%q}`, p.n, text)
	if got[0].T != "ack" {
		return fmt.Errorf("got %+v", got)
	}
	return nil
}

func (p *person) Next(context.Context) (channeltest.Shown, error) {
	for len(p.waiting) == 0 {
		f, err := p.conn.read()
		if err != nil {
			return channeltest.Shown{}, err
		}
		if f.T == "message" {
			p.waiting = append(p.waiting, f.Message)
		}
	}
	m := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.conversation, p.seen = m.Conversation, m.Seq
	shown := channeltest.Shown{
		ID: fmt.Sprint(m.Conversation, m.Seq), Visitor: m.Author == "visitor", Kind: bot.MessageKind(m.Kind), Text: m.Text, Rest: fmt.Sprint(m.Card),
	}
	data, err := json.Marshal(m.Card)
	if err != nil {
		return shown, err
	}
	var card struct {
		Options []bot.Option
		File    *bot.File
	}
	err = json.Unmarshal(data, &card)
	shown.Options, shown.File = card.Options, card.File
	return shown, err
}
