package webchat_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"faqbot/bot"
	"faqbot/channels/webchat"
)

// fakeEngine is a small bot over memory. It answers 答：… to everything, but for
// 选 (an offer), 不懂 (a refusal), 长 (a long answer) and numbers, which pick
// from the last offer. Like the real one it publishes a hint for each commit.
type fakeEngine struct {
	bus bot.Bus

	mu       sync.Mutex // guards all below
	down     bool       // storage is away
	starting bool
	visitors map[string]*fakeVisitor
	next     int
	panics   bool
	looked   func() // called once, when Look knows its answer
	waiting  map[string]bot.Place
	files    map[string]fakeFile
	presence chan fakePresence // gets what Presence is told, if there is one
}

type fakeFile struct {
	bot.File
	owner   string
	content []byte
}

type fakePresence struct {
	key  string
	here bool
}

type fakeVisitor struct {
	sent map[string]bot.Message
	all  []*fakeConversation
}

type fakeConversation struct {
	id       string
	open     bool
	read     int64
	offered  []bot.Option
	messages []bot.Message
}

var _ webchat.Engine = (*fakeEngine)(nil)

func newFakeEngine(bus bot.Bus) *fakeEngine {
	return &fakeEngine{bus: bus, visitors: map[string]*fakeVisitor{}, waiting: map[string]bot.Place{}, files: map[string]fakeFile{}}
}

func (e *fakeEngine) visitor(v bot.Visitor) *fakeVisitor {
	if e.visitors[v.Key()] == nil {
		e.visitors[v.Key()] = &fakeVisitor{sent: map[string]bot.Message{}}
	}
	return e.visitors[v.Key()]
}

// last returns the open conversation, or the last one, or nil.
func (f *fakeVisitor) last() *fakeConversation {
	if len(f.all) == 0 {
		return nil
	}
	return f.all[len(f.all)-1]
}

func (f *fakeVisitor) find(id string) (int, *fakeConversation) {
	for i, c := range f.all {
		if c.id == id {
			return i, c
		}
	}
	return 0, nil
}

func (c *fakeConversation) add(m bot.Message) bot.Message {
	m.Conversation, m.Seq, m.At = c.id, int64(len(c.messages)+1), time.UnixMilli(1700000000000)
	c.messages = append(c.messages, m)
	return m
}

func (e *fakeEngine) Receive(_ context.Context, in bot.Inbound) (bot.Receipt, error) {
	hint, receipt, err := e.receive(in)
	if hint != nil {
		e.bus.Publish(*hint)
	}
	return receipt, err
}

func (e *fakeEngine) receive(in bot.Inbound) (*bot.Hint, bot.Receipt, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.panics {
		panic("planted")
	}
	if e.down {
		return nil, bot.Receipt{}, fmt.Errorf("commit: %w", bot.ErrUnavailable)
	}
	f := e.visitor(in.Visitor)
	if m, ok := f.sent[in.ClientID]; ok {
		return nil, bot.Receipt{Message: m, Again: true}, nil
	}
	if in.Kind == bot.KindText && in.Text == "" {
		return nil, bot.Receipt{}, &bot.InvalidError{Field: "text", Reason: "请输入内容"}
	}
	if in.Kind == bot.KindForm && in.Card.Fields["phone"] == "" {
		return nil, bot.Receipt{}, &bot.InvalidError{Field: "phone", Reason: "请填写手机号"}
	}
	c := f.last()
	if c == nil || !c.open {
		e.next++
		c = &fakeConversation{id: "c" + strconv.Itoa(e.next), open: true}
		f.all = append(f.all, c)
	}
	if file := in.Card.File; file != nil {
		kept, ok := e.files[file.ID]
		if !ok || kept.owner != in.Visitor.Key() {
			return nil, bot.Receipt{}, bot.ErrNotFound
		}
		in.Card.File = &kept.File
	}
	switch in.Kind {
	case bot.KindHandoff:
		e.waiting[in.Visitor.Key()] = bot.Place{Ahead: 2, Low: 60, High: 180}
	case bot.KindUnqueue:
		delete(e.waiting, in.Visitor.Key())
	}
	if (in.Kind == bot.KindFeedback) && (in.Card.Of < 1 || in.Card.Of > int64(len(c.messages))) {
		return nil, bot.Receipt{}, bot.ErrNotFound
	}
	was := len(c.messages)
	m := c.add(bot.Message{ClientID: in.ClientID, Author: bot.FromVisitor, Kind: in.Kind, Text: in.Text, Card: in.Card})
	f.sent[in.ClientID] = m
	for _, reply := range c.replies(in) {
		c.add(reply)
	}
	fresh := append([]bot.Message(nil), c.messages[was:]...)
	return &bot.Hint{Visitor: in.Visitor.Key(), Conversation: c.id, Seq: int64(len(c.messages)), Messages: fresh}, bot.Receipt{Message: m}, nil
}

