package envelope

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"
)

// Message is what a follower wrote or did. Texts are as they came, but for
// characters that XML forbids.
type Message struct {
	To          string // the account, by its original ID
	From        string // the follower's OpenID
	ID          string // MsgId, a number; events have none
	Type        string // text, image, voice, …, event; there may be others
	Event       string
	EventKey    string
	Ticket      string // of the scanned code
	Content     string
	MenuID      string // of the item of a msgmenu that was tapped
	MediaID     string
	PicURL      string
	Format      string // of a voice message
	Recognition string // what was said; empty as a rule
	Title       string // of a link, as are the next two
	Description string
	URL         string
	Label       string  // of a place
	X, Y        float64 // latitude and longitude
	Scale       int
	CreatedAt   time.Time // in seconds
}

// wire is a message in XML. Numbers are text: a bad one loses no message.
type wire struct {
	XMLName     xml.Name      `xml:"xml"`
	To          message.CDATA `xml:"ToUserName"`
	From        message.CDATA `xml:"FromUserName"`
	CreateTime  string        `xml:"CreateTime"`
	Type        message.CDATA `xml:"MsgType"`
	Event       message.CDATA `xml:"Event,omitempty"`
	EventKey    message.CDATA `xml:"EventKey,omitempty"`
	Ticket      message.CDATA `xml:"Ticket,omitempty"`
	Content     message.CDATA `xml:"Content,omitempty"`
	MenuID      string        `xml:"bizmsgmenuid,omitempty"`
	MediaID     message.CDATA `xml:"MediaId,omitempty"`
	PicURL      message.CDATA `xml:"PicUrl,omitempty"`
	Format      message.CDATA `xml:"Format,omitempty"`
	Recognition message.CDATA `xml:"Recognition,omitempty"`
	Title       message.CDATA `xml:"Title,omitempty"`
	Description message.CDATA `xml:"Description,omitempty"`
	URL         message.CDATA `xml:"Url,omitempty"`
	X           string        `xml:"Location_X,omitempty"`
	Y           string        `xml:"Location_Y,omitempty"`
	Scale       string        `xml:"Scale,omitempty"`
	Label       message.CDATA `xml:"Label,omitempty"`
	ID          string        `xml:"MsgId,omitempty"`
}

// Parse reads the XML of a message or an event of any type. It returns ErrMalformed
// if it is not well-formed, has a DTD or more than MaxBody bytes, or does not say
// who sent what when.
func Parse(raw []byte) (Message, error) {
	var w wire
	if err := decode(raw, &w); err != nil {
		return Message{}, err
	}
	at, err := strconv.ParseUint(strings.TrimSpace(w.CreateTime), 10, 36) // for two thousand years
	if err != nil || w.From == "" || w.Type == "" {
		return Message{}, fmt.Errorf("%w: no sender, type or time", ErrMalformed)
	}
	scale, _ := strconv.Atoi(strings.TrimSpace(w.Scale)) // or 0
	return Message{
		To:          string(w.To),
		From:        string(w.From),
		ID:          strings.TrimSpace(w.ID),
		Type:        string(w.Type),
		Event:       string(w.Event),
		EventKey:    string(w.EventKey),
		Ticket:      string(w.Ticket),
		Content:     string(w.Content),
		MenuID:      strings.TrimSpace(w.MenuID),
		MediaID:     string(w.MediaID),
		PicURL:      string(w.PicURL),
		Format:      string(w.Format),
		Recognition: string(w.Recognition),
		Title:       string(w.Title),
		Description: string(w.Description),
		URL:         string(w.URL),
		Label:       string(w.Label),
		X:           degrees(w.X),
		Y:           degrees(w.Y),
		Scale:       scale,
		CreatedAt:   time.Unix(int64(at), 0).UTC(),
	}, nil
}

// degrees returns a number, or 0: what JSON has no word for is no place either.
func degrees(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// Build returns the XML of a message as the platform writes it. It does not repair
// what XML forbids.
func Build(m Message) []byte {
	w := wire{
		To:          message.CDATA(m.To),
		From:        message.CDATA(m.From),
		CreateTime:  strconv.FormatInt(m.CreatedAt.Unix(), 10),
		Type:        message.CDATA(m.Type),
		Event:       message.CDATA(m.Event),
		EventKey:    message.CDATA(m.EventKey),
		Ticket:      message.CDATA(m.Ticket),
		Content:     message.CDATA(m.Content),
		MenuID:      m.MenuID,
		MediaID:     message.CDATA(m.MediaID),
		PicURL:      message.CDATA(m.PicURL),
		Format:      message.CDATA(m.Format),
		Recognition: message.CDATA(m.Recognition),
		Title:       message.CDATA(m.Title),
		Description: message.CDATA(m.Description),
		URL:         message.CDATA(m.URL),
		Label:       message.CDATA(m.Label),
		ID:          m.ID,
	}
	if m.Type == string(message.MsgTypeLocation) {
		w.X = strconv.FormatFloat(m.X, 'f', -1, 64)
		w.Y = strconv.FormatFloat(m.Y, 'f', -1, 64)
		w.Scale = strconv.Itoa(m.Scale)
	}
	return encode(w)
}

// Key tells the message from all others of the account; when the platform sends it
// again, it has the same. It has less than 300 bytes.
func (m Message) Key() string {
	at := strconv.FormatInt(m.CreatedAt.Unix(), 10)
	switch {
	case m.ID != "":
		return key("m", m.From, m.ID)
	case m.Event != "":
		return key("e", m.From, at, m.Event, m.EventKey)
	default: // the platform knows no such thing
		return key("o", m.From, at, m.Type, digest(string(Build(m))))
	}
}

// key joins parts with colons. Parts that are long, or have colons, are digested.
func key(kind string, parts ...string) string {
	var b strings.Builder
	b.WriteString(kind)
	for _, p := range parts {
		if len(p) > 64 || strings.Contains(p, ":") {
			p = digest(p)
		}
		b.WriteString(":" + p)
	}
	return b.String()
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
