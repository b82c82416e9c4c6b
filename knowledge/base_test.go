package knowledge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
	"faqbot/knowledge/kbtest"
	"faqbot/knowledge/normalize"
)

// today is what the clock of the tests shows.
var today = time.Date(2026, 3, 15, 9, 30, 0, 0, time.UTC)

// sharedNormalizer is built once: it is immutable, and building takes time.
var sharedNormalizer = sync.OnceValues(normalize.New)

func normalizer(t testing.TB) *normalize.Normalizer {
	t.Helper()
	norm, err := sharedNormalizer()
	if err != nil {
		t.Fatal(err)
	}
	return norm
}

// world is a Base, the store below it, and faults to plant between the two.
type world struct {
	*knowledge.Base
	store *kbtest.Store
	// beforeApply, if set, is called with each batch before it is stored; its
	// error is Apply's.
	beforeApply func(knowledge.Batch) error
	applied     atomic.Int32
}

func newWorld(t testing.TB) *world {
	t.Helper()
	norm := normalizer(t)
	w := &world{store: kbtest.NewStore(norm.Key)}
	var ids atomic.Int32
	newID := func() string { return fmt.Sprintf("id%04d", ids.Add(1)) }
	w.Base = knowledge.NewBase(faultyStore{Store: w.store, world: w}, norm, func() time.Time { return today }, newID)
	return w
}

type faultyStore struct {
	knowledge.Store
	world *world
}

func (s faultyStore) Apply(ctx context.Context, b knowledge.Batch) (int64, error) {
	if s.world.beforeApply != nil {
		if err := s.world.beforeApply(b); err != nil {
			return 0, err
		}
	}
	s.world.applied.Add(1)
	return s.Store.Apply(ctx, b)
}

