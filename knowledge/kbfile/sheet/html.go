package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxHTMLToken  = 8 << 20
	maxTableDepth = 20
	maxTables     = 200
)

// readHTML reads every table of a web page. A table within a table becomes a
// sheet of its own behind the outer one; pages laid out with tables lose nothing.
//
// It works on tokens, without a document tree, so memory stays near the size of
// the tables' text whatever the page looks like.
func readHTML(b *budget, text string) ([]Sheet, error) {
	lower := strings.ToLower(text[:min(len(text), 4096)])
	if strings.Contains(lower, "urn:schemas-microsoft-com:office:spreadsheet") && strings.Contains(lower, "<workbook") {
		return nil, refuse("这是 Excel 2003 的 XML 表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传")
	}
	p := &pageParser{budget: b}
	z := html.NewTokenizer(strings.NewReader(text))
	z.SetMaxBuf(maxHTMLToken)
	for {
		if err := b.tick(); err != nil {
			return nil, err
		}
		kind := z.Next()
		if kind == html.ErrorToken {
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return nil, damaged(err)
			}
			break
		}
		if err := p.token(z.Token()); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// pageParser takes the tokens of a page.
type pageParser struct {
	budget *budget
	tables []*tableParser // all, in the order in which they begin
	open   []*tableParser // those around the current token, innermost last
	skip   atom.Atom      // inside an element without visible text
}

func (p *pageParser) token(t html.Token) error {
	start := t.Type == html.StartTagToken
	switch {
	case p.skip != 0:
		if t.Type == html.EndTagToken && t.DataAtom == p.skip {
			p.skip = 0
		}
		return nil
	case start && (t.DataAtom == atom.Script || t.DataAtom == atom.Style || t.DataAtom == atom.Title):
		p.skip = t.DataAtom
		return nil
	case start && t.DataAtom == atom.Table:
		return p.push()
	case len(p.open) == 0:
		return nil
	case t.Type == html.EndTagToken && t.DataAtom == atom.Table:
		err := p.top().endCell()
		p.open = p.open[:len(p.open)-1]
		return err
	}
	return p.top().token(t)
}

func (p *pageParser) top() *tableParser { return p.open[len(p.open)-1] }

func (p *pageParser) push() error {
	if len(p.open) >= maxTableDepth || len(p.tables) >= maxTables {
		return refuse("网页里的表格太多（上限 %d 个，嵌套 %d 层），请把需要的表格复制到 Excel 后另存为 .xlsx 再上传", maxTables, maxTableDepth)
	}
	t := &tableParser{grid: newGrid(p.budget)}
	p.tables = append(p.tables, t)
	p.open = append(p.open, t)
	return nil
}

func (p *pageParser) finish() ([]Sheet, error) {
	for _, t := range p.open { // pages that break off, or never close a table
		if err := t.endCell(); err != nil {
			return nil, err
		}
	}
	if len(p.tables) == 0 {
		return nil, refuse("这是网页或 XML 文件，里面没有表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再上传")
	}
	if err := p.budget.checkSheets(len(p.tables)); err != nil {
		return nil, err
	}
	var sheets []Sheet
	for _, t := range p.tables {
		sheets = append(sheets, t.sheet())
	}
	return sheets, nil
}

// tableParser takes the tokens of one table.
type tableParser struct {
	grid    *grid
	caption string
	merged  []Range

	row, column int   // of the current cell
	covered     []int // for each column the last row that a cell from above covers
	span        Range // of the current cell
	in          atom.Atom
	text        htmlText
}

func (t *tableParser) token(token html.Token) error {
	switch token.Type {
	case html.TextToken:
		if t.in != 0 {
			t.text.add(token.Data)
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		return t.start(token)
	case html.EndTagToken:
		switch token.DataAtom {
		case atom.Td, atom.Th, atom.Tr, atom.Caption:
			return t.endCell()
		case atom.P, atom.Div, atom.Li:
			t.text.breakLine()
		}
	}
	return nil
}

func (t *tableParser) start(token html.Token) error {
	switch token.DataAtom {
	case atom.Tr:
		err := t.endCell()
		t.row, t.column = t.row+1, 0
		if err == nil {
			err = t.grid.budget.checkRowNumber(t.row)
		}
		return err
	case atom.Td, atom.Th:
		if err := t.endCell(); err != nil {
			return err
		}
		t.startCell(token)
	case atom.Caption:
		t.in = atom.Caption
	case atom.Br, atom.P, atom.Div, atom.Li:
		t.text.breakLine()
	}
	return nil
}

// startCell places a cell in the first column that no cell from above covers.
func (t *tableParser) startCell(token html.Token) {
	t.row = max(t.row, 1)
	t.column++
	for t.column <= len(t.covered) && t.covered[t.column-1] >= t.row {
		t.column++
	}
	columns, rows := spanOf(token, "colspan"), spanOf(token, "rowspan")
	widest := t.grid.budget.lim.Columns // cells behind it may be empty, so they are no error yet
	columns = max(1, min(columns, widest-t.column+1))
	t.in = atom.Td
	t.span = Range{FirstRow: t.row, FirstColumn: t.column, LastRow: t.row + rows - 1, LastColumn: t.column + columns - 1}
	for c := t.column; c <= min(t.span.LastColumn, widest); c++ {
		if c > len(t.covered) {
			t.covered = append(t.covered, 0)
		}
		t.covered[c-1] = max(t.covered[c-1], t.span.LastRow)
	}
}

// spanOf returns a colspan or rowspan; 0 and nonsense mean 1.
func spanOf(token html.Token, name string) int {
	for _, a := range token.Attr {
		if a.Key == name {
			if n, err := strconv.Atoi(strings.TrimSpace(a.Val)); err == nil && n > 1 {
				return min(n, 65534) // the most that browsers accept
			}
		}
	}
	return 1
}

// endCell stores the cell or caption that is open, if any.
func (t *tableParser) endCell() error {
	in := t.in
	t.in = 0
	text := t.text.take()
	switch in {
	case atom.Caption:
		t.caption = text
	case atom.Td:
		t.column = t.span.LastColumn
		if t.span.LastRow > t.span.FirstRow || t.span.LastColumn > t.span.FirstColumn {
			t.merged = append(t.merged, t.span)
			if err := t.grid.budget.addCells(t.row, 1); err != nil {
				return err
			}
		}
		return t.grid.set(t.span.FirstRow, t.span.FirstColumn, text)
	}
	return nil
}

// sheet returns what was read; merged ranges end with the table.
func (t *tableParser) sheet() Sheet {
	s := Sheet{Name: t.caption, Rows: t.grid.finish()}
	for _, m := range t.merged {
		if m.LastRow = min(m.LastRow, max(t.row, 1)); m.LastRow > m.FirstRow || m.LastColumn > m.FirstColumn {
			s.Merged = append(s.Merged, m)
		}
	}
	return s
}

// htmlText joins the text of a cell as a browser shows it: white space runs are
// one space, and line breaks come from tags only.
type htmlText struct{ b strings.Builder }

func (h *htmlText) add(s string) { h.b.WriteString(strings.ReplaceAll(s, "\n", " ")) }

func (h *htmlText) breakLine() { h.b.WriteByte('\n') }

func (h *htmlText) take() string {
	lines := strings.Split(h.b.String(), "\n")
	h.b.Reset()
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
