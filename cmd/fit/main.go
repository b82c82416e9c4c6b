// Command fit finds the numbers of the matcher's model from sets of knowledge
// and questions (NAME.kb.jsonl and NAME.queries.jsonl), and shows what they are
// worth on a set that they were not fitted on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/bot/intent/fit"
	"faqbot/bot/intent/measure"
	"faqbot/cmd/internal/evalset"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/normalize"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

type options struct {
	Data   []string           `required:"" help:"Directories with NAME.kb.jsonl and NAME.queries.jsonl." type:"existingdir"`
	Skip   []string           `help:"Sets to leave aside."`
	Weight map[string]float64 `help:"How much a set counts, as NAME=1.0; 1 if not given. 0 only measures it."`
	Leave  bool               `help:"Also fit once without each set, and measure that set."`
	Out    string             `help:"Write the model here." type:"path"`
	Note   string             `help:"What the model was fitted on, for people."`
}

// run is the program.
func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	parser, err := kong.New(&o, kong.Name("fit"), kong.Description("Fit the model of the matcher."))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	sets, closeAll, err := load(ctx, o)
	if err != nil {
		return err
	}
	defer closeAll()
	say := func(s string) { fmt.Fprintln(out, s) }
	model, err := fitOn(ctx, sets, o.Note, say)
	if err != nil {
		return err
	}
	if err := table(ctx, out, "fitted on all sets", sets, func(fieldSet) (*intent.Model, error) { return model, nil }); err != nil {
		return err
	}
	if o.Leave {
		without := func(s fieldSet) (*intent.Model, error) {
			rest := slices.DeleteFunc(slices.Clone(sets), func(x fieldSet) bool { return x.Name == s.Name })
			return fitOn(ctx, rest, "", func(string) {})
		}
		if err := table(ctx, out, "each set with a model that never saw it", sets, without); err != nil {
			return err
		}
	}
	return write(o.Out, model)
}

// fieldSet is a set with what measuring and the prior need.
type fieldSet struct {
	fit.Set
	texts []string
}

// load reads all sets of the directories, in order of their names.
func load(ctx context.Context, o options) ([]fieldSet, func(), error) {
	normalizer, err := normalize.New()
	if err != nil {
		return nil, nil, err
	}
	var sets []fieldSet
	var cleanup []func()
	closeAll := func() {
		for _, c := range cleanup {
			c()
		}
	}
	for _, path := range knowledgeFiles(o) {
		s, closeSet, err := loadSet(ctx, path, normalizer)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		cleanup = append(cleanup, closeSet)
		s.Weight = 1
		if w, ok := o.Weight[s.Name]; ok {
			s.Weight = w
		}
		sets = append(sets, s)
	}
	if len(sets) == 0 {
		return nil, nil, errors.New("no sets found")
	}
	return sets, closeAll, nil
}

const (
	knowledgeSuffix = ".kb.jsonl"
	questionsSuffix = ".queries.jsonl"
)

// knowledgeFiles lists the knowledge files that have questions.
func knowledgeFiles(o options) []string {
	found := map[string]string{}
	for _, dir := range o.Data {
		paths, _ := filepath.Glob(filepath.Join(dir, "*"+questionsSuffix)) // the pattern is well-formed
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), questionsSuffix)
			if !slices.Contains(o.Skip, name) {
				found[name] = strings.TrimSuffix(path, questionsSuffix) + knowledgeSuffix
			}
		}
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		paths = append(paths, found[name])
	}
	return paths
}

func loadSet(ctx context.Context, path string, n *normalize.Normalizer) (fieldSet, func(), error) {
	source, questions, err := readSet(ctx, path, n)
	if err != nil {
		return fieldSet{}, nil, err
	}
	model, err := intent.DefaultModel()
	if err != nil {
		return fieldSet{}, nil, err
	}
	dir, err := os.MkdirTemp("", "faqbot-fit-")
	if err != nil {
		return fieldSet{}, nil, err
	}
	answerer, err := bot.Open(ctx, bot.Config{Source: source, IndexDir: dir, Model: model, Normalizer: n, Log: zap.NewNop()})
	if err != nil {
		return fieldSet{}, nil, errors.Join(err, os.RemoveAll(dir))
	}
	set := fieldSet{Set: fit.Set{
		Name: strings.TrimSuffix(filepath.Base(path), knowledgeSuffix), Questions: questions, Matcher: answerer.Matcher(), At: time.Now(),
	}}
	for _, e := range source.Entries {
		set.texts = append(set.texts, n.Key(e.Question))
	}
	return set, func() { answerer.Close(); os.RemoveAll(dir) }, nil
}

func readSet(ctx context.Context, path string, n *normalize.Normalizer) (*bot.Fixed, []measure.Question, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	source, err := evalset.ReadKnowledge(ctx, path, data, kbfile.Options{Normalizer: n})
	if err != nil {
		return nil, nil, err
	}
	path = strings.TrimSuffix(path, knowledgeSuffix) + questionsSuffix
	if data, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	questions, err := evalset.ReadQuestions(path, data)
	if err != nil {
		return nil, nil, err
	}
	return source, questions, evalset.CheckIDs(source.Entries, questions)
}

// fitOn fits a model on the sets that have weight.
func fitOn(ctx context.Context, sets []fieldSet, note string, say func(string)) (*intent.Model, error) {
	start, err := intent.DefaultModel()
	if err != nil {
		return nil, err
	}
	var used []fit.Set
	var texts [][]string
	for _, s := range sets {
		if s.Weight > 0 {
			used, texts = append(used, s.Set), append(texts, s.texts)
		}
	}
	start.Prior, start.FittedOn = fit.CountPrior(texts, priorCharacters), note
	return fit.Fit(ctx, start, used, say)
}

// priorCharacters is how many characters the prior knows.
const priorCharacters = 3000

// table measures each set with the model chosen for it.
func table(ctx context.Context, out io.Writer, title string, sets []fieldSet, choose func(fieldSet) (*intent.Model, error)) error {
	fmt.Fprintf(out, "\n%s\n%-10s %5s %5s %5s | %5s %5s | near %5s %5s | far %5s %5s | %5s %5s\n", title,
		"set", "top1", "top5", "mrr", "ans", "right", "ans", "auroc", "ans", "auroc", "p90", "ece")
	for _, s := range sets {
		model, err := choose(s)
		if err != nil {
			return err
		}
		results, err := evalset.Ask(ctx, s.Matcher.WithModel(model), s.Questions, s.At, func(int, int) {})
		if err != nil {
			return err
		}
		f := measure.Summarize(evalset.Outcomes(results))
		fmt.Fprintf(out, "%-10s %5.3f %5.3f %5.3f | %5.3f %5.3f | near %5.3f %5.3f | far %5.3f %5.3f | %5.3f %5.3f\n", s.Name,
			f.In.Top1, f.In.Top5, f.In.MRR, f.In.Answered, f.In.AnsweredRight, f.Near.Answered, f.Near.AUROC,
			f.Far.Answered, f.Far.AUROC, f.RightAtP90, f.ECE)
	}
	return nil
}

func write(path string, model *intent.Model) error {
	if path == "" {
		return nil
	}
	data, err := model.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
