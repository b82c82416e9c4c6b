package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CustomerFields are the names of the fields that a customer card has, in their
// order.
func CustomerFields() []string {
	return []string{
		"name", "sex", "age", "phone", "email", "address", "occupation", "employer", "account", "credit", "family",
		"tastes", "requests", "complaints", "suggestions", "bought",
	}
}

const (
	maxField     = 500
	maxNotes     = 200
	maxLevel     = 9
	customerTags = 20
)

// proposals find fields in what a visitor says. The first group that
// matches is the value.
var proposals = map[string]*regexp.Regexp{
	"phone":   regexp.MustCompile(`(?:^|[^0-9])(1[3-9][0-9](?:[ -]?[0-9]{4}){2}|0[0-9]{2,3}-[0-9]{7,8})(?:[^0-9]|$)`),
	"email":   regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)`),
	"name":    regexp.MustCompile(`(?:我叫|我的名字[是叫]|姓名[是：:]?|联系人[是：:]?)\s*(\p{Han}{2,4})(?:[，,。.、；;！!\s]|$)|我姓(\p{Han})`),
	"address": regexp.MustCompile(`(?:地址[是在：:]?|我?住在|送到|寄到)\s*([\p{Han}A-Za-z0-9（）()#-]{6,60})`),
	"account": regexp.MustCompile(`(?:户号|账号|帐号|客户编号|会员号|卡号)[是为：:]?\s*([A-Za-z0-9]{5,24})`),
}

// card returns what is known about the customer of a conversation, and what can
// be added from what the visitor said.
func (d *Desk) card(ctx context.Context, c *Conversation, said []Message) (Customer, map[string]string, error) {
	customer, err := d.Customers.CustomerOf(ctx, c.Visitor)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Customer{}, nil, fmt.Errorf("look for the customer: %w", err)
	}
	if customer.Fields == nil {
		customer.Fields = map[string]string{}
	}
	return customer, propose(customer.Fields, c.Profile, said), nil
}

// propose returns the fields that were said and are not known yet; the last words
// count.
func propose(known map[string]string, p Profile, said []Message) map[string]string {
	found := map[string]string{}
	add := func(field, value string) {
		if value = strings.TrimSpace(value); value != "" && known[field] != value {
			found[field] = value
		}
	}
	add("name", p.Name)
	for _, m := range said {
		if m.Author != FromVisitor {
			continue
		}
		for field, pattern := range proposals {
			if match := pattern.FindStringSubmatch(m.Text); match != nil {
				add(field, cmp.Or(match[1:]...))
			}
		}
		if m.Kind == KindLeave {
			add("name", m.Card.Name)
			add("phone", m.Card.Contact)
		}
		for field, value := range m.Card.Fields { // of a form
			add(field, value)
		}
	}
	return found
}

// SaveCustomer stores the card of the customer of a conversation, as it was read.
// Its notes are kept; AddNote adds to them.
func (d *Desk) SaveCustomer(ctx context.Context, a Actor, conversation string, c Customer) (Customer, error) {
	if err := c.tidy(); err != nil {
		return Customer{}, err
	}
	return d.changeCustomer(ctx, a, conversation, func(old *Customer) error {
		if !old.UpdatedAt.Equal(c.UpdatedAt) {
			return fmt.Errorf("customer %q: %w", old.ID, ErrConflict)
		}
		old.Fields, old.Tags, old.Level = c.Fields, c.Tags, c.Level
		return nil
	})
}

func (c *Customer) tidy() error {
	fields := map[string]string{}
	for name, value := range c.Fields {
		value = strings.TrimSpace(CleanText(value))
		switch {
		case !slices.Contains(CustomerFields(), name):
			return &InvalidError{"fields", "没有这个栏目"}
		case utf8.RuneCountInString(value) > maxField:
			return &InvalidError{"fields." + name, fmt.Sprintf("最多 %d 个字", maxField)}
		case value != "":
			fields[name] = value
		}
	}
	c.Fields, c.Tags = fields, cleaned(c.Tags)
	switch {
	case len(c.Tags) > customerTags || longest(c.Tags) > maxTag:
		return &InvalidError{"tags", fmt.Sprintf("最多 %d 个标签，每个最多 %d 个字", customerTags, maxTag)}
	case c.Level < 0 || c.Level > maxLevel:
		return &InvalidError{"level", fmt.Sprintf("级别是 0 到 %d", maxLevel)}
	}
	return nil
}

// AddNote adds a line about the customer of a conversation.
func (d *Desk) AddNote(ctx context.Context, a Actor, conversation, text string) (Customer, error) {
	text, err := remark(text)
	if err != nil {
		return Customer{}, err
	}
	for range maxAttempts {
		c, err := d.changeCustomer(ctx, a, conversation, func(old *Customer) error {
			old.Notes = append(old.Notes, Note{Agent: a.ID, Nick: a.Nick, Text: text, At: d.Engine.moment()})
			old.Notes = old.Notes[max(0, len(old.Notes)-maxNotes):]
			return nil
		})
		if !errors.Is(err, ErrConflict) {
			return c, err
		}
	}
	return Customer{}, fmt.Errorf("add a note: %w", ErrUnavailable)
}

func (d *Desk) changeCustomer(ctx context.Context, a Actor, conversation string, change func(*Customer) error) (Customer, error) {
	c, err := d.Conversation(ctx, conversation)
	if err != nil {
		return Customer{}, err
	}
	if err := d.see(ctx, a, &c); err != nil {
		return Customer{}, err
	}
	customer, _, err := d.card(ctx, &c, nil)
	if err != nil {
		return Customer{}, err
	}
	was := customer.UpdatedAt
	if err := change(&customer); err != nil {
		return Customer{}, err
	}
	if customer.ID == "" {
		customer.ID, was = d.Engine.NewID(), time.Time{}
	}
	customer.UpdatedAt = after(was, d.Engine.moment())
	if err := d.Customers.PutCustomer(ctx, customer, c.Visitor, was); err != nil {
		return Customer{}, fmt.Errorf("store a customer: %w", err)
	}
	return customer, nil
}
