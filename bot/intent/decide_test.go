package intent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot/intent"
	"faqbot/knowledge"
)

func TestExactHit(t *testing.T) {
	m := newMatcher(t,
		entry("net", "如何办理宽带", "装宽带找谁", "WiFi密码是多少", "家里上不了网", "喂", "10086"),
		entry("bill", "怎么开发票", "发票"),
	)
	for _, tt := range []struct{ name, text, want, reason string }{
		{"standard question", "如何办理宽带", "net", "标准问「如何办理宽带」"},
		{"variant", "装宽带找谁", "net", "扩展问「装宽带找谁」"},
		{"traditional characters", "如何辦理寬帶", "net", "标准问"},
		{"punctuation", "“如何办理宽带”……？！", "net", "标准问"},
		{"emoji", "😀如何办理宽带👍🏽", "net", "标准问"},
		{"blanks", " 如何\t办理\u3000宽带\n", "net", "标准问"},
		{"zero width", "如何\u200b办理\ufeff宽带", "net", "标准问"},
		{"full width and case", "ｗＩＦＩ密码是多少", "net", "扩展问「WiFi密码是多少」"},
		{"one character that is a wording", "喂", "net", "扩展问「喂」"},
		{"digits that are a wording", "１００８６", "net", "扩展问「10086」"},
		{"of the other entry", "發票", "bill", "扩展问「发票」"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := ask(t, m, tt.text)
			if d.Kind != intent.Answer || d.Entry.ID != tt.want || d.Trace.Rule != "exact" || d.Confidence != 1 {
				t.Errorf("got %s %q by %s (%v), want an exact answer by %s", d.Kind, d.Entry.ID, d.Trace.Rule, d.Confidence, tt.want)
			}
			if !strings.Contains(d.Reason, tt.reason) || !strings.Contains(d.Reason, "完全一致") {
				t.Errorf("reason %q does not say %q", d.Reason, tt.reason)
			}
			if diff := cmp.Diff([]string{"答案 " + tt.want}, d.Texts); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			if d.Trace.Text != tt.text {
				t.Errorf("trace says %q was asked", d.Trace.Text)
			}
		})
	}
}

func TestExactHitSharedByEntriesIsClarified(t *testing.T) {
	entries := []knowledge.Entry{
		entry("a", "取消流量包", "退订"), entry("b", "取消彩铃", "退订"), entry("c", "怎么开发票"),
	}
	d := ask(t, newMatcher(t, entries...), "退订！")
	if d.Kind != intent.Clarify || d.Trace.Rule != "exact" || d.Entry.ID != "" || d.Texts != nil {
		t.Fatalf("got %s %q by %s, want to ask which is meant", d.Kind, d.Entry.ID, d.Trace.Rule)
	}
	want := []intent.Candidate{{Entry: "a", Question: "取消流量包", Confidence: 0.5}, {Entry: "b", Question: "取消彩铃", Confidence: 0.5}}
	if diff := cmp.Diff(want, d.Candidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if !strings.Contains(d.Reason, "2 个知识点") {
		t.Errorf("reason = %q", d.Reason)
	}

	entries[1].Enabled = false
	if d := ask(t, newMatcher(t, entries...), "退订"); d.Kind != intent.Answer || d.Entry.ID != "a" {
		t.Errorf("with one of them disabled: %s %q, want an answer by a", d.Kind, d.Entry.ID)
	}
	var many []knowledge.Entry
	for i := range 7 {
		many = append(many, entry(fmt.Sprint("e", i), fmt.Sprintf("第%d种业务", i), "退订"))
	}
	if d := ask(t, newMatcher(t, many...), "退订"); d.Kind != intent.Clarify || len(d.Candidates) != intent.MaxCandidates {
		t.Errorf("with seven of them: %s with %d candidates", d.Kind, len(d.Candidates))
	}
}

// An entry that repeats its standard question among the variants is one entry.
func TestExactHitTwiceInOneEntry(t *testing.T) {
	d := ask(t, newMatcher(t, entry("a", "怎么退订", "怎么退订？", "怎么退订!")), "怎么退订")
	if d.Kind != intent.Answer || d.Entry.ID != "a" || d.Confidence != 1 {
		t.Errorf("got %s %q %v, want a sure answer", d.Kind, d.Entry.ID, d.Confidence)
	}
}

// The order in which entries are given must not decide what is offered.
func TestOrderOfEntriesDoesNotMatter(t *testing.T) {
	entries := []knowledge.Entry{
		entry("a", "取消流量包", "退订"), entry("b", "取消彩铃", "退订"), entry("c", "取消会员", "退订"),
		entry("d", "取消宽带", "退订"), entry("e", "怎么取消宽带"),
	}
	reversed := slices.Clone(entries)
	slices.Reverse(reversed)
	model, analyzer := clearWeights().model(t), plainAnalyzer(t)
	one := intent.New(model, analyzer, everything(entries), stopWords, entries)
	other := intent.New(model, analyzer, everything(entries), stopWords, reversed)
	for _, text := range []string{"退订", "取消宽带", "想取消彩铃和宽带", "怎么取消"} {
		if diff := cmp.Diff(ask(t, one, text), ask(t, other, text)); diff != "" {
			t.Errorf("%q (-in order +reversed):\n%s", text, diff)
		}
	}
}

// The order in which wordings are recalled must not decide either: an index that
// was built anew recalls in another order than one that caught up.
func TestOrderOfRecallDoesNotMatter(t *testing.T) {
	entries := []knowledge.Entry{
		entry("a", "怎么取消流量包", "流量包取消怎么弄", "我要取消流量包", "取消", "流量包有哪些"),
		entry("b", "怎么办理宽带", "办宽带", "怎么取消宽带套餐的流量包"),
	}
	w := clearWeights()
	w.Signals["agree"] = 3
	forwards, err := everything(entries).Recall(context.Background(), plainAnalyzer(t).Analyze(""), 0)
	if err != nil {
		t.Fatal(err)
	}
	backwards := slices.Clone(forwards)
	slices.Reverse(backwards)
	one := intent.New(w.model(t), plainAnalyzer(t), fixedHits(forwards), stopWords, entries)
	other := intent.New(w.model(t), plainAnalyzer(t), fixedHits(backwards), stopWords, entries)
	for _, text := range []string{"想取消流量包", "取消流量", "办个宽带"} {
		if diff := cmp.Diff(ask(t, one, text), ask(t, other, text)); diff != "" {
			t.Errorf("%q (-forwards +backwards):\n%s", text, diff)
		}
	}
}

// Neither does the order in which an editor wrote the variants.
func TestOrderOfVariantsDoesNotMatter(t *testing.T) {
	w := clearWeights()
	w.Signals["agree"] = 3
	variants := []string{"流量包取消怎么弄", "我要取消流量包", "取消", "流量包有哪些"}
	var confidences []float64
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}} {
		e := entry("a", "流量包的事")
		for _, i := range order {
			e.Variants = append(e.Variants, variants[i])
		}
		m := intent.New(w.model(t), plainAnalyzer(t), everything{e}, stopWords, []knowledge.Entry{e})
		confidences = append(confidences, ask(t, m, "想取消流量包").Confidence)
	}
	if confidences[0] != confidences[1] || confidences[0] != confidences[2] {
		t.Errorf("the same variants in three orders give the confidences %v", confidences)
	}
}

