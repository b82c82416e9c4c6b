package bot

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestReceptionCovers compares with minutes that are counted, not read.
func TestReceptionCovers(t *testing.T) {
	monday := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	clock := func(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
	rapid.Check(t, func(rt *rapid.T) {
		from, to := rapid.IntRange(0, 1439).Draw(rt, "from"), rapid.IntRange(0, 1439).Draw(rt, "to")
		if from == to {
			return
		}
		days := rapid.SliceOfDistinct(rapid.IntRange(1, 7), rapid.ID[int]).Draw(rt, "days")
		r := Hours{Days: days, From: clock(from), To: clock(to)}
		if err := r.validate(); err != nil {
			rt.Fatal(err)
		}
		at := rapid.IntRange(0, 7*1440-1).Draw(rt, "minute of the week")
		want := false
		for day := 1; day <= 7; day++ {
			begin, length := (day-1)*1440+from, (to-from+1440)%1440
			since := (at - begin + 7*1440) % (7 * 1440)
			named := len(days) == 0
			for _, d := range days {
				named = named || d == day
			}
			want = want || named && since < length
		}
		moment := monday.Add(time.Duration(at) * time.Minute)
		if got := r.covers(moment); got != want {
			rt.Errorf("%+v covers %s: %v, want %v", r, moment.Format("Mon 15:04"), got, want)
		}
	})
}

func TestReceptionWithOneEnd(t *testing.T) {
	noon := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		r    Hours
		want bool
	}{
		{Hours{}, true},
		{Hours{From: "12:00"}, true}, {Hours{From: "12:01"}, false},
		{Hours{To: "12:00"}, false}, {Hours{To: "12:01"}, true},
		{Hours{Days: []int{1}}, true}, {Hours{Days: []int{2, 7}}, false},
	} {
		if got := tt.r.covers(noon); got != tt.want {
			t.Errorf("%+v covers a Monday noon: %v, want %v", tt.r, got, tt.want)
		}
	}
}

func TestWanted(t *testing.T) {
	for _, tt := range []struct {
		text, word string
		want       bool
	}{
		{"转人工", "转人工", true},
		{"不要转人工", "转人工", false},
		{"不要转人工算了还是转人工吧", "转人工", true},
		{"不要人工", "要人工", false},
		{"我要人工", "要人工", true},
		{"别再给我转接人工", "接人工", false},
		{"特别想找人工", "找人工", true},
		{"你好", "转人工", false},
	} {
		if got := wanted(tt.text, tt.word); got != tt.want {
			t.Errorf("wanted(%s, %s) = %v", tt.text, tt.word, got)
		}
	}
}
