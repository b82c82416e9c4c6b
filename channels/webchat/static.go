package webchat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"faqbot/channels/httpapi"
)

// sitesMark stands in frame.html for the origins that may show the widget, as a
// JSON array.
const sitesMark = "__FAQBOT_SITES__"

const (
	cacheForever = "public, max-age=31536000, immutable"
	cacheShort   = "public, max-age=300"
	cacheAsk     = "no-cache" // keep it, but ask whether it has changed
)

// file is a static file as it is served.
type file struct {
	content []byte
	kind    string // of MIME
	tag     string
	cache   string
}

// files are the static files, read once.
type files struct {
	widget, frame, demo *file
	assets              map[string]*file
	sites               []string
	prefix              string
}

func newFiles(config Config) (*files, error) {
	f := &files{assets: map[string]*file{}, prefix: config.Prefix}
	if config.Files == nil {
		return nil, errors.New("none are given")
	}
	for _, text := range config.Sites {
		site, err := httpapi.ParseOrigin(text)
		if err != nil {
			return nil, fmt.Errorf("sites: %w", err)
		}
		f.sites = append(f.sites, site)
	}
	for _, page := range []struct {
		to    **file
		name  string
		cache string
	}{{&f.widget, "widget.js", cacheShort}, {&f.frame, "frame.html", cacheAsk}, {&f.demo, "demo.html", cacheAsk}} {
		if err := f.load(config.Files, page.name, page.cache, page.to); err != nil {
			return nil, err
		}
	}
	return f, f.loadAssets(config.Files)
}

// load reads a file, unless there is none.
func (f *files) load(from fs.FS, name, cache string, to **file) error {
	content, err := fs.ReadFile(from, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	switch name {
	case "frame.html":
		content = bytes.ReplaceAll(content, []byte(sitesMark), f.sitesJSON())
	case "demo.html": // it stands outside of the prefix
		content = bytes.ReplaceAll(content, []byte(`="chat/`), []byte(`="`+f.prefix+`/`))
	}
	*to = newFile(name, cache, content)
	return nil
}

// sitesJSON returns the sites in a form that is safe in a script and in an
// attribute of HTML.
func (f *files) sitesJSON() []byte {
	sites := f.sites
	if sites == nil {
		sites = []string{}
	}
	text, _ := json.Marshal(sites) // strings do not fail
	return []byte(html.EscapeString(string(text)))
}

func (f *files) loadAssets(from fs.FS) error {
	err := fs.WalkDir(from, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		f.assets[strings.TrimPrefix(name, "assets/")] = newFile(name, cacheForever, content)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the assets: %w", err)
	}
	return nil
}

func newFile(name, cache string, content []byte) *file {
	sum := sha256.Sum256(content)
	return &file{content: content, kind: kindOfFile(name), tag: `"` + hex.EncodeToString(sum[:12]) + `"`, cache: cache}
}

// kindOfFile does not ask the operating system, whose tables differ.
func kindOfFile(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

// ServeHTTP answers with the file, or that it has not changed.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", f.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// framePolicy lets the widget show the files that it fetches with its token: an
// image tag could not send one.
func framePolicy(sites []string) httpapi.Policy {
	p := httpapi.FramePolicy(sites)
	p.Content = strings.Replace(p.Content, "img-src ", "img-src blob: ", 1)
	return p
}

func (f *files) routes(mux *http.ServeMux, config Config) {
	page := func(pattern string, policy httpapi.Policy, h http.Handler) {
		mux.Handle("GET "+pattern, httpapi.Secure(policy, config.Proxies, h))
	}
	page(config.Prefix+"/widget.js", httpapi.AssetPolicy(), f.widget)
	page(config.Prefix+"/frame", framePolicy(f.sites), f.frame)
	page(config.Prefix+"/assets/", httpapi.AssetPolicy(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.assets[strings.TrimPrefix(r.URL.Path, config.Prefix+"/assets/")].ServeHTTP(w, r)
	}))
	mux.Handle(config.Prefix+"/", httpapi.Secure(httpapi.DataPolicy(), config.Proxies, http.NotFoundHandler()))
	if config.Demo {
		page("/{$}", httpapi.PagePolicy(), f.demo)
	}
}
