package bot

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// MaxFile is how large a file may be, in bytes.
const MaxFile = 10 << 20

const (
	maxPixels   = 50_000_000
	maxFileName = 100 // characters
	maxSuffix   = 5   // characters of what is taken for the ending of a name
	typeText    = "text/plain"
)

// Inspect says what a file is, by looking at its content, and gives it a name
// that is safe to show and to store under. Name, Type and Size are set, and
// Width and Height of an image. What may not be sent is an *InvalidError: its
// Field is content (empty), size (too large) or type (a kind not allowed).
//
// Allowed are PNG, JPEG, GIF and WebP images, PDF, the documents of Office
// without macros, plain text in UTF-8 or GBK under a name of such, MP3, AMR and M4A, and MP4. What is
// not recognised is refused.
func Inspect(name string, content []byte) (File, error) {
	switch {
	case len(content) == 0:
		return File{}, &InvalidError{"content", "文件是空的，请重新选择"}
	case len(content) > MaxFile:
		return File{}, &InvalidError{"size", fmt.Sprintf("文件不能超过 %d MB", MaxFile>>20)}
	}
	kind, err := typeOf(content)
	if err == nil && kind == typeText && !isTextName(name) {
		err = refusedType()
	}
	if err != nil {
		return File{}, err
	}
	f := File{Name: fileName(name, kind), Type: kind, Size: int64(len(content))}
	if f.IsImage() {
		if f.Width, f.Height, err = measure(kind, content); err != nil {
			return File{}, err
		}
	}
	return f, nil
}

// IsImage reports whether the file is an image that browsers may show.
func (f *File) IsImage() bool {
	switch f.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// endingsOf returns the endings of names that fit the type, the usual one first,
// or nothing if the type is not allowed.
func endingsOf(kind string) []string {
	switch kind {
	case "image/png":
		return []string{".png"}
	case "image/jpeg":
		return []string{".jpg", ".jpeg"}
	case "image/gif":
		return []string{".gif"}
	case "image/webp":
		return []string{".webp"}
	case "application/pdf":
		return []string{".pdf"}
	case typeDocx:
		return []string{".docx"}
	case typeXlsx:
		return []string{".xlsx"}
	case typePptx:
		return []string{".pptx"}
	case typeDoc:
		return []string{".doc"}
	case typeXls:
		return []string{".xls"}
	case typePpt:
		return []string{".ppt"}
	case typeText:
		return []string{".txt", ".csv"}
	case "audio/mpeg":
		return []string{".mp3"}
	case "audio/amr":
		return []string{".amr"}
	case "audio/mp4":
		return []string{".m4a"}
	case "video/mp4":
		return []string{".mp4"}
	}
	return nil
}

// typeOf recognises the type by the content alone.
func typeOf(content []byte) (string, error) {
	// A parameter such as the charset is a guess; it goes.
	kind, _, _ := strings.Cut(mimetype.Detect(content).String(), ";")
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return typeOfZip(content)
	case bytes.HasPrefix(content, oleMagic):
		return typeOfOLE(kind, content)
	}
	switch kind {
	case "image/apng":
		kind = "image/png"
	case "audio/x-m4a":
		kind = "audio/mp4"
	case "video/x-m4v":
		kind = "video/mp4"
	case typeText, "text/csv", "text/tab-separated-values":
		if kind = typeText; !isPlain(content) {
			return "", refusedType()
		}
	}
	if endingsOf(kind) == nil {
		return "", refusedType()
	}
	return kind, nil
}

func refusedType() error {
	return &InvalidError{"type", "不支持这种文件，可以发送图片、PDF、Office 文档、文本、录音和 MP4 视频"}
}

func refusedArchive() error {
	return &InvalidError{"type", "不支持压缩包，请解压后发送里面的文件"}
}

func refusedMacros() error {
	return &InvalidError{"type", "文档里有宏，为了安全不能发送，请另存为不含宏的文档"}
}

// isTextName reports whether text may have the name. Text says little of what it
// is for: under another name it is a script, or no image.
func isTextName(name string) bool {
	_, ending := splitName(strings.TrimSpace(name))
	switch ending {
	case "", ".txt", ".csv", ".tsv", ".log", ".md":
		return true
	}
	return false
}

// isMarkup reports whether a text begins like HTML, SVG or XML.
func isMarkup(content []byte) bool {
	content = bytes.TrimLeft(bytes.TrimPrefix(content, []byte("\ufeff")), " \t\r\n\f")
	if len(content) < 2 || content[0] != '<' {
		return false
	}
	c := content[1]
	return c == '!' || c == '?' || c == '/' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isPlain reports whether it is text that people write, in UTF-8 or GBK.
func isPlain(content []byte) bool {
	if isMarkup(content) {
		return false
	}
	for _, c := range content {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' || c == 0x7f {
			return false
		}
	}
	if utf8.Valid(content) {
		return true
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content)
	return err == nil && !bytes.ContainsRune(text, utf8.RuneError)
}

// The types of Office, since 2007 and before.
const (
	typeDocx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typePptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	typeDoc  = "application/msword"
	typeXls  = "application/vnd.ms-excel"
	typePpt  = "application/vnd.ms-powerpoint"
)

