// Package phone is a page that looks like a phone with an official account on it. A
// person without an account plays its users there, against the simulated platform.
//
//	GET  /                  the page; ?user= says whose phone it is
//	GET  /assets/…          its files
//	GET  /events?user=      what happens, as server-sent events: a view in each
//	POST /act?user=         an act in JSON; the reply says whether it could be done
//	POST /picture?user=     a picture to send, as the body
//	GET  /media/{id}        a picture that was uploaded or sent
//	POST /account           the address and the mode of callbacks; the address is verified
package phone

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"faqbot/channels/httpapi"
	"faqbot/channels/wechat/sim"
)

//go:embed page
var files embed.FS

const (
	maxAct     = 64 << 10
	maxPicture = 10 << 20
	// pingEvery keeps a connection alive on which nothing happens.
	pingEvery = 15 * time.Second
)

// Phone serves the page of one account.
type Phone struct {
	account *sim.Account
	files   fs.FS
}

// New returns the handler of the page and of what it calls.
func New(account *sim.Account) http.Handler {
	page, _ := fs.Sub(files, "page") // it is there
	p := &Phone{account: account, files: page}
	mux := http.NewServeMux()
	secure := func(pattern string, policy httpapi.Policy, h http.HandlerFunc) {
		mux.Handle(pattern, httpapi.Secure(policy, nil, h))
	}
	secure("GET /{$}", httpapi.PagePolicy(), p.page)
	secure("GET /assets/{name}", httpapi.AssetPolicy(), p.asset)
	secure("GET /media/{id}", httpapi.DataPolicy(), p.media)
	secure("GET /events", httpapi.DataPolicy(), p.events)
	secure("POST /act", httpapi.DataPolicy(), p.act)
	secure("POST /picture", httpapi.DataPolicy(), p.picture)
	secure("POST /account", httpapi.DataPolicy(), p.configure)
	return mux
}

func (p *Phone) page(w http.ResponseWriter, r *http.Request) { p.file(w, r, "index.html") }

func (p *Phone) asset(w http.ResponseWriter, r *http.Request) { p.file(w, r, r.PathValue("name")) }

func (p *Phone) file(w http.ResponseWriter, r *http.Request, name string) {
	content, err := fs.ReadFile(p.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kindOf(name))
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// kindOf does not ask the operating system, whose tables differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "image/svg+xml"
}

// media serves pictures only: what else was uploaded is not shown.
func (p *Phone) media(w http.ResponseWriter, r *http.Request) {
	content, ok := p.account.Media(r.PathValue("id"))
	kind := mimetype.Detect(content).String()
	if !ok || !strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "image/svg") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content) // the browser may be gone
}

// defaultUser is whose phone it is if the address does not say.
const defaultUser = "o-visitor-1"

func (p *Phone) user(r *http.Request) *sim.User {
	id := r.URL.Query().Get("user")
	if id == "" || len(id) > 64 {
		id = defaultUser
	}
	return p.account.User(id)
}

// wish is an act that the page asks for.
type wish struct {
	Act   string  `json:"act"`
	Text  string  `json:"text"`
	ID    string  `json:"id"`    // of an item
	Key   string  `json:"key"`   // of a button, a scene
	URL   string  `json:"url"`   // of a button or a link
	Title string  `json:"title"` // of a link
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	API   string  `json:"api"` // that is to fail
	Code  int     `json:"code"`
}

// act does what the page asks for. It takes as long as the account takes to answer,
// and goes on if the page is closed.
func (p *Phone) act(w http.ResponseWriter, r *http.Request) {
	var asked wish
	if !readJSON(w, r, &asked) {
		return
	}
	ctx := context.WithoutCancel(r.Context())
	answer(w, p.do(ctx, p.user(r), asked))
}

func (p *Phone) do(ctx context.Context, u *sim.User, w wish) error {
	var err error
	switch w.Act {
	case "say":
		_, err = u.Say(ctx, w.Text)
	case "again":
		_, err = u.SayAgain(ctx)
	case "tap":
		_, err = u.TapItem(ctx, sim.Item{ID: w.ID, Label: w.Text})
	case "voice":
		_, err = u.SendVoice(ctx, w.Text)
	case "location":
		_, err = u.SendLocation(ctx, w.X, w.Y, w.Text)
	case "link":
		_, err = u.SendLink(ctx, w.Title, w.Text, w.URL)
	case "unknown":
		_, err = u.Unknown(ctx, w.Key)
	case "follow":
		_, err = u.Follow(ctx, w.Key)
	case "unfollow":
		_, err = u.Unfollow(ctx)
	case "scan":
		_, err = u.Scan(ctx, w.Key)
	case "click":
		_, err = u.Click(ctx, w.Key)
	case "view":
		_, err = u.View(ctx, w.URL)
	case "inject":
		p.account.Inject(w.API, w.Code, 1)
	default:
		err = fmt.Errorf("unknown act %q", w.Act)
	}
	return err
}

// picture sends a picture.
func (p *Phone) picture(w http.ResponseWriter, r *http.Request) {
	content, err := httpapi.ReadBody(w, r, maxPicture)
	if err == nil && !strings.HasPrefix(mimetype.Detect(content).String(), "image/") {
		err = errors.New("not a picture")
	}
	// A form of another site cannot send this type.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && !strings.HasPrefix(kind, "image/") {
		err = errors.New("not sent as a picture")
	}
	if err != nil {
		httpapi.WriteError(w, &httpapi.Error{Code: 4000, Text: "请选择一张 10 MB 以内的图片"})
		return
	}
	_, err = p.user(r).SendImage(context.WithoutCancel(r.Context()), content)
	answer(w, err)
}

// configure sets the address and the mode, once the address was verified; a wrong
// one is not taken over.
func (p *Phone) configure(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Callback string   `json:"callback"`
		Mode     sim.Mode `json:"mode"`
		Kind     sim.Kind `json:"kind"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	before := p.account.Config()
	err := p.account.Configure(func(c *sim.AccountConfig) {
		c.Callback, c.Mode, c.Kind = strings.TrimSpace(asked.Callback), asked.Mode, asked.Kind
	})
	if err == nil {
		err = p.account.Verify(r.Context())
	}
	if err != nil {
		_ = p.account.Configure(func(c *sim.AccountConfig) { *c = before }) // it was valid
		httpapi.WriteError(w, &httpapi.Error{Code: 4000, Text: "没有保存：" + err.Error()})
		return
	}
	answer(w, nil)
}

// readJSON reads the body of a request, which a form of another site cannot send.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := httpapi.ReadBody(w, r, maxAct)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind != "application/json" {
		err = errors.New("not JSON")
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		httpapi.WriteError(w, &httpapi.Error{Code: 4000, Text: "请求无法识别"})
		return false
	}
	return true
}

// answer says whether an act could be done.
func answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		httpapi.WriteJSON(w, http.StatusOK, struct{}{})
	case errors.Is(err, sim.ErrNotFollowing):
		httpapi.WriteError(w, &httpapi.Error{Code: 4090, Text: "请先关注公众号"})
	case errors.Is(err, sim.ErrNoCallback):
		httpapi.WriteError(w, &httpapi.Error{Code: 4091, Text: "还没有回调地址：在“接入”里填写 faqbot 给出的地址"})
	case errors.Is(err, sim.ErrNothingThere):
		httpapi.WriteError(w, &httpapi.Error{Code: 4092, Text: "还没有可以重发的回调"})
	default:
		httpapi.WriteError(w, &httpapi.Error{Code: 5000, Text: err.Error()})
	}
}
