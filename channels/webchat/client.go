package webchat

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/failpoint"
	"faqbot/channels/httpapi"
)

const (
	frameLimit   = 30 * time.Second // bounds the work on one frame
	typingPause  = 3 * time.Second
	historyPage  = 30
	maxPage      = 500 // characters of an address
	maxWords     = 200 // characters of the other fields of a profile
	maxSuggest   = 100 // characters of what is being typed that are looked at
	resumeBudget = 64 << 10
)

// client answers the frames of one visitor, on a socket or in requests.
type client struct {
	*listener
	profile bot.Profile
	greeted bool // hello was said, or is not needed
	typed   int64
}

// answer handles one frame. The replies go to the outlet.
func (c *client) answer(data []byte) *httpapi.Error {
	ctx, cancel := context.WithTimeout(c.chat.ctx, frameLimit)
	defer cancel()
	f, told := decodeFrame(data)
	c.chat.metrics.Frame(kindOf(f, told))
	if told == nil {
		told = c.dispatch(ctx, f)
	}
	if told != nil {
		c.chat.metrics.Error(told.Code)
		c.out.Send(encodeError(told, f.ID, f.N))
	}
	return told
}

// kindOf names the frame for the metrics, which must not grow by what clients
// invent.
func kindOf(f frame, told *httpapi.Error) string {
	if told != nil && fieldsOf(f.T) == "" {
		return "bad"
	}
	return f.T
}

func (c *client) dispatch(ctx context.Context, f frame) *httpapi.Error {
	if c.greeted == (f.T == "hello") {
		return fail(codeHello)
	}
	var err error
	switch f.T {
	case "hello":
		err = c.hello(ctx, f)
	case "send":
		return c.send(ctx, f)
	case "suggest":
		err = c.suggest(ctx, f)
	case "resume":
		err = c.resume(ctx, f)
	case "history":
		err = c.history(ctx, f)
	case "read":
		err = c.read(ctx, f)
	case "typing":
		c.typing()
	case "ping":
		c.out.Send(encode(pongFrame{"pong"}))
	}
	return c.chat.told(err, f.T)
}

// told turns an error into what the client hears of it, and logs what somebody
// has to look into.
func (c *Chat) told(err error, doing string) *httpapi.Error {
	if err == nil {
		return nil
	}
	told, broken := errorOf(err)
	if broken {
		c.log.Error("answer a frame", zap.String("frame", doing), zap.Error(err))
	}
	return told
}

func (c *client) hello(ctx context.Context, f frame) error {
	view, err := c.chat.look(ctx, c.visitor, f.Conversation, f.After)
	if err != nil {
		return err
	}
	c.greeted = true
	c.describe(f.Profile)
	seen := view.Seq
	if n := len(view.Messages); n > 0 {
		seen = max(seen, view.Messages[n-1].Seq)
	}
	c.out.Send(encode(readyFrame{
		"ready", view.Conversation, seen, view.Read, view.Reset, c.chat.encode.messages(view.Messages), view.More,
	}))
	c.start(view.Conversation, seen)
	if view.Waits {
		c.tellPlace(ctx)
	}
	return nil
}

// look returns what a client shall see. One that names a conversation that is
// not the visitor's begins anew.
func (c *Chat) look(ctx context.Context, v bot.Visitor, conversation string, after int64) (bot.View, error) {
	view, err := c.engine.Look(ctx, v, conversation, after)
	if told, _ := errorOf(err); err != nil && told.Code == codeNotFound && conversation != "" {
		view, err = c.engine.Look(ctx, v, "", 0)
		view.Reset = true
	}
	if err != nil {
		return bot.View{}, fmt.Errorf("look for the conversation: %w", err)
	}
	return view, nil
}

// describe keeps what the page says of itself.
func (c *client) describe(p frameProfile) {
	set := func(field *string, value string, most int) {
		if value = cut(bot.CleanText(value), most); value != "" {
			*field = value
		}
	}
	set(&c.profile.Page, p.Page, maxPage)
	set(&c.profile.Title, p.Title, maxWords)
	set(&c.profile.Referrer, p.Referrer, maxPage)
	set(&c.profile.Language, p.Language, maxWords)
	set(&c.profile.Name, p.Name, maxWords)
}

// cut returns the first characters of s, in memory of their own.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return string([]byte(s[:i]))
		}
		n++
	}
	return s
}

func (c *client) send(ctx context.Context, f frame) *httpapi.Error {
	kind := bot.MessageKind(f.Kind)
	if told := checkText(f.Text, c.chat.config.TextLimit); told != nil {
		return told
	}
	gate := c.chat.gates.messages
	if kind == bot.KindFeedback || kind == bot.KindSolved || kind == bot.KindRating {
		gate = c.chat.gates.feedbacks
	}
	if wait := gate.take(c.key, c.network); wait > 0 {
		return failAfter(codeTooFast, wait)
	}
	in := c.inbound(f)
	start := time.Now()
	receipt, err := c.chat.engine.Receive(ctx, in)
	if err != nil {
		return c.notReceived(ctx, in, err)
	}
	c.chat.metrics.Ack(time.Since(start))
	m := receipt.Message
	c.out.Send(encode(ackFrame{"ack", f.ID, m.Conversation, m.Seq, millis(m.At)}))
	failpoint.Hit("webchat/after-ack")
	c.wake(m.Conversation, m.Seq) // in case the hint was lost
	return nil
}

