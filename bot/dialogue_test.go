package bot_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/bot/bottest"
)

// TestDialogues plays the dialogues of testdata/dialogues; the file 说明.txt there
// says how they are written.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/dialogues/*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("there are no dialogues: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parseDialogues(t, file, string(text)) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				d.play(t)
			})
		}
	}
}

// dialogue is what is said by whom, and before that the rules.
type dialogue struct {
	name, rules string
	lines       []line
}

type line struct {
	at        string // file:line
	who, what string
}

func parseDialogues(t *testing.T, file, text string) (all []*dialogue) {
	t.Helper()
	n := 0
	for l := range strings.Lines(text) {
		n++
		at := fmt.Sprintf("%s:%d", filepath.Base(file), n)
		l = strings.TrimSpace(l)
		name, titled := strings.CutPrefix(l, "== ")
		who, what, found := strings.Cut(strings.Replace(l, "：", ":", 1), ":")
		switch {
		case l == "" || strings.HasPrefix(l, "#"):
		case titled:
			all = append(all, &dialogue{name: name})
		case !found || len(all) == 0:
			t.Fatalf("%s: a line is 谁：什么, below a title", at)
		case who == "规则":
			all[len(all)-1].rules = what
		default:
			d := all[len(all)-1]
			d.lines = append(d.lines, line{at, strings.TrimSpace(who), strings.TrimSpace(what)})
		}
	}
	return all
}

// player says the lines of the visitor and compares those of the bot.
type player struct {
	*testing.T
	*house
	seen   []bot.Message // of the conversation so far
	unread []bot.Message // replies that no line was compared with
	err    error         // of the last line of the visitor
	line   line
	alive  map[string]bool // agents whose browsers run
}

func (d *dialogue) play(t *testing.T) {
	p := &player{T: t, house: newHouse(t, bottest.NewStore(), d.rules), alive: map[string]bool{}}
	for _, p.line = range d.lines {
		switch p.line.who {
		case "机器人", "系统", "坐席":
			p.compare()
		case "错误":
			p.compareError()
		default:
			p.settle()
			p.do()
		}
	}
	p.settle()
}

// settle complains about what the bot said and the dialogue does not.
func (p *player) settle() {
	for _, m := range p.unread {
		p.Errorf("before %s the bot also says: %s", p.line.at, shown(m))
	}
	if p.err != nil {
		p.Fatalf("before %s: %v", p.line.at, p.err)
	}
	p.unread = nil
}

func (p *player) compare() {
	if p.err != nil {
		p.Fatalf("%s: %v", p.line.at, p.err)
	}
	if len(p.unread) == 0 {
		p.Errorf("%s: the bot says nothing, want %s", p.line.at, p.line.what)
		return
	}
	m := p.unread[0]
	p.unread = p.unread[1:]
	words := strings.Fields(p.line.what)
	authors := map[string]bot.Author{"机器人": bot.FromBot, "系统": bot.FromSystem, "坐席": bot.FromAgent}
	if string(m.Kind) != words[0] || m.Author != authors[p.line.who] {
		p.Errorf("%s: want %s, got %s", p.line.at, p.line.what, shown(m))
		return
	}
	for _, word := range words[1:] {
		unwanted, isNot := strings.CutPrefix(word, "!")
		if strings.Contains(shown(m), unwanted) == isNot {
			p.Errorf("%s: want %s, got %s", p.line.at, p.line.what, shown(m))
		}
	}
}

// shown is a message as one line: kind, text, the question that is answered in
// 《》, options with numbers, buttons in brackets.
func shown(m bot.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", m.Kind, m.Text)
	if m.Card.Question != "" {
		fmt.Fprintf(&b, " 《%s》", m.Card.Question)
	}
	for i, o := range m.Card.Options {
		fmt.Fprintf(&b, " %d.%s", i+1, o.Question)
	}
	names := map[bot.Action]string{bot.ActionHandoff: "转人工", bot.ActionUnqueue: "取消排队", bot.ActionLeave: "留言"}
	for _, action := range m.Card.Actions {
		fmt.Fprintf(&b, " [%s]", names[action])
	}
	if m.Author == bot.FromSystem && m.Card.Agent+m.Card.To+m.Card.Reason != "" {
		fmt.Fprintf(&b, " %s>%s(%s)", m.Card.Agent, m.Card.To, m.Card.Reason)
	}
	return b.String()
}