func TestEntriesThatMayNotAnswer(t *testing.T) {
	edit := func(change func(*knowledge.Entry)) knowledge.Entry {
		e := entry("x", "怎么参加周年庆活动", "喜")
		change(&e)
		return e
	}
	tests := []struct {
		name, reason string
		entry        knowledge.Entry
	}{
		{"disabled", "已停用", edit(func(e *knowledge.Entry) { e.Enabled = false })},
		{"expired", "已失效（2026-03-01 08:30）", edit(func(e *knowledge.Entry) { e.ExpiresAt = time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC) })},
		{"expires this very moment", "已失效", edit(func(e *knowledge.Entry) { e.ExpiresAt = noon })},
		{"not yet effective", "还未生效（2026-04-01 00:00 起）", edit(func(e *knowledge.Entry) { e.EffectiveFrom = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) })},
		{"no answer for the visitor", "维度", edit(func(e *knowledge.Entry) { e.Answers[0].Dimension.Channel = "wechat" })},
		{"counter-example", "命中反例问「怎么参加周年庆活动？」", edit(func(e *knowledge.Entry) { e.CounterExamples = []string{"无关", "怎么参加周年庆活动？"} })},
	}
	others := []knowledge.Entry{entry("y", "怎么报名参加抽奖活动"), entry("z", "门店几点关门")}
	for _, tt := range tests {
		for _, company := range [][]knowledge.Entry{nil, others} {
			t.Run(fmt.Sprintf("%s among %d", tt.name, len(company)), func(t *testing.T) {
				d := ask(t, newMatcher(t, append(slices.Clone(company), tt.entry)...), "怎么参加周年庆活动")
				if d.Entry.ID == "x" || slices.Contains(ids(d.Candidates), "x") {
					t.Errorf("the entry was used: %s %q %v", d.Kind, d.Entry.ID, ids(d.Candidates))
				}
				if !strings.Contains(d.Reason, tt.reason) {
					t.Errorf("%s: reason %q does not say %q", d.Kind, d.Reason, tt.reason)
				}
				if i := slices.IndexFunc(d.Trace.Candidates, func(c intent.CandidateTrace) bool { return c.Entry == "x" }); i < 0 || d.Trace.Candidates[i].Excluded == "" {
					t.Errorf("the trace does not show the entry as excluded: %+v", d.Trace.Candidates)
				}
			})
		}
	}
}

// Somebody who asks for what is over must not be told about something else as if
// that were it.
func TestNothingElseAnswersForAnExactHit(t *testing.T) {
	gone := entry("x", "怎么参加周年庆活动")
	gone.ExpiresAt = noon.Add(-time.Hour)
	d := ask(t, newMatcher(t, gone, entry("y", "怎么报名参加抽奖活动"), entry("z", "门店几点关门")), "怎么参加周年庆活动")
	if d.Kind == intent.Answer {
		t.Errorf("the question of an expired entry is answered by %q: %s", d.Entry.Question, d.Reason)
	}
}

