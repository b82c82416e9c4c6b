package kbsql

import (
	"crypto/rand"
	"fmt"
	"slices"

	"faqbot/knowledge"
)

// tree is the category tree in memory. Its methods change it; category.go reads
// it and writes what they changed.
type tree struct {
	root *node
	byID map[string]*node
	// merged says where the entries of a category that is gone went.
	merged map[string]string
}

// node is a category. The place of each child among its siblings is its position.
type node struct {
	id, name string
	parent   *node
	children []*node
	entries  int // directly in it
}

func newTree() *tree {
	root := &node{}
	return &tree{root: root, byID: map[string]*node{"": root}, merged: map[string]string{}}
}

func (n *node) path() knowledge.Path {
	if n.parent == nil {
		return nil
	}
	return append(n.parent.path(), n.name)
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// within reports whether n is other or below it.
func (n *node) within(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// detach takes n out of its parent's children.
func (n *node) detach() {
	siblings := n.parent.children
	n.parent.children = slices.Delete(siblings, slices.Index(siblings, n), slices.Index(siblings, n)+1)
	n.parent = nil
}

// attach hangs n below parent, before the child at the position.
func (n *node) attach(parent *node, position int) {
	position = max(0, min(position, len(parent.children)))
	parent.children = slices.Insert(parent.children, position, n)
	n.parent = parent
}

// walk visits the nodes below n, parents before their children, siblings in
// order.
func (n *node) walk(visit func(*node, int)) {
	for position, c := range n.children {
		visit(c, position)
		c.walk(visit)
	}
}

// get returns a category, not the root.
func (t *tree) get(id string) (*node, error) {
	n := t.byID[id]
	if n == nil || n == t.root {
		return nil, fmt.Errorf("category %q: %w", id, knowledge.ErrNotFound)
	}
	return n, nil
}

// ensure returns the category of the path, made with its parents if missing.
func (t *tree) ensure(path knowledge.Path) *node {
	n := t.root
	for _, name := range path {
		c := n.child(name)
		if c == nil {
			c = &node{id: rand.Text(), name: name}
			c.attach(n, len(n.children))
			t.byID[c.id] = c
		}
		n = c
	}
	return n
}

func (t *tree) rename(id, name string) error {
	n, err := t.get(id)
	if err != nil {
		return err
	}
	if other := n.parent.child(name); other != nil && other != n {
		return fmt.Errorf("category %q: %w", other.path(), knowledge.ErrExists)
	}
	n.name = name
	return nil
}

func (t *tree) move(id, parentID string, position int) error {
	n, err := t.get(id)
	if err != nil {
		return err
	}
	parent := t.byID[parentID]
	if parent == nil {
		return fmt.Errorf("category %q: %w", parentID, knowledge.ErrNotFound)
	}
	if parent.within(n) {
		return &knowledge.FieldError{Field: "分类", Value: n.path().String(), Reason: "不能移动到它自己或它的下级分类里，请另选一个上级分类"}
	}
	if other := parent.child(n.name); other != nil && other != n {
		return fmt.Errorf("category %q: %w", other.path(), knowledge.ErrExists)
	}
	n.detach()
	n.attach(parent, position)
	return nil
}

// merge moves what is in from to into. The name of from may come back among its
// own children, so it leaves the tree first.
func (t *tree) merge(fromID, intoID string) error {
	from, err := t.get(fromID)
	if err != nil {
		return err
	}
	into, err := t.get(intoID)
	if err != nil {
		return err
	}
	if into.within(from) {
		return &knowledge.FieldError{Field: "分类", Value: from.path().String(), Reason: "不能合并到它自己或它的下级分类里，请另选一个分类"}
	}
	from.detach()
	t.absorb(into, from)
	return nil
}

// absorb moves entries and children of from, which is detached, to into.
func (t *tree) absorb(into, from *node) {
	delete(t.byID, from.id)
	t.merged[from.id] = into.id
	for _, c := range slices.Clone(from.children) {
		c.detach()
		if same := into.child(c.name); same != nil {
			t.absorb(same, c)
		} else {
			c.attach(into, len(into.children))
		}
	}
}

func (t *tree) remove(id string) error {
	n, err := t.get(id)
	if err != nil {
		return err
	}
	if len(n.children) > 0 || n.entries > 0 {
		return fmt.Errorf("category %q holds %d categories and %d entries: %w",
			n.path(), len(n.children), n.entries, knowledge.ErrNotEmpty)
	}
	n.detach()
	delete(t.byID, id)
	return nil
}
