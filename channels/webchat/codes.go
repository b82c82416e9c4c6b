package webchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/ws"
)

// The numbers of errors, of frames and of HTTP alike.
const (
	codeNotAFrame    = 4000
	codeUnknownKind  = 4001
	codeWrongType    = 4002
	codeBadValue     = 4003
	codeHello        = 4004
	codeTooDeep      = 4005
	codeNotSignedIn  = 4010
	codeOrigin       = 4030
	codeNotFound     = 4040
	codeMethod       = 4050
	codeTooLate      = 4090
	codeFrameSize    = 4130
	codeTextSize     = 4131
	codeFileSize     = 4132
	codeFileType     = 4150
	codeTooFast      = 4290
	codeTooMany      = 4291
	codeBroken       = 5000
	codeNotReady     = 5030
	codeNotStored    = 5031
	retryWhenStarted = 3 * time.Second
	retryWhenStored  = 5 * time.Second
)

// The numbers the socket closes with, beside those of package ws.
const (
	closeTicket    ws.Code = 3101
	closeFrames    ws.Code = 3201
	closeTooMany   ws.Code = 3202
	closeBadFrames ws.Code = 3301
)

// fail returns an error with the words for its code.
func fail(code int) *httpapi.Error { return &httpapi.Error{Code: code, Text: words(code)} }

// failAfter returns an error that goes away by waiting.
func failAfter(code int, wait time.Duration) *httpapi.Error {
	return &httpapi.Error{Code: code, Text: words(code), RetryAfter: wait}
}

// words is what people read.
func words(code int) string {
	switch code {
	case codeNotAFrame:
		return "消息格式不对"
	case codeUnknownKind:
		return "不认识这种消息"
	case codeWrongType:
		return "消息里有不认识的字段，或字段类型不对"
	case codeBadValue:
		return "消息缺少内容，或内容不合要求"
	case codeHello:
		return "连接后应先打一次招呼"
	case codeTooDeep:
		return "消息嵌套太深"
	case codeNotSignedIn:
		return "登录已失效，请刷新页面"
	case codeOrigin:
		return "不允许从这个网站访问"
	case codeNotFound:
		return "没有找到这个会话或消息"
	case codeMethod:
		return "不支持这种请求方式"
	case codeTooLate:
		return "已经评价过，或时间已过"
	case codeFrameSize:
		return "消息太大"
	case codeTextSize:
		return "内容太长，请缩短后再发"
	case codeFileSize:
		return fmt.Sprintf("文件不能超过 %d MB", bot.MaxFile>>20)
	case codeFileType:
		return "不支持发送这种文件"
	case codeTooFast:
		return "发送太快，请稍候再试"
	case codeTooMany:
		return "打开的窗口太多，请关闭一些再试"
	case codeNotReady:
		return "服务正在启动，请稍候"
	case codeNotStored:
		return "暂时无法保存，消息稍后会自动重发"
	default:
		return "系统出了点问题，请稍后再试"
	}
}

// codeOf returns the number for what is wrong with a field; size and type are
// those of a file.
func codeOf(field string) int {
	switch field {
	case "size":
		return codeFileSize
	case "type":
		return codeFileType
	}
	return codeBadValue
}

// errorOf returns what the client is told about an error of the engine, and
// whether the error is one that someone has to look into.
func errorOf(err error) (told *httpapi.Error, broken bool) {
	var (
		ours    *httpapi.Error
		invalid *bot.InvalidError
		late    *bot.LateError
	)
	switch {
	case errors.As(err, &ours):
		return ours, false
	case errors.As(err, &invalid):
		return &httpapi.Error{Code: codeOf(invalid.Field), Text: invalid.Reason}, false
	case errors.As(err, &late):
		return &httpapi.Error{Code: codeTooLate, Text: late.Reason}, false
	case errors.Is(err, bot.ErrNotFound):
		return fail(codeNotFound), false
	case errors.Is(err, bot.ErrUnavailable):
		return failAfter(codeNotStored, retryWhenStored), true
	case errors.Is(err, context.Canceled):
		return failAfter(codeNotReady, retryWhenStarted), false
	default:
		return fail(codeBroken), true
	}
}