// The same when the words are not quite those of the entry that is over, but
// nearer to it than to any other.
func TestNothingElseAnswersForANearerEntry(t *testing.T) {
	gone, other := entry("x", "怎么参加周年庆活动"), entry("y", "怎么参加抽奖活动")
	const text = "怎么参加周年庆活动呀"
	if d := ask(t, newMatcher(t, other), text); d.Kind != intent.Answer {
		t.Fatalf("alone, the other entry was to answer: %s", d.Reason)
	}
	gone.ExpiresAt = noon.Add(-time.Hour)
	d := ask(t, newMatcher(t, gone, other, entry("z", "门店几点关门")), text)
	if d.Kind == intent.Answer || !strings.Contains(d.Reason, "已失效") {
		t.Errorf("%s by %q because %s", d.Kind, d.Entry.Question, d.Reason)
	}
}

// An exact wording of one character is found; if its entry may not answer, the
// reason says so, and not that one character is too short.
func TestShortExactHitThatMayNotAnswer(t *testing.T) {
	e := entry("x", "人工", "喂", "10086")
	e.Enabled = false
	m := newMatcher(t, e)
	for _, text := range []string{"喂", "10086"} {
		d := ask(t, m, text)
		if d.Kind != intent.Refuse || !strings.Contains(d.Reason, "已停用") {
			t.Errorf("%q: %s because %q, want a refusal because the entry is disabled", text, d.Kind, d.Reason)
		}
	}
}

func TestValidityToTheMoment(t *testing.T) {
	e := entry("x", "春节怎么营业")
	e.EffectiveFrom, e.ExpiresAt = noon, noon.Add(time.Hour)
	m := newMatcher(t, e)
	for _, tt := range []struct {
		at   time.Time
		want intent.Kind
	}{
		{noon.Add(-time.Second), intent.Refuse}, {noon, intent.Answer},
		{noon.Add(time.Hour - time.Second), intent.Answer}, {noon.Add(time.Hour), intent.Refuse},
		{noon.In(time.FixedZone("CST", 8*3600)), intent.Answer},
	} {
		if d := decide(t, m, intent.Query{Text: "春节怎么营业", At: tt.at}); d.Kind != tt.want {
			t.Errorf("at %v: %s, want %s", tt.at, d.Kind, tt.want)
		}
	}
}

func TestNearerCounterExample(t *testing.T) {
	with := entry("cancel", "怎么取消流量套餐")
	with.CounterExamples = []string{"取消流量套餐要交违约金吗"}
	without := with
	without.CounterExamples = nil
	const question = "取消流量套餐要违约金"
	if d := ask(t, newMatcher(t, without), question); d.Kind == intent.Refuse {
		t.Fatalf("without the counter-example %q is refused: %s", question, d.Reason)
	}
	d := ask(t, newMatcher(t, with), question)
	if d.Kind != intent.Refuse || !strings.Contains(d.Reason, "更接近反例问「取消流量套餐要交违约金吗」") {
		t.Errorf("got %s because %q, want a refusal that names the counter-example", d.Kind, d.Reason)
	}
	if d := ask(t, newMatcher(t, with), "怎样取消流量套餐"); d.Kind != intent.Answer {
		t.Errorf("the entry does not answer its own question any more: %s because %q", d.Kind, d.Reason)
	}
}

func TestThresholds(t *testing.T) {
	const question = "业务怎么办"
	about := func(e knowledge.Entry, thresholds intent.Thresholds) intent.Decision {
		w := clearWeights()
		w.Bias, w.Thresholds = -7.5, thresholds
		return ask(t, intent.New(w.model(t), plainAnalyzer(t), everything{e}, stopWords, []knowledge.Entry{e}), question)
	}
	confidence := about(entry("a", "怎么办理宽带业务"), clearWeights().Thresholds).Confidence
	if confidence < 0.25 || confidence > 0.9 {
		t.Fatalf("the question was to be somewhat sure, confidence %v", confidence)
	}
	for _, tt := range []struct {
		name            string
		answer, suggest float64
		own             float64
		want            intent.Kind
		reason          string
	}{
		{"above both", confidence - 0.05, 0.1, 0, intent.Answer, "达到回答线"},
		{"between", confidence + 0.05, 0.1, 0, intent.Suggest, "未到回答线"},
		{"below both", confidence + 0.06, confidence + 0.05, 0, intent.Refuse, "低于推荐线"},
		{"own threshold is lower", confidence + 0.05, 0.1, confidence - 0.05, intent.Answer, "达到回答线"},
		{"own threshold is higher", confidence - 0.05, 0.1, confidence + 0.05, intent.Suggest, "未到回答线"},
		{"own threshold of one", 0.1, 0.1, 1, intent.Suggest, "未到回答线 100%"},
		{"own threshold below the line of suggestions", confidence + 0.06, confidence + 0.05, 0.1, intent.Answer, "达到回答线 10%"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entry("a", "怎么办理宽带业务")
			e.Threshold = tt.own
			d := about(e, intent.Thresholds{Answer: tt.answer, Suggest: tt.suggest, Margin: 0.15})
			if d.Kind != tt.want || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("got %s because %q, want %s because %q", d.Kind, d.Reason, tt.want, tt.reason)
			}
			if d.Confidence != confidence {
				t.Errorf("confidence %v, want %v whatever the thresholds", d.Confidence, confidence)
			}
			wantAt := tt.answer
			if tt.own != 0 {
				wantAt = tt.own
			}
			if d.Trace.AnswerAt != wantAt || d.Trace.SuggestAt != tt.suggest {
				t.Errorf("trace has the thresholds %v and %v, want %v and %v", d.Trace.AnswerAt, d.Trace.SuggestAt, wantAt, tt.suggest)
			}
		})
	}
}

