package kbfile

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"faqbot/knowledge"
)

// joiner puts the rows of one sheet together into entries.
type joiner struct {
	*reader
	file    string
	table   *table
	several bool // the cells of 问题 hold several lines, so 分段标题 is no question

	drafts  []*draft
	byKey   map[string][]*draft
	current *draft // the entry that a row without question goes on with
	skipped []Problem
}

// readTable reads the rows of a sheet. Category is that of rows of sheets without
// a column for it.
func (t *table) read(ctx context.Context, r *reader, file string, category knowledge.Path, step func()) (*joiner, error) {
	j := &joiner{reader: r, file: file, table: t, byKey: make(map[string][]*draft), several: t.severalQuestions()}
	if has(t.columns, FieldCategory, FieldCategoryLevel) {
		category = nil
	}
	for i := t.first; i < len(t.rows); i++ {
		if i%512 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		d := j.readRow(t.rows[i].Number, t.rows[i].Cells)
		if category != nil && len(d.Entry.Category) == 0 {
			d.Entry.Category, d.Has = category, d.Has|knowledge.FieldCategory
		}
		j.add(d, t.rows[i].Cells)
		step()
	}
	return j, nil
}

func (j *joiner) readRow(number int, cells []string) *draft {
	d := &draft{}
	d.Origin = knowledge.Origin{File: j.file, Sheet: j.table.name, Row: number, Rows: []int{number}}
	d.Entry.Enabled = true
	for i, c := range j.table.columns {
		j.cell(d, c, at(cells, i))
	}
	if j.several {
		if d.Entry.Question != "" {
			d.title = ""
		}
	} else if d.title != "" {
		d.Entry.Variants = append([]string{d.Entry.Question}, d.Entry.Variants...)
		d.Entry.Question = ""
		d.Entry.Variants = slices.DeleteFunc(d.Entry.Variants, func(v string) bool { return v == "" })
	}
	d.finishRow()
	return d
}

// add makes the row an entry, or a part of one.
func (j *joiner) add(d *draft, cells []string) {
	switch {
	case d.bare() && len(d.problems) == 0:
	case j.isExampleRow(d, cells):
		j.skipped = append(j.skipped, Problem{Origin: d.Origin, Question: d.Entry.Question, Reason: "模板里的示例行，已跳过"})
		j.current = d // its further rows are examples too
	case d.Entry.Question == "":
		j.addWithoutQuestion(d)
	case j.sameGroup(d):
		d.Entry.Variants = append([]string{d.Entry.Question}, d.Entry.Variants...)
		j.extend(j.current, d)
	default:
		j.addWithQuestion(d)
	}
}

// rivals bounds how many entries with the same question a row is compared with.
const rivals = 8

func (j *joiner) addWithQuestion(d *draft) {
	key := j.key(d)
	known := j.byKey[key]
	for _, k := range known {
		if joinable(k, d) {
			j.extend(k, d)
			j.current = k
			return
		}
	}
	if len(known) < rivals {
		j.byKey[key] = append(known, d)
	}
	j.drafts = append(j.drafts, d)
	j.current = d
}

// addWithoutQuestion goes on with the entry above.
func (j *joiner) addWithoutQuestion(d *draft) {
	if j.current != nil && (len(d.Entry.Answers) == 0 || len(j.current.Entry.Answers) == 0 || sameAnswers(j.current, d)) && joinable(j.current, d) {
		j.extend(j.current, d)
		return
	}
	d.fail("", "缺少标准问，请填写标准问，或删去这一行")
	j.drafts = append(j.drafts, d)
	j.current = nil
}

// sameGroup reports whether the row is another form of the question above it,
// in the way of Azure QnA Maker.
func (j *joiner) sameGroup(d *draft) bool {
	if j.layout != LayoutAzure || j.current == nil || !joinable(j.current, d) {
		return false
	}
	if d.group != "" || j.current.group != "" {
		return d.group == j.current.group
	}
	return len(d.Entry.Answers) > 0 && sameAnswers(j.current, d)
}

// key tells which rows may be the same entry.
func (j *joiner) key(d *draft) string {
	if key := j.dict.norm.Key(d.Entry.Question); key != "" {
		return key
	}
	return "\x00" + d.Entry.Question
}

// extend adds a further row to an entry.
func (j *joiner) extend(to, d *draft) {
	to.Origin.Rows = append(to.Origin.Rows, d.Origin.Rows...)
	to.problems = append(to.problems, d.problems...)
	to.Entry.Variants = append(to.Entry.Variants, d.Entry.Variants...)
	to.Entry.CounterExamples = append(to.Entry.CounterExamples, d.Entry.CounterExamples...)
	to.Related = append(to.Related, d.Related...)
	for _, a := range d.Entry.Answers {
		to.addAnswers(a.Dimension, a.Texts...)
	}
	adopt(to, d)
	to.Has |= d.Has
}

