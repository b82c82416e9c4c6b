package httpapi

import (
	"fmt"
	"net/url"
	"strings"
)

// ParseOrigin returns an origin as browsers write it, such as https://example.com.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("origin %q: %w", text, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return "", fmt.Errorf("origin %q is not of the form https://example.com", text)
	}
	return strings.ToLower(u.Scheme + "://" + u.Host), nil
}
