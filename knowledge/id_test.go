package knowledge

import (
	"encoding/hex"
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestNewID(t *testing.T) {
	valid := regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	seen := make(map[string]bool)
	for range 10_000 {
		id := NewID()
		if !valid.MatchString(id) {
			t.Fatalf("id %q is not 26 characters of Crockford's alphabet", id)
		}
		if seen[id] {
			t.Fatalf("id %q came twice", id)
		}
		seen[id] = true
	}
}

func TestNewIDSortsByTime(t *testing.T) {
	var ids []string
	for _, at := range []string{"1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999Z", "2026-03-15T09:30:00Z",
		"2026-03-15T09:30:00.001Z", "2026-03-15T09:31:00Z", "9999-12-31T00:00:00Z"} {
		moment, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, newIDAt(moment))
	}
	if !slices.IsSorted(ids) {
		t.Errorf("ids are not in order of time: %q", ids)
	}
}

// The first ten characters are the milliseconds, as in a ULID.
func TestNewIDHoldsTime(t *testing.T) {
	id := newIDAt(time.UnixMilli(0x0123456789ab))
	bits, err := idEncoding.DecodeString("000000" + id) // 30 zero bits, then 130 bits: 20 bytes
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(bits[4:10]); got != "0123456789ab" {
		t.Errorf("time in %q = %s, want 0123456789ab", id, got)
	}
}
