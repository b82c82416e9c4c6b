package sheet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"faqbot/knowledge/kbfile/sheet"
)

func mustOpen(t *testing.T, name string, data []byte) *sheet.Workbook {
	t.Helper()
	wb, err := sheet.Open(t.Context(), name, data, sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return wb
}

// openError opens a file that must be refused, and not because of a panic.
func openError(t *testing.T, name string, data []byte, lim sheet.Limits) *sheet.Error {
	t.Helper()
	wb, err := sheet.Open(t.Context(), name, data, lim)
	var e *sheet.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %+v, %v; want an *Error", wb, err)
	}
	if e.Err != nil && strings.HasPrefix(e.Err.Error(), "panic") {
		t.Fatal(e.Err)
	}
	return e
}

func mustRead(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// cells drops the row numbers where a test does not look at them.
func cells(s sheet.Sheet) [][]string {
	var out [][]string
	for _, row := range s.Rows {
		out = append(out, row.Cells)
	}
	return out
}

// zipFile packs parts in the order of their names.
func zipFile(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := zw.Create(name)
		if err == nil {
			_, err = w.Write([]byte(parts[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	relBase    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	mainSpace  = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + relBase + `"`
	sheetStart = `<?xml version="1.0" encoding="UTF-8"?><worksheet` + mainSpace + `><sheetData>`
	sheetEnd   = `</sheetData></worksheet>`
)

// bookParts are the parts of a workbook with one sheet 表 whose rows are given as XML.
func bookParts(rows string) map[string]string {
	return map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":         `<Relationships><Relationship Id="r1" Type="` + relBase + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":     `<workbook` + mainSpace + `><sheets><sheet name="表" sheetId="1" r:id="s1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="s1" Type="` + relBase + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="s2" Type="` + relBase + `/sharedStrings" Target="sharedStrings.xml"/>` +
			`<Relationship Id="s3" Type="` + relBase + `/styles" Target="/xl/styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": sheetStart + rows + sheetEnd,
	}
}

// with returns parts with one more or one replaced; without drops one.
func with(parts map[string]string, name, content string) map[string]string {
	parts[name] = content
	return parts
}

func without(parts map[string]string, name string) map[string]string {
	delete(parts, name)
	return parts
}

// record is one BIFF record.
func record(kind uint16, parts ...[]byte) []byte {
	data := bytes.Join(parts, nil)
	head := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(head, uint16(len(data))), data...)
}

// u16 is little-endian numbers of two bytes.
func u16(values ...int) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint16(out, uint16(v))
	}
	return out
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// wide is UTF-16 text without any header.
func wide(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// workbookStream is a BIFF8 stream with one sheet 表: globals go before the
// sheet list, cells into the sheet.
func workbookStream(globals, cells []byte) []byte {
	name := append([]byte{1, 1}, wide("表")...)
	head := slices.Concat(record(0x809, u16(0x0600, 0x0005)), globals)
	list := len(record(0x85, u32(0), []byte{0, 0}, name))
	eof := record(0x0A)
	head = append(head, record(0x85, u32(uint32(len(head)+list+len(eof))), []byte{0, 0}, name)...)
	return slices.Concat(head, eof, record(0x809, u16(0x0600, 0x0010)), cells, eof)
}

// compoundFile wraps a stream in an OLE2 file, padded so that it lives in
// sectors of the ordinary size.
func compoundFile(name string, stream []byte) []byte {
	const sector = 512
	size := max(len(stream), 4096)
	body := (size + sector - 1) / sector
	fatSectors := (body + 1 + 1 + 127) / 127
	header := make([]byte, sector)
	copy(header, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	put := binary.LittleEndian.PutUint32
	copy(header[24:], u16(0x3E, 3, 0xFFFE, 9, 6))
	put(header[44:], uint32(fatSectors))
	put(header[48:], uint32(fatSectors)) // directory behind the table
	put(header[56:], 4096)
	put(header[60:], 0xFFFFFFFE)
	put(header[68:], 0xFFFFFFFE)
	fat := bytes.Repeat([]byte{0xFF}, fatSectors*sector)
	for i := range 109 {
		put(header[76+4*i:], 0xFFFFFFFF)
		if i < fatSectors {
			put(header[76+4*i:], uint32(i))
			put(fat[4*i:], 0xFFFFFFFD)
		}
	}
	put(fat[4*fatSectors:], 0xFFFFFFFE)
	first := fatSectors + 1
	for i := range body {
		put(fat[4*(first+i):], uint32(first+i+1))
	}
	put(fat[4*(first+body-1):], 0xFFFFFFFE)
	dir := slices.Concat(dirEntry("Root Entry", 5, 1, 0xFFFFFFFE, 0), dirEntry(name, 2, 0xFFFFFFFF, uint32(first), uint32(size)), make([]byte, 256))
	padded := make([]byte, body*sector)
	copy(padded, stream)
	return slices.Concat(header, fat, dir, padded)
}

func dirEntry(name string, kind byte, child, start, size uint32) []byte {
	e := make([]byte, 128)
	copy(e, wide(name))
	copy(e[64:], u16(2*len(name)+2))
	e[66] = kind
	binary.LittleEndian.PutUint32(e[68:], 0xFFFFFFFF)
	binary.LittleEndian.PutUint32(e[72:], 0xFFFFFFFF)
	binary.LittleEndian.PutUint32(e[76:], child)
	binary.LittleEndian.PutUint32(e[116:], start)
	binary.LittleEndian.PutUint32(e[120:], size)
	return e
}

// cancelled is a context that has ended.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
