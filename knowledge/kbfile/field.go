package kbfile

import (
	"regexp"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

// Field is what a column, or a key of a JSON object, holds.
type Field string

// The fields. FieldUnknown columns are ignored.
const (
	FieldUnknown        Field = ""
	FieldIgnored        Field = "ignored" // known, and of no use here
	FieldID             Field = "id"
	FieldGroup          Field = "group" // rows with the same value are one entry
	FieldCategory       Field = "category"
	FieldCategoryLevel  Field = "category_level" // one name of the path
	FieldTag            Field = "tag"            // a category in some layouts
	FieldQuestion       Field = "question"
	FieldTitle          Field = "title"     // the question if there is no better one
	FieldQuestions      Field = "questions" // standard question and variants in one
	FieldVariants       Field = "variants"
	FieldCounter        Field = "counter"
	FieldAnswer         Field = "answer"          // for Column.Dimension
	FieldChannelAnswers Field = "channel_answers" // lines like 微信：…
	FieldReplyAll       Field = "reply_all"
	FieldRelated        Field = "related"
	FieldFrom           Field = "from"
	FieldUntil          Field = "until"
	FieldValidity       Field = "validity" // from and until in one
	FieldEnabled        Field = "enabled"
	FieldDisabled       Field = "disabled"
	FieldHot            Field = "hot"
	FieldThreshold      Field = "threshold"
	FieldOwner          Field = "owner"
	FieldChannel        Field = "channel" // dimension of the answers of the row
	FieldRegion         Field = "region"
	FieldLevel          Field = "level"
	FieldMetadata       Field = "metadata" // k:v | k:v
)

// aliases lists the names of each field in the form of Normalizer.Key. Where two
// columns claim a field that can have only one, the name that stands earlier
// wins.
var aliases = []struct {
	field Field
	names string
}{
	{FieldCategory, "分类 类目 类别 问题类别 问题分类 知识分类 目录 目录路径 类目路径 所属目录 分类路径 所属分类 知识目录 业务分类 " +
		"技能名称 skill 问答分组 category categorypath categorytexts categories tagname skillname"},
	{FieldTag, "标签 tag tags"},
	{FieldQuestion, "标准问 标准问题 标准问法 标准提问 问题 问题标题 知识标题 faq标题 标题 主题 意图名称 intent " +
		"question q post standardquestion title"},
	{FieldTitle, "分段标题"},
	{FieldQuestions, "questions 问题列表"},
	{FieldVariants, "扩展问 相似问 相似问题 相似问法 扩展问题 扩展问法 类似问题 类似问法 补充用户问题 用户常用说法 用户问法 同义问法 " +
		"同义问题 其他问法 相似扩展问 similarquestions similarquestion variants indexes index alternatequestions"},
	{FieldCounter, "反例问 反例问题 反例 反例问法 否定问 否定问题 否定关键词 不响应问 negativequestions counterexamples"},
	{FieldAnswer, "答案 默认答案 答案内容 标准答案 回答 回复 回复内容 机器人回答 知识内容 知识库内容 分段内容 内容 答复 " +
		"answer answers a replies reply content"},
	{FieldChannelAnswers, "渠道答案"},
	{FieldReplyAll, "是否全部回复 全部回复 replyall answerstrategy"},
	{FieldRelated, "关联问题 相关问题 推荐问题 关联问 关联知识 related relatedquestions"},
	{FieldFrom, "生效时间 生效日期 开始时间 开始日期 有效期起 有效期开始 effect effectivefrom effectivetime starttime"},
	{FieldUntil, "失效时间 失效日期 过期时间 截止时间 截止日期 结束时间 有效期止 有效期至 有效期结束 expire expiresat expiretime endtime"},
	{FieldValidity, "有效期 有效时间 有效期限"},
	{FieldEnabled, "是否启用 启用 状态 启用状态 知识状态 是否生效 enabled enable isenabled status"},
	{FieldDisabled, "是否停用 停用 是否禁用 disable disabled isdisabled"},
	{FieldHot, "热点问题 是否置顶 置顶 是否热点 hot"},
	{FieldThreshold, "相似度阈值 标准问题相似度阈值 阈值 threshold"},
	{FieldOwner, "负责人 创建人 创建者 所有者 owner"},
	{FieldID, "知识id 知识编号 编号 id faqid 问题id 知识点id"},
	{FieldGroup, "qnaid"},
	{FieldChannel, "渠道 适用渠道 channel"},
	{FieldRegion, "地区 区域 适用地区 适用区域 region"},
	{FieldLevel, "客户等级 会员等级 用户等级 等级 level"},
	{FieldMetadata, "metadata"},
	{FieldIgnored, "失败原因 关键词 关键字 是否禁止被推荐 isrecommended source 创建时间 更新时间 修改时间 mode"},
}

// meaning is what a name says about its column.
type meaning struct {
	field     Field
	dimension knowledge.Dimension // of FieldAnswer
	level     int                 // of FieldCategoryLevel, 1-based
	numbered  bool                // 相似问1, 相似问2 …
	rank      int                 // place among the names of the field
}

// dictionary translates header names.
type dictionary struct {
	norm  *normalize.Normalizer
	names map[string]meaning
}

func newDictionary(norm *normalize.Normalizer) *dictionary {
	d := &dictionary{norm: norm, names: make(map[string]meaning)}
	for _, a := range aliases {
		for i, name := range strings.Fields(a.names) {
			d.names[name] = meaning{field: a.field, rank: i}
		}
	}
	return d
}

// clean brings a header name to the form of the table of aliases.
func (d *dictionary) clean(raw string) string { return d.norm.Key(stripBrackets(raw)) }

// lookup says what a header name means. Of a name with several parts
// ("分类/目录", or the same in two languages) the first known part counts.
func (d *dictionary) lookup(raw string) meaning {
	if m := d.lookupOne(raw); m.field != FieldUnknown {
		return m
	}
	for _, part := range strings.FieldsFunc(raw, func(r rune) bool { return strings.ContainsRune("/\n|、或", r) }) {
		if m := d.lookupOne(part); m.field != FieldUnknown {
			return m
		}
	}
	return meaning{}
}

// explicitAnswer is the header of answers with a dimension in our layout. The
// names in it may contain brackets.
var explicitAnswer = regexp.MustCompile(`(?s)^答案(\d*)\(((?:渠道|地区|等级):.*)\)$`)

var trailingNumber = regexp.MustCompile(`^(.*\D)(\d{1,4})$`)

func (d *dictionary) lookupOne(raw string) meaning {
	if g := explicitAnswer.FindStringSubmatch(strings.TrimSpace(raw)); g != nil {
		return meaning{field: FieldAnswer, dimension: d.parseDimension(g[2]), numbered: g[1] != ""}
	}
	name := d.clean(raw)
	if m, ok := d.names[name]; ok {
		m.dimension = d.dimensionInBrackets(m.field, raw)
		return m
	}
	if level := categoryLevel(name); level > 0 {
		return meaning{field: FieldCategoryLevel, level: level}
	}
	if g := trailingNumber.FindStringSubmatch(name); g != nil {
		if m := d.names[g[1]]; isList(m.field) {
			m.numbered = true
			m.dimension = d.dimensionInBrackets(m.field, raw)
			return m
		}
	}
	if dim, ok := d.dimensionInName(raw, name); ok {
		return meaning{field: FieldAnswer, dimension: dim}
	}
	return meaning{}
}

// isList reports fields that several columns may hold together.
func isList(f Field) bool {
	return f == FieldVariants || f == FieldCounter || f == FieldRelated || f == FieldAnswer
}

var (
	levelBefore = regexp.MustCompile(`^([一二三四五六七八九十]|\d{1,2})级(?:分类|类目|目录|类别|问题分类|知识分类|知识目录|业务分类)?$`)
	levelAfter  = regexp.MustCompile(`^(?:分类|类目|目录|类别|category(?:level)?)([一二三四五六七八九十]|\d{1,2})级?$`)
)

// categoryLevel returns n for names like 一级分类 or 类目2, else 0.
func categoryLevel(name string) int {
	g := levelBefore.FindStringSubmatch(name)
	if g == nil {
		g = levelAfter.FindStringSubmatch(name)
	}
	if g == nil {
		return 0
	}
	if i := strings.Index("一二三四五六七八九十", g[1]); i >= 0 {
		return i/len("一") + 1
	}
	n := 0
	for _, c := range g[1] {
		n = n*10 + int(c-'0')
	}
	return n
}

// brackets pairs the opening with the closing ones.
const (
	openBrackets  = "([{<（【「『《〔〈［｛"
	closeBrackets = ")]}>）】」』》〕〉］｝"
)

// stripBrackets drops brackets and what is in them. A closing bracket without an
// opening one is dropped, an opening one without a closing one takes the rest
// with it.
func stripBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune(openBrackets, r):
			depth++
		case strings.ContainsRune(closeBrackets, r):
			depth = max(depth-1, 0)
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}
