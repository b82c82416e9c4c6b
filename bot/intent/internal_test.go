package intent

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/knowledge/segment"
)

func TestNumbersOf(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", nil}, {"没有数字", nil}, {"abc", nil}, {"wifi密码", nil},
		{"59元套餐", []string{"59"}}, {"159元", []string{"159"}}, {"显示e1怎么办", []string{"e1"}},
		{"13升跟16升", []string{"13", "16"}}, {"3.5元", []string{"3.5"}}, {"iphone15pro", []string{"iphone15pro"}},
		{"5", []string{"5"}}, {"a到b到c3", []string{"c3"}}, {"4g换5g", []string{"4g", "5g"}},
	} {
		if diff := cmp.Diff(tt.want, numbersOf([]rune(tt.text))); diff != "" {
			t.Errorf("numbersOf(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestNumberFeatures(t *testing.T) {
	wordingOf := func(text string) *wording {
		w := newWording(segment.Form{Text: text, Words: []segment.Token{{Text: text}}}, &stopWords{})
		return &w
	}
	for _, tt := range []struct {
		question, wording            string
		conflict, miss, extra, share float64
	}{
		{"59元套餐", "59元套餐", 0, 0, 0, 1}, {"59元套餐", "159元套餐", 1, 1, 1, 0}, {"显示e1", "显示e2", 1, 1, 1, 0},
		{"59元套餐", "套餐", 0, 1, 0, 0}, {"套餐", "59元套餐", 0, 0, 1, 0}, {"套餐", "套餐", 0, 0, 0, 0},
		{"59换159", "59元套餐", 0, 0.5, 0, 0.5}, {"59元套餐", "59换159", 0, 0, 1, 1},
		{"第5步", "第5步和第5步", 0, 0, 0, 1}, {"第5步和第5步", "第5步", 0, 0, 0, 1}, {"5和5和6", "5和7", 1, 0.5, 1, 0.5},
	} {
		q, w := wordingOf(tt.question), wordingOf(tt.wording)
		f := newComparer(someTerms(q, w), q).compare(w)
		for _, feature := range []struct {
			name string
			want float64
		}{{"number_conflict", tt.conflict}, {"number_miss", tt.miss}, {"number_extra", tt.extra}, {"number_share", tt.share}} {
			if at := slices.Index(FeatureNames(), feature.name); at >= 0 && math.Abs(f[at]-feature.want) > 1e-9 {
				t.Errorf("%s of %q and %q = %v, want %v", feature.name, tt.question, tt.wording, f[at], feature.want)
			}
		}
	}
}

// sideOf returns the bit of one side of the pair of opposites that holds word.
func sideOf(t *testing.T, word string) poles {
	t.Helper()
	for i, pair := range opposites {
		for side := range pair {
			if slices.Contains(pair[side], word) {
				return 1 << (2*i + side)
			}
		}
	}
	t.Fatalf("%q is in no pair of opposites", word)
	return 0
}

func TestPolesOf(t *testing.T) {
	for _, tt := range []struct {
		text, names, not string
	}{
		{"怎么开通流量", "开通", "取消"}, {"怎么取消流量", "取消", "开通"},
		{"怎么解绑银行卡", "解绑", "绑"}, {"怎么绑卡", "绑", "解绑"}, {"取消绑定", "取消绑定", "绑"},
		{"退出登录", "退出登录", "登录"}, {"登录不了", "登录", "退出登录"},
		{"出国漫游", "出国", "国内"}, {"纸质发票", "纸质", "电子"},
	} {
		p := polesOf(tt.text)
		if p&sideOf(t, tt.names) == 0 {
			t.Errorf("polesOf(%q) does not name %s", tt.text, tt.names)
		}
		if p&sideOf(t, tt.not) != 0 {
			t.Errorf("polesOf(%q) names %s", tt.text, tt.not)
		}
	}
	if p := polesOf("今天星期几"); p != 0 {
		t.Errorf("a text without opposites has %b", p)
	}
}

func TestOpposed(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"开通流量", "取消流量", 1}, {"开通流量", "开通宽带", 0}, {"开通流量", "流量", 0},
		{"开通或取消", "取消", 0}, {"解绑", "绑定", 1}, {"国内自动", "国际手动", 2}, {"", "", 0},
	} {
		a, b := polesOf(tt.a), polesOf(tt.b)
		if got := (a & strongPoles).opposed(b & strongPoles); got != tt.want {
			t.Errorf("%q against %q: %d pairs opposed, want %d", tt.a, tt.b, got, tt.want)
		}
		if a.opposed(b) != b.opposed(a) {
			t.Errorf("%q against %q: %d one way, %d the other", tt.a, tt.b, a.opposed(b), b.opposed(a))
		}
	}
}

