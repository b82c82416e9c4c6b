package bot

import (
	"bytes"
	_ "embed" // the rules that hold unless an operator writes others
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Rules is how the bot talks: its texts, when it offers a human, when a
// conversation ends. Channels and accounts may have their own.
type Rules struct {
	base   Speech
	places map[string]Speech // by channel or channel/account
}

// Speech is the rules for one place. Its fields are those of rules.yaml, which
// explains them.
type Speech struct {
	Texts          map[string]Variants `yaml:"texts"`
	Hot            []string            `yaml:"hot"`
	Handoff        HandoffRules        `yaml:"handoff"`
	AskSolvedEvery int                 `yaml:"ask_solved_every"`
	ChatCategories []string            `yaml:"chat_categories"`
	Limits         Limits              `yaml:"limits"`
	Idle           time.Duration       `yaml:"idle"`
	Survey         SurveyRules         `yaml:"survey"`
	Reception      []Reception         `yaml:"reception"`
	Hours          []Hours             `yaml:"hours"`
	Holidays       []string            `yaml:"holidays"`
	Workdays       []string            `yaml:"workdays"`
	Seat           SeatRules           `yaml:"seat"`
	PreChat        PreChat             `yaml:"prechat"`
}

// SeatRules say how long humans may take.
type SeatRules struct {
	Accept     time.Duration `yaml:"accept"`
	FirstReply time.Duration `yaml:"first_reply"`
	Reply      time.Duration `yaml:"reply"`
	Lost       time.Duration `yaml:"lost"`
	Gone       time.Duration `yaml:"gone"`
	WarnAfter  time.Duration `yaml:"warn_after"`
	CloseAfter time.Duration `yaml:"close_after"`
}

// HandoffRules say when a human is offered.
type HandoffRules struct {
	Order               []string `yaml:"order"`
	Words               []string `yaml:"words"`
	Unqueue             []string `yaml:"unqueue"`
	Exact               []string `yaml:"exact"`
	Anger               []string `yaml:"anger"`
	Complaint           []string `yaml:"complaint"`
	Except              []string `yaml:"except"`
	ComplaintCategories []string `yaml:"complaint_categories"`
	Misses              int      `yaml:"misses"`
	Repeats             int      `yaml:"repeats"`
	Dislike             bool     `yaml:"dislike"`
}

// Limits bound what visitors send.
type Limits struct {
	Question int `yaml:"question"` // characters
}

// SurveyRules say how a visitor rates a conversation.
type SurveyRules struct {
	Enabled bool          `yaml:"enabled"`
	Expires time.Duration `yaml:"expires"`
	Tags    []string      `yaml:"tags"`
}

// Mode says who answers.
type Mode string

// The modes of reception.
const (
	BotFirst      Mode = "bot_first"       // the bot, and a human when asked
	HumanFirst    Mode = "human_first"     // a human from the first words on, the bot while none is there
	BotWhenNobody Mode = "bot_when_nobody" // the same, without a word about it
	BotOnly       Mode = "bot_only"        // the bot alone
)

func modes() []Mode { return []Mode{BotFirst, HumanFirst, BotWhenNobody, BotOnly} }

// humanFirst reports whether a human gets the first words.
func (m Mode) humanFirst() bool { return m == HumanFirst || m == BotWhenNobody }

// Hours are some hours of some days.
type Hours struct {
	Days []int  `yaml:"days"` // 1 is Monday; none means every day
	From string `yaml:"from"` // 09:00; empty means from midnight
	To   string `yaml:"to"`   // 18:00, not included; empty means to midnight
}

// Reception says who answers at some hours.
type Reception struct {
	Mode  Mode `yaml:"mode"`
	Hours `yaml:",inline"`
}

// Variants is a text in one or several wordings.
type Variants []string

// UnmarshalYAML reads one text or a list.
func (v *Variants) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*v = Variants{node.Value}
		return nil
	}
	var list []string
	if err := node.Decode(&list); err != nil {
		return err
	}
	*v = list
	return nil
}

