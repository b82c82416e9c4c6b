package sheet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// compound reads streams of an OLE2 compound file, the container of .xls.
//
// It knows only what a workbook needs: the streams in the root storage. It walks
// the file in place; every chain is bounded by the number of sectors the file
// can hold, so no claim in the file can cost more than the file's own size.
// (A general reader builds the whole tree of storages, which a few crafted
// megabytes turn into gigabytes.)
type compound struct {
	data       []byte
	sectorSize int
	fat        []uint32 // numbers of the sectors that hold the allocation table
	miniFAT    []byte
	mini       []byte // the stream that holds all small streams
	cutoff     uint64 // smaller streams live in mini
	streams    map[string]stream
}

type stream struct {
	start uint32
	size  uint64
}

const (
	oleHeader     = 512
	oleEndOfChain = 0xFFFFFFFE
	oleMaxSector  = 0xFFFFFFFA
	oleDirEntry   = 128
	oleMiniSector = 64
)

var errChain = errors.New("compound file: broken chain of sectors")

func openCompound(data []byte) (*compound, error) {
	if len(data) < oleHeader {
		return nil, errors.New("compound file: header cut off")
	}
	le := binary.LittleEndian
	shift := le.Uint16(data[30:])
	if shift != 9 && shift != 12 {
		return nil, fmt.Errorf("compound file: sector shift %d", shift)
	}
	c := &compound{data: data, sectorSize: 1 << shift, cutoff: uint64(le.Uint32(data[56:])), streams: map[string]stream{}}
	if err := c.loadFAT(le.Uint32(data[68:])); err != nil {
		return nil, err
	}
	dir, err := c.chain(le.Uint32(data[48:]), uint64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(dir) < oleDirEntry {
		return nil, errors.New("compound file: no directory")
	}
	root := dirEntry(dir, 0)
	if le.Uint32(data[64:]) > 0 { // there are small streams
		if c.miniFAT, err = c.chain(le.Uint32(data[60:]), uint64(len(data))); err != nil {
			return nil, err
		}
		if c.mini, err = c.chain(root.start, root.size); err != nil {
			return nil, err
		}
	}
	c.collect(dir, le.Uint32(dir[76:]))
	return c, nil
}

// loadFAT lists the sectors of the allocation table: 109 in the header, the rest
// in a chain of their own.
func (c *compound) loadFAT(next uint32) error {
	list := c.data[76:oleHeader]
	for range len(c.data)/c.sectorSize + 1 {
		for i := 0; i+4 <= len(list); i += 4 {
			if sector := binary.LittleEndian.Uint32(list[i:]); sector < oleMaxSector {
				c.fat = append(c.fat, sector)
			}
		}
		if next >= oleMaxSector {
			return nil
		}
		s, err := c.sector(next)
		if err != nil || len(s) < c.sectorSize {
			return errChain
		}
		list, next = s[:c.sectorSize-4], binary.LittleEndian.Uint32(s[c.sectorSize-4:])
	}
	return errChain
}

// sector returns a sector; the last one of the file may be short.
func (c *compound) sector(n uint32) ([]byte, error) {
	start := (uint64(n) + 1) * uint64(c.sectorSize)
	if n >= oleMaxSector || start >= uint64(len(c.data)) {
		return nil, errChain
	}
	return c.data[start:min(start+uint64(c.sectorSize), uint64(len(c.data)))], nil
}

// next returns the sector that follows n in its chain.
func (c *compound) next(n uint32) (uint32, error) {
	perSector := uint32(c.sectorSize / 4)
	if int(n/perSector) >= len(c.fat) {
		return 0, errChain
	}
	s, err := c.sector(c.fat[n/perSector])
	if err != nil {
		return 0, err
	}
	i := int(n%perSector) * 4
	if i+4 > len(s) {
		return 0, errChain
	}
	return binary.LittleEndian.Uint32(s[i:]), nil
}

// chain joins the sectors of a chain, at most size bytes.
func (c *compound) chain(start uint32, size uint64) ([]byte, error) {
	var out []byte
	for n := start; n != oleEndOfChain && uint64(len(out)) < size; {
		s, err := c.sector(n)
		if err != nil {
			return nil, err
		}
		if out = append(out, s...); len(out) > len(c.data) {
			return nil, errChain // more than the file holds: a circle
		}
		if n, err = c.next(n); err != nil {
			return nil, err
		}
	}
	return out[:min(uint64(len(out)), size)], nil
}

func dirEntry(dir []byte, i uint32) stream {
	e := dir[int(i)*oleDirEntry:]
	s := stream{start: binary.LittleEndian.Uint32(e[116:]), size: binary.LittleEndian.Uint64(e[120:])}
	s.size &= 0xFFFFFFFF // the upper half is undefined in old files
	return s
}

// collect lists the streams of the root storage: a binary tree of siblings.
func (c *compound) collect(dir []byte, first uint32) {
	seen := map[uint32]bool{}
	for todo := []uint32{first}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i >= uint32(len(dir)/oleDirEntry) || seen[i] {
			continue
		}
		seen[i] = true
		e := dir[int(i)*oleDirEntry:][:oleDirEntry]
		c.streams[dirName(e)] = dirEntry(dir, i)
		todo = append(todo, binary.LittleEndian.Uint32(e[68:]), binary.LittleEndian.Uint32(e[72:]))
	}
}

// dirName decodes the name of a directory entry.
func dirName(e []byte) string {
	var units []uint16
	for i := 0; i < 64; i += 2 {
		u := binary.LittleEndian.Uint16(e[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

func (c *compound) has(name string) bool {
	_, ok := c.streams[name]
	return ok
}

// read returns the content of a stream of the root storage.
func (c *compound) read(name string) ([]byte, error) {
	s := c.streams[name]
	var out []byte
	var err error
	if s.size < c.cutoff {
		out, err = c.miniChain(s)
	} else {
		out, err = c.chain(s.start, s.size)
	}
	if err == nil && uint64(len(out)) < s.size {
		err = fmt.Errorf("compound file: stream %s has %d of %d bytes", name, len(out), s.size)
	}
	return out, err
}

// miniChain joins the small sectors of a small stream.
func (c *compound) miniChain(s stream) ([]byte, error) {
	var out []byte
	for n := s.start; n != oleEndOfChain && uint64(len(out)) < s.size; {
		at := uint64(n) * oleMiniSector
		if at >= uint64(len(c.mini)) || uint64(n)*4+4 > uint64(len(c.miniFAT)) {
			return nil, errChain
		}
		out = append(out, c.mini[at:min(at+oleMiniSector, uint64(len(c.mini)))]...)
		if len(out) > len(c.mini) {
			return nil, errChain
		}
		n = binary.LittleEndian.Uint32(c.miniFAT[n*4:])
	}
	return out[:min(uint64(len(out)), s.size)], nil
}
