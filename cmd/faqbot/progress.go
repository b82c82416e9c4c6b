package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// isTerminal reports whether someone watches the error stream.
func (a *app) isTerminal() bool {
	file, ok := a.err.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// bar returns a function that shows done of total on the terminal; it does
// nothing when nobody watches.
func (a *app) bar(text string) func(done, total int) {
	if !a.isTerminal() {
		return func(int, int) {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if total <= 0 {
			total = -1
		}
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(text),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(),
				progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
			)
			_ = bar.RenderBlank()
		}
		if bar.GetMax() != total {
			bar.ChangeMax(total)
		}
		_ = bar.Set(done) // a bar that cannot be drawn stops nothing
	}
}

// indexProgress shows how many entries are indexed, of an unknown number.
func (a *app) indexProgress() func(done int) {
	show := a.bar("建立索引")
	return func(done int) { show(done, -1) }
}
