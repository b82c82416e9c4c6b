package webchat

import (
	"net/http"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

const (
	maxAccount  = 64
	maxLanguage = 35 // characters of the longest useful language tag
)

// sessionRequest is what a page says when it opens the chat.
type sessionRequest struct {
	Token    string `json:"token"`
	Account  string `json:"account"`
	Language string `json:"language"`
	Page     string `json:"page"`
	Title    string `json:"title"`
	Referrer string `json:"referrer"`
	Name     string `json:"name"`
}

type sessionReply struct {
	Token     string            `json:"token"`
	Ticket    string            `json:"ticket"`
	Visitor   string            `json:"visitor"`
	ExpiresIn int               `json:"expires_in"`
	Texts     map[string]string `json:"texts"`
	Hot       []bot.Option      `json:"hot"`
	Limits    sessionLimits     `json:"limits"`
	Form      *sessionForm      `json:"form,omitempty"`
}

// sessionForm is the form to be filled in first.
type sessionForm struct {
	*bot.PreChat
	ConsentID string `json:"consent_id,omitempty"`
}

func formOf(form *bot.PreChat) *sessionForm {
	if form == nil {
		return nil
	}
	return &sessionForm{form, form.Agreement()}
}

type sessionLimits struct {
	Text  int `json:"text"`
	Frame int `json:"frame"`
	File  int `json:"file"`
}

// serveSession says who the visitor is, and hands out a ticket for a socket.
func (c *Chat) serveSession(w http.ResponseWriter, r *http.Request) {
	reply, told := c.session(w, r)
	if told != nil {
		c.refuse(w, told)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, reply)
}

func (c *Chat) session(w http.ResponseWriter, r *http.Request) (sessionReply, *httpapi.Error) {
	if !c.engine.Ready() || c.sockets.Stopping() {
		return sessionReply{}, failAfter(codeNotReady, retryWhenStarted)
	}
	var request sessionRequest
	data, err := httpapi.ReadBody(w, r, maxFrame)
	if err != nil {
		return sessionReply{}, bodyError(err)
	}
	if err := decodeBody(data, &request); err != nil {
		return sessionReply{}, c.told(err, "session")
	}
	if len(request.Account) > maxAccount || !isWord(request.Account) || len(request.Language) > maxLanguage {
		return sessionReply{}, fail(codeBadValue)
	}
	known, ok := c.known(request)
	if wait := c.gates.sessions.take(keyIf(ok, known), c.network(r)); wait > 0 {
		return sessionReply{}, failAfter(codeTooFast, wait)
	}
	return c.open(r, known, request)
}

// known returns who the visitor is: the one of the token if that is ours, else a
// new one.
func (c *Chat) known(request sessionRequest) (who identity, known bool) {
	if known = c.signer.verify(purposeToken, request.Token, &who); !known {
		who = newIdentity()
	}
	who.Account, who.Language = request.Account, bot.CleanText(request.Language)
	return who, known
}

func keyIf(known bool, who identity) string {
	if !known {
		return ""
	}
	return who.visitor().Key()
}

func (c *Chat) open(r *http.Request, who identity, request sessionRequest) (sessionReply, *httpapi.Error) {
	greeting, err := c.engine.Greeting(r.Context(), channelName, who.Account, who.Language)
	if err != nil {
		return sessionReply{}, c.told(err, "session")
	}
	if greeting.Texts == nil {
		greeting.Texts = map[string]string{}
	}
	if greeting.Hot == nil {
		greeting.Hot = []bot.Option{}
	}
	return sessionReply{
		Token:     c.signer.sign(purposeToken, who),
		Ticket:    c.signer.sign(purposeEntry, newTicket(who, request)),
		Visitor:   who.ID,
		ExpiresIn: int(ticketLife / time.Second),
		Texts:     greeting.Texts,
		Hot:       greeting.Hot,
		Limits:    sessionLimits{c.config.TextLimit, maxFrame, bot.MaxFile},
		Form:      formOf(greeting.Form),
	}, nil
}

func newTicket(who identity, request sessionRequest) ticket {
	return ticket{
		identity: who,
		Nonce:    newIdentity().ID,
		Expires:  time.Now().Add(ticketLife).UnixMilli(),
		Name:     cut(bot.CleanText(request.Name), maxWords),
		Referrer: cut(bot.CleanText(request.Referrer), maxPage),
	}
}
