package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// archive is the zip file of an xlsx. The directory of a zip is a claim: it is
// checked first, so that an honest bomb is refused before anything is unpacked,
// and the same limits hold again for the bytes that really come out.
type archive struct {
	budget *budget
	size   int64                // of the file
	parts  map[string]*zip.File // by normalised name, see partName
}

func openArchive(b *budget, data []byte) (*archive, error) {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, damaged(err)
	}
	if n := len(zr.File); n > b.lim.ZipEntries {
		return nil, refuse("%s", limitReason("压缩包内的文件数", n, b.lim.ZipEntries, "这不像是表格文件，请在 Excel 或 WPS 中另存为 .xlsx 后再上传"))
	}
	a := &archive{budget: b, size: int64(len(data)), parts: make(map[string]*zip.File, len(zr.File))}
	var total uint64
	for _, f := range zr.File {
		if err := a.checkEntry(f); err != nil {
			return nil, err
		}
		if total += f.UncompressedSize64; total > uint64(b.lim.UnpackedBytes) {
			return nil, a.tooBig("", "解压后总大小", b.lim.UnpackedBytes)
		}
		if name := partName(f.Name); a.parts[name] == nil {
			a.parts[name] = f
		}
	}
	return a, nil
}

// partName makes names comparable: spreadsheet programs ignore their case, and
// some write backslashes.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

func (a *archive) checkEntry(f *zip.File) error {
	slashed := strings.ReplaceAll(f.Name, `\`, "/")
	if strings.HasPrefix(slashed, "/") || strings.Contains(slashed, ":") || slices.Contains(strings.Split(slashed, "/"), "..") {
		return refuse("压缩包内的文件名 %q 不安全，请在 Excel 或 WPS 中另存为 .xlsx 后再上传", f.Name)
	}
	if f.Flags&1 != 0 {
		return refuse(reasonEncrypted)
	}
	if f.UncompressedSize64 > uint64(a.budget.lim.PartBytes) {
		return a.tooBig(f.Name, "解压后大小", a.budget.lim.PartBytes)
	}
	return a.checkRatio(f, int64(f.UncompressedSize64))
}

// checkRatio refuses an entry that unpacks to unpacked bytes or more.
func (a *archive) checkRatio(f *zip.File, unpacked int64) error {
	packed := min(int64(f.CompressedSize64&(1<<62-1)), a.size)
	if lim := a.budget.lim; unpacked > lim.RatioFloor && unpacked/lim.Ratio > packed {
		return refuse("压缩包内的 %q 压缩比超过 %d:1（压缩后 %s，解压后至少 %s），疑似压缩炸弹，已拒绝；请在 Excel 或 WPS 中删去多余的空行空列，另存为 .xlsx 后再上传",
			f.Name, lim.Ratio, megabytes(packed), megabytes(unpacked))
	}
	return nil
}

func (a *archive) tooBig(name, what string, limit int64) error {
	if name != "" {
		what = fmt.Sprintf("压缩包内的 %q %s", name, what)
	}
	return refuse("%s超过上限 %s，请拆成几个文件后分别上传", what, megabytes(limit))
}

func (a *archive) has(name string) bool { return a.parts[partName(name)] != nil }

// open returns a reader of the part. The checksum is compared when it reaches
// the end of the part.
func (a *archive) open(name string) (io.ReadCloser, error) {
	f := a.parts[partName(name)]
	if f == nil {
		return nil, broken("part %s is missing", name)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, damaged(fmt.Errorf("open part %s: %w", name, err))
	}
	return &partReader{archive: a, file: f, rc: rc}, nil
}

// partReader enforces the limits on what really comes out of an entry.
type partReader struct {
	archive *archive
	file    *zip.File
	rc      io.ReadCloser
	n       int64
}

func (p *partReader) Read(buf []byte) (int, error) {
	n, err := p.rc.Read(buf)
	p.n += int64(n)
	b := p.archive.budget
	b.unpacked += int64(n)
	switch {
	case p.n > b.lim.PartBytes:
		return 0, p.archive.tooBig(p.file.Name, "解压后大小", b.lim.PartBytes)
	case b.unpacked > b.lim.UnpackedBytes:
		return 0, p.archive.tooBig("", "解压后总大小", b.lim.UnpackedBytes)
	}
	if ratioErr := p.archive.checkRatio(p.file, p.n); ratioErr != nil {
		return 0, ratioErr
	}
	if err != nil && err != io.EOF {
		err = damaged(fmt.Errorf("read part %s: %w", p.file.Name, err))
	}
	return n, err
}

func (p *partReader) Close() error { return p.rc.Close() }
