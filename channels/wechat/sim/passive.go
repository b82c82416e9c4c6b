package sim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// maxText is how long a text may be, in bytes.
const maxText = 2048

// passiveReply is the XML of a reply. Elements are pointers where it matters that
// they are there.
type passiveReply struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string
	FromUserName string
	CreateTime   string
	MsgType      string
	Content      string
	Image        *struct{ MediaId string }
	Voice        *struct{ MediaId string }
	Video        *struct{ MediaId string }
	Music        *struct{ ThumbMediaId, Title string }
	ArticleCount int
	Articles     struct {
		Item []struct{ Title, Description, PicUrl, Url string } `xml:"item"`
	}
}

// sealedReply is the XML of a sealed reply.
type sealedReply struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string
	MsgSignature string
	TimeStamp    string
	Nonce        string
}

// conclude shows what came of a callback. The caller holds mu.
func (u *User) conclude(e *Exchange, answered bool) {
	now := u.account.platform.now()
	if !answered {
		u.fail(e, errors.New("no answer, three times"), now)
		return
	}
	answer := e.Attempts[len(e.Attempts)-1].Answer
	if len(answer) == 0 || string(answer) == "success" {
		return
	}
	var err error
	if e.Reply, err = u.account.config.open(answer); err != nil {
		u.fail(e, err, now)
		return
	}
	shown, err := u.account.reply(u, e, now)
	switch {
	case err != nil:
		u.fail(e, err, now)
	case shown.Kind != "" && u.following:
		u.contactAt, u.typingTo = now, time.Time{}
		u.show(shown)
	}
}

// fail shows that the account is out of order, unless the user sees nothing of it.
func (u *User) fail(e *Exchange, reason error, now time.Time) {
	e.Fault = reason.Error()
	if slices.Contains([]string{"unsubscribe", "VIEW", "LOCATION"}, e.event) || !u.following {
		return
	}
	u.show(Shown{At: now, From: Fault, Kind: "text", Text: FaultText})
}

// open returns the XML of a reply, which must be sealed in safe mode, must not be in
// plain mode, and may be in compatible mode.
func (c AccountConfig) open(answer []byte) ([]byte, error) {
	var s sealedReply
	if err := unmarshal(answer, &s); err != nil {
		return nil, err
	}
	switch {
	case s.Encrypt == "" && c.Mode == Safe:
		return nil, errors.New("the reply is not sealed")
	case s.Encrypt == "":
		return answer, nil
	case c.Mode == Plain:
		return nil, errors.New("the reply is sealed")
	case s.MsgSignature != c.keys().Sign(s.TimeStamp, s.Nonce, s.Encrypt):
		return nil, errors.New("the signature of the sealed reply is wrong")
	}
	if _, err := strconv.ParseInt(s.TimeStamp, 10, 64); err != nil {
		return nil, fmt.Errorf("the time of the sealed reply: %w", err)
	}
	_, raw, err := util.DecryptMsg(c.AppID, s.Encrypt, c.AESKey)
	if err != nil {
		return nil, fmt.Errorf("open the sealed reply: %w", err)
	}
	return raw, nil
}

// unmarshal reads one element and nothing behind it.
func unmarshal(text []byte, into any) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the XML of the reply: %w", err)
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read behind the XML of the reply: %w", err)
		}
		if space, ok := token.(xml.CharData); !ok || len(bytes.TrimSpace(space)) > 0 {
			return errors.New("there is something behind the XML of the reply")
		}
	}
}

// reply checks a passive reply and returns what is shown of it; nothing, if its Kind
// is empty. The caller holds mu.
func (a *Account) reply(u *User, e *Exchange, now time.Time) (Shown, error) {
	var r passiveReply
	if err := unmarshal(e.Reply, &r); err != nil {
		return Shown{}, err
	}
	_, err := strconv.ParseInt(r.CreateTime, 10, 64)
	switch {
	case r.ToUserName != u.openID:
		return Shown{}, fmt.Errorf("the reply is to %q", r.ToUserName)
	case r.FromUserName != a.config.Original:
		return Shown{}, fmt.Errorf("the reply is from %q", r.FromUserName)
	case err != nil:
		return Shown{}, fmt.Errorf("the time of the reply: %w", err)
	}
	s, err := a.content(r, e.event, now)
	s.At, s.From = now, Passive
	return s, err
}

// content checks what a reply says.
func (a *Account) content(r passiveReply, event string, now time.Time) (Shown, error) {
	switch {
	case r.MsgType == "text" && r.Content == "":
		return Shown{}, errors.New("the text is empty")
	case r.MsgType == "text" && len(r.Content) > maxText:
		return Shown{}, fmt.Errorf("the text has %d bytes", len(r.Content))
	case r.MsgType == "text":
		return Shown{Kind: "text", Text: r.Content}, nil
	case r.MsgType == "image" && r.Image != nil:
		return a.replyMedia("image", r.Image.MediaId, now)
	case r.MsgType == "voice" && r.Voice != nil:
		return a.replyMedia("voice", r.Voice.MediaId, now)
	case r.MsgType == "video" && r.Video != nil:
		return a.replyMedia("video", r.Video.MediaId, now)
	case r.MsgType == "music" && r.Music != nil:
		s, err := a.replyMedia("thumb", r.Music.ThumbMediaId, now)
		s.Kind, s.Text = "music", r.Music.Title
		return s, err
	case r.MsgType == "news":
		return r.news(event)
	case r.MsgType == "transfer_customer_service" && event == "":
		return Shown{}, nil
	}
	return Shown{}, fmt.Errorf("a reply of kind %q", r.MsgType)
}

// replyMedia shows something that was uploaded.
func (a *Account) replyMedia(kind, id string, now time.Time) (Shown, error) {
	if a.stored(id, kind, now) == nil {
		return Shown{}, fmt.Errorf("there is no %s %q", kind, id)
	}
	return Shown{Kind: kind, MediaID: id}, nil
}

// maxArticles is how many cards a reply to an event may have; one to a message has
// one.
const maxArticles = 8

func (r passiveReply) news(event string) (Shown, error) {
	n, most := len(r.Articles.Item), maxArticles
	if event == "" {
		most = 1
	}
	if n == 0 || n > most || r.ArticleCount != n {
		return Shown{}, fmt.Errorf("%d cards, and ArticleCount is %d", n, r.ArticleCount)
	}
	s := Shown{Kind: "news"}
	for _, item := range r.Articles.Item {
		if item.Title == "" || item.Url == "" {
			return Shown{}, errors.New("a card without title or address")
		}
		s.Cards = append(s.Cards, Card{Title: item.Title, Description: item.Description, URL: item.Url, Picture: item.PicUrl})
	}
	return s, nil
}
