package api

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"faqbot/bot"
)

var (
	// ErrUnknown says that a message was sent and no answer came back: it may have
	// arrived. The platform would show it twice if it were sent again.
	ErrUnknown = errors.New("no answer: it may have arrived")
	// ErrTooLarge says that a file is over its limit, MaxImage or MaxDownload.
	ErrTooLarge = errors.New("the file is too large")
)

// Error is what the platform answered, or that it cannot be reached. Nothing was
// done.
type Error struct {
	API  string // as in the address, message/custom/send for example
	Code int    // errcode; 0: it cannot be reached
	Text string // errmsg, or what went wrong
}

// Error returns the code and the platform's text.
func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("wechat %s: %s", e.API, e.Text)
	}
	return fmt.Sprintf("wechat %s: %d %s", e.API, e.Code, e.Text)
}

// Class says what is to be done about an error.
type Class string

// The classes.
const (
	Refresh Class = "refresh" // the token was refused, twice: it may work later
	Wait    Class = "wait"    // it may work later
	Quota   Class = "quota"   // nothing more may be sent to this follower
	Never   Class = "never"   // it will not work, whenever
	Alarm   Class = "alarm"   // the administrator has to do something
)

// Class returns the class of the code. One that nobody knows is Never.
func (e *Error) Class() Class {
	class := classOf(e.Code)
	if class == Refresh && e.API == apiToken {
		return Alarm // it is AppID and secret that were refused
	}
	return class
}

func classOf(code int) Class {
	switch code {
	case 40001, 40014, 42001:
		return Refresh
	case 0, -1, // unreachable, busy
		45009, 45011: // too many calls: today, this minute
		return Wait
	case 45015, 45047: // the time is over, too many messages
		return Quota
	case 40013, 40125, 40243, // AppID, secret, frozen secret
		40164, 61004, // our address is not on the white list
		89501, 89503, 89506, 89507: // the administrator has to confirm our address
		return Alarm
	default:
		return Never
	}
}

// maxText is how long a text of the platform may be, in bytes.
const maxText = 500

// tidy makes text of the outside safe to store and show, without the secrets.
func tidy(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
			text = strings.ReplaceAll(text, url.QueryEscape(s), "***")
		}
	}
	text = bot.CleanText(text)
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// cause returns the error without the address that was called, which holds the
// token.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
