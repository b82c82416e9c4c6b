package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"faqbot/bot"
	"faqbot/bot/staff"
)

const talkPath = "/desk/conversations/{id}"

func (c *Console) addDeskTalk() {
	post := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodPost, path: talkPath + path, who: atDesk(), summary: summary}
	}
	get := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodGet, path: talkPath + path, who: atDesk(), summary: summary}
	}
	supervised := post("takeOver", "/take-over", "接管会话")
	supervised.who = needs(staff.SuperviseDesk)

	addDesk(c, get("story", "", "会话的全部情况"), c.story)
	addDesk(c, get("listMessages", "/messages", "会话的消息"), c.listMessages)
	addDesk(c, get("delivery", "/delivery", "还能发几条，各条消息送到了没有"), c.delivery)
	addDesk(c, get("advice", "/advice", "推荐的回答"), c.advice)
	addDesk(c, post("accept", "/accept", "接待"), c.accept)
	addDesk(c, post("pass", "/pass", "暂不接待"), c.pass)
	addDesk(c, supervised, c.takeOver)
	addDesk(c, post("say", "/lines", "回复访客"), c.say)
	addDesk(c, post("remark", "/remarks", "内部备注或悄悄话"), c.remark)
	addDesk(c, post("transfer", "/transfer", "转接"), c.transfer)
	addDesk(c, post("close", "/close", "结束会话"), c.close)
	addDesk(c, post("read", "/read", "已读"), c.read)
	addDesk(c, post("typing", "/typing", "正在输入"), c.typing)
}

// Story is what an agent needs to know about a conversation at once.
type Story struct {
	Item       Item              `json:"item"`
	Messages   []Message         `json:"messages" nullable:"false"`
	More       bool              `json:"more" doc:"还有更早的消息"`
	Rule       string            `json:"rule" doc:"机器人为什么转人工"`
	Candidates []Candidate       `json:"candidates" nullable:"false" doc:"机器人想到的，最像的在前"`
	Traces     []StoryTrace      `json:"traces" nullable:"false"`
	Customer   Customer          `json:"customer"`
	Proposed   map[string]string `json:"proposed" doc:"从对话里看出来的顾客信息，按栏目"`
	Profile    bot.Profile       `json:"profile" doc:"渠道给的信息，不一定可信"`
	History    []Item            `json:"history" nullable:"false" doc:"同一顾客的其他会话，最近的在前"`
	Delivery   Delivery          `json:"delivery" doc:"还能发几条，messages 各条送到了没有"`
}

// StoryTrace is what led to a reply of the bot.
type StoryTrace struct {
	Seq        int64   `json:"seq" doc:"访客的第几条消息"`
	Reply      int64   `json:"reply"`
	Text       string  `json:"text"`
	Decision   string  `json:"decision"`
	Rule       string  `json:"rule"`
	Entry      string  `json:"entry"`
	Question   string  `json:"question"`
	Confidence float64 `json:"confidence"`
}

func (c *Console) story(ctx context.Context, who call, in *idPath) (*body[Story], error) {
	s, err := c.desk.Story(ctx, who.actor(), in.ID)
	if err != nil {
		return nil, err
	}
	if err := c.hush(ctx, who, in.ID, s.Messages); err != nil {
		return nil, err
	}
	delivery, err := c.deliveryOfStory(ctx, who, &s)
	if err != nil {
		return nil, err
	}
	wire := Story{
		Item: itemOf(&s.Conversation), Messages: c.desk.messages(s.Messages), More: s.More, Rule: s.Rule,
		Candidates: candidatesOf(s.Candidates), Traces: make([]StoryTrace, len(s.Traces)), Customer: customerOf(s.Customer),
		Proposed: s.Proposed, Profile: s.Conversation.Profile, History: make([]Item, len(s.History)),
		Delivery: delivery,
	}
	for i, t := range s.Traces {
		wire.Traces[i] = StoryTrace{t.Seq, t.Reply, t.Text, t.Decision, t.Rule, t.Entry, t.Question, t.Confidence}
	}
	for i := range s.History {
		wire.History[i] = itemOf(&s.History[i])
	}
	return &body[Story]{wire}, nil
}

