package intent

import (
	"math"
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// plane is the number of characters with a place in the tables; rarer ones
// share the weight of an unseen character.
const plane = 1 << 16

// terms weighs characters: the fewer wordings of the knowledge base use one, the
// more it says (inverse document frequency). A small base borrows from a prior
// over Chinese questions at large.
type terms struct {
	prior     *Prior
	syllables *syllables
	df        []int32 // per character
	wordings  int     // number of wordings counted
	runes     int     // their total length
	weights   []float32
	max       float64 // weight of an unseen character
	average   float64 // length of a wording
}

// priorWordings is how many wordings the prior counts for.
const priorWordings = 300

func newTerms(prior *Prior, s *syllables) *terms {
	return &terms{prior: prior, syllables: s, df: make([]int32, plane)}
}

// count adds (sign 1) or removes (sign -1) a wording.
func (t *terms) count(w *wording, sign int) {
	for i, r := range w.runes {
		if r < plane && !hasRune(w.runes[:i], r) {
			t.df[r] += int32(sign)
		}
	}
	t.wordings += sign
	t.runes += sign * len(w.runes)
}

func hasRune(runes []rune, r rune) bool {
	for _, o := range runes {
		if o == r {
			return true
		}
	}
	return false
}

// seal computes the weights from the counts.
func (t *terms) seal() {
	n := float64(t.wordings) + priorWordings
	t.weights = make([]float32, plane)
	t.max = math.Log(1 + n/0.5)
	for r := range t.weights {
		df := float64(t.df[r]) + priorWordings*t.prior.share(rune(r))
		t.weights[r] = float32(math.Log(1 + n/(df+0.5)))
	}
	t.average = (float64(t.runes) + 10*priorWordings) / n
}

func (t *terms) clone() *terms {
	c := *t
	c.df = append([]int32(nil), t.df...)
	return &c
}

func (t *terms) idf(r rune) float64 {
	if r < plane {
		return float64(t.weights[r])
	}
	return t.max
}

// known reports whether any wording of the base uses the character.
func (t *terms) known(r rune) bool { return r < plane && t.df[r] > 0 }

// saturation is the factor of BM25 for a character that occurs once in a wording
// of the length (k1 = 1.2, b = 0.75).
func (t *terms) saturation(length int) float64 {
	return 2.2 / (1 + 1.2*(0.25+0.75*float64(length)/t.average))
}

func sqrt(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return math.Sqrt(x)
}

// syllables gives each character the number of its toneless syllable; characters
// that many people pronounce alike (zh/z, ing/in) get the same one. Characters
// without pronunciation keep numbers of their own.
type syllables struct{ table []uint16 }

// alike folds the sounds that Southern speech does not tell apart.
var alike = strings.NewReplacer("zh", "z", "ch", "c", "sh", "s", "ing", "in", "eng", "en", "ang", "an")

func newSyllables() *syllables {
	s := &syllables{table: make([]uint16, plane)}
	numbers := map[string]uint16{}
	known := map[string]uint16{} // by reading with its tone, of which there are few
	args := pinyin.NewArgs()
	for r := rune(0x3400); r < 0xa000; r++ {
		reading, _, _ := strings.Cut(pinyin.PinyinDict[int(r)], ",")
		if reading == "" {
			continue
		}
		if known[reading] == 0 {
			sound := alike.Replace(pinyin.SinglePinyin(r, args)[0])
			if numbers[sound] == 0 {
				numbers[sound] = uint16(0xe000 + len(numbers))
			}
			known[reading] = numbers[sound]
		}
		s.table[r] = known[reading]
	}
	return s
}

func (s *syllables) of(r rune) uint16 {
	if r >= plane {
		return uint16(r)
	}
	if n := s.table[r]; n != 0 {
		return n
	}
	return uint16(r)
}
