package sheet

import "strings"

// readDelimited reads csv and tsv.
//
// It is kinder than encoding/csv: a quote that is not where the rules want it is
// an ordinary character, and a cell whose opening quote is never closed does not
// swallow the rows behind it. A first line "sep=;" is an instruction to Excel,
// obeyed and not counted as a row.
func readDelimited(b *budget, text string) (Kind, []Sheet, error) {
	delim, rest, told := separatorLine(text)
	if !told {
		delim = detectDelimiter(text)
	}
	kind := KindCSV
	if delim == '\t' {
		kind = KindTSV
	}
	g := newGrid(b)
	r := delimitedReader{text: strings.TrimSuffix(rest, "\x1a"), delim: delim, max: b.lim.Columns + 1}
	for number := 1; ; number++ {
		fields, ok := r.record()
		if !ok {
			return kind, []Sheet{{Rows: g.finish()}}, nil
		}
		if err := b.tick(); err != nil {
			return "", nil, err
		}
		if err := b.checkRowNumber(number); err != nil {
			return "", nil, err
		}
		for i, field := range fields {
			if err := g.set(number, i+1, unguard(field)); err != nil {
				return "", nil, err
			}
		}
	}
}

// separatorLine recognises "sep=X" on the first line.
func separatorLine(text string) (delim byte, rest string, ok bool) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	if len(line) == 5 && strings.EqualFold(line[:4], "sep=") && strings.IndexByte(",;\t", line[4]) >= 0 {
		return line[4], rest, true
	}
	return 0, text, false
}

// How many records decide about the delimiter, and how many fields of each.
const (
	sampleRecords = 200
	sampleFields  = 1 << 14
)

// detectDelimiter takes the delimiter under which the largest share of the
// records has the same number of fields; of equals the one with more fields. A
// count of records would favour a delimiter that tears quoted cells into more.
func detectDelimiter(text string) byte {
	best, bestShare, bestFields := byte(','), 0.0, 0
	for _, delim := range []byte("\t,;") {
		share, fields := delimiterShare(text, delim)
		if share > bestShare || share == bestShare && fields > bestFields {
			best, bestShare, bestFields = delim, share, fields
		}
	}
	return best
}

// delimiterShare returns the share of the records that have the most usual
// number of fields, if that is more than one. Blank lines are no records, and a
// record whose quotes are out of order counts half: the wrong delimiter cuts
// quoted cells to pieces.
func delimiterShare(text string, delim byte) (share float64, fields int) {
	r := delimitedReader{text: text, delim: delim, max: sampleFields}
	counts := map[int]int{} // in halves
	records, most := 0, 0
	for range sampleRecords {
		slips := r.slips
		record, ok := r.record()
		if !ok {
			break
		}
		if len(record) == 1 && record[0] == "" {
			continue
		}
		records++
		if n := len(record); n > 1 {
			counts[n]++
			if r.slips == slips {
				counts[n]++
			}
		}
	}
	for n, count := range counts {
		if count > most || count == most && n > fields {
			most, fields = count, n
		}
	}
	return float64(most) / float64(max(2*records, 1)), fields
}

// recordAt returns the 1-based number of the record of a delimited text that
// holds the byte at offset. The text may be in any encoding that keeps ASCII.
func recordAt(text string, offset int) int {
	r := delimitedReader{text: text, delim: detectDelimiter(text), max: sampleFields}
	for number := 1; ; number++ {
		if _, ok := r.record(); !ok || r.pos > offset {
			return number
		}
	}
}

// delimitedReader cuts text into records. Lines end with \n, \r\n or \r. The
// fields are parts of text wherever possible, so they cost no memory of their own.
type delimitedReader struct {
	text   string
	delim  byte
	max    int // fields kept of one record; the last place is for whatever has content behind it
	pos    int
	fields []string // of the last record, reused
	slips  int      // quotes so far that are not where the rules want them

	// An opening quote found to have no partner saves the same search to those
	// behind it, which keeps reading linear in the size of any text: no quote
	// that opens before unclosed is closed.
	unclosed int
}

// record returns the fields of the next record; they are valid until the next call.
func (r *delimitedReader) record() ([]string, bool) {
	if r.pos >= len(r.text) {
		return nil, false
	}
	r.fields = r.fields[:0]
	for {
		if f := r.field(); len(r.fields) < r.max {
			r.fields = append(r.fields, f)
		} else if f != "" {
			r.fields[r.max-1] = f
		}
		if r.endOfField() {
			return r.fields, true
		}
	}
}

func (r *delimitedReader) field() string {
	start := r.pos
	if start < len(r.text) && r.text[start] == '"' {
		if end := r.closingQuote(start); end > 0 {
			r.pos = end + 1
			return strings.ReplaceAll(r.text[start+1:end], `""`, `"`)
		}
	}
	for r.pos < len(r.text) && !r.terminates(r.pos) {
		if r.text[r.pos] == '"' {
			r.slips++
		}
		r.pos++
	}
	return r.text[start:r.pos]
}

// endOfField steps over what ends a field and reports whether the record ended too.
func (r *delimitedReader) endOfField() bool {
	switch {
	case r.pos >= len(r.text):
		return true
	case r.text[r.pos] == r.delim:
		r.pos++
		return false
	case strings.HasPrefix(r.text[r.pos:], "\r\n"):
		r.pos++
	}
	r.pos++
	return true
}

// terminates reports whether a field ends at i.
func (r *delimitedReader) terminates(i int) bool {
	return i >= len(r.text) || r.text[i] == r.delim || r.text[i] == '\n' || r.text[i] == '\r'
}

// closingQuote finds the partner of the quote at start, or returns 0.
//
// Inside a quoted field quotes come in pairs, so a run of them closes the field
// if its length is odd and the field ends behind it. An odd run elsewhere is a
// slip. It is taken as text, unless it looks like the opening quote of a field
// on a later line: then the quote at start is the slip.
func (r *delimitedReader) closingQuote(start int) int {
	brk := -1 // the last line break seen
	for i := start + 1; ; {
		n := strings.IndexByte(r.text[i:], '"')
		if n < 0 {
			r.unclosed = len(r.text)
			return 0
		}
		if j := strings.LastIndexAny(r.text[i:i+n], "\r\n"); j >= 0 {
			brk = i + j
		}
		i += n
		end := i
		for end < len(r.text) && r.text[end] == '"' {
			end++
		}
		if (end-i)%2 == 1 {
			if r.terminates(end) {
				return end - 1
			}
			if brk >= 0 && r.terminates(i-1) {
				r.unclosed = max(r.unclosed, brk)
				return 0
			}
			r.slips++
		}
		if i = end; start < r.unclosed {
			return 0
		}
	}
}