// Another entry's threshold is of no concern.
func TestThresholdIsThatOfTheBest(t *testing.T) {
	other := entry("b", "怎么打印发票")
	other.Threshold = 1
	if d := ask(t, newMatcher(t, entry("a", "怎么办理宽带"), other), "怎样办理宽带"); d.Kind != intent.Answer || d.Entry.ID != "a" {
		t.Errorf("got %s %q because %q", d.Kind, d.Entry.ID, d.Reason)
	}
}

func TestMargin(t *testing.T) {
	twins := []knowledge.Entry{entry("a", "移动宽带怎么安装"), entry("b", "电信宽带怎么安装")}
	d := ask(t, newMatcher(t, twins...), "宽带怎么安装")
	if d.Kind != intent.Clarify || d.Trace.Rule != "margin" {
		t.Fatalf("got %s by %s because %q, want to ask which is meant", d.Kind, d.Trace.Rule, d.Reason)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids(d.Candidates)); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if !strings.Contains(d.Reason, "移动宽带怎么安装") || !strings.Contains(d.Reason, "电信宽带怎么安装") {
		t.Errorf("the reason does not name both: %s", d.Reason)
	}
	if d := ask(t, newMatcher(t, twins...), "移动的宽带怎么安装"); d.Kind != intent.Answer || d.Entry.ID != "a" {
		t.Errorf("a clear question: %s %q because %q", d.Kind, d.Entry.ID, d.Reason)
	}
	twins[1].Enabled = false
	if d := ask(t, newMatcher(t, twins...), "宽带怎么安装"); d.Kind == intent.Clarify {
		t.Errorf("one that may not answer is no choice: %s", d.Reason)
	}
	w := clearWeights()
	w.Thresholds.Margin = 0
	twins[1].Enabled = true
	m := intent.New(w.model(t), plainAnalyzer(t), everything(twins), stopWords, twins)
	if d := ask(t, m, "宽带怎么安装"); d.Kind != intent.Answer || d.Entry.ID != "a" {
		t.Errorf("without a margin: %s %q, want the first by id", d.Kind, d.Entry.ID)
	}
}

// To ask which is meant takes at least two, however wide the margin.
func TestClarifyOffersAtLeastTwo(t *testing.T) {
	w := clearWeights()
	w.Thresholds = intent.Thresholds{Answer: 0.7, Suggest: 0.6, Margin: 0.99}
	entries := []knowledge.Entry{entry("a", "怎么办理宽带"), entry("b", "怎么办理积分兑换业务呢")}
	m := intent.New(w.model(t), plainAnalyzer(t), everything(entries), stopWords, entries)
	for _, text := range []string{"怎样办理宽带", "办理宽带", "怎么办理宽带呀", "怎么办理"} {
		if d := ask(t, m, text); d.Kind == intent.Clarify && len(d.Candidates) < 2 {
			t.Errorf("%q: asks which is meant and offers %v", text, ids(d.Candidates))
		}
	}
}

// Suggestions are entries, not wordings: never one twice, and at most three.
func TestOffersAreEntries(t *testing.T) {
	var entries []knowledge.Entry
	for i, where := range []string{"北京", "上海", "广州", "深圳", "成都"} {
		entries = append(entries, entry(fmt.Sprint("e", i), where+"门店在哪里", where+"的门店在哪", where+"门店地址", "去"+where+"门店怎么走"))
	}
	m := newMatcher(t, entries...)
	for _, text := range []string{"门店在哪里", "门店地址", "门店", "怎么走", "北京上海门店在哪里"} {
		d := ask(t, m, text)
		got := ids(d.Candidates)
		if len(got) > intent.MaxCandidates || len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("%q: %s offers %v", text, d.Kind, got)
		}
		if (d.Kind == intent.Suggest || d.Kind == intent.Clarify) && len(got) == 0 {
			t.Errorf("%q: %s offers nothing", text, d.Kind)
		}
		for i := 1; i < len(d.Candidates); i++ {
			if d.Candidates[i].Confidence > d.Candidates[i-1].Confidence {
				t.Errorf("%q: the offers are not ordered: %+v", text, d.Candidates)
			}
		}
	}
}

