package kbfile

import (
	"strings"
	"testing"

	"faqbot/knowledge"
	"faqbot/knowledge/normalize"
)

func testDictionary(t testing.TB) *dictionary {
	t.Helper()
	n, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	return newDictionary(n)
}

// TestAliasesAreClean holds that each name of the table can be met at all.
func TestAliasesAreClean(t *testing.T) {
	d := testDictionary(t)
	seen := make(map[string]Field)
	for _, a := range aliases {
		for _, name := range strings.Fields(a.names) {
			if got := d.clean(name); got != name {
				t.Errorf("alias %q of %s cleans to %q", name, a.field, got)
			}
			if f, twice := seen[name]; twice {
				t.Errorf("alias %q stands for %s and %s", name, f, a.field)
			}
			seen[name] = a.field
		}
	}
}

// TestLookup covers the names that files of known products use.
func TestLookup(t *testing.T) {
	d := testDictionary(t)
	tests := map[Field][]string{
		FieldCategory: {"分类", "类目", "类别", "问题类别", "问题分类", "知识分类", "目录", "目录路径", "类目路径", "所属目录", "分类路径", "技能名称", "skill",
			"问答分组", "Category", "tag_name", "*分类", "分类（必填）", "分類", " 分 类 "},
		FieldTag: {"标签", "标签(必填)"},
		FieldQuestion: {"标准问", "标准问题", "标准问法", "问题", "问题标题", "知识标题", "FAQ标题", "标题", "主题", "意图名称", "intent", "question", "Q", "post",
			"standard_question", "問題", "*标准问题（必填，不超过30字））"},
		FieldTitle:     {"分段标题", "分段标题（选填）"},
		FieldQuestions: {"questions"},
		FieldVariants: {"相似问", "相似问题", "相似问法", "扩展问", "扩展问题", "类似问题", "补充用户问题", "用户常用说法", "同义问法", "其他问法", "similar_questions",
			"indexes", "相似问1", "扩展问 12", "相似问法3", "相似问题(2)"},
		FieldCounter:        {"反例问题", "反例", "否定问", "否定关键词", "不响应问", "negative_questions", "反例问题(选填-多个用##分隔)"},
		FieldAnswer:         {"答案", "答案内容", "标准答案", "回答", "回复", "回复内容", "机器人回答", "知识内容", "知识库内容", "分段内容", "内容", "答复", "answer", "answers", "a", "默认答案", "答案2"},
		FieldRelated:        {"关联问题", "相关问题", "推荐问题"},
		FieldFrom:           {"生效时间", "生效日期", "开始时间", "有效期起", "effect"},
		FieldUntil:          {"失效时间", "过期时间", "截止时间", "有效期止", "有效期至", "expire"},
		FieldValidity:       {"有效期"},
		FieldEnabled:        {"状态", "是否启用"},
		FieldDisabled:       {"是否停用", "disable", "是否停用(选填-默认FALSE)"},
		FieldHot:            {"是否置顶", "热点问题", "是否置顶(0/1)"},
		FieldReplyAll:       {"是否全部回复"},
		FieldThreshold:      {"相似度阈值", "标准问题相似度阈值"},
		FieldOwner:          {"创建人", "负责人"},
		FieldID:             {"知识ID", "编号", "id"},
		FieldChannelAnswers: {"渠道答案"},
		FieldCategoryLevel:  {"一级分类", "二级分类", "三级分类", "1级类目", "类目2", "分类一"},
		FieldIgnored:        {"失败原因", "关键词", "是否禁止被推荐"},
		FieldUnknown:        {"", "序号", "备注", "问题描述图片", "12"},
	}
	for field, names := range tests {
		for _, name := range names {
			if got := d.lookup(name); got.field != field {
				t.Errorf("lookup(%q) = %q, want %q", name, got.field, field)
			}
		}
	}
}

