package sheet

import (
	"strings"
	"unicode/utf8"
)

// Spreadsheet programs take a csv cell that begins with one of these for a
// formula (the wide forms too, in East Asian settings), and formulas in a file
// from strangers can run commands. Control characters count because programs
// skip them.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// guard makes a cell inert for csv and tsv by a leading apostrophe, the sign
// with which people tell a spreadsheet program "this is text". Cells that
// already look guarded get one more, so that unguard always gives back exactly
// what guard was given.
func guard(cell string) string {
	if startsFormula(strings.TrimLeft(cell, "'")) {
		return "'" + cell
	}
	return cell
}

// unguard takes away what guard added. It also opens ="00123", the way in which
// other programs protect digits in a csv.
func unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && startsFormula(strings.TrimLeft(cell, "'")) {
		return cell[1:]
	}
	if inner, ok := strings.CutPrefix(cell, `="`); ok && strings.Count(inner, `"`) == 1 && strings.HasSuffix(inner, `"`) {
		return inner[:len(inner)-1]
	}
	return cell
}

func startsFormula(cell string) bool {
	first, _ := utf8.DecodeRuneInString(cell)
	return cell != "" && strings.ContainsRune(formulaStarts, first)
}
