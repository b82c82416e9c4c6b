package knowledge

import (
	"context"
	"fmt"
	"slices"
)

// Categories returns the whole tree in depth-first order, with counts.
func (b *Base) Categories(ctx context.Context) ([]Category, error) {
	all, err := b.store.Categories(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the categories: %w", err)
	}
	return all, nil
}

// CreateCategory creates the path, missing parents too, and returns its id. An
// existing path is no error.
func (b *Base) CreateCategory(ctx context.Context, path Path) (string, error) {
	for _, name := range path {
		if _, err := categoryName(name); err != nil {
			return "", err
		}
	}
	path, err := tidyPath(path)
	if err != nil {
		return "", err
	}
	if len(path) == 0 {
		return "", &FieldError{Field: nameCategory, Reason: "是空的，请填写分类的名称"}
	}
	id, err := b.store.CreateCategory(ctx, path)
	if err != nil {
		return "", fmt.Errorf("create category %q: %w", path, err)
	}
	return id, nil
}

// RenameCategory gives the category another name. It fails with ErrExists if a
// sibling has that name, with ErrNotFound if there is no such category.
func (b *Base) RenameCategory(ctx context.Context, id, name string) error {
	name, err := categoryName(name)
	if err != nil {
		return err
	}
	if err := b.store.RenameCategory(ctx, id, name); err != nil {
		return fmt.Errorf("rename category %q to %q: %w", id, name, err)
	}
	return nil
}

// MoveCategory hangs the category below parentID ("" is the root), at the
// position among its new siblings. A *FieldError says that it would hang below
// itself or too deep.
func (b *Base) MoveCategory(ctx context.Context, id, parentID string, position int) error {
	tree, err := b.Categories(ctx)
	if err != nil {
		return err
	}
	moved, err := find(tree, id)
	if err != nil {
		return err
	}
	var parent Category
	if parentID != "" {
		if parent, err = find(tree, parentID); err != nil {
			return err
		}
	}
	if err := fitsBelow(tree, moved, parent.Path, 1); err != nil {
		return err
	}
	if err := b.store.MoveCategory(ctx, id, parentID, max(position, 0)); err != nil {
		return fmt.Errorf("move category %q: %w", moved.Path, err)
	}
	return nil
}

// MergeCategory moves everything in from into the category into, merging
// children of the same name, and deletes from.
func (b *Base) MergeCategory(ctx context.Context, from, into string) error {
	tree, err := b.Categories(ctx)
	if err != nil {
		return err
	}
	source, err := find(tree, from)
	if err != nil {
		return err
	}
	target, err := find(tree, into)
	if err != nil {
		return err
	}
	if err := fitsBelow(tree, source, target.Path, 0); err != nil {
		return err
	}
	if err := b.store.MergeCategory(ctx, from, into); err != nil {
		return fmt.Errorf("merge category %q into %q: %w", source.Path, target.Path, err)
	}
	return nil
}

// DeleteCategory deletes an empty category; ErrNotEmpty otherwise.
func (b *Base) DeleteCategory(ctx context.Context, id string) error {
	if err := b.store.DeleteCategory(ctx, id); err != nil {
		return fmt.Errorf("delete category %q: %w", id, err)
	}
	return nil
}

// categoryName returns the name in normal form.
func categoryName(name string) (string, error) {
	name, err := tidyLine(nameCategory, name, MaxCategoryRunes)
	if err == nil && name == "" {
		err = &FieldError{Field: nameCategory, Reason: "名称是空的，请填写"}
	}
	return name, err
}

func find(tree []Category, id string) (Category, error) {
	i := slices.IndexFunc(tree, func(c Category) bool { return c.ID == id })
	if i < 0 {
		return Category{}, fmt.Errorf("category %q: %w", id, ErrNotFound)
	}
	return tree[i], nil
}

// fitsBelow refuses to hang c, and all below it, in itself or too deep: c itself
// comes to lie levels below the path.
func fitsBelow(tree []Category, c Category, below Path, levels int) error {
	if isWithin(below, c.Path) {
		return &FieldError{Field: nameCategory, Value: brief(c.Path.String()), Reason: "不能放到自己或自己的下级分类里，请选别的分类"}
	}
	deepest := len(c.Path)
	for _, d := range tree {
		if isWithin(d.Path, c.Path) {
			deepest = max(deepest, len(d.Path))
		}
	}
	if depth := len(below) + levels + deepest - len(c.Path); depth > MaxCategoryDepth {
		return &FieldError{Field: nameCategory, Value: brief(c.Path.String()),
			Reason: fmt.Sprintf("放到那里会有 %d 级，最多 %d 级，请选上一级的分类", depth, MaxCategoryDepth)}
	}
	return nil
}

// isWithin reports whether p is the category at root or below it.
func isWithin(p, root Path) bool {
	return len(p) >= len(root) && slices.Equal(p[:len(root)], root)
}
