package console

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/httpapi"
)

// Problem is a failure, as RFC 9457 writes it. It never holds what was sent.
type Problem struct {
	Status int    `json:"status" doc:"status of HTTP"`
	Code   string `json:"code" doc:"what happened, for programs"`
	Title  string `json:"title" doc:"what happened, for people, in Chinese"`
	// Fields are the values that are wrong.
	Fields []Field `json:"fields,omitempty" nullable:"false"`
	// Taken says who has the conversation that was wanted.
	Taken *Taken `json:"taken,omitempty"`
	// RetryAfter is in seconds.
	RetryAfter float64 `json:"retry_after,omitempty" doc:"seconds until it makes sense to try again"`
}

// Field is what is wrong with one value.
type Field struct {
	Name   string `json:"name" doc:"as in the request, such as password"`
	Reason string `json:"reason" doc:"for people, in Chinese"`
}

// What people read when it is nobody's fault but ours.
const textBroken = "系统出错了，请稍后再试"

func newProblem(status int, code, title string) *Problem {
	return &Problem{Status: status, Code: code, Title: title}
}

// wrongField says that one value is wrong.
func wrongField(name, reason string) *Problem {
	p := newProblem(http.StatusUnprocessableEntity, "invalid", reason)
	p.Fields = []Field{{name, reason}}
	return p
}

// after says how long to wait.
func (p *Problem) after(wait time.Duration) *Problem {
	p.RetryAfter = math.Ceil(max(wait, time.Second).Seconds())
	return p
}

func (p *Problem) Error() string { return p.Code }

// GetStatus returns the status of HTTP, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers that belong to it, for huma.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.RetryAfter)))
	}
	return h
}

// ContentType returns the type of its JSON, for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func writeProblem(w http.ResponseWriter, p *Problem) {
	body, _ := json.Marshal(p) // strings and numbers do not fail
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client is gone
}

// known is an error that people can do something about.
type known struct {
	err error
	is  Problem
}

func knownErrors() []known {
	return []known{
		{staff.ErrCredentials, Problem{Status: 401, Code: "credentials", Title: "用户名或密码不正确"}},
		{staff.ErrCode, Problem{Status: 401, Code: "code", Title: "请输入正确的动态验证码"}},
		{staff.ErrSession, Problem{Status: 401, Code: "session", Title: "登录已过期，请重新登录"}},
		{staff.ErrTicket, Problem{Status: 403, Code: "ticket", Title: "连接凭证无效或已过期，请重新连接"}},
		{staff.ErrForbidden, Problem{Status: 403, Code: "forbidden", Title: "没有权限做这件事"}},
		{staff.ErrNotFound, Problem{Status: 404, Code: "not_found", Title: "找不到，可能已被删除"}},
		{staff.ErrTaken, Problem{Status: 409, Code: "taken", Title: "用户名已被使用", Fields: []Field{{"name", "用户名已被使用"}}}},
		{staff.ErrConflict, Problem{Status: 409, Code: "conflict", Title: "内容刚刚被别人修改过，请刷新后再试"}},
		{bot.ErrNotFound, Problem{Status: 404, Code: "not_found", Title: "找不到，可能已被删除"}},
		{bot.ErrConflict, Problem{Status: 409, Code: "conflict", Title: "内容刚刚被别人修改过，请刷新后再试"}},
		{staff.ErrSetUp, Problem{Status: 409, Code: "set_up", Title: "设置链接无效或已过期，或者系统已经设置过"}},
		{context.DeadlineExceeded, Problem{Status: 503, Code: "busy", Title: "系统繁忙，请稍后再试"}},
	}
}

// problemOf returns the answer to an error: this is the only place that knows
// which is which. What it does not know is broken.
func problemOf(err error) *Problem {
	var (
		own      *Problem
		invalid  *staff.InvalidError
		platform *PlatformError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &invalid):
		return wrongField(invalid.Field, invalid.Reason)
	case errors.As(err, &platform):
		return platform.problem()
	}
	for _, k := range knownErrors() {
		if errors.Is(err, k.err) {
			return &k.is
		}
	}
	return newProblem(http.StatusInternalServerError, "broken", textBroken)
}

// problem is problemOf with what needs a clock, and logs what broke.
func (c *Console) problem(ctx context.Context, operation string, err error) *Problem {
	if locked := (*staff.LockedError)(nil); errors.As(err, &locked) {
		p := newProblem(http.StatusTooManyRequests, "locked", "失败次数太多，已暂时锁定")
		return p.after(locked.Until.Sub(c.config.Now()))
	}
	p := problemOf(err)
	if p.Code == "broken" && !errors.Is(err, context.Canceled) {
		c.log.Error("operation failed", zap.String("operation", operation),
			zap.String("request", httpapi.RequestID(ctx)), zap.Error(err))
	}
	return p
}

// plain turns what huma says of a request that does not fit its type into a
// Problem: in Chinese, and without the values and the names that were sent.
func plain(_ huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(model.Status, "invalid", "请求的内容不正确")
	switch {
	case model.Status == http.StatusRequestEntityTooLarge:
		p.Code, p.Title = "too_large", "内容太大"
	case model.Status == http.StatusRequestTimeout:
		p.Code, p.Title = "slow", "网络太慢，请再试一次"
	case model.Status >= http.StatusInternalServerError:
		p.Code, p.Title = "broken", textBroken
	}
	for _, d := range model.Errors {
		if field := fieldOf(d); field.Name != "" {
			p.Fields = append(p.Fields, field)
		}
	}
	return p, nil
}

// fieldOf says in Chinese what huma says in English. The name of a field that we
// do not know was made up by who sent it, and is left out.
func fieldOf(d *huma.ErrorDetail) Field {
	_, name, _ := strings.Cut(d.Location, ".")
	for _, w := range []struct{ start, reason string }{
		{"unexpected property", ""},
		{"unknown query parameter", ""},
		{"expected required property", "必填"},
		{"required ", "必填"},
		{"expected length >=", "太短"},
		{"expected length <=", "太长"},
		{"expected array length <=", "太多"},
		{"expected array length >=", "太少"},
		{"expected number >=", "太小"},
		{"expected number <=", "太大"},
		{"expected value to be one of", "不在可选范围内"},
	} {
		if !strings.HasPrefix(d.Message, w.start) {
			continue
		}
		if w.reason == "" {
			return Field{}
		}
		if w.start == "expected required property" {
			name = strings.TrimPrefix(name+"."+property(d.Message), ".")
		}
		return Field{name, w.reason}
	}
	return Field{name, "格式不正确"}
}

// property is the name in "expected required property NAME to be present".
func property(message string) string {
	words := strings.Fields(message)
	const place = 3
	if len(words) <= place {
		return ""
	}
	return words[place]
}
