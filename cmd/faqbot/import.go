package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
)

type importCommand struct {
	DB     string   `name:"db" help:"数据库：SQLite 文件或 postgres://…。" placeholder:"DSN"`
	Mode   string   `enum:"append,merge,replace" default:"merge" help:"append 只加新的；merge 与已有的合并；replace 以文件为准、其余删除。默认 merge。"`
	DryRun bool     `help:"只看会发生什么，不保存。"`
	Failed string   `help:"把没有导入的行连同失败原因写到这个文件。" placeholder:"文件"`
	JSON   bool     `name:"json" help:"输出 JSON 报告。"`
	All    bool     `help:"逐行列出全部结果，不只列出有问题的行。"`
	Files  []string `arg:"" help:"知识文件。"`
}

// Run imports the files as one: all good rows or, on an error, none.
func (cmd *importCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(map[string]string{"database": cmd.DB})
	if err != nil {
		return err
	}
	defer frugally()()
	opt := kbfile.Options{Location: c.Zone}
	imp, files, err := cmd.read(ctx, a, opt)
	if err != nil {
		return err
	}
	base, err := cmd.open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.close()) }()
	imp.Mode, imp.DryRun, imp.By, imp.Progress = knowledge.Mode(cmd.Mode), cmd.DryRun, "cli", a.bar("导入")
	report, err := base.Import(ctx, imp)
	if err != nil && !errors.Is(err, knowledge.ErrRefused) {
		return err
	}
	refused := err
	if err := errors.Join(cmd.print(a, files, report), cmd.writeFailed(ctx, a, opt, report)); err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	if bad := report.Failed + report.Conflict; bad > 0 {
		return &partlyError{fmt.Sprintf("有 %d 条没有导入，见上面的原因。", bad)}
	}
	return nil
}

// open opens the database; a dry run makes none.
func (cmd *importCommand) open(ctx context.Context, dsn string) (*knowledgeBase, error) {
	if cmd.DryRun && isMissing(dsn) {
		dsn = inMemory
	}
	return openBase(ctx, dsn)
}

// fileSummary is what is told of a file. The file itself is let go before the
// import, which needs the memory.
type fileSummary struct {
	text    string
	skipped int
}

// read reads all files into one import.
func (cmd *importCommand) read(ctx context.Context, a *app, opt kbfile.Options) (knowledge.Import, []fileSummary, error) {
	var documents []document
	var files []fileSummary
	for _, path := range cmd.Files {
		d, err := a.readFile(ctx, path, opt)
		if err != nil {
			return knowledge.Import{}, nil, err
		}
		documents = append(documents, d)
		files = append(files, fileSummary{summary(d), len(d.Skipped)})
	}
	return joined(documents), files, nil
}

// writeFailed reads the files again that have rows which were not stored, and
// writes these rows.
func (cmd *importCommand) writeFailed(ctx context.Context, a *app, opt kbfile.Options, report knowledge.Report) error {
	if cmd.Failed == "" {
		return nil
	}
	written := 0
	for _, path := range cmd.Files {
		failures := failuresOf(path, report)
		if len(failures) == 0 {
			continue
		}
		d, err := a.readFile(ctx, path, opt)
		if err != nil {
			return err
		}
		target := numbered(cmd.Failed, written)
		if err := writeFile(target, func(f *os.File) error { return d.WriteFailed(f, failures) }); err != nil {
			return fmt.Errorf("写失败行：%w", err)
		}
		written++
	}
	return nil
}

// failuresOf returns the rows of a file that were not stored.
func failuresOf(path string, report knowledge.Report) []kbfile.Failure {
	var failures []kbfile.Failure
	for _, r := range report.Rows {
		notStored := r.Outcome == knowledge.OutcomeFailed || r.Outcome == knowledge.OutcomeConflict
		if notStored && r.Origin.File == path {
			failures = append(failures, kbfile.Failure{Origin: r.Origin, Reason: r.Reason})
		}
	}
	return failures
}

// numbered puts a number before the extension of all files but the first.
func numbered(path string, n int) string {
	if n == 0 {
		return path
	}
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n+1, extension)
}

