package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"faqbot/bot/intent"
)

// Names of rules that lead to a human without an offer.
const (
	ruleHumanFirst = "human_first"
)

// What the reasons of a handoff are worth in the queue.
const (
	rankComplaint = 20
	rankAnger     = 10
	// rankFront is for those who had an agent and lost them.
	rankFront = 1000
)

func (t *turn) mode() Mode { return t.speech.mode(t.now.In(t.engine.Zone)) }

// phase says who has the conversation.
func (t *turn) phase() Phase { return t.Conversation.Service.Phase }

// place says where a visitor who asks for a human now would be.
func (t *turn) place(ctx context.Context) (Place, error) {
	switch {
	case t.engine.Seats == nil || t.fleeting:
		return Place{State: PlaceNobody}, nil
	case !t.speech.staffed(t.now.In(t.engine.Zone)):
		return Place{State: PlaceClosed}, nil
	}
	place, err := t.engine.Seats.Place(ctx, &t.Conversation, t.Conversation.Dialogue.About)
	if err != nil {
		return Place{}, fmt.Errorf("look for an agent: %w", err)
	}
	return place, nil
}

// handoff answers the button 转人工.
func (t *turn) handoff(ctx context.Context) error {
	switch t.phase() {
	case WithAgent:
		t.notice("with_agent")
		return nil
	case InQueue:
		return t.tellPlace(ctx)
	}
	return t.offerHuman(ctx, ruleButton)
}

// offerHuman brings the visitor to the queue if that was asked for, and otherwise
// offers it. While no agent is there, the form for a leave-message takes its place.
func (t *turn) offerHuman(ctx context.Context, rule string) error {
	asked := rule == ruleWords || rule == ruleButton
	if t.mode() == BotOnly {
		if asked || rule == ruleDislike || rule == ruleUnsolved {
			t.notice("bot_only")
		}
		return nil
	}
	if t.phase() != WithBot {
		return nil
	}
	place, err := t.place(ctx)
	if err != nil {
		return err
	}
	t.Conversation.Dialogue.Misses = 0
	switch {
	case place.State != PlaceOpen:
		t.showForm(rule, place.State, asked)
	case asked:
		t.enqueue(place, rule)
	default:
		t.offerSeat(rule)
	}
	return nil
}

// showForm shows the form for a leave-message. Unasked it comes once; while one is
// at hand a line points to it. The form says sorry by itself, so that it takes the
// place of a refusal.
func (t *turn) showForm(rule string, why PlaceState, asked bool) {
	dialogue := &t.Conversation.Dialogue
	if !asked && dialogue.FormAt > 0 && t.Conversation.Seq-dialogue.FormAt < aside {
		t.notice("handoff_offered", ActionHandoff)
		return
	}
	if t.last().Kind == KindRefusal {
		t.unsay()
	}
	dialogue.FormAt = t.say(KindLeaveForm, t.text(formText(rule, why)), Card{})
}

// formText names what the form says.
func formText(rule string, why PlaceState) string {
	switch {
	case rule == ruleUnsolved:
		return "handoff_dislike"
	case rule != ruleWords && rule != ruleButton:
		return "handoff_" + rule
	case why == PlaceClosed, why == PlaceFull:
		return "handoff_" + string(why)
	}
	return "handoff"
}

// offerSeat offers a human who is there, unless that was done just now. It takes
// the place of a refusal.
func (t *turn) offerSeat(rule string) {
	dialogue := &t.Conversation.Dialogue
	dialogue.Handoff = rule
	if dialogue.SeatAt > 0 && t.Conversation.Seq-dialogue.SeatAt < aside && t.last().Kind == KindRefusal {
		return // which has the button too
	}
	if t.last().Kind == KindRefusal {
		t.unsay()
	}
	if rule == ruleUnsolved {
		rule = ruleDislike
	}
	dialogue.SeatAt = t.say(KindNotice, t.text("human_"+rule), Card{Actions: []Action{ActionHandoff}})
}

// humanAction is the button for a human, where there are any.
func (t *turn) humanAction() []Action {
	if t.mode() == BotOnly || t.phase() != WithBot {
		return nil
	}
	return []Action{ActionHandoff}
}