//go:embed rules.yaml
var defaultRules []byte

// DefaultRulesText is the file that DefaultRules reads.
func DefaultRulesText() []byte { return bytes.Clone(defaultRules) }

// DefaultRules returns the rules that hold unless an operator writes others.
func DefaultRules() (*Rules, error) { return ParseRules(nil) }

// ruleFile is the shape of a file of rules.
type ruleFile struct {
	Speech   `yaml:",inline"`
	Channels map[string]yaml.Node `yaml:"channels"`
}

// ParseRules reads rules in YAML over the default ones: what the file does not
// mention stays as it is. What it mentions wrongly is an error that names it.
func ParseRules(text []byte) (*Rules, error) {
	var file ruleFile
	if err := decodeStrictly(defaultRules, &file); err != nil {
		return nil, fmt.Errorf("read the default rules: %w", err)
	}
	known := maps.Clone(file.Texts)
	if err := decodeStrictly(text, &file); err != nil {
		return nil, fmt.Errorf("对话规则不对：%w", err)
	}
	r := &Rules{base: file.Speech, places: map[string]Speech{}}
	if err := r.base.validate(known); err != nil {
		return nil, fmt.Errorf("对话规则不对：%w", err)
	}
	// Channels come before their accounts, which build on them.
	for _, place := range slices.Sorted(maps.Keys(file.Channels)) {
		channel, account, _ := strings.Cut(place, "/")
		speech := r.For(channel, account).clone()
		node := file.Channels[place]
		if err := decodeNode(&node, &speech); err != nil {
			return nil, fmt.Errorf("对话规则 channels.%s 不对：%w", place, err)
		}
		if err := speech.validate(known); err != nil {
			return nil, fmt.Errorf("对话规则 channels.%s 不对：%w", place, err)
		}
		r.places[place] = speech
	}
	return r, nil
}

func decodeNode(node *yaml.Node, to *Speech) error {
	text, err := yaml.Marshal(node)
	if err != nil {
		return err
	}
	return decodeStrictly(text, to)
}

func decodeStrictly(text []byte, to any) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return errors.New("一个文件只能有一份，--- 后面的不会读")
	}
	return nil
}

// For returns the rules for an account of a channel.
func (r *Rules) For(channel, account string) Speech {
	if s, ok := r.places[channel+"/"+account]; ok {
		return s
	}
	if s, ok := r.places[channel]; ok {
		return s
	}
	return r.base
}

func (s Speech) clone() Speech {
	s.Texts = maps.Clone(s.Texts)
	return s
}

// handoffRules are the names that handoff.order may hold.
func handoffRules() []string {
	return []string{ruleSensitive, ruleWords, ruleComplaint, ruleAnger, ruleRepeat, ruleMisses}
}

