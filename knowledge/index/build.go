package index

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bleveindex "github.com/blevesearch/bleve_index_api"

	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// Besides the fields of units there are these two.
const (
	sizeField = "size" // one term: the number of characters
	idField   = "_id"  // given by bleve
)

// maxSize is where the sizes of questions end; longer ones count as this long.
const maxSize = 255

func clampSize(size int) uint8 { return uint8(min(max(size, 1), maxSize)) }

func sizeTerm(size int) string { return strconv.Itoa(size) }

const idSeparator = "\x1f"

// questionID is the external id of a question: 0 is the standard question, n the
// variant n-1. Ids sort by entry, then by question.
func questionID(entry string, question int) string {
	return fmt.Sprintf("%s%s%04d", entry, idSeparator, question)
}

func parseQuestionID(id string) (entry string, question int, err error) {
	at := strings.LastIndex(id, idSeparator)
	if at < 0 {
		return "", 0, fmt.Errorf("question id %q: no separator", id)
	}
	question, err = strconv.Atoi(id[at+len(idSeparator):])
	if err != nil {
		return "", 0, fmt.Errorf("question id %q: %w", id, err)
	}
	return id[:at], question, nil
}

// entryUnits returns the units of each question of an entry.
func entryUnits(a *segment.Analyzer, e *knowledge.Entry) []units {
	questions := make([]units, 0, 1+len(e.Variants))
	for _, question := range e.Questions() {
		questions = append(questions, questionUnits(a, a.Analyze(question)))
	}
	return questions
}

// newDocument returns the question as bleve indexes it: presence of terms only.
func newDocument(id string, u units) *document.Document {
	const options = bleveindex.IndexField | bleveindex.SkipFreqNorm
	d := document.NewDocument(id)
	for f, terms := range u.terms {
		d.AddField(document.NewTextFieldCustom(field(f).String(), nil, nil, options, analyzed(terms)))
	}
	size := analyzed{sizeTerm(int(clampSize(u.size)))}
	return d.AddField(document.NewTextFieldCustom(sizeField, nil, nil, options, size))
}

// analyzed is the bleve analyzer of one field of one question: the terms are
// known already. So bleve's global registry of analyzers is not needed.
type analyzed []string

// Analyze returns the terms as tokens, whatever the input.
func (terms analyzed) Analyze([]byte) analysis.TokenStream {
	tokens := make([]analysis.Token, len(terms))
	stream := make(analysis.TokenStream, len(terms))
	for i, term := range terms {
		tokens[i] = analysis.Token{Term: []byte(term), Position: i + 1, Type: analysis.Ideographic}
		stream[i] = &tokens[i]
	}
	return stream
}

// builder writes a base of one segment. Its add may be called concurrently.
type builder struct {
	scorch    *scorch.Builder
	questions atomic.Int64
}

// newBuilder writes into dir, with temporary files in temp.
func newBuilder(dir, temp string) (*builder, error) {
	s, err := scorch.NewBuilder(map[string]any{
		"path": dir, "buildPathPrefix": temp, "batchSize": 4000, "mergeMax": 32,
	})
	if err != nil {
		return nil, fmt.Errorf("start building: %w", err)
	}
	return &builder{scorch: s}, nil
}

func (b *builder) add(entry string, questions []units) error {
	for i, u := range questions {
		if err := b.scorch.Index(newDocument(questionID(entry, i), u)); err != nil {
			return fmt.Errorf("index entry %s: %w", entry, err)
		}
		b.questions.Add(1)
	}
	return nil
}

// close writes what was added; an empty base has no files.
func (b *builder) close() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(&err)
	if b.questions.Load() == 0 {
		return nil
	}
	if err := b.scorch.Close(); err != nil {
		return fmt.Errorf("finish building: %w", err)
	}
	return nil
}