func (c *fakeConversation) replies(in bot.Inbound) []bot.Message {
	reply := bot.Message{Author: bot.FromBot, Kind: bot.KindAnswer}
	number, err := strconv.Atoi(in.Text)
	switch {
	case in.Kind == bot.KindClose:
		c.open = false
		return []bot.Message{{Author: bot.FromSystem, Kind: bot.KindClosed}}
	case in.Kind == bot.KindFeedback, in.Kind == bot.KindImage, in.Kind == bot.KindFile, in.Kind == bot.KindForm:
		return nil
	case in.Kind == bot.KindHandoff:
		return []bot.Message{
			{Author: bot.FromSystem, Kind: bot.KindQueued, Text: "正在排队", Card: bot.Card{Place: 3, Low: 60, High: 180, Reason: "asked", Group: "g1"}},
			{Author: bot.FromSystem, Kind: bot.KindOffered, Text: "秘密", Card: bot.Card{Agent: "a1", Nick: "小李"}},
		}
	case in.Kind == bot.KindUnqueue:
		return []bot.Message{{Author: bot.FromSystem, Kind: bot.KindReturned, Text: "已取消排队", Card: bot.Card{Reason: "visitor"}}}
	case in.Kind == bot.KindPick:
		reply.Text = "答：" + in.Text
	case strings.HasPrefix(in.Text, "选"):
		what := strings.TrimPrefix(in.Text, "选")
		c.offered = []bot.Option{{Entry: "e1", Question: what + "一"}, {Entry: "e2", Question: what + "二"}}
		reply.Kind, reply.Card.Options = bot.KindOffer, c.offered
	case strings.Contains(in.Text, "不懂"):
		reply.Kind, reply.Text, reply.Card.Actions = bot.KindRefusal, "这个我还不知道", []bot.Action{bot.ActionHandoff}
	case in.Text == "长":
		reply.Text = longAnswer
	case err == nil && number > 0 && number <= len(c.offered):
		reply.Text = "答：" + c.offered[number-1].Question
		c.offered = nil
	default:
		reply.Text = "答：" + in.Text
	}
	reply.Card.Confidence = 0.5
	return []bot.Message{reply}
}

var longAnswer = strings.Repeat("很长的答案。", 3000)

func (e *fakeEngine) Provisional(_ context.Context, in bot.Inbound) ([]bot.Message, error) {
	return []bot.Message{{Author: bot.FromBot, Kind: bot.KindAnswer, Text: "暂答：" + in.Text, Seq: 7}}, nil
}

func (e *fakeEngine) Look(_ context.Context, v bot.Visitor, conversation string, after int64) (bot.View, error) {
	view, looked, err := e.view(v, conversation, after)
	if looked != nil {
		looked()
	}
	return view, err
}

func (e *fakeEngine) view(v bot.Visitor, conversation string, after int64) (bot.View, func(), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	looked := e.looked
	e.looked = nil
	f := e.visitor(v)
	if _, own := f.find(conversation); conversation != "" && own == nil {
		return bot.View{}, nil, bot.ErrNotFound
	}
	c := f.last()
	if c == nil {
		return bot.View{}, looked, nil
	}
	_, waits := e.waiting[v.Key()]
	view := bot.View{Conversation: c.id, Seq: int64(len(c.messages)), Read: c.read, More: len(f.all) > 1, Waits: waits}
	if conversation != c.id || after > view.Seq {
		view.Reset, after = conversation != "", max(0, view.Seq-30)
		view.More = view.More || after > 0
	}
	view.Messages = append(view.Messages, c.messages[after:]...)
	return view, looked, nil
}

func (e *fakeEngine) After(_ context.Context, v bot.Visitor, conversation string, after int64, limit int) ([]bot.Message, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, c := e.visitor(v).find(conversation)
	if c == nil {
		return nil, bot.ErrNotFound
	}
	from := min(int(after), len(c.messages))
	return append([]bot.Message(nil), c.messages[from:min(from+limit, len(c.messages))]...), nil
}

