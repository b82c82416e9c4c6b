package knowledge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

// paths returns the paths of the tree, in order.
func (w *world) paths(t *testing.T) []string {
	t.Helper()
	tree, err := w.Categories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range tree {
		out = append(out, c.Path.String())
	}
	return out
}

// mustCreate creates the path, as ParsePath reads it, and returns its id.
func (w *world) mustCreate(t *testing.T, path string) string {
	t.Helper()
	id, err := w.CreateCategory(t.Context(), knowledge.ParsePath(path))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCreateCategory(t *testing.T) {
	w := newWorld(t)
	if _, err := w.CreateCategory(t.Context(), knowledge.Path{" 热水器 ", "安\x00装"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"热水器", "热水器/安装"}, w.paths(t)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}

	for _, tt := range []struct {
		name string
		path knowledge.Path
		says string
	}{
		{"no name", nil, "请填写"},
		{"blank name", knowledge.Path{"热水器", "  "}, "请填写"},
		{"long name", knowledge.Path{strings.Repeat("类", 65)}, "请缩短"},
		{"too deep", many(11, "级%d"), "11 级"},
		{"invalid UTF-8", knowledge.Path{"\xff"}, "编码"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.CreateCategory(t.Context(), tt.path)
			wantFieldError(t, err, "分类", tt.says)
		})
	}
}

func TestRenameCategory(t *testing.T) {
	w := newWorld(t)
	heater, cooker := w.mustCreate(t, "热水器"), w.mustCreate(t, "灶具")
	if err := w.RenameCategory(t.Context(), heater, " 燃气热水器 "); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"燃气热水器", "灶具"}, w.paths(t)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	wantFieldError(t, w.RenameCategory(t.Context(), heater, "\t"), "分类", "请填写")
	if err := w.RenameCategory(t.Context(), cooker, "燃气热水器"); !errors.Is(err, knowledge.ErrExists) {
		t.Errorf("name of a sibling: %v, want ErrExists", err)
	}
	if err := w.RenameCategory(t.Context(), "nobody", "名"); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("unknown category: %v, want ErrNotFound", err)
	}
}

func TestMoveCategory(t *testing.T) {
	w := newWorld(t)
	deep := w.mustCreate(t, "a/b/c/d/e/f/g/h/i")
	low := w.mustCreate(t, "x/y")
	top := w.mustCreate(t, "x")
	single := w.mustCreate(t, "z")

	wantFieldError(t, w.MoveCategory(t.Context(), top, deep, 0), "分类", "11 级", "10 级")
	wantFieldError(t, w.MoveCategory(t.Context(), top, top, 0), "分类", "自己")
	wantFieldError(t, w.MoveCategory(t.Context(), top, low, 0), "分类", "自己")
	for _, ids := range [][2]string{{"nobody", top}, {top, "nobody"}} {
		if err := w.MoveCategory(t.Context(), ids[0], ids[1], 0); !errors.Is(err, knowledge.ErrNotFound) {
			t.Errorf("move %q below %q: %v, want ErrNotFound", ids[0], ids[1], err)
		}
	}
	if err := w.MoveCategory(t.Context(), single, deep, -1); err != nil {
		t.Errorf("move to the tenth level: %v", err)
	}
	if err := w.MoveCategory(t.Context(), low, "", 0); err != nil {
		t.Fatal(err)
	}
	if got := w.paths(t); got[0] != "y" {
		t.Errorf("tree %v, want y first", got)
	}
}

func TestMergeCategory(t *testing.T) {
	w := newWorld(t)
	from, into := w.mustCreate(t, "旧/安装"), w.mustCreate(t, "新/安装/费用")
	deep := w.mustCreate(t, "a/b/c/d/e/f/g/h/i/j")
	parent := w.mustCreate(t, "旧")

	wantFieldError(t, w.MergeCategory(t.Context(), parent, parent), "分类", "自己")
	wantFieldError(t, w.MergeCategory(t.Context(), parent, from), "分类", "自己")
	wantFieldError(t, w.MergeCategory(t.Context(), parent, deep), "分类", "11 级")
	if err := w.MergeCategory(t.Context(), "nobody", into); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("unknown source: %v, want ErrNotFound", err)
	}
	if err := w.MergeCategory(t.Context(), into, "nobody"); !errors.Is(err, knowledge.ErrNotFound) {
		t.Errorf("unknown target: %v, want ErrNotFound", err)
	}
	if err := w.MergeCategory(t.Context(), from, deep); err != nil {
		t.Errorf("merge a leaf into the tenth level: %v", err)
	}
}

func TestDeleteCategory(t *testing.T) {
	w := newWorld(t)
	id := w.mustCreate(t, "热水器")
	e := faq("怎么安装")
	e.Category = knowledge.Path{"热水器"}
	w.mustSave(t, e)
	if err := w.DeleteCategory(t.Context(), id); !errors.Is(err, knowledge.ErrNotEmpty) {
		t.Errorf("category with an entry: %v, want ErrNotEmpty", err)
	}
}
