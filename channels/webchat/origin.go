package webchat

import (
	"fmt"
	"net/http"
	"strings"

	"faqbot/channels/httpapi"
)

// origins says from which pages requests may come.
type origins struct {
	own   map[string]bool // empty: the host of the request
	other map[string]bool
}

func newOrigins(config Config) (origins, error) {
	own, err := originSet(config.PublicOrigins)
	if err != nil {
		return origins{}, fmt.Errorf("public origins: %w", err)
	}
	other, err := originSet(config.Origins)
	if err != nil {
		return origins{}, fmt.Errorf("allowed origins: %w", err)
	}
	return origins{own, other}, nil
}

func originSet(texts []string) (map[string]bool, error) {
	set := map[string]bool{}
	for _, text := range texts {
		origin, err := httpapi.ParseOrigin(text)
		if err != nil {
			return nil, err
		}
		set[origin] = true
	}
	return set, nil
}

// allows reports whether a request may come from where it says.
func (o origins) allows(r *http.Request, origin string) bool {
	origin = strings.ToLower(origin)
	if o.other[origin] || o.own[origin] {
		return true
	}
	if len(o.own) > 0 {
		return false
	}
	scheme, host, _ := strings.Cut(origin, "://")
	return (scheme == "http" || scheme == "https") && host != "" && host == strings.ToLower(r.Host)
}

// checked lets requests through that have the method and may come from where
// they say. A socket must say where it comes from; scripts of other pages cannot
// lie about it.
func (c *Chat) checked(method string, needOrigin bool, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, given := r.Header["Origin"]
		switch {
		case given && (len(origin) != 1 || !c.origins.allows(r, origin[0])), !given && needOrigin:
			c.refuse(w, fail(codeOrigin))
			return
		case given && c.origins.other[strings.ToLower(origin[0])]:
			share(w.Header(), origin[0])
		}
		switch r.Method {
		case method:
			serve(w, r)
		case http.MethodOptions:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", method)
			c.refuse(w, fail(codeMethod))
		}
	})
}

// share lets a page of another origin read the answer.
func share(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Add("Vary", "Origin")
}
