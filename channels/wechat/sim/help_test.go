package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/sim"
)

// patience is generous: the machine may be busy.
const patience = 30 * time.Second

const aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is a platform with one account, and us as its callback.
type bench struct {
	t       *testing.T
	ctx     context.Context
	clock   *clock
	account *sim.Account
	url     string // of the platform
	// answer is us.
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request, m envelope.Message)
	got    []envelope.Message
}

// newBench returns a bench with the settings; what they lack is filled in.
func newBench(t *testing.T, config sim.Config, change func(*sim.AccountConfig)) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, clock: &clock{at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}}
	config.Now = b.clock.now
	if config.Patience == 0 {
		config.Patience = patience
	}
	p := sim.New(config)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	us := httptest.NewServer(http.HandlerFunc(b.receive))
	t.Cleanup(us.Close)
	b.url = server.URL
	c := sim.AccountConfig{AppID: "wx01", Secret: "secret", Token: "token", AESKey: aesKey, Callback: us.URL + "/wechat/one?tenant=7", Base: server.URL}
	if change != nil {
		change(&c)
	}
	var err error
	if b.account, err = p.Add(c); err != nil {
		t.Fatal(err)
	}
	return b
}

// receive is our side of callbacks: it must be able to read whatever is sent.
func (b *bench) receive(w http.ResponseWriter, r *http.Request) {
	c := b.account.Config()
	keys := envelope.Keys{AppID: c.AppID, Token: c.Token, AESKey: c.AESKey}
	q := envelope.QueryOf(r.URL.Query())
	if err := keys.Check(q, b.clock.now(), time.Minute); err != nil || r.URL.Query().Get("tenant") != "7" {
		b.t.Errorf("callback to %s: %v", r.URL, err)
	}
	if r.Method == http.MethodGet {
		io.WriteString(w, q.Echo)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the platform has given up
	}
	raw, _, err := keys.Open(q, body)
	if err != nil {
		b.t.Errorf("open %s: %v", body, err)
	}
	m, err := envelope.Parse(raw)
	if err != nil || m.From != r.URL.Query().Get("openid") {
		b.t.Errorf("parse %s: %v", raw, err)
	}
	b.mu.Lock()
	b.got = append(b.got, m)
	answer := b.answer
	b.mu.Unlock()
	if answer == nil {
		io.WriteString(w, "success")
		return
	}
	answer(w, r, m)
}

// answers sets what we answer callbacks with.
func (b *bench) answers(f func(w http.ResponseWriter, r *http.Request, m envelope.Message)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// replies has us answer every callback with this XML or word.
func (b *bench) replies(make func(m envelope.Message) string) {
	b.answers(func(w http.ResponseWriter, _ *http.Request, m envelope.Message) { io.WriteString(w, make(m)) })
}

func (b *bench) received() []envelope.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]envelope.Message(nil), b.got...)
}

// follower is a user who follows the account already.
func (b *bench) follower(openID string) *sim.User { return b.account.Follower(openID) }

// done fails the test if an act could not be done.
func (b *bench) done(e sim.Exchange, err error) sim.Exchange {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// outcome is what the API answered.
type outcome struct {
	Code    int    `json:"errcode"`
	Text    string `json:"errmsg"`
	Token   string `json:"access_token"`
	Life    int    `json:"expires_in"`
	MediaID string `json:"media_id"`
	ThumbID string `json:"thumb_media_id"`
}

// request calls the API and returns what came, or the error of a broken connection.
func (b *bench) request(method, path, kind string, body []byte) (*http.Response, []byte, error) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.ctx, method, b.url+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response, answer, err
}

func (b *bench) call(method, path string, body any) outcome {
	b.t.Helper()
	text, ok := body.(string)
	if !ok {
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(body); err != nil {
			b.t.Fatal(err)
		}
		text = encoded.String()
	}
	_, answer, err := b.request(method, path, "application/json", []byte(text))
	if err != nil {
		b.t.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(answer, &o); err != nil {
		b.t.Fatalf("%s: %v in %s", path, err, answer)
	}
	return o
}

// stableToken asks for a stable token.
func (b *bench) stableToken(force bool) outcome {
	b.t.Helper()
	return b.call("POST", sim.StableTokenAPI, map[string]any{"grant_type": "client_credential", "appid": "wx01", "secret": "secret", "force_refresh": force})
}

func with(path, token string) string { return path + "?access_token=" + url.QueryEscape(token) }

// send sends a message with a good token.
func (b *bench) send(message any) int {
	b.t.Helper()
	return b.call("POST", with(sim.SendAPI, b.stableToken(false).Token), message).Code
}

func text(to, content string) any {
	return map[string]any{"touser": to, "msgtype": "text", "text": map[string]any{"content": content}}
}

func (b *bench) typing(to, command string) int {
	b.t.Helper()
	return b.call("POST", with(sim.TypingAPI, b.stableToken(false).Token), map[string]any{"touser": to, "command": command}).Code
}

// upload sends a file as a form.
func (b *bench) upload(kind, field string, content []byte) outcome {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "picture.png")
	if err != nil {
		b.t.Fatal(err)
	}
	part.Write(content)
	form.Close()
	_, answer, err := b.request("POST", with(sim.UploadAPI, b.stableToken(false).Token)+"&type="+kind, form.FormDataContentType(), body.Bytes())
	if err != nil {
		b.t.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(answer, &o); err != nil {
		b.t.Fatal(err)
	}
	return o
}

// png is what looks like a picture of so many bytes.
func png(size int) []byte {
	b := make([]byte, size)
	copy(b, "\x89PNG\r\n\x1a\n")
	return b
}

// lines are what is on a screen, in short.
func lines(shown []sim.Shown) (lines []string) {
	for _, s := range shown {
		lines = append(lines, fmt.Sprintf("%s %s %s", s.From, s.Kind, s.Text))
	}
	return lines
}

func repeat(text string, bytes int) string {
	return strings.Repeat(text, bytes/len(text)) + strings.Repeat("a", bytes%len(text))
}
