package sim

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"faqbot/channels/wechat/envelope"
)

// User is somebody with WeChat, as one account sees them. They may do several things
// at once.
type User struct {
	account *Account
	openID  string

	// Guarded by platform.mu:
	following bool
	quota     Quota
	screen    []Shown
	contactAt time.Time // the last message in either direction
	typingTo  time.Time // the account is shown as typing until then
	nextID    int64     // of the next message, if set
	last      *Exchange
}

// Quota is what the account may still send to a user unasked.
type Quota struct {
	Left    int       `json:"left"`
	Of      int       `json:"of"`
	Until   time.Time `json:"until,omitzero"`
	Granted string    `json:"granted,omitempty"` // message, click, scan, subscribe, tap
}

// What each act of a user grants.
const (
	messageQuota = 5
	messageTime  = 48 * time.Hour
	clickQuota   = 3
	clickTime    = time.Minute
)

// OpenID returns the user's openid.
func (u *User) OpenID() string { return u.openID }

// Account returns the account that the user is one of.
func (u *User) Account() *Account { return u.account }

// Following reports whether the user follows the account.
func (u *User) Following() bool {
	u.account.platform.mu.Lock()
	defer u.account.platform.mu.Unlock()
	return u.following
}

// Quota returns what may still be sent to the user.
func (u *User) Quota() Quota {
	u.account.platform.mu.Lock()
	defer u.account.platform.mu.Unlock()
	return u.quota
}

// Typing reports whether the account is shown as typing.
func (u *User) Typing() bool {
	u.account.platform.mu.Lock()
	defer u.account.platform.mu.Unlock()
	return u.account.platform.now().Before(u.typingTo)
}

// NextID sets the MsgId of the user's next message: those of two users may be equal.
func (u *User) NextID(id int64) {
	u.account.platform.mu.Lock()
	defer u.account.platform.mu.Unlock()
	u.nextID = id
}

// Say sends a text. It returns when the account has answered or the platform has
// given up; the error is ErrNotFollowing, ErrNoCallback or that of ctx. The same
// holds for all acts.
func (u *User) Say(ctx context.Context, text string) (Exchange, error) {
	return u.write(ctx, envelope.Message{Type: "text", Content: text}, Shown{Kind: "text", Text: text}, "message")
}

// SayAgain has the platform send the last callback once more, with the same MsgId and
// a new signature, as it does when an answer got lost. The user did nothing.
func (u *User) SayAgain(ctx context.Context) (Exchange, error) {
	u.account.platform.mu.Lock()
	last := u.last
	u.account.platform.mu.Unlock()
	if last == nil {
		return Exchange{}, fmt.Errorf("send the last callback of %s again: %w", u.openID, ErrNothingThere)
	}
	return u.exchange(ctx, last.Raw, last.event)
}

// Tap taps the item with the label that was shown last: of a menu, or a link.
func (u *User) Tap(ctx context.Context, label string) (Exchange, error) {
	shown := u.Shown()
	for i := len(shown) - 1; i >= 0; i-- {
		for _, item := range shown[i].Items() {
			if item.Label == label {
				return u.TapItem(ctx, item)
			}
		}
	}
	return Exchange{}, fmt.Errorf("tap %q: %w", label, ErrNothingThere)
}

// TapItem taps an item of anything that was ever shown.
func (u *User) TapItem(ctx context.Context, item Item) (Exchange, error) {
	m := envelope.Message{Type: "text", Content: item.Label, MenuID: item.ID}
	if u.account.Config().Kind == Sandbox {
		m.MenuID = "" // they get the text only
	}
	grant := "tap"
	if u.account.platform.config.TapsAreMessages {
		grant = "message"
	}
	return u.write(ctx, m, Shown{Kind: "text", Text: item.Label}, grant)
}

// SendImage sends a picture, which the account can download for some days.
func (u *User) SendImage(ctx context.Context, content []byte) (Exchange, error) {
	id := u.account.keep("image", "image.jpg", content)
	m := envelope.Message{Type: "image", MediaID: id, PicURL: u.account.Config().Base + PicturePath + id}
	return u.write(ctx, m, Shown{Kind: "image", MediaID: id}, "message")
}

// SendVoice sends a voice message. What was recognised is empty as a rule.
func (u *User) SendVoice(ctx context.Context, recognition string) (Exchange, error) {
	id := u.account.keep("voice", "voice.amr", []byte("#!AMR\n"))
	m := envelope.Message{Type: "voice", MediaID: id, Format: "amr", Recognition: recognition}
	return u.write(ctx, m, Shown{Kind: "voice", MediaID: id, Text: recognition}, "message")
}

// SendLocation sends a place: latitude, longitude and its name.
func (u *User) SendLocation(ctx context.Context, x, y float64, label string) (Exchange, error) {
	m := envelope.Message{Type: "location", X: x, Y: y, Scale: 15, Label: label}
	return u.write(ctx, m, Shown{Kind: "location", Text: label}, "message")
}

// SendLink sends a link to a page.
func (u *User) SendLink(ctx context.Context, title, description, address string) (Exchange, error) {
	m := envelope.Message{Type: "link", Title: title, Description: description, URL: address}
	return u.write(ctx, m, Shown{Kind: "link", Text: title, Cards: []Card{{Title: title, Description: description, URL: address}}}, "message")
}

// Unknown sends a message of a kind that nobody has heard of.
func (u *User) Unknown(ctx context.Context, kind string) (Exchange, error) {
	return u.write(ctx, envelope.Message{Type: kind}, Shown{Kind: kind}, "message")
}

