package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// csrfHeader is where a request that writes carries the token of its session.
const csrfHeader = "X-CSRF-Token"

// csrfPurpose keeps the token apart from whatever else a secret may be the key of.
const csrfPurpose = "faqbot console: requests that write, 1"

// csrfToken is what shows that a page which writes can also read what we answer,
// as pages of other origins cannot. It follows from the secret of the session, which
// does not follow from it.
func csrfToken(secret string) string {
	code := hmac.New(sha256.New, []byte(secret))
	code.Write([]byte(csrfPurpose)) // never fails
	return base64.RawURLEncoding.EncodeToString(code.Sum(nil))
}

// carries reports whether a request carries the token.
func carries(r *http.Request, token string) bool {
	return hmac.Equal([]byte(r.Header.Get(csrfHeader)), []byte(token))
}

func withoutToken() *Problem {
	return newProblem(http.StatusForbidden, "csrf", "登录状态已变化，请刷新页面后再试")
}
