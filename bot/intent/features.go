package intent

// The features of a pair of wordings, in the order of the weights. Each lies
// between 0 and 1 and is symmetric unless its name says which side it is about.
const (
	fCosine           = iota // idf-weighted cosine of the characters
	fCoverQuery              // share of the question's characters found, by idf
	fCoverWording            // share of the wording's characters found, by idf
	fMissQuery               // rarest character of the question that is not found
	fMissWording             // rarest character of the wording that is not found
	fBigramQuery             // share of the question's character pairs found, by idf
	fBigramWording           // the same of the wording
	fWordQuery               // share of the question's words found, by idf
	fWordWording             // the same of the wording
	fWordMiss                // heaviest word of the question that is not found
	fSubsequence             // longest common subsequence, by idf, of the longer side
	fSubsequenceQuery        // the same of the question
	fSubstring               // longest common substring of the shorter side
	fEdit                    // edit similarity
	fJaccard                 // characters, unweighted
	fLength                  // shorter length by longer length
	fPinyin                  // Dice of toneless syllables
	fPinyinPairs             // Dice of pairs of toneless syllables
	fAsks                    // agreement of what is asked for
	fAsksConflict            // both ask, for different things
	fNegation                // one says no, the other does not
	fOpposed                 // 开通 against 取消
	fOpposedWeak             // 上 against 下
	fNumberConflict          // both name numbers or codes, different ones
	fNumberMiss              // share of the numbers of the question that are not found
	fNumberExtra             // the wording names a number that the question does not
	fNumberShare             // share of the question's numbers found
	fEnds                    // same first and last characters
	fBM25                    // BM25 of the question, as a share of its best possible
	fExact                   // the same canonical text
	numFeatures
)

// featureNames are stable: the fitted weights are stored under them.
var featureNames = [numFeatures]struct{ name, label string }{
	fCosine:           {"cosine", "字面相似（按字的稀有程度）"},
	fCoverQuery:       {"cover_query", "问题中的字被覆盖"},
	fCoverWording:     {"cover_wording", "问法中的字被覆盖"},
	fMissQuery:        {"miss_query", "问题里有问法没有的关键字"},
	fMissWording:      {"miss_wording", "问法里有问题没有的关键字"},
	fBigramQuery:      {"bigram_query", "问题中的双字被覆盖"},
	fBigramWording:    {"bigram_wording", "问法中的双字被覆盖"},
	fWordQuery:        {"word_query", "问题中的词被覆盖"},
	fWordWording:      {"word_wording", "问法中的词被覆盖"},
	fWordMiss:         {"word_miss", "缺少关键词"},
	fSubsequence:      {"subsequence", "最长公共子序列"},
	fSubsequenceQuery: {"subsequence_query", "问题按顺序出现的部分"},
	fSubstring:        {"substring", "最长公共片段"},
	fEdit:             {"edit", "编辑距离相似"},
	fJaccard:          {"jaccard", "共同的字"},
	fLength:           {"length", "长度相近"},
	fPinyin:           {"pinyin", "读音相似"},
	fPinyinPairs:      {"pinyin_pairs", "连续读音相似"},
	fAsks:             {"asks", "问的方面一致"},
	fAsksConflict:     {"asks_conflict", "问的方面不同"},
	fNegation:         {"negation", "一个否定一个肯定"},
	fOpposed:          {"opposed", "意思相反（如开通/取消）"},
	fOpposedWeak:      {"opposed_weak", "可能相反（如上/下）"},
	fNumberConflict:   {"number_conflict", "数字或型号不同"},
	fNumberMiss:       {"number_miss", "缺少数字或型号"},
	fNumberExtra:      {"number_extra", "多出数字或型号"},
	fNumberShare:      {"number_share", "数字或型号相同"},
	fEnds:             {"ends", "首尾相同"},
	fBM25:             {"bm25", "检索得分"},
	fExact:            {"exact", "归一后完全相同"},
}

type features [numFeatures]float64
