//go:build failpoint

package failpoint

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int{"a:3": 3, "a": 1, "a:x": 1, "a:0": 1} {
		p := parse(text)
		for i := 1; i < want; i++ {
			if p.dies("b") || p.dies("a") {
				t.Fatalf("%q: dies at hit %d", text, i)
			}
		}
		if !p.dies("a") || p.dies("a") {
			t.Errorf("%q: does not die exactly at hit %d", text, want)
		}
	}
}

func TestHitKills(t *testing.T) {
	if os.Getenv(Env) != "" {
		Hit("elsewhere")
		Hit("here")
		os.Stdout.WriteString("once")
		Hit("here")
		os.Stdout.WriteString("twice")
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestHitKills$")
	child.Env = append(os.Environ(), Env+"=here:2")
	out, err := child.Output()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL || string(out) != "once" {
		t.Errorf("the child wrote %q and ended with %v", out, err)
	}
}