// typeOfZip tells documents from other archives by the parts they must have.
func typeOfZip(content []byte) (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return "", refusedArchive()
	}
	kind, described := "", false
	for _, part := range archive.File {
		switch part.Name {
		case "[Content_Types].xml":
			described = true
		case "word/document.xml":
			kind = typeDocx
		case "xl/workbook.xml":
			kind = typeXlsx
		case "ppt/presentation.xml":
			kind = typePptx
		}
		if path.Base(part.Name) == "vbaProject.bin" {
			return "", refusedMacros()
		}
	}
	if kind == "" || !described {
		return "", refusedArchive()
	}
	return kind, nil
}

var oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// typeOfOLE tells the documents of the old Office from each other and from what
// else is stored so, such as installers and mails, by the streams they must have.
func typeOfOLE(kind string, content []byte) (string, error) {
	names := oleNames(content)
	has := func(name string) bool { return slices.Contains(names, name) }
	switch {
	case kind == "application/x-ms-installer", kind == "application/vnd.ms-outlook":
		return "", refusedType()
	case has("_VBA_PROJECT"), has("_VBA_PROJECT_CUR"), has("Macros"):
		return "", refusedMacros()
	case has("WordDocument"):
		return typeDoc, nil
	case has("Workbook"), has("Book"):
		return typeXls, nil
	case has("PowerPoint Document"):
		return typePpt, nil
	}
	return "", refusedType()
}

// oleNames returns the names in the directory of a compound file. Its entries are
// of 128 bytes and lie where multiples of that are; taking all that look like one
// needs none of the tables, which may be broken.
func oleNames(content []byte) (names []string) {
	const entry, header = 128, 512
	for at := header; at+entry <= len(content); at += entry {
		e := content[at : at+entry]
		size, kind := int(binary.LittleEndian.Uint16(e[64:])), e[66]
		if size < 4 || size > 64 || size%2 != 0 || kind != 1 && kind != 2 {
			continue
		}
		var name strings.Builder
		for i := 0; i < size-2; i += 2 {
			name.WriteRune(rune(binary.LittleEndian.Uint16(e[i:])))
		}
		names = append(names, name.String())
	}
	return names
}

// measure returns the size of an image from its header, without unpacking it: a
// small file may unpack to more than a computer holds.
func measure(kind string, content []byte) (width, height int, err error) {
	var c image.Config
	switch r := bytes.NewReader(content); kind {
	case "image/png":
		c, err = png.DecodeConfig(r)
	case "image/jpeg":
		c, err = jpeg.DecodeConfig(r)
	case "image/gif":
		c, err = gif.DecodeConfig(r)
	case "image/webp":
		c, err = webpConfig(content)
	}
	switch {
	case err != nil, c.Width < 1, c.Height < 1:
		return 0, 0, &InvalidError{"type", "图片已经损坏，请重新选择"}
	case c.Width > maxPixels/c.Height:
		return 0, 0, &InvalidError{"size", "图片的尺寸太大，请缩小后再发"}
	}
	return c.Width, c.Height, nil
}

// webpConfig reads the header of a WebP image, of which there are three kinds.
func webpConfig(content []byte) (image.Config, error) {
	if len(content) < 30 {
		return image.Config{}, fmt.Errorf("a WebP image of %d bytes", len(content))
	}
	u24 := func(at int) int { return int(content[at]) | int(content[at+1])<<8 | int(content[at+2])<<16 }
	switch chunk := string(content[12:16]); chunk {
	case "VP8X":
		return image.Config{Width: u24(24) + 1, Height: u24(27) + 1}, nil
	case "VP8L":
		bits := int(binary.LittleEndian.Uint32(content[21:]))
		return image.Config{Width: bits&0x3fff + 1, Height: bits>>14&0x3fff + 1}, nil
	case "VP8 ":
		u16 := binary.LittleEndian.Uint16
		return image.Config{Width: int(u16(content[26:])) & 0x3fff, Height: int(u16(content[28:])) & 0x3fff}, nil
	default:
		return image.Config{}, fmt.Errorf("a WebP image that begins with %q", chunk)
	}
}

// fileName returns the last part of a name, cleaned, with an ending that fits the
// type.
func fileName(name, kind string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"|?*`, r): // systems that do not take them
			return '_'
		case unicode.Is(unicode.Cf, r): // is not seen
			return -1
		}
		return r
	}, oneLine(name))
	stem, ending := splitName(name)
	// No hidden file, and nothing that a table would take for a formula.
	stem = strings.TrimLeft(stem, ".=+-@ ")
	endings := endingsOf(kind)
	if !slices.Contains(endings, ending) {
		ending = endings[0]
	}
	if stem = strings.TrimRight(cut(stem, maxFileName-len(ending)), ". "); stem == "" {
		stem = "文件"
	}
	return stem + ending
}

// splitName parts a name from its ending, in lower case. What is long or has
// other characters than letters and digits is no ending.
func splitName(name string) (stem, ending string) {
	ending = path.Ext(name)
	for _, r := range strings.TrimPrefix(ending, ".") {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return name, ""
		}
	}
	if len(ending) > 1+maxSuffix {
		return name, ""
	}
	return strings.TrimSuffix(name, ending), strings.ToLower(ending)
}

// Disposition returns the header Content-Disposition to serve the file with: only
// images may be shown, all else is kept.
func (f *File) Disposition() string {
	how := "attachment"
	if f.IsImage() {
		how = "inline"
	}
	return mime.FormatMediaType(how, map[string]string{"filename": f.Name})
}
