package wechat

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"faqbot/bot"
	"faqbot/channels/wechat/render"
)

const (
	// patience is how long an agent's lines that find only the last message wait for
	// something to go with: the end, the customer's next word, or more lines. Then
	// they get it: a question that nobody sees is worse than a survey that is late.
	patience = 3 * time.Minute
	// company is how long what announces an agent waits for their first line.
	company = 20 * time.Second
	// stuckAfter is when nobody is sending any more what a node began to send.
	stuckAfter = 60 * time.Second
	// scarce is how many messages are too few for what need not be said.
	scarce = 2
)

// piece is an Outgoing and what is in it. Ours are lines of the channel itself,
// which are part of no conversation: they go with the passive reply or not at all.
type piece struct {
	Outgoing
	part render.Part
	ours bool
	// tap says that a list is better tapped than answered with a number.
	tap bool
}

func line(text string) piece { return piece{part: render.Part{Text: text}, ours: true} }

// open reports whether a reply may bring it.
func (p piece) open() bool { return p.ours || p.State == Waiting || p.State == Kept }

func pieceOf(o Outgoing) (piece, error) {
	p := piece{Outgoing: o}
	if err := json.Unmarshal(o.Content, &p.part); err != nil {
		return p, fmt.Errorf("part %d of message %d: %w", o.Part, o.Seq, err)
	}
	return p, nil
}

// outgoing returns what is stored of pieces.
func outgoing(pieces []piece) []Outgoing {
	var all []Outgoing
	for _, p := range pieces {
		if !p.ours {
			all = append(all, p.Outgoing)
		}
	}
	return all
}

// pause is how long an agent's line waits for others to go with it: the longer the
// fewer messages are left.
func pause(left int) time.Duration {
	switch {
	case left > 4:
		return 3 * time.Second
	case left > 3:
		return 10 * time.Second
	case left > 1:
		return 20 * time.Second
	}
	return patience
}

// bundle joins the first pieces to as much as one message holds, and returns how
// many those are. A list that alone is true of becomes a menu to tap, by itself;
// all others are numbered.
func bundle(pieces []piece, alone func(piece) bool) (message render.Part, n int) {
	first := textual(pieces[0].part)
	if first.Menu != nil && alone(pieces[0]) || first.Menu == nil && first.Text == "" {
		return first, 1
	}
	parts := []render.Part{first}
	message, fits := render.Join(parts)
	if !fits { // not by itself: the platform has the last word
		return first, 1
	}
	for _, p := range pieces[1:] {
		if p.part.Menu != nil && alone(p) {
			break
		}
		parts = append(parts, textual(p.part))
		joined, fits := render.Join(parts)
		if !fits {
			break
		}
		message = joined
		n++
	}
	return message, n + 1
}

// textual turns a picture of which we know no more than the address into a link:
// what lies there is not for us to fetch.
func textual(p render.Part) render.Part {
	if p.Image == nil || p.Image.File != "" {
		return p
	}
	words := strings.ReplaceAll(cmp.Or(p.Image.Alt, "点击查看"), "<", "＜")
	address, err := url.Parse(p.Image.URL)
	if err != nil || address.Scheme != "https" && address.Scheme != "http" {
		return render.Part{Text: "[图片]"}
	}
	safe := strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E").Replace(address.String())
	return render.Part{Text: fmt.Sprintf(`图片：<a href="%s">%s</a>`, safe, words)}
}

// plan is what is to be done about what is on its way to a follower.
type plan struct {
	send    []piece // now, as message
	message render.Part
	keep    []piece // cannot be sent: they go with the next reply
	later   []piece // with another Due
}

// means is what an account may do.
type means struct{ sends, menus bool }

// decide says what is to be sent to a follower unasked at a moment, with the
// allowance as it stands then, of the pieces that are open.
func decide(now time.Time, left int, can means, pieces []piece) plan {
	due := func(p piece) bool { return p.State == Waiting && !p.Due.After(now) }
	waits := func(p piece) bool { return p.State == Waiting }
	switch {
	case slices.ContainsFunc(pieces, func(p piece) bool { return p.State == Sending }), !slices.ContainsFunc(pieces, due):
		return plan{}
	case !can.sends, left == 0:
		return plan{keep: filter(pieces, waits)}
	case left == 1 && !slices.ContainsFunc(pieces, func(p piece) bool { return p.Last && due(p) }):
		if until, wait := spare(now, pieces); wait {
			return plan{later: filter(pieces, due), keep: nil}.until(until)
		}
		if !slices.ContainsFunc(pieces, func(p piece) bool { return p.Agent && waits(p) }) {
			return plan{keep: filter(pieces, waits)} // notices are not worth it
		}
	}
	message, n := bundle(pieces, func(piece) bool { return can.menus && (left > 1 || len(pieces) == 1) })
	return plan{send: pieces[:n], message: message}
}

