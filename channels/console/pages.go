package console

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"faqbot/channels/httpapi"
)

// pages are the built files of the console, read once.
type pages struct {
	start  []byte // index.html
	assets map[string]*asset
}

// asset is a file with a name that changes with what is in it.
type asset struct {
	content []byte
	kind    string        // of MIME
	packed  func() []byte // by gzip; nil if that is of no use
}

func newPages(files fs.FS) (*pages, error) {
	if files == nil {
		return nil, errors.New("none are given")
	}
	start, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("read index.html: %w", err)
	}
	p := &pages{start: start, assets: map[string]*asset{}}
	err = fs.WalkDir(files, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		p.assets[strings.TrimPrefix(name, "assets/")] = newAsset(name, content)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	return p, nil
}

func newAsset(name string, content []byte) *asset {
	kind := kindOfFile(name)
	a := &asset{content: content, kind: kind}
	if strings.HasPrefix(kind, "text/") || kind == "image/svg+xml" {
		a.packed = sync.OnceValue(func() []byte { return pack(content) })
	}
	return a
}

// pack compresses what is served often.
func pack(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	_, _ = w.Write(content)                               // a buffer does not fail
	_ = w.Close()
	return b.Bytes()
}

// kindOfFile does not ask the operating system, whose tables differ.
func kindOfFile(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	case ".mp3":
		return "audio/mpeg"
	}
	return "application/octet-stream"
}

// index answers with the one page of the console, whatever the path: the page
// itself knows what belongs there.
func (p *pages) index(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == prefix:
		http.Redirect(w, r, prefix+"/", http.StatusPermanentRedirect)
		return
	case !strings.HasPrefix(r.URL.Path, prefix+"/"):
		http.NotFound(w, r)
		return
	case !reads(w, r):
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.start))
}

func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	a := p.assets[strings.TrimPrefix(r.URL.Path, prefix+"/assets/")]
	if a == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if !reads(w, r) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	content := a.content
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = a.packed()
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// takesGzip reports whether the client says so, not counting those who make it
// complicated.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if name, parameters, err := mime.ParseMediaType(strings.TrimSpace(part)); err == nil && name == "gzip" {
			return parameters["q"] != "0"
		}
	}
	return false
}

// reads refuses everything but reading.
func reads(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}

// pagePolicy lets the pages use what is their own and nothing else: no script
// and no style that stands in the page itself. Pictures may be made in the page.
// The host stands there because old browsers do not count sockets as 'self'.
func pagePolicy() httpapi.Policy {
	return httpapi.Policy{Content: "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; " +
		"img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws://{host} wss://{host}; " +
		"object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; " +
		"report-uri " + apiPrefix + reportPath}
}

// secure sets the security headers. Where the staff comes from is nobody's
// business, and a page that shows customers' words is not shared.
func secure(p httpapi.Policy, proxies httpapi.Proxies, next http.Handler) http.Handler {
	return httpapi.Secure(p, proxies, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	}))
}