func TestAnswerForTheVisitor(t *testing.T) {
	dimension := func(channel, region, level string) knowledge.Dimension {
		return knowledge.Dimension{Channel: channel, Region: region, Level: level}
	}
	answer := func(d knowledge.Dimension, text string) knowledge.Answer {
		return knowledge.Answer{Dimension: d, Texts: []string{text}}
	}
	all := []knowledge.Answer{
		answer(dimension("", "", ""), "默认"), answer(dimension("wechat", "", ""), "微信"), answer(dimension("", "上海", ""), "上海"),
		answer(dimension("", "", "金卡"), "金卡"), answer(dimension("wechat", "上海", ""), "微信上海"),
	}
	for _, tt := range []struct {
		name    string
		answers []knowledge.Answer
		visitor knowledge.Dimension
		want    []string // nil: excluded
	}{
		{"nothing known", all, dimension("", "", ""), []string{"默认"}},
		{"another channel", all, dimension("web", "北京", "银卡"), []string{"默认"}},
		{"channel", all, dimension("wechat", "北京", ""), []string{"微信"}},
		{"channel in capitals", all, dimension("WeChat", "", ""), []string{"微信"}},
		{"region", all, dimension("web", "上海", ""), []string{"上海"}},
		{"level", all, dimension("web", "", "金卡"), []string{"金卡"}},
		{"region before level", all, dimension("", "上海", "金卡"), []string{"上海"}},
		{"channel before region and level", all, dimension("wechat", "北京", "金卡"), []string{"微信"}},
		{"two of them", all, dimension("wechat", "上海", "金卡"), []string{"微信上海"}},
		{"no default", all[1:2], dimension("web", "", ""), nil},
		{"no default, unknown visitor", all[1:2], dimension("", "", ""), nil},
		{"no default but fits", all[1:2], dimension("wechat", "", ""), []string{"微信"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entry("a", "怎么办理宽带")
			e.Answers = tt.answers
			m := newMatcher(t, e)
			for _, text := range []string{"怎么办理宽带", "怎样办理宽带"} {
				d := decide(t, m, intent.Query{Text: text, At: noon, Dimension: tt.visitor})
				if diff := cmp.Diff(tt.want, d.Texts); diff != "" {
					t.Errorf("%q (-want +got):\n%s", text, diff)
				}
				if answered := d.Kind == intent.Answer; answered != (tt.want != nil) {
					t.Errorf("%q: %s because %q", text, d.Kind, d.Reason)
				}
			}
		})
	}
}

func TestAlternativeTexts(t *testing.T) {
	e := entry("a", "你们几点开门")
	for i := range 12 {
		e.Variants = append(e.Variants, fmt.Sprintf("开门时间%c", 'a'+i))
	}
	texts := []string{"九点", "早上九点", "9:00"}
	e.Answers[0].Texts = texts
	m := newMatcher(t, e)
	seen := map[string]bool{}
	for _, question := range e.Questions() {
		d := ask(t, m, question)
		if len(d.Texts) != 1 || !slices.Contains(texts, d.Texts[0]) {
			t.Fatalf("%q: %q, want one of %q", question, d.Texts, texts)
		}
		seen[d.Texts[0]] = true
		if again := ask(t, m, "　"+question+"？"); !slices.Equal(again.Texts, d.Texts) {
			t.Errorf("%q got %q, and %q when asked again", question, d.Texts, again.Texts)
		}
	}
	if len(seen) != len(texts) {
		t.Errorf("of %q only %v are ever given", texts, seen)
	}
	e.ReplyAll = true
	for _, question := range []string{"你们几点开门", "你们早上几点开门"} {
		if d := ask(t, newMatcher(t, e), question); !slices.Equal(d.Texts, texts) {
			t.Errorf("an entry that replies with all says %q to %q (%s)", d.Texts, question, d.Kind)
		}
	}
}

// An entry without answers, as in evaluation files, is decided on all the same.
func TestEntryWithoutAnswers(t *testing.T) {
	e := entry("a", "怎么办理宽带")
	e.Answers = nil
	for _, text := range []string{"怎么办理宽带", "怎样办理宽带"} {
		if d := ask(t, newMatcher(t, e), text); d.Kind != intent.Answer || d.Entry.ID != "a" || len(d.Texts) != 0 {
			t.Errorf("%q: %s %q %q", text, d.Kind, d.Entry.ID, d.Texts)
		}
	}
}

func TestWordClassesRelateWords(t *testing.T) {
	entries := []knowledge.Entry{
		entry("fire", "热水器打不着火怎么办"), entry("cold", "热水器不出热水怎么办"), entry("card", "手机卡丢了怎么补"),
	}
	lexicon := knowledge.Lexicon{WordClasses: []knowledge.WordClass{
		{Name: "不着火", Words: []string{"打不着火", "点不燃", "不点火"}}, {Name: "手机卡", Words: []string{"手机卡", "SIM卡", "电话卡"}},
	}}
	related := intent.New(clearWeights().model(t), newAnalyzer(t, lexicon), everything(entries), stopWords, entries)
	for _, tt := range []struct{ text, want string }{
		{"热水器点不燃怎么办", "fire"}, {"热水器不点火怎么办", "fire"}, {"sim卡丢了怎么补", "card"}, {"电话卡丢了怎么补", "card"},
	} {
		d := ask(t, related, tt.text)
		if d.Kind != intent.Answer || d.Entry.ID != tt.want {
			t.Errorf("%q: %s %q, want an answer by %s: %s", tt.text, d.Kind, d.Entry.ID, tt.want, d.Reason)
		}
		if without := ask(t, newMatcher(t, entries...), tt.text); without.Confidence >= d.Confidence {
			t.Errorf("%q: the word class adds nothing: %v without, %v with", tt.text, without.Confidence, d.Confidence)
		}
	}
}

