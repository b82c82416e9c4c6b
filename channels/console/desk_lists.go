package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"faqbot/bot"
	"faqbot/bot/staff"
)

func (c *Console) addDeskHome() {
	addDesk(c, operation{id: "desk", method: http.MethodGet, path: "/desk", who: atDesk(), summary: "自己的坐席"}, c.deskHome)
	addDesk(c, operation{id: "setPresence", method: http.MethodPut, path: "/desk/presence", who: atDesk(), summary: "修改坐席状态"}, c.setPresence)
	addDesk(c, operation{id: "presenceLog", method: http.MethodGet, path: "/desk/presence-log", who: atDesk(), summary: "坐席状态记录"}, c.presenceLog)
	addDesk(c, operation{id: "deskColleagues", method: http.MethodGet, path: "/desk/colleagues", who: atDesk(), summary: "可以转接的同事"}, c.deskColleagues)
}

// DeskHome is what the pages of the desk begin with.
type DeskHome struct {
	Seat       Seat        `json:"seat"`
	Groups     []Group     `json:"groups" nullable:"false"`
	Accounts   []Colleague `json:"accounts" nullable:"false"`
	Fields     []string    `json:"fields" nullable:"false" doc:"顾客卡的栏目，按顺序"`
	Supervisor bool        `json:"supervisor"`
}

func (c *Console) deskHome(ctx context.Context, who call, _ *none) (*body[DeskHome], error) {
	actor := who.actor()
	seat, err := c.desk.Sit(ctx, actor)
	if err != nil {
		return nil, err
	}
	groups, err := c.groups(ctx)
	if err != nil {
		return nil, err
	}
	colleagues, err := c.listColleagues(ctx, who, nil)
	if err != nil {
		return nil, err
	}
	return &body[DeskHome]{DeskHome{
		Seat: seatOf(seat), Groups: groups, Accounts: colleagues.Body.Colleagues,
		Fields: bot.CustomerFields(), Supervisor: actor.Supervisor,
	}}, nil
}

type presenceInput struct {
	Body struct {
		Agent    string `json:"agent,omitempty" maxLength:"64" doc:"空表示自己"`
		Presence string `json:"presence" enum:"online,resting,away,offline"`
	}
}

func (c *Console) setPresence(ctx context.Context, who call, in *presenceInput) (*body[Seat], error) {
	actor, agent, to := who.actor(), in.Body.Agent, bot.Presence(in.Body.Presence)
	if agent == "" {
		agent = actor.ID
	}
	var seat bot.Seat
	sign := func() (err error) {
		seat, err = c.desk.Sign(ctx, actor, agent, to)
		return err
	}
	if agent == actor.ID {
		err := sign()
		return &body[Seat]{seatOf(seat)}, err
	}
	if !actor.Supervisor {
		return nil, bot.ErrForbidden
	}
	old, err := c.seatOf(ctx, agent)
	if err != nil {
		return nil, err
	}
	act := staff.Act{What: "seat.presence", Object: agent, Before: old.Presence, After: to}
	err = c.audited(ctx, who, act, sign)
	return &body[Seat]{seatOf(seat)}, err
}

// seatOf returns the seat of an agent, or bot.ErrNotFound.
func (c *Console) seatOf(ctx context.Context, agent string) (bot.Seat, error) {
	seats, err := c.desk.Seats(ctx)
	if err != nil {
		return bot.Seat{}, err
	}
	for _, s := range seats {
		if s.Agent == agent {
			return s, nil
		}
	}
	return bot.Seat{}, fmt.Errorf("seat of another: %w", bot.ErrNotFound)
}

type presenceLogInput struct {
	Agent string `query:"agent" maxLength:"64" doc:"空表示自己"`
	Since int64  `query:"since" minimum:"0" doc:"空表示 24 小时前"`
	Until int64  `query:"until" minimum:"0" doc:"空表示现在"`
}

// PresenceLog is changes of an agent's state, in order.
type PresenceLog struct {
	Changes []PresenceEntry `json:"changes" nullable:"false"`
}

// PresenceEntry is one change.
type PresenceEntry struct {
	From string `json:"from"`
	To   string `json:"to"`
	At   int64  `json:"at"`
	By   string `json:"by" doc:"谁改的；自己或系统则为空"`
}

func (c *Console) presenceLog(ctx context.Context, who call, in *presenceLogInput) (*body[PresenceLog], error) {
	agent, until, since := in.Agent, moment(in.Until), moment(in.Since)
	if agent == "" {
		agent = who.Account.ID
	}
	if agent != who.Account.ID && !who.Account.May(staff.SuperviseDesk) {
		return nil, bot.ErrForbidden
	}
	if until.IsZero() {
		until = c.config.Now()
	}
	if since.IsZero() {
		since = until.Add(-24 * time.Hour)
	}
	if agent != bot.CleanText(agent) {
		return nil, bot.ErrNotFound
	}
	changes, err := c.desk.Store.PresenceLog(ctx, agent, since, until)
	if err != nil {
		return nil, fmt.Errorf("read the log of states: %w", err)
	}
	log := PresenceLog{Changes: []PresenceEntry{}}
	for _, p := range changes {
		log.Changes = append(log.Changes, PresenceEntry{string(p.From), string(p.To), millis(p.At), p.By})
	}
	return &body[PresenceLog]{log}, nil
}

// SeatLoad is a seat and how much is done at it.
type SeatLoad struct {
	Seat
	Serving    int   `json:"serving"`
	Unanswered int   `json:"unanswered" doc:"有几位访客在等回复"`
	Longest    int64 `json:"longest" doc:"等得最久的从何时起"`
}

