package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"faqbot/bot"
)

// agent is somebody at the desk with the page open.
type agent struct {
	floor   *floor
	name    string
	address string // where the agent seems to come from
	id      string
	cookie  *http.Cookie
	csrf    string   // the token of the session
	freed   []string // conversations that ended and whose place is not taken; guarded by the floor
}

// What the console says, as far as it matters here.
type (
	deskItem struct {
		ID        string    `json:"id"`
		Phase     bot.Phase `json:"phase"`
		State     bot.State `json:"state"`
		Owner     string    `json:"owner"`
		OfferedTo string    `json:"offered_to"`
		Until     int64     `json:"offered_until"` // Unix milliseconds
	}
	deskItems struct {
		Items []deskItem `json:"items"`
	}
	deskMessage struct {
		Conversation string          `json:"conversation"`
		Seq          int64           `json:"seq"`
		ID           string          `json:"id"`
		Author       bot.Author      `json:"author"`
		Kind         bot.MessageKind `json:"kind"`
		Text         string          `json:"text"`
	}
	deskFrame struct {
		T            string       `json:"t"`
		Conversation string       `json:"conversation"`
		Item         *deskItem    `json:"item"`
		Message      *deskMessage `json:"message"`
		Seat         *deskSeat    `json:"seat"`
	}
	deskSeat struct {
		Agent    string       `json:"agent"`
		Presence bot.Presence `json:"presence"`
		Serving  int          `json:"serving"`
	}
	deskSaid struct {
		Message deskMessage `json:"message"`
		Again   bool        `json:"again"`
	}
)

const talksPath = "/desk/conversations/"

// again returns the same agent in another browser, not signed in.
func (a *agent) again() *agent { return &agent{floor: a.floor, name: a.name, address: a.address} }

// begin signs in, opens the socket and says that the agent is there.
func (a *agent) begin(ctx context.Context) error {
	if err := a.signIn(ctx); err != nil {
		return err
	}
	if err := a.call(ctx, http.MethodGet, "/desk", nil, nil); err != nil {
		return err
	}
	if err := a.listen(ctx); err != nil {
		return err
	}
	return a.online(ctx)
}

func (a *agent) online(ctx context.Context) error {
	return a.call(ctx, http.MethodPut, "/desk/presence", map[string]bot.Presence{"presence": bot.Online}, nil)
}

func (a *agent) signIn(ctx context.Context) error {
	var me struct {
		Account struct{ ID string }
		CSRF    string
	}
	err := a.call(ctx, http.MethodPost, "/session", map[string]string{"name": a.name, "password": agentPassword}, &me)
	a.id, a.csrf = me.Account.ID, me.CSRF
	return err
}

// attempts is how often something is asked for when the connection ends before
// the answer, as a page would: what is asked for is safe to repeat.
const attempts = 3

