//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Env is the variable that names the point.
const Env = "FAQBOT_FAILPOINT"

// armed is the point to die at. It is read once, from the environment, because
// points lie deep in the program where no setting goes.
var armed = sync.OnceValue(func() *point { return parse(os.Getenv(Env)) })

type point struct {
	name string
	left atomic.Int64 // hits until the end
}

// parse reads NAME:N; N is 1 if it is missing.
func parse(text string) *point {
	name, count, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		n = 1
	}
	p := &point{name: name}
	p.left.Store(n)
	return p
}

// dies counts a hit and reports whether it is the one to die at.
func (p *point) dies(name string) bool { return p.name == name && p.left.Add(-1) == 0 }

// Hit marks a point at which tests may kill the program.
func Hit(name string) {
	if armed().dies(name) {
		kill()
	}
}

// kill ends the process at once, without any cleaning up.
func kill() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // SIGKILL; there is nobody left to tell
	}
	select {} // nothing after the point may happen
}
