package kbtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"faqbot/knowledge"
)

var entryTests = []storeTest{
	{"a new store is empty", func(f *fixture) {
		if diff := cmp.Diff(Dump{}, f.dump()); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
		if _, err := f.store.Entry(f.ctx, "nobody"); !errors.Is(err, knowledge.ErrNotFound) {
			f.Errorf("Entry of an unknown id: %v, want ErrNotFound", err)
		}
	}},
	{"every field comes back", func(f *fixture) {
		least := plain("least", "", "?")
		least.Enabled = false
		for _, e := range []knowledge.Entry{full("full"), least} {
			f.apply(knowledge.Batch{Puts: []knowledge.Entry{e}})
			want := e
			want.Version = 1
			if diff := cmp.Diff(want, f.entry(e.ID)); diff != "" {
				f.Errorf("Entry(%q) (-want +got):\n%s", e.ID, diff)
			}
		}
	}},
	{"an empty list is no list", func(f *fixture) {
		e := plain("e", "", "空")
		e.Category, e.Variants, e.CounterExamples, e.Related = knowledge.Path{}, []string{}, []string{}, []string{}
		e.Answers = []knowledge.Answer{}
		f.apply(knowledge.Batch{Puts: []knowledge.Entry{e}})
		want := plain("e", "", "空")
		want.Version = 1
		if diff := cmp.Diff(want, f.entry("e")); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
		e.Version, e.Answers = 1, []knowledge.Answer{{Texts: []string{}}}
		want.Version, want.Answers = 2, []knowledge.Answer{{}}
		if diff := cmp.Diff(want, f.put(e)[0]); diff != "" {
			f.Errorf("answer without texts (-want +got):\n%s", diff)
		}
	}},
	{"what is returned belongs to the caller", testOwnership},
	{"an edit keeps who created the entry", func(f *fixture) {
		e := f.put(full("e"))[0]
		edit := full("e")
		edit.Version, edit.Variants = e.Version, nil
		edit.CreatedAt, edit.CreatedBy = day.AddDate(9, 0, 0), "别人"
		edit.UpdatedAt, edit.UpdatedBy = day.Add(time.Hour), "新人"
		f.apply(knowledge.Batch{Puts: []knowledge.Entry{edit}})
		want := edit
		want.Version, want.CreatedAt, want.CreatedBy = 2, e.CreatedAt, e.CreatedBy
		if diff := cmp.Diff(want, f.entry("e")); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"a stale edit shows both sides", func(f *fixture) {
		first := f.put(full("e"))[0]
		theirs := first
		theirs.Question, theirs.UpdatedBy = "新问题", "她"
		theirs = f.put(theirs)[0]
		mine := first
		mine.Question, mine.UpdatedBy = "我的问题", "我"
		conflict := refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{mine}}))
		want := &knowledge.ConflictError{Mine: mine, Theirs: theirs}
		if diff := cmp.Diff(want, conflict); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"an edit ahead of the store is refused", func(f *fixture) {
		e := f.put(plain("e", "", "问"))[0]
		e.Version = 7
		refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{e}}))
		e.ID = "unknown"
		conflict := refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{e}}))
		if diff := cmp.Diff(knowledge.Entry{}, conflict.Theirs); diff != "" {
			f.Errorf("theirs of an entry that is not there (-want +got):\n%s", diff)
		}
	}},
	{"a new entry does not replace one with its id", func(f *fixture) {
		theirs := f.put(plain("e", "", "原来的"))[0]
		conflict := refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{
			Puts: []knowledge.Entry{plain("e", "", "另一个")},
		}))
		if diff := cmp.Diff(theirs, conflict.Theirs); diff != "" {
			f.Errorf("theirs (-want +got):\n%s", diff)
		}
	}},
	{"delete", testDelete},
	{"an entry that comes back goes on with its versions", func(f *fixture) {
		old := f.put(full("e"))[0]
		f.apply(knowledge.Batch{Deletes: []knowledge.Ref{{ID: "e", Version: 1}}})
		again := plain("e", "别处", "又来了")
		again.CreatedAt, again.CreatedBy = day, "新人"
		back := f.put(again)[0]
		if back.Version <= old.Version || back.CreatedBy != "新人" || back.Variants != nil {
			f.Errorf("the entry came back as %+v", back)
		}
		refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{old}}))
	}},
	{"one question has one entry", testExists},
	{"questions may change hands in one batch", func(f *fixture) {
		stored := f.put(plain("a", "", "问题一"), plain("b", "", "问题二"), plain("c", "", "问题三"))
		stored[0].Question, stored[1].Question, stored[2].Question = "问题二", "问题三", "问题一"
		f.put(stored...)
		d := plain("d", "", "问题一") // c's, which goes
		f.apply(knowledge.Batch{Puts: []knowledge.Entry{d}, Deletes: []knowledge.Ref{{ID: "c", Version: 2}}})
		_, entries := f.snapshot()
		var got []string
		for _, e := range entries {
			got = append(got, e.ID+e.Question)
		}
		if diff := cmp.Diff([]string{"a问题二", "b问题三", "d问题一"}, got); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}},
	{"an entry is in a batch once", func(f *fixture) {
		f.put(plain("a", "", "一"))
		for _, b := range []knowledge.Batch{
			{Puts: []knowledge.Entry{plain("x", "", "二"), plain("x", "", "三")}},
			{Deletes: []knowledge.Ref{{ID: "a", Version: 1}, {ID: "a", Version: 1}}},
			{Puts: []knowledge.Entry{plain("a", "", "二")}, Deletes: []knowledge.Ref{{ID: "a", Version: 1}}},
		} {
			refusedAs[*knowledge.FieldError](f, f.applyErr(b))
		}
	}},
	{"all or nothing", testAllOrNothing},
	{"an empty batch changes nothing", func(f *fixture) {
		f.put(plain("a", "", "一"))
		before := f.dump()
		if revision := f.apply(knowledge.Batch{}); revision != before.Revision {
			f.Errorf("revision %d, want the current %d", revision, before.Revision)
		}
		f.same(before)
	}},
	{"a large batch", testLargeBatch},
	{"a cancelled context stores nothing", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		f.refused(context.Canceled, func() error {
			_, err := f.store.Apply(ctx, knowledge.Batch{Puts: many(20, "分类")})
			return err
		})
		f.refused(context.Canceled, func() error {
			_, err := f.store.CreateCategory(ctx, knowledge.Path{"分类"})
			return err
		})
	}},
}

