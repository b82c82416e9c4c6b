package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"faqbot/bot/intent"
)

// turn is a Turn being made.
type turn struct {
	Turn
	engine *Engine
	speech Speech
	in     Inbound
	now    time.Time
	// normal is the normal form of keyed; see key.
	keyed, normal string
	// fleeting says that the turn will not be stored.
	fleeting bool
	// before is how the conversation stood with the humans.
	before Service
}

// hint tells of the turn once it is stored.
func (t *turn) hint() Hint {
	c := &t.Conversation
	h := Hint{Visitor: c.Visitor.Key(), Conversation: c.ID, Seq: c.Seq, Messages: t.Messages}
	if c.Service.Phase != WithBot || t.before.Phase != WithBot {
		h.Service, h.Was = &c.Service, &t.before
	}
	return h
}

// start begins a turn of the conversation. Time never runs backwards within one.
func (t *turn) start(c Conversation) {
	if c.UpdatedAt.After(t.now) {
		t.now = c.UpdatedAt
	}
	t.Was, t.before = c.Seq, c.Service
	t.Conversation = c
	t.Conversation.UpdatedAt = t.now
	t.Conversation.Profile = c.Profile.with(t.in.Profile)
}

// add appends a message and returns it; the next call may move it.
func (t *turn) add(author Author, kind MessageKind, text string, card Card) *Message {
	t.Conversation.Seq++
	t.Messages = append(t.Messages, Message{
		Conversation: t.Conversation.ID, Seq: t.Conversation.Seq, Author: author, Kind: kind, Text: text, Card: card, At: t.now,
	})
	return &t.Messages[len(t.Messages)-1]
}

// say appends a message of the bot and returns its number.
func (t *turn) say(kind MessageKind, text string, card Card) int64 {
	return t.add(FromBot, kind, text, card).Seq
}

// last returns the last message so far.
func (t *turn) last() *Message { return &t.Messages[len(t.Messages)-1] }

// unsay takes the last message back.
func (t *turn) unsay() {
	t.Messages = t.Messages[:len(t.Messages)-1]
	t.Conversation.Seq--
}

// notice appends a line of the bot, unless the rules leave it out.
func (t *turn) notice(name string, actions ...Action) {
	if text := t.text(name); text != "" {
		t.say(KindNotice, text, Card{Actions: actions})
	}
}

// text returns a text of the rules, in one of its wordings.
func (t *turn) text(name string) string {
	return t.speech.text(name, fmt.Sprint(t.Conversation.ID, t.Conversation.Seq))
}

// closeIdle returns the turn that closes a conversation nobody went on with.
func (t *turn) closeIdle(c Conversation) *turn {
	closing := *t
	closing.start(c)
	closing.close("idle", "closed_idle")
	return &closing
}

// close ends the conversation.
func (t *turn) close(reason, text string) {
	t.add(FromSystem, KindClosed, t.text(text), Card{})
	t.Conversation.State, t.Conversation.CloseReason, t.Conversation.ClosedAt = StateClosed, reason, t.now
	t.Conversation.Dialogue = Dialogue{}
	t.Conversation.Service.Phase = WithBot
}

// react adds what the bot does about the visitor's message.
func (t *turn) react(ctx context.Context) error {
	switch t.in.Kind {
	case KindText, KindPick:
		return t.answer(ctx)
	case KindImage, KindFile:
		return t.file(ctx)
	case KindHandoff:
		return t.handoff(ctx)
	case KindUnqueue:
		return t.unqueue("visitor", "unqueued")
	case KindFeedback:
		return t.feedback(ctx)
	case KindSolved:
		return t.solved(ctx)
	case KindLeave:
		t.leave()
	case KindForm: // there is nothing to say about it
		t.Conversation.Dialogue.Forms++
	case KindRating:
		return t.rate(ctx)
	case KindClose:
		t.end("visitor", "closed")
	}
	return nil
}

// feedback records whether an answer was useful.
func (t *turn) feedback(ctx context.Context) error {
	answer, err := t.referred(ctx, KindAnswer)
	if err != nil {
		return err
	}
	t.verdict(answer, Useful)
	if !*t.in.Card.Yes && t.speech.Handoff.Dislike && t.Conversation.State == StateOpen {
		return t.offerHuman(ctx, ruleDislike)
	}
	return nil
}

