package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"

	"faqbot/bot/intent"
	"faqbot/knowledge"
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
	switch {
	case t.Conversation.Service.Phase == WithAgent:
		t.toAgent()
		return nil
	case t.Conversation.Service.Phase == InQueue:
		return t.whileWaiting(ctx)
	case t.Was == t.Conversation.Dialogue.Forms && t.mode().humanFirst(): // the first words
		queued, err := t.humanFirst(ctx)
		if queued || err != nil {
			return err
		}
	}
	return t.answerByBot(ctx)
}

// answerByBot replies to a question that no human sees.
func (t *turn) answerByBot(ctx context.Context) error {
	if t.in.Kind == KindText {
		if done := t.number(); done {
			return nil
		}
	}
	t.countRepeats()
	if rule := t.firstBefore(); rule != "" {
		return t.beforeMatching(ctx, rule)
	}
	if utf8.RuneCountInString(t.in.Text) > t.speech.Limits.Question {
		t.notice("too_long", t.humanAction()...)
		t.traced(ruleTooLong, nil)
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
	return t.afterMatching(ctx, &d)
}

func (t *turn) decide(ctx context.Context) (intent.Decision, error) {
	if t.in.Card.Entry != "" {
		return t.engine.Knowledge.Choose(t.query(), t.in.Card.Entry), nil
	}
	return t.engine.Knowledge.Decide(ctx, t.query())
}

// query is the visitor's question.
func (t *turn) query() intent.Query {
	return t.engine.query(t.in.Visitor, t.Conversation.Profile, t.in.Text, t.now)
}

// ordinal is a message, in its normal form, that picks from a list: 2, 第二个,
// 选2. The normal form of ２., ② and 2️⃣ is 2.
var ordinal = regexp.MustCompile(`^(?:我|就|要|看|选择?|回复?)*第?([0-9]{1,3}|[一二三四五六七八九十])(?:个|条|项|号)?(?:问题)?(?:吧|谢谢)?$`)

// number lets a number pick from the last list. It reports whether the message is
// dealt with.
func (t *turn) number() (done bool) {
	list := t.Conversation.Dialogue.Offered
	found := ordinal.FindStringSubmatch(t.key())
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
	key := t.key()
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

func (t *turn) beforeMatching(ctx context.Context, rule string) error {
	t.traced(rule, nil)
	if rule == ruleSensitive {
		t.notice("sensitive")
		return nil
	}
	return t.offerHuman(ctx, rule)
}

// asksForHuman reports whether the message asks for a human. A question that the
// knowledge holds word for word, like 人工客服几点上班, does not, unless it is
// nothing but such a word.
func (t *turn) asksForHuman() bool {
	h := &t.speech.Handoff
	if t.isOneOf(h.Exact) || t.isOneOf(h.Words) {
		return true
	}
	if !t.wants(h.Words) {
		return false
	}
	_, named := t.engine.Knowledge.Matcher().Named(t.query())
	return !named
}

// key is the normal form of the message, which is the question picked once that
// is known.
func (t *turn) key() string {
	if t.keyed != t.in.Text {
		t.keyed, t.normal = t.in.Text, t.engine.Knowledge.Key(t.in.Text)
	}
	return t.normal
}

// isOneOf reports whether the message is one of the words.
func (t *turn) isOneOf(words []string) bool {
	key := t.key()
	return key != "" && slices.ContainsFunc(words, func(w string) bool { return key == t.engine.keyOf(w) })
}

// wants reports whether one of the words is in the message and not turned around
// by a no.
func (t *turn) wants(words []string) bool { return t.finds(words, wanted) }

// mentions reports whether one of the words is in the message.
func (t *turn) mentions(words []string) bool { return t.finds(words, strings.Contains) }

func (t *turn) finds(words []string, in func(text, word string) bool) bool {
	text := t.withoutExcepted()
	return slices.ContainsFunc(words, func(w string) bool {
		key := t.engine.keyOf(w)
		return key != "" && in(text, key)
	})
}

// withoutExcepted returns the normal form of the message without the phrases that
// only look like one of the words, as 人工费 does.
func (t *turn) withoutExcepted() string {
	text := t.key()
	for _, phrase := range t.speech.Handoff.Except {
		if key := t.engine.keyOf(phrase); key != "" {
			text = strings.ReplaceAll(text, key, "\n")
		}
	}
	return text
}

// no ends a text that turns what follows around, like 不要再给我.
var no = regexp.MustCompile(`(?:不要|不用|不想|不必|不需要?|不愿意?|用不着|没必要|无需|无须|别|不是)(?:再|给我|帮我|要|去|转接?|接|找|叫|换|联系)*$`)

// wanted reports whether the word stands in the text without a no before it.
func wanted(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		from += at
		before := text[:from]
		if strings.HasPrefix(word, "要") && no.MatchString(before+"要") { // 不|要人工
			before += "要"
		}
		if !no.MatchString(before) {
			return true
		}
		from += len(word)
	}
}

// reply says what was decided.
func (t *turn) reply(d *intent.Decision) {
	dialogue := &t.Conversation.Dialogue
	switch {
	case d.Kind == intent.Answer && len(d.Texts) > 0:
		t.replyAnswer(d)
	case d.Kind == intent.Suggest, d.Kind == intent.Clarify:
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
	related := options(t.engine.Knowledge.Matcher().Related(d.Entry.ID, t.query()))
	card := Card{Entry: d.Entry.ID, Question: d.Entry.Question, Confidence: d.Confidence}
	for i, text := range d.Texts {
		if i == len(d.Texts)-1 {
			card.Options = related[:min(maxRelated, len(related))]
		}
		t.say(KindAnswer, text, card)
	}
	dialogue := &t.Conversation.Dialogue
	dialogue.Misses = 0
	if !within(d.Entry.Category, t.speech.ChatCategories) {
		dialogue.Answers++
		dialogue.About = d.Entry.Category
	}
}

// refuse says that there is no answer. What holds no words, like an emoji, is no
// question that was missed.
func (t *turn) refuse(d *intent.Decision) {
	if d.Trace.Rule == "empty" {
		t.say(KindRefusal, t.text("empty"), Card{})
		return
	}
	t.Conversation.Dialogue.Misses++
	name := "refusal"
	if t.in.Card.Entry != "" {
		name = "gone"
	}
	t.say(KindRefusal, t.text(name), Card{Actions: t.humanAction()})
}

// afterMatching offers a human if one of the rules says so, and asks now and then
// whether the question is solved.
func (t *turn) afterMatching(ctx context.Context, d *intent.Decision) error {
	for _, rule := range t.speech.Handoff.Order {
		if t.fires(rule, d) {
			return t.offerHuman(ctx, rule)
		}
	}
	if t.last().Kind == KindAnswer && !within(d.Entry.Category, t.speech.ChatCategories) && t.isTimeToAsk() {
		t.say(KindAskSolved, t.text("ask_solved"), Card{Of: t.Conversation.Seq})
	}
	return nil
}

// isTimeToAsk reports whether to ask about the answer just given.
func (t *turn) isTimeToAsk() bool {
	every := t.speech.AskSolvedEvery
	return every > 0 && t.Conversation.Dialogue.Answers%every == 0
}

// within reports whether a category or one above it has one of the names.
func within(category knowledge.Path, names []string) bool {
	return slices.ContainsFunc(category, func(name string) bool { return slices.Contains(names, name) })
}

// fires reports whether a rule offers a human after this decision.
func (t *turn) fires(rule string, d *intent.Decision) bool {
	h, dialogue := &t.speech.Handoff, &t.Conversation.Dialogue
	switch rule {
	case ruleMisses:
		return dialogue.Misses >= h.Misses
	case ruleRepeat:
		return dialogue.Repeats >= h.Repeats
	case ruleAnger:
		return t.in.Card.Entry == "" && t.mentions(h.Anger)
	case ruleComplaint:
		return t.in.Card.Entry == "" && t.wants(h.Complaint) ||
			d.Kind == intent.Answer && within(d.Entry.Category, h.ComplaintCategories)
	}
	return false
}

func options(candidates []intent.Candidate) []Option {
	var list []Option
	for _, c := range candidates {
		list = append(list, Option{Entry: c.Entry, Question: c.Question})
	}
	return list
}