// validate says what is wrong; known holds the names of all texts.
func (s *Speech) validate(known map[string]Variants) error {
	for _, name := range slices.Sorted(maps.Keys(s.Texts)) {
		if _, ok := known[name]; !ok {
			return fmt.Errorf("没有 texts.%s 这条话术，可用的有 %s", name, strings.Join(slices.Sorted(maps.Keys(known)), "、"))
		}
		if len(s.Texts[name]) == 0 || slices.ContainsFunc(s.Texts[name], isBlank) {
			return fmt.Errorf("texts.%s 不能为空", name)
		}
	}
	for _, list := range []struct {
		name  string
		words []string
	}{
		{"hot", s.Hot}, {"handoff.words", s.Handoff.Words}, {"handoff.exact", s.Handoff.Exact}, {"handoff.anger", s.Handoff.Anger},
		{"handoff.complaint", s.Handoff.Complaint}, {"handoff.complaint_categories", s.Handoff.ComplaintCategories},
		{"handoff.except", s.Handoff.Except}, {"handoff.unqueue", s.Handoff.Unqueue}, {"chat_categories", s.ChatCategories}, {"survey.tags", s.Survey.Tags},
	} {
		if slices.ContainsFunc(list.words, isBlank) {
			return fmt.Errorf("%s 里有一个空的词", list.name)
		}
	}
	return s.validateRest()
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

func (s *Speech) validateRest() error {
	for _, name := range s.Handoff.Order {
		if !slices.Contains(handoffRules(), name) {
			return fmt.Errorf("handoff.order 里没有 %s 这条规则，可用的有 %s", name, strings.Join(handoffRules(), "、"))
		}
	}
	switch {
	case s.Handoff.Misses < 1 || s.Handoff.Repeats < 2:
		return errors.New("handoff.misses 至少是 1，handoff.repeats 至少是 2")
	case s.AskSolvedEvery < 0:
		return errors.New("ask_solved_every 不能是负数")
	case s.Limits.Question < 1 || s.Limits.Question > maxText:
		return fmt.Errorf("limits.question 要在 1 到 %d 之间", maxText)
	case s.Idle <= 0 || s.Survey.Expires <= 0:
		return errors.New("idle 和 survey.expires 要大于 0")
	}
	for i, r := range s.Reception {
		if err := r.validate(); err != nil {
			return fmt.Errorf("reception 第 %d 条：%w", i+1, err)
		}
	}
	if err := s.Seat.validate(); err != nil {
		return err
	}
	if err := s.PreChat.validate(); err != nil {
		return err
	}
	return s.validateCalendar()
}

func (r *SeatRules) validate() error {
	for name, d := range map[string]time.Duration{
		"accept": r.Accept, "first_reply": r.FirstReply, "reply": r.Reply, "lost": r.Lost, "gone": r.Gone,
		"warn_after": r.WarnAfter, "close_after": r.CloseAfter,
	} {
		if d < time.Second || d > 24*time.Hour {
			return fmt.Errorf("seat.%s 要在 1s 到 24h 之间，不能是 %v", name, d)
		}
	}
	return nil
}

func (r *Reception) validate() error {
	if !slices.Contains(modes(), r.Mode) {
		return fmt.Errorf("mode 只能是 %v 之一，不能是 %q", modes(), r.Mode)
	}
	return r.Hours.validate()
}

func (r *Hours) validate() error {
	for _, day := range r.Days {
		if day < 1 || day > 7 {
			return fmt.Errorf("days 是 1 到 7，不能是 %d", day)
		}
	}
	for _, clock := range []string{r.From, r.To} { // compared as texts: 9:00 would come after 10:00
		if _, err := time.Parse("15:04", clock); clock != "" && (err != nil || len(clock) != len("09:00")) {
			return fmt.Errorf("时刻要写成 09:00，不能是 %q", clock)
		}
	}
	if r.From != "" && r.From == r.To {
		return fmt.Errorf("from 和 to 不能都是 %s", r.From)
	}
	return nil
}

// covers reports whether the rule is for this moment. A rule from 22:00 to 06:00
// goes over midnight, and its days are those on which it begins.
func (r *Hours) covers(t time.Time) bool {
	clock := t.Format("15:04")
	after, before := r.From == "" || clock >= r.From, r.To == "" || clock < r.To
	if r.From == "" || r.To == "" || r.From < r.To {
		return after && before && r.on(t)
	}
	return after && r.on(t) || before && r.on(t.AddDate(0, 0, -1))
}

// on reports whether the rule is for the day of t.
func (r *Hours) on(t time.Time) bool {
	return len(r.Days) == 0 || slices.Contains(r.Days, int(t.Weekday()+6)%7+1)
}

// mode says who answers at a moment.
func (s *Speech) mode(t time.Time) Mode {
	for i := range s.Reception {
		if s.Reception[i].covers(t) {
			return s.Reception[i].Mode
		}
	}
	return BotFirst
}

// text returns one wording of a text; the same salt gives the same one.
func (s *Speech) text(name, salt string) string {
	variants := s.Texts[name]
	switch len(variants) {
	case 0:
		return ""
	case 1:
		return variants[0]
	}
	h := fnv.New32a()
	io.WriteString(h, name+salt)
	return variants[h.Sum32()%uint32(len(variants))]
}
