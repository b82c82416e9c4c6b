package bottest

import (
	"fmt"
	"testing"

	"faqbot/bot"
)

// TestPhrases checks that a store keeps every promise of bot.PhraseStore. open
// returns an empty store; it is called once for each test.
func TestPhrases(t *testing.T, open func(t *testing.T) bot.PhraseStore) {
	runBeside(t, phraseTests, open)
}

var phraseTests = []besideTest[bot.PhraseStore]{
	{"in order of folder, position and id", testPhraseOrder},
	{"a phrase is put, changed and dropped", testPhrase},
	{"unusual texts", func(f *fixture, s bot.PhraseStore) {
		for i, text := range unusual {
			key := text[:min(len(text), 600)]
			p := bot.Phrase{ID: fmt.Sprint(i, key), Agent: "小红", Folder: key, Shortcut: text, Text: text, UpdatedAt: day}
			f.done("PutPhrase", s.PutPhrase(f.ctx, p))
			same(f, "Phrase", p)(s.Phrase(f.ctx, p.ID))
		}
		if found, err := s.Phrases(f.ctx, "小红"); err != nil || len(found) != len(unusual) {
			f.Errorf("%d phrases, error %v; want %d", len(found), err, len(unusual))
		}
	}},
	{"what a store does not take", func(f *fixture, s bot.PhraseStore) {
		for what, p := range map[string]bot.Phrase{
			"no id": {}, "NUL in the text": {ID: "p", Text: "a\x00"}, "NUL in the shortcut": {ID: "p", Shortcut: "\x00"},
			"NUL in the folder": {ID: "p", Folder: "\x00"}, "broken UTF-8 in the agent": {ID: "p", Agent: "\xff"},
		} {
			f.mistaken(what, s.PutPhrase(f.ctx, p))
		}
		missing[bot.Phrase](f, "Phrase")(s.Phrase(f.ctx, "p"))
	}},
}

func testPhraseOrder(f *fixture, s bot.PhraseStore) {
	same[[]bot.Phrase](f, "Phrases of nobody", nil)(s.Phrases(f.ctx, "小红"))
	ordered := []bot.Phrase{
		{ID: "9", Text: "没有文件夹"},
		{ID: "8", Folder: "Z", Text: "按字节排序"},
		{ID: "1", Folder: "a", Position: -1},
		{ID: "B", Folder: "a", Position: 3, Agent: "小红"},
		{ID: "a", Folder: "a", Position: 3},
		{ID: "0", Folder: "a", Position: 20, Agent: "小红"},
		{ID: "2", Folder: "问候", Shortcut: "nh", Text: "您好，很高兴为您服务 😀", UpdatedAt: minute(1)},
	}
	for i := range ordered {
		f.done("PutPhrase", s.PutPhrase(f.ctx, ordered[(i*3+2)%len(ordered)]))
	}
	f.done("PutPhrase of another", s.PutPhrase(f.ctx, bot.Phrase{ID: "5", Agent: "小明"}))
	same(f, "Phrases", ordered)(s.Phrases(f.ctx, "小红"))
	shared := []bot.Phrase{ordered[0], ordered[1], ordered[2], ordered[4], ordered[6]}
	same(f, "Phrases of one who has none", shared)(s.Phrases(f.ctx, "小刚"))
	same(f, "everybody's Phrases", shared)(s.Phrases(f.ctx, ""))
}

func testPhrase(f *fixture, s bot.PhraseStore) {
	missing[bot.Phrase](f, "Phrase")(s.Phrase(f.ctx, "p"))
	f.absent("DropPhrase", s.DropPhrase(f.ctx, "p"))
	p := bot.Phrase{ID: "p", Agent: "小红", Folder: "结束", Shortcut: "zj", Text: "再见", Position: 2, UpdatedAt: minute(1)}
	f.done("PutPhrase", s.PutPhrase(f.ctx, p))
	same(f, "Phrase", p)(s.Phrase(f.ctx, "p"))
	p = bot.Phrase{ID: "p", Folder: "开始", Shortcut: "nh", Text: "您好", Position: 1, UpdatedAt: minute(2)}
	f.done("PutPhrase again", s.PutPhrase(f.ctx, p))
	same(f, "Phrase", p)(s.Phrase(f.ctx, "p"))
	f.done("DropPhrase", s.DropPhrase(f.ctx, "p"))
	f.absent("DropPhrase again", s.DropPhrase(f.ctx, "p"))
	missing[bot.Phrase](f, "Phrase")(s.Phrase(f.ctx, "p"))
}
