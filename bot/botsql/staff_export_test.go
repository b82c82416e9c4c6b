package botsql

// NewStaffWith is NewStaff with another bound on waiting.
var NewStaffWith = newStaff