// Follow follows the account, by the code of a scene if that is not empty.
func (u *User) Follow(ctx context.Context, scene string) (Exchange, error) {
	m := envelope.Message{Event: "subscribe"}
	if scene != "" {
		m.EventKey, m.Ticket = "qrscene_"+scene, ticketOf(scene)
	}
	u.account.platform.mu.Lock()
	u.following = true
	u.account.platform.mu.Unlock()
	return u.event(ctx, m, "subscribe")
}

// Unfollow ends that. What was granted is gone.
func (u *User) Unfollow(ctx context.Context) (Exchange, error) {
	raw, err := u.unfollow()
	if err != nil {
		return Exchange{}, err
	}
	return u.exchange(ctx, raw, "unsubscribe")
}

func (u *User) unfollow() ([]byte, error) {
	p := u.account.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	if !u.following {
		return nil, fmt.Errorf("unfollow: %w", ErrNotFollowing)
	}
	u.following, u.quota, u.typingTo = false, Quota{}, time.Time{}
	p.touch()
	return envelope.Build(u.stamp(envelope.Message{Type: "event", Event: "unsubscribe"})), nil
}

// Scan scans the code of a scene; who does not follow the account yet does then.
func (u *User) Scan(ctx context.Context, scene string) (Exchange, error) {
	if !u.Following() {
		return u.Follow(ctx, scene)
	}
	return u.event(ctx, envelope.Message{Event: "SCAN", EventKey: scene, Ticket: ticketOf(scene)}, "scan")
}

// Click presses a button of the menu that has a key. It need not be in the menu now:
// phones keep old ones for a day.
func (u *User) Click(ctx context.Context, key string) (Exchange, error) {
	return u.event(ctx, envelope.Message{Event: "CLICK", EventKey: key}, "click")
}

// View presses a button of the menu that opens a page.
func (u *User) View(ctx context.Context, address string) (Exchange, error) {
	return u.event(ctx, envelope.Message{Event: "VIEW", EventKey: address}, "")
}

// ReportLocation tells where the user is, which phones do by themselves.
func (u *User) ReportLocation(ctx context.Context, x, y float64) (Exchange, error) {
	u.account.platform.mu.Lock()
	raw := string(envelope.Build(u.stamp(envelope.Message{Type: "event", Event: "LOCATION"})))
	u.account.platform.mu.Unlock()
	where := fmt.Sprintf("<Latitude>%f</Latitude><Longitude>%f</Longitude><Precision>65.0</Precision></xml>", x, y)
	return u.exchange(ctx, []byte(strings.TrimSuffix(raw, "</xml>")+where), "LOCATION")
}

// Post sends a callback with this XML, whatever it says, signed and sealed as all
// are.
func (u *User) Post(ctx context.Context, raw []byte) (Exchange, error) {
	return u.exchange(ctx, raw, "")
}

func ticketOf(scene string) string { return "gQ" + base64.RawURLEncoding.EncodeToString([]byte(scene)) }

// write is a message of the user: it is on their screen, and grants something.
func (u *User) write(ctx context.Context, m envelope.Message, s Shown, grant string) (Exchange, error) {
	raw, err := u.written(m, s, grant)
	if err != nil {
		return Exchange{}, err
	}
	return u.exchange(ctx, raw, "")
}

func (u *User) written(m envelope.Message, s Shown, grant string) ([]byte, error) {
	p := u.account.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	if !u.following {
		return nil, fmt.Errorf("send a message: %w", ErrNotFollowing)
	}
	m = u.stamp(m)
	m.ID = strconv.FormatInt(u.takeID(), 10)
	s.At, s.From, s.MsgID = m.CreatedAt, FromUser, m.ID
	u.contactAt = m.CreatedAt
	u.grant(grant, m.CreatedAt)
	u.show(s)
	return envelope.Build(m), nil
}

// takeID gives the message its id. The caller holds mu.
func (u *User) takeID() int64 {
	if id := u.nextID; id != 0 {
		u.nextID = 0
		return id
	}
	u.account.platform.lastID++
	return u.account.platform.lastID
}

// event is something the user did that is no message.
func (u *User) event(ctx context.Context, m envelope.Message, grant string) (Exchange, error) {
	p := u.account.platform
	p.mu.Lock()
	if !u.following {
		p.mu.Unlock()
		return Exchange{}, fmt.Errorf("%s: %w", m.Event, ErrNotFollowing)
	}
	m.Type = "event"
	m = u.stamp(m)
	u.grant(grant, m.CreatedAt)
	p.touch()
	p.mu.Unlock()
	return u.exchange(ctx, envelope.Build(m), m.Event)
}

// stamp says who sent it when. The caller holds mu.
func (u *User) stamp(m envelope.Message) envelope.Message {
	m.To, m.From, m.CreatedAt = u.account.config.Original, u.openID, u.account.platform.now()
	return m
}

// grant sets the quota anew; it does not add up. The caller holds mu.
func (u *User) grant(what string, now time.Time) {
	switch what {
	case "":
	case "message":
		u.quota = Quota{Left: messageQuota, Of: messageQuota, Until: now.Add(messageTime), Granted: what}
	default:
		u.quota = Quota{Left: clickQuota, Of: clickQuota, Until: now.Add(clickTime), Granted: what}
	}
}

// spend takes one message off the quota, or says why there is none. The caller holds
// mu.
func (u *User) spend(now time.Time) int {
	switch q := &u.quota; {
	case q.Granted == "" || !now.Before(q.Until):
		return codeWindow
	case q.Left == 0:
		return codeQuota
	default:
		q.Left--
		return 0
	}
}
