package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faqbot/bot"
)

// smallDisk mounts a disk of a few megabytes until the test ends.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a full disk is not tested: a disk cannot be mounted here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file until there is no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{64 << 10, 1} { // to the last byte
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("fill the disk: %v", err)
		}
	}
}

// When the disk is full nothing is acknowledged, questions are still answered,
// and once there is room again all goes on by itself.
func TestServeFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	db := filepath.Join(disk, "faqbot.db")
	ok(t, "import", "--db", db, fileOf(t, "kb.jsonl", fiveEntries))
	s := serve(t, db, nil)
	c := newTab(t, s.url, "", false)
	c.ask("怎么办理宽带", bot.KindAnswer)

	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	question := outgoing{ID: "while-the-disk-is-full", Kind: bot.KindText, Text: "怎么取消宽带" + strings.Repeat("？", 100)}
	// The first messages may still find room in what the database has reserved.
	refused := refusedWhenFull(t, c, question)
	provisional := c.await("provisional")
	if len(provisional.Messages) != 1 || provisional.Messages[0].Text != "到营业厅销户。" || provisional.Messages[0].Seq != 0 || provisional.ID != refused {
		t.Errorf("without storing: %+v", provisional)
	}
	again := newTab(t, s.url, c.token, true) // reading goes on
	if last := again.lines[len(again.lines)-1]; last.ID == refused || len(again.lines) != len(c.lines) {
		t.Errorf("what was refused is there: %+v", again.lines)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	question.ID = refused
	if a := c.do(question, bot.KindAnswer)[0]; a.Text != "到营业厅销户。" {
		t.Errorf("with room again: %+v", a)
	}
	s.stopWith(c)
	stored, err := conversations(t, db).After(t.Context(), c.conversation, 0, 1000)
	if err != nil || len(stored) != len(c.lines) || stored[len(stored)-2].ClientID != refused {
		t.Errorf("stored: %d messages, %v; the client has %d", len(stored), err, len(c.lines))
	}
}

// refusedWhenFull sends until a message is refused, and returns its id.
func refusedWhenFull(t *testing.T, c *tab, question outgoing) string {
	t.Helper()
	for range 5 {
		question.ID = c.send(question)
		for {
			f := c.next()
			if f.T == "message" {
				c.take(*f.Message)
			}
			if f.T == "error" && f.Code == 5031 && f.ID == question.ID {
				return question.ID
			}
			if f.T == "error" {
				t.Fatalf("error %d %s", f.Code, f.Text)
			}
			if f.T == "ack" {
				c.upTo(int(f.Seq) + 1)
				break
			}
		}
		question.ID += "-"
	}
	t.Fatal("the disk is full, and yet messages are stored")
	return ""
}
