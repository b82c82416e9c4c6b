package console

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/staff"
)

func TestDeskProblems(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
		title  string
	}{
		{bot.ErrNotFound, 404, "not_found", ""},
		{bot.ErrForbidden, 403, "forbidden", ""},
		{bot.ErrBusy, 409, "busy", ""},
		{bot.ErrConflict, 409, "conflict", ""},
		{bot.ErrUnavailable, 503, "unavailable", ""},
		{fmt.Errorf("%w: %w", bot.ErrUnavailable, bot.ErrConflict), 503, "unavailable", ""},
		{&bot.LateError{Reason: "已经晚了"}, 409, "late", "已经晚了"},
		{&bot.InvalidError{Field: "text", Reason: "请输入内容"}, 422, "invalid", "请输入内容"},
		{&bot.TakenError{Agent: "a", Nick: "小李", Phase: bot.WithAgent, State: bot.StateOpen}, 409, "taken", "已由 小李 接待"},
		{&bot.TakenError{Agent: "a", Phase: bot.WithAgent, State: bot.StateOpen}, 409, "taken", "已由别人接待"},
		{&bot.TakenError{Phase: bot.InQueue, State: bot.StateOpen}, 409, "taken", "会话已经回到队列"},
		{&bot.TakenError{State: bot.StateOpen}, 409, "taken", "会话已经不在排队"},
		{&bot.TakenError{Agent: "a", Nick: "小李", State: bot.StateClosed}, 409, "taken", "会话已经结束"},
		{staff.ErrSession, 401, "session", ""},
		{context.DeadlineExceeded, 503, "busy", ""},
		{errors.New("pq: relation"), 500, "broken", textBroken},
	} {
		p := deskProblemOf(fmt.Errorf("do it: %w", tt.err))
		if p.Status != tt.status || p.Code != tt.code || p.Title == "" || tt.title != "" && p.Title != tt.title {
			t.Errorf("%v is %+v", tt.err, p)
		}
		if (p.Taken != nil) != (tt.code == "taken") || (p.GetHeaders().Get("Retry-After") != "") != (tt.code == "unavailable") {
			t.Errorf("%v is %+v", tt.err, p)
		}
	}
}

// TestDeskMasks: a preview does not tell the agent how they were rated.
func TestDeskMasks(t *testing.T) {
	item := bot.Item{Last: bot.Message{Seq: 9, Kind: bot.KindRating, Text: "态度恶劣", Card: bot.Card{Stars: 1}}}
	if last := lineOf(false, &item).Last; last == nil || last.Text != "" || last.Kind != "rating" {
		t.Errorf("the agent sees %+v", last)
	}
	if last := lineOf(true, &item).Last; last.Text != "态度恶劣" {
		t.Errorf("the supervisor sees %+v", last)
	}
	if m := shownTo(false, item.Last); m.Text != "" || m.Card.Stars != 0 {
		t.Errorf("the agent reads %+v", m)
	}
}

// TestUnauditable: what cannot be noted is not done, and a failure is noted as
// one.
func TestUnauditable(t *testing.T) {
	log := &notes{fails: errors.New("the disk is full")}
	c := &Console{staff: log, log: zap.NewNop()}
	err := c.audited(t.Context(), call{}, staff.Act{What: "x"}, func() error { t.Error("it is done"); return nil })
	if !errors.Is(err, log.fails) {
		t.Errorf("the error is %v", err)
	}
	log.fails = nil
	if err := c.audited(t.Context(), call{}, staff.Act{What: "x"}, func() error { return bot.ErrBusy }); !errors.Is(err, bot.ErrBusy) {
		t.Errorf("the error is %v", err)
	}
	if len(log.acts) != 2 || !log.acts[0].OK || log.acts[1].OK || log.acts[1].Why != "busy" {
		t.Errorf("the log is %+v", log.acts)
	}
}

// notes is a staff that only notes.
type notes struct {
	Staff
	fails error
	acts  []staff.Act
}

func (n *notes) Record(_ context.Context, _ staff.Identity, act staff.Act, _ staff.Origin) error {
	if n.fails != nil {
		return n.fails
	}
	n.acts = append(n.acts, act)
	return nil
}