func (p *player) compareError() {
	var late *bot.LateError
	var invalid *bot.InvalidError
	ok := false
	switch name, text, _ := strings.Cut(p.line.what, " "); name {
	case "没有":
		ok = errors.Is(p.err, bot.ErrNotFound)
	case "不许":
		ok = errors.Is(p.err, bot.ErrForbidden)
	case "满了":
		ok = errors.Is(p.err, bot.ErrBusy)
	case "别人的":
		var taken *bot.TakenError
		ok = errors.As(p.err, &taken) && taken.Agent == text
	case "晚了":
		ok = errors.As(p.err, &late) && strings.Contains(late.Reason, text)
	case "不对":
		ok = errors.As(p.err, &invalid) && strings.Contains(invalid.Reason, text)
	}
	if !ok {
		p.Errorf("%s: want %s, got %v", p.line.at, p.line.what, p.err)
	}
	p.err = nil
}

// do does what the visitor does.
func (p *player) do() {
	in := bot.Inbound{Visitor: ann, Text: p.line.what}
	switch p.line.who {
	case "等":
		by, err := time.ParseDuration(p.line.what)
		if err != nil {
			p.Fatalf("%s: %v", p.line.at, err)
		}
		p.clock.move(by)
		for name := range p.alive {
			if err := p.desk.Alive(context.Background(), name); err != nil {
				p.Fatal(err)
			}
		}
		p.work(func() error { return nil })
		return
	case "钟":
		at, err := time.ParseInLocation("2006-01-02 15:04", p.line.what, shanghai)
		if err != nil {
			p.Fatalf("%s: %v", p.line.at, err)
		}
		p.clock.move(at.Sub(p.clock.Now()))
		return
	case "访客":
		in.Kind = bot.KindText
	case "点":
		in.Kind, in.Card.Entry, in.Text = bot.KindPick, p.option(in.Text), strings.TrimPrefix(in.Text, "#")
	case "转人工":
		in.Kind = bot.KindHandoff
	case "有用", "没用":
		in.Kind, in.Card.Of, in.Card.Yes = bot.KindFeedback, p.last(bot.KindAnswer).Seq, no()
		*in.Card.Yes = p.line.who == "有用"
	case "解决了吗":
		in.Kind, in.Card.Of, in.Card.Yes = bot.KindSolved, p.last(bot.KindAskSolved).Seq, no()
		*in.Card.Yes, in.Text = in.Text == "是", ""
	case "留言":
		in.Kind, in.Card.Contact = bot.KindLeave, "13800000000"
	case "评价":
		survey := p.last(bot.KindSurvey)
		in.Kind, in.Conversation, in.Card.Of = bot.KindRating, survey.Conversation, survey.Seq
		stars, text, _ := strings.Cut(in.Text, " ")
		in.Card.Stars, _ = strconv.Atoi(stars)
		in.Text = text
	case "结束":
		in.Kind = bot.KindClose
	case "取消排队":
		in.Kind = bot.KindUnqueue
	default:
		act, ok := deskActs[p.line.who]
		if !ok {
			p.Fatalf("%s: nobody does %s", p.line.at, p.line.who)
		}
		p.work(func() error { return act(p, strings.Fields(p.line.what)) })
		return
	}
	p.work(func() error { _, err := p.Receive(context.Background(), p.named(in)); return err })
}

func (p *player) named(in bot.Inbound) bot.Inbound {
	in.ClientID = "client-" + p.newID()
	return in
}

// work does something, lets the desk do what follows, and keeps what was said.
func (p *player) work(do func() error) {
	defer p.bus.Subscribe(func(h bot.Hint) {
		for _, m := range h.Messages {
			p.seen = append(p.seen, m)
			if m.Author != bot.FromVisitor {
				p.unread = append(p.unread, m)
			}
		}
	})()
	if p.err = do(); p.err != nil {
		return
	}
	for range 3 { // one step may lead to the next
		if err := p.desk.Step(context.Background()); err != nil {
			p.Fatalf("%s: %v", p.line.at, err)
		}
	}
}

