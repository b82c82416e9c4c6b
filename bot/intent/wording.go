package intent

import (
	"math/bits"
	"strings"

	"faqbot/knowledge/segment"
)

// maxRunes bounds what is compared of one wording: the cost of comparing grows
// with the square of it, and no question needs more.
const maxRunes = 96

// wording is one way to ask, prepared for comparison.
type wording struct {
	runes []rune  // canonical text without fillers, at most maxRunes
	ends  []uint8 // ends[i] is where the i-th word ends in runes
	asks  questionType
	poles poles
	not   bool // negated
	cut   bool // longer than maxRunes
}

// newWording prepares a form. Words that carry no meaning are left out unless
// nothing else is there.
func newWording(f segment.Form, stop *stopWords) wording {
	words := stop.content(f)
	if len(words) == 0 {
		for _, t := range f.Words {
			words = append(words, t.Text)
		}
	}
	w := wording{asks: questionTypeOf(f.Text), poles: polesOf(f.Text), not: negated(f.Text)}
	w.ends = make([]uint8, 0, len(words))
	w.runes = make([]rune, 0, min(maxRunes, len(f.Text)/3+1))
	for _, word := range words {
		for _, r := range word {
			if r == ' ' {
				continue
			}
			if len(w.runes) == maxRunes {
				w.cut = true
				break
			}
			w.runes = append(w.runes, r)
		}
		if n := len(w.runes); n > 0 && (len(w.ends) == 0 || int(w.ends[len(w.ends)-1]) < n) {
			w.ends = append(w.ends, uint8(n))
		}
	}
	return w
}

// words calls visit with the half-open range of each word.
func (w *wording) words(visit func(from, to int)) {
	from := 0
	for _, end := range w.ends {
		visit(from, int(end))
		from = int(end)
	}
}

// questionType is the set of what a wording asks for, one bit each.
type questionType uint16

// questionWords lists, per type, the words that show it. Longer words come
// first; a word found is cut out so that 为什么 does not count as 什么 too.
var questionWords = []struct {
	bit   questionType
	words []string
}{
	{1 << 10, []string{"区别", "不同", "差别", "哪个好", "比较"}},
	{1 << 0, []string{"为什么", "为啥", "为何", "怎么会", "咋回事", "怎么回事", "什么原因", "原因", "什么情况"}},
	{1 << 1, []string{"什么时候", "啥时候", "何时", "多久", "多长时间", "几点", "几天", "几号", "时间", "哪天", "多会儿", "期限"}},
	{1 << 2, []string{"多少钱", "多钱", "价格", "价钱", "费用", "收费", "贵不贵", "怎么卖", "要钱", "报价"}},
	{1 << 3, []string{"哪里", "哪儿", "在哪", "地址", "什么地方", "位置", "去哪", "哪有"}},
	{1 << 4, []string{"怎么办", "怎么样", "怎么", "如何", "怎样", "咋办", "咋", "流程", "步骤", "方法", "办法"}},
	{1 << 5, []string{"多少", "几个", "几次", "几张", "多大", "多高", "多长", "多远"}},
	{1 << 6, []string{"是什么", "什么是", "什么意思", "啥意思", "哪些", "哪个", "哪种", "什么", "啥"}},
	{1 << 7, []string{"谁"}},
	{1 << 8, []string{"可不可以", "能不能", "可以", "能否", "行不行", "能", "可否"}},
	{1 << 9, []string{"是不是", "有没有", "是否", "有无", "吗", "么", "嘛", "不"}},
}

func questionTypeOf(text string) questionType {
	var t questionType
	for _, q := range questionWords {
		for _, word := range q.words {
			if strings.Contains(text, word) {
				t |= q.bit
				text = strings.ReplaceAll(text, word, " ")
			}
		}
	}
	return t
}

// agreement returns how much two types share, 0 to 1; wordings that ask for
// nothing in particular agree with all.
func (t questionType) agreement(o questionType) float64 {
	if t == 0 || o == 0 {
		return 0.5
	}
	return float64(bits.OnesCount16(uint16(t&o))) / float64(bits.OnesCount16(uint16(t|o)))
}

// poles records which sides of pairs of opposites a wording names: bit 2i for
// one side of pair i, bit 2i+1 for the other.
type poles uint64

