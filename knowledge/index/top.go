package index

import (
	"cmp"
	"slices"
)

// top keeps the best candidates it is offered. Equal scores at the limit are
// told apart by id, which is read for these alone, and only at the end.
type top struct {
	limit int
	heap  []candidate // the worst is first
	tied  []candidate // as good as the worst
}

// enough returns a sum that no candidate may be at or below to be worth offering,
// if its score is at most factor times its sum.
func (t *top) enough(factor float32) float32 {
	if len(t.heap) < t.limit {
		return 0
	}
	return t.heap[0].score / factor * 0.999 // the score may be rounded up
}

func (t *top) offer(n uint32, sum, score float32) {
	c := candidate{n: n, sum: sum, score: score}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, c)
		t.up(len(t.heap) - 1)
		return
	}
	worst := t.heap[0]
	switch {
	case score < worst.score:
		return
	case score == worst.score:
		t.tied = append(t.tied, c)
		return
	}
	t.heap[0] = c
	t.down(0)
	if t.heap[0].score > worst.score {
		t.tied = t.tied[:0]
	} else {
		t.tied = append(t.tied, worst)
	}
}

func (t *top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if t.heap[parent].score <= t.heap[i].score {
			return
		}
		t.heap[parent], t.heap[i] = t.heap[i], t.heap[parent]
		i = parent
	}
}

func (t *top) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if child+1 < len(t.heap) && t.heap[child+1].score < t.heap[child].score {
			child++
		}
		if t.heap[i].score <= t.heap[child].score {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}

// take returns the best candidates with their ids, in no order.
func (t *top) take(fresh bool, id func(n uint32) (string, error)) ([]candidate, error) {
	list := append(t.heap, t.tied...)
	for i := range list {
		var err error
		if list[i].id, err = id(list[i].n); err != nil {
			return nil, err
		}
		list[i].fresh = fresh
	}
	if len(t.tied) == 0 {
		return list, nil
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	return list[:t.limit], nil
}