func (p plan) until(due time.Time) plan {
	for i := range p.later {
		p.later[i].Due = due
	}
	return p
}

// spare reports until when an agent's lines leave the last message alone.
func spare(now time.Time, pieces []piece) (until time.Time, wait bool) {
	for _, p := range pieces {
		if t := p.ChangedAt.Add(patience); p.Agent && p.State == Waiting && t.After(until) {
			until = t
		}
	}
	return until, until.After(now)
}

func filter(pieces []piece, fits func(piece) bool) []piece {
	var found []piece
	for _, p := range pieces {
		if fits(p) {
			found = append(found, p)
		}
	}
	return found
}

// absorber turns messages into pieces on their way to a follower.
type absorber struct {
	render  func(bot.Message) []render.Part
	newMenu func() int64
	now     time.Time
	// grace is how long the bot's replies wait for the passive reply that is being
	// made of them.
	grace time.Duration
	sends bool
}

// absorb returns the follower with the messages behind them, and the pieces that
// the messages become.
func (a absorber) absorb(f Follower, messages []bot.Message) (Follower, []piece) {
	var all []piece
	for i, m := range messages {
		f.Conversation, f.Seq = m.Conversation, m.Seq
		if m.Author == bot.FromVisitor || m.Kind.Internal() {
			continue
		}
		f.Choices = afterMessage(f.Choices, m, a.now)
		shape := a.fate(m, f, i+1 < len(messages) && messages[len(messages)-1].Conversation != m.Conversation)
		for n, part := range a.render(m) {
			all = append(all, a.piece(shape, part, n))
		}
	}
	return f, all
}

// piece makes a piece in the shape of its message. The items of a list get their
// ids.
func (a absorber) piece(shape piece, part render.Part, n int) piece {
	if part.Menu != nil {
		menu := *part.Menu
		menu.Items = slices.Clone(menu.Items)
		for i := range menu.Items {
			menu.Items[i].ID = a.newMenu()
		}
		part.Menu = &menu
	}
	shape.part, shape.Part = part, n
	shape.Content, _ = json.Marshal(part) // a struct of texts and numbers
	return shape
}

// fate says how a message goes to a follower; old, that another conversation has
// begun since.
func (a absorber) fate(m bot.Message, f Follower, old bool) piece {
	left := f.Allowance.At(a.now).Left
	p := piece{Outgoing: Outgoing{
		Account: f.Account, OpenID: f.OpenID, Conversation: m.Conversation, Seq: m.Seq,
		State: Waiting, Due: a.now, ChangedAt: a.now,
	}, tap: m.Kind == bot.KindOffer}
	switch {
	case f.Gone:
		p.State, p.Reason = Refused, "顾客已取消关注"
	case m.Kind == bot.KindClosed && old:
		p.State, p.Reason = Refused, "已有新的会话"
	case m.Author == bot.FromAgent:
		p.Agent, p.Due = true, a.now.Add(pause(left))
	case m.Kind == bot.KindSurvey, m.Kind == bot.KindClosed:
		p.Last = true
	case m.Author == bot.FromBot:
		p.Last, p.Due = true, a.now.Add(a.grace)
	default:
		p.notice(m.Kind, left, a.now)
	}
	if !a.sends && p.State == Waiting {
		p.State = Kept
	}
	return p
}

// notice says how a line of the system goes: what need not be said is sparing with
// the allowance.
func (p *piece) notice(kind bot.MessageKind, left int, now time.Time) {
	switch kind {
	case bot.KindAccepted:
		p.Due = now.Add(company)
	case bot.KindTransferred, bot.KindRequeued, bot.KindTakenOver:
		if p.Due = now.Add(company); left <= scarce {
			p.State = Kept
		}
	case bot.KindNotice: // asks whether they are still there
		if p.Due = now.Add(time.Second); left <= scarce {
			p.State, p.Reason = Refused, "额度不多，留给更重要的消息"
		}
	default:
		p.Due = now.Add(time.Second)
	}
}