// call asks the console for something. An error of the console is an error.
func (a *agent) call(ctx context.Context, method, path string, in, out any) error {
	var data []byte
	var err error
	for range attempts {
		var lost bool
		if data, lost, err = a.try(ctx, method, path, in); !lost || ctx.Err() != nil {
			break
		}
		a.floor.repeats.Add(1)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// try is one attempt of call. It reports whether the connection was lost.
func (a *agent) try(ctx context.Context, method, path string, in any) (data []byte, lost bool, err error) {
	var body io.Reader
	if method != http.MethodGet {
		written, _ := json.Marshal(in) // cannot fail
		body = bytes.NewReader(written)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.floor.server.url()+"/console/api"+path, body)
	if err != nil {
		return nil, false, err
	}
	request.Header = a.header()
	request.Header.Set("Content-Type", "application/json")
	reply, err := a.floor.http.Do(request)
	if err != nil {
		return nil, true, err
	}
	defer reply.Body.Close()
	if data, err = io.ReadAll(reply.Body); err != nil {
		return nil, true, err
	}
	if reply.StatusCode >= http.StatusMultipleChoices {
		return nil, false, fmt.Errorf("%s: %.300s", reply.Status, data)
	}
	for _, c := range reply.Cookies() {
		a.cookie = c
	}
	return data, false, nil
}

func (a *agent) header() http.Header {
	h := http.Header{"Origin": {a.floor.server.url()}, "X-Forwarded-For": {a.address}, "X-Csrf-Token": {a.csrf}}
	if a.cookie != nil {
		h.Set("Cookie", a.cookie.Name+"="+a.cookie.Value)
	}
	return h
}

// signOfLife is how often a browser says that it is there.
const signOfLife = 20 * time.Second

// listen opens the socket and returns when the server is ready to send.
func (a *agent) listen(ctx context.Context) error {
	var made struct{ Ticket string }
	if err := a.call(ctx, http.MethodPost, "/desk/ticket", nil, &made); err != nil {
		return fmt.Errorf("open the socket of %s: %w", a.name, err)
	}
	address := "ws" + strings.TrimPrefix(a.floor.server.url(), "http") + "/console/api/desk/socket?ticket=" + made.Ticket
	conn, reply, err := a.floor.crowd.dialer.DialContext(ctx, address, a.header())
	if err != nil {
		if reply != nil {
			err = fmt.Errorf("%w: %s", err, reply.Status)
		}
		return fmt.Errorf("open the socket of %s: %w", a.name, err)
	}
	ready := make(chan struct{})
	a.floor.sockets.Go(func() {
		a.receive(conn, sync.OnceFunc(func() { close(ready) }))
	})
	a.floor.sockets.Go(func() { a.beat(conn) })
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the socket of %s: %w", a.name, ctx.Err())
	}
}

// beat gives signs of life until all shall leave.
func (a *agent) beat(conn *websocket.Conn) {
	defer conn.Close()
	tick := time.NewTicker(signOfLife)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = conn.WriteJSON(map[string]string{"t": "ping"}) // the reader notices
		case <-a.floor.leave:
			return
		}
	}
}

// receive takes what the server sends.
func (a *agent) receive(conn *websocket.Conn, ready func()) {
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			a.floor.dropped(a, err)
			return
		}
		var frame deskFrame
		if err := json.Unmarshal(data, &frame); err != nil {
			a.floor.fail(fmt.Errorf("a frame for %s: %w", a.name, err))
			continue
		}
		switch {
		case frame.T == "ready":
			ready()
		case frame.Item != nil && frame.Item.Phase == bot.InQueue && frame.Item.OfferedTo == a.id:
			a.floor.offered(a, frame.Item)
		case frame.Seat != nil && frame.Seat.Agent == a.id && frame.Seat.Presence == bot.Away:
			a.floor.away(a)
		case frame.Message != nil:
			a.floor.heard(a, frame.Message)
		}
	}
}

// arrive does what the page does from signing in until a conversation can be read.
// It returns how long the steps took: to sign in, for what is said of the agent,
// for the lists, and for the conversation.
func (a *agent) arrive(ctx context.Context) (steps [4]time.Duration, err error) {
	last := time.Now()
	step := func(n int) {
		steps[n] = time.Since(last)
		last = time.Now()
	}
	if err := a.signIn(ctx); err != nil {
		return steps, err
	}
	step(0)
	if err := errors.Join(a.call(ctx, http.MethodGet, "/me", nil, nil), a.call(ctx, http.MethodGet, "/desk", nil, nil)); err != nil {
		return steps, err
	}
	step(1)
	var lists [3]deskItems
	var failed [3]error
	var reading sync.WaitGroup
	for i, scope := range []string{"mine", "queue", "closed"} {
		reading.Go(func() {
			failed[i] = a.call(ctx, http.MethodGet, "/desk/conversations?scope="+scope, nil, &lists[i])
		})
	}
	reading.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		return steps, err
	}
	step(2)
	for _, list := range []deskItems{lists[0], lists[2]} {
		if len(list.Items) > 0 {
			err = a.call(ctx, http.MethodGet, talksPath+list.Items[0].ID, nil, nil)
			step(3)
			return steps, err
		}
	}
	return steps, fmt.Errorf("%s has no conversation to read", a.name)
}
