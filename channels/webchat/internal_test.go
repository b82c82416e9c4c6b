package webchat

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"faqbot/channels/httpapi"
)

func TestSpent(t *testing.T) {
	s := spent{nonces: map[string]int64{}}
	now := time.UnixMilli(1_700_000_000_000)
	in := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	if !s.use(ticket{Nonce: "a", Expires: in(time.Minute)}, now) {
		t.Error("a fresh ticket is refused")
	}
	if s.use(ticket{Nonce: "a", Expires: in(time.Minute)}, now) {
		t.Error("a ticket opens twice")
	}
	if s.use(ticket{Nonce: "b", Expires: in(0)}, now) {
		t.Error("an expired ticket opens")
	}
	if s.use(ticket{Expires: in(time.Minute)}, now) {
		t.Error("a ticket without a number opens")
	}
	now = now.Add(2 * time.Minute)
	if !s.use(ticket{Nonce: "c", Expires: in(time.Minute)}, now) || len(s.nonces) != 1 {
		t.Errorf("%d are remembered, want the last only", len(s.nonces))
	}
}

func TestSignerPurpose(t *testing.T) {
	s, err := newSigner([][]byte{bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	signed := s.sign(purposeToken, identity{ID: "x"})
	var got identity
	if !s.verify(purposeToken, signed, &got) || got.ID != "x" {
		t.Errorf("verify = %+v", got)
	}
	if s.verify(purposeEntry, signed, &got) {
		t.Error("a signature holds for another purpose")
	}
	for i := range len(signed) {
		changed := []byte(signed)
		changed[i] ^= 1
		if s.verify(purposeToken, string(changed), &got) {
			t.Errorf("changed at %d it still holds", i)
		}
	}
	for _, keys := range [][][]byte{nil, {[]byte("short")}} {
		if _, err := newSigner(keys); err == nil {
			t.Errorf("keys %q are taken", keys)
		}
	}
}

func TestMeter(t *testing.T) {
	var m meter
	r := httpapi.Rate{PerSecond: 10, Burst: 5}
	now := time.UnixMilli(1_700_000_000_000)
	passed := 0
	for range 100 { // one second
		if m.take(r, now) {
			passed++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if passed < 4 || passed > 16 {
		t.Errorf("%d of 100 pass, want about 15", passed)
	}
	if now = now.Add(time.Hour); !m.take(r, now) {
		t.Error("after a rest it does not pass")
	}
}

// FuzzFrame checks that what comes from outside never breaks anything, and that
// what is taken keeps to the limits.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `null`, `{"t":"ping"}`, `{"t":"hello","conversation":"c","after":1,"profile":{"page":"p"}}`,
		`{"t":"send","id":"client-0001","kind":"text","text":"退款\u0000"}`, `{"t":"send","id":1}`, `{"t":"history","n":1e99}`,
		strings.Repeat(`[`, 20), `{"t":"\ud800"}`, `{"t":"send","id":"client-0001","kind":"rating","stars":5,"tags":["a"],"yes":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, told := decodeFrame(data)
		if told != nil {
			if told.Status() != 400 && told.Status() != 413 || told.Text == "" {
				t.Errorf("%q is told %v", data, told)
			}
			return
		}
		if fieldsOf(got.T) == "" || len(data) > maxFrame || depth(data) > maxDepth || got.ID != "" && !validID(got.ID) {
			t.Errorf("%q is taken as %+v", data, got)
		}
		if !json.Valid(data) {
			t.Errorf("%q is taken, and is not JSON", data)
		}
	})
}

// TestDepthIgnoresText checks that brackets in texts do not count.
func TestDepthIgnoresText(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int
	}{{``, 0}, {`{}`, 1}, {`{"a":[{}]}`, 3}, {`{"a":"[[[\"[[["}`, 1}, {`{"a":"\\","b":[]}`, 2}} {
		if got := depth([]byte(tt.in)); got != tt.want {
			t.Errorf("depth(%s) = %d, want %d", tt.in, got, tt.want)
		}
	}
}
