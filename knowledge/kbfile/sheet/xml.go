package sheet

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/net/html/charset"
)

const (
	maxXMLToken = 8 << 20 // bytes of one tag or one run of text
	maxXMLDepth = 100     // genuine parts stay below 20
)

// xmlReader reads one part token by token, with bounds on the two things that a
// decoder keeps in memory: the token and the stack of open elements.
type xmlReader struct {
	budget *budget
	dec    *xml.Decoder
	bytes  *tokenBytes
	depth  int
}

func newXMLReader(b *budget, r io.Reader) *xmlReader {
	bytes := &tokenBytes{r: bufio.NewReaderSize(r, 64<<10)}
	dec := xml.NewDecoder(bytes)
	dec.CharsetReader = charset.NewReaderLabel
	return &xmlReader{budget: b, dec: dec, bytes: bytes}
}

// next returns the next token, valid until the next call, and io.EOF at the end
// of a part that is well formed and whole.
func (x *xmlReader) next() (xml.Token, error) {
	if err := x.budget.tick(); err != nil {
		return nil, err
	}
	x.bytes.n = 0
	token, err := x.dec.Token()
	if err != nil {
		var e *Error
		if err == io.EOF || errors.As(err, &e) {
			return nil, err
		}
		return nil, damaged(err)
	}
	switch token.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxXMLDepth {
			return nil, broken("xml elements nested deeper than %d", maxXMLDepth)
		}
	case xml.EndElement:
		x.depth--
	}
	return token, nil
}

// tokenBytes counts the bytes that the decoder takes for one token.
type tokenBytes struct {
	r *bufio.Reader
	n int
}

func (t *tokenBytes) ReadByte() (byte, error) {
	if t.n++; t.n > maxXMLToken {
		return 0, fmt.Errorf("xml token longer than %d bytes", maxXMLToken)
	}
	return t.r.ReadByte()
}

// Read makes tokenBytes an io.Reader for the decoder's sake, which prefers ReadByte.
func (t *tokenBytes) Read(p []byte) (int, error) {
	n, err := t.r.Read(p[:min(len(p), 4096)])
	t.n += n
	return n, err
}

// eachXML calls f for every token of a part.
func eachXML(a *archive, part string, f func(xml.Token) error) error {
	r, err := a.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXMLReader(a.budget, r)
	for {
		token, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f(token)
		}
		if err != nil {
			return err
		}
	}
}

// attr returns the attribute with that local name, whatever its namespace.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// attrInt is attr as a number, or missing if there is none.
func attrInt(e xml.StartElement, name string, missing int) int {
	n, err := strconv.Atoi(attr(e, name))
	if err != nil {
		return missing
	}
	return n
}
