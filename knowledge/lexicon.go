package knowledge

// Lexicon is the language data of a knowledge base. It is stored and replaced
// as a whole.
type Lexicon struct {
	WordClasses []WordClass
	// UserWords are words that segmentation must keep together (用户词).
	UserWords []string
	// StopWords carry no meaning for matching (停用词): a question made of them
	// alone is refused.
	StopWords []string
	// SensitiveWords are not matched but handed to the rules of the dialogue
	// (敏感词).
	SensitiveWords []string
	// Version is the optimistic lock, as in Entry.
	Version int64
}

// WordClass is a set of words with one meaning (词类). The first word stands for
// the class.
type WordClass struct {
	Name  string
	Words []string
	// Includes names other classes whose words belong to this one too. Circles
	// are refused.
	Includes []string
}