func TestOppositesAreWellFormed(t *testing.T) {
	if len(opposites) > 32 {
		t.Errorf("%d pairs do not fit into 64 bits", len(opposites))
	}
	seen := map[string]bool{}
	for _, pair := range opposites {
		for _, side := range pair {
			for _, word := range side {
				if seen[word] {
					t.Errorf("%q stands twice", word)
				}
				seen[word] = true
			}
		}
	}
}

func TestNegated(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"收不到验证码", true}, {"没有信号", true}, {"未到账", true}, {"无法登录", true}, {"别扣费", true},
		{"收到验证码", false}, {"能不能退", false}, {"可不可以退", false}, {"有没有优惠", false}, {"是不是坏了", false},
		{"会不会漏气", false}, {"要不要钱", false}, {"不好意思问一下", false}, {"未来三天", false}, {"没事", false},
		{"不是不能退", false}, {"不能不退吗", false}, {"能不能不扣费", true},
		// 别, 无, 不 inside words that deny nothing.
		{"有什么区别", false}, {"人脸识别", false}, {"特别贵", false}, {"给别人充值", false}, {"性别填错", false},
		{"会员级别", false}, {"无线网", false}, {"不锈钢管", false},
	} {
		if got := negated(tt.text); got != tt.want {
			t.Errorf("negated(%q) = %v, want %v", tt.text, got, tt.want)
		}
	}
}

// typeWith returns the bit of the type that a question word shows.
func typeWith(t *testing.T, word string) questionType {
	t.Helper()
	for _, q := range questionWords {
		if slices.Contains(q.words, word) {
			return q.bit
		}
	}
	t.Fatalf("%q is no question word", word)
	return 0
}

func TestQuestionTypeOf(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // a word of each type
	}{
		{"宽带", nil}, {"为什么扣费", []string{"为什么"}}, {"什么是积分", []string{"什么"}}, {"什么时候到", []string{"什么时候"}},
		{"多少钱", []string{"多少钱"}}, {"多少个", []string{"多少"}}, {"怎么卖", []string{"怎么卖"}}, {"怎么办理", []string{"怎么"}},
		{"怎么回事", []string{"为什么"}}, {"什么地方", []string{"哪里"}}, {"什么原因", []string{"为什么"}}, {"在哪里", []string{"哪里"}},
		{"多久", []string{"什么时候"}}, {"可以退吗", []string{"可以", "吗"}}, {"谁能办", []string{"谁", "能"}},
		{"哪个好", []string{"什么", "区别"}},
	} {
		var want questionType
		for _, word := range tt.want {
			want |= typeWith(t, word)
		}
		if tt.text == "哪个好" { // either reading will do, but not none
			if questionTypeOf(tt.text)&want == 0 {
				t.Errorf("questionTypeOf(%q) = 0", tt.text)
			}
			continue
		}
		if got := questionTypeOf(tt.text); got != want {
			t.Errorf("questionTypeOf(%q) = %011b, want %011b", tt.text, got, want)
		}
	}
}

