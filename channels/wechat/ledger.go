package wechat

import "time"

// What a follower may do that lets us write to them (Allowance.Granted).
const (
	byMessage   = "message"
	byTap       = "tap"
	byClick     = "click"
	byScan      = "scan"
	bySubscribe = "subscribe"
)

// What the platform grants.
const (
	messageQuota  = 5
	messageWindow = 48 * time.Hour
	clickQuota    = 3
	clickWindow   = time.Minute
)

// Codes by which the platform says that its count is another.
const (
	codeWindow = 45015 // the time is over, or they unsubscribed
	codeQuota  = 45047 // all were used
)

// At returns the allowance as it stands at a moment: once the time is over nothing
// is left.
func (a Allowance) At(now time.Time) Allowance {
	if !now.Before(a.Until) {
		a.Left = 0
	}
	return a
}

// grant returns the allowance after the follower did something. What was left of
// the one before is gone, even if that was more or for longer: the platform says
// that nothing adds up, so that to believe in both would promise messages that it
// refuses. A tap on a menu counts as a click, which is the less of what is said
// about it.
func grant(a Allowance, action string, at time.Time) Allowance {
	switch action {
	case "":
		return a
	case byMessage:
		return Allowance{Left: messageQuota, Of: messageQuota, Until: at.Add(messageWindow), Granted: action}
	}
	return Allowance{Left: clickQuota, Of: clickQuota, Until: at.Add(clickWindow), Granted: action}
}

// spend takes one message off the allowance.
func spend(a Allowance) Allowance {
	a.Left = max(a.Left-1, 0)
	return a
}

// refund gives one back that was spent on a message the platform did not take, if
// the allowance is still the one that it was taken off.
func refund(a, spent Allowance) Allowance {
	if a.Until.Equal(spent.Until) && a.Granted == spent.Granted {
		a.Left = min(a.Left+1, a.Of)
	}
	return a
}

// overrule takes the platform's word for it that nothing is left.
func overrule(a Allowance, code int, now time.Time) Allowance {
	a.Left = 0
	if code == codeWindow && now.Before(a.Until) {
		a.Until = now
	}
	return a
}
