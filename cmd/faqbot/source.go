package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"faqbot/bot"
	"faqbot/cmd/internal/config"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/testdata"
)

// document is a knowledge file that was read.
type document struct {
	*kbfile.Document
	path string
}

// readFile reads a knowledge file from disk.
func (a *app) readFile(ctx context.Context, path string, opt kbfile.Options) (document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return document{}, fmt.Errorf("读文件：%w", err)
	}
	opt.Progress = a.bar("读取 " + path)
	opt.Progress(0, 0) // opening a large workbook takes a while before rows are counted
	d, err := kbfile.Read(ctx, path, data, opt)
	if err != nil {
		return document{}, err
	}
	return document{d, path}, nil
}

// readSample reads the embedded knowledge of a shop.
func readSample(ctx context.Context, shop string, opt kbfile.Options) ([]document, error) {
	if !slices.Contains(testdata.Shops(), shop) {
		return nil, &usageError{fmt.Errorf("没有示例 %q，可选：%v", shop, testdata.Shops())}
	}
	var documents []document
	for _, name := range testdata.KnowledgeFiles(shop) {
		data, err := fs.ReadFile(testdata.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read the sample knowledge: %w", err)
		}
		d, err := kbfile.Read(ctx, name, data, opt)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document{d, name})
	}
	return documents, nil
}

// joined returns the import of all documents as one: it succeeds or fails as a
// whole.
func joined(documents []document) knowledge.Import {
	var imp knowledge.Import
	for _, d := range documents {
		imp.Rows = append(imp.Rows, d.Rows...)
		for _, p := range d.Problems {
			imp.Refused = append(imp.Refused, p.Result())
		}
		if d.Lexicon == nil {
			continue
		}
		if imp.Lexicon == nil {
			imp.Lexicon = &knowledge.Lexicon{}
		}
		imp.Lexicon.WordClasses = append(imp.Lexicon.WordClasses, d.Lexicon.WordClasses...)
		imp.Lexicon.UserWords = append(imp.Lexicon.UserWords, d.Lexicon.UserWords...)
		imp.Lexicon.StopWords = append(imp.Lexicon.StopWords, d.Lexicon.StopWords...)
		imp.Lexicon.SensitiveWords = append(imp.Lexicon.SensitiveWords, d.Lexicon.SensitiveWords...)
	}
	return imp
}

// fromDatabase opens an answerer over a database.
func (a *app) fromDatabase(ctx context.Context, c *config.Config) (*answerer, error) {
	base, err := openExisting(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	dir, err := c.Index()
	if err != nil {
		return nil, err
	}
	return a.over(ctx, c, base, dir)
}

// fromDocuments opens an answerer over files, in a database of its own that is
// gone afterwards. Rows that cannot be used are reported, the others answer.
func (a *app) fromDocuments(ctx context.Context, c *config.Config, documents []document) (*answerer, error) {
	base, err := openBase(ctx, inMemory)
	if err != nil {
		return nil, err
	}
	imp := joined(documents)
	imp.Mode, imp.By = knowledge.ModeAppend, "file"
	report, err := base.Import(ctx, imp)
	if err != nil {
		return nil, fmt.Errorf("%w（关闭：%v）", err, base.close())
	}
	a.printTroubles(report)
	return a.over(ctx, c, base, "")
}

// over opens an answerer that closes its database too.
func (a *app) over(ctx context.Context, c *config.Config, base *knowledgeBase, dir string) (*answerer, error) {
	answers, err := a.openAnswerer(ctx, c, base.store, base.normalizer, dir)
	if err != nil {
		base.close()
		return nil, err
	}
	answers.cleanup = append([]func() error{base.close}, answers.cleanup...)
	return answers, nil
}

var _ bot.Source = knowledge.Store(nil)
