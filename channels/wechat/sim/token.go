package sim

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"time"
)

// What is known about tokens.
const (
	tokenLife    = 2 * time.Hour
	tokenOverlap = 5 * time.Minute // the old one lives on; and a stable one is renewed that early
	tokenLength  = 512             // callers were told to have room for it
	tokenPrefix  = "9"

	basicPerDay     = 2000
	stablePerMinute = 10_000
	stablePerDay    = 500_000
	forcedPerDay    = 20
	forcedEvery     = 30 * time.Second
)

// credential is a token that was given out.
type credential struct {
	account *Account
	value   string
	until   time.Time
	void    bool // replaced, and the time beside the new one is over; or voided by hand
}

// issuer gives out the tokens of one kind.
type issuer struct {
	current *credential
	minute  counter
	day     counter
	forced  counter // of the day
	forceAt time.Time
	issued  int
}

// counter counts within a period.
type counter struct {
	period int64
	n      int
}

// add counts one more, and reports whether that is too many.
func (c *counter) add(period int64, limit int) (exceeded bool) {
	if c.period != period {
		*c = counter{period: period}
	}
	c.n++
	return c.n > limit
}

// dayOf numbers the days of Beijing, at whose midnight daily limits end.
func dayOf(t time.Time) int64 { return (t.Unix() + 8*3600) / 86400 }

// Issued returns how many tokens were given out, of both kinds; the same one given
// again does not count.
func (a *Account) Issued() int {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.stable.issued + a.basic.issued
}

// VoidTokens makes all tokens of the account invalid, as when its secret is reset.
func (a *Account) VoidTokens() {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	for _, c := range a.platform.tokens {
		if c.account == a {
			c.void = true
		}
	}
}

// issue gives out a new token; the one before lives on for some minutes.
func (a *Account) issue(i *issuer, now time.Time) *credential {
	if old := i.current; old != nil && old.until.After(now.Add(tokenOverlap)) {
		old.until = now.Add(tokenOverlap)
	}
	value := tokenPrefix
	for len(value) < tokenLength {
		value += rand.Text()
	}
	c := &credential{account: a, value: value[:tokenLength], until: now.Add(tokenLife)}
	a.platform.tokens[c.value] = c
	i.current = c
	i.issued++
	return c
}

func granted(c *credential, now time.Time) reply {
	return reply{"access_token": c.value, "expires_in": int(c.until.Sub(now) / time.Second)}
}

// application finds the account that asks for a token.
func (p *Platform) application(grant, appID, secret string) (*Account, int) {
	a := p.accounts[appID]
	switch {
	case appID == "":
		return nil, codeNoAppID
	case a == nil:
		return nil, codeAppID
	case grant != "client_credential":
		return a, codeGrant
	case secret == "":
		return a, codeNoSecret
	case secret != a.config.Secret:
		return a, codeSecret
	}
	return a, 0
}

// identifyBasic reads who calls /cgi-bin/token.
func (p *Platform) identifyBasic(q *request) (*Account, int) {
	return p.application(q.query.Get("grant_type"), q.query.Get("appid"), q.query.Get("secret"))
}

// basicToken gives out a new token with each call.
func (a *Account) basicToken(_ *request, now time.Time) (reply, int) {
	if a.basic.day.add(dayOf(now), basicPerDay) {
		return nil, codeDayLimit
	}
	return granted(a.issue(&a.basic, now), now), 0
}

// stableRequest is the body of a request for a stable token.
type stableRequest struct {
	GrantType    string `json:"grant_type"`
	AppID        string `json:"appid"`
	Secret       string `json:"secret"`
	ForceRefresh bool   `json:"force_refresh"`
}

// identifyStable reads who calls /cgi-bin/stable_token.
func (p *Platform) identifyStable(q *request) (*Account, int) {
	var s stableRequest
	if err := json.Unmarshal(q.body, &s); err != nil {
		return nil, codeJSON
	}
	q.force = s.ForceRefresh
	q.note = `{"force_refresh":false}`
	if s.ForceRefresh {
		q.note = `{"force_refresh":true}`
	}
	return p.application(s.GrantType, s.AppID, s.Secret)
}

// stableToken gives the same token as long as it is good for some minutes more.
func (a *Account) stableToken(q *request, now time.Time) (reply, int) {
	s := &a.stable
	if s.minute.add(now.Unix()/60, stablePerMinute) {
		return nil, codeMinuteLimit
	}
	if s.day.add(dayOf(now), stablePerDay) {
		return nil, codeDayLimit
	}
	if q.force {
		return a.forceToken(now)
	}
	if c := s.current; c != nil && !c.void && c.until.Sub(now) > tokenOverlap {
		return granted(c, now), 0
	}
	return granted(a.issue(s, now), now), 0
}

// forceToken gives a new token at once, which may be asked for rarely.
func (a *Account) forceToken(now time.Time) (reply, int) {
	s := &a.stable
	if !s.forceAt.IsZero() && now.Sub(s.forceAt) < forcedEvery {
		return nil, codeMinuteLimit
	}
	if s.forced.add(dayOf(now), forcedPerDay) {
		return nil, codeDayLimit
	}
	s.forceAt = now
	return granted(a.issue(s, now), now), 0
}

// identifyToken finds the account whose token was sent. The account is known even if
// the token is no longer good.
func (p *Platform) identifyToken(q *request) (*Account, int) {
	c, code := p.credential(q.query, p.now())
	if c == nil {
		return nil, code
	}
	return c.account, code
}

func (p *Platform) credential(query url.Values, now time.Time) (*credential, int) {
	value := query.Get("access_token")
	c := p.tokens[value]
	switch {
	case value == "":
		return nil, codeNoToken
	case c == nil && len(value) == tokenLength:
		return nil, codeToken
	case c == nil:
		return nil, codeBadToken
	case c.void:
		return c, codeToken
	case !now.Before(c.until):
		return c, c.ended()
	}
	return c, 0
}

// ended is the code for a token whose time is over: it ran out, or it was replaced.
func (c *credential) ended() int {
	if c == c.account.stable.current || c == c.account.basic.current {
		return codeExpired
	}
	return codeToken
}
