// Package kbfile reads and writes files of knowledge. Package sheet opens the
// container (xlsx, xls, csv, tsv, json, jsonl); this package knows the layouts:
// what a column means, how several values stand in one cell, how several rows
// make one entry. It reads what editors have from other products, and writes
// our own layout and those of some others.
//
// # Reading
//
// The header is the first of the leading rows with at least two known names;
// title and explanation rows above it are skipped. Names are compared after
// brackets, stars, blanks, case, width and traditional characters are taken
// away. Columns with unknown names are listed in Document.Columns and ignored.
//
// A cell with several values is split at "##", else at line ends, else (only in
// the columns of variants and related questions, and only if every part looks
// like a question) at "||", "|", ";" or "；". Answers are never split at
// punctuation, and at "##" only in layouts that say so (ours, WeChat, WeKnora).
// Numbering ("1.", "①", "-") before the values of a list is taken away.
//
// An entry may stand in one row, or in one row for each variant with the
// standard question repeated, merged, or left blank below its first row.
//
// Category names are separated by "/", ">", "\", "|" or "-"; the first of these
// kinds that occurs in a cell is the separator, the others are text. A "-"
// separates only with blanks on both sides or between two Chinese characters
// (业务-宽带, but not Wi-Fi). A backslash before a separator makes it text.
//
// A date without time means the start of that day, as an end the whole of that
// day: ExpiresAt is the following midnight. 永久 and 2099-12-31 mean no end.
//
// Texts are taken as they are, HTML included: the channels make what they show
// safe when they show it.
//
// # Our own layout
//
// It is recognised by its columns 标准问, 扩展问 and 反例问. Lists have one value
// a line, alternative answers are separated by "##". A backslash keeps what
// would be taken for a separator or a mark: "\#\#", a backslash at the end of a
// line, "\1." at the start of a value; before anything else a backslash is
// itself. Files of this layout give back every field of an entry but CreatedAt,
// CreatedBy, UpdatedAt, UpdatedBy and Version; times are kept to the
// millisecond, texts without blanks around them and with line ends as "\n". An
// expiry on 2099-12-31 reads back as none. csv and tsv hold entries only; xlsx
// has sheets 词类, 用户词, 停用词 and 敏感词 beside 知识点, json and jsonl have lines
// for the lexicon.
//
// # Layouts of other products
//
// What they have no place for is lost: all of them lose ids, validity, related
// questions, owners, hot marks and (but WeKnora) counter-examples and reply-all.
// They hold the default answer (WeChat: the one for WeChat visitors), or the
// first one if there is no default. Entries that are not enabled are left out
// where the layout cannot say so. Each function that writes one says the rest.
package kbfile
