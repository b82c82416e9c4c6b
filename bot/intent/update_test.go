package intent_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/bot/intent"
	"faqbot/knowledge"
	"faqbot/knowledge/segment"
)

// fewIDs are those of the entries in the tests of Update.
var fewIDs = []string{"a", "b", "c", "d", "e", "f"}

// any of these wordings may be recalled, whether it exists or not, so that a
// matcher and the one updated from it can share the recaller.
type anyOf struct {
	ids      []string
	wordings int
}

func (a anyOf) Recall(ctx context.Context, _ segment.Form, _ int) ([]intent.Hit, error) {
	var hits []intent.Hit
	for _, id := range a.ids {
		for i := range a.wordings {
			hits = append(hits, intent.Hit{Entry: id, Wording: i})
		}
	}
	return hits, ctx.Err()
}

// drawQuestion makes a question of few words, so that equal ones are common.
func drawQuestion(t *rapid.T) string {
	word := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
	return word("ask", "", "怎么", "为什么不能") + word("verb", "办理", "取消") + word("thing", "宽带", "59元套餐", "159元套餐") + word("end", "", "？")
}

func drawEntry(t *rapid.T, id string) knowledge.Entry {
	e := entry(id, drawQuestion(t))
	for range rapid.IntRange(0, 3).Draw(t, "variants") {
		e.Variants = append(e.Variants, drawQuestion(t))
	}
	if rapid.IntRange(0, 3).Draw(t, "counter") == 0 {
		e.CounterExamples = []string{drawQuestion(t)}
	}
	e.Enabled = rapid.IntRange(0, 5).Draw(t, "enabled") > 0
	e.Version = rapid.Int64Range(1, 99).Draw(t, "version")
	return e
}

func sortedEntries(byID map[string]knowledge.Entry) []knowledge.Entry {
	var entries []knowledge.Entry
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		entries = append(entries, byID[id])
	}
	return entries
}

func drawChanges(t *rapid.T, byID map[string]knowledge.Entry) []knowledge.Change {
	var changes []knowledge.Change
	for i := range rapid.IntRange(1, 6).Draw(t, "changes") {
		id := rapid.SampledFrom(fewIDs).Draw(t, "id")
		c := knowledge.Change{Revision: int64(i), ID: id}
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0: // the tree or the lexicon changed
			c.ID = ""
		case 1, 2:
			c.Deleted = true
			delete(byID, id)
		default:
			c.Entry = drawEntry(t, id)
			byID[id] = c.Entry
		}
		changes = append(changes, c)
	}
	return changes
}

// A matcher that was kept up to date decides like one made anew, to the last
// number, and the one before goes on as if nothing had happened.
func TestUpdateEqualsNew(t *testing.T) {
	model, analyzer := clearWeights().model(t), plainAnalyzer(t)
	recall := anyOf{fewIDs, 4}
	rapid.Check(t, func(t *rapid.T) {
		byID := map[string]knowledge.Entry{}
		for _, id := range fewIDs[:rapid.IntRange(0, len(fewIDs)).Draw(t, "entries")] {
			byID[id] = drawEntry(t, id)
		}
		before := intent.New(model, analyzer, recall, stopWords, sortedEntries(byID))
		var questions []string
		for range 3 {
			questions = append(questions, drawQuestion(t))
		}
		old := decisions(t, before, questions)
		updated := before
		for range rapid.IntRange(1, 3).Draw(t, "updates") {
			updated = updated.Update(drawChanges(t, byID))
		}
		anew := intent.New(model, analyzer, recall, stopWords, sortedEntries(byID))
		if diff := cmp.Diff(decisions(t, anew, questions), decisions(t, updated, questions)); diff != "" {
			t.Errorf("decisions (-anew +updated):\n%s", diff)
		}
		if diff := cmp.Diff(old, decisions(t, before, questions)); diff != "" {
			t.Errorf("decisions of the matcher that was updated (-before +after):\n%s", diff)
		}
		e1, w1 := anew.Len()
		if e2, w2 := updated.Len(); e1 != e2 || w1 != w2 {
			t.Errorf("Len = %d, %d, want %d, %d", e2, w2, e1, w1)
		}
	})
}

func decisions(t *rapid.T, m *intent.Matcher, questions []string) []intent.Decision {
	t.Helper()
	var all []intent.Decision
	for _, text := range questions {
		d, err := m.Decide(context.Background(), intent.Query{Text: text, At: noon})
		if err != nil {
			t.Fatalf("Decide(%q): %v", text, err)
		}
		all = append(all, d)
	}
	return all
}

func TestUpdate(t *testing.T) {
	entries := []knowledge.Entry{entry("a", "怎么办理宽带"), entry("b", "怎么开发票")}
	m := intent.New(clearWeights().model(t), plainAnalyzer(t), anyOf{[]string{"a", "b", "c"}, 3}, stopWords, entries)
	renamed := entry("a", "怎么取消宽带")
	for _, tt := range []struct {
		name    string
		changes []knowledge.Change
		want    map[string]string // question → entry that answers
	}{
		{"nothing", nil, map[string]string{"怎么办理宽带": "a", "怎么开发票": "b"}},
		{"only the lexicon", []knowledge.Change{{Revision: 9}}, map[string]string{"怎么办理宽带": "a"}},
		{"added", []knowledge.Change{{ID: "c", Entry: entry("c", "积分怎么用")}}, map[string]string{"积分怎么用": "c", "怎么开发票": "b"}},
		{"changed", []knowledge.Change{{ID: "a", Entry: renamed}}, map[string]string{"怎么取消宽带": "a", "怎么办理宽带": ""}},
		{"deleted", []knowledge.Change{{ID: "b", Deleted: true}}, map[string]string{"怎么开发票": "", "怎么办理宽带": "a"}},
		{"unknown deleted", []knowledge.Change{{ID: "zz", Deleted: true}}, map[string]string{"怎么办理宽带": "a"}},
		{"twice in one batch", []knowledge.Change{{ID: "c", Entry: entry("c", "积分怎么用")}, {ID: "c", Deleted: true}}, map[string]string{"积分怎么用": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			updated := m.Update(tt.changes)
			for text, want := range tt.want {
				if d := ask(t, updated, text); d.Entry.ID != want {
					t.Errorf("%q: %s by %q, want %q", text, d.Kind, d.Entry.ID, want)
				}
			}
			if d := ask(t, m, "怎么开发票"); d.Entry.ID != "b" {
				t.Errorf("the matcher before changed: %s by %q", d.Kind, d.Entry.ID)
			}
		})
	}
}

// Two updates of one matcher, as after a fork, do not see each other.
func TestUpdatesOfOneMatcherAreApart(t *testing.T) {
	base := newMatcher(t, entry("a", "怎么办理宽带", "退订"), entry("b", "怎么开发票", "退订"))
	one := base.Update([]knowledge.Change{{ID: "a", Deleted: true}})
	other := base.Update([]knowledge.Change{{ID: "b", Deleted: true}})
	for i, tt := range []struct {
		m    *intent.Matcher
		want string
	}{{one, "b"}, {other, "a"}} {
		if d := ask(t, tt.m, "退订"); d.Kind != intent.Answer || d.Entry.ID != tt.want {
			t.Errorf("%s: %s by %q, want %q", fmt.Sprint("fork ", i), d.Kind, d.Entry.ID, tt.want)
		}
	}
	if d := ask(t, base, "退订"); d.Kind != intent.Clarify {
		t.Errorf("the matcher before: %s", d.Kind)
	}
}
