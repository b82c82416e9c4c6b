package console

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"faqbot/bot"
	"faqbot/channels/httpapi"
)

// uploadTime bounds how long a file may take to come.
const uploadTime = 2 * time.Minute

func (c *Console) addDeskFiles() {
	c.addDeskRaw(operation{
		id: "uploadFile", method: http.MethodPost, path: talkPath + "/files", who: atDesk(), summary: "上传要发给访客的文件", most: bot.MaxFile,
	}, c.uploadFile)
	c.addDeskRaw(operation{
		id: "downloadFile", method: http.MethodGet, path: talkPath + "/files/{file}", who: atDesk(), summary: "会话里的文件",
	}, c.downloadFile)
}

// uploadFile takes a file that a line is going to be about. The body is the file.
func (c *Console) uploadFile(w http.ResponseWriter, r *http.Request, who call) {
	select {
	case c.desk.uploads <- struct{}{}:
		defer func() { <-c.desk.uploads }()
	default:
		writeProblem(w, newProblem(http.StatusServiceUnavailable, "unavailable", "正在上传的文件太多，请稍后再试").after(storedAgain))
		return
	}
	f, err := c.upload(w, r, who)
	if err != nil {
		writeProblem(w, c.deskProblem(r.Context(), "uploadFile", err))
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, f)
}

func (c *Console) upload(w http.ResponseWriter, r *http.Request, who call) (bot.File, error) {
	if r.ContentLength > bot.MaxFile {
		return bot.File{}, tooLarge()
	}
	// A server that bounds the time of a request must leave it to this one; where it
	// cannot be said, there is no bound.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime))
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + bodyTime))
	content, err := io.ReadAll(r.Body)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return bot.File{}, tooLarge()
	}
	if err != nil {
		return bot.File{}, newProblem(http.StatusBadRequest, "invalid", "文件没有传完，请再试一次")
	}
	return c.desk.Upload(r.Context(), who.actor(), r.PathValue("id"), r.URL.Query().Get("name"), content)
}

func tooLarge() *Problem {
	return newProblem(http.StatusRequestEntityTooLarge, "too_large", "文件不能超过 "+strconv.Itoa(bot.MaxFile>>20)+" MB")
}

// downloadFile answers with a file of a conversation. Whoever opens it by itself
// gets a file to keep and nothing that runs.
func (c *Console) downloadFile(w http.ResponseWriter, r *http.Request, who call) {
	f, content, err := c.desk.Download(r.Context(), who.actor(), r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		writeProblem(w, c.deskProblem(r.Context(), "downloadFile", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", f.Disposition())
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // whoever is gone hears nothing
}
