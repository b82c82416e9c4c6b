package sheet

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/width"
)

// writeXLSX writes a workbook through excelize's stream writer.
func writeXLSX(w io.Writer, sheets []Sheet) (err error) {
	f := excelize.NewFile()
	defer func() { // removes temporary files
		if closeErr := f.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("close workbook: %w", closeErr)
		}
	}()
	styles, err := newStyles(f)
	if err != nil {
		return err
	}
	for i, name := range sheetNames(sheets) {
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = streamSheet(f, name, sheets[i], styles)
		}
		if err != nil {
			return fmt.Errorf("write sheet %q: %w", name, err)
		}
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return repack(w, buf.Bytes())
}

// cellStyles are the ids of the two styles in use. Both say "text", so that what
// an editor types over a cell stays text as well.
type cellStyles struct{ header, body int }

func newStyles(f *excelize.File) (s cellStyles, err error) {
	const textFormat = 49
	wrap := &excelize.Alignment{Vertical: "top", WrapText: true}
	if s.body, err = f.NewStyle(&excelize.Style{NumFmt: textFormat, Alignment: wrap}); err != nil {
		return s, fmt.Errorf("make style: %w", err)
	}
	if s.header, err = f.NewStyle(&excelize.Style{NumFmt: textFormat, Alignment: wrap, Font: &excelize.Font{Bold: true}}); err != nil {
		return s, fmt.Errorf("make style: %w", err)
	}
	return s, nil
}

func streamSheet(f *excelize.File, name string, s Sheet, styles cellStyles) error {
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, w := range columnWidths(s) {
		if err := sw.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	err = sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	if err != nil {
		return err
	}
	for i, row := range s.Rows {
		style := styles.body
		if i == 0 {
			style = styles.header
		}
		cells := make([]any, len(row.Cells))
		for j, cell := range row.Cells {
			cells[j] = excelize.Cell{StyleID: style, Value: clean(cell)}
		}
		if err := sw.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return err
		}
	}
	return sw.Flush()
}

const (
	minColumnWidth = 8.0
	maxColumnWidth = 60.0
	widthSample    = 200 // rows that decide about the widths
)

// columnWidths fits each column to the longest line of its first rows, in
// characters of normal width.
func columnWidths(s Sheet) []float64 {
	var widths []float64
	for _, row := range s.Rows[:min(len(s.Rows), widthSample)] {
		for j, cell := range row.Cells {
			if j == len(widths) {
				widths = append(widths, minColumnWidth)
			}
			for line := range strings.Lines(cell) {
				widths[j] = min(maxColumnWidth, max(widths[j], displayWidth(line)+2))
			}
		}
	}
	return widths
}

// displayWidth counts wide characters as two, up to the width of interest.
func displayWidth(line string) float64 {
	n := 0.0
	for _, r := range line {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
		if n > maxColumnWidth {
			break
		}
	}
	return n
}

// maxSheetName is what Excel accepts, in characters.
const maxSheetName = 31

// sheetNames makes the names of sheets acceptable to Excel: no signs it uses
// itself, not too long, none twice.
func sheetNames(sheets []Sheet) []string {
	names := make([]string, len(sheets))
	used := map[string]bool{}
	for i, s := range sheets {
		base := strings.Trim(strings.Map(sheetNameRune, clean(s.Name)), "' ")
		if base == "" {
			base = fmt.Sprintf("Sheet%d", i+1)
		}
		name := shorten(base, maxSheetName)
		for n := 2; used[strings.ToLower(name)]; n++ {
			suffix := fmt.Sprintf("(%d)", n)
			name = shorten(base, maxSheetName-len(suffix)) + suffix
		}
		used[strings.ToLower(name)] = true
		names[i] = name
	}
	return names
}

func sheetNameRune(r rune) rune {
	if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
		return '_'
	}
	return r
}

// shorten cuts s to n UTF-16 units, never within a character.
func shorten(s string, n int) string {
	for i, r := range s {
		if n--; r > 0xFFFF {
			n--
		}
		if n < 0 {
			return strings.TrimRight(s[:i], "' ")
		}
	}
	return s
}

// repack writes the parts of a workbook in a fixed order, the list of content
// types first, as readers like it. excelize orders the sheets by chance.
func repack(w io.Writer, workbook []byte) error {
	zr, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		return fmt.Errorf("order workbook parts: %w", err)
	}
	slices.SortFunc(zr.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	zw := zip.NewWriter(w)
	for _, part := range zr.File {
		if err := zw.Copy(part); err != nil {
			return fmt.Errorf("write workbook part %s: %w", part.Name, err)
		}
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}
