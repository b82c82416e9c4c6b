package bottest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/kbtest"
)

// TestFiles checks that a store keeps every promise of bot.FileStore. open returns
// an empty store; it is called once for each test.
func TestFiles(t *testing.T, open func(t *testing.T) bot.FileStore) {
	runBeside(t, fileTests, open)
}

var fileTests = []besideTest[bot.FileStore]{
	{"files of all sizes come back", testFiles},
	{"a file that is not there", func(f *fixture, s bot.FileStore) {
		missing[bot.File](f, "FileOf")(s.FileOf(f.ctx, "f"))
		_, content, err := s.FileContent(f.ctx, "f")
		missing[[]byte](f, "FileContent")(content, err)
	}},
	{"a file once", func(f *fixture, s bot.FileStore) {
		content := []byte("a")
		first := bot.File{ID: "f", Name: "一", Size: 1}
		f.done("PutFile", s.PutFile(f.ctx, first, content))
		content[0] = 'b' // it may change afterwards
		f.conflicts("again", s.PutFile(f.ctx, bot.File{ID: "f", Name: "二", Size: 1}, content))
		got, content, err := s.FileContent(f.ctx, "f")
		same(f, "FileContent", first)(got, err)
		same(f, "content", "a")(string(content), nil)
		f.oneWins("another", kbtest.Race(racers, func(i int) error {
			return s.PutFile(f.ctx, bot.File{ID: "g", Name: fmt.Sprint(i)}, nil)
		}))
	}},
	{"what a store does not take", func(f *fixture, s bot.FileStore) {
		for what, file := range map[string]bot.File{
			"no id": {Size: 1}, "another size": {ID: "f", Size: 2}, "NUL in the name": {ID: "f", Size: 1, Name: "\x00"},
			"NUL in the visitor": {ID: "f", Size: 1, Visitor: "\x00"}, "broken UTF-8 in the type": {ID: "f", Size: 1, Type: "\xff"},
		} {
			f.mistaken(what, s.PutFile(f.ctx, file, []byte{0}))
		}
		missing[bot.File](f, "FileOf")(s.FileOf(f.ctx, "f"))
	}},
}

func testFiles(f *fixture, s bot.FileStore) {
	random := rand.NewChaCha8([32]byte{7})
	contents := map[string][]byte{}
	for _, size := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, 3<<20 + 12345} {
		content := make([]byte, size)
		_, _ = random.Read(content) // never fails
		file := bot.File{ID: fmt.Sprint("f", size), Visitor: visitor("a").Key(), Sender: bot.AgentKey("小红"), Name: "发票 😀'.pdf",
			Type: "application/pdf", Size: int64(size), Width: size, Height: 2, At: minute(1).Add(123 * time.Microsecond)}
		f.done("PutFile", s.PutFile(f.ctx, file, content))
		file.At = minute(1) // whole milliseconds are kept
		same(f, "FileOf", file)(s.FileOf(f.ctx, file.ID))
		contents[file.ID] = content
	}
	for id, want := range contents {
		file, got, err := s.FileContent(f.ctx, id)
		f.done("FileContent", err)
		if file.ID != id || !bytes.Equal(got, want) {
			f.Errorf("file %q came back as %q with %d bytes, which are not its own", id, file.ID, len(got))
		}
	}
}
