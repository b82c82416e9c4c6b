package sqldb_test

import (
	"slices"
	"testing"
	"time"

	"faqbot/knowledge/sqldb"
)

func TestTimes(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.UnixMilli(1), time.UnixMilli(-1), time.Date(2026, 3, 1, 8, 30, 0, 250e6, time.FixedZone("", 8*3600)),
	} {
		if got := sqldb.Time(sqldb.Millis(at)); !got.Equal(at) || got.IsZero() != at.IsZero() {
			t.Errorf("%v came back as %v", at, got)
		}
	}
	if got := sqldb.Millis(time.Unix(0, 0)); got != 1 {
		t.Errorf("the first millisecond is %d, which must not be no time", got)
	}
}

func TestRuns(t *testing.T) {
	var got [][2]int
	for from, to := range sqldb.Runs(300, []int{256, 16, 1}) {
		got = append(got, [2]int{from, to})
	}
	want := [][2]int{{0, 256}, {256, 272}, {272, 288}}
	for i := 288; i < 300; i++ {
		want = append(want, [2]int{i, i + 1})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPlaceholders(t *testing.T) {
	if got := sqldb.Placeholders(2, 3); got != "($1,$2,$3),($4,$5,$6)" {
		t.Errorf("got %s", got)
	}
}
