package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/channels/wechat/api"
	"faqbot/channels/wechat/render"
)

// TestWire compares what goes over the wire with what the platform's pages show.
func TestWire(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(context.Context, *api.Client) error
		want string
	}{
		"text": {func(ctx context.Context, c *api.Client) error {
			return c.Send(ctx, "o1", api.Message{Text: `<a href="https://a/?b=1&c=2">充值</a>` + "\n"})
		}, `POST /cgi-bin/message/custom/send {"touser":"o1","msgtype":"text","text":{"content":"<a href=\"https://a/?b=1&c=2\">充值</a>\n"}}`},
		"image": {func(ctx context.Context, c *api.Client) error {
			return c.Send(ctx, "o1", api.Message{Image: "m1"})
		}, `POST /cgi-bin/message/custom/send {"touser":"o1","msgtype":"image","image":{"media_id":"m1"}}`},
		"news": {func(ctx context.Context, c *api.Client) error {
			return c.Send(ctx, "o1", api.Message{News: []render.Card{{Title: "t", Description: "d", URL: "https://u", Picture: "https://p"}}})
		}, `POST /cgi-bin/message/custom/send {"touser":"o1","msgtype":"news","news":{"articles":[{"title":"t","description":"d","url":"https://u","picurl":"https://p"}]}}`},
		"menu": {func(ctx context.Context, c *api.Client) error {
			return c.Send(ctx, "o1", api.Message{Menu: &render.Menu{Head: "满意吗？", Tail: "谢谢", Items: []render.Item{{ID: 9007199254740993, Label: "满意"}, {ID: 2, Label: "不满意"}}}})
		}, `POST /cgi-bin/message/custom/send {"touser":"o1","msgtype":"msgmenu","msgmenu":{"head_content":"满意吗？","list":[{"id":"9007199254740993","content":"满意"},{"id":"2","content":"不满意"}],"tail_content":"谢谢"}}`},
		"typing": {func(ctx context.Context, c *api.Client) error {
			return c.Typing(ctx, "o1", true)
		}, `POST /cgi-bin/message/custom/typing {"command":"Typing","touser":"o1"}`},
		"typing no more": {func(ctx context.Context, c *api.Client) error {
			return c.Typing(ctx, "o1", false)
		}, `POST /cgi-bin/message/custom/typing {"command":"CancelTyping","touser":"o1"}`},
		"menu below": {func(ctx context.Context, c *api.Client) error {
			return c.PublishMenu(ctx, []api.Button{
				{Name: "转人工", Key: "human"}, {Name: "官网", URL: "https://a/?b&c"}, {Name: "更多", Buttons: []api.Button{{Name: "资费", Key: "fee"}}},
			})
		}, `POST /cgi-bin/menu/create {"button":[{"type":"click","name":"转人工","key":"human"},{"type":"view","name":"官网","url":"https://a/?b&c"},{"name":"更多","sub_button":[{"type":"click","name":"资费","key":"fee"}]}]}`},
		"no menu": {func(ctx context.Context, c *api.Client) error { return c.DropMenu(ctx) }, `GET /cgi-bin/menu/delete`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := tt.call(t.Context(), w.client("a")); err != nil {
				t.Fatal(err)
			}
			_, calls, _ := w.seen()
			if diff := cmp.Diff([]string{tt.want}, calls); diff != "" {
				t.Errorf("calls (-want +got)\n%s", diff)
			}
		})
	}
}

func TestNothingToSend(t *testing.T) {
	w := newWorld(t)
	if err := w.client("a").Send(t.Context(), follower, api.Message{}); err == nil {
		t.Error("an empty message was sent")
	}
	if asked, calls, _ := w.seen(); len(asked)+len(calls) != 0 {
		t.Errorf("%d tokens, calls %v", len(asked), calls)
	}
}