// Within the table a longer word must be looked for before the shorter ones that
// are inside it, or it is never found.
func TestQuestionWordsAreReachable(t *testing.T) {
	for _, q := range questionWords {
		for _, word := range q.words {
			if questionTypeOf(word)&q.bit == 0 {
				t.Errorf("%q is taken for something else: %011b, want %011b", word, questionTypeOf(word), q.bit)
			}
		}
	}
}

func TestQuestionTypeAgreement(t *testing.T) {
	for _, tt := range []struct {
		a, b questionType
		want float64
	}{{0, 0, 0.5}, {0, 3, 0.5}, {3, 0, 0.5}, {1, 1, 1}, {1, 2, 0}, {3, 1, 0.5}, {7, 3, 2. / 3}} {
		if got := tt.a.agreement(tt.b); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%b.agreement(%b) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// drawWording makes a wording from few characters, with words of any length.
func drawWording(t *rapid.T, label string, most int) wording {
	runes := rapid.SliceOfN(rapid.SampledFrom([]rune("宽带流量办取消不能59e1.吗什么𠮷开通上下")), 1, most).Draw(t, label)
	f := segment.Form{Text: string(runes)}
	for from := 0; from < len(runes); {
		to := min(len(runes), from+rapid.IntRange(1, 4).Draw(t, "word"))
		f.Words = append(f.Words, segment.Token{Text: string(runes[from:to])})
		from = to
	}
	return newWording(f, &stopWords{})
}

// sounds takes some milliseconds to build.
var sounds = sync.OnceValue(newSyllables)

// someTerms weighs characters by a few wordings.
func someTerms(wordings ...*wording) *terms {
	terms := newTerms(&Prior{"宽": 0.01, "吗": 0.3}, sounds())
	for _, w := range wordings {
		terms.count(w, 1)
	}
	terms.seal()
	return terms
}

func TestAlignAgainstTheTextbook(t *testing.T) {
	terms := someTerms()
	rapid.Check(t, func(t *rapid.T) {
		q, w := drawWording(t, "question", 14), drawWording(t, "wording", 14)
		c := newComparer(terms, &q)
		c.compare(&w)
		subsequence, substring, edits := c.align()
		if want := slowSubsequence(terms, q.runes, w.runes); math.Abs(subsequence-want) > 1e-9 {
			t.Errorf("heaviest subsequence of %q and %q = %v, want %v", string(q.runes), string(w.runes), subsequence, want)
		}
		if want := slowSubstring(q.runes, w.runes); substring != want {
			t.Errorf("longest substring of %q and %q = %d, want %d", string(q.runes), string(w.runes), substring, want)
		}
		if want := slowEdits(q.runes, w.runes); edits != want {
			t.Errorf("edit distance of %q and %q = %d, want %d", string(q.runes), string(w.runes), edits, want)
		}
	})
}

// slowSubsequence tries, at each place, to skip on either side or to match.
func slowSubsequence(terms *terms, a, b []rune) float64 {
	best := make([][]float64, len(a)+1)
	for i := range best {
		best[i] = make([]float64, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if a[i] == b[j] {
				best[i][j] = max(best[i][j], terms.idf(a[i])+best[i+1][j+1])
			}
		}
	}
	return best[0][0]
}

func slowSubstring(a, b []rune) int {
	longest := 0
	for i := range a {
		for j := i + 1; j <= len(a); j++ {
			if strings.Contains(string(b), string(a[i:j])) {
				longest = max(longest, j-i)
			}
		}
	}
	return longest
}

func slowEdits(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			replace := d[i][j]
			if a[i] != b[j] {
				replace++
			}
			d[i+1][j+1] = min(replace, d[i][j+1]+1, d[i+1][j]+1)
		}
	}
	return d[len(a)][len(b)]
}

func TestFeaturesStayInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, w, other := drawWording(t, "question", 120), drawWording(t, "wording", 120), drawWording(t, "other", 20)
		for _, terms := range []*terms{someTerms(), someTerms(&q, &w, &other, &other)} {
			for i, x := range newComparer(terms, &q).compare(&w) {
				most := 1 + 1e-6
				if i == fBM25 {
					most = 1.25
				}
				if !(x >= 0 && x <= most) {
					t.Errorf("%s = %v", featureNames[i].name, x)
				}
			}
		}
	})
}

// mirror returns the name of the feature that says of the wording what the named
// one says of the question, or the other way round; symmetric features are their
// own mirror. Those of the question without a mirror give "".
func mirror(name string) string {
	switch name {
	case "word_miss", "subsequence_query", "number_share", "number_miss", "number_extra", "bm25":
		return ""
	}
	if stem, ok := strings.CutSuffix(name, "_query"); ok {
		return stem + "_wording"
	}
	if stem, ok := strings.CutSuffix(name, "_wording"); ok {
		return stem + "_query"
	}
	return name
}

func TestFeaturesAreSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, w := drawWording(t, "question", 12), drawWording(t, "wording", 12)
		terms := someTerms(&q, &w)
		there, back := newComparer(terms, &q).compare(&w), newComparer(terms, &w).compare(&q)
		for i := range there {
			j := slices.Index(FeatureNames(), mirror(featureNames[i].name))
			if j >= 0 && math.Abs(there[i]-back[j]) > 1e-6 {
				t.Errorf("%s of %q and %q = %v, the other way round %v", featureNames[i].name, string(q.runes), string(w.runes), there[i], back[j])
			}
		}
	})
}

// A wording against itself is as near as can be, and nothing contradicts.
func TestFeaturesOfEqualWordings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWording(t, "wording", 30)
		f := newComparer(someTerms(&w), &w).compare(&w)
		for _, i := range []int{fCosine, fCoverQuery, fCoverWording, fWordQuery, fWordWording, fSubsequence, fSubsequenceQuery, fSubstring, fEdit, fJaccard, fLength, fPinyin, fEnds, fExact} {
			if math.Abs(f[i]-1) > 1e-6 {
				t.Errorf("%s of %q and itself = %v", featureNames[i].name, string(w.runes), f[i])
			}
		}
		for _, i := range []int{fMissQuery, fMissWording, fWordMiss, fAsksConflict, fNegation, fOpposed, fOpposedWeak, fNumberConflict} {
			if f[i] != 0 {
				t.Errorf("%s of %q and itself = %v", featureNames[i].name, string(w.runes), f[i])
			}
		}
	})
}

// Scratch space of one comparison must not leak into the next.
func TestComparerForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, one, two := drawWording(t, "question", 20), drawWording(t, "one", 40), drawWording(t, "two", 10)
		terms := someTerms(&q, &one, &two)
		used := newComparer(terms, &q)
		used.compare(&one)
		if diff := cmp.Diff(newComparer(terms, &q).compare(&two), used.compare(&two)); diff != "" {
			t.Errorf("%q after another (-fresh +used):\n%s", string(two.runes), diff)
		}
	})
}

func TestNewWordingIsBounded(t *testing.T) {
	form := func(n, wordLength int) segment.Form {
		var f segment.Form
		runes := []rune(strings.Repeat("宽带流量", n))[:n]
		f.Text = string(runes)
		for from := 0; from < n; from += wordLength {
			f.Words = append(f.Words, segment.Token{Text: string(runes[from:min(n, from+wordLength)])})
		}
		return f
	}
	for _, wordLength := range []int{1, 2, 5, 97, 1000} {
		for _, n := range []int{1, maxRunes - 1, maxRunes, maxRunes + 1, 1000} {
			w := newWording(form(n, wordLength), &stopWords{})
			if want := min(n, maxRunes); len(w.runes) != want || int(w.ends[len(w.ends)-1]) != want {
				t.Errorf("%d characters in words of %d: %d kept, the last word ends at %d, want %d", n, wordLength, len(w.runes), w.ends[len(w.ends)-1], want)
			}
			if w.cut != (n > maxRunes) {
				t.Errorf("%d characters: cut = %v", n, w.cut)
			}
			if !slices.IsSorted(w.ends) || len(slices.Compact(slices.Clone(w.ends))) != len(w.ends) {
				t.Errorf("%d characters in words of %d: ends %v", n, wordLength, w.ends)
			}
			other := newWording(form(1000, 3), &stopWords{})
			f := newComparer(someTerms(), &w).compare(&other)
			if math.IsNaN(f[fEdit]) || f[fCosine] <= 0 {
				t.Errorf("%d characters: features %v", n, f)
			}
		}
	}
}