// Words that look alike and mean the opposite, numbers, and negation, by the
// model that ships with the program and by the test's own.
func TestTellsOppositesApart(t *testing.T) {
	entries := []knowledge.Entry{
		entry("on", "怎么开通流量包"), entry("off", "怎么取消流量包"),
		entry("e1", "热水器显示E1怎么办"), entry("e2", "热水器显示E2怎么办"),
		entry("59", "59元套餐包含什么"), entry("159", "159元套餐包含什么"),
		entry("got", "收到验证码怎么填"), entry("none", "收不到验证码怎么办"),
		entry("bind", "怎么绑定银行卡"), entry("unbind", "怎么解绑银行卡"),
	}
	for name, model := range map[string]*intent.Model{"default": defaultModel(t), "clear": clearWeights().model(t)} {
		m := intent.New(model, plainAnalyzer(t), everything(entries), stopWords, entries)
		for _, tt := range []struct{ text, want string }{
			{"流量包如何开通", "on"}, {"我想开通流量包", "on"}, {"流量包如何取消", "off"}, {"流量包我要取消", "off"},
			{"热水器上面显示e1", "e1"}, {"热水器显示Ｅ２是怎么了", "e2"},
			{"59元的套餐都有什么", "59"}, {"159元的套餐都有什么", "159"},
			{"验证码收不到", "none"}, {"银行卡怎么解绑", "unbind"}, {"银行卡怎么绑定", "bind"},
		} {
			if got := best(t, m, tt.text); got != tt.want {
				t.Errorf("%s model: %q is nearest to %q, want %q", name, tt.text, got, tt.want)
			}
		}
	}
}

// What is clear to everybody must be clear to the model that ships.
func TestDefaultModelOnClearCases(t *testing.T) {
	entries := []knowledge.Entry{
		entry("inv", "怎么开发票", "发票怎么开", "能开电子发票吗"), entry("card", "手机卡丢了怎么补办", "补办手机卡", "sim卡不见了"),
		entry("net", "怎么办理宽带", "装宽带要多少钱", "宽带怎么装"), entry("pts", "积分怎么兑换", "积分能换什么", "怎么用积分"),
	}
	m := intent.New(defaultModel(t), plainAnalyzer(t), everything(entries), stopWords, entries)
	for _, tt := range []struct{ text, want string }{
		{"发票要怎么开", "inv"}, {"手机卡丢了怎么补", "card"}, {"请问怎么办理宽带啊", "net"}, {"积分要怎么兑换", "pts"},
	} {
		d := ask(t, m, tt.text)
		if d.Trace.Candidates[0].Entry != tt.want || d.Kind == intent.Refuse {
			t.Errorf("%q: %s, nearest %s, want %s: %s", tt.text, d.Kind, d.Trace.Candidates[0].Entry, tt.want, d.Reason)
		}
	}
	for _, text := range []string{"今天天气真好", "哈哈哈哈", "北京烤鸭哪家好吃", "asdfghjkl"} {
		if d := ask(t, m, text); d.Kind == intent.Answer {
			t.Errorf("%q is answered by %s: %s", text, d.Entry.ID, d.Reason)
		}
	}
}

func TestBadInput(t *testing.T) {
	m := newMatcher(t, append(shop(40), entry("one", "喂", "在"))...)
	for _, tt := range []struct{ name, text, rule string }{
		{"empty", "", "empty"},
		{"blanks", " \t\r\n\u3000\u00a0", "empty"},
		{"punctuation only", "？！……，。---（）", "empty"},
		{"emoji only", "😀😂👨‍👩‍👧‍👦🇨🇳❤️", "empty"},
		{"address only", "https://example.com/a?b=c", "empty"},
		{"NUL only", "\x00\x00", "empty"},
		{"invalid UTF-8 only", "\xff\xfe\xc3", "empty"},
		{"marks only", "\u0301\u0300\u20d0", "empty"},
		{"controls of direction only", "\u202e\u202d\u2066\u2069", "empty"},
		{"one character", "卡", "short"},
		{"one letter and an emoji", "a😀", "short"},
		{"digits only", "13800138000", "digits"},
		{"digits with blanks", "1 2 3", "digits"},
		{"full-width digits", "１２３４", "digits"},
		{"a decimal", "3.14", "digits"},
		{"stop words only", "请问啊", "stopwords"},
		{"stop words and punctuation", "你好，请问……", "stopwords"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := ask(t, m, tt.text)
			if d.Kind != intent.Refuse || d.Trace.Rule != tt.rule || d.Confidence != 0 || len(d.Candidates) != 0 {
				t.Errorf("got %s by %q (%v) with %d candidates, want a refusal by %q", d.Kind, d.Trace.Rule, d.Confidence, len(d.Candidates), tt.rule)
			}
			if !hasChinese(d.Reason) {
				t.Errorf("reason = %q", d.Reason)
			}
		})
	}
}

// A stop word of several words of the dictionary counts as one too.
func TestStopWordOfSeveralWords(t *testing.T) {
	entries := []knowledge.Entry{entry("a", "怎么办理宽带")}
	stop := []string{"麻烦帮我看一下", "Hello World"}
	m := intent.New(clearWeights().model(t), newAnalyzer(t, knowledge.Lexicon{StopWords: stop}), everything(entries), stop, entries)
	for _, text := range []string{"麻烦帮我看一下", "hello world！"} {
		if d := ask(t, m, text); d.Trace.Rule != "stopwords" {
			t.Errorf("%q: %s by %q, want a refusal by stopwords", text, d.Kind, d.Trace.Rule)
		}
	}
}

