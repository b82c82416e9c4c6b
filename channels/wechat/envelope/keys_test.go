package envelope_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"faqbot/channels/wechat/envelope"
)

// keys are those of the platform's own example.
var keys = envelope.Keys{
	AppID:  "wx5823bf96d3bd56c7",
	Token:  "QDG6eK",
	AESKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
}

const nonce = "1372623149"

var now = time.Unix(1409659813, 0)

// at returns a query that the keys signed at the time.
func at(k envelope.Keys, timestamp string) envelope.Query {
	return envelope.Query{Timestamp: timestamp, Nonce: nonce, Signature: k.Sign(timestamp, nonce)}
}

// wrap returns a sealed callback with the cipher text, signed.
func wrap(cipher, around string) (envelope.Query, []byte) {
	q := at(keys, "1409659813")
	q.EncryptType, q.MsgSignature = "aes", keys.Sign(q.Timestamp, q.Nonce, cipher)
	return q, []byte("<xml>" + around + "<Encrypt><![CDATA[" + cipher + "]]></Encrypt></xml>")
}

// sealed returns the cipher text of a message.
func sealed(t testing.TB, k envelope.Keys, raw []byte) string {
	t.Helper()
	reply, err := k.Seal(raw, now, nonce)
	if err != nil {
		t.Fatal(err)
	}
	return outside(t, reply).EncryptedMsg
}

