package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
)

type exportCommand struct {
	DB     string `name:"db" help:"数据库：SQLite 文件或 postgres://…。" placeholder:"DSN"`
	Layout string `enum:"faqbot,wechat,weknora,maxkb,fastgpt" default:"faqbot" help:"布局：faqbot（完整）、wechat、weknora、maxkb、fastgpt。"`
	Format string `help:"格式：xlsx、csv、tsv、json、jsonl；默认看文件扩展名。" placeholder:"格式"`
	File   string `arg:"" help:"写到这个文件；- 表示标准输出。"`
}

// Run writes the whole knowledge base as of one moment.
func (cmd *exportCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(map[string]string{"database": cmd.DB})
	if err != nil {
		return err
	}
	kind, err := cmd.kind()
	if err != nil {
		return err
	}
	base, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.close()) }()
	content := kbfile.Content{Location: c.Zone}
	if content.Lexicon, err = base.Lexicon(ctx); err != nil {
		return err
	}
	if _, err := base.store.Snapshot(ctx, func(e knowledge.Entry) error {
		content.Entries = append(content.Entries, e)
		return nil
	}); err != nil {
		return err
	}
	write := func(w io.Writer) error { return kbfile.Write(ctx, w, kind, kbfile.Layout(cmd.Layout), content) }
	if cmd.File == "-" {
		return write(a.out)
	}
	if err := writeFile(cmd.File, func(f *os.File) error { return write(f) }); err != nil {
		return fmt.Errorf("写文件 %s：%w", cmd.File, err)
	}
	fmt.Fprintf(a.err, "已导出 %d 个知识点到 %s。\n", len(content.Entries), cmd.File)
	return nil
}

// kind returns the kind of file to write.
func (cmd *exportCommand) kind() (sheet.Kind, error) {
	name := cmd.Format
	if name == "" {
		name = strings.TrimPrefix(strings.ToLower(filepath.Ext(cmd.File)), ".")
	}
	for _, kind := range []sheet.Kind{sheet.KindXLSX, sheet.KindCSV, sheet.KindTSV, sheet.KindJSON, sheet.KindJSONL} {
		if name == string(kind) {
			return kind, nil
		}
	}
	return "", &usageError{fmt.Errorf("不能写 %q 格式；请用 --format 指定 xlsx、csv、tsv、json 或 jsonl", name)}
}
