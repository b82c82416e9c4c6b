package kbfile

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// Content is what a file can hold of a knowledge base.
type Content struct {
	Entries []knowledge.Entry
	Lexicon knowledge.Lexicon
	// Location is the zone in which times are written; nil means Asia/Shanghai.
	Location *time.Location
}

// zone returns the zone in which times are written.
func (c Content) zone() *time.Location {
	if c.Location == nil {
		return chinaTime()
	}
	return c.Location
}

// questions returns the standard question of each id.
func (c Content) questions() map[string]string {
	questions := make(map[string]string, len(c.Entries))
	for _, e := range c.Entries {
		questions[e.ID] = e.Question
	}
	return questions
}

// Write writes knowledge in a layout of Layouts. Every layout can be written as
// xlsx, csv and tsv; ours, WeChat's and WeKnora's also as json, ours as jsonl. For
// related entries that are part of the content their standard question is
// written, for others the id.
func Write(ctx context.Context, w io.Writer, kind sheet.Kind, layout Layout, kb Content) error {
	if kind == sheet.KindJSON || kind == sheet.KindJSONL {
		return writeJSON(ctx, w, kind, layout, kb)
	}
	var cells [][]string
	var err error
	switch layout {
	case LayoutOwn:
		cells, err = ownCells(ctx, kb)
	case LayoutWeChat, LayoutWeKnora, LayoutMaxKB, LayoutFastGPT:
		cells, err = foreignCells(ctx, layout, kb)
	default:
		err = fmt.Errorf("layout %q cannot be written", layout)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	sheets := []sheet.Sheet{newSheet(sheetEntries, cells)}
	if layout == LayoutOwn && kind == sheet.KindXLSX {
		sheets = append(sheets, lexiconSheets(kb.Lexicon)...)
	}
	if err := sheet.Write(w, kind, sheets); err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	return nil
}

// ownColumn is one field of our layout: the cells of an entry. A list that is too
// long for one cell takes several.
type ownColumn struct {
	header string
	cells  func(knowledge.Entry) []string
}

// ownColumns returns the columns of our layout.
func ownColumns(kb Content) []ownColumn {
	one := func(s string) []string { return []string{s} }
	yesNo := func(b bool) []string {
		if b {
			return one("是")
		}
		return one("否")
	}
	questions, zone := kb.questions(), kb.zone()
	columns := []ownColumn{
		{"知识ID", func(e knowledge.Entry) []string { return one(e.ID) }},
		{"分类", func(e knowledge.Entry) []string { return one(formatCategory(e.Category)) }},
		{"标准问", func(e knowledge.Entry) []string { return one(guardQuestion(e.Question)) }},
		{"扩展问", func(e knowledge.Entry) []string { return questionFormat(true).joinCells(e.Variants, "\n") }},
		{"反例问", func(e knowledge.Entry) []string { return counterFormat(true).joinCells(e.CounterExamples, "\n") }},
	}
	for _, dim := range dimensions(kb.Entries) {
		columns = append(columns, ownColumn{answerHeader(dim), func(e knowledge.Entry) []string {
			for _, a := range e.Answers {
				if a.Dimension == dim {
					return answerFormat(true, true).joinCells(a.Texts, "##")
				}
			}
			return nil
		}})
	}
	return append(columns,
		ownColumn{"是否全部回复", func(e knowledge.Entry) []string { return yesNo(e.ReplyAll) }},
		ownColumn{"关联问题", func(e knowledge.Entry) []string {
			return questionFormat(true).joinCells(relatedNames(e, questions), "\n")
		}},
		ownColumn{"生效时间", func(e knowledge.Entry) []string { return one(formatTime(e.EffectiveFrom, zone)) }},
		ownColumn{"失效时间", func(e knowledge.Entry) []string { return one(formatTime(e.ExpiresAt, zone)) }},
		ownColumn{"是否启用", func(e knowledge.Entry) []string { return yesNo(e.Enabled) }},
		ownColumn{"热点问题", func(e knowledge.Entry) []string { return yesNo(e.Hot) }},
		ownColumn{"相似度阈值", func(e knowledge.Entry) []string { return one(formatThreshold(e.Threshold)) }},
		ownColumn{"负责人", func(e knowledge.Entry) []string { return one(e.Owner) }},
	)
}

// ownCells lays out entries in our own columns.
func ownCells(ctx context.Context, kb Content) ([][]string, error) {
	columns := ownColumns(kb)
	width := make([]int, len(columns)) // how many columns each field takes
	written := make([][][]string, len(kb.Entries))
	for i, e := range kb.Entries {
		if i%512 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		written[i] = make([][]string, len(columns))
		for j, c := range columns {
			written[i][j] = c.cells(e)
			width[j] = max(width[j], len(written[i][j]), 1)
		}
	}
	var header []string
	for j, c := range columns {
		header = append(header, c.header)
		for n := 2; n <= width[j]; n++ {
			header = append(header, numberedHeader(c.header, n))
		}
	}
	rows := [][]string{header}
	for _, entry := range written {
		row := make([]string, 0, len(header))
		for j, cells := range entry {
			row = append(row, cells...)
			row = append(row, make([]string, max(width[j], 1)-len(cells))...)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// numberedHeader puts the number behind the name and before the brackets.
func numberedHeader(header string, n int) string {
	name, brackets, found := strings.Cut(header, "(")
	if found {
		brackets = "(" + brackets
	}
	return name + strconv.Itoa(n) + brackets
}

// dimensions returns the dimensions of all answers, the default first. There is
// always the default.
func dimensions(entries []knowledge.Entry) []knowledge.Dimension {
	all := []knowledge.Dimension{{}}
	seen := map[knowledge.Dimension]bool{{}: true}
	for _, e := range entries {
		for _, a := range e.Answers {
			if !seen[a.Dimension] {
				seen[a.Dimension] = true
				all = append(all, a.Dimension)
			}
		}
	}
	slices.SortFunc(all, func(a, b knowledge.Dimension) int {
		return slices.Compare([]string{a.Channel, a.Region, a.Level}, []string{b.Channel, b.Region, b.Level})
	})
	return all
}

// relatedNames returns the standard questions of the related entries.
func relatedNames(e knowledge.Entry, questions map[string]string) []string {
	var names []string
	for _, id := range e.Related {
		if q, ok := questions[id]; ok && q != "" {
			names = append(names, q)
		} else {
			names = append(names, id)
		}
	}
	return names
}

func guardQuestion(q string) string {
	if needsQuestionGuard(q) {
		return `\` + q
	}
	return q
}

func formatThreshold(t float64) string {
	if t == 0 {
		return ""
	}
	return strconv.FormatFloat(t, 'f', -1, 64)
}
