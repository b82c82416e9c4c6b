package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"

	"faqbot/bot/intent"
	"faqbot/cmd/internal/config"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
)

type askCommand struct {
	KB       string   `name:"kb" help:"直接用这个知识文件回答，不需要数据库。" placeholder:"文件" xor:"source"`
	DB       string   `name:"db" help:"用这个数据库回答：SQLite 文件或 postgres://…。" placeholder:"DSN" xor:"source"`
	Sample   string   `help:"用内置示例回答：gas（燃气具）、telecom（营业厅）、auto（4S 店）；什么都不写就是 gas。" placeholder:"名称" xor:"source"`
	Channel  string   `help:"访客所在渠道，如 web、wechat。" placeholder:"渠道"`
	Region   string   `help:"访客所在地区。" placeholder:"地区"`
	Level    string   `help:"访客等级。" placeholder:"等级"`
	Explain  bool     `help:"显示完整依据：分词、候选、各项得分与阈值。"`
	JSON     bool     `name:"json" help:"输出 JSON，每个问题一行。"`
	Question []string `arg:"" optional:"" help:"要问的问题；不写则进入对话。"`
}

// Run answers one question or talks.
func (cmd *askCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(map[string]string{"database": cmd.DB})
	if err != nil {
		return err
	}
	answers, err := cmd.open(ctx, a, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answers.Close()) }()
	t := talk{command: cmd, answers: answers, out: a.out, location: c.Zone}
	if len(cmd.Question) > 0 {
		return t.turn(ctx, strings.Join(cmd.Question, " "))
	}
	return t.run(ctx, a)
}

func (cmd *askCommand) open(ctx context.Context, a *app, c *config.Config) (*answerer, error) {
	opt := kbfile.Options{Location: c.Zone}
	switch {
	case cmd.DB != "":
		return a.fromDatabase(ctx, c)
	case cmd.KB != "":
		d, err := a.readFile(ctx, cmd.KB, opt)
		if err != nil {
			return nil, err
		}
		return a.fromDocuments(ctx, c, []document{d})
	}
	shop := cmd.Sample
	if shop == "" {
		shop = "gas"
	}
	documents, err := readSample(ctx, shop, opt)
	if err != nil {
		return nil, err
	}
	return a.fromDocuments(ctx, c, documents)
}

// talk is a chat in the terminal.
type talk struct {
	command  *askCommand
	answers  *answerer
	out      io.Writer
	location *time.Location
	// offered is the last list; a number picks from it.
	offered []intent.Candidate
}

// run reads questions until the end of the input, or until ctx ends.
func (t *talk) run(ctx context.Context, a *app) error {
	prompt := ""
	if a.isTerminal() && !t.command.JSON {
		entries, wordings := t.answers.Len()
		fmt.Fprintf(t.out, "已装入 %d 个知识点、%d 种问法。请提问；回复数字选择候选，Ctrl-D 结束。\n", entries, wordings)
		prompt = "\n问："
	}
	lines := readLines(a.in)
	for {
		fmt.Fprint(t.out, prompt)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if strings.TrimSpace(line) == "" && prompt != "" {
				continue
			}
			if err := t.turn(ctx, t.picked(line)); err != nil {
				return err
			}
		}
	}
}

// maxLine bounds a line of input; what is longer is cut.
const maxLine = 1 << 16

// readLines sends the lines of r. The goroutine ends with the input, which for a
// terminal is the end of the program.
func readLines(r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		reader := bufio.NewReaderSize(r, maxLine)
		for {
			line, isPrefix, err := reader.ReadLine()
			if err != nil {
				return
			}
			text := string(line)
			for isPrefix && err == nil {
				_, isPrefix, err = reader.ReadLine()
			}
			lines <- text
		}
	}()
	return lines
}

// picked returns the question that a number stands for, however it is typed:
// "2", "２", "2.".
func (t *talk) picked(line string) string {
	n, err := strconv.Atoi(strings.Trim(width.Narrow.String(line), " \t.。、"))
	if err != nil || n < 1 || n > len(t.offered) {
		return line
	}
	return t.offered[n-1].Question
}

// turn answers one question.
func (t *talk) turn(ctx context.Context, question string) error {
	d, err := t.answers.Decide(ctx, intent.Query{
		Text: question, At: time.Now().In(t.location),
		Dimension: knowledge.Dimension{Channel: t.command.Channel, Region: t.command.Region, Level: t.command.Level},
	})
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	t.offered = nil
	if d.Kind == intent.Suggest || d.Kind == intent.Clarify {
		t.offered = d.Candidates
	}
	if t.command.JSON {
		return t.printJSON(d)
	}
	t.print(d)
	return nil
}

// decisionJSON is the shape of a decision for programs.
type decisionJSON struct {
	Decision   intent.Kind        `json:"decision"`
	Entry      string             `json:"entry"`
	Question   string             `json:"question"`
	Answer     string             `json:"answer"`
	Confidence float64            `json:"confidence"`
	Candidates []intent.Candidate `json:"candidates"`
	Reason     string             `json:"reason"`
	Trace      *intent.Trace      `json:"trace,omitempty"`
}

func (t *talk) printJSON(d intent.Decision) error {
	out := decisionJSON{
		Decision: d.Kind, Entry: d.Entry.ID, Question: d.Entry.Question, Answer: strings.Join(d.Texts, "\n\n"),
		Confidence: d.Confidence, Candidates: d.Candidates, Reason: d.Reason,
	}
	if out.Candidates == nil {
		out.Candidates = []intent.Candidate{}
	}
	if t.command.Explain {
		out.Trace = &d.Trace
	}
	encoder := json.NewEncoder(t.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write the decision: %w", err)
	}
	return nil
}

// print shows a decision to a person.
func (t *talk) print(d intent.Decision) {
	switch d.Kind {
	case intent.Answer:
		for _, text := range d.Texts {
			fmt.Fprintln(t.out, text)
		}
	case intent.Suggest:
		t.printOffer("您是不是想问：", d.Candidates)
	case intent.Clarify:
		t.printOffer("请问您想问的是哪一个？", d.Candidates)
	default:
		fmt.Fprintln(t.out, "抱歉，这个问题我还答不上来，可以换个说法，或者联系人工客服。")
	}
	fmt.Fprintf(t.out, "  └ 依据：%s\n", d.Reason)
	if t.command.Explain {
		printTrace(t.out, d)
	}
}

func (t *talk) printOffer(title string, candidates []intent.Candidate) {
	fmt.Fprintln(t.out, title)
	for i, c := range candidates {
		fmt.Fprintf(t.out, "  %d. %s\n", i+1, c.Question)
	}
}
