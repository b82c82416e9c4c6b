package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/crashtest/visitor"
	"faqbot/cmd/internal/database"
)

const (
	returnTime = 5 * time.Second // for the visitors to come back in a round
	pointTime  = 3 * time.Second // for a failpoint to be hit
	mostBack   = 0.7             // so many visitors have to be back before a round goes on
	restTime   = 60 * time.Second
	wholeTime  = 20 * time.Second
	shown      = 5 // violations that are told with their story
	storyLines = 40
	progress   = 10 // rounds from one line of progress to the next
)

// trial is the test with kills.
type trial struct {
	*options
	out      io.Writer
	recorder *history.Recorder
	server   *server
	crowd    *crowd
	sample   int64 // state of the knowledge when the sample is in it
	figures  figures
}

// runRounds kills the server again and again and checks the history.
func (o *options) runRounds(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "seed %d, %d rounds, %d visitors\n", o.seed, o.rounds, o.visitors)
	asked, err := questions()
	if err != nil {
		return err
	}
	recorder := history.NewRecorder()
	s, err := newServer(o.binary, o.db, o.dir, recorder.Add)
	if err != nil {
		return err
	}
	defer s.close()
	t := &trial{
		options: o, out: out, recorder: recorder, server: s,
		crowd: newCrowd(s.url(), o.seed, asked, recorder.Add), figures: newFigures(),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer t.crowd.end()
	defer cancel()
	if err := t.kills(ctx); err != nil {
		return err
	}
	unrest, err := t.settle(ctx)
	if err != nil {
		return err
	}
	cancel()
	t.crowd.end()
	log, err := readLog(context.WithoutCancel(ctx), o.db)
	if err != nil {
		return err
	}
	return errors.Join(unrest, t.judge(log))
}

// kills runs the rounds.
func (t *trial) kills(ctx context.Context) error {
	if err := t.serve(ctx, ""); err != nil {
		return err
	}
	log, err := readLog(ctx, t.db)
	if err != nil {
		return err
	}
	if len(log.Talks) > 0 {
		return fmt.Errorf("the database must be empty; it holds %d conversations", len(log.Talks))
	}
	t.sample = log.Revision
	t.crowd.enter(ctx, t.visitors)
	if err := t.server.kill("before the first round"); err != nil {
		return err
	}
	for i, d := range plan(t.seed, t.rounds, database.File(t.db) != "") {
		if err := t.round(ctx, i, d); err != nil {
			return fmt.Errorf("round %d (%s): %w", i+1, d, err)
		}
		if (i+1)%progress == 0 {
			fmt.Fprintf(t.out, "round %d/%d: %d events, %s\n", i+1, t.rounds, len(t.recorder.Events()), t.figures.back)
		}
	}
	return nil
}

// serve starts the server and waits until it is ready. The time since it died is
// how long it was out of service.
func (t *trial) serve(ctx context.Context, failpoint string) error {
	died := t.server.died
	if err := t.server.start(failpoint); err != nil {
		return err
	}
	if err := t.server.ready(ctx); err != nil {
		return err
	}
	if !died.IsZero() {
		t.figures.back.add(time.Since(died))
	}
	return nil
}

// round is one life of the server and its death.
func (t *trial) round(ctx context.Context, n int, d death) error {
	switch {
	case d.how == inMigration && database.File(t.db) != "":
		return t.dieCreating(ctx, n, d)
	case d.hit > 0:
		return t.dieAtPoint(ctx, n, d)
	case d.how == atStart:
		return t.dieStarting(ctx, d)
	case d.how == atCreation:
		return t.dieCreating(ctx, n, d)
	}
	if err := t.serve(ctx, ""); err != nil {
		return err
	}
	if d.how == atRandom {
		t.comeBack(ctx)
	}
	return t.killAfter(ctx, d)
}

// comeBack waits until most visitors are back, but not for ever.
func (t *trial) comeBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	if t.crowd.wait(ctx, mostBack, func(s visitor.State) bool { return s.Connected }) != nil {
		t.figures.absent++
	}
}

