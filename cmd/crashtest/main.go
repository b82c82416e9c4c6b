package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK     = 0
	exitBroken = 1 // a rule was broken, or the test could not be run
	exitUsage  = 2
)

// options are the flags.
type options struct {
	command  string // that gives these options, with the seed
	seed     uint64
	rounds   int
	visitors int
	binary   string
	db       string
	dir      string
	keep     bool
	storm    bool
	load     bool
	desk     deskOptions
	weChat   weChatOptions
	sockets  int
	entries  int
	texts    string
}

// errBroken says that a rule was broken, which was reported already.
var errBroken = errors.New("the promises were not kept")

// run is the program.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	if err != nil {
		return exitUsage
	}
	if err := o.run(ctx, out); err != nil {
		fmt.Fprintln(errOut, "crashtest:", err)
		return exitBroken
	}
	return exitOK
}

func parse(args []string, errOut io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("crashtest", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Uint64Var(&o.seed, "seed", 0, "run this seed again; 0 draws one")
	flags.IntVar(&o.rounds, "rounds", 200, "how often the server dies")
	flags.IntVar(&o.visitors, "visitors", 20, "how many people talk")
	flags.StringVar(&o.binary, "binary", "", "the faqbot to test, built with -tags failpoint; empty builds one from ./cmd/faqbot")
	flags.StringVar(&o.db, "db", "", "an empty database, postgres://… or a file; empty makes a file")
	flags.BoolVar(&o.keep, "keep", false, "keep the directory with the database and the server's log")
	flags.BoolVar(&o.storm, "storm", false, "instead: many sockets drop and return at once")
	flags.BoolVar(&o.load, "load", false, "instead: measure the time from question to answer")
	flags.IntVar(&o.sockets, "sockets", 0, "with -storm or -load: how many sockets; 0 means 5000 or 3000")
	flags.IntVar(&o.entries, "entries", 0, "with -load or -wechat: how many entries the knowledge has, with four wordings each; 0 means 25000, or the sample only")
	flags.StringVar(&o.texts, "texts", "", "with -entries: a file of sentences to make entries of, one wording each, and to ask; empty makes some up")
	o.desk.flags(flags)
	o.weChat.flags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.visitors < 1 || o.entries < 0 || o.wantsTwo() || o.desk.wrong() || o.weChat.wrong() {
		fmt.Fprintln(errOut, "crashtest: these arguments make no sense; see -help")
		return nil, flag.ErrHelp
	}
	for o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000)
	}
	o.command = commandOf(flags, o.seed)
	return o, nil
}

// commandOf is the command line of the flags that were given, with the seed.
func commandOf(flags *flag.FlagSet, seed uint64) string {
	command := "go run ./cmd/crashtest"
	flags.Visit(func(f *flag.Flag) {
		if f.Name != "seed" {
			command += fmt.Sprintf(" -%s=%s", f.Name, f.Value)
		}
	})
	return fmt.Sprintf("%s -seed=%d", command, seed)
}

// wantsTwo reports whether more than one measurement is wanted.
func (o *options) wantsTwo() bool {
	wanted := 0
	for _, on := range []bool{o.storm, o.load, o.desk.on, o.weChat.on} {
		if on {
			wanted++
		}
	}
	return wanted > 1
}

// run does what the flags say, in a directory of its own.
func (o *options) run(ctx context.Context, out io.Writer) (err error) {
	if o.dir, err = os.MkdirTemp("", "crashtest-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() {
		if o.keep {
			fmt.Fprintln(out, "kept:", o.dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(o.dir))
	}()
	if o.db == "" {
		o.db = filepath.Join(o.dir, "faqbot.db")
	}
	if err := o.build(ctx); err != nil {
		return err
	}
	switch {
	case o.storm:
		return o.runStorm(ctx, out)
	case o.load:
		return o.runLoad(ctx, out)
	case o.desk.on:
		return o.runDesk(ctx, out)
	case o.weChat.on:
		return o.runWeChat(ctx, out)
	}
	return o.runRounds(ctx, out)
}

// build builds the binary, unless one was given.
func (o *options) build(ctx context.Context) error {
	if o.binary != "" {
		return nil
	}
	o.binary = filepath.Join(o.dir, "faqbot")
	command := exec.CommandContext(ctx, "go", "build", "-tags", "failpoint", "-o", o.binary, "faqbot/cmd/faqbot")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, output)
	}
	return nil
}
