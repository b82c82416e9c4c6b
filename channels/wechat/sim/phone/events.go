package phone

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"faqbot/channels/wechat/sim"
)

// view is what the page shows. Lists hold what is new since the view before, from
// the place that From says; callbacks that go on are sent again.
type view struct {
	Account   accountView  `json:"account"`
	User      userView     `json:"user"`
	Users     []string     `json:"users"`
	Shown     []sim.Shown  `json:"shown"`
	Calls     []sim.Call   `json:"calls"`
	Exchanges []exchange   `json:"exchanges"`
	From      viewPosition `json:"from"`
	Now       time.Time    `json:"now"`
}

type accountView struct {
	Name     string       `json:"name"`
	AppID    string       `json:"appid"`
	Secret   string       `json:"secret"`
	Token    string       `json:"token"`
	AESKey   string       `json:"aeskey"`
	Original string       `json:"original"`
	Mode     sim.Mode     `json:"mode"`
	Kind     sim.Kind     `json:"kind"`
	Callback string       `json:"callback"`
	Base     string       `json:"base"`
	Menu     []sim.Button `json:"menu"`
}

type userView struct {
	OpenID    string    `json:"openid"`
	Following bool      `json:"following"`
	Typing    bool      `json:"typing"`
	Quota     sim.Quota `json:"quota"`
}

// exchange is a callback as developers read it.
type exchange struct {
	At       time.Time `json:"at"`
	Raw      string    `json:"raw"`
	Reply    string    `json:"reply"`
	Fault    string    `json:"fault"`
	Over     bool      `json:"over"`
	Attempts []attempt `json:"attempts"`
}

type attempt struct {
	URL     string `json:"url"`
	Body    string `json:"body"`
	Status  int    `json:"status"`
	Answer  string `json:"answer"`
	Failure string `json:"failure"`
	Millis  int64  `json:"ms"`
}

// viewPosition says how much a page has seen.
type viewPosition struct {
	Shown     int `json:"shown"`
	Calls     int `json:"calls"`
	Exchanges int `json:"exchanges"`
}

// events tells the page what happens, beginning with all that did.
func (p *Phone) events(w http.ResponseWriter, r *http.Request) {
	u := p.user(r)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	var seen viewPosition
	for {
		changed := p.account.Changed() // before it is looked at, so that nothing is missed
		var v view
		v, seen = p.view(u, seen)
		text, err := json.Marshal(v)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-ping.C:
		}
	}
}

// view returns what is new, and how much the page has seen then.
func (p *Phone) view(u *sim.User, seen viewPosition) (view, viewPosition) {
	c := p.account.Config()
	shown, calls, exchanges := u.Shown(), p.account.Calls(""), p.account.Exchanges()
	v := view{
		Account: accountView{
			Name: c.Name, AppID: c.AppID, Secret: c.Secret, Token: c.Token, AESKey: c.AESKey, Original: c.Original,
			Mode: c.Mode, Kind: c.Kind, Callback: c.Callback, Base: c.Base, Menu: p.account.Menu(),
		},
		User:  userView{OpenID: u.OpenID(), Following: u.Following(), Typing: u.Typing(), Quota: u.Quota()},
		Shown: shown[seen.Shown:],
		From:  seen,
		Now:   p.account.Now(),
	}
	for _, other := range p.account.Users() {
		v.Users = append(v.Users, other.OpenID())
	}
	mine := callsOf(calls, u.OpenID())
	v.Calls = mine[seen.Calls:]
	all := exchangesOf(exchanges, u.OpenID())
	for _, e := range all[seen.Exchanges:] {
		v.Exchanges = append(v.Exchanges, readable(e))
	}
	return v, viewPosition{Shown: len(shown), Calls: len(mine), Exchanges: firstOpen(all)}
}

// callsOf returns the calls about a user and those about nobody.
func callsOf(all []sim.Call, openID string) (calls []sim.Call) {
	for _, c := range all {
		if c.OpenID == "" || c.OpenID == openID {
			calls = append(calls, c)
		}
	}
	return calls
}

func exchangesOf(all []sim.Exchange, openID string) (exchanges []sim.Exchange) {
	for _, e := range all {
		if e.OpenID == openID {
			exchanges = append(exchanges, e)
		}
	}
	return exchanges
}

// firstOpen returns up to where all callbacks are over.
func firstOpen(all []sim.Exchange) int {
	for i, e := range all {
		if !e.Over {
			return i
		}
	}
	return len(all)
}

func readable(e sim.Exchange) exchange {
	x := exchange{At: e.At, Raw: string(e.Raw), Reply: string(e.Reply), Fault: e.Fault, Over: e.Over, Attempts: []attempt{}}
	for _, a := range e.Attempts {
		x.Attempts = append(x.Attempts, attempt{
			URL: a.URL, Body: string(a.Body), Status: a.Status, Answer: string(a.Answer), Failure: a.Failure, Millis: a.Took.Milliseconds(),
		})
	}
	return x
}
