package kbtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

var categoryTests = []storeTest{
	{"putting an entry creates its categories", func(f *fixture) {
		ten := strings.Join([]string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"}, "/")
		f.put(plain("five", "一/二/三/四/五", "五层"), plain("ten", ten, "十层"), plain("root", "", "没有分类"),
			plain("top", "顶", "一层"), plain("again", "一/二", "二层"))
		if got := f.entry("ten").Category.String(); got != ten {
			f.Errorf("category %q, want %q", got, ten)
		}
		want := []string{
			"一 0/3", "一/二 1/3", "一/二/三 0/2", "一/二/三/四 0/2", "一/二/三/四/五 1/2", "一/二/三/四/五/六 0/1",
			"一/二/三/四/五/六/七 0/1", "一/二/三/四/五/六/七/八 0/1", "一/二/三/四/五/六/七/八/九 0/1", ten + " 1/1", "顶 1/1",
		}
		if diff := cmp.Diff(want, f.tree()); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"the tree tells parents and positions", testTreeFields},
	{"names are taken literally", func(f *fixture) {
		paths := []knowledge.Path{{"a/b"}, {"a", "b"}, {"A"}, {`a\`}, {" a"}, {`a\/b`}, {`a\`, "b"}}
		ids := map[string]bool{}
		for _, path := range paths {
			id, err := f.store.CreateCategory(f.ctx, path)
			if err != nil {
				f.Fatalf("CreateCategory(%q): %v", []string(path), err)
			}
			ids[id] = true
			e := plain(path.String(), "", fmt.Sprint("问", []byte(path.String())))
			e.Category = path
			if got := f.put(e)[0].Category; !slices.Equal(got, path) {
				f.Errorf("category %q came back as %q", []string(path), []string(got))
			}
		}
		if len(ids) != len(paths) {
			f.Errorf("%d categories for %d paths", len(ids), len(paths))
		}
	}},
	{"creating what exists is no error", func(f *fixture) {
		id := f.create("甲/乙")
		before := f.dump()
		if again := f.create("甲/乙"); again != id {
			f.Errorf("id %q, then %q", id, again)
		}
		if root := f.create(""); root != "" {
			f.Errorf("the root has id %q, want none", root)
		}
		f.same(before)
	}},
	{"rename", testRename},
	{"move", testMove},
	{"move refused", testMoveRefused},
	{"merge", testMerge},
	{"merge a child into its parent", func(f *fixture) {
		f.put(plain("1", "甲/乙", "一"), plain("2", "甲/乙/乙/丙", "二"), plain("3", "甲/乙/丙", "三"), plain("4", "甲/丁", "四"))
		id := f.category("甲/乙/乙").ID
		if err := f.store.MergeCategory(f.ctx, f.category("甲/乙").ID, f.category("甲").ID); err != nil {
			f.Fatal(err)
		}
		if diff := cmp.Diff([]string{"甲 1/4", "甲/丁 1/1", "甲/乙 0/1", "甲/乙/丙 1/1", "甲/丙 1/1"}, f.tree()); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
		if got := f.category("甲/乙").ID; got != id {
			f.Errorf("甲/乙 is %q, want %q which was 甲/乙/乙", got, id)
		}
	}},
	{"merge refused", func(f *fixture) {
		id, below := f.create("甲"), f.create("甲/乙/丙")
		refusedAs[*knowledge.FieldError](f, func() error { return f.store.MergeCategory(f.ctx, id, id) })
		refusedAs[*knowledge.FieldError](f, func() error { return f.store.MergeCategory(f.ctx, id, below) })
		f.refused(knowledge.ErrNotFound, func() error { return f.store.MergeCategory(f.ctx, "nobody", id) })
		f.refused(knowledge.ErrNotFound, func() error { return f.store.MergeCategory(f.ctx, id, "nobody") })
		f.refused(knowledge.ErrNotFound, func() error { return f.store.MergeCategory(f.ctx, "", id) })
	}},
	{"delete", testDeleteCategory},
}

func testTreeFields(f *fixture) {
	f.put(plain("1", "甲/子", "一"), plain("2", "甲/丑", "二"), plain("3", "乙", "三"))
	categories, err := f.store.Categories(f.ctx)
	if err != nil {
		f.Fatal(err)
	}
	var paths []string
	for _, c := range categories {
		paths = append(paths, c.Path.String())
	}
	if diff := cmp.Diff([]string{"甲", "甲/子", "甲/丑", "乙"}, paths); diff != "" {
		f.Fatalf("-want +got:\n%s", diff)
	}
	for i, want := range []knowledge.Category{
		{ParentID: "", Position: 0}, {ParentID: categories[0].ID, Position: 0},
		{ParentID: categories[0].ID, Position: 1}, {ParentID: "", Position: 1},
	} {
		got := categories[i]
		if got.ID == "" || got.ParentID != want.ParentID || got.Position != want.Position {
			f.Errorf("%s: %+v, want parent %q and position %d", got.Path, got, want.ParentID, want.Position)
		}
	}
}

func testRename(f *fixture) {
	f.put(plain("e", "甲/乙/丙", "问"))
	f.create("甲/别的")
	id := f.category("甲/乙").ID
	if err := f.store.RenameCategory(f.ctx, id, "新/乙"); err != nil {
		f.Fatal(err)
	}
	want := knowledge.Path{"甲", "新/乙", "丙"}
	_, entries := f.snapshot()
	for name, got := range map[string]knowledge.Path{
		"Entry": f.entry("e").Category, "Snapshot": entries[0].Category, "Changes": f.changes(0, 1)[0].Entry.Category,
	} {
		if !slices.Equal(got, want) {
			f.Errorf("%s has category %q, want %q", name, got, want)
		}
	}
	f.put(plain("old", "甲/乙", "旧路径")) // creates the old path anew
	f.refused(knowledge.ErrExists, func() error { return f.store.RenameCategory(f.ctx, id, "别的") })
	f.refused(knowledge.ErrNotFound, func() error { return f.store.RenameCategory(f.ctx, "nobody", "名") })
	f.refused(knowledge.ErrNotFound, func() error { return f.store.RenameCategory(f.ctx, "", "根") })
	refusedAs[*knowledge.FieldError](f, func() error { return f.store.RenameCategory(f.ctx, id, "") })
}

func testMove(f *fixture) {
	f.put(plain("e", "甲/乙/丙", "问"))
	f.create("子", "丑", "寅")
	for _, step := range []struct {
		path, parent string
		position     int
		want         []string
	}{
		{"甲/乙", "丑", 0, []string{"甲 0/0", "子 0/0", "丑 0/1", "丑/乙 0/1", "丑/乙/丙 1/1", "寅 0/0"}},
		{"丑/乙/丙", "", 1, []string{"甲 0/0", "丙 1/1", "子 0/0", "丑 0/0", "丑/乙 0/0", "寅 0/0"}},
		{"寅", "", 0, []string{"寅 0/0", "甲 0/0", "丙 1/1", "子 0/0", "丑 0/0", "丑/乙 0/0"}},
		{"寅", "", 2, []string{"甲 0/0", "丙 1/1", "寅 0/0", "子 0/0", "丑 0/0", "丑/乙 0/0"}},
		{"甲", "", 99, []string{"丙 1/1", "寅 0/0", "子 0/0", "丑 0/0", "丑/乙 0/0", "甲 0/0"}},
		{"丑/乙", "", -5, []string{"乙 0/0", "丙 1/1", "寅 0/0", "子 0/0", "丑 0/0", "甲 0/0"}},
	} {
		parent := ""
		if step.parent != "" {
			parent = f.category(step.parent).ID
		}
		id := f.category(step.path).ID
		if err := f.store.MoveCategory(f.ctx, id, parent, step.position); err != nil {
			f.Fatalf("move %s to %s at %d: %v", step.path, step.parent, step.position, err)
		}
		if diff := cmp.Diff(step.want, f.tree()); diff != "" {
			f.Errorf("move %s to %q at %d (-want +got):\n%s", step.path, step.parent, step.position, diff)
		}
	}
	if got := f.entry("e").Category.String(); got != "丙" {
		f.Errorf("the entry is in %q, want 丙", got)
	}
}

func testMoveRefused(f *fixture) {
	id, below := f.create("甲"), f.create("甲/乙/丙")
	same := f.create("丁/甲")
	move := func(id, parent string) func() error {
		return func() error { return f.store.MoveCategory(f.ctx, id, parent, 0) }
	}
	refusedAs[*knowledge.FieldError](f, move(id, id))
	refusedAs[*knowledge.FieldError](f, move(id, below))
	f.refused(knowledge.ErrExists, move(same, ""))
	f.refused(knowledge.ErrExists, move(id, f.category("丁").ID))
	f.refused(knowledge.ErrNotFound, move("nobody", ""))
	f.refused(knowledge.ErrNotFound, move("", id))
	f.refused(knowledge.ErrNotFound, move(id, "nobody"))
}

func testMerge(f *fixture) {
	f.put(plain("1", "旧", "一"), plain("2", "旧/共有", "二"), plain("3", "旧/共有/深/更深", "三"), plain("4", "旧/独有/下", "四"),
		plain("5", "新", "五"), plain("6", "新/共有", "六"), plain("7", "新/共有/深", "七"))
	into, common := f.category("新").ID, f.category("新/共有").ID
	versions := f.entry("1").Version
	if err := f.store.MergeCategory(f.ctx, f.category("旧").ID, into); err != nil {
		f.Fatal(err)
	}
	want := []string{
		"新 2/7", "新/共有 2/4", "新/共有/深 1/2", "新/共有/深/更深 1/1", "新/独有 0/1", "新/独有/下 1/1",
	}
	if diff := cmp.Diff(want, f.tree()); diff != "" {
		f.Errorf("-want +got:\n%s", diff)
	}
	if f.category("新").ID != into || f.category("新/共有").ID != common {
		f.Error("the category that others were merged into has another id")
	}
	for id, path := range map[string]string{"1": "新", "2": "新/共有", "3": "新/共有/深/更深", "4": "新/独有/下", "6": "新/共有"} {
		if got := f.entry(id).Category.String(); got != path {
			f.Errorf("entry %s is in %q, want %q", id, got, path)
		}
	}
	if f.entry("1").Version != versions {
		f.Error("the merge gave an entry a new version")
	}
}

func testDeleteCategory(f *fixture) {
	f.put(plain("e", "甲/乙", "问"))
	f.create("前", "后")
	parent, id := f.category("甲").ID, f.category("甲/乙").ID
	f.refused(knowledge.ErrNotEmpty, func() error { return f.store.DeleteCategory(f.ctx, id) })
	f.refused(knowledge.ErrNotEmpty, func() error { return f.store.DeleteCategory(f.ctx, parent) })
	f.refused(knowledge.ErrNotFound, func() error { return f.store.DeleteCategory(f.ctx, "nobody") })
	f.refused(knowledge.ErrNotFound, func() error { return f.store.DeleteCategory(f.ctx, "") })
	f.apply(knowledge.Batch{Deletes: []knowledge.Ref{{ID: "e", Version: 1}}})
	for _, id := range []string{id, parent} {
		if err := f.store.DeleteCategory(f.ctx, id); err != nil {
			f.Fatalf("an empty category: %v", err)
		}
	}
	if diff := cmp.Diff([]string{"前 0/0", "后 0/0"}, f.tree()); diff != "" {
		f.Errorf("-want +got:\n%s", diff)
	}
	if p := f.category("前").Position; p != 0 {
		f.Errorf("the first category has position %d", p)
	}
	f.refused(knowledge.ErrNotFound, func() error { return f.store.DeleteCategory(f.ctx, id) })
}
