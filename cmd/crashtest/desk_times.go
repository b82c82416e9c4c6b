package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// spread tells how a measure is spread, and ends what can be said of a few.
func (t times) spread() string {
	return fmt.Sprintf("p50 %v, p95 %v, p99 %v, p99.9 %v, longest %v", t.short(0.5), t.short(0.95), t.short(0.99), t.short(0.999), t.short(1))
}

func (t times) ends() string { return fmt.Sprintf("p50 %v, longest %v", t.short(0.5), t.short(1)) }

func (t times) short(p float64) time.Duration { return t.part(p).Round(time.Millisecond / 10) }

func (t times) print(out io.Writer, what string, target time.Duration) {
	fmt.Fprintf(out, "%-22s %6d times: %s", what, len(t), t.spread())
	if target > 0 {
		verdict := "kept"
		if t.part(0.99) > target {
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "; p99 shall be %v: %s", target, verdict)
	}
	fmt.Fprintln(out)
}

// stopwatch measures from when something was due until it was seen where it
// should be, each by a key.
type stopwatch struct {
	mu    sync.Mutex // guards all below
	since time.Time  // what was due before does not count
	due   map[string]time.Time
	took  times
	late  times // how much later than due it was begun
}

func newStopwatch() *stopwatch { return &stopwatch{due: map[string]time.Time{}} }

// restart forgets the figures; what is under way goes on and is not counted.
func (w *stopwatch) restart(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since, w.took, w.late = now, nil, nil
}

func (w *stopwatch) begin(key string, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due[key] = due
	if !due.Before(w.since) {
		w.late.add(time.Since(due))
	}
}

// end notes that it was seen, and reports whether that was under way: the second
// time it is not.
func (w *stopwatch) end(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	due, known := w.due[key]
	if !known {
		return false
	}
	delete(w.due, key)
	if !due.Before(w.since) {
		w.took.add(time.Since(due))
	}
	return true
}

// underWay returns how many were not seen yet.
func (w *stopwatch) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.due)
}

func (w *stopwatch) lateness() times {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late
}

func (w *stopwatch) print(out io.Writer, what string, target time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took.print(out, what, target)
}

// news measures how old it is what those who wait are told. Of those in front
// each that is accepted brings all behind one place further. It is not safe for
// concurrent use.
type news struct {
	accepts []time.Time
	told    map[string]told
	took    times
}

// told is a place, and how many had been accepted when it was told first.
type told struct {
	first int // the place at the beginning of the measurement
	last  int
}

// begin forgets what was. Places that were told before are the first ones.
func (n *news) begin() {
	n.accepts, n.took = nil, nil
	for key, t := range n.told {
		n.told[key] = told{t.last, t.last}
	}
}

// accepted notes that the one in front is accepted.
func (n *news) accepted(at time.Time) { n.accepts = append(n.accepts, at) }

// tell notes that somebody was told the place. What counts is the first change
// that this one did not know of yet: for so long the place was wrong.
func (n *news) tell(who string, ahead int, now time.Time) {
	t, known := n.told[who]
	if !known {
		t = told{ahead, ahead}
	}
	if change := t.first - t.last; ahead < t.last && change >= 0 && change < len(n.accepts) {
		n.took.add(now.Sub(n.accepts[change]))
	}
	t.last = ahead
	n.told[who] = t
}

// usage is what a process uses.
type usage struct {
	cpu       time.Duration // since it began
	rss, peak int64         // bytes
}

// ticksPerSecond is the unit of CPU time under /proc.
const ticksPerSecond = 100

// usageOf reads what a process uses, as Linux tells it.
func usageOf(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read what the server uses: %w", err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read what the server uses: %w", err)
	}
	return parseUsage(string(stat), string(status))
}

// parseUsage reads the two files about a process.
func parseUsage(stat, status string) (u usage, err error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the name before may hold anything
	if len(fields) < 13 {
		return u, fmt.Errorf("read what the server uses: %.100q", stat)
	}
	for _, field := range fields[11:13] { // in the program, and in the kernel for it
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return u, fmt.Errorf("read what the server uses: %w", err)
		}
		u.cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	for line := range strings.Lines(status) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			u.rss = kib << 10
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			u.peak = kib << 10
		}
	}
	return u, nil
}

// ownTime is the CPU time of this process.
func ownTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machineTime is the CPU time of all that runs on the machine, and of what is taken
// from it; 0 if that is not known.
func machineTime() time.Duration {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return parseMachineTime(string(stat))
}

// parseMachineTime adds up the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal; what guests use is in the first two.
func parseMachineTime(stat string) (used time.Duration) {
	line, _, _ := strings.Cut(stat, "\n")
	for i, field := range strings.Fields(line) {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if idle := i == 4 || i == 5; err == nil && !idle && i <= 8 {
			used += time.Duration(ticks) * time.Second / ticksPerSecond
		}
	}
	return used
}

// loadAverage is how busy the machine was in the last minutes.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}