type listMessagesInput struct {
	ID      string `path:"id" maxLength:"64"`
	Of      string `query:"of" maxLength:"64" doc:"同一顾客的另一个会话；空表示这个"`
	Seq     int64  `query:"seq" minimum:"0"`
	Earlier bool   `query:"earlier" doc:"要 seq 之前的，否则要之后的"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// MessageList is messages in order.
type MessageList struct {
	Messages []Message `json:"messages" nullable:"false"`
}

func (c *Console) listMessages(ctx context.Context, who call, in *listMessagesInput) (*body[MessageList], error) {
	found, err := c.desk.Messages(ctx, who.actor(), in.ID, in.Of, in.Seq, in.Earlier, in.Limit)
	if err != nil {
		return nil, err
	}
	err = c.hush(ctx, who, cmp.Or(in.Of, in.ID), found)
	return &body[MessageList]{MessageList{c.desk.messages(found)}}, err
}

// hush empties the whispers in messages of a conversation, unless the caller is
// one of the two they are between: its owner, and supervisors.
func (c *Console) hush(ctx context.Context, who call, conversation string, messages []bot.Message) error {
	whispered := func(m bot.Message) bool { return m.Kind == bot.KindWhisper }
	if who.actor().Supervisor || !slices.ContainsFunc(messages, whispered) {
		return nil
	}
	of, err := c.desk.Conversation(ctx, conversation)
	if err != nil || of.Service.Owner == who.Account.ID {
		return err
	}
	for i := range messages {
		if whispered(messages[i]) {
			messages[i].Text, messages[i].Card = "", bot.Card{}
		}
	}
	return nil
}

type adviceInput struct {
	ID   string `path:"id" maxLength:"64"`
	Text string `query:"text" maxLength:"4000" doc:"空表示访客最后说的"`
}

// AdviceList is answers that may suit, the best first.
type AdviceList struct {
	Advice []Advice `json:"advice" nullable:"false"`
}

// Advice is an answer that may suit.
type Advice struct {
	Candidate
	Text string `json:"text"`
	HTML string `json:"html"`
}

func (c *Console) advice(ctx context.Context, who call, in *adviceInput) (*body[AdviceList], error) {
	found, err := c.desk.Advise(ctx, who.actor(), in.ID, in.Text)
	list := AdviceList{Advice: make([]Advice, len(found))}
	for i, a := range found {
		list.Advice[i] = Advice{Candidate(a.Candidate), a.Text, c.desk.rich.HTML(a.Text)}
	}
	return &body[AdviceList]{list}, err
}

func (c *Console) accept(ctx context.Context, who call, in *idPath) (*body[Item], error) {
	conversation, err := c.desk.Accept(ctx, who.actor(), in.ID)
	return &body[Item]{itemOf(&conversation)}, err
}

func (c *Console) pass(ctx context.Context, who call, in *idPath) (*none, error) {
	return &none{}, c.desk.Pass(ctx, who.actor(), in.ID)
}

func (c *Console) takeOver(ctx context.Context, who call, in *idPath) (*body[Item], error) {
	var taken bot.Conversation
	err := c.supervise(ctx, who, in.ID, "conversation.take_over", nil, func() (err error) {
		taken, err = c.desk.TakeOver(ctx, who.actor(), in.ID)
		return err
	})
	return &body[Item]{itemOf(&taken)}, err
}

// held is who has a conversation, for the log.
type held struct {
	Phase bot.Phase `json:"phase"`
	Group string    `json:"group,omitempty"`
	Owner string    `json:"owner,omitempty"`
}

// supervise does what a supervisor does to a conversation, and notes it with who
// had it before.
func (c *Console) supervise(ctx context.Context, who call, id, what string, after any, do func() error) error {
	conversation, err := c.desk.Conversation(ctx, id)
	if err != nil {
		return err
	}
	s := &conversation.Service
	act := staff.Act{What: what, Object: id, Before: held{s.Phase, s.Group, s.Owner}, After: after}
	return c.audited(ctx, who, act, do)
}

type sayInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ID    string `json:"id" maxLength:"64" doc:"这条消息的编号；同一编号重发不会重复"`
		Kind  string `json:"kind" enum:"text,answer,image,file"`
		Text  string `json:"text,omitempty" maxLength:"8000"`
		Entry string `json:"entry,omitempty" maxLength:"128" doc:"知识点的回答：它的编号"`
		File  string `json:"file,omitempty" maxLength:"64" doc:"先上传的文件的编号"`
	}
}

// Said is a line as it is stored.
type Said struct {
	Message Message `json:"message"`
	Again   bool    `json:"again" doc:"以前已经收到过"`
}

func (c *Console) say(ctx context.Context, who call, in *sayInput) (*body[Said], error) {
	b := in.Body
	receipt, err := c.desk.Say(ctx, who.actor(), in.ID, bot.Line{
		ClientID: b.ID, Kind: bot.MessageKind(b.Kind), Text: b.Text, Entry: b.Entry, File: b.File,
	})
	return &body[Said]{Said{messageOf(c.desk.rich, receipt.Message), receipt.Again}}, err
}

type remarkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Kind string `json:"kind" enum:"note,whisper"`
		Text string `json:"text" maxLength:"4000"`
	}
}

// remark leaves a word for colleagues. What a supervisor whispers stands in the
// conversation; the log notes that it was done.
func (c *Console) remark(ctx context.Context, who call, in *remarkInput) (*none, error) {
	actor, kind := who.actor(), bot.MessageKind(in.Body.Kind)
	do := func() error { return c.desk.Remark(ctx, actor, in.ID, kind, in.Body.Text) }
	if kind != bot.KindWhisper {
		return &none{}, do()
	}
	if !actor.Supervisor {
		return nil, fmt.Errorf("whisper: %w", bot.ErrForbidden)
	}
	return &none{}, c.supervise(ctx, who, in.ID, "conversation.whisper", nil, do)
}

type transferInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Agent string `json:"agent,omitempty" maxLength:"64"`
		Group string `json:"group,omitempty" maxLength:"64"`
		Bot   bool   `json:"bot,omitempty" doc:"交还给机器人"`
		Note  string `json:"note,omitempty" maxLength:"4000" doc:"给接手的人"`
	}
}

// transfer gives a conversation to one of three, and not to several.
func (c *Console) transfer(ctx context.Context, who call, in *transferInput) (*none, error) {
	actor, to := who.actor(), bot.Target{Agent: in.Body.Agent, Group: in.Body.Group, Bot: in.Body.Bot}
	if n := count(to.Agent != "", to.Group != "", to.Bot); n != 1 {
		return nil, wrongField("agent", "请选择转给坐席、技能组或机器人中的一个")
	}
	do := func() error { return c.desk.Transfer(ctx, actor, in.ID, to, in.Body.Note) }
	if !actor.Supervisor {
		return &none{}, do()
	}
	return &none{}, c.supervise(ctx, who, in.ID, "conversation.transfer", to, do)
}

// count returns how many are true.
func count(of ...bool) (n int) {
	for _, is := range of {
		if is {
			n++
		}
	}
	return n
}

type closeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Category string `json:"category,omitempty" maxLength:"400"`
		Solved   *bool  `json:"solved,omitempty" nullable:"true"`
		Text     string `json:"text,omitempty" maxLength:"4000"`
	}
}

func (c *Console) close(ctx context.Context, who call, in *closeInput) (*none, error) {
	b := in.Body
	return &none{}, c.desk.Close(ctx, who.actor(), in.ID, bot.Summary{Category: b.Category, Solved: b.Solved, Text: b.Text})
}

type readInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Seq int64 `json:"seq" minimum:"0"`
	}
}

func (c *Console) read(ctx context.Context, who call, in *readInput) (*none, error) {
	return &none{}, c.desk.Read(ctx, who.actor(), in.ID, in.Body.Seq)
}

func (c *Console) typing(ctx context.Context, who call, in *idPath) (*none, error) {
	return &none{}, c.desk.Typing(ctx, who.actor(), in.ID)
}
