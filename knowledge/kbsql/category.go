package kbsql

import (
	"context"
	"database/sql"
	"fmt"

	"faqbot/knowledge"
)

// Categories returns the tree in depth-first order.
func (s *Store) Categories(ctx context.Context) ([]knowledge.Category, error) {
	t, _, err := readTree(ctx, s.db)
	if err != nil {
		return nil, err
	}
	var all []knowledge.Category
	var add func(n *node, path knowledge.Path) int
	add = func(n *node, path knowledge.Path) (total int) {
		total = n.entries
		for position, c := range n.children {
			at := len(all)
			childPath := append(path[:len(path):len(path)], c.name)
			all = append(all, knowledge.Category{
				ID: c.id, ParentID: n.id, Path: childPath, Position: position, Entries: c.entries,
			})
			all[at].Total = add(c, childPath)
			total += all[at].Total
		}
		return total
	}
	add(t.root, nil)
	return all, nil
}

// CreateCategory creates the path and returns the id of its last category.
func (s *Store) CreateCategory(ctx context.Context, path knowledge.Path) (id string, err error) {
	if err := checkPath(path); err != nil {
		return "", fmt.Errorf("create category: %w", err)
	}
	err = s.editTree(ctx, func(t *tree) error {
		id = t.ensure(path).id
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("create category %q: %w", path, err)
	}
	return id, nil
}

// RenameCategory gives the category a name that none of its siblings has.
func (s *Store) RenameCategory(ctx context.Context, id, name string) error {
	if err := checkPath(knowledge.Path{name}); err != nil {
		return fmt.Errorf("rename category: %w", err)
	}
	if err := s.editTree(ctx, func(t *tree) error { return t.rename(id, name) }); err != nil {
		return fmt.Errorf("rename category to %q: %w", name, err)
	}
	return nil
}

// MoveCategory hangs the category below another one, or to another place.
func (s *Store) MoveCategory(ctx context.Context, id, parentID string, position int) error {
	if err := s.editTree(ctx, func(t *tree) error { return t.move(id, parentID, position) }); err != nil {
		return fmt.Errorf("move category: %w", err)
	}
	return nil
}

// MergeCategory moves everything in from to into and deletes from.
func (s *Store) MergeCategory(ctx context.Context, from, into string) error {
	if err := s.editTree(ctx, func(t *tree) error { return t.merge(from, into) }); err != nil {
		return fmt.Errorf("merge category: %w", err)
	}
	return nil
}

// DeleteCategory deletes an empty category.
func (s *Store) DeleteCategory(ctx context.Context, id string) error {
	if err := s.editTree(ctx, func(t *tree) error { return t.remove(id) }); err != nil {
		return fmt.Errorf("delete category: %w", err)
	}
	return nil
}

// editTree runs edit on the tree and stores what it changed. All tree edits
// take turns at the counter, so two of them cannot together make a circle.
func (s *Store) editTree(ctx context.Context, edit func(*tree) error) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := draw(ctx, tx, 0); err != nil {
			return err
		}
		t, before, err := readTree(ctx, tx)
		if err != nil {
			return err
		}
		if err := edit(t); err != nil {
			return err
		}
		changed, err := writeTree(ctx, tx, t, before)
		if err == nil && changed {
			_, err = drawBase(ctx, tx)
		}
		return err
	})
}

// ensurePaths returns the category id of each entry, and whether categories had
// to be created.
func ensurePaths(ctx context.Context, tx *sql.Tx, entries []knowledge.Entry) (ids []string, created bool, err error) {
	known := map[string]string{rootKey: ""}
	keys := make([]string, len(entries))
	var unknown []string
	for i := range entries {
		keys[i] = pathKey(entries[i].Category)
		if _, ok := known[keys[i]]; !ok {
			known[keys[i]] = ""
			unknown = append(unknown, keys[i])
		}
	}
	missing := len(unknown)
	err = queryKeys(ctx, tx, `SELECT path_key, id FROM kb_category WHERE path_key IN `, unknown, func(rows *sql.Rows) error {
		var key, id string
		err := rows.Scan(&key, &id)
		known[key] = id
		missing--
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("look for categories: %w", err)
	}
	if missing > 0 {
		if err := createPaths(ctx, tx, entries, keys, known); err != nil {
			return nil, false, err
		}
	}
	ids = make([]string, len(entries))
	for i, key := range keys {
		ids[i] = known[key]
	}
	return ids, missing > 0, nil
}

// createPaths creates the categories that known has no id for, and adds them.
func createPaths(ctx context.Context, tx *sql.Tx, entries []knowledge.Entry, keys []string, known map[string]string) error {
	t, before, err := readTree(ctx, tx)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if known[key] == "" {
			known[key] = t.ensure(entries[i].Category).id
		}
	}
	_, err = writeTree(ctx, tx, t, before)
	return err
}