// deskActs are what agents do, by its name in dialogues. The first word is who.
var deskActs = map[string]func(p *player, words []string) error{
	"上线": func(p *player, w []string) error { return p.sign(w[0], bot.Online) },
	"小休": func(p *player, w []string) error { return p.sign(w[0], bot.Resting) },
	"下线": func(p *player, w []string) error { return p.sign(w[0], bot.Offline) },
	"断线": func(p *player, w []string) error { // from now on nothing is heard
		delete(p.alive, w[0])
		return nil
	},
	"接": func(p *player, w []string) error {
		_, err := p.desk.Accept(context.Background(), actor(w[0]), p.current())
		return err
	},
	"不接": func(p *player, w []string) error { return p.desk.Pass(context.Background(), actor(w[0]), p.current()) },
	"说": func(p *player, w []string) error {
		l := bot.Line{ClientID: "agent-" + p.newID(), Kind: bot.KindText, Text: strings.Join(w[1:], " ")}
		_, err := p.desk.Say(context.Background(), actor(w[0]), p.current(), l)
		return err
	},
	"转给": func(p *player, w []string) error {
		to := bot.Target{Agent: w[1]}
		if w[1] == "机器人" {
			to = bot.Target{Bot: true}
		} else if group, ok := strings.CutPrefix(w[1], "组:"); ok {
			to = bot.Target{Group: group}
		}
		return p.desk.Transfer(context.Background(), actor(w[0]), p.current(), to, strings.Join(w[2:], " "))
	},
	"接管": func(p *player, w []string) error {
		_, err := p.desk.TakeOver(context.Background(), actor(w[0]), p.current())
		return err
	},
	"密语": func(p *player, w []string) error {
		return p.desk.Remark(context.Background(), actor(w[0]), p.current(), bot.KindWhisper, strings.Join(w[1:], " "))
	},
	"收尾": func(p *player, w []string) error {
		return p.desk.Close(context.Background(), actor(w[0]), p.current(), bot.Summary{Category: "其他", Solved: yes(), Text: strings.Join(w[1:], " ")})
	},
	"答留言": func(p *player, w []string) error {
		tasks, err := p.desk.Leaves(context.Background(), actor(w[0]))
		if err == nil && len(tasks) == 0 {
			err = bot.ErrNotFound
		}
		if err == nil {
			_, err = p.desk.AnswerLeave(context.Background(), actor(w[0]), tasks[0].ID)
		}
		return err
	},
	"关页面": func(p *player, _ []string) error { p.desk.Presence(ann, false); return nil },
	"开页面": func(p *player, _ []string) error { p.desk.Presence(ann, true); return nil },
	"技能组": func(p *player, w []string) error { // name, categories
		return p.store.PutGroup(context.Background(), bot.Group{ID: w[0], Name: w[0], Categories: w[1:], UpdatedAt: p.clock.Now()}, time.Time{})
	},
	"进组": func(p *player, w []string) error { // agent, most, groups
		most, err := strconv.Atoi(w[1])
		if err != nil {
			return err
		}
		return p.desk.SaveSeat(context.Background(), bot.Seat{Agent: w[0], Nick: w[0], Most: most, Groups: w[2:]})
	},
}

// actor is who has the name; 班长 supervises.
func actor(name string) bot.Actor {
	return bot.Actor{ID: name, Nick: name, Supervisor: name == "班长"}
}

// sign has an agent say what they do. Their browser is alive from then on.
func (p *player) sign(name string, to bot.Presence) error {
	if _, err := p.desk.Sit(context.Background(), actor(name)); err != nil {
		return err
	}
	p.alive[name] = true
	_, err := p.desk.Sign(context.Background(), actor(name), name, to)
	return err
}

// current is the id of ann's last conversation.
func (p *player) current() string {
	if len(p.seen) == 0 {
		return "none"
	}
	return p.seen[len(p.seen)-1].Conversation
}

// option returns the entry of a question that was offered, or of a hot question.
// #… is an entry that was not.
func (p *player) option(question string) string {
	if id, ok := strings.CutPrefix(question, "#"); ok {
		return id
	}
	for _, m := range p.seen {
		for _, o := range m.Card.Options {
			if o.Question == question {
				return o.Entry
			}
		}
	}
	g, err := p.Greeting(context.Background(), ann.Channel, ann.Account, "")
	if err != nil {
		p.Fatal(err)
	}
	for _, o := range g.Hot {
		if o.Question == question {
			return o.Entry
		}
	}
	p.Fatalf("%s: nobody offered %s", p.line.at, question)
	return ""
}

func (p *player) last(kind bot.MessageKind) bot.Message {
	for i := len(p.seen) - 1; i >= 0; i-- {
		if p.seen[i].Kind == kind {
			return p.seen[i]
		}
	}
	p.Fatalf("%s: there was no %s", p.line.at, kind)
	return bot.Message{}
}