func TestClasses(t *testing.T) {
	for class, codes := range map[api.Class][]int{
		api.Refresh: {40001, 40014, 42001},
		api.Wait:    {0, -1, 45009, 45011},
		api.Quota:   {45047, 45015},
		api.Never:   {40003, 40007, 43004, 45002, 48001, 48004, 50001, 50002, 40200, 45072, 45080, 45081, 99999},
		api.Alarm:   {40164, 40243, 89503, 40125, 61004},
	} {
		for _, code := range codes {
			if got := (&api.Error{API: "message/custom/send", Code: code}).Class(); got != class {
				t.Errorf("%d is %s, want %s", code, got, class)
			}
		}
	}
	if got := (&api.Error{API: "stable_token", Code: 40001}).Class(); got != api.Alarm {
		t.Errorf("a refused secret is %s", got)
	}
}

// TestRefusals: what the platform answers is the error, taken down once.
func TestRefusals(t *testing.T) {
	for _, code := range []int{-1, 45047, 45015, 40003, 40200, 40164} {
		w := newWorld(t)
		w.answer = func(rw http.ResponseWriter, r *http.Request) {
			say(rw, code, "hint\v "+secret+" "+r.URL.RawQuery+strings.Repeat("长", 1000))
		}
		err := w.note(w.client("a").Send(t.Context(), follower, hello))
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != code || e.API != "message/custom/send" || !strings.HasPrefix(e.Text, "hint ***") || len(e.Text) > 510 {
			t.Errorf("%d: error %v", code, err)
			continue
		}
		want := []api.Failure{{ID: "a-1", Account: "a1", API: e.API, Code: code, Text: e.Text, At: w.clock.now()}}
		if diff := cmp.Diff(want, w.failures); diff != "" {
			t.Errorf("%d: failures (-want +got)\n%s", code, diff)
		}
		if _, calls, _ := w.seen(); len(calls) != 1 {
			t.Errorf("%d: %d calls", code, len(calls))
		}
	}
}

// hang answers nothing until the other side leaves or the test ends.
func hang(t *testing.T) http.HandlerFunc {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
}

func cut(rw http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func status(code int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(code)
		_, _ = io.WriteString(rw, body)
	}
}

func short(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(rw, `{"errcode":0`)
}

// TestUnknown: it was sent, and there was no answer that says what became of it.
func TestUnknown(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut off":   cut,
		"bad gate":  status(502, "<html>Bad Gateway</html>"),
		"slow gate": status(504, ""),
		"half":      short,
		"not JSON":  status(200, "<html>Log in to the Wi-Fi</html>"),
		"nothing":   status(200, ""),
		"endless":   status(200, strings.Repeat(" ", 2<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.client("a")
			if err := c.Typing(t.Context(), follower, true); err != nil { // there is a token, and a connection
				t.Fatal(err)
			}
			w.answer = answer
			err := w.note(c.Send(t.Context(), follower, hello))
			if _, ok := errors.AsType[*api.Error](err); !errors.Is(err, api.ErrUnknown) || ok {
				t.Fatalf("error %v", err)
			}
			if len(w.failures) != 1 || w.failures[0].Code != 0 || w.failures[0].API != "message/custom/send" || w.failures[0].Text == "" {
				t.Errorf("failures %+v", w.failures)
			}
			if _, calls, _ := w.seen(); len(calls) != 2 {
				t.Errorf("calls %q: it must not be sent again", calls)
			}
			// Typing may be shown twice: so that is no question.
			err = w.note(c.Typing(t.Context(), follower, true))
			if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != 0 || e.Class() != api.Wait {
				t.Errorf("typing: %v", err)
			}
		})
	}
}

// TestTimeout: so is a time-out after the request.
func TestTimeout(t *testing.T) {
	w := newWorld(t)
	c := w.client("a", func(c *api.Config) {
		quick := *w.server.Client()
		quick.Timeout = 2 * time.Second
		c.HTTP = &quick
	})
	if err := c.Typing(t.Context(), follower, true); err != nil { // there is a token, and a connection
		t.Fatal(err)
	}
	w.answer = hang(t)
	if err := w.note(c.Send(t.Context(), follower, hello)); !errors.Is(err, api.ErrUnknown) || len(w.failures) != 1 {
		t.Errorf("error %v, failures %v", err, w.failures)
	}
}

