//go:build unix

package index

import (
	"errors"
	"os"
	"syscall"
)

// errLocked says that another process, or another part of this one, holds a lock.
var errLocked = errors.New("locked")

// lockFile locks a file until release is called or the process ends.
func lockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closeErr := f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, errors.Join(err, closeErr)
	}
	return func() { _ = f.Close() }, nil
}
