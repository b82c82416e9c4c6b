package sim

import (
	"bytes"
	"crypto/rand"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gabriel-vasile/mimetype"
)

// mediaLife is how long the platform keeps what was uploaded or sent.
const mediaLife = 3 * 24 * time.Hour

// medium is something that was uploaded, or that a user sent.
type medium struct {
	kind    string // image, voice, video, thumb
	name    string
	content []byte
	until   time.Time
}

// mediaRule is what may be uploaded as one kind.
type mediaRule struct {
	limit int
	types []string
}

func mediaRuleOf(kind string) (mediaRule, bool) {
	r, ok := map[string]mediaRule{
		"image": {2 << 20, []string{"image/png", "image/jpeg", "image/gif"}},
		"voice": {2 << 20, []string{"audio/amr", "audio/mpeg"}},
		"video": {10 << 20, []string{"video/mp4"}},
		"thumb": {64 << 10, []string{"image/jpeg"}},
	}[kind]
	return r, ok
}

// keep stores what a user sends and returns its id.
func (a *Account) keep(kind, name string, content []byte) string {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.store(&medium{kind: kind, name: name, content: content, until: a.platform.now().Add(mediaLife)})
}

func (a *Account) store(m *medium) string {
	id := rand.Text() + rand.Text() + rand.Text()[:12]
	a.media[id] = m
	return id
}

// stored returns what has the id, unless it is of another kind or its time is over.
// The caller holds mu.
func (a *Account) stored(id, kind string, now time.Time) *medium {
	m := a.media[id]
	if m == nil || kind != "" && m.kind != kind || !now.Before(m.until) {
		return nil
	}
	return m
}

// upload keeps a file for some days.
func (a *Account) upload(q *request, now time.Time) (reply, int) {
	kind := q.query.Get("type")
	q.note = "type=" + kind
	rule, ok := mediaRuleOf(kind)
	if !ok {
		return nil, codeMediaKind
	}
	m, ok := uploaded(q)
	if !ok {
		return nil, codeNoMedia
	}
	q.note += " " + m.name + " " + strconv.Itoa(len(m.content)) + " bytes"
	if len(m.content) > rule.limit {
		return nil, codeFileSize
	}
	if found := mimetype.Detect(m.content); !slices.ContainsFunc(rule.types, found.Is) {
		return nil, codeFileKind
	}
	m.kind, m.until = kind, now.Add(mediaLife)
	out := reply{"type": kind, "media_id": a.store(m), "created_at": now.Unix()}
	if kind == "thumb" {
		out["thumb_media_id"] = out["media_id"]
		delete(out, "media_id")
	}
	return out, 0
}

// uploaded returns the field "media" of a form.
func uploaded(q *request) (*medium, bool) {
	_, parameters, err := mime.ParseMediaType(q.header.Get("Content-Type"))
	if err != nil {
		return nil, false
	}
	parts := multipart.NewReader(bytes.NewReader(q.body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, false
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		content, err := io.ReadAll(part)
		return &medium{name: part.FileName(), content: content}, err == nil && len(content) > 0
	}
}

// download returns what was uploaded or sent.
func (a *Account) download(q *request, now time.Time) (reply, int) {
	id := q.query.Get("media_id")
	q.note = "media_id=" + id
	if q.file = a.stored(id, "", now); q.file == nil {
		return nil, codeMedia
	}
	return nil, 0
}

func (m *medium) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", mimetype.Detect(m.content).String())
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.name}))
	_, _ = w.Write(m.content) // the caller may be gone
}

// Media returns what was uploaded or sent, as long as the platform has it.
func (a *Account) Media(id string) (content []byte, ok bool) {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	m := a.stored(id, "", a.platform.now())
	if m == nil {
		return nil, false
	}
	return m.content, true
}

// picture serves a picture that a user sent to whoever knows its address.
func (p *Platform) picture(w http.ResponseWriter, r *http.Request, id string) {
	m := p.sentPicture(id)
	if m == nil || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mimetype.Detect(m.content).String())
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(m.content) // the caller may be gone
}

func (p *Platform) sentPicture(id string) *medium {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.accounts {
		if m := a.stored(id, "image", p.now()); m != nil {
			return m
		}
	}
	return nil
}
