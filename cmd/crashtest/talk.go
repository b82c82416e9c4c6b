package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"faqbot/bot"
	"faqbot/cmd/crashtest/visitor"
	"faqbot/testdata"
)

// questions returns what the visitors of the sample shop ask.
func questions() ([]string, error) {
	data, err := testdata.FS.ReadFile("telecom.queries.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	var list []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var q struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("read a question: %w", err)
		}
		list = append(list, strings.TrimSpace(q.Text))
	}
	return list, lines.Err()
}

// talker thinks out what a visitor does next.
type talker struct {
	rand      *rand.Rand
	questions []string
}

// tooLong is more than one message may hold.
var tooLong = strings.Repeat("长", 501)

// next returns what a visitor does who sees this.
func (t *talker) next(s visitor.State) visitor.Outgoing {
	if reaction, ok := t.react(s.LastMessage); ok {
		return reaction
	}
	switch n := t.rand.IntN(100); {
	case n < 70:
		return say(t.questions[t.rand.IntN(len(t.questions))])
	case n < 80:
		return say(fmt.Sprintf("%c%c呼噜噜%d", 'a'+t.rand.IntN(26), '丁'+rune(t.rand.IntN(20)), t.rand.IntN(1000)))
	case n < 84:
		return visitor.Outgoing{Kind: bot.KindHandoff}
	case n < 88:
		return visitor.Outgoing{Kind: bot.KindLeave, Text: fmt.Sprintf("请回电 %d", t.rand.IntN(1000)), Name: "王", Contact: "10086"}
	case n < 92:
		return visitor.Outgoing{Kind: bot.KindClose}
	case n < 95:
		return say("")
	case n < 98:
		return say(tooLong)
	}
	return visitor.Outgoing{Kind: bot.KindFeedback, Of: 1, Yes: t.yes()} // of a question: refused
}

func say(text string) visitor.Outgoing { return visitor.Outgoing{Kind: bot.KindText, Text: text} }

func (t *talker) yes() *bool { yes := t.rand.IntN(3) > 0; return &yes }

// react is what a visitor does about the last message, if anything.
func (t *talker) react(m visitor.Message) (visitor.Outgoing, bool) {
	o := visitor.Outgoing{Of: m.Seq, Conversation: m.Conversation, Yes: t.yes()}
	if t.rand.IntN(2) == 0 {
		return o, false
	}
	switch m.Kind {
	case bot.KindOffer:
		if m.Card == nil || len(m.Card.Options) == 0 {
			return o, false
		}
		n := t.rand.IntN(len(m.Card.Options))
		if t.rand.IntN(4) == 0 {
			return say(fmt.Sprint(n + 1)), true
		}
		option := m.Card.Options[n]
		return visitor.Outgoing{Kind: bot.KindPick, Entry: option.Entry, Text: option.Question}, true
	case bot.KindAnswer:
		o.Kind = bot.KindFeedback
		return o, t.rand.IntN(2) == 0
	case bot.KindLeaveForm:
		return visitor.Outgoing{Kind: bot.KindLeave, Text: fmt.Sprintf("麻烦尽快 %d", t.rand.IntN(1000)), Contact: "10086"}, true
	case bot.KindAskSolved:
		o.Kind = bot.KindSolved
		return o, true
	case bot.KindClosed:
		o.Kind, o.Of, o.Stars = bot.KindRating, m.Seq-1, 1+t.rand.IntN(5) // the survey stands before it
		return o, true
	}
	return o, false
}
