package database_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"faqbot/cmd/internal/database"
	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/kbtest/pgtest"
	"faqbot/knowledge/sqldb"
)

func open(t *testing.T, dsn string) (*sql.DB, kbsql.Dialect) {
	t.Helper()
	db, dialect, err := database.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it before
	return db, dialect
}

// store opens the database as the program does.
func store(t *testing.T, dsn string) *kbsql.Store {
	t.Helper()
	db, dialect := open(t, dsn)
	if err := kbsql.Migrate(t.Context(), db, dialect); err != nil {
		t.Fatal(err)
	}
	return kbsql.New(db, dialect, kbtest.Key)
}

// TestStore runs the conformance suite with the settings of the program.
func TestStore(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		kbtest.TestStore(t, func(t *testing.T) knowledge.Store { return store(t, filepath.Join(t.TempDir(), "kb.db")) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		if os.Getenv(pgtest.Env) == "" {
			t.Skipf("PostgreSQL is not tested: set %s to the address of a server", pgtest.Env)
		}
		kbtest.TestConcurrency(t, func(t *testing.T) knowledge.Store { return store(t, pgtest.DSN(t)) })
	})
}

// TestStandstillPostgreSQL has a transaction stand still with a row that another
// one wants: that one gets it, and the first cannot commit any more.
func TestStandstillPostgreSQL(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	db, _ := open(t, pgtest.DSN(t))
	exec := func(tx interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
	}, statement string) {
		t.Helper()
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(db, `CREATE TABLE a (b BIGINT)`)
	exec(db, `INSERT INTO a VALUES (1)`)
	still, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(still, `UPDATE a SET b = 2`)
	exec(db, `UPDATE a SET b = b + 10`) // has to wait
	if err := still.Commit(); !sqldb.Unavailable(err) {
		t.Errorf("the late commit: %v", err)
	}
	var b int
	if err := db.QueryRowContext(ctx, `SELECT b FROM a`).Scan(&b); err != nil || b != 11 {
		t.Errorf("the row holds %d, %v", b, err)
	}
}

// TestStandstillOfOthersPostgreSQL leaves alone what the DSN says.
func TestStandstillOfOthersPostgreSQL(t *testing.T) {
	db, _ := open(t, pgtest.DSN(t)+"&idle_in_transaction_session_timeout=77s")
	var got string
	if err := db.QueryRowContext(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&got); err != nil || got != "77s" {
		t.Errorf("the time-out is %q, %v", got, err)
	}
}

func TestFileNames(t *testing.T) {
	folder := t.TempDir()
	for name, dsn := range map[string]string{
		"plain":       filepath.Join(folder, "plain.db"),
		"kind":        "sqlite:" + filepath.Join(folder, "kind.db"),
		"kind and //": "sqlite://" + filepath.Join(folder, "slashes.db"),
		"capitals":    "SQLite:" + filepath.Join(folder, "capitals.db"),
		"new folders": filepath.Join(folder, "一", "二", "kb.db"),
		"odd":         filepath.Join(folder, `a b?c=d#e%41&f'"\+;.db`),
		"Chinese":     filepath.Join(folder, "知识库 😀.db"),
		"colon":       "sqlite:" + filepath.Join(folder, "a:b"),
	} {
		t.Run(name, func(t *testing.T) {
			_, path, ok := strings.Cut(dsn, ":")
			if !ok {
				path = dsn
			}
			path = strings.TrimPrefix(path, "//")
			if _, err := store(t, dsn).CreateCategory(t.Context(), knowledge.Path{name}); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Size() == 0 && !exists(path+"-wal") {
				t.Fatalf("nothing was stored in the file: %v", err)
			}
			if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("the file has mode %o, want 600", mode)
			}
			categories, err := store(t, dsn).Categories(t.Context())
			if err != nil || len(categories) != 1 || categories[0].Path[0] != name {
				t.Errorf("opened again it has %v, error %v", categories, err)
			}
		})
	}
	info, err := os.Stat(filepath.Join(folder, "一"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the new folder: mode %v, error %v", info.Mode(), err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestRelativeName(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "sqlite:data/kb.db")
	open(t, "kb.db")
	if !exists("data/kb.db") || !exists("kb.db") {
		t.Error("the files are not in the current folder")
	}
}

func TestExistingModeIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kb.db")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	store(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, error %v; want it as the owner set it", info.Mode(), err)
	}
}