// opposites are pairs of sets of words; a wording that names one side only does
// not mean one that names the other side only.
var opposites = [][2][]string{
	{{"开通", "开启", "打开", "启用", "激活", "订阅", "订购", "办理", "申请", "参加", "加入", "开户"}, {"取消", "关闭", "退订", "注销", "停用", "解除", "终止", "退出", "关掉", "不想用", "不要了", "销户", "退网", "关了"}},
	{{"绑定", "绑", "关联"}, {"解绑", "解除绑定", "取消绑定", "解绑定"}},
	{{"增加", "提高", "提升", "上调", "加大", "调高", "升级", "变大"}, {"减少", "降低", "下调", "减小", "调低", "降级", "变小"}},
	{{"安装", "装"}, {"拆", "卸", "移除"}},
	{{"借", "贷款"}, {"还款", "还钱", "还清", "还贷"}},
	{{"充值", "存", "交费", "缴费", "充"}, {"提现", "取出", "退款", "退钱", "转出", "退费"}},
	{{"登录", "登陆", "上线"}, {"退出登录", "登出", "下线"}},
	{{"提前", "早"}, {"延期", "推迟", "延迟", "晚"}},
	{{"收到", "接收", "到账"}, {"发送", "寄出", "发出", "寄"}},
	{{"最高", "最大", "最多", "上限"}, {"最低", "最小", "最少", "下限"}},
	{{"国内"}, {"国外", "国际", "境外", "出国"}},
	{{"成功"}, {"失败"}},
	{{"停机"}, {"复机", "开机"}},
	{{"个人"}, {"企业", "公司", "单位"}},
	{{"纸质"}, {"电子"}},
	{{"自动"}, {"手动"}},
	{{"买", "购"}, {"卖", "售"}},
	{{"热", "加热", "烫"}, {"冷", "冰", "凉", "制冷"}},
	{{"进", "入"}, {"出"}},
	{{"男"}, {"女"}},
	{{"左"}, {"右"}},
	{{"上"}, {"下"}},
	{{"新"}, {"旧", "老", "二手"}},
	{{"首", "第1", "第一"}, {"第2", "第二"}},
	{{"大"}, {"小"}},
}

// strongPairs is how many of the pairs above are whole words.
const strongPairs = 16

// strongPoles masks the pairs of whole verbs and nouns; the single characters
// below them occur in too many other words to weigh as much.
const strongPoles = poles(1)<<(2*strongPairs) - 1

// polesOf looks for the second side first and cuts what it finds, so that 解绑
// does not count as 绑.
func polesOf(text string) poles {
	var p poles
	for i, pair := range opposites {
		rest := text
		for side := 1; side >= 0; side-- {
			for _, word := range pair[side] {
				if strings.Contains(rest, word) {
					p |= 1 << (2*i + side)
					rest = strings.ReplaceAll(rest, word, " ")
				}
			}
		}
	}
	return p
}

// opposed counts the pairs of which one wording names one side only and the
// other the other side only.
func (p poles) opposed(o poles) int {
	const one poles = 0x5555555555555555
	first, second := p&one, p>>1&one
	oFirst, oSecond := o&one, o>>1&one
	return bits.OnesCount64(uint64(first&^second&oSecond&^oFirst | second&^first&oFirst&^oSecond))
}

// notNegation are phrases with a negator that negate nothing.
var notNegation = strings.NewReplacer(
	"是不是", "", "能不能", "", "可不可以", "", "有没有", "", "会不会", "", "要不要", "", "行不行", "",
	"好不好", "", "用不用", "", "需不需要", "", "算不算", "", "不好意思", "", "不仅", "", "不过", "", "不管", "", "不小心", "", "没事", "", "未来", "",
	"区别", "", "识别", "", "特别", "", "别人", "", "性别", "", "级别", "", "分别", "", "个别", "", "类别", "", "告别", "",
	"无线", "", "不锈钢", "", "无锡", "", "不动产", "")

// negated reports whether a text says no: an odd number of negators.
func negated(text string) bool {
	n := 0
	for _, r := range notNegation.Replace(text) {
		switch r {
		case '不', '没', '无', '未', '别', '勿':
			n++
		}
	}
	return n%2 == 1
}