// TestTypingInVain: that it is not shown is nothing to tell the administrator of.
func TestTypingInVain(t *testing.T) {
	for code, failures := range map[int]int{45080: 0, 45081: 0, 45072: 1} {
		w := newWorld(t)
		c := w.client("a")
		if err := c.Typing(t.Context(), follower, true); err != nil {
			t.Fatal(err)
		}
		w.answer = status(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code))
		if err := c.Typing(t.Context(), follower, true); (err == nil) != (failures == 0) || len(w.failures) != failures {
			t.Errorf("%d: error %v, failures %v", code, err, w.failures)
		}
	}
}

// TestNotSent: nothing arrived for certain.
func TestNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var followed bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	t.Cleanup(elsewhere.Close)
	for name, tt := range map[string]struct {
		base   string
		answer http.HandlerFunc
	}{
		"connection refused": {refused, nil},
		"no such host":       {"http://nowhere.invalid", nil},
		"no address":         {"http://[::1", nil},
		"not found":          {"", status(404, "")},
		"moved":              {"", http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.client("a").Typing(t.Context(), follower, true); err != nil {
				t.Fatal(err) // now the token is in the store
			}
			w.answer = tt.answer
			c := w.client("b", func(c *api.Config) {
				if tt.base != "" {
					c.Base = tt.base
				}
			})
			err := w.note(c.Send(t.Context(), follower, hello))
			e, ok := errors.AsType[*api.Error](err)
			if !ok || errors.Is(err, api.ErrUnknown) || e.Code != 0 || e.Class() != api.Wait || e.Text == "" {
				t.Errorf("error %v", err)
			}
			if len(w.failures) != 1 {
				t.Errorf("failures %+v", w.failures)
			}
		})
	}
	if followed {
		t.Error("a redirect was followed, token and all")
	}
}

// TestCallerLeft: that is no failure of the platform.
func TestCallerLeft(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if err := c.Typing(t.Context(), follower, true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.note(c.Send(ctx, follower, hello)); err == nil || errors.Is(err, api.ErrUnknown) || len(w.failures) != 0 {
		t.Errorf("error %v, failures %v", err, w.failures)
	}
}

// TestCallerLeftLate: the message was on its way.
func TestCallerLeftLate(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	wait := hang(t)
	w.answer = func(rw http.ResponseWriter, r *http.Request) { cancel(); wait(rw, r) }
	if err := w.note(w.client("a").Send(ctx, follower, hello)); !errors.Is(err, api.ErrUnknown) || len(w.failures) != 1 {
		t.Errorf("error %v, failures %v", err, w.failures)
	}
}

func TestFailuresCannotBeStored(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	w.answer = func(rw http.ResponseWriter, _ *http.Request) {
		w.broken = errors.New("disk full")
		say(rw, 45047, "full")
	}
	err := w.note(c.Send(t.Context(), follower, hello))
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != 45047 {
		t.Errorf("error %v", err)
	}
	if w.logs.FilterMessage("a failure of the platform's API cannot be stored").Len() != 1 {
		t.Errorf("logs %v", w.logs.All())
	}
}

func TestUploadImage(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	w.answer = func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, `{"type":"image","media_id":"m1","created_at":1772352000}`)
	}
	content := []byte("\x89PNG\r\n\x1a\n\x00")
	w.void()
	id, until, err := c.UploadImage(t.Context(), `价目"表.png`, content)
	if err != nil || id != "m1" {
		t.Fatalf("id %q, %v", id, err)
	}
	if rest := until.Sub(w.clock.now()); rest < 70*time.Hour || rest >= 72*time.Hour {
		t.Errorf("good for %v", rest)
	}
	_, calls, _ := w.seen()
	head, body, _ := strings.Cut(calls[0], "=image ")
	if head != "POST /cgi-bin/media/upload type" {
		t.Errorf("call %q", head)
	}
	boundary, _, _ := strings.Cut(strings.TrimPrefix(body, "--"), "\r\n")
	part, err := multipart.NewReader(strings.NewReader(body), boundary).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, content) || part.FormName() != "media" || part.FileName() != `价目"表.png` {
		t.Errorf("form %q, file %q, content %q, %v", part.FormName(), part.FileName(), got, err)
	}
}

