package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

// Taken says who has a conversation that somebody else wanted.
type Taken struct {
	Agent string `json:"agent" doc:"谁接待了；没有人则为空"`
	Nick  string `json:"nick"`
	Phase string `json:"phase"`
	State string `json:"state"`
}

// storedAgain is when to try again what could not be stored.
const storedAgain = 3 * time.Second

// deskProblemOf returns the answer to an error of the desk, or what problemOf
// says of any other.
func deskProblemOf(err error) *Problem {
	var (
		taken   *bot.TakenError
		invalid *bot.InvalidError
		late    *bot.LateError
	)
	switch {
	case errors.As(err, &taken):
		return takenProblem(taken)
	case errors.As(err, &invalid):
		return wrongField(invalid.Field, invalid.Reason)
	case errors.As(err, &late):
		return newProblem(http.StatusConflict, "late", late.Reason)
	case errors.Is(err, bot.ErrNotFound):
		return newProblem(http.StatusNotFound, "not_found", "找不到，可能已经不归您接待")
	case errors.Is(err, bot.ErrForbidden):
		return newProblem(http.StatusForbidden, "forbidden", "没有权限做这件事")
	case errors.Is(err, bot.ErrBusy):
		return newProblem(http.StatusConflict, "busy", "您接待的会话已经满了")
	case errors.Is(err, bot.ErrUnavailable): // which may be a conflict that did not end
		return newProblem(http.StatusServiceUnavailable, "unavailable", "暂时无法保存，请稍后再试").after(storedAgain)
	case errors.Is(err, bot.ErrConflict):
		return newProblem(http.StatusConflict, "conflict", "内容刚刚被别人修改过，请刷新后再试")
	}
	return problemOf(err)
}

func takenProblem(e *bot.TakenError) *Problem {
	p := newProblem(http.StatusConflict, "taken", "会话已经不在排队")
	switch {
	case e.State == bot.StateClosed:
		p.Title = "会话已经结束"
	case e.Phase == bot.InQueue:
		p.Title = "会话已经回到队列"
	case e.Nick != "":
		p.Title = "已由 " + e.Nick + " 接待"
	case e.Agent != "":
		p.Title = "已由别人接待"
	}
	p.Taken = &Taken{Agent: e.Agent, Nick: e.Nick, Phase: string(e.Phase), State: string(e.State)}
	return p
}

// deskProblem is deskProblemOf, and logs what could not be stored or broke.
func (c *Console) deskProblem(ctx context.Context, operation string, err error) *Problem {
	p := deskProblemOf(err)
	if p.Code == "unavailable" {
		c.log.Warn("nothing can be stored at the moment", zap.String("operation", operation),
			zap.String("request", httpapi.RequestID(ctx)), zap.Error(err))
		return p
	}
	if p.Code == "broken" {
		return c.problem(ctx, operation, err)
	}
	return p
}
