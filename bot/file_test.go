package bot_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"faqbot/bot"
)

// picture returns an image of 3 × 2 points.
func picture(t testing.TB, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	img := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archive returns a zip of empty parts.
func archive(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range parts {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compound returns the beginning of a compound file and a directory with the
// streams.
func compound(streams ...string) []byte {
	file := make([]byte, 1024)
	copy(file, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for i, name := range append([]string{"Root Entry"}, streams...) {
		entry := make([]byte, 128)
		for j, u := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(entry[2*j:], u)
		}
		binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(name)+2))
		if entry[66] = 2; i == 0 {
			entry[66] = 5
		}
		file = append(file, entry...)
	}
	return file
}

// webp returns the header of a WebP image.
func webp(chunk string, rest ...byte) []byte {
	return append([]byte("RIFF\x40\x00\x00\x00WEBP"+chunk+"\x30\x00\x00\x00"), append(rest, make([]byte, 40)...)...)
}

// largePNG returns the header of a PNG image that says it is that large.
func largePNG(t testing.TB, width, height uint32) []byte {
	content := picture(t, "png")
	binary.BigEndian.PutUint32(content[16:], width)
	binary.BigEndian.PutUint32(content[20:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	return content
}

const (
	openXML = "application/vnd.openxmlformats-officedocument."
	mp4Box  = "\x00\x00\x00\x18ftyp"
)

func TestInspect(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("您好，热水器打不着火")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		want    bot.File // Size is that of the content
	}{
		{"截图.png", picture(t, "png"), bot.File{Name: "截图.png", Type: "image/png", Width: 3, Height: 2}},
		{"a.JPEG", picture(t, "jpeg"), bot.File{Name: "a.jpeg", Type: "image/jpeg", Width: 3, Height: 2}},
		{"a.gif", picture(t, "gif"), bot.File{Name: "a.gif", Type: "image/gif", Width: 3, Height: 2}},
		{"a.webp", webp("VP8X", 0, 0, 0, 0, 9, 0, 0, 4, 0, 0), bot.File{Name: "a.webp", Type: "image/webp", Width: 10, Height: 5}},
		{"a.webp", webp("VP8L", 0x2f, 9, 0, 1, 0), bot.File{Name: "a.webp", Type: "image/webp", Width: 10, Height: 5}},
		{"a.webp", webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 10, 0, 5, 0), bot.File{Name: "a.webp", Type: "image/webp", Width: 10, Height: 5}},
		{"说明书.pdf", []byte("%PDF-1.4\n%…"), bot.File{Name: "说明书.pdf", Type: "application/pdf"}},
		{"a.docx", archive(t, "[Content_Types].xml", "word/document.xml"), bot.File{Name: "a.docx", Type: openXML + "wordprocessingml.document"}},
		{"a.xlsx", archive(t, "[Content_Types].xml", "xl/workbook.xml"), bot.File{Name: "a.xlsx", Type: openXML + "spreadsheetml.sheet"}},
		{"a.pptx", archive(t, "[Content_Types].xml", "ppt/presentation.xml"), bot.File{Name: "a.pptx", Type: openXML + "presentationml.presentation"}},
		{"a.doc", compound("WordDocument"), bot.File{Name: "a.doc", Type: "application/msword"}},
		{"a.xls", compound("a", "b", "c", "d", "Workbook"), bot.File{Name: "a.xls", Type: "application/vnd.ms-excel"}},
		{"a.ppt", compound("PowerPoint Document"), bot.File{Name: "a.ppt", Type: "application/vnd.ms-powerpoint"}},
		{"a.txt", []byte("您好\r\n\t热水器"), bot.File{Name: "a.txt", Type: "text/plain"}},
		{"a.txt", []byte(gbk), bot.File{Name: "a.txt", Type: "text/plain"}},
		{"a.csv", []byte("a,b,c\n1,2,3\n4,5,6\n"), bot.File{Name: "a.csv", Type: "text/plain"}},
		{"a.mp3", []byte("\xff\xfb\x90\x64\x00\x00"), bot.File{Name: "a.mp3", Type: "audio/mpeg"}},
		{"a.amr", []byte("#!AMR\n\x04\x0c"), bot.File{Name: "a.amr", Type: "audio/amr"}},
		{"a.m4a", []byte(mp4Box + "M4A \x00\x00\x00\x00M4A mp42"), bot.File{Name: "a.m4a", Type: "audio/mp4"}},
		{"a.mp4", []byte(mp4Box + "isom\x00\x00\x02\x00isomiso2"), bot.File{Name: "a.mp4", Type: "video/mp4"}},

		// What lies about itself is named by what it is.
		{"a.exe", picture(t, "png"), bot.File{Name: "a.png", Type: "image/png", Width: 3, Height: 2}},
		{"a.html", append(picture(t, "gif"), "<script>alert(1)</script>"...), bot.File{Name: "a.gif", Type: "image/gif", Width: 3, Height: 2}},
		{"a.md", []byte("1 < 2, and <svg onload=alert(1)>"), bot.File{Name: "a.txt", Type: "text/plain"}},
		{"a.log", []byte("< 2"), bot.File{Name: "a.txt", Type: "text/plain"}},
		{"没有结尾", []byte("text"), bot.File{Name: "没有结尾.txt", Type: "text/plain"}},
	} {
		t.Run(tt.want.Type+" "+tt.name, func(t *testing.T) {
			tt.want.Size = int64(len(tt.content))
			got, err := bot.Inspect(tt.name, tt.content)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestInspectRefuses(t *testing.T) {
	for _, tt := range []struct {
		what    string
		name    string
		content []byte
		field   string
	}{
		{"nothing", "a.txt", nil, "content"},
		{"one byte too many", "a.txt", bytes.Repeat([]byte("a"), bot.MaxFile+1), "size"},
		{"too many points", "a.png", largePNG(t, 50_000, 50_000), "size"},
		{"too many points of WebP", "a.webp", webp("VP8X", 0, 0, 0, 0, 255, 255, 0, 255, 255, 0), "size"},
		{"a broken image", "a.png", picture(t, "png")[:20], "type"},
		{"a broken JPEG", "a.jpg", []byte("\xff\xd8\xff\xe0nonsense"), "type"},
		{"a broken WebP", "a.webp", webp("VPXX"), "type"},
		{"a short WebP", "a.webp", []byte("RIFF\x10\x00\x00\x00WEBPVP8 "), "type"},
		{"HTML named as an image", "a.png", []byte("<!doctype html><script>alert(1)</script>"), "type"},
		{"SVG", "a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "type"},
		{"SVG with a prologue", "a.svg", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "type"},
		{"SVG that says little", "a.txt", []byte("\ufeff \r\n<svg onload=alert(1)>"), "type"},
		{"HTML that says little", "a.txt", []byte("<my-element>"), "type"},
		{"HTML after a comment", "a.txt", []byte("<!-- x --> <img src=x onerror=alert(1)>"), "type"},
		{"text named as an image", "a.png", []byte("nothing <svg onload=alert(1)>"), "type"},
		{"text named as a page", "a.html", []byte("nothing <svg onload=alert(1)>"), "type"},
		{"text named as a script", "run.BAT ", []byte("del everything"), "type"},
		{"XML", "a.xml", []byte(`<?xml version="1.0"?><a/>`), "type"},
		{"a script", "a.txt", []byte("#!/bin/sh\nrm -rf /\n"), "type"},
		{"PHP", "a.jpg", []byte("<?php system($_GET[0]); ?>"), "type"},
		{"a program of Windows", "a.pdf", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 200)...), "type"},
		{"a program of Linux", "a.pdf", append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 200)...), "type"},
		{"bytes", "a.txt", []byte("text\x00and more"), "type"},
		{"no writing we know", "a.txt", []byte("text \xff\xfe\xff\xff"), "type"},
		{"an archive", "a.docx", archive(t, "a.txt"), "type"},
		{"an archive without a description", "a.docx", archive(t, "word/document.xml"), "type"},
		{"a broken archive", "a.docx", []byte("PK\x03\x04nonsense"), "type"},
		{"a program in an archive", "a.xlsx", archive(t, "[Content_Types].xml", "META-INF/MANIFEST.MF"), "type"},
		{"macros", "a.docx", archive(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "type"},
		{"old macros", "a.doc", compound("WordDocument", "_VBA_PROJECT"), "type"},
		{"a compound file of other kind", "a.doc", compound("Contents"), "type"},
		{"RAR", "a.rar", []byte("Rar!\x1a\x07\x00 nonsense"), "type"},
		{"HEIC", "a.jpg", []byte(mp4Box + "heic\x00\x00\x00\x00mif1heic"), "type"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got, err := bot.Inspect(tt.name, tt.content)
			var invalid *bot.InvalidError
			if !errors.As(err, &invalid) || got != (bot.File{}) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if invalid.Field != tt.field || !strings.ContainsAny(invalid.Reason, "文件图片") {
				t.Errorf("field %q, %q; want field %q", invalid.Field, invalid.Reason, tt.field)
			}
		})
	}
	if _, err := bot.Inspect("a.txt", bytes.Repeat([]byte("a"), bot.MaxFile)); err != nil {
		t.Errorf("as large as allowed: %v", err)
	}
}

func TestInspectNames(t *testing.T) {
	content := picture(t, "png")
	for _, tt := range []struct{ name, want string }{
		{"", "文件.png"},
		{".png", "文件.png"},
		{"...", "文件.png"},
		{"/etc/passwd", "passwd.png"},
		{`C:\Users\我\照片.PNG`, "照片.png"},
		{"../../up.png", "up.png"},
		{"a\x00b\r\nc\t.png", "ab c.png"},
		{"\u202egnp.exe", "gnp.png"}, // shown as exe.png
		{"a\u200b\ufeffb.png", "ab.png"},
		{`a<b>:"|?*.png`, "a_b______.png"},
		{"=cmd|' |calc'!A0.png", "cmd_' _calc'!A0.png"},
		{"@+-=1.png", "1.png"},
		{"报告 v2.最终版", "报告 v2.最终版.png"},
		{"a.png.exe", "a.png.png"},
		{"a.toolong", "a.toolong.png"},
		{strings.Repeat("长", 300) + ".png", strings.Repeat("长", 96) + ".png"},
		{"not \xff UTF-8.png", "not \ufffd UTF-8.png"},
	} {
		got, err := bot.Inspect(tt.name, content)
		if err != nil || got.Name != tt.want {
			t.Errorf("%q becomes %q, %v; want %q", tt.name, got.Name, err, tt.want)
		}
	}
}

// TestDisposition checks that only images are shown, and that names cannot break
// out of the header.
func TestDisposition(t *testing.T) {
	for _, tt := range []struct {
		f   bot.File
		how string
	}{
		{bot.File{Name: "截图.png", Type: "image/png"}, "inline"},
		{bot.File{Name: `a"; x=y.pdf`, Type: "application/pdf"}, "attachment"},
		{bot.File{Name: "a.svg", Type: "image/svg+xml"}, "attachment"},
		{bot.File{Name: "a.txt", Type: "text/plain"}, "attachment"},
	} {
		how, parameters, err := mime.ParseMediaType(tt.f.Disposition())
		if err != nil || how != tt.how || parameters["filename"] != tt.f.Name {
			t.Errorf("%+v: %q is %q %q, %v", tt.f, tt.f.Disposition(), how, parameters, err)
		}
	}
}

// FuzzInspect checks that nothing breaks it, and that what is taken is named and
// typed within the limits.
func FuzzInspect(f *testing.F) {
	f.Add("a.png", picture(f, "png"))
	f.Add("a.docx", archive(f, "[Content_Types].xml", "word/document.xml"))
	f.Add("a.doc", compound("WordDocument"))
	f.Add("a.webp", webp("VP8X"))
	f.Add("a\u202e/..\x00", []byte("text"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		got, err := bot.Inspect(name, content)
		if err != nil {
			var invalid *bot.InvalidError
			if !errors.As(err, &invalid) || invalid.Reason == "" {
				t.Errorf("refused by %v", err)
			}
			return
		}
		switch {
		case got.Type == "" || got.Size != int64(len(content)):
			t.Errorf("taken as %+v", got)
		case utf8.RuneCountInString(got.Name) > 100 || !strings.Contains(got.Name, ".") || strings.ContainsAny(got.Name, "/\\\x00\n\u202e"):
			t.Errorf("named %q", got.Name)
		case got.IsImage() && (got.Width < 1 || got.Height < 1 || got.Width*got.Height > 50_000_000):
			t.Errorf("an image of %d × %d", got.Width, got.Height)
		}
	})
}