func seatLoadOf(s bot.SeatLoad) SeatLoad {
	return SeatLoad{Seat: seatOf(s.Seat), Serving: s.Serving, Unanswered: s.Unanswered, Longest: millis(s.Longest)}
}

// DeskColleagues are the seats a conversation can be given to.
type DeskColleagues struct {
	Seats []SeatLoad `json:"seats" nullable:"false"`
}

// deskColleagues shows to everyone at the desk how much the others have to do:
// who hands over a customer needs to know.
func (c *Console) deskColleagues(ctx context.Context, _ call, _ *none) (*body[DeskColleagues], error) {
	board, err := c.desk.Board(ctx, bot.Actor{Supervisor: true})
	if err != nil {
		return nil, err
	}
	return &body[DeskColleagues]{DeskColleagues{seatLoads(board)}}, nil
}

func seatLoads(b bot.Board) []SeatLoad {
	loads := make([]SeatLoad, len(b.Seats))
	for i, s := range b.Seats {
		loads[i] = seatLoadOf(s)
	}
	return loads
}

func (c *Console) addDeskLists() {
	addDesk(c, operation{id: "listConversations", method: http.MethodGet, path: "/desk/conversations", who: atDesk(), summary: "会话列表"}, c.listConversations)
	addDesk(c, operation{id: "listLeaves", method: http.MethodGet, path: "/desk/leaves", who: atDesk(), summary: "待处理的留言"}, c.listLeaves)
	addDesk(c, operation{id: "answerLeave", method: http.MethodPost, path: "/desk/leaves/{id}/answer", who: atDesk(), summary: "回复一条留言"}, c.answerLeave)
	addDesk(c, operation{id: "board", method: http.MethodGet, path: "/board", who: needs(staff.SuperviseDesk), summary: "看板"}, c.board)
}

type listConversationsInput struct {
	Scope  string `query:"scope" required:"true" enum:"mine,queue,all,closed,all_closed"`
	Before int64  `query:"before" minimum:"0" doc:"已结束的会话：只要在此之前结束的；空表示最新的"`
}

// Items is a list of conversations.
type Items struct {
	Items []Item `json:"items" nullable:"false"`
}

func (c *Console) listConversations(ctx context.Context, who call, in *listConversationsInput) (*body[Items], error) {
	actor := who.actor()
	found, err := c.desk.List(ctx, actor, bot.Scope(in.Scope), moment(in.Before))
	if err != nil {
		return nil, err
	}
	list := Items{Items: make([]Item, len(found))}
	for i := range found {
		list.Items[i] = lineOf(actor.Supervisor, &found[i])
	}
	return &body[Items]{list}, nil
}

// LeaveTask is a leave-message that waits for an answer.
type LeaveTask struct {
	ID           string `json:"id"`
	Conversation string `json:"conversation"`
	Channel      string `json:"channel"`
	Account      string `json:"account"`
	Name         string `json:"name"`
	Contact      string `json:"contact"`
	Text         string `json:"text"`
	At           int64  `json:"at"`
	Agent        string `json:"agent" doc:"分给谁；还没有则为空"`
	TakenAt      int64  `json:"taken_at"`
}

// LeaveTasks are leave-messages.
type LeaveTasks struct {
	Leaves []LeaveTask `json:"leaves" nullable:"false"`
}

func (c *Console) listLeaves(ctx context.Context, who call, _ *none) (*body[LeaveTasks], error) {
	tasks, err := c.desk.Leaves(ctx, who.actor())
	if err != nil {
		return nil, err
	}
	list := LeaveTasks{Leaves: make([]LeaveTask, len(tasks))}
	for i, l := range tasks {
		list.Leaves[i] = LeaveTask{
			ID: l.ID, Conversation: l.Conversation, Channel: l.Visitor.Channel, Account: l.Visitor.Account,
			Name: l.Name, Contact: l.Contact, Text: l.Text, At: millis(l.At), Agent: l.Agent, TakenAt: millis(l.TakenAt),
		}
	}
	return &body[LeaveTasks]{list}, nil
}

type idPath struct {
	ID string `path:"id" maxLength:"64"`
}

func (c *Console) answerLeave(ctx context.Context, who call, in *idPath) (*body[Item], error) {
	conversation, err := c.desk.AnswerLeave(ctx, who.actor(), in.ID)
	return &body[Item]{itemOf(&conversation)}, err
}

// Board is the desk at a glance.
type Board struct {
	At     int64       `json:"at"`
	Groups []GroupLoad `json:"groups" nullable:"false"`
	Seats  []SeatLoad  `json:"seats" nullable:"false"`
}

// GroupLoad is how a group stands.
type GroupLoad struct {
	Group   Group `json:"group" doc:"编号为空的是不属于任何组的"`
	Waiting int   `json:"waiting"`
	Longest int64 `json:"longest" doc:"等得最久的从何时起"`
	Online  int   `json:"online"`
	Serving int   `json:"serving"`
}

func (c *Console) board(ctx context.Context, who call, _ *none) (*body[Board], error) {
	b, err := c.desk.Board(ctx, who.actor())
	if err != nil {
		return nil, err
	}
	wire := Board{At: millis(b.At), Groups: make([]GroupLoad, len(b.Groups)), Seats: seatLoads(b)}
	for i, g := range b.Groups {
		wire.Groups[i] = GroupLoad{
			Group: groupOf(g.Group), Waiting: g.Waiting, Longest: millis(g.Longest), Online: g.Online, Serving: g.Serving,
		}
	}
	return &body[Board]{wire}, nil
}
