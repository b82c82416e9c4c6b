package httpapi

import (
	"net/http"
	"strings"
)

// Policy is what the browser is told about the answers of one kind.
type Policy struct {
	// Content is the Content-Security-Policy. {host} stands for the host of the
	// request.
	Content string
	// Framed allows other pages to show this one; which, Content says.
	Framed bool
	// Shared allows pages of other origins to load this.
	Shared bool
}

// DataPolicy is for answers that are not shown: nothing may be loaded by them.
func DataPolicy() Policy {
	return Policy{Content: "default-src 'none'; frame-ancestors 'none'; sandbox"}
}

// AssetPolicy is for scripts, styles and images that pages of any origin load.
func AssetPolicy() Policy {
	return Policy{Content: "default-src 'none'; frame-ancestors 'none'", Shared: true}
}

// PagePolicy is for pages that are not framed.
func PagePolicy() Policy {
	return Policy{Content: pageContent + "; frame-ancestors 'none'"}
}

// FramePolicy is for pages that the sites may frame; without sites only pages of
// the same origin may.
func FramePolicy(sites []string) Policy {
	ancestors := append([]string{"'self'"}, sites...)
	return Policy{Content: pageContent + "; frame-ancestors " + strings.Join(ancestors, " "), Framed: true}
}

// pageContent lets a page use what is its own, show pictures of answers, and
// open its socket. The host stands there because old browsers do not count
// sockets as 'self'.
const pageContent = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
	"img-src 'self' data: https: http:; connect-src 'self' ws://{host} wss://{host}; " +
	"frame-src 'self'; base-uri 'none'; form-action 'none'"

// Secure sets the security headers of all answers of next.
func Secure(p Policy, proxies Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", strings.ReplaceAll(p.Content, "{host}", plainHost(r.Host)))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if p.Shared || p.Framed {
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		if !p.Framed {
			h.Set("X-Frame-Options", "DENY")
		}
		if proxies.Encrypted(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// plainHost returns the host of a request, or localhost if it could break out of
// a header.
func plainHost(host string) string {
	for _, c := range host {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune(".-:[]", c) {
			return "localhost"
		}
	}
	if host == "" {
		return "localhost"
	}
	return host
}
