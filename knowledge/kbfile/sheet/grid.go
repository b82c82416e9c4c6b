package sheet

import (
	"slices"
	"strings"
)

// grid collects the cells of one sheet, in any order, within the budget.
type grid struct {
	budget *budget
	rows   []Row
	index  map[int]int // row number → place in rows, once rows came out of order
	sorted bool
}

func newGrid(b *budget) *grid { return &grid{budget: b, sorted: true} }

// set stores the text of a cell; empty text leaves no trace. Line breaks become
// \n. A second text for the same cell replaces the first.
func (g *grid) set(row, column int, text string) error {
	if text == "" {
		return nil
	}
	text = unifyBreaks(text)
	if err := g.budget.addCell(row, column, text); err != nil {
		return err
	}
	r, err := g.row(row)
	if err != nil {
		return err
	}
	if missing := column - len(r.Cells); missing > 0 {
		if err := g.budget.addCells(row, missing); err != nil {
			return err
		}
		r.Cells = append(r.Cells, make([]string, missing)...)
	}
	r.Cells[column-1] = text
	return nil
}

// row returns the row with that number and makes it if need be.
func (g *grid) row(number int) (*Row, error) {
	last := len(g.rows) - 1
	if last >= 0 && g.rows[last].Number == number {
		return &g.rows[last], nil
	}
	if last >= 0 && (g.index != nil || g.rows[last].Number > number) {
		g.buildIndex()
		if i, ok := g.index[number]; ok {
			return &g.rows[i], nil
		}
	}
	if err := g.budget.checkRowNumber(number); err != nil {
		return nil, err
	}
	if err := g.budget.addRow(number); err != nil {
		return nil, err
	}
	if g.index != nil {
		g.index[number] = len(g.rows)
		g.sorted = false
	}
	g.rows = append(g.rows, Row{Number: number})
	return &g.rows[len(g.rows)-1], nil
}

func (g *grid) buildIndex() {
	if g.index != nil {
		return
	}
	g.index = make(map[int]int, len(g.rows))
	for i, r := range g.rows {
		g.index[r.Number] = i
	}
}

// finish returns the rows in order.
func (g *grid) finish() []Row {
	if !g.sorted {
		slices.SortFunc(g.rows, func(a, b Row) int { return a.Number - b.Number })
	}
	return g.rows
}

// unifyBreaks turns \r\n and a lone \r into \n.
func unifyBreaks(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