func TestLookupDimension(t *testing.T) {
	d := testDictionary(t)
	tests := map[string]knowledge.Dimension{
		"答案":               {},
		"答案(必填)":           {},
		"默认答案":             {},
		"答案(微信)":           {Channel: "wechat"},
		"答案（网站）":           {Channel: "web"},
		"答案[APP]":          {Channel: "app"},
		"微信答案":             {Channel: "wechat"},
		"答案-微信":            {Channel: "wechat"},
		"web答案":            {Channel: "web"},
		"网站答案":             {Channel: "web"},
		"公众号回复":            {Channel: "wechat"},
		"视角:微信":            {Channel: "wechat"},
		"视角：上海市":           {Region: "上海市"},
		"视角:VIP客户":         {Level: "VIP客户"},
		"视角:默认":            {},
		"答案(视角:华东)":        {Region: "华东"},
		"答案(渠道:app)":       {Channel: "app"},
		"答案2(微信)":          {Channel: "wechat"},
		"答案(地区:华东;等级:VIP)": {Region: "华东", Level: "VIP"},
		`答案(渠道:a\:b\;c;地区:(x)]【y;等级:\\)`: {Channel: "a:b;c", Region: "(x)]【y", Level: `\`},
	}
	for header, want := range tests {
		got := d.lookup(header)
		if got.field != FieldAnswer || got.dimension != want {
			t.Errorf("lookup(%q) = %q %+v, want %+v", header, got.field, got.dimension, want)
		}
	}
}

func TestCategoryLevel(t *testing.T) {
	for name, want := range map[string]int{"一级分类": 1, "三级类目": 3, "十级分类": 10, "2级目录": 2, "分类3": 3, "category2": 2, "分类": 0, "零级分类": 0} {
		if got := categoryLevel(name); got != want {
			t.Errorf("categoryLevel(%q) = %d, want %d", name, got, want)
		}
	}
}

// TestMapColumns covers names whose meaning depends on their neighbours.
func TestMapColumns(t *testing.T) {
	d := testDictionary(t)
	tests := []struct {
		name    string
		headers string
		want    string
	}{
		{"the better name wins", "标题 问题 答案", "ignored question answer"},
		{"questions beside a question", "question questions answer", "question variants answer"},
		{"questions alone", "questions answer", "questions answer"},
		{"title with questions", "分段标题 分段内容 问题", "title answer questions"},
		{"tag is a category for WeKnora", "标签 问题 相似问题 反例问题 机器人回答", "category question variants counter answer"},
		{"tag is nothing elsewhere", "标签 问题 答案", "ignored question answer"},
		{"tag beside a category", "分类 标签 问题 相似问题 反例问题 机器人回答", "category ignored question variants counter answer"},
		{"levels win over the path", "分类 一级分类 二级分类 问题 答案", "ignored category_level category_level question answer"},
		{"the path as first level", "分类 二级分类 问题 答案", "category_level category_level question answer"},
		{"several variants", "问题 相似问 扩展问 答案", "question variants variants answer"},
		{"two answers for the same", "问题 答案 回答", "question answer ignored"},
		{"alternatives by number", "问题 答案1 答案2", "question answer answer"},
		{"metadata elsewhere", "问题 答案 metadata qnaid", "question answer ignored ignored"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns, _ := d.mapColumns(strings.Fields(tt.headers), nil)
			var got []string
			for _, c := range columns {
				got = append(got, string(c.Field))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

func TestMappingOverrides(t *testing.T) {
	d := testDictionary(t)
	columns, _ := d.mapColumns([]string{"客户怎么问", "问题", "处理办法"}, map[string]Field{"客户怎么问": FieldQuestion, "处理办法": FieldAnswer})
	want := []Field{FieldQuestion, FieldIgnored, FieldAnswer}
	for i, c := range columns {
		if c.Field != want[i] {
			t.Errorf("column %q = %q, want %q", c.Header, c.Field, want[i])
		}
	}
	same, _ := d.mapColumns([]string{"客户怎么问", "问题", "处理办法 "}, nil)
	other, _ := d.mapColumns([]string{"客户怎么问", "问题"}, nil)
	if Fingerprint(columns) != Fingerprint(same) || Fingerprint(columns) == Fingerprint(other) {
		t.Error("Fingerprint must depend on the headers alone")
	}
}