func outside(t testing.TB, reply []byte) (r message.ResponseEncryptedXMLMsg) {
	t.Helper()
	if err := xml.Unmarshal(reply, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestKnownExample opens the example of the platform's documentation.
func TestKnownExample(t *testing.T) {
	const cipher = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/s" +
		"YYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+" +
		"LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8" +
		"V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptD" +
		"AVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	q, body := wrap(cipher, "")
	q.MsgSignature = "477715d11cdb4164915debcba66cb864d751f3e6"
	raw, isSealed, err := keys.Open(q, body)
	if err != nil || !isSealed {
		t.Fatalf("opened: sealed %v, %v", isSealed, err)
	}
	m, err := envelope.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := envelope.Message{
		To: keys.AppID, From: "mycreate", Type: "text", Content: "hello", ID: "4561255354251345929", CreatedAt: now.UTC(),
	}
	if m != want {
		t.Errorf("message %+v, want %+v", m, want)
	}
}

// TestCheck is WT1, WT17 and the trap of 2038.
func TestCheck(t *testing.T) {
	const window = 10 * time.Minute
	changed := func(change func(*envelope.Query)) envelope.Query {
		q := at(keys, "1409659813")
		change(&q)
		return q
	}
	for name, tt := range map[string]struct {
		keys   envelope.Keys
		query  envelope.Query
		now    time.Time
		window time.Duration
		want   error
	}{
		"good":                {keys, at(keys, "1409659813"), now, window, nil},
		"as old as may be":    {keys, at(keys, "1409659813"), now.Add(window), window, nil},
		"too old":             {keys, at(keys, "1409659813"), now.Add(window + time.Second), window, envelope.ErrStale},
		"clock behind":        {keys, at(keys, "1409659813"), now.Add(-window), window, nil},
		"of the future":       {keys, at(keys, "1409659813"), now.Add(-window - time.Second), window, envelope.ErrStale},
		"of 1970":             {keys, at(keys, "1"), now, window, envelope.ErrStale},
		"any age":             {keys, at(keys, "1"), now, 0, nil},
		"after 2038":          {keys, at(keys, "4102444800"), time.Unix(4102444800, 0), window, nil},
		"old after 2038":      {keys, at(keys, "4102444800"), time.Unix(4102445800, 0), window, envelope.ErrStale},
		"largest":             {keys, at(keys, "9223372036854775807"), now, window, envelope.ErrStale},
		"smallest":            {keys, at(keys, "-9223372036854775808"), now, window, envelope.ErrStale},
		"too large":           {keys, at(keys, "9223372036854775808"), now, window, envelope.ErrStale},
		"no number":           {keys, at(keys, "now"), now, window, envelope.ErrStale},
		"no signature":        {keys, changed(func(q *envelope.Query) { q.Signature = "" }), now, window, envelope.ErrSignature},
		"half a signature":    {keys, changed(func(q *envelope.Query) { q.Signature = q.Signature[:20] }), now, window, envelope.ErrSignature},
		"upper case":          {keys, changed(func(q *envelope.Query) { q.Signature = strings.ToUpper(q.Signature) }), now, window, envelope.ErrSignature},
		"other timestamp":     {keys, changed(func(q *envelope.Query) { q.Timestamp = "1409659814" }), now, window, envelope.ErrSignature},
		"other nonce":         {keys, changed(func(q *envelope.Query) { q.Nonce = "1" }), now, window, envelope.ErrSignature},
		"other token":         {envelope.Keys{Token: "other"}, at(keys, "1409659813"), now, window, envelope.ErrSignature},
		"nothing":             {keys, envelope.Query{}, now, 0, envelope.ErrSignature},
		"account has no keys": {envelope.Keys{}, at(envelope.Keys{}, "1409659813"), now, window, envelope.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tt.keys.Check(tt.query, tt.now, tt.window); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// TestEcho is WT2 as far as it is ours: the word to echo comes unchanged.
func TestEcho(t *testing.T) {
	v, err := url.ParseQuery("signature=s&echostr=%3Cb%3E+4%2B&timestamp=1&nonce=2&encrypt_type=aes&msg_signature=m")
	if err != nil {
		t.Fatal(err)
	}
	want := envelope.Query{Signature: "s", Timestamp: "1", Nonce: "2", Echo: "<b> 4+", EncryptType: "aes", MsgSignature: "m"}
	if got := envelope.QueryOf(v); got != want {
		t.Errorf("query %+v, want %+v", got, want)
	}
}

// TestSealOpen is WT3: every length around the padding's block of 32 comes back.
func TestSealOpen(t *testing.T) {
	lengths := []int{0, 1, 31, 32, 33, 63, 64, 40 << 10}
	for extra := range 33 {
		lengths = append(lengths, extra+100) // among them one that fills the last block
	}
	for _, n := range lengths {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			raw := bytes.Repeat([]byte("x"), n)
			reply, err := keys.Seal(raw, now, nonce)
			if err != nil {
				t.Fatal(err)
			}
			r := outside(t, reply)
			cipher, err := base64.StdEncoding.DecodeString(r.EncryptedMsg)
			if err != nil || len(cipher)%32 != 0 || len(cipher) <= 20+n+len(keys.AppID) {
				t.Fatalf("%d bytes of cipher text, %v", len(cipher), err)
			}
			if r.Timestamp != now.Unix() || r.Nonce != nonce {
				t.Errorf("sealed at %d with %q", r.Timestamp, r.Nonce)
			}
			q := envelope.Query{EncryptType: "aes", Timestamp: "1409659813", Nonce: nonce, MsgSignature: r.MsgSignature}
			got, isSealed, err := keys.Open(q, reply)
			if err != nil || !isSealed || !bytes.Equal(got, raw) {
				t.Errorf("opened %d bytes of %d, sealed %v, %v", len(got), n, isSealed, err)
			}
		})
	}
}

func TestSealedTwiceDiffers(t *testing.T) {
	if one, two := sealed(t, keys, []byte("reply")), sealed(t, keys, []byte("reply")); one == two {
		t.Error("the same cipher text twice: the salt is not random")
	}
}

// TestModes is WT3: what is in the body comes out in all modes.
func TestModes(t *testing.T) {
	text := envelope.Message{To: "gh_1", From: "o1", ID: "7", Type: "text", Content: "你好 ]]> <b>", CreatedAt: now.UTC()}
	raw := envelope.Build(text)
	other := text
	other.Content = "not this one"
	cipher := sealed(t, keys, raw)
	safe, safeBody := wrap(cipher, "<ToUserName>gh_1</ToUserName>")
	inside := strings.TrimSuffix(strings.TrimPrefix(string(envelope.Build(other)), "<xml>"), "</xml>")
	both, bothBody := wrap(cipher, inside)
	plain := at(keys, "1409659813")
	named := plain
	named.EncryptType = "raw"
	for name, tt := range map[string]struct {
		query  envelope.Query
		body   []byte
		sealed bool
	}{
		"plain":           {plain, raw, false},
		"plain, by name":  {named, raw, false},
		"compatible":      {both, bothBody, true},
		"compatible \v":   {both, bytes.Replace(bothBody, []byte("not"), []byte("\v\xff"), 1), true},
		"safe":            {safe, safeBody, true},
		"safe, other XML": {safe, append([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), safeBody...), true},
	} {
		t.Run(name, func(t *testing.T) {
			got, isSealed, err := keys.Open(tt.query, tt.body)
			if err != nil || isSealed != tt.sealed {
				t.Fatalf("sealed %v, %v", isSealed, err)
			}
			if m, err := envelope.Parse(got); err != nil || m != text {
				t.Errorf("message %+v, %v", m, err)
			}
		})
	}
}

// TestOpenRefuses is WT4 and all other ways to be wrong.
func TestOpenRefuses(t *testing.T) {
	cipher := sealed(t, keys, []byte("<xml></xml>"))
	bytesOf := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	coded := base64.StdEncoding.EncodeToString
	others := envelope.Keys{AppID: "wx0000000000000000", Token: keys.Token, AESKey: keys.AESKey}
	lookalike := envelope.Keys{AppID: keys.AppID + "1", Token: keys.Token, AESKey: keys.AESKey}
	keyless := envelope.Keys{AppID: keys.AppID, Token: keys.Token}
	wrongKey := envelope.Keys{AppID: keys.AppID, Token: keys.Token, AESKey: strings.Repeat("A", 43)}
	for name, tt := range map[string]struct {
		keys   envelope.Keys
		cipher string
		want   error
	}{
		"another account's":   {keys, sealed(t, others, []byte("<xml></xml>")), envelope.ErrAppID},
		"AppID with a tail":   {keys, sealed(t, lookalike, []byte("<xml></xml>")), envelope.ErrAppID},
		"other key":           {wrongKey, cipher, envelope.ErrSealed},
		"no key":              {keyless, cipher, envelope.ErrSealed},
		"nothing":             {keys, "", envelope.ErrSealed},
		"no base64":           {keys, "***", envelope.ErrSealed},
		"a block is missing":  {keys, coded(bytesOf(cipher)[:32]), envelope.ErrSealed},
		"half a block":        {keys, coded(bytesOf(cipher)[:40]), envelope.ErrSealed},
		"less than a block":   {keys, coded(bytesOf(cipher)[:16]), envelope.ErrSealed},
		"the last byte wrong": {keys, coded(flip(bytesOf(cipher), -17)), envelope.ErrSealed},
		"the length wrong":    {keys, coded(flip(bytesOf(cipher), 0)), envelope.ErrSealed},
	} {
		t.Run(name, func(t *testing.T) {
			q, body := wrap(tt.cipher, "")
			raw, isSealed, err := tt.keys.Open(q, body)
			if !errors.Is(err, tt.want) || !isSealed || raw != nil {
				t.Errorf("raw %q, sealed %v, error %v, want %v", raw, isSealed, err, tt.want)
			}
		})
	}
}

// flip changes a byte so that padding or length, which CBC lets one aim at, is out
// of range: the byte before the last block's last, or all of the first block.
func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	if i < 0 {
		b[len(b)+i] ^= 0x80
		return b
	}
	for i := range 16 {
		b[i] ^= 0xff
	}
	return b
}

// TestTampered changes each byte of the cipher text on its way.
func TestTampered(t *testing.T) {
	cipher := sealed(t, keys, []byte("<xml><Content>hello</Content></xml>"))
	for i := range len(cipher) {
		changed := []byte(cipher)
		if changed[i]++; changed[i] == '<' {
			changed[i]++
		}
		q, _ := wrap(cipher, "")
		_, body := wrap(string(changed), "")
		if raw, _, err := keys.Open(q, body); !errors.Is(err, envelope.ErrSignature) || raw != nil {
			t.Fatalf("byte %d changed: %q, %v", i, raw, err)
		}
	}
}

func TestOpenWithoutSignature(t *testing.T) {
	cipher := sealed(t, keys, []byte("<xml></xml>"))
	for name, change := range map[string]func(*envelope.Query){
		"none":      func(q *envelope.Query) { q.MsgSignature = "" },
		"address's": func(q *envelope.Query) { q.MsgSignature = q.Signature },
		"of others": func(q *envelope.Query) { q.MsgSignature = envelope.Keys{Token: "x"}.Sign(q.Timestamp, q.Nonce, cipher) },
		"of before": func(q *envelope.Query) { q.Timestamp = "1409659814" },
	} {
		q, body := wrap(cipher, "")
		change(&q)
		if _, _, err := keys.Open(q, body); !errors.Is(err, envelope.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
}

func TestOpenMalformed(t *testing.T) {
	q, good := wrap(sealed(t, keys, []byte("<xml></xml>")), "")
	for name, body := range map[string][]byte{
		"nothing": nil,
		"JSON":    []byte(`{"Encrypt":"x"}`),
		"cut off": good[:len(good)-8],
		"DTD":     append([]byte(`<!DOCTYPE xml SYSTEM "http://127.0.0.1/x">`), good...),
		"10 MB":   bytes.Repeat(good, 10<<20/len(good)),
	} {
		if _, _, err := keys.Open(q, body); !errors.Is(err, envelope.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
	if _, _, err := keys.Open(envelope.Query{}, make([]byte, envelope.MaxBody+1)); !errors.Is(err, envelope.ErrMalformed) {
		t.Errorf("too large, plain: %v", err)
	}
}

// TestErrorsKeepSecrets: what goes wrong says nothing about the keys.
func TestErrorsKeepSecrets(t *testing.T) {
	bad := envelope.Keys{AppID: "wx", Token: "the-token", AESKey: "the-key"}
	_, sealing := bad.Seal([]byte("reply"), now, nonce)
	cipher := sealed(t, keys, []byte("x"))
	q, body := wrap(cipher, "")
	q.MsgSignature = bad.Sign(q.Timestamp, q.Nonce, cipher)
	_, _, opening := bad.Open(q, body)
	if sealing == nil || !errors.Is(opening, envelope.ErrSealed) {
		t.Fatalf("sealing: %v; opening: %v", sealing, opening)
	}
	if text := fmt.Sprint(sealing, opening); strings.Contains(text, "the-") {
		t.Errorf("errors %s", text)
	}
}

func FuzzOpen(f *testing.F) {
	for _, raw := range []string{"", "x", "<xml></xml>", "\v\xff", strings.Repeat("字", 1000)} {
		cipher, err := base64.StdEncoding.DecodeString(sealed(f, keys, []byte(raw)))
		if err != nil {
			f.Fatal(err)
		}
		_, body := wrap(base64.StdEncoding.EncodeToString(cipher), "")
		f.Add([]byte(raw), cipher, body)
	}
	f.Add([]byte("&#xD800;"), []byte("short"), []byte(`<!DOCTYPE x [<!ENTITY a "a">]><xml><Encrypt>&a;</Encrypt></xml>`))
	f.Add([]byte{0}, make([]byte, 64), []byte("<xml><Encrypt>"))
	f.Fuzz(func(t *testing.T, raw, cipher, body []byte) {
		// What was sealed comes back.
		q, whole := wrap(sealed(t, keys, raw), "")
		if got, _, err := keys.Open(q, whole); len(whole) <= envelope.MaxBody && (err != nil || !bytes.Equal(got, raw)) {
			t.Errorf("opened %q, %v; sealed %q", got, err, raw)
		}
		// A cipher text with the right signature, and any body at all.
		q, whole = wrap(base64.StdEncoding.EncodeToString(cipher), "")
		for _, b := range [][]byte{whole, body} {
			if got, _, err := keys.Open(q, b); err != nil && (got != nil || !known(err)) {
				t.Errorf("opened %q, %v", got, err)
			}
		}
	})
}

func known(err error) bool {
	return errors.Is(err, envelope.ErrSignature) || errors.Is(err, envelope.ErrSealed) ||
		errors.Is(err, envelope.ErrAppID) || errors.Is(err, envelope.ErrMalformed)
}
