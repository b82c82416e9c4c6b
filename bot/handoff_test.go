package bot_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"faqbot/bot"
)

// TestHandoffWordings says each line of testdata/handoff.txt to the bot, each as a
// visitor of its own.
func TestHandoffWordings(t *testing.T) {
	text, err := os.ReadFile("testdata/handoff.txt")
	if err != nil {
		t.Fatal(err)
	}
	h := fakeHouse(t)
	said := map[string]int{}
	for l := range strings.Lines(string(text)) {
		want, wording, found := strings.Cut(strings.TrimSpace(l), " ")
		if !found || want == "#" {
			continue
		}
		said[want]++
		_, replies := h.say(t, visitor(fmt.Sprint("v", said)), wording)
		asks := len(replies) == 1 && replies[0].Kind == bot.KindLeaveForm
		if asks != (want == "是") {
			t.Errorf("%s: %s, but the bot says %s", wording, want, shown(replies[0]))
		}
	}
	if said["是"] < 30 || said["不"] < 15 {
		t.Errorf("only %v wordings were read", said)
	}
}