// Dirt around a question changes nothing, or little; nothing of it panics.
func TestDirtyInput(t *testing.T) {
	m := newMatcher(t, shop(40)...)
	const question = "怎么办理宽带"
	for _, tt := range []struct {
		name, text string
		want       intent.Kind // empty: anything but an answer
	}{
		{"invalid UTF-8 inside", "怎么\xff\xfe办理\xe5宽带", intent.Answer},
		{"NUL inside", "怎么\x00办理宽带\x00", intent.Answer},
		{"direction reversed", "\u202e怎么办理宽带\u202c", intent.Answer},
		{"combining marks", "怎\u0301么办理宽\u0300带\u0301", intent.Answer},
		{"10,000 times the same character", strings.Repeat("宽", 10000), ""},
		{"10,000 characters", strings.Repeat("今天天气很好我们去公园玩", 1000)[:30000], intent.Refuse},
		{"a megabyte of letters", strings.Repeat("x", 1<<20), intent.Refuse},
		{"a megabyte of marks", "怎么办理宽带" + strings.Repeat("\u0301", 1<<19), intent.Answer},
		{"a megabyte of punctuation", strings.Repeat("？", 1<<20/3) + question, intent.Answer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := ask(t, m, tt.text)
			if tt.want == "" && d.Kind == intent.Answer || tt.want != "" && d.Kind != tt.want || !hasChinese(d.Reason) {
				t.Errorf("got %s because %q, want %s", d.Kind, d.Reason, tt.want)
			}
			if d.Kind == intent.Answer && d.Entry.Question != question {
				t.Errorf("answered with %q", d.Entry.Question)
			}
		})
	}
}

// A question longer than what is compared is cut, and the trace says so.
func TestLongQuestionIsCut(t *testing.T) {
	m := newMatcher(t, shop(20)...)
	long := strings.Repeat("请告诉我怎么办理宽带", 1000)
	d := ask(t, m, long)
	if !d.Trace.Truncated || len(d.Trace.Tokens) > 100 {
		t.Errorf("truncated %v, %d tokens", d.Trace.Truncated, len(d.Trace.Tokens))
	}
	if d := ask(t, m, "请告诉我怎么办理宽带"); d.Trace.Truncated {
		t.Error("a short question is called truncated")
	}
	e := entry("long", long)
	m = newMatcher(t, e)
	if d := ask(t, m, long); d.Kind != intent.Answer || d.Trace.Rule != "exact" {
		t.Errorf("a long wording is not found again: %s by %s", d.Kind, d.Trace.Rule)
	}
}

func TestSameQuestionSameDecision(t *testing.T) {
	m := newMatcher(t, shop(60)...)
	questions := []string{"怎么办理宽带", "想办个宽带", "流量退订", "会员", "查一下积分和话费", "天气", "", "😀", "办理宽带要花多少钱呢"}
	want := make([]intent.Decision, len(questions))
	for i, text := range questions {
		want[i] = ask(t, m, text)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i, text := range questions {
				got, err := m.Decide(context.Background(), intent.Query{Text: text, At: noon})
				if diff := cmp.Diff(want[i], got); diff != "" || err != nil {
					t.Errorf("%q: %v (-first +again):\n%s", text, err, diff)
				}
			}
		})
	}
	wg.Wait()
}

func TestTraceExplainsTheScore(t *testing.T) {
	m := newMatcher(t, shop(60)...)
	for _, text := range []string{"想办个宽带", "流量怎么退订啊", "查一下积分和话费", "159元"} {
		d := ask(t, m, text)
		if len(d.Trace.Candidates) == 0 || len(d.Trace.Tokens) == 0 || d.Trace.Model == "" || d.Trace.Rule == "" {
			t.Fatalf("%q: the trace lacks something: %+v", text, d.Trace)
		}
		for _, c := range d.Trace.Candidates {
			if got := sum(c.Features); math.Abs(got-c.Score) > 1e-9 {
				t.Errorf("%q: %s scores %v, its features make %v", text, c.Entry, c.Score, got)
			}
			if len(c.Features) != len(intent.FeatureNames()) {
				t.Errorf("%q: %d features, want %d", text, len(c.Features), len(intent.FeatureNames()))
			}
		}
		odds := clearWeights().Bias + sum(d.Trace.Signals)
		if got := 1 / (1 + math.Exp(-odds)); math.Abs(got-d.Confidence) > 1e-9 {
			t.Errorf("%q: confidence %v, its signals make %v", text, d.Confidence, got)
		}
		for i, c := range d.Trace.Candidates[1:] {
			if c.Excluded == "" && c.Score > d.Trace.Candidates[i].Score {
				t.Errorf("%q: the candidates are not ordered", text)
			}
		}
	}
}

func sum(terms []intent.Contribution) (s float64) {
	for _, c := range terms {
		s += c.Value * c.Weight
	}
	return s
}

func TestTraceSurvivesJSON(t *testing.T) {
	disabled := entry("x", "怎么办理校园卡")
	disabled.Enabled = false
	m := newMatcher(t, append(shop(30), disabled)...)
	for _, text := range []string{"怎么办理宽带", "想办个宽带", "校园卡怎么办理", "退订", "", "坏\xff字节的宽带", "<b>宽带</b>&\u2028", "请问"} {
		want := ask(t, m, text).Trace
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var got intent.Trace
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-before +after):\n%s", text, diff)
		}
	}
}

