package kbfile

import (
	"fmt"
	"hash/fnv"
	"strings"

	"faqbot/knowledge"
)

// Column says how one column of a sheet, or one key of JSON objects, was
// understood.
type Column struct {
	Sheet string
	// Index counts the columns of the sheet from 0, the keys in the order in which
	// they first appear.
	Index  int
	Header string // as in the file
	Field  Field  // FieldUnknown: the column is ignored
	// Dimension says whose answers a column of answers holds.
	Dimension knowledge.Dimension
	// Note says, in Chinese, why a column with a known name is not used.
	Note string

	meaning meaning
}

// Fingerprint identifies a set of headers, so that a mapping that an editor
// corrected once can be found again.
func Fingerprint(columns []Column) string {
	h := fnv.New64a()
	for _, c := range columns {
		fmt.Fprintf(h, "%s\x00", strings.TrimSpace(c.Header))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// mapColumns decides what each column holds. Mapping, by header as in the file,
// overrides what the names say.
func (d *dictionary) mapColumns(headers []string, mapping map[string]Field) ([]Column, Layout) {
	columns, layout := d.mapNames(headers, mapping)
	settleDuplicates(columns)
	settleCategories(columns)
	return columns, layout
}

// mapNames is mapColumns for names that do not all occur together.
func (d *dictionary) mapNames(headers []string, mapping map[string]Field) ([]Column, Layout) {
	columns := make([]Column, len(headers))
	names := make([]string, len(headers))
	for i, header := range headers {
		m := d.lookup(header)
		if f, ok := mapping[strings.TrimSpace(header)]; ok {
			m = meaning{field: f, dimension: m.dimension, rank: -1}
		}
		columns[i] = Column{Index: i, Header: header, Field: m.field, Dimension: m.dimension, meaning: m}
		names[i] = d.clean(header)
	}
	layout := detectLayout(names)
	settleAmbiguous(columns, layout)
	return columns, layout
}

// settleAmbiguous gives names with two readings the one that fits their
// neighbours.
func settleAmbiguous(columns []Column, layout Layout) {
	have := make(map[Field]int)
	for _, c := range columns {
		have[c.Field]++
	}
	index := -1 // the last column of FastGPT's indexes
	for i := range columns {
		c := &columns[i]
		switch {
		case c.Field == FieldTag && layout == LayoutWeKnora && have[FieldCategory]+have[FieldCategoryLevel] == 0:
			c.Field = FieldCategory
		case c.Field == FieldTag:
			c.ignore("标签不是分类，未使用")
		case c.Field == FieldQuestion && (have[FieldTitle] > 0 || layout == LayoutMaxKB):
			c.Field = FieldQuestions
		case c.Field == FieldQuestions && have[FieldQuestion] > 0:
			c.Field = FieldVariants
		case c.Field == FieldGroup && layout != LayoutAzure, c.Field == FieldMetadata && layout != LayoutAzure:
			c.ignore("")
		case layout == LayoutFastGPT && c.Field == FieldVariants:
			index = i
		case layout == LayoutFastGPT && strings.TrimSpace(c.Header) == "" && index == i-1 && i > 0:
			c.Field, c.meaning.numbered = FieldVariants, true
			index = i
		}
	}
}

func (c *Column) ignore(note string) { c.Field, c.Note = FieldIgnored, note }

// settleDuplicates leaves a field that can have only one column to the column
// whose name stands first in the table of aliases.
func settleDuplicates(columns []Column) {
	best := make(map[claim]int)
	for i := range columns {
		c := &columns[i]
		key, exclusive := c.claim()
		if !exclusive {
			continue
		}
		j, taken := best[key]
		switch {
		case !taken:
			best[key] = i
		case c.meaning.rank < columns[j].meaning.rank:
			columns[j].duplicates(*c)
			best[key] = i
		default:
			c.duplicates(columns[j])
		}
	}
}

// claim is what only one column of a row can fill.
type claim struct {
	field     Field
	dimension knowledge.Dimension
	level     int
}

// claim returns what the column fills, and false if others may fill it as well.
func (c *Column) claim() (claim, bool) {
	free := c.Field == FieldUnknown || c.Field == FieldIgnored || isList(c.Field) && (c.Field != FieldAnswer || c.meaning.numbered)
	return claim{c.Field, c.Dimension, c.meaning.level}, !free
}

func (c *Column) duplicates(winner Column) {
	c.ignore("与「" + strings.TrimSpace(winner.Header) + "」是同一种内容，未使用")
}

// settleCategories lets 一级分类, 二级分类 … win over a column with the whole path;
// without a 一级分类 that column is the first level.
func settleCategories(columns []Column) {
	levels, first := 0, false
	for _, c := range columns {
		if c.Field == FieldCategoryLevel {
			levels++
			first = first || c.meaning.level == 1
		}
	}
	for i := range columns {
		if c := &columns[i]; c.Field == FieldCategory && levels > 0 {
			if first {
				c.ignore("已使用分级的分类列，未使用")
			} else {
				c.Field, c.meaning.level = FieldCategoryLevel, 1
			}
		}
	}
}

// known counts the columns that say something, each field once; variants in five
// columns are not a header by themselves.
func known(columns []Column) int {
	fields := make(map[Field]bool)
	for _, c := range columns {
		if c.Field != FieldUnknown && c.Field != FieldIgnored {
			fields[c.Field] = true
		}
	}
	return len(fields)
}

// has reports whether one of the columns holds one of the fields.
func has(columns []Column, fields ...Field) bool {
	for _, c := range columns {
		for _, f := range fields {
			if c.Field == f {
				return true
			}
		}
	}
	return false
}