func (t *trial) killAfter(ctx context.Context, d death) error {
	if err := pause(ctx, d.after); err != nil {
		return err
	}
	t.figures.kills[d.how]++
	return t.server.kill(d.String())
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dieStarting kills the server before it is ready, or just after.
func (t *trial) dieStarting(ctx context.Context, d death) error {
	if err := t.server.start(""); err != nil {
		return err
	}
	return t.killAfter(ctx, d)
}

// dieCreating kills another server while it creates a database. The next start
// must make it good.
func (t *trial) dieCreating(ctx context.Context, n int, d death) error {
	dsn := filepath.Join(t.dir, fmt.Sprintf("fresh-%d.db", n))
	fresh, err := newServer(t.binary, dsn, t.dir, func(history.Event) {})
	if err != nil {
		return err
	}
	defer fresh.close()
	if err := t.dieEarly(ctx, fresh, d); err != nil {
		return err
	}
	if err := fresh.start(""); err != nil {
		return err
	}
	if err := fresh.ready(ctx); err != nil {
		return fmt.Errorf("start on a database that was being created: %w", err)
	}
	if err := fresh.stop(); err != nil {
		return err
	}
	log, err := readLog(ctx, dsn)
	if err == nil && log.Revision != t.sample {
		err = fmt.Errorf("the sample knowledge is at %d, want %d", log.Revision, t.sample)
	}
	return err
}

// dieEarly starts a server and ends it at a failpoint or after a time.
func (t *trial) dieEarly(ctx context.Context, fresh *server, d death) error {
	failpoint := ""
	if d.hit > 0 {
		failpoint = d.String()
	}
	if err := fresh.start(failpoint); err != nil {
		return err
	}
	if d.hit > 0 {
		died, err := fresh.wait(ctx, d.String(), pointTime)
		if err == nil && !died {
			err = fmt.Errorf("the failpoint %s is not there", d)
		}
		t.figures.kills[d.how]++
		return err
	}
	if err := pause(ctx, d.after); err != nil {
		return err
	}
	t.figures.kills[d.how]++
	return fresh.kill(d.String())
}

// dieAtPoint lets the server run into a failpoint. One that is not hit in time is
// counted, and the server is killed all the same.
func (t *trial) dieAtPoint(ctx context.Context, n int, d death) error {
	err := t.serve(ctx, d.String())
	if errors.Is(err, errDied) { // the point is in the start
		t.figures.kills[d.how]++
		return nil
	}
	if err != nil {
		return err
	}
	if d.how == "knowledge/refresh" {
		if err := t.editKnowledge(ctx, n); err != nil {
			return err
		}
	}
	died, err := t.server.wait(ctx, d.String(), pointTime)
	if err != nil {
		return err
	}
	if died {
		t.figures.kills[d.how]++
		return nil
	}
	t.figures.missed[d.how]++
	return t.server.kill("instead of " + d.String())
}

// editKnowledge changes an entry while the server runs.
func (t *trial) editKnowledge(ctx context.Context, n int) error {
	name := filepath.Join(t.dir, "edit.jsonl")
	text := fmt.Sprintf(`{"id":"edit-%d","category":"测试","question":"第%d次改动说了什么","variants":["第%d次改了啥"],"answers":[{"texts":["改动 %d"]}]}`, n, n, n, n)
	if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the change: %w", err)
	}
	if output, err := exec.CommandContext(ctx, t.binary, "import", "--db", t.db, name).CombinedOutput(); err != nil {
		return fmt.Errorf("change the knowledge: %w\n%s", err, output)
	}
	return nil
}

// settle lets all visitors come to rest and see everything, and stops the server.
// It says in unrest who got no answer in time.
func (t *trial) settle(ctx context.Context) (unrest, err error) {
	if err := t.serve(ctx, ""); err != nil {
		return nil, err
	}
	t.crowd.hush()
	resting, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	unrest = t.crowd.wait(resting, 1, func(s visitor.State) bool { return s.Connected && s.Unsent == 0 })
	if err := t.seeAll(ctx); err != nil {
		return nil, err
	}
	return unrest, t.server.stop()
}

// seeAll waits until every visitor shows what the database holds, and lets them
// scroll up to the first message. Who does not get there, the checker will name.
func (t *trial) seeAll(ctx context.Context) error {
	log, err := readLog(ctx, t.db)
	if err != nil {
		return err
	}
	last := map[string]int64{}
	for _, talk := range log.Talks {
		last[talk.Conversation.ID] = talk.Conversation.Seq
	}
	begun := time.Now()
	whole, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	_ = t.crowd.wait(whole, 1, func(s visitor.State) bool { return s.Last >= last[s.Conversation] })
	t.figures.whole = time.Since(begun)
	for _, v := range t.crowd.all() {
		v.ScrollUp()
	}
	scrolled, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	_ = t.crowd.wait(scrolled, 1, func(s visitor.State) bool { return s.AtTop })
	return ctx.Err()
}

// judge checks the history and tells the result.
func (t *trial) judge(log history.Log) error {
	events := t.recorder.Events()
	found := history.Check(events, log)
	t.figures.print(t.out, events, log)
	if len(found) == 0 {
		fmt.Fprintln(t.out, "verdict: every promise was kept")
		return nil
	}
	for _, v := range found[:min(shown, len(found))] {
		fmt.Fprintf(t.out, "\nBROKEN %s\n%s", v, history.Around(events, v, storyLines))
	}
	fmt.Fprintf(t.out, "\nverdict: %d violations; again with -seed %d -keep\n", len(found), t.seed)
	return errBroken
}
