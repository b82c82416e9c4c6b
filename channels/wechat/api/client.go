package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/customerservice"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/officialaccount/menu"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"go.uber.org/zap"

	"faqbot/channels/wechat/render"
)

// Limits of files, in bytes. The platform's pages name 2 and 10 MB for pictures;
// the smaller is safe.
const (
	MaxImage    = 2 << 20
	MaxDownload = 10 << 20
)

// mediaLife is how long the platform keeps what was uploaded, three days, and an
// hour less to be sure.
const mediaLife = 71 * time.Hour

// Config says how a Client works. What has no default is needed.
type Config struct {
	Account string // ours: names the token in Tokens
	AppID   string
	Secret  string
	// Base is the address of the platform; https://api.weixin.qq.com if empty.
	Base string
	// HTTP must have time-outs; one with 10 seconds in all if nil.
	HTTP     *http.Client
	Tokens   Tokens
	Failures Failures
	Node     string // names this process among those that share Tokens

	Now   func() time.Time // time.Now if nil
	NewID func() string    // random if nil
	Log   *zap.Logger      // none if nil
}

func (c Config) withDefaults() Config {
	if c.Base == "" {
		c.Base = "https://api.weixin.qq.com"
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

// Failures takes down what went wrong, for the administrator.
type Failures interface {
	AddFailure(ctx context.Context, f Failure) error
}

// Failure is an error of the platform's API.
type Failure struct {
	ID      string
	Account string
	API     string
	Code    int // 0: it could not be reached
	Text    string
	At      time.Time
}

// Client calls the API for one account. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	tokens *tokens
}

// New returns a Client.
func New(c Config) *Client {
	client := &Client{config: c.withDefaults()}
	plain := *client.config.HTTP
	plain.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // who follows tells the next one the token
	}
	client.http = &plain
	client.tokens = &tokens{config: client.config, fetch: client.fetch, turn: make(chan struct{}, 1)}
	return client
}

// Message is a 客服消息. One of these is set.
type Message struct {
	Text  string
	Image string // id of an uploaded picture
	News  []render.Card
	Menu  *render.Menu
}

// Send sends a message to a follower. It may return ErrUnknown.
func (c *Client) Send(ctx context.Context, to string, m Message) error {
	wire, err := m.wire(to)
	if err != nil {
		return err
	}
	r, err := post("message/custom/send", wire)
	if err != nil {
		return err
	}
	r.once = true
	return c.call(ctx, r, nil)
}

// wire returns the message as the platform takes it.
func (m Message) wire(to string) (*message.CustomerMessage, error) {
	switch {
	case m.Text != "":
		return message.NewCustomerTextMessage(to, m.Text), nil
	case m.Image != "":
		return message.NewCustomerImgMessage(to, m.Image), nil
	case len(m.News) > 0:
		return &message.CustomerMessage{ToUser: to, Msgtype: message.MsgTypeNews, News: news(m.News)}, nil
	case m.Menu != nil:
		return &message.CustomerMessage{ToUser: to, Msgtype: "msgmenu", Msgmenu: msgmenu(*m.Menu)}, nil
	default:
		return nil, errors.New("there is nothing in the message")
	}
}

func news(cards []render.Card) *message.MediaNews {
	n := new(message.MediaNews)
	for _, c := range cards {
		n.Articles = append(n.Articles, message.MediaArticles{
			Title: c.Title, Description: c.Description, URL: c.URL, Picurl: c.Picture,
		})
	}
	return n
}

func msgmenu(m render.Menu) *message.MediaMsgmenu {
	wire := &message.MediaMsgmenu{HeadContent: m.Head, TailContent: m.Tail}
	for _, item := range m.Items {
		wire.List = append(wire.List, message.MsgmenuItem{ID: strconv.FormatInt(item.ID, 10), Content: item.Label})
	}
	return wire
}

// What the platform says about typing that is no failure: nothing was said for half a
// minute, or it is shown already.
const (
	codeNoTalk = 45080
	codeShown  = 45081
)

