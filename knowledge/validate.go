package knowledge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// More limits of one entry; see MaxVariants.
const (
	MaxIDRunes        = 128
	MaxOwnerRunes     = 64
	MaxDimensionRunes = 64
)

// The names of the fields, as an editor reads them on the screen.
const (
	nameID              = "编号"
	nameCategory        = "分类"
	nameQuestion        = "标准问"
	nameVariants        = "扩展问"
	nameCounterExamples = "反例问"
	nameAnswers         = "答案"
	nameReplyAll        = "是否全部回复"
	nameRelated         = "关联问题"
	nameEffectiveFrom   = "生效时间"
	nameExpiresAt       = "失效时间"
	nameEnabled         = "是否启用"
	nameHot             = "热点问题"
	nameThreshold       = "相似度阈值"
	nameOwner           = "负责人"
)

// differences names the fields, as on the screen, in which two entries differ.
// Who changed them when, and the version, do not count. Both must be in normal
// form.
func differences(a, b *Entry) []string {
	sameAnswer := func(x, y Answer) bool {
		return x.Dimension == y.Dimension && slices.Equal(x.Texts, y.Texts)
	}
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{nameID, a.ID == b.ID},
		{nameQuestion, a.Question == b.Question},
		{nameCategory, slices.Equal(a.Category, b.Category)},
		{nameVariants, slices.Equal(a.Variants, b.Variants)},
		{nameCounterExamples, slices.Equal(a.CounterExamples, b.CounterExamples)},
		{nameAnswers, slices.EqualFunc(a.Answers, b.Answers, sameAnswer)},
		{nameReplyAll, a.ReplyAll == b.ReplyAll},
		{nameRelated, slices.Equal(a.Related, b.Related)},
		{nameEffectiveFrom, a.EffectiveFrom.Equal(b.EffectiveFrom)},
		{nameExpiresAt, a.ExpiresAt.Equal(b.ExpiresAt)},
		{nameEnabled, a.Enabled == b.Enabled},
		{nameHot, a.Hot == b.Hot},
		{nameThreshold, a.Threshold == b.Threshold},
		{nameOwner, a.Owner == b.Owner},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

// SameContent reports whether an editor would find e and o the same: all fields
// but who created and changed them when, and the version. Both must be in normal
// form, as every stored entry is.
//
// It is not named Equal, because go-cmp would then use it in every comparison of
// entries and no test would see a wrong version again.
func (e Entry) SameContent(o Entry) bool { return len(differences(&e, &o)) == 0 }

// tidy returns the normal form of e, in which equal content is equal in memory:
// texts trimmed, with LF as line break and without control characters; blank and
// repeated wordings, those that only repeat the standard question, and blank
// answers dropped; answers sorted by dimension, the default first; times in UTC
// to the millisecond; empty slices nil. It shares no memory with e.
//
// The notes tell the editor what was dropped although it was not blank. A value
// that breaks a rule by itself gives a *FieldError; rules about several fields
// are those of check.
func tidy(e Entry, key func(string) string) (Entry, []string, error) {
	f := form{Entry: e, key: key}
	for _, step := range []func(*form) error{
		(*form).tidyID, (*form).tidyQuestion, (*form).tidyCategory, (*form).tidyWordings,
		(*form).tidyAnswers, (*form).tidyRelated, (*form).tidyTimes, (*form).tidyRest,
	} {
		if err := step(&f); err != nil {
			return Entry{}, nil, err
		}
	}
	return f.Entry, f.notes, nil
}

// form is an entry on its way to the normal form.
type form struct {
	Entry
	key   func(string) string
	notes []string
}

func (f *form) tidyID() error {
	id, err := tidyLine(nameID, f.ID, MaxIDRunes)
	f.ID = id
	return err
}

func (f *form) tidyQuestion() error {
	question, err := tidyLine(nameQuestion, f.Question, MaxQuestionRunes)
	switch {
	case err != nil:
		return err
	case question == "":
		return &FieldError{Field: nameQuestion, Reason: "是空的，请填写标准问"}
	case f.key(question) == "":
		return &FieldError{Field: nameQuestion, Value: brief(question),
			Reason: "只有标点、表情或网址，没有可以匹配的文字，请改写成一个问题"}
	}
	f.Question = question
	return nil
}

func (f *form) tidyCategory() error {
	path, err := tidyPath(f.Category)
	f.Category = path
	return err
}

// tidyPath returns the path with tidy names, without blank ones.
func tidyPath(path Path) (Path, error) {
	var out Path
	for _, name := range path {
		name, err := tidyLine(nameCategory, name, MaxCategoryRunes)
		if err != nil {
			return nil, err
		}
		if name != "" {
			out = append(out, name)
		}
	}
	if len(out) > MaxCategoryDepth {
		return nil, &FieldError{Field: nameCategory, Value: brief(out.String()),
			Reason: fmt.Sprintf("有 %d 级，最多 %d 级，请减少层级", len(out), MaxCategoryDepth)}
	}
	return out, nil
}

func (f *form) tidyWordings() (err error) {
	f.Variants, err = f.wordings(nameVariants, f.Variants, f.key(f.Question))
	if err != nil {
		return err
	}
	f.CounterExamples, err = f.wordings(nameCounterExamples, f.CounterExamples, "")
	return err
}

// wordings returns the tidy wordings, each key once, and none with the key own.
func (f *form) wordings(field string, in []string, own string) ([]string, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]string, 0, len(in))
	seen := make(map[string]bool, len(in))
	for _, w := range in {
		w, err := tidyLine(field, w, MaxQuestionRunes)
		if err != nil {
			return nil, err
		}
		if w == "" {
			continue
		}
		k := f.key(w)
		if k == "" {
			f.notes = append(f.notes, fmt.Sprintf("%s「%s」没有可以匹配的文字，已略去", field, brief(w)))
			continue
		}
		if k != own && !seen[k] {
			seen[k] = true
			out = append(out, w)
		}
	}
	return orNil(out), nil
}