func (c *client) inbound(f frame) bot.Inbound {
	in := bot.Inbound{
		Visitor: c.visitor, Profile: c.profile, ClientID: f.ID, Kind: bot.MessageKind(f.Kind),
		Conversation: f.Conversation, Text: bot.CleanText(f.Text),
		Card: bot.Card{
			Of: f.Of, Entry: f.Entry, Yes: f.Yes, Stars: f.Stars, Tags: f.Tags,
			Name: bot.CleanText(f.Name), Contact: bot.CleanText(f.Contact),
			Fields: f.Fields, Reason: f.Consent,
		},
	}
	if f.File != "" {
		in.Card.File = &bot.File{ID: f.File}
	}
	return in
}

// notReceived says why a message was not stored. If nothing can be stored now
// there is still an answer, which is shown and forgotten.
func (c *client) notReceived(ctx context.Context, in bot.Inbound, err error) *httpapi.Error {
	told := c.chat.told(err, "send")
	if told.Code != codeNotStored {
		return told
	}
	c.chat.metrics.Error(told.Code)
	c.out.Send(encodeError(told, in.ClientID, 0))
	messages, err := c.chat.engine.Provisional(ctx, in)
	if err != nil {
		c.chat.log.Warn("answer without storing", zap.Error(err))
		return nil
	}
	for i := range messages {
		messages[i].Seq = 0
	}
	c.out.Send(encode(provisionalFrame{"provisional", in.ClientID, c.chat.encode.messages(messages)}))
	return nil
}

func (c *client) suggest(ctx context.Context, f frame) error {
	if wait := c.chat.gates.suggests.take(c.key, c.network); wait > 0 {
		return failAfter(codeTooFast, wait)
	}
	options, err := c.chat.engine.Suggest(ctx, c.visitor, c.profile, cut(bot.CleanText(f.Text), maxSuggest))
	if err != nil {
		return fmt.Errorf("suggest: %w", err)
	}
	if options == nil {
		options = []bot.Option{}
	}
	c.out.Send(encode(suggestionsFrame{"suggestions", f.N, options}))
	return nil
}

// resume sends all messages after the one that the client has, in frames of a
// bounded size.
func (c *client) resume(ctx context.Context, f frame) error {
	after := f.After
	for {
		messages, err := c.chat.engine.After(ctx, c.visitor, f.Conversation, after, page)
		if err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		if len(messages) > 0 || after == f.After {
			if err := c.sendMessages(ctx, f.Conversation, messages); err != nil {
				return nil // the client is gone
			}
		}
		if len(messages) < page {
			return nil
		}
		after = messages[len(messages)-1].Seq
	}
}

func (c *client) sendMessages(ctx context.Context, conversation string, messages []bot.Message) error {
	wire := c.chat.encode.messages(messages)
	for first := true; first || len(wire) > 0; first = false {
		n := fitting(wire)
		frame := encode(messagesFrame{"messages", conversation, wire[:n]})
		if err := c.out.Wait(ctx, len(frame)); err != nil {
			return err
		}
		c.out.Send(frame)
		wire = wire[n:]
	}
	return nil
}

// fitting returns how many messages go into one frame, one at least.
func fitting(wire []wireMessage) int {
	size := 0
	for i, m := range wire {
		size += len(m.Text) + len(m.HTML) + 300
		if size > resumeBudget && i > 0 {
			return i
		}
	}
	return len(wire)
}

func (c *client) history(ctx context.Context, f frame) error {
	messages, more, err := c.chat.engine.Earlier(ctx, c.visitor, f.Conversation, f.Before, historyPage)
	if err != nil {
		return fmt.Errorf("read earlier messages: %w", err)
	}
	c.out.Send(encode(historyFrame{"history", f.N, f.Conversation, c.chat.encode.messages(messages), more}))
	return nil
}

func (c *client) read(ctx context.Context, f frame) error {
	conversation, err := c.current(ctx, f.Conversation)
	if err != nil || conversation == "" {
		return err
	}
	if err := c.chat.engine.MarkRead(ctx, c.visitor, conversation, f.Seq); err != nil {
		return fmt.Errorf("mark as read: %w", err)
	}
	return nil
}

// current returns the conversation that is meant if none is named.
func (c *client) current(ctx context.Context, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	c.mu.Lock()
	conversation, known := c.conversation, c.started
	c.mu.Unlock()
	if known {
		return conversation, nil
	}
	view, err := c.chat.look(ctx, c.visitor, "", 0)
	return view.Conversation, err
}

// typing tells the others that the visitor is writing.
func (c *client) typing() {
	now := time.Now().UnixMilli()
	conversation, _ := c.position()
	if now-c.typed < typingPause.Milliseconds() || conversation == "" {
		return
	}
	c.typed = now
	c.chat.bus.Publish(bot.Hint{Visitor: c.key, Conversation: conversation, Typing: bot.FromVisitor})
}