// writeFile writes a file beside its place and moves it there when it is whole.
func writeFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".faqbot-*")
	if err != nil {
		return err
	}
	err = errors.Join(f.Chmod(0o644), write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// reportJSON is the shape of a report for programs.
type reportJSON struct {
	New            int       `json:"new"`
	Merged         int       `json:"merged"`
	Unchanged      int       `json:"unchanged"`
	Conflict       int       `json:"conflict"`
	Failed         int       `json:"failed"`
	Removed        int       `json:"removed"`
	Skipped        int       `json:"skipped"`
	LexiconChanged bool      `json:"lexicon_changed"`
	Revision       int64     `json:"revision"`
	DryRun         bool      `json:"dry_run"`
	Rows           []rowJSON `json:"rows"`
}

type rowJSON struct {
	File     string            `json:"file,omitempty"`
	Sheet    string            `json:"sheet,omitempty"`
	Row      int               `json:"row,omitempty"`
	Question string            `json:"question"`
	Outcome  knowledge.Outcome `json:"outcome"`
	Entry    string            `json:"entry,omitempty"`
	Reason   string            `json:"reason,omitempty"`
}

func (cmd *importCommand) print(a *app, files []fileSummary, r knowledge.Report) error {
	skipped := 0
	for _, f := range files {
		skipped += f.skipped
	}
	if cmd.JSON {
		return printReportJSON(a, r, skipped)
	}
	for _, f := range files {
		fmt.Fprintln(a.out, f.text)
	}
	a.printRows(r, cmd.All)
	verb := "导入完成"
	if r.DryRun {
		verb = "试运行（没有保存）"
	}
	fmt.Fprintf(a.out, "%s：新增 %d，合并 %d，未变 %d，冲突 %d，出错 %d，删除 %d，跳过 %d。\n",
		verb, r.New, r.Merged, r.Unchanged, r.Conflict, r.Failed, r.Removed, skipped)
	return nil
}

func printReportJSON(a *app, r knowledge.Report, skipped int) error {
	out := reportJSON{
		New: r.New, Merged: r.Merged, Unchanged: r.Unchanged, Conflict: r.Conflict, Failed: r.Failed, Removed: r.Removed,
		Skipped: skipped, LexiconChanged: r.LexiconChanged, Revision: r.Revision, DryRun: r.DryRun, Rows: []rowJSON{},
	}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, rowJSON{row.Origin.File, row.Origin.Sheet, row.Origin.Row, row.Question, row.Outcome, row.EntryID, row.Reason})
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

// summary says what a file was taken for.
func summary(d document) string {
	text := fmt.Sprintf("%s：%s 文件，布局 %s，读出 %d 条", d.path, d.Kind, d.Layout, len(d.Rows))
	var ignored []string
	for _, c := range d.Columns {
		if c.Field == kbfile.FieldUnknown {
			ignored = append(ignored, c.Header)
		}
	}
	if len(ignored) > 0 {
		text += "；不认识、已忽略的列：" + strings.Join(ignored, "、")
	}
	return text
}

// outcomeText names the outcomes on the screen.
var outcomeText = map[knowledge.Outcome]string{
	knowledge.OutcomeNew: "新增", knowledge.OutcomeMerged: "合并", knowledge.OutcomeUnchanged: "未变",
	knowledge.OutcomeConflict: "冲突", knowledge.OutcomeFailed: "出错", knowledge.OutcomeRemoved: "删除",
}

// printRows lists the rows: all, or those an editor should look at.
func (a *app) printRows(r knowledge.Report, all bool) {
	for _, row := range r.Rows {
		if all || row.Reason != "" || row.Outcome == knowledge.OutcomeRemoved {
			fmt.Fprintln(a.out, rowText(row))
		}
	}
}

func rowText(row knowledge.RowResult) string {
	text := fmt.Sprintf("  [%s] %s「%s」", outcomeText[row.Outcome], row.Origin, row.Question)
	if row.Reason != "" {
		text += "：" + row.Reason
	}
	return text
}

// printTroubles tells on the error stream which rows of a file do not answer.
func (a *app) printTroubles(r knowledge.Report) {
	for _, row := range r.Rows {
		if row.Outcome == knowledge.OutcomeFailed || row.Outcome == knowledge.OutcomeConflict {
			fmt.Fprintln(a.err, rowText(row))
		}
	}
}
