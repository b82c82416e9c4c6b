package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"faqbot/cmd/crashtest/history"
)

// times are measured durations.
type times []time.Duration

func (t *times) add(d time.Duration) { *t = append(*t, d) }

// part returns the duration that so large a part stays within: 0.5 is the median.
func (t times) part(p float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func (t times) String() string {
	return fmt.Sprintf("back in service after %v (median), %v (at most)", t.part(0.5).Round(time.Millisecond), t.part(1).Round(time.Millisecond))
}

// figures are what the report of a trial counts.
type figures struct {
	kills  map[string]int
	missed map[string]int // points that were not hit
	absent int            // rounds that most visitors did not come back in
	back   times
	whole  time.Duration // until all showed everything in the end
}

func newFigures() figures { return figures{kills: map[string]int{}, missed: map[string]int{}} }

func (f *figures) print(out io.Writer, events []history.Event, log history.Log) {
	f.printKills(out)
	o := history.Count(events)
	fmt.Fprintf(out, "sends: %d ok, %d unknown, %d refused; %d sent again\n", o.OK, o.Unknown, o.Failed, o.Resent)
	fmt.Fprintf(out, "log: %d conversations, %d messages, %d leave-messages\n", len(log.Talks), log.Messages(), len(log.Leaves))
	if f.absent > 0 {
		fmt.Fprintf(out, "in %d rounds most visitors did not come back in time\n", f.absent)
	}
	if len(f.back) > 0 {
		fmt.Fprintf(out, "%s; all whole in the end after %v\n", f.back, f.whole.Round(time.Millisecond))
	}
}

// printKills tells how often the server died in which way.
func (f *figures) printKills(out io.Writer) {
	ways := slices.Collect(maps.Keys(f.kills))
	for way := range f.missed {
		if f.kills[way] == 0 {
			ways = append(ways, way)
		}
	}
	slices.Sort(ways)
	for _, way := range ways {
		fmt.Fprintf(out, "killed %-24s %4d times", way, f.kills[way])
		if n := f.missed[way]; n > 0 {
			fmt.Fprintf(out, ", and %d times not there", n)
		}
		fmt.Fprintln(out)
	}
}
