package kbfile

// Layout names the product whose files look like this.
type Layout string

// The layouts. Those up to LayoutFastGPT can be written too.
const (
	LayoutOwn     Layout = "faqbot"
	LayoutWeChat  Layout = "wechat" // 微信对话开放平台
	LayoutWeKnora Layout = "weknora"
	LayoutMaxKB   Layout = "maxkb"
	LayoutFastGPT Layout = "fastgpt"

	LayoutChatwiki  Layout = "chatwiki"
	LayoutCskefu    Layout = "cskefu"
	LayoutEasemob   Layout = "easemob" // 环信
	LayoutQidian    Layout = "qidian"  // 腾讯企点
	LayoutBeebot    Layout = "beebot"  // 阿里小蜜
	LayoutBaidu     Layout = "baidu"   // 百度 ICS, 客悦
	LayoutHuawei    Layout = "huawei"  // 华为 CBS, KooSearch
	LayoutTencent   Layout = "tencent" // 腾讯 LKE, Desk, TCCC
	LayoutAzure     Layout = "azure"   // Azure QnA Maker
	LayoutAnyQ      Layout = "anyq"    // two columns without a header
	LayoutChatopera Layout = "chatopera"
	LayoutEval      Layout = "eval"    // id, question, variants: no answers
	LayoutGeneric   Layout = "generic" // known names, no known product
)

// Layouts returns the layouts that Write knows.
func Layouts() []Layout {
	return []Layout{LayoutOwn, LayoutWeChat, LayoutWeKnora, LayoutMaxKB, LayoutFastGPT}
}

// signatures tell the layouts apart by names that must all be there, in the form
// of Normalizer.Key. Exact ones allow no other names. The first that fits wins.
var signatures = []struct {
	layout Layout
	exact  bool
	names  []string
}{
	{LayoutOwn, false, []string{"标准问", "扩展问", "反例问"}},
	{LayoutOwn, false, []string{"question", "answers", "variants"}},
	{LayoutWeChat, false, []string{"技能名称", "标准问题"}},
	{LayoutWeChat, false, []string{"skill", "intent", "answers"}},
	{LayoutWeKnora, false, []string{"问题", "相似问题", "反例问题", "机器人回答"}},
	{LayoutWeKnora, false, []string{"standardquestion", "similarquestions", "answers"}},
	{LayoutMaxKB, false, []string{"分段内容"}},
	{LayoutFastGPT, false, []string{"q", "a"}},
	{LayoutChatwiki, false, []string{"问答分组", "相似问法"}},
	{LayoutChatwiki, true, []string{"问题", "相似问题", "答案"}},
	{LayoutCskefu, false, []string{"主题", "知识库内容"}},
	{LayoutCskefu, false, []string{"标题", "热点问题", "回复内容"}},
	{LayoutCskefu, true, []string{"标题", "内容"}},
	{LayoutEasemob, false, []string{"知识标题", "知识内容"}},
	{LayoutQidian, false, []string{"标准问题", "相似问题", "关联问题", "分类", "有效期", "状态"}},
	{LayoutBeebot, false, []string{"类目", "faq标题"}},
	{LayoutBaidu, false, []string{"目录", "标准问"}},
	{LayoutHuawei, false, []string{"问题类别", "扩展问"}},
	{LayoutTencent, true, []string{"分类", "标准问题", "相似问题", "答案"}},
	{LayoutAzure, false, []string{"question", "answer", "source", "metadata"}},
	{LayoutChatopera, false, []string{"post", "replies"}},
	{LayoutEval, true, []string{"id", "question", "variants"}},
	{LayoutEval, true, []string{"id", "question"}},
}

// detectLayout names the layout with these names, in the form of
// Normalizer.Key.
func detectLayout(names []string) Layout {
	have := make(map[string]bool, len(names))
	for _, n := range names {
		if n != "" && n != "失败原因" {
			have[n] = true
		}
	}
	for _, s := range signatures {
		fits := !s.exact || len(s.names) == len(have)
		for _, name := range s.names {
			fits = fits && have[name]
		}
		if fits {
			return s.layout
		}
	}
	return LayoutGeneric
}

// splitsAnswers reports whether "##" separates answers in the layout.
func (l Layout) splitsAnswers() bool {
	return l == LayoutOwn || l == LayoutWeChat || l == LayoutWeKnora
}
