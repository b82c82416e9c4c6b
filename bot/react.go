package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"
	"golang.org/x/text/width"

	"faqbot/bot/intent"
)

// Names of the rules that come beside matching; the first six may be put in
// order by the operator.
const (
	ruleSensitive = "sensitive"
	ruleWords     = "words"
	ruleComplaint = "complaint"
	ruleAnger     = "anger"
	ruleRepeat    = "repeat"
	ruleMisses    = "misses"

	ruleTooLong   = "too_long"
	ruleBadNumber = "bad_number"
	ruleBroken    = "broken"
	ruleButton    = "button"
	ruleDislike   = "dislike"
	ruleUnsolved  = "unsolved"
)

const (
	maxRelated = 5 // related questions below an answer
	// aside is how many messages after a form another one is not shown unasked.
	aside = 8
)

// answer replies to a question.
func (t *turn) answer(ctx context.Context) error {
	if utf8.RuneCountInString(t.in.Text) > t.speech.Limits.Question {
		t.notice("too_long")
		t.traced(ruleTooLong, nil)
		return nil
	}
	if t.in.Kind == KindText {
		if done := t.number(); done {
			return nil
		}
	}
	t.countRepeats()
	if rule := t.firstBefore(); rule != "" {
		t.beforeMatching(rule)
		return nil
	}
	d, err := t.decide(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		t.engine.Log.Error("a question could not be decided", zap.String("conversation", t.Conversation.ID), zap.Error(err))
		t.say(KindRefusal, t.text("broken"), Card{Actions: t.humanAction()})
		t.traced(ruleBroken, nil)
		return nil
	}
	t.reply(&d)
	t.traced("", &d)
	t.afterMatching(&d)
	return nil
}

func (t *turn) decide(ctx context.Context) (intent.Decision, error) {
	q := t.engine.query(t.in.Visitor, t.Conversation.Profile, t.in.Text)
	if t.in.Card.Entry != "" {
		return t.engine.Knowledge.Choose(q, t.in.Card.Entry), nil
	}
	return t.engine.Knowledge.Decide(ctx, q)
}

// ordinal is a message that picks from a list: 2, ２., 第二个, 选2, ②.
var ordinal = regexp.MustCompile(`^(?:选|回复|第)?([0-9]{1,3}|[一二三四五六七八九十])(?:个|条|项|号)?[.。、,，!！]?$`)

// circled turns ① into 1.
var circled = strings.NewReplacer("①", "1", "②", "2", "③", "3", "④", "4", "⑤", "5")

// number lets a number pick from the last list. It reports whether the message is
// dealt with.
func (t *turn) number() (done bool) {
	list := t.Conversation.Dialogue.Offered
	text := strings.Join(strings.Fields(circled.Replace(width.Narrow.String(t.in.Text))), "")
	found := ordinal.FindStringSubmatch(text)
	if found == nil || len(list) == 0 {
		return false
	}
	n := 0
	for _, digit := range found[1] {
		if digit <= '9' {
			n = n*10 + int(digit-'0')
			continue
		}
		n = slices.Index([]rune("一二三四五六七八九十"), digit) + 1
	}
	if n < 1 || n > len(list) {
		t.notice("bad_number")
		t.traced(ruleBadNumber, nil)
		return true
	}
	t.in.Text, t.in.Card.Entry = list[n-1].Question, list[n-1].Entry
	return false
}

// countRepeats counts how often the same question came in a row.
func (t *turn) countRepeats() {
	key := t.engine.Knowledge.Key(t.in.Text)
	d := &t.Conversation.Dialogue
	if key == "" || key != d.Asked {
		d.Asked, d.Repeats = key, 0
	}
	d.Repeats++
}

// firstBefore returns the first rule that speaks before matching.
func (t *turn) firstBefore() string {
	if t.in.Card.Entry != "" {
		return ""
	}
	for _, rule := range t.speech.Handoff.Order {
		switch {
		case rule == ruleSensitive && t.engine.Knowledge.Sensitive(t.in.Text) != "":
			return rule
		case rule == ruleWords && t.asksForHuman():
			return rule
		}
	}
	return ""
}

func (t *turn) beforeMatching(rule string) {
	if rule == ruleSensitive {
		t.notice("sensitive")
	} else {
		t.offerHuman(rule, "handoff")
	}
	t.traced(rule, nil)
}

// asksForHuman reports whether the message asks for a human. A question that the
// knowledge holds word for word, like 人工客服几点上班, does not.
func (t *turn) asksForHuman() bool {
	key := t.engine.Knowledge.Key(t.in.Text)
	h := &t.speech.Handoff
	if !t.isOneOf(key, h.Exact) && !t.contains(key, h.Words) {
		return false
	}
	_, named := t.engine.Knowledge.Matcher().Named(t.engine.query(t.in.Visitor, t.Conversation.Profile, t.in.Text))
	return !named
}

