package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/silenceper/wechat/v2/util"
	"go.uber.org/zap"
)

// maxAnswer is how long an answer in JSON may be, in bytes.
const maxAnswer = 1 << 20

// request is a call of the API. It can be sent again.
type request struct {
	method string
	api    string // the address below /cgi-bin/
	query  url.Values
	kind   string // Content-Type
	body   []byte
	once   bool  // to do it twice is not the same as once
	file   bool  // the answer is a file
	fine   []int // codes that are no failure
}

// answer is what came back.
type answer struct {
	kind string // Content-Type, without parameters
	body []byte
}

// json reports whether it looks like JSON: errors about files come as plain text.
func (a answer) json() bool { return a.kind == "application/json" || a.kind == "text/plain" }

// call calls the API and reads the answer's JSON into something, unless that is nil.
func (c *Client) call(ctx context.Context, r request, into any) error {
	a, err := c.authorized(ctx, r)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return c.failed(ctx, r.api, &Error{API: r.api, Text: "the answer cannot be read"})
	}
	return nil
}

// authorized calls the API with a token; if that is refused, once more with another.
func (c *Client) authorized(ctx context.Context, r request) (answer, error) {
	for again := true; ; again = false {
		t, err := c.tokens.get(ctx)
		if err != nil {
			return answer{}, err
		}
		a, err := c.send(ctx, r, t.Value)
		if err == nil {
			c.tokens.accepted()
			return a, nil
		}
		if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Class() != Refresh {
			return answer{}, err
		}
		if c.tokens.refused(t); !again {
			return answer{}, err
		}
	}
}

// send calls the API and takes down what goes wrong. The answer is a good one.
func (c *Client) send(ctx context.Context, r request, token string) (answer, error) {
	a, err := c.exchange(ctx, r, token)
	if err == nil {
		err = c.check(r, a, token)
	}
	if err != nil {
		return answer{}, c.failed(ctx, r.api, err)
	}
	return a, nil
}

// exchange sends the request and reads the answer, whatever it says.
func (c *Client) exchange(ctx context.Context, r request, token string) (answer, error) {
	var begun atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { begun.Store(false) }, // again only if nothing was written
		GotConn: func(httptrace.GotConnInfo) { begun.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, r.method, c.address(r, token), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, &Error{API: r.api, Text: "the address of the platform is not one"}
	}
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, c.silence(r, begun.Load(), cause(err).Error(), token)
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode >= 500: // it is not the platform's API that says so
		return answer{}, c.silence(r, true, "HTTP "+res.Status, token)
	case res.StatusCode != http.StatusOK:
		return answer{}, &Error{API: r.api, Text: tidy("HTTP "+res.Status, token, c.config.Secret)}
	}
	return c.read(r, res, token)
}

func (c *Client) address(r request, token string) string {
	query := url.Values{}
	if token != "" {
		query.Set("access_token", token)
	}
	for k, v := range r.query {
		query[k] = v
	}
	return strings.TrimSuffix(c.config.Base, "/") + "/cgi-bin/" + r.api + "?" + query.Encode()
}

func (c *Client) read(r request, res *http.Response, token string) (answer, error) {
	limit := int64(maxAnswer)
	if r.file {
		limit = MaxDownload
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return answer{}, c.silence(r, true, cause(err).Error(), token)
	case int64(len(body)) > limit && r.file:
		return answer{}, fmt.Errorf("wechat %s: %w", r.api, ErrTooLarge)
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		kind = http.DetectContentType(body)
	}
	return answer{kind: kind, body: body}, nil
}

// silence is the error when there is no answer. If something may have been done,
// and must not be done twice, nobody knows.
func (c *Client) silence(r request, begun bool, text, token string) error {
	text = tidy(text, token, c.config.Secret)
	if begun && r.once {
		return fmt.Errorf("wechat %s: %w (%s)", r.api, ErrUnknown, text)
	}
	return &Error{API: r.api, Text: text}
}

// check returns the error that the answer is, if it is one.
func (c *Client) check(r request, a answer, token string) error {
	if r.file && !a.json() {
		return nil
	}
	var said util.CommonError
	if err := json.Unmarshal(a.body, &said); err != nil {
		return c.silence(r, true, "the answer is not JSON", token)
	}
	switch {
	case slices.Contains(r.fine, int(said.ErrCode)):
		return nil
	case said.ErrCode != 0:
		return &Error{API: r.api, Code: int(said.ErrCode), Text: tidy(said.ErrMsg, token, c.config.Secret)}
	case r.file:
		return &Error{API: r.api, Text: "the answer is not a file"}
	default:
		return nil
	}
}

// failed takes the error down, and returns it. Callers who left are no failure, and
// neither are files that are too large.
func (c *Client) failed(ctx context.Context, api string, err error) error {
	f := Failure{ID: c.config.NewID(), Account: c.config.Account, API: api, Text: err.Error(), At: c.config.Now()}
	switch refusal, ok := errors.AsType[*Error](err); {
	case errors.Is(err, ErrUnknown):
	case !ok, refusal.Code == 0 && errors.Is(ctx.Err(), context.Canceled):
		return err
	default:
		f.Code, f.Text = refusal.Code, refusal.Text
	}
	c.config.Log.Warn("the platform's API failed", zap.String("account", f.Account), zap.Error(err))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := c.config.Failures.AddFailure(ctx, f); err != nil {
		c.config.Log.Error("a failure of the platform's API cannot be stored", zap.Error(err))
	}
	return err
}
