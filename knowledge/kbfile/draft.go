package kbfile

import (
	"slices"
	"strings"
	"time"

	"faqbot/knowledge"
)

// draft is an entry on its way from one or more rows.
type draft struct {
	knowledge.ImportRow
	problems []Problem

	levels   []string // category names by level
	title    string   // 分段标题
	group    string   // rows with the same are one entry
	channels []string // dimension of the answers of this row
	region   string
	level    string
}

// reader turns cells into drafts.
type reader struct {
	dict   *dictionary
	layout Layout
	loc    *time.Location
	own    bool // backslashes are escapes
	// splitAnswers: "##" separates alternative answers.
	splitAnswers bool
}

// newReader makes the reader of one sheet.
func newReader(dict *dictionary, layout Layout, loc *time.Location) *reader {
	return &reader{dict: dict, layout: layout, loc: loc, own: layout == LayoutOwn, splitAnswers: layout.splitsAnswers()}
}

// cell reads one cell into the draft.
func (r *reader) cell(d *draft, c Column, text string) {
	d.Has |= carried(c.Field)
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	switch c.Field {
	case FieldID:
		d.Entry.ID = text
	case FieldGroup:
		d.group = text
	case FieldCategory:
		d.Entry.Category = parseCategory(text)
	case FieldCategoryLevel:
		d.setLevel(c.meaning.level, text)
	case FieldQuestion:
		d.Entry.Question = r.question(text)
	case FieldTitle:
		d.title = text
	case FieldQuestions:
		d.setQuestions(questionFormat(r.own).split(text, 0))
	case FieldVariants:
		d.Entry.Variants = append(d.Entry.Variants, questionFormat(r.own).split(text, len(d.Entry.Variants))...)
	case FieldCounter:
		d.Entry.CounterExamples = append(d.Entry.CounterExamples, counterFormat(r.own).split(text, len(d.Entry.CounterExamples))...)
	case FieldRelated:
		d.Related = append(d.Related, questionFormat(r.own).split(text, len(d.Related))...)
	case FieldAnswer:
		d.addAnswers(c.Dimension, r.answers(text)...)
	default:
		r.plain(d, c, text)
	}
}

// plain reads the cells that hold one plain value.
func (r *reader) plain(d *draft, c Column, text string) {
	switch c.Field {
	case FieldOwner:
		d.Entry.Owner = text
	case FieldChannelAnswers:
		r.channelAnswers(d, c, text)
	case FieldChannel:
		d.channels = r.dict.channelList(text)
	case FieldRegion:
		d.region = r.dimensionValue(text)
	case FieldLevel:
		d.level = r.dimensionValue(text)
	case FieldMetadata:
		r.metadata(d, text)
	case FieldEnabled, FieldDisabled, FieldHot, FieldReplyAll:
		r.yesNo(d, c, text)
	case FieldThreshold:
		t, ok := parseThreshold(text)
		d.Entry.Threshold = t
		d.check(ok, c, text, "请写成 0 到 1 之间的数，例如 0.8，或 80%")
	case FieldFrom, FieldUntil, FieldValidity:
		r.times(d, c, text)
	}
}

// carried returns the fields of an entry that a column carries even where its
// cells are blank.
func carried(f Field) knowledge.FieldSet {
	switch f {
	case FieldID:
		return knowledge.FieldID
	case FieldCategory, FieldCategoryLevel:
		return knowledge.FieldCategory
	case FieldQuestions, FieldVariants:
		return knowledge.FieldVariants
	case FieldCounter:
		return knowledge.FieldCounterExamples
	case FieldAnswer, FieldChannelAnswers:
		return knowledge.FieldAnswers
	case FieldRelated:
		return knowledge.FieldRelated
	case FieldFrom:
		return knowledge.FieldEffectiveFrom
	case FieldUntil:
		return knowledge.FieldExpiresAt
	case FieldValidity:
		return knowledge.FieldEffectiveFrom | knowledge.FieldExpiresAt
	case FieldThreshold:
		return knowledge.FieldThreshold
	case FieldOwner:
		return knowledge.FieldOwner
	}
	return 0 // yes/no: only where the cell is not blank
}

