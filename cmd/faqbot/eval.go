package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/bot/intent/measure"
	"faqbot/cmd/internal/evalset"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/normalize"
)

type evalCommand struct {
	KB      string `name:"kb" required:"" help:"知识文件；可以没有答案。" placeholder:"文件"`
	Queries string `required:"" help:"问题文件，每行 {\"text\",\"id\",\"kind\":\"in|near|far\"}。" placeholder:"文件"`
	Misses  bool   `help:"列出答错和不该答却答了的问题。"`
	JSON    bool   `name:"json" help:"输出 JSON。"`
}

// Run measures the matcher on a set.
func (cmd *evalCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(nil)
	if err != nil {
		return err
	}
	normalizer, err := normalize.New()
	if err != nil {
		return err
	}
	source, questions, err := cmd.read(ctx, kbfile.Options{Location: c.Zone, Normalizer: normalizer})
	if err != nil {
		return err
	}
	begin := time.Now()
	answers, err := a.openAnswerer(ctx, c, source, normalizer, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answers.Close()) }()
	indexTime := time.Since(begin)
	results, err := evalset.Ask(ctx, answers.Matcher(), questions, time.Now().In(c.Zone), a.bar("评测"))
	if err != nil {
		return err
	}
	figures := measure.Summarize(evalset.Outcomes(results))
	figures.Entries, _ = answers.Len()
	figures.IndexSeconds = indexTime.Seconds()
	if cmd.JSON {
		return json.NewEncoder(a.out).Encode(figures)
	}
	cmd.print(a, figures, results)
	return nil
}

func (cmd *evalCommand) read(ctx context.Context, opt kbfile.Options) (*bot.Fixed, []measure.Question, error) {
	data, err := os.ReadFile(cmd.KB)
	if err != nil {
		return nil, nil, fmt.Errorf("读知识文件：%w", err)
	}
	entries, err := evalset.ReadKnowledge(ctx, cmd.KB, data, opt)
	if err != nil {
		return nil, nil, err
	}
	if data, err = os.ReadFile(cmd.Queries); err != nil {
		return nil, nil, fmt.Errorf("读问题文件：%w", err)
	}
	questions, err := evalset.ReadQuestions(cmd.Queries, data)
	if err != nil {
		return nil, nil, err
	}
	return entries, questions, evalset.CheckIDs(entries.Entries, questions)
}

func (cmd *evalCommand) print(a *app, f measure.Figures, results []evalset.Result) {
	fmt.Fprintf(a.out, "知识点 %d 个，问题 %d 个，建索引 %.2f 秒，每题 %.2f / %.2f 毫秒（中位 / 99%%）\n",
		f.Entries, f.Questions, f.IndexSeconds, f.Latency.P50, f.Latency.P99)
	fmt.Fprintf(a.out, "库内 %d 题：首选正确 %.1f%%，前五 %.1f%%，MRR %.3f；直接回答 %.1f%%，其中答对（占全部）%.1f%%\n",
		f.In.N, 100*f.In.Top1, 100*f.In.Top5, f.In.MRR, 100*f.In.Answered, 100*f.In.AnsweredRight)
	fmt.Fprintf(a.out, "近似但库外 %d 题：误答 %.1f%%，区分度 %.3f\n", f.Near.N, 100*f.Near.Answered, f.Near.AUROC)
	fmt.Fprintf(a.out, "无关 %d 题：误答 %.1f%%，区分度 %.3f\n", f.Far.N, 100*f.Far.Answered, f.Far.AUROC)
	fmt.Fprintf(a.out, "九成正确时可自动答对 %.1f%%；把握误差（ECE）%.3f\n", 100*f.RightAtP90, f.ECE)
	if !cmd.Misses {
		return
	}
	for _, r := range results {
		wrong := r.Outcome.Kind == measure.In && r.Place != 1
		if wrong || r.Outcome.Kind != measure.In && r.Decision.Kind == intent.Answer {
			fmt.Fprintf(a.out, "\n[%s] %s（应为 %s）\n    %s\n", r.Outcome.Kind, r.Text, r.ID, r.Decision.Reason)
		}
	}
}