// solved records whether the question is solved.
func (t *turn) solved(ctx context.Context) error {
	asked, err := t.referred(ctx, KindAskSolved)
	if err != nil {
		return err
	}
	t.in.Card.Of = asked.Card.Of
	answer, err := t.referred(ctx, KindAnswer)
	if err != nil {
		return err
	}
	t.verdict(answer, Solved)
	if *t.in.Card.Yes {
		t.notice("solved")
	} else if t.Conversation.State == StateOpen {
		return t.offerHuman(ctx, ruleUnsolved)
	}
	return nil
}

func (t *turn) verdict(answer Message, kind VerdictKind) {
	t.Verdict = &Verdict{
		Conversation: answer.Conversation, Seq: answer.Seq, Kind: kind, Yes: *t.in.Card.Yes, Reason: t.in.Text,
		Entry: answer.Card.Entry, Question: answer.Card.Question, Confidence: answer.Card.Confidence, At: t.now,
	}
}

// referred returns the message that the visitor's is about.
func (t *turn) referred(ctx context.Context, kind MessageKind) (Message, error) {
	of := t.in.Card.Of
	if of <= t.Was {
		found, err := t.engine.Store.After(ctx, t.Conversation.ID, of-1, 1)
		if err != nil {
			return Message{}, fmt.Errorf("read message %d: %w", of, err)
		}
		if len(found) == 1 && found[0].Seq == of && found[0].Kind == kind {
			return found[0], nil
		}
	}
	return Message{}, fmt.Errorf("message %d is no %s: %w", of, kind, ErrNotFound)
}

// leave keeps a leave-message.
func (t *turn) leave() {
	t.Leave = &Leave{
		ID: t.engine.NewID(), Conversation: t.Conversation.ID, Seq: t.Messages[0].Seq, Visitor: t.in.Visitor,
		Name: t.in.Card.Name, Contact: t.in.Card.Contact, Text: t.in.Text, At: t.now,
	}
	t.Conversation.Dialogue.FormAt, t.Conversation.Dialogue.Misses = 0, 0
	t.notice("left")
}

// rate keeps the rating of a conversation, once and in time.
func (t *turn) rate(ctx context.Context) error {
	survey, err := t.referred(ctx, KindSurvey)
	if err != nil {
		return err
	}
	if t.now.UnixMilli() > survey.Card.Until {
		return &LateError{"评价的时间已经过了"}
	}
	_, err = t.engine.Store.Rating(ctx, t.Conversation.ID)
	if err == nil {
		return &LateError{"您已经评价过了，谢谢"}
	}
	if !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("look for a rating: %w", err)
	}
	card := t.in.Card
	t.Rating = &Rating{
		Conversation: t.Conversation.ID, Seq: t.Messages[0].Seq, Solved: card.Yes, Stars: card.Stars,
		Tags: card.Tags, Comment: t.in.Text, At: t.now,
	}
	t.notice("rated")
	return nil
}

// end closes the conversation and asks for a rating.
func (t *turn) end(reason, text string) {
	if t.speech.Survey.Enabled {
		t.say(KindSurvey, t.text("survey"), Card{Tags: t.speech.Survey.Tags, Nick: t.Conversation.Service.Nick, Until: t.now.Add(t.speech.Survey.Expires).UnixMilli()})
	}
	t.close(reason, text)
}

// traced records what led to the replies after the visitor's message.
func (t *turn) traced(rule string, d *intent.Decision) {
	trace := &TurnTrace{
		Conversation: t.Conversation.ID, Seq: t.Messages[0].Seq, Reply: t.Messages[0].Seq + 1,
		Text: t.in.Text, Decision: rule, Rule: rule, At: t.now,
	}
	if d != nil {
		trace.Decision, trace.Rule = string(d.Kind), d.Trace.Rule
		trace.Text, trace.Entry, trace.Question = d.Trace.Text, d.Entry.ID, d.Entry.Question
		trace.Confidence, trace.Revision, trace.Model = d.Confidence, d.Trace.Revision, d.Trace.Model
		trace.Trace = t.traceJSON(d)
	}
	t.Trace = trace
}

// traceJSON never fails a turn: an answer without its reasons is better than none.
func (t *turn) traceJSON(d *intent.Decision) string {
	d.Trace.Compact()
	var text strings.Builder // thousands of bytes for each question, not to be copied
	if err := json.NewEncoder(&text).Encode(&d.Trace); err != nil {
		t.engine.Log.Error("a trace cannot be stored", zap.String("conversation", t.Conversation.ID), zap.Error(err))
		return ""
	}
	return strings.TrimSuffix(text.String(), "\n")
}
