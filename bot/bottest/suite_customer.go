package bottest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"faqbot/bot"
	"faqbot/knowledge/kbtest"
)

// TestCustomers checks that a store keeps every promise of bot.CustomerStore. open
// returns an empty store; it is called once for each test.
func TestCustomers(t *testing.T, open func(t *testing.T) bot.CustomerStore) {
	runBeside(t, customerTests, open)
}

var customerTests = []besideTest[bot.CustomerStore]{
	{"a customer is edited by one at a time", testCustomer},
	{"several visitors are one customer", testVisitors},
	{"unusual texts", func(f *fixture, s bot.CustomerStore) {
		for i, text := range unusual {
			v := visitor(text[:min(len(text), 600)])
			c := bot.Customer{ID: fmt.Sprint("c", i), Fields: map[string]string{v.ID: text}, Tags: []string{text},
				Notes: []bot.Note{{Agent: text, Nick: text, Text: text, At: day}}, UpdatedAt: day}
			f.done("PutCustomer", s.PutCustomer(f.ctx, c, v, time.Time{}))
			same(f, "CustomerOf", c)(s.CustomerOf(f.ctx, v))
		}
	}},
	{"what a store does not take", func(f *fixture, s bot.CustomerStore) {
		for what, c := range map[string]bot.Customer{
			"no id": {}, "NUL in a field": {ID: "c", Fields: map[string]string{"name": "\x00"}},
			"NUL in the name of a field": {ID: "c", Fields: map[string]string{"\x00": ""}},
			"NUL in a tag":               {ID: "c", Tags: []string{"\x00"}},
			"broken UTF-8 in a note":     {ID: "c", Notes: []bot.Note{{Text: "\xff"}}},
		} {
			f.mistaken(what, s.PutCustomer(f.ctx, c, visitor("a"), time.Time{}))
		}
		f.mistaken("NUL in the visitor", s.PutCustomer(f.ctx, bot.Customer{ID: "c"}, visitor("\x00"), time.Time{}))
		f.mistaken("a long visitor", s.PutCustomer(f.ctx, bot.Customer{ID: "c"}, visitor(strings.Repeat("x", 5000)), time.Time{}))
		missing[bot.Customer](f, "CustomerOf")(s.CustomerOf(f.ctx, visitor("a")))
	}},
	{"what was handed in may change afterwards", func(f *fixture, s bot.CustomerStore) {
		c := bot.Customer{ID: "c", Fields: map[string]string{"name": "王"}, Tags: []string{"老顾客"}, UpdatedAt: day}
		f.done("PutCustomer", s.PutCustomer(f.ctx, c, visitor("a"), time.Time{}))
		c.Fields["name"], c.Tags[0] = "李", "新顾客"
		want := bot.Customer{ID: "c", Fields: map[string]string{"name": "王"}, Tags: []string{"老顾客"}, UpdatedAt: day}
		same(f, "CustomerOf", want)(s.CustomerOf(f.ctx, visitor("a")))
	}},
	{"one of 16 makes the customer and one edits it", func(f *fixture, s bot.CustomerStore) {
		f.oneWins("of one visitor", kbtest.Race(racers, func(i int) error {
			return s.PutCustomer(f.ctx, bot.Customer{ID: fmt.Sprint("c", i), UpdatedAt: day}, visitor("a"), time.Time{})
		}))
		c, err := s.CustomerOf(f.ctx, visitor("a"))
		f.done("CustomerOf", err)
		f.oneWins("editing", kbtest.Race(racers, func(i int) error {
			edited := bot.Customer{ID: c.ID, Level: i, UpdatedAt: minute(1 + i)}
			return s.PutCustomer(f.ctx, edited, visitor(fmt.Sprint(i)), c.UpdatedAt)
		}))
		if visitors, err := s.Visitors(f.ctx, c.ID); err != nil || len(visitors) != 2 {
			f.Errorf("Visitors: %v, error %v; want two", visitors, err)
		}
	}},
}