// enqueue brings the conversation to the queue.
func (t *turn) enqueue(place Place, rule string) {
	dialogue := &t.Conversation.Dialogue
	if rule == ruleButton && dialogue.Handoff != "" {
		rule = dialogue.Handoff // what the button was offered for
	}
	dialogue.Handoff, dialogue.FormAt, dialogue.Offered = "", 0, nil
	s := &t.Conversation.Service
	*s = Service{
		Phase: InQueue, Owner: s.Owner, Nick: s.Nick, Group: place.Group, Rank: place.Rank + rank(rule), QueuedAt: t.now, Reason: rule, At: t.Messages[0].Seq,
	}
	t.add(FromSystem, KindQueued, t.placeText(place), Card{
		Group: place.Group, Reason: rule, Place: place.Ahead + 1, Low: place.Low, High: place.High,
		Actions: []Action{ActionUnqueue, ActionLeave},
	})
}

func rank(rule string) int {
	switch rule {
	case ruleComplaint:
		return rankComplaint
	case ruleAnger:
		return rankAnger
	}
	return 0
}

// placeText tells a place in words.
func (t *turn) placeText(p Place) string {
	if p.Ahead == 0 {
		return t.text("queued_next")
	}
	return strings.NewReplacer("{ahead}", strconv.Itoa(p.Ahead), "{wait}", t.wait(p)).Replace(t.text("queued"))
}

// wait tells how long it may take, in minutes, and only if that is known.
func (t *turn) wait(p Place) string {
	low, high := (p.Low+59)/60, (p.High+59)/60
	switch {
	case high == 0:
		return t.text("wait_unknown")
	case low == high || high == 1:
		return strings.ReplaceAll(t.text("wait_about"), "{minutes}", strconv.Itoa(high))
	}
	minutes := fmt.Sprintf("%d 到 %d", max(low, 1), high)
	return strings.ReplaceAll(t.text("wait_about"), "{minutes}", minutes)
}

// tellPlace repeats the place to one who waits.
func (t *turn) tellPlace(ctx context.Context) error {
	place, err := t.engine.queued(ctx, &t.Conversation)
	if err != nil {
		return err
	}
	t.say(KindNotice, t.placeText(place), Card{Actions: []Action{ActionUnqueue, ActionLeave}})
	return nil
}

// queued returns the place of a conversation that waits.
func (e *Engine) queued(ctx context.Context, c *Conversation) (Place, error) {
	if e.Seats == nil {
		return Place{}, nil
	}
	place, err := e.Seats.Place(ctx, c, nil)
	if err != nil {
		return Place{}, fmt.Errorf("look for the place: %w", err)
	}
	return place, nil
}

// unqueue brings the conversation back to the bot.
func (t *turn) unqueue(reason, text string) error {
	if t.phase() != InQueue {
		return &LateError{"您已经不在排队了"}
	}
	t.returnToBot(reason, text)
	return nil
}

// returnToBot takes the conversation from the humans.
func (t *turn) returnToBot(reason, text string) {
	s := &t.Conversation.Service
	*s = Service{Owner: s.Owner, Nick: s.Nick}
	t.add(FromSystem, KindReturned, t.text(text), Card{Reason: reason})
}

// humanFirst brings a visitor who says the first words to a human, if the rules
// want that and one is there.
func (t *turn) humanFirst(ctx context.Context) (queued bool, err error) {
	place, err := t.place(ctx)
	if err != nil {
		return false, err
	}
	if place.State != PlaceOpen {
		if t.mode() == HumanFirst {
			t.notice("human_away")
		}
		return false, nil
	}
	t.enqueue(place, ruleHumanFirst)
	return true, nil
}

