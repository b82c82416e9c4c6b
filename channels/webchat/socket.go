package webchat

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
	"faqbot/channels/ws"
)

// comeBackAfter is how long a client stays away that was sent away for being
// too much, in seconds.
const comeBackAfter = 30

// badMinute is the time in which bad frames are counted together.
const badMinute = 60.0

// socketClient is a client on a socket.
type socketClient struct {
	client
	conn   *ws.Conn
	frames meter
	bad    meter
}

// serveSocket opens a socket. A ticket that is not valid closes it with a number
// that the client can read; a failed upgrade it could not.
func (c *Chat) serveSocket(w http.ResponseWriter, r *http.Request) {
	network := c.network(r)
	if wait := c.gates.connects.take("", network); wait > 0 {
		c.refuse(w, failAfter(codeTooFast, wait))
		return
	}
	if c.sockets.Stopping() {
		c.refuse(w, failAfter(codeNotReady, retryWhenStarted))
		return
	}
	var t ticket
	valid := c.signer.verify(purposeEntry, r.URL.Query().Get("ticket"), &t) && c.spent.use(t, time.Now())
	agent := cut(bot.CleanText(r.UserAgent()), maxWords)
	// The upgrade answers the request itself where it fails.
	_ = c.sockets.Upgrade(w, r, func(conn *ws.Conn) ws.Handler {
		s := &socketClient{conn: conn}
		if !valid {
			conn.Close(closeTicket, "")
			return rejected{}
		}
		s.client = client{
			listener: c.listen(conn, t.identity, network),
			profile:  bot.Profile{Agent: agent, Language: t.Language, Name: t.Name, Referrer: t.Referrer},
		}
		return s.open()
	})
}

// open lets the client in, if there is room.
func (s *socketClient) open() ws.Handler {
	wait := s.chat.gates.connects.visitors.Take(s.key)
	if wait > 0 || s.chat.enter(s.listener) != roomLeft {
		s.conn.Close(closeTooMany, retryReason("too many connections"))
		return rejected{}
	}
	s.chat.metrics.Connections(1)
	return s
}

// retryReason tells when to come back.
func retryReason(why string) string {
	return "retry_after=" + strconv.Itoa(comeBackAfter) + " " + why
}

// Frame answers one frame.
func (s *socketClient) Frame(data []byte) {
	defer s.recovered()
	if !s.frames.take(s.chat.config.Limits.Frames, time.Now()) {
		s.conn.Close(closeFrames, retryReason("too many frames"))
		return
	}
	if told := s.answer(data); told != nil && isFault(told.Code) {
		most := s.chat.config.Limits.BadFrames
		if !s.bad.take(httpapi.Rate{PerSecond: float64(most) / badMinute, Burst: most}, time.Now()) {
			s.conn.Close(closeBadFrames, fmt.Sprintf("more than %d bad frames", most))
		}
	}
}

// isFault reports whether no client of ours sends such a frame.
func isFault(code int) bool { return code >= codeNotAFrame && code <= codeTooDeep }

// recovered keeps a panic from ending the program.
func (s *socketClient) recovered() {
	if value := recover(); value != nil {
		httpapi.LogPanic(s.chat.log, value)
		s.chat.metrics.Error(codeBroken)
		s.out.Send(encodeError(fail(codeBroken), "", 0))
	}
}

// Closed forgets the client.
func (s *socketClient) Closed(code ws.Code) {
	s.chat.exit(s.listener)
	s.chat.metrics.Connections(-1)
	s.chat.metrics.Closed(int(code))
}

// rejected ignores what comes on a connection that is being closed.
type rejected struct{}

func (rejected) Frame([]byte)   {}
func (rejected) Closed(ws.Code) {}