// Typing shows a follower that somebody is writing, or no more. It is shown for some
// seconds, and only soon after a message.
func (c *Client) Typing(ctx context.Context, to string, on bool) error {
	command := customerservice.CancelTyping
	if on {
		command = customerservice.Typing
	}
	r, err := post("message/custom/typing", map[string]string{"touser": to, "command": string(command)})
	if err != nil {
		return err
	}
	r.fine = []int{codeNoTalk, codeShown}
	return c.call(ctx, r, nil)
}

// UploadImage gives the platform a picture of at most MaxImage bytes (JPEG, PNG or
// GIF, with a name that ends so). It returns its id and until when that is good, or
// ErrTooLarge.
func (c *Client) UploadImage(ctx context.Context, name string, content []byte) (id string, until time.Time, err error) {
	if len(content) > MaxImage {
		return "", time.Time{}, ErrTooLarge
	}
	r, err := form("media/upload", name, content)
	if err != nil {
		return "", time.Time{}, err
	}
	r.query = url.Values{"type": {string(material.MediaTypeImage)}}
	at := c.config.Now()
	var uploaded material.Media
	if err := c.call(ctx, r, &uploaded); err != nil {
		return "", time.Time{}, err
	}
	if uploaded.MediaID == "" {
		return "", time.Time{}, c.failed(ctx, r.api, &Error{API: r.api, Text: "no media_id in the answer"})
	}
	return uploaded.MediaID, at.Add(mediaLife), nil
}

// form is a request with a file.
func form(api, name string, content []byte) (request, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("media", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return request{}, fmt.Errorf("write the form: %w", err)
	}
	return request{method: http.MethodPost, api: api, kind: w.FormDataContentType(), body: body.Bytes()}, nil
}

// Download fetches a file of at most MaxDownload bytes that a follower sent. It may
// return ErrTooLarge.
func (c *Client) Download(ctx context.Context, mediaID string) (content []byte, contentType string, err error) {
	r := request{method: http.MethodGet, api: "media/get", query: url.Values{"media_id": {mediaID}}, file: true}
	a, err := c.authorized(ctx, r)
	return a.body, a.kind, err
}

// Button is one of the menu: with Buttons below it, or one that sends an event with
// the Key, or opens a page.
type Button struct {
	Name    string
	Key     string
	URL     string
	Buttons []Button
}

// PublishMenu replaces the account's menu.
func (c *Client) PublishMenu(ctx context.Context, buttons []Button) error {
	r, err := post("menu/create", map[string]any{"button": wireButtons(buttons)})
	if err != nil {
		return err
	}
	return c.call(ctx, r, nil)
}

func wireButtons(buttons []Button) []*menu.Button {
	var wire []*menu.Button
	for _, b := range buttons {
		switch {
		case len(b.Buttons) > 0:
			wire = append(wire, menu.NewSubButton(b.Name, wireButtons(b.Buttons)))
		case b.URL != "":
			wire = append(wire, menu.NewViewButton(b.Name, b.URL))
		default:
			wire = append(wire, menu.NewClickButton(b.Name, b.Key))
		}
	}
	return wire
}

// DropMenu removes the account's menu.
func (c *Client) DropMenu(ctx context.Context) error {
	return c.call(ctx, request{method: http.MethodGet, api: "menu/delete"}, nil)
}

// Probe reports whether the platform knows the account, its secret and our address:
// it asks for a token, and leaves the one that is shared as it is.
func (c *Client) Probe(ctx context.Context) error {
	_, _, err := c.fetch(ctx, false)
	return err
}

// post is a request with JSON, which must not be escaped: links would be broken.
func post(api string, v any) (request, error) {
	var body strings.Builder
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return request{}, fmt.Errorf("write %s: %w", api, err)
	}
	return request{method: http.MethodPost, api: api, kind: "application/json; charset=utf-8", body: []byte(body.String())}, nil
}
