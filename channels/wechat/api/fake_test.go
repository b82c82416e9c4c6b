package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"faqbot/channels/wechat/api"
)

const (
	appID    = "wx123"
	secret   = "SECRET+5f4dcc"
	follower = "o-follower"
	// tokenMark is in all tokens, to be searched for.
	tokenMark = "TOKEN-"
)

// clock is the time of a test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// store is what nodes share, and the log of failures.
type store struct {
	mu       sync.Mutex
	token    api.Token
	node     string
	leased   time.Time
	failures []api.Failure
	broken   error  // of Token, PutToken and AddFailure
	hurry    func() // is called once, when somebody wants the lease
}

func (s *store) Token(context.Context, string) (api.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, s.broken
}

func (s *store) Lease(ctx context.Context, _, node string, now, until time.Time) (bool, error) {
	if hurry := s.hurry; hurry != nil {
		s.hurry = nil
		hurry()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil || s.node != node && now.Before(s.leased) {
		return false, err
	}
	s.node, s.leased = node, until
	return true, nil
}

func (s *store) PutToken(_ context.Context, t api.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	t.Version = s.token.Version + 1
	s.token, s.node, s.leased = t, "", time.Time{}
	return nil
}

func (s *store) AddFailure(ctx context.Context, f api.Failure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.failures = append(s.failures, f)
	return s.broken
}

func (s *store) codes() (codes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.failures {
		codes = append(codes, f.Code)
	}
	return codes
}

// platform answers calls, and gives out stable tokens by the rules.
type platform struct {
	t      *testing.T
	clock  *clock
	server *httptest.Server
	// answer is what calls with a good token get; {"errcode":0} if nil.
	answer http.HandlerFunc
	// refuse is what requests for tokens get, if not nil.
	refuse http.HandlerFunc

	mu     sync.Mutex
	until  map[string]time.Time // of the tokens given out
	latest string
	stuck  bool     // gives the latest token, good or not, unless forced to
	asked  []bool   // requests for tokens: forced?
	calls  []string // with a good token: method, path, query without the token, body
	strays int      // calls with a bad token
}

func newPlatform(t *testing.T, c *clock) *platform {
	p := &platform{t: t, clock: c, until: map[string]time.Time{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

const overlap = 5 * time.Minute

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("read the request: %v", err)
	}
	if r.URL.Path == "/cgi-bin/stable_token" {
		p.giveToken(w, r, body)
		return
	}
	if code := p.take(r, body); code != 0 {
		say(w, code, "invalid credential, access_token is invalid or not latest: "+r.URL.Query().Get("access_token"))
		return
	}
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	say(w, 0, "ok")
}

func say(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": code, "errmsg": text})
}

// take notes a call, or returns why its token is not good.
func (p *platform) take(r *http.Request, body []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	until, ok := p.until[q.Get("access_token")]
	switch {
	case !ok:
		p.strays++
		return 40001
	case !p.clock.now().Before(until):
		p.strays++
		return 42001
	}
	q.Del("access_token")
	call := []string{r.Method, r.URL.Path, q.Encode(), strings.TrimSpace(string(body))}
	p.calls = append(p.calls, strings.Join(slices.DeleteFunc(call, func(s string) bool { return s == "" }), " "))
	return 0
}

func (p *platform) giveToken(w http.ResponseWriter, r *http.Request, body []byte) {
	var q struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	if err := json.Unmarshal(body, &q); err != nil || q.Grant != "client_credential" || q.AppID != appID || r.URL.RawQuery != "" {
		p.t.Errorf("token asked with %s %s", r.URL, body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, q.Force)
	switch {
	case p.refuse != nil:
		p.refuse(w, r)
		return
	case q.Secret != secret:
		say(w, 40125, "invalid appsecret "+q.Secret)
		return
	}
	now := p.clock.now()
	if old := p.until[p.latest]; q.Force || !p.stuck && old.Sub(now) <= overlap {
		if old.After(now.Add(overlap)) {
			p.until[p.latest] = now.Add(overlap)
		}
		p.latest = tokenMark + strconv.Itoa(len(p.asked))
		p.until[p.latest] = now.Add(2 * time.Hour)
	}
	life := cmp.Or(int(p.until[p.latest].Sub(now)/time.Second), 7200)
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": p.latest, "expires_in": max(life, 1)})
}

// void makes all tokens invalid.
func (p *platform) void() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.until)
}

func (p *platform) seen() (asked []bool, calls []string, strays int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked), slices.Clone(p.calls), p.strays
}

// world is a platform, a store and a log, for any number of clients.
type world struct {
	*platform
	*store
	logs *observer.ObservedLogs
	log  *zap.Logger
	errs []error // to be searched for secrets
}

func newWorld(t *testing.T) *world {
	core, logs := observer.New(zapcore.DebugLevel)
	w := &world{platform: newPlatform(t, newClock()), store: new(store), logs: logs, log: zap.New(core)}
	t.Cleanup(func() { w.searchSecrets(t) })
	return w
}

// client returns the client of a node.
func (w *world) client(node string, change ...func(*api.Config)) *api.Client {
	var n atomic.Int64
	c := api.Config{
		Account: "a1", AppID: appID, Secret: secret, Base: w.server.URL, HTTP: w.server.Client(),
		Tokens: w.store, Failures: w.store, Node: node, Now: w.clock.now, Log: w.log,
		NewID: func() string { return fmt.Sprintf("%s-%d", node, n.Add(1)) },
	}
	for _, f := range change {
		f(&c)
	}
	return api.New(c)
}

// searchSecrets looks into all errors, logs and failures of the test.
func (w *world) searchSecrets(t *testing.T) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	text := fmt.Sprint(w.errs, w.failures)
	for _, e := range w.logs.All() {
		text += fmt.Sprint(e.Message, e.ContextMap())
	}
	for _, s := range []string{secret, tokenMark} {
		if i := strings.Index(text, s); i >= 0 {
			t.Errorf("%q is in errors, logs or failures: …%s…", s, text[max(0, i-100):min(len(text), i+100)])
		}
	}
}

// note keeps an error for searchSecrets.
func (w *world) note(err error) error {
	w.errs = append(w.errs, err)
	return err
}
