package sheet

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf16 "golang.org/x/text/encoding/unicode"
)

const (
	bomUTF8    = "\xEF\xBB\xBF"
	bomUTF16LE = "\xFF\xFE"
	bomUTF16BE = "\xFE\xFF"
)

// decodeText turns the bytes of a text file into UTF-8 and names the encoding.
// It is strict: a byte order mark decides; else valid UTF-8 wins; else UTF-16 if
// the zero bytes say so; else GB18030 if every byte fits. Anything else is an
// error rather than a file full of replacement characters.
func decodeText(data []byte) (text, name string, err error) {
	switch {
	case hasPrefix(data, bomUTF8):
		data, name = data[len(bomUTF8):], "utf-8-bom"
	case hasPrefix(data, bomUTF16LE):
		text, err = decodeUTF16(data[2:], utf16.LittleEndian)
		return text, "utf-16le", err
	case hasPrefix(data, bomUTF16BE):
		text, err = decodeUTF16(data[2:], utf16.BigEndian)
		return text, "utf-16be", err
	case bytes.IndexByte(data, 0) >= 0:
		return guessUTF16(data)
	default:
		name = "utf-8"
	}
	if utf8.Valid(data) {
		if text = string(data); looksBinary(text) {
			return "", "", refuse(reasonUnknown)
		}
		return text, name, nil
	}
	if err := brokenUTF8(data, name); err != nil {
		return "", "", err
	}
	text, err = decodeGB18030(data)
	return text, "gb18030", err
}

func decodeUTF16(data []byte, order utf16.Endianness) (string, error) {
	text, err := decodeWith(utf16.UTF16(order, utf16.IgnoreBOM), data)
	if err != nil {
		return "", err
	}
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		return "", &Error{Row: recordAt(text, i), Reason: "这里有残缺的字符，文件可能不完整，请重新下载，或用原来的程序重新导出"}
	}
	if looksBinary(text) {
		return "", refuse(reasonUnknown)
	}
	return text, nil
}

func decodeWith(enc encoding.Encoding, data []byte) (string, error) {
	out, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return "", damaged(err)
	}
	return string(out), nil
}

// guessUTF16 tries both byte orders on the beginning of data and takes the one
// that gives the more usual characters.
func guessUTF16(data []byte) (text, name string, err error) {
	sample := data[:min(len(data), 64<<10)&^1]
	little, _ := decodeWith(utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM), sample)
	big, _ := decodeWith(utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM), sample)
	l, b := usualShare(little), usualShare(big)
	switch {
	case max(l, b) < 0.9:
		return "", "", refuse(reasonUnknown)
	case l >= b:
		text, err = decodeUTF16(data, utf16.LittleEndian)
		return text, "utf-16le", err
	default:
		text, err = decodeUTF16(data, utf16.BigEndian)
		return text, "utf-16be", err
	}
}

// usual holds the characters that a Chinese office file is made of.
var usual = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: '\t', Hi: '\n', Stride: 1}, {Lo: '\r', Hi: '\r', Stride: 1},
		{Lo: 0x0020, Hi: 0x007E, Stride: 1}, {Lo: 0x00A0, Hi: 0x00FF, Stride: 1},
		{Lo: 0x2000, Hi: 0x206F, Stride: 1}, {Lo: 0x2190, Hi: 0x22FF, Stride: 1}, {Lo: 0x2460, Hi: 0x27BF, Stride: 1},
		{Lo: 0x3000, Hi: 0x30FF, Stride: 1}, {Lo: 0x4E00, Hi: 0x9FFF, Stride: 1}, {Lo: 0xFF00, Hi: 0xFFEF, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1F300, Hi: 0x1FAFF, Stride: 1}, {Lo: 0x20000, Hi: 0x2FFFF, Stride: 1}},
}

func usualShare(text string) float64 {
	n, good := 0, 0
	for _, r := range text {
		n++
		if unicode.Is(usual, r) {
			good++
		}
	}
	return float64(good) / float64(max(n, 1))
}

// brokenUTF8 explains data that is UTF-8 in part but not throughout. It returns nil
// if nothing speaks for UTF-8. The check comes before GB18030 is tried because
// UTF-8 often passes for (nonsensical) GB18030.
func brokenUTF8(data []byte, name string) error {
	if cutShort(data) && chineseRunes(data) >= 3 {
		return &Error{Row: recordAt(string(data), len(data)-1),
			Reason: "文件在一个字的中间断开了，不完整，请重新下载，或用原来的程序重新导出"}
	}
	utf8Lines, otherLines, firstUTF8, firstOther := surveyLines(data)
	switch {
	case name == "utf-8-bom", utf8Lines >= otherLines && utf8Lines > 0:
		return &Error{Row: recordAt(string(data), firstOther),
			Reason: "这一行不是 UTF-8 编码，而文件的其余部分是；多半混入了 GBK 的内容。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"}
	case utf8Lines > 0:
		return &Error{Row: recordAt(string(data), firstUTF8),
			Reason: "这一行是 UTF-8 编码，而文件的其余部分是 GBK。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"}
	}
	return nil
}

// surveyLines counts the lines that can only be UTF-8 (three Chinese characters
// or more: chance does not do that with GBK bytes) and those that cannot be, and
// gives the offset of the first of each.
func surveyLines(data []byte) (utf8Lines, otherLines, firstUTF8, firstOther int) {
	offset := 0
	for line := range bytes.Lines(data) {
		switch {
		case !utf8.Valid(line):
			if otherLines++; otherLines == 1 {
				firstOther = offset
			}
		case chineseRunes(line) >= 3:
			if utf8Lines++; utf8Lines == 1 {
				firstUTF8 = offset
			}
		}
		offset += len(line)
	}
	return utf8Lines, otherLines, firstUTF8, firstOther
}

func chineseRunes(line []byte) int {
	n := 0
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r >= 0x3000 && r <= 0x9FFF || r >= 0xFF00 && r <= 0xFFEF {
			n++
		}
		line = line[size:]
	}
	return n
}

// cutShort reports whether data is UTF-8 but for a character cut off at its end.
func cutShort(data []byte) bool {
	for n := 1; n <= 3 && n <= len(data); n++ {
		tail := data[len(data)-n:]
		if utf8.RuneStart(tail[0]) {
			return !utf8.FullRune(tail) && utf8.Valid(data[:len(data)-n])
		}
	}
	return false
}

// decodeGB18030 is the last resort, so what does not fit here fits nowhere.
func decodeGB18030(data []byte) (string, error) {
	text, err := decodeWith(simplifiedchinese.GB18030, data)
	if err != nil {
		return "", err
	}
	if looksBinary(text) || usualShare(text[:min(len(text), 1<<20)]) < 0.7 || strings.Count(text, string(utf8.RuneError))*100 > len(text) {
		return "", refuse(reasonUnknown)
	}
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		return "", &Error{Row: recordAt(text, i),
			Reason: "这里有不属于 GBK 的字符，文件可能损坏或混用了编码。请用 Excel 或 WPS 打开，改正这一行，再另存为 .xlsx 后上传"}
	}
	return text, nil
}
