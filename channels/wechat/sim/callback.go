package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"faqbot/channels/wechat/envelope"
)

const (
	// tries is how often a callback is sent until it is answered.
	tries = 3
	// maxAnswer is what is read of an answer.
	maxAnswer = 1 << 20
)

// Exchange is a callback with all that came of it.
type Exchange struct {
	At     time.Time `json:"at"`
	OpenID string    `json:"openid"`
	// Raw is the XML of the callback before it is sealed.
	Raw      []byte    `json:"raw"`
	Attempts []Attempt `json:"attempts"`
	// Reply is the XML of the passive reply, opened; empty if there was none.
	Reply []byte `json:"reply,omitempty"`
	// Fault says what was wrong with the answer; then the user was shown FaultText,
	// unless it was about something of which they see nothing.
	Fault string `json:"fault,omitempty"`
	// Over says that the platform has finished with it.
	Over bool `json:"over"`

	event string
}

// Attempt is one time that a callback was sent.
type Attempt struct {
	At  time.Time `json:"at"`
	URL string    `json:"url"`
	// Body is what was posted.
	Body   []byte `json:"body"`
	Status int    `json:"status,omitempty"`
	Answer []byte `json:"answer,omitempty"`
	// Failure says why there was no answer.
	Failure string        `json:"failure,omitempty"`
	Took    time.Duration `json:"took"`
}

func (e *Exchange) copy() Exchange {
	c := *e
	c.Attempts = slices.Clone(e.Attempts)
	return c
}

// Signed returns the address and the body of a callback with the XML, as they are
// sent now: for those who want to send it themselves.
func (u *User) Signed(raw []byte) (address string, body []byte, err error) {
	return u.account.Config().sign(u.openID, raw, u.account.platform.now())
}

func (c AccountConfig) keys() envelope.Keys {
	return envelope.Keys{AppID: c.AppID, Token: c.Token, AESKey: c.AESKey}
}

// sign writes the address and the body of a callback in the account's mode.
func (c AccountConfig) sign(openID string, raw []byte, now time.Time) (string, []byte, error) {
	address, err := url.Parse(c.Callback)
	if err != nil || c.Callback == "" {
		return "", nil, ErrNoCallback
	}
	query := address.Query()
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), nonce()
	query.Set("signature", c.keys().Sign(timestamp, nonce))
	query.Set("timestamp", timestamp)
	query.Set("nonce", nonce)
	query.Set("openid", openID)
	body := raw
	if c.sealed() {
		sealed, err := util.EncryptMsg([]byte(rand.Text()[:16]), raw, c.AppID, c.AESKey)
		if err != nil {
			return "", nil, fmt.Errorf("seal the callback: %w", err)
		}
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", c.keys().Sign(timestamp, nonce, string(sealed)))
		body = c.envelop(raw, sealed)
	}
	address.RawQuery = query.Encode()
	return address.String(), body, nil
}

// envelop puts what is sealed into XML: alone, or in compatible mode beside what is
// not.
func (c AccountConfig) envelop(raw, sealed []byte) []byte {
	inner := "<Encrypt><![CDATA[" + string(sealed) + "]]></Encrypt></xml>"
	if open, ok := bytes.CutSuffix(bytes.TrimSpace(raw), []byte("</xml>")); ok && c.Mode == Compatible {
		return append(slices.Clone(open), inner...)
	}
	return []byte("<xml><ToUserName><![CDATA[" + c.Original + "]]></ToUserName>" + inner)
}

func nonce() string {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return strconv.FormatUint(uint64(b[0])<<24|uint64(b[1])<<16|uint64(b[2])<<8|uint64(b[3]), 10)
}

// exchange sends a callback until it is answered, and shows what comes of it.
func (u *User) exchange(ctx context.Context, raw []byte, event string) (Exchange, error) {
	p := u.account.platform
	p.mu.Lock()
	if u.account.config.Callback == "" {
		p.mu.Unlock()
		return Exchange{}, ErrNoCallback
	}
	e := &Exchange{At: p.now(), OpenID: u.openID, Raw: raw, event: event}
	u.last = e
	u.account.exchanges = append(u.account.exchanges, e)
	p.touch()
	p.mu.Unlock()

	answered := false
	for range tries {
		attempt, err := u.attempt(ctx, raw)
		p.mu.Lock()
		e.Attempts = append(e.Attempts, attempt)
		answered = attempt.Failure == ""
		p.touch()
		p.mu.Unlock()
		if err != nil {
			return u.finish(e), err
		}
		if answered {
			break
		}
	}
	p.mu.Lock()
	u.conclude(e, answered)
	p.mu.Unlock()
	return u.finish(e), nil
}

// finish says that the platform has done with it.
func (u *User) finish(e *Exchange) Exchange {
	p := u.account.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Over = true
	p.touch()
	return e.copy()
}

// attempt posts a callback once. The error is that of ctx.
func (u *User) attempt(ctx context.Context, raw []byte) (Attempt, error) {
	p := u.account.platform
	a := Attempt{At: p.now()}
	started := time.Now()
	var err error
	if a.URL, a.Body, err = u.Signed(raw); err != nil {
		return a, err
	}
	timed, cancel := context.WithTimeoutCause(ctx, p.config.Patience, errTooLate)
	defer cancel()
	a.Status, a.Answer, err = p.post(timed, a.URL, a.Body)
	a.Took = time.Since(started)
	switch {
	case ctx.Err() != nil:
		return a, fmt.Errorf("send a callback: %w", ctx.Err())
	case timed.Err() != nil:
		a.Failure = errTooLate.Error()
	case err != nil:
		a.Failure = err.Error()
	case a.Status != http.StatusOK:
		a.Failure = "status " + strconv.Itoa(a.Status)
	}
	return a, nil
}

var errTooLate = errors.New("no answer in time")

func (p *Platform) post(ctx context.Context, address string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "text/xml")
	r.Header.Set("User-Agent", "Mozilla/4.0")
	return p.fetch(r)
}

func (p *Platform) fetch(r *http.Request) (int, []byte, error) {
	response, err := p.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, answer, err
}

// Verify checks the account's address as the platform does before it takes it over:
// it must send back what it is sent.
func (a *Account) Verify(ctx context.Context) error {
	c := a.Config()
	address, err := url.Parse(c.Callback)
	if err != nil || c.Callback == "" {
		return ErrNoCallback
	}
	query := address.Query()
	timestamp, nonce, echo := strconv.FormatInt(a.platform.now().Unix(), 10), nonce(), nonce()+nonce()
	query.Set("signature", c.keys().Sign(timestamp, nonce))
	query.Set("timestamp", timestamp)
	query.Set("nonce", nonce)
	query.Set("echostr", echo)
	address.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, a.platform.config.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return fmt.Errorf("verify the address: %w", err)
	}
	status, answer, err := a.platform.fetch(r)
	switch {
	case err != nil:
		return fmt.Errorf("verify the address: %w", err)
	case status != http.StatusOK:
		return fmt.Errorf("verify the address: status %d", status)
	case string(answer) != echo:
		return fmt.Errorf("verify the address: %q came back instead of %q", answer, echo)
	}
	return nil
}