func TestSettings(t *testing.T) {
	db, dialect := open(t, filepath.Join(t.TempDir(), "kb.db"))
	if dialect != kbsql.SQLite {
		t.Errorf("dialect %q", dialect)
	}
	for range 3 { // each connection has them, not only the first
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }() // keeps it from being used again
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "2000",
		} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %q, error %v; want %q", pragma, got, err, want)
			}
		}
	}
}

func TestMemory(t *testing.T) {
	for _, dsn := range []string{":memory:", "sqlite::memory:"} {
		s, other := store(t, dsn), store(t, dsn)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 8 { // more than one connection, and some that are cut off
			all.Go(func() {
				for n := range 10 {
					e := knowledge.Entry{ID: string(rune('a'+i)) + string(rune('a'+n)), Enabled: true}
					e.Question = e.ID
					if _, err := s.Apply(t.Context(), knowledge.Batch{Puts: []knowledge.Entry{e}}); err != nil {
						t.Error(err)
					}
					_, _ = s.Changes(ctx, 0, 100) // may be cancelled
					if i == 0 && n == 5 {
						cancel()
					}
				}
			})
		}
		all.Wait()
		cancel()
		got, err := kbtest.DumpOf(t.Context(), s)
		if err != nil || len(got.Entries) != 80 {
			t.Errorf("%s: %d entries, error %v; want 80", dsn, len(got.Entries), err)
		}
		if got, err := kbtest.DumpOf(t.Context(), other); err != nil || len(got.Entries) != 0 {
			t.Errorf("%s: two databases in memory share %d entries, error %v", dsn, len(got.Entries), err)
		}
	}
}

