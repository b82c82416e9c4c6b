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
}

func (d *dialogue) play(t *testing.T) {
	p := &player{T: t, house: newHouse(t, bottest.NewStore(), d.rules)}
	for _, p.line = range d.lines {
		switch p.line.who {
		case "机器人", "系统":
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
	if string(m.Kind) != words[0] || (m.Author == bot.FromSystem) != (p.line.who == "系统") {
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
	for range m.Card.Actions {
		b.WriteString(" [转人工]")
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
	default:
		p.Fatalf("%s: nobody is called %s", p.line.at, p.line.who)
	}
	var m bot.Message
	m, p.unread, p.err = p.try(in)
	if p.err == nil {
		p.seen = append(append(p.seen, m), p.unread...)
	}
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
