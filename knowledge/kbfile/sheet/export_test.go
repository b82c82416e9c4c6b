package sheet

// What the tests of package sheet_test see of the inside.
var (
	Clean           = clean
	Guard           = guard
	Unguard         = unguard
	NumberText      = numberText
	FormatHasDate   = func(code string) bool { return formatKind(code) == hasDate }
	FormatHasTime   = func(code string) bool { return formatKind(code) == hasTime }
	ReasonDamaged   = reasonDamaged
	ReasonEncrypted = reasonEncrypted
	ReasonOldExcel  = reasonOldExcel
	ReasonUnknown   = reasonUnknown
)
