package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

const (
	maxFrame = 16 << 10
	maxDepth = 8
	maxID    = 64
	minID    = 8
)

// frame is what a client sends. Each kind of frame uses some of the fields.
type frame struct {
	T            string       `json:"t"`
	ID           string       `json:"id"`
	Kind         string       `json:"kind"`
	N            int64        `json:"n"`
	Conversation string       `json:"conversation"`
	After        int64        `json:"after"`
	Before       int64        `json:"before"`
	Seq          int64        `json:"seq"`
	Text         string       `json:"text"`
	Entry        string       `json:"entry"`
	Of           int64        `json:"of"`
	Yes          *bool        `json:"yes"`
	Stars        int          `json:"stars"`
	Tags         []string     `json:"tags"`
	Name         string       `json:"name"`
	Contact      string       `json:"contact"`
	File         string       `json:"file"`
	Profile      frameProfile `json:"profile"`

	Fields  map[string]string `json:"fields"`
	Consent string            `json:"consent"`
}

// frameProfile is what a page says of itself and of its visitor.
type frameProfile struct {
	Page     string `json:"page"`
	Title    string `json:"title"`
	Referrer string `json:"referrer"`
	Language string `json:"language"`
	Name     string `json:"name"`
}

// fieldsOf returns the fields that a kind of frame may have, or nothing if there
// is no such kind.
func fieldsOf(kind string) string {
	switch kind {
	case "hello":
		return "t conversation after profile"
	case "send":
		return "t id kind text entry of yes stars tags name contact conversation file fields consent"
	case "suggest":
		return "t n text"
	case "resume":
		return "t conversation after"
	case "history":
		return "t n conversation before"
	case "read":
		return "t seq conversation"
	case "typing", "ping":
		return "t"
	}
	return ""
}

// decodeFrame reads a frame of a client. With an error it returns what it could
// make out, so that the error can name the message.
func decodeFrame(data []byte) (frame, *httpapi.Error) {
	if len(data) > maxFrame {
		return frame{}, fail(codeFrameSize)
	}
	if depth(data) > maxDepth {
		return frame{}, fail(codeTooDeep)
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil || raw["t"] == nil {
		return frame{}, fail(codeNotAFrame)
	}
	var f frame
	if json.Unmarshal(raw["t"], &f.T) != nil {
		return frame{}, fail(codeWrongType)
	}
	allowed := strings.Fields(fieldsOf(f.T))
	if len(allowed) == 0 {
		return f, fail(codeUnknownKind)
	}
	f, told := fill(f, data, raw, allowed)
	if !validID(f.ID) {
		f.ID = ""
	}
	if told == nil {
		told = f.check()
	}
	return f, told
}

// fill reads the fields, if they are those allowed.
func fill(f frame, data []byte, raw map[string]json.RawMessage, allowed []string) (frame, *httpapi.Error) {
	_ = json.Unmarshal(raw["id"], &f.ID) // of the wrong type: told below
	for name := range raw {
		if !contains(allowed, name) {
			return f, fail(codeWrongType)
		}
	}
	full := f
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // those of the profile
	if decoder.Decode(&full) != nil {
		return f, fail(codeWrongType)
	}
	return full, nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// check says what is missing or impossible in a frame by itself; what makes no
// sense in the conversation, the engine says.
func (f *frame) check() *httpapi.Error {
	ok := f.After >= 0 && f.Before >= 0 && f.Seq >= 0 && f.Of >= 0 && len(f.Conversation) <= maxID
	switch f.T {
	case "send":
		kind := bot.MessageKind(f.Kind)
		needsFile := kind == bot.KindImage || kind == bot.KindFile
		ok = ok && f.ID != "" && sendable(kind) && needsFile == (f.File != "") && validFile(f.File)
	case "resume", "history":
		ok = ok && f.Conversation != ""
	case "read":
		ok = ok && f.Seq > 0
	}
	if !ok {
		return fail(codeBadValue)
	}
	return nil
}

// checkText says whether a text is too long.
func checkText(text string, limit int) *httpapi.Error {
	if utf8.RuneCountInString(text) > limit {
		return fail(codeTextSize)
	}
	return nil
}

// sendable reports whether visitors send messages of the kind.
func sendable(kind bot.MessageKind) bool {
	switch kind {
	case bot.KindText, bot.KindPick, bot.KindHandoff, bot.KindFeedback, bot.KindSolved, bot.KindLeave, bot.KindRating, bot.KindClose,
		bot.KindUnqueue, bot.KindImage, bot.KindFile, bot.KindForm:
		return true
	}
	return false
}

func validID(id string) bool {
	return len(id) >= minID && len(id) <= maxID && isWord(id)
}

// validFile reports whether it can be the id of a file.
func validFile(id string) bool { return len(id) <= maxID && isWord(id) }

// isWord reports whether s is of [A-Za-z0-9_-].
func isWord(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
		if !letter {
			return false
		}
	}
	return true
}

// depth returns how deep a JSON text is nested, without reading it otherwise: a
// decoder would follow it down first.
func depth(data []byte) int {
	deepest, now := 0, 0
	inText, escaped := false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inText:
			escaped, inText = c == '\\', c != '"'
		case c == '"':
			inText = true
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// decodeBody reads the JSON of a request. Fields it does not know are left out:
// pages of another version may send more.
func decodeBody(data []byte, into any) error {
	if depth(data) > maxDepth {
		return fail(codeTooDeep)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	err := json.Unmarshal(data, into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return fail(codeWrongType)
	}
	if err != nil {
		return fail(codeNotAFrame)
	}
	return nil
}
