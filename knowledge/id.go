package knowledge

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// idEncoding is Crockford's alphabet: no I, L, O, U, and digits sort before
// letters, so that ids sort like the bytes they encode.
var idEncoding = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewID returns a new id of 26 letters and digits: the time in milliseconds, so
// that later ids sort after earlier ones, and 80 random bits. Ids of the same
// millisecond are in no order. It is safe for concurrent use.
func NewID() string { return newIDAt(time.Now()) }

// newIDAt encodes 128 bits in 26 characters of 5 bits: two zero bits go first,
// and the padding that base32 would put last is what falls off.
func newIDAt(t time.Time) string {
	var id [17]byte // one more, so that the bits can be moved to the right
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	rand.Read(id[6:16]) // never fails
	shiftRight(id[:], 2)
	return idEncoding.EncodeToString(id[:])[:26]
}

// shiftRight moves all bits of b by n < 8 places.
func shiftRight(b []byte, n uint) {
	for i := len(b) - 1; i > 0; i-- {
		b[i] = b[i]>>n | b[i-1]<<(8-n)
	}
	b[0] >>= n
}