func TestUploadImageRefused(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if _, _, err := c.UploadImage(t.Context(), "a.png", make([]byte, api.MaxImage+1)); !errors.Is(err, api.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	for _, body := range []string{`{}`, `{"media_id":7}`, `{"errcode":40004,"errmsg":"invalid media type"}`} {
		w.answer = status(200, body)
		id, until, err := c.UploadImage(t.Context(), "a.png", []byte("GIF8"))
		if _, ok := errors.AsType[*api.Error](w.note(err)); !ok || id != "" || !until.IsZero() {
			t.Errorf("%s: id %q until %v, %v", body, id, until, err)
		}
	}
	if len(w.failures) != 3 {
		t.Errorf("failures %v", w.failures)
	}
}

func TestDownload(t *testing.T) {
	file := func(kind, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(rw, body)
		}
	}
	full := "\xff\xd8\xff" + strings.Repeat("x", api.MaxDownload-3)
	for name, tt := range map[string]struct {
		answer        http.HandlerFunc
		content, kind string
		code          int
		failure       error
	}{
		"picture":       {answer: file("image/jpeg; name=x", "\xff\xd8\xff"), content: "\xff\xd8\xff", kind: "image/jpeg"},
		"voice":         {answer: file("audio/amr", "#!AMR\n"), content: "#!AMR\n", kind: "audio/amr"},
		"of no kind":    {answer: file("", "\xff\xd8\xff"), content: "\xff\xd8\xff", kind: "image/jpeg"},
		"largest":       {answer: file("image/jpeg", full), content: full, kind: "image/jpeg"},
		"a byte more":   {answer: file("image/jpeg", full+"x"), failure: api.ErrTooLarge},
		"gone":          {answer: file("application/json", `{"errcode":40007,"errmsg":"invalid media_id"}`), code: 40007},
		"gone, as text": {answer: file("text/plain", `{"errcode":40007,"errmsg":"invalid media_id"}`), code: 40007},
		"a video":       {answer: file("application/json", `{"video_url":"http://v"}`)},
		"a page":        {answer: file("text/plain", "hello")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer = tt.answer
			content, kind, err := w.client("a").Download(t.Context(), "m/1&x")
			if string(content) != tt.content || kind != tt.kind {
				t.Errorf("%d bytes of %s", len(content), kind)
			}
			e, ok := errors.AsType[*api.Error](w.note(err))
			switch {
			case tt.content != "" && err != nil, tt.content == "" && err == nil:
				t.Errorf("error %v", err)
			case tt.failure != nil && (!errors.Is(err, tt.failure) || len(w.failures) != 0):
				t.Errorf("error %v, failures %v", err, w.failures)
			case ok && (e.Code != tt.code || len(w.failures) != 1):
				t.Errorf("error %v, failures %v", err, w.failures)
			}
			if _, calls, _ := w.seen(); !slices.Equal(calls, []string{"GET /cgi-bin/media/get media_id=m%2F1%26x"}) {
				t.Errorf("calls %q", calls)
			}
		})
	}
}

// TestDownloadAfterRefusal: files, too, are asked for again with a new token.
func TestDownloadAfterRefusal(t *testing.T) {
	w := newWorld(t)
	c := w.client("a")
	if err := c.Typing(t.Context(), follower, true); err != nil {
		t.Fatal(err)
	}
	w.void()
	w.answer = status(200, "\x89PNG\r\n\x1a\n")
	if content, kind, err := c.Download(t.Context(), "m1"); err != nil || kind != "image/png" || len(content) != 8 {
		t.Errorf("%q of %s, %v", content, kind, err)
	}
}

func TestDefaults(t *testing.T) {
	w := newWorld(t)
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if got := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path; got != "https://api.weixin.qq.com/cgi-bin/stable_token" {
			t.Errorf("called %s", got)
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			t.Errorf("sent %s, %v", kind, err)
		}
		return nil, fmt.Errorf("no network, and %s", secret)
	})
	c := api.New(api.Config{
		Account: "a1", AppID: appID, Secret: secret, Node: "a", Tokens: w.store, Failures: w.store, HTTP: &http.Client{Transport: transport},
	})
	err := w.note(c.Probe(t.Context()))
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Text != "no network, and ***" {
		t.Errorf("error %v", err)
	}
	if len(w.failures) != 1 || w.failures[0].ID == "" || time.Since(w.failures[0].At) > time.Minute {
		t.Errorf("failures %+v", w.failures)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
