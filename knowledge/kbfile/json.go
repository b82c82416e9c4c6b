package kbfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile/sheet"
)

// Limits of JSON: how deep it may be nested, and how many elements a file may
// have.
const (
	maxDepth    = 32
	maxElements = 1_000_000
)

// elements are the objects of a JSON or JSONL file as they came, so that the
// failed ones can be written back in the same form.
type elements struct {
	before, after string // what stands around the array
	raw           map[int]string
}

// member is one key of an object with its value.
type member struct {
	key   string
	value any
}

// element is one object of the file.
type element struct {
	number  int // line in jsonl, place in the array in json, from 1
	raw     string
	members []member
}

func (l *loader) readJSON(ctx context.Context, text string) error {
	l.doc.elements.raw = make(map[int]string)
	var all []element
	var err error
	if l.doc.Kind == sheet.KindJSONL {
		all, err = l.lines(ctx, text)
	} else {
		all, err = l.array(ctx, text)
	}
	if err != nil {
		return err
	}
	l.total = len(all)
	columns, layout := l.mapKeys(all)
	l.doc.Columns, l.doc.Layout = columns, layout
	byKey := make(map[string]Column, len(columns))
	for _, c := range columns {
		byKey[c.Header] = c
	}
	r := newReader(l.dict, layout, l.opt.Location)
	r.own, r.splitAnswers = false, false // JSON has lists, and needs no escapes
	for i, e := range all {
		if i%512 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		l.readElement(r, byKey, e)
		l.step()
	}
	slices.SortStableFunc(l.doc.Problems, func(a, b Problem) int { return a.Origin.Row - b.Origin.Row })
	if !has(l.doc.Columns, FieldQuestion, FieldQuestions, FieldTitle) && l.doc.Lexicon == nil {
		return l.refuse(0, "没有找到标准问，每个对象要有 question（或 标准问、问题）和 answer（或 答案）。读到的是：%s", shorten(headersOf(l.doc.Columns), 200))
	}
	return nil
}

func headersOf(columns []Column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Header)
	}
	return strings.Join(names, "、")
}

// refuse makes the error of a file that cannot be used.
func (l *loader) refuse(row int, format string, args ...any) error {
	return &sheet.Error{File: l.doc.File, Row: row, Reason: fmt.Sprintf(format, args...)}
}

// lines reads one object a line. A line that is none is a Problem.
func (l *loader) lines(ctx context.Context, text string) ([]element, error) {
	var all []element
	number := 0
	for line := range strings.Lines(text) {
		number++
		if number%512 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(all) == maxElements {
			return nil, l.refuse(number, "超过 %d 条，请拆成几个文件", maxElements)
		}
		all = l.appendElement(all, number, line)
	}
	return all, nil
}

// appendElement parses an object and appends it, or notes why it is none.
func (l *loader) appendElement(all []element, number int, raw string) []element {
	e := element{number: number, raw: raw}
	members, err := parseObject(raw)
	if err != nil {
		l.doc.elements.raw[number] = raw
		l.doc.Problems = append(l.doc.Problems, Problem{Origin: l.origin(number), Reason: jsonReason(err)})
		return all
	}
	e.members = members
	return append(all, e)
}

func (l *loader) origin(number int) knowledge.Origin {
	return knowledge.Origin{File: l.doc.File, Row: number, Rows: []int{number}}
}

// errDepth says that a value is nested too deep.
var errDepth = errors.New("nested too deep")

// errNoObject says that a value is not an object.
var errNoObject = errors.New("not an object")

// jsonReason words an error of parseObject.
func jsonReason(err error) string {
	switch {
	case errors.Is(err, errDepth):
		return fmt.Sprintf("嵌套超过 %d 层，请检查格式", maxDepth)
	case errors.Is(err, errNoObject):
		return `不是 JSON 对象，请写成 {"question":"…","answer":"…"}`
	default:
		return "不是合法的 JSON，请检查引号、逗号和括号是否成对"
	}
}

// depthOf returns how deep the brackets of a JSON text are nested.
func depthOf(text string) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// parseObject returns the members of a JSON object in their order.
func parseObject(raw string) ([]member, error) {
	if depthOf(raw) > maxDepth {
		return nil, errDepth
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	first, err := d.Token()
	if err != nil {
		return nil, err
	}
	if first != json.Delim('{') {
		return nil, errNoObject
	}
	var members []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{key: key.(string), value: value})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the object")
	}
	return members, nil
}

