package envelope

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
)

// Errors about callbacks, to be tested with errors.Is.
var (
	// ErrSignature says that it does not come from the platform.
	ErrSignature = errors.New("wrong signature")
	// ErrStale says that it was signed too long ago, or in the future: somebody
	// sends an old one again, or our clock is wrong.
	ErrStale = errors.New("the timestamp is out of the window")
	// ErrAppID says that it was sealed for another account.
	ErrAppID = errors.New("sealed for another AppID")
	// ErrSealed says that it cannot be deciphered.
	ErrSealed = errors.New("undecipherable")
	// ErrMalformed says that it is not the XML of a message.
	ErrMalformed = errors.New("malformed message")
)

// Keys are what an account shares with the platform about callbacks.
type Keys struct {
	AppID  string
	Token  string // signs; without it nothing is accepted
	AESKey string // seals: 43 characters; empty in plain mode
}

// Query is what the address of a callback says.
type Query struct {
	Signature    string
	Timestamp    string // Unix seconds
	Nonce        string
	Echo         string // to be sent back when the platform checks the address
	EncryptType  string // aes: the body is sealed
	MsgSignature string // of the sealed body
}

// QueryOf reads the parameters of an address.
func QueryOf(v url.Values) Query {
	return Query{
		Signature:    v.Get("signature"),
		Timestamp:    v.Get("timestamp"),
		Nonce:        v.Get("nonce"),
		Echo:         v.Get("echostr"),
		EncryptType:  v.Get("encrypt_type"),
		MsgSignature: v.Get("msg_signature"),
	}
}

// Sign returns the signature of a timestamp, a nonce and what else is signed, in
// hex.
func (k Keys) Sign(timestamp, nonce string, more ...string) string {
	return util.Signature(append([]string{k.Token, timestamp, nonce}, more...)...)
}

// Check reports whether the platform signed the address, within the window around
// now; a window of 0 allows any age. It returns ErrSignature or ErrStale.
func (k Keys) Check(q Query, now time.Time, window time.Duration) error {
	if !k.signed(q, q.Signature) {
		return ErrSignature
	}
	if window == 0 {
		return nil
	}
	at, err := strconv.ParseInt(q.Timestamp, 10, 64)
	if err != nil || at < 0 {
		return ErrStale
	}
	if age := now.Unix() - at; max(age, -age) > int64(window/time.Second) {
		return ErrStale
	}
	return nil
}

// signed compares in constant time.
func (k Keys) signed(q Query, signature string, more ...string) bool {
	want := k.Sign(q.Timestamp, q.Nonce, more...)
	return k.Token != "" && subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}

// Open returns the message in a body of at most MaxBody bytes, and whether it was
// sealed; of a body in compatible mode, what was sealed. It does not look at the
// signature of the address, and that says nothing about the body: whoever expects
// sealed bodies has to refuse others. It returns ErrMalformed, ErrSignature,
// ErrSealed or ErrAppID.
func (k Keys) Open(q Query, body []byte) (raw []byte, sealed bool, err error) {
	if len(body) > MaxBody {
		return nil, false, fmt.Errorf("%w: %d bytes", ErrMalformed, len(body))
	}
	if q.EncryptType != "aes" {
		return body, false, nil
	}
	var outside message.EncryptedXMLMsg
	if err := decode(body, &outside); err != nil {
		return nil, true, err
	}
	if !k.signed(q, q.MsgSignature, outside.EncryptedMsg) {
		return nil, true, ErrSignature
	}
	raw, err = k.decipher(outside.EncryptedMsg)
	return raw, true, err
}

func (k Keys) decipher(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(k.AESKey + "=")
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%w: the account has no valid AES key", ErrSealed)
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	_, raw, appID, err := util.AESDecryptMsg(sealed, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if string(appID) != k.AppID {
		return nil, ErrAppID
	}
	return raw, nil
}

// Seal returns the XML of a sealed reply, signed at the time with the nonce.
func (k Keys) Seal(reply []byte, now time.Time, nonce string) ([]byte, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	sealed, err := util.EncryptMsg(salt, reply, k.AppID, k.AESKey)
	if err != nil {
		return nil, errors.New("seal the reply: the account has no valid AES key")
	}
	at := now.Unix()
	return encode(message.ResponseEncryptedXMLMsg{
		EncryptedMsg: string(sealed),
		MsgSignature: k.Sign(strconv.FormatInt(at, 10), nonce, string(sealed)),
		Timestamp:    at,
		Nonce:        nonce,
	}), nil
}
