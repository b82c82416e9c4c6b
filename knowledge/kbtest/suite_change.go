package kbtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

var changeTests = []storeTest{
	{"each change has a number of its own", testChangeOrder},
	{"an entry that changed several times appears once", func(f *fixture) {
		e := f.put(plain("e", "", "一"))[0]
		f.put(plain("other", "", "别的"))
		e = f.put(e)[0]
		e = f.put(e)[0]
		changes := f.changes(0, 10)
		if len(changes) != 2 || changes[0].ID != "other" || changes[1].ID != "e" {
			f.Fatalf("changes %+v, want other and then e", changes)
		}
		if diff := cmp.Diff(e, changes[1].Entry); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"a deletion is a change without entry", func(f *fixture) {
		f.put(full("e"), plain("other", "", "别的"))
		revision := f.apply(knowledge.Batch{Deletes: []knowledge.Ref{{ID: "e", Version: 1}}})
		changes := f.changes(revision-1, 10)
		want := []knowledge.Change{{Revision: revision, ID: "e", Deleted: true}}
		if diff := cmp.Diff(want, changes); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"pages of any size make the whole", testChangePages},
	{"tree and lexicon appear without id", testBaseChanges},
	{"nothing new, nothing returned", func(f *fixture) {
		f.put(many(3, "分类")...)
		for after, limit := range map[int64]int{f.revision(): 10, 1 << 60: 10, 0: 0, 1: -1} {
			if changes := f.changes(after, limit); len(changes) != 0 {
				f.Errorf("Changes(%d, %d) = %v, want none", after, limit, changes)
			}
		}
		if changes := f.changes(-5, 1); len(changes) != 1 {
			f.Errorf("Changes(-5, 1) = %v, want the first one", changes)
		}
	}},
	{"a snapshot continues with its revision", func(f *fixture) {
		f.put(many(5, "甲/乙")...)
		revision, entries := f.snapshot()
		if revision != f.revision() || len(entries) != 5 {
			f.Errorf("snapshot of %d entries at %d, want 5 at %d", len(entries), revision, f.revision())
		}
		if changes := f.changes(revision, 10); len(changes) != 0 {
			f.Errorf("changes after the snapshot: %v", changes)
		}
	}},
	{"a snapshot goes by the bytes of the ids", func(f *fixture) {
		ids := []string{"B", "a", "_", "Z-9", "é", "e", "中", "𠮷", "1", "10", "9", "\uFFFD", "a b", "A", "-"}
		for _, id := range ids {
			f.put(plain(id, "", "问 "+id+fmt.Sprint(len(id), []byte(id))))
		}
		_, entries := f.snapshot()
		slices.Sort(ids)
		var got []string
		for _, e := range entries {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"an error of visit ends the snapshot", func(f *fixture) {
		f.put(many(10, "")...)
		stop := errors.New("stop")
		visits := 0
		revision, err := f.store.Snapshot(f.ctx, func(knowledge.Entry) error {
			visits++
			if visits == 3 {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || visits != 3 || revision != 0 {
			f.Errorf("revision %d, error %v after %d visits; want 0 and the error of visit 3", revision, err, visits)
		}
		f.put(plain("x", "", "还能写")) // the store is not left locked
	}},
	{"a cancelled context ends the snapshot", func(f *fixture) {
		f.put(many(300, "")...)
		ctx, cancel := context.WithCancel(f.ctx)
		visits := 0
		_, err := f.store.Snapshot(ctx, func(knowledge.Entry) error {
			visits++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || visits > 2 {
			f.Errorf("error %v after %d visits, want %v at once", err, visits, context.Canceled)
		}
		f.put(plain("x", "", "还能写"))
	}},
	{"visit may use the store", func(f *fixture) {
		f.put(many(3, "")...)
		var seen int
		_, err := f.store.Snapshot(f.ctx, func(e knowledge.Entry) error {
			seen++
			e.Hot = true
			f.put(e, plain("new-"+e.ID, "新的", e.Question+"？？"))
			return nil
		})
		if err != nil || seen != 3 {
			f.Errorf("%d visits, error %v; want the 3 of the beginning", seen, err)
		}
	}},
}

func testChangeOrder(f *fixture) {
	first := f.apply(knowledge.Batch{Puts: []knowledge.Entry{plain("b", "", "一")}})
	last := f.apply(knowledge.Batch{
		Puts:    []knowledge.Entry{plain("c", "", "二"), plain("a", "", "三")},
		Deletes: []knowledge.Ref{{ID: "b", Version: 1}},
	})
	if first < 1 || last != f.revision() {
		f.Errorf("revisions %d and %d, the store says %d", first, last, f.revision())
	}
	var ids []string
	previous := first
	for _, c := range f.changes(0, 10) {
		if c.Revision <= previous {
			f.Errorf("%q has revision %d after %d", c.ID, c.Revision, previous)
		}
		previous = c.Revision
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"b", "c", "a"}, ids); diff != "" {
		f.Errorf("-want +got:\n%s", diff)
	}
	if previous != last {
		f.Errorf("the last change is %d, the batch %d", previous, last)
	}
}

func testChangePages(f *fixture) {
	f.put(many(150, "一/二")...)
	f.apply(knowledge.Batch{
		Lexicon: &knowledge.Lexicon{UserWords: []string{"词"}},
		Deletes: []knowledge.Ref{{ID: "many-00007", Version: 1}},
	})
	f.put(plain("late", "", "晚来的"))
	all := f.changes(0, 1000)
	if len(all) != 152 {
		f.Fatalf("%d changes, want 151 entries and one without id", len(all))
	}
	for _, limit := range []int{1, 2, 7, 128, 151, 152} {
		var pages []knowledge.Change
		after := int64(0)
		for {
			page := f.changes(after, limit)
			if len(page) > limit {
				f.Fatalf("a page of %d changes, at most %d were asked for", len(page), limit)
			}
			if len(page) == 0 {
				break
			}
			pages = append(pages, page...)
			after = page[len(page)-1].Revision
		}
		if diff := cmp.Diff(all, pages); diff != "" {
			f.Errorf("pages of %d differ from the whole (-want +got):\n%s", limit, diff)
		}
		if after != f.revision() {
			f.Errorf("pages of %d end at %d, the store is at %d", limit, after, f.revision())
		}
	}
}

func testBaseChanges(f *fixture) {
	id := f.create("甲")
	other := f.create("乙/丙")
	e := f.put(plain("e", "甲", "问"))[0]
	for _, step := range []struct {
		name string
		do   func() error
		same bool
	}{
		{name: "create", do: func() error { _, err := f.store.CreateCategory(f.ctx, knowledge.Path{"丁"}); return err }},
		{name: "create again", same: true, do: func() error { _, err := f.store.CreateCategory(f.ctx, knowledge.Path{"丁"}); return err }},
		{name: "rename", do: func() error { return f.store.RenameCategory(f.ctx, id, "新甲") }},
		{name: "rename to the same", same: true, do: func() error { return f.store.RenameCategory(f.ctx, id, "新甲") }},
		{name: "move", do: func() error { return f.store.MoveCategory(f.ctx, id, other, 0) }},
		{name: "move to the same place", same: true, do: func() error { return f.store.MoveCategory(f.ctx, id, other, 0) }},
		{name: "put into a new category", do: func() error {
			_, err := f.store.Apply(f.ctx, knowledge.Batch{Puts: []knowledge.Entry{plain("new", "戊", "新")}})
			return err
		}},
		{name: "lexicon", do: func() error {
			_, err := f.store.Apply(f.ctx, knowledge.Batch{Lexicon: &knowledge.Lexicon{}})
			return err
		}},
		{name: "merge", do: func() error { return f.store.MergeCategory(f.ctx, id, other) }},
		{name: "delete", do: func() error { return f.store.DeleteCategory(f.ctx, f.category("丁").ID) }},
	} {
		before := f.revision()
		if err := step.do(); err != nil {
			f.Fatalf("%s: %v", step.name, err)
		}
		got := slices.ContainsFunc(f.changes(before, 10), func(c knowledge.Change) bool {
			return cmp.Equal(c, knowledge.Change{Revision: f.revision()})
		})
		if got == step.same || (f.revision() == before) != step.same {
			f.Errorf("%s: revision %d → %d, changes %v", step.name, before, f.revision(), f.changes(before, 10))
		}
	}
	for _, c := range f.changes(0, 100) {
		if c.ID == e.ID && (c.Entry.Version != e.Version || c.Entry.Category.String() != "乙/丙") {
			f.Errorf("the entry should follow the tree without a new version: %+v", c.Entry)
		}
	}
}