// array reads the objects of a JSON document: those of the array at its root or
// below a key like "data", or the one object that it is.
func (l *loader) array(ctx context.Context, text string) ([]element, error) {
	if depthOf(text) > maxDepth {
		return nil, l.refuse(0, "嵌套超过 %d 层，请检查格式", maxDepth)
	}
	var probe json.RawMessage
	if err := json.Unmarshal([]byte(text), &probe); err != nil {
		return nil, l.syntax(text, err)
	}
	start, end, ok := findArray(text, 0)
	if !ok {
		return l.appendElement(nil, 1, strings.TrimSpace(text)), nil
	}
	l.doc.elements.before, l.doc.elements.after = text[:start], text[end:]
	d := json.NewDecoder(strings.NewReader(text[start:end]))
	if _, err := d.Token(); err != nil {
		return nil, l.syntax(text, err)
	}
	var all []element
	for number := 1; d.More(); number++ {
		if number%512 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if number > maxElements {
			return nil, l.refuse(0, "超过 %d 条，请拆成几个文件", maxElements)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, l.syntax(text, err)
		}
		all = l.appendElement(all, number, string(raw))
	}
	return all, nil
}

// syntax says in which line JSON is broken.
func (l *loader) syntax(text string, err error) error {
	line := 0
	var s *json.SyntaxError
	if errors.As(err, &s) {
		line = 1 + strings.Count(text[:min(int(s.Offset), len(text))], "\n")
	}
	return &sheet.Error{File: l.doc.File, Row: line, Reason: "这里不是合法的 JSON，请检查引号、逗号和括号是否成对", Err: err}
}

// listKeys are the keys below which the list of a document may stand, the most
// likely first.
var listKeys = []string{"entries", "data", "list", "items", "records", "rows", "faqs", "faq", "qas", "knowledge", "result", "results"}

// findArray returns where the array of objects stands in a valid document.
func findArray(text string, depth int) (start, end int, ok bool) {
	trimmed := len(text) - len(strings.TrimLeft(text, " \t\r\n\ufeff"))
	if strings.HasPrefix(text[trimmed:], "[") {
		return trimmed, len(strings.TrimRight(text, " \t\r\n")), true
	}
	if !strings.HasPrefix(text[trimmed:], "{") || depth > 3 {
		return 0, 0, false
	}
	places := make(map[string][2]int)
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil {
		return 0, 0, false
	}
	for d.More() {
		key, err := d.Token()
		var raw json.RawMessage
		if err == nil {
			err = d.Decode(&raw)
		}
		if err != nil {
			return 0, 0, false
		}
		if name, isText := key.(string); isText {
			to := int(d.InputOffset())
			places[strings.ToLower(name)] = [2]int{to - len(raw), to}
		}
	}
	for _, key := range listKeys {
		if p, found := places[key]; found {
			if s, e, ok := findArray(text[p[0]:p[1]], depth+1); ok {
				return p[0] + s, p[0] + e, true
			}
		}
	}
	return 0, 0, false
}

// mapKeys maps the keys of all objects, as if they were headers.
func (l *loader) mapKeys(all []element) ([]Column, Layout) {
	var headers []string
	seen := make(map[string]bool)
	for _, e := range all {
		if e.isLexicon() {
			continue
		}
		for _, m := range e.members {
			if !seen[m.key] {
				seen[m.key] = true
				headers = append(headers, m.key)
			}
		}
	}
	return l.dict.mapNames(headers, l.opt.Mapping)
}

func (l *loader) readElement(r *reader, columns map[string]Column, e element) {
	if e.isLexicon() {
		l.readLexiconElement(e)
		return
	}
	l.doc.elements.raw[e.number] = e.raw
	d := &draft{}
	d.Origin = l.origin(e.number)
	d.Entry.Enabled = true
	r.members(d, columns, e.members)
	d.finishRow()
	switch {
	case len(e.members) == 0:
		return
	case d.Entry.Question == "" && len(d.problems) == 0:
		d.fail("", "缺少标准问，请填写 question")
	case isExample(d.Entry.Question) && d.Entry.ID == "" && r.layout != LayoutOwn:
		l.doc.Skipped = append(l.doc.Skipped, Problem{Origin: d.Origin, Question: d.Entry.Question, Reason: "模板里的示例，已跳过"})
		return
	}
	l.finish(d)
}

// members reads the members of an object. Of several that mean the same, like
// "title" and "question", the one with the better name counts.
func (r *reader) members(d *draft, columns map[string]Column, members []member) {
	best := make(map[claim]Column)
	for _, m := range members {
		c := columns[m.key]
		if key, exclusive := c.claim(); exclusive && !isEmpty(m.value) {
			if b, taken := best[key]; !taken || c.meaning.rank < b.meaning.rank {
				best[key] = c
			}
		}
	}
	for _, m := range members {
		c := columns[m.key]
		if key, exclusive := c.claim(); !exclusive || best[key].Header == "" || best[key].Header == m.key {
			r.value(d, c, m.value)
		}
	}
}

