package bottest

import (
	"context"
	"slices"
	"strings"
	"time"

	"faqbot/bot"
)

var _ bot.CustomerStore = (*Store)(nil)

// link says which customer a visitor is.
type link struct {
	visitor  bot.Visitor
	customer string
}

// CustomerOf returns what is known about a visitor, or bot.ErrNotFound.
func (s *Store) CustomerOf(ctx context.Context, v bot.Visitor) (bot.Customer, error) {
	return lookup(ctx, s, func() (bot.Customer, bool) {
		c, ok := s.customers[s.links[v.Key()].customer]
		return c, ok
	})
}

// PutCustomer stores a customer with the visitor as one of theirs if the customer
// is new, for which was is zero, or still as it was at UpdatedAt was; else it fails
// with bot.ErrConflict. It does so too if the customer is new and the visitor has
// one: a visitor comes from one customer only to another that is there.
func (s *Store) PutCustomer(ctx context.Context, c bot.Customer, v bot.Visitor, was time.Time) error {
	return s.change(ctx, "store a customer", func() error {
		if err := c.Validate(v); err != nil {
			return err
		}
		old, there := s.customers[c.ID]
		if err := unchanged(there, old.UpdatedAt, was); err != nil {
			return err
		}
		if _, linked := s.links[v.Key()]; linked && !there {
			return bot.ErrConflict
		}
		c = clone(c)
		c.UpdatedAt = millisecond(c.UpdatedAt)
		s.customers[c.ID] = c
		s.links[v.Key()] = link{v, c.ID}
		return nil
	})
}

// Visitors returns all visitors of a customer, in order of their keys.
func (s *Store) Visitors(ctx context.Context, customer string) ([]bot.Visitor, error) {
	return read(ctx, s, func() (visitors []bot.Visitor) {
		for _, l := range s.links {
			if l.customer == customer {
				visitors = append(visitors, l.visitor)
			}
		}
		slices.SortFunc(visitors, func(a, b bot.Visitor) int { return strings.Compare(a.Key(), b.Key()) })
		return visitors
	})
}
