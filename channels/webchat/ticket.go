package webchat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"faqbot/bot"
)

const (
	channelName  = "web"
	ticketLife   = 60 * time.Second
	maxSigned    = 8 << 10
	maxSpent     = 200_000
	minKey       = 32
	purposeToken = "visitor token"
	purposeEntry = "socket ticket"
)

// identity is what a token says: who the visitor is.
type identity struct {
	ID       string `json:"i"` // 128 random bits
	Account  string `json:"a,omitempty"`
	Language string `json:"l,omitempty"`
}

func newIdentity() identity {
	var bits [16]byte
	rand.Read(bits[:])
	return identity{ID: base64.RawURLEncoding.EncodeToString(bits[:])}
}

func (i identity) visitor() bot.Visitor {
	return bot.Visitor{Channel: channelName, Account: i.Account, ID: i.ID}
}

// ticket opens one socket.
type ticket struct {
	identity
	Nonce    string `json:"n"`
	Expires  int64  `json:"e"` // unix milliseconds
	Name     string `json:"w,omitempty"`
	Referrer string `json:"r,omitempty"`
}

// signer signs what clients keep for us, so that any node knows its own again.
// The first key signs; all of them are believed, so that keys can be changed
// without sending anyone away.
type signer struct{ keys [][]byte }

var errKeys = errors.New("webchat needs a signing key of at least 32 bytes")

func newSigner(keys [][]byte) (signer, error) {
	if len(keys) == 0 {
		return signer{}, errKeys
	}
	for _, key := range keys {
		if len(key) < minKey {
			return signer{}, errKeys
		}
	}
	return signer{keys}, nil
}

// sign returns the value with a signature that holds for the purpose only.
func (s signer) sign(purpose string, value any) string {
	body, _ := json.Marshal(value) // plain structs do not fail
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(s.keys[0], purpose, text))
}

// verify reads a value that sign has signed, and reports whether it is genuine.
func (s signer) verify(purpose, signed string, value any) bool {
	text, signature, found := strings.Cut(signed, ".")
	if !found || len(signed) > maxSigned {
		return false
	}
	// Strict: a signature has one spelling only.
	given, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || !s.genuine(purpose, text, given) {
		return false
	}
	body, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && json.Unmarshal(body, value) == nil
}

func (s signer) genuine(purpose, text string, given []byte) bool {
	genuine := false
	for _, key := range s.keys {
		if hmac.Equal(given, mac(key, purpose, text)) {
			genuine = true
		}
	}
	return genuine
}

func mac(key []byte, purpose, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(purpose + "\n" + text))
	return m.Sum(nil)
}

// spent remembers the tickets that were used on this node until they expire.
type spent struct {
	mu     sync.Mutex // guards nonces and swept
	nonces map[string]int64
	swept  int64
}

// use reports whether the ticket is used for the first time, before it expires.
// If too many are remembered it says no: a client asks for another ticket.
func (s *spent) use(t ticket, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := now.UnixMilli()
	s.sweep(at)
	if _, again := s.nonces[t.Nonce]; again || t.Expires <= at || t.Nonce == "" || len(s.nonces) >= maxSpent {
		return false
	}
	s.nonces[t.Nonce] = t.Expires
	return true
}

// sweep forgets the expired ones, once in the life of a ticket.
func (s *spent) sweep(at int64) {
	if at-s.swept < ticketLife.Milliseconds() {
		return
	}
	s.swept = at
	for nonce, expires := range s.nonces {
		if expires <= at {
			delete(s.nonces, nonce)
		}
	}
}
