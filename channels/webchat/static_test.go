package webchat_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"faqbot/channels/webchat"
	"faqbot/channels/webchat/ui"
)

func TestFiles(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Sites = []string{"https://shop.example", "https://*.shop.example"} })
	for _, tt := range []struct {
		path   string
		status int
		kind   string
		cache  string
	}{
		{"/chat/widget.js", 200, "text/javascript; charset=utf-8", "public, max-age=300"},
		{"/chat/frame", 200, "text/html; charset=utf-8", "no-cache"},
		{"/chat/assets/app-12345.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/", 200, "text/html; charset=utf-8", "no-cache"},
		{"/chat/assets/", 404, "", ""},
		{"/chat/assets/../frame.html", 404, "", ""},
		{"/chat/assets/%2e%2e/frame.html", 404, "", ""},
		{"/chat/", 404, "", ""},
		{"/nothing", 404, "", ""},
	} {
		reply, _ := s.request("GET", tt.path, "", nil)
		if reply.StatusCode != tt.status || tt.kind != "" && (reply.Header.Get("Content-Type") != tt.kind || reply.Header.Get("Cache-Control") != tt.cache) {
			t.Errorf("%s: %d %v", tt.path, reply.StatusCode, reply.Header)
		}
	}
	reply, body := s.request("GET", "/chat/frame", "", nil)
	if want := `content="[&#34;https://shop.example&#34;,&#34;https://*.shop.example&#34;]"`; !strings.Contains(string(body), want) {
		t.Errorf("frame = %s", body)
	}
	policy := reply.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "img-src blob: 'self'") || !strings.Contains(policy, "frame-ancestors 'self' https://shop.example https://*.shop.example") || strings.Contains(policy, "unsafe") || reply.Header.Get("X-Frame-Options") != "" {
		t.Errorf("headers of the frame: %v", reply.Header)
	}
	if _, body := s.request("GET", "/", "", nil); string(body) != `<script src="/chat/widget.js">` {
		t.Errorf("demo = %s", body)
	}
	r, _ := http.NewRequest("GET", s.URL+"/chat/frame", nil)
	r.Header.Set("If-None-Match", reply.Header.Get("ETag"))
	again, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("with the tag: %d", again.StatusCode)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, change := range map[string]func(*webchat.Config){
		"no keys":        func(c *webchat.Config) { c.Keys = nil },
		"no files":       func(c *webchat.Config) { c.Files = nil },
		"bad site":       func(c *webchat.Config) { c.Sites = []string{"shop.example"} },
		"site with path": func(c *webchat.Config) { c.Sites = []string{"https://shop.example/x"} },
		"two in one":     func(c *webchat.Config) { c.Sites = []string{"https://a.example;script-src *"} },
		"bad origin":     func(c *webchat.Config) { c.Origins = []string{"ftp://a.example"} },
		"bad own origin": func(c *webchat.Config) { c.PublicOrigins = []string{""} },
	} {
		config := testConfig()
		change(&config)
		if _, err := webchat.New(config, nil, nil, nil); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestNoFiles(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Files = fstest.MapFS{} })
	if reply, _ := s.request("GET", "/chat/widget.js", "", nil); reply.StatusCode != 404 {
		t.Errorf("got %d", reply.StatusCode)
	}
}

// TestBuiltPages asks for everything that the built pages refer to.
func TestBuiltPages(t *testing.T) {
	s := start(t, func(c *webchat.Config) { c.Files = ui.Files() })
	reference := regexp.MustCompile(`(?:src|href)="([^"#:]+)"`)
	for _, page := range []string{"/", "/chat/frame"} {
		reply, body := s.request("GET", page, "", nil)
		if reply.StatusCode != 200 || strings.Contains(string(body), "__FAQBOT") {
			t.Errorf("%s: %d %s", page, reply.StatusCode, body)
		}
		found := reference.FindAllStringSubmatch(string(body), -1)
		if len(found) == 0 {
			t.Errorf("%s refers to nothing", page)
		}
		base, err := url.Parse(s.URL + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			target, err := base.Parse(f[1])
			if err != nil {
				t.Fatal(err)
			}
			if reply, _ := s.request("GET", target.Path, "", nil); reply.StatusCode != 200 {
				t.Errorf("%s refers to %s, which is %d", page, target.Path, reply.StatusCode)
			}
		}
		if inline := regexp.MustCompile(`<script>|<style|style="| on[a-z]+="`).FindString(string(body)); inline != "" {
			t.Errorf("%s has %s, which the policy forbids", page, inline)
		}
	}
}
