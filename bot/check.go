package bot

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of the fields of an Inbound, in characters.
const (
	maxName    = 50
	maxContact = 100
	maxTags    = 10
	maxTag     = 30
	maxProfile = 500
	maxEntry   = 100
)

// opens reports whether the message opens a conversation if there is none.
func (in *Inbound) opens() bool {
	switch in.Kind {
	case KindText, KindPick, KindHandoff, KindLeave, KindImage, KindFile, KindForm:
		return true
	}
	return false
}

// check says what is missing or impossible.
func (in *Inbound) check() error {
	card := in.Card
	in.Card = Card{} // only what the kind needs is kept
	switch in.Kind {
	case KindText:
		return need("text", in.Text, "请输入内容")
	case KindPick:
		in.Card.Entry = oneLine(card.Entry)
		if in.Card.Entry == "" || utf8.RuneCountInString(in.Card.Entry) > maxEntry {
			return &InvalidError{"entry", "请选择一个问题"}
		}
		return need("text", in.Text, "请选择一个问题")
	case KindHandoff, KindClose, KindUnqueue:
		in.Text = ""
		return nil
	case KindImage, KindFile:
		in.Text = ""
		if card.File == nil || card.File.ID == "" || len(card.File.ID) > maxEntry {
			return &InvalidError{"file", "请先选择文件"}
		}
		in.Card.File = &File{ID: card.File.ID}
		return nil
	case KindFeedback, KindSolved:
		in.Card.Of, in.Card.Yes = card.Of, card.Yes
		return needVerdict(card)
	case KindLeave:
		return in.checkLeave(card)
	case KindRating:
		return in.checkRating(card)
	case KindForm: // its fields are checked when the rules of the place are known
		in.Text = ""
		in.Card.Fields, in.Card.Reason = card.Fields, oneLine(card.Reason)
		return nil
	}
	return &InvalidError{"kind", fmt.Sprintf("没有 %q 这种消息", in.Kind)}
}

func need(field, value, reason string) error {
	if strings.TrimSpace(value) == "" {
		return &InvalidError{field, reason}
	}
	return nil
}

func needVerdict(card Card) error {
	switch {
	case card.Of < 1:
		return &InvalidError{"of", "没有说明是哪一条消息"}
	case card.Yes == nil:
		return &InvalidError{"yes", "请选择是或否"}
	}
	return nil
}

func (in *Inbound) checkLeave(card Card) error {
	in.Card.Name, in.Card.Contact = oneLine(card.Name), oneLine(card.Contact)
	switch {
	case utf8.RuneCountInString(in.Card.Name) > maxName:
		return &InvalidError{"name", fmt.Sprintf("称呼最多 %d 个字", maxName)}
	case utf8.RuneCountInString(in.Card.Contact) > maxContact:
		return &InvalidError{"contact", fmt.Sprintf("联系方式最多 %d 个字", maxContact)}
	}
	return need("text", in.Text, "请写下您的问题")
}

func (in *Inbound) checkRating(card Card) error {
	in.Card.Of, in.Card.Yes, in.Card.Stars = card.Of, card.Yes, card.Stars
	for _, tag := range card.Tags {
		in.Card.Tags = append(in.Card.Tags, oneLine(tag))
	}
	switch {
	case card.Of < 1:
		return &InvalidError{"of", "没有说明是哪一次评价"}
	case card.Stars < 0 || card.Stars > 5:
		return &InvalidError{"stars", "评分是 1 到 5 颗星"}
	case card.Stars == 0 && card.Yes == nil:
		return &InvalidError{"stars", "请选择是否解决，或者打个分"}
	case len(card.Tags) > maxTags || longest(in.Card.Tags) > maxTag:
		return &InvalidError{"tags", "标签太多或太长"}
	}
	return nil
}

func longest(texts []string) int {
	n := 0
	for _, t := range texts {
		n = max(n, utf8.RuneCountInString(t))
	}
	return n
}

// oneLine cleans a text that has no line ends.
func oneLine(s string) string { return strings.Join(strings.Fields(CleanText(s)), " ") }

// tidy cleans the profile and cuts what is too long.
func (p Profile) tidy() Profile {
	for _, field := range []*string{&p.Name, &p.Page, &p.Title, &p.Referrer, &p.Agent, &p.Language, &p.Region, &p.Level} {
		*field = cut(oneLine(*field), maxProfile)
	}
	return p
}

func cut(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit])
	}
	return s
}

// with returns the profile with what is newly known.
func (p Profile) with(newer Profile) Profile {
	for _, field := range []struct {
		old *string
		now string
	}{
		{&p.Name, newer.Name}, {&p.Page, newer.Page}, {&p.Title, newer.Title}, {&p.Referrer, newer.Referrer},
		{&p.Agent, newer.Agent}, {&p.Language, newer.Language}, {&p.Region, newer.Region}, {&p.Level, newer.Level},
	} {
		if field.now != "" {
			*field.old = field.now
		}
	}
	return p
}