func TestContentWords(t *testing.T) {
	form := func(words ...string) (f segment.Form) {
		for _, w := range words {
			f.Words = append(f.Words, segment.Token{Text: w, Start: len(f.Text), End: len(f.Text) + len(w)})
			f.Text += w
		}
		return f
	}
	stop := &stopWords{set: map[string]bool{"请问": true, "啊": true, "帮我看": true}, span: 3}
	for _, tt := range []struct {
		form segment.Form
		want string
	}{
		{form("请问", "宽带", " ", "啊"), "宽带"},
		{form("请问", "啊"), "请问啊"},
		{form("帮", "我", "看", "宽带"), "宽带"},
		{form("帮", "我", "宽带"), "帮我宽带"},
		{form("宽带", "帮", "我"), "宽带帮我"},
		{form(), ""},
		{form(" "), ""},
	} {
		w := newWording(tt.form, stop)
		if string(w.runes) != tt.want {
			t.Errorf("%q: kept %q, want %q", tt.form.Text, string(w.runes), tt.want)
		}
	}
}

func TestTermsCountAndForget(t *testing.T) {
	a := newWording(segment.Form{Words: []segment.Token{{Text: "宽带宽带"}}}, &stopWords{})
	b := newWording(segment.Form{Words: []segment.Token{{Text: "流量"}, {Text: "𠮷"}}}, &stopWords{})
	only, both := someTerms(&b), someTerms(&a, &b)
	if both.idf('宽') >= only.idf('宽') || !both.known('宽') || only.known('宽') {
		t.Errorf("宽 weighs %v where a wording has it, %v where none has", both.idf('宽'), only.idf('宽'))
	}
	before := both.idf('带')
	less := both.clone()
	less.count(&a, -1)
	less.seal()
	for _, r := range "宽带流量𠮷x" {
		if less.idf(r) != only.idf(r) || less.known(r) != only.known(r) {
			t.Errorf("%c weighs %v after forgetting, want %v", r, less.idf(r), only.idf(r))
		}
	}
	if less.average != only.average || less.wordings != only.wordings || less.max != only.max {
		t.Errorf("after forgetting: %v %v %v, want %v %v %v", less.average, less.wordings, less.max, only.average, only.wordings, only.max)
	}
	if both.idf('带') != before {
		t.Error("the terms that were cloned changed")
	}
	common := someTerms()
	if common.idf('吗') >= common.idf('带') {
		t.Errorf("吗, common by the prior, weighs %v, 带 %v", common.idf('吗'), common.idf('带'))
	}
}

func TestSyllables(t *testing.T) {
	s := newSyllables()
	for _, pair := range []string{"移宜", "站赞", "是四", "经今", "成陈"} {
		r := []rune(pair)
		if s.of(r[0]) != s.of(r[1]) {
			t.Errorf("%c and %c sound different", r[0], r[1])
		}
	}
	for _, pair := range []string{"宽带", "ab", "a啊", "12"} {
		r := []rune(pair)
		if s.of(r[0]) == s.of(r[1]) {
			t.Errorf("%c and %c sound alike", r[0], r[1])
		}
	}
}
