package index

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// The best of many, with ties at the limit, are those that sorting all gives.
func TestTop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sums := rapid.SliceOfN(rapid.IntRange(1, 6), 0, 60).Draw(t, "sums")
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		shuffled := rapid.Permutation(numbers(len(sums))).Draw(t, "ids")
		id := func(n uint32) (string, error) { return fmt.Sprintf("%03d", shuffled[n]), nil }
		best := top{limit: limit}
		var all []candidate
		for n, sum := range sums {
			score := float32(sum) * 0.5
			name, _ := id(uint32(n))
			all = append(all, candidate{n: uint32(n), sum: float32(sum), score: score, id: name})
			if float32(sum) > best.enough(0.5) {
				best.offer(uint32(n), float32(sum), score)
			}
		}
		slices.SortFunc(all, order)
		got, err := best.take(false, id)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, order)
		if diff := cmp.Diff(all[:min(limit, len(all))], got, cmp.AllowUnexported(candidate{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// However few terms choose the candidates, these are scored by all terms.
func TestRescore(t *testing.T) {
	o := newOverlay()
	for i, text := range []string{"甲乙丙", "甲乙丁丁", "乙丙", "丙", "甲丙戊己庚"} {
		o.add(fmt.Sprint(i), []units{newUnits(pieces(text), nil)})
	}
	query := newUnits(pieces("甲乙丙"), nil)
	prepared := func() *search {
		s := newSearch(&base{hidden: roaring.New()}, o, &sync.Pool{}, o.live(), 14)
		if err := s.lookupAll(t.Context(), query); err != nil {
			t.Fatal(err)
		}
		return s
	}
	scores := func(choose int) map[string]float32 {
		s := prepared()
		best, err := s.best(choose, 10)
		if err != nil {
			t.Fatal(err)
		}
		s.rescore(best, s.found[choose:])
		byID := make(map[string]float32)
		for _, c := range best {
			byID[c.id] = c.score
		}
		return byID
	}
	all := scores(len(prepared().found))
	if len(all) != 5 {
		t.Fatalf("%d questions found, want 5", len(all))
	}
	for choose := 1; choose < len(prepared().found); choose++ {
		for id, score := range scores(choose) {
			if score != all[id] {
				t.Errorf("%d terms choose: %s scores %v, want %v", choose, strings.TrimSpace(id), score, all[id])
			}
		}
	}
}

// Terms too common to choose candidates still order them.
func TestCommonTermsOrder(t *testing.T) {
	o := newOverlay()
	common := newUnits(pieces("甲乙"), nil)
	for i := range minBudget {
		o.add(fmt.Sprintf("x%d", i), []units{common})
	}
	o.add("b", []units{newUnits(pieces("丙寅卯辰巳"), nil)})
	o.add("c", []units{newUnits(pieces("丙子甲丑乙"), nil)})
	s := newSearch(&base{hidden: roaring.New()}, o, &sync.Pool{}, o.live(), int64(2*o.live()))
	best, err := s.run(t.Context(), newUnits(pieces("乙甲丙"), nil), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(best) != 2 || best[0].id != questionID("c", 0) || best[1].id != questionID("b", 0) {
		t.Errorf("got %+v", best)
	}
}

func TestWithinBudget(t *testing.T) {
	for _, tt := range []struct {
		live   int
		counts []int
		want   int
	}{
		{100, nil, 0},
		{100, []int{1, 2, 3}, 3},
		{1_000_000, []int{900_000}, 1},
		{100_000, []int{10, 49_000, 1_000}, 2},
		{1_000_000, []int{10, 49_000, 200_000, 100_000}, 3},
	} {
		s := &search{live: tt.live}
		for _, count := range tt.counts {
			s.found = append(s.found, found{count: count})
		}
		if got := s.withinBudget(); got != tt.want {
			t.Errorf("%v of %d: %d terms, want %d", tt.counts, tt.live, got, tt.want)
		}
	}
}

func TestPieces(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"怎么办":           "怎 么 办",
		"iphone 15pro吗": "iphone 15 pro 吗",
		"iphone15 pro吗": "iphone 15 pro 吗",
		"2.5元":          "2.5 元",
		"café 日本ごは":     "café 日 本 ご は",
	} {
		if got := strings.Join(pieces(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPinyin(t *testing.T) {
	for r, want := range map[rune]string{'充': "chong", '女': "nv", '绿': "lv", '嗯': "n", '哼': "heng", 'a': "", '5': ""} {
		if got := pinyin(r); got != want {
			t.Errorf("%c: %q, want %q", r, got, want)
		}
	}
	got := syllablePairs(pieces("充直5g套餐"))
	if diff := cmp.Diff([]string{"chong zhi", "tao can"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQuestionID(t *testing.T) {
	for _, entry := range []string{"", "a", "a\x1f0001", "中文"} {
		for _, question := range []int{0, 1, 2000, 12345} {
			gotEntry, gotQuestion, err := parseQuestionID(questionID(entry, question))
			if err != nil || gotEntry != entry || gotQuestion != question {
				t.Errorf("%q %d: %q %d, %v", entry, question, gotEntry, gotQuestion, err)
			}
		}
	}
	for _, id := range []string{"", "a", "a\x1f", "a\x1fx"} {
		if _, _, err := parseQuestionID(id); err == nil {
			t.Errorf("%q is taken for an id", id)
		}
	}
}
