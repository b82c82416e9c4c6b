package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyFile returns the key in the file, which is base64 on one line. If there is
// no file, it is made with a random key, for nobody else to read; of several
// processes that do so at once, one makes it and all get the same key. A file
// that others may read is refused: its key is no secret any more.
func KeyFile(path string) ([]byte, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	return readKey(path)
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the key file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the key file %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("the key file %s may be read by others (mode %04o): it must have mode 0600", path, info.Mode().Perm())
	}
	text := make([]byte, 2*base64.StdEncoding.EncodedLen(KeySize)) // room to see that it is too long
	n, err := f.Read(text)
	if err != nil {
		return nil, fmt.Errorf("read the key file %s: %w", path, err)
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text[:n])))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("the key file %s does not hold %d bytes in base64", path, KeySize)
	}
	return key, nil
}

// makeKey writes the whole file under another name first, so that nobody ever
// reads half a key, and gives it its name only if that is free.
func makeKey(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the other name stays
	key := make([]byte, KeySize)
	rand.Read(key) // never fails
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes sure that the name survives a power cut: a key that is lost
// takes all that was sealed with it along.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
