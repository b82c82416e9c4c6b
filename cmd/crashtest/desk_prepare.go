package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/bot/staff"
	"faqbot/cmd/internal/database"
	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
)

// agentPassword is that of all agents: to derive it once is slow enough.
const agentPassword = "crashtest-agents-2026"

func agentName(n int) string { return fmt.Sprintf("agent%03d", n) }

// prepareDesk stores the agents, their seats and the history of the first of
// them, before the server starts for the first time.
func (o *options) prepareDesk(ctx context.Context) (err error) {
	db, dialect, err := o.openTables(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts, err := o.makeStaff(ctx, botsql.NewStaff(db))
	if err != nil {
		return err
	}
	store := botsql.New(db, dialect)
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, a := range accounts {
		seat := bot.Seat{Agent: a.ID, Nick: a.Nick, Groups: []string{}, Most: o.desk.talks, UpdatedAt: a.CreatedAt}
		if err := store.PutSeat(ctx, seat); err != nil {
			return fmt.Errorf("store a seat: %w", err)
		}
	}
	return storeHistory(ctx, store, accounts[0], o.desk.history)
}

// openTables opens the database, with tables for the knowledge and the bot.
func (o *options) openTables(ctx context.Context) (*sql.DB, kbsql.Dialect, error) {
	db, dialect, err := database.Open(ctx, o.db)
	if err != nil {
		return nil, dialect, err
	}
	if err = kbsql.Migrate(ctx, db, dialect); err == nil {
		err = botsql.Migrate(ctx, db, dialect)
	}
	if err != nil {
		return nil, dialect, errors.Join(fmt.Errorf("make the tables: %w", err), db.Close())
	}
	return db, dialect, nil
}

// makeStaff stores an administrator, and the agents with the same password.
func (o *options) makeStaff(ctx context.Context, store staff.Store) (accounts []staff.Account, err error) {
	service := staff.NewService(staff.Config{Store: store})
	token, err := service.Invite(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the first account: %w", err)
	}
	first, err := service.SetUp(ctx, token, "admin", "管理员", agentPassword, staff.Origin{})
	if err != nil {
		return nil, fmt.Errorf("make the first account: %w", err)
	}
	err = store.Change(ctx, func(ctx context.Context, tx staff.Tx) error {
		accounts = nil
		stored, err := tx.Account(ctx, first.ID)
		if err != nil {
			return err
		}
		for i := range o.desk.agents {
			a := staff.Account{
				ID: knowledge.NewID(), Name: agentName(i), Nick: fmt.Sprintf("坐席%03d", i), Roles: []staff.Role{staff.Agent},
				CreatedAt: first.CreatedAt, UpdatedAt: first.UpdatedAt,
			}
			if err := tx.PutAccount(ctx, staff.Stored{Account: a, Password: stored.Password}); err != nil {
				return err
			}
			accounts = append(accounts, a)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store the agents: %w", err)
	}
	return accounts, nil
}

const (
	oldVisitor  = "old-" // begins the ids of visitors in the history
	talksOfOne  = 5      // of one of them
	turnsAtOnce = 200    // that are stored in one go
)

// storeHistory stores conversations that the agent had, one after the other up to
// now.
func storeHistory(ctx context.Context, store bot.Store, a staff.Account, count int) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	var turns []bot.Turn
	for i := range count {
		turns = append(turns, oldTalk(a, i, now.Add(-time.Duration(count-i)*5*time.Minute)))
		if len(turns) == turnsAtOnce || i == count-1 {
			if err := store.Commit(ctx, turns...); err != nil {
				return fmt.Errorf("store the history: %w", err)
			}
			turns = nil
		}
	}
	return nil
}

// oldTalk is a conversation that the agent closed some minutes after the moment.
func oldTalk(a staff.Account, n int, at time.Time) bot.Turn {
	c := bot.Conversation{
		ID: knowledge.NewID(), Visitor: bot.Visitor{Channel: "web", ID: fmt.Sprintf("%s%d", oldVisitor, n/talksOfOne)},
		State: bot.StateClosed, CloseReason: "agent", OpenedAt: at, UpdatedAt: at.Add(4 * time.Minute), ClosedAt: at.Add(4 * time.Minute),
		Service: bot.Service{Phase: bot.WithAgent, Owner: a.ID, Nick: a.Nick, QueuedAt: at, AcceptedAt: at, AnsweredAt: at},
	}
	turn := bot.Turn{}
	add := func(from bot.Author, kind bot.MessageKind, text string) *bot.Message {
		c.Seq++
		turn.Messages = append(turn.Messages, bot.Message{
			Conversation: c.ID, Seq: c.Seq, Author: from, Kind: kind, Text: text, At: at.Add(time.Duration(c.Seq) * 20 * time.Second),
		})
		return &turn.Messages[c.Seq-1]
	}
	add(bot.FromVisitor, bot.KindHandoff, "").ClientID = fmt.Sprintf("old-%06d", n)
	add(bot.FromSystem, bot.KindQueued, "")
	add(bot.FromSystem, bot.KindAccepted, a.Nick).Card = bot.Card{Agent: a.ID, Nick: a.Nick}
	for i := range 6 {
		add(bot.FromVisitor, bot.KindText, fmt.Sprintf("我的宽带第%d次断网了", i)).ClientID = fmt.Sprintf("old-%06d-v%d", n, i)
		m := add(bot.FromAgent, bot.KindText, "您好，这就为您查询，请稍等一下。")
		m.ClientID, m.Card = fmt.Sprintf("old-%06d-a%d", n, i), bot.Card{Agent: a.ID, Nick: a.Nick}
	}
	add(bot.FromAgent, bot.KindSummary, "已处理").Card = bot.Card{Agent: a.ID, Nick: a.Nick, Tags: []string{"宽带"}}
	add(bot.FromSystem, bot.KindClosed, "会话已结束")
	turn.Conversation = c
	return turn
}
