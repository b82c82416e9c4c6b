package kbsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/kbtest"
)

// TestModel does random things to the store and to the fake and compares
// everything that can be read of them.
func TestModel(t *testing.T) {
	onBoth(t, func(t *testing.T, d database) {
		store, db := d.store(t)
		rapid.Check(t, func(rt *rapid.T) {
			empty(rt, db)
			m := &model{T: rt, fake: kbtest.NewStore(kbtest.Key), store: store}
			m.Repeat(map[string]func(*rapid.T){
				"":       m.compare,
				"apply":  m.apply,
				"create": m.create,
				"rename": m.rename,
				"move":   m.move,
				"merge":  m.merge,
				"delete": m.delete,
			})
		})
	})
}

// empty brings the database back to the state after Migrate.
func empty(t *rapid.T, db *sql.DB) {
	for _, statement := range []string{
		`DELETE FROM kb_entry`, `DELETE FROM kb_lexicon`, `DELETE FROM kb_category WHERE id <> ''`,
		`UPDATE kb_revision SET value = 0, base = 0`,
	} {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

type model struct {
	*rapid.T
	fake  *kbtest.Store
	store *kbsql.Store
}

func (m *model) compare(*rapid.T) {
	ctx := context.Background()
	want, err := kbtest.DumpOf(ctx, m.fake)
	if err != nil {
		m.Fatal(err)
	}
	got, err := kbtest.DumpOf(ctx, m.store)
	if err != nil {
		m.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.Fatalf("the stores differ (-fake +store):\n%s", diff)
	}
}

// both does the same to both stores, which must agree on what is wrong with it.
func (m *model) both(do func(knowledge.Store) error) {
	want, got := do(m.fake), do(m.store)
	if kind(want) != kind(got) {
		m.Fatalf("the fake says %v, the store says %v", want, got)
	}
}

// kind names the kind of an error.
func kind(err error) string {
	for _, sentinel := range []error{knowledge.ErrNotFound, knowledge.ErrExists, knowledge.ErrNotEmpty} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	for err != nil && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return fmt.Sprintf("%T", err)
}

var (
	names     = rapid.SampledFrom([]string{"甲", "乙", "丙"})
	paths     = rapid.SliceOfN(names, 0, 4)
	texts     = rapid.SampledFrom([]string{"", "短", "带 空格", `"引号"`, "<b>&\\", "😀", "a\u2028b", "x\x00", "\xff"})
	textLists = rapid.SliceOfN(texts, 0, 3)
	moments   = rapid.Map(rapid.Int64Range(-1e13, 1e13), func(us int64) time.Time { return time.UnixMicro(us) })
	questions = rapid.SampledFrom([]string{"一", "二", " 一", "三", "四", "五", "六"})
	ids       = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "Z", "é"})
)

// version is mostly the stored one.
func (m *model) version(t *rapid.T, id string) int64 {
	stored, _ := m.fake.Entry(context.Background(), id) // 0 if there is none
	if rapid.IntRange(0, 9).Draw(t, "stale") == 0 {
		return rapid.Int64Range(0, 3).Draw(t, "version")
	}
	return stored.Version
}

func (m *model) entry(t *rapid.T) knowledge.Entry {
	e := knowledge.Entry{
		ID: ids.Draw(t, "id"), Category: paths.Draw(t, "path"), Question: questions.Draw(t, "question"),
		Enabled: rapid.Bool().Draw(t, "enabled"), Owner: "王敏",
	}
	if rapid.Bool().Draw(t, "rich") {
		e.Variants, e.CounterExamples = textLists.Draw(t, "variants"), textLists.Draw(t, "counter-examples")
		e.Related, e.Threshold = textLists.Draw(t, "related"), rapid.Float64().Draw(t, "threshold")
		e.EffectiveFrom, e.ExpiresAt = moments.Draw(t, "from"), moments.Draw(t, "until")
		e.CreatedAt, e.UpdatedAt = moments.Draw(t, "created"), moments.Draw(t, "updated")
		e.Hot, e.ReplyAll = rapid.Bool().Draw(t, "hot"), rapid.Bool().Draw(t, "all")
		for range rapid.IntRange(0, 2).Draw(t, "answers") {
			e.Answers = append(e.Answers, knowledge.Answer{
				Dimension: knowledge.Dimension{Channel: texts.Draw(t, "channel")}, Texts: textLists.Draw(t, "texts"),
			})
		}
	}
	e.Version = m.version(t, e.ID)
	return e
}

func (m *model) apply(t *rapid.T) {
	var b knowledge.Batch
	for range rapid.IntRange(0, 4).Draw(t, "puts") {
		b.Puts = append(b.Puts, m.entry(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "deletes") {
		id := ids.Draw(t, "id")
		b.Deletes = append(b.Deletes, knowledge.Ref{ID: id, Version: m.version(t, id)})
	}
	if rapid.IntRange(0, 4).Draw(t, "with lexicon") == 0 {
		stored, err := m.fake.Lexicon(context.Background())
		if err != nil {
			m.Fatal(err)
		}
		b.Lexicon = &knowledge.Lexicon{UserWords: textLists.Draw(t, "words"), Version: stored.Version}
	}
	m.both(func(s knowledge.Store) error {
		_, err := s.Apply(context.Background(), b)
		return err
	})
}

// category chooses a category by its path; "" is the root or an unknown id.
func (m *model) category(t *rapid.T, label string) string {
	all, err := m.fake.Categories(context.Background())
	if err != nil {
		m.Fatal(err)
	}
	n := rapid.IntRange(-2, len(all)-1).Draw(t, label)
	switch n {
	case -2:
		return "unknown"
	case -1:
		return ""
	}
	return all[n].Path.String()
}

// id returns the id of a category in the store.
func (m *model) id(s knowledge.Store, path string) string {
	all, err := s.Categories(context.Background())
	if err != nil {
		m.Fatal(err)
	}
	for _, c := range all {
		if c.Path.String() == path {
			return c.ID
		}
	}
	return path
}

func (m *model) create(t *rapid.T) {
	path := paths.Draw(t, "path")
	m.both(func(s knowledge.Store) error {
		id, err := s.CreateCategory(context.Background(), path)
		if err == nil && id != m.id(s, strings.Join(path, "/")) {
			m.Fatalf("CreateCategory(%q) returned the id of another category", path)
		}
		return err
	})
}

func (m *model) rename(t *rapid.T) {
	path, name := m.category(t, "category"), names.Draw(t, "name")
	m.both(func(s knowledge.Store) error { return s.RenameCategory(context.Background(), m.id(s, path), name) })
}

func (m *model) move(t *rapid.T) {
	path, parent := m.category(t, "category"), m.category(t, "parent")
	position := rapid.IntRange(-1, 4).Draw(t, "position")
	m.both(func(s knowledge.Store) error {
		return s.MoveCategory(context.Background(), m.id(s, path), m.id(s, parent), position)
	})
}

func (m *model) merge(t *rapid.T) {
	from, into := m.category(t, "from"), m.category(t, "into")
	m.both(func(s knowledge.Store) error {
		return s.MergeCategory(context.Background(), m.id(s, from), m.id(s, into))
	})
}

func (m *model) delete(t *rapid.T) {
	path := m.category(t, "category")
	m.both(func(s knowledge.Store) error { return s.DeleteCategory(context.Background(), m.id(s, path)) })
}
