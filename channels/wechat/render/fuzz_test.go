package render_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"faqbot/bot"
	"faqbot/channels/richtext"
	"faqbot/channels/wechat/render"
	"faqbot/testdata"
)

// faces are the names of faces that hold a <.
var faces = strings.NewReplacer("/:<W>", "", "/:<L>", "", "/:<O>", "", "/:<@", "", "/:<&", "", "/::<", "")

// check fails unless the parts may be sent.
func check(t *testing.T, parts []render.Part) {
	t.Helper()
	for _, p := range parts {
		switch {
		case p.Menu != nil:
			checkText(t, render.Numbered(*p.Menu, 1))
			for _, item := range p.Menu.Items {
				if item.Label == "" || item.Act.Kind == "" {
					t.Errorf("an item is %+v", item)
				}
			}
		case p.Image != nil:
			if (p.Image.File == "") == (p.Image.URL == "") {
				t.Errorf("a picture is %+v", p.Image)
			}
		case p.News != nil:
			if c := p.News[0]; c.Title == "" || !strings.HasPrefix(c.URL, "http") || !strings.HasPrefix(c.Picture, "http") {
				t.Errorf("a card is %+v", c)
			}
		default:
			checkText(t, p.Text)
		}
	}
}

func checkText(t *testing.T, text string) {
	t.Helper()
	if strings.TrimSpace(text) == "" || len(text) > render.MaxBytes || utf8.RuneCountInString(text) > render.MaxRunes {
		t.Errorf("a text of %d bytes and %d characters: %q", len(text), utf8.RuneCountInString(text), text)
	}
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	if strings.Contains(faces.Replace(link.ReplaceAllString(text, "")), "<") {
		t.Errorf("a tag that is no link: %q", text)
	}
	if strings.Contains(text, "\n\n\n") || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
		t.Errorf("control characters or empty lines: %q", text)
	}
}

// kinds are all that a follower may see.
func kinds() []bot.MessageKind {
	return []bot.MessageKind{
		bot.KindAnswer, bot.KindOffer, bot.KindRefusal, bot.KindNotice, bot.KindLeaveForm, bot.KindAskSolved, bot.KindSurvey, bot.KindClosed,
		bot.KindQueued, bot.KindAccepted, bot.KindTransferred, bot.KindRequeued, bot.KindTakenOver, bot.KindReturned, bot.KindText, bot.KindImage, bot.KindFile, "new",
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		"", "您好[微笑] /::< /:<L>", "**重要** [链接](https://a.example/x)\n1. 甲\n2. 乙", "<a href='/x'><img src='/p.jpg' alt='图'></a>",
		"<table><tr><td>甲<td>乙<img src=/a.png></table>", "<ul><li><p>甲<ol><li>乙", strings.Repeat("字，", 700), "e" + strings.Repeat("\u0301", 900),
		"/::<a href=\"x\">", "<a href='https://a.example/\"><b>'>&lt;b&gt;</a>", "\xff\xfe\x00\x0b\r\n\u2028", "<pre>甲\n\n\n乙</pre>",
		"[" + strings.Repeat("x", 900) + "](https://a.example/" + strings.Repeat("y", 2100) + ")", "/:</p><p>a", "<p>/:&lt;<b>W&gt;</b></p>",
	} {
		f.Add(s, "问题", uint8(0))
	}
	o := render.Options{Rich: richtext.New(), Links: "https://www.gas.example/help/", File: func(b bot.File) string { return b.Name }}
	f.Fuzz(func(t *testing.T, text, name string, kind uint8) {
		all := kinds()
		m := bot.Message{Seq: 3, Author: bot.FromAgent, Kind: all[int(kind)%len(all)], Text: text, Card: bot.Card{
			Question: name, Options: []bot.Option{{Entry: "a", Question: name}, {Entry: "b", Question: text}}[:int(kind)%3],
			Actions: []bot.Action{bot.ActionHandoff, bot.ActionUnqueue}, File: &bot.File{ID: "F", Name: name},
		}}
		parts := render.Message(m, o)
		check(t, parts)
		if joined, ok := render.Join(parts); ok {
			checkText(t, joined.Text)
		}
	})
}

// TestSamples renders all answers of the sample knowledge bases.
func TestSamples(t *testing.T) {
	o := options()
	texts := samples(t)
	if len(texts) < 300 {
		t.Fatalf("only %d answers", len(texts))
	}
	for _, text := range texts {
		parts := render.Message(answer(text), o)
		check(t, parts)
		if len(parts) != 1 || solid(parts[0].Text) != solid(text) {
			t.Errorf("%q becomes %+v", text, parts)
		}
	}
}

// samples returns all texts of all answers.
func samples(t *testing.T) (texts []string) {
	files, err := fs.Glob(testdata.FS, "*.kb.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := testdata.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var entry struct{ Answers []struct{ Texts []string } }
			if err := json.Unmarshal(line, &entry); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, a := range entry.Answers {
				texts = append(texts, a.Texts...)
			}
		}
	}
	return texts
}

func BenchmarkMessage(b *testing.B) {
	o := options()
	m := answer("**办理步骤**\n\n1. 打开 [帮助](https://a.example/h)\n2. 点“我的订单”\n3. 等待审核", bot.Option{Entry: "a", Question: "多久到账"})
	for b.Loop() {
		render.Message(m, o)
	}
}
