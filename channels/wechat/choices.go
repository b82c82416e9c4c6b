package wechat

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"faqbot/bot"
	"faqbot/channels/wechat/render"
)

// maxChoices bounds the last list.
const maxChoices = 40

// act is what a Choice does.
type act struct {
	render.Act
	Conversation string `json:"conversation,omitempty"`
	// Heard is when the follower had last done something, in unix milliseconds: what
	// is shown in reply to one thing is one list. Of a form, it is when it was shown.
	Heard int64 `json:"heard,omitempty"`
}

func (c Choice) act() act {
	var a act
	_ = json.Unmarshal(c.Act, &a) // what we wrote; else it does nothing
	return a
}

func (a act) choice(id int64, label string) Choice {
	content, _ := json.Marshal(a) // a struct of texts and numbers
	return Choice{ID: id, Label: label, Act: content}
}

// choicesOf are the items of all lists in pieces that are shown together, in order.
func choicesOf(pieces []piece, heard time.Time) (list []Choice) {
	for _, p := range pieces {
		if p.part.Menu == nil {
			continue
		}
		for _, item := range p.part.Menu.Items {
			a := act{item.Act, p.Conversation, heard.UnixMilli()}
			list = append(list, a.choice(item.ID, item.Label))
		}
	}
	return list
}

// shown returns the choices once pieces were shown as one message. Without a list
// nothing changes. Numbers mean the list that is shown as text; a menu to tap comes
// beside what else answers the same message.
func shown(choices []Choice, pieces []piece, heard time.Time, menu bool) []Choice {
	list := choicesOf(pieces, heard)
	if len(list) == 0 {
		return choices
	}
	var kept []Choice
	for _, c := range choices {
		if a := c.act(); a.Kind == bot.KindLeave || menu && a.Heard == heard.UnixMilli() {
			kept = append(kept, c)
		}
	}
	if all := append(kept, list...); menu && len(all) <= maxChoices {
		return all
	}
	return append(list, slices.DeleteFunc(kept, func(c Choice) bool { return c.act().Kind != bot.KindLeave })...)
}

// afterMessage returns the choices once somebody else than the follower has said
// something: a form waits for the next text only, and who talks with a human
// answers them and no list.
func afterMessage(choices []Choice, m bot.Message, now time.Time) []Choice {
	var kept []Choice
	switch m.Kind {
	case bot.KindAccepted, bot.KindTakenOver:
	default:
		if m.Author != bot.FromAgent {
			kept = slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool { return c.act().Kind == bot.KindLeave })
		}
	}
	if m.Kind == bot.KindLeaveForm {
		a := act{Act: render.Act{Kind: bot.KindLeave}, Conversation: m.Conversation, Heard: now.UnixMilli()}
		kept = append(kept, a.choice(0, ""))
	}
	return kept
}

// used returns the choices once one was made that can be made once: what else it was
// about does nothing any more, and the others keep their numbers.
func used(choices []Choice, c Choice) []Choice {
	made := c.act()
	if made.Kind == "" || made.Kind == bot.KindPick {
		return choices
	}
	left := slices.Clone(choices)
	for i, other := range left {
		if a := other.act(); a.Kind == made.Kind && a.Of == made.Of && a.Conversation == made.Conversation {
			left[i] = act{Heard: a.Heard}.choice(other.ID, other.Label)
		}
	}
	over := !slices.ContainsFunc(left, live)
	return slices.DeleteFunc(left, func(c Choice) bool {
		return c.Label == "" && c.act().Kind == "" || over
	})
}

// live reports whether a choice still does something.
func live(c Choice) bool { return c.act().Kind != "" }

// inbound is what a choice does, for the engine.
func (a act) inbound(label string) bot.Inbound {
	in := bot.Inbound{Kind: a.Kind, Conversation: a.Conversation}
	switch a.Kind {
	case bot.KindPick:
		in.Conversation, in.Text = "", label
		if a.Option != nil {
			in.Text, in.Card.Entry = a.Option.Question, a.Option.Entry
		}
	case bot.KindSolved, bot.KindFeedback, bot.KindRating:
		in.Card.Of, in.Card.Yes, in.Card.Stars = a.Of, a.Yes, a.Stars
	case bot.KindHandoff, bot.KindUnqueue:
		in.Conversation = ""
	}
	return in
}

// ordinal is a text that picks from a list.
var ordinal = regexp.MustCompile(`^(?:选择?|回复?|第)*([0-9]{1,3}|[一二三四五六七八九十])(?:个|条|项|号)?[.。、!！]?$`)

// number returns the number that a text is, like 2, ２, ②, 2️⃣ or 第二个.
func number(text string) (n int, ok bool) {
	text = strings.NewReplacer("\ufe0f", "", "\u20e3", "", " ", "").Replace(norm.NFKC.String(text))
	found := ordinal.FindStringSubmatch(text)
	if found == nil {
		return 0, false
	}
	if n, err := strconv.Atoi(found[1]); err == nil {
		return n, true
	}
	return slices.Index([]rune("一二三四五六七八九十"), []rune(found[1])[0]) + 1, true
}

// listLife is how long a number means what a list said: as long as one may be written
// to at all.
const listLife = messageWindow

// listed are the choices that have a number, of lists that are not too old.
func listed(choices []Choice, now time.Time) []Choice {
	return slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool {
		return c.Label == "" || now.Sub(time.UnixMilli(c.act().Heard)) >= listLife
	})
}

// formLife is how long a form waits for the next text: what is said another day is
// about something else.
const formLife = time.Hour

// leaving reports whether the next text fills in a leave-message.
func leaving(choices []Choice, now time.Time) bool {
	a := formOf(choices).act()
	return a.Kind == bot.KindLeave && now.Sub(time.UnixMilli(a.Heard)) < formLife
}

// formOf is the form that was shown, or nothing.
func formOf(choices []Choice) Choice {
	at := slices.IndexFunc(choices, func(c Choice) bool { return c.act().Kind == bot.KindLeave })
	if at < 0 {
		return Choice{}
	}
	return choices[at]
}