func testCustomer(f *fixture, s bot.CustomerStore) {
	v := visitor("a")
	missing[bot.Customer](f, "CustomerOf")(s.CustomerOf(f.ctx, v))
	c := bot.Customer{ID: "c", Fields: map[string]string{"name": "王敏", "phone": "138", "": "空"}, Tags: []string{"老顾客", "急 😀"},
		Notes: []bot.Note{{Agent: "a1", Nick: "小红", Text: "<喜欢> 晚上联系", At: minute(1)}}, Level: 2,
		UpdatedAt: minute(1).Add(123 * time.Microsecond)}
	f.conflicts("edited before it was there", s.PutCustomer(f.ctx, c, v, minute(1)))
	missing[bot.Customer](f, "CustomerOf")(s.CustomerOf(f.ctx, v))
	f.done("PutCustomer", s.PutCustomer(f.ctx, c, v, time.Time{}))
	c.UpdatedAt = minute(1) // whole milliseconds are kept
	same(f, "CustomerOf", c)(s.CustomerOf(f.ctx, v))
	f.conflicts("new once more", s.PutCustomer(f.ctx, c, visitor("b"), time.Time{}))
	missing[bot.Customer](f, "CustomerOf the other")(s.CustomerOf(f.ctx, visitor("b")))

	edited := bot.Customer{ID: "c", Level: 1, UpdatedAt: minute(2)}
	f.done("edited", s.PutCustomer(f.ctx, edited, v, minute(1)))
	f.conflicts("edited as it was", s.PutCustomer(f.ctx, c, visitor("b"), minute(1)))
	same(f, "CustomerOf", edited)(s.CustomerOf(f.ctx, v))
	same(f, "Visitors", []bot.Visitor{v})(s.Visitors(f.ctx, "c"))
}

func testVisitors(f *fixture, s bot.CustomerStore) {
	a, b, c := visitor("a"), visitor("b"), bot.Visitor{Channel: "wechat", ID: "c"}
	same[[]bot.Visitor](f, "Visitors of none", nil)(s.Visitors(f.ctx, "one"))
	first := bot.Customer{ID: "one", UpdatedAt: minute(1)}
	f.done("PutCustomer", s.PutCustomer(f.ctx, first, c, time.Time{}))
	second := bot.Customer{ID: "two", UpdatedAt: minute(1)}
	f.done("PutCustomer", s.PutCustomer(f.ctx, second, b, time.Time{}))

	first.UpdatedAt = minute(2)
	f.done("with another visitor", s.PutCustomer(f.ctx, first, a, minute(1)))
	same(f, "CustomerOf", first)(s.CustomerOf(f.ctx, a))
	same(f, "CustomerOf the first", first)(s.CustomerOf(f.ctx, c))
	same(f, "Visitors", []bot.Visitor{a, c})(s.Visitors(f.ctx, "one"))

	f.conflicts("a new one for a visitor who has one", s.PutCustomer(f.ctx, bot.Customer{ID: "three", UpdatedAt: day}, a, time.Time{}))
	same[[]bot.Visitor](f, "Visitors of the one that was refused", nil)(s.Visitors(f.ctx, "three"))
	f.done("the refused id is free", s.PutCustomer(f.ctx, bot.Customer{ID: "three", UpdatedAt: day}, visitor("d"), time.Time{}))

	first.UpdatedAt = minute(3)
	f.done("with the visitor of another", s.PutCustomer(f.ctx, first, b, minute(2)))
	same(f, "CustomerOf the one who moved", first)(s.CustomerOf(f.ctx, b))
	same(f, "Visitors", []bot.Visitor{a, b, c})(s.Visitors(f.ctx, "one"))
	same[[]bot.Visitor](f, "Visitors of the other", nil)(s.Visitors(f.ctx, "two"))
}