func (e *fakeEngine) Earlier(_ context.Context, v bot.Visitor, conversation string, before int64, limit int) ([]bot.Message, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.visitor(v)
	i, c := f.find(conversation)
	if c == nil {
		return nil, false, bot.ErrNotFound
	}
	var all []bot.Message
	for _, earlier := range f.all[:i] {
		all = append(all, earlier.messages...)
	}
	all = append(all, c.messages[:max(0, min(int(before)-1, len(c.messages)))]...)
	from := max(0, len(all)-limit)
	return all[from:], from > 0, nil
}

func (e *fakeEngine) Queue(_ context.Context, v bot.Visitor) (bot.Place, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	place, waits := e.waiting[v.Key()]
	return place, waits, nil
}

func (e *fakeEngine) Upload(_ context.Context, v bot.Visitor, name string, content []byte) (bot.File, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return bot.File{}, fmt.Errorf("put: %w", bot.ErrUnavailable)
	}
	f, err := bot.Inspect(name, content)
	if err != nil {
		return f, err
	}
	f.ID = fmt.Sprintf("file-%04d", len(e.files))
	e.files[f.ID] = fakeFile{f, v.Key(), content}
	return f, nil
}

func (e *fakeEngine) Download(_ context.Context, v bot.Visitor, id string) (bot.File, []byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.files[id]
	if !ok || f.owner != v.Key() {
		return bot.File{}, nil, bot.ErrNotFound
	}
	return f.File, f.content, nil
}

func (e *fakeEngine) Presence(_ context.Context, v bot.Visitor, here bool) {
	e.mu.Lock()
	told := e.presence
	e.mu.Unlock()
	if told != nil {
		told <- fakePresence{v.Key(), here}
	}
}

// tell adds messages of others to the last conversation of a visitor.
func (e *fakeEngine) tell(v bot.Visitor, messages ...bot.Message) {
	e.mu.Lock()
	c := e.visitor(v).last()
	fresh := make([]bot.Message, len(messages))
	for i, m := range messages {
		fresh[i] = c.add(m)
	}
	hint := bot.Hint{Visitor: v.Key(), Conversation: c.id, Seq: int64(len(c.messages)), Messages: fresh}
	e.mu.Unlock()
	e.bus.Publish(hint)
}

func (e *fakeEngine) MarkRead(_ context.Context, v bot.Visitor, conversation string, seq int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, c := e.visitor(v).find(conversation)
	if c == nil {
		return bot.ErrNotFound
	}
	c.read = max(c.read, min(seq, int64(len(c.messages))))
	return nil
}

func (e *fakeEngine) Suggest(_ context.Context, _ bot.Visitor, _ bot.Profile, text string) ([]bot.Option, error) {
	return []bot.Option{{Entry: "e1", Question: text + "怎么办"}}, nil
}

func (e *fakeEngine) Greeting(_ context.Context, _, account, _ string) (bot.Greeting, error) {
	g := bot.Greeting{Texts: map[string]string{"welcome": "您好 " + account}, Hot: []bot.Option{{Entry: "e1", Question: "怎么退款"}}}
	if account == "form" {
		g.Form = &bot.PreChat{
			Fields:  []bot.FormField{{Name: "phone", Label: "手机号", Required: true, Type: bot.FieldPhone}},
			Consent: "同意",
		}
	}
	return g, nil
}

func (e *fakeEngine) Ready() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.starting
}

// log returns all messages of all conversations of a visitor.
func (e *fakeEngine) log(v bot.Visitor) (all []bot.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.visitor(v).all {
		all = append(all, c.messages...)
	}
	return all
}

func (e *fakeEngine) set(change func(e *fakeEngine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// wild is a bus that loses, repeats, strips and delays hints at random.
type wild struct {
	*bot.LocalBus

	mu   sync.Mutex // guards all below
	draw func(n int) int
	late []bot.Hint
}

func (w *wild) Publish(h bot.Hint) {
	w.mu.Lock()
	var out []bot.Hint
	switch w.draw(6) {
	case 0: // lost
	case 1:
		out = append(out, h, h)
	case 2:
		h.Messages = nil
		out = append(out, h)
	case 3:
		w.late = append(w.late, h)
	case 4:
		out, w.late = append(append(out, h), w.late...), nil
	default:
		out = append(out, h)
	}
	w.mu.Unlock()
	for _, h := range out {
		w.LocalBus.Publish(h)
	}
}