// isEmpty reports values that say nothing.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// value reads one member into the draft.
func (r *reader) value(d *draft, c Column, value any) {
	d.Has |= carried(c.Field)
	switch v := value.(type) {
	case nil:
	case []any:
		r.list(d, c, v)
	case map[string]any:
		if c.Field == FieldAnswer {
			r.answerObject(d, c.Dimension, v)
		}
	default:
		r.cell(d, c, scalar(v))
	}
}

// list reads an array. Its texts are taken as they are.
func (r *reader) list(d *draft, c Column, list []any) {
	texts := textsOf(list)
	switch c.Field {
	case FieldAnswer:
		for _, v := range list {
			if object, ok := v.(map[string]any); ok {
				r.answerObject(d, c.Dimension, object)
			} else if text := scalar(v); text != "" {
				d.addAnswers(c.Dimension, text)
			}
		}
	case FieldVariants:
		d.Entry.Variants = append(d.Entry.Variants, texts...)
	case FieldQuestions, FieldQuestion:
		d.setQuestions(texts)
	case FieldCounter:
		d.Entry.CounterExamples = append(d.Entry.CounterExamples, texts...)
	case FieldRelated:
		d.Related = append(d.Related, texts...)
	case FieldCategory:
		d.Entry.Category = knowledge.Path(texts)
	default:
		if len(texts) == 1 {
			r.cell(d, c, texts[0])
		}
	}
}

// textKeys are the keys below which objects in lists keep their text.
var textKeys = []string{"text", "content", "question", "answer", "value", "title", "name"}

// answerObject reads {"channel":…, "texts":[…]}, {"content":…} and {"微信":…}.
func (r *reader) answerObject(d *draft, dim knowledge.Dimension, object map[string]any) {
	for key, field := range map[string]*string{"channel": &dim.Channel, "region": &dim.Region, "level": &dim.Level} {
		if v := scalar(object[key]); v != "" {
			*field = v
		}
	}
	if list, ok := object["texts"].([]any); ok {
		d.addAnswers(dim, textsOf(list)...)
		return
	}
	if text := textOf(object); text != "" {
		d.addAnswers(dim, text)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if channel, ok := channelNames[r.dict.norm.Key(key)]; ok {
			if text := scalar(object[key]); text != "" {
				d.addAnswers(knowledge.Dimension{Channel: channel}, text)
			}
		}
	}
}

// textOf returns the text of an object in a list.
func textOf(object map[string]any) string {
	for _, key := range textKeys {
		if text := scalar(object[key]); text != "" {
			return text
		}
	}
	return ""
}

// textsOf returns the texts in a list, without empty ones.
func textsOf(list []any) []string {
	var texts []string
	for _, v := range list {
		text := scalar(v)
		if object, ok := v.(map[string]any); ok {
			text = textOf(object)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// scalar returns the text of a value that is no list and no object.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// The keys of the lexicon's lines.
const (
	keyClass     = "word_class"
	keyUserWords = "user_words"
	keyStop      = "stop_words"
	keySensitive = "sensitive_words"
)

func (e element) isLexicon() bool {
	return len(e.members) == 1 && slices.Contains([]string{keyClass, keyUserWords, keyStop, keySensitive}, e.members[0].key)
}

func (l *loader) readLexiconElement(e element) {
	if l.doc.Lexicon == nil {
		l.doc.Lexicon = &knowledge.Lexicon{}
	}
	lex, value := l.doc.Lexicon, e.members[0].value
	list, _ := value.([]any)
	switch e.members[0].key {
	case keyUserWords:
		lex.UserWords = appendNew(lex.UserWords, textsOf(list)...)
	case keyStop:
		lex.StopWords = appendNew(lex.StopWords, textsOf(list)...)
	case keySensitive:
		lex.SensitiveWords = appendNew(lex.SensitiveWords, textsOf(list)...)
	case keyClass:
		object, _ := value.(map[string]any)
		words, _ := object["words"].([]any)
		includes, _ := object["includes"].([]any)
		class := knowledge.WordClass{Name: scalar(object["name"]), Words: textsOf(words), Includes: textsOf(includes)}
		if class.Name == "" {
			l.doc.Problems = append(l.doc.Problems, Problem{Origin: l.origin(e.number), Column: keyClass, Reason: "缺少词类的名称，请填写 name"})
			return
		}
		lex.WordClasses = append(lex.WordClasses, class)
	}
}

// withReason adds the reason to a raw element.
func withReason(raw, reason string) (string, error) {
	text, err := marshal(reason)
	if err != nil {
		return "", err
	}
	body, ok := strings.CutSuffix(strings.TrimSpace(raw), "}")
	if !ok || !json.Valid([]byte(raw)) {
		return raw, nil // not an object: it goes back as it came
	}
	if strings.TrimSpace(body) != "{" {
		body += ","
	}
	return body + `"` + headerReason + `":` + text + "}", nil
}

// marshal is json.Marshal that leaves < > & alone.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
