package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"faqbot/bot"
	"faqbot/knowledge/kbtest/pgtest"
)

// TestServeDesk follows a conversation through the whole program: a visitor asks
// for a human, waits, is served, rated, and the server is stopped in between.
func TestServeDesk(t *testing.T) {
	t.Parallel()
	db := knowledgeOf(t, shop)
	s := serve(t, db, nil)
	admin := s.firstAdmin()
	li := admin.hire("li", "小李", "agent").online()
	visitor := newTab(t, s.url, "", false)
	visitor.ask("量子力学是什么", bot.KindRefusal)
	visitor.send(outgoing{Kind: bot.KindText, Text: "转人工"})
	visitor.until(bot.KindQueued)
	var mine []listed
	eventually(t, func() error {
		if mine = li.list("queue"); len(mine) != 1 || mine[0].OfferedTo != li.id {
			return fmt.Errorf("the queue of the agent is %+v", mine)
		}
		return nil
	})
	id := mine[0].ID
	li.do(http.MethodPost, "/desk/conversations/"+id+"/accept", map[string]string{}, nil)
	visitor.until(bot.KindAccepted)
	li.say(id, "您好，我是小李")
	if m := visitor.until(bot.KindText); m.Text != "您好，我是小李" || m.Author != bot.FromAgent {
		t.Errorf("the visitor sees %+v", m)
	}
	var story struct {
		Rule     string
		Messages []line
	}
	li.do(http.MethodGet, "/desk/conversations/"+id, nil, &story)
	if story.Rule != "words" || len(story.Messages) < 6 || story.Messages[0].Text != "量子力学是什么" {
		t.Errorf("the agent sees %+v", story)
	}

	s.stop()
	s = serve(t, db, nil)
	li.url = s.url
	visitor.enter(s.url)
	li.say(id, "刚才断了一下，我还在")
	visitor.until(bot.KindText)
	li.do(http.MethodPost, "/desk/conversations/"+id+"/close", map[string]any{"category": "其他", "solved": true, "text": "已解决"}, nil)
	survey := visitor.until(bot.KindSurvey)
	visitor.until(bot.KindClosed)
	visitor.send(outgoing{Kind: bot.KindRating, Of: survey.Seq, Stars: 5, Conversation: id})
	visitor.await("ack")
	if done := li.list("closed"); len(done) != 1 || done[0].ID != id {
		t.Errorf("the closed ones are %+v", done)
	}
	// Who is blocked cannot write, until that is taken back.
	boss := admin.at(s).hire("boss", "班长", "supervisor")
	boss.do(http.MethodPost, "/desk/conversations/"+id+"/block", map[string]any{"hours": 1, "reason": "一直骂人"}, nil)
	visitor.send(outgoing{Kind: bot.KindText, Text: "喂"})
	if f := visitor.failure(); f.Code != 4090 || !strings.Contains(f.Text, "暂时不能") {
		t.Errorf("a blocked visitor hears %+v", f)
	}
	var blocked struct{ Blocks []struct{ Visitor string } }
	boss.do(http.MethodGet, "/blocks", nil, &blocked)
	if len(blocked.Blocks) != 1 {
		t.Fatalf("blocked are %+v", blocked)
	}
	boss.do(http.MethodPost, "/blocks/drop", map[string]string{"visitor": blocked.Blocks[0].Visitor}, nil)
	visitor.send(outgoing{Kind: bot.KindText, Text: "怎么开发票"})
	visitor.hear("ack") // its conversation is a new one, and may be heard of first
	for _, l := range visitor.lines {
		if strings.Contains(l.Text, "已解决") || l.Kind == bot.KindSummary {
			t.Errorf("the visitor sees the summary: %+v", l)
		}
	}
}

// failure waits for an error, and takes the messages before it.
func (c *tab) failure() reply {
	c.t.Helper()
	for {
		switch f := c.next(); f.T {
		case "error":
			return f
		case "message":
			c.take(*f.Message)
		}
	}
}

// until returns the next message of a kind, and skips those before it.
func (c *tab) until(kind bot.MessageKind) line {
	c.t.Helper()
	for n := c.seen + 1; ; n++ {
		c.upTo(n)
		if c.seen = n; c.lines[n-1].Kind == kind && c.lines[n-1].Author != bot.FromVisitor {
			return c.lines[n-1]
		}
	}
}

// TestServeRefusesAnotherKey starts the server with another key file than that
// which sealed the secrets.
func TestServeRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	db := knowledgeOf(t, shop)
	serve(t, db, nil).stop()
	if err := os.Remove(db + ".key"); err != nil {
		t.Fatal(err)
	}
	s := launch(t, db, nil)
	if code := s.exitCode(); code != exitUsage || !strings.Contains(s.log.String(), "secrets.key") {
		t.Errorf("exit code %d:\n%s", code, s.log)
	}
}

// TestServeDeskTwoServersPostgreSQL has visitor and agent on different servers,
// and the agent's stop in the middle.
func TestServeDeskTwoServersPostgreSQL(t *testing.T) {
	t.Parallel()
	onEachBus(t, func(t *testing.T, bus string) {
		dsn := pgtest.DSN(t)
		ok(t, "import", "--db", dsn, fileOf(t, "kb.jsonl", fiveEntries))
		settings := map[string]string{"FAQBOT_BUS": bus}
		one := serve(t, dsn, settings)
		two := serve(t, dsn, settings) // its link is the one that works
		li := two.firstAdmin().hire("li", "小李", "agent").online()
		visitor := newTab(t, one.url, "", false)
		visitor.send(outgoing{Kind: bot.KindHandoff})
		visitor.until(bot.KindQueued)
		id := visitor.conversation
		li.do(http.MethodPost, "/desk/conversations/"+id+"/accept", map[string]string{}, nil)
		visitor.until(bot.KindAccepted)
		li.say(id, "您好")
		visitor.until(bot.KindText)
		two.stop()
		li.url = one.url
		li.say(id, "我换了一台机器，接着说")
		if m := visitor.until(bot.KindText); m.Text != "我换了一台机器，接着说" {
			t.Errorf("the visitor sees %+v", m)
		}
	})
}
