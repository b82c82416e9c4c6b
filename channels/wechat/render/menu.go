package render

import (
	"strconv"
	"strings"

	"faqbot/bot"
)

const (
	// maxLabel is how long an item of a menu may be, in characters.
	maxLabel = 60
	// farthest is the largest number that items are made room for.
	farthest  = 99
	howToPick = "回复数字即可"
)

// Numbered shows a menu as text, for where it cannot be sent: its items with
// numbers from from on, to be answered with one.
func Numbered(m Menu, from int) string { return m.lines(from, howToPick) }

// lines is the menu as text; last is the line that says what to do.
func (m *Menu) lines(from int, last string) string {
	var lines []string
	if m.Head != "" {
		lines = append(lines, m.Head)
	}
	for i, item := range m.Items {
		lines = append(lines, strconv.Itoa(from+i)+". "+item.Label)
	}
	for _, line := range []string{m.Tail, last} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Join returns texts and menus as one text, if one message holds it. The items of
// all menus are numbered on from 1, in order.
func Join(parts []Part) (Part, bool) {
	final := -1 // the last menu says what to do
	for i, p := range parts {
		if p.Menu != nil {
			final = i
		}
	}
	var texts []string
	from := 1
	for i, p := range parts {
		switch {
		case p.Text != "":
			texts = append(texts, p.Text)
		case p.Menu == nil:
			return Part{}, false
		case i == final:
			texts = append(texts, Numbered(*p.Menu, from))
		default:
			texts = append(texts, p.Menu.lines(from, ""))
		}
		if p.Menu != nil {
			from += len(p.Menu.Items)
		}
	}
	text := strings.Join(texts, "\n\n")
	return Part{Text: text}, text != "" && fits(text)
}

// withMenu adds a menu below the parts: in one message with the last text if that
// holds both, else by itself. Items that no message holds are left out.
func withMenu(parts []Part, head string, items []Item) []Part {
	if len(items) == 0 {
		return parts
	}
	if last := len(parts) - 1; last >= 0 && parts[last].Text != "" {
		menu := Menu{Head: joinTexts(parts[last].Text, head), Items: items}
		if menu.fits() {
			return append(parts[:last:last], Part{Menu: &menu})
		}
	}
	if head == "" {
		head = "请选择："
	}
	menu := Menu{Head: head, Items: items}
	for len(menu.Items) > 1 && !menu.fits() {
		menu.Items = menu.Items[:len(menu.Items)-1]
	}
	return append(parts, Part{Menu: &menu})
}

func (m *Menu) fits() bool { return fits(Numbered(*m, farthest)) }

// joinTexts puts a line below a text.
func joinTexts(text, below string) string {
	if text == "" || below == "" {
		return text + below
	}
	return text + "\n\n" + below
}

// Picks returns an item for each option, with its question as the label, shortened to
// a line.
func Picks(options []bot.Option) []Item {
	var items []Item
	for _, o := range options {
		if label := shorten(oneLine(o.Question), maxLabel); label != "" {
			items = append(items, Item{Label: label, Act: Act{Kind: bot.KindPick, Option: &o}})
		}
	}
	return items
}

// doings returns an item for each action that takes one tap.
func doings(actions []bot.Action) []Item {
	var items []Item
	for _, a := range actions {
		switch a {
		case bot.ActionHandoff:
			items = append(items, Item{Label: "转人工", Act: Act{Kind: bot.KindHandoff}})
		case bot.ActionUnqueue:
			items = append(items, Item{Label: "取消排队", Act: Act{Kind: bot.KindUnqueue}})
		}
	}
	return items
}
