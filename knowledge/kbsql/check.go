package kbsql

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"faqbot/knowledge"
)

// maxShownRunes bounds how much of a refused text an error repeats.
const maxShownRunes = 40

// checkBatch refuses what the two databases would not both store and give back
// as it was. Rules about good knowledge are knowledge.Base's.
func checkBatch(b knowledge.Batch) error {
	seen := make(map[string]bool, len(b.Puts)+len(b.Deletes))
	once := func(id string) error {
		if seen[id] {
			return &knowledge.FieldError{Field: "编号", Value: shown(id), Reason: "同一批修改里出现了两次，请只保留一次"}
		}
		seen[id] = true
		return nil
	}
	for i := range b.Puts {
		if err := checkEntry(&b.Puts[i]); err != nil {
			return err
		}
		if err := once(b.Puts[i].ID); err != nil {
			return err
		}
	}
	for _, ref := range b.Deletes {
		if err := once(ref.ID); err != nil {
			return err
		}
	}
	if b.Lexicon != nil {
		return checkLexicon(b.Lexicon)
	}
	return nil
}

func checkEntry(e *knowledge.Entry) error {
	if e.ID == "" {
		return &knowledge.FieldError{Field: "编号", Reason: "不能为空"}
	}
	for _, f := range []struct{ field, text string }{
		{"编号", e.ID}, {"标准问", e.Question}, {"负责人", e.Owner}, {"创建人", e.CreatedBy}, {"修改人", e.UpdatedBy},
	} {
		if err := checkText(f.field, f.text); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		field string
		texts []string
	}{{"扩展问", e.Variants}, {"反例问", e.CounterExamples}, {"关联问题", e.Related}} {
		if err := checkTexts(f.field, f.texts); err != nil {
			return err
		}
	}
	for _, a := range e.Answers {
		if err := checkTexts("维度", []string{a.Dimension.Channel, a.Dimension.Region, a.Dimension.Level}); err != nil {
			return err
		}
		if err := checkTexts("答案", a.Texts); err != nil {
			return err
		}
	}
	if math.IsNaN(e.Threshold) || math.IsInf(e.Threshold, 0) {
		return &knowledge.FieldError{Field: "阈值", Reason: "不是数字，请填 0 到 1 之间的数"}
	}
	if err := checkPath(e.Category); err != nil {
		return err
	}
	return checkTimes(e)
}

func checkTimes(e *knowledge.Entry) error {
	for _, f := range []struct {
		field string
		at    time.Time
	}{{"生效时间", e.EffectiveFrom}, {"失效时间", e.ExpiresAt}, {"创建时间", e.CreatedAt}, {"修改时间", e.UpdatedAt}} {
		if year := f.at.UTC().Year(); year < 1 || year > 9999 {
			return &knowledge.FieldError{Field: f.field, Value: f.at.String(), Reason: "年份应在 1 到 9999 之间"}
		}
	}
	return nil
}

func checkPath(path knowledge.Path) error {
	for _, name := range path {
		if name == "" {
			return &knowledge.FieldError{Field: "分类", Value: shown(path.String()), Reason: "分类名称不能为空"}
		}
	}
	return checkTexts("分类", path)
}

func checkLexicon(l *knowledge.Lexicon) error {
	for _, c := range l.WordClasses {
		if err := checkTexts("词类", append([]string{c.Name}, c.Includes...)); err != nil {
			return err
		}
		if err := checkTexts("词类", c.Words); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		field string
		texts []string
	}{{"用户词", l.UserWords}, {"停用词", l.StopWords}, {"敏感词", l.SensitiveWords}} {
		if err := checkTexts(f.field, f.texts); err != nil {
			return err
		}
	}
	return nil
}

func checkTexts(field string, texts []string) error {
	for _, text := range texts {
		if err := checkText(field, text); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses what PostgreSQL cannot store and SQLite would. Dropping it
// in silence would show another text than the one that was saved.
func checkText(field, text string) error {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return &knowledge.FieldError{Field: field, Value: shown(text), Reason: "含有空字符（NUL），请删除后重试"}
	case !utf8.ValidString(text):
		return &knowledge.FieldError{Field: field, Value: shown(text), Reason: "不是有效的 UTF-8 文本，请换一种编码保存后重试"}
	}
	return nil
}

// shown makes the start of a refused text fit for a message.
func shown(text string) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD"))
	if len(runes) > maxShownRunes {
		return string(runes[:maxShownRunes]) + "…"
	}
	return string(runes)
}