func (t *turn) isOneOf(key string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return key == t.engine.Knowledge.Key(w) })
}

// contains reports whether one of the words is in the text and meant.
func (t *turn) contains(key string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		before, _, found := strings.Cut(key, t.engine.Knowledge.Key(w))
		return found && !endsInNo(before)
	})
}

// endsInNo reports whether a text ends in a word that turns what follows around.
func endsInNo(text string) bool {
	for _, no := range []string{"不要", "不用", "不想", "不需要", "无需", "别", "不是"} {
		if strings.HasSuffix(text, no) {
			return true
		}
	}
	return false
}

// reply says what was decided.
func (t *turn) reply(d *intent.Decision) {
	dialogue := &t.Conversation.Dialogue
	switch d.Kind {
	case intent.Answer:
		t.replyAnswer(d)
	case intent.Suggest, intent.Clarify:
		name := "offer"
		if d.Kind == intent.Clarify {
			name = "clarify"
		}
		dialogue.Offered = options(d.Candidates)
		dialogue.OfferedAt = t.say(KindOffer, t.text(name), Card{Options: dialogue.Offered, Confidence: d.Confidence})
	default:
		t.refuse(d)
	}
}

func (t *turn) replyAnswer(d *intent.Decision) {
	q := t.engine.query(t.in.Visitor, t.Conversation.Profile, t.in.Text)
	related := options(t.engine.Knowledge.Matcher().Related(d.Entry.ID, q))
	card := Card{Entry: d.Entry.ID, Question: d.Entry.Question, Confidence: d.Confidence}
	for i, text := range d.Texts {
		if i == len(d.Texts)-1 {
			card.Options = related[:min(maxRelated, len(related))]
		}
		t.say(KindAnswer, text, card)
	}
	dialogue := &t.Conversation.Dialogue
	dialogue.Misses = 0
	dialogue.Answers++
}

func (t *turn) refuse(d *intent.Decision) {
	dialogue := &t.Conversation.Dialogue
	dialogue.Misses++
	switch d.Trace.Rule {
	case "empty":
		t.say(KindRefusal, t.text("empty"), Card{})
	case "chosen", "barred":
		t.say(KindRefusal, t.text("gone"), Card{Actions: t.humanAction()})
	default:
		t.say(KindRefusal, t.text("refusal"), Card{Actions: t.humanAction()})
	}
}

// afterMatching offers a human if one of the rules says so, and asks now and then
// whether the question is solved.
func (t *turn) afterMatching(d *intent.Decision) {
	for _, rule := range t.speech.Handoff.Order {
		if t.fires(rule, d) {
			t.offerHuman(rule, "handoff_"+rule)
			return
		}
	}
	dialogue := &t.Conversation.Dialogue
	if every := t.speech.AskSolvedEvery; d.Kind == intent.Answer && every > 0 && dialogue.Answers%every == 0 {
		t.say(KindAskSolved, t.text("ask_solved"), Card{Of: t.Conversation.Seq})
	}
}

// fires reports whether a rule offers a human after this decision.
func (t *turn) fires(rule string, d *intent.Decision) bool {
	h, dialogue := &t.speech.Handoff, &t.Conversation.Dialogue
	key := t.engine.Knowledge.Key(t.in.Text)
	switch rule {
	case ruleMisses:
		return dialogue.Misses >= h.Misses
	case ruleRepeat:
		return dialogue.Repeats >= h.Repeats
	case ruleAnger:
		return t.in.Card.Entry == "" && t.contains(key, h.Anger)
	case ruleComplaint:
		return t.in.Card.Entry == "" && t.contains(key, h.Complaint) ||
			d.Kind == intent.Answer && slices.ContainsFunc(d.Entry.Category, func(name string) bool {
				return slices.Contains(h.ComplaintCategories, name)
			})
	}
	return false
}

// offerHuman shows the form for a leave-message, since no agent is there. Unasked
// it comes once; while one is at hand a line points to it.
func (t *turn) offerHuman(rule, text string) {
	dialogue := &t.Conversation.Dialogue
	if t.speech.mode(t.now.In(t.engine.Zone)) == BotOnly {
		t.notice("bot_only")
		return
	}
	asked := rule == ruleWords || rule == ruleButton
	if !asked && dialogue.FormAt > 0 && t.Conversation.Seq-dialogue.FormAt < aside {
		t.notice("handoff_offered", ActionHandoff)
		return
	}
	dialogue.FormAt = t.say(KindLeaveForm, t.text(text), Card{})
	dialogue.Misses = 0
}

// humanAction is the button for a human, where there are any.
func (t *turn) humanAction() []Action {
	if t.speech.mode(t.now.In(t.engine.Zone)) == BotOnly {
		return nil
	}
	return []Action{ActionHandoff}
}

func options(candidates []intent.Candidate) []Option {
	var list []Option
	for _, c := range candidates {
		list = append(list, Option{Entry: c.Entry, Question: c.Question})
	}
	return list
}
