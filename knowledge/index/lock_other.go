//go:build !unix

package index

import (
	"errors"
	"os"
)

// errLocked says that another process, or another part of this one, holds a lock.
var errLocked = errors.New("locked")

// lockFile holds the file open. Where there are no advisory locks, an open file
// keeps its directory from being removed, which is all that the lock is for.
func lockFile(path string) (release func(), err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errLocked
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
