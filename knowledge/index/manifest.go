package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// format changes with every change of what is written to disk or of how a
// question is taken apart; what another format wrote is built again.
const format = 1

const manifestName = "manifest.json"

// manifest is the last file written into a generation's directory. It says what
// the generation holds and how every byte of it adds up: bleve itself would not
// notice most damage, and would panic at some.
type manifest struct {
	Format      int
	Fingerprint string // of the analyzer
	Revision    int64  // of the knowledge base
	Questions   int
	Files       []fileSum
	// Sum is the checksum of the manifest with Sum zero.
	Sum uint32
}

type fileSum struct {
	Name string // relative, with slashes
	Size int64
	Sum  uint32
}

var table = crc32.MakeTable(crc32.Castagnoli)

func (m manifest) sum() (uint32, error) {
	m.Sum = 0
	content, err := json.Marshal(m)
	return crc32.Checksum(content, table), err
}

// sumFiles adds up the files below dir, but for the manifest and the lock.
func sumFiles(dir string) ([]fileSum, error) {
	var sums []fileSum
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(dir, manifestName) || path == filepath.Join(dir, lockName) {
			return err
		}
		sum, err := sumFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		sum.Name = filepath.ToSlash(name)
		sums = append(sums, sum)
		return err
	})
	return sums, err
}

func sumFile(path string) (fileSum, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileSum{}, err
	}
	defer f.Close()
	hash := crc32.New(table)
	size, err := io.Copy(hash, f)
	return fileSum{Size: size, Sum: hash.Sum32()}, err
}

// write completes a generation: its files are on the disk before the manifest is.
func (m manifest) write(dir string) (err error) {
	if m.Files, err = sumFiles(dir); err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := syncPath(filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return err
		}
	}
	if m.Sum, err = m.sum(); err != nil {
		return err
	}
	content, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, manifestName)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return errors.Join(syncPath(path), syncPath(dir))
}

// syncPath forces a file to the disk, or what a directory lists. Some systems
// cannot sync a directory; that is no error.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		if info, statErr := f.Stat(); statErr == nil && info.IsDir() {
			return nil
		}
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}

// readManifest reads the manifest of dir and compares it with the files there.
func readManifest(dir string) (manifest, error) {
	var m manifest
	content, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	if m.Format != format {
		return m, fmt.Errorf("format %d, want %d", m.Format, format)
	}
	if sum, err := m.sum(); err != nil || sum != m.Sum {
		return m, errors.New("the manifest is damaged")
	}
	files, err := sumFiles(dir)
	if err != nil {
		return m, err
	}
	if !slices.Equal(files, m.Files) {
		return m, errors.New("the files are damaged")
	}
	return m, nil
}
