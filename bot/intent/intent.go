// Package intent decides what to do about a question: answer it, suggest
// candidates, ask back, or refuse. It is pure: it reads no clock, no file and no
// network, and the same question over the same knowledge gives the same
// decision, with everything that led to it.
//
// The way of a question: analyse (normalise, word classes, words) → exact hit →
// recall of some fifty wordings → features of each pair of wordings → linear
// score, an entry scoring as its best wording → calibrated confidence, which
// sees the margin to the next entry → decision by thresholds.
package intent

import (
	"context"
	"time"

	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// Kind is what the bot does about a question.
type Kind string

// The kinds of a Decision.
const (
	Answer  Kind = "answer"  // sure: give the entry's answer
	Suggest Kind = "suggest" // not sure: offer at most three questions
	Clarify Kind = "clarify" // two entries fit equally well: ask which is meant
	Refuse  Kind = "refuse"  // does not know
)

// MaxCandidates is how many questions are offered at once.
const MaxCandidates = 3

// Analyzer prepares a text for matching; see segment.Analyzer.
type Analyzer interface {
	Analyze(text string) segment.Form
}

// Recaller finds the wordings that may mean the same as a question. It is the
// only thing the matcher asks of the outside, and it must be deterministic.
type Recaller interface {
	Recall(ctx context.Context, question segment.Form, limit int) ([]Hit, error)
}

// Hit is a recalled wording.
type Hit struct {
	Entry string
	// Wording is the place among Entry.Questions(): 0 is the standard question.
	Wording int
}

// Query is a question with what is known about who asks and when.
type Query struct {
	Text      string
	Dimension knowledge.Dimension
	At        time.Time
}

// Decision is what to do about a query, and why.
type Decision struct {
	Kind Kind
	// Entry is the entry to answer with; the zero Entry unless Kind is Answer.
	Entry knowledge.Entry
	// Texts is what the entry says to this visitor; several if it replies with all.
	Texts []string
	// Candidates are the questions to offer, best first, if Kind is Suggest or
	// Clarify. With Answer they are the answered entry and what else was near; an
	// exact hit has none.
	Candidates []Candidate
	// Confidence is the probability, 0 to 1, that the best entry is right.
	Confidence float64
	// Reason is a sentence in Chinese for editors.
	Reason string
	Trace  Trace
}

// Candidate is an entry that may be meant.
type Candidate struct {
	Entry      string  `json:"entry"`
	Question   string  `json:"question"` // its standard question
	Confidence float64 `json:"confidence"`
}

// Trace is everything that led to a decision (依据). It can be stored as JSON.
type Trace struct {
	Text      string   `json:"text"`      // as asked
	Key       string   `json:"key"`       // normalised
	Canonical string   `json:"canonical"` // with word classes replaced
	Tokens    []string `json:"tokens"`
	Truncated bool     `json:"truncated,omitempty"` // too long: only the beginning was compared
	// Rule names the step that decided: empty, short, stopwords, exact,
	// threshold, margin, unknown …
	Rule string `json:"rule"`
	// AnswerAt and SuggestAt are the thresholds in force.
	AnswerAt   float64          `json:"answer_at"`
	SuggestAt  float64          `json:"suggest_at"`
	Candidates []CandidateTrace `json:"candidates"`
	// Signals are the inputs of the calibration of the best candidate.
	Signals []Contribution `json:"signals,omitempty"`
	Model   string         `json:"model"` // fingerprint of the weights
	// Revision is the state of the knowledge, as far as whoever asked says so.
	Revision int64 `json:"revision,omitempty"`
}

// CandidateTrace explains the place of one candidate.
type CandidateTrace struct {
	Entry      string  `json:"entry"`
	Question   string  `json:"question"` // standard question
	Wording    string  `json:"wording"`  // the wording that came nearest
	Score      float64 `json:"score"`
	Confidence float64 `json:"confidence"`
	// Excluded says why the entry may not answer, in Chinese; empty if it may.
	Excluded string         `json:"excluded,omitempty"`
	Features []Contribution `json:"features"`
	// Missing are the words of the question that the wording lacks.
	Missing []string `json:"missing,omitempty"`
}

// Contribution is one term of a linear score.
type Contribution struct {
	Name   string  `json:"name"`
	Label  string  `json:"label,omitempty"` // in Chinese
	Value  float64 `json:"value"`
	Weight float64 `json:"weight"`
}
