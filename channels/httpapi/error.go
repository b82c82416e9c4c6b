package httpapi

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Error is a failure in words for a person. Its first three digits are the
// status of HTTP.
type Error struct {
	Code       int
	Text       string
	RetryAfter time.Duration // zero if waiting does not help
}

func (e *Error) Error() string { return strconv.Itoa(e.Code) + " " + e.Text }

// Status returns the status of HTTP.
func (e *Error) Status() int { return e.Code / 10 }

// Seconds returns RetryAfter in seconds, rounded up to tenths.
func (e *Error) Seconds() float64 {
	return math.Ceil(float64(e.RetryAfter)/float64(100*time.Millisecond)) / 10
}

// WriteError answers with {"error":{"code":…,"text":…}}.
func WriteError(w http.ResponseWriter, e *Error) {
	type body struct {
		Code       int     `json:"code"`
		Text       string  `json:"text"`
		RetryAfter float64 `json:"retry_after,omitempty"`
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	WriteJSON(w, e.Status(), map[string]body{"error": {e.Code, e.Text, e.Seconds()}})
}

// WriteJSON answers with a value that can be marshalled, and that no one may
// keep.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone
}