// entries returns everything stored, in order of id.
func (w *world) entries(t testing.TB) []knowledge.Entry {
	t.Helper()
	var all []knowledge.Entry
	_, err := w.store.Snapshot(context.Background(), func(e knowledge.Entry) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// faq returns a valid entry.
func faq(question string, variants ...string) knowledge.Entry {
	return knowledge.Entry{
		Question: question, Variants: variants, Enabled: true,
		Answers: []knowledge.Answer{{Texts: []string{"答：" + question}}},
	}
}

// mustSave stores the entries and returns them as stored.
func (w *world) mustSave(t testing.TB, entries ...knowledge.Entry) []knowledge.Entry {
	t.Helper()
	out := make([]knowledge.Entry, len(entries))
	for i, e := range entries {
		var err error
		if out[i], err = w.Save(t.Context(), e, "甲"); err != nil {
			t.Fatalf("save %q: %v", e.Question, err)
		}
	}
	return out
}

// wantFieldError fails unless err is a *FieldError of the field whose text holds
// all parts.
func wantFieldError(t *testing.T, err error, field string, parts ...string) {
	t.Helper()
	var got *knowledge.FieldError
	if !errors.As(err, &got) {
		t.Fatalf("error = %v, want a *FieldError of %s", err, field)
	}
	if got.Field != field {
		t.Errorf("field = %q, want %q (%v)", got.Field, field, err)
	}
	for _, part := range parts {
		if !strings.Contains(got.Error(), part) {
			t.Errorf("error %q does not say %q", got.Error(), part)
		}
	}
}

func TestSaveNew(t *testing.T) {
	w := newWorld(t)
	got, err := w.Save(t.Context(), faq(" 怎么退款？ "), "甲")
	if err != nil {
		t.Fatal(err)
	}
	want := faq("怎么退款？")
	want.ID, want.Version = "id0001", 1
	want.Answers[0].Texts[0] = "答： 怎么退款？"
	want.CreatedAt, want.CreatedBy, want.UpdatedAt, want.UpdatedBy = today, "甲", today, "甲"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("saved entry (-want +got):\n%s", diff)
	}
	read, err := w.Entry(t.Context(), got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, read); diff != "" {
		t.Errorf("stored entry (-saved +stored):\n%s", diff)
	}
}

func TestSaveEdit(t *testing.T) {
	w := newWorld(t)
	first := w.mustSave(t, faq("怎么退款"))[0]
	edit := first.Clone()
	edit.Variants, edit.ExpiresAt = []string{"退款流程"}, today.AddDate(1, 0, 0).Add(123456789)
	second, err := w.Save(t.Context(), edit, "乙")
	if err != nil {
		t.Fatal(err)
	}
	if second.Version != 2 || second.CreatedBy != "甲" || second.UpdatedBy != "乙" {
		t.Errorf("version %d, created by %s, updated by %s", second.Version, second.CreatedBy, second.UpdatedBy)
	}
	if diff := cmp.Diff(second, w.entries(t)[0]); diff != "" {
		t.Errorf("stored entry (-returned +stored):\n%s", diff)
	}

	t.Run("without change stores nothing", func(t *testing.T) {
		before := w.applied.Load()
		same, err := w.Save(t.Context(), second, "丙")
		if err != nil || same.Version != 2 || w.applied.Load() != before {
			t.Errorf("version %d, %d writes, error %v", same.Version, w.applied.Load()-before, err)
		}
	})
	t.Run("of an old version is a conflict with both sides", func(t *testing.T) {
		edit.Variants = []string{"怎样退钱"}
		_, err := w.Save(t.Context(), edit, "丙")
		var conflict *knowledge.ConflictError
		if !errors.As(err, &conflict) {
			t.Fatalf("error = %v, want a *ConflictError", err)
		}
		if conflict.Mine.Variants[0] != "怎样退钱" || conflict.Theirs.Variants[0] != "退款流程" {
			t.Errorf("mine %v, theirs %v", conflict.Mine.Variants, conflict.Theirs.Variants)
		}
	})
	t.Run("of a deleted entry is a conflict without the other side", func(t *testing.T) {
		if err := w.Delete(t.Context(), knowledge.Ref{ID: second.ID, Version: 2}, "乙"); err != nil {
			t.Fatal(err)
		}
		_, err := w.Save(t.Context(), second, "丙")
		var conflict *knowledge.ConflictError
		if !errors.As(err, &conflict) || conflict.Theirs.ID != "" {
			t.Errorf("error = %v, want a *ConflictError without theirs", err)
		}
	})
}

func TestSaveSameQuestion(t *testing.T) {
	w := newWorld(t)
	w.mustSave(t, faq("怎么退款？"))
	if _, err := w.Save(t.Context(), faq("怎麼退款"), "乙"); !errors.Is(err, knowledge.ErrExists) {
		t.Errorf("error = %v, want ErrExists", err)
	}
}

func TestSaveRelated(t *testing.T) {
	w := newWorld(t)
	other := w.mustSave(t, faq("退款多久到账"))[0]
	e := faq("怎么退款")
	e.Related = []string{other.ID}
	saved := w.mustSave(t, e)[0]

	saved.Related = append(saved.Related, "nobody")
	_, err := w.Save(t.Context(), saved, "甲")
	wantFieldError(t, err, "关联问题", "nobody", "没有这个知识点")

	saved.Related = []string{saved.ID}
	_, err = w.Save(t.Context(), saved, "甲")
	wantFieldError(t, err, "关联问题", "自己")
}

// An id that was in use before the entry was deleted goes on with its version:
// what Save returns must be fit for the next edit.
func TestSaveReusedID(t *testing.T) {
	w := newWorld(t)
	e := faq("怎么退款")
	e.ID = "gas-001"
	saved := w.mustSave(t, e)[0]
	if err := w.Delete(t.Context(), knowledge.Ref{ID: e.ID, Version: saved.Version}, "甲"); err != nil {
		t.Fatal(err)
	}
	again := w.mustSave(t, e)[0]
	again.Hot = true
	if _, err := w.Save(t.Context(), again, "甲"); err != nil {
		t.Errorf("edit after the id came back: %v", err)
	}
}

func TestDelete(t *testing.T) {
	w := newWorld(t)
	gone := w.mustSave(t, faq("退款多久到账"))[0]
	e := faq("怎么退款")
	e.Related = []string{gone.ID}
	keeps := w.mustSave(t, e)[0]

	err := w.Delete(t.Context(), knowledge.Ref{ID: gone.ID, Version: 7}, "乙")
	var conflict *knowledge.ConflictError
	if !errors.As(err, &conflict) {
		t.Errorf("delete of another version: %v, want a *ConflictError", err)
	}
	if err := w.Delete(t.Context(), knowledge.Ref{ID: gone.ID, Version: 1}, "乙"); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), knowledge.Ref{ID: gone.ID, Version: 1}, "乙"); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("second delete: %v, want ErrNotFound", err)
	}
	left, err := w.Entry(t.Context(), keeps.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Related) != 0 || left.Version != 2 || left.UpdatedBy != "乙" {
		t.Errorf("related %v, version %d, by %s; want none, 2, 乙", left.Related, left.Version, left.UpdatedBy)
	}
}

// An entry that is edited while another one is deleted, which it names as
// related, must keep the edit.
func TestDeleteWhileRelatedIsEdited(t *testing.T) {
	w := newWorld(t)
	gone := w.mustSave(t, faq("退款多久到账"))[0]
	e := faq("怎么退款")
	e.Related = []string{gone.ID}
	keeps := w.mustSave(t, e)[0]

	w.beforeApply = func(knowledge.Batch) error {
		w.beforeApply = nil
		keeps.Hot = true
		_, err := w.store.Apply(context.Background(), knowledge.Batch{Puts: []knowledge.Entry{keeps}})
		return err
	}
	if err := w.Delete(t.Context(), knowledge.Ref{ID: gone.ID, Version: 1}, "乙"); err != nil {
		t.Fatal(err)
	}
	left := w.entries(t)
	if len(left) != 1 || !left[0].Hot || len(left[0].Related) != 0 {
		t.Errorf("left: %+v; want the edit kept and no related entry", left)
	}
}