func TestRefused(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := file("notes.txt", strings.Repeat("这不是数据库。\n", 100))
	for name, c := range map[string]struct{ dsn, want string }{
		"empty":          {"", "empty"},
		"blank":          {"  ", "empty"},
		"no file name":   {"sqlite:", "missing"},
		"other database": {"mysql://root:secret@localhost/kb", `unknown kind "mysql"`},
		"typo":           {"postgre://root:secret@localhost/kb", `unknown kind "postgre"`},
		"other kind":     {"file:kb.db", "sqlite:FILE"},
		"NUL":            {"a\x00b", "NUL"},
		"folder":         {folder, "is a directory"},
		"below a file":   {filepath.Join(text, "kb.db"), "create its folder"},
		"not a database": {text, "is not a SQLite database"},
		"device":         {"/dev/null", "not a regular file"},
		"a bad port":     {"postgres://u:secret@h:1x/d", "not of the form"},
		"a bad option":   {"postgres://u:secret@h/d?sslmode=secret", "driver says"},
		"a bad timeout":  {"postgres://u:secret@h/d?connect_timeout=secret", "driver says"},
		"@ in password":  {"postgres://u:se@cret/s@h/d", "%40"},
		"? in password":  {"postgres://u:1?secret@h/d", "%40"},
		"# in password":  {"postgres://u:1#secret@h/d", "%40"},
		"/ in password":  {"postgres://u:1/secret@h/d", "%40"},
		"% in password":  {"postgres://u:secret%zz@h/d", "%40"},
	} {
		t.Run(name, func(t *testing.T) {
			db, _, err := database.Open(t.Context(), c.dsn)
			if err == nil {
				_ = db.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "cannot open database ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cret/s") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	if content, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(content), "这不是数据库") {
		t.Error("the file that is no database was changed")
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	_, _, err := database.Open(t.Context(), filepath.Join(folder, "kb.db"))
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a permission error", err)
	}
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kb.db")
	db, dialect := open(t, path)
	if err := kbsql.Migrate(t.Context(), db, dialect); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // moves the WAL into the file
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b []byte){
		"header": func(b []byte) { copy(b, "no longer a database") },
		"schema": func(b []byte) { clear(b[100:4096]) },
	} {
		t.Run(name, func(t *testing.T) {
			bad := append([]byte(nil), good...)
			spoil(bad)
			spoiled := filepath.Join(t.TempDir(), "kb.db")
			if err := os.WriteFile(spoiled, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := database.Open(t.Context(), spoiled)
			if err == nil || !strings.Contains(err.Error(), "the file is ") {
				t.Errorf("got %v, want what is wrong with the file", err)
			}
		})
	}
}

func TestNewerSchema(t *testing.T) {
	db, dialect := open(t, filepath.Join(t.TempDir(), "kb.db"))
	if err := kbsql.Migrate(t.Context(), db, dialect); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO kb_schema (version_id, is_applied) VALUES (77, TRUE)`); err != nil {
		t.Fatal(err)
	}
	if err := kbsql.Migrate(t.Context(), db, dialect); !errors.Is(err, knowledge.ErrNewerSchema) {
		t.Errorf("got %v, want ErrNewerSchema", err)
	}
}

// TestUnreachableServer connects to a port nobody listens at, and to a server
// that never answers.
func TestUnreachableServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	silent := listener.Addr().String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"nobody": nobody, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, _, err := database.Open(ctx, "postgres://u:topsecret@"+address+"/d?sslmode=disable")
			if err == nil || !strings.HasPrefix(err.Error(), "cannot open database postgres://u@"+address+"/d: ") {
				t.Errorf("got %v, want the address in the error", err)
			}
			if err != nil && strings.Contains(err.Error(), "topsecret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	dsn := pgtest.DSN(t)
	db, dialect := open(t, strings.Replace(dsn, "postgres://", "PostgreSQL://", 1))
	if dialect != kbsql.PostgreSQL {
		t.Errorf("dialect %q", dialect)
	}
	var name string
	if err := db.QueryRowContext(t.Context(), `SHOW application_name`).Scan(&name); err != nil || name != "faqbot" {
		t.Errorf("application_name %q, error %v", name, err)
	}
	_, _, err := database.Open(t.Context(), strings.Replace(dsn, "?", "_that_does_not_exist?", 1))
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v, want the server's reason", err)
	}
}

// openChild tells a process started by TestOpenInSeveralProcesses what to open.
const openChild = "FAQBOT_TEST_OPEN"

// TestOpenInSeveralProcesses creates one database in several processes at once.
func TestOpenInSeveralProcesses(t *testing.T) {
	if path := os.Getenv(openChild); path != "" {
		if _, err := store(t, path).CreateCategory(t.Context(), knowledge.Path{"甲"}); err != nil {
			t.Fatal(err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "new", "kb.db")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpenInSeveralProcesses$")
			child.Env = append(os.Environ(), openChild+"="+path)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	all.Wait()
	if categories, err := store(t, path).Categories(t.Context()); err != nil || len(categories) != 1 {
		t.Errorf("categories %v, error %v", categories, err)
	}
}

// FuzzOpenNeverShowsPassword opens DSNs with any password at a port where nobody
// listens.
func FuzzOpenNeverShowsPassword(f *testing.F) {
	for _, password := range []string{"plain", "p@ss/word", "a:b", "q?r=s", "h#i", "100%", "[::1]", "`: x", " ", "秘密"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		const mark = "TOPSECRET"
		_, _, err := database.Open(t.Context(), "postgres://u:"+password+mark+password+"@127.0.0.1:1/d?sslmode=disable&connect_timeout=1")
		if err == nil {
			t.Fatal("a server answered at port 1")
		}
		if strings.Contains(err.Error(), mark) {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}
