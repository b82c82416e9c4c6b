package intent_test

import (
	"fmt"
	"testing"

	"faqbot/bot/intent"
	"faqbot/knowledge"
)

// TestBrowse walks the tree of categories: each has those below it and its own
// entries, as far as they may answer, and nothing of others.
func TestBrowse(t *testing.T) {
	at := func(e knowledge.Entry, category ...string) knowledge.Entry {
		e.Category = category
		return e
	}
	gone, off, south := entry("gone", "旧资费"), entry("off", "停用资费"), entry("south", "南方资费")
	gone.ExpiresAt, off.Enabled = noon, false
	south.Answers = []knowledge.Answer{{Dimension: knowledge.Dimension{Region: "南方"}, Texts: []string{"南方的答案"}}}
	m := newMatcher(t,
		at(entry("root", "没有分类的问题")), at(entry("b", "乙问题"), "宽带"), at(entry("a", "甲问题"), "宽带"),
		at(entry("move", "移机"), "宽带", "办理"), at(entry("slash", "斜杠"), "宽带", "办/理"), at(entry("card", "补卡"), "手机", "卡", "补办"),
		at(gone, "宽带", "旧的"), at(off, "停用"), at(south, "宽带", "南方"), at(entry("near", "相近"), "宽"),
	)
	for _, tt := range []struct {
		path, region, want string
	}{
		{"", "", "[宽 1] [宽带 4] [手机 1] | root"},
		{"宽带", "", `[宽带/办\/理 1] [宽带/办理 1] | b a`},
		{"宽带", "南方", `[宽带/办\/理 1] [宽带/办理 1] [宽带/南方 1] | b a`},
		{"宽带/办理", "", "| move"},
		{`宽带/办\/理`, "", "| slash"},
		{"手机", "", "[手机/卡 1] | "},
		{"手机/卡/补办", "", "| card"},
		{"手机/卡/补办/没有", "", "| "},
		{"停用", "", "| "},
	} {
		q := intent.Query{At: noon, Dimension: knowledge.Dimension{Region: tt.region}}
		branches, entries := m.Browse(q, knowledge.ParsePath(tt.path))
		got := ""
		for _, b := range branches {
			got += fmt.Sprintf("[%s %d] ", b.Path, b.Count)
		}
		got += "|"
		for _, e := range entries {
			got += " " + e.Entry
		}
		if len(entries) == 0 {
			got += " "
		}
		if got != tt.want {
			t.Errorf("%q for %q: %s, want %s", tt.path, tt.region, got, tt.want)
		}
	}
}
