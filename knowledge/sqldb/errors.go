package sqldb

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
)

// GaveUp reports whether PostgreSQL ended the transaction for the sake of
// another one (serialization failure, deadlock): it may be tried again.
func GaveUp(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}

// Busy reports whether SQLite waited for another process's writer, for as long
// as the connection's busy timeout says, and then gave up. That wait does not
// end with the context, so the timeout should be short; it may be tried again.
func Busy(err error) bool {
	const busy = 5
	return sqliteCode(err)&0xff == busy
}

// Duplicate reports whether a row would have had the key of another one.
func Duplicate(err error) bool {
	const primaryKey, unique, rowID = 1555, 2067, 2579
	return sqlState(err) == "23505" || slices.Contains([]int{primaryKey, unique, rowID}, sqliteCode(err))
}

// Unavailable reports whether the database cannot do its work at the moment,
// through no fault of the statement: the disk is full or broken or may not be
// written, the server is away, overloaded or stopping, others hold what is
// needed. It says nothing of contexts that ended.
func Unavailable(err error) bool {
	return unavailableSQLite(sqliteCode(err)) || unavailableState(sqlState(err)) || connectionLost(err)
}

func unavailableSQLite(code int) bool {
	const busy, locked, readOnly, ioErr, full, cantOpen, protocol = 5, 6, 8, 10, 13, 14, 15
	return slices.Contains([]int{busy, locked, readOnly, ioErr, full, cantOpen, protocol}, code&0xff)
}

// unavailableState knows the classes of PostgreSQL: connection, sign-in refused,
// no such database, resources (disk full, too many connections), operator
// (shutting down), system, and a few single states.
func unavailableState(state string) bool {
	if state == "" {
		return false
	}
	const queryCanceled, readOnly, lockNotAvailable, stoodStill = "57014", "25006", "55P03", "25P03"
	switch state {
	case queryCanceled: // by the server's own timeout: a context that ended is told apart before
		return true
	case readOnly, lockNotAvailable, stoodStill, "40001", "40P01":
		return true
	}
	return slices.Contains([]string{"08", "28", "3D", "53", "57", "58"}, state[:2])
}

// connectionLost reports whether there is no connection, or not any more.
func connectionLost(err error) bool {
	var network net.Error
	var unsent interface{ SafeToRetry() bool } // the driver for PostgreSQL could not even ask
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) || errors.As(err, &unsent) && unsent.SafeToRetry()
}

// sqlState is PostgreSQL's code of an error, or "".
func sqlState(err error) string {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return ""
	}
	return state.SQLState()
}

// sqliteCode is SQLite's extended code of an error, or 0.
func sqliteCode(err error) int {
	var code interface{ Code() int }
	if !errors.As(err, &code) {
		return 0
	}
	return code.Code()
}
