package botsql_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
	"faqbot/knowledge/sqldb/sqltest"
)

// TestFullDisk runs on a small disk of its own, which needs the right to mount
// one.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	store := sqlite.storeOn(t, sqltest.Connect(t, sqldb.SQLite, sqltest.SQLiteDSN(filepath.Join(disk, "bot.db"))))
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	stored := fill(t, store, "a")
	before := dump(t, store)
	if stored == 0 || len(before.Conversations) != stored {
		t.Errorf("%d conversations are stored, %d commits succeeded", len(before.Conversations), stored)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := store.Commit(t.Context(), opening("b")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if again := fill(t, store, "c"); again == 0 {
		t.Error("nothing could be stored in the room that was made")
	}
	if err := store.Commit(t.Context(), opening("b")); errors.Is(err, bot.ErrUnavailable) || !errors.Is(err, bot.ErrConflict) {
		t.Logf("a conflict on a full disk: %v", err)
	}
	after := dump(t, store)
	if diff := cmp.Diff(before.Messages["a0-0"], after.Messages["a0-0"]); diff != "" {
		t.Errorf("what was stored has changed (-before +after):\n%s", diff)
	}
}