func (f *form) tidyAnswers() error {
	var out []Answer
	for _, a := range f.Answers {
		d, err := tidyDimension(a.Dimension)
		if err != nil {
			return err
		}
		texts, err := tidyTexts(a.Texts)
		if err != nil {
			return err
		}
		if len(texts) > 0 {
			out = append(out, Answer{Dimension: d, Texts: texts})
		}
	}
	slices.SortStableFunc(out, func(a, b Answer) int { return compareDimensions(a.Dimension, b.Dimension) })
	for i := 1; i < len(out); i++ {
		if d := out[i].Dimension; compareDimensions(out[i-1].Dimension, d) == 0 {
			return &FieldError{Field: nameAnswers, Value: brief(out[i].Texts[0]),
				Reason: fmt.Sprintf("%s有两个答案，请合并成一个或删去一个", d.title())}
		}
	}
	f.Answers = out
	return nil
}

// tidyTexts returns the alternative texts of one answer, each once.
func tidyTexts(in []string) ([]string, error) {
	var out []string
	for _, text := range in {
		text, err := tidyText(nameAnswers, text, MaxAnswerRunes)
		if err != nil {
			return nil, err
		}
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if len(out) > MaxAlternatives {
		return nil, &FieldError{Field: nameAnswers, Value: brief(out[0]),
			Reason: fmt.Sprintf("有 %d 个备选答案，最多 %d 个，请删去一些", len(out), MaxAlternatives)}
	}
	return out, nil
}

func tidyDimension(d Dimension) (Dimension, error) {
	for _, f := range []struct {
		name  string
		value *string
	}{{"渠道", &d.Channel}, {"地区", &d.Region}, {"客户等级", &d.Level}} {
		value, err := tidyLine(f.name, *f.value, MaxDimensionRunes)
		if err != nil {
			return Dimension{}, err
		}
		*f.value = value
	}
	d.Channel = strings.ToLower(d.Channel)
	return d, nil
}

// compareDimensions orders dimensions without regard to case, as they are
// matched; the default comes first.
func compareDimensions(a, b Dimension) int {
	fold := strings.ToLower
	return cmp.Or(cmp.Compare(fold(a.Channel), fold(b.Channel)),
		cmp.Compare(fold(a.Region), fold(b.Region)), cmp.Compare(fold(a.Level), fold(b.Level)))
}

// title names the dimension for an editor.
func (d Dimension) title() string {
	var parts []string
	for _, f := range []struct{ name, value string }{{"渠道", d.Channel}, {"地区", d.Region}, {"客户等级", d.Level}} {
		if f.value != "" {
			parts = append(parts, f.name+"「"+f.value+"」")
		}
	}
	if len(parts) == 0 {
		return "默认维度"
	}
	return strings.Join(parts, "、")
}

func (f *form) tidyRelated() error {
	var out []string
	for _, id := range f.Related {
		id, err := tidyLine(nameRelated, id, MaxQuestionRunes)
		if err != nil {
			return err
		}
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	f.Related = out
	return nil
}

func (f *form) tidyTimes() (err error) {
	if f.EffectiveFrom, err = tidyTime(nameEffectiveFrom, f.EffectiveFrom); err != nil {
		return err
	}
	f.ExpiresAt, err = tidyTime(nameExpiresAt, f.ExpiresAt)
	return err
}

func tidyTime(field string, t time.Time) (time.Time, error) {
	if t.IsZero() {
		return time.Time{}, nil
	}
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, &FieldError{Field: field, Value: t.Format(time.DateOnly),
			Reason: "年份要在 1970 到 9999 之间，请检查日期；长期有效请留空"}
	}
	return t.Truncate(time.Millisecond), nil
}

func (f *form) tidyRest() error {
	if t := f.Threshold; !(t >= 0 && t <= 1) { // also NaN
		return &FieldError{Field: nameThreshold, Value: fmt.Sprint(t),
			Reason: "要大于 0 且不超过 1，例如 0.8；留空表示用默认值"}
	}
	owner, err := tidyLine(nameOwner, f.Owner, MaxOwnerRunes)
	f.Owner = owner
	return err
}

// check holds the rules about several fields of an entry in normal form. The
// notes are warnings: the entry is good enough to be stored.
func check(e *Entry, key func(string) string) (notes []string, err error) {
	if err := checkCounts(e); err != nil {
		return nil, err
	}
	if err := checkCounterExamples(e, key); err != nil {
		return nil, err
	}
	if !e.EffectiveFrom.IsZero() && !e.ExpiresAt.IsZero() && !e.EffectiveFrom.Before(e.ExpiresAt) {
		return nil, &FieldError{Field: nameExpiresAt, Value: e.ExpiresAt.Format(time.RFC3339),
			Reason: "早于或等于生效时间，请改成生效时间之后"}
	}
	if e.ID != "" && slices.Contains(e.Related, e.ID) {
		return nil, &FieldError{Field: nameRelated, Value: brief(e.Question), Reason: "不能关联到自己，请删去"}
	}
	if len(e.Answers) == 0 {
		return nil, &FieldError{Field: nameAnswers, Reason: "是空的，请至少填写一个答案"}
	}
	if !e.Answers[0].Dimension.IsDefault() {
		notes = append(notes, "没有默认答案，其他渠道、地区的访客得不到回答，请补一个")
	}
	return notes, nil
}

func checkCounts(e *Entry) error {
	for _, f := range []struct {
		name     string
		have, at int
	}{
		{nameVariants, len(e.Variants), MaxVariants},
		{nameCounterExamples, len(e.CounterExamples), MaxCounterExamples},
		{nameRelated, len(e.Related), MaxRelated},
	} {
		if f.have > f.at {
			return &FieldError{Field: f.name, Reason: fmt.Sprintf("有 %d 个，最多 %d 个，请删去一些", f.have, f.at)}
		}
	}
	return nil
}

// checkCounterExamples refuses a wording that is to be answered and not to be
// answered.
func checkCounterExamples(e *Entry, key func(string) string) error {
	if len(e.CounterExamples) == 0 {
		return nil
	}
	against := make(map[string]string, len(e.CounterExamples))
	for _, w := range e.CounterExamples {
		against[key(w)] = w
	}
	for i, q := range e.Questions() {
		if w, ok := against[key(q)]; ok {
			field := nameVariants
			if i == 0 {
				field = nameQuestion
			}
			return &FieldError{Field: nameCounterExamples, Value: brief(w),
				Reason: fmt.Sprintf("与%s「%s」相同，请删去其中一个", field, brief(q))}
		}
	}
	return nil
}

// tidyText returns s trimmed, with LF as line break, without control and
// invisible formatting characters. It is not longer than limit runes.
func tidyText(field, s string, limit int) (string, error) {
	if err := checkEncoding(field, s); err != nil {
		return "", err
	}
	s = strings.TrimSpace(strings.Map(visible, strings.ReplaceAll(s, "\r\n", "\n")))
	return s, checkLength(field, s, limit)
}

// tidyLine is tidyText for a text of one line: each run of white space becomes
// one space.
func tidyLine(field, s string, limit int) (string, error) {
	if err := checkEncoding(field, s); err != nil {
		return "", err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || visible(r) != r }) {
		s = strings.Join(strings.Fields(strings.Map(visible, s)), " ")
	}
	return s, checkLength(field, s, limit)
}

func checkEncoding(field, s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	return &FieldError{Field: field, Value: brief(strings.ToValidUTF8(s, "?")),
		Reason: "含有无法识别的字符，多半是文件编码不对，请另存为 UTF-8 编码后重试"}
}

func checkLength(field, s string, limit int) error {
	if len(s) <= limit {
		return nil
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return &FieldError{Field: field, Value: brief(s), Reason: fmt.Sprintf("有 %d 个字，最多 %d 个，请缩短", n, limit)}
	}
	return nil
}

// visible maps a rune of a text to what is stored: every line break to LF, and
// to -1 what shows nothing, disturbs the direction of writing, or no database
// takes. The joiners of emoji and of Indic scripts stay.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
		return '\n'
	case unicode.IsControl(r), r == '\u200b', r == '\u2060', r == '\ufeff',
		r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	default:
		return r
	}
}

// brief shortens a value for a message.
func brief(s string) string {
	const most = 30
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// orNil returns nil for an empty slice.
func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}
