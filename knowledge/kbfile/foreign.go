package kbfile

import (
	"context"
	"slices"
	"strings"

	"faqbot/knowledge"
)

// The headers of the layouts of other products that can be written.
var foreignHeaders = map[Layout][]string{
	LayoutWeChat: {"技能名称", "标准问题", "标准问题相似度阈值", "补充用户问题", "机器人回答"},
	LayoutWeKnora: {"标签(必填)", "问题(必填)", "相似问题(选填-多个用##分隔)", "反例问题(选填-多个用##分隔)", "机器人回答(必填-多个用##分隔)",
		"是否全部回复(选填-默认FALSE)", "是否停用(选填-默认FALSE)", "是否禁止被推荐(选填-默认FALSE)"},
	LayoutMaxKB:   {"分段标题（选填）", "分段内容（必填，问题答案）", "问题（选填，单元格内一行一个）"},
	LayoutFastGPT: {"q", "a", "indexes"},
}

// foreignCells lays out entries in the columns of another product.
func foreignCells(ctx context.Context, layout Layout, kb Content) ([][]string, error) {
	row := map[Layout]func(knowledge.Entry) []string{
		LayoutWeChat: wechatRow, LayoutWeKnora: weknoraRow, LayoutMaxKB: maxkbRow, LayoutFastGPT: fastgptRow,
	}[layout]
	rows := [][]string{foreignHeaders[layout]}
	for i, e := range kb.Entries {
		if i%512 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if e.Enabled || layout == LayoutWeKnora {
			rows = append(rows, row(e))
		}
	}
	return rows, nil
}

// wechatRow also loses the counter-examples, whether all answers are sent, and
// the other dimensions. Categories become the path, "a/b".
func wechatRow(e knowledge.Entry) []string {
	return []string{formatCategory(e.Category), e.Question, formatThreshold(e.Threshold), joinHashes(e.Variants), joinHashes(wechatTexts(e))}
}

// weknoraRow also loses the threshold and the other dimensions.
func weknoraRow(e knowledge.Entry) []string {
	return []string{formatCategory(e.Category), e.Question, joinHashes(e.Variants), joinHashes(e.CounterExamples), joinHashes(defaultTexts(e)),
		upperBool(e.ReplyAll), upperBool(!e.Enabled), "FALSE"}
}

// maxkbRow also loses the category and the threshold, and keeps one answer.
func maxkbRow(e knowledge.Entry) []string {
	questions := make([]string, 0, len(e.Variants)+1)
	for _, q := range e.Questions() {
		questions = append(questions, oneLine(q))
	}
	return []string{oneLine(e.Question), oneAnswer(e), strings.Join(questions, "\n")}
}

// indexColumns is how many columns of variants a FastGPT file has at most.
const indexColumns = 100

// fastgptRow also loses the category and the threshold, and keeps one answer.
// Each variant stands in a column of its own; if there are too many, several
// share one, a line each.
func fastgptRow(e knowledge.Entry) []string {
	row := []string{e.Question, oneAnswer(e)}
	perCell := max(1, (len(e.Variants)+indexColumns-1)/indexColumns)
	for cell := range slices.Chunk(e.Variants, perCell) {
		lines := make([]string, len(cell))
		for i, v := range cell {
			lines[i] = oneLine(v)
		}
		row = append(row, strings.Join(lines, "\n"))
	}
	return row
}

// defaultTexts returns the texts of the default answer, or of the first one.
func defaultTexts(e knowledge.Entry) []string {
	for _, a := range e.Answers {
		if a.Dimension.IsDefault() {
			return a.Texts
		}
	}
	if len(e.Answers) > 0 {
		return e.Answers[0].Texts
	}
	return nil
}

// wechatTexts returns the texts of the answer for visitors in WeChat.
func wechatTexts(e knowledge.Entry) []string {
	if a, ok := e.AnswerFor(knowledge.Dimension{Channel: "wechat"}); ok {
		return a.Texts
	}
	return defaultTexts(e)
}

// oneAnswer returns the first alternative, or all of them if all are sent.
func oneAnswer(e knowledge.Entry) string {
	texts := defaultTexts(e)
	if len(texts) > 1 && !e.ReplyAll {
		texts = texts[:1]
	}
	return strings.Join(texts, "\n")
}

// joinHashes joins with "##"; one that is part of a text becomes "# #", because
// these layouts have no escape. A blank keeps a # at the edge of a text apart
// from the separator.
func joinHashes(values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		for strings.Contains(v, "##") {
			v = strings.ReplaceAll(v, "##", "# #")
		}
		if i > 0 && strings.HasPrefix(v, "#") {
			v = " " + v
		}
		if i < len(values)-1 && strings.HasSuffix(v, "#") {
			v += " "
		}
		parts[i] = v
	}
	return strings.Join(parts, "##")
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

func upperBool(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}
