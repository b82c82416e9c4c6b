// Command faqbot answers questions from a knowledge base that editors keep in
// spreadsheets.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // settings name a time zone, and not every machine has the files

	"github.com/alecthomas/kong"

	"faqbot/cmd/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2   // wrong arguments or settings
	exitPartly      = 3   // import: some rows were not taken over
	exitInterrupted = 130 // Ctrl-C
)

// partlyError says that the work was done, but not all of it.
type partlyError struct{ text string }

func (e *partlyError) Error() string { return e.text }

// usageError says that what was asked for makes no sense.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// commandLine is the whole command line.
type commandLine struct {
	Config   string `help:"配置文件（YAML）；也可用环境变量 FAQBOT_CONFIG。" type:"path" placeholder:"文件"`
	LogLevel string `help:"日志级别：debug、info、warn、error。" placeholder:"级别"`

	Serve       serveCommand       `cmd:"" help:"启动网页客服。"`
	Ask         askCommand         `cmd:"" help:"提问；不写问题就进入对话。"`
	Import      importCommand      `cmd:"" help:"把知识文件导入数据库（xlsx、xls、csv、tsv、json、jsonl）。"`
	Export      exportCommand      `cmd:"" help:"把知识库导出为文件。"`
	Eval        evalCommand        `cmd:"" help:"用带答案的问题集评测匹配效果。"`
	Version     versionCommand     `cmd:"" help:"显示版本。"`
	Checkconfig checkconfigCommand `cmd:"" help:"检查并显示生效的配置。"`
	Rules       rulesCommand       `cmd:"" help:"打印内置的对话规则（话术、转人工、评价等），或检查一份改过的。"`
	WechatSim   wechatSimCommand   `cmd:"" name:"wechat-sim" help:"没有公众号也能试用微信渠道：模拟微信平台和一部手机。"`
}

// run is the program: main without what a test cannot do.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out, errOut io.Writer) int {
	var cli commandLine
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("faqbot"),
		kong.Description("智能 FAQ 助手：编辑维护问答，访客用自己的话提问。"),
		kong.Writers(translated{out}, translated{errOut}),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(errOut, "faqbot:", err)
		return exitFailure
	}
	parsed, err := parser.Parse(orHelp(args))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(errOut, "faqbot: 命令写得不对：%v\n运行 faqbot --help 查看用法。\n", err)
		return exitUsage
	}
	a := &app{cli: &cli, getenv: getenv, in: in, out: out, err: errOut}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return a.exitCode(ctx, parsed.Run(a))
}

func orHelp(args []string) []string {
	if len(args) == 0 {
		return []string{"--help"}
	}
	return args
}

// exitCode reports the error of a command.
func (a *app) exitCode(ctx context.Context, err error) int {
	var partly *partlyError
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(a.err, "\nfaqbot: 已中断，没有留下做了一半的改动。")
		return exitInterrupted
	case errors.As(err, &partly):
		fmt.Fprintln(a.err, "faqbot:", err)
		return exitPartly
	}
	fmt.Fprintln(a.err, "faqbot:", err)
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// translated puts the fixed words of the help texts into Chinese.
type translated struct{ io.Writer }

func (t translated) Write(p []byte) (int, error) {
	text := strings.NewReplacer(
		"Usage: ", "用法：", "Arguments:", "参数：", "Flags:", "选项：", "Commands:", "命令：",
		"[flags]", "[选项]", "<command>", "<命令>", "<question>", "<问题>", "<files>", "<文件>", "<file>", "<文件>",
		"Show context-sensitive help.", "显示帮助。",
		`Run "faqbot <command> --help" for more information on a command.`, "运行 faqbot <命令> --help 查看某个命令的用法。",
	).Replace(string(p))
	if _, err := io.WriteString(t.Writer, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// settings reads the configuration; flags are those of the command.
func (a *app) settings(flags map[string]string) (*config.Config, error) {
	all := map[string]string{"log.level": a.cli.LogLevel}
	for key, value := range flags {
		all[key] = value
	}
	c, err := config.Load(a.cli.Config, a.getenv, all)
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}