// question reads a standard question; in our layout a leading backslash keeps
// what would be taken for an example.
func (r *reader) question(text string) string {
	if rest, ok := strings.CutPrefix(text, `\`); ok && r.own && needsQuestionGuard(rest) {
		return rest
	}
	return text
}

func (r *reader) answers(text string) []string {
	if r.layout == LayoutAzure {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	return answerFormat(r.own, r.splitAnswers).split(text, 0)
}

func (r *reader) dimensionValue(text string) string {
	if strings.Contains(everyone, " "+r.dict.norm.Key(text)+" ") {
		return ""
	}
	return text
}

// channelAnswers reads lines like 微信：…; a line without a channel goes on with
// the answer before it.
func (r *reader) channelAnswers(d *draft, c Column, text string) {
	var dims []knowledge.Dimension
	var texts []string
	for line := range strings.SplitSeq(text, "\n") {
		if i := strings.IndexAny(line, ":："); i > 0 {
			if id, ok := channelNames[r.dict.norm.Key(line[:i])]; ok {
				dims = append(dims, knowledge.Dimension{Channel: id})
				texts = append(texts, strings.TrimLeft(line[i:], ":： "))
				continue
			}
		}
		if len(texts) == 0 {
			d.fail(c.Header, unreadable(c.Header, text, "请每行写一个渠道，例如 微信：请点击菜单“我的订单”"))
			return
		}
		texts[len(texts)-1] += "\n" + line
	}
	for i, dim := range dims {
		d.addAnswers(dim, strings.TrimSpace(texts[i]))
	}
}

// metadata reads "k:v | k:v"; only a category is of use.
func (r *reader) metadata(d *draft, text string) {
	for pair := range strings.SplitSeq(text, "|") {
		key, value, _ := strings.Cut(pair, ":")
		if r.dict.lookup(key).field == FieldCategory && strings.TrimSpace(value) != "" {
			d.Entry.Category = parseCategory(value)
			d.Has |= knowledge.FieldCategory
		}
	}
}

func (r *reader) yesNo(d *draft, c Column, text string) {
	parse := parseBool
	if c.Field == FieldReplyAll {
		parse = parseReplyAll
	}
	value, ok := parse(text)
	if !d.check(ok, c, text, "请写成 是 或 否") {
		return
	}
	switch c.Field {
	case FieldEnabled:
		d.Entry.Enabled, d.Has = value, d.Has|knowledge.FieldEnabled
	case FieldDisabled:
		d.Entry.Enabled, d.Has = !value, d.Has|knowledge.FieldEnabled
	case FieldHot:
		d.Entry.Hot, d.Has = value, d.Has|knowledge.FieldHot
	case FieldReplyAll:
		d.Entry.ReplyAll, d.Has = value, d.Has|knowledge.FieldReplyAll
	}
}

func (r *reader) times(d *draft, c Column, text string) {
	ok := true
	switch c.Field {
	case FieldFrom:
		d.Entry.EffectiveFrom, ok = parseFrom(text, r.loc)
		d.check(ok, c, text, "请写成 2024-05-28 18:00")
	case FieldUntil:
		d.Entry.ExpiresAt, ok = parseUntil(text, r.loc)
		d.check(ok, c, text, "请写成 2024-05-28 18:00；长期有效请留空或写 永久")
	case FieldValidity:
		d.Entry.EffectiveFrom, d.Entry.ExpiresAt, ok = parseValidity(text, r.loc)
		d.check(ok, c, text, "请写成 2024-05-28~2025-05-28；长期有效请留空或写 永久")
	}
}

// check notes a problem with a cell unless ok, which it returns.
func (d *draft) check(ok bool, c Column, cell, advice string) bool {
	if !ok {
		header := strings.TrimSpace(c.Header)
		d.fail(header, unreadable(header, cell, advice))
	}
	return ok
}

// fail notes a problem; the draft becomes no entry.
func (d *draft) fail(column, reason string) {
	d.problems = append(d.problems, Problem{Column: column, Reason: reason})
}

func (d *draft) setLevel(level int, name string) {
	for len(d.levels) < level {
		d.levels = append(d.levels, "")
	}
	d.levels[level-1] = name
}

// setQuestions takes the first for the standard question and the others for
// variants.
func (d *draft) setQuestions(questions []string) {
	if len(questions) == 0 {
		return
	}
	if d.Entry.Question == "" {
		d.Entry.Question, questions = questions[0], questions[1:]
	}
	d.Entry.Variants = append(d.Entry.Variants, questions...)
}

// addAnswers adds alternative texts for the dimension.
func (d *draft) addAnswers(dim knowledge.Dimension, texts ...string) {
	if len(texts) == 0 {
		return
	}
	d.Has |= knowledge.FieldAnswers
	for i := range d.Entry.Answers {
		if a := &d.Entry.Answers[i]; a.Dimension == dim {
			a.Texts = appendNew(a.Texts, texts...)
			return
		}
	}
	d.Entry.Answers = append(d.Entry.Answers, knowledge.Answer{Dimension: dim, Texts: slices.Clone(texts)})
}

// finishRow puts together what several columns said.
func (d *draft) finishRow() {
	for _, name := range d.levels {
		if name != "" {
			d.Entry.Category = append(d.Entry.Category, name)
		}
	}
	if d.title != "" && d.Entry.Question == "" {
		d.Entry.Question = d.title
	}
	d.applyDimension()
	d.tidyLists()
}

// tidyLists drops variants that repeat the standard question or each other.
func (d *draft) tidyLists() {
	variants := d.Entry.Variants[:0:0]
	for _, v := range d.Entry.Variants {
		if v != d.Entry.Question {
			variants = append(variants, v)
		}
	}
	d.Entry.Variants = appendNew(nil, variants...)
	d.Entry.CounterExamples = appendNew(nil, d.Entry.CounterExamples...)
	d.Related = appendNew(nil, d.Related...)
}

// applyDimension gives the default answers the dimension that columns of the row
// name.
func (d *draft) applyDimension() {
	if len(d.channels) == 0 && d.region == "" && d.level == "" {
		return
	}
	channels := d.channels
	if len(channels) == 0 {
		channels = []string{""}
	}
	answers := d.Entry.Answers
	d.Entry.Answers = nil
	for _, a := range answers {
		if !a.Dimension.IsDefault() {
			d.addAnswers(a.Dimension, a.Texts...)
			continue
		}
		for _, channel := range channels {
			d.addAnswers(knowledge.Dimension{Channel: channel, Region: d.region, Level: d.level}, a.Texts...)
		}
	}
}

// bare reports whether the row says nothing about a question: it is blank or a
// heading with a category only.
func (d *draft) bare() bool {
	e := &d.Entry
	return e.Question == "" && len(e.Variants) == 0 && len(e.CounterExamples) == 0 && len(e.Answers) == 0 && len(d.Related) == 0
}

// appendNew appends the values that are not in the list yet.
func appendNew(list []string, values ...string) []string {
	const few = 16
	if len(list)+len(values) <= few {
		for _, v := range values {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		return list
	}
	seen := make(map[string]bool, len(list)+len(values))
	for _, v := range list {
		seen[v] = true
	}
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	return list
}
