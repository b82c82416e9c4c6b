package botsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

var _ bot.CustomerStore = (*Store)(nil)

const (
	addCustomer = `INSERT INTO bot_customer (fields, tags, notes, level, updated_at, id)
		VALUES ($1, $2, $3, $4, $5, $6)` + unlessThere
	editCustomer = `UPDATE bot_customer SET fields = $1, tags = $2, notes = $3, level = $4, updated_at = $5
		WHERE id = $6 AND updated_at = $7`
	linkVisitor = `INSERT INTO bot_customer_visitor (visitor, channel, account, visitor_id, customer)
		VALUES ($1, $2, $3, $4, $5)`
	moveVisitor = ` ON CONFLICT (visitor) DO UPDATE SET customer = excluded.customer`
)

// CustomerOf returns what is known about a visitor, or bot.ErrNotFound.
func (s *Store) CustomerOf(ctx context.Context, v bot.Visitor) (bot.Customer, error) {
	const doing = "read a customer"
	var found []bot.Customer
	err := s.read(ctx, doing, func(rows *sql.Rows) error {
		c, err := scanCustomer(rows)
		found = append(found, c)
		return err
	}, `SELECT c.id, c.fields, c.tags, c.notes, c.level, c.updated_at FROM bot_customer c
		JOIN bot_customer_visitor v ON v.customer = c.id WHERE v.visitor = $1`, v.Key())
	return one(doing, found, err)
}

func scanCustomer(rows *sql.Rows) (c bot.Customer, err error) {
	var fields, tags, notes sql.RawBytes
	var updated int64
	if err := rows.Scan(&c.ID, &fields, &tags, &notes, &c.Level, &updated); err != nil {
		return c, err
	}
	c.UpdatedAt = sqldb.Time(updated)
	for _, column := range []struct {
		name string
		text []byte
		into any
	}{{"fields", fields, &c.Fields}, {"tags", tags, &c.Tags}, {"notes", notes, &c.Notes}} {
		if err := json.Unmarshal(column.text, column.into); err != nil {
			return c, fmt.Errorf("%s of customer %q: %w", column.name, c.ID, err)
		}
	}
	return c, nil
}

// PutCustomer stores a customer with the visitor as one of theirs if the customer
// is new, for which was is zero, or still as it was at UpdatedAt was; else it fails
// with bot.ErrConflict. It does so too if the customer is new and the visitor has
// one: a visitor comes from one customer only to another that is there.
func (s *Store) PutCustomer(ctx context.Context, c bot.Customer, v bot.Visitor, was time.Time) error {
	const doing = "store a customer"
	if err := c.Validate(v); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var e encoder
	put, link := addCustomer, linkVisitor+unlessThere
	customer := []any{e.json(c.Fields), e.json(c.Tags), e.json(c.Notes), int64(c.Level), sqldb.Millis(c.UpdatedAt), c.ID}
	if e.err != nil {
		return fmt.Errorf("%s: %w", doing, e.err)
	}
	if !was.IsZero() {
		put, link = editCustomer, linkVisitor+moveVisitor
		customer = append(customer, sqldb.Millis(was))
	}
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error {
		if err := tx.execOne(ctx, put, customer); err != nil {
			return err
		}
		return tx.execOne(ctx, link, []any{v.Key(), v.Channel, v.Account, v.ID, c.ID})
	})
}

// Visitors returns all visitors of a customer, in order of their keys.
func (s *Store) Visitors(ctx context.Context, customer string) (visitors []bot.Visitor, err error) {
	err = s.read(ctx, "read the visitors of a customer", func(rows *sql.Rows) error {
		var v bot.Visitor
		err := rows.Scan(&v.Channel, &v.Account, &v.ID)
		visitors = append(visitors, v)
		return err
	}, `SELECT channel, account, visitor_id FROM bot_customer_visitor WHERE customer = $1 ORDER BY visitor`, customer)
	return visitors, err
}
