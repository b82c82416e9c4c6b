package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The APIs, by the path under which they are called.
const (
	StableTokenAPI = "/cgi-bin/stable_token"
	TokenAPI       = "/cgi-bin/token"
	SendAPI        = "/cgi-bin/message/custom/send"
	TypingAPI      = "/cgi-bin/message/custom/typing"
	UploadAPI      = "/cgi-bin/media/upload"
	DownloadAPI    = "/cgi-bin/media/get"
	MenuCreateAPI  = "/cgi-bin/menu/create"
	MenuGetAPI     = "/cgi-bin/menu/get"
	MenuDeleteAPI  = "/cgi-bin/menu/delete"
)

// PicturePath is where the pictures are that users sent; below it is the media id.
const PicturePath = "/mmbiz_pic/"

// maxBody is what a call may send: a video and what is around it.
const maxBody = 12 << 20

// reply is what an API answers when all is well.
type reply map[string]any

// request is a call of the API.
type request struct {
	query  url.Values
	header http.Header
	body   []byte
	// What was understood of it, for the record.
	openID string
	note   string
	force  bool
	// file is the answer instead of JSON.
	file *medium
}

// endpoint is an API: who calls, and what is done. Both are called with mu held.
type endpoint struct {
	method   string // empty: any
	identify func(*Platform, *request) (*Account, int)
	do       func(*Account, *request, time.Time) (reply, int)
}

func endpointOf(path string) (endpoint, bool) {
	e, ok := map[string]endpoint{
		StableTokenAPI: {http.MethodPost, (*Platform).identifyStable, (*Account).stableToken},
		TokenAPI:       {"", (*Platform).identifyBasic, (*Account).basicToken},
		SendAPI:        {http.MethodPost, (*Platform).identifyToken, (*Account).send},
		TypingAPI:      {http.MethodPost, (*Platform).identifyToken, (*Account).typing},
		UploadAPI:      {http.MethodPost, (*Platform).identifyToken, (*Account).upload},
		DownloadAPI:    {http.MethodGet, (*Platform).identifyToken, (*Account).download},
		MenuCreateAPI:  {http.MethodPost, (*Platform).identifyToken, (*Account).createMenu},
		MenuGetAPI:     {http.MethodGet, (*Platform).identifyToken, (*Account).getMenu},
		MenuDeleteAPI:  {http.MethodGet, (*Platform).identifyToken, (*Account).deleteMenu},
	}[path]
	return e, ok
}

// ServeHTTP is the platform's API. Errors of the API come with status 200.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id, ok := strings.CutPrefix(r.URL.Path, PicturePath); ok {
		p.picture(w, r, id)
		return
	}
	e, ok := endpointOf(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		answer(w, nil, codeFileSize)
		return
	case err != nil: // the caller is gone
		return
	case e.method != "" && e.method != r.Method:
		answer(w, nil, methodCode(e.method))
		return
	}
	q := &request{query: r.URL.Query(), header: r.Header, body: body}
	p.call(r.Context(), w, r.URL.Path, e, q)
}

func methodCode(needed string) int {
	if needed == http.MethodGet {
		return codeMethod
	}
	return codeMethodPost
}

// call deals with a call of an API, with what is to go wrong with it.
func (p *Platform) call(ctx context.Context, w http.ResponseWriter, api string, e endpoint, q *request) {
	p.mu.Lock()
	a, code := e.identify(p, q)
	var f fault
	if a != nil {
		f = a.nextFault(api)
	}
	p.mu.Unlock()
	if a == nil {
		answer(w, nil, code)
		return
	}
	if f.stall != nil {
		close(f.stall.reached)
		select {
		case <-f.stall.release:
		case <-ctx.Done():
			return
		}
	}
	out, code := p.perform(a, api, e, q, f)
	switch {
	case f.drop:
		panic(http.ErrAbortHandler) // the way to break a connection
	case code == 0 && q.file != nil:
		q.file.write(w)
	default:
		answer(w, out, code)
	}
}

// perform does what is asked for, and records it.
func (p *Platform) perform(a *Account, api string, e endpoint, q *request, f fault) (out reply, code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, code = e.identify(p, q) // again: it may have waited
	if f.code != 0 {
		code = f.code
	}
	now := p.now()
	if code == 0 {
		out, code = e.do(a, q, now)
	}
	a.calls = append(a.calls, Call{At: now, API: api, OpenID: q.openID, Request: q.record(), Code: code, Text: textOf(code), Dropped: f.drop})
	p.touch()
	return out, code
}

// record is what is kept of the body.
func (q *request) record() string {
	if q.note != "" {
		return q.note
	}
	return string(q.body)
}

// answer writes the outcome of a call as the platform does.
func answer(w http.ResponseWriter, out reply, code int) {
	if out == nil || code != 0 {
		out = reply{"errcode": code, "errmsg": textOf(code)}
	}
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(out) // the caller may be gone
}
