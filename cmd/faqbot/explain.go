package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"faqbot/bot/intent"
)

// shownCandidates is how many candidates a person wants to see.
const shownCandidates = 5

// printTrace shows everything that led to a decision.
func printTrace(out io.Writer, d intent.Decision) {
	t := d.Trace
	fmt.Fprintf(out, "\n  归一后：%s\n", t.Key)
	if strings.ReplaceAll(t.Canonical, " ", "") != t.Key {
		fmt.Fprintf(out, "  词类替换后：%s\n", t.Canonical)
	}
	fmt.Fprintf(out, "  分词：%s\n", strings.Join(t.Tokens, " / "))
	if t.Truncated {
		fmt.Fprintln(out, "  问题太长，只比较了开头部分。")
	}
	fmt.Fprintf(out, "  阈值：回答 ≥ %.0f%%，推荐 ≥ %.0f%%；规则：%s；模型 %s\n", 100*t.AnswerAt, 100*t.SuggestAt, t.Rule, t.Model)
	for i, c := range t.Candidates[:min(shownCandidates, len(t.Candidates))] {
		printCandidate(out, i+1, c)
	}
	if len(t.Signals) > 0 {
		fmt.Fprintln(out, "\n  把握的来历（第一名）：")
		printContributions(out, t.Signals, 8)
	}
}

func printCandidate(out io.Writer, place int, c intent.CandidateTrace) {
	fmt.Fprintf(out, "\n  %d. %s（%s）把握 %.1f%%  得分 %.2f\n", place, c.Question, c.Entry, 100*c.Confidence, c.Score)
	if c.Wording != c.Question {
		fmt.Fprintf(out, "     最近的问法：%s\n", c.Wording)
	}
	if c.Excluded != "" {
		fmt.Fprintf(out, "     不能回答：%s\n", c.Excluded)
	}
	if len(c.Missing) > 0 {
		fmt.Fprintf(out, "     缺少：%s\n", strings.Join(c.Missing, "、"))
	}
	printContributions(out, c.Features, 6)
}

// printContributions shows the terms that weigh most, as bars.
func printContributions(out io.Writer, terms []intent.Contribution, most int) {
	sorted := slices.Clone(terms)
	slices.SortStableFunc(sorted, func(a, b intent.Contribution) int {
		return cmp.Compare(math.Abs(b.Value*b.Weight), math.Abs(a.Value*a.Weight))
	})
	sorted = sorted[:min(most, len(sorted))]
	for _, c := range sorted {
		part := c.Value * c.Weight
		if part == 0 {
			break
		}
		fmt.Fprintf(out, "     %s %+6.2f %s（%.2f × %+.2f）\n", pad(c.Label, 34), part, pad(bar(part), 12), c.Value, c.Weight)
	}
}

// bar draws the size of x, at most ten characters.
func bar(x float64) string {
	mark := "█"
	if x < 0 {
		mark = "░"
	}
	return strings.Repeat(mark, min(10, int(math.Ceil(math.Abs(x)*2))))
}

// pad fills a text with blanks to a width on the screen.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-uniseg.StringWidth(text)))
}