func testOwnership(f *fixture) {
	given := full("e")
	f.apply(knowledge.Batch{Puts: []knowledge.Entry{given}})
	spoil := func(e knowledge.Entry) {
		e.Category[0], e.Variants[0], e.Related[0], e.Answers[0].Texts[0] = "x", "x", "x", "x"
		e.CounterExamples[0] = "x"
	}
	spoil(given)
	spoil(f.entry("e"))
	_, entries := f.snapshot()
	spoil(entries[0])
	for _, c := range f.changes(0, 10) {
		if c.ID != "" {
			spoil(c.Entry)
		}
	}
	want := full("e")
	want.Version = 1
	if diff := cmp.Diff(want, f.entry("e")); diff != "" {
		f.Errorf("the stored entry changed (-want +got):\n%s", diff)
	}
}

func testDelete(f *fixture) {
	f.put(plain("a", "树", "一"), plain("b", "树", "二"))
	remove := func(id string, version int64) knowledge.Batch {
		return knowledge.Batch{Deletes: []knowledge.Ref{{ID: id, Version: version}}}
	}
	f.refused(knowledge.ErrNotFound, f.applyErr(remove("c", 1)))
	for _, stale := range []int64{0, 2} {
		conflict := refusedAs[*knowledge.ConflictError](f, f.applyErr(remove("a", stale)))
		want := &knowledge.ConflictError{
			Mine: knowledge.Entry{ID: "a", Question: "一", Version: stale}, Theirs: f.entry("a"),
		}
		if diff := cmp.Diff(want, conflict); diff != "" {
			f.Errorf("-want +got:\n%s", diff)
		}
	}
	f.apply(remove("a", 1))
	if _, err := f.store.Entry(f.ctx, "a"); !errors.Is(err, knowledge.ErrNotFound) {
		f.Errorf("Entry after its deletion: %v, want ErrNotFound", err)
	}
	f.refused(knowledge.ErrNotFound, f.applyErr(remove("a", 1)))
	edit := plain("a", "", "一")
	edit.Version = 1
	conflict := refusedAs[*knowledge.ConflictError](f, f.applyErr(knowledge.Batch{Puts: []knowledge.Entry{edit}}))
	if diff := cmp.Diff(knowledge.Entry{}, conflict.Theirs); diff != "" {
		f.Errorf("theirs after a deletion (-want +got):\n%s", diff)
	}
	if _, entries := f.snapshot(); len(entries) != 1 || entries[0].ID != "b" {
		f.Errorf("the snapshot has %v, want b alone", entries)
	}
	if diff := cmp.Diff([]string{"树 1/1"}, f.tree()); diff != "" {
		f.Errorf("-want +got:\n%s", diff)
	}
	f.put(plain("c", "", "一")) // its question is free again
}

