package sim

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Kind is what the platform lets an account do.
type Kind string

// The kinds of official accounts. Only a Service account may send menus to tap.
const (
	Subscription Kind = "subscription" // 订阅号
	Service      Kind = "service"      // 服务号
	Sandbox      Kind = "sandbox"      // 测试号
)

// Mode says how callbacks are written.
type Mode string

// The modes of callbacks.
const (
	Plain      Mode = "plain"      // 明文
	Compatible Mode = "compatible" // 兼容: both
	Safe       Mode = "safe"       // 安全: sealed only
)

// AccountConfig is what is set up for an account on the platform.
type AccountConfig struct {
	AppID  string
	Secret string
	Token  string // signs callbacks
	AESKey string // 43 characters; not needed in plain mode
	Mode   Mode   // Plain if empty
	Kind   Kind   // Service if empty
	// Callback is our address (服务器地址). Without one nobody can write.
	Callback string
	// Original is the account's name in callbacks (原始 ID); made from AppID if empty.
	Original string
	Name     string // as users see it
	// Base is the address under which the platform is reached: addresses of pictures
	// that users send begin with it.
	Base string
	// NoSends takes the right to 客服消息 away.
	NoSends bool
}

func (c AccountConfig) withDefaults() AccountConfig {
	if c.Mode == "" {
		c.Mode = Plain
	}
	if c.Kind == "" {
		c.Kind = Service
	}
	if c.Original == "" {
		c.Original = "gh_" + strings.TrimPrefix(c.AppID, "wx")
	}
	if c.Name == "" {
		c.Name = "公众号"
	}
	return c
}

func (c AccountConfig) check() error {
	switch {
	case c.AppID == "" || c.Secret == "" || c.Token == "":
		return errors.New("it needs AppID, Secret and Token")
	case !slices.Contains([]Mode{Plain, Compatible, Safe}, c.Mode):
		return fmt.Errorf("unknown mode %q", c.Mode)
	case !slices.Contains([]Kind{Subscription, Service, Sandbox}, c.Kind):
		return fmt.Errorf("unknown kind %q", c.Kind)
	}
	if key, err := base64.StdEncoding.DecodeString(c.AESKey + "="); c.Mode != Plain && (err != nil || len(key) != 32) {
		return errors.New("the AESKey must be 43 characters of base64")
	}
	if u, err := url.Parse(c.Callback); err != nil || c.Callback != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("the Callback must be an address of HTTP")
	}
	return nil
}

// sealed tells whether callbacks carry a sealed form.
func (c AccountConfig) sealed() bool { return c.Mode != Plain }

// Account is an official account on the platform.
type Account struct {
	platform *Platform

	// Guarded by platform.mu:
	config    AccountConfig
	users     map[string]*User
	stable    issuer // of stable_token
	basic     issuer // of token
	faults    map[string][]fault
	media     map[string]*medium
	menu      []Button
	calls     []Call
	exchanges []*Exchange
}

// Config returns the settings in force.
func (a *Account) Config() AccountConfig {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.config
}

// Configure changes settings, which are in force at once. The AppID stays.
func (a *Account) Configure(change func(*AccountConfig)) error {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	c := a.config
	change(&c)
	c = c.withDefaults()
	c.AppID = a.config.AppID
	if err := c.check(); err != nil {
		return fmt.Errorf("configure the account %q: %w", c.AppID, err)
	}
	a.config = c
	a.platform.touch()
	return nil
}

// User returns the user with the openid. A new one does not follow the account.
func (a *Account) User(openID string) *User {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	u := a.users[openID]
	if u == nil {
		u = &User{account: a, openID: openID}
		a.users[openID] = u
	}
	return u
}

// Now is what the platform's clock says.
func (a *Account) Now() time.Time { return a.platform.now() }

// Changed returns a channel that is closed at the next change of anything.
func (a *Account) Changed() <-chan struct{} {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.platform.changed
}

// Users returns all users, by openid.
func (a *Account) Users() []*User {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return slices.SortedFunc(maps.Values(a.users), func(x, y *User) int { return strings.Compare(x.openID, y.openID) })
}

// Follower returns the user, who follows the account without having told us so:
// they did before there was a callback.
func (a *Account) Follower(openID string) *User {
	u := a.User(openID)
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	u.following = true
	return u
}

// Call is a call of the API.
type Call struct {
	At     time.Time `json:"at"`
	API    string    `json:"api"`
	OpenID string    `json:"openid,omitempty"` // whom it is about
	// Request is the body, or a line about what was uploaded. Secrets are left out.
	Request string `json:"request,omitempty"`
	Code    int    `json:"code"`
	Text    string `json:"text"`
	// Dropped says that the caller did not hear the outcome.
	Dropped bool `json:"dropped,omitempty"`
}

// Calls returns the calls of an API, or all if it is empty, in order.
func (a *Account) Calls(api string) []Call {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.callsOf(api)
}

func (a *Account) callsOf(api string) (calls []Call) {
	for _, c := range a.calls {
		if api == "" || c.API == api {
			calls = append(calls, c)
		}
	}
	return calls
}

// AwaitCalls waits until an API was called n times, whatever came of it.
func (a *Account) AwaitCalls(ctx context.Context, api string, n int) (calls []Call, err error) {
	err = a.platform.wait(ctx, func() bool {
		calls = a.callsOf(api)
		return len(calls) >= n
	})
	if err != nil {
		return calls, fmt.Errorf("wait for %d calls of %s, there are %d: %w", n, api, len(calls), err)
	}
	return calls, nil
}

// wait returns when the condition holds, which is called with mu held.
func (p *Platform) wait(ctx context.Context, condition func() bool) error {
	for {
		p.mu.Lock()
		done, changed := condition(), p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Exchanges returns the callbacks that were sent, in order, with how far they are.
func (a *Account) Exchanges() []Exchange {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	all := make([]Exchange, len(a.exchanges))
	for i, e := range a.exchanges {
		all[i] = e.copy()
	}
	return all
}

// fault is what goes wrong with a call.
type fault struct {
	code  int
	drop  bool
	stall *stall
}

// stall is where a call is held.
type stall struct {
	reached chan struct{}
	release <-chan struct{}
}

// Inject answers the next calls of an API with an error code, before anything else
// is looked at.
func (a *Account) Inject(api string, code, times int) { a.addFault(api, fault{code: code}, times) }

// Drop breaks the connection of the next calls of an API after they were dealt with:
// a message is delivered, and the sender does not hear about it.
func (a *Account) Drop(api string, times int) { a.addFault(api, fault{drop: true}, times) }

// Stall holds the next call of an API until release is closed; reached is closed when
// there is one. A caller who leaves before has achieved nothing.
func (a *Account) Stall(api string, release <-chan struct{}) (reached <-chan struct{}) {
	s := &stall{reached: make(chan struct{}), release: release}
	a.addFault(api, fault{stall: s}, 1)
	return s.reached
}

func (a *Account) addFault(api string, f fault, times int) {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	for range times {
		a.faults[api] = append(a.faults[api], f)
	}
}

// nextFault takes the fault of the next call. The caller holds mu.
func (a *Account) nextFault(api string) fault {
	queue := a.faults[api]
	if len(queue) == 0 {
		return fault{}
	}
	a.faults[api] = queue[1:]
	return queue[0]
}