// adopt takes over the plain values that the first rows left blank.
func adopt(to, d *draft) {
	a, b := &to.Entry, &d.Entry
	if len(a.Category) == 0 {
		a.Category = b.Category
	}
	if a.ID == "" {
		a.ID = b.ID
	}
	if a.EffectiveFrom.IsZero() {
		a.EffectiveFrom = b.EffectiveFrom
	}
	if a.ExpiresAt.IsZero() {
		a.ExpiresAt = b.ExpiresAt
	}
	if a.Threshold == 0 {
		a.Threshold = b.Threshold
	}
	if a.Owner == "" {
		a.Owner = b.Owner
	}
	if !to.Has.Has(knowledge.FieldEnabled) {
		a.Enabled = b.Enabled
	}
	a.Hot = a.Hot || b.Hot
	a.ReplyAll = a.ReplyAll || b.ReplyAll
}

// joinable reports whether two rows with the same question can be one entry:
// where both say something, they say the same.
func joinable(a, b *draft) bool {
	x, y := &a.Entry, &b.Entry
	said := a.Has & b.Has
	return agree(x.ID, y.ID) && agree(x.Owner, y.Owner) &&
		agree(x.Category.String(), y.Category.String()) && answersAgree(a, b) &&
		(x.EffectiveFrom.IsZero() || y.EffectiveFrom.IsZero() || x.EffectiveFrom.Equal(y.EffectiveFrom)) &&
		(x.ExpiresAt.IsZero() || y.ExpiresAt.IsZero() || x.ExpiresAt.Equal(y.ExpiresAt)) &&
		(x.Threshold == 0 || y.Threshold == 0 || x.Threshold == y.Threshold) &&
		(!said.Has(knowledge.FieldEnabled) || x.Enabled == y.Enabled) &&
		(!said.Has(knowledge.FieldHot) || x.Hot == y.Hot) &&
		(!said.Has(knowledge.FieldReplyAll) || x.ReplyAll == y.ReplyAll)
}

func agree(a, b string) bool { return a == "" || b == "" || a == b }

// answersAgree reports whether no dimension has different answers in a and b.
func answersAgree(a, b *draft) bool {
	for _, x := range a.Entry.Answers {
		for _, y := range b.Entry.Answers {
			if x.Dimension == y.Dimension && !slices.Equal(x.Texts, y.Texts) {
				return false
			}
		}
	}
	return true
}

// sameAnswers reports whether a has all answers of b.
func sameAnswers(a, b *draft) bool {
	for _, y := range b.Entry.Answers {
		if !slices.ContainsFunc(a.Entry.Answers, func(x knowledge.Answer) bool {
			return x.Dimension == y.Dimension && slices.Equal(x.Texts, y.Texts)
		}) {
			return false
		}
	}
	return true
}

// severalQuestions reports whether a column of whole question lists holds more
// than one line somewhere.
func (t *table) severalQuestions() bool {
	for i, c := range t.columns {
		if c.Field != FieldQuestions {
			continue
		}
		for _, row := range t.rows[t.first:] {
			if strings.Contains(strings.TrimSpace(at(row.Cells, i)), "\n") {
				return true
			}
		}
	}
	return false
}

var (
	exampleMark = regexp.MustCompile(`^(?:[\[【（(<《]\s*(?:示例|样例|举例|例如|例)[^\]】）)>》]*[\]】）)>》]|(?:示例|样例|举例|例)\s*(?:[:：、，,\d一二三]|问题|问法|分类|$)|例如|e\.g\.)`)
	fillInMark  = regexp.MustCompile(`^[\[【（(<《]?\s*(?:请填写|请输入|请在此|此处填写|必填|选填|非必填)`)
)

// isExample reports what templates write where a question belongs.
func isExample(text string) bool {
	return exampleMark.MatchString(text) || fillInMark.MatchString(text) && !questionWords.MatchString(text)
}

// needsQuestionGuard reports whether a standard question in our layout would be
// taken for an example.
func needsQuestionGuard(s string) bool {
	if rest, ok := strings.CutPrefix(s, `\`); ok {
		return needsQuestionGuard(rest)
	}
	return isExample(s)
}

// isExampleRow looks at the question, and in layouts other than ours at the
// cells of the category.
func (j *joiner) isExampleRow(d *draft, cells []string) bool {
	for i, c := range j.table.columns {
		text := strings.TrimSpace(at(cells, i))
		switch c.Field {
		case FieldQuestion, FieldQuestions, FieldTitle:
		case FieldCategory, FieldCategoryLevel, FieldTag:
			if j.own {
				continue
			}
		default:
			continue
		}
		if isExample(text) {
			return true
		}
	}
	return false
}
