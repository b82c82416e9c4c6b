package sheet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf16"
)

// Record types of BIFF8, as far as texts, numbers and merged cells need them.
const (
	recFormula    = 0x0006
	recEOF        = 0x000A
	recDateMode   = 0x0022
	recFilePass   = 0x002F
	recContinue   = 0x003C
	recBoundSheet = 0x0085
	recMulRK      = 0x00BD
	recRString    = 0x00D6
	recXF         = 0x00E0
	recMergeCells = 0x00E5
	recSST        = 0x00FC
	recLabelSST   = 0x00FD
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRK         = 0x027E
	recFormat     = 0x041E
	recBOF        = 0x0809
)

const (
	biff8      = 0x0600 // version in a BOF record
	bofGlobals = 0x0005 // kind of substream in a BOF record
)

var errRecord = errors.New("biff: record cut off")

// biffReader walks the records of a workbook stream.
type biffReader struct {
	data []byte
	pos  int
}

// biffRecord is one record; more holds the contents of the CONTINUE records
// behind it, without which long ones are not whole.
type biffRecord struct {
	kind uint16
	data []byte
	more [][]byte
}

func (r *biffReader) next() (biffRecord, error) {
	rec, err := r.single()
	if err != nil {
		return rec, err
	}
	for r.pos+4 <= len(r.data) && binary.LittleEndian.Uint16(r.data[r.pos:]) == recContinue {
		more, err := r.single()
		if err != nil {
			return rec, err
		}
		rec.more = append(rec.more, more.data)
	}
	return rec, nil
}

func (r *biffReader) single() (biffRecord, error) {
	if r.pos < 0 || r.pos+4 > len(r.data) {
		return biffRecord{}, errors.New("biff: stream ends without an EOF record")
	}
	kind := binary.LittleEndian.Uint16(r.data[r.pos:])
	start := r.pos + 4
	end := start + int(binary.LittleEndian.Uint16(r.data[r.pos+2:]))
	if end > len(r.data) {
		return biffRecord{}, errRecord
	}
	r.pos = end
	return biffRecord{kind: kind, data: r.data[start:end:end]}, nil
}

// u16, u32 and f64 return a field of the record; need has to be asked first.
func (r biffRecord) u16(at int) int    { return int(binary.LittleEndian.Uint16(r.data[at:])) }
func (r biffRecord) u32(at int) uint32 { return binary.LittleEndian.Uint32(r.data[at:]) }
func (r biffRecord) f64(at int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r.data[at:]))
}

// need checks that the record has n bytes, before its fields are read.
func (r biffRecord) need(n int) error {
	if len(r.data) < n {
		return fmt.Errorf("%w: type %#x has %d of %d bytes", errRecord, r.kind, len(r.data), n)
	}
	return nil
}

// strings returns a reader of the text that begins at the offset.
func (r biffRecord) strings(at int) *biffStrings {
	return &biffStrings{cur: r.data[at:], more: r.more}
}

// rkNumber decodes the short form of numbers.
func rkNumber(rk uint32) float64 {
	var v float64
	if rk&2 != 0 {
		v = float64(int32(rk) >> 2)
	} else {
		v = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		v /= 100
	}
	return v
}

// biffStrings reads Unicode strings that may run over from a record into its
// CONTINUE records. Where the characters of a string are cut in two, the second
// part begins with a flag that says anew whether they take one byte or two.
type biffStrings struct {
	cur  []byte
	more [][]byte
}

// done reports whether nothing is left to read.
func (s *biffStrings) done() bool {
	for len(s.cur) == 0 && len(s.more) > 0 {
		s.cur, s.more = s.more[0], s.more[1:]
	}
	return len(s.cur) == 0
}

// bytes takes n bytes that carry no flag at a boundary.
func (s *biffStrings) bytes(n int) ([]byte, error) {
	var out []byte
	for n > 0 {
		if s.done() {
			return nil, errRecord
		}
		k := min(n, len(s.cur))
		if out == nil && k == n {
			out = s.cur[:k:k]
		} else {
			out = append(out, s.cur[:k]...)
		}
		s.cur, n = s.cur[k:], n-k
	}
	return out, nil
}

func (s *biffStrings) uint(n int) (int, error) {
	b, err := s.bytes(n)
	v := 0
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | int(b[i])
	}
	return v, err
}

// next reads a string whose length takes lengthBytes (1 or 2), with its
// formatting runs and phonetic block, which are skipped.
func (s *biffStrings) next(lengthBytes int) (string, error) {
	n, err := s.uint(lengthBytes)
	if err != nil {
		return "", err
	}
	flags, err := s.uint(1)
	if err != nil {
		return "", err
	}
	tail := 0
	if flags&8 != 0 {
		runs, err := s.uint(2)
		if err != nil {
			return "", err
		}
		tail += runs * 4
	}
	if flags&4 != 0 {
		size, err := s.uint(4)
		if err != nil {
			return "", err
		}
		tail += size
	}
	text, err := s.chars(n, flags&1 != 0)
	if err != nil {
		return "", err
	}
	return text, s.skip(tail)
}

// chars takes n characters of one byte (Latin-1) or two (UTF-16).
func (s *biffStrings) chars(n int, wide bool) (string, error) {
	var units []uint16
	for len(units) < n {
		if len(s.cur) == 0 {
			if s.done() {
				return "", errRecord
			}
			wide, s.cur = s.cur[0]&1 != 0, s.cur[1:]
			continue
		}
		if !wide {
			units = append(units, uint16(s.cur[0]))
			s.cur = s.cur[1:]
			continue
		}
		if len(s.cur) < 2 {
			return "", errRecord
		}
		units = append(units, binary.LittleEndian.Uint16(s.cur))
		s.cur = s.cur[2:]
	}
	return string(utf16.Decode(units)), nil
}

func (s *biffStrings) skip(n int) error {
	for n > 0 {
		if s.done() {
			return errRecord
		}
		k := min(n, len(s.cur))
		s.cur, n = s.cur[k:], n-k
	}
	return nil
}
