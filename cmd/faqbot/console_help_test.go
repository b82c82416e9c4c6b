package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"testing"

	"faqbot/bot"
)

// clerk is somebody of the staff, at the API of the console.
type clerk struct {
	t       testing.TB
	url     string
	browser *http.Client
	id      string
	name    string
	csrf    string // the token of the session
}

const (
	adminName     = "admin"
	clerkPassword = "Chuangkou-8-hao"
)

// hired is an account as the API shows it.
type hired struct {
	Account struct {
		ID string `json:"id"`
	} `json:"account"`
	Password string `json:"password"`
}

// firstAdmin sets up the first account by the link that the program printed.
func (s *served) firstAdmin() *clerk {
	s.t.Helper()
	return firstAdmin(s.t, s.url, s.out.String())
}

func firstAdmin(t testing.TB, url, printed string) *clerk {
	t.Helper()
	link := regexp.MustCompile(`setup#token=(\S+)`).FindStringSubmatch(printed)
	if link == nil {
		t.Fatalf("no link for the first account:\n%s", printed)
	}
	c := newClerk(t, url, adminName)
	c.do(http.MethodPost, "/setup", map[string]string{"token": link[1], "name": adminName, "nick": "老板", "password": clerkPassword}, nil)
	c.signIn(clerkPassword)
	return c
}

func newClerk(t testing.TB, url, name string) *clerk {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &clerk{t: t, url: url, browser: &http.Client{Jar: jar}, name: name}
}

// at goes to a server that was started again.
func (c *clerk) at(s *served) *clerk {
	c.url = s.url
	return c
}

func (c *clerk) signIn(password string) {
	c.t.Helper()
	var me struct {
		hired
		CSRF string `json:"csrf"`
	}
	c.do(http.MethodPost, "/session", map[string]string{"name": c.name, "password": password}, &me)
	c.id, c.csrf = me.Account.ID, me.CSRF
}

// hire makes an account and signs it in.
func (c *clerk) hire(name, nick string, roles ...string) *clerk {
	c.t.Helper()
	var made hired
	c.do(http.MethodPost, "/staff", map[string]any{"name": name, "nick": nick, "roles": roles, "extra": []string{}}, &made)
	other := newClerk(c.t, c.url, name)
	other.signIn(made.Password)
	other.do(http.MethodPost, "/me/password", map[string]string{"old": made.Password, "new": clerkPassword}, nil)
	return other
}

// online takes the seat of an agent.
func (c *clerk) online() *clerk {
	c.t.Helper()
	c.do(http.MethodGet, "/desk", nil, nil)
	c.do(http.MethodPut, "/desk/presence", map[string]string{"presence": "online"}, nil)
	return c
}

// do asks the API for something that must succeed.
func (c *clerk) do(method, path string, body, into any) {
	c.t.Helper()
	if status, text := c.try(method, path, body, into); status >= 300 {
		c.t.Fatalf("%s %s by %s: %d %s", method, path, c.name, status, text)
	}
}

// try asks the API for something.
func (c *clerk) try(method, path string, body, into any) (status int, text string) {
	c.t.Helper()
	status, text, err := c.call(method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if into != nil && status < 300 {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return status, text
}

// call is try where no answer may come, and for any goroutine.
func (c *clerk) call(method, path string, body any) (status int, text string, err error) {
	var sent io.Reader = http.NoBody
	if method != http.MethodGet {
		data, err := json.Marshal(body)
		if err != nil {
			return 0, "", err
		}
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/console/api"+path, sent)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-CSRF-Token", c.csrf)
	reply, err := c.browser.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	return reply.StatusCode, string(data), err
}

// listed is a conversation as the lists show it.
type listed struct {
	ID        string    `json:"id"`
	Phase     bot.Phase `json:"phase"`
	State     bot.State `json:"state"`
	Owner     string    `json:"owner"`
	OfferedTo string    `json:"offered_to"`
	Seq       int64     `json:"seq"`
}

// list returns one of the lists of the desk.
func (c *clerk) list(scope string) []listed {
	c.t.Helper()
	var found struct{ Items []listed }
	c.do(http.MethodGet, "/desk/conversations?scope="+scope, nil, &found)
	return found.Items
}

// say sends a line to the visitor.
func (c *clerk) say(conversation, text string) {
	c.t.Helper()
	c.do(http.MethodPost, "/desk/conversations/"+conversation+"/lines", map[string]string{"id": "clerk-" + knowledgeID(), "kind": "text", "text": text}, nil)
}