// whileWaiting replies to what a visitor says in the queue: the bot answers what
// it is sure of, and keeps silent otherwise.
func (t *turn) whileWaiting(ctx context.Context) error {
	switch {
	case t.isOneOf(t.speech.Handoff.Unqueue):
		return t.unqueue("visitor", "unqueued")
	case t.asksForHuman():
		return t.tellPlace(ctx)
	}
	d, err := t.decide(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		t.engine.Log.Error("a question could not be decided", zap.String("conversation", t.Conversation.ID), zap.Error(err))
	case d.Kind == intent.Answer && len(d.Texts) > 0:
		t.replyAnswer(&d)
		t.traced("", &d)
		return nil
	}
	if s := &t.Conversation.Service; !s.Noted {
		s.Noted = true
		t.notice("waiting_noted")
	}
	return nil
}

// toAgent notes that the owner is asked.
func (t *turn) toAgent() {
	s := &t.Conversation.Service
	if s.AskedAt.IsZero() {
		s.AskedAt = t.now
	}
	s.SpokenAt, s.Warned, s.Reminded = time.Time{}, time.Time{}, time.Time{}
}

// file takes what the visitor uploaded.
func (t *turn) file(ctx context.Context) error {
	f, err := t.engine.uploaded(ctx, t.in.Visitor, t.in.Card.File.ID)
	if err != nil {
		return err
	}
	m := &t.Messages[0]
	m.Kind, m.Card.File = f.kind(), &f
	switch t.phase() {
	case WithAgent:
		t.toAgent()
	case WithBot:
		t.notice("file_to_bot", t.humanAction()...)
	}
	return nil
}

// uploaded returns a file of the visitor's own.
func (e *Engine) uploaded(ctx context.Context, v Visitor, id string) (File, error) {
	if e.Files == nil || id != CleanText(id) {
		return File{}, fmt.Errorf("file %q: %w", id, ErrNotFound)
	}
	f, err := e.Files.FileOf(ctx, id)
	if err != nil {
		return File{}, fmt.Errorf("read file %q: %w", id, err)
	}
	if f.Visitor != v.Key() {
		return File{}, fmt.Errorf("file %q is not of this visitor: %w", id, ErrNotFound)
	}
	return f, nil
}

// kind is how a file is shown.
func (f *File) kind() MessageKind {
	if strings.HasPrefix(f.Type, "image/") {
		return KindImage
	}
	return KindFile
}

// Upload keeps a file that the visitor is going to send.
func (e *Engine) Upload(ctx context.Context, v Visitor, name string, content []byte) (File, error) {
	return e.keep(ctx, v, v.Key(), name, content)
}

// keep checks and stores a file of the visitor's conversations.
func (e *Engine) keep(ctx context.Context, v Visitor, sender, name string, content []byte) (File, error) {
	if e.Files == nil {
		return File{}, fmt.Errorf("keep a file: %w", ErrUnavailable)
	}
	f, err := Inspect(name, content)
	if err != nil {
		return File{}, err
	}
	f.ID, f.Visitor, f.Sender, f.At = rand.Text(), v.Key(), sender, e.moment()
	if err := e.Files.PutFile(ctx, f, content); err != nil {
		return File{}, fmt.Errorf("keep a file: %w", err)
	}
	return f, nil
}

// Download returns a file of the visitor's own conversations.
func (e *Engine) Download(ctx context.Context, v Visitor, id string) (File, []byte, error) {
	if _, err := e.uploaded(ctx, v, id); err != nil {
		return File{}, nil, err
	}
	f, content, err := e.Files.FileContent(ctx, id)
	if err != nil {
		return File{}, nil, fmt.Errorf("read file %q: %w", id, err)
	}
	return f, content, nil
}

// Presence is told when the last page of a visitor was closed, and when there is
// one again.
func (e *Engine) Presence(_ context.Context, v Visitor, here bool) {
	if e.Seats != nil {
		e.Seats.Presence(v, here)
	}
}

// Queue returns the visitor's place, if the visitor waits.
func (e *Engine) Queue(ctx context.Context, v Visitor) (Place, bool, error) {
	c, err := e.Store.Current(ctx, v)
	if errors.Is(err, ErrNotFound) {
		return Place{}, false, nil
	}
	if err != nil {
		return Place{}, false, fmt.Errorf("find the conversation: %w", err)
	}
	if c.Service.Phase != InQueue {
		return Place{}, false, nil
	}
	place, err := e.queued(ctx, &c)
	return place, err == nil, err
}
