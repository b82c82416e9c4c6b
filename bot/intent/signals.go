package intent

import "math"

// The signals tell how far the best candidate can be trusted.
const (
	sShare    = iota // of the probability among all candidates
	sLogShare        // its logarithm
	sMargin          // score ahead of the next entry
	sGap             // score ahead of the mean of the next five
	sScore           // linear score
	sCosine          // features of the best wording, see features.go
	sCoverQuery
	sMissQuery
	sMissWording
	sBigramQuery
	sWordQuery
	sWordMiss
	sSubsequence
	sConflict // opposite, different number, other question type
	sExact
	sLength  // of the question
	sUnknown // share of the question in characters that the base never uses
	sAgree   // other wordings of the same entry that are as near
	numSignals
)

var signalNames = [numSignals]named{
	sShare:       {"share", "在所有候选中的占比"},
	sLogShare:    {"log_share", "占比（对数）"},
	sMargin:      {"margin", "领先第二名"},
	sGap:         {"gap", "领先后五名平均"},
	sScore:       {"score", "排序得分"},
	sCosine:      {"cosine", "字面相似"},
	sCoverQuery:  {"cover_query", "问题被覆盖"},
	sMissQuery:   {"miss_query", "缺少关键字"},
	sMissWording: {"miss_wording", "多出关键字"},
	sBigramQuery: {"bigram_query", "双字被覆盖"},
	sWordQuery:   {"word_query", "词被覆盖"},
	sWordMiss:    {"word_miss", "缺少关键词"},
	sSubsequence: {"subsequence", "顺序一致"},
	sConflict:    {"conflict", "意思冲突"},
	sExact:       {"exact", "归一后完全相同"},
	sLength:      {"length", "问题长度"},
	sUnknown:     {"unknown", "知识库没有的字"},
	sAgree:       {"agree", "同一知识点的其他问法也相近"},
}

type signals [numSignals]float64

// fullLength is the length in characters from which a question counts as long.
const fullLength = 20

// signalsOf computes the signals of ranked[0], the best of the candidates.
func signalsOf(ranked []Ranked, unknown float64, length int) signals {
	var s signals
	best := &ranked[0]
	f := &best.Features
	share := shareOf(ranked)
	s[sShare] = share
	s[sLogShare] = math.Log(max(share, 1e-4))
	s[sMargin] = math.Min(10, best.Score-scoreAt(ranked, 1))
	s[sGap] = math.Min(15, best.Score-meanOf(ranked, 1, 6))
	s[sScore] = best.Score
	s[sCosine] = f[fCosine]
	s[sCoverQuery] = f[fCoverQuery]
	s[sMissQuery] = f[fMissQuery]
	s[sMissWording] = f[fMissWording]
	s[sBigramQuery] = f[fBigramQuery]
	s[sWordQuery] = f[fWordQuery]
	s[sWordMiss] = f[fWordMiss]
	s[sSubsequence] = f[fSubsequence]
	s[sConflict] = f[fOpposed] + f[fNumberConflict] + f[fAsksConflict]
	s[sExact] = f[fExact]
	s[sLength] = math.Min(fullLength, float64(length)) / fullLength
	s[sUnknown] = unknown
	s[sAgree] = best.agree
	return s
}

// shareOf is the softmax of the best score among all.
func shareOf(ranked []Ranked) float64 {
	var sum float64
	for i := range ranked {
		sum += math.Exp(ranked[i].Score - ranked[0].Score)
	}
	return 1 / sum
}

// scoreAt is the score at a place, or that of a hopeless candidate.
func scoreAt(ranked []Ranked, i int) float64 {
	if i < len(ranked) {
		return ranked[i].Score
	}
	return math.Min(0, ranked[len(ranked)-1].Score)
}

func meanOf(ranked []Ranked, from, to int) float64 {
	var sum float64
	for i := from; i < to; i++ {
		sum += scoreAt(ranked, i)
	}
	return sum / float64(to-from)
}
