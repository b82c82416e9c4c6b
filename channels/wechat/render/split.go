package render

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Split cuts a text into pieces that one message each holds, in order: at the end
// of a paragraph, a line, a sentence, else of a clause, else between characters.
// Nothing is lost but white space at the cuts. A link, a number, a word in Latin
// letters, the name of a face, and what is one character to the reader stay in one
// piece, unless one is too long for a message by itself.
func Split(text string) []string {
	text = strings.TrimSpace(text)
	s := splitter{text: text}
	s.end = size{len(text), utf8.RuneCountInString(text)}
	var pieces []string
	if !s.end.fits() {
		s.mark()
	}
	for from := (size{}); from != s.end; {
		p := place{end: s.end, next: s.end}
		if !s.end.minus(from).fits() {
			p = s.choose(from)
		}
		pieces = append(pieces, text[from.bytes:p.end.bytes])
		from = p.next
	}
	return pieces
}

// size is a length, or a place in a text.
type size struct{ bytes, runes int }

func (s size) minus(other size) size { return size{s.bytes - other.bytes, s.runes - other.runes} }
func (s size) plus(text string) size {
	return size{s.bytes + len(text), s.runes + utf8.RuneCountInString(text)}
}
func (s size) fits() bool { return s.bytes <= MaxBytes && s.runes <= MaxRunes }

// messages is how many messages it takes at least.
func (s size) messages() int {
	return max((s.bytes+MaxBytes-1)/MaxBytes, (s.runes+MaxRunes-1)/MaxRunes)
}

// rank says how good a place is to cut.
type rank int

const (
	never    rank = iota // within a character
	poor                 // within a number or link, or before a full stop
	free                 // between characters
	clause               // ，
	sentence             // 。
	line
	paragraph
)

// place is where a text may be cut: end is that of one piece, next the beginning of
// the other; between lies white space.
type place struct {
	end, next size
	rank      rank
}

type splitter struct {
	text   string
	end    size
	places []place // in order
}

// choose returns the best place to end the piece that begins there: one between
// sentences that costs no further message, else the best of the last two thirds,
// else the last.
func (s *splitter) choose(from size) place {
	for s.places[0].end.bytes <= from.bytes {
		s.places = s.places[1:]
	}
	n := 1
	for n < len(s.places) && s.places[n].end.minus(from).fits() {
		n++
	}
	within := s.places[:n]
	left := s.end.minus(from).messages() - 1
	if p, ok := best(within, sentence, func(p place) bool { return s.end.minus(p.next).messages() <= left }); ok {
		return p
	}
	if p, ok := best(within, clause, func(p place) bool { return p.end.minus(from).runes >= MaxRunes/3 }); ok {
		return p
	}
	for _, least := range []rank{free, poor} {
		for _, p := range slices.Backward(within) {
			if p.rank >= least {
				return p
			}
		}
	}
	return within[n-1]
}

// best returns the last of the places with the highest rank, of those that are
// good enough.
func best(places []place, least rank, enough func(place) bool) (found place, ok bool) {
	for _, p := range places {
		if p.rank >= least && p.rank >= found.rank && enough(p) {
			found, ok = p, true
		}
	}
	return found, ok
}

// whole finds what is not to be cut: links, names of faces, words and numbers.
var whole = regexp.MustCompile(`<a href="[^"]*">[^<]*</a>` +
	`|\[[^\[\]\s]{1,8}\]|[０-９]+(?:[．，：][０-９]+)*|[!-;=-~]+`)

const (
	closers   = "”’」』）】》〉)]}"
	stops     = "。！？；…!?;"
	pauses    = "，、：,:"
	notBefore = closers + stops + pauses + ".%％℃°"
)

// mark finds the places.
func (s *splitter) mark() {
	within := inside(whole.FindAllStringIndex(s.text, -1))
	var at, end size // where we are, and where the last character ended
	var b before
	for rest, state := s.text, -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if strings.TrimSpace(cluster) != "" {
			if at.bytes > 0 {
				s.places = append(s.places, place{end, at, b.rank(s.text[end.bytes:at.bytes], cluster, within(at.bytes))})
			}
			s.markWithin(cluster, at)
			b.add(cluster)
			end = at.plus(cluster)
		}
		at = at.plus(cluster)
	}
	s.places = append(s.places, place{s.end, s.end, paragraph})
}

// markWithin marks places in a character that is too long for a message.
func (s *splitter) markWithin(cluster string, at size) {
	if at.plus(cluster).minus(at).fits() {
		return
	}
	n := 0
	for i := range cluster {
		if i > 0 {
			p := size{at.bytes + i, at.runes + n}
			s.places = append(s.places, place{p, p, never})
		}
		n++
	}
}

// inside returns whether a place lies within one of the ranges; it is asked in
// order.
func inside(ranges [][]int) func(at int) bool {
	return func(at int) bool {
		for len(ranges) > 0 && ranges[0][1] <= at {
			ranges = ranges[1:]
		}
		return len(ranges) > 0 && ranges[0][0] < at
	}
}

// before is what stands before a place.
type before struct {
	ends   rank // what its last character ends
	letter bool // of the alphabet
	dotted bool // a letter and a full stop, which end a sentence as a number does not
}

func (b *before) add(cluster string) {
	r, _ := utf8.DecodeRuneInString(cluster)
	b.dotted, b.letter = b.letter && cluster == ".", unicode.IsLetter(r)
	switch {
	case strings.Contains(stops, cluster):
		b.ends = sentence
	case strings.Contains(pauses, cluster):
		b.ends = clause
	case strings.Contains(closers, cluster) && b.ends > free:
		// belongs to the sentence that it closes
	default:
		b.ends = free
	}
}

// rank says how good it is to cut there, before the next character and the white
// space between.
func (b *before) rank(gap, next string, inside bool) rank {
	switch {
	case inside:
		return poor
	case strings.Count(gap, "\n") > 1:
		return paragraph
	case strings.Contains(gap, "\n"):
		return line
	case gap != "" && b.dotted:
		return sentence
	case gap != "":
		return max(b.ends, clause)
	case strings.Contains(notBefore, next):
		return poor
	}
	return b.ends
}
