package httpapi_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"faqbot/channels/httpapi"
)

func TestClientIP(t *testing.T) {
	proxies, err := httpapi.ParseProxies([]string{"10.0.0.0/8", " 192.0.2.7 ", "2001:db8::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"direct", "203.0.113.5:1", nil, "203.0.113.5"},
		{"direct liar", "203.0.113.5:1", []string{"1.1.1.1"}, "203.0.113.5"},
		{"one proxy", "10.1.1.1:1", []string{"203.0.113.5"}, "203.0.113.5"},
		{"liar behind a proxy", "10.1.1.1:1", []string{"1.1.1.1, 203.0.113.5"}, "203.0.113.5"},
		{"two proxies", "10.1.1.1:1", []string{"203.0.113.5, 192.0.2.7"}, "203.0.113.5"},
		{"two headers", "10.1.1.1:1", []string{"1.1.1.1", "203.0.113.5"}, "203.0.113.5"},
		{"rubbish", "10.1.1.1:1", []string{"203.0.113.5, unknown"}, "10.1.1.1"},
		{"only proxies", "10.1.1.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{"IPv6", "[2001:db8::1]:1", []string{"2001:470::9"}, "2001:470::9"},
		{"IPv4 in IPv6", "[::ffff:10.1.1.1]:1", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		{"no network", "@", nil, "0.0.0.0"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		r.Header["X-Forwarded-For"] = tt.forwarded
		if got := proxies.ClientIP(r); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33"} {
		if _, err := httpapi.ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestNetwork(t *testing.T) {
	a, b := netip.MustParseAddr("2001:470:1:2::1"), netip.MustParseAddr("2001:470:1:2:ffff::9")
	if httpapi.Network(a) != httpapi.Network(b) {
		t.Error("two addresses of one /64 are two customers")
	}
	if httpapi.Network(netip.MustParseAddr("203.0.113.5")) == httpapi.Network(netip.MustParseAddr("203.0.113.6")) {
		t.Error("two addresses of IPv4 are one customer")
	}
}

func TestBuckets(t *testing.T) {
	b := httpapi.NewBuckets[string](httpapi.Rate{PerSecond: 10, Burst: 2}, 100)
	for range 2 {
		if b.Take("a") != 0 {
			t.Error("the burst is refused")
		}
	}
	if wait := b.Take("a"); wait <= 0 || wait > 100*time.Millisecond {
		t.Errorf("wait %v, want a tenth of a second at most", wait)
	}
	if b.Take("b") != 0 {
		t.Error("another key has to wait")
	}
	unlimited := httpapi.NewBuckets[int](httpapi.Rate{}, 1)
	for range 1000 {
		if unlimited.Take(1) != 0 {
			t.Fatal("no limit refuses")
		}
	}
}

// TestBucketsAreBounded uses more keys than there is room for.
func TestBucketsAreBounded(t *testing.T) {
	b := httpapi.NewBuckets[int](httpapi.Rate{PerSecond: .001, Burst: 5}, 50)
	refused := 0
	for key := range 1000 {
		if b.Take(key) > 0 {
			refused++
		}
	}
	if b.Len() != 50 {
		t.Errorf("%d keys are kept, want 50", b.Len())
	}
	if refused != 1000-50-5 {
		t.Errorf("%d are refused, want all that share one bucket but its burst", refused)
	}
}

func TestWriteError(t *testing.T) {
	w := httptest.NewRecorder()
	httpapi.WriteError(w, &httpapi.Error{Code: 4290, Text: "太快", RetryAfter: 1234 * time.Millisecond})
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" || w.Body.String() != `{"error":{"code":4290,"text":"太快","retry_after":1.3}}` {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestReadBody(t *testing.T) {
	for size, want := range map[int]error{9: nil, 10: nil, 11: httpapi.ErrTooLarge} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size)))
		if body, err := httpapi.ReadBody(httptest.NewRecorder(), r, 10); !errors.Is(err, want) || err == nil && len(body) != size {
			t.Errorf("%d bytes: %d, %v", size, len(body), err)
		}
	}
}

func TestSecure(t *testing.T) {
	get := func(p httpapi.Policy, host string, encrypted bool) http.Header {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if encrypted {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		httpapi.Secure(p, nil, http.NotFoundHandler()).ServeHTTP(w, r)
		return w.Header()
	}
	for name, policy := range map[string]httpapi.Policy{
		"data": httpapi.DataPolicy(), "asset": httpapi.AssetPolicy(), "page": httpapi.PagePolicy(), "frame": httpapi.FramePolicy([]string{"https://a.example"}),
	} {
		h := get(policy, "faq.example", false)
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "{") {
			t.Errorf("%s: %s", name, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("Permissions-Policy") == "" || h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %v", name, h)
		}
		if framed := h.Get("X-Frame-Options") == ""; framed != (name == "frame") {
			t.Errorf("%s: framed is %v", name, framed)
		}
	}
	if get(httpapi.PagePolicy(), "a", true).Get("Strict-Transport-Security") == "" {
		t.Error("TLS without HSTS")
	}
	if csp := get(httpapi.PagePolicy(), "a; script-src *", false).Get("Content-Security-Policy"); strings.Contains(csp, "script-src *") {
		t.Errorf("the host breaks out: %s", csp)
	}
}

// TestTrace checks what the log holds, and what it must not hold.
func TestTrace(t *testing.T) {
	var out bytes.Buffer
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel))
	handler := httpapi.Trace(log, nil, &httpapi.Error{Code: 5000, Text: "坏了"}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if httpapi.RequestID(r.Context()) == "" {
			t.Error("the request has no id")
		}
		if r.Method == "POST" {
			panic("我的手机号是 13800000000")
		}
		io.WriteString(w, "ok")
	}))
	ask := func(method string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/chat/socket?ticket=geheim", strings.NewReader("13900000000"))
		r.RemoteAddr = "203.0.113.77:5"
		r.Header.Set("Authorization", "Bearer verborgen")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	if w := ask("GET"); w.Code != 200 || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	if w := ask("POST"); w.Code != 500 || !strings.Contains(w.Body.String(), "5000") {
		t.Errorf("after a panic: %d %s", w.Code, w.Body)
	}
	for _, secret := range []string{"geheim", "verborgen", "13800000000", "13900000000", "203.0.113.77"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{`"path":"/chat/socket"`, `"status":200`, `"status":500`, `"what":"string"`, "203.0.113.0/24"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %s: %s", want, out.String())
		}
	}
}