// Missing names the words of the question that the nearest wording lacks.
func TestTraceNamesMissingWords(t *testing.T) {
	d := ask(t, newMatcher(t, entry("a", "怎么办理宽带")), "请问怎么办理校园宽带")
	if diff := cmp.Diff([]string{"校园"}, d.Trace.Candidates[0].Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestRecallerErrors(t *testing.T) {
	broken := errors.New("broken")
	entries := []knowledge.Entry{entry("a", "怎么办理宽带")}
	m := intent.New(clearWeights().model(t), plainAnalyzer(t), failing{broken}, stopWords, entries)
	if _, err := m.Decide(context.Background(), intent.Query{Text: "想办宽带", At: noon}); !errors.Is(err, broken) {
		t.Errorf("Decide: %v, want the recaller's error", err)
	}
	if _, _, err := m.Rank(context.Background(), intent.Query{Text: "想办宽带", At: noon}); !errors.Is(err, broken) {
		t.Errorf("Rank: %v, want the recaller's error", err)
	}
	if d := ask(t, m, "怎么办理宽带"); d.Kind != intent.Answer {
		t.Errorf("an exact hit needs no recall: %s", d.Kind)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := newMatcher(t, entries...).Decide(ctx, intent.Query{Text: "想办宽带", At: noon}); !errors.Is(err, context.Canceled) {
		t.Errorf("Decide after cancel: %v", err)
	}
}

// A recaller that runs ahead of the matcher, or behind it, is no trouble.
func TestUnknownHitsArePassedOver(t *testing.T) {
	entries := []knowledge.Entry{entry("a", "怎么办理宽带")}
	recall := fixedHits{{Entry: "gone", Wording: 0}, {Entry: "a", Wording: 7}, {Entry: "a", Wording: 0}}
	m := intent.New(clearWeights().model(t), plainAnalyzer(t), recall, stopWords, entries)
	if d := ask(t, m, "怎样办理宽带"); d.Kind != intent.Answer || d.Entry.ID != "a" || len(d.Trace.Candidates) != 1 {
		t.Errorf("got %s %q with %d candidates", d.Kind, d.Entry.ID, len(d.Trace.Candidates))
	}
	m = intent.New(clearWeights().model(t), plainAnalyzer(t), recall[:2], stopWords, entries)
	if d := ask(t, m, "怎样办理宽带"); d.Kind != intent.Refuse || d.Trace.Rule != "unknown" || !hasChinese(d.Reason) {
		t.Errorf("nothing usable recalled: %s by %q because %q", d.Kind, d.Trace.Rule, d.Reason)
	}
}

func TestEmptyBase(t *testing.T) {
	m := newMatcher(t)
	if d := ask(t, m, "怎么办理宽带"); d.Kind != intent.Refuse || d.Trace.Rule != "unknown" || !hasChinese(d.Reason) {
		t.Errorf("got %s by %q because %q", d.Kind, d.Trace.Rule, d.Reason)
	}
	if entries, wordings := m.Len(); entries != 0 || wordings != 0 {
		t.Errorf("Len = %d, %d", entries, wordings)
	}
	if entries, wordings := newMatcher(t, entry("a", "一个问题", "另一个", "再一个")).Len(); entries != 1 || wordings != 3 {
		t.Errorf("Len = %d, %d, want 1, 3", entries, wordings)
	}
}

func hasChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
}

// A few characters that are all in some wordings are too little to answer, and
// too much to refuse.
func TestKeywordsAreOffered(t *testing.T) {
	w := clearWeights()
	w.Bias = -12
	entries := []knowledge.Entry{
		entry("a", "热水器漏水怎么办", "热水器下面漏水"), entry("b", "洗衣机漏水找谁修"), entry("c", "燃气漏气怎么办"),
		entry("d", "门店几点关门"), entry("e", "厨房水管漏水谁负责"), entry("f", "漏水了地板泡坏了赔不赔"),
	}
	m := intent.New(w.model(t), plainAnalyzer(t), everything(entries), stopWords, entries)
	d := ask(t, m, "漏水")
	if d.Kind != intent.Suggest || d.Trace.Rule != "keywords" || len(d.Candidates) != intent.MaxCandidates {
		t.Fatalf("got %s by %s with %v", d.Kind, d.Trace.Rule, ids(d.Candidates))
	}
	for _, id := range ids(d.Candidates) {
		if id == "c" || id == "d" {
			t.Errorf("%q, which does not say 漏水, is offered", id)
		}
	}
	for _, text := range []string{"漏油", "漏水和爆炸和地震都怎么处理啊"} {
		if d := ask(t, m, text); d.Kind != intent.Refuse {
			t.Errorf("%q: %s by %s", text, d.Kind, d.Trace.Rule)
		}
	}
}

// Another number is another product: it is offered, never answered.
func TestAnotherNumberIsNoAnswer(t *testing.T) {
	w := clearWeights()
	w.Ranker["number_conflict"], w.Signals = 0, map[string]float64{"cosine": 30}
	entries := []knowledge.Entry{entry("a", "159元套餐有多少流量"), entry("b", "门店几点关门")}
	m := intent.New(w.model(t), plainAnalyzer(t), everything(entries), stopWords, entries)
	if d := ask(t, m, "159元套餐有多少流量呀"); d.Kind != intent.Answer {
		t.Fatalf("the same number: %s because %s", d.Kind, d.Reason)
	}
	d := ask(t, m, "59元套餐有多少流量呀")
	if d.Kind != intent.Suggest || d.Trace.Rule != "numbers" || !strings.Contains(d.Reason, "数字或型号不同") {
		t.Errorf("another number: %s by %s because %s", d.Kind, d.Trace.Rule, d.Reason)
	}
}
