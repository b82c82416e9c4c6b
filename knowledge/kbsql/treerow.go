package kbsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"faqbot/knowledge"
	"faqbot/knowledge/sqldb"
)

// nodeRow is what the table says about a node. path is JSON.
type nodeRow struct {
	id, parentID, name string
	position           int
	path, pathKey      string
}

// rootKey is the path_key of the root.
const rootKey = ""

// pathKey digests a path for the unique index.
func pathKey(path knowledge.Path) string {
	if len(path) == 0 {
		return rootKey
	}
	return digest(path.String())
}

// readTree returns the tree, and the rows it was made of.
func readTree(ctx context.Context, q querier) (*tree, map[string]nodeRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.parent_id, c.name, c.position, c.path, c.path_key,
			(SELECT COUNT(*) FROM kb_entry e WHERE e.category_id = c.id AND NOT e.deleted)
		FROM kb_category c WHERE c.id <> '' ORDER BY c.position`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the categories: %w", err)
	}
	t, before := newTree(), map[string]nodeRow{}
	var inOrder []nodeRow
	err = sqldb.ScanAll(rows, func(rows *sql.Rows) error {
		var r nodeRow
		var entries int
		err := rows.Scan(&r.id, &r.parentID, &r.name, &r.position, &r.path, &r.pathKey, &entries)
		t.byID[r.id] = &node{id: r.id, name: r.name, entries: entries}
		before[r.id] = r
		inOrder = append(inOrder, r)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the categories: %w", err)
	}
	for _, r := range inOrder {
		parent := t.byID[r.parentID]
		if parent == nil {
			return nil, nil, fmt.Errorf("read the categories: %q has no parent", r.id)
		}
		t.byID[r.id].attach(parent, len(parent.children))
	}
	return t, before, nil
}

// rows returns what the table should say about the tree, parents first.
func (t *tree) rows() ([]nodeRow, error) {
	var rows []nodeRow
	var failed error
	t.root.walk(func(n *node, position int) {
		path := n.path()
		text, err := encodeList(path)
		failed = errors.Join(failed, err)
		rows = append(rows, nodeRow{
			id: n.id, parentID: n.parent.id, name: n.name, position: position, path: text, pathKey: pathKey(path),
		})
	})
	return rows, failed
}

// writeTree stores the difference between the tree and the rows before, and
// reports whether there is any.
func writeTree(ctx context.Context, tx *sql.Tx, t *tree, before map[string]nodeRow) (bool, error) {
	rows, err := t.rows()
	if err != nil {
		return false, fmt.Errorf("store the categories: %w", err)
	}
	var created, moved []nodeRow
	kept := make(map[string]bool, len(rows))
	for _, r := range rows {
		kept[r.id] = true
		if old, ok := before[r.id]; !ok {
			created = append(created, r)
		} else if old != r {
			moved = append(moved, r)
		}
	}
	var gone []string
	for id := range before {
		if !kept[id] {
			gone = append(gone, id)
		}
	}
	if len(created)+len(moved)+len(gone) == 0 {
		return false, nil
	}
	if err := storeTree(ctx, tx, t, created, moved, gone); err != nil {
		return false, fmt.Errorf("store the categories: %w", err)
	}
	return true, nil
}

// storeTree writes in an order in which no statement breaks a constraint: what
// is moved or goes first gives up its path and its parent, and entries leave a
// category before it goes.
func storeTree(ctx context.Context, tx *sql.Tx, t *tree, created, moved []nodeRow, gone []string) error {
	loose := slices.Clone(gone)
	for _, r := range moved {
		loose = append(loose, r.id)
	}
	for _, id := range loose {
		_, err := tx.ExecContext(ctx, `UPDATE kb_category SET path_key = id, parent_id = '' WHERE id = $1`, id)
		if err != nil {
			return err
		}
	}
	for _, r := range created {
		_, err := tx.ExecContext(ctx, `INSERT INTO kb_category (id, parent_id, name, position, path, path_key)
			VALUES ($1, $2, $3, $4, $5, $6)`, r.id, r.parentID, r.name, r.position, r.path, r.pathKey)
		if err != nil {
			return err
		}
	}
	for _, r := range moved {
		_, err := tx.ExecContext(ctx, `UPDATE kb_category
			SET parent_id = $2, name = $3, position = $4, path = $5, path_key = $6 WHERE id = $1`,
			r.id, r.parentID, r.name, r.position, r.path, r.pathKey)
		if err != nil {
			return err
		}
	}
	for _, id := range gone {
		if err := dropCategory(ctx, tx, id, t.merged[id]); err != nil {
			return err
		}
	}
	return nil
}

// dropCategory deletes a category after its entries moved to another one. An
// empty category has no such heir; nothing moves then.
func dropCategory(ctx context.Context, tx *sql.Tx, id, heir string) error {
	if heir != "" {
		_, err := tx.ExecContext(ctx, `UPDATE kb_entry SET category_id = $2 WHERE category_id = $1`, id, heir)
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM kb_category WHERE id = $1`, id)
	return err
}
