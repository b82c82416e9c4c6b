package wechat

import (
	"testing"
	"time"
)

func TestGrant(t *testing.T) {
	at := time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)
	rich := Allowance{Left: 4, Of: 5, Until: at.Add(40 * time.Hour), Granted: byMessage}
	for _, tt := range []struct {
		name, action string
		was          Allowance
		after        time.Duration
		left         int
	}{
		{"nothing was granted", "", Allowance{}, 0, 0},
		{"a message", byMessage, Allowance{}, 0, 5},
		{"a message, at the last moment", byMessage, Allowance{}, 48*time.Hour - time.Millisecond, 5},
		{"a message, 48 hours later", byMessage, Allowance{}, 48 * time.Hour, 0},
		{"a message does not add up", byMessage, rich, 0, 5},
		{"a click", byClick, Allowance{}, 0, 3},
		{"a tap is a click", byTap, Allowance{}, 59 * time.Second, 3},
		{"a scan, a minute later", byScan, Allowance{}, time.Minute, 0},
		{"a subscription", bySubscribe, Allowance{}, 0, 3},
		{"a click after a message", byClick, rich, 0, 3},
		{"a click after a message, two minutes later", byClick, rich, 2 * time.Minute, 0},
		{"nothing after a message", "", rich, 2 * time.Minute, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := grant(tt.was, tt.action, at).At(at.Add(tt.after)); got.Left != tt.left {
				t.Errorf("%d are left, want %d: %+v", got.Left, tt.left, got)
			}
		})
	}
}

func TestSpend(t *testing.T) {
	at := time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)
	a := grant(Allowance{}, byMessage, at)
	for want := 4; want >= 0; want-- {
		if a = spend(a); a.Left != want {
			t.Fatalf("%d are left, want %d", a.Left, want)
		}
	}
	if a = spend(a); a.Left != 0 {
		t.Errorf("%d are left of nothing", a.Left)
	}
	if a = refund(a, a); a.Left != 1 {
		t.Errorf("%d are left after a refund", a.Left)
	}
	newer := grant(a, byMessage, at.Add(time.Hour))
	if got := refund(newer, a); got.Left != 5 {
		t.Errorf("a refund of an old allowance makes %d", got.Left)
	}
	if got := refund(newer, newer); got.Left != 5 {
		t.Errorf("a refund makes %d of 5", got.Left)
	}
}

func TestOverrule(t *testing.T) {
	at := time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)
	a := grant(Allowance{}, byMessage, at)
	for _, code := range []int{codeQuota, codeWindow} {
		if got := overrule(a, code, at.Add(time.Hour)); got.Left != 0 {
			t.Errorf("%d leaves %+v", code, got)
		}
	}
	if got := overrule(a, codeWindow, at.Add(time.Hour)); !got.Until.Equal(at.Add(time.Hour)) {
		t.Errorf("the window still ends at %v", got.Until)
	}
}
