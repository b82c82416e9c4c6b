package kbtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"faqbot/knowledge"
)

// path returns the names from the root down.
func (s *Store) path(id string) knowledge.Path {
	var path knowledge.Path
	for ; id != ""; id = s.categories[id].parent {
		path = append(path, s.categories[id].name)
	}
	slices.Reverse(path)
	return path
}

// children returns the ids of the categories below the parent, in order.
func (s *Store) children(parent string) []string {
	var ids []string
	for id, c := range s.categories {
		if c.parent == parent {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Compare(s.categories[a].position, s.categories[b].position)
	})
	return ids
}

// childNamed returns the id of the child with the name, "" if there is none.
func (s *Store) childNamed(parent, name string) string {
	for id, c := range s.categories {
		if c.parent == parent && c.name == name {
			return id
		}
	}
	return ""
}

// arrange makes ids the children of the parent, in this order.
func (s *Store) arrange(parent string, ids []string) {
	for position, id := range ids {
		s.categories[id] = category{parent: parent, name: s.categories[id].name, position: position}
	}
}

// ensure returns the category of the path and whether it had to create any.
func (s *Store) ensure(path knowledge.Path) (id string, created bool) {
	for _, name := range path {
		child := s.childNamed(id, name)
		if child == "" {
			s.created++
			child = fmt.Sprintf("category-%d", s.created)
			s.categories[child] = category{parent: id, name: name, position: len(s.children(id))}
			created = true
		}
		id = child
	}
	return id, created
}

// entriesIn counts the entries directly in the category.
func (s *Store) entriesIn(id string) int {
	n := 0
	for _, r := range s.entries {
		if !r.deleted && r.category == id {
			n++
		}
	}
	return n
}

// Categories returns the tree in depth-first order.
func (s *Store) Categories(ctx context.Context) ([]knowledge.Category, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.below(""), nil
}

func (s *Store) below(parent string) []knowledge.Category {
	var all []knowledge.Category
	for position, id := range s.children(parent) {
		c := knowledge.Category{ID: id, ParentID: parent, Path: s.path(id), Position: position, Entries: s.entriesIn(id)}
		c.Total = c.Entries
		subtree := s.below(id)
		for _, sub := range subtree {
			c.Total += sub.Entries
		}
		all = append(append(all, c), subtree...)
	}
	return all
}

// known says whether all ids are categories.
func (s *Store) known(ids ...string) error {
	for _, id := range ids {
		if _, ok := s.categories[id]; !ok {
			return fmt.Errorf("category %q: %w", id, knowledge.ErrNotFound)
		}
	}
	return nil
}

// CreateCategory creates the path and returns the id of its last category.
func (s *Store) CreateCategory(ctx context.Context, path knowledge.Path) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkNames(path); err != nil {
		return "", err
	}
	id, created := s.ensure(path)
	if created {
		s.touchBase()
	}
	return id, nil
}

func checkNames(names []string) error {
	if slices.Contains(names, "") {
		return &knowledge.FieldError{Field: "分类", Reason: "不能为空"}
	}
	return checkStrings(names)
}

// RenameCategory gives the category a name that none of its siblings has.
func (s *Store) RenameCategory(ctx context.Context, id, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkNames([]string{name}); err != nil {
		return err
	}
	if err := s.known(id); err != nil {
		return err
	}
	c := s.categories[id]
	if c.name == name {
		return nil
	}
	if s.childNamed(c.parent, name) != "" {
		return fmt.Errorf("category %q: %w", name, knowledge.ErrExists)
	}
	c.name = name
	s.categories[id] = c
	s.touchBase()
	return nil
}

// inside reports whether the category is other or below it.
func (s *Store) inside(id, other string) bool {
	for ; id != ""; id = s.categories[id].parent {
		if id == other {
			return true
		}
	}
	return false
}

// MoveCategory hangs the category below another one, or to another place.
func (s *Store) MoveCategory(ctx context.Context, id, parentID string, position int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.known(id); err != nil {
		return err
	}
	if parentID != "" {
		if err := s.known(parentID); err != nil {
			return err
		}
	}
	if s.inside(parentID, id) {
		return &knowledge.FieldError{Field: "分类", Reason: "不能移动到它自己或它的下级分类里"}
	}
	c := s.categories[id]
	if other := s.childNamed(parentID, c.name); other != "" && other != id {
		return fmt.Errorf("category %q: %w", c.name, knowledge.ErrExists)
	}
	isID := func(other string) bool { return other == id }
	left := slices.DeleteFunc(s.children(c.parent), isID)
	siblings := slices.DeleteFunc(s.children(parentID), isID)
	position = max(0, min(position, len(siblings)))
	if c.parent == parentID && c.position == position {
		return nil
	}
	s.arrange(c.parent, left)
	s.arrange(parentID, slices.Insert(siblings, position, id))
	s.touchBase()
	return nil
}

// MergeCategory moves everything in from to into and deletes from.
func (s *Store) MergeCategory(ctx context.Context, from, into string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.known(from, into); err != nil {
		return err
	}
	if s.inside(into, from) {
		return &knowledge.FieldError{Field: "分类", Reason: "不能合并到它自己或它的下级分类里"}
	}
	s.merge(from, into)
	s.touchBase()
	return nil
}

func (s *Store) merge(from, into string) {
	children, parent := s.children(from), s.categories[from].parent
	delete(s.categories, from)
	s.arrange(parent, s.children(parent))
	for id, r := range s.entries {
		if r.category == from {
			r.category = into
			s.entries[id] = r
		}
	}
	for _, child := range children {
		if same := s.childNamed(into, s.categories[child].name); same != "" {
			s.merge(child, same)
		} else {
			s.arrange(into, append(s.children(into), child))
		}
	}
}

// DeleteCategory deletes an empty category.
func (s *Store) DeleteCategory(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.known(id); err != nil {
		return err
	}
	if len(s.children(id)) > 0 || s.entriesIn(id) > 0 {
		return fmt.Errorf("category %q: %w", s.path(id), knowledge.ErrNotEmpty)
	}
	parent := s.categories[id].parent
	delete(s.categories, id)
	s.arrange(parent, s.children(parent))
	s.touchBase()
	return nil
}
