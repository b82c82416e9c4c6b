package webchat

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

// uploadLimit bounds how long a file may take to come.
const uploadLimit = 2 * time.Minute

// retryWhenRead is when to try again if too many files are read at the moment.
const retryWhenRead = 3 * time.Second

// serveUpload takes a file that a message is going to be about.
func (c *Chat) serveUpload(w http.ResponseWriter, r *http.Request) {
	who, ok := c.bearer(r)
	if !ok {
		c.refuse(w, fail(codeNotSignedIn))
		return
	}
	if wait := c.gates.uploads.take(who.visitor().Key(), c.network(r)); wait > 0 {
		c.refuse(w, failAfter(codeTooFast, wait))
		return
	}
	select {
	case c.uploads <- struct{}{}:
		defer func() { <-c.uploads }()
	default:
		c.refuse(w, failAfter(codeTooFast, retryWhenRead))
		return
	}
	f, told := c.upload(w, r, who.visitor())
	if told != nil {
		c.refuse(w, told)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, f)
}

func (c *Chat) upload(w http.ResponseWriter, r *http.Request, v bot.Visitor) (bot.File, *httpapi.Error) {
	if r.ContentLength > bot.MaxFile {
		return bot.File{}, fail(codeFileSize)
	}
	// A server that bounds the time of a request must leave it to this one; where
	// it cannot be said, there is no bound.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(uploadLimit))
	_ = control.SetWriteDeadline(time.Now().Add(uploadLimit + frameLimit))
	content, err := httpapi.ReadBody(w, r, bot.MaxFile)
	if err != nil {
		told := bodyError(err)
		if told.Code == codeFrameSize {
			told = fail(codeFileSize)
		}
		return bot.File{}, told
	}
	ctx, cancel := context.WithTimeout(r.Context(), frameLimit)
	defer cancel()
	f, err := c.engine.Upload(ctx, v, r.URL.Query().Get("name"), content)
	if err != nil {
		return bot.File{}, c.told(err, "upload")
	}
	return f, nil
}

// serveFile answers with a file of the visitor's own conversations. Whoever opens
// it by itself gets a file to keep and nothing that runs.
func (c *Chat) serveFile(w http.ResponseWriter, r *http.Request) {
	who, ok := c.bearer(r)
	if !ok {
		c.refuse(w, fail(codeNotSignedIn))
		return
	}
	id := r.PathValue("id")
	if !validFile(id) {
		c.refuse(w, fail(codeNotFound))
		return
	}
	if wait := c.gates.downloads.take(who.visitor().Key(), c.network(r)); wait > 0 {
		c.refuse(w, failAfter(codeTooFast, wait))
		return
	}
	f, content, err := c.engine.Download(r.Context(), who.visitor(), id)
	if err != nil {
		c.refuse(w, c.told(err, "file"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", f.Disposition())
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	h.Add("Vary", "Authorization")
	_, _ = w.Write(content) // whoever is gone hears nothing
}
