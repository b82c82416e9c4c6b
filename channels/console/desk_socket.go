package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/httpapi"
	"faqbot/channels/ws"
)

// The numbers the desk's socket closes with, beside those of package ws.
const (
	closeBroken    ws.Code = 1011
	closeNotReady  ws.Code = 1013
	closeSignedOut ws.Code = 3102
	closeFrames    ws.Code = 3201
	closeTooMany   ws.Code = 3202
	closeBadFrames ws.Code = 3301
)

// Limits of what a client sends.
const (
	framesPerSecond = 5
	framesAtOnce    = 30
	badFrames       = 10
	comeBack        = "retry_after=30 "
)

// The frames of the server: ready is the first, item says how a conversation
// stands that the client may see, gone that it may not see it any more, message
// brings one of its own or of the one it watches, typing and read tell of the
// visitor, seat of a state, leaves that the list has changed, and pong answers a
// ping. Frames may come twice or out of order, and after a pause some are missing:
// they only wake up. The client sends ping, and watch with a conversation or none.
type (
	plainDesk struct {
		T string `json:"t"`
	}
	itemDesk struct {
		T    string `json:"t"`
		Item Item   `json:"item"`
	}
	goneDesk struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
		Nick         string `json:"nick"`
	}
	messageDesk struct {
		T            string  `json:"t"`
		Conversation string  `json:"conversation"`
		Message      Message `json:"message"`
	}
	typingDesk struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
	}
	readDesk struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
		Seq          int64  `json:"seq"`
	}
	seatDesk struct {
		T    string `json:"t"`
		Seat Seat   `json:"seat"`
	}
)

// encodeDesk returns the JSON of a frame. The frames hold nothing that has none.
func encodeDesk(frame any) []byte {
	data, _ := json.Marshal(frame)
	return data
}

func (c *Console) addDeskSocket() {
	addDesk(c, operation{
		id: "deskTicket", method: http.MethodPost, path: "/desk/ticket", who: atDesk(), summary: "打开一次实时连接的凭证",
	}, c.deskTicket)
	c.addDeskRaw(operation{
		id: "deskSocket", method: http.MethodGet, path: "/desk/socket", who: atDesk(), summary: "坐席台的实时连接（WebSocket）",
	}, c.deskSocket)
}

// Ticket opens one socket.
type Ticket struct {
	Ticket string `json:"ticket" doc:"只能用一次，30 秒内有效"`
}

func (c *Console) deskTicket(ctx context.Context, who call, _ *none) (*body[Ticket], error) {
	ticket, err := c.staff.Ticket(ctx, who.Identity)
	return &body[Ticket]{Ticket{ticket}}, err
}

// deskSocket opens a socket for who has a ticket beside the cookie: browsers send
// the cookie by themselves.
func (c *Console) deskSocket(w http.ResponseWriter, r *http.Request, who call) {
	if err := c.staff.Redeem(r.Context(), who.Identity, r.URL.Query().Get("ticket")); err != nil {
		c.refuse(w, c.deskProblem(r.Context(), "deskSocket", err))
		return
	}
	c.desk.hub.serve(w, r, who.Identity)
}

// deskClient is a browser at the desk.
type deskClient struct {
	hub     *deskHub
	conn    *ws.Conn
	actor   bot.Actor
	session string
	frames  *rate.Limiter
	bad     int
	leaves  string // as told last; used by the hub's look only
	watched string // guarded by the hub's lock
}

// serve turns a request into a socket.
func (h *deskHub) serve(w http.ResponseWriter, r *http.Request, id staff.Identity) {
	// The upgrade answers the request itself where it fails.
	_ = h.sockets.Upgrade(w, r, func(conn *ws.Conn) ws.Handler {
		c := &deskClient{
			hub: h, conn: conn, actor: actorOf(id.Account), session: id.Session,
			frames: rate.NewLimiter(framesPerSecond, framesAtOnce),
		}
		if !h.add(c) {
			conn.Close(closeTooMany, comeBack+"too many sockets")
			return c
		}
		if err := h.prepare(); err != nil {
			h.log.Warn("a socket of the desk cannot begin", zap.Error(err))
			conn.Close(closeNotReady, "")
			return c
		}
		conn.Send(encodeDesk(plainDesk{"ready"}))
		return c
	})
}

// Frame does what a client asks for.
func (c *deskClient) Frame(data []byte) {
	defer c.recovered()
	if !c.frames.Allow() {
		c.conn.Close(closeFrames, comeBack+"too many frames")
		return
	}
	var frame struct {
		T            string `json:"t"`
		Conversation string `json:"conversation"`
	}
	err := json.Unmarshal(data, &frame)
	if err != nil || frame.T != "ping" && frame.T != "watch" {
		if c.bad++; c.bad >= badFrames {
			c.conn.Close(closeBadFrames, "too many bad frames")
		}
		return
	}
	if !c.admitted() {
		return
	}
	if frame.T == "ping" {
		c.conn.Send(encodeDesk(plainDesk{"pong"}))
		return
	}
	c.hub.watch(c, frame.Conversation)
}

// admitted reports whether the session still lives; else the socket closes. When
// nobody can say, nothing is done.
func (c *deskClient) admitted() bool {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	err := c.hub.check(ctx, c)
	if errors.Is(err, staff.ErrSession) {
		c.conn.Close(closeSignedOut, "")
	} else if err != nil {
		c.hub.log.Warn("a session cannot be checked", zap.Error(err))
	}
	return err == nil
}

// recovered keeps a panic from ending the program.
func (c *deskClient) recovered() {
	if value := recover(); value != nil {
		httpapi.LogPanic(c.hub.log, value)
		c.conn.Close(closeBroken, "")
	}
}

// Closed forgets the client. What becomes of its conversations is the desk's:
// whoever gives no sign of life for long enough loses them.
func (c *deskClient) Closed(ws.Code) { c.hub.remove(c) }