func testExists(f *fixture) {
	stored := f.put(plain("first", "", "How much IS it"), plain("second", "", "别的"))
	renamed := stored[1]
	renamed.Question = "howmuch is IT"
	for name, puts := range map[string][]knowledge.Entry{
		"new":        {plain("new", "", " how MUCH is it ")},
		"renamed":    {renamed},
		"two new":    {plain("x", "", "同一个问题"), plain("first-of-batch", "", "同 一个问题")},
		"in a crowd": slices.Concat(many(200, ""), []knowledge.Entry{plain("new", "", "HOWMUCHISIT")}),
	} {
		err := f.refused(knowledge.ErrExists, f.applyErr(knowledge.Batch{Puts: puts}))
		if err != nil && !strings.Contains(err.Error(), "first") && name != "two new" {
			f.Errorf("%s: the error does not name the other entry: %v", name, err)
		}
	}
	same := stored[0]
	same.Question = "HOW much is it"
	f.put(same) // its own question is no obstacle
}

func testAllOrNothing(f *fixture) {
	stored := f.put(plain("a", "树", "一"), plain("b", "树/枝", "二"))
	f.apply(knowledge.Batch{Lexicon: &knowledge.Lexicon{UserWords: []string{"词"}}})
	good := slices.Concat(many(150, "新的/分类"), []knowledge.Entry{{
		ID: "a", Question: "改了", Version: stored[0].Version,
	}})
	stale := stored[1]
	stale.Version = 9
	badText := plain("bad", "", "a\x00b")
	lexicon := &knowledge.Lexicon{UserWords: []string{"新词"}, Version: 1}
	with := func(b knowledge.Batch, bad ...knowledge.Entry) knowledge.Batch {
		b.Puts = slices.Concat(good[:70], bad, good[70:])
		return b
	}
	for name, b := range map[string]knowledge.Batch{
		"stale put":      with(knowledge.Batch{Lexicon: lexicon}, stale),
		"same question":  with(knowledge.Batch{Lexicon: lexicon}, plain("x", "", "二")),
		"bad text":       with(knowledge.Batch{Lexicon: lexicon}, badText),
		"unknown delete": with(knowledge.Batch{Deletes: []knowledge.Ref{{ID: "b", Version: 1}, {ID: "zzz", Version: 1}}}),
		"stale delete":   with(knowledge.Batch{Deletes: []knowledge.Ref{{ID: "b", Version: 3}}}),
		"stale lexicon":  with(knowledge.Batch{Lexicon: &knowledge.Lexicon{}}),
	} {
		before := f.dump()
		if _, err := f.store.Apply(f.ctx, b); err == nil {
			f.Errorf("%s: no error", name)
		}
		f.same(before)
	}
	f.apply(with(knowledge.Batch{Lexicon: lexicon})) // without the bad one it goes in
}

func testLargeBatch(f *fixture) {
	const n = 1000
	before := f.revision()
	if revision := f.apply(knowledge.Batch{Puts: many(n, "大/批")}); revision < before+1 {
		f.Errorf("revision %d after %d", revision, before)
	}
	_, entries := f.snapshot()
	edit := knowledge.Batch{}
	for i, e := range entries {
		if i%3 == 0 {
			edit.Deletes = append(edit.Deletes, knowledge.Ref{ID: e.ID, Version: e.Version})
			continue
		}
		e.Question += "（改）"
		edit.Puts = append(edit.Puts, e)
	}
	edit.Puts = append(edit.Puts, full("one more"))
	f.apply(edit)
	_, got := f.snapshot()
	var want []knowledge.Entry
	for _, e := range edit.Puts {
		e.Version++
		want = append(want, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("-want +got:\n%s", diff)
	}
}
